//! Source: bytes from a port, a host, a file. Opened again for ever; nothing here knows what becomes of them.

mod file;
mod http;
mod mqtt;
mod serial;
mod tcp;

use std::io;
use std::pin::Pin;
use std::time::Duration;

pub use serial::port;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::{Instant, timeout};

use crate::config::{self, SourceKind, Span};
use crate::doctor::Cause;
use crate::doctor::port::who_has;
use crate::hub::Hub;
use crate::intake::{Arrival, Intake};
use crate::observe::{Observer, Trouble, count, now};
use crate::words;

pub(crate) type Stream = Pin<Box<dyn AsyncRead + Send>>;

/// After this long without a byte a begun frame will not be finished. A cable has no pauses; over a network a packet that is
/// lost comes again after up to three seconds, from a small board's stack.
pub(crate) const fn frame_silence(kind: SourceKind) -> Duration {
    match kind {
        SourceKind::Serial => Duration::from_millis(500),
        _ => Duration::from_secs(4),
    }
}
/// After this long without a byte the port is closed and opened anew.
const PORT_SILENCE: Duration = Duration::from_mins(1);
/// Why a source cannot be opened.
const REFUSED: &[&str] = &["device-missing", "device-busy", "no-permission", "unreachable"];
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Who makes readings of the bytes of a port.
pub trait Taker: Send {
    /// Takes bytes and adds what they complete to `arrivals`. `now` is this machine's time.
    fn feed(&mut self, bytes: &[u8], now: i64, arrivals: &mut Vec<Arrival>);

    /// For a while no byte has come, or none will.
    fn silence(&mut self, now: i64, arrivals: &mut Vec<Arrival>);

    /// Whether something is begun and not finished.
    fn is_waiting(&self) -> bool;

    /// What is said of a port that is open and silent.
    fn silent(&self, target: String, seconds: u64) -> Trouble {
        Cause::Silent { target, seconds }.into()
    }
}

impl Taker for Intake {
    fn feed(&mut self, bytes: &[u8], now: i64, arrivals: &mut Vec<Arrival>) {
        Self::feed(self, bytes, now, arrivals);
    }

    fn silence(&mut self, now: i64, arrivals: &mut Vec<Arrival>) {
        Self::silence(self, now, arrivals);
    }

    fn is_waiting(&self) -> bool {
        Self::is_waiting(self)
    }
}

/// Reads one source: for ever, or until a file ends.
pub async fn run(
    name: String,
    settings: config::Source,
    broker: Option<config::Mqtt>,
    intake: Intake,
    hub: Hub,
    observer: Observer,
) {
    match settings.kind {
        SourceKind::Mqtt => mqtt::run(name, settings, broker, intake, hub, observer).await,
        SourceKind::Http => http::run(name, settings, intake, hub, observer).await,
        _ => {
            let subject = format!("source {name}");
            listen(&name, &subject, settings, intake, hub, observer).await;
        }
    }
}

/// Reads a port, a host or a file: for ever, or until a file ends. Problems are the `subject`'s.
pub async fn listen(
    name: &str,
    subject: &str,
    settings: config::Source,
    mut taker: impl Taker,
    hub: Hub,
    observer: Observer,
) {
    let target = settings.target();
    let silence = settings.silence.unwrap_or(Span(PORT_SILENCE)).0;
    let mut wait = FIRST_WAIT;
    loop {
        observer.source(name, |source| source.state = "connecting".into());
        match open(&settings).await {
            Err(cause) => {
                observer.source(name, |source| count(&mut source.counters, "refused", 1));
                // One at a time: a cable that is gone is not in use.
                let others: Vec<&str> = REFUSED.iter().copied().filter(|code| *code != cause.code()).collect();
                observer.clear(subject, &others);
                observer.clear(subject, &["lost", "silent"]);
                observer.raise(subject, &cause.into());
            }
            Ok(stream) => {
                observer.source(name, |source| {
                    source.state = "reading".into();
                    count(&mut source.counters, "opened", 1);
                });
                observer.clear(subject, REFUSED);
                // Another program that reads along takes half of the bytes, and both see rubbish.
                if let Some(busy) = settings.device.as_deref().and_then(who_has) {
                    observer.raise(subject, &busy.into());
                }
                let opened = Instant::now();
                let end = read(stream, subject, &mut taker, &hub, &observer, silence, &settings).await;
                match end {
                    End::Silent => {
                        observer.source(name, |source| {
                            source.state = "silent".into();
                            count(&mut source.counters, "reopened_after_silence", 1);
                        });
                        observer.clear(subject, &["lost"]);
                        let trouble = taker.silent(target.clone(), silence.as_secs());
                        observer.raise(subject, &trouble);
                    }
                    End::Closed(None) if settings.kind.ends() => {
                        observer.source(name, |source| source.state = "ended".into());
                        return;
                    }
                    End::Closed(error) => {
                        let why = error.as_ref().map_or("it was closed at the other end".into(), words::of_io);
                        observer.source(name, |source| count(&mut source.counters, "lost", 1));
                        observer.raise(subject, &Cause::Lost { target: target.clone(), why }.into());
                    }
                }
                // What worked for a while is tried again at once.
                if opened.elapsed() > LONGEST_WAIT {
                    wait = FIRST_WAIT;
                }
            }
        }
        if settings.kind.ends() {
            observer.source(name, |source| source.state = "ended".into());
            return;
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

enum End {
    Silent,
    Closed(Option<io::Error>),
}

/// Opens a source of bytes.
///
/// # Errors
/// The cause, where it cannot be had.
pub(crate) async fn open(settings: &config::Source) -> Result<Stream, Cause> {
    match settings.kind {
        SourceKind::Serial => serial::open(settings),
        SourceKind::Tcp => tcp::open(settings).await,
        SourceKind::File => file::open(settings).await,
        // Have no stream of bytes, and were turned to their own rooms above.
        SourceKind::Mqtt | SourceKind::Http => Err(Cause::Unreachable {
            target: settings.target(),
            why: "it has messages and no stream of bytes".into(),
            advice: "",
        }),
        SourceKind::Stdin => Ok(Box::pin(tokio::io::stdin())),
    }
}

async fn read(
    mut stream: Stream,
    subject: &str,
    taker: &mut impl Taker,
    hub: &Hub,
    observer: &Observer,
    silence: Duration,
    settings: &config::Source,
) -> End {
    let mut buffer = [0; 4096];
    let mut arrivals = Vec::new();
    let mut last_byte = Instant::now();
    let mut pace = file::Pace::new(settings.speed);
    let mut heard = false;
    loop {
        let patience = if taker.is_waiting() { frame_silence(settings.kind) } else { silence };
        let end = match timeout(patience, stream.read(&mut buffer)).await {
            Ok(Ok(0)) => Some(End::Closed(None)),
            Ok(Err(error)) => Some(End::Closed(Some(error))),
            Ok(Ok(bytes)) => {
                if !heard {
                    heard = true;
                    observer.clear(subject, &["lost", "silent"]);
                }
                last_byte = Instant::now();
                taker.feed(&buffer[..bytes], now(), &mut arrivals);
                None
            }
            Err(_) => {
                taker.silence(now(), &mut arrivals);
                (last_byte.elapsed() >= silence).then_some(End::Silent)
            }
        };
        if matches!(end, Some(End::Closed(_))) {
            taker.silence(now(), &mut arrivals);
        }
        for arrival in arrivals.drain(..) {
            pace.wait(arrival.reading.time).await;
            hub.publish(arrival).await;
        }
        if let Some(end) = end {
            return end;
        }
    }
}
