//! The telegram server: an encrypted meter, read by programs that know open telegrams only.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::collections::HashMap;
use std::fs::File;
use std::io::{ErrorKind, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use common::{Daemon, Folder, KEY, Process, finish, free_port, meter, python, smartyreader};
use serde_json::Value;

/// Noon of 21 June 2026 in Luxembourg.
const START: &str = "1782036000";

/// Everything that the virtual meter of these tests says, unsealed, so many telegrams long.
fn plain(folder: &Folder, arguments: &[&str], count: &str) -> Vec<u8> {
    let path = folder.file("plain.bin");
    let (code, _, err) = finish(
        smartyreader()
            .args(["meter", "--start", START, "--speed", "1000000000", "--count", count, "--to"])
            .arg(&path)
            .args(arguments),
    );
    assert_eq!(code, 0, "{err}");
    std::fs::read(path).unwrap()
}

/// The same meter, sealed, on a TCP port.
fn sealed(folder: &Folder, arguments: &[&str]) -> (Process, String) {
    let key = folder.write("home.key", KEY);
    let mut all = vec!["--start", START, "--key-file", key.to_str().unwrap()];
    all.extend(arguments);
    meter(&all)
}

fn daemon(folder: &Folder, source: &str, server: &str) -> Daemon {
    Daemon::start(
        folder,
        &format!(
            "[source.line]\nkind = \"tcp\"\naddress = \"{source}\"\n[meter.home]\nkey-file = \"home.key\"\n\
             [telegram-server.clear]\n{server}\n"
        ),
    )
}

fn connect(address: &str) -> TcpStream {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        match TcpStream::connect(address) {
            Ok(stream) => {
                stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                return stream;
            }
            Err(error) => assert!(Instant::now() < until, "{address}: {error}"),
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Reads until so many telegrams are whole, and cuts them apart.
fn telegrams(from: &mut impl Read, count: usize) -> Vec<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let mut ends = 0;
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => panic!("closed after {} bytes", bytes.len()),
            Ok(read) => read,
            Err(error) => panic!("{error} after {:?}", String::from_utf8_lossy(&bytes)),
        };
        bytes.extend_from_slice(&buffer[..read]);
        // To look for them among many, each time, would make a slow reader.
        ends += buffer[..read].split(|&byte| byte == b'!').count() - 1;
        if ends >= count && bytes.ends_with(b"\n") {
            let whole = cut(&bytes);
            if whole.len() >= count {
                return whole;
            }
        }
    }
}

fn cut(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut whole = Vec::new();
    while let Some(end) = bytes.windows(2).position(|pair| pair == b"\n!") {
        let Some(line) = bytes[end + 1..].iter().position(|&byte| byte == b'\n') else { break };
        whole.push(bytes[..end + line + 2].to_vec());
        bytes = &bytes[end + line + 2..];
    }
    whole
}

fn contains(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window[..16] == part[..16] && window == part)
}

fn counter(daemon: &Daemon, name: &str) -> u64 {
    daemon.health()["sinks"][0]["counters"][name].as_u64().unwrap_or(0)
}

#[test]
fn a_client_gets_what_the_meter_would_send_without_a_seal() {
    let folder = Folder::new("clear");
    let plain = plain(&folder, &[], "60");
    let (_meter, source) = sealed(&folder, &["--speed", "20"]);
    let address = format!("127.0.0.1:{}", free_port());
    let daemon = daemon(&folder, &source, &format!("listen = \"{address}\""));
    let mut clients: Vec<TcpStream> = (0..5).map(|_| connect(&address)).collect();
    // One has nothing to say and says so; it listens all the same.
    clients[4].shutdown(std::net::Shutdown::Write).unwrap();
    for client in &mut clients {
        let got = telegrams(client, 3);
        for telegram in &got {
            assert!(telegram.starts_with(b"/Lux5\\"), "{:?}", String::from_utf8_lossy(telegram));
            assert_eq!(telegram[telegram.len() - 7], b'!');
            assert!(telegram.ends_with(b"\r\n"));
        }
        assert!(contains(&plain, &got.concat()), "unchanged, none missing, none twice");
    }
    let sink = daemon.health()["sinks"][0].clone();
    assert_eq!(
        (&sink["kind"], &sink["name"], &sink["target"]),
        (&"telegram-server".into(), &"clear".into(), &address.into())
    );
    assert_eq!((&sink["state"], &sink["counters"]["clients"]), (&"listening".into(), &5.into()));
    assert!(counter(&daemon, "served") >= 15);
    let (_, out, _) = daemon.status();
    assert!(out.contains("telegram-server clear"), "{out}");
    drop(clients);
    daemon.wait("all are gone", |daemon| counter(daemon, "clients") == 0);
    assert_eq!(counter(&daemon, "dropped_slow"), 0);
    assert_eq!(counter(&daemon, "connected"), 5);
}

