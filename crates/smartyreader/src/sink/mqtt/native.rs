//! Native: our own topics of one meter.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use smarty_payload::native::{
    Costs, Device as DeviceBody, Gap, Live as LiveBody, OFFLINE, ONLINE, QuarterHour, Registers, Status, Topic,
};
use smarty_store::Entry;
use tokio::time::Instant;

use super::moment::{clock, moment, telegram};
use crate::alert::Notice;
use crate::config::{DeviceTitles, Kind, Mqtt, Qos};
use crate::devices::DeviceNow;
use crate::hub::Live;
use crate::mqtt::Message;
use crate::observe::Health;

/// Registers move slowly.
const REGISTERS_EVERY: u64 = 60;
/// The status comes when it changes, and otherwise this often.
const STATUS_EVERY: u64 = 60;

/// What was published of one meter, and when.
pub(super) struct Native {
    settings: Mqtt,
    meter: String,
    /// For the titles of its devices.
    titles: DeviceTitles,
    /// Meter time of the last publication.
    live: Option<i64>,
    registers: Option<i64>,
    /// What was last said of each device.
    devices: BTreeMap<Arc<str>, String>,
    status: Option<(Instant, String)>,
    available: Option<bool>,
}

impl Native {
    pub(super) fn new(settings: &Mqtt, meter: &str, titles: &DeviceTitles) -> Self {
        Self {
            settings: settings.clone(),
            meter: meter.into(),
            titles: titles.clone(),
            live: None,
            registers: None,
            devices: BTreeMap::new(),
            status: None,
            available: None,
        }
    }

    /// A new connection: everything is due.
    pub(super) fn begin(&mut self) {
        *self = Self::new(&self.settings, &self.meter, &self.titles);
    }

    /// Whether the meter was said to be there.
    pub(super) fn is_available(&self) -> bool {
        self.available == Some(true)
    }

    /// What is due with a reading.
    pub(super) fn reading(&mut self, live: &Live, zone: &TimeZone) -> Vec<Message> {
        let mut messages = Vec::new();
        if !self.settings.publish_native {
            return messages;
        }
        let time = live.arrival.reading.time;
        let telegram = telegram(live);
        let moment = moment(live, telegram.as_ref(), zone, None);
        if is_due(&self.settings.live, 0, self.live, time) {
            self.live = Some(time);
            let topic = Topic::Live(&self.meter);
            messages.push(message(&self.settings, &self.settings.live, topic, &LiveBody(&moment)));
        }
        // A sensor has none.
        let has_registers = moment.values.iter().any(|(quantity, _)| quantity.kind() != smarty_p1::Kind::Instant);
        if has_registers && is_due(&self.settings.registers, REGISTERS_EVERY, self.registers, time) {
            self.registers = Some(time);
            let topic = Topic::Registers(&self.meter);
            messages.push(message(&self.settings, &self.settings.registers, topic, &Registers(&moment)));
        }
        if self.settings.registers.is_on() {
            messages.extend(live.devices.iter().filter_map(|device| self.device(device, zone)));
        }
        messages
    }

    /// A meter behind the meter, where there is something new: a capture, a valve, another day.
    fn device(&mut self, device: &DeviceNow, zone: &TimeZone) -> Option<Message> {
        let body = DeviceBody {
            id: &device.id,
            title: self.titles.of(&device.id, device.measure.medium, device.device_type),
            measure: device.measure,
            channel: device.channel,
            clock: clock(device.time, zone),
            value: device.value,
            day: device.day,
            month: device.month,
            valve: device.valve,
        };
        let body = body.to_string();
        if self.devices.get(&device.id) == Some(&body) {
            return None;
        }
        let topic = Topic::Device(&self.meter, &device.id);
        let message = message(&self.settings, &self.settings.registers, topic, &body);
        self.devices.insert(Arc::clone(&device.id), body);
        Some(message)
    }

