//! The broker goes away under load: nothing owed is lost, nothing waits for it, and the order is kept.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::thread::sleep;
use std::time::Duration;

use common::broker::{Broker, Heard, Security};
use common::{Daemon, Folder, KEY, meter};

/// A Monday noon.
const NOON: &str = "1795431600";
const QUARTER_HOUR: &str = "smartyreader/home/quarter-hour";

/// A day's meter time in less than two minutes: a quarter-hour a second.
const FAST: [&str; 6] = ["--speed", "900", "--period", "30", "--start", NOON];

struct House {
    broker: Broker,
    daemon: Daemon,
    listener: common::broker::Listener,
    _meter: common::Process,
    _folder: Folder,
}

fn house(name: &str, settings: &str) -> House {
    let folder = Folder::new(name);
    let broker = Broker::start(&folder, Security::Plain);
    // A subscriber whose session the broker keeps over its own restarts.
    let listener = broker.listen_with("smartyreader/home/#", &["-i", "keeper-of-books", "-c"]);
    let key = folder.write("meter.key", KEY);
    let mut arguments = vec!["--key-file", key.to_str().unwrap()];
    arguments.extend(FAST);
    let (meter, address) = meter(&arguments);
    let text = format!(
        "[source.cable]\nkind = \"tcp\"\naddress = \"{address}\"\n[meter.home]\nkey-file = \"meter.key\"\n[mqtt.house]\n{}{settings}",
        broker.settings()
    );
    let daemon = Daemon::start(&folder, &text);
    House { broker, daemon, listener, _meter: meter, _folder: folder }
}

fn starts(heard: &[Heard]) -> Vec<i64> {
    let quarters = heard.iter().filter(|message| message.topic == QUARTER_HOUR);
    quarters.map(|message| message.json()["start_unix"].as_i64().unwrap()).collect()
}

impl House {
    fn stored(&self) -> u64 {
        self.daemon.health()["store"]["stored"].as_u64().unwrap()
    }

    fn counter(&self, name: &str) -> u64 {
        self.daemon.health()["sinks"][0]["counters"][name].as_u64().unwrap_or(0)
    }

    /// The meter goes on being read and stored, whatever the broker does.
    fn reads_for(&self, seconds: u64) {
        let before = self.stored();
        sleep(Duration::from_secs(seconds));
        let more = self.stored() - before;
        assert!(more >= seconds * 15, "only {more} telegrams in {seconds} seconds, half of what the meter sends");
    }

    /// Compares what the subscriber has with what the store has, both ways and in order. Answers the repetitions.
    fn compare(&self) -> usize {
        self.daemon.wait("all acknowledged", |daemon| daemon.health()["sinks"][0]["queued"] == 0);
        // The meter's time is not this machine's: what the newest telegram has not closed yet may be over by the clock here.
        let now = self.daemon.json("/api/v1/meters/home/last")["time"].as_i64();
        let rows = self.daemon.json("/api/v1/meters/home/quarter-hours?from=2026-11-23&to=2026-11-30");
        let rows = rows["entries"].as_array().unwrap();
        let closed: Vec<&serde_json::Value> = rows.iter().filter(|row| row["end"].as_i64() <= now).collect();
        let last = closed.last().unwrap()["start"].as_i64().unwrap();
        self.listener.wait("the last quarter-hour", |heard| starts(heard).last() >= Some(&last));
        let heard = self.listener.all();
        let mut got = starts(&heard);
        let all = got.len();
        got.sort_unstable();
        got.dedup();
        let repeated = all - got.len();
        let expected: Vec<i64> = closed.iter().map(|row| row["start"].as_i64().unwrap()).collect();
        got.retain(|start| *start <= last);
        assert_eq!(got, expected);
        for row in closed {
            let message = heard.iter().filter(|message| message.topic == QUARTER_HOUR).map(Heard::json);
            let message = message.into_iter().find(|message| message["start_unix"] == row["start"]).unwrap();
            for name in ["energy_import_wh", "energy_export_wh", "complete", "telegrams"] {
                let [sent, stored] = [&message[name], &row[name]];
                assert_eq!(sent, stored, "{name} of {message} and {row}");
            }
        }
        // In order: what comes for the first time is newer than everything before.
        let firsts: Vec<i64> = starts(&heard).into_iter().fold(Vec::new(), |mut firsts, start| {
            if !firsts.contains(&start) {
                firsts.push(start);
            }
            firsts
        });
        assert!(firsts.is_sorted(), "{firsts:?}");
        repeated
    }
}

