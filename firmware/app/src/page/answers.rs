//! Answers: what the API says, in the daemon's shapes. What the board does not keep is `null` or empty.

use core::fmt::{self, Display, Formatter};
use core::sync::atomic::Ordering;

use smarty_ledger::{Entry, Gap, QuarterHour};
use smarty_p1::{MbusUnit, Quantity};
use smarty_payload::RunningQuarter;
use smarty_payload::json::{List, Object, Text};

use crate::access::Network;
use crate::devices::DeviceNow;
use crate::facts::Facts;
use crate::intake::Counters;
use crate::latest::Latest;
use crate::settings::{Kind, Name, Settings, Shown};
use crate::state::Link;
use crate::zone::Zone;

/// `{"error":…}`: a sentence for people.
pub(super) struct Sorry<T>(pub(super) T);

impl<T: Display> Display for Sorry<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut object = Object::begin(f)?;
        object.text("error", &self.0)?;
        object.end()
    }
}

/// When an answer is given.
#[derive(Clone, Copy)]
pub(super) struct Now {
    /// UTC seconds. `None`: nobody knows yet; answers say 0.
    pub(super) utc: Option<i64>,
    pub(super) uptime_s: u32,
    pub(super) zone: Zone,
}

impl Now {
    fn utc(&self) -> i64 {
        self.utc.unwrap_or(0)
    }

    /// UTC of a second of our own uptime.
    fn at(&self, uptime_s: u32) -> i64 {
        self.utc.map_or(0, |utc| utc - i64::from(self.uptime_s.saturating_sub(uptime_s)))
    }

    fn age_s(&self, latest: &Latest) -> u32 {
        self.uptime_s.saturating_sub(latest.uptime_s)
    }
}

/// `/meters`.
pub(super) struct Meters<'a> {
    pub(super) now: Now,
    pub(super) name: &'a str,
    pub(super) latest: Option<&'a Latest>,
}

impl Display for Meters<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut object = Object::begin(f)?;
        object.raw("now", self.now.utc())?;
        object.raw("reports", false)?;
        object.raw("meters", format_args!("[{}]", Meter(self)))?;
        object.end()
    }
}

struct Meter<'a>(&'a Meters<'a>);

impl Display for Meter<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Meters { now, name, latest } = self.0;
        let minutes = now.zone.standard / 60;
        let mut object = Object::begin(f)?;
        object.text("name", name)?;
        object.text("title", name)?;
        object.text("role", "grid")?;
        object.raw("tariff", false)?;
        object.text("zone", format_args!("UTC+{:02}:{:02}", minutes / 60, minutes % 60))?;
        object.or_null("first_time", None::<i64>)?;
        object.or_null("last_time", latest.map(|latest| latest.time))?;
        object.or_null("proof", latest.map(|latest| Text(latest.vouched.name())))?;
        object.raw("segments", List(latest.iter().map(|latest| Segment(latest))))?;
        object.raw("quantities", format_args!("[{}]", Columns(*latest)))?;
        object.end()
    }
}

/// The quantities that the meter sends, and the net power.
struct Columns<'a>(Option<&'a Latest>);

impl Display for Columns<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(latest) = self.0 else { return Ok(()) };
        let net = latest.values.power_net().map(|_| None);
        let sent = latest.values.iter().map(|(quantity, _)| Some(quantity));
        for (index, column) in sent.chain(net).map(Column).enumerate() {
            write!(f, "{}{column}", if index == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

struct Segment<'a>(&'a Latest);

impl Display for Segment<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut object = Object::begin(f)?;
        object.text("equipment", &self.0.equipment)?;
        object.raw("first_time", self.0.time)?;
        object.end()
    }
}

/// A quantity, or the net power that is worked out.
struct Column(Option<Quantity>);

impl Display for Column {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut object = Object::begin(f)?;
        object.text("name", self.0.map_or(POWER_NET, Quantity::name))?;
        object.or_null("obis", self.0.and_then(Quantity::obis).map(Text))?;
        object.text("unit", self.0.map_or("W", |quantity| quantity.unit().symbol()))?;
        object.text("kind", self.0.map_or("instant", |quantity| quantity.kind().name()))?;
        object.known("derived", self.0.is_none().then_some(true))?;
        object.end()
    }
}

const POWER_NET: &str = "power_net_w";

