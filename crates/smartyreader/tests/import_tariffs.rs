//! What other programs kept of a meter that sends registers by tariff and no total: each register stays what it is.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use common::{Folder, export, finish, smartyreader};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::Connection;
use serde_json::Value;

/// 28 and 30 March 2026 00:00 in Luxembourg; the day between has 23 hours.
const START: i64 = 1_774_652_400;
const SUNDAY: i64 = START + 86_400;
const MONDAY: i64 = SUNDAY + 82_800;
/// Each hour of both days.
const HOURS: std::ops::RangeInclusive<i64> = 0..=(MONDAY - START) / 3600;

/// Import by tariff 1 and 2, export by tariff 1 and 2, Wh: a little below what the virtual meter sends from 01:00 on.
fn registers(time: i64) -> [i64; 4] {
    let before = MONDAY - time;
    [7_276_400 - before / 60, 4_850_900 - before / 120, 10_995_600 - before / 180, 7_330_400 - before / 360]
}

fn local(time: i64, format: &str) -> String {
    let zone = TimeZone::get("Europe/Luxembourg").unwrap();
    Timestamp::from_second(time).unwrap().to_zoned(zone).strftime(format).to_string()
}

/// An hour of a Dutch meter, on Monday from 01:00 on.
fn house(folder: &Folder, name: &str) -> PathBuf {
    let capture = folder.file("hour.bin");
    if !capture.exists() {
        let start = (MONDAY + 3600).to_string();
        let arguments = ["meter", "--profile", "netherlands-5", "--speed", "1000000000", "--count", "360", "--start"];
        let (code, _, err) = finish(smartyreader().args(arguments).arg(start).arg("--to").arg(&capture));
        assert_eq!(code, 0, "{err}");
    }
    folder.write(
        &format!("{name}.toml"),
        &format!(
            "[source.hour]\nkind = \"file\"\npath = \"hour.bin\"\n[meter.home]\n[store]\npath = \"{name}.db\"\n[web]\nenabled = false\n"
        ),
    )
}

fn run(config: &Path) {
    let (code, _, err) = finish(smartyreader().args(["run", "--config"]).arg(config));
    assert_eq!(code, 0, "{err}");
}

fn import(config: &Path, what: &str, arguments: &[&str], file: &Path) -> (i32, String, String) {
    finish(smartyreader().args(["import", what, "--meter", "home", "--config"]).arg(config).args(arguments).arg(file))
}

fn backup(folder: &Folder) -> PathBuf {
    let mut text = String::from(
        "COPY public.dsmr_consumption_electricityconsumption (id, read_at, delivered_1, delivered_2, returned_1, returned_2) FROM stdin;\n",
    );
    for hour in HOURS {
        let time = START + hour * 3600;
        let kwh = registers(time).map(|wh| format!("{}.{:03}", wh / 1000, wh % 1000));
        let _ = writeln!(text, "{hour}\t{}\t{}", local(time, "%Y-%m-%d %H:%M:%S%:z"), kwh.join("\t"));
    }
    folder.write("backup.sql", &(text + "\\.\n"))
}

fn domoticz(folder: &Folder) -> PathBuf {
    let file = folder.file("domoticz.db");
    let connection = Connection::open(&file).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE DeviceStatus (ID INTEGER PRIMARY KEY, Name VARCHAR(100), Type INTEGER NOT NULL);
             CREATE TABLE MultiMeter (DeviceRowID, Value1, Value5, Value2, Value6, Date);
             CREATE TABLE MultiMeter_Calendar (DeviceRowID, Counter1, Counter2, Counter3, Counter4, Date);
             INSERT INTO DeviceStatus VALUES (3, 'Power', 250);",
        )
        .unwrap();
    for time in HOURS.map(|hour| START + hour * 3600) {
        let [one, two, back_one, back_two] = registers(time);
        let row = (3, one, two, back_one, back_two, local(time + 3, "%Y-%m-%d %H:%M:%S"));
        connection.execute("INSERT INTO MultiMeter VALUES (?, ?, ?, ?, ?, ?)", row).unwrap();
    }
    file
}

const SENSORS: [&str; 4] = ["sensor.import_1", "sensor.import_2", "sensor.export_1", "sensor.export_2"];

/// One hour of the second sensor is missing.
fn home_assistant(folder: &Folder) -> PathBuf {
    let file = folder.file("home-assistant_v2.db");
    let connection = Connection::open(&file).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE statistics (id INTEGER NOT NULL PRIMARY KEY, metadata_id INTEGER, start_ts FLOAT, state FLOAT);
             CREATE TABLE statistics_short_term (id INTEGER NOT NULL PRIMARY KEY, metadata_id INTEGER, start_ts FLOAT, state FLOAT);
             CREATE TABLE statistics_meta (id INTEGER NOT NULL PRIMARY KEY, statistic_id VARCHAR(255), unit_of_measurement VARCHAR(255), has_sum BOOLEAN);",
        )
        .unwrap();
    for (sensor, name) in SENSORS.iter().enumerate() {
        connection.execute("INSERT INTO statistics_meta VALUES (?, ?, 'kWh', 1)", (sensor as i64 + 1, name)).unwrap();
        for hour in HOURS.filter(|hour| sensor != 1 || *hour != 5) {
            let time = START + hour * 3600;
            let row = (sensor as i64 + 1, time - 3600, registers(time)[sensor] as f64 / 1000.0);
            connection.execute("INSERT INTO statistics (metadata_id, start_ts, state) VALUES (?, ?, ?)", row).unwrap();
        }
    }
    file
}

