//! Publish: the task that tells the broker. The same messages as the daemon's, from the same crate.

mod discovery;
mod format;
mod native;
mod news;
mod outbox;
mod pull;
mod session;
mod status;

use core::cell::RefCell;
use core::fmt::Display;
use core::pin::pin;
use core::sync::atomic::Ordering;

use embassy_futures::select::{Either, select};
use embassy_net::Stack;
use embassy_net::tcp::TcpSocket;
use embassy_time::{Duration, Timer, with_timeout};
use embedded_storage::nor_flash::NorFlash;
use minimq::{Buffers, ConfigBuilder, Io, Op, QoS, Will};
use rand_core::CryptoRngCore;
use smarty_ledger::Standing;
use smarty_payload::native::{OFFLINE, ONLINE, Topic};

use crate::apart::Apart;
use crate::facts::{Facts, uptime_s};
use crate::latest::Latest;
use crate::net;
use crate::settings::{Name, Settings};
use crate::state::State;
#[cfg(feature = "tls")]
use crate::store::LONGEST_CERTIFICATE;
use crate::store::Store;
#[cfg(feature = "tls")]
use crate::tls::{self, Pump, Records, Secret};
use crate::update::{CHUNK, Pieces};
use crate::zone::Zone;
pub(crate) use status::{STALE, sentence};

use news::News;
use outbox::{Outbox, Place};
use pull::Pull;
use session::{Broken, Inbox, Message, Path, Session};

/// Messages from the broker, the longest a chunk of an image with its topic. The broker is told, and sends no longer one.
const RECEIVED: usize = CHUNK + 256;
/// Messages to the broker on their way: eight at once, and the longest of all, v1.7's cooked one of 4 KB, besides.
const SENT: usize = 8192;
/// The network's own buffers of the connection: a record of TLS goes out in one piece.
const TCP_RECEIVED: usize = 1536;
const TCP_SENT: usize = 4608;

/// A step towards the broker takes at most so long.
const STEP: Duration = Duration::from_secs(20);
/// Between two attempts: doubled from the first to the second, s.
const PAUSES: (u64, u64) = (1, 30);
/// How often is looked whether something is due.
const TICK: Duration = Duration::from_secs(1);

/// What the task works with.
pub(crate) struct Publisher<'a, F> {
    pub(crate) store: &'a RefCell<Store<F>>,
    pub(crate) state: &'static State,
    pub(crate) facts: &'static Facts,
    pub(crate) settings: &'a Settings,
    zone: Zone,
    /// Our copy of the last telegram: sending takes longer than the next may take to come.
    latest: Latest,
    native: native::Pace,
    status: status::Pace,
    discovery: discovery::Announcement,
    /// Where the registers stood at the last publication in the other format.
    before: Option<Standing>,
    outbox: Outbox,
    news: News<'a>,
    /// The version that runs.
    version: &'static str,
}

