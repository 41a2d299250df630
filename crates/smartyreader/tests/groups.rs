//! Groups through the front door: sums over API and MQTT, a member that is silent, restarts, differences.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use common::broker::{Broker, Security};
use common::house::Member;
use common::{Daemon, Folder, finish, smartyreader};
use serde_json::Value;

const QUARTER: i64 = 900;
/// 21 June 2026 02:00 in Luxembourg.
const START: i64 = 1_782_000_000;

const GROUPS: &str = "[group.house]\ntitle = \"House\"\nadd = [\"flat-1\", \"flat-2\"]\n\
     [group.rest]\nadd = [\"flat-1\"]\nsubtract = [\"flat-2\"]\n\
     [group.all]\nadd = [\"house\", \"rest\"]\n";

/// What was sent in ten seconds at a time, the same for everybody: import and export, Wh.
fn used(member: usize, time: i64) -> (i64, i64) {
    let noise = |salt: i64| (time / 10 * (7 + salt) + time / 900 * (3 + salt)) % (5 + 2 * salt);
    if member == 0 { (noise(1), noise(0) / 3) } else { (noise(3), noise(2) / 5) }
}

/// Both flats speak for a span, the second three seconds after the first.
fn speak(flats: &mut [Member; 2], span: std::ops::Range<i64>) {
    for time in span.step_by(10) {
        for (index, flat) in flats.iter_mut().enumerate() {
            let (import, export) = used(index, time);
            flat.say(time + 3 * index as i64, import, export);
        }
    }
}

fn flats() -> [Member; 2] {
    [Member::new("flat-1", "SAG1030700000001", 1_000_000, 500), Member::new("flat-2", "SAG1030700000002", 90_000, 0)]
}

fn config(flats: &[Member; 2], more: &str) -> String {
    format!("{}{}{GROUPS}{more}", flats[0].section("title = \"Flat 1\""), flats[1].section(""))
}

/// Waits until everything up to a time is stored of a meter.
fn stored(daemon: &Daemon, meter: &str, time: i64) {
    daemon.wait(&format!("{meter} at {time}"), |daemon| {
        let health = daemon.health();
        let meters = daemon.json("/api/v1/meters");
        let of = meters["meters"].as_array().unwrap().iter().find(|entry| entry["name"] == meter).unwrap();
        of["last_time"].as_i64() >= Some(time) && health["store"]["pending"] == 0
    });
}

/// Complete quarter-hours of a meter by their start: import and export.
fn quarters(daemon: &Daemon, meter: &str) -> BTreeMap<i64, (i64, i64)> {
    entries(daemon, meter, "entries")
        .iter()
        .filter(|entry| entry["complete"] == true && entry["running"].is_null())
        .map(pair)
        .collect()
}

fn entries(daemon: &Daemon, meter: &str, list: &str) -> Vec<Value> {
    let path = format!("/api/v1/meters/{meter}/quarter-hours?from=2026-06-20&to=2026-06-23");
    daemon.json(&path)[list].as_array().unwrap().clone()
}

fn pair(entry: &Value) -> (i64, (i64, i64)) {
    let number = |name: &str| entry[name].as_i64().unwrap();
    (number("start"), (number("energy_import_wh"), number("energy_export_wh")))
}

/// The laws, entry by entry.
fn adds_up(daemon: &Daemon, at_least: usize) {
    let [one, two, house, rest, all] =
        ["flat-1", "flat-2", "house", "rest", "all"].map(|meter| quarters(daemon, meter));
    let both: BTreeMap<_, _> = one.iter().filter_map(|(start, one)| Some((*start, (*one, *two.get(start)?)))).collect();
    assert!(both.len() >= at_least, "{} quarter-hours", both.len());
    let sums: BTreeMap<_, _> =
        both.iter().map(|(start, (one, two))| (*start, (one.0 + two.0, one.1 + two.1))).collect();
    assert_eq!(house, sums);
    let net = |quarters: &BTreeMap<i64, (i64, i64)>| -> BTreeMap<i64, i64> {
        quarters.iter().map(|(start, (import, export))| (*start, import - export)).collect()
    };
    let differences =
        both.iter().map(|(start, (one, two))| (*start, one.0 - one.1 - two.0 + two.1)).collect::<BTreeMap<_, _>>();
    assert_eq!(net(&rest), differences);
    assert!(rest.values().all(|(import, export)| *import >= 0 && *export >= 0));
    let twice = both.iter().map(|(start, (one, _))| (*start, 2 * (one.0 - one.1))).collect::<BTreeMap<_, _>>();
    assert_eq!(net(&all), twice, "a group of groups");
}

