//! `smartyreader doctor` as people type it: exit codes and JSON on captures, terminals and TCP; beside the daemon; what it keeps.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use common::{Daemon, Folder, KEY, Process, finish, meter, smartyreader};
use serde_json::Value;
use smartyreader::exit::Code;

/// The exit code, and what it says as JSON.
fn doctor(arguments: &[&str]) -> (i32, Value) {
    let (code, out, err) = finish(smartyreader().args(["doctor", "--json"]).args(arguments));
    let report = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{arguments:?}: {out}{err}"));
    (code, report)
}

/// That this is the first cause, and that exit code, JSON and text agree.
fn found(arguments: &[&str], cause: &str) -> Value {
    let (code, report) = doctor(arguments);
    let first = &report["causes"][0];
    assert_eq!(first["code"], cause, "{arguments:?}: {report:#}");
    assert_eq!(code, i32::from(Code::of_cause(cause).unwrap() as u8), "{arguments:?}");
    assert_eq!(first["exit"], code);
    assert_eq!(report["healthy"], false);
    for words in ["sentence", "advice"] {
        assert!(first[words].as_str().unwrap().len() > 15, "{report}");
    }
    assert!(!report.to_string().contains(KEY), "a key is in the report");
    report
}

/// A capture of a scene.
fn capture(folder: &Folder, scene: &str, arguments: &[&str]) -> PathBuf {
    let file = folder.file(&format!("{scene}.bin"));
    let mut command = smartyreader();
    command.args(["meter", "--speed", "1000000", "--count", "60", "--scene", scene, "--to"]).arg(&file).args(arguments);
    let (code, _, err) = finish(&mut command);
    assert_eq!(code, 0, "{err}");
    file
}

/// A meter on a pseudo-terminal, and where.
fn terminal(folder: &Folder, arguments: &[&str]) -> (Process, PathBuf) {
    let link = folder.file("p1");
    let mut command = smartyreader();
    command.args(["meter", "--to", "pty"]).args(arguments).arg("--link").arg(&link);
    let mut process = Process::start(&mut command);
    process.first_line();
    (process, link)
}

#[test]
fn captures() {
    let folder = Folder::new("doctor-captures");
    let key = folder.write("home.key", KEY);
    let key = key.to_str().unwrap();
    let wrong = folder.write("wrong.key", "11111111111111111111111111111111");
    let public = folder.write("public.key", "00112233445566778899AABBCCDDEEFF");
    let good = capture(&folder, "normal-day", &["--key-file", key]);
    let good = good.to_str().unwrap();
    let (code, report) = doctor(&["--capture", good, "--key-file", key]);
    assert_eq!((code, &report["healthy"], &report["good_telegrams"]), (0, &true.into(), &60.into()), "{report:#}");
    found(&["--capture", good], "sealed-without-key");
    let report = found(&["--capture", good, "--key-file", wrong.to_str().unwrap()], "wrong-key");
    assert!(report["causes"][0]["sentence"].as_str().unwrap().contains("serial number ends in"), "{report:#}");
    found(&["--capture", good, "--key-file", public.to_str().unwrap()], "public-key-as-key");
    found(&["--capture", good, "--key-file", "/nowhere.key"], "key-unusable");
    for (scene, cause) in [
        ("inverted", "inverted"),
        ("slow-line", "wrong-speed"),
        ("cut-off", "cut-short"),
        ("twice", "doubled"),
        ("seldom", "seldom"),
        ("counter-zero", "counter-back"),
        ("foreign", "other-meter"),
        ("other-suite", "security-control"),
        ("wrong-checksum", "checksum-inside"),
        ("authentication-key", "authentication-key-differs"),
        ("storm", "line-noise"),
        ("other-protocols", "foreign-protocol"),
    ] {
        let file = capture(&folder, scene, &["--key-file", key]);
        found(&["--capture", file.to_str().unwrap(), "--key-file", key], cause);
    }
    let plain = capture(&folder, "seven-bits", &[]);
    found(&["--capture", plain.to_str().unwrap()], "seven-bits");
    let old = capture(&folder, "winter-day", &["--profile", "netherlands-2.2"]);
    found(&["--capture", old.to_str().unwrap()], "without-checksum");
    assert_eq!(doctor(&["--capture", old.to_str().unwrap(), "--preset", "dsmr-2"]).0, 0);
    found(&["--capture", old.to_str().unwrap(), "--preset", "dsmr-2", "--key-file", key], "plain-refused");
    let fast = capture(&folder, "fast-line", &[]);
    found(&["--capture", fast.to_str().unwrap(), "--preset", "dsmr-2"], "wrong-speed");
    // The same with words for people.
    let (code, out, err) = finish(smartyreader().args(["doctor", "--capture", good]));
    assert_eq!(code, 30);
    assert!(out.contains("[sealed-without-key] Sealed frames arrive") && out.contains("network operator"), "{out}");
    assert!(err.contains("the cause is sealed-without-key"), "{err}");
}

