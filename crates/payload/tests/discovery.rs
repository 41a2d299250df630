//! The announcements and the messages they speak of hang together, for every make of meter.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Lines, Scene, calculated};
use serde_json::{Map, Value};
use smarty_ledger::Calculated;
use smarty_meter::{MeterConfig, Profile, VirtualMeter};
use smarty_p1::{Kind, Quantity};
use smarty_payload::home_assistant::{ComponentTopic, Device, Discovery, Sent};
use smarty_payload::{MbusChannel, MbusUnit, Moment, native, v1_7};

const METER: &str = "home-2";
const REFERENCES_W: [u32; 3] = [3000, 7000, 12_000];

/// What the devices on the channels are called.
const IDS: [&str; 4] = ["4730303339303031", "4845415430303031", "4730303339303032", "mbus4"];

fn device() -> Device<'static> {
    Device {
        meter: METER,
        title: "Home",
        equipment: None,
        manufacturer: None,
        model: None,
        software: "0.1.0",
        url: None,
    }
}

fn discovery(scene: &Scene) -> Discovery<'_> {
    Discovery {
        device: device(),
        base: native::BASE,
        sent: Sent::of(&scene.values),
        mbus: scene.mbus,
        devices: std::array::from_fn(|channel| scene.mbus[channel].map(|_| IDS[channel])),
        household: true,
        references_w: &REFERENCES_W,
        has_reference: true,
        has_costs: true,
        expire_after_s: 120,
        removed: &[],
    }
}

/// Each make of meter, and one with heat, a second gas meter and everything else there is.
fn scenes() -> Vec<(String, Scene)> {
    let mut scenes: Vec<_> = Profile::ALL
        .iter()
        .map(|&profile| {
            let text = VirtualMeter::new(MeterConfig { seed: 7, ..MeterConfig::new(profile) }).next_telegram().text;
            (format!("{profile:?}"), Scene::of(text))
        })
        .collect();
    let (_, mut full) = scenes.pop().unwrap();
    for &quantity in Quantity::ALL {
        full.values.set(quantity, 3);
    }
    let gas = MbusChannel { medium: smarty_p1::Medium::Gas, unit: MbusUnit::CubicMetre };
    let heat = |unit| MbusChannel { medium: smarty_p1::Medium::Heat, unit };
    full.mbus = [Some(gas), Some(heat(MbusUnit::Gigajoule)), Some(gas), Some(heat(MbusUnit::KilowattHour))];
    full.calculated = Calculated { gas_dm3: Some(3), day_gas_dm3: Some(1), ..calculated(&full.values) };
    scenes.push(("everything".into(), full));
    scenes
}

fn object(json: &str) -> Map<String, Value> {
    serde_json::from_str(json).unwrap()
}

/// What each topic carries.
fn messages(moment: &Moment<'_>) -> BTreeMap<String, Map<String, Value>> {
    let devices = (0..4).filter_map(|channel| {
        let measure = moment.mbus[channel]?;
        let body = native::Device {
            id: IDS[channel],
            title: "Gas",
            measure,
            channel: channel as u8 + 1,
            clock: moment.clock,
            value: 3,
            day: Some(1),
            month: Some(2),
            valve: Some(1),
        };
        Some((native::Topic::Device(METER, IDS[channel]), body.to_string()))
    });
    let status =
        native::Status { last: Some(moment.clock), proof: Some("tag"), age_s: Some(1), sentence: "", counters: &[] };
    let house = smarty_ledger::SelfConsumption::of(100, 600, 1000);
    let moment = &Moment { household: Some(house), ..*moment };
    let shares = native::SelfConsumption { clock: moment.clock, spans: [Some((house, true)); 3] };
    [
        (native::Topic::Live(METER), native::Live(moment).to_string()),
        (native::Topic::SelfConsumption(METER), shares.to_string()),
        (native::Topic::Registers(METER), native::Registers(moment).to_string()),
        (native::Topic::Costs(METER), common::costs(&[]).to_string()),
        (native::Topic::Status(METER), status.to_string()),
    ]
    .into_iter()
    .chain(devices)
    .map(|(topic, message)| (format!("{}/{topic}", native::BASE), object(&message)))
    .collect()
}

/// The names that a template reads.
fn names(template: &str) -> BTreeSet<&str> {
    template
        .split("value_json.")
        .skip(1)
        .map(|rest| rest.split(|char: char| !char.is_ascii_alphanumeric() && char != '_').next().unwrap())
        .collect()
}

