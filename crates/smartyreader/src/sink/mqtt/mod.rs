//! MQTT: publishes to one broker. Live values at once; quarter-hours from the outbox, whenever the broker was away.

mod costs;
mod discovery;
mod format;
mod herald;
mod moment;
mod native;
mod outbox;
mod self_consumption;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use smarty_payload::home_assistant::{BIRTH, BIRTH_TOPIC};
use smarty_payload::native::{OFFLINE, ONLINE, Topic};
use smarty_store::Entry;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::alert::Notice;
use crate::archive::Archive;
use crate::config::{Config, ForeignFormat, FormatName, Mqtt, Qos};
use crate::hub::{Hub, Live};
use crate::keeper::Keeper;
use crate::mqtt::{Event, Identity, Link, Message, Why, host_name};
use crate::observe::{Observer, Trouble, count};
use costs::Costs;
use discovery::Announcement;
use format::Format;
use herald::{Herald, News};
use native::Native;
use outbox::{Outbox, Taken};
use self_consumption::Shares;

/// What a broker's publisher needs of the house.
#[derive(Clone)]
pub struct House {
    /// The settings.
    pub config: Arc<Config>,
    /// Readings.
    pub hub: Hub,
    /// Notes how far a broker is.
    pub keeper: Keeper,
    /// Quarter-hours.
    pub archive: Archive,
    /// How everything is.
    pub observer: Observer,
}

/// How long the goodbye may take.
const FAREWELL: Duration = Duration::from_secs(2);
/// So many messages are handed over before the connection gets its turn.
const TURN: usize = 32;
/// How often availability and status are looked at.
const TICK: Duration = Duration::from_secs(1);

/// Publishes until it is told to leave. `positions`: how far the broker is, from the store.
pub async fn run(name: String, house: House, positions: Vec<(String, i64)>, mut leaving: watch::Receiver<bool>) {
    let Some(settings) = house.config.mqtt.get(&name).cloned() else { return };
    let identity = Identity {
        client_id: settings.client_id(&name),
        will: settings.publish_native.then(|| bridge(&settings, OFFLINE)),
        persistent: settings.persistent_session == Some(true),
    };
    let link = match Link::open(&settings, identity) {
        Ok(link) => link,
        Err(why) => {
            let refusal = crate::mqtt::Refusal { target: settings.broker.clone(), why: Why::Ours(why) };
            house.observer.raise(&format!("mqtt {name}"), &Trouble::Broker(refusal));
            return;
        }
    };
    let mut vigils = JoinSet::new();
    let has_will = |format: &&ForeignFormat| format.birth_topic.is_some() && format.name != FormatName::Five;
    for format in settings.format.iter().filter(has_will) {
        vigils.spawn(vigil(settings.clone(), name.clone(), format.birth_topic.clone().unwrap_or_default()));
    }
    let mut publisher = Publisher::new(name, settings, house, link, &positions);
    publisher.recall().await;
    publisher.work(&mut leaving).await;
    publisher.farewell().await;
    vigils.shutdown().await;
}

impl Mqtt {
    /// Who we are at this broker.
    pub fn client_id(&self, name: &str) -> String {
        self.client_id.clone().unwrap_or_else(|| format!("smartyreader-{}-{name}", host_name()))
    }
}

/// Whether this program is there at all.
fn bridge(settings: &Mqtt, payload: &str) -> Message {
    let topic = format!("{}/{}", settings.topic, Topic::Reader);
    Message { topic, payload: payload.into(), qos: Qos::AtLeastOnce, retain: true }
}

/// The original's birth and last will, `1` and `0` on one topic, not retained. A connection has one will only, so
/// this one has its own.
async fn vigil(settings: Mqtt, name: String, topic: String) {
    let message =
        |payload: &str| Message { topic: topic.clone(), payload: payload.into(), qos: Qos::AtLeastOnce, retain: false };
    let identity = Identity {
        client_id: format!("{}-birth", settings.client_id(&name)),
        will: Some(message("0")),
        persistent: false,
    };
    // What is wrong with the settings the publisher itself says.
    let Ok(mut link) = Link::open(&settings, identity) else { return };
    loop {
        if matches!(link.next().await, Event::Up) {
            let _ = link.client.publish(message("1"));
        }
    }
}

