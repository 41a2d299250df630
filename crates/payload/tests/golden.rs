// Do not change this test: other people's programs read these bytes.

//! Every format, frozen. A format that is new writes its file when `SMARTY_NEW_GOLDEN` is set; a file that is there is
//! never written again.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use common::{Lines, Scene, folder};
use smarty_ledger::{Calculated, Energies, Extent, PowerSpread, Reason};
use smarty_p1::Telegram;
use smarty_payload::home_assistant::{
    BIRTH, BIRTH_TOPIC, ComponentTopic, Device, DeviceTopic, Discovery, MIGRATE, PREFIX, Sent,
};
use smarty_payload::{Clock, Moment, dsmr_reader, native, smartyreader5, v1_5, v1_7};

/// Compares with the frozen file, and reads everything that is JSON.
#[track_caller]
fn frozen(name: &str, actual: &str) {
    let path = folder().join(name);
    if !path.exists() && std::env::var_os("SMARTY_NEW_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(actual, expected, "{name}");
}

#[track_caller]
fn frozen_json(name: &str, actual: &str) {
    let json: serde_json::Value = serde_json::from_str(actual).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(json.is_object(), "{name}");
    frozen(name, actual);
}

#[track_caller]
fn frozen_lines(name: &str, lines: &Lines) {
    assert!(!lines.0.is_empty(), "{name} has no messages");
    for (topic, payload) in &lines.0 {
        assert!(!topic.contains(['+', '#', ' ']), "{topic}");
        if payload.starts_with('{') {
            serde_json::from_str::<serde_json::Value>(payload).unwrap_or_else(|error| panic!("{topic}: {error}"));
        }
    }
    frozen(name, &lines.text());
}

fn scenes() -> [(&'static str, Scene); 3] {
    ["luxembourg_2018", "solar", "gas"].map(|name| (name, Scene::golden(name)))
}

/// Each scene with its telegram, and once without.
fn each(mut test: impl FnMut(&str, &Moment<'_>)) {
    for (name, scene) in scenes() {
        let telegram = Telegram::parse(&scene.text).unwrap();
        test(name, &scene.moment(Some(&telegram)));
        test(&format!("{name}_without_telegram"), &scene.moment(None));
    }
    let Scene { clock, values, equipment, .. } = Scene::golden("solar");
    let nothing_known = Calculated::default();
    let nothing_known = Moment::new(clock, &values, &equipment, &nothing_known);
    test("nothing_calculated", &nothing_known);
}

#[test]
fn version_1_5() {
    each(|name, moment| {
        frozen_json(&format!("v1_5/{name}/power_and_energy.json"), &v1_5::PowerAndEnergy(moment).to_string());
        for (form, file) in [(v1_5::Form::Json, "json"), (v1_5::Form::Text, "text"), (v1_5::Form::Bare, "bare")] {
            let lines = Lines::of(|mut visit| v1_5::all_fields(moment, form, &mut visit));
            frozen_lines(&format!("v1_5/{name}/all_fields_{file}.txt"), &lines);
        }
    });
}

#[test]
fn version_1_7() {
    each(|name, moment| {
        let all = Lines::of(|mut visit| v1_7::all(moment, &|_| true, &mut visit));
        frozen_lines(&format!("v1_7/{name}/all.txt"), &all);
        frozen_json(&format!("v1_7/{name}/cooked.json"), &v1_7::Cooked { moment, wanted: &|_| true }.to_string());
        let wanted: &dyn Fn(&str) -> bool = &v1_7::on_by_default;
        let cooked = v1_7::Cooked { moment, wanted }.to_string();
        frozen_json(&format!("v1_7/{name}/cooked_by_default.json"), &cooked);
    });
}

#[test]
fn version_1_7_discovery() {
    let [_, _, (_, scene)] = scenes();
    for (file, cooked) in [("discovery_cooked.txt", true), ("discovery_all.txt", false)] {
        let discovery = v1_7::Discovery {
            client_id: "SmartyReader_LAM_1",
            topic: "lamsmarty",
            uid: v1_7::UID,
            host_name: "smartyReader",
            software: "0.1.0",
            cooked,
            calculated: &scene.calculated,
            wanted: &|_| true,
        };
        frozen_lines(&format!("v1_7/{file}"), &Lines::of(|mut visit| discovery.visit(&mut visit)));
    }
}

#[test]
fn smartyreader_5() {
    each(|name, moment| {
        frozen_json(&format!("smartyreader5/{name}.json"), &smartyreader5::Message(moment).to_string());
    });
    let scenes = scenes();
    let telegrams: Vec<_> = scenes.iter().map(|(_, scene)| Telegram::parse(&scene.text).unwrap()).collect();
    let moments: Vec<_> = scenes.iter().zip(&telegrams).map(|((_, scene), text)| scene.moment(Some(text))).collect();
    let line = smartyreader5::CardLine { meters: &moments, tank_cm: Some(87) };
    frozen("smartyreader5/card_line.txt", &format!("{line}{}", smartyreader5::LINE_END));
    assert_eq!(smartyreader5::CardFile(moments[0].clock.local).to_string(), "30_01_18.txt");
    assert_eq!(smartyreader5::Tank { cm: 123 }.to_string(), r#"{"rainwater":"distance","cm":"123"}"#);
    assert_eq!(smartyreader5::Tank { cm: 87 }.to_string(), r#"{"rainwater":"distance","cm":"087"}"#);
    assert_eq!(smartyreader5::ANNOUNCEMENT, r#"{"smartmeters_P1":"connected"}"#);
    assert_eq!(smartyreader5::MeterTopic(5).to_string(), "smartmeter5_p1");
    assert_eq!((smartyreader5::ANNOUNCEMENT_TOPIC, smartyreader5::TANK_TOPIC), ("smartmeters", "rainwater"));
}

#[test]
fn dsmr_reader_5() {
    each(|name, moment| {
        let lines = Lines::of(|mut visit| {
            dsmr_reader::reading(moment, &mut visit);
            dsmr_reader::day_consumption(moment, &mut visit);
            dsmr_reader::meter_statistics(moment, Some(3), &mut visit);
            dsmr_reader::gas(moment, &mut visit);
        });
        frozen_lines(&format!("dsmr_reader/{name}.txt"), &lines);
        frozen_json(&format!("dsmr_reader/{name}.json"), &dsmr_reader::Json(moment).to_string());
        if let Some(telegram) = moment.telegram {
            assert_eq!(dsmr_reader::Raw(telegram).to_string().as_bytes(), telegram.text());
        }
    });
    let lines = Lines::of(|mut visit| dsmr_reader::quarter_hour(&quarter_hour(), 3600, &mut visit));
    frozen_lines("dsmr_reader/quarter_hour.txt", &lines);
    assert_eq!((dsmr_reader::BASE, dsmr_reader::RAW_TOPIC, dsmr_reader::JSON_TOPIC), ("dsmr", "raw", "json"));
}

/// The last one before the clocks go forward.
fn quarter_hour() -> smarty_ledger::QuarterHour {
    smarty_ledger::QuarterHour {
        start: 1_774_745_100,
        energies: Energies { import: Some(120), export: Some(0), reactive_import: Some(4), reactive_export: None },
        complete: true,
        power_net: Some(PowerSpread { min: 80, max: 2310, sum: 42_930, count: 90 }),
        voltage: Some(Extent { min: 228_000, max: 236_000 }),
        telegrams: 90,
    }
}

#[test]
fn native_messages() {
    each(|name, moment| {
        frozen_json(&format!("native/{name}/live.json"), &native::Live(moment).to_string());
        frozen_json(&format!("native/{name}/registers.json"), &native::Registers(moment).to_string());
    });
    let entry = quarter_hour();
    let message = native::QuarterHour { entry: &entry, start_offset: 3600, end_offset: 7200 };
    frozen_json("native/quarter_hour.json", &message.to_string());
    let unknown = smarty_ledger::QuarterHour {
        energies: Energies::UNKNOWN,
        complete: false,
        power_net: None,
        voltage: None,
        telegrams: 0,
        ..entry
    };
    let message = native::QuarterHour { entry: &unknown, start_offset: 3600, end_offset: 7200 };
    frozen_json("native/quarter_hour_unknown.json", &message.to_string());
    let gap = smarty_ledger::Gap {
        start: 1_774_745_100,
        end: 1_774_800_000,
        energies: Energies { import: Some(700), ..Energies::UNKNOWN },
        reason: Reason::NoTelegrams,
    };
    let message = native::Gap { entry: &gap, start_offset: 3600, end_offset: 7200 };
    frozen_json("native/gap.json", &message.to_string());
    let costs = common::costs(&[("energy", 1_713_500), ("network-fixed", 258_500), ("feed-in", -880_200)]);
    frozen_json("native/costs.json", &costs.to_string());
    let status = native::Status {
        last: Some(Clock::at(1_795_391_990, 3600)),
        proof: Some("tag"),
        age_s: Some(4),
        sentence: "Telegrams of meter \"home\" arrive\nand are proven.",
        counters: &[("duplicate", 0), ("replay", 2)],
    };
    frozen_json("native/status.json", &status.to_string());
}

#[test]
fn native_topics() {
    use native::Topic;
    let topics = [
        (Topic::Live("home"), "home/live", false, 0),
        (Topic::Registers("home"), "home/registers", true, 1),
        (Topic::Device("home", "4730"), "home/device/4730", true, 1),
        (Topic::QuarterHour("home"), "home/quarter-hour", false, 1),
        (Topic::Gap("home"), "home/gap", false, 1),
        (Topic::Costs("home"), "home/costs", true, 1),
        (Topic::Availability("home"), "home/availability", true, 1),
        (Topic::Status("home"), "home/status", true, 0),
        (Topic::Reader, "availability", true, 1),
    ];
    for (topic, text, retained, qos) in topics {
        assert_eq!((topic.to_string().as_str(), topic.retained(), topic.qos()), (text, retained, qos));
    }
    assert_eq!((native::BASE, native::ONLINE, native::OFFLINE), ("smartyreader", "online", "offline"));
    assert_eq!(smarty_payload::Below(native::BASE, Topic::Live("home")).to_string(), "smartyreader/home/live");
}

#[test]
fn devices() {
    let scene = Scene::golden("gas");
    let gas = native::Device {
        id: "47415330303030303030303030303032",
        title: "Gas \"cellar\"",
        measure: scene.mbus[1].unwrap(),
        channel: 2,
        clock: Clock::at(1_781_461_116, 7200),
        value: 9_510_905,
        day: Some(1204),
        month: None,
        valve: Some(1),
    };
    frozen_json("native/gas/device.json", &gas.to_string());
}

#[test]
fn home_assistant_discovery() {
    for (name, scene) in scenes() {
        let discovery = Discovery {
            device: Device {
                meter: "garden-house",
                title: "Garden \"house\"",
                equipment: Some(&scene.equipment),
                manufacturer: Some("Sagemcom"),
                model: Some("T210-D"),
                software: "0.1.0",
                url: Some("http://smartyreader.local/"),
            },
            base: native::BASE,
            sent: Sent::of(&scene.values),
            mbus: scene.mbus,
            devices: [None; 4],
            household: false,
            references_w: &[3000, 7000],
            has_reference: true,
            has_costs: true,
            expire_after_s: 120,
            removed: &["heat", "power_import"],
        };
        frozen_json(&format!("home_assistant/{name}/device.json"), &discovery.to_string());
        let single = Lines::of(|mut visit| discovery.single(&mut visit));
        frozen_lines(&format!("home_assistant/{name}/single.txt"), &single);
    }
    assert_eq!((PREFIX, BIRTH_TOPIC, BIRTH), ("homeassistant", "status", "online"));
    assert_eq!(MIGRATE, r#"{"migrate_discovery":true}"#);
    assert_eq!(DeviceTopic("garden-house").to_string(), "device/smartyreader_garden-house/config");
    let topic = ComponentTopic { meter: "home", key: "power_net" };
    assert_eq!(topic.to_string(), "sensor/smartyreader_home/power_net/config");
}
