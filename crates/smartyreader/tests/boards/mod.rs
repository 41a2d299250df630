//! Boards that publish, and the intake that hears them.

#![allow(clippy::unwrap_used, dead_code, missing_docs, unreachable_pub)] // Each test file uses its part.

use std::collections::HashMap;

use smarty_p1::Quantity;
use smartyreader::config;
use smartyreader::intake::{Arrival, Intake};
use smartyreader::observe::{Observer, Problem};

/// 3 May 2021, 12:00:12 in Luxembourg: two seconds after the documented telegram.
pub const NOW: i64 = 1_620_036_012;
/// 2021-05-03T12:00:10 there.
pub const MAY: i64 = 1_620_036_010;

/// A source that is fed with messages, and the meters on it.
pub struct House {
    pub intake: Intake,
    pub observer: Observer,
    pub arrivals: Vec<Arrival>,
    pub now: i64,
}

impl House {
    pub fn new(meters: &str) -> Self {
        let text = format!("[source.broker]\nkind = \"tcp\"\naddress = \"broker:1883\"\n{meters}");
        let config = config::parse(&text, "test.toml").unwrap();
        let observer = Observer::new();
        let intake = Intake::new(&config, "broker", HashMap::new(), observer.clone());
        Self { intake, observer, arrivals: Vec::new(), now: NOW }
    }

    pub fn hear(&mut self, topic: &str, payload: impl AsRef<[u8]>) -> &mut Self {
        self.intake.message(topic, payload.as_ref(), self.now, &mut self.arrivals);
        self
    }

    pub fn pass(&mut self, seconds: i64) -> &mut Self {
        self.now += seconds;
        self.intake.tick(self.now, &mut self.arrivals);
        self
    }

    pub fn counter(&self, name: &str) -> u64 {
        let health = self.observer.health();
        health.sources.first().and_then(|source| source.counters.get(name)).copied().unwrap_or(0)
    }

    pub fn problem(&self, code: &str) -> Option<Problem> {
        self.observer.health().problems.into_iter().find(|problem| problem.code == code)
    }

    pub fn only(&self) -> &Arrival {
        assert_eq!(self.arrivals.len(), 1, "{:?} {:?}", self.arrivals, self.observer.health().problems);
        &self.arrivals[0]
    }
}

pub fn numbers(arrival: &Arrival) -> Vec<(&'static str, i64)> {
    arrival.reading.values.iter().map(|(quantity, value)| (quantity.name(), value)).collect()
}

pub fn get(arrival: &Arrival, quantity: Quantity) -> i64 {
    arrival.reading.values.get(quantity).unwrap_or_else(|| panic!("{} is missing: {arrival:?}", quantity.name()))
}

/// v1.5, `power and energy`, as the documentation has it: on one line in the original.
pub const ENERGY: &str = concat!(
    r#"{"timestamp":"2021-05-03T12:00:10","equipment_id":"SAG1030700089067","#,
    r#""energy_consumption [kWh]":6.70,"energy_consumption_cumul_day [kWh]":0.12,"#,
    r#""energy_production [kWh]":0.02,"energy_production_cumul_day [kWh]":0.00,"#,
    r#""power_consumption [kW]":0.51,"power_production [kW]":0.00}"#
);

pub const FIVE: &str = r#"{"dt":"180410123000S","id":"430","c1":"000006.695*kWh","p1":"000000.025*kWh","c2":"000000.003*kvarh","p2":"000000.080*kvarh"}"#;

/// v1.7 *cooked*: what its library writes of these numbers.
pub const COOKED: &str = concat!(
    r#"{"ntp_datetime":"2021-05-03T12:00:11","bme280_temperature_C":21.5,"bme280_humidity_%":41.2,"bme280_pressure_hPa":1013.2,"#,
    r#""smarty_datetime":"2021-05-03T12:00:10","smarty_id":"SAG1030700089067","#,
    r#""energy_consumption_calc_kWh":6.695,"energy_production_calc_kWh":0.025,"energy_consumption_calc_cumul_day_Wh":120,"#,
    r#""energy_production_calc_cumul_day_Wh":0,"power_consumption_calc_from_energy_W":540,"power_production_calc_from_energy_W":0,"#,
    r#""power_consumption_calc_W":510,"power_consumption_calc_mean_W":498,"power_consumption_calc_max_W":2100,"power_consumption_calc_min_W":120,"#,
    r#""power_consumption_l1_calc_W":170,"power_consumption_l2_calc_W":200.0000001,"power_consumption_l3_calc_W":139.9999999,"#,
    r#""power_production_calc_W":0,"power_excess_solar_calc_W":0,"gas_consumption_calc_m3":0,"gas_consumption_calc_cumul_day_m3":0,"#,
    r#""energy_exceed_class_3kW_day_kWh":0,"money_exceed_class_3kW_month_euro":0}"#
);

/// v1.7 *publish all*: every field of the telegram, then what is calculated, in the order of the sketch.
pub fn publish_all(base: &str, stamp: &str, energy: &str, power: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, value: &str| fields.push((format!("{base}/{name}"), value.to_string()));
    add("ntp_datetime", stamp);
    add("bme280_temperature_C", "21.5");
    add("identification", "/Lux5\\253663629_D");
    add("p1_version", "42");
    add("timestamp", stamp);
    add("equipment_id", "SAG1030700089067");
    add("act_energy_imported_p_plus_kWh", energy);
    add("act_energy_exported_p_minus_kWh", "0.02");
    add("react_energy_imported_q_plus_kvarh", "0.82");
    add("react_energy_exported_q_minus_kvarh", "0.08");
    add("act_pwr_imported_p_plus_kW", power);
    add("act_pwr_exported_p_minus_kW", "0.00");
    add("react_pwr_exported_q_minus_kvar", "0.01");
    add("active_threshold_smax_kVA", "77.38");
    add("breaker_ctrl_state_0", "1");
    add("num_pwr_failures", "8");
    add("num_volt_sags_l1", "44");
    // The sketch has this one twice in its table.
    add("breaker_ctrl_state_0", "1");
    add("msg_long_e_meter", "");
    add("curr_l1_A", "2.00");
    add("act_pwr_imp_p_plus_l1_kW", "0.17");
    add("apparent_import_pwr_kVA", "0.60");
    add("breaker_ctrl_state_1", "0");
    add("limiter_curr_monitor_A", "100.00");
    add("volt_l1_V", "231.00");
    add("gas_index_m3", "112.38");
    add("device_Type", "1");
    add("mbus_ch_sw_pos", "003");
    add("gas_meter_id_hex", "4730303334303138");
    add("energy_consumption_calc_kWh", energy);
    add("energy_consumption_calc_cumul_day_Wh", "120.00");
    add("power_consumption_calc_W", "999.00");
    add("power_consumption_calc_mean_W", "498.00");
    add("power_excess_solar_calc_W", "0.00");
    add("gas_consumption_calc_m3", "112.38");
    fields
}
