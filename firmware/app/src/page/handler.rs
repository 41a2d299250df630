//! Handler: a request → an answer.

use core::fmt::{Display, Write as _};
use core::net::Ipv4Addr;

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::mutex::Mutex;
use embassy_time::Duration;
use embedded_storage::nor_flash::NorFlash;
use heapless::String;
use picoserve::ResponseSent;
use picoserve::io::Read;
use picoserve::request::{Path, Request, RequestBodyConnection, RequestParts};
use picoserve::response::custom::CustomResponse;
use picoserve::response::{IntoResponse as _, ResponseWriter, StatusCode};
use picoserve::routing::PathRouterService;

use super::answers::{Last, Meters, Now, Sorry};
use super::body::{Body, Span, Writing};
use super::form::{Form, is_part, value};
use super::gate::{Verdict, is_foreign};
use super::health::Health;
use super::route::{Wanted, wanted};
use super::span::{LONGEST_S, moment};
use super::{Made, Page};
use crate::access::Place;
use crate::board::Reason;
use crate::facts::uptime_s;
use crate::latest::Latest;
use crate::publish::{STALE, sentence};
use crate::settings::{Name, Settings};
use crate::store::LONGEST_CERTIFICATE;
use crate::update::{Asked, Install, Refusal, key};
use crate::zone::Zone;

/// A slow upload of a whole image, s.
const UPLOAD_S: u64 = 300;

const JSON: &str = "application/json";

/// No inline script, no other host, no frame around the page, no guessing of types; nobody between keeps a load curve.
const HEADERS: [(&str, &str); 5] = [
    ("Content-Security-Policy", "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
];

/// What is answered.
struct Answer<'a, F> {
    status: StatusCode,
    kind: &'static str,
    body: Body<'a, F>,
    /// Where else to look.
    location: Option<Ipv4Addr>,
}

impl<'a, F> Answer<'a, F> {
    fn ok(kind: &'static str, body: Body<'a, F>) -> Self {
        Self { status: StatusCode::OK, kind, body, location: None }
    }

    fn done() -> Self {
        Self::ok(JSON, Body::Static("{}"))
    }
}

/// What picoserve calls.
pub(super) struct Service<'p, F, U> {
    pub(super) page: &'p Page<'p, F, U>,
    /// Where answers are made. Connections share it: while one is answered, the other waits.
    pub(super) made: &'p Mutex<NoopRawMutex, Made>,
}

impl<F: NorFlash, U: NorFlash> PathRouterService for Service<'_, F, U> {
    async fn call_path_router_service<R: Read, W: ResponseWriter<Error = R::Error>>(
        &self,
        (): &(),
        (): (),
        path: Path<'_>,
        request: Request<'_, R>,
        response_writer: W,
    ) -> Result<ResponseSent, W::Error> {
        let Request { parts, mut body_connection } = request;
        let wanted = wanted(parts.method(), path.encoded());
        let mut made = self.made.lock().await;
        let answer = match self.admit(wanted, &parts, &mut made) {
            Some(refusal) => refusal,
            None if wanted.changes() => self.change(wanted, &mut body_connection, &mut made).await,
            None => self.look(wanted, &parts, &mut made),
        };
        let connection = body_connection.finalize().await?;
        let ask = (answer.status == StatusCode::UNAUTHORIZED)
            .then_some(("WWW-Authenticate", "Basic realm=\"SmartyReader\", charset=\"UTF-8\""));
        CustomResponse::build(answer.status)
            .with_header("Content-Type", answer.kind)
            .with_headers(HEADERS)
            .with_headers(answer.body.length(&made).map(|length| ("Content-Length", length)))
            .with_headers(ask)
            .with_headers(answer.location.map(|address| ("Location", Home(address))))
            .with_body(Writing { body: answer.body, made: &mut made })
            .write_to(connection, response_writer)
            .await
    }
}

struct Home(Ipv4Addr);

impl Display for Home {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "http://{}/", self.0)
    }
}

