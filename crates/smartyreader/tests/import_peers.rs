//! What other programs kept, brought into the database: dsmr-reader, Domoticz, Home Assistant. Dry first, once, never over
//! something better. The files are made here, after the programs' own schemas.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::{Folder, export, finish, smartyreader};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::Connection;
use serde_json::Value;

/// 28 March 2026 00:00 in Luxembourg; the next day has 23 hours.
const START: i64 = 1_774_652_400;
const DAY: i64 = 86_400;
/// The day of 23 hours is over.
const MONDAY: i64 = START + 2 * DAY - 3600;

/// The registers at a moment, Wh: import and export.
fn import_at(time: i64) -> i64 {
    8_000_000 + (time - START) / 30
}

fn export_at(time: i64) -> i64 {
    1_000_000 + (time - START) / 90
}

fn kwh(wh: i64) -> String {
    format!("{}.{:03}", wh / 1000, wh % 1000)
}

fn local(time: i64, format: &str) -> String {
    let zone = TimeZone::get("Europe/Luxembourg").unwrap();
    Timestamp::from_second(time).unwrap().to_zoned(zone).strftime(format).to_string()
}

fn house(folder: &Folder, name: &str) -> PathBuf {
    folder.write(
        &format!("{name}.toml"),
        &format!("[source.a]\nkind = \"stdin\"\n[meter.home]\nequipment = [\"SAG1\"]\n[store]\npath = \"{name}.db\"\n"),
    )
}

fn import(config: &Path, what: &str, arguments: &[&str], file: &Path) -> (i32, String, String) {
    finish(smartyreader().args(["import", what, "--meter", "home", "--config"]).arg(config).args(arguments).arg(file))
}

fn good(config: &Path, what: &str, arguments: &[&str], file: &Path) -> String {
    // No telegram has come yet.
    let (code, out, err) = import(config, what, &[&["--total"], arguments].concat(), file);
    assert_eq!(code, 0, "{out}{err}");
    out
}

/// The same again changes nothing, and says so.
fn once(config: &Path, what: &str, arguments: &[&str], file: &Path) {
    let everything = || ["raw", "quarter-hours", "days", "months"].map(|resolution| export(config, resolution));
    let before = everything();
    let out = good(config, what, arguments, file);
    assert!(out.contains("There is nothing to import.") && !out.contains("were imported"), "{out}");
    assert_eq!(everything(), before);
}

/// The energies of each day: start, import, export.
fn days(config: &Path) -> Vec<(i64, Option<i64>, Option<i64>)> {
    let of = |day: &Value, name: &str| day[name].as_i64();
    export(config, "days")
        .iter()
        .map(|day| (of(day, "start").unwrap(), of(day, "energy_import_wh"), of(day, "energy_export_wh")))
        .collect()
}

/// A whole day and the day of 23 hours, to the watt-hour.
fn two_days(config: &Path) {
    let days = days(config);
    let of = |start| days.iter().find(|(begin, ..)| *begin == start).copied().unwrap();
    assert_eq!(of(START + DAY), (START + DAY, Some(82_800 / 30), Some(82_800 / 90)), "{days:?}");
    assert_eq!(of(START), (START, Some(DAY / 30), Some(DAY / 90)), "{days:?}");
}