#[test]
fn every_quarter_hour_arrives_once_and_in_order() {
    let mut house = house("outage", "");
    house.listener.wait("three quarter-hours", |heard| starts(heard).len() >= 3);
    for _ in 0..2 {
        house.broker.stop();
        house.daemon.wait("noticed", |daemon| daemon.problems().contains(&"broker-away".to_string()));
        house.reads_for(6);
        let away = starts(&house.listener.all()).len();
        house.broker.go();
        house.listener.wait("what was owed", |heard| starts(heard).len() >= away + 6);
        house.reads_for(2);
    }
    assert!(house.counter("live_skipped") > 0, "live values are not kept for later");
    assert_eq!(house.counter("dropped"), 0);
    // Said with QoS 1: where the answer was lost with the line, the message comes again.
    let repeated = house.compare();
    assert!(repeated <= 2 * 20, "{repeated} repetitions in two outages");
    println!("two outages: {repeated} repetitions");
}

#[test]
fn live_values_come_first_after_an_outage() {
    let mut house = house("live-first", "");
    house.listener.wait("a quarter-hour", |heard| !starts(heard).is_empty());
    house.broker.stop();
    house.reads_for(8);
    let before = house.listener.all().len();
    house.broker.go();
    house.listener.wait("what was owed", |heard| starts(&heard[before..]).len() >= 8);
    let after = house.listener.all().split_off(before);
    // What the broker had taken before it stopped may still come first.
    let live = after.iter().position(|message| message.topic.ends_with("/live")).unwrap();
    let owed: Vec<i64> = starts(&after[live..]);
    assert!(owed.len() >= 8, "{:?}", after.iter().map(|message| &message.topic).collect::<Vec<_>>());
    // What is live is of now: the first live value is newer than everything that is owed.
    let now = after[live].json()["time_unix"].as_i64().unwrap();
    assert!(now > owed[7], "{now} {owed:?}");
    house.compare();
}

#[test]
fn a_broker_that_hangs_delays_nobody() {
    let house = house("half-open", "keep-alive = \"5s\"\n");
    house.listener.wait("a quarter-hour", |heard| !starts(heard).is_empty());
    house.broker.freeze(true);
    house.reads_for(20);
    assert!(house.daemon.problems().contains(&"broker-away".to_string()), "noticed by its silence");
    house.broker.freeze(false);
    house.daemon.wait("back", |daemon| daemon.problems().iter().all(|code| code != "broker-away"));
    house.compare();
}

#[test]
fn exactly_once_where_it_is_asked_for() {
    let settings = "persistent-session = true\nkeep-alive = \"5s\"\n[mqtt.house.quarter-hour]\nqos = 2\n";
    let mut house = house("exactly-once", settings);
    house.listener.wait("a quarter-hour", |heard| !starts(heard).is_empty());
    house.broker.stop();
    house.reads_for(5);
    house.broker.go();
    house.daemon.wait("back", |daemon| daemon.problems().iter().all(|code| code != "broker-away"));
    house.broker.freeze(true);
    house.reads_for(15);
    house.broker.freeze(false);
    house.daemon.wait("back", |daemon| daemon.problems().iter().all(|code| code != "broker-away"));
    assert_eq!(house.compare(), 0, "repetitions");
}

#[test]
fn a_restart_goes_on_where_it_left_off() {
    let mut house = house("restart", "");
    house.listener.wait("three quarter-hours", |heard| starts(heard).len() >= 3);
    // Away while the program is stopped and started: what is owed is in the store, not in memory.
    house.broker.stop();
    house.reads_for(5);
    house.daemon.process.kill();
    house.daemon = Daemon::start_with(house.daemon.config.clone(), house.daemon.address.clone());
    house.reads_for(2);
    house.broker.go();
    house.daemon.wait("back", |daemon| daemon.health()["sinks"][0]["state"] == "connected");
    house.reads_for(2);
    house.compare();
}

#[test]
fn what_is_too_old_is_counted_and_said() {
    let folder = Folder::new("too-old");
    let broker = Broker::start(&folder, Security::Plain);
    let listener = broker.listen("smartyreader/home/#");
    // A meter whose clock is a month behind, so that everything it closes is too old.
    let month_ago = (jiff::Timestamp::now().as_second() - 30 * 86_400).to_string();
    let (_meter, address) = meter(&["--speed", "900", "--period", "30", "--start", &month_ago]);
    let text = format!(
        "[source.cable]\nkind = \"tcp\"\naddress = \"{address}\"\n[meter.home]\n[mqtt.house]\n{}owed-at-most = \"7d\"\n",
        broker.access()
    );
    let daemon = Daemon::start(&folder, &text);
    daemon.wait("said", |daemon| daemon.problems().contains(&"owed-too-long".to_string()));
    assert!(daemon.health()["sinks"][0]["counters"]["dropped"].as_u64() > Some(0));
    listener.first("smartyreader/home/live");
    assert!(starts(&listener.all()).is_empty());
}
