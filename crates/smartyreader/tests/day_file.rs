//! Day files: byte for byte what the Python script would write if its arithmetic were right.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use common::{Daemon, Folder, KEY, Process, finish, meter, smartyreader};
use serde_json::Value;

/// Midnight between 21 and 22 June 2026 in Luxembourg, which is two hours ahead of UTC.
const MIDNIGHT: i64 = 1_782_079_200;
const OFFSET: i64 = 7200;

/// A reading as the script sees it: time and register, Wh.
type Reading = (i64, i64);

/// The script, with the corrections: midnight is midnight, power is by the time that has passed.
fn script(readings: &[Reading]) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut before: Option<Reading> = None;
    let mut line: Option<Reading> = None;
    let mut midnight = 0;
    for &(time, wh) in readings {
        let local = time + OFFSET;
        let same_day = before.is_some_and(|(last, _)| (last + OFFSET).div_euclid(86_400) == local.div_euclid(86_400));
        if !same_day {
            // A reading at midnight itself is best, the last one before it almost as good.
            let near = before.filter(|(last, _)| local.rem_euclid(86_400) != 0 && time - last <= 40);
            midnight = near.map_or(wh, |(_, wh)| wh);
        }
        before = Some((time, wh));
        if line.is_some_and(|(last, _)| last.div_euclid(60) == time.div_euclid(60)) {
            continue;
        }
        let power = line.map_or("0".to_string(), |(last, from)| {
            let watts = (wh - from) as f64 * 3600.0 / (time - last) as f64;
            // Rust's `{:?}` of a float is Python's `str`.
            format!("{:?}", (watts * 1000.0).round() / 1000.0)
        });
        line = Some((time, wh));
        let energy = (wh - midnight) as f64 / 1000.0;
        let day = 21 + (local - (MIDNIGHT + OFFSET)).div_euclid(86_400) + 1;
        let second = local.rem_euclid(86_400);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let text = format!(
            "{day:02}.06.26 {hour:02}:{minute:02}:{second:02} {:06}.{:03} {energy:?} {power}\n",
            wh / 1000,
            wh % 1000
        );
        *files.entry(format!("smartmeter_2026_06_{day:02}.min")).or_default() += &text;
    }
    files
}

/// What the virtual meter has said so far.
fn truth(path: &Path, register: &str) -> Vec<Reading> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.map(|line| (line["time"].as_i64().unwrap(), line[register].as_i64().unwrap())).collect()
}

/// What is stored.
fn stored(config: &Path) -> Vec<Reading> {
    let (code, out, err) = finish(
        smartyreader()
            .args(["export", "--meter", "home", "--format", "jsonl", "--resolution", "raw", "--config"])
            .arg(config),
    );
    assert_eq!(code, 0, "{err}");
    let lines = out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| (line["time"].as_i64().unwrap(), line["energy_import_wh"].as_i64().unwrap())).collect()
}

fn sealed(folder: &Folder, arguments: &[&str]) -> (Process, String) {
    let key = folder.write("home.key", KEY);
    let truth = folder.file("truth.jsonl");
    let mut all = vec!["--key-file", key.to_str().unwrap(), "--truth", truth.to_str().unwrap()];
    all.extend(arguments);
    meter(&all)
}

fn text(source: &str, sink: &str) -> String {
    format!("[source.line]\nkind = \"tcp\"\naddress = \"{source}\"\n[meter.home]\nkey-file = \"home.key\"\n{sink}\n")
}

const PLAIN: &str = "[day-file.old]\nfolder = \"data\"\narchive = \"data_archive\"\n";

