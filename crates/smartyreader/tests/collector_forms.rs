//! Every form in which boards and programs publish, byte for byte.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod boards;

use boards::{COOKED, ENERGY, FIVE, House, MAY, NOW, numbers, publish_all};
use smarty_store::{Clock, Proof};

#[test]
fn v1_5_power_and_energy() {
    let mut house = House::new("[meter.home]\n");
    house.hear("lamsmarty", ENERGY);
    let reading = &house.only().reading;
    assert_eq!(
        numbers(house.only()),
        [("energy_import_wh", 6700), ("energy_export_wh", 20), ("power_import_w", 510), ("power_export_w", 0)]
    );
    assert_eq!((reading.time, reading.clock, reading.received), (MAY, Clock::Meter, NOW));
    assert_eq!((reading.proof, &*reading.segment, &*reading.meter), (Proof::Published, "SAG1030700089067", "home"));
    assert!(house.only().telegram.is_empty() && house.only().seal.is_none() && !house.only().replayed);
    let health = house.observer.health();
    assert_eq!(health.meters[0].proof.as_deref(), Some("published"));
    assert_eq!(health.meters[0].clock_drift_s, Some(-2));
    assert!(health.problems.is_empty(), "{:?}", health.problems);
}

#[test]
fn v1_5_divides_by_zero_after_its_start_and_the_registers_stand() {
    let mut house = House::new("[meter.home]\n");
    house.hear("lamsmarty", ENERGY.replace("0.51", "nan").replace(":0.00}", ":-nan}"));
    assert_eq!(numbers(house.only()), [("energy_import_wh", 6700), ("energy_export_wh", 20)]);
    assert_eq!((house.counter("malformed_messages"), house.counter("malformed_fields")), (0, 0));
}

