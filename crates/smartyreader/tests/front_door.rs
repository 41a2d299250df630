//! From the wire to the answer: through a pseudo-terminal at 115200 and over TCP, what the meter says is what is shown.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use common::{Daemon, Folder, KEY, Process, finish, meter, smartyreader};
use serde_json::Value;
use smarty_meter::{MeterConfig, Profile, VirtualMeter};

/// The published Luxembourg frame with its published key, where the folder of captures is.
fn published(folder: &Folder) -> Option<(PathBuf, Value)> {
    let Some(captures) = std::env::var_os("P1_CAPTURES").map(PathBuf::from).filter(|path| path.is_dir()) else {
        assert!(std::env::var_os("CI").is_none(), "P1_CAPTURES must name the folder of captures when CI runs");
        eprintln!("SKIPPED: set P1_CAPTURES to a folder of captures");
        return None;
    };
    let facts: Value =
        serde_json::from_slice(&std::fs::read(captures.join("lu_enc_nexxtlab_2018.json")).unwrap()).unwrap();
    folder.write("home.key", facts["key_hex"].as_str().unwrap());
    Some((captures.join("lu_enc_nexxtlab_2018.bin"), facts))
}

/// What the page, the API and `decode` must show of it.
fn shown(daemon: &Daemon) {
    daemon.wait("the telegram is stored", |daemon| daemon.health()["store"]["stored"] == 1);
    let last = daemon.json("/api/v1/meters/home/last");
    assert_eq!(last["values"]["energy_import_wh"], 6695);
    assert_eq!(last["values"]["energy_export_wh"], 25);
    assert_eq!(last["values"]["reactive_energy_import_varh"], 818);
    assert_eq!(last["values"]["reactive_power_export_var"], 7);
    assert_eq!(last["values"]["active_threshold_va"], 77_376);
    assert_eq!(last["values"]["voltage_sags_l1"], 44);
    assert_eq!(last["values"]["voltage_l1_mv"], Value::Null, "not sent is not zero");
    assert_eq!(last["local"], "2018-01-30T10:21:22+01:00");
    assert_eq!(last["equipment"], "SAG1030700114004");
    assert_eq!(last["system_title"], "534147677001BD54");
    assert_eq!(last["frame_counter"], 370_915);
    assert_eq!(last["proof"], "tag");
    let (_, telegram) = daemon.get("/api/v1/meters/home/telegram");
    assert!(telegram.as_str().unwrap().contains("1-0:1.8.0(000006.695*kWh)"));
    let stored = daemon
        .json("/api/v1/meters/home/series?quantity=energy_import_wh&from=2018-01-30&to=2018-01-31&resolution=raw");
    assert_eq!(stored["series"]["energy_import_wh"]["mean"][0], 6695);
}

#[test]
fn a_published_capture_through_a_pseudo_terminal() {
    let folder = Folder::new("capture-pty");
    let Some((capture, _)) = published(&folder) else { return };
    let link = folder.file("p1");
    let mut pty = Process::start(
        smartyreader()
            .args(["meter", "--to", "pty", "--delay", "2", "--link"])
            .arg(&link)
            .arg("--capture")
            .arg(&capture),
    );
    pty.first_line();
    let daemon = Daemon::start(
        &folder,
        &format!(
            "[source.cable]\nkind = \"serial\"\ndevice = {link:?}\nbaud = 115200\n[meter.home]\nkey-file = \"home.key\"\n"
        ),
    );
    shown(&daemon);
}

#[test]
fn a_published_capture_over_tcp() {
    let folder = Folder::new("capture-tcp");
    let Some((capture, facts)) = published(&folder) else { return };
    let (_meter, source) = meter(&["--capture", capture.to_str().unwrap()]);
    let daemon = Daemon::start(
        &folder,
        &format!("[source.dongle]\nkind = \"tcp\"\naddress = \"{source}\"\n[meter.home]\nkey-file = \"home.key\"\n"),
    );
    shown(&daemon);
    decoded(&capture, &folder.file("home.key"), &facts);
}