fn lines(daemon: &Daemon) -> u64 {
    daemon.health()["sinks"][0]["counters"]["lines"].as_u64().unwrap()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_day_changes_and_the_old_file_goes_to_the_archive() {
    // At the full minute, and three seconds beside it: then nothing is measured at midnight itself.
    for (name, start) in [("exact", MIDNIGHT - 600), ("beside", MIDNIGHT - 597)] {
        let folder = Folder::new(&format!("days-{name}"));
        let start = start.to_string();
        let (_meter, source) = sealed(&folder, &["--start", &start, "--speed", "400", "--count", "180"]);
        let daemon = Daemon::start(&folder, &text(&source, PLAIN));
        daemon.wait("all lines", |daemon| lines(daemon) == 30);
        let files = script(&truth(&folder.file("truth.jsonl"), "energy_import_wh"));
        let (old, new) = ("smartmeter_2026_06_21.min", "smartmeter_2026_06_22.min");
        assert_eq!(files.keys().collect::<Vec<_>>(), [old, new]);
        daemon.wait("it is archived", |_| folder.file("data_archive").join(old).exists());
        assert_eq!(read(&folder.file("data_archive").join(old)), files[old], "{name}");
        assert_eq!(read(&folder.file("data").join(new)), files[new], "{name}");
        assert_eq!(read(&folder.file("data").join("smartmeter.min")), files[new], "{name}");
        let mut names: Vec<_> =
            std::fs::read_dir(folder.file("data")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["smartmeter.min", new], "nothing else is left");
        assert!(daemon.problems().iter().all(|code| code == "stale" || code == "lost" || code == "clock-off"));
    }
}

#[test]
fn export_under_other_names_more_often() {
    let folder = Folder::new("export-file");
    let start = (MIDNIGHT + 12 * 3600).to_string();
    let (_meter, source) =
        sealed(&folder, &["--start", &start, "--speed", "400", "--count", "60", "--profile", "luxembourg-solar"]);
    let sink = "[day-file.solar]\nfolder = \"sun\"\nvalue = \"export\"\ncurrent = \"today.txt\"\ndated = \"p1_\"\nevery = \"5m\"\n";
    let daemon = Daemon::start(&folder, &text(&source, sink));
    daemon.wait("all lines", |daemon| lines(daemon) == 2);
    let truth = truth(&folder.file("truth.jsonl"), "energy_export_wh");
    let got = read(&folder.file("sun").join("p1_2026_06_22.min"));
    assert_eq!(got, read(&folder.file("sun").join("today.txt")));
    let flowed = truth[30].1 - truth[0].1;
    assert!(flowed > 0, "the sun does not shine");
    let expected = format!(
        "22.06.26 12:00:00 {:06}.{:03} 0.0 0\n22.06.26 12:05:00 {:06}.{:03} {:?} {:?}\n",
        truth[0].1 / 1000,
        truth[0].1 % 1000,
        truth[30].1 / 1000,
        truth[30].1 % 1000,
        flowed as f64 / 1000.0,
        (flowed * 12) as f64
    );
    assert_eq!(got, expected);
}

#[test]
fn a_sink_that_is_new_begins_the_day_at_midnight() {
    let folder = Folder::new("new-sink");
    let start = (MIDNIGHT - 900).to_string();
    let (_meter, source) = sealed(&folder, &["--start", &start, "--speed", "400"]);
    let mut daemon = Daemon::start(&folder, &text(&source, ""));
    daemon.wait("half an hour", |daemon| daemon.health()["store"]["stored"].as_u64() > Some(180));
    daemon.process.terminate();
    assert!(!folder.file("data").exists());
    // Twice: the second time the file goes on where it ends.
    let mut daemon = Daemon::start(&folder, &text(&source, PLAIN));
    daemon.wait("some lines", |daemon| lines(daemon) > 25);
    daemon.process.terminate();
    let mut daemon = Daemon::start(&folder, &text(&source, PLAIN));
    daemon.wait("some more", |daemon| lines(daemon) > 5);
    daemon.process.terminate();
    let files = script(&stored(&daemon.config));
    let got = read(&folder.file("data").join("smartmeter_2026_06_22.min"));
    assert_eq!(got, files["smartmeter_2026_06_22.min"]);
    assert_eq!(read(&folder.file("data").join("smartmeter.min")), got);
}

#[test]
fn kills_leave_whole_lines_and_right_numbers() {
    let folder = Folder::new("file-kills");
    let start = (MIDNIGHT - 120).to_string();
    let (_meter, source) = sealed(&folder, &["--start", &start, "--speed", "1500"]);
    let mut daemon = Daemon::start(&folder, &text(&source, PLAIN));
    let config = daemon.config.clone();
    daemon.wait("the day has begun", |daemon| lines(daemon) > 4);
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    for _ in 0..12 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_millis(random >> 33 & 255));
        daemon.process.kill();
        let address = daemon.address.clone();
        daemon = Daemon::start_with(config.clone(), address);
        daemon.wait("it goes on", |daemon| lines(daemon) > 0);
    }
    daemon.process.terminate();
    let truth: BTreeMap<i64, i64> = truth(&folder.file("truth.jsonl"), "energy_import_wh").into_iter().collect();
    let stored = stored(&config);
    let got = read(&folder.file("data").join("smartmeter_2026_06_22.min"));
    assert!(got.ends_with('\n'));
    assert_eq!(read(&folder.file("data").join("smartmeter.min")), got, "one is a copy of the other");
    let at_midnight = truth[&MIDNIGHT];
    let mut before: Option<Reading> = None;
    let mut minutes = BTreeSet::new();
    for line in got.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let clock: Vec<i64> = fields[1].split(':').map(|part| part.parse().unwrap()).collect();
        let day: i64 = fields[0][..2].parse().unwrap();
        let time = MIDNIGHT + (day - 22) * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2];
        let wh = truth[&time];
        assert_eq!(fields[2], format!("{:06}.{:03}", wh / 1000, wh % 1000), "{line}");
        assert_eq!(fields[3], format!("{:?}", (wh - at_midnight) as f64 / 1000.0), "{line}");
        if let Some((last, from)) = before {
            let watts = (wh - from) as f64 * 3600.0 / (time - last) as f64;
            assert_eq!(fields[4], format!("{:?}", (watts * 1000.0).round() / 1000.0), "{line} after {last}");
        }
        before = Some((time, wh));
        assert!(minutes.insert(time.div_euclid(60)), "two lines in a minute: {line}");
    }
    let missing: Vec<i64> = stored
        .iter()
        .map(|(time, _)| *time)
        .filter(|&time| time >= MIDNIGHT && !minutes.contains(&time.div_euclid(60)))
        .collect();
    assert!(missing.is_empty(), "the store has telegrams of minutes that have no line: {missing:?}\n{got}");
    assert!(minutes.len() > 30, "{got}");
}