#[test]
fn v1_5_one_json_for_each_field() {
    let mut house = House::new("[meter.home]\n");
    for (name, payload) in [
        ("p1_version", r#"{"p1_version_value":"42"}"#),
        ("timestamp", r#"{"timestamp_value":"2021-05-03T12:00:10"}"#),
        ("equipment_id", r#"{"equipment_id_value":"SAG1030700089067"}"#),
        (
            "act_energy_imported_p_plus",
            r#"{"act_energy_imported_p_plus_value":6.70,"act_energy_imported_p_plus_unit":"kWh"}"#,
        ),
        ("act_pwr_imported_p_plus", r#"{"act_pwr_imported_p_plus_value":0.51,"act_pwr_imported_p_plus_unit":"kW"}"#),
        ("num_pwr_failures", r#"{"num_pwr_failures_value":8}"#),
        ("msg_long_e_meter", r#"{"msg_long_e_meter_value":"48C3A4"}"#),
    ] {
        house.hear(&format!("lamsmarty/{name}"), payload);
    }
    assert!(house.arrivals.is_empty(), "more fields may come");
    assert_eq!(house.intake.next_tick(), Some(NOW + 5));
    house.pass(4);
    assert!(house.arrivals.is_empty());
    house.pass(1);
    let reading = &house.only().reading;
    assert_eq!(numbers(house.only()), [("energy_import_wh", 6700), ("power_import_w", 510), ("power_failures", 8)]);
    assert_eq!((reading.time, reading.clock, reading.received), (MAY, Clock::Meter, NOW));
    assert_eq!(&*reading.segment, "SAG1030700089067");
    assert_eq!(reading.texts, [("0-0:96.13.0".into(), "48C3A4".into()), ("1-3:0.2.8".into(), "42".into())]);
    assert_eq!(house.counter("fields"), 7);
    assert_eq!(house.intake.next_tick(), None);
}

#[test]
fn v1_5_one_text_for_each_field() {
    // As it is documented, and as the sketch of one year has it: the value alone.
    for documented in [true, false] {
        let mut house = House::new("[meter.home]\n");
        let mut hear = |name: &str, value: &str, unit: &str| {
            let payload = if documented { format!("{name} = {value} {unit}") } else { value.to_string() };
            house.hear(&format!("lamsmarty/{name}"), payload.trim_end());
        };
        hear("timestamp", "2021-05-03T12:00:10", "");
        hear("equipment_id", "SAG1030700089067", "");
        hear("act_energy_imported_p_plus", "000006.695", "kWh");
        hear("act_energy_exported_p_minus", "000000.025", "kWh");
        hear("act_pwr_imported_p_plus", "0.510", "kW");
        hear("active_threshold_smax", "77.376", "kVA");
        hear("breaker_ctrl_state_0", "1", "");
        hear("num_volt_sags_l1", "00044", "");
        hear("msg_long_ch2", "", "");
        house.pass(5);
        assert_eq!(
            numbers(house.only()),
            [
                ("energy_import_wh", 6695),
                ("energy_export_wh", 25),
                ("power_import_w", 510),
                ("active_threshold_va", 77_376),
                ("breaker_state", 1),
                ("voltage_sags_l1", 44)
            ]
        );
        assert_eq!((house.only().reading.time, house.only().reading.clock), (MAY, Clock::Meter));
        assert_eq!(house.only().reading.texts, [("0-0:96.13.2".into(), String::new())]);
    }
}

#[test]
fn v1_7_one_value_for_each_topic() {
    let mut house = House::new("[meter.home]\n");
    for (topic, value) in publish_all("lamsmarty", "2021-05-03T12:00:10", "6.70", "0.51") {
        house.hear(&topic, value);
    }
    house.pass(5);
    let reading = &house.only().reading;
    assert_eq!(
        numbers(house.only()),
        [
            ("energy_import_wh", 6700),
            ("energy_export_wh", 20),
            ("reactive_energy_import_varh", 820),
            ("reactive_energy_export_varh", 80),
            ("power_import_w", 510),
            ("power_export_w", 0),
            ("reactive_power_export_var", 10),
            ("apparent_power_import_va", 600),
            ("power_import_l1_w", 170),
            ("voltage_l1_mv", 231_000),
            ("current_l1_ma", 2000),
            ("active_threshold_va", 77_380),
            ("current_threshold_import_ma", 100_000),
            ("breaker_state", 1),
            ("relay1_state", 0),
            ("power_failures", 8),
            ("voltage_sags_l1", 44),
            ("mbus1_device_type", 3),
            ("mbus1_register_milli", 112_380),
            ("mbus1_valve", 1),
        ],
        "the telegram's own values go before calculated ones, and the two swapped names are put right"
    );
    assert_eq!((reading.time, reading.clock), (MAY, Clock::Meter));
    assert_eq!(
        reading.texts,
        [
            ("0-0:96.13.0".to_string(), String::new()),
            ("0-1:96.1.0".into(), "4730303334303138".into()),
            ("1-3:0.2.8".into(), "42".into()),
            ("identification".into(), "Lux5\\253663629_D".into()),
        ]
    );
    assert_eq!(house.counter("malformed_fields") + house.counter("foreign_messages"), 0);
}

#[test]
fn v1_7_cooked() {
    let mut house = House::new("[meter.home]\n");
    house.hear("lamsmarty", COOKED);
    let reading = &house.only().reading;
    assert_eq!(
        numbers(house.only()),
        [
            ("energy_import_wh", 6695),
            ("energy_export_wh", 25),
            ("power_import_w", 510),
            ("power_export_w", 0),
            ("power_import_l1_w", 170),
            ("power_import_l2_w", 200),
            ("power_import_l3_w", 140)
        ],
        "means, sums and a gas meter that is not there make no reading"
    );
    assert_eq!((reading.time, reading.clock, &*reading.segment), (MAY, Clock::Meter, "SAG1030700089067"));
    assert_eq!(house.counter("unknown_fields"), 0);
}

#[test]
fn v1_7_has_calculated_nothing_right_after_its_start() {
    let mut house = House::new("[meter.home]\n");
    let zeros: Vec<String> = ["energy_consumption_calc_kWh", "energy_production_calc_kWh", "power_consumption_calc_W"]
        .iter()
        .map(|name| format!("\"{name}\":0"))
        .collect();
    house.hear(
        "lamsmarty",
        format!(r#"{{"smarty_datetime":"2021-05-03T12:00:10","smarty_id":"SAG1030700089067",{}}}"#, zeros.join(",")),
    );
    assert!(house.arrivals.is_empty(), "a register of 0 would put the next one aside");
    assert_eq!(house.counter("empty_readings"), 1);
}

#[test]
fn smartyreader_5() {
    let mut house = House::new("[meter.home]\nequipment = [\"SAG1030700089430\"]\n");
    house.now = 1_523_356_230;
    house.hear("cellar/smartmeter1_p1", FIVE);
    let reading = &house.only().reading;
    assert_eq!(
        numbers(house.only()),
        [
            ("energy_import_wh", 6695),
            ("energy_export_wh", 25),
            ("reactive_energy_import_varh", 3),
            ("reactive_energy_export_varh", 80)
        ]
    );
    // date -u -d '2018-04-10 10:30:00' +%s
    assert_eq!((reading.time, reading.clock), (1_523_356_200, Clock::Meter));
    assert_eq!(&*reading.segment, "SAG1030700089430", "its last three characters name it");
    for news in [r#"{"smartmeters_P1":"connected"}"#, r#"{"dt":"connected"}"#, r#"{"dt":"error"}"#] {
        house.hear("cellar/smartmeters", news);
    }
    assert_eq!(house.counter("announcements"), 3);
    // Our own alerts have numbers that are no reading.
    let alert = r#"{"meter":"home","code":"voltage-low","state":"begin","time_unix":1774746240,"since_unix":1774745400,"voltage_l1_mv":1}"#;
    house.hear("smartyreader/home/alert", alert);
    assert_eq!((house.counter("aside_messages"), house.arrivals.len()), (1, 1));
    house.hear("cellar/rainwater", r#"{"rainwater":"distance","cm":"123"}"#);
    assert_eq!((house.counter("aside_messages"), house.arrivals.len()), (2, 1));
    assert!(house.observer.health().problems.is_empty());
}

#[test]
fn what_the_original_collector_reads_has_no_id() {
    let mut house = House::new("[meter.home]\n");
    house.now = 1_523_356_230;
    house.hear("p1", r#"{"dt":"180410123000S","c1":"000006.695*kWh","p1":"000000.025*kWh"}"#);
    assert_eq!(numbers(house.only()), [("energy_import_wh", 6695), ("energy_export_wh", 25)]);
    assert_eq!(&*house.only().reading.segment, "home", "nothing else names it");
}

#[test]
fn our_own_live_and_registers_are_one_reading() {
    let mut house = House::new("[meter.flat]\n");
    let live = r#"{"meter":"home","time":"2021-05-03T12:00:10+02:00","time_unix":1620036010,"power_import_w":412,"power_export_w":0,"voltage_l1_mv":231400}"#;
    let registers = r#"{"meter":"home","time":"2021-05-03T12:00:10+02:00","equipment":"SAG1030700089067","energy_import_wh":6695,"energy_export_wh":25,"mbus1_register_milli":112384,"mbus1_time":1620034200,"mbus1_unit":"m3"}"#;
    let expected = [
        ("energy_import_wh", 6695),
        ("energy_export_wh", 25),
        ("power_import_w", 412),
        ("power_export_w", 0),
        ("voltage_l1_mv", 231_400),
        ("mbus1_register_milli", 112_384),
        ("mbus1_time", 1_620_034_200),
    ];
    for order in [[("live", live), ("registers", registers)], [("registers", registers), ("live", live)]] {
        let mut house = House::new("[meter.flat]\n");
        for (part, payload) in order {
            assert!(house.arrivals.is_empty());
            house.hear(&format!("smartyreader/home/{part}"), payload);
        }
        assert_eq!(numbers(house.only()), expected);
        let reading = &house.only().reading;
        assert_eq!((reading.time, reading.clock, &*reading.segment), (MAY, Clock::Meter, "SAG1030700089067"));
        assert_eq!(reading.texts, [("mbus1_unit".into(), "m3".into())]);
        assert_eq!(house.counter("unknown_fields"), 0);
    }
    // Alone it waits a second for the other.
    house.hear("smartyreader/home/live", live);
    assert_eq!((house.arrivals.len(), house.intake.next_tick()), (0, Some(NOW + 1)));
    house.pass(1);
    assert_eq!(numbers(house.only()), expected[2..5]);
    // Of another time it belongs to another reading.
    house.now = MAY + 12;
    house.hear("smartyreader/home/live", live.replace("12:00:10", "12:00:20").replace("1620036010", "1620036020"));
    house.hear("smartyreader/home/registers", registers.replace("12:00:10", "12:00:30"));
    house.pass(1);
    assert_eq!(house.arrivals.iter().map(|arrival| arrival.reading.time - MAY).collect::<Vec<_>>(), [0, 10, 20]);
    // The broker keeps the registers and sends them again: nothing new.
    let before = house.arrivals.len();
    house.hear("smartyreader/home/registers", registers.replace("12:00:10", "12:00:20")).pass(1);
    assert_eq!((house.arrivals.len(), house.counter("duplicate")), (before, 1));
    // What has registers and momentary values is whole by itself.
    house.hear("smartyreader/home/live", r#"{"time_unix":1620036050,"power_import_w":400,"energy_import_wh":6700}"#);
    assert_eq!(house.arrivals.len(), 4);
}

#[test]
fn our_own_costs_are_no_reading() {
    let mut house = House::new("[meter.home]\n");
    let costs = include_str!("../../payload/tests/golden/native/costs.json");
    house.hear("smartyreader/home/costs", costs).pass(2);
    assert_eq!((house.counter("aside_messages"), house.arrivals.len()), (1, 0));
    assert!(house.observer.health().problems.is_empty());
}