struct Publisher {
    name: String,
    subject: String,
    settings: Mqtt,
    house: House,
    zone: TimeZone,
    link: Link,
    up: bool,
    meters: BTreeMap<Arc<str>, Meter>,
    outbox: Option<Outbox>,
    herald: Herald,
    costs: Costs,
}

/// One meter's state at this broker.
struct Meter {
    source: String,
    latest: Option<Arc<Live>>,
    native: Native,
    announcement: Announcement,
    shares: Shares,
    formats: Vec<Format>,
}

impl Publisher {
    fn new(name: String, settings: Mqtt, house: House, link: Link, positions: &[(String, i64)]) -> Self {
        let config = &house.config;
        let names: Vec<&str> = settings.meters_of(config).collect();
        let meters: BTreeMap<Arc<str>, Meter> = names
            .iter()
            .map(|&meter| {
                let formats = settings.format.iter().filter(|format| settings.meter_of(format, config) == Some(meter));
                let titles = config.meter.get(meter).map(|meter| meter.devices.clone()).unwrap_or_default();
                let state = Meter {
                    source: config.source_of(meter).unwrap_or_default().to_string(),
                    latest: house.hub.latest(meter),
                    native: Native::new(&settings, meter, &titles),
                    announcement: Announcement::new(meter, config, &settings),
                    shares: Shares::new(meter, config, &settings),
                    formats: formats.cloned().map(Format::new).collect(),
                };
                (Arc::from(meter), state)
            })
            .collect();
        let owes = settings.publish_native && settings.quarter_hour.is_on();
        let outbox = owes.then(|| {
            Outbox::new(
                format!("mqtt {name}").into(),
                meters.keys().cloned(),
                positions,
                house.archive.clone(),
                house.keeper.clone(),
                i64::try_from(settings.owed_at_most.0.as_secs()).unwrap_or(i64::MAX >> 1),
            )
        });
        let herald = Herald::new(house.hub.alerts());
        let costs = Costs::new(&settings, config, &house.archive);
        let subject = format!("mqtt {name}");
        house.observer.sink("mqtt", &name, |sink| {
            sink.target = settings.address().map_or_else(|_| settings.broker.clone(), |address| address.to_string());
            sink.state = "connecting".into();
        });
        let zone = config.time_zone();
        Self { name, subject, settings, house, zone, link, up: false, meters, outbox, herald, costs }
    }

    /// What the meters have ever sent, from the store: a restart must not take entities away.
    async fn recall(&mut self) {
        for (name, meter) in &mut self.meters {
            let name = name.to_string();
            let known = self.house.archive.ask(move |reader| reader.quantities(&name)).await;
            let Some(Ok(known)) = known else { continue };
            let newest = known.iter().map(|entry| entry.last_time).max().unwrap_or_default();
            let alive = known.iter().filter(|entry| newest - entry.last_time < discovery::GONE);
            meter.announcement.knows(alive.map(|entry| entry.quantity));
        }
    }

    async fn work(&mut self, leaving: &mut watch::Receiver<bool>) {
        let mut readings = self.house.hub.subscribe();
        let mut entries = self.house.keeper.entries();
        let mut changes = self.house.observer.subscribe();
        let mut tick = tokio::time::interval(TICK);
        loop {
            let answer = async {
                match &mut self.outbox {
                    Some(outbox) => outbox.answer().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                event = self.link.next() => self.event(event).await,
                reading = readings.recv() => match reading {
                    Ok(live) => self.reading(&live).await,
                    Err(RecvError::Lagged(missed)) => self.count("live_missed", missed),
                    Err(RecvError::Closed) => return,
                },
                changed = entries.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    if let Some(outbox) = &mut self.outbox {
                        outbox.look();
                    }
                    self.costs.look();
                }
                news = self.herald.next() => match news {
                    News::Notice(notice) => self.announce(&notice),
                    News::Missed(missed) => self.count("alerts_missed", missed),
                    News::Arrived => {}
                    News::Lost(why) => tracing::debug!("{}: an alert is sent again: {why}", self.subject),
                },
                messages = self.costs.next(), if self.up => self.send_all(messages).await,
                taken = answer => match taken {
                    Taken::Acknowledged => self.count("acknowledged", 1),
                    Taken::Lost(why) => {
                        tracing::debug!("{}: sent again: {why}", self.subject);
                        self.count("sent_again", 1);
                    }
                },
                _ = changes.changed() => self.look().await,
                _ = tick.tick() => self.look().await,
                _ = leaving.changed() => return,
            }
            self.fill().await;
        }
    }