/// A backup of dsmr-reader: days from far back, minutes of three days, telegrams of the last hours.
fn backup() -> String {
    let mut text = String::from(
        "--\n-- PostgreSQL database dump\n--\nSET client_encoding = 'UTF8';\n\n\
         COPY public.dsmr_backend_schedule (id, \"timestamp\") FROM stdin;\n1\t2026-03-28 00:00:00+01\n\\.\n\n\
         COPY public.dsmr_stats_daystatistics (id, day, electricity1, electricity2, total_cost, electricity_reading_timestamp, \
         electricity1_reading, electricity2_reading, electricity1_returned_reading, electricity2_returned_reading, gas_reading) FROM stdin;\n",
    );
    let halves = |wh: i64| (kwh(wh - wh / 3), kwh(wh / 3));
    for day in 1..20 {
        let time = START - day * DAY + 7;
        let ((one, two), (back_one, back_two)) = (halves(import_at(time)), halves(export_at(time)));
        let _ = writeln!(
            text,
            "{day}\t2026-03-01\t1.000\t2.000\t0.50\t{}\t{one}\t{two}\t{back_one}\t{back_two}\t\\N",
            local(time, "%Y-%m-%d %H:%M:%S%:z")
        );
    }
    text += "99\t2026-03-01\t1.000\t2.000\t0.50\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\n\\.\n\n";
    text += "COPY public.dsmr_consumption_electricityconsumption (id, read_at, delivered_1, returned_1, delivered_2, returned_2, currently_delivered) FROM stdin;\n";
    for time in (START - 60..MONDAY + 3600).step_by(60) {
        let ((one, two), (back_one, back_two)) = (halves(import_at(time)), halves(export_at(time)));
        let _ = writeln!(
            text,
            "{time}\t{}\t{one}\t{back_one}\t{two}\t{back_two}\t0.120",
            local(time, "%Y-%m-%d %H:%M:%S+02").replace("+02", &local(time, "%:z")[..3])
        );
    }
    text += "\\.\n\nCOPY public.dsmr_datalogger_dsmrreading (id, \"timestamp\", electricity_delivered_1, electricity_returned_1, electricity_delivered_2, electricity_returned_2, processed) FROM stdin;\n";
    for time in (MONDAY + 3600..MONDAY + 7200).step_by(10) {
        let ((one, two), (back_one, back_two)) = (halves(import_at(time)), halves(export_at(time)));
        let utc = Timestamp::from_second(time).unwrap().strftime("%Y-%m-%d %H:%M:%S+00").to_string();
        let _ = writeln!(text, "{time}\t{utc}\t{one}\t{back_one}\t{two}\t{back_two}\tt");
    }
    text + "8\tyesterday\t1.0\t1.0\t1.0\t1.0\tt\n\\.\n"
}

#[test]
fn a_backup_of_dsmr_reader() {
    let folder = Folder::new("dsmr-reader");
    let config = house(&folder, "house");
    let file = folder.write("backup.sql", &backup());
    let rows = 19 + (MONDAY + 3660 - START) / 60 + 360;
    let out = good(&config, "dsmr-reader", &["--dry-run"], &file);
    assert!(out.contains(&format!("1 file with {} lines.", rows + 1)), "{out}");
    assert!(out.contains("the import of meter home") && out.contains("the export of meter home"), "{out}");
    assert!(out.contains("dry run: nothing was written") && !folder.file("house.db").exists(), "{out}");
    let out = good(&config, "dsmr-reader", &[], &file);
    assert!(out.contains("1 line will be left, because they are no lines"), "{out}");
    two_days(&config);
    assert_eq!(export(&config, "raw")[0]["proof"], "imported");
    // A day of which only the first register was kept.
    let far = days(&config).into_iter().find(|(begin, ..)| *begin == START - 9 * DAY);
    assert_eq!(far, Some((START - 9 * DAY, Some(DAY / 30), Some(DAY / 90))));
    let quarters = export(&config, "quarter-hours");
    let first = quarters.iter().find(|quarter| quarter["start"] == START).unwrap();
    assert_eq!((&first["energy_import_wh"], &first["complete"]), (&30.into(), &true.into()));
    once(&config, "dsmr-reader", &[], &file);

    // The same, compressed, is the same.
    let packed = folder.file("backup.sql.gz");
    let mut gzip = Command::new("gzip");
    gzip.arg("-c").arg(&file).stdout(Stdio::from(std::fs::File::create(&packed).unwrap()));
    assert!(gzip.status().unwrap().success());
    once(&config, "dsmr-reader", &[], &packed);
}