impl<'a, F: NorFlash> Publisher<'a, F> {
    #[inline(never)]
    pub(crate) fn new(
        store: &'a RefCell<Store<F>>,
        (state, facts, settings): (&'static State, &'static Facts, &'a Settings),
        pieces: &'a dyn Pieces,
        version: &'static str,
    ) -> Self {
        let mut birth = Path::new();
        let prefix = settings.text(Name::HomeAssistantPrefix);
        let _ = core::fmt::write(&mut birth, format_args!("{prefix}/{}", smarty_payload::home_assistant::BIRTH_TOPIC));
        let mut update = Path::new();
        let _ = core::fmt::write(&mut update, format_args!("{}/update", settings.text(Name::Topic)));
        Self {
            store,
            state,
            facts,
            settings,
            zone: settings.zone(),
            latest: Latest::new(),
            native: native::Pace::default(),
            status: status::Pace::default(),
            discovery: discovery::Announcement::default(),
            before: None,
            outbox: Outbox::new(store.borrow().owed_from()),
            news: News { birth, born: false, pull: Pull::new(pieces, update), subscribed: [None; 2], state },
            version,
        }
    }

    /// Publishes for ever.
    pub(crate) async fn work(&mut self, stack: Stack<'static>, rng: &mut impl CryptoRngCore) -> ! {
        let settings = self.settings;
        if settings.text(Name::Broker).is_empty() {
            loop {
                self.alive();
                Timer::after(TICK).await;
            }
        }
        let (mut tcp_received, mut tcp_sent) = ([0; TCP_RECEIVED], [0; TCP_SENT]);
        let (mut received, mut sent) = ([0; RECEIVED], [0; SENT]);
        #[cfg(feature = "tls")]
        let mut tls_buffers = tls::Buffers::new();
        let mut will = Path::new();
        let _ = core::fmt::write(&mut will, format_args!("{}/{}", settings.text(Name::Topic), Topic::Reader));
        let config = configure(settings, &will, Buffers::new(&mut received, &mut sent));
        let mut session = match config {
            Ok(config) => minimq::Session::new(config),
            Err(_) => loop {
                log::error!("MQTT: client id, user or topic are too long");
                self.alive();
                Timer::after(Duration::from_secs(10)).await;
            },
        };
        let mut pause = PAUSES.0;
        loop {
            self.alive();
            let mut socket = TcpSocket::new(stack, &mut tcp_received, &mut tcp_sent);
            let known = self.state.link().connections;
            let broken = match self.reach(stack, &mut socket).await {
                Ok(()) => {
                    self.encrypt(
                        &mut session,
                        &mut socket,
                        #[cfg(feature = "tls")]
                        &mut tls_buffers,
                        rng,
                    )
                    .await
                }
                Err(why) => why,
            };
            socket.abort();
            drop(socket);
            self.state.change_link(|link| link.connected = false);
            log::warn!("broker {}: {}", settings.text(Name::Broker), broken.0);
            pause = if self.state.link().connections > known { PAUSES.0 } else { (pause * 2).min(PAUSES.1) };
            self.alive();
            Timer::after_secs(pause).await;
        }
    }

    fn alive(&self) {
        self.facts.alive_net.store(uptime_s(), Ordering::Relaxed);
    }

    /// A connection to the broker's port.
    async fn reach(&self, stack: Stack<'static>, socket: &mut TcpSocket<'_>) -> Result<(), Broken> {
        socket.set_timeout(Some(STEP));
        socket.set_keep_alive(Some(STEP / 2));
        let port = self.settings.number(Name::BrokerPort) as u16;
        net::up(stack, STEP).await;
        self.alive();
        let address = with_timeout(STEP, net::resolve(stack, self.settings.text(Name::Broker))).await;
        let Ok(Some(address)) = address else { return Err(Broken("nobody knows this name, or there is no network")) };
        self.alive();
        match with_timeout(STEP, socket.connect((address, port))).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Broken("nobody answers there")),
        }
    }

    /// Encrypted or not, by the settings.
    async fn encrypt(
        &mut self,
        session: &mut minimq::Session<'_>,
        socket: &mut TcpSocket<'_>,
        #[cfg(feature = "tls")] buffers: &mut tls::Buffers,
        rng: &mut impl CryptoRngCore,
    ) -> Broken {
        #[cfg(not(feature = "tls"))]
        let _ = rng;
        match self.settings.text(Name::Tls) {
            "off" => self.talk(session, socket).await,
            #[cfg(feature = "tls")]
            kind => {
                let now = self.state.utc.now().map(|(utc, _)| utc);
                let mut certificate = [0; LONGEST_CERTIFICATE];
                let known = self.store.borrow_mut().certificate(&mut certificate).ok().flatten();
                let secret = match (kind, known) {
                    ("psk", _) => Secret::Psk,
                    (_, Some(certificate)) => Secret::Authority(certificate),
                    _ => return Broken("there is no certificate of an authority to check the broker's by"),
                };
                let (reader, writer) = socket.split();
                let records = Records::new(reader, writer);
                let opening = pin!(tls::open(self.settings, secret, &records, buffers, rng, now));
                match with_timeout(STEP, Apart(opening)).await {
                    Ok(Ok(mut connection)) => {
                        records.established();
                        let pump = Pump::new();
                        let (work, talk) = (pin!(pump.work(&mut connection)), pin!(self.talk(session, &pump)));
                        match select(Apart(work), Apart(talk)).await {
                            Either::First(never) => never,
                            Either::Second(broken) => broken,
                        }
                    }
                    Ok(Err(why)) => Broken(why),
                    Err(_) => Broken("it does not answer in TLS 1.3"),
                }
            }
            #[cfg(not(feature = "tls"))]
            _ => Broken("this firmware has no encryption; take one with TLS"),
        }
    }

    /// Everything from the first word to the last.
    async fn talk<IO: Io>(&mut self, session: &mut minimq::Session<'_>, io: IO) -> Broken {
        self.alive();
        let mut connection = match with_timeout(STEP, session.connect(io)).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return session::refused(&error),
            Err(_) => return Broken("it does not answer"),
        };
        log::info!("broker {}: connected", self.settings.text(Name::Broker));
        self.state.change_link(|link| {
            link.connected = true;
            link.connections += 1;
        });
        let mut session = Session::new(&mut connection, self.state);
        match self.converse(&mut session).await {
            Ok(never) => never,
            Err(why) => why,
        }
    }

    async fn converse<IO: Io>(&mut self, session: &mut Session<'_, '_, '_, IO>) -> Result<Broken, Broken> {
        self.greet(session).await?;
        let Some(mut telegrams) = self.state.telegrams.receiver() else {
            return Err(Broken("too many listen to the meter"));
        };
        // The newest values come first, however old the connection's news of them is.
        let mut heard = 0;
        loop {
            self.alive();
            let fresh = self.take(&mut heard);
            if fresh {
                self.reading(session).await?;
            }
            self.look(session).await?;
            self.news.pull.turn(session).await?;
            let event = select(select(telegrams.changed(), Timer::after(TICK)), session.turn(&mut self.news)).await;
            if let Either::Second(turned) = event {
                turned?;
            }
        }
    }

    /// A new connection: who we are; everything else is due again.
    async fn greet<IO: Io>(&mut self, session: &mut Session<'_, '_, '_, IO>) -> Result<(), Broken> {
        self.native = native::Pace::default();
        self.status = status::Pace::default();
        self.discovery.again();
        self.news.pull.again();
        self.news.subscribed = [Some(listen(session, self.news.pull.base()).await?), None];
        if self.settings.is_on(Name::Native) {
            self.say(session, Topic::Reader, &ONLINE).await?;
            if self.settings.is_on(Name::HomeAssistant) {
                self.news.subscribed[1] = Some(listen(session, &self.news.birth).await?);
            }
        }
        self.greet_format(session).await
    }

    /// Takes the newest telegram over, if there is one that was not heard of on this connection.
    fn take(&mut self, heard: &mut u32) -> bool {
        let mine = &mut self.latest;
        let before = mine.number;
        let fresh = self.state.with_latest(|latest| match latest {
            Some(latest) if latest.number != *heard => {
                mine.copy_from(latest);
                true
            }
            _ => false,
        });
        if fresh {
            *heard = self.latest.number;
            let skipped = self.latest.number.wrapping_sub(before).saturating_sub(1);
            self.state.change_link(|link| link.live_skipped = link.live_skipped.wrapping_add(skipped));
        }
        fresh
    }

    /// What is due with a telegram.
    async fn reading<IO: Io>(&mut self, session: &mut Session<'_, '_, '_, IO>) -> Result<(), Broken> {
        if self.settings.is_on(Name::Relay) {
            return self.relay(session).await;
        }
        if self.settings.is_on(Name::Native) {
            self.publish_native(session).await?;
        }
        self.publish_format(session).await
    }

    /// A sealed frame as it came, for who has the key.
    async fn relay<IO: Io>(&mut self, session: &mut Session<'_, '_, '_, IO>) -> Result<(), Broken> {
        let mut path = Path::new();
        let (base, meter) = (self.settings.text(Name::Topic), self.settings.text(Name::Meter));
        // A frame that is longer than what is kept was left out whole.
        if core::fmt::write(&mut path, format_args!("{base}/{meter}/sealed")).is_err() || self.latest.text.is_empty() {
            self.state.change_link(|link| link.too_long += 1);
            return Ok(());
        }
        session.relay(&path, &self.latest.text).await
    }

    /// What is due without one.
    async fn look<IO: Io>(&mut self, session: &mut Session<'_, '_, '_, IO>) -> Result<(), Broken> {
        if !self.settings.is_on(Name::Native) {
            return Ok(());
        }
        self.publish_status(session).await?;
        if self.settings.is_on(Name::Relay) {
            return Ok(());
        }
        if core::mem::take(&mut self.news.born) {
            self.discovery.again();
            self.native = native::Pace::default();
        }
        self.announce(session).await?;
        let place = Place {
            base: self.settings.text(Name::Topic),
            meter: self.settings.text(Name::Meter),
            zone: self.zone,
            state: self.state,
        };
        let owed = self.outbox.turn(session, self.store, &place).await?;
        self.state.change_link(|link| link.owed = owed);
        Ok(())
    }

    /// One of our own messages, kept and certain as is right for its topic.
    async fn say<IO: Io>(
        &mut self,
        session: &mut Session<'_, '_, '_, IO>,
        topic: Topic<'_>,
        body: &dyn Display,
    ) -> Result<(), Broken> {
        let base = self.settings.text(Name::Topic);
        let (certain, retained) = (topic.qos() > 0, topic.retained());
        send(session, &mut self.news, self.state, format_args!("{base}/{topic}"), body, (certain, retained)).await
    }
}

