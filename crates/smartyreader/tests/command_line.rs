//! The verbs as people type them.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use common::{Daemon, Folder, KEY, finish, meter, smartyreader};

/// A database with an hour of telegrams, and the configuration that made it.
fn hour(folder: &Folder) -> std::path::PathBuf {
    folder.write("home.key", KEY);
    let (code, _, err) = finish(
        smartyreader()
            .args(["meter", "--speed", "1000000", "--count", "400", "--start", "1782000000", "--to"])
            .arg(folder.file("hour.bin"))
            .arg("--key-file")
            .arg(folder.file("home.key")),
    );
    assert_eq!(code, 0, "{err}");
    let config = folder.write(
        "test.toml",
        "[source.hour]\nkind = \"file\"\npath = \"hour.bin\"\n[meter.home]\nkey-file = \"home.key\"\n[store]\npath = \"test.db\"\n[web]\nenabled = false\n",
    );
    // Without a page the daemon ends with its file.
    let (code, out, err) = finish(smartyreader().args(["run", "--config"]).arg(&config));
    assert_eq!(code, 0, "{out}{err}");
    config
}

fn export(config: &Path, arguments: &[&str]) -> String {
    let (code, out, err) =
        finish(smartyreader().args(["export", "--meter", "home", "--config"]).arg(config).args(arguments));
    assert_eq!(code, 0, "{err}");
    out
}

#[test]
fn export_writes_what_was_sent() {
    let folder = Folder::new("export");
    let config = hour(&folder);
    let raw = export(&config, &["--resolution", "raw"]);
    let mut lines = raw.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    assert!(names.contains(&"energy_import_wh") && names.contains(&"voltage_l1_mv"), "{names:?}");
    assert_eq!(lines.count(), 400);
    let quarters = export(&config, &["--format", "jsonl"]);
    let whole: Vec<serde_json::Value> = quarters
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|quarter: &serde_json::Value| quarter["complete"] == true && quarter["running"].is_null())
        .collect();
    assert_eq!(whole.len(), 4, "{quarters}");
    assert_eq!(whole[0]["local"], "2026-06-21T02:00:00+02:00");
    let some =
        export(&config, &["--resolution", "raw", "--from", "2026-06-21T00:10:00Z", "--to", "2026-06-21T00:11:00Z"]);
    assert_eq!(some.lines().count(), 7);
    let (code, _, err) = finish(smartyreader().args(["export", "--meter", "other", "--config"]).arg(&config));
    assert_eq!(code, 64);
    assert!(err.contains("other"), "{err}");
    let (code, _, err) =
        finish(smartyreader().args(["export", "--meter", "home", "--from", "soon", "--config"]).arg(&config));
    assert_eq!(code, 64);
    assert!(err.contains("not \"soon\""), "{err}");
}

#[test]
fn the_same_file_again_changes_nothing() {
    let folder = Folder::new("again");
    let config = hour(&folder);
    let before = export(&config, &["--resolution", "raw"]);
    let (code, _, _) = finish(smartyreader().args(["run", "--config"]).arg(&config));
    assert_eq!(code, 0);
    assert_eq!(export(&config, &["--resolution", "raw"]), before);
}

#[test]
fn backup_and_restore() {
    let folder = Folder::new("backup");
    let config = hour(&folder);
    let before = export(&config, &["--resolution", "raw"]);
    let copy = folder.file("copy.db");
    let (code, _, err) = finish(smartyreader().args(["backup", "--config"]).arg(&config).arg("--to").arg(&copy));
    assert_eq!(code, 0, "{err}");
    let bytes = std::fs::read(&copy).unwrap();
    let key = (0..16).map(|_| 0x5A).collect::<Vec<u8>>();
    assert!(!bytes.windows(16).any(|window| window == key), "a key is in the backup");
    assert!(!bytes.windows(32).any(|window| window.eq_ignore_ascii_case(KEY.as_bytes())), "a key is in the backup");
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(folder.file(&format!("test.db{ending}")));
    }
    let (code, _, err) = finish(smartyreader().args(["restore", "--config"]).arg(&config).arg("--from").arg(&copy));
    assert_eq!(code, 0, "{err}");
    assert_eq!(export(&config, &["--resolution", "raw"]), before);
    let rubbish = folder.write("rubbish.db", "this is no database");
    let (code, _, err) = finish(smartyreader().args(["restore", "--config"]).arg(&config).arg("--from").arg(&rubbish));
    assert_ne!(code, 0);
    assert!(err.contains("not a file of this program"), "{err}");
    assert_eq!(export(&config, &["--resolution", "raw"]), before, "a refused restore changes nothing");
}