#[test]
fn an_export_of_days_of_dsmr_reader() {
    let folder = Folder::new("dsmr-export");
    let config = house(&folder, "house");
    let mut text = format!("Date{}\n", ",Heading".repeat(17));
    for time in [START + 5, START + DAY + 5, MONDAY + 5] {
        let _ = writeln!(
            text,
            "{},1.0,2.0,0.0,0.0,0.0,0.1,0.1,0.1,0.1,0.4,{},{},1.0,{},1.0,,",
            local(time, "%Y-%m-%d"),
            local(time, "%Y-%m-%dT%H:%M:%S%:z"),
            kwh(import_at(time) - 1000),
            kwh(export_at(time) - 1000),
        );
    }
    let file = folder.write("export.csv", &text);
    let out = good(&config, "dsmr-reader", &[], &file);
    assert!(out.contains("1 file with 3 lines."), "{out}");
    two_days(&config);
    once(&config, "dsmr-reader", &[], &file);
    for (heading, words) in
        [(11, "it has energies and no registers"), (3, "it has energies"), (30, "no export of days")]
    {
        let file = folder.write("other.csv", &format!("Date{}\n", ",Heading".repeat(heading - 1)));
        let (code, _, err) = import(&config, "dsmr-reader", &[], &file);
        assert_eq!(code, 65, "{err}");
        assert!(err.contains(words), "{err}");
    }
    let (code, _, err) = import(&config, "dsmr-reader", &[], &folder.write("other.sql", "SELECT 1;\n"));
    assert_eq!(code, 65, "{err}");
    assert!(err.contains("no table of dsmr-reader"), "{err}");
}

/// Domoticz's tables, as its `SQLHelper.cpp` makes them.
fn domoticz(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE DeviceStatus (ID INTEGER PRIMARY KEY, HardwareID INTEGER NOT NULL, DeviceID VARCHAR(25) NOT NULL,
                 Unit INTEGER DEFAULT 0, Name VARCHAR(100) DEFAULT Unknown, Used INTEGER DEFAULT 0, Type INTEGER NOT NULL, SubType INTEGER NOT NULL);
             CREATE TABLE MultiMeter (DeviceRowID BIGINT(10) NOT NULL, Value1 BIGINT NOT NULL, Value2 BIGINT DEFAULT 0, Value3 BIGINT DEFAULT 0,
                 Value4 BIGINT DEFAULT 0, Value5 BIGINT DEFAULT 0, Value6 BIGINT DEFAULT 0, Date DATETIME DEFAULT (datetime('now','localtime')));
             CREATE TABLE MultiMeter_Calendar (DeviceRowID BIGINT(10) NOT NULL, Value1 BIGINT NOT NULL, Value2 BIGINT NOT NULL, Value3 BIGINT NOT NULL,
                 Value4 BIGINT NOT NULL, Value5 BIGINT NOT NULL, Value6 BIGINT NOT NULL, Counter1 BIGINT DEFAULT 0, Counter2 BIGINT DEFAULT 0,
                 Counter3 BIGINT DEFAULT 0, Counter4 BIGINT DEFAULT 0, Date DATETIME DEFAULT (datetime('now','localtime')));
             INSERT INTO DeviceStatus (ID, HardwareID, DeviceID, Name, Type, SubType) VALUES (3, 1, '1', 'Power', 250, 1), (4, 1, '2', 'Gas', 251, 2);",
        )
        .unwrap();
    connection
}

