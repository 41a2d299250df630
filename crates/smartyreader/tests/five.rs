//! `SmartyReader⁵` whole, as its document has it: five meters and the tank on six ports, the board's topics, the card.
//! One port is pulled and put back; the other four lose nothing.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::broker::{Broker, Heard, Security};
use common::port::{Cable, Sonar};
use common::{Daemon, Folder, Process, finish, meter, smartyreader};
use serde_json::Value;

/// A Monday noon in November.
const START: i64 = 1_795_431_600 - 90 * 86_400;
const BOARD: &str = "weigu/basement/storage";

#[test]
fn an_hour_of_five_meters_and_a_tank() {
    five(&Span { seconds: 3600, speed: 200, patience: 120 });
}

#[test]
fn a_day_of_five_meters_and_a_tank() {
    five(&Span { seconds: 86_400, speed: 1200, patience: 300 });
}

#[test]
#[ignore = "ten minutes in a release build: make soak"]
fn a_month_of_five_meters_and_a_tank() {
    five(&Span { seconds: 30 * 86_400, speed: 5000, patience: 3600 });
}

/// How long by the meters' clocks, how many times faster than they run, and how long may be waited, s.
struct Span {
    seconds: i64,
    speed: u32,
    patience: u64,
}

impl Span {
    fn is_fast(&self) -> bool {
        self.speed > 500
    }

    /// Of so many minutes so many make a line and a message. Sinks are not waited for: at thousands of times the speed
    /// of a meter they may miss some, and the store may not.
    fn least(&self) -> i64 {
        let minutes = self.seconds / 60;
        if self.is_fast() { minutes / 20 } else { minutes - 5 }
    }

    /// So many telegrams of the pulled meter are lost at least: of a day more than a quarter-hour has.
    fn lost(&self) -> usize {
        if self.is_fast() { 100 } else { 10 }
    }
}

/// Each key has 32 digits of its own number.
fn key(number: usize) -> String {
    format!("{number:x}").repeat(32)
}

fn device(folder: &Folder, number: usize) -> PathBuf {
    folder.file(&format!("usb-FTDI_FT232R_USB_UART_A9SM{number:04}-if00-port0"))
}

/// A meter and the cable from it.
fn plug(folder: &Folder, number: usize, span: &Span) -> (Process, Cable) {
    let (key, truth) = (folder.file(&format!("sm{number}.key")), folder.file(&format!("truth{number}.jsonl")));
    let [seed, start, speed, count] =
        [number as i64, START, i64::from(span.speed), span.seconds / 10].map(|number| number.to_string());
    let (process, address) = meter(&[
        "--seed",
        &seed,
        "--start",
        &start,
        "--speed",
        &speed,
        "--count",
        &count,
        "--key-file",
        key.to_str().unwrap(),
        "--truth",
        truth.to_str().unwrap(),
    ]);
    let cable = Cable::plug(&address, &device(folder, number));
    (process, cable)
}

/// The document's own configuration, with the ports and the broker of this test.
fn configuration(folder: &Folder, broker: &Broker, span: &Span) -> String {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/smartyreader5.md");
    let document = std::fs::read_to_string(document).unwrap();
    let text = document.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(text.contains("/dev/serial/by-id/") && text.contains("broker = \"mqtt://192.168.1.10\""));
    // A thousand live messages a second, which no house has, would leave the board's own no room.
    let native = if span.is_fast() { "publish-native = false\n" } else { "" };
    let by_id = format!("{}/", folder.path().display());
    text.replace("/dev/serial/by-id/", &by_id)
        .replace("broker = \"mqtt://192.168.1.10\"\n", &(broker.settings() + native))
        .replace("title = \"Rainwater\"", "title = \"Rainwater\"\nevery = \"1s\"")
        .replace("meter = \"tank\"\n", "meter = \"tank\"\nevery = \"2s\"\n")
        + "[group.flats]\nadd = [\"sm1\", \"sm2\"]\n[group.house]\nadd = [\"sm1\", \"sm2\"]\nsubtract = [\"sm3\"]\n"
        + "[store]\npath = \"test.db\"\nflush = \"2s\"\n"
}

/// By time: what each telegram truly said.
fn truth(folder: &Folder, number: usize) -> BTreeMap<i64, Value> {
    let text = std::fs::read_to_string(folder.file(&format!("truth{number}.jsonl"))).unwrap_or_default();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.map(|line| (line["time"].as_i64().unwrap(), line)).collect()
}

fn lines(file: &Path) -> usize {
    std::fs::read_to_string(file).unwrap_or_default().lines().count()
}

/// Resident memory of a process, kB.
fn resident(process: &Process) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.child.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn telegrams(daemon: &Daemon, meter: &str) -> i64 {
    let health = daemon.health();
    let meters = health["meters"].as_array().unwrap();
    meters.iter().find(|one| one["name"] == meter).map_or(0, |one| one["telegrams"].as_i64().unwrap())
}