#[test]
fn every_entity_reads_a_value_that_is_there() {
    for (name, scene) in scenes() {
        let moment = scene.moment(None);
        let messages = messages(&moment);
        let device = object(&discovery(&scene).to_string());
        let mut ids = BTreeSet::new();
        for (key, component) in device["cmps"].as_object().unwrap() {
            let valve = key.ends_with("_valve_open");
            assert_eq!(component["p"], if valve { "binary_sensor" } else { "sensor" }, "{name} {key}");
            assert_eq!(component["uniq_id"], format!("smartyreader_{METER}_{key}"));
            assert!(ids.insert(component["uniq_id"].to_string()), "{name} {key} twice");
            let topic = component.get("stat_t").unwrap_or(&device["stat_t"]).as_str().unwrap();
            let template = component["val_tpl"].as_str().unwrap();
            let reads = names(template);
            assert_eq!(reads.len(), 1, "{template}");
            for read in reads {
                assert!(messages[topic].contains_key(read), "{name}: {key} reads {read}, which {topic} does not have");
            }
            // Home Assistant refuses money that only grows, and a last reset of what is not a total.
            assert_eq!(
                component.get("dev_cla").is_some_and(|class| class == "monetary"),
                component["stat_cla"] == "total"
            );
            assert_eq!(component["stat_cla"] == "total", component.get("lrst_val_tpl").is_some(), "{name} {key}");
            if let Some(since) = component.get("lrst_val_tpl") {
                let read = names(since.as_str().unwrap());
                assert!(read.iter().all(|read| messages[topic][*read].is_string()), "{since}");
            }
            let live = topic.ends_with("/live");
            assert_eq!(component.get("exp_aft").is_some(), live, "{name} {key}");
            // Home Assistant refuses a class without its unit, and a sum that is measured.
            let units = |class: &Value| !["timestamp", "power_factor", "opening"].contains(&class.as_str().unwrap());
            if component.get("dev_cla").is_some_and(units) {
                assert!(component.get("unit_of_meas").is_some(), "{name} {key}");
            }
            if component.get("dev_cla").is_some_and(|class| class == "energy" || class == "gas" || class == "water") {
                assert_eq!(component["stat_cla"], "total_increasing", "{name} {key}");
            }
        }
    }
}

/// `serde_json` would hide a key that is there twice.
#[test]
fn no_key_is_there_twice() {
    for (name, scene) in scenes() {
        let mut keys = Vec::new();
        discovery(&scene).components(&mut |key| keys.push(key.to_string()));
        let unique: BTreeSet<_> = keys.iter().collect();
        assert_eq!(unique.len(), keys.len(), "{name}: {keys:?}");
        let moment = scene.moment(None);
        for message in [native::Live(&moment).to_string(), native::Registers(&moment).to_string()] {
            assert_eq!(message.matches("\":").count(), object(&message).len(), "{name}: {message}");
        }
    }
}

#[test]
fn whatever_the_meter_sends_is_an_entity_unless_it_is_of_the_m_bus() {
    for (name, scene) in scenes() {
        let discovery = discovery(&scene);
        let single = Lines::of(|mut visit| discovery.single(&mut visit));
        for (quantity, _) in scene.values.iter().filter(|(quantity, _)| !quantity.name().starts_with("mbus")) {
            let reads = format!("value_json.{}", quantity.name());
            let of_live = if quantity.kind() == Kind::Instant { "live\"" } else { "registers\"" };
            assert!(
                single.0.iter().any(|(_, payload)| payload.contains(&reads) && payload.contains(of_live)),
                "{name}: nothing shows {}",
                quantity.name()
            );
        }
    }
}

#[test]
fn the_two_forms_announce_the_same() {
    for (_, scene) in scenes() {
        let discovery = discovery(&scene);
        let device = object(&discovery.to_string());
        let components = device["cmps"].as_object().unwrap();
        let single = Lines::of(|mut visit| discovery.single(&mut visit));
        assert_eq!(single.0.len(), components.len());
        for (topic, payload) in &single.0 {
            let mut alone = object(payload);
            let key = topic.split('/').nth(2).unwrap();
            assert_eq!(*topic, ComponentTopic { meter: METER, key }.to_string());
            let mut together = components[key].as_object().unwrap().clone();
            for shared in ["dev", "o", "avty", "avty_mode"] {
                assert_eq!(alone.remove(shared).as_ref(), Some(&device[shared]));
            }
            together.entry("stat_t").or_insert_with(|| device["stat_t"].clone());
            together.remove("p");
            assert_eq!(alone, together);
        }
    }
}

/// Everything behind the meter has its register, its day and its month, under what it measures.
#[test]
fn devices_are_called_by_what_they_measure() {
    let (_, scene) = scenes().pop().unwrap();
    let device = object(&discovery(&scene).to_string());
    let topic = |key: &str| device["cmps"][key].get("stat_t").unwrap_or(&device["stat_t"]).as_str().unwrap().to_owned();
    for stem in ["gas", "heat", "gas_2", "heat_2"] {
        assert!(topic(stem).ends_with("/registers"), "{stem}");
        assert!(topic(&format!("{stem}_month")).contains("/device/"), "{stem}");
        assert!(topic(&format!("{stem}_valve_open")).contains("/device/"), "{stem}");
    }
    assert!(topic("gas_day").ends_with("/live"));
    assert!(topic("gas_2_day").ends_with("/device/4730303339303032"));
    let month = &device["cmps"]["gas_month"];
    assert_eq!((&month["dev_cla"], &month["unit_of_meas"]), (&"gas".into(), &"m³".into()));
    assert_eq!(device["cmps"]["heat_day"]["unit_of_meas"], "GJ");
    assert_eq!(device["cmps"]["heat_2_day"]["unit_of_meas"], "kWh");
    assert_eq!(device["cmps"]["gas_valve_open"]["default_entity_id"], "binary_sensor.home_2_gas_valve_open");
}