#[test]
fn a_packet_that_is_lost_on_the_way_costs_no_telegram() {
    let folder = Folder::new("pause");
    let dongle = TcpListener::bind("127.0.0.1:0").unwrap();
    let daemon = Daemon::start(
        &folder,
        &format!("[source.dongle]\nkind = \"tcp\"\naddress = \"{}\"\n[meter.home]\n", dongle.local_addr().unwrap()),
    );
    let (mut line, _) = dongle.accept().unwrap();
    let mut meter = VirtualMeter::new(MeterConfig::new(Profile::LuxembourgFull));
    for stored in 1..=2 {
        let frame = meter.next_telegram().frame;
        let (begin, end) = frame.split_at(frame.len() / 2);
        line.write_all(begin).unwrap();
        // As long as a small board waits before it sends a packet again.
        thread::sleep(Duration::from_millis(1500));
        line.write_all(end).unwrap();
        daemon.wait("it is stored", |daemon| daemon.health()["store"]["stored"] == stored);
    }
    assert!(!daemon.problems().contains(&"split".to_string()), "{:?}", daemon.problems());
}

fn decoded(capture: &Path, key: &Path, facts: &Value) {
    let (code, out, err) = finish(smartyreader().arg("decode").arg(capture).arg("--key-file").arg(key));
    assert_eq!(code, 0, "{err}");
    for words in
        ["energy_import_wh = 6695", "534147677001BD54", "370915", "CFDE, right", "origin proven", "1 good, 0 refused"]
    {
        assert!(out.contains(words), "{words}:\n{out}");
    }
    let (code, out, _) = finish(smartyreader().args(["decode", "--json"]).arg(capture).arg("--key-file").arg(key));
    assert_eq!(code, 0);
    let frame: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(frame["values"]["energy_import_wh"], 6695);
    assert_eq!(frame["objects"].as_array().unwrap().len() as u64, facts["expected_line_count"].as_u64().unwrap());
}

#[test]
fn what_a_virtual_meter_sends_through_a_pseudo_terminal_is_shown() {
    let folder = Folder::new("pty");
    let key = folder.write("home.key", KEY);
    let truth = folder.file("truth.jsonl");
    let link = folder.file("p1");
    let mut pty = Process::start(
        smartyreader()
            .args(["meter", "--to", "pty", "--speed", "50", "--truth", truth.to_str().unwrap(), "--key-file"])
            .arg(&key)
            .arg("--link")
            .arg(&link),
    );
    pty.first_line();
    let daemon = Daemon::start(
        &folder,
        &format!("[source.cable]\nkind = \"serial\"\ndevice = {link:?}\n[meter.home]\nkey-file = \"home.key\"\n"),
    );
    daemon.wait("five telegrams", |daemon| daemon.health()["store"]["stored"].as_u64() >= Some(5));
    let last = daemon.json("/api/v1/meters/home/last");
    let sent = std::fs::read_to_string(&truth).unwrap();
    let same = sent
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|line| line["time"] == last["time"])
        .expect("the meter says what it sends before it sends it");
    for name in ["energy_import_wh", "energy_export_wh", "power_import_w", "power_export_w"] {
        assert_eq!(last["values"][name], same[name], "{name}");
    }
}

#[test]
fn two_meters_on_one_line_and_one_that_sends_plain() {
    let folder = Folder::new("many");
    let link = folder.file("old");
    let mut old = Process::start(
        smartyreader()
            .args(["meter", "--speed", "50", "--profile", "netherlands-2.2", "--to", "pty", "--link"])
            .arg(&link),
    );
    old.first_line();
    let (_new, other) = meter(&["--speed", "50", "--profile", "belgium"]);
    let daemon = Daemon::start(
        &folder,
        &format!(
            "[source.old]\nkind = \"serial\"\ndevice = {link:?}\npreset = \"dsmr-2\"\n[source.new]\nkind = \"tcp\"\naddress = \"{other}\"\n\
             [meter.cottage]\nsource = \"old\"\n[meter.flat]\nsource = \"new\"\n"
        ),
    );
    for name in ["cottage", "flat"] {
        daemon.wait(name, |daemon| daemon.get(&format!("/api/v1/meters/{name}/last")).0 == 200);
        let last = daemon.json(&format!("/api/v1/meters/{name}/last"));
        assert_eq!(last["proof"], "plain");
        assert!(last["values"]["energy_import_t1_wh"].as_i64() > Some(0), "{last}");
        let gas = (1..=4).find_map(|channel| last["values"][format!("mbus{channel}_register_milli")].as_i64());
        assert!(gas > Some(0), "{last}");
    }
    let meters = daemon.json("/api/v1/meters");
    assert_eq!(meters["meters"].as_array().unwrap().len(), 2);
}
