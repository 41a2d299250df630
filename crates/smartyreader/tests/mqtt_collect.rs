//! The collector with a real broker: what boards and other programs publish is read, stored and shown.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::process::Command;

use common::broker::{Broker, Security};
use common::{Daemon, Folder, KEY, finish, meter, python, smartyreader};
use serde_json::Value;

/// A Monday noon.
const NOON: i64 = 1_795_431_600;

fn stored(daemon: &Daemon, meter: &str) -> Option<Value> {
    let (status, last) = daemon.get(&format!("/api/v1/meters/{meter}/last"));
    (status == 200).then_some(last)
}

#[test]
fn a_second_reader_reads_every_format_that_the_first_publishes() {
    let folder = Folder::new("chain");
    let broker = Broker::start(&folder, Security::Plain);
    let told = folder.file("truth.jsonl");
    let noon = NOON.to_string();
    let arguments = ["--speed", "12", "--start", &noon, "--truth", told.to_str().unwrap()];
    let (_meter, address) = meter(&arguments);
    let formats = [
        ("smartyreader-1.5", "power"),
        ("smartyreader-1.5-json", "json"),
        ("smartyreader-1.5-text", "text"),
        ("smartyreader-1.7", "values"),
        ("smartyreader-1.7-cooked", "cooked"),
        ("smartyreader-5", "five"),
    ];
    let mut publisher = format!(
        "[source.cable]\nkind = \"tcp\"\naddress = \"{address}\"\n[meter.home]\n[mqtt.house]\n{}",
        broker.settings()
    );
    let mut collector = format!(
        "[mqtt.house]\n{}publish-native = false\n[source.boards]\nkind = \"mqtt\"\nbroker = \"house\"\ntopics = [\"#\"]\n",
        broker.settings()
    );
    for (name, topic) in formats {
        let format = format!("[[mqtt.house.format]]\nname = \"{name}\"\ntopic = \"board/{topic}\"\nevery = \"20s\"\n");
        publisher.push_str(&format);
        let meter = format!("[meter.{topic}]\ntopic = \"board/{topic}\"\n");
        collector.push_str(&meter);
    }
    collector += "[meter.native]\ntopic = \"smartyreader/home\"\n";
    let collected = Folder::new("chain-collector");
    let collector = Daemon::start(&collected, &collector);
    collector.wait("listening", |daemon| daemon.health()["sources"][0]["state"] == "reading");
    let publisher = Daemon::start(&folder, &publisher);
    let meters = ["power", "json", "text", "values", "cooked", "five", "native"];
    collector.wait("every meter has three readings", |daemon| {
        let health = daemon.health();
        let count = |meter: &Value| meter["telegrams"].as_u64() >= Some(3);
        health["meters"].as_array().unwrap().iter().all(count)
    });
    let truth: Vec<Value> =
        std::fs::read_to_string(&told).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for meter in meters {
        let last = stored(&collector, meter).unwrap();
        assert_eq!(last["proof"], "published", "{meter}: {last}");
        let time = last["time"].as_i64().unwrap();
        let said = truth.iter().find(|said| said["time"] == time).unwrap_or_else(|| panic!("{meter}: {last}"));
        // Two decimals of a kWh are all that some formats carry.
        let resolution = if matches!(meter, "power" | "json" | "values" | "cooked") { 10 } else { 1 };
        for name in ["energy_import_wh", "energy_export_wh"] {
            let [got, there] = [&last["values"][name], &said[name]].map(|value| value.as_i64().unwrap());
            assert!((got - there).abs() * 2 <= resolution, "{meter} {name}: {got}, {there} in truth");
        }
    }
    // Seven formats at once, hundreds of messages: each found room.
    assert_eq!(publisher.health()["sinks"][0]["counters"]["skipped"].as_u64().unwrap_or(0), 0);
    // No reading of another's topics went astray, and nothing was malformed.
    let counters = collector.health()["sources"][0]["counters"].clone();
    for name in ["malformed_messages", "malformed_fields", "out_of_range", "unknown_meter"] {
        assert_eq!(counters[name].as_u64().unwrap_or(0), 0, "{name}: {counters}");
    }
    assert!(!collector.problems().iter().any(|code| code != "clock-off"), "{:?}", collector.problems());
}