/// Subscribes. On a new connection nothing else is on its way, so there is room.
async fn listen<IO: Io>(session: &mut Session<'_, '_, '_, IO>, topic: &Path) -> Result<Op, Broken> {
    session.subscribe(topic).await?.ok_or(Broken("there is no room for a subscription"))
}

/// Sends a message; `kind`: certain, retained. A topic that is too long is counted and left out.
async fn send<IO: Io>(
    session: &mut Session<'_, '_, '_, IO>,
    inbox: &mut impl Inbox,
    state: &'static State,
    topic: core::fmt::Arguments<'_>,
    body: &dyn Display,
    (certain, retained): (bool, bool),
) -> Result<(), Broken> {
    let mut path = Path::new();
    if core::fmt::write(&mut path, topic).is_err() {
        state.change_link(|link| link.too_long += 1);
        return Ok(());
    }
    session.send(&Message { topic: &path, body, certain, retained }, inbox).await.map(drop)
}

/// Who we are at the broker. The last will says that we are gone.
fn configure<'b>(
    settings: &'b Settings,
    will: &'b Path,
    buffers: Buffers<'b>,
) -> Result<ConfigBuilder<'b>, minimq::ConfigError> {
    let id = Some(settings.text(Name::ClientId)).filter(|id| !id.is_empty()).unwrap_or(settings.text(Name::HostName));
    let mut config = ConfigBuilder::new(buffers).client_id(id)?.keepalive_interval(30);
    if !settings.text(Name::BrokerUser).is_empty() {
        config = config.auth(settings.text(Name::BrokerUser), settings.text(Name::BrokerPassword).as_bytes())?;
    }
    if settings.is_on(Name::Native) {
        config = config.will(Will::new(will, OFFLINE.as_bytes(), &[])?.retained().qos(QoS::AtLeastOnce))?;
    } else if !settings.text(Name::BirthTopic).is_empty() {
        config = config.will(Will::new(settings.text(Name::BirthTopic), b"0", &[])?.qos(QoS::AtLeastOnce))?;
    }
    Ok(config)
}