#[test]
fn the_last_telegram_is_sent_on_connecting() {
    let folder = Folder::new("last");
    let plain = plain(&folder, &[], "1");
    let (_meter, source) = sealed(&folder, &["--count", "1"]);
    let address = format!("127.0.0.1:{}", free_port());
    let daemon = daemon(&folder, &source, &format!("listen = \"{address}\""));
    daemon.wait("it is read", |daemon| daemon.health()["store"]["stored"] == 1);
    for _ in 0..3 {
        let begin = Instant::now();
        assert_eq!(telegrams(&mut connect(&address), 1), std::slice::from_ref(&plain));
        assert!(begin.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn a_client_that_does_not_read_is_dropped_and_no_other_notices() {
    let folder = Folder::new("slow");
    let plain = plain(&folder, &[], "20000");
    let (_meter, source) = sealed(&folder, &["--speed", "400"]);
    let address = format!("127.0.0.1:{}", free_port());
    let daemon = daemon(&folder, &source, &format!("listen = \"{address}\""));
    // Forty telegrams a second: on a machine that is busy a good client may be late by a second, too.
    let mut slow = connect(&address);
    let mut good = connect(&address);
    let reader = thread::spawn(move || telegrams(&mut good, 400));
    daemon.wait("the slow one is dropped", |daemon| counter(daemon, "dropped_slow") == 1);
    daemon.wait("the other one stays", |daemon| counter(daemon, "clients") == 1);
    let got = reader.join().unwrap().concat();
    assert!(contains(&plain, &got), "the good client missed something");
    assert_eq!(counter(&daemon, "dropped_slow"), 1);
    // What was on the way comes, then the end: no minutes of old telegrams.
    let mut rest = Vec::new();
    let end = slow.read_to_end(&mut rest);
    assert!(end.is_ok() || end.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset));
    assert!(rest.len() < got.len(), "{} bytes were kept for a client that does not read", rest.len());
    assert_eq!(daemon.health()["store"]["dropped"], 0);
}

#[test]
fn a_client_that_never_stops_talking_is_dropped() {
    let folder = Folder::new("talking");
    let (_meter, source) = sealed(&folder, &["--speed", "1"]);
    let address = format!("127.0.0.1:{}", free_port());
    let daemon = daemon(&folder, &source, &format!("listen = \"{address}\""));
    let mut client = connect(&address);
    client.write_all(b"AT\r\n").unwrap();
    assert_eq!(telegrams(&mut client, 1).len(), 1, "a word or two does no harm");
    let mut sent = 0;
    while client.write_all(&[b'x'; 4096]).is_ok() {
        sent += 4096;
        assert!(sent < 100_000_000, "it is listened to for ever");
    }
    daemon.wait("it is counted", |daemon| counter(daemon, "dropped_talking") == 1);
}

#[test]
fn an_address_that_is_taken_is_said_and_tried_again() {
    let folder = Folder::new("taken");
    let (_meter, source) = sealed(&folder, &["--speed", "20"]);
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let daemon = daemon(&folder, &source, &format!("listen = \"{address}\""));
    daemon.wait("it is said", |daemon| daemon.problems().contains(&"cannot-serve".to_string()));
    let sentence = daemon.health()["problems"].to_string();
    assert!(sentence.contains("another program listens there") && sentence.contains(&address), "{sentence}");
    daemon.wait("telegrams are kept all the same", |daemon| daemon.health()["store"]["stored"].as_u64() > Some(1));
    drop(other);
    daemon.wait("it is over", |daemon| !daemon.problems().contains(&"cannot-serve".to_string()));
    assert!(!telegrams(&mut connect(&address), 1).is_empty());
}

#[test]
fn a_pseudo_terminal_is_read_like_a_serial_port() {
    let folder = Folder::new("pty-out");
    let plain = plain(&folder, &[], "3000");
    let (_meter, source) = sealed(&folder, &["--speed", "100"]);
    let link = folder.file("meter");
    let mut daemon = daemon(&folder, &source, &format!("pty = {link:?}"));
    daemon.wait("what nobody reads is taken back", |daemon| counter(daemon, "pty_unread") > 3);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    let mut port = File::options().read(true).write(true).open(&link).unwrap();
    // As some programs do before they listen.
    port.write_all(b"hello").unwrap();
    let got = telegrams(&mut port, 5);
    assert!(got[0].starts_with(b"/Lux5\\"), "{:?}", String::from_utf8_lossy(&got[0]));
    assert!(contains(&plain, &got.concat()), "unchanged, none missing");
    drop(port);
    daemon.process.terminate();
    assert!(!link.exists() && std::fs::symlink_metadata(&link).is_err(), "the link leads to nowhere and stays");
    // What is there and no link is left alone.
    std::fs::write(&link, "mine").unwrap();
    let daemon = Daemon::start_with(daemon.config.clone(), daemon.address.clone());
    daemon.wait("it is said", |daemon| daemon.problems().contains(&"cannot-serve".to_string()));
    assert_eq!(std::fs::read(&link).unwrap(), b"mine");
}

#[test]
fn a_pseudo_terminal_in_a_folder_that_is_not_there_is_said_and_tried_again() {
    let folder = Folder::new("pty-nowhere");
    let (_meter, source) = sealed(&folder, &["--speed", "20"]);
    let place = folder.file("nowhere");
    let daemon = daemon(&folder, &source, &format!("pty = {:?}", place.join("p1")));
    daemon.wait("it is said", |daemon| daemon.problems().contains(&"cannot-serve".to_string()));
    let health = daemon.health();
    let problems = health["problems"].as_array().unwrap();
    let problem = problems.iter().find(|problem| problem["code"] == "cannot-serve").unwrap();
    let sentence = problem["sentence"].as_str().unwrap();
    assert!(sentence.ends_with(&format!("p1: the folder {} does not exist.", place.display())), "{sentence}");
    let advice = problem["advice"].as_str().unwrap();
    assert!(advice.starts_with("Make the folder, or") && !advice.contains("another program"), "{advice}");
    std::fs::create_dir(&place).unwrap();
    daemon.wait("it is over", |daemon| !daemon.problems().contains(&"cannot-serve".to_string()));
    assert!(std::fs::symlink_metadata(place.join("p1")).unwrap().is_symlink());
}

#[test]
fn a_telegram_without_a_checksum_is_passed_as_it_is() {
    let folder = Folder::new("dsmr-2");
    let profile = ["--profile", "netherlands-2.2"];
    let plain = plain(&folder, &profile, "60");
    let link = folder.file("old");
    let mut old = Process::start(
        smartyreader()
            .args(["meter", "--start", START, "--speed", "20", "--to", "pty", "--link"])
            .arg(&link)
            .args(profile),
    );
    old.first_line();
    let address = format!("127.0.0.1:{}", free_port());
    let _daemon = Daemon::start(
        &folder,
        &format!(
            "[source.old]\nkind = \"serial\"\ndevice = {link:?}\npreset = \"dsmr-2\"\n[meter.home]\n\
             [telegram-server.clear]\nlisten = \"{address}\"\n"
        ),
    );
    let got = telegrams(&mut connect(&address), 3);
    assert!(got.iter().all(|telegram| telegram.ends_with(b"\r\n!\r\n")));
    assert!(contains(&plain, &got.concat()));
}

#[test]
fn a_replayed_file_is_served_where_it_is_all_there_is() {
    let folder = Folder::new("replayed");
    let plain = plain(&folder, &[], "40");
    let address = format!("127.0.0.1:{}", free_port());
    let daemon = Daemon::start(
        &folder,
        &format!(
            "[source.file]\nkind = \"file\"\npath = \"plain.bin\"\n[meter.home]\n\
             [telegram-server.clear]\nlisten = \"{address}\"\n"
        ),
    );
    daemon.wait("the file is read", |daemon| daemon.health()["store"]["stored"] == 40);
    let last = telegrams(&mut connect(&address), 1).concat();
    assert!(plain.ends_with(&last));
}

#[test]
fn check_says_who_gets_telegrams() {
    let folder = Folder::new("check-server");
    let two = "[source.a]\nkind = \"tcp\"\naddress = \"x:1\"\n[meter.left]\nequipment = [\"A\"]\n[meter.right]\nequipment = [\"B\"]\n";
    let check = |server: &str| {
        let config = folder.write("check.toml", &format!("{two}{server}"));
        let (code, out, _) = finish(smartyreader().args(["check", "--config"]).arg(&config));
        (code, out)
    };
    for (server, expected, words) in [
        (
            "[telegram-server.a]\nmeter = \"left\"\n",
            0,
            "telegram-server a gives the proven telegrams of meter left to everybody who connects to 127.0.0.1:2018.",
        ),
        (
            "[telegram-server.a]\nmeter = \"left\"\npty = \"/run/p1\"\n",
            0,
            "of meter left on the pseudo-terminal /run/p1.",
        ),
        ("[telegram-server.a]\nmeter = \"left\"\nlisten = \"0.0.0.0:2018\"\n", 0, "sees when somebody is at home"),
        ("[telegram-server.a]\n", 78, "needs `meter`: one of left, right"),
        ("[telegram-server.a]\nmeter = \"middle\"\n", 78, "is about meter middle, which is not configured"),
        (
            "[telegram-server.a]\nmeter = \"left\"\n[telegram-server.b]\nmeter = \"right\"\n",
            78,
            "both listen on 127.0.0.1:2018",
        ),
        ("[telegram-server.a]\nmeter = \"left\"\nlisten = \"127.0.0.1:8090\"\n", 78, "and the page both listen"),
        ("[log]\nudp = \"192.0.2.1:6666\"\n", 0, "each line of the log goes to 192.0.2.1:6666 over UDP"),
        ("[log]\nudp = \"192.0.2.1\"\n", 78, "is a host and a port"),
    ] {
        let (code, out) = check(server);
        assert_eq!(code, expected, "{server}\n{out}");
        assert!(out.contains(words), "{words}:\n{out}");
    }
}

#[test]
fn dsmr_parser_reads_the_meter_through_us() {
    let Some(python) = python() else { return };
    let folder = Folder::new("dsmr-parser");
    let truth = folder.file("truth.jsonl");
    let (_meter, source) = sealed(&folder, &["--speed", "10", "--truth", truth.to_str().unwrap()]);
    let address = format!("127.0.0.1:{}", free_port());
    let link = folder.file("meter");
    let daemon = daemon(&folder, &source, &format!("listen = \"{address}\"\npty = {link:?}"));
    daemon.wait("it gives telegrams out", |daemon| counter(daemon, "pty_unread") > 0);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/read_telegrams.py");
    for target in [address.as_str(), link.to_str().unwrap()] {
        let (code, out, err) = finish(Command::new(&python).arg(&script).args([target, "3"]));
        assert_eq!(code, 0, "{out}{err}");
        let sent: HashMap<i64, Value> = std::fs::read_to_string(&truth)
            .unwrap()
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .map(|line| (line["time"].as_i64().unwrap(), line))
            .collect();
        let got: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(got.len(), 3);
        for telegram in got {
            let sent = &sent[&telegram["time"].as_i64().unwrap()];
            for name in ["energy_import_wh", "energy_export_wh", "power_import_w", "power_export_w"] {
                assert_eq!(telegram[name], sent[name], "{name} through {target}");
            }
        }
    }
}