#[test]
fn a_board_that_only_forwards_is_opened_here() {
    let folder = Folder::new("forward");
    let broker = Broker::start(&folder, Security::Plain);
    let key = folder.write("meter.key", KEY);
    let text = format!(
        "[mqtt.house]\n{}publish-native = false\n[source.boards]\nkind = \"mqtt\"\nbroker = \"house\"\ntopics = [\"meters/+/frame\"]\n\
         [meter.binary]\ntopic = \"meters/1/frame\"\nkey-file = \"meter.key\"\n[meter.hex]\ntopic = \"meters/2/frame\"\nkey-file = \"meter.key\"\n\
         [meter.plain]\ntopic = \"meters/3/frame\"\n",
        broker.settings()
    );
    let daemon = Daemon::start(&folder, &text);
    daemon.wait("listening", |daemon| daemon.health()["sources"][0]["state"] == "reading");
    for number in 1..=3i64 {
        let frame = folder.file(&format!("frame-{number}"));
        let (start, counter) = ((NOON + 10 * number).to_string(), number.to_string());
        let make = |seed: &str, sealed: bool| {
            let mut command = smartyreader();
            command.args(["meter", "--count", "1", "--speed", "1000", "--seed", seed, "--start", &start]);
            command.args(["--counter", &counter, "--to"]).arg(&frame);
            if sealed {
                command.arg("--key-file").arg(&key);
            }
            let (code, _, error) = finish(&mut command);
            assert_eq!(code, 0, "{error}");
            std::fs::read(&frame).unwrap()
        };
        broker.publish("meters/1/frame", &make("1", true), false);
        let hex: Vec<u8> = make("2", true)
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .map(|digit| b"0123456789ABCDEF"[usize::from(digit)])
            .collect();
        broker.publish("meters/2/frame", &hex, false);
        broker.publish("meters/3/frame", &make("3", false), false);
    }
    for (meter, proof) in [("binary", "tag"), ("hex", "tag"), ("plain", "plain")] {
        daemon.wait(meter, |daemon| stored(daemon, meter).is_some_and(|last| last["time"] == NOON + 30));
        assert_eq!(stored(&daemon, meter).unwrap()["proof"], proof);
    }
}

#[test]
fn a_broker_can_deliver_what_it_likes() {
    let folder = Folder::new("malformed");
    let mut broker = Broker::start(&folder, Security::Plain);
    let text = format!(
        "[mqtt.house]\n{}publish-native = false\n[source.boards]\nkind = \"mqtt\"\nbroker = \"house\"\ntopics = [\"basement/#\"]\n\
         [meter.home]\ntopic = \"basement/smarty1\"\n",
        broker.settings()
    );
    // What the broker kept from yesterday is not of now.
    let five = |dt: &str, c1: &str| {
        format!(
            r#"{{"dt":"{dt}","id":"430","c1":"{c1}*kWh","p1":"000000.025*kWh","c2":"000000.003*kvarh","p2":"000000.080*kvarh"}}"#
        )
    };
    broker.publish("basement/smarty1", five("261122120000W", "000001.000").as_bytes(), true);
    let daemon = Daemon::start(&folder, &text);
    daemon.wait("listening", |daemon| daemon.health()["sources"][0]["state"] == "reading");
    daemon.wait("the old one", |daemon| {
        daemon.health()["sources"][0]["counters"]["retained_skipped"].as_u64() == Some(1)
    });
    for payload in [&br#"{"dt":"connected"}"#[..], br#"{"dt":"error"}"#, br#"{"smartmeters_P1":"connected"}"#] {
        broker.publish("basement/smarty1", payload, false);
    }
    broker.publish("basement/smarty1", five("261123120000W", "000006.695").replace("c1", "c1\":").as_bytes(), false);
    broker.publish("basement/smarty1", b"\xff\xfe\x00 no text at all", false);
    daemon.wait("said", |daemon| daemon.problems().contains(&"malformed-message".to_string()));
    let health = daemon.health();
    let problem = health["problems"].as_array().unwrap().iter().find(|one| one["code"] == "malformed-message").unwrap();
    assert!(problem["sentence"].as_str().unwrap().contains("basement/smarty1"), "{problem}");
    assert!(stored(&daemon, "home").is_none());
    // One field that cannot be read costs the others nothing, and is no number.
    broker.publish("basement/smarty1", five("261123120100W", "6.69x").as_bytes(), false);
    daemon.wait("the rest", |daemon| stored(daemon, "home").is_some());
    let values = stored(&daemon, "home").unwrap()["values"].clone();
    assert_eq!((&values["energy_import_wh"], &values["energy_export_wh"]), (&Value::Null, &Value::from(25)));

    broker.publish("basement/smarty1", five("261123120200W", "000006.695").as_bytes(), false);
    daemon.wait("read", |daemon| stored(daemon, "home").unwrap()["values"]["energy_import_wh"] == 6695);
    assert!(!daemon.problems().contains(&"malformed-message".to_string()), "over with the next good one");

    // The broker goes and comes back; the topics are asked for again.
    broker.stop();
    daemon.wait("said", |daemon| daemon.problems().contains(&"unreachable".to_string()));
    broker.go();
    daemon.wait("back", |daemon| daemon.health()["sources"][0]["state"] == "reading");
    broker.publish("basement/smarty1", five("261123120300W", "000006.700").as_bytes(), false);
    daemon.wait("read on", |daemon| stored(daemon, "home").unwrap()["values"]["energy_import_wh"] == 6700);
}