/// Both days to the watt-hour, and the registers as they were kept.
fn all_there(config: &Path, what: &str) {
    let days = export(config, "days");
    let of = |start: i64| days.iter().find(|day| day["start"] == start).unwrap();
    for (start, import, back) in [(START, 2160, 720), (SUNDAY, 2070, 690)] {
        let day = of(start);
        let found = (&day["energy_import_wh"], &day["energy_export_wh"]);
        assert_eq!(found, (&Value::from(import), &Value::from(back)), "{what}: {day}");
    }
    let raw = export(config, "raw");
    let noon = START + 12 * 3600;
    // Home Assistant's hours end a second before.
    let at_noon: Vec<&Value> =
        raw.iter().filter(|line| [noon, noon - 1].contains(&line["time"].as_i64().unwrap())).collect();
    let one = |name: &str| at_noon.iter().find_map(|line| line[name].as_i64());
    let names = ["energy_import_t1_wh", "energy_import_t2_wh", "energy_export_t1_wh", "energy_export_t2_wh"];
    assert_eq!(names.map(one), registers(noon).map(Some), "{what}");
    assert!(raw.iter().all(|line| line.get("energy_import_wh").is_none_or(Value::is_null)), "{what}: there is a total");
}

#[test]
fn registers_by_tariff_stay_what_they_are() {
    let folder = Folder::new("import-tariffs");
    let (backup, domoticz, home_assistant) = (backup(&folder), domoticz(&folder), home_assistant(&folder));
    let imported = ["--statistic", SENSORS[0], "--statistic", SENSORS[1]];
    let exported = ["--statistic", SENSORS[2], "--statistic", SENSORS[3], "--value", "export"];
    let cases: [(&str, &Path, &[&[&str]]); 3] = [
        ("dsmr-reader", &backup, &[&[]]),
        ("domoticz", &domoticz, &[&[]]),
        ("home-assistant", &home_assistant, &[&imported, &exported]),
    ];
    for (what, file, runs) in cases {
        let config = house(&folder, &format!("house-{what}"));
        run(&config);
        let telegrams = export(&config, "raw");
        for arguments in runs {
            let (code, out, err) = import(&config, what, arguments, file);
            assert_eq!(code, 0, "{what}: {out}{err}");
            assert!(out.contains("of meter home, by tariff."), "{out}");
            assert_eq!(out.contains("1 row will be left, because no register"), *arguments == imported, "{out}");
        }
        all_there(&config, what);
        let after = export(&config, "raw");
        assert_eq!(after[after.len() - telegrams.len()..], telegrams[..], "{what}");
        for arguments in runs {
            let (code, out, err) = import(&config, what, arguments, file);
            assert_eq!(code, 0, "{what}: {out}{err}");
            assert!(out.contains("There is nothing to import.") && !out.contains("were imported"), "{out}");
        }
        assert_eq!(export(&config, "raw"), after, "{what}");
    }
}

#[test]
fn what_says_nothing_of_tariffs_is_refused() {
    let folder = Folder::new("import-tariffs-one");
    let config = house(&folder, "house");
    run(&config);
    let lines = folder.write("day.min", "28.03.26 10:00:00 7000.0 0 0\n");
    let sensor = home_assistant(&folder);
    for (what, arguments, file) in
        [("dayfile", &[][..], &lines), ("home-assistant", &["--statistic", SENSORS[0]][..], &sensor)]
    {
        let (code, _, err) = import(&config, what, arguments, file);
        assert_eq!(code, 65, "{what}: {err}");
        assert!(err.contains("by tariff and no total") && err.contains("does not say of which tariff"), "{err}");
    }
    let three = ["--statistic", "a", "--statistic", "b", "--statistic", "c"];
    let (code, _, err) = import(&config, "home-assistant", &three, &sensor);
    assert_eq!(code, 64, "{err}");
}

#[test]
fn before_the_first_telegram_it_has_to_be_said() {
    let folder = Folder::new("import-tariffs-first");
    let known = house(&folder, "known");
    run(&known);
    let equipment = export(&known, "raw")[0]["equipment"].as_str().unwrap().to_string();
    let file = backup(&folder);
    let config = house(&folder, "new");
    for arguments in [&["--equipment", &equipment][..], &["--equipment", &equipment, "--dry-run"]] {
        let (code, out, err) = import(&config, "dsmr-reader", arguments, &file);
        assert_eq!(code, 64, "{out}");
        assert!(
            err.contains("nobody knows yet which registers meter home sends") && err.contains("--by-tariff"),
            "{err}"
        );
        assert_eq!(export(&config, "raw"), Vec::<Value>::new(), "nothing is written");
    }
    let (code, out, err) = import(&config, "dsmr-reader", &["--equipment", &equipment, "--total", "--dry-run"], &file);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("the import of meter home, both tariffs added up."), "{out}");
    let (code, out, err) = import(&config, "dsmr-reader", &["--equipment", &equipment, "--by-tariff"], &file);
    assert_eq!(code, 0, "{out}{err}");
    // The telegrams go on where the import ended.
    run(&config);
    all_there(&config, "before the first telegram");
    let (of_known, of_new) = (export(&known, "quarter-hours"), export(&config, "quarter-hours"));
    assert!(of_known.iter().filter(|quarter| quarter["complete"] == true).count() >= 2, "{of_known:?}");
    for quarter in of_known.iter().filter(|quarter| quarter["complete"] == true) {
        assert!(of_new.contains(quarter), "{quarter}");
    }
}
