//! The running quarter-hour at the front door: how it will end, by the contract of the reading's day.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use common::broker::{Broker, Security};
use common::{Daemon, Folder, KEY, meter};
use serde_json::Value;

/// A Monday at seven in the evening: the sun is down and the stove is on.
const EVENING: i64 = 1_795_456_800;

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("no number: {value}"))
}

#[test]
fn the_api_and_the_broker_say_how_the_quarter_hour_will_end() {
    let folder = Folder::new("live-quarter");
    let broker = Broker::start(&folder, Security::Plain);
    let (lives, discovery) = (broker.listen("smartyreader/home/live"), broker.listen("homeassistant/#"));
    let key = folder.write("meter.key", KEY);
    let start = EVENING.to_string();
    let (_meter, address) = meter(&["--speed", "60", "--start", &start, "--key-file", key.to_str().unwrap()]);
    let text = format!(
        "[source.cable]\nkind = \"tcp\"\naddress = \"{address}\"\n[meter.home]\nkey-file = \"meter.key\"\n\
         [calculated]\nclasses = [3, 7]\n\
         [tariff]\nnetwork = \"luxembourg\"\nreference-power = [{{ kw = 7 }}, {{ from = 2026-11-20, kw = 0.2 }}]\n\
         [mqtt.house]\n{}",
        broker.settings()
    );
    let daemon = Daemon::start(&folder, &text);
    lives.wait("a whole quarter-hour", |heard| {
        let complete = |heard: &common::broker::Heard| heard.json()["quarter_complete"] == true;
        heard.iter().filter(|heard| complete(heard)).count() >= 60
    });
    let last = daemon.json("/api/v1/meters/home/last");
    let lives: Vec<Value> = lives.all().iter().map(common::broker::Heard::json).collect();
    let same = lives.iter().find(|live| live["time_unix"] == last["time"]);
    for (api, mqtt) in [
        ("demand_import_projected_w", "quarter_demand_import_projected_w"),
        ("reference_power_w", "quarter_reference_power_w"),
        ("power_allowed_w", "quarter_power_allowed_w"),
        ("exceedance_wh", "quarter_exceedance_wh"),
    ] {
        if let Some(live) = same {
            assert_eq!(last["quarter"][api], live[mqtt], "{api}: {last} {live}");
        }
        assert!(last["quarter"][api].is_i64(), "{api}: {last}");
    }
    // By hand, from nothing but what the meter said in the last three minutes.
    let (mut checked, mut beyond) = (0, 0);
    for (index, live) in lives.iter().enumerate().skip(20) {
        let (time, end) = (number(&live["time_unix"]), number(&live["quarter_start_unix"]) + 900);
        let Some(energy) = live["quarter_energy_import_wh"].as_i64() else { continue };
        let recent: Vec<i64> = lives[index - 17..=index].iter().map(|live| number(&live["power_import_w"])).collect();
        let mean = recent.iter().sum::<i64>() as f64 / recent.len() as f64;
        let projected = (energy as f64 * 3600.0 + mean * (end - time) as f64) / 900.0;
        let said = number(&live["quarter_demand_import_projected_w"]);
        assert!((said as f64 - projected).abs() <= 1.0, "{said} and {projected}: {live}");
        assert_eq!(live["quarter_reference_power_w"], 200, "that of the contract since Friday");
        let rest = 200 * 900 - energy * 3600;
        assert_eq!(number(&live["quarter_power_allowed_w"]), (rest / (end - time)).max(0), "{live}");
        if live["quarter_complete"] == true {
            let certain = (4 * energy - 200).max(0);
            assert_eq!(number(&live["quarter_exceedance_wh"]), (certain + 2) / 4, "{live}");
            beyond += i64::from(certain > 0);
        }
        // The price beyond is that of the tariff, for the classes too.
        if let Some(money) = live["exceedance_3000w_day_micro_euro"].as_i64() {
            assert_eq!(money, (number(&live["exceedance_3000w_day_wh"]) * 76_500 + 500) / 1000, "{live}");
            checked += 1;
        }
    }
    assert!(checked >= 40 && beyond > 0, "{checked} checked, {beyond} beyond");
    let config = discovery.first("homeassistant/device/smartyreader_home/config").json();
    assert_eq!(config["cmps"]["quarter_power_allowed"]["unit_of_meas"], "W");
    assert!(config["cmps"]["quarter_demand_import_projected"].is_object());
}

#[test]
fn without_a_contract_there_is_a_projection_and_no_reference() {
    let folder = Folder::new("live-quarter-bare");
    let key = folder.write("meter.key", KEY);
    let start = EVENING.to_string();
    let (_meter, address) = meter(&["--speed", "60", "--start", &start, "--key-file", key.to_str().unwrap()]);
    let daemon = Daemon::start(
        &folder,
        &format!("[source.cable]\nkind = \"tcp\"\naddress = \"{address}\"\n[meter.home]\nkey-file = \"meter.key\"\n"),
    );
    daemon.wait("a telegram", |daemon| daemon.get("/api/v1/meters/home/last").0 == 200);
    let quarter = daemon.json("/api/v1/meters/home/last")["quarter"].clone();
    assert!(quarter["demand_import_projected_w"].is_i64(), "{quarter}");
    for name in ["reference_power_w", "power_allowed_w", "exceedance_wh"] {
        assert_eq!(quarter[name], Value::Null, "{name}: {quarter}");
    }
    assert_eq!(daemon.json("/api/v1/meters")["reports"], false);
}