#[test]
fn what_boards_publish_while_we_are_away_is_kept_by_the_broker() {
    let folder = Folder::new("session");
    let broker = Broker::start(&folder, Security::Plain);
    let text = format!(
        "[mqtt.house]\n{}publish-native = false\nclient-id = \"collector\"\n[source.boards]\nkind = \"mqtt\"\nbroker = \"house\"\ntopics = [\"five\"]\n[meter.home]\n",
        broker.settings()
    );
    let mut daemon = Daemon::start(&folder, &text);
    daemon.wait("listening", |daemon| daemon.health()["sources"][0]["state"] == "reading");
    // Listening takes a moment to reach the broker: what is sent now must arrive.
    let send = |minute: i64| {
        let message =
            format!(r#"{{"dt":"261123120{minute}00W","id":"430","c1":"00000{minute}.000*kWh","p1":"000000.000*kWh"}}"#);
        broker.publish("five", message.as_bytes(), false);
    };
    send(1);
    daemon.wait("read", |daemon| stored(daemon, "home").is_some());
    daemon.process.terminate();
    for minute in 2..=5 {
        send(minute);
    }
    let daemon = Daemon::start_with(daemon.config.clone(), daemon.address.clone());
    daemon.wait("all five", |daemon| daemon.health()["store"]["readings"].as_u64() == Some(5));
}

#[test]
fn a_python_subscriber_of_the_original_works_unchanged() {
    let Some(python) = python() else { return };
    let folder = Folder::new("paho");
    let broker = Broker::start(&folder, Security::Plain);
    let told = folder.file("truth.jsonl");
    let (_meter, address) = meter(&["--speed", "60", "--start", &NOON.to_string(), "--truth", told.to_str().unwrap()]);
    let text = format!(
        "[source.cable]\nkind = \"tcp\"\naddress = \"{address}\"\n[meter.home]\n[mqtt.house]\n{}[[mqtt.house.format]]\n\
         name = \"smartyreader-5\"\ntopic = \"basement/smarty1\"\n",
        broker.settings()
    );
    let _daemon = Daemon::start(&folder, &text);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/energy_by_mqtt.py");
    let (code, out, error) =
        finish(Command::new(python).args([script, "127.0.0.1", &broker.port.to_string(), "basement/smarty1", "4"]));
    assert_eq!(code, 0, "{error}");
    let truth: Vec<Value> =
        std::fs::read_to_string(&told).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4, "{out}{error}");
    for line in &lines {
        let imported = line["import"].as_str().unwrap();
        assert_eq!(imported.len(), "000006.695".len(), "as sent, with its leading zeros");
        let wh: i64 = imported.replace('.', "").parse().unwrap();
        assert!(truth.iter().any(|said| said["energy_import_wh"] == wh), "{line}");
    }
    assert!(lines[1]["power"].is_number() && lines[0]["power"].is_null(), "{out}");
}