#[test]
fn a_database_of_domoticz() {
    let folder = Folder::new("domoticz");
    let config = house(&folder, "house");
    let file = folder.file("domoticz.db");
    let connection = domoticz(&file);
    let halves = |wh: i64| (wh - wh / 3, wh / 3);
    let row = "INSERT INTO MultiMeter VALUES (?, ?, ?, 100, 0, ?, ?, ?)";
    for time in (START..=MONDAY).step_by(300) {
        let ((one, two), (back_one, back_two)) = (halves(import_at(time)), halves(export_at(time)));
        // A few seconds late, and of another device in between.
        let date = local(time + 3, "%Y-%m-%d %H:%M:%S");
        connection.execute(row, (3, one, back_one, two, back_two, &date)).unwrap();
        connection.execute(row, (4, 1, 2, 3, 4, &date)).unwrap();
    }
    connection.execute(row, (3, 1, 1, 1, 1, "soon")).unwrap();
    let row = "INSERT INTO MultiMeter_Calendar VALUES (?, 1, 1, 1, 1, 1, 1, ?, ?, ?, ?, ?)";
    for day in 1..20 {
        let begin = START - day * DAY;
        let ((one, two), (back_one, back_two)) = (halves(import_at(begin + DAY)), halves(export_at(begin + DAY)));
        connection.execute(row, (3, one, back_one, two, back_two, local(begin, "%Y-%m-%d"))).unwrap();
    }
    connection.execute(row, (3, 0, 0, 0, 0, "2014-01-01")).unwrap();
    drop(connection);
    let rows = (MONDAY - START) / 300 + 1 + 19;
    let out = good(&config, "domoticz", &["--dry-run"], &file);
    assert!(out.contains(&format!("1 file with {} rows.", rows + 2)), "{out}");
    assert!(out.contains("2 rows would be left, because no register or no time is in them: domoticz.db row"), "{out}");
    let out = good(&config, "domoticz", &[], &file);
    assert_eq!(out.matches(&format!("{rows} readings were imported")).count(), 2, "{out}");
    two_days(&config);
    let days = days(&config);
    assert_eq!(days.iter().find(|(begin, ..)| *begin == START - 5 * DAY).unwrap().1, Some(DAY / 30), "{days:?}");
    once(&config, "domoticz", &[], &file);

    let (code, _, err) = import(&config, "domoticz", &["--device", "4"], &file);
    assert_eq!(code, 64);
    assert!(err.contains("--device is one of: 3 (Power)"), "{err}");
    let (code, _, err) =
        import(&config, "domoticz", &[], &folder.write("text.db", "no database at all, only a text\n"));
    assert_eq!(code, 66, "{err}");
    let (code, _, err) = import(&config, "domoticz", &[], &folder.file("house.db"));
    assert_eq!(code, 65);
    assert!(err.contains("is no database of Domoticz"), "{err}");
}

/// Home Assistant's tables of statistics, as its `recorder/db_schema.py` makes them; before 2023.3 without `start_ts`.
fn home_assistant(path: &Path, old: bool) -> Connection {
    let connection = Connection::open(path).unwrap();
    let start_ts = if old { "" } else { "start_ts FLOAT, " };
    let table = |name: &str| {
        format!(
            "CREATE TABLE {name} (id INTEGER NOT NULL PRIMARY KEY, created DATETIME, metadata_id INTEGER, start DATETIME, {start_ts}\
             mean FLOAT, min FLOAT, max FLOAT, last_reset DATETIME, state FLOAT, sum FLOAT);"
        )
    };
    connection.execute_batch(&(table("statistics") + &table("statistics_short_term"))).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE statistics_meta (id INTEGER NOT NULL PRIMARY KEY, statistic_id VARCHAR(255), source VARCHAR(32),
                 unit_of_measurement VARCHAR(255), has_mean BOOLEAN, has_sum BOOLEAN, name VARCHAR(255));
             INSERT INTO statistics_meta VALUES (1, 'sensor.temperature', 'recorder', '°C', 1, 0, NULL),
                 (2, 'sensor.energy_import', 'recorder', 'kWh', 0, 1, NULL), (3, 'sensor.energy_export', 'recorder', 'Wh', 0, 1, NULL);",
        )
        .unwrap();
    connection
}

