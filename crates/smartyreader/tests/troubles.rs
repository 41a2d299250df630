//! Each thing that goes wrong has its own sentence in log, status and page, and none floods the log.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::io::Write as _;
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use common::{Daemon, Folder, KEY, Process, meter, smartyreader};

const PUBLIC: &str = "00112233445566778899AABBCCDDEEFF";

/// Where the trouble is seen: the API that the page shows, `status`, and once in the log.
fn said_everywhere(daemon: &Daemon, code: &str, words: &str) {
    daemon.wait(code, |daemon| daemon.problems().contains(&code.to_string()));
    let health = daemon.health();
    let problem =
        health["problems"].as_array().unwrap().iter().find(|problem| problem["code"] == code).unwrap().clone();
    let sentence = problem["sentence"].as_str().unwrap();
    assert!(sentence.contains(words), "{sentence}");
    assert!(!problem["advice"].as_str().unwrap().is_empty());
    let (exit, out, _) = daemon.status();
    assert!(out.contains(sentence), "status does not say it:\n{out}");
    assert_eq!(exit, if health["status"] == "failing" { 69 } else { 0 });
    let log = daemon.logs(words);
    assert_eq!(log.matches(words).count(), 1, "once in the log, not more:\n{log}");
    // A while later the log is no longer.
    thread::sleep(Duration::from_millis(500));
    let after = daemon.process.log();
    assert!(after.lines().count() <= log.lines().count() + 1, "the log is flooded:\n{after}");
    for secret in [KEY, PUBLIC] {
        assert!(!after.to_lowercase().contains(&secret.to_lowercase()), "a key is in the log");
        assert!(!health.to_string().to_lowercase().contains(&secret.to_lowercase()), "a key is on the page");
    }
}

fn daemon(folder: &Folder, source: &str, settings: &str) -> Daemon {
    Daemon::start(folder, &format!("[source.line]\nkind = \"tcp\"\naddress = \"{source}\"\n[meter.home]\n{settings}\n"))
}

#[test]
fn wrong_key() {
    let folder = Folder::new("wrong-key");
    let key = folder.write("right.key", KEY);
    folder.write("wrong.key", "5b5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a");
    let (_meter, source) = meter(&["--speed", "100", "--key-file", key.to_str().unwrap()]);
    let daemon = daemon(&folder, &source, "key-file = \"wrong.key\"");
    said_everywhere(&daemon, "wrong-key", "the key is not the one of this meter");
    let problem = daemon.health()["problems"][0]["sentence"].as_str().unwrap().to_string();
    assert!(problem.contains("serial number ends in"), "which meter sends is said: {problem}");
    // The insides of many refused frames are no garbage.
    daemon
        .wait("thirty frames", |daemon| daemon.health()["sources"][0]["counters"]["tag_mismatch"].as_u64() > Some(30));
    assert_eq!(daemon.problems(), ["wrong-key"]);
}

#[test]
fn public_key_given_as_key() {
    let folder = Folder::new("public-key");
    let key = folder.write("right.key", KEY);
    folder.write("public.key", PUBLIC);
    let (_meter, source) = meter(&["--speed", "100", "--key-file", key.to_str().unwrap()]);
    let daemon = daemon(&folder, &source, "key-file = \"public.key\"");
    said_everywhere(&daemon, "public-key-as-key", "is the public authentication key");
    let (exit, out, err) = common::finish(smartyreader().args(["check", "--config"]).arg(&daemon.config));
    assert_eq!(exit, 78, "{out}{err}");
    assert!(out.contains("is the public authentication key"), "{out}");
}

#[test]
fn bytes_of_a_wrong_speed() {
    let folder = Folder::new("wrong-speed");
    let key = folder.write("right.key", KEY);
    let (_meter, source) = meter(&["--speed", "100", "--scene", "slow-line", "--key-file", key.to_str().unwrap()]);
    let daemon = daemon(&folder, &source, "key-file = \"right.key\"");
    said_everywhere(&daemon, "wrong-speed", "its bits look like rows of zeros");
    assert_eq!(daemon.problems(), ["wrong-speed"]);
}

#[test]
fn plain_meter_on_a_sealed_setting() {
    let folder = Folder::new("plain");
    folder.write("home.key", KEY);
    let (_meter, source) = meter(&["--speed", "100"]);
    let daemon = daemon(&folder, &source, "key-file = \"home.key\"");
    said_everywhere(&daemon, "plain-refused", "a key is configured, so they are refused");
    assert_eq!(daemon.health()["store"]["stored"], 0);
}

#[test]
fn sealed_meter_without_a_key() {
    let folder = Folder::new("no-key");
    let key = folder.write("home.key", KEY);
    let (_meter, source) = meter(&["--speed", "100", "--key-file", key.to_str().unwrap()]);
    let daemon = daemon(&folder, &source, "");
    said_everywhere(&daemon, "sealed-without-key", "no key is configured");
}