#[test]
fn what_cannot_be_looked_at_is_said() {
    let folder = Folder::new("doctor-nothing");
    let empty = folder.write("empty.bin", "");
    for (arguments, code, words) in [
        (vec!["--capture", "/nowhere.bin"], 66, "cannot be read"),
        (vec!["--capture", empty.to_str().unwrap()], 65, "is empty"),
        (vec!["--config", "/nowhere.toml"], 66, "smartyreader setup"),
        (vec!["--capture", "/x", "--mask"], 2, "--save"),
    ] {
        let (found, _, err) = finish(smartyreader().arg("doctor").args(&arguments));
        assert_eq!(found, code, "{arguments:?}: {err}");
        assert!(err.contains(words), "{err}");
    }
    let two = "[source.a]\nkind = \"stdin\"\n[source.b]\nkind = \"mqtt\"\nbroker = \"x\"\ntopics = [\"y\"]\n[mqtt.x]\nbroker = \"mqtt://127.0.0.1\"\n";
    let config = folder.write("two.toml", two);
    let (code, _, err) = finish(smartyreader().args(["doctor", "--config"]).arg(&config));
    assert_eq!((code, err.contains("--source is one of: a, b")), (64, true), "{err}");
    let (code, _, err) = finish(smartyreader().args(["doctor", "--source", "b", "--config"]).arg(&config));
    assert_eq!((code, err.contains("is a broker")), (64, true), "{err}");
}

#[test]
fn a_healthy_port_takes_no_half_minute() {
    let folder = Folder::new("doctor-healthy");
    let key = folder.write("home.key", KEY);
    let key = key.to_str().unwrap();
    let (_meter, link) = terminal(&folder, &["--speed", "10", "--key-file", key]);
    let (code, report) = doctor(&["--device", link.to_str().unwrap(), "--key-file", key]);
    assert_eq!((code, &report["healthy"]), (0, &true.into()), "{report:#}");
    let (_meter, address) = meter(&["--speed", "10", "--key-file", key]);
    assert_eq!(doctor(&["--tcp", &address, "--key-file", key]).0, 0);
    found(&["--tcp", &address, "--seconds", "2"], "sealed-without-key");
}

#[test]
fn a_device_that_is_not_there_or_not_ours() {
    let folder = Folder::new("doctor-device");
    let report = found(&["--device", "/dev/ttyNOWHERE0"], "device-missing");
    assert!(report["causes"][0]["sentence"].as_str().unwrap().contains("/dev/ttyNOWHERE0"), "{report:#}");
    let (_meter, link) = terminal(&folder, &["--delay", "60"]);
    let device = std::fs::canonicalize(&link).unwrap();
    found(&["--device", link.to_str().unwrap(), "--seconds", "1"], "silent");
    // A program that has it open, whatever it does with it.
    let open = std::fs::File::open(&device).unwrap();
    let mut other = Command::new("sleep").arg("60").stdin(open).stdout(Stdio::null()).spawn().unwrap();
    let report = found(&["--device", link.to_str().unwrap()], "device-busy");
    let by = report["causes"][0]["figures"]["by"].as_str().unwrap();
    assert_eq!(by, format!("sleep (process {})", other.id()));
    other.kill().unwrap();
    other.wait().unwrap();
    // For root nothing is forbidden: somebody else has to try.
    std::fs::set_permissions(&device, std::fs::Permissions::from_mode(0o000)).unwrap();
    let mut command = smartyreader();
    command.args(["doctor", "--json", "--device"]).arg(&device);
    if rustix::process::getuid().is_root() {
        command.uid(65_534).gid(65_534);
    }
    let (code, out, err) = finish(&mut command);
    if err.contains("Permission denied") && out.is_empty() {
        eprintln!("SKIPPED: another user may not run this program here");
        return;
    }
    assert_eq!(code, 12, "{out}{err}");
    let report: Value = serde_json::from_str(&out).unwrap();
    let group = report["causes"][0]["figures"]["group"].as_str().unwrap();
    let advice = report["causes"][0]["advice"].as_str().unwrap();
    assert!(!group.is_empty() && advice.contains(&format!("sudo usermod -aG {group} ")), "{report:#}");
}

#[test]
fn hosts_and_dongles() {
    let nobody = format!("127.0.0.1:{}", common::free_port());
    found(&["--tcp", &nobody], "unreachable");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let closing = thread::spawn(move || drop(listener.accept().unwrap()));
    found(&["--tcp", &address, "--seconds", "3"], "lost");
    closing.join().unwrap();
    for (scene, speed, seconds, cause) in [
        ("slow-line", "20", "2", "wrong-speed"),
        ("cut-off", "20", "3", "cut-short"),
        ("twice", "20", "3", "doubled"),
        ("split", "1", "22", "split"),
        ("clock-off", "1", "2", "clock-off"),
    ] {
        let (_meter, address) = meter(&["--scene", scene, "--speed", speed]);
        found(&["--tcp", &address, "--seconds", seconds], cause);
    }
}

