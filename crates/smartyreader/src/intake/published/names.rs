//! Names: what boards and programs call the fields that they publish, and what each means here.
//!
//! The names are those of the original SmartyReader (sketches v1.5 and v1.7, `SmartyReader⁵`) and our own
//! ([`Quantity::name`]). Two stand for each other's code in the original and keep doing so: `device_Type` carries
//! 0-1:24.4.0, which is the valve, and `mbus_ch_sw_pos` 0-1:24.1.0, the device type.

use smarty_p1::Quantity;

use super::decimal::Written;

/// What a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A number of the telegram.
    Measured(Quantity),
    /// The same number after a calculation of the board, where the telegram's own is not published.
    Calculated(Quantity),
    /// When the telegram was made.
    Time,
    /// The meter's identifier.
    Equipment,
    /// The last characters of it.
    EquipmentEnd,
    /// A text of the telegram, kept under this code.
    Text(&'static str),
    /// Known, and no reading is made of it: sums, means and the board's own sensors.
    Aside,
}

/// A field that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field<'a> {
    /// Its name, without unit.
    pub(super) name: &'static str,
    /// How a bare number in it is to be read.
    pub(super) written: Written<'a>,
    pub(super) meaning: Meaning,
}

use Meaning::{Calculated, Equipment, EquipmentEnd, Measured, Text, Time};
use Quantity as Q;

/// Name, unit, meaning: the fields of the telegram, as both sketches call them.
const DSMR: &[(&str, &str, Meaning)] = &[
    ("identification", "", Text("identification")),
    ("p1_version", "", Text("1-3:0.2.8")),
    ("timestamp", "", Time),
    ("equipment_id", "", Equipment),
    ("act_energy_imported_p_plus", "kWh", Measured(Q::EnergyImport)),
    ("act_energy_exported_p_minus", "kWh", Measured(Q::EnergyExport)),
    ("react_energy_imported_q_plus", "kvarh", Measured(Q::ReactiveEnergyImport)),
    ("react_energy_exported_q_minus", "kvarh", Measured(Q::ReactiveEnergyExport)),
    ("act_pwr_imported_p_plus", "kW", Measured(Q::PowerImport)),
    ("act_pwr_exported_p_minus", "kW", Measured(Q::PowerExport)),
    ("react_pwr_imported_q_plus", "kvar", Measured(Q::ReactivePowerImport)),
    ("react_pwr_exported_q_minus", "kvar", Measured(Q::ReactivePowerExport)),
    ("active_threshold_smax", "kVA", Measured(Q::ActiveThreshold)),
    ("breaker_ctrl_state_0", "", Measured(Q::BreakerState)),
    ("num_pwr_failures", "", Measured(Q::PowerFailures)),
    ("num_volt_sags_l1", "", Measured(Q::VoltageSagsL1)),
    ("num_volt_sags_l2", "", Measured(Q::VoltageSagsL2)),
    ("num_volt_sags_l3", "", Measured(Q::VoltageSagsL3)),
    ("num_volt_swells_l1", "", Measured(Q::VoltageSwellsL1)),
    ("num_volt_swells_l2", "", Measured(Q::VoltageSwellsL2)),
    ("num_volt_swells_l3", "", Measured(Q::VoltageSwellsL3)),
    ("msg_long_e_meter", "", Text("0-0:96.13.0")),
    ("msg_long_ch2", "", Text("0-0:96.13.2")),
    ("msg_long_ch3", "", Text("0-0:96.13.3")),
    ("msg_long_ch4", "", Text("0-0:96.13.4")),
    ("msg_long_ch5", "", Text("0-0:96.13.5")),
    ("curr_l1", "A", Measured(Q::CurrentL1)),
    ("curr_l2", "A", Measured(Q::CurrentL2)),
    ("curr_l3", "A", Measured(Q::CurrentL3)),
    ("act_pwr_imp_p_plus_l1", "kW", Measured(Q::PowerImportL1)),
    ("act_pwr_imp_p_plus_l2", "kW", Measured(Q::PowerImportL2)),
    ("act_pwr_imp_p_plus_l3", "kW", Measured(Q::PowerImportL3)),
    ("act_pwr_exp_p_minus_l1", "kW", Measured(Q::PowerExportL1)),
    ("act_pwr_exp_p_minus_l2", "kW", Measured(Q::PowerExportL2)),
    ("act_pwr_exp_p_minus_l3", "kW", Measured(Q::PowerExportL3)),
    ("react_pwr_imp_q_plus_l1", "kvar", Measured(Q::ReactivePowerImportL1)),
    ("react_pwr_imp_q_plus_l2", "kvar", Measured(Q::ReactivePowerImportL2)),
    ("react_pwr_imp_q_plus_l3", "kvar", Measured(Q::ReactivePowerImportL3)),
    ("react_pwr_exp_q_minus_l1", "kvar", Measured(Q::ReactivePowerExportL1)),
    ("react_pwr_exp_q_minus_l2", "kvar", Measured(Q::ReactivePowerExportL2)),
    ("react_pwr_exp_q_minus_l3", "kvar", Measured(Q::ReactivePowerExportL3)),
    ("apparent_export_pwr", "kVA", Measured(Q::ApparentPowerExport)),
    ("apparent_import_pwr", "kVA", Measured(Q::ApparentPowerImport)),
    ("breaker_ctrl_state_1", "", Measured(Q::Relay1State)),
    ("breaker_ctrl_state_2", "", Measured(Q::Relay2State)),
    ("limiter_curr_monitor", "A", Measured(Q::CurrentThresholdImport)),
    ("volt_l1", "V", Measured(Q::VoltageL1)),
    ("volt_l2", "V", Measured(Q::VoltageL2)),
    ("volt_l3", "V", Measured(Q::VoltageL3)),
    ("gas_index", "m3", Measured(Q::Mbus1Register)),
    ("device_Type", "", Measured(Q::Mbus1Valve)),
    ("mbus_ch_sw_pos", "", Measured(Q::Mbus1DeviceType)),
    ("gas_meter_id_hex", "", Text("0-1:96.1.0")),
];

