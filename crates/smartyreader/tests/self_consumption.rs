//! What a house makes and uses, through the front door: the identity over the API, live, and over MQTT.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::collections::BTreeMap;

use common::broker::{Broker, Security};
use common::house::Member;
use common::{Daemon, Folder, finish, smartyreader};
use serde_json::Value;

const QUARTER: i64 = 900;
/// 21 June 2026 23:00 in Luxembourg: a midnight lies within.
const START: i64 = 1_782_000_000 + 21 * 3600;

/// What flowed in ten seconds, Wh: from the grid, into it, and out of two roofs.
fn flows(time: i64) -> (i64, i64, i64, i64) {
    let step = time / 10;
    let (roof, shed) = (9 + step % 7, step % 3);
    let used = 4 + (step / 40) % 23;
    ((used - roof - shed).max(0), (roof + shed - used).max(0), roof, shed)
}

struct House {
    grid: Member,
    roof: Member,
    shed: Member,
}

impl House {
    fn new() -> Self {
        Self {
            grid: Member::new("home", "SAG1030700000001", 5000, 70_000),
            roof: Member::new("roof", "SAG1030700000002", 3, 400_000),
            // A meter that was mounted the other way round.
            shed: Member::new("shed", "SAG1030700000003", 8000, 0),
        }
    }

    fn sections(&self) -> String {
        self.grid.section("")
            + &self.roof.section("role = \"production\"")
            + &self.shed.section("role = \"production\"\nof = \"home\"\ncounts = \"import\"")
    }

    fn connect(&mut self) {
        [&mut self.grid, &mut self.roof, &mut self.shed].into_iter().for_each(Member::connect);
    }

    fn speak(&mut self, span: std::ops::Range<i64>) {
        for time in span.step_by(10) {
            let (import, export, roof, shed) = flows(time);
            self.roof.say(time, 0, roof);
            self.shed.say(time + 1, shed, 0);
            self.grid.say(time + 2, import, export);
        }
    }
}

fn stored(daemon: &Daemon, meter: &str, time: i64) {
    daemon.wait(&format!("{meter} at {time}"), |daemon| {
        let (_, last) = daemon.get(&format!("/api/v1/meters/{meter}/last"));
        last["time"].as_i64() >= Some(time) && daemon.health()["store"]["pending"] == 0
    });
}

const SPAN: &str = "from=2026-06-01&to=2026-07-01";

fn shares(daemon: &Daemon, step: &str) -> Vec<Value> {
    daemon.json(&format!("/api/v1/meters/home/self-consumption/{step}?{SPAN}"))["entries"].as_array().unwrap().clone()
}

fn accounts(daemon: &Daemon, meter: &str, step: &str) -> BTreeMap<i64, Value> {
    let answer = daemon.json(&format!("/api/v1/meters/{meter}/{step}?{SPAN}"));
    let entries = answer["entries"].as_array().unwrap().iter().cloned();
    entries.map(|entry| (entry["start"].as_i64().unwrap(), entry)).collect()
}

/// Each entry against the accounts of the three meters.
fn identity(daemon: &Daemon, step: &str) -> usize {
    let [grid, roof, shed] = ["home", "roof", "shed"].map(|meter| accounts(daemon, meter, step));
    let mut known = 0;
    let entries = shares(daemon, step);
    assert_eq!(entries.len(), grid.len());
    for entry in entries {
        let start = entry["start"].as_i64().unwrap();
        let of = |meter: &BTreeMap<i64, Value>| meter.get(&start).filter(|one| one["complete"] == true).cloned();
        let number = |entry: &Value, name: &str| entry[name].as_i64().unwrap();
        let (Some(grid), Some(roof), Some(shed)) = (of(&grid), of(&roof), of(&shed)) else {
            assert_eq!(entry["complete"], false, "{entry}");
            if step == "quarter-hours" {
                assert_eq!((&entry["energy_used_wh"], &entry["autarky_bp"]), (&Value::Null, &Value::Null), "{entry}");
            }
            continue;
        };
        let (import, export) = (number(&grid, "energy_import_wh"), number(&grid, "energy_export_wh"));
        let produced = number(&roof, "energy_export_wh") + number(&shed, "energy_import_wh");
        let [made, own, used] = ["energy_produced_wh", "energy_self_consumed_wh", "energy_used_wh"];
        assert_eq!(number(&entry, made), produced, "{step} {entry}");
        assert_eq!(number(&entry, own), produced - export, "{step} {entry}");
        assert_eq!(number(&entry, used), import + produced - export, "{step} {entry}");
        let share = (number(&entry, own) * 10_000 * 2 + produced) / (2 * produced);
        assert_eq!(number(&entry, "self_consumption_bp"), share, "{step} {entry}");
        assert_eq!(entry["complete"], true);
        known += 1;
    }
    known
}

