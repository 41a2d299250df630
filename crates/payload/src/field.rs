//! Field: an object of the telegram under the name that the first SmartyReader gave it.
//!
//! Names, order, units and kinds are those of its `config.h`, version 1.7; version 1.5 has the same without the last three.

use core::fmt::{self, Display, Formatter};

use smarty_p1::{Obis, Quantity, Unit};

use crate::decimal::Decimal;
use crate::json::Latin;
use crate::mbus;
use crate::moment::Moment;
use crate::time::Iso;

/// How a field is written where it stands alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// As the telegram has it.
    Text,
    /// With two decimals.
    Float,
    /// Without leading zeros.
    Integer,
}

/// Where a field's value comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The first line, with its `/`.
    Identification,
    /// The meter's time as ISO 8601.
    Time,
    /// The identifier, no longer hex.
    Equipment,
    /// A number.
    Number(Quantity),
    /// The gas register, on whichever channel the gas meter is.
    GasRegister,
    /// What the gas channel says of its kind, as text.
    GasType,
    /// How its valve stands, as text.
    GasValve,
    /// A text that has no number, by its code.
    Object(Obis),
    /// The gas meter's identifier, hex as sent.
    GasIdentifier,
}

/// One row of the table.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) kind: Kind,
    source: Source,
}

const fn text(name: &'static str, source: Source) -> Field {
    Field { name, unit: "", kind: Kind::Text, source }
}
const fn message(name: &'static str, number: u8) -> Field {
    text(name, Source::Object(Obis::new(0, 0, 96, 13, number)))
}
const fn float(name: &'static str, unit: &'static str, quantity: Quantity) -> Field {
    Field { name, unit, kind: Kind::Float, source: Source::Number(quantity) }
}
const fn integer(name: &'static str, quantity: Quantity) -> Field {
    Field { name, unit: "", kind: Kind::Integer, source: Source::Number(quantity) }
}

/// How many of [`FIELDS`] version 1.5 has.
pub(crate) const OF_1_5: usize = 50;

/// The original lists `breaker_ctrl_state_0` twice, which sends the same message twice; here it is sent once.
pub(crate) const FIELDS: [Field; 53] = [
    text("identification", Source::Identification),
    text("p1_version", Source::Object(Obis::new(1, 3, 0, 2, 8))),
    text("timestamp", Source::Time),
    text("equipment_id", Source::Equipment),
    float("act_energy_imported_p_plus", "kWh", Quantity::EnergyImport),
    float("act_energy_exported_p_minus", "kWh", Quantity::EnergyExport),
    float("react_energy_imported_q_plus", "kvarh", Quantity::ReactiveEnergyImport),
    float("react_energy_exported_q_minus", "kvarh", Quantity::ReactiveEnergyExport),
    float("act_pwr_imported_p_plus", "kW", Quantity::PowerImport),
    float("act_pwr_exported_p_minus", "kW", Quantity::PowerExport),
    float("react_pwr_imported_q_plus", "kvar", Quantity::ReactivePowerImport),
    float("react_pwr_exported_q_minus", "kvar", Quantity::ReactivePowerExport),
    float("active_threshold_smax", "kVA", Quantity::ActiveThreshold),
    integer("breaker_ctrl_state_0", Quantity::BreakerState),
    integer("num_pwr_failures", Quantity::PowerFailures),
    integer("num_volt_sags_l1", Quantity::VoltageSagsL1),
    integer("num_volt_sags_l2", Quantity::VoltageSagsL2),
    integer("num_volt_sags_l3", Quantity::VoltageSagsL3),
    integer("num_volt_swells_l1", Quantity::VoltageSwellsL1),
    integer("num_volt_swells_l2", Quantity::VoltageSwellsL2),
    integer("num_volt_swells_l3", Quantity::VoltageSwellsL3),
    message("msg_long_e_meter", 0),
    message("msg_long_ch2", 2),
    message("msg_long_ch3", 3),
    message("msg_long_ch4", 4),
    message("msg_long_ch5", 5),
    float("curr_l1", "A", Quantity::CurrentL1),
    float("curr_l2", "A", Quantity::CurrentL2),
    float("curr_l3", "A", Quantity::CurrentL3),
    float("act_pwr_imp_p_plus_l1", "kW", Quantity::PowerImportL1),
    float("act_pwr_imp_p_plus_l2", "kW", Quantity::PowerImportL2),
    float("act_pwr_imp_p_plus_l3", "kW", Quantity::PowerImportL3),
    float("act_pwr_exp_p_minus_l1", "kW", Quantity::PowerExportL1),
    float("act_pwr_exp_p_minus_l2", "kW", Quantity::PowerExportL2),
    float("act_pwr_exp_p_minus_l3", "kW", Quantity::PowerExportL3),
    float("react_pwr_imp_q_plus_l1", "kvar", Quantity::ReactivePowerImportL1),
    float("react_pwr_imp_q_plus_l2", "kvar", Quantity::ReactivePowerImportL2),
    float("react_pwr_imp_q_plus_l3", "kvar", Quantity::ReactivePowerImportL3),
    float("react_pwr_exp_q_minus_l1", "kvar", Quantity::ReactivePowerExportL1),
    float("react_pwr_exp_q_minus_l2", "kvar", Quantity::ReactivePowerExportL2),
    float("react_pwr_exp_q_minus_l3", "kvar", Quantity::ReactivePowerExportL3),
    float("apparent_export_pwr", "kVA", Quantity::ApparentPowerExport),
    float("apparent_import_pwr", "kVA", Quantity::ApparentPowerImport),
    integer("breaker_ctrl_state_1", Quantity::Relay1State),
    integer("breaker_ctrl_state_2", Quantity::Relay2State),
    float("limiter_curr_monitor", "A", Quantity::CurrentThresholdImport),
    float("volt_l1", "V", Quantity::VoltageL1),
    float("volt_l2", "V", Quantity::VoltageL2),
    float("volt_l3", "V", Quantity::VoltageL3),
    // The original reads channel 1 whatever hangs there; here it is the channel whose device type says gas.
    Field { name: "gas_index", unit: "m3", kind: Kind::Float, source: Source::GasRegister },
    // The original has these two swapped (24.4.0 is the valve, 24.1.0 the type), and other programs know them so.
    text("device_Type", Source::GasValve),
    text("mbus_ch_sw_pos", Source::GasType),
    text("gas_meter_id_hex", Source::GasIdentifier),
];