#[test]
fn every_example_configuration_is_good() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs");
    let mut checked = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let (code, out, err) =
            finish(smartyreader().args(["check", "--config"]).arg(&path).env("SMARTYREADER_TEST_KEY", KEY));
        assert_eq!(code, 0, "{}:\n{out}{err}", path.display());
        assert!(out.contains("The configuration is good."), "{out}");
        checked += 1;
    }
    assert!(checked >= 2);
    // And every one that the documentation shows.
    let folder = Folder::new("examples");
    folder.write("home.key", KEY);
    std::fs::create_dir(folder.file("keys")).unwrap();
    folder.write("keys/home.key", KEY);
    folder.write("broker.password", "secret");
    folder.write("mail.password", "secret");
    folder.write("psk", "00112233");
    folder.write("hook.token", "secret");
    for meter in 1..=5 {
        folder.write(&format!("sm{meter}.key"), KEY);
    }
    for document in [
        "README.md",
        "docs/alerts.md",
        "docs/devices.md",
        "docs/collector.md",
        "docs/configuration.md",
        "docs/hardware.md",
        "docs/mqtt.md",
        "docs/report.md",
        "docs/sensors.md",
        "docs/sinks.md",
        "docs/smartyreader5.md",
        "docs/tariff.md",
    ] {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(document)).unwrap();
        for example in text.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
            check_example(&folder, document, example);
        }
        // A row of a table: what one had, and in code what to write.
        for row in text.lines().filter(|line| line.starts_with("| ") && line.contains("<br>")) {
            let cell = row.split(" | ").nth(1).unwrap();
            let example: Vec<&str> = cell.split("<br>").map(|line| line.trim_matches([' ', '|', '`'])).collect();
            check_example(&folder, document, &example.join("\n"));
        }
    }
}

/// A whole example, or a part of one with the rest that every household has.
fn check_example(folder: &Folder, document: &str, example: &str) {
    let mut whole = example.to_string();
    if !whole.contains("[source.") && !whole.contains("[sensor.") {
        whole.push_str("\n[source.cable]\nkind = \"stdin\"\n");
    }
    if !whole.contains("[meter.") && !whole.contains("[sensor.") {
        whole.push_str("\n[meter.home]\n");
    }
    if (whole.contains("[[mqtt.house.") || whole.contains("[mqtt.house.") || whole.contains("broker = \"house\""))
        && !whole.contains("[mqtt.house]")
    {
        whole.push_str("\n[mqtt.house]\nbroker = \"mqtt://broker.lan\"\n");
    }
    let config = folder.write("example.toml", &whole);
    let (code, out, err) = finish(smartyreader().args(["check", "--config"]).arg(&config));
    assert_eq!(code, 0, "{document}:\n{whole}\n{out}{err}");
}