#[test]
fn the_statistics_of_home_assistant() {
    for old in [false, true] {
        let folder = Folder::new(if old { "home-assistant-old" } else { "home-assistant" });
        let config = house(&folder, "house");
        let file = folder.file("home-assistant_v2.db");
        let connection = home_assistant(&file, old);
        let add = |table: &str, sensor: i64, start: i64, state: f64| {
            let (column, value) = if old {
                let text = Timestamp::from_second(start).unwrap().strftime("%Y-%m-%d %H:%M:%S.000000").to_string();
                ("start", rusqlite::types::Value::Text(text))
            } else {
                ("start_ts", rusqlite::types::Value::Real(start as f64))
            };
            let sql = format!("INSERT INTO {table} (metadata_id, {column}, state, sum) VALUES (?, ?, ?, 0)");
            connection.execute(&sql, (sensor, value, state)).unwrap();
        };
        let hours = (START - 3600..MONDAY).step_by(3600);
        let count = hours.clone().count();
        for start in hours {
            add("statistics", 2, start, import_at(start + 3600) as f64 / 1000.0);
            add("statistics", 3, start, export_at(start + 3600) as f64);
            add("statistics", 1, start, 20.5);
        }
        for start in (MONDAY..MONDAY + 3600).step_by(300) {
            add("statistics_short_term", 2, start, import_at(start + 300) as f64 / 1000.0);
        }
        drop(connection);
        let (code, _, err) = import(&config, "home-assistant", &[], &file);
        assert_eq!(code, 64);
        assert!(err.contains("--statistic is one of: sensor.energy_export, sensor.energy_import"), "{err}");
        let import = ["--statistic", "sensor.energy_import"];
        let export_ = ["--statistic", "sensor.energy_export", "--value", "export"];
        let out = good(&config, "home-assistant", &import, &file);
        assert!(out.contains(&format!("{} readings were imported", count + 12)), "{out}");
        good(&config, "home-assistant", &export_, &file);
        two_days(&config);
        once(&config, "home-assistant", &import, &file);
        once(&config, "home-assistant", &export_, &file);
    }
}

#[test]
fn a_copy_is_read_by_who_may_only_read_it() {
    let folder = Folder::new("peers-copy");
    let config = house(&folder, "house");
    let file = folder.file("home-assistant_v2.db");
    let connection = home_assistant(&file, false);
    // As Home Assistant has it.
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    let sql = "INSERT INTO statistics (metadata_id, start_ts, state, sum) VALUES (2, ?, 1.5, 0)";
    connection.execute(sql, [START as f64]).unwrap();
    drop(connection);
    assert!(!folder.file("home-assistant_v2.db-wal").exists());
    let mut command = smartyreader();
    command.args(["import", "home-assistant", "--meter", "home", "--total", "--dry-run", "--config"]).arg(&config);
    command.args(["--statistic", "sensor.energy_import"]).arg(&file);
    // For root nothing is forbidden: somebody else has to try.
    if rustix::process::getuid().is_root() {
        command.uid(65_534).gid(65_534);
    } else {
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o500)).unwrap();
    }
    if command.output().is_err() {
        eprintln!("SKIPPED: another user may not run this program here");
        return;
    }
    let (code, out, err) = finish(&mut command);
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("1 row would be taken"), "{out}");
}

#[test]
fn telegrams_are_never_replaced() {
    let folder = Folder::new("peers-telegrams");
    let capture = folder.file("hour.bin");
    let (code, _, err) = finish(
        smartyreader()
            .args(["meter", "--speed", "1000000000", "--count", "360", "--start", &(MONDAY + 3600).to_string(), "--to"])
            .arg(&capture),
    );
    assert_eq!(code, 0, "{err}");
    let config = folder.write(
        "house.toml",
        "[source.hour]\nkind = \"file\"\npath = \"hour.bin\"\n[meter.home]\n[store]\npath = \"house.db\"\n[web]\nenabled = false\n",
    );
    let (code, _, err) = finish(smartyreader().args(["run", "--config"]).arg(&config));
    assert_eq!(code, 0, "{err}");
    let before = export(&config, "raw");
    let file = folder.write("backup.sql", &backup());
    let out = good(&config, "dsmr-reader", &[], &file);
    assert!(out.contains("because the database has telegrams of the same minutes"), "{out}");
    let after = export(&config, "raw");
    assert_eq!(after[after.len() - before.len()..], before[..]);
}
