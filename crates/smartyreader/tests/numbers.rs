//! Numbers that other programs publish over HTTP and MQTT: exact, put together, and what is wrong with them in words.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use common::broker::{Broker, Security};
use common::{Daemon, Folder};
use serde_json::{Value, json};

/// A device that answers every request with these bytes; what it was asked with is kept.
#[derive(Clone)]
struct Device {
    port: u16,
    says: Arc<Mutex<Vec<u8>>>,
    asked: Arc<Mutex<String>>,
}

impl Device {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let device = Self { port, says: Arc::default(), asked: Arc::default() };
        let (says, asked) = (Arc::clone(&device.says), Arc::clone(&device.asked));
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut buffer = [0; 2048];
                let read = stream.read(&mut buffer).unwrap_or(0);
                *asked.lock().unwrap() = String::from_utf8_lossy(&buffer[..read]).into_owned();
                let _ = stream.write_all(&says.lock().unwrap().clone());
            }
        });
        device
    }

    fn say(&self, status: &str, body: &str) {
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        *self.says.lock().unwrap() = answer.into_bytes();
    }
}

fn value(daemon: &Daemon, meter: &str, name: &str) -> Value {
    daemon.get(&format!("/api/v1/meters/{meter}/last")).1["values"][name].clone()
}

fn said(daemon: &Daemon, code: &str, words: &str) {
    daemon.wait(words, |daemon| {
        let health = daemon.health();
        health["problems"]
            .as_array()
            .unwrap()
            .iter()
            .any(|problem| problem["code"] == code && problem["sentence"].as_str().unwrap().contains(words))
    });
}