#[test]
fn what_cannot_be_written_waits() {
    let folder = Folder::new("no-room");
    let start = (MIDNIGHT - 300).to_string();
    // In the way: a folder of the old day's name, and a file of the archive's.
    std::fs::create_dir_all(folder.file("data").join("smartmeter_2026_06_21.min")).unwrap();
    folder.write("data_archive", "in the way");
    let (_meter, source) = sealed(&folder, &["--start", &start, "--speed", "400", "--count", "90"]);
    let daemon = Daemon::start(&folder, &text(&source, PLAIN));
    daemon.wait("it is said", |daemon| daemon.problems().contains(&"file-failing".to_string()));
    let sentence = daemon.health()["problems"].to_string();
    assert!(sentence.contains("smartmeter_2026_06_21.min cannot be written: a folder has that name"), "{sentence}");
    daemon.wait("all wait", |daemon| daemon.health()["sinks"][0]["queued"] == 15);
    std::fs::remove_dir(folder.file("data").join("smartmeter_2026_06_21.min")).unwrap();
    daemon.wait("all are written", |daemon| lines(daemon) == 15);
    daemon.wait("it is over", |daemon| !daemon.problems().contains(&"file-failing".to_string()));
    let files = script(&truth(&folder.file("truth.jsonl"), "energy_import_wh"));
    let new = "smartmeter_2026_06_22.min";
    assert_eq!(read(&folder.file("data").join(new)), files[new]);
    assert_eq!(read(&folder.file("data").join("smartmeter.min")), files[new]);
    assert!(daemon.problems().contains(&"archive-failing".to_string()), "{:?}", daemon.problems());
    let old = "smartmeter_2026_06_21.min";
    assert_eq!(read(&folder.file("data").join(old)), files[old], "what cannot be archived stays");
    assert_eq!(daemon.health()["sinks"][0]["counters"]["lines_lost"], 0);
}