#[test]
fn what_is_made_is_used_or_exported_to_the_watt_hour() {
    let folder = Folder::new("self-consumption");
    let broker = Broker::start(&folder, Security::Plain);
    let heard = broker.listen("#");
    let mut house = House::new();
    let daemon = Daemon::start(&folder, &format!("{}[mqtt.house]\n{}", house.sections(), broker.settings()));
    house.connect();
    heard.first("smartyreader/availability");
    // Which register counts what is made is what was set, whatever the registers show.
    let sides: Vec<(Value, Value)> = (daemon.json("/api/v1/meters")["meters"].as_array().unwrap().iter())
        .map(|meter| (meter["name"].clone(), meter["counts"].clone()))
        .collect();
    let side = |name: &str, counts: Value| (name.into(), counts);
    assert_eq!(sides, [side("home", Value::Null), side("roof", "export".into()), side("shed", "import".into())]);
    let pause = START + 5 * QUARTER + 100..START + 7 * QUARTER + 100;
    house.speak(START - 20..pause.start);
    // One roof is silent across two borders: what it made is known in sum only, and of nobody else.
    for time in pause.clone().step_by(10) {
        let (import, export, roof, shed) = flows(time);
        house.roof.export += roof;
        house.shed.say(time + 1, shed, 0);
        house.grid.say(time + 2, import, export);
    }
    let end = START + 10 * QUARTER + 200;
    house.speak(pause.end..end - 10);
    for meter in ["home", "roof", "shed"] {
        stored(&daemon, meter, end - 20);
    }
    // What was sent at once may arrive in any order; now it is known what is the newest.
    let (import, export, roof, shed) = flows(end - 10);
    house.roof.say(end - 10, 0, roof);
    house.shed.say(end - 9, shed, 0);
    stored(&daemon, "roof", end - 10);
    stored(&daemon, "shed", end - 9);
    house.grid.say(end - 8, import, export);
    stored(&daemon, "home", end - 8);
    assert_eq!(
        identity(&daemon, "quarter-hours"),
        10 - 3,
        "all but three; by this machine's clock all are silent since the last"
    );
    assert!(identity(&daemon, "hours") >= 1);
    for step in ["days", "months", "years"] {
        identity(&daemon, step);
        let quarters = shares(&daemon, "quarter-hours");
        for name in ["energy_produced_wh", "energy_self_consumed_wh", "energy_used_wh"] {
            let sum = |entries: &[Value]| entries.iter().filter_map(|entry| entry[name].as_i64()).sum::<i64>();
            assert_eq!(sum(&shares(&daemon, step)), sum(&quarters), "{step} are their quarter-hours: {name}");
        }
    }
    let days = shares(&daemon, "days");
    assert_eq!(days.len(), 2);
    assert!(days[1]["running"].is_null() && days[1]["complete"] == false, "{days:?}");

    // Live: the last ten seconds, as powers.
    let last = daemon.json("/api/v1/meters/home/last")["values"].clone();
    for (name, energy) in [
        ("power_produced_w", roof + shed),
        ("power_self_consumed_w", roof + shed - export),
        ("power_used_w", import + roof + shed - export),
    ] {
        assert_eq!(last[name], energy * 360, "{name}: {last}");
    }
    heard.wait("live", |heard| {
        heard.iter().any(|message| message.topic == "smartyreader/home/live" && message.text().contains("power_used_w"))
    });
    // The roof has been silent for longer than a border's margin: nothing is said of it.
    house.grid.say(end + 40, 1, 0);
    stored(&daemon, "home", end + 40);
    assert_eq!(daemon.json("/api/v1/meters/home/last")["values"]["power_used_w"], Value::Null);

    heard.wait("the sums of today", |heard| {
        let last = heard.iter().rfind(|message| message.topic == "smartyreader/home/self-consumption");
        last.is_some_and(|last| last.json()["time_unix"].as_i64() >= Some(START + 10 * QUARTER))
    });
    let message = heard.on("smartyreader/home/self-consumption").pop().unwrap();
    let body = message.json();
    let (produced, used) = (&body["energy_produced_day_wh"], &body["energy_used_day_wh"]);
    assert!(produced.as_i64() > Some(0) && used.as_i64() > Some(0), "{body}");
    assert!(body["energy_produced_month_wh"].as_i64() > produced.as_i64(), "the month has the evening before: {body}");
    assert_eq!(body["energy_produced_month_wh"], body["energy_produced_year_wh"]);
    assert_eq!(body["day_complete"], false);
    let kept = broker.listen("smartyreader/home/self-consumption");
    assert!(kept.first("smartyreader/home/self-consumption").retained);
    heard.wait("the entities", |heard| {
        heard.iter().any(|message| {
            message.topic == "homeassistant/device/smartyreader_home/config"
                && message.text().contains("\"autarky_day\"")
                && message.text().contains("\"power_used\"")
        })
    });
    let roof = heard.on("homeassistant/device/smartyreader_roof/config").pop().unwrap().text();
    assert!(!roof.contains("autarky"), "it is the house's and not the roof's: {roof}");

    for (path, words) in [
        ("/api/v1/meters/roof/self-consumption/days", "Nothing is made behind meter roof"),
        ("/api/v1/meters/home/self-consumption/weeks", "not \"weeks\""),
    ] {
        let (status, sorry) = daemon.get(&format!("{path}?{SPAN}"));
        assert_eq!(status, 404);
        assert!(sorry["error"].as_str().unwrap().contains(words), "{sorry}");
    }
}