/// What v1.7 calculates from the telegram and what is the telegram's own value all the same.
const CALCULATED: &[(&str, &str, Meaning)] = &[
    ("energy_consumption_calc_kWh", "kWh", Calculated(Q::EnergyImport)),
    ("energy_production_calc_kWh", "kWh", Calculated(Q::EnergyExport)),
    ("power_consumption_calc_W", "W", Calculated(Q::PowerImport)),
    ("power_consumption_l1_calc_W", "W", Calculated(Q::PowerImportL1)),
    ("power_consumption_l2_calc_W", "W", Calculated(Q::PowerImportL2)),
    ("power_consumption_l3_calc_W", "W", Calculated(Q::PowerImportL3)),
    ("power_production_calc_W", "W", Calculated(Q::PowerExport)),
    ("power_production_l1_calc_W", "W", Calculated(Q::PowerExportL1)),
    ("power_production_l2_calc_W", "W", Calculated(Q::PowerExportL2)),
    ("power_production_l3_calc_W", "W", Calculated(Q::PowerExportL3)),
    ("gas_consumption_calc_m3", "m3", Calculated(Q::Mbus1Register)),
];

/// v1.5 `power and energy`: the unit stands in square brackets behind the name.
const IN_BRACKETS: &[(&str, Meaning)] = &[
    ("energy_consumption", Measured(Q::EnergyImport)),
    ("energy_production", Measured(Q::EnergyExport)),
    ("power_consumption", Measured(Q::PowerImport)),
    ("power_production", Measured(Q::PowerExport)),
];

/// v1.7 *cooked* and our own: what stands beside the numbers.
const BESIDE: &[(&str, Meaning)] = &[
    ("smarty_datetime", Time),
    ("smarty_id", Equipment),
    ("time", Time),
    ("time_unix", Time),
    ("equipment", Equipment),
    ("mbus1_unit", Text("mbus1_unit")),
    ("mbus2_unit", Text("mbus2_unit")),
    ("mbus3_unit", Text("mbus3_unit")),
    ("mbus4_unit", Text("mbus4_unit")),
];

/// `SmartyReader⁵`, and the script that collects from it; only beside a `dt`.
const FIVE: &[(&str, &str, Meaning)] = &[
    ("dt", "", Time),
    ("id", "", EquipmentEnd),
    ("c1", "kWh", Measured(Q::EnergyImport)),
    ("p1", "kWh", Measured(Q::EnergyExport)),
    ("c2", "kvarh", Measured(Q::ReactiveEnergyImport)),
    ("p2", "kvarh", Measured(Q::ReactiveEnergyExport)),
];

/// The field of the telegram with this name; a unit may stand behind it (`curr_l1_A`).
pub(super) fn dsmr(name: &str) -> Option<Field<'static>> {
    let found = DSMR.iter().find(|(known, unit, _)| {
        let behind = name.strip_prefix(known);
        behind.is_some_and(|behind| behind.is_empty() || !unit.is_empty() && behind.strip_prefix('_') == Some(*unit))
    });
    found.map(field)
}