/// `/meters/NAME/last`.
pub(super) struct Last<'a> {
    pub(super) now: Now,
    pub(super) name: &'a str,
    pub(super) latest: &'a Latest,
}

impl Display for Last<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { now, name, latest } = self;
        let mut object = Object::begin(f)?;
        object.text("meter", name)?;
        object.raw("time", latest.time)?;
        object.text("local", now.zone.clock(latest.time).rfc3339())?;
        object.raw("age_s", now.age_s(latest))?;
        object.raw("received", now.at(latest.uptime_s))?;
        object.text("proof", latest.vouched.name())?;
        object.text("equipment", &latest.equipment)?;
        object.or_null("system_title", None::<i64>)?;
        object.or_null("frame_counter", None::<i64>)?;
        object.raw("values", Numbers(latest))?;
        object.raw("texts", "{}")?;
        object.or_null("quarter", latest.quarter.as_ref().map(Quarter))?;
        let devices = latest.devices.iter().flatten();
        object.raw("devices", List(devices.map(|device| Device { now: *now, device })))?;
        object.end()
    }
}

struct Numbers<'a>(&'a Latest);

impl Display for Numbers<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut object = Object::begin(f)?;
        for (quantity, value) in self.0.values.iter() {
            object.raw(quantity.name(), value)?;
        }
        object.known(POWER_NET, self.0.values.power_net())?;
        object.end()
    }
}

struct Quarter<'a>(&'a RunningQuarter);

impl Display for Quarter<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let quarter = self.0;
        let mut object = Object::begin(f)?;
        object.raw("start", quarter.start)?;
        object.raw("end", quarter.end)?;
        object.or_null("energy_import_wh", quarter.energy_import_wh)?;
        object.or_null("energy_export_wh", quarter.energy_export_wh)?;
        object.raw("complete", quarter.complete)?;
        object.or_null("demand_import_projected_w", quarter.outlook.projected_import_w)?;
        object.or_null("reference_power_w", quarter.outlook.reference_w)?;
        object.or_null("power_allowed_w", quarter.outlook.allowed_w)?;
        object.or_null("exceedance_wh", quarter.outlook.exceedance_wh)?;
        object.end()
    }
}

struct Device<'a> {
    now: Now,
    device: &'a DeviceNow,
}

impl Display for Device<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let device = self.device;
        let unit = device.measure.unit;
        let (stem, suffix) = (unit.stem(), unit.suffix());
        let mut object = Object::begin(f)?;
        object.text("id", &device.id)?;
        object.text("title", device.title())?;
        object.text("medium", device.measure.medium.name())?;
        object.or_null("device_type", device.device_type)?;
        object.raw("channel", device.channel)?;
        object.text("quantity", format_args!("{stem}_{suffix}"))?;
        object.text("unit", symbol(unit))?;
        object.raw("time", device.time)?;
        object.text("local", self.now.zone.clock(device.time).rfc3339())?;
        object.raw(format_args!("{stem}_{suffix}"), device.value)?;
        object.or_null(format_args!("{stem}_day_{suffix}"), device.day)?;
        object.or_null(format_args!("{stem}_month_{suffix}"), device.month)?;
        object.or_null("valve", device.valve)?;
        object.end()
    }
}

const fn symbol(unit: MbusUnit) -> &'static str {
    match unit {
        MbusUnit::CubicMetre => "dm³",
        MbusUnit::Gigajoule => "MJ",
        MbusUnit::KilowattHour => "Wh",
    }
}

/// A quarter-hour of `/meters/NAME/quarter-hours`.
pub(super) struct Row<'a>(pub(super) &'a QuarterHour, pub(super) Zone);

impl Display for Row<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(quarter, zone) = self;
        let energies = &quarter.energies;
        // Mean power of a whole quarter-hour.
        let demand = |energy: Option<i64>| energy.filter(|_| quarter.complete).map(|energy| energy.saturating_mul(4));
        let mut object = Object::begin(f)?;
        object.raw("start", quarter.start)?;
        object.raw("end", Entry::Quarter(**quarter).end())?;
        object.text("local", zone.clock(quarter.start).rfc3339())?;
        object.or_null("energy_import_wh", energies.import)?;
        object.or_null("energy_export_wh", energies.export)?;
        object.or_null("reactive_energy_import_varh", energies.reactive_import)?;
        object.or_null("reactive_energy_export_varh", energies.reactive_export)?;
        object.or_null("demand_import_w", demand(energies.import))?;
        object.or_null("demand_export_w", demand(energies.export))?;
        object.or_null("power_net_min_w", quarter.power_net.map(|power| power.min))?;
        object.or_null("power_net_mean_w", quarter.power_net.map(|power| power.mean()))?;
        object.or_null("power_net_max_w", quarter.power_net.map(|power| power.max))?;
        object.or_null("voltage_min_mv", quarter.voltage.map(|voltage| voltage.min))?;
        object.or_null("voltage_max_mv", quarter.voltage.map(|voltage| voltage.max))?;
        object.raw("telegrams", quarter.telegrams)?;
        object.raw("complete", quarter.complete)?;
        object.end()
    }
}

