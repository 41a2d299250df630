//! Nothing acknowledged is lost at `kill -9`, and no kill leaves a database that will not open.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use common::{Daemon, Folder, KEY, finish, free_port, meter, smartyreader};
use serde_json::Value;

#[test]
fn twenty_kills_lose_nothing_that_was_acknowledged() {
    kills(20);
}

#[test]
#[ignore = "four minutes: make soak"]
fn five_hundred_kills_lose_nothing_that_was_acknowledged() {
    kills(500);
}

fn kills(times: u32) {
    let folder = Folder::new(&format!("kills-{times}"));
    let key = folder.write("home.key", KEY);
    let truth = folder.file("truth.jsonl");
    let (_meter, source) = meter(&[
        "--speed",
        "1000",
        "--start",
        "1774738800",
        "--key-file",
        key.to_str().unwrap(),
        "--truth",
        truth.to_str().unwrap(),
    ]);
    let address = format!("127.0.0.1:{}", free_port());
    let config = folder.write(
        "test.toml",
        &format!(
            "[source.line]\nkind = \"tcp\"\naddress = \"{source}\"\n[meter.home]\nkey-file = \"home.key\"\n\
             [store]\npath = \"test.db\"\n[web]\nlisten = \"{address}\"\n"
        ),
    );
    // The same sequence each time: a failure can be repeated.
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let (mut acknowledged, mut fruitless) = (0, 0);
    let looks = 1 + times / 50;
    for kill in 0..times {
        let mut daemon = Daemon::start_with(config.clone(), address.clone());
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_millis(random >> 33 & 511));
        // What the daemon says it has stored, up to now.
        let stored = daemon.health()["store"]["stored"].as_u64().unwrap();
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_millis(random >> 33 & 63));
        daemon.process.kill();
        acknowledged += stored;
        fruitless = if stored == 0 { fruitless + 1 } else { 0 };
        assert!(fruitless < 10, "nothing was stored in ten runs: is the meter still there?");
        // Reading everything back takes longer the more there is; a loss does not heal until the next look.
        if kill % looks == 0 || kill + 1 == times {
            let kept = stored_readings(&config);
            let there = kept.len() as u64;
            assert!(there >= acknowledged, "kill {kill}: {acknowledged} were acknowledged, {there} are there");
            compare(&kept, &truth);
        }
    }
    assert!(acknowledged > u64::from(times), "only {acknowledged} telegrams in {times} runs: this proves nothing");
    println!("{times} kills, {acknowledged} telegrams acknowledged, all there");
}

/// By time and counter, what the store has.
fn stored_readings(config: &Path) -> BTreeMap<i64, Value> {
    let (code, out, err) = finish(
        smartyreader()
            .args(["export", "--meter", "home", "--format", "jsonl", "--resolution", "raw", "--config"])
            .arg(config),
    );
    assert_eq!(code, 0, "{err}");
    let mut readings = BTreeMap::new();
    for line in out.lines() {
        let reading: Value = serde_json::from_str(line).unwrap();
        let twice = readings.insert(reading["time"].as_i64().unwrap(), reading);
        assert!(twice.is_none(), "stored twice: {twice:?}");
    }
    readings
}

/// Everything stored is exactly what the meter sent.
fn compare(kept: &BTreeMap<i64, Value>, truth: &Path) {
    let sent: BTreeMap<i64, Value> = std::fs::read_to_string(truth)
        .unwrap()
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .map(|line| (line["time"].as_i64().unwrap(), line))
        .collect();
    for (time, reading) in kept {
        let true_one = sent.get(time).unwrap_or_else(|| panic!("{time} was never sent"));
        for name in ["energy_import_wh", "energy_export_wh", "power_import_w", "power_export_w"] {
            assert_eq!(reading[name], true_one[name], "{name} at {time}");
        }
    }
}
