//! Sensors at the front door: what is no meter has series, API, MQTT and Home Assistant like a meter, and its own troubles.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use common::broker::{Broker, Security};
use common::port::Sonar;
use common::{Daemon, Folder};
use serde_json::{Value, json};

const TANK: &str = "[sensor.tank]\nkind = \"mb7060\"\ndevice = \"DEVICE\"\ntitle = \"Rainwater\"\nevery = \"1s\"\n\
                    [sensor.tank.tank]\nshape = \"cylinder\"\ndiameter = 200\nheight = 150\noffset = 20\n";

fn tank(folder: &Folder) -> String {
    TANK.replace("DEVICE", folder.file("by-id").to_str().unwrap())
}

fn distance(daemon: &Daemon) -> Option<i64> {
    let (status, last) = daemon.get("/api/v1/meters/tank/last");
    if status == 200 { last["values"]["distance_mm"].as_i64() } else { None }
}

fn sentence(daemon: &Daemon, code: &str) -> String {
    daemon.wait(code, |daemon| daemon.problems().contains(&code.to_string()));
    let health = daemon.health();
    let problem =
        health["problems"].as_array().unwrap().iter().find(|problem| problem["code"] == code).unwrap().clone();
    assert_eq!(problem["subject"], "sensor tank");
    assert!(!problem["advice"].as_str().unwrap().is_empty());
    problem["sentence"].as_str().unwrap().to_string()
}

#[test]
fn a_tank_is_measured_stored_and_shown() {
    let folder = Folder::new("tank");
    let sonar = Sonar::plug(&folder.file("by-id"), 123);
    let daemon = Daemon::start(&folder, &tank(&folder));
    daemon.wait("three readings", |daemon| daemon.health()["meters"][0]["telegrams"].as_u64() >= Some(3));
    let last = daemon.json("/api/v1/meters/tank/last");
    assert_eq!(last["values"], json!({"distance_mm": 1230, "level_mm": 470, "volume_ml": 1_476_549}));
    assert_eq!(
        (&last["proof"], &last["equipment"], &last["quarter"]),
        (&json!("measured"), &json!("MB7060"), &Value::Null)
    );
    let meters = daemon.json("/api/v1/meters");
    assert_eq!((&meters["meters"][0]["role"], &meters["meters"][0]["title"]), (&json!("sensor"), &json!("Rainwater")));
    let units: Vec<&Value> =
        meters["meters"][0]["quantities"].as_array().unwrap().iter().map(|one| &one["unit"]).collect();
    assert_eq!(units, ["mm", "mm", "ml"]);
    let time = last["time"].as_i64().unwrap();
    let at = |time: i64| jiff_text(time);
    let path = format!(
        "/api/v1/meters/tank/series?quantity=volume_ml,distance_mm&from={}&to={}&resolution=raw",
        at(time - 60),
        at(time + 60)
    );
    daemon.wait("the series", |daemon| {
        let series = daemon.json(&path);
        series["series"]["volume_ml"]["mean"].as_array().unwrap().len() >= 3
    });
    // Once a turn, and no more.
    let times = daemon.json(&path)["time"].as_array().unwrap().clone();
    assert!(times.windows(2).all(|pair| pair[0].as_i64() < pair[1].as_i64()), "{times:?}");
    for path in [
        "quarter-hours?from=2026-01-01&to=2026-01-02",
        "days?from=2026-01-01&to=2026-01-02",
        "plot?day=2026-01-01",
        "costs?from=2026-01-01&to=2026-01-02",
        "telegram",
    ] {
        let (status, body) = daemon.get(&format!("/api/v1/meters/tank/{path}"));
        assert_eq!(status, 404, "{path}: {body}");
        assert!(body["error"].as_str().unwrap().contains("is a sensor"), "{body}");
    }
    // The cable is pulled and put back.
    drop(sonar);
    daemon.wait("it is missed", |daemon| {
        daemon.problems().iter().any(|code| matches!(code.as_str(), "lost" | "unreachable"))
    });
    let sonar = Sonar::plug(&folder.file("by-id"), 88);
    daemon.wait("it is back", |daemon| distance(daemon) == Some(880));
    assert_eq!(daemon.problems(), [""; 0]);
    // Everything that it can say of itself.
    sonar.set(765);
    assert_eq!(sentence(&daemon, "sensor-out-of-range"), "The sensor sees nothing within 765 cm.");
    sonar.set(200);
    assert_eq!(
        sentence(&daemon, "sensor-below-bottom"),
        "The sensor measures 200 cm, and the bottom of its tank is 170 cm below it."
    );
    sonar.say(b"XL-MaxSonar-WR1\rRoHS 1.8b090 0106 TempI\r");
    assert!(sentence(&daemon, "garbage").ends_with("but no measurement is among them."));
    sonar.set(150);
    daemon.wait("all is well", |daemon| daemon.problems().is_empty() && distance(daemon) == Some(1500));
}