#[test]
fn what_is_no_more_is_removed_and_what_is_there_stays() {
    let (_, scene) = scenes().remove(0);
    let discovery = Discovery { removed: &["old", "power_net", "gas_2_valve_open"], ..discovery(&scene) };
    let device = object(&discovery.to_string());
    assert_eq!(device["cmps"]["old"], serde_json::json!({"p": "sensor"}));
    assert_eq!(device["cmps"]["gas_2_valve_open"], serde_json::json!({"p": "binary_sensor"}));
    assert!(device["cmps"]["power_net"]["uniq_id"].is_string());
}

#[test]
fn version_1_7_announces_what_it_publishes() {
    for (name, scene) in scenes() {
        let moment = scene.moment(None);
        let wanted: &dyn Fn(&str) -> bool = &v1_7::on_by_default;
        let cooked = object(&v1_7::Cooked { moment: &moment, wanted }.to_string());
        let all = Lines::of(|mut visit| v1_7::all(&moment, wanted, &mut visit));
        let topics: BTreeSet<_> = all.0.iter().map(|(topic, _)| format!("lamsmarty/{topic}")).collect();
        for form in [true, false] {
            let discovery = v1_7::Discovery {
                client_id: "Smarty Reader",
                topic: "lamsmarty",
                uid: v1_7::UID,
                host_name: "smartyReader",
                software: "0.1.0",
                cooked: form,
                calculated: &scene.calculated,
                wanted,
            };
            let mut ids = BTreeSet::new();
            let lines = Lines::of(|mut visit| discovery.visit(&mut visit));
            // Whatever is published is announced, and nothing that is switched off.
            let published = |key: &str| lines.0.iter().any(|(topic, _)| topic.contains(&format!("/{key}/")));
            let is_calculated = |key: &&String| key.contains("_calc_") || key.contains("_class_");
            assert!(cooked.keys().filter(is_calculated).all(|key| published(key)), "{name}");
            for (topic, payload) in &lines.0 {
                assert!(topic.starts_with("sensor/Smarty_Reader/") && topic.ends_with("/config"), "{topic}");
                assert!(!topic.contains("_12kW_") && !topic.contains("_15min_"), "{topic}");
                let config = object(payload);
                assert!(ids.insert(config["uniq_id"].to_string()), "{topic}");
                let state = config["state_topic"].as_str().unwrap();
                if form {
                    assert_eq!(state, "lamsmarty");
                } else {
                    let known = topics.contains(state);
                    let key = state.trim_start_matches("lamsmarty/");
                    assert_eq!(known, cooked.contains_key(key), "{name} {state}");
                }
            }
        }
    }
}

/// What sensors measure is read by Home Assistant in the units of its device classes.
#[test]
fn sensors_have_their_classes() {
    let sent: Sent =
        Quantity::ALL.iter().copied().filter(|quantity| quantity.code() >= Quantity::Distance.code()).collect();
    let discovery = Discovery {
        has_costs: false,
        has_reference: false,
        household: false,
        device: Device { title: "Tank", ..device() },
        base: native::BASE,
        sent,
        mbus: [None; 4],
        devices: [None; 4],
        references_w: &REFERENCES_W,
        expire_after_s: 0,
        removed: &[],
    };
    let config = object(&discovery.to_string());
    let of = |key: &str| {
        let entity = &config["cmps"][key];
        ["dev_cla", "unit_of_meas", "stat_cla", "name", "val_tpl"]
            .map(|field| entity[field].as_str().unwrap().to_string())
    };
    for (key, expected) in [
        ("distance", ["distance", "m", "Distance", "distance_mm/1000"]),
        ("level", ["distance", "m", "Level", "level_mm/1000"]),
        ("volume", ["volume_storage", "L", "Volume", "volume_ml/1000"]),
        ("temperature", ["temperature", "°C", "Temperature", "temperature_mc/1000"]),
        ("humidity", ["humidity", "%", "Humidity", "humidity_permille/10"]),
        ("pressure", ["atmospheric_pressure", "hPa", "Pressure", "pressure_pa/100"]),
    ] {
        let [class, unit, state, name, template] = of(key);
        assert_eq!([&*class, &*unit, &*name], [expected[0], expected[1], expected[2]]);
        assert!(state == "measurement" && template.contains(expected[3]), "{state} {template}");
    }
    // Nothing that a sensor cannot have.
    assert_eq!(config["cmps"].as_object().unwrap().len(), sent.iter().count() + 2, "and status and proof: {config:?}");
}