    async fn event(&mut self, event: Event) {
        match event {
            Event::Up => {
                self.up = true;
                self.count("connected", 1);
                self.house.observer.sink("mqtt", &self.name, |sink| sink.state = "connected".into());
                self.house.observer.clear(&self.subject, BROKER_TROUBLES);
                self.house.observer.clear(&self.subject, &["owed-too-long"]);
                self.greet().await;
            }
            Event::Down(refusal) => {
                if std::mem::take(&mut self.up) {
                    if let Some(outbox) = &mut self.outbox {
                        outbox.broken();
                    }
                    self.count("lost", 1);
                }
                self.house.observer.sink("mqtt", &self.name, |sink| sink.state = "away".into());
                let trouble = Trouble::Broker(refusal);
                let others: Vec<&str> =
                    BROKER_TROUBLES.iter().copied().filter(|code| *code != trouble.code()).collect();
                self.house.observer.clear(&self.subject, &others);
                self.house.observer.raise(&self.subject, &trouble);
            }
            Event::Message { topic, payload, retained } => self.message(&topic, &payload, retained).await,
        }
    }

    /// A new connection: who we are, then the newest values, then what else is owed.
    async fn greet(&mut self) {
        if self.settings.publish_native {
            self.send(bridge(&self.settings, ONLINE));
        }
        let home_assistant = self.settings.home_assistant.enabled && self.settings.publish_native;
        if home_assistant {
            let birth = format!("{}/{BIRTH_TOPIC}", self.settings.home_assistant.prefix);
            self.link.client.subscribe(&birth, Qos::AtMostOnce);
        }
        let mut messages = Vec::new();
        for meter in self.meters.values_mut() {
            if home_assistant {
                for filter in meter.announcement.filters() {
                    self.link.client.subscribe(&filter, Qos::AtMostOnce);
                }
                meter.announcement.begin();
            }
            meter.native.begin();
            meter.shares.begin();
            messages.extend(meter.formats.iter().filter_map(Format::announcement));
            if let Some(live) = &meter.latest {
                messages.extend(meter.native.reading(live, &self.zone));
                for format in &meter.formats {
                    let prefix = &self.settings.home_assistant.prefix;
                    messages.extend(format.discovery(live, &self.settings.client_id(&self.name), prefix));
                }
            }
        }
        self.send_all(messages).await;
        self.costs.look();
        self.look().await;
    }

    async fn message(&mut self, topic: &str, payload: &[u8], retained: bool) {
        let birth = topic.strip_prefix(&self.settings.home_assistant.prefix).and_then(|rest| rest.strip_prefix('/'));
        if birth == Some(BIRTH_TOPIC) {
            // Kept by the broker, it says nothing about now.
            if payload == BIRTH.as_bytes() && !retained {
                for meter in self.meters.values_mut() {
                    meter.announcement.again();
                    meter.native.begin();
                }
                self.look().await;
            }
            return;
        }
        for meter in self.meters.values_mut() {
            if meter.announcement.message(topic, payload, retained) {
                return;
            }
        }
    }

    async fn reading(&mut self, live: &Arc<Live>) {
        let Some(meter) = self.meters.get_mut(&*live.arrival.reading.meter) else { return };
        // An old file is history, and the store has it: nothing of it is now.
        if live.arrival.replayed {
            return;
        }
        let first = meter.latest.replace(Arc::clone(live)).is_none();
        meter.announcement.reading(live);
        if !self.up {
            self.count("live_skipped", 1);
            return;
        }
        let news = !meter.native.is_available();
        let messages = meter.native.reading(live, &self.zone);
        self.send_all(messages).await;
        // Our own go out before the many of others are made.
        tokio::task::yield_now().await;
        let Some(meter) = self.meters.get_mut(&*live.arrival.reading.meter) else { return };
        let mut messages = Vec::new();
        let counters = self.house.observer.source_counters(&meter.source);
        for format in &mut meter.formats {
            messages.extend(format.messages(live, &self.zone, &counters));
            if first {
                let prefix = &self.settings.home_assistant.prefix;
                messages.extend(format.discovery(live, &self.settings.client_id(&self.name), prefix));
            }
        }
        self.send_all(messages).await;
        if news {
            self.look().await;
        }
    }