#[test]
fn half_a_line_gets_its_end_and_a_foreign_file_is_left_alone() {
    let folder = Folder::new("half");
    std::fs::create_dir_all(folder.file("data")).unwrap();
    let (dated, current) =
        (folder.file("data").join("smartmeter_2026_06_22.min"), folder.file("data").join("smartmeter.min"));
    std::fs::write(&dated, "22.06.26 00:00:00 0000").unwrap();
    std::fs::write(&current, "my diary\n").unwrap();
    let start = MIDNIGHT.to_string();
    let (_meter, source) = sealed(&folder, &["--start", &start, "--speed", "400", "--count", "30"]);
    let daemon = Daemon::start(&folder, &text(&source, PLAIN));
    daemon.wait("it is said", |daemon| daemon.problems().contains(&"file-failing".to_string()));
    let sentence = daemon.health()["problems"].to_string();
    assert!(sentence.contains("it is there and no day file; it is left as it is"), "{sentence}");
    assert_eq!(read(&current), "my diary\n");
    std::fs::remove_file(&current).unwrap();
    daemon.wait("all lines", |daemon| lines(daemon) == 5);
    let files = script(&truth(&folder.file("truth.jsonl"), "energy_import_wh"));
    let lines = &files["smartmeter_2026_06_22.min"];
    assert_eq!(read(&dated), format!("22.06.26 00:00:00 0000\n{lines}"));
    assert_eq!(&read(&current), lines);
}

/// Objects of each telegram of a virtual meter, by time stamp, as they are sent.
fn sent(folder: &Folder, arguments: &[&str]) -> BTreeMap<String, Vec<String>> {
    let path = folder.file("sent.bin");
    let (code, _, err) =
        finish(smartyreader().args(["meter", "--speed", "1000000000", "--to"]).arg(&path).args(arguments));
    assert_eq!(code, 0, "{err}");
    let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    let value = |telegram: &str, code: &str| {
        let at = telegram.find(&format!("\n{code}(")).unwrap();
        telegram[at..].split(['(', ')']).nth(1).unwrap().to_string()
    };
    let telegrams = text.split_inclusive('!').filter(|part| part.contains("1.8.0"));
    let rows = telegrams.map(|telegram| {
        let codes = ["1-0:1.8.0", "1-0:2.8.0", "1-0:3.8.0", "1-0:4.8.0"];
        (value(telegram, "0-0:1.0.0"), codes.iter().map(|code| value(telegram, code)).collect())
    });
    rows.collect()
}

