//! dsmr-reader: the topics and shapes of dsmr-reader 5, which Home Assistant's integration *DSMR Reader* reads.
//!
//! That integration knows its topics by heart, so the base is always [`BASE`], and only one meter of a household can
//! speak there. Read from dsmr-reader 5.11: `dsmr_mqtt/models/settings` (topics), `dsmr_datalogger` (values).
//!
//! - Decimals are written as Python's `Decimal` writes them: `6.695`, three decimals for kWh, kW and m³.
//! - Times are UTC with a `Z`, as dsmr-reader's default is; quarter-hours are local with an offset, as it has them.
//! - A single-tariff (total) register is `…_1` and `…_2` is 0, as dsmr-reader maps `LUXEMBOURG_SMARTY`; the integration
//!   then shows it as low tariff, and `electricity_merged` is the same number.
//! - What is not known is not published (costs, prices, the tariffs' share of a day); dsmr-reader would send an empty
//!   message. In the JSON it is `null`, as there.

use core::fmt::{self, Display, Formatter};

use smarty_ledger::QuarterHour;
use smarty_p1::{Obis, Quantity, Telegram};

use crate::decimal::Decimal;
use crate::json::{Latin, Object, SPACED, Text};
use crate::mbus;
use crate::moment::Moment;
use crate::time::{Rfc3339, Zulu};

/// The base topic, which Home Assistant's integration does not let anybody change.
pub const BASE: &str = "dsmr";
/// Below [`BASE`]: the telegram as text.
pub const RAW_TOPIC: &str = "raw";
/// Below [`BASE`]: a reading as JSON.
pub const JSON_TOPIC: &str = "json";
/// dsmr-reader has every message retained.
pub const RETAINED: bool = true;
/// dsmr-reader's quality of service.
pub const QOS: u8 = 2;

/// The telegram, as it was proven.
pub struct Raw<'a>(pub &'a Telegram<'a>);

impl Display for Raw<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Latin(self.0.text()).fmt(f)
    }
}

/// `reading/…`: one value of the reading to a topic.
pub fn reading(moment: &Moment<'_>, visit: &mut impl FnMut(&dyn Display, &dyn Display)) {
    for field in FIELDS {
        if let Some(value) = field.source.value(moment) {
            visit(&format_args!("reading/{}", field.name), &value);
        }
    }
}

/// The same reading as one JSON object.
pub struct Json<'a>(pub &'a Moment<'a>);

impl Display for Json<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut object = Object::begin_as(f, SPACED)?;
        for field in FIELDS {
            match field.source.value(self.0) {
                Some(value @ Value::Integer(_)) => object.raw(field.name, value)?,
                value => object.or_null(field.name, value.map(Text))?,
            }
        }
        object.end()
    }
}

/// `day-consumption/…`: energies since midnight.
pub fn day_consumption(moment: &Moment<'_>, visit: &mut impl FnMut(&dyn Display, &dyn Display)) {
    let calculated = moment.calculated;
    // With two tariffs nobody knows each one's share of the day.
    let single = moment.values.get(Q::EnergyImportT1).is_none();
    for (of_tariff, merged, wh) in [
        ("", "electricity_merged", calculated.day_import_wh),
        ("_returned", "electricity_returned_merged", calculated.day_export_wh),
    ] {
        let Some(kwh) = wh.map(|wh| Decimal::new(wh, 3)) else { continue };
        if single {
            visit(&format_args!("day-consumption/electricity1{of_tariff}"), &kwh);
            visit(&format_args!("day-consumption/electricity2{of_tariff}"), &Decimal::new(0, 3));
        }
        visit(&format_args!("day-consumption/{merged}"), &kwh);
    }
    if let Some(gas) = calculated.day_gas_dm3 {
        visit(&"day-consumption/gas", &Decimal::new(gas, 3));
    }
}

/// `meter-stats/…`: version, tariff, counters of events. `rejected` is how many telegrams had a wrong checksum.
pub fn meter_statistics(
    moment: &Moment<'_>,
    rejected: Option<u64>,
    visit: &mut impl FnMut(&dyn Display, &dyn Display),
) {
    let version = moment.group(Obis::new(1, 3, 0, 2, 8), 0).or_else(|| moment.group(Obis::new(0, 0, 96, 1, 4), 0));
    if let Some(version) = version {
        // Two characters, as dsmr-reader keeps; Belgium sends five.
        visit(&"meter-stats/dsmr_version", &Latin(version.get(..2).unwrap_or(version)));
    }
    for (name, quantity) in STATISTICS {
        if let Some(count) = moment.values.get(quantity) {
            visit(&format_args!("meter-stats/{name}"), &count);
        }
    }
    if let Some(rejected) = rejected {
        visit(&"meter-stats/rejected_telegrams", &rejected);
    }
}

/// `consumption/gas/…`: the gas register and when it was read.
pub fn gas(moment: &Moment<'_>, visit: &mut impl FnMut(&dyn Display, &dyn Display)) {
    for (topic, source) in [("consumption/gas/read_at", Source::GasTime), ("consumption/gas/delivered", Source::Gas)] {
        if let Some(value) = source.value(moment) {
            visit(&topic, &value);
        }
    }
}