/// A gap beside them.
pub(super) struct GapRow<'a>(pub(super) &'a Gap);

impl Display for GapRow<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let gap = self.0;
        let mut object = Object::begin(f)?;
        object.raw("start", gap.start)?;
        object.raw("end", gap.end)?;
        object.or_null("energy_import_wh", gap.energies.import)?;
        object.or_null("energy_export_wh", gap.energies.export)?;
        object.text("reason", gap.reason.name())?;
        object.end()
    }
}

/// `/health`.
pub(super) struct Health<'a> {
    pub(super) now: Now,
    pub(super) name: &'a str,
    pub(super) broker: &'a str,
    pub(super) latest: Option<&'a Latest>,
    pub(super) counters: Counters,
    pub(super) link: Link,
    /// What is wrong with the meter; empty where nothing is.
    pub(super) sentence: &'static str,
    pub(super) version: &'a str,
    pub(super) facts: &'a Facts,
    /// Entries in the journal.
    pub(super) stored: u32,
}

impl Health<'_> {
    fn broker_is_away(&self) -> bool {
        !self.broker.is_empty() && !self.link.connected
    }

    fn problems(&self) -> impl Iterator<Item = Problem> + Clone {
        let since = self.latest.map_or(self.now.at(0), |latest| self.now.at(latest.uptime_s));
        let meter = (!self.sentence.is_empty()).then_some(Problem {
            code: "meter",
            severity: "failing",
            since,
            sentence: self.sentence,
            advice: "The serial line and the page's settings have what can be changed; docs/firmware.md has the pins.",
        });
        let broker = self.broker_is_away().then_some(Problem {
            code: "broker",
            severity: "attention",
            since: self.now.at(0),
            sentence: "The broker does not answer. Quarter-hours are kept for 35 days and sent when it is back.",
            advice: "Look whether broker, broker-port, user and password are right, and whether the broker runs.",
        });
        meter.into_iter().chain(broker)
    }
}

impl Display for Health<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let worst = self.problems().next();
        let mut object = Object::begin(f)?;
        object.text("status", worst.as_ref().map_or("ok", |worst| worst.severity))?;
        object.text("sentence", worst.map_or("All is well.", |worst| worst.sentence))?;
        object.text("version", self.version)?;
        object.raw("started", self.now.at(0))?;
        object.raw("now", self.now.utc())?;
        object.raw("problems", List(self.problems()))?;
        object.raw("sources", format_args!("[{}]", Source(self)))?;
        object.raw("meters", format_args!("[{}]", MeterHealth(self)))?;
        object.raw("sinks", List((!self.broker.is_empty()).then_some(Sink(self)).into_iter()))?;
        object.raw("store", Journal(self))?;
        object.end()
    }
}

#[derive(Clone)]
struct Problem {
    code: &'static str,
    severity: &'static str,
    since: i64,
    sentence: &'static str,
    advice: &'static str,
}

impl Display for Problem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut object = Object::begin(f)?;
        object.text("code", self.code)?;
        object.text("severity", self.severity)?;
        object.text("subject", self.code)?;
        object.raw("since", self.since)?;
        object.raw("count", 1)?;
        object.text("sentence", self.sentence)?;
        object.text("advice", self.advice)?;
        object.end()
    }
}

/// The meter's port, with what the board says of itself among its counters.
struct Source<'a>(&'a Health<'a>);

impl Display for Source<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Health { now, name, latest, .. } = self.0;
        let time = latest.map(|latest| now.at(latest.uptime_s));
        let mut object = Object::begin(f)?;
        object.text("name", "p1")?;
        object.text("kind", "board")?;
        object.text("target", "uart")?;
        object.text("state", if latest.is_some() { "reading" } else { "waiting" })?;
        object.or_null("last_byte", time)?;
        object.or_null("last_telegram", time)?;
        object.raw("meters", List([Text(*name)].into_iter()))?;
        object.raw("counters", Counts(self.0))?;
        object.end()
    }
}