#[test]
fn a_group_is_the_sum_of_its_members_over_api_and_mqtt() {
    let folder = Folder::new("groups");
    let broker = Broker::start(&folder, Security::Plain);
    let heard = broker.listen("#");
    let mut flats = flats();
    let daemon = Daemon::start(&folder, &config(&flats, &format!("[mqtt.house]\n{}", broker.settings())));
    flats.iter_mut().for_each(Member::connect);
    heard.first("smartyreader/availability");
    speak(&mut flats, START - 100..START + 6 * QUARTER + 60);
    // The registers rest, so that the last sum is of the last displays.
    for time in [60, 70] {
        for flat in &mut flats {
            flat.say(START + 6 * QUARTER + time, 0, 0);
        }
    }
    stored(&daemon, "all", START + 6 * QUARTER + 60);
    adds_up(&daemon, 6);

    let last = daemon.json("/api/v1/meters/house/last");
    let sum = |index: usize| flats[index].import;
    assert_eq!(last["values"]["energy_import_wh"], sum(0) + sum(1), "the sum of the displays");
    assert_eq!(last["proof"], "plain");
    assert_eq!(last["texts"]["members"], "flat-1 SAG1030700000001 + flat-2 SAG1030700000002");
    let rest = daemon.json("/api/v1/meters/rest/last")["values"].clone();
    assert_eq!(
        rest["energy_import_wh"].as_i64().unwrap() - rest["energy_export_wh"].as_i64().unwrap(),
        flats[0].import - flats[0].export - flats[1].import + flats[1].export
    );
    let meters = daemon.json("/api/v1/meters");
    let house = meters["meters"].as_array().unwrap().iter().find(|meter| meter["name"] == "house").unwrap();
    assert_eq!((&house["role"], &house["title"]), (&"group".into(), &"House".into()));
    assert_eq!(house["members"], serde_json::json!({"add": ["flat-1", "flat-2"], "subtract": []}));
    let (status, sorry) = daemon.get("/api/v1/meters/house/telegram");
    assert_eq!(status, 404);
    assert!(sorry["error"].as_str().unwrap().contains("is a group"), "{sorry}");

    let of = |meter: &str| -> BTreeMap<i64, (i64, i64)> {
        let messages = heard.on(&format!("smartyreader/{meter}/quarter-hour"));
        let bodies = messages.iter().map(common::broker::Heard::json).filter(|body| body["complete"] == true);
        bodies
            .map(|mut body| {
                body["start"] = body["start_unix"].take();
                pair(&body)
            })
            .collect()
    };
    for meter in ["flat-1", "flat-2", "house", "rest"] {
        daemon.wait(meter, |_| of(meter).len() >= 6);
        assert_eq!(of(meter), quarters(&daemon, meter), "{meter}");
    }
    assert_eq!(heard.first("smartyreader/house/availability").text(), "online");
    heard.wait("Home Assistant hears of it", |heard| {
        heard.iter().any(|message| {
            message.topic == "homeassistant/device/smartyreader_house/config"
                && message.text().contains("smartyreader/house/registers")
        })
    });
}