#[test]
fn check_says_what_is_wrong() {
    let folder = Folder::new("check");
    for (text, words) in [
        ("", "no meter is configured"),
        ("[source.a]\nkind = \"serial\"\n[meter.home]\n", "needs `device`"),
        (
            "[source.a]\nkind = \"tcp\"\naddress = \"x:1\"\n[source.b]\nkind = \"stdin\"\n[meter.home]\n",
            "needs `source`: one of a, b",
        ),
        ("[source.a]\nkind = \"stdin\"\n[meter.Home]\n", "use small letters"),
        ("[source.a]\nkind = \"stdin\"\n[meter.home]\nsource = \"b\"\n", "which is not configured"),
        ("[source.a]\nkind = \"stdin\"\n[meter.home]\n[meter.other]\n", "needs `equipment`"),
        ("[source.a]\nkind = \"stdin\"\n[meter.home]\ntopic = \"a/#/b\"\n", "has a # that is not alone at its end"),
        (
            "[source.a]\nkind = \"stdin\"\n[meter.home]\ntopic = \"a\"\n[meter.other]\ntopic = \"a\"\n",
            "the same topic \"a\"",
        ),
        ("[source.a]\nkind = \"stdin\"\n[meter.home]\nkey-file = \"none.key\"\n", "cannot be read"),
        ("[source.a]\nkind = \"stdin\"\n[meter.home]\n[web]\nlisten = \"0.0.0.0:80\"\n", "open to everybody"),
        ("[source.a]\nkind = \"stdin\"\n[meter.home]\n[store]\nretention = \"12h\"\n", "a day or more"),
        ("[source.a]\nkind = \"stdin\"\n[meter.home]\n[web]\npassword-hash = \"secret\"\n", "is no hash"),
    ] {
        let config = folder.write("wrong.toml", text);
        let (code, out, err) = finish(smartyreader().args(["check", "--config"]).arg(&config));
        assert_eq!(code, 78, "{text}\n{out}{err}");
        assert!(out.contains(words), "{words}:\n{out}");
    }
    let (code, _, err) = finish(smartyreader().args(["check", "--config", "/nowhere/x.toml"]));
    assert_eq!(code, 66);
    assert!(err.contains("smartyreader setup"), "{err}");
}

#[test]
fn a_replayed_frame_is_refused_across_a_restart() {
    let folder = Folder::new("replay");
    folder.write("home.key", KEY);
    let make = |name: &str, start: &str, counter: &str| {
        let path = folder.file(name);
        let (code, _, err) = finish(
            smartyreader()
                .args(["meter", "--speed", "1000000", "--start", start, "--count", "5", "--counter", counter, "--to"])
                .arg(&path)
                .arg("--key-file")
                .arg(folder.file("home.key")),
        );
        assert_eq!(code, 0, "{err}");
        path
    };
    let old = make("old.bin", "1782000000", "1000");
    let run = |capture: &Path, times: u64, refused: &str| {
        let (_meter, source) = meter(&["--capture", capture.to_str().unwrap()]);
        let mut daemon = Daemon::start(
            &folder,
            &format!("[source.line]\nkind = \"tcp\"\naddress = \"{source}\"\n[meter.home]\nkey-file = \"home.key\"\n"),
        );
        daemon.wait("five frames", |daemon| daemon.health()["sources"][0]["counters"]["frames"] == 5);
        daemon.wait("stored", |daemon| daemon.health()["store"]["stored"] == times);
        let counters = daemon.health()["sources"][0]["counters"].clone();
        let replays = counters["replay"].as_u64().unwrap_or(0) + counters["duplicate"].as_u64().unwrap_or(0);
        assert_eq!(replays, 5 - times, "{refused}: {counters}");
        assert!(daemon.process.terminate().as_secs() < 5);
    };
    run(&old, 5, "the first time all are new");
    run(&old, 0, "after a restart all are old");
    // The key is renewed: the counter starts again, the time goes on.
    let renewed = make("renewed.bin", "1782001000", "1");
    run(&renewed, 5, "newer by time");
    run(&old, 0, "the mark did not follow the counter down");
}

#[test]
fn status_without_a_daemon_says_so() {
    let folder = Folder::new("status");
    let config = folder.write("test.toml", "[source.a]\nkind = \"stdin\"\n[meter.home]\n[store]\npath = \"x.db\"\n");
    let (code, _, err) = finish(smartyreader().args(["status", "--config"]).arg(&config));
    assert_eq!(code, 69);
    assert!(err.contains("it does not run"), "{err}");
}

#[test]
fn standard_input_is_a_source() {
    let folder = Folder::new("stdin");
    folder.write("home.key", KEY);
    let config = folder.write(
        "test.toml",
        "[source.a]\nkind = \"stdin\"\n[meter.home]\nkey-file = \"home.key\"\n[store]\npath = \"test.db\"\n[web]\nenabled = false\n",
    );
    let sent = smartyreader()
        .args(["meter", "--speed", "1000000", "--count", "50", "--to", "-", "--key-file"])
        .arg(folder.file("home.key"))
        .output()
        .unwrap();
    let mut child = smartyreader().args(["run", "--config"]).arg(&config).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&sent.stdout).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(export(&config, &["--resolution", "raw"]).lines().count(), 51);
}

