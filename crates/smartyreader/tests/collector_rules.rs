//! Which meter, which time, what is new, what is broken: the rules for what is published.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod boards;
mod common;

use boards::{COOKED, ENERGY, FIVE, House, MAY, NOW, get, numbers, publish_all};
use common::{Folder, KEY};
use smarty_meter::{MeterConfig, Profile, VirtualMeter};
use smarty_p1::Quantity;
use smarty_store::{Clock, Proof};
use smartyreader::intake::LONGEST_MESSAGE;

#[test]
fn a_reading_without_a_time_has_the_hosts_and_says_so() {
    for stamp in ["\"NA\"", "\"2063-25-25T25:25:25\"", "null"] {
        let mut house = House::new("[meter.home]\n");
        house.hear("lamsmarty", ENERGY.replace("\"2021-05-03T12:00:10\"", stamp));
        let reading = &house.only().reading;
        assert_eq!((reading.time, reading.clock), (NOW, Clock::Host), "{stamp}");
        assert_eq!(house.observer.health().meters[0].counters["invalid_clock"], 1);
        assert!(house.observer.health().problems.is_empty());
    }
    // The board's own clock was not set.
    let mut house = House::new("[meter.home]\n");
    house.hear("smartyreader/home/live", r#"{"time_unix":1000000010,"power_import_w":412,"energy_import_wh":6695}"#);
    house.hear(
        "smartyreader/home/live",
        r#"{"time":"1970-01-01T00:00:10Z","power_import_w":412,"energy_import_wh":6695}"#,
    );
    house.hear("smartyreader/home/live", r#"{"time_unix":1999999999,"power_import_w":412,"energy_import_wh":6695}"#);
    let times: Vec<_> = house.arrivals.iter().map(|arrival| (arrival.reading.time, arrival.reading.clock)).collect();
    assert_eq!(times, [(1_000_000_010, Clock::Meter), (NOW, Clock::Host), (NOW, Clock::Host)]);
    // Of fields that came one by one, the time of the first. Nobody knows whether the first reading began in the middle.
    let mut house = House::new("[meter.home]\n");
    for round in 0..2 {
        house.now = NOW + 60 * round;
        house.hear("lamsmarty/curr_l1_A", "2.00");
        house.pass(2);
        house.hear("lamsmarty/curr_l2_A", "1.00");
        house.pass(5);
    }
    let reading = &house.only().reading;
    assert_eq!((reading.time, reading.clock, reading.received), (NOW + 60, Clock::Host, NOW + 62));
    assert_eq!(house.counter("torn_readings"), 1);
}

#[test]
fn the_repeated_hour_is_told_by_the_order_of_arrival() {
    let mut house = House::new("[meter.home]\n");
    // 31 October 2021, 02:59:50 in Luxembourg is twice: 00:59:50 and 01:59:50 UTC.
    for (stamp, arrived) in [
        ("02:30:00", 1_635_640_200),
        ("02:59:50", 1_635_641_990),
        ("02:00:00", 1_635_642_000),
        ("02:30:00", 1_635_643_800),
    ] {
        house.now = arrived + 2;
        let energy = format!("{}.00", 7 + house.arrivals.len());
        house.hear(
            "lamsmarty",
            ENERGY.replace("2021-05-03T12:00:10", &format!("2021-10-31T{stamp}")).replace("6.70", &energy),
        );
        assert_eq!(house.arrivals.last().unwrap().reading.time, arrived);
    }
}

#[test]
fn a_message_that_comes_twice_is_one_reading() {
    let mut house = House::new("[meter.home]\n");
    for payload in [ENERGY, ENERGY, COOKED, COOKED] {
        house.hear("lamsmarty", payload).pass(1);
    }
    assert_eq!(house.arrivals.len(), 2, "the same second, but other values");
    assert_eq!(house.counter("duplicate"), 2);
    assert_ne!(house.arrivals[0].reading.ident, house.arrivals[1].reading.ident);
    // Also after a restart, where the store tells them apart by time and ident.
    let mut again = House::new("[meter.home]\n");
    again.now = NOW + 500;
    again.hear("lamsmarty", ENERGY);
    assert_eq!(again.only().reading.ident, house.arrivals[0].reading.ident);
    assert_eq!(again.only().reading.time, house.arrivals[0].reading.time);
}

#[test]
fn two_boards_field_by_field_do_not_mix() {
    let meters = "[meter.home]\ntopic = \"cellar/smarty\"\n[meter.garage]\ntopic = \"garage/+\"\n";
    let mut house = House::new(meters);
    let one = publish_all("cellar/smarty", "2021-05-03T12:00:10", "6.70", "0.51");
    let other = publish_all("garage/board", "2021-05-03T12:00:07", "815.00", "3.00");
    for (one, other) in one.iter().zip(&other) {
        house.hear(&one.0, &one.1).hear(&other.0, &other.1);
    }
    house.pass(5);
    let of = |meter: &str| house.arrivals.iter().find(|arrival| &*arrival.reading.meter == meter).unwrap();
    assert_eq!(house.arrivals.len(), 2);
    for (meter, time, energy, power) in [("home", MAY, 6700, 510), ("garage", MAY - 3, 815_000, 3000)] {
        let arrival = of(meter);
        assert_eq!(arrival.reading.time, time);
        assert_eq!(get(arrival, Quantity::EnergyImport), energy);
        assert_eq!(get(arrival, Quantity::PowerImport), power);
    }
}

#[test]
fn rounds_that_follow_each_other_without_a_pause_are_told_apart() {
    let mut house = House::new("[meter.home]\n");
    for round in 0..5 {
        let stamp = format!("2021-05-03T12:00:{:02}", 10 + round);
        for (topic, value) in publish_all("lamsmarty", &stamp, &format!("{}.00", 7 + round), "0.51") {
            house.hear(&topic, value);
        }
    }
    assert_eq!(house.arrivals.len(), 4, "the fifth is not over");
    house.pass(5);
    for (round, arrival) in house.arrivals.iter().enumerate() {
        assert_eq!(arrival.reading.time, MAY + round as i64);
        assert_eq!(get(arrival, Quantity::EnergyImport), 7000 + 1000 * round as i64);
        assert_eq!(get(arrival, Quantity::VoltageL1), 231_000);
    }
}

#[test]
fn whose_a_reading_is() {
    let two = "[meter.home]\nequipment = [\"SAG1030700089067\"]\n[meter.flat]\nequipment = [\"SAG1030700089430\"]\n";
    let mut house = House::new(two);
    house.hear("x", ENERGY).hear("y", ENERGY.replace("089067", "089430")).hear("z", FIVE.replace("180410", "210503"));
    let meters: Vec<&str> = house.arrivals.iter().map(|arrival| &*arrival.reading.meter).collect();
    assert_eq!(meters, ["home", "flat", "flat"]);
    house.hear("w", ENERGY.replace("089067", "000001"));
    assert_eq!((house.arrivals.len(), house.counter("unknown_meter")), (3, 1));
    assert!(house.problem("unknown-meter").unwrap().sentence.contains("SAG1030700000001"));

    // A topic is a wall: the identifier does not lead past it.
    let mut house = House::new(&two.replace("[meter.flat]\n", "[meter.flat]\ntopic = \"flat/#\"\n"));
    house
        .hear("flat/board", ENERGY.replace("089067", "089430"))
        .hear("house/board", ENERGY.replace("089067", "089430"));
    assert_eq!((house.arrivals.len(), house.counter("unknown_meter")), (1, 1));
    let trouble = house.problem("unknown-topic").unwrap();
    assert!(trouble.sentence.contains("house/board") && trouble.advice.contains("`topic`"), "{trouble:?}");

    // The more exact topic goes first; two that say the same are told apart by the identifier.
    let mut house = House::new(
        "[meter.all]\ntopic = \"house/#\"\n[meter.garage]\ntopic = \"house/garage\"\n\
         [meter.a]\ntopic = \"five/+\"\nequipment = [\"SAG1030700089430\"]\n[meter.b]\ntopic = \"five/+\"\nequipment = [\"SAG1030700089067\"]\n",
    );
    house.hear("house/garage", ENERGY).hear("house/attic", ENERGY).hear("five/1", ENERGY);
    let meters: Vec<&str> = house.arrivals.iter().map(|arrival| &*arrival.reading.meter).collect();
    assert_eq!(meters, ["garage", "all", "b"]);
    house.hear("five/2", r#"{"dt":"210503120010S","c1":"000006.695*kWh"}"#);
    assert_eq!((house.arrivals.len(), house.counter("unknown_meter")), (3, 1), "it may be either's");
}

#[test]
fn two_boards_do_not_become_one_meter_by_mistake() {
    let mut house = House::new("[meter.home]\n");
    house.hear("cellar/smarty", ENERGY).hear("garage/smarty", ENERGY.replace("089067", "089430"));
    assert_eq!((house.arrivals.len(), house.counter("unknown_meter")), (1, 1));
    assert!(house.problem("unknown-meter").unwrap().sentence.contains("SAG1030700089430"));
    house.hear("garage/smarty", ENERGY.replace("6.70", "815.00"));
    assert_eq!((house.arrivals.len(), house.counter("unknown_meter")), (1, 2));
    assert!(house.problem("unknown-topic").unwrap().sentence.contains("garage/smarty"));
    // A board that was given another topic is heard again after a while.
    house.pass(901).hear("garage/smarty", ENERGY.replace("6.70", "6.80"));
    assert_eq!(house.arrivals.len(), 2);
}

#[test]
fn with_a_key_what_anybody_could_have_published_is_refused() {
    let folder = Folder::new("collector-key");
    let key = folder.write("home.key", KEY);
    let mut house = House::new(&format!("[meter.home]\nkey-file = {key:?}\n"));
    house.hear("lamsmarty", ENERGY);
    assert_eq!((house.arrivals.len(), house.counter("published_refused")), (0, 1));
    let trouble = house.problem("published-refused").unwrap();
    assert!(trouble.sentence.contains("lamsmarty") && trouble.advice.contains("accept-plain"), "{trouble:?}");
    let mut meter = VirtualMeter::new(MeterConfig {
        key: Some([0x5A; 16]),
        start: NOW - 10,
        ..MeterConfig::new(Profile::LuxembourgFull)
    });
    house.hear("forward", meter.next_telegram().frame);
    assert_eq!(house.only().reading.proof, Proof::Tag);
    assert!(house.problem("published-refused").is_none());
    let mut house = House::new(&format!("[meter.home]\nkey-file = {key:?}\naccept-plain = true\n"));
    house.hear("lamsmarty", ENERGY);
    assert_eq!(house.only().reading.proof, Proof::Published);
}

#[test]
fn what_is_broken_is_said_once_with_its_topic_and_costs_only_itself() {
    let mut house = House::new("[meter.home]\n");
    house.hear("lamsmarty", &ENERGY[..ENERGY.len() - 1]);
    let trouble = house.problem("malformed-message").unwrap();
    assert_eq!(trouble.sentence, "A message on topic lamsmarty ends in the middle of its JSON.");
    assert_eq!((trouble.subject.as_str(), house.counter("malformed_messages")), ("source broker", 1));
    house.hear("other", "{]").hear("lamsmarty", ENERGY);
    assert!(house.problem("malformed-message").is_none(), "the next one was good");
    house.hear("lamsmarty", ENERGY.replace("12:00:10", "12:00:30").replace("0.51", "\"a lot\""));
    let trouble = house.problem("malformed-message").unwrap();
    assert!(trouble.sentence.contains("`power_consumption [kW]` is \"a lot\", which is no number"), "{trouble:?}");
    assert_eq!(numbers(&house.arrivals[1]).len(), 3, "the rest stands");
    house.hear("lamsmarty", ENERGY.replace("12:00:10", "12:00:50").replace("6.70", "-6.70").replace("0.51", "51e12"));
    assert_eq!((house.counter("malformed_fields"), house.counter("out_of_range")), (1, 2));
    assert_eq!(numbers(&house.arrivals[2]), [("energy_export_wh", 20), ("power_export_w", 0)]);
    house.hear("lamsmarty/curr_l1_A", "two").hear("lamsmarty/volt_l1_V", "1e9");
    assert_eq!((house.counter("malformed_fields"), house.counter("out_of_range")), (2, 3));
    house.hear("lamsmarty", vec![b' '; LONGEST_MESSAGE + 1]);
    assert_eq!(house.counter("oversized_messages"), 1);
    house.hear("board/raw", b"\xDB\x08SAGgp").hear("board/raw", "/Lux5\n1-0:1.8.0(1*kWh)\r\n");
    assert_eq!(house.counter("malformed_messages"), 4);
    assert!(house.observer.health().problems.iter().all(|problem| problem.code != "garbage"));
}

#[test]
fn what_is_foreign_is_counted_and_said_only_before_the_first_reading() {
    let mut house = House::new("[meter.home]\n");
    for (topic, payload) in [
        ("zigbee/lamp", &br#"{"state":"ON","brightness":254}"#[..]),
        ("camera/picture", b"\x89PNG\r\n\x1A\n\0\0"),
        ("tele/list", b"[1,2,3]"),
        ("weather", b"sunny"),
    ] {
        house.hear(topic, payload);
    }
    assert_eq!(house.counter("foreign_messages"), 4);
    let trouble = house.problem("foreign-message").unwrap();
    assert!(trouble.sentence.contains("a text of another form on topic weather"), "{}", trouble.sentence);
    house.hear("lamsmarty", ENERGY).hear("weather", "cloudy").hear("stat/printer", "{out of paper}");
    assert!(house.observer.health().problems.is_empty());
    assert_eq!((house.counter("foreign_messages"), house.counter("malformed_messages")), (6, 0));
    for (topic, payload) in [
        ("mywill/lastwill/onlinestatus", "0"),
        ("mywill/lastwill/onlinestatus", "1"),
        ("smartyreader/status", "online"),
        ("smartyreader/status", "offline"),
    ] {
        house.hear(topic, payload);
    }
    assert_eq!((house.counter("announcements"), house.counter("messages")), (4, 11));
    house
        .hear("homeassistant/sensor/x/power/config", r#"{"name":"x","state_topic":"lamsmarty"}"#)
        .hear("lamsmarty", "");
    assert_eq!((house.counter("aside_messages"), house.arrivals.len()), (2, 1));
}
