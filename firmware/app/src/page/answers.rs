//! Answers: what the API says, in the daemon's shapes. What the board does not keep is `null` or empty.

use core::fmt::{self, Display, Formatter};

use smarty_ledger::{Entry, Gap, QuarterHour};
use smarty_p1::{MbusUnit, Quantity};
use smarty_payload::RunningQuarter;
use smarty_payload::json::{List, Object, Text};

use crate::access::Network;
use crate::devices::DeviceNow;
use crate::latest::Latest;
use crate::settings::{Kind, Name, Settings, Shown};
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
    pub(super) fn utc(&self) -> i64 {
        self.utc.unwrap_or(0)
    }

    /// UTC of a second of our own uptime.
    pub(super) fn at(&self, uptime_s: u32) -> i64 {
        self.utc.map_or(0, |utc| utc - i64::from(self.uptime_s.saturating_sub(uptime_s)))
    }

    pub(super) fn age_s(&self, latest: &Latest) -> u32 {
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