/// A pipe that nobody reads any more, as behind `| head -1`.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

/// A disk without room.
fn full() -> Stdio {
    std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap().into()
}

#[test]
fn nobody_takes_what_is_said() {
    let folder = Folder::new("unheard");
    let config = hour(&folder);
    let (config, capture) = (config.to_str().unwrap(), folder.file("hour.bin"));
    let (capture, key) = (capture.to_str().unwrap(), folder.file("home.key"));
    let copy = folder.file("copy.db");
    let house = Folder::new("unheard-daemon");
    let daemon = Daemon::start(&house, "[source.x]\nkind = \"tcp\"\naddress = \"127.0.0.1:1\"\n[meter.home]\n");
    let running = daemon.config.to_str().unwrap();
    for arguments in [
        vec!["decode", capture, "--key-file", key.to_str().unwrap()],
        vec!["decode", capture, "--key-file", key.to_str().unwrap(), "--json"],
        vec!["check", "--config", config],
        vec!["status", "--config", running],
        vec!["status", "--config", running, "--json"],
        vec!["export", "--meter", "home", "--config", config],
        vec!["report", "--day", "2026-06-21", "--config", config],
        vec!["backup", "--config", config, "--to", copy.to_str().unwrap()],
        vec!["doctor", "--capture", capture, "--key-file", key.to_str().unwrap()],
        vec!["password", "--token"],
        vec!["meter", "--scene", "list"],
        vec!["meter", "--speed", "1000000", "--count", "100", "--to", "-"],
        vec!["meter", "--to", "pty"],
    ] {
        let end = |out: Stdio| {
            let _ = std::fs::remove_file(&copy);
            let command =
                smartyreader().args(&arguments).stdin(Stdio::null()).stdout(out).stderr(Stdio::piped()).spawn();
            let output = command.unwrap().wait_with_output().unwrap();
            (output.status.code(), String::from_utf8(output.stderr).unwrap())
        };
        assert_eq!(end(closed()), (Some(141), String::new()), "{arguments:?}");
        let (code, said) = end(full());
        assert_eq!(code, Some(74), "{arguments:?}: {said}");
        assert_eq!(said, "smartyreader: the output cannot be written: No space left on device (os error 28)\n");
    }
    // A failure whose sentence nobody hears has its code all the same.
    for err in [closed(), full()] {
        let status = smartyreader().args(["decode", "/nowhere"]).stdin(Stdio::null()).stderr(err).status().unwrap();
        assert_eq!(status.code(), Some(66));
    }
}

#[test]
fn the_daemon_works_on_where_nobody_takes_its_log() {
    for (name, log) in [("closed", closed()), ("full", full())] {
        let folder = Folder::new(&format!("log-{name}"));
        let key = folder.write("home.key", KEY);
        let (_meter, source) = meter(&["--speed", "100", "--key-file", key.to_str().unwrap()]);
        let address = format!("127.0.0.1:{}", common::free_port());
        let config = folder.write(
            "test.toml",
            &format!(
                "[source.a]\nkind = \"tcp\"\naddress = \"{source}\"\n[meter.home]\nsource = \"a\"\nkey-file = \"home.key\"\n[source.b]\nkind = \"tcp\"\n\
                 address = \"127.0.0.1:1\"\n[meter.silent]\nsource = \"b\"\n[store]\npath = \"x.db\"\n[web]\nlisten = \"{address}\"\n[log]\nlevel = \"debug\"\n"
            ),
        );
        let mut command = smartyreader();
        command.args(["run", "--config"]).arg(&config).stdin(Stdio::null()).stdout(closed()).stderr(log);
        let child = command.spawn().unwrap();
        let process = common::Process { child, log: std::sync::Arc::default() };
        let mut daemon = Daemon { process, config, address };
        daemon.wait("the page answers", |daemon| daemon.try_get("/api/v1/health").is_some());
        daemon.wait("telegrams", |daemon| daemon.health()["meters"][0]["telegrams"].as_u64() > Some(10));
        daemon.process.terminate();
        assert_eq!(daemon.process.child.wait().unwrap().code(), Some(0), "{name}");
    }
}