    /// Availability and status, where they changed or are due.
    pub(super) fn health(&mut self, name: &str, health: &Health, zone: &TimeZone) -> Vec<Message> {
        let mut messages = Vec::new();
        let Some(meter) = health.meters.iter().find(|meter| meter.name == name) else { return messages };
        let subject = format!("meter {name}");
        let away = ["stale", "group-incomplete"];
        let stale =
            health.problems.iter().any(|problem| problem.subject == subject && away.contains(&problem.code.as_str()));
        // Before the first telegram nobody knows; a restart is no reason to call the meter away.
        if (stale || meter.received.is_some()) && self.available != Some(!stale) {
            self.available = Some(!stale);
            messages.push(availability(&self.settings, name, !stale));
        }
        let every = self.settings.status.every.map_or(STATUS_EVERY, |span| span.0.as_secs());
        let problem = health.problems.iter().find(|problem| problem.subject == subject);
        let sentence = problem.map_or("", |problem| problem.sentence.as_str());
        let news = format!("{} {sentence}", meter.proof.as_deref().unwrap_or_default());
        let due = self.status.as_ref().is_none_or(|(at, said)| at.elapsed().as_secs() >= every || *said != news);
        if due && self.settings.status.is_on() {
            self.status = Some((Instant::now(), news));
            let counters: Vec<(&str, u64)> = std::iter::once(("telegrams", meter.telegrams))
                .chain(meter.counters.iter().map(|(name, count)| (name.as_str(), *count)))
                .collect();
            let body = Status {
                last: meter.last_time.map(|time| clock(time, zone)),
                proof: meter.proof.as_deref(),
                age_s: meter.age_s,
                sentence,
                counters: &counters,
            };
            messages.push(message(&self.settings, &self.settings.status, Topic::Status(name), &body));
        }
        messages
    }
}

/// Whether the meter sends.
pub(super) fn availability(settings: &Mqtt, meter: &str, available: bool) -> Message {
    let payload = if available { ONLINE } else { OFFLINE };
    message(settings, &Kind::default(), Topic::Availability(meter), &payload)
}

/// A closed quarter-hour or a gap, with its own time.
pub(super) fn entry(settings: &Mqtt, meter: &str, entry: &Entry, zone: &TimeZone) -> Message {
    let kind = &settings.quarter_hour;
    match entry {
        Entry::Quarter(quarter) => {
            let body = QuarterHour {
                entry: quarter,
                start_offset: clock(quarter.start, zone).offset,
                end_offset: clock(entry.end(), zone).offset,
            };
            message(settings, kind, Topic::QuarterHour(meter), &body)
        }
        Entry::Gap(gap) => {
            let body = Gap {
                entry: gap,
                start_offset: clock(gap.start, zone).offset,
                end_offset: clock(gap.end, zone).offset,
            };
            message(settings, kind, Topic::Gap(meter), &body)
        }
    }
}

/// An alert.
pub(super) fn alert(settings: &Mqtt, notice: &Notice, zone: &TimeZone) -> Message {
    message(settings, &settings.alert, Topic::Alert(&notice.meter), &notice.message(zone))
}

/// What energy costs so far.
pub(super) fn costs(settings: &Mqtt, meter: &str, body: &Costs<'_>) -> Message {
    message(settings, &settings.costs, Topic::Costs(meter), body)
}

/// By the meter's clock, which ticks in whole telegrams; one that was put back counts as time.
fn is_due(kind: &Kind, every: u64, last: Option<i64>, time: i64) -> bool {
    let every = kind.every.map_or(every, |span| span.0.as_secs()) as i64;
    kind.is_on() && last.is_none_or(|last| time < last || time - last >= every)
}

/// A message with what is right for its topic where the settings say nothing.
pub(super) fn message(settings: &Mqtt, kind: &Kind, topic: Topic<'_>, body: &dyn std::fmt::Display) -> Message {
    Message {
        payload: body.to_string().into_bytes(),
        qos: kind.qos.or_else(|| Qos::try_from(topic.qos()).ok()).unwrap_or_default(),
        retain: kind.retain.unwrap_or(topic.retained()),
        topic: format!("{}/{topic}", settings.topic),
    }
}