fn five(span: &Span) {
    let folder = Folder::new(&format!("five-{}", span.seconds));
    for number in 1..=5 {
        folder.write(&format!("sm{number}.key"), &key(number));
    }
    let broker = Broker::start(&folder, Security::Plain);
    let listener = broker.listen(&format!("{BOARD}/#"));
    let _sonar = Sonar::plug(&folder.file("usb-FTDI_FT232R_USB_UART_A9TANK01-if00-port0"), 123);
    let count = span.seconds / 10;
    let meters: Vec<(Process, Cable)> = (1..=5).map(|number| plug(&folder, number, span)).collect();
    let mut daemon = Daemon::start(&folder, &configuration(&folder, &broker, span));
    let begun = Instant::now();
    let wait = |daemon: &Daemon, what: &str, holds: &dyn Fn(&Daemon) -> bool| {
        while !holds(daemon) {
            assert!(begun.elapsed() < Duration::from_secs(span.patience), "not reached: {what}\n{}", daemon.health());
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    wait(&daemon, "a third", &|daemon| telegrams(daemon, "sm3") > count / 3);
    let early = resident(&daemon.process);
    // The third cable is pulled: its meter goes on without us.
    meters[2].1.pull();
    let said = lines(&folder.file("truth3.jsonl"));
    wait(&daemon, "it is missed", &|daemon| {
        let problems = daemon.health()["problems"].clone();
        problems.as_array().unwrap().iter().any(|problem| problem["subject"] == "source port3")
    });
    wait(&daemon, "it has gone on", &|_| lines(&folder.file("truth3.jsonl")) >= said + span.lost());
    meters[2].1.put_back(&device(&folder, 3));
    for number in [1, 2, 4, 5] {
        wait(&daemon, "everything is read", &|daemon| telegrams(daemon, &format!("sm{number}")) >= count);
    }
    let last = START + 10 * (count - 1);
    wait(&daemon, "the third, too", &|daemon| daemon.get("/api/v1/meters/sm3/last").1["time"].as_i64() >= Some(last));
    wait(&daemon, "it is all stored", &|daemon| daemon.health()["store"]["pending"] == 0);
    let late = resident(&daemon.process);
    assert!(late < early + 8_000, "memory has grown from {early} kB to {late} kB");
    assert_eq!(daemon.health()["store"]["dropped"], 0);
    assert_eq!(daemon.json("/api/v1/meters/tank/last")["values"]["distance_mm"], 1230);
    groups(&daemon, span);
    eprintln!("{} s in {:.0?}; resident {early} kB, at the end {late} kB", span.seconds, begun.elapsed());
    daemon.process.terminate();
    let mut known = BTreeMap::new();
    for number in 1..=5 {
        let said = truth(&folder, number);
        let stored = stored(&folder, &format!("sm{number}"));
        let missing: Vec<i64> = said.keys().filter(|time| !stored.contains_key(time)).copied().collect();
        if number == 3 {
            let (first, last) = (missing[0], missing[missing.len() - 1]);
            assert_eq!((last - first) / 10 + 1, missing.len() as i64, "one gap, and nothing else: {missing:?}");
        } else {
            assert_eq!(missing, [0; 0], "sm{number}");
        }
        for (time, (import, export)) in &stored {
            let truth = &said[time];
            assert_eq!(
                (Some(*import), Some(*export)),
                (truth["energy_import_wh"].as_i64(), truth["energy_export_wh"].as_i64())
            );
        }
        known.insert(number, said);
    }
    topics(&listener.all(), span, &known);
    card(&folder, span);
}

/// By time: import and export registers.
fn stored(folder: &Folder, meter: &str) -> BTreeMap<i64, (i64, i64)> {
    let (code, out, err) = finish(
        smartyreader()
            .args(["export", "--meter", meter, "--resolution", "raw", "--format", "jsonl", "--config"])
            .arg(folder.file("test.toml")),
    );
    assert_eq!(code, 0, "{err}");
    let number = |line: &Value, name: &str| line[name].as_i64().unwrap_or_else(|| panic!("{name}: {line}"));
    let lines = out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .map(|line| (number(&line, "time"), (number(&line, "energy_import_wh"), number(&line, "energy_export_wh"))))
        .collect()
}

/// Quarter-hours by their beginning: import and export where they are known, Wh.
fn quarters(daemon: &Daemon, meter: &str, span: &Span) -> BTreeMap<i64, (i64, i64)> {
    let at = |time: i64| jiff::Timestamp::from_second(time).unwrap();
    let (from, to) = (at(START - 900), at(START + span.seconds + 900));
    let body = daemon.json(&format!("/api/v1/meters/{meter}/quarter-hours?from={from}&to={to}"));
    let known = |entry: &Value| {
        (entry["running"] != true).then_some(())?;
        let energy = |side: &str| entry[format!("energy_{side}_wh")].as_i64();
        Some((entry["start"].as_i64()?, (energy("import")?, energy("export")?)))
    };
    body["entries"].as_array().unwrap().iter().filter_map(known).collect()
}

/// A group's quarter-hour is the sum of its members', to the watt-hour, and known where each of them is.
fn groups(daemon: &Daemon, span: &Span) {
    let of = |meter: &str| quarters(daemon, meter, span);
    let (one, two, three) = (of("sm1"), of("sm2"), of("sm3"));
    let (flats, house) = (of("flats"), of("house"));
    assert_eq!(
        flats.keys().collect::<Vec<_>>(),
        one.keys().filter(|start| two.contains_key(start)).collect::<Vec<_>>()
    );
    for (start, sum) in &flats {
        let ((import, export), (more, back)) = (one[start], two[start]);
        assert_eq!(*sum, (import + more, export + back), "the quarter-hour of {start}");
    }
    // Without the meter that was pulled nothing is known of the house.
    let all = |start: &&i64| two.contains_key(*start) && three.contains_key(*start);
    assert_eq!(house.keys().collect::<Vec<_>>(), one.keys().filter(all).collect::<Vec<_>>());
    let more_than_a_quarter = span.lost() > 90;
    assert!(!more_than_a_quarter || three.len() < one.len(), "nothing is missing of the meter that was pulled");
    for (start, (import, export)) in &house {
        let net = |meter: &BTreeMap<i64, (i64, i64)>| meter[start].0 - meter[start].1;
        assert_eq!(import - export, net(&one) + net(&two) - net(&three), "the quarter-hour of {start}");
    }
    assert!(flats.len() as i64 >= span.seconds / 900 - 2, "{} quarter-hours", flats.len());
}

/// The board's messages, once a minute and true.
fn topics(heard: &[Heard], span: &Span, known: &BTreeMap<usize, BTreeMap<i64, Value>>) {
    let on =
        |topic: &str| -> Vec<&Heard> { heard.iter().filter(|one| one.topic == format!("{BOARD}/{topic}")).collect() };
    assert_eq!(on("smartmeters")[0].text(), r#"{"smartmeters_P1":"connected"}"#);
    let tank: BTreeSet<String> = on("rainwater").iter().map(|one| one.text()).collect();
    assert_eq!(tank.into_iter().collect::<Vec<_>>(), [r#"{"rainwater":"distance","cm":"123"}"#]);
    for (number, said) in known {
        let messages = on(&format!("smartmeter{number}_p1"));
        // Of the pulled one some minutes are lost.
        let least = if *number == 3 { span.least() / 2 } else { span.least() };
        assert!(messages.len() as i64 >= least, "sm{number}: {} messages", messages.len());
        let registers: BTreeSet<i64> = said.values().map(|line| line["energy_import_wh"].as_i64().unwrap()).collect();
        for message in messages {
            let message = message.json();
            let keys: Vec<&String> = message.as_object().unwrap().keys().collect();
            assert_eq!(keys.len(), 6, "{message}");
            let kwh = message["c1"].as_str().unwrap().strip_suffix("*kWh").unwrap();
            let wh: i64 = kwh.replace('.', "").parse().unwrap();
            assert!(registers.contains(&wh), "{message}");
            assert!(
                message["dt"].as_str().unwrap().ends_with(['W', 'S']) && message["id"].as_str().unwrap().len() == 3
            );
        }
    }
}

/// A line a minute, five meters and the tank.
fn card(folder: &Folder, span: &Span) {
    // The tank speaks for the first time some seconds after the meters, by the wall's clock.
    let before_the_tank = 60 + i64::from(span.speed) / 10;
    let mut lines = 0;
    let mut files: Vec<_> =
        std::fs::read_dir(folder.file("card")).unwrap().map(|entry| entry.unwrap().path()).collect();
    // `DD_MM_YY.txt`, in the order of the days.
    files.sort_by_key(|path| {
        path.file_stem().unwrap().to_str().unwrap().rsplit('_').map(String::from).collect::<Vec<_>>()
    });
    for path in files {
        let text = std::fs::read_to_string(path).unwrap();
        for line in text.split("\n\r\n").filter(|line| !line.is_empty()) {
            let fields: Vec<&str> = line.split('\t').collect();
            assert_eq!(fields.len(), 31, "{line}");
            assert!(fields[30] == "123" || lines < before_the_tank && fields[30].is_empty(), "{line}");
            lines += 1;
        }
    }
    assert!((span.least()..=span.seconds / 60 + 1).contains(&lines), "{lines} lines");
}