/// The field that a topic of its own is for, by the topic's last level.
pub(super) fn of_topic(level: &str) -> Option<Field<'static>> {
    dsmr(level).or_else(|| listed(CALCULATED, level)).or_else(|| own(level)).or_else(|| aside(level))
}

/// The field of a JSON object. `five`: the object has a `dt`.
pub(super) fn of_member(name: &str, five: bool) -> Option<Field<'_>> {
    let beside = || BESIDE.iter().find(|(known, _)| *known == name);
    dsmr(name)
        .or_else(|| listed(CALCULATED, name))
        .or_else(|| own(name))
        .or_else(|| beside().map(|&(name, meaning)| Field { name, written: Written::Own, meaning }))
        .or_else(|| if five { listed(FIVE, name) } else { None })
        .or_else(|| in_brackets(name))
        .or_else(|| aside(name))
}

fn field(&(name, unit, meaning): &(&'static str, &'static str, Meaning)) -> Field<'static> {
    Field { name, written: Written::In(unit), meaning }
}

fn listed(list: &'static [(&'static str, &'static str, Meaning)], name: &str) -> Option<Field<'static>> {
    list.iter().find(|(known, ..)| *known == name).map(field)
}

fn own(name: &str) -> Option<Field<'static>> {
    let quantity = Quantity::from_name(name)?;
    Some(Field { name: quantity.name(), written: Written::Own, meaning: Measured(quantity) })
}

fn in_brackets(name: &str) -> Option<Field<'_>> {
    let (name, unit) = name.strip_suffix(']')?.split_once(" [")?;
    let &(name, meaning) = IN_BRACKETS.iter().find(|(known, _)| *known == name)?;
    Some(Field { name, written: Written::In(unit), meaning })
}

/// What is known and makes no reading: our figures of it are better, or it is not the meter's.
fn aside(name: &str) -> Option<Field<'static>> {
    let calculated = ["energy_", "power_", "gas_", "money_"].iter().any(|start| name.starts_with(start))
        && ["_calc_", "_exceed_class_", "_cumul_day"].iter().any(|part| name.contains(part));
    let beside = ["ntp_datetime", "meter", "title", "proof", "power_net_w", "received", "age_s"].contains(&name);
    (calculated || beside || name.starts_with("bme280_")).then_some(Field {
        name: "aside",
        written: Written::Own,
        meaning: Meaning::Aside,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_with_and_without_its_unit() {
        for (name, unit, meaning) in DSMR {
            assert_eq!(of_topic(name).unwrap().meaning, *meaning, "{name}");
            if !unit.is_empty() {
                let with = format!("{name}_{unit}");
                assert_eq!(of_topic(&with).unwrap().name, *name, "{with}");
                assert_eq!(of_topic(&format!("{name}_x")), None);
            }
        }
        for (name, _, meaning) in CALCULATED {
            assert_eq!(of_topic(name).unwrap().meaning, *meaning, "{name}");
            assert_eq!(of_member(name, false).unwrap().meaning, *meaning, "{name}");
        }
        for quantity in Quantity::ALL {
            assert_eq!(of_member(quantity.name(), false).unwrap().meaning, Measured(*quantity));
        }
    }

    #[test]
    fn the_two_swapped_names_stay_swapped() {
        assert_eq!(of_topic("device_Type").unwrap().meaning, Measured(Q::Mbus1Valve));
        assert_eq!(of_topic("mbus_ch_sw_pos").unwrap().meaning, Measured(Q::Mbus1DeviceType));
    }

    #[test]
    fn short_names_mean_something_only_beside_a_dt() {
        assert_eq!(of_member("p1", false), None);
        assert_eq!(of_member("p1", true).unwrap().meaning, Measured(Q::EnergyExport));
        assert_eq!(of_topic("p1"), None);
        assert_eq!(of_topic("time"), None);
    }

    #[test]
    fn sums_and_sensors_are_known_and_set_aside() {
        for name in [
            "energy_consumption_calc_cumul_day_Wh",
            "power_consumption_l1_calc_mean_W",
            "power_excess_solar_calc_W",
            "energy_exceed_class_7kW_month_kWh",
            "money_exceed_class_9kW_day_euro",
            "energy_consumption_cumul_day [kWh]",
            "bme280_humidity_%",
            "ntp_datetime",
        ] {
            assert_eq!(of_member(name, false).unwrap().meaning, Meaning::Aside, "{name}");
        }
        assert_eq!(of_member("power_station", false), None);
        let power = of_member("power_consumption [kW]", false).unwrap();
        assert_eq!((power.meaning, power.written), (Measured(Q::PowerImport), Written::In("kW")));
    }
}