/// UTC seconds as RFC 3339.
fn jiff_text(time: i64) -> String {
    jiff::Timestamp::from_second(time).unwrap().to_string()
}

#[test]
fn a_tank_goes_to_mqtt_and_home_assistant() {
    let folder = Folder::new("tank-mqtt");
    let broker = Broker::start(&folder, Security::Plain);
    let listener = broker.listen("#");
    let _sonar = Sonar::plug(&folder.file("by-id"), 87);
    let _daemon = Daemon::start(
        &folder,
        &format!(
            "{}[mqtt.house]\n{}[[mqtt.house.format]]\nname = \"smartyreader-5-tank\"\ntopic = \"storage/rainwater\"\nevery = \"1s\"\n",
            tank(&folder),
            broker.settings()
        ),
    );
    let live = listener.first("smartyreader/tank/live").json();
    assert_eq!((&live["distance_mm"], &live["level_mm"]), (&json!(870), &json!(830)));
    assert!(live.get("quarter_start").is_none() && live.get("power_net_w").is_none(), "{live}");
    assert_eq!(listener.first("storage/rainwater").text(), r#"{"rainwater":"distance","cm":"087"}"#);
    let device = listener.first("homeassistant/device/smartyreader_tank/config").json();
    let entities = &device["cmps"];
    assert_eq!(
        (&entities["volume"]["dev_cla"], &entities["volume"]["unit_of_meas"]),
        (&json!("volume_storage"), &json!("L"))
    );
    assert_eq!(entities["level"]["dev_cla"], "distance");
    listener.wait("it is there", |heard| {
        heard.iter().any(|one| one.topic == "smartyreader/tank/availability" && one.text() == "online")
    });
    assert!(listener.on("smartyreader/tank/registers").is_empty(), "a sensor has no registers");
}

#[test]
fn a_bus_that_is_not_there_costs_the_meters_nothing() {
    let folder = Folder::new("bus");
    let (_meter, source) = common::meter(&["--speed", "100"]);
    let text = format!(
        "[source.line]\nkind = \"tcp\"\naddress = \"{source}\"\n[meter.home]\n\
         [sensor.room]\nkind = \"bme280\"\nbus = \"/dev/i2c-none\"\n[sensor.clock]\nkind = \"ds3231\"\nbus = \"/dev/null\"\n"
    );
    let daemon = Daemon::start(&folder, &text);
    daemon.wait("both are said", |daemon| daemon.problems().iter().filter(|code| *code == "unreachable").count() == 2);
    let health = daemon.health();
    let said = |subject: &str| {
        let problem = health["problems"].as_array().unwrap().iter().find(|one| one["subject"] == subject).unwrap();
        problem["sentence"].as_str().unwrap().to_string()
    };
    assert_eq!(said("sensor room"), "/dev/i2c-none at 0x76 cannot be opened: it does not exist.");
    assert_eq!(said("sensor clock"), "/dev/null at 0x68 cannot be opened: it is no I\u{b2}C bus.");
    daemon.wait("the meter is read", |daemon| {
        let health = daemon.health();
        health["meters"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["name"] == "home" && one["telegrams"].as_u64() > Some(5))
    });
}