#[test]
fn an_inverter_is_asked_over_http() {
    let folder = Folder::new("inverter");
    folder.write("token", "abc123\n");
    let device = Device::start();
    device.say("200 OK", r#"{"site":[{"P":-1234.4,"total":"12345.678 kWh"}],"temp":{"t":21.375}}"#);
    let daemon = Daemon::start(
        &folder,
        &format!(
            "[source.inverter]\nkind = \"http\"\nurl = \"http://127.0.0.1:{}/secret-path\"\nevery = \"1s\"\ntoken-file = \"token\"\n\
             [meter.solar]\nrole = \"production\"\n\
             [[meter.solar.number]]\npointer = \"/site/0/P\"\nquantity = \"power_net_w\"\n\
             [[meter.solar.number]]\npointer = \"/site/0/total\"\nquantity = \"energy_export_wh\"\nunit = \"kWh\"\n\
             [sensor.roof]\n[[sensor.roof.number]]\npointer = \"/temp/t\"\nquantity = \"temperature_mc\"\nunit = \"C\"\n",
            device.port
        ),
    );
    daemon.wait("the first reading", |daemon| value(daemon, "solar", "energy_export_wh").is_i64());
    let last = daemon.json("/api/v1/meters/solar/last");
    assert_eq!(
        last["values"],
        json!({"power_import_w": 0, "power_export_w": 1234, "power_net_w": -1234, "energy_export_wh": 12_345_678})
    );
    assert_eq!(last["proof"], "published");
    assert_eq!(value(&daemon, "roof", "temperature_mc"), 21_375);
    assert_eq!(daemon.problems(), [""; 0]);
    let asked = device.asked.lock().unwrap().clone();
    assert!(
        asked.starts_with("GET /secret-path HTTP/1.1\r\n") && asked.contains("Authorization: Bearer abc123\r\n"),
        "{asked}"
    );
    // Everything that can be wrong, one after the other: said, and the others go on.
    let target = format!("http://127.0.0.1:{}", device.port);
    device.say("500 Oh", "");
    said(&daemon, "bad-answer", &format!("{target} is there, but it answers with status 500"));
    device.say("200 OK", r#"{"site":[{"P":"abc","total":12345.679}],"temp":{"t":22}}"#);
    said(&daemon, "bad-answer", "`/site/0/P` is \"abc\", which is no number");
    daemon.wait("the rest is taken", |daemon| value(daemon, "roof", "temperature_mc") == 22_000);
    device.say("200 OK", r#"{"site":[],"temp":{"t":23}}"#);
    said(&daemon, "bad-answer", "there is nothing at `/site/0/P`");
    device.say("200 OK", r#"{"site":[{"P":{"x":1},"total":-5}],"temp":{"t":23}}"#);
    said(&daemon, "bad-answer", "is a list or an object");
    device.say("200 OK", r#"{"site":[{"P":1,"total":-5}],"temp":{"t":23}}"#);
    said(&daemon, "bad-answer", "`/site/0/total` is \"-5\", which is no energy_export_wh that can be");
    device.say("200 OK", "<html>Login</html>");
    said(&daemon, "bad-answer", "is no JSON at byte 1");
    device.say("200 OK", &format!("{{\"site\":\"{}\"}}", "x".repeat(2 << 20)));
    said(&daemon, "unreachable", "longer than 1048576 bytes");
    *device.says.lock().unwrap() = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_vec();
    said(&daemon, "unreachable", "in the middle of its answer");
    // Asleep: neither a number nor a fault.
    device.say("200 OK", r#"{"site":[{"P":null,"total":12345.68}],"temp":{"t":"nan"}}"#);
    daemon.wait("only what is there", |daemon| value(daemon, "solar", "energy_export_wh") == 12_345_680);
    assert_eq!(daemon.problems(), [""; 0]);
    assert_eq!(value(&daemon, "solar", "power_net_w"), Value::Null);
    // A register that falls is put aside like any meter's.
    device.say("200 OK", r#"{"site":[{"P":2,"total":3}],"temp":{"t":20}}"#);
    daemon.wait("quarantine", |daemon| daemon.problems().contains(&"quarantined".to_string()));
    let log = daemon.process.log() + &daemon.health().to_string();
    assert!(!log.contains("secret-path") && !log.contains("abc123"), "{log}");
}

#[test]
fn numbers_on_topics_become_one_reading() {
    let folder = Folder::new("numbers");
    let broker = Broker::start(&folder, Security::Plain);
    let daemon = Daemon::start(
        &folder,
        &format!(
            "[mqtt.house]\n{}publish-native = false\n[source.devices]\nkind = \"mqtt\"\nbroker = \"house\"\ntopics = [\"board/#\"]\n\
             [meter.home]\ntopic = \"board\"\n\
             [meter.heatpump]\nrole = \"consumption\"\n\
             [[meter.heatpump.number]]\ntopic = \"plug/energy\"\nquantity = \"energy_import_wh\"\nunit = \"kWh\"\n\
             [[meter.heatpump.number]]\ntopic = \"plug/state\"\npointer = \"/ENERGY/Power\"\nquantity = \"power_import_w\"\nfactor = 0.1\n\
             [sensor.oil]\n[[sensor.oil.number]]\ntopic = \"oil/distance\"\nquantity = \"distance_mm\"\nunit = \"cm\"\n\
             [sensor.oil.tank]\nshape = \"box\"\nlength = 200\nwidth = 100\nheight = 100\noffset = 10\n",
            broker.settings()
        ),
    );
    daemon.wait("listening", |daemon| daemon.health()["sources"][0]["state"] == "reading");
    broker.publish("plug/energy", b"10.005", false);
    broker.publish("plug/state", br#"{"Time":"x","ENERGY":{"Power":4125}}"#, false);
    daemon.wait("both", |daemon| value(daemon, "heatpump", "power_import_w").is_i64());
    assert_eq!(value(&daemon, "heatpump", "power_import_w"), 413, "half a watt is rounded");
    assert_eq!(value(&daemon, "heatpump", "energy_import_wh"), 10_005, "it is the same reading");
    assert_eq!(daemon.health()["sources"][0]["counters"]["telegrams"], 1);
    broker.publish("oil/distance", b"60", false);
    daemon.wait("the oil", |daemon| value(daemon, "oil", "volume_ml") == 1_000_000);
    assert_eq!(value(&daemon, "oil", "level_mm"), 500);
    broker.publish("plug/state", br#"{"ENERGY":"off"}"#, false);
    said(&daemon, "malformed-message", "there is nothing at `/ENERGY/Power`");
    broker.publish("plug/energy", br#"{"total":1}"#, false);
    broker.publish("plug/state", br#"{"ENERGY":{"Power":1}}"#, false);
    daemon.wait("over", |daemon| daemon.problems().is_empty());
    // The board beside it is read as ever, and what is not waited for is nobody's.
    broker.publish("board", br#"{"time_unix":1620036010,"power_import_w":7,"energy_import_wh":9}"#, false);
    daemon.wait("the board", |daemon| value(daemon, "home", "power_import_w") == 7);
    let counters = daemon.health()["sources"][0]["counters"].clone();
    assert_eq!(counters["malformed_fields"], 2, "{counters}");
    assert_eq!(counters.get("unknown_meter"), None, "{counters}");
}