#[test]
fn restarts_leave_no_trace_in_a_group() {
    let folder = Folder::new("groups-restart");
    let mut flats = flats();
    let text = config(&flats, "");
    let mut time = START - 60;
    // Behind a border, before one, in the middle, at once after a telegram that nobody has acknowledged yet.
    let stops =
        [START + 5, START + 2 * QUARTER - 4, START + 3 * QUARTER + 330, START + 4 * QUARTER, START + 6 * QUARTER + 60];
    for (number, stop) in stops.into_iter().enumerate() {
        let mut daemon = Daemon::start(&folder, &text);
        flats.iter_mut().for_each(Member::connect);
        speak(&mut flats, time..stop);
        time += (stop - time + 9).div_euclid(10) * 10;
        let last = time - 10;
        stored(&daemon, "flat-1", last);
        stored(&daemon, "flat-2", last + 3);
        if number + 1 == stops.len() {
            stored(&daemon, "all", last - 20);
            adds_up(&daemon, 5);
            for group in ["house", "rest", "all"] {
                let meters = daemon.json("/api/v1/meters");
                let of = meters["meters"].as_array().unwrap().iter().find(|meter| meter["name"] == group).unwrap();
                assert_eq!(of["segments"].as_array().unwrap().len(), 1, "{group} goes on: {of}");
            }
        } else if number % 2 == 0 {
            daemon.process.kill();
        } else {
            daemon.process.terminate();
        }
    }
}

