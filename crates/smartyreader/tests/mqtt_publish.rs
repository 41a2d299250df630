//! What a subscriber of a real broker gets: our topics, other programs' formats, Home Assistant's discovery.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use common::broker::{Broker, Listener, Security};
use common::{Daemon, Folder, KEY, Process, meter};
use serde_json::Value;

/// A Monday noon, so that a fast meter does not cross midnight.
const NOON: &str = "1795431600";

/// A daemon with a sealed virtual meter, a broker and more settings for the broker.
fn house(folder: &Folder, broker: &Broker, meter_arguments: &[&str], more: &str) -> (Process, Daemon) {
    let key = folder.write("meter.key", KEY);
    let mut arguments = vec!["--key-file", key.to_str().unwrap()];
    arguments.extend(meter_arguments);
    let (process, address) = meter(&arguments);
    let text = format!(
        "[source.cable]\nkind = \"tcp\"\naddress = \"{address}\"\n[meter.home]\ntitle = \"Home\"\nkey-file = \"meter.key\"\n\
         [mqtt.house]\n{}{more}",
        broker.settings()
    );
    (process, Daemon::start(folder, &text))
}

fn truth(path: &std::path::Path) -> Vec<Value> {
    std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn our_own_topics_say_what_the_meter_said() {
    let folder = Folder::new("native");
    let broker = Broker::start(&folder, Security::Plain);
    let listener = broker.listen("smartyreader/#");
    let told = folder.file("truth.jsonl");
    let arguments = ["--speed", "60", "--start", NOON, "--truth", told.to_str().unwrap(), "--delay", "1"];
    let (_meter, mut daemon) = house(&folder, &broker, &arguments, "");
    listener.wait("twenty live values", |heard| {
        heard.iter().filter(|message| message.topic == "smartyreader/home/live").count() >= 20
    });
    listener.wait("a status after the first telegram", |heard| {
        heard.iter().any(|message| message.topic == "smartyreader/home/status" && message.json()["proof"] == "tag")
    });
    let truth = truth(&told);
    for live in listener.on("smartyreader/home/live") {
        assert!(!live.retained);
        let live = live.json();
        let said = truth.iter().find(|said| said["time"] == live["time_unix"]).unwrap();
        for name in ["power_import_w", "power_export_w"] {
            assert_eq!(live[name], said[name], "{name} of {live}");
        }
    }
    assert!(listener.on("smartyreader/home/live").iter().all(|live| live.qos == 0));
    let registers = listener.first("smartyreader/home/registers");
    let said = truth.iter().find(|said| said["time"] == registers.json()["time_unix"]).unwrap();
    assert_eq!(registers.json()["energy_import_wh"], said["energy_import_wh"]);
    assert_eq!(listener.first("smartyreader/home/availability").text(), "online");
    assert_eq!(listener.first("smartyreader/availability").text(), "online");

    // Who comes later gets what is kept, and no old power.
    let late = broker.listen("smartyreader/#");
    late.first("smartyreader/home/registers");
    late.wait("something new", |heard| heard.iter().any(|message| !message.retained));
    let mut kept: Vec<String> =
        late.all().into_iter().filter(|heard| heard.retained).map(|heard| heard.topic).collect();
    kept.sort();
    assert_eq!(
        kept,
        [
            "smartyreader/availability",
            "smartyreader/home/availability",
            "smartyreader/home/registers",
            "smartyreader/home/status"
        ]
    );

    // A goodbye says so; a kill is said by the broker.
    daemon.process.terminate();
    listener.wait("offline", |heard| heard.last().is_some_and(|message| message.text() == "offline"));
    let last: Vec<String> = listener.all().iter().rev().take(2).map(|heard| heard.topic.clone()).collect();
    assert_eq!(last, ["smartyreader/availability", "smartyreader/home/availability"]);
    let mut daemon = Daemon::start_with(daemon.config.clone(), daemon.address.clone());
    listener.wait("online again", |heard| heard.iter().filter(|message| message.text() == "online").count() >= 4);
    daemon.process.kill();
    listener.wait("the will", |heard| {
        heard.last().is_some_and(|message| message.topic == "smartyreader/availability" && message.text() == "offline")
    });
}

#[test]
fn quality_retention_and_interval_by_kind() {
    let folder = Folder::new("kinds");
    let broker = Broker::start(&folder, Security::Plain);
    let listener = broker.listen("#");
    let more = "topic = \"energy/p1\"\n[mqtt.house.live]\nevery = \"30s\"\nqos = 2\n[mqtt.house.registers]\nqos = 0\nretain = false\n\
                [mqtt.house.status]\nenabled = false\n[mqtt.house.home-assistant]\nenabled = false\n";
    let (_meter, _daemon) = house(&folder, &broker, &["--speed", "60", "--start", NOON], more);
    listener.wait("five live values", |heard| {
        heard.iter().filter(|message| message.topic == "energy/p1/home/live").count() >= 5
    });
    let lives = listener.on("energy/p1/home/live");
    assert!(lives.iter().all(|live| live.qos == 2));
    for pair in lives.windows(2) {
        let [one, two] = [&pair[0], &pair[1]].map(|live| live.json()["time_unix"].as_i64().unwrap());
        assert_eq!(two - one, 30);
    }
    assert_eq!(listener.first("energy/p1/home/registers").qos, 0);
    let topics = listener.topics();
    assert!(!topics.iter().any(|topic| topic.contains("status") || topic.starts_with("homeassistant")), "{topics:?}");
    let late = broker.listen("energy/#");
    late.wait("something", |heard| heard.len() > 2);
    assert!(!late.on("energy/p1/home/registers").iter().any(|heard| heard.retained));
}

#[test]
fn every_other_format_on_its_topics() {
    let folder = Folder::new("formats");
    let broker = Broker::start(&folder, Security::Plain);
    let listener = broker.listen("#");
    let more = "publish-native = false\n\
        [[mqtt.house.format]]\nname = \"smartyreader-1.5\"\n\
        [[mqtt.house.format]]\nname = \"smartyreader-1.5-json\"\ntopic = \"json\"\n\
        [[mqtt.house.format]]\nname = \"smartyreader-1.5-text\"\ntopic = \"text\"\n\
        [[mqtt.house.format]]\nname = \"smartyreader-1.7\"\ntopic = \"values\"\nwithout = [\"volt_*\"]\n\
        birth-topic = \"mywill/lastwill/onlinestatus\"\n\
        [[mqtt.house.format]]\nname = \"smartyreader-1.7-cooked\"\ntopic = \"cooked\"\ndiscovery = true\n\
        [[mqtt.house.format]]\nname = \"smartyreader-5\"\ntopic = \"basement/smarty1\"\n\
        [[mqtt.house.format]]\nname = \"dsmr-reader\"\n";
    let told = folder.file("truth.jsonl");
    let arguments = ["--speed", "60", "--start", NOON, "--truth", told.to_str().unwrap()];
    let (_meter, mut daemon) = house(&folder, &broker, &arguments, more);
    listener.wait("two messages of SmartyReader⁵", |heard| {
        heard.iter().filter(|message| message.topic == "basement/smarty1").count() >= 2
    });
    let truth = truth(&told);
    // The telegram of which a message in local time speaks.
    let said = |seconds: i64| truth.iter().find(|said| said["time"] == seconds).unwrap().clone();

    let energy = listener.first("lamsmarty").json();
    let time: jiff::civil::DateTime = energy["timestamp"].as_str().unwrap().parse().unwrap();
    let time = time.in_tz("Europe/Luxembourg").unwrap().timestamp().as_second();
    let import = said(time)["energy_import_wh"].as_i64().unwrap();
    let hundredths = (import + 5) / 10;
    let shown = format!("\"energy_consumption [kWh]\":{}.{:02},", hundredths / 100, hundredths % 100);
    let text = listener.first("lamsmarty").text();
    assert!(text.contains(&shown), "{text}, and {import} Wh in truth");

    let five = listener.on("basement/smarty1");
    let dt = five[0].json()["dt"].as_str().unwrap().to_string();
    assert!(dt.ends_with('W') && dt.len() == 13, "{dt}");
    let c1 = five[0].json()["c1"].as_str().unwrap().to_string();
    assert!(c1.ends_with("*kWh") && c1.len() == "000006.695*kWh".len(), "{c1}");
    assert_eq!(five[0].json().as_object().unwrap().len(), 6);

    let power = listener.first("text/act_pwr_imported_p_plus").text();
    assert!(power.starts_with("act_pwr_imported_p_plus = ") && power.ends_with(" kW"), "{power}");
    let power = listener.first("json/act_pwr_imported_p_plus").json();
    assert_eq!(power["act_pwr_imported_p_plus_unit"], "kW");
    assert!(listener.first("values/act_energy_imported_p_plus_kWh").text().contains('.'));
    let topics = listener.topics();
    assert!(!topics.iter().any(|topic| topic.starts_with("values/volt_")), "switched off: {topics:?}");
    assert!(
        topics.contains(&"values/curr_l1_A".to_string())
            && topics.contains(&"values/power_excess_solar_calc_W".to_string())
    );
    let cooked = listener.first("cooked").json();
    assert!(cooked["smarty_id"].is_string() && cooked["power_consumption_calc_W"].is_number(), "{cooked}");
    assert!(topics.iter().any(|topic| topic.starts_with("homeassistant/sensor/") && topic.ends_with("/config")));
    assert!(listener.first("dsmr/reading/electricity_currently_delivered").text().contains('.'));
    let raw = listener.first("dsmr/raw").payload;
    assert!(raw.starts_with(b"/") && raw.ends_with(b"\r\n"), "a whole telegram");
    assert!(!topics.iter().any(|topic| topic.starts_with("smartyreader")), "{topics:?}");

    assert_eq!(listener.first("mywill/lastwill/onlinestatus").text(), "1");
    daemon.process.kill();
    listener.wait("the will", |heard| {
        heard.iter().any(|message| message.topic == "mywill/lastwill/onlinestatus" && message.text() == "0")
    });
    let late = broker.listen("#");
    late.first("dsmr/reading/timestamp");
    assert!(late.on("lamsmarty").is_empty() && late.on("mywill/lastwill/onlinestatus").is_empty(), "not retained");
}

const DEVICE: &str = "homeassistant/device/smartyreader_home/config";

fn components(listener: &Listener) -> Vec<Vec<String>> {
    let keys =
        |config: Value| config["cmps"].as_object().map(|cmps| cmps.keys().cloned().collect()).unwrap_or_default();
    listener.on(DEVICE).iter().map(|heard| keys(heard.json())).collect()
}

#[test]
fn home_assistant_gets_one_device_and_loses_what_is_gone() {
    let folder = Folder::new("discovery");
    let broker = Broker::start(&folder, Security::Plain);
    // An earlier version announced something that this meter does not have, and single components before that.
    let old = r#"{"dev":{"ids":["smartyreader_home"]},"o":{"name":"SmartyReader"},"cmps":{"tea_kettle":{"p":"sensor","uniq_id":"x"}}}"#;
    broker.publish(DEVICE, old.as_bytes(), true);
    broker.publish("homeassistant/sensor/smartyreader_home/power_net/config", b"{\"uniq_id\":\"y\"}", true);
    let listener = broker.listen("homeassistant/#");
    let (_meter, daemon) = house(&folder, &broker, &["--speed", "20", "--start", NOON], "");
    listener.wait("the device", |heard| heard.iter().filter(|message| message.topic == DEVICE).count() >= 3);

    let announced = components(&listener);
    assert_eq!(announced[0], ["tea_kettle"], "what the broker kept");
    assert!(announced[1].contains(&"tea_kettle".to_string()) && announced[1].len() > 10);
    let removed = listener.on(DEVICE)[1].json()["cmps"]["tea_kettle"].clone();
    assert_eq!(removed, serde_json::json!({"p": "sensor"}), "only its platform: Home Assistant removes it");
    assert!(!announced[2].contains(&"tea_kettle".to_string()) && announced[2].contains(&"power_net".to_string()));
    let config = listener.on(DEVICE)[2].json();
    assert!(config["o"]["name"].is_string() && config["avty_mode"] == "all", "{config}");
    assert_eq!(config["cmps"]["energy_import"]["stat_cla"], "total_increasing");
    assert!(config["cmps"]["power_net"]["exp_aft"].as_i64() >= Some(60));
    assert!(!announced[2].iter().any(|key| key.contains("gas")), "this meter has no gas: {:?}", announced[2]);
    // The single component is handed over and then taken away.
    listener.wait("taken over", |heard| {
        let single = heard.iter().filter(|message| message.topic.contains("/sensor/smartyreader_home/power_net/"));
        let payloads: Vec<String> = single.map(common::broker::Heard::text).collect();
        payloads.len() >= 3 && payloads[1].contains("migrate_discovery") && payloads[2].is_empty()
    });

    // Home Assistant starts anew.
    let before = listener.on(DEVICE).len();
    broker.publish("homeassistant/status", b"online", false);
    listener.wait("announced again", |heard| heard.iter().filter(|message| message.topic == DEVICE).count() > before);
    assert_eq!(listener.on(DEVICE).last().unwrap().json()["cmps"], config["cmps"]);

    // The other form, by setting.
    drop(daemon);
    let (_meter, _daemon) = house(
        &folder,
        &broker,
        &["--speed", "20", "--start", NOON],
        "[mqtt.house.home-assistant]\nform = \"components\"\n",
    );
    let topic = "homeassistant/sensor/smartyreader_home/energy_import/config";
    let single = listener.first(topic).json();
    assert_eq!(single["uniq_id"], config["cmps"]["energy_import"]["uniq_id"], "the same entity");
    assert!(single["dev"]["ids"].is_array() && single["val_tpl"].is_string());
    listener.wait("the device is taken away", |heard| {
        heard.iter().rev().find(|message| message.topic == DEVICE).is_some_and(|message| message.payload.is_empty())
    });
}

#[test]
fn mosquittos_own_client_prints_what_the_readme_promises() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    let mut lines = readme.lines().skip_while(|line| !line.starts_with("    $ mosquitto_sub"));
    let command = lines.next().unwrap().trim_start_matches("    $ ");
    let promised: Vec<&str> = lines.take_while(|line| line.starts_with("    smartyreader/")).map(str::trim).collect();
    assert!(promised.len() >= 3, "{promised:?}");

    let folder = Folder::new("readme");
    let broker = Broker::start(&folder, Security::Plain);
    let words: Vec<&str> = command.split_whitespace().map(|word| word.trim_matches('\'')).collect();
    let mut client = std::process::Command::new(words[0]);
    client.args(["-h", "127.0.0.1", "-p", &broker.port.to_string(), "-W", "20"]).args(&words[1..]);
    let client = client.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let (_meter, _daemon) = house(&folder, &broker, &["--speed", "300", "--start", NOON], "");
    let printed = String::from_utf8(client.wait_with_output().unwrap().stdout).unwrap();
    for promise in promised {
        let (topic, body) = promise.split_once(' ').unwrap();
        let names: Vec<&str> =
            body.split('"').skip(1).step_by(2).filter(|name| body.contains(&format!("\"{name}\":"))).collect();
        let kept = |line: &&str| {
            line.split_once(' ').is_some_and(|(on, _)| on == topic)
                && names.iter().all(|name| line.contains(&format!("\"{name}\":")))
        };
        assert!(printed.lines().any(|line| kept(&line)), "{promise}\n{printed}");
    }
}