impl<'a, F: NorFlash, U: NorFlash> Service<'a, F, U> {
    /// `None`: come in.
    fn admit(&self, wanted: Wanted<'_>, parts: &RequestParts<'_>, made: &mut Made) -> Option<Answer<'a, F>> {
        let header = |name| parts.headers().get(name).and_then(|value| value.as_str().ok());
        if let Place::OwnNetwork(address) = self.page.access.place() {
            // Whatever a telephone asks for to find out where it is leads to the page.
            if wanted == Wanted::Elsewhere {
                let answer = Answer::ok("text/plain", Body::Static("Set up at this address."));
                return Some(Answer { status: StatusCode::FOUND, location: Some(address), ..answer });
            }
            if !wanted.is_setup() {
                let sentence = "In the first setup there is only what the setup needs; choose a Wi-Fi first.";
                return Some(sorry(made, StatusCode::FORBIDDEN, sentence));
            }
        }
        if wanted.changes() && is_foreign(header("origin"), header("host")) {
            return Some(sorry(made, StatusCode::FORBIDDEN, "Another site may not do this."));
        }
        let verdict = self.page.state.with_settings(|settings| match settings.given(Name::PagePassword) {
            Some(password) => self.page.inside.gate.borrow_mut().judge(header("authorization"), password, uptime_s()),
            None if matches!(self.page.access.place(), Place::OwnNetwork(_)) => Verdict::In,
            None => Verdict::TooMany,
        });
        match verdict {
            Verdict::In => None,
            Verdict::Ask => Some(sorry(made, StatusCode::UNAUTHORIZED, "Please give the page's password.")),
            Verdict::TooMany => Some(sorry(
                made,
                StatusCode::FORBIDDEN,
                "There is no page without a password (page-password), and none for a minute after five wrong ones.",
            )),
        }
    }

    fn look(&self, wanted: Wanted<'_>, parts: &RequestParts<'_>, made: &mut Made) -> Answer<'a, F> {
        match wanted {
            Wanted::Asset(asset) => {
                let (kind, text) = asset.content();
                Answer::ok(kind, Body::Static(text))
            }
            Wanted::Session => Answer::ok(JSON, Body::Static(r#"{"needs_login":true,"logged_in":true}"#)),
            Wanted::Settings => Answer::ok(JSON, Body::Settings(self.page.state)),
            Wanted::Networks => Answer::ok(JSON, Body::Networks(self.page.access)),
            Wanted::Meters => {
                let name = self.meter();
                self.page.state.with_latest(|latest| make(made, Meters { now: self.now(), name: &name, latest }))
            }
            Wanted::Health => self.health(made),
            Wanted::Last(name) => {
                self.of_meter(name, made, |name, latest, made| make(made, Last { now: self.now(), name, latest }))
            }
            Wanted::Telegram(name) => self.of_meter(name, made, |_, latest, made| {
                // Not always ASCII: one real meter has another byte in its first line.
                if latest.text.is_empty() {
                    return sorry(made, StatusCode::NOT_FOUND, "This telegram is longer than the board keeps.");
                }
                made.clear();
                // It fits: see the assertion in the module above.
                let _ = made.extend_from_slice(&latest.text);
                Answer::ok("text/plain; charset=latin1", Body::Made)
            }),
            Wanted::QuarterHours(name) => self.quarter_hours(name, parts.query().map_or("", |query| query.0), made),
            Wanted::Nothing => sorry(
                made,
                StatusCode::NOT_FOUND,
                "There is nothing under this path; docs/firmware.md lists what there is.",
            ),
            Wanted::WrongMethod => sorry(made, StatusCode::METHOD_NOT_ALLOWED, "This path does not take this method."),
            _ => sorry(made, StatusCode::NOT_FOUND, "There is nothing under this path."),
        }
    }

    async fn change<R: Read>(
        &self,
        wanted: Wanted<'_>,
        request: &mut RequestBodyConnection<'_, R>,
        made: &mut Made,
    ) -> Answer<'a, F> {
        match wanted {
            Wanted::ChangeSettings => self.change_settings(request, made).await,
            Wanted::Certificate => self.take_certificate(request, made).await,
            Wanted::Update => self.install(request, made).await,
            Wanted::Forget => {
                self.page.state.forget.signal(());
                Answer::done()
            }
            _ => {
                self.page.inside.restart.signal(Reason::Asked);
                Answer::done()
            }
        }
    }

    /// A form; only what is in it changes. `clear=NAME` takes a value away, and an empty secret changes nothing: the page
    /// cannot show it again.
    async fn change_settings<R: Read>(
        &self,
        request: &mut RequestBodyConnection<'_, R>,
        made: &mut Made,
    ) -> Answer<'a, F> {
        let mut settings = self.page.state.with_settings(Settings::clone);
        let (mut form, mut buffer) = (Form::default(), [0; 128]);
        let mut reader = request.body().reader();
        loop {
            let Ok(length) = reader.read(&mut buffer).await else {
                return sorry(made, StatusCode::BAD_REQUEST, "The form did not arrive whole; nothing has changed.");
            };
            let end = (length == 0).then_some(None);
            for byte in buffer[..length].iter().map(|byte| Some(*byte)).chain(end) {
                let refused = match form.push(byte) {
                    Ok(None) => continue,
                    Ok(Some(("clear", name))) => settings.set_by_name(name, ""),
                    Ok(Some((name, ""))) if Name::of(name).is_some_and(Name::is_secret) => continue,
                    Ok(Some((name, value))) => settings.set_by_name(name, value),
                    Err(_) => {
                        let sentence = "A value is too long or wrongly written; nothing has changed.";
                        return sorry(made, StatusCode::BAD_REQUEST, sentence);
                    }
                };
                if let Err(refused) = refused {
                    return sorry(made, StatusCode::BAD_REQUEST, format_args!("{refused}; nothing has changed."));
                }
            }
            if length == 0 {
                break;
            }
        }
        self.page.state.change_settings(&settings);
        Answer::done()
    }

    async fn take_certificate<R: Read>(
        &self,
        request: &mut RequestBodyConnection<'_, R>,
        made: &mut Made,
    ) -> Answer<'a, F> {
        let mut reader = request.body().reader();
        made.clear();
        let mut buffer = [0; 128];
        while let Ok(length) = reader.read(&mut buffer).await {
            if length == 0 || made.extend_from_slice(&buffer[..length]).is_err() {
                break;
            }
        }
        // An empty one takes it away; another begins as a sequence with its length in two bytes (X.690).
        if made.len() > LONGEST_CERTIFICATE || !(made.is_empty() || made.starts_with(&[0x30, 0x82])) {
            return sorry(
                made,
                StatusCode::BAD_REQUEST,
                "This is no certificate in DER of at most 2 kB; openssl x509 -outform der makes one.",
            );
        }
        let written = self.page.store.borrow_mut().write_certificate(made);
        match written {
            Ok(()) => Answer::done(),
            Err(_) => sorry(made, StatusCode::INTERNAL_SERVER_ERROR, "The flash does not take it; try again."),
        }
    }

    async fn install<R: Read>(&self, request: &mut RequestBodyConnection<'_, R>, made: &mut Made) -> Answer<'a, F> {
        let Some(trusted) = self.page.state.with_settings(key) else {
            return refused(made, Refusal::NoKey);
        };
        let mut install = Install::new(trusted, Asked::ByHand, None);
        let mut reader = request.body().reader().with_different_timeout(Duration::from_secs(UPLOAD_S));
        let mut buffer = [0; 512];
        loop {
            let Ok(length) = reader.read(&mut buffer).await else { return refused(made, Refusal::Short) };
            // Lent for a moment only: while bytes are waited for, the trial is watched.
            let taken = match self.page.update.borrow_mut().as_mut() {
                None => return sorry(made, StatusCode::NOT_FOUND, "This board is not updated over the network."),
                Some(updater) if length > 0 => install.take(updater, &buffer[..length]),
                Some(updater) => {
                    return match install.finish(updater) {
                        Ok(version) => {
                            log::info!("version {version} is installed and starts on trial");
                            self.page.inside.restart.signal(Reason::Update);
                            Answer::done()
                        }
                        Err(error) => refused(made, error),
                    };
                }
            };
            if let Err(error) = taken {
                // Heard to its end: who is still sending would lose the answer with the connection.
                while reader.read(&mut buffer).await.is_ok_and(|length| length > 0) {}
                return refused(made, error);
            }
        }
    }

    fn health(&self, made: &mut Made) -> Answer<'a, F> {
        let (counters, now, name) = (self.page.state.counters(), self.now(), self.meter());
        self.page.state.with_settings(|settings| {
            self.page.state.with_latest(|latest| {
                let age_s = now.uptime_s - latest.map_or(0, |latest| latest.uptime_s.min(now.uptime_s));
                make(
                    made,
                    Health {
                        now,
                        name: &name,
                        broker: settings.text(Name::Broker),
                        latest,
                        counters,
                        link: self.page.state.link(),
                        sentence: sentence(&counters, u64::from(age_s) < STALE, settings),
                        version: self.page.about.version,
                        facts: self.page.facts,
                        stored: self.page.store.try_borrow().map_or(0, |store| store.next() - store.oldest()),
                    },
                )
            })
        })
    }

    fn quarter_hours(&self, name: &str, query: &str, made: &mut Made) -> Answer<'a, F> {
        let (meter, zone) = (self.meter(), self.now().zone);
        if !is_part(name, &meter) {
            return no_meter(made, &meter);
        }
        let of = |name| value::<32>(query, name).and_then(|text| moment(&text, zone));
        let (Some(from), Some(to)) = (of("from"), of("to")) else {
            let sentence = "from and to are needed, as 2026-11-23 or 2026-11-23T01:00:00+01:00.";
            return sorry(made, StatusCode::BAD_REQUEST, sentence);
        };
        if to <= from {
            return sorry(made, StatusCode::BAD_REQUEST, "to has to be after from.");
        }
        if to - from > LONGEST_S {
            return sorry(made, StatusCode::UNPROCESSABLE_ENTITY, "At most 100 days at once.");
        }
        Answer::ok(JSON, Body::QuarterHours(Span { store: self.page.store, meter, zone, from, to }))
    }

    fn of_meter(
        &self,
        name: &str,
        made: &mut Made,
        answer: impl FnOnce(&str, &Latest, &mut Made) -> Answer<'a, F>,
    ) -> Answer<'a, F> {
        let meter = self.meter();
        if !is_part(name, &meter) {
            return no_meter(made, &meter);
        }
        self.page.state.with_latest(|latest| match latest {
            Some(latest) if latest.time > 0 => answer(&meter, latest, made),
            _ => {
                let sentence =
                    format_args!("No telegram of meter {meter} has been read yet; the health page says why.");
                sorry(made, StatusCode::NOT_FOUND, sentence)
            }
        })
    }

    fn meter(&self) -> String<64> {
        // It fits: a name has 32 bytes.
        self.page.state.with_settings(|settings| settings.text(Name::Meter).try_into().unwrap_or_default())
    }

    fn now(&self) -> Now {
        let zone = self.page.state.with_settings(|settings| Zone::of_minutes(settings.number(Name::ZoneMinutes)));
        Now { utc: self.page.state.utc.now().map(|(utc, _)| utc), uptime_s: uptime_s(), zone }
    }
}

fn no_meter<'a, F>(made: &mut Made, meter: &str) -> Answer<'a, F> {
    sorry(made, StatusCode::NOT_FOUND, format_args!("There is no such meter; there is {meter}."))
}

fn refused<'a, F>(made: &mut Made, why: impl Display) -> Answer<'a, F> {
    sorry(made, StatusCode::BAD_REQUEST, why)
}

fn sorry<'a, F>(made: &mut Made, status: StatusCode, sentence: impl Display) -> Answer<'a, F> {
    Answer { status, ..make(made, Sorry(sentence)) }
}

fn make<'a, F>(made: &mut Made, answer: impl Display) -> Answer<'a, F> {
    made.clear();
    if write!(made, "{answer}").is_ok() {
        return Answer::ok(JSON, Body::Made);
    }
    let sentence = Body::Static(r#"{"error":"The answer is longer than this board's memory for it."}"#);
    Answer { status: StatusCode::INTERNAL_SERVER_ERROR, ..Answer::ok(JSON, sentence) }
}