#[test]
fn a_silent_member_makes_a_group_incomplete_and_not_wrong() {
    let folder = Folder::new("groups-silent");
    let broker = Broker::start(&folder, Security::Plain);
    let heard = broker.listen("smartyreader/house/#");
    let mut flats = flats();
    let daemon = Daemon::start(&folder, &config(&flats, &format!("[mqtt.house]\n{}", broker.settings())));
    flats.iter_mut().for_each(Member::connect);
    heard.first("smartyreader/house/status");
    let silent = START + QUARTER + 300..START + 3 * QUARTER + 200;
    speak(&mut flats, START - 20..silent.start);
    stored(&daemon, "house", silent.start - 30);
    // The second says nothing, and goes on counting.
    let mut missed = (0, 0);
    for time in silent.clone().step_by(10) {
        let (import, export) = used(0, time);
        flats[0].say(time, import, export);
        let (import, export) = used(1, time);
        missed = (missed.0 + import, missed.1 + export);
    }
    stored(&daemon, "flat-1", silent.end - 10);
    let until = Instant::now() + Duration::from_mins(2);
    while !daemon.problems().iter().any(|code| code == "group-incomplete") {
        assert!(Instant::now() < until, "{:?}", daemon.health());
        // The first is not silent.
        let time = silent.end + (120 - (until - Instant::now()).as_secs() as i64);
        if time > silent.end {
            flats[0].say(time, 0, 0);
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    let health = daemon.health();
    let problems = health["problems"].as_array().unwrap();
    let about = |subject: &str| problems.iter().filter(|one| one["subject"] == subject).cloned().collect::<Vec<_>>();
    let [problem] = &about("meter house")[..] else { panic!("{problems:?}") };
    let sentence = problem["sentence"].as_str().unwrap();
    assert!(sentence.starts_with("There is no sum: flat-2 has been silent since 20"), "{sentence}");
    assert!(about("meter flat-1").iter().all(|problem| problem["code"] == "clock-off"), "it is there: {problems:?}");
    heard.wait("the group is away", |heard| {
        heard.iter().any(|message| message.topic.ends_with("/availability") && message.text() == "offline")
    });
    let days = daemon.json("/api/v1/meters/house/days?from=2026-06-21&to=2026-06-22");
    assert_eq!(days["entries"][0]["complete"], false);

    // It is back, with what it has counted meanwhile.
    let back = START + 3 * QUARTER + 400;
    (flats[1].import, flats[1].export) = (flats[1].import + missed.0, flats[1].export + missed.1);
    speak(&mut flats, back..START + 5 * QUARTER + 50);
    stored(&daemon, "all", START + 5 * QUARTER + 20);
    daemon.wait("it is over", |daemon| daemon.problems().iter().all(|code| code == "clock-off"));
    heard.wait("the group is there", |heard| {
        let said: Vec<_> = heard.iter().filter(|message| message.topic.ends_with("/availability")).collect();
        said.last().is_some_and(|last| last.text() == "online")
    });
    adds_up(&daemon, 2);
    let gap = |meter: &str| {
        let mut gaps = entries(&daemon, meter, "gaps");
        gaps.retain(|gap| gap["reason"] == "no telegrams");
        let [gap] = &gaps[..] else { panic!("{meter}: {gaps:?}") };
        (gap["end"].as_i64().unwrap(), pair(gap))
    };
    let (end, (start, (import, export))) = gap("house");
    let (of_member, (began, two)) = gap("flat-2");
    assert_eq!((start, end), (began, of_member), "the hole of the member is that of the group");
    let one =
        quarters(&daemon, "flat-1").range(start..end).fold((0, 0), |sum, (_, one)| (sum.0 + one.0, sum.1 + one.1));
    assert_eq!((import, export), (one.0 + two.0, one.1 + two.1), "the energy of the gap is exact");

    // Another meter in its place: never a difference of the two.
    flats[1].swap("SAG1030700000099");
    speak(&mut flats, START + 5 * QUARTER + 60..START + 7 * QUARTER + 50);
    stored(&daemon, "all", START + 7 * QUARTER + 20);
    adds_up(&daemon, 3);
    let meters = daemon.json("/api/v1/meters");
    let house = meters["meters"].as_array().unwrap().iter().find(|meter| meter["name"] == "house").unwrap();
    assert_eq!(house["segments"].as_array().unwrap().len(), 2);
    assert_eq!(daemon.json("/api/v1/meters/house/quarantine")["entries"].as_array().unwrap().len(), 0);
}

#[test]
fn what_is_wrong_with_a_group_is_said() {
    let folder = Folder::new("groups-check");
    let said = |text: &str| {
        let meters = "[source.x]\nkind = \"tcp\"\naddress = \"127.0.0.1:1\"\n[source.y]\nkind = \"tcp\"\naddress = \"127.0.0.1:2\"\n\
             [meter.flat-1]\nsource = \"x\"\n[meter.flat-2]\nsource = \"y\"\n[store]\npath = \"x.db\"\n";
        let path = folder.write("test.toml", &format!("{meters}{text}"));
        let (code, out, err) = finish(smartyreader().args(["check", "--config"]).arg(path));
        (code, out + &err)
    };
    let (code, text) = said(
        "[group.house]\nadd = [\"flat-1\", \"flat-2\"]\n[group.more]\nadd = [\"house\"]\nsubtract = [\"flat-1\"]\n",
    );
    assert_eq!(code, 0, "{text}");
    for plan in ["group house is flat-1 + flat-2.", "group more is house - flat-1."] {
        assert!(text.contains(plan), "{plan}: {text}");
    }
    for (text, sentence) in [
        ("[group.house]\n", "group house sums nothing; `add` names its meters"),
        ("[group.house]\nadd = [\"flat-3\"]\n", "group house: there is no meter flat-3; did you mean \"flat-"),
        ("[group.house]\nadd = [\"flat-1\", \"house\"]\n", "group house is in itself"),
        ("[group.house]\nadd = [\"flat-1\", \"flat-1\"]\n", "group house has flat-1 twice"),
        ("[group.a]\nadd = [\"b\"]\n[group.b]\nadd = [\"a\", \"flat-1\"]\n", "group a is in itself by way of b"),
        ("[group.flat-1]\nadd = [\"flat-2\"]\n", "flat-1 is the name of a meter and of a group"),
        ("[group.House]\nadd = [\"flat-2\"]\n", "stands in paths and topics"),
        ("[group.house]\nadd = [\"flat-2\"]\nkey-file = \"x\"\n", "`key-file` is not known here"),
        (
            "[group.house]\nadd = [\"flat-2\"]\n[telegram-server.x]\nmeter = \"house\"\n",
            "telegram-server x is about house, which is a group and no meter with telegrams",
        ),
        (
            "[group.house]\nadd = [\"flat-2\"]\n[day-file.x]\nfolder = \".\"\nmeter = \"house\"\n",
            "day-file x is about house, which is a group and no meter with telegrams",
        ),
        (
            "[meter.gas]\nsource = \"x\"\nrole = \"gas\"\n[group.house]\nadd = [\"gas\"]\n",
            "gas is of role gas, and a group sums electricity",
        ),
    ] {
        let (code, said) = said(text);
        assert_ne!(code, 0, "{text}: {said}");
        assert!(said.contains(sentence), "{sentence}: {said}");
    }
}