/// A field's value, to be written as the format wants.
#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    Bytes(&'a [u8]),
    Slashed(&'a [u8]),
    Text(&'a str),
    Time(Iso),
    Number(Decimal),
}

impl Display for Value<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => Latin(bytes).fmt(f),
            Self::Slashed(bytes) => write!(f, "/{}", Latin(bytes)),
            Self::Text(text) => f.write_str(text),
            Self::Time(time) => time.fmt(f),
            Self::Number(number) => number.fmt(f),
        }
    }
}

impl Value<'_> {
    /// A message that the meter sends without words in it.
    pub(crate) const fn is_empty(&self) -> bool {
        matches!(self, Self::Bytes([]))
    }
}

impl Field {
    /// The value as version 1.7 publishes it alone: two decimals, or none, or the text as it is.
    pub(crate) fn plain<'a>(&self, moment: &Moment<'a>) -> Option<Value<'a>> {
        match self.number(moment) {
            Some((quantity, value)) if self.kind != Kind::Text => {
                let number = Decimal::new(value, scale(quantity));
                Some(Value::Number(if self.kind == Kind::Float { number.rounded(2) } else { number }))
            }
            _ => self.sent(moment),
        }
    }

    /// The value as the telegram has it, without its unit: `00.510`, `00069`.
    pub(crate) fn sent<'a>(&self, moment: &Moment<'a>) -> Option<Value<'a>> {
        Some(match self.source {
            Source::Identification => Value::Slashed(moment.telegram?.identification()),
            Source::Time => Value::Time(Iso(moment.clock.local)),
            Source::Equipment => Value::Text(Some(moment.equipment).filter(|text| !text.is_empty())?),
            Source::Object(obis) => Value::Bytes(moment.group(obis, 0)?),
            Source::GasIdentifier => {
                let channel = mbus::gas(moment.mbus)?.channel as u8 + 1; // at most 4
                let identifier = |e| moment.group(Obis::new(0, channel, 96, 1, e), 0);
                Value::Bytes(identifier(0).or_else(|| identifier(1))?)
            }
            Source::Number(_) | Source::GasRegister | Source::GasType | Source::GasValve => {
                let (quantity, value) = self.number(moment)?;
                let group = usize::from(self.source == Source::GasRegister);
                let written = quantity.obis().and_then(|obis| moment.group(obis, group));
                match written.and_then(|text| bare(text, self.unit)) {
                    Some(text) => Value::Bytes(text),
                    None => Value::Number(luxembourg(quantity, value)),
                }
            }
        })
    }

    fn number(&self, moment: &Moment<'_>) -> Option<(Quantity, i64)> {
        let quantity = match self.source {
            Source::Number(quantity) => quantity,
            Source::GasRegister => mbus::gas(moment.mbus)?.register(),
            Source::GasType => mbus::gas(moment.mbus)?.device_type(),
            Source::GasValve => mbus::gas(moment.mbus)?.valve(),
            _ => return None,
        };
        Some((quantity, moment.values.get(quantity)?))
    }
}