#[test]
fn cut_cable_and_back() {
    let folder = Folder::new("cut");
    let link = folder.file("p1");
    let pty = || Process::start(smartyreader().args(["meter", "--to", "pty", "--speed", "100", "--link"]).arg(&link));
    let mut first = pty();
    first.first_line();
    let daemon =
        Daemon::start(&folder, &format!("[source.cable]\nkind = \"serial\"\ndevice = {link:?}\n[meter.home]\n"));
    daemon.wait("a telegram", |daemon| daemon.health()["store"]["stored"].as_u64() > Some(0));
    first.kill();
    daemon.wait("the loss", |daemon| {
        let problems = daemon.problems();
        ["lost", "device-missing"].iter().any(|code| problems.contains(&(*code).to_string()))
    });
    let (_, out, _) = daemon.status();
    assert!(out.contains("went away") || out.contains("does not exist"), "{out}");
    let before = daemon.health()["store"]["stored"].as_u64().unwrap();
    let mut again = pty();
    again.first_line();
    daemon.wait("it is back by itself", |daemon| {
        // At a hundred times the speed the meter's clock runs ahead, and that is all that is left to say.
        daemon.health()["store"]["stored"].as_u64().unwrap() > before && daemon.health()["status"] != "failing"
    });
    let log = daemon.process.log();
    assert!(log.lines().count() < 12, "the log is flooded:\n{log}");
}

#[test]
fn a_silent_port_is_said_and_opened_anew() {
    let folder = Folder::new("silent");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let source = listener.local_addr().unwrap().to_string();
    let connections = thread::spawn(move || {
        let _first = listener.accept().unwrap();
        let _second = listener.accept().unwrap();
    });
    let daemon = Daemon::start(
        &folder,
        &format!("[source.line]\nkind = \"tcp\"\naddress = \"{source}\"\nsilence = \"1s\"\n[meter.home]\n"),
    );
    said_everywhere(&daemon, "silent", "no byte has come for");
    connections.join().expect("it was opened a second time");
}

#[test]
fn nobody_at_the_address() {
    let folder = Folder::new("nobody");
    let source = format!("127.0.0.1:{}", common::free_port());
    let daemon = daemon(&folder, &source, "");
    said_everywhere(&daemon, "unreachable", "nothing listens there");
}

#[test]
fn other_protocols_are_named() {
    let folder = Folder::new("foreign");
    let (_meter, source) = meter(&["--speed", "100", "--scene", "other-protocols"]);
    let daemon = daemon(&folder, &source, "");
    // The good telegrams between them clear the problem again; what was seen stays counted.
    daemon.wait("named", |daemon| daemon.health()["sources"][0]["counters"]["foreign"].as_u64() > Some(0));
    daemon.wait("in the log", |daemon| {
        let log = daemon.process.log();
        log.contains("DLMS in HDLC frames, not P1") || log.contains("DLMS over wired M-Bus, not P1")
    });
}

#[test]
fn a_meter_that_is_not_configured_waits() {
    let folder = Folder::new("unknown");
    let (_meter, source) = meter(&["--speed", "100"]);
    let daemon = daemon(&folder, &source, "equipment = [\"SAG0000000000000\"]");
    said_everywhere(&daemon, "unknown-meter", "no meter with this identifier is configured");
}

#[test]
fn damage_is_counted_and_costs_nothing_else() {
    let folder = Folder::new("damage");
    let key = folder.write("home.key", KEY);
    let truth = folder.file("truth.jsonl");
    let (_meter, source) = meter(&[
        "--speed",
        "2000",
        "--scene",
        "storm",
        "--key-file",
        key.to_str().unwrap(),
        "--truth",
        truth.to_str().unwrap(),
    ]);
    let daemon = daemon(&folder, &source, "key-file = \"home.key\"");
    daemon.wait("the storm is over", |daemon| {
        thread::sleep(Duration::from_millis(300));
        let before = daemon.health()["sources"][0]["counters"]["bytes"].clone();
        thread::sleep(Duration::from_millis(1500));
        before == daemon.health()["sources"][0]["counters"]["bytes"] && before.as_u64() > Some(0)
    });
    let sent = std::fs::read_to_string(&truth).unwrap().lines().count() as u64;
    let stored = daemon.health()["store"]["stored"].as_u64().unwrap();
    let counters = daemon.health()["sources"][0]["counters"].clone();
    assert!(stored > 0 && stored <= sent, "{stored} of {sent}: {counters}");
    let refused: u64 = ["tag_mismatch", "noise_bytes", "abandoned", "crc_mismatch", "overflow"]
        .iter()
        .filter_map(|name| counters[name].as_u64())
        .sum();
    assert!(refused > 0, "a storm leaves traces: {counters}");
}

#[test]
fn a_client_that_sends_rubbish_as_http_costs_nothing() {
    let folder = Folder::new("rubbish");
    let (_meter, source) = meter(&["--speed", "100"]);
    let daemon = daemon(&folder, &source, "");
    for _ in 0..20 {
        let mut stream = std::net::TcpStream::connect(&daemon.address).unwrap();
        let _ = stream.write_all(b"\x00\xff\x16\x03\x01 rubbish\r\n\r\n");
    }
    daemon.wait("still reading", |daemon| daemon.health()["store"]["stored"].as_u64() > Some(3));
}
