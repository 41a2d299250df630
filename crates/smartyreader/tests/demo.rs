//! The demo shows everything: readings, books that add up, costs and reports.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::time::{Duration, Instant};

use common::{Daemon, Folder, Process, free_port, smartyreader};

#[test]
fn a_demo_has_costs_and_reports() {
    let folder = Folder::new("demo");
    let address = format!("127.0.0.1:{}", free_port());
    // What an earlier one left is not shown as if it were of this one; what is not a demo's stays.
    std::fs::create_dir(folder.file("demo-reports")).unwrap();
    let (old, foreign) = (folder.file("demo-reports/2020-01-01.html"), folder.file("demo-reports/notes.html"));
    std::fs::write(&old, "old").unwrap();
    std::fs::write(&foreign, "mine").unwrap();
    let mut command = smartyreader();
    command.args(["demo", "--days", "2", "--listen", &address, "--folder"]).arg(folder.path());
    let daemon = Daemon { process: Process::start(&mut command), config: folder.file("demo.toml"), address };
    // The history of two meters is made first.
    let until = Instant::now() + Duration::from_mins(3);
    while daemon.try_get("/api/v1/health").is_none() {
        assert!(Instant::now() < until, "{}", daemon.process.log());
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(!old.exists() && foreign.exists());
    let meters = daemon.json("/api/v1/meters");
    let mut roles: Vec<(&str, bool)> = meters["meters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|meter| (meter["role"].as_str().unwrap(), meter["tariff"] == true))
        .collect();
    roles.sort_unstable();
    assert_eq!(roles, [("grid", true), ("grid", true), ("group", true), ("production", false)]);
    assert_eq!(meters["reports"], true);
    for meter in ["home", "workshop"] {
        let of = format!("/api/v1/meters/{meter}");
        daemon
            .wait("a live value", |daemon| daemon.get(&format!("{of}/last")).1["quarter"]["reference_power_w"] == 3000);
        assert_eq!(daemon.json(&format!("{of}/check"))["sentence"], "All registers and days agree to the watt-hour.");
        let costs = daemon.json(&format!("{of}/costs?from=2026-01-01&to=2035-01-01"));
        assert!(costs["total_micro_eur"].as_i64().unwrap() > 0, "{costs}");
    }
    let days = daemon.json("/api/v1/meters/home/self-consumption/days?from=2026-01-01&to=2035-01-01");
    assert!(
        days["entries"].as_array().unwrap().iter().any(|day| day["energy_produced_wh"].as_i64() > Some(0)),
        "{days}"
    );
    daemon.wait("the report of a day", |daemon| daemon.try_get("/reports/").unwrap().1.contains("<h2>Days</h2>"));
    assert_eq!(daemon.problems(), Vec::<String>::new());
}
