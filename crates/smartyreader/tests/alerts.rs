//! Alerts at the front door: what a broker, a web address and the API are told, once each, and what comes late comes still.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use common::broker::{Broker, Heard, Security};
use common::{Daemon, Folder, KEY, Process, free_port, smartyreader};
use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod};
use serde_json::Value;

/// A Monday evening, when a house with panels imports.
const EVENING: &str = "1795458600";

/// What was posted: the head and the body.
type Posted = Arc<Mutex<Vec<(String, Value)>>>;

/// A web address that answers with these one after the other, then with 204.
fn listener(answers: &'static [&'static str], tls: Option<SslAcceptor>) -> (u16, Posted) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let posted = Posted::default();
    let taken = Arc::clone(&posted);
    thread::spawn(move || {
        let mut answers = answers.iter();
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            match &tls {
                None => answer(stream, &mut answers, &taken),
                // Who does not trust the certificate hangs up.
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream) {
                        answer(stream, &mut answers, &taken);
                    }
                }
            }
        }
    });
    (port, posted)
}

fn answer(mut stream: impl Read + Write, answers: &mut std::slice::Iter<'_, &str>, posted: &Posted) {
    let mut text = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        let head = text.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4);
        if let Some(head) = head {
            let (head, body) = text.split_at(head);
            let head = String::from_utf8(head.to_vec()).unwrap();
            let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
            if body.len() >= length.parse().unwrap() {
                posted.lock().unwrap().push((head, serde_json::from_slice(body).unwrap()));
                break;
            }
        }
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "{}", String::from_utf8_lossy(&text));
        text.extend_from_slice(&buffer[..read]);
    }
    let status = answers.next().copied().unwrap_or("204 No Content");
    let _ = stream.write_all(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").as_bytes());
}

fn wait(what: &str, daemon: &Daemon, holds: impl Fn() -> bool) {
    daemon.wait(what, |_| holds());
}

/// A sealed virtual meter on a port of its own, so that it can come back.
fn meter_at(port: u16, folder: &Folder, start: &str, counter: &str) -> Process {
    let key = folder.file("home.key");
    let mut process = Process::start(
        smartyreader()
            .args([
                "meter",
                "--speed",
                "60",
                "--start",
                start,
                "--counter",
                counter,
                "--key-file",
                key.to_str().unwrap(),
            ])
            .args(["--to", &format!("tcp://127.0.0.1:{port}")]),
    );
    process.first_line();
    process
}

fn text(port: u16, more: &str) -> String {
    format!(
        "[source.cable]\nkind = \"tcp\"\naddress = \"127.0.0.1:{port}\"\n[meter.home]\nkey-file = \"home.key\"\n{more}"
    )
}

/// Begin and over alternate for each code and phase, and every message is as promised.
fn alternates(messages: &[Value]) {
    let mut open: HashMap<String, bool> = HashMap::new();
    for message in messages {
        let id = format!("{} {}", message["code"], message["phase"]);
        let begins = message["state"] == "begin";
        assert!(begins || message["state"] == "over", "{message}");
        let before = open.insert(id, begins).unwrap_or(false);
        assert_ne!(before, begins, "said twice: {message}\n{messages:#?}");
        assert_eq!(message["meter"], "home");
        assert!(message["sentence"].as_str().unwrap().ends_with('.'), "{message}");
        assert!(message["time_unix"].as_i64() >= message["since_unix"].as_i64(), "{message}");
    }
}