    /// Availability, status, sums and discovery, where they are due.
    async fn look(&mut self) {
        if !self.up || !self.settings.publish_native {
            return;
        }
        let health = self.house.observer.health();
        let mut messages = Vec::new();
        for (name, meter) in &mut self.meters {
            messages.extend(meter.native.health(name, &health, &self.zone));
            let archive = &self.house.archive;
            messages.extend(meter.shares.due(meter.latest.as_deref(), archive, &self.settings, &self.zone).await);
            if meter.announcement.due().is_some_and(|due| due <= Instant::now()) {
                messages.extend(meter.announcement.messages());
            }
        }
        self.send_all(messages).await;
    }

    /// An alert of one of our meters waits until the broker is there.
    fn announce(&mut self, notice: &Notice) {
        let ours = self.settings.publish_native && self.settings.alert.is_on();
        if ours && self.meters.contains_key(&notice.meter) {
            let dropped = self.herald.push(native::alert(&self.settings, notice, &self.zone));
            self.count("alerts_missed", dropped);
        }
    }

    async fn fill(&mut self) {
        if self.up && self.herald.send(&self.link.client) {
            self.count("sent", 1);
        }
        let Some(outbox) = self.outbox.as_mut().filter(|_| self.up) else { return };
        let (settings, zone) = (&self.settings, &self.zone);
        let messages = |meter: &str, entry: &Entry| vec![native::entry(settings, meter, entry, zone)];
        match outbox.fill(&self.link.client, &messages).await {
            Ok(0) => {}
            Ok(dropped) => {
                self.count("dropped", dropped);
                self.house.observer.raise(&self.subject, &Trouble::OwedTooLong { entries: dropped });
            }
            // A meter that has never been stored, or a store that is in trouble and says so itself.
            Err(error) => tracing::debug!("{}: {error}", self.subject),
        }
        let queued = self.outbox.as_ref().map_or(0, Outbox::len) as u64;
        self.house.observer.sink("mqtt", &self.name, |sink| sink.queued = queued);
    }

    /// Sends many: the connection gets its turn in between, so that they find room.
    async fn send_all(&mut self, messages: Vec<Message>) {
        for (number, message) in messages.into_iter().enumerate() {
            if number % TURN == TURN - 1 {
                tokio::task::yield_now().await;
            }
            self.send(message);
        }
    }

    fn send(&self, message: Message) {
        let sent = self.link.client.publish(message).is_some();
        self.count(if sent { "sent" } else { "skipped" }, 1);
    }

    fn count(&self, name: &str, more: u64) {
        self.house.observer.sink("mqtt", &self.name, |sink| count(&mut sink.counters, name, more));
    }

    /// What is on its way arrives, then the meters are said to be away: no last will is sent after a goodbye.
    async fn farewell(mut self) {
        if !self.up {
            return;
        }
        let until = Instant::now() + FAREWELL;
        while let Some(outbox) = self.outbox.as_mut().filter(|outbox| outbox.len() > 0) {
            if tokio::time::timeout_at(until, outbox.answer()).await.is_err() {
                break;
            }
        }
        while self.herald.send(&self.link.client) || self.herald.is_waiting() {
            if tokio::time::timeout_at(until, self.herald.next()).await.is_err() {
                break;
            }
        }
        if self.settings.publish_native {
            for name in self.meters.keys() {
                self.send(native::availability(&self.settings, name, false));
            }
            self.send(bridge(&self.settings, OFFLINE));
        }
        self.link.close(FAREWELL).await;
    }
}

const BROKER_TROUBLES: &[&str] =
    &["broker-away", "broker-tls", "broker-psk", "broker-login", "broker-refuses", "broker-setting"];