/// `consumption/quarter-hour-peak-electricity/…`: the mean power of a quarter-hour that is over, where it is known.
/// `offset` is the zone's, in seconds, at its start.
pub fn quarter_hour(entry: &QuarterHour, offset: i32, visit: &mut impl FnMut(&dyn Display, &dyn Display)) {
    let Some(import_wh) = entry.energies.import else { return };
    let end = entry.start.saturating_add(smarty_ledger::QUARTER);
    let topic = "consumption/quarter-hour-peak-electricity";
    visit(&format_args!("{topic}/read_at_start"), &Rfc3339 { utc: entry.start, offset });
    visit(&format_args!("{topic}/read_at_end"), &Rfc3339 { utc: end, offset });
    visit(&format_args!("{topic}/average_delivered"), &Decimal::new(import_wh.saturating_mul(4), 3));
}

#[derive(Clone, Copy)]
enum Source {
    /// dsmr-reader numbers its readings; here the second of the reading is its number.
    Id,
    Time,
    /// A tariff's register, or the total, or (where there is a total) 0.
    Tariff(Quantity, Quantity, Total),
    /// kW.
    Kilo(Quantity),
    Gas,
    GasTime,
    Volt(Quantity),
    Ampere(Quantity),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Total {
    /// The first tariff carries it.
    Itself,
    /// The second is 0 beside it.
    Zero,
}

struct Field {
    name: &'static str,
    source: Source,
}

const fn field(name: &'static str, source: Source) -> Field {
    Field { name, source }
}

use Quantity as Q;

/// In the order of dsmr-reader's table, which is the order of the JSON's keys.
const FIELDS: [Field; 22] = [
    field("id", Source::Id),
    field("timestamp", Source::Time),
    field("electricity_delivered_1", Source::Tariff(Q::EnergyImportT1, Q::EnergyImport, Total::Itself)),
    field("electricity_returned_1", Source::Tariff(Q::EnergyExportT1, Q::EnergyExport, Total::Itself)),
    field("electricity_delivered_2", Source::Tariff(Q::EnergyImportT2, Q::EnergyImport, Total::Zero)),
    field("electricity_returned_2", Source::Tariff(Q::EnergyExportT2, Q::EnergyExport, Total::Zero)),
    field("electricity_currently_delivered", Source::Kilo(Q::PowerImport)),
    field("electricity_currently_returned", Source::Kilo(Q::PowerExport)),
    field("phase_currently_delivered_l1", Source::Kilo(Q::PowerImportL1)),
    field("phase_currently_delivered_l2", Source::Kilo(Q::PowerImportL2)),
    field("phase_currently_delivered_l3", Source::Kilo(Q::PowerImportL3)),
    field("extra_device_timestamp", Source::GasTime),
    field("extra_device_delivered", Source::Gas),
    field("phase_currently_returned_l1", Source::Kilo(Q::PowerExportL1)),
    field("phase_currently_returned_l2", Source::Kilo(Q::PowerExportL2)),
    field("phase_currently_returned_l3", Source::Kilo(Q::PowerExportL3)),
    field("phase_voltage_l1", Source::Volt(Q::VoltageL1)),
    field("phase_voltage_l2", Source::Volt(Q::VoltageL2)),
    field("phase_voltage_l3", Source::Volt(Q::VoltageL3)),
    field("phase_power_current_l1", Source::Ampere(Q::CurrentL1)),
    field("phase_power_current_l2", Source::Ampere(Q::CurrentL2)),
    field("phase_power_current_l3", Source::Ampere(Q::CurrentL3)),
];

const STATISTICS: [(&str, Quantity); 9] = [
    ("electricity_tariff", Q::TariffIndicator),
    ("power_failure_count", Q::PowerFailures),
    ("long_power_failure_count", Q::LongPowerFailures),
    ("voltage_sag_count_l1", Q::VoltageSagsL1),
    ("voltage_sag_count_l2", Q::VoltageSagsL2),
    ("voltage_sag_count_l3", Q::VoltageSagsL3),
    ("voltage_swell_count_l1", Q::VoltageSwellsL1),
    ("voltage_swell_count_l2", Q::VoltageSwellsL2),
    ("voltage_swell_count_l3", Q::VoltageSwellsL3),
];

/// A value as it goes into the topic; in the JSON everything but an integer is a text, as Django writes decimals.
#[derive(Clone, Copy)]
enum Value {
    Integer(i64),
    Decimal(Decimal),
    Time(Zulu),
}

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(value) => value.fmt(f),
            Self::Decimal(value) => value.fmt(f),
            Self::Time(value) => value.fmt(f),
        }
    }
}

impl Source {
    fn value(self, moment: &Moment<'_>) -> Option<Value> {
        let get = |quantity| moment.values.get(quantity);
        let thousandths = |value| Value::Decimal(Decimal::new(value, 3));
        Some(match self {
            Self::Id => Value::Integer(moment.clock.utc),
            Self::Time => Value::Time(Zulu(moment.clock.utc)),
            Self::Tariff(tariff, total, role) => match (get(tariff), get(total)) {
                // Austria sends both: the tariffs are what dsmr-reader wants.
                (Some(tariff), _) => thousandths(tariff),
                (None, Some(total)) if role == Total::Itself => thousandths(total),
                (None, Some(_)) => Value::Integer(0),
                (None, None) => return None,
            },
            Self::Kilo(quantity) => thousandths(get(quantity)?),
            Self::Gas => thousandths(get(mbus::gas(moment.mbus)?.register())?),
            Self::GasTime => Value::Time(Zulu(get(mbus::gas(moment.mbus)?.time())?)),
            Self::Volt(quantity) => Value::Decimal(Decimal::new(get(quantity)?, 3).at_least(1)),
            Self::Ampere(quantity) => Value::Decimal(Decimal::new(get(quantity)?, 3).trimmed()),
        })
    }
}
