//! What this program publishes, a collector reads: every form, from the files that freeze them.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod boards;

use std::path::{Path, PathBuf};

use boards::House;
use smarty_p1::{Quantity, Reading, Telegram, Unit, Values};
use smarty_store::{Clock, Proof};

const SCENES: [&str; 3] = ["luxembourg_2018", "solar", "gas"];

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../payload/tests/golden")
}

fn read(name: &str) -> String {
    let path = golden().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The telegram that the published files were made from: its values, its time and its meter.
fn truth(scene: &str) -> (Values, i64, String) {
    let text = std::fs::read(golden().join(format!("{scene}.telegram"))).unwrap();
    let telegram = Telegram::parse(&text).unwrap();
    let reading = Reading::of(&telegram);
    let mut buffer = [0; 64];
    let name = smarty_p1::hex_text(reading.identity().unwrap(), &mut buffer).unwrap().to_string();
    (reading.values, reading.time.unwrap().utc(3600).unwrap(), name)
}

/// Messages of a file, one a line: topic, space, payload. Or the file is one message.
fn messages(file: &str, topic: &str) -> Vec<(String, String)> {
    let text = read(file);
    if Path::new(file).extension().is_some_and(|extension| extension == "json") {
        return vec![(topic.to_string(), text)];
    }
    text.lines()
        .map(|line| {
            let (level, payload) = line.split_once(' ').unwrap();
            (format!("{topic}/{level}"), payload.to_string())
        })
        .collect()
}

/// The only reading that comes of messages.
fn heard(messages: &[(String, String)], time: i64) -> House {
    let mut house = House::new("[meter.home]\n");
    house.now = time + 2;
    for (topic, payload) in messages {
        house.hear(topic, payload);
    }
    house.pass(5);
    house
}

/// The value as a form with so many decimals of the telegram's unit shows it, half up.
fn rounded(quantity: Quantity, value: i64, decimals: u32) -> i64 {
    let step = match quantity.unit() {
        Unit::One | Unit::UtcSecond => 1,
        _ => 10_i64.pow(3 - decimals),
    };
    (value + step / 2).div_euclid(step) * step
}

/// Where a published quantity stands in the telegram: the boards know one gas meter, and it is not always channel 1.
fn original(truth: &Values, quantity: Quantity) -> Option<i64> {
    use Quantity as Q;
    let gas = [Q::Mbus1DeviceType, Q::Mbus2DeviceType].into_iter().position(|kind| truth.get(kind) == Some(3));
    let second = gas == Some(1);
    truth.get(match quantity {
        Q::Mbus1Register if second => Q::Mbus2Register,
        Q::Mbus1DeviceType if second => Q::Mbus2DeviceType,
        Q::Mbus1Valve if second => Q::Mbus2Valve,
        _ => quantity,
    })
}

#[test]
fn the_forms_of_the_original() {
    for scene in SCENES {
        let (values, time, equipment) = truth(scene);
        for (file, decimals, fewest) in [
            ("v1_5/S/power_and_energy.json", 2, 2),
            ("v1_5/S/all_fields_json.txt", 2, 15),
            ("v1_5/S/all_fields_text.txt", 3, 15),
            ("v1_5/S/all_fields_bare.txt", 3, 15),
            ("v1_7/S/all.txt", 2, 15),
            ("v1_7/S/cooked.json", 3, 2),
            ("v1_7/S/cooked_by_default.json", 3, 2),
            ("smartyreader5/S.json", 3, 4),
        ] {
            for without in ["", "_without_telegram"] {
                let file = file.replace('S', &format!("{scene}{without}"));
                let house = heard(&messages(&file, "board"), time);
                let reading = &house.only().reading;
                assert_eq!(
                    (reading.time, reading.clock, reading.proof),
                    (time, Clock::Meter, Proof::Published),
                    "{file}"
                );
                let named = if file.starts_with('s') { &equipment[equipment.len() - 3..] } else { &equipment };
                assert_eq!(&*reading.segment, named, "{file}");
                assert!(reading.values.iter().count() >= fewest, "{file}: {:?}", reading.values);
                for (quantity, value) in reading.values.iter() {
                    // v1.5's power is the energy since the last message over the time since then.
                    if file.contains("power_and_energy") && quantity.kind() == smarty_p1::Kind::Instant {
                        continue;
                    }
                    let truth = original(&values, quantity)
                        .unwrap_or_else(|| panic!("{file}: {} came from nowhere", quantity.name()));
                    assert_eq!(value, rounded(quantity, truth, decimals), "{file}: {}", quantity.name());
                }
                for name in
                    ["malformed_fields", "malformed_messages", "out_of_range", "foreign_messages", "unknown_fields"]
                {
                    assert_eq!(house.counter(name), 0, "{file}: {name}");
                }
            }
        }
    }
}

#[test]
fn our_own_form_is_the_whole_reading() {
    for scene in SCENES {
        let (values, time, equipment) = truth(scene);
        let parts = |order: [&str; 2]| -> Vec<(String, String)> {
            order.map(|part| (format!("smartyreader/home/{part}"), read(&format!("native/{scene}/{part}.json")))).into()
        };
        for order in [["live", "registers"], ["registers", "live"]] {
            let house = heard(&parts(order), time);
            let reading = &house.only().reading;
            assert_eq!((reading.time, reading.clock, &*reading.segment), (time, Clock::Meter, &*equipment));
            // The times inside other objects are added to the telegram's own values.
            let mut told = reading.values;
            for quantity in Quantity::ALL.iter().filter(|quantity| quantity.unit() == Unit::UtcSecond) {
                told.remove(*quantity);
            }
            assert_eq!(told, values, "{scene}: nothing is lost and nothing added");
            assert_eq!(house.counter("unknown_fields") + house.counter("malformed_fields"), 0);
        }
    }
}

#[test]
fn what_is_published_beside_the_readings_is_none() {
    let mut others: Vec<(String, String)> = Vec::new();
    for (file, topic) in [
        ("native/quarter_hour.json", "smartyreader/home/quarter-hour"),
        ("native/quarter_hour_unknown.json", "smartyreader/home/quarter-hour"),
        ("native/gap.json", "smartyreader/home/gap"),
        ("native/status.json", "smartyreader/home/status"),
        ("home_assistant/gas/device.json", "homeassistant/device/smartyreader_home/config"),
        ("home_assistant/gas/single.txt", "homeassistant"),
        ("v1_7/discovery_all.txt", "homeassistant"),
        ("v1_7/discovery_cooked.txt", "homeassistant"),
        ("dsmr_reader/gas.json", "dsmr/json"),
        ("dsmr_reader/gas.txt", "dsmr"),
        ("dsmr_reader/quarter_hour.txt", "dsmr"),
    ] {
        others.extend(messages(file, topic));
    }
    others.push(("smartyreader/availability".into(), "online".into()));
    let house = heard(&others, boards::NOW);
    assert!(house.arrivals.is_empty(), "{:?}", house.arrivals);
    assert_eq!(
        house.counter("malformed_messages") + house.counter("malformed_fields") + house.counter("out_of_range"),
        0
    );
}