#[test]
fn a_broker_a_web_address_and_the_page_are_told_once() {
    let folder = Folder::new("alerts");
    folder.write("home.key", KEY);
    folder.write("token", "s3cret-token\n");
    let broker = Broker::start(&folder, Security::Plain);
    let heard = broker.listen("smartyreader/home/alert");
    let (hook, posted) = listener(&["503 Later"], None);
    let port = free_port();
    let mut meter = meter_at(port, &folder, EVENING, "1");
    // The house has 230 V and, in the evening, more than 100 W: these thresholds make alerts of both.
    let more = format!(
        "[mqtt.house]\n{}[tariff]\nreference-power = 0.1\n[alert.quarter]\nfrom-minute = 2\nwindow = \"1m\"\n\
         [alert.voltage]\nlow = 245\nhigh = 260\n[alert.silence]\nafter = \"3s\"\n\
         [alert.webhook]\nurl = \"http://127.0.0.1:{hook}/hook/private-path?x=1\"\ntoken-file = \"token\"\n",
        broker.settings()
    );
    let daemon = Daemon::start(&folder, &text(port, &more));
    let count = |messages: &[Heard], code: &str, state: &str| {
        messages.iter().filter(|message| message.json()["code"] == code && message.json()["state"] == state).count()
    };
    heard.wait("two quarter-hours that exceed", |messages| count(messages, "quarter-exceeds", "begin") >= 2);

    // The page and the API have the same.
    let alerts = daemon.json("/api/v1/alerts?meter=home");
    let open: Vec<&str> =
        alerts["open"].as_array().unwrap().iter().map(|alert| alert["code"].as_str().unwrap()).collect();
    assert_eq!(open.iter().filter(|code| **code == "voltage-low").count(), 3, "{alerts:#}");
    let document = daemon.json("/api/v1/openapi.json");
    let definitions = serde_json::to_string(&document["components"]["schemas"]).unwrap();
    let definitions: Value = serde_json::from_str(&definitions.replace("#/components/schemas/", "#/$defs/")).unwrap();
    let schema = serde_json::json!({"$ref": "#/$defs/Alerts", "$defs": definitions});
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<String> = validator.iter_errors(&alerts).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{faults:?}\n{alerts:#}");
    assert_eq!(daemon.get("/api/v1/alerts?meter=nobody").0, 404);

    // Silence, and an end of it.
    meter.kill();
    heard.wait("silence", |messages| count(messages, "no-telegrams", "begin") == 1);
    let now = 1_795_458_600 + 7200;
    let _meter = meter_at(port, &folder, &now.to_string(), "100000");
    heard.wait("telegrams again", |messages| count(messages, "no-telegrams", "over") == 1);

    let messages = heard.all();
    assert!(messages.iter().all(|message| message.qos == 1 && !message.retained));
    let messages: Vec<Value> = messages.iter().map(Heard::json).collect();
    alternates(&messages);
    let quarter = messages.iter().find(|message| message["code"] == "quarter-exceeds").unwrap();
    let figures = &quarter["figures"];
    assert_eq!(figures["reference_w"], 100);
    assert!(figures["projected_w"].as_i64().unwrap() > 100 && figures["power_allowed_w"].as_i64().unwrap() >= 0);
    let low = messages.iter().find(|message| message["code"] == "voltage-low").unwrap();
    assert_eq!((&low["figures"]["limit_mv"], &low["state"]), (&245_000.into(), &"begin".into()));

    // The web address refused the first once, and got everything in the same order all the same.
    wait("as many posts as messages", &daemon, || posted.lock().unwrap().len() > messages.len());
    let posted = posted.lock().unwrap().clone();
    assert_eq!(posted[0].1, posted[1].1, "the refused one comes again");
    let bodies: Vec<Value> = posted[1..].iter().map(|(_, body)| body.clone()).collect();
    assert_eq!(bodies[..messages.len()], messages);
    for (head, _) in &posted {
        assert!(head.starts_with("POST /hook/private-path?x=1 HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("Authorization: Bearer s3cret-token\r\n"), "{head}");
        assert!(head.contains("Content-Type: application/json\r\n"), "{head}");
    }
    // Alerts are no troubles; and what is in the address and the token is nowhere.
    let health = daemon.health();
    let sink = health["sinks"].as_array().unwrap().iter().find(|sink| sink["kind"] == "webhook").unwrap().clone();
    assert_eq!((&sink["state"], &sink["counters"]["failed"]), (&"ready".into(), &1.into()), "{sink}");
    assert!(!daemon.problems().iter().any(|code| code.contains("voltage") || code == "alert-undelivered"));
    let everything = format!("{health}{}", daemon.process.log());
    assert!(!everything.contains("private-path") && !everything.contains("s3cret"), "{everything}");
}

#[test]
fn what_a_broker_missed_comes_when_it_is_back() {
    let folder = Folder::new("alerts-away");
    folder.write("home.key", KEY);
    let mut broker = Broker::start(&folder, Security::Plain);
    let port = free_port();
    let mut meter = meter_at(port, &folder, EVENING, "1");
    let more = format!(
        "[mqtt.house]\n{}[alert.voltage]\nlow = 245\nhigh = 260\n[alert.silence]\nafter = \"2s\"\n",
        broker.settings()
    );
    let daemon = Daemon::start(&folder, &text(port, &more));
    let heard = broker.listen_with("smartyreader/home/alert", &["-c", "-i", "listener"]);
    daemon.wait("the voltages are said", |daemon| daemon.json("/api/v1/alerts")["open"].as_array().unwrap().len() == 3);
    broker.stop();
    meter.kill();
    daemon.wait("silence is known", |daemon| {
        let alerts = daemon.json("/api/v1/alerts");
        alerts["open"].as_array().unwrap().iter().any(|alert| alert["code"] == "no-telegrams")
    });
    broker.go();
    heard.wait("silence", |messages| messages.iter().any(|message| message.json()["code"] == "no-telegrams"));
    let until = Instant::now() + Duration::from_secs(2);
    while Instant::now() < until {
        let said = heard.all().iter().filter(|message| message.json()["code"] == "no-telegrams").count();
        assert_eq!(said, 1, "{:?}", heard.all());
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_web_address_is_proven_by_its_certificate() {
    let folder = Folder::new("alerts-tls");
    folder.write("home.key", KEY);
    // It makes the certificates.
    let _broker = Broker::start(&folder, Security::Tls);
    let acceptor = || {
        let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
        acceptor.set_certificate_chain_file(folder.file("server.pem")).unwrap();
        acceptor.set_private_key_file(folder.file("server-key.pem"), SslFiletype::PEM).unwrap();
        acceptor.build()
    };
    for (ca, trusted) in [("ca-file = \"ca.pem\"\n", true), ("", false)] {
        let (hook, posted) = listener(&[], Some(acceptor()));
        let port = free_port();
        let _meter = meter_at(port, &folder, EVENING, "1");
        let more = format!(
            "[alert.voltage]\nlow = 245\nhigh = 260\n[alert.webhook]\nurl = \"https://localhost:{hook}/\"\n{ca}\
             [store]\npath = \"{trusted}.db\"\n"
        );
        let daemon = Daemon::start(&folder, &text(port, &more));
        if trusted {
            wait("three posts", &daemon, || posted.lock().unwrap().len() == 3);
            assert!(!daemon.problems().contains(&"alert-undelivered".to_string()));
        } else {
            daemon.wait("it is said", |daemon| daemon.problems().contains(&"alert-undelivered".to_string()));
            let health = daemon.health();
            let problem = health["problems"].as_array().unwrap().iter().find(|one| one["subject"] == "webhook alert");
            let sentence = problem.unwrap()["sentence"].as_str().unwrap().to_string();
            assert!(sentence.contains("its certificate is not accepted"), "{sentence}");
            assert_eq!(posted.lock().unwrap().len(), 0);
        }
    }
}

#[test]
fn an_old_file_is_history_and_no_alert() {
    let folder = Folder::new("alerts-file");
    folder.write("home.key", KEY);
    let (code, _, err) = common::finish(
        smartyreader()
            .args(["meter", "--speed", "1000000", "--count", "300", "--start", EVENING, "--key-file"])
            .arg(folder.file("home.key"))
            .arg("--to")
            .arg(folder.file("old.bin")),
    );
    assert_eq!(code, 0, "{err}");
    let daemon = Daemon::start(
        &folder,
        "[source.old]\nkind = \"file\"\npath = \"old.bin\"\n[meter.home]\nkey-file = \"home.key\"\n\
         [alert.voltage]\nlow = 245\nhigh = 260\n[alert.silence]\nafter = \"1s\"\n",
    );
    daemon.wait("it is read", |daemon| daemon.health()["store"]["stored"] == 300);
    thread::sleep(Duration::from_secs(3));
    assert_eq!(daemon.json("/api/v1/alerts"), serde_json::json!({"open": [], "recent": []}));
}

#[test]
fn a_change_while_the_daemon_was_off_is_said() {
    use smarty_p1::{Quantity, Values};
    use smarty_store::{Clock, MeterReading, Options, Proof, Store};
    let folder = Folder::new("alerts-off");
    folder.write("home.key", KEY);
    {
        let mut store = Store::open(Options::new(folder.file("test.db"))).unwrap();
        let mut values = Values::EMPTY;
        // No virtual meter has this threshold.
        values.set(Quantity::ActiveThreshold, 4711);
        let time = 1_795_458_600 - 3600;
        let reading = MeterReading {
            meter: "home".into(),
            segment: "SAG1030700089067".into(),
            time,
            clock: Clock::Meter,
            received: time,
            ident: 1,
            proof: Proof::Tag,
            values,
            texts: Vec::new(),
        };
        store.append(&reading).unwrap();
    }
    let port = free_port();
    let _meter = meter_at(port, &folder, EVENING, "1");
    let daemon = Daemon::start(&folder, &text(port, ""));
    daemon.wait("the limiter is said", |daemon| {
        let alerts = daemon.json("/api/v1/alerts");
        alerts["open"].as_array().unwrap().iter().any(|alert| {
            alert["code"] == "limiter-changed" && alert["figures"]["before"] == 4711 && alert["phase"].is_null()
        })
    });
}