struct Counts<'a>(&'a Health<'a>);

impl Display for Counts<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let facts = self.0.facts;
        let mut object = Object::begin(f)?;
        for (name, count) in self.0.counters.named() {
            object.raw(name, count)?;
        }
        object.raw("meter_overrun_b", facts.meter_overrun.load(Ordering::Relaxed))?;
        object.raw("uptime_s", self.0.now.uptime_s)?;
        object.raw("reset_reason", facts.reset_reason.load(Ordering::Relaxed))?;
        object.raw("rssi_dbm", facts.rssi_dbm.load(Ordering::Relaxed))?;
        object.raw("heap_free_b", facts.heap_free.load(Ordering::Relaxed))?;
        object.raw("stack_free_b", facts.stack_free.load(Ordering::Relaxed))?;
        object.end()
    }
}

struct MeterHealth<'a>(&'a Health<'a>);

impl Display for MeterHealth<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Health { now, name, latest, counters, .. } = self.0;
        let mut object = Object::begin(f)?;
        object.text("name", name)?;
        object.or_null("last_time", latest.map(|latest| latest.time))?;
        object.or_null("received", latest.map(|latest| now.at(latest.uptime_s)))?;
        object.or_null("age_s", latest.map(|latest| now.age_s(latest)))?;
        object.or_null("proof", latest.map(|latest| Text(latest.vouched.name())))?;
        object.raw("telegrams", counters.telegrams)?;
        object.or_null("clock_drift_s", None::<i64>)?;
        object.raw("counters", "{}")?;
        object.end()
    }
}

#[derive(Clone)]
struct Sink<'a>(&'a Health<'a>);

impl Display for Sink<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Health { now, broker, link, .. } = self.0;
        let mut object = Object::begin(f)?;
        object.text("name", "mqtt")?;
        object.text("kind", "mqtt")?;
        object.text("target", broker)?;
        object.text("state", if link.connected { "connected" } else { "away" })?;
        object.raw("since", now.at(0))?;
        object.raw("queued", link.owed)?;
        object.raw(
            "counters",
            format_args!(
                r#"{{"connections":{},"sent":{},"too_long":{},"live_skipped":{}}}"#,
                link.connections, link.sent, link.too_long, link.live_skipped
            ),
        )?;
        object.end()
    }
}

struct Journal<'a>(&'a Health<'a>);

impl Display for Journal<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut object = Object::begin(f)?;
        object.text("path", "journal")?;
        object.raw("bytes", u64::from(self.0.stored) * 128)?;
        object.raw("readings", self.0.stored)?;
        object.raw("pending", 0)?;
        object.raw("stored", self.0.stored)?;
        object.raw("dropped", self.0.link.flash_errors)?;
        object.text("state", if self.0.link.flash_errors == 0 { "ok" } else { "refused" })?;
        object.end()
    }
}

/// One setting of `/settings`.
pub(super) struct Setting<'a>(pub(super) Name, pub(super) &'a Settings);

impl Display for Setting<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(name, settings) = *self;
        let mut object = Object::begin(f)?;
        object.text("name", name.name())?;
        object.text("about", name.about().trim_start())?;
        object.raw("secret", name.is_secret())?;
        match settings.shown(name) {
            Shown::Value(value) => object.text("value", value)?,
            Shown::Given => object.raw("given", true)?,
            Shown::Missing => object.raw("given", false)?,
        }
        object.text("default", name.default())?;
        match name.kind() {
            Kind::Switch => object.raw("choices", List(["on", "off"].into_iter().map(Text)))?,
            Kind::Choice(words) => object.raw("choices", List(words.iter().map(Text)))?,
            Kind::Number(from, to) => object.raw("between", format_args!("[{from},{to}]"))?,
            _ => {}
        }
        object.end()
    }
}

/// One network of `/networks`.
pub(super) struct NetworkRow<'a>(pub(super) &'a Network);

impl Display for NetworkRow<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut object = Object::begin(f)?;
        object.text("name", &self.0.name)?;
        object.raw("rssi_dbm", self.0.rssi_dbm)?;
        object.raw("locked", self.0.locked)?;
        object.end()
    }
}