#[test]
fn one_broker_away_costs_the_other_nothing() {
    let (here, there) = (Folder::new("two-here"), Folder::new("two-there"));
    let broker = Broker::start(&here, Security::Plain);
    let mut other = Broker::start(&there, Security::Plain);
    let more = format!(
        "meters = [\"home\"]\n[mqtt.away]\nversion = \"5\"\ntopic = \"other\"\n{}[mqtt.away.home-assistant]\nenabled = false\n",
        other.settings()
    );
    let (listener, others) = (broker.listen("#"), other.listen("#"));
    let (_meter, daemon) = house(&here, &broker, &["--speed", "60", "--start", NOON], &more);
    listener.first("smartyreader/home/live");
    others.first("other/home/live");
    other.stop();
    daemon.wait("said", |daemon| daemon.problems().contains(&"broker-away".to_string()));
    let before = listener.on("smartyreader/home/live").len();
    listener.wait("live goes on", |heard| {
        heard.iter().filter(|message| message.topic == "smartyreader/home/live").count() > before + 20
    });
    let sinks = daemon.health()["sinks"].clone();
    let state = |name: &str| {
        sinks.as_array().unwrap().iter().find(|sink| sink["name"] == name).unwrap()["state"]
            .as_str()
            .unwrap()
            .to_string()
    };
    assert_eq!((state("house"), state("away")), ("connected".into(), "away".into()));
    assert!(!listener.topics().iter().any(|topic| topic.starts_with("other")), "{:?}", listener.topics());
}