#[test]
fn the_card_of_the_five() {
    let folder = Folder::new("card");
    let key = folder.write("home.key", KEY);
    let start = (MIDNIGHT - 180).to_string();
    let common = ["--start", &start, "--count", "60"];
    let known = [["--seed", "3"], ["--seed", "4"]].map(|seed| sent(&folder, &[&common[..], &seed[..]].concat()));
    let live = ["--speed", "200", "--key-file", key.to_str().unwrap()];
    let [(_left, one), (_right, two)] =
        [["--seed", "3"], ["--seed", "4"]].map(|seed| meter(&[&common[..], &seed[..], &live[..]].concat()));
    // A third that never says anything.
    let sources = [("left", one.as_str()), ("right", two.as_str()), ("silent", "127.0.0.1:1")]
        .map(|(name, source)| {
            format!(
                "[source.{name}]\nkind = \"tcp\"\naddress = \"{source}\"\n[meter.{name}]\nsource = \"{name}\"\nkey-file = \"home.key\"\n"
            )
        })
        .concat();
    let sink = "[day-file.card]\nformat = \"smartyreader-5\"\nfolder = \"card\"\narchive = \"card/old\"\nmeters = [\"right\", \"silent\", \"left\"]\n";
    let daemon = Daemon::start(&folder, &format!("{sources}{sink}"));
    daemon.wait("all lines", |daemon| lines(daemon) == 10);
    let old = read(&folder.file("card/old").join("21_06_26.txt"));
    let new = read(&folder.file("card").join("22_06_26.txt"));
    assert_eq!((old.lines().count(), new.lines().count()), (6, 14), "each line and an empty one");
    let mut compared = 0;
    for line in (old + &new).split_terminator("\n\r\n") {
        let fields: Vec<&str> = line.split('\t').collect();
        assert_eq!(fields.len(), 18, "{line:?}");
        assert!(fields[6..12].iter().all(|field| field.is_empty()), "{line:?}");
        for (meter, known) in [(&fields[0..6], &known[1]), (&fields[12..18], &known[0])] {
            if meter[1].is_empty() {
                // Before its first telegram.
                continue;
            }
            assert_eq!(meter[0].len(), 3);
            assert_eq!(meter[2..], known[meter[1]][..], "{line:?}");
            compared += 1;
        }
    }
    assert!(compared > 15, "{compared}");
    drop(daemon);
}

#[test]
fn check_says_what_is_written() {
    let folder = Folder::new("check-file");
    let two = "[source.a]\nkind = \"tcp\"\naddress = \"x:1\"\n[meter.left]\nequipment = [\"A\"]\n[meter.right]\nequipment = [\"B\"]\n";
    for (sink, expected, words) in [
        (
            "[day-file.a]\nmeter = \"left\"\nfolder = \"/data\"\narchive = \"/old\"\n",
            0,
            "day-file a writes a line every 1 minute with the import of meter left to smartmeter.min and smartmeter_YYYY_MM_DD.min in /data; after midnight the file of the day before moves to /old.",
        ),
        (
            "[day-file.a]\nformat = \"smartyreader-5\"\nfolder = \"/data\"\n",
            0,
            "with the registers of left, right to DD_MM_YY.txt in /data.",
        ),
        (
            "[day-file.a]\nformat = \"smartyreader-5\"\nmeter = \"left\"\nfolder = \"/data\"\n",
            0,
            "`meter` means nothing",
        ),
        ("[day-file.a]\nfolder = \"/data\"\n", 78, "day-file a needs `meter`: one of left, right"),
        ("[day-file.a]\nmeter = \"left\"\n", 78, "missing field `folder`"),
        ("[day-file.a]\nmeter = \"left\"\nfolder = \"/data\"\narchive = \"/data\"\n", 78, "another folder"),
        ("[day-file.a]\nmeter = \"left\"\nfolder = \"/data\"\ncurrent = \"a/b\"\n", 78, "without a path"),
        ("[day-file.a]\nmeter = \"left\"\nfolder = \"/data\"\ndated = \"smart\"\n", 78, "a name of its own"),
        ("[day-file.a]\nmeter = \"left\"\nfolder = \"/data\"\nevery = \"2h\"\n", 78, "an hour or less"),
        (
            "[day-file.a]\nmeter = \"left\"\nfolder = \"/data\"\n[day-file.b]\nmeter = \"right\"\nfolder = \"/data\"\n",
            78,
            "write to the same files",
        ),
        (
            "[day-file.a]\nformat = \"smartyreader-5\"\nmeters = [\"up\"]\nfolder = \"/data\"\n",
            78,
            "meter up, which is not",
        ),
        ("[day-file.a]\nmeter = \"left\"\nfolder = \"/data\"\nvalue = \"exprot\"\n", 78, "did you mean \"export\"?"),
    ] {
        let config = folder.write("check.toml", &format!("{two}{sink}"));
        let (code, out, err) = finish(smartyreader().args(["check", "--config"]).arg(&config));
        assert_eq!(code, expected, "{sink}\n{out}{err}");
        assert!(out.contains(words) || err.contains(words), "{words}:\n{out}{err}");
    }
}