/// A group's digits, if its unit is this one or none: `412*W` must not go out as so many kilowatts.
pub(crate) fn bare<'a>(group: &'a [u8], unit: &str) -> Option<&'a [u8]> {
    let star = group.iter().position(|&byte| byte == b'*');
    let (digits, written) = group.split_at(star.unwrap_or(group.len()));
    let digits_only = digits.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    let same = star.is_none() || written[1..].eq_ignore_ascii_case(unit.as_bytes());
    (digits_only && same && !digits.is_empty()).then_some(digits)
}

/// Decimals between the integer and the unit that telegrams write.
pub(crate) const fn scale(quantity: Quantity) -> u8 {
    match quantity.unit() {
        Unit::One | Unit::UtcSecond => 0,
        _ => 3,
    }
}

/// A value as a Luxembourg telegram writes it (P1 specification 1.1.3): `000006.695`, `00.510`, `231.0`, `001`, `00069`.
pub(crate) const fn luxembourg(quantity: Quantity, value: i64) -> Decimal {
    let number = Decimal::new(value, scale(quantity));
    match quantity.unit() {
        Unit::WattHour | Unit::VarHour => number.padded(6),
        Unit::Watt | Unit::Var | Unit::VoltAmpere | Unit::Millihertz => number.padded(2),
        Unit::Millivolt => number.padded(3).at_least(1),
        Unit::Milliampere => number.padded(3).trimmed(),
        Unit::Milli => number.padded(5),
        // A sensor's: no telegram has them.
        Unit::UtcSecond
        | Unit::Second
        | Unit::Millimetre
        | Unit::Millilitre
        | Unit::Millidegree
        | Unit::Permille
        | Unit::Pascal => number,
        Unit::One => match quantity {
            Quantity::Mbus1DeviceType
            | Quantity::Mbus2DeviceType
            | Quantity::Mbus3DeviceType
            | Quantity::Mbus4DeviceType => number.padded(3),
            _ => match quantity.kind() {
                smarty_p1::Kind::Counter => number.padded(5),
                _ => number,
            },
        },
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::string::ToString;

    use super::*;

    #[test]
    fn only_digits_of_the_same_unit_go_out_as_they_are() {
        assert_eq!(bare(b"00.510*kW", "kW"), Some(&b"00.510"[..]));
        assert_eq!(bare(b"00.007", "kvar"), Some(&b"00.007"[..]));
        assert_eq!(bare(b"0000.000*kVAr", "kvar"), Some(&b"0000.000"[..]));
        assert_eq!(bare(b"-063*A", "A"), Some(&b"-063"[..]));
        for other in [&b"412*W"[..], b"000123.456kWh", b"", b"*kW", b"<redacted>"] {
            assert_eq!(bare(other, "kW"), None, "{other:?}");
        }
    }

    #[test]
    fn a_value_without_its_telegram_looks_like_one_of_luxembourg() {
        for (quantity, value, text) in [
            (Quantity::EnergyImport, 6695, "000006.695"),
            (Quantity::PowerImport, 412, "00.412"),
            (Quantity::ActiveThreshold, 27_600, "27.600"),
            (Quantity::VoltageL1, 231_000, "231.0"),
            (Quantity::VoltageL1, 230_120, "230.12"),
            (Quantity::CurrentL1, 1000, "001"),
            (Quantity::CurrentL1, 1660, "001.66"),
            (Quantity::PowerFailures, 69, "00069"),
            (Quantity::BreakerState, 1, "1"),
            (Quantity::Mbus1DeviceType, 3, "003"),
            (Quantity::Mbus1Register, 2_569_646, "02569.646"),
        ] {
            assert_eq!(luxembourg(quantity, value).to_string(), text);
        }
    }
}
