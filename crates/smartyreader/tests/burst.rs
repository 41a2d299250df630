//! Much at once: hundreds of meters that speak in the same moment, or one that has much to catch up on. Every taker hears
//! every reading.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use common::broker::{Broker, Security};
use common::{Daemon, Folder, free_port};
use rustix::process::{Pid, Signal, kill_process};

#[test]
fn hundreds_of_meters_that_speak_at_once_are_heard_by_everybody() {
    burst("burst", 300, 6);
}

#[test]
fn a_meter_that_says_much_at_once_is_heard_by_everybody() {
    burst("backlog", 1, 300);
}

/// Every counter of what a taker did not hear.
const LOSSES: [&str; 4] = ["missed", "live_missed", "dropped", "dropped_slow"];

/// So many meters say so many telegrams each, all of them before the daemon gets to read the first.
fn burst(name: &str, meters: usize, telegrams: usize) {
    let folder = Folder::new(name);
    let broker = Broker::start(&folder, Security::Plain);
    let line = TcpListener::bind("127.0.0.1:0").unwrap();
    let source = line.local_addr().unwrap();
    let clear = format!("127.0.0.1:{}", free_port());
    let mut text = format!(
        "[telegram-server.clear]\nmeter = \"m0\"\nlisten = \"{clear}\"\n[day-file.days]\nmeter = \"m0\"\nfolder = \"days\"\n\
         [alert.current]\nlimit = 10\n[mqtt.house]\n{}",
        broker.settings()
    );
    for meter in 0..meters {
        let _ = write!(
            text,
            "\n[source.s{meter}]\nkind = \"tcp\"\naddress = \"{source}\"\nsilence = \"10m\"\n[meter.m{meter}]\nsource = \"s{meter}\"\n"
        );
    }
    // Whoever comes is let in at once: only so many may stand at the door.
    let lines = thread::spawn(move || (0..meters).map(|_| line.accept().unwrap().0).collect::<Vec<TcpStream>>());
    let daemon = Daemon::start(&folder, &text);
    let mut lines = lines.join().unwrap();
    let heard = listen(&daemon.address);
    let mut client = connect(&clear);
    client.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    daemon.wait("all are there", |daemon| {
        let health = daemon.health();
        let sinks = health["sinks"].as_array().unwrap();
        sinks.iter().any(|sink| sink["kind"] == "mqtt" && sink["state"] == "connected")
            && sinks.iter().any(|sink| sink["counters"]["clients"] == 1)
            && heard("health") > 0
    });

    let pid = Pid::from_child(&daemon.process.child);
    kill_process(pid, Signal::STOP).unwrap();
    let all: String = (0..telegrams).map(telegram).collect();
    for line in &mut lines {
        line.write_all(all.as_bytes()).unwrap();
    }
    kill_process(pid, Signal::CONT).unwrap();

    let count = (meters * telegrams) as u64;
    daemon.wait("everything is stored", |daemon| daemon.health()["store"]["stored"] == count);
    let (until, expected) = (Instant::now() + Duration::from_secs(20), (meters * telegrams, meters));
    while (heard("reading"), heard("alert")) != expected && Instant::now() < until {
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!((heard("reading"), heard("alert")), expected, "what the page hears: {}", daemon.health()["sinks"]);
    assert_eq!(daemon.json("/api/v1/alerts")["open"].as_array().unwrap().len(), meters);
    let mut served = vec![0; all.len()];
    client.read_exact(&mut served).unwrap();
    assert_eq!(String::from_utf8_lossy(&served), all, "unchanged, none missing");
    let health = daemon.health();
    for sink in health["sinks"].as_array().unwrap() {
        for loss in LOSSES {
            assert_eq!(sink["counters"][loss].as_u64().unwrap_or(0), 0, "{loss}: {sink}");
        }
    }
}

/// A telegram in which the phase carries more than it may.
fn telegram(number: usize) -> String {
    let (minute, second) = (number / 6, number % 6 * 10);
    let text = format!(
        "/KFM5KAIFA-METER\r\n\r\n0-0:1.0.0(2611231{}{:02}{second:02}W)\r\n1-0:1.8.0({:06}.{:03}*kWh)\r\n1-0:31.7.0(025*A)\r\n!",
        minute / 60,
        minute % 60,
        6,
        100 + number
    );
    format!("{text}{:04X}\r\n", smarty_p1::crc16(text.as_bytes()))
}

/// Listens as the page does: how many events of a name there were so far.
fn listen(address: &str) -> impl Fn(&str) -> usize + use<> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let heard = Arc::new(Mutex::new(BTreeMap::<String, usize>::new()));
    let sink = Arc::clone(&heard);
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if let Some(name) = line.strip_prefix("event: ") {
                *sink.lock().unwrap().entry(name.to_string()).or_default() += 1;
            }
        }
    });
    move |name| heard.lock().unwrap().get(name).copied().unwrap_or(0)
}

fn connect(address: &str) -> TcpStream {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        match TcpStream::connect(address) {
            Ok(stream) => return stream,
            Err(error) => assert!(Instant::now() < until, "{address}: {error}"),
        }
        thread::sleep(Duration::from_millis(20));
    }
}