#[test]
fn what_is_wrong_with_a_production_meter_is_said() {
    let folder = Folder::new("production-check");
    for (meters, sentence, good) in [
        (
            "[meter.home]\n[meter.roof]\nrole = \"production\"\n",
            "what meter roof makes (export) is used at home as far as meter home does not export it.",
            true,
        ),
        ("[meter.roof]\nrole = \"production\"\n", "there is no meter at the grid", true),
        ("[meter.home]\n[meter.shop]\n[meter.roof]\nrole = \"production\"\n", "meter roof needs `of`", false),
        ("[meter.home]\n[meter.roof]\nrole = \"production\"\nof = \"hmoe\"\n", "did you mean \"home\"?", false),
        (
            "[meter.home]\n[meter.a]\nrole = \"consumption\"\n[meter.roof]\nrole = \"production\"\nof = \"a\"\n",
            "a is of role consumption",
            false,
        ),
        ("[meter.home]\nof = \"home\"\n", "`of` is for meters with role = \"production\"", true),
    ] {
        let mut text = String::from("[store]\npath = \"x.db\"\n");
        for (number, section) in meters.split("[meter.").skip(1).enumerate() {
            let (name, rest) = section.split_once("]\n").unwrap();
            let source = format!("[source.s{number}]\nkind = \"tcp\"\naddress = \"127.0.0.1:1\"\n");
            text = text + &source + &format!("[meter.{name}]\nsource = \"s{number}\"\n{rest}");
        }
        let path = folder.write("test.toml", &text);
        let (code, out, err) = finish(smartyreader().args(["check", "--config"]).arg(path));
        assert!((out.clone() + &err).contains(sentence), "{sentence}: {out}{err}");
        assert_eq!(code == 0, good, "{out}{err}");
    }
}