#[test]
fn beside_the_daemon() {
    let folder = Folder::new("doctor-daemon");
    let key = folder.write("home.key", KEY);
    folder.write("wrong.key", "11111111111111111111111111111111");
    let (_meter, link) = terminal(&folder, &["--speed", "20", "--key-file", key.to_str().unwrap()]);
    let daemon = Daemon::start(
        &folder,
        &format!("[source.cable]\nkind = \"serial\"\ndevice = {link:?}\n[meter.home]\nkey-file = \"wrong.key\"\n"),
    );
    daemon.wait("it says so", |daemon| daemon.problems().contains(&"wrong-key".to_string()));
    assert!(!daemon.problems().contains(&"device-busy".to_string()), "the meter's own end is no reader");
    let config = daemon.config.to_str().unwrap();
    let report = found(&["--config", config], "wrong-key");
    assert!(report["how"].as_str().unwrap().contains("the daemon reads it"), "{report:#}");
    let report = found(&["--device", link.to_str().unwrap()], "device-busy");
    assert_eq!(report["causes"][0]["figures"]["ours"], true);
    assert!(report["causes"][0]["advice"].as_str().unwrap().contains("smartyreader status"), "{report:#}");
    let (code, _, err) =
        finish(smartyreader().args(["doctor", "--config", config, "--save"]).arg(folder.file("kept.bin")));
    assert_eq!((code, err.contains("stop it")), (69, true), "{err}");
}

#[test]
fn the_daemon_says_what_the_doctor_would() {
    let folder = Folder::new("doctor-page");
    let (_meter, address) = meter(&["--scene", "cut-off", "--speed", "50"]);
    let source = format!("[source.line]\nkind = \"tcp\"\naddress = \"{address}\"\n[meter.home]\n");
    let daemon = Daemon::start(&folder, &source);
    daemon.wait("it says so", |daemon| daemon.problems().contains(&"cut-short".to_string()));
    let (_, out, _) = daemon.status();
    assert!(out.contains("[cut-short]") && out.contains("always after 512 bytes"), "{out}");
    found(&["--config", daemon.config.to_str().unwrap()], "cut-short");
}

fn says(folder: &Folder, file: &Path, key: Option<&Path>) -> String {
    let mut command = smartyreader();
    command.arg("decode").arg(file).current_dir(folder.path());
    if let Some(key) = key {
        command.arg("--key-file").arg(key);
    }
    finish(&mut command).1
}

#[test]
fn what_is_kept_can_be_shown_to_others() {
    let folder = Folder::new("doctor-save");
    let key = folder.write("home.key", KEY);
    let sealed = capture(&folder, "gas-day", &["--key-file", key.to_str().unwrap(), "--profile", "luxembourg-gas"]);
    let whole = std::fs::read(&sealed).unwrap();
    let told = says(&folder, &sealed, Some(&key));
    let name = told.lines().find(|line| line.contains("0-0:42.0.0")).unwrap().split_whitespace().nth(1).unwrap();
    let gas = told.lines().find(|line| line.contains("0-1:96.1.0")).unwrap().split_whitespace().nth(1).unwrap();
    let save = |file: &str, arguments: &[&str]| {
        let path = folder.file(file);
        let mut command = smartyreader();
        command.args(["doctor", "--capture"]).arg(&sealed).arg("--save").arg(&path).args(arguments);
        let (_, _, err) = finish(&mut command);
        (path, err)
    };
    let (kept, _) = save("kept.bin", &[]);
    assert_eq!(std::fs::read(&kept).unwrap(), whole);
    assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    let (_, again) = save("kept.bin", &[]);
    assert!(again.contains("cannot be written"), "what is there is not overwritten: {again}");
    let (shut, said) = save("shut.bin", &["--mask"]);
    assert!(said.contains("no key opens them any more"), "{said}");
    assert!(!says(&folder, &shut, Some(&key)).contains("good,") || says(&folder, &shut, Some(&key)).contains("0 good"));
    let (open, said) = save("open.bin", &["--mask", "--key-file", key.to_str().unwrap()]);
    assert!(said.contains("60 sealed frames were opened"), "{said}");
    let masked = says(&folder, &open, None);
    assert!(masked.contains("60 good, 0 refused, 0 bytes of noise"), "{masked}");
    assert!(told.contains("energy_import_wh") && masked.contains("energy_import_wh"), "the values are there");
    for named in [name, gas] {
        assert!(named.len() > 20 && !masked.contains(named), "{named} is still there");
    }
    let (code, report) = doctor(&["--capture", open.to_str().unwrap()]);
    assert_eq!(code, 0, "{report:#}");
}

#[test]
fn the_document_has_every_cause() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/doctor.md")).unwrap();
    let rows: Vec<(String, u8)> = text
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split('|');
            let code = cells.next()?.trim().trim_end_matches('`').to_string();
            Some((code, cells.next()?.trim().parse().ok()?))
        })
        .collect();
    let all: Vec<(String, u8)> = Code::CAUSES.iter().map(|(code, exit)| ((*code).to_string(), *exit as u8)).collect();
    assert_eq!(rows, all);
}
