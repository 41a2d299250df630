//! Databases: what the SQLite files of Domoticz and Home Assistant say of the registers. They are only read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use rusqlite::{Connection, OpenFlags, Row};

use super::Piles;
use super::lines::{Line, Pile, moment};
use crate::config::Direction;
use crate::exit::{Code, Failure};

fn open(file: &Path) -> Result<Connection, Failure> {
    let failed = |error: rusqlite::Error| {
        Failure::new(Code::NoInput, format!("{} cannot be read as a database of SQLite: {error}", file.display()))
    };
    let look = |name: &Path, flags| {
        let connection = Connection::open_with_flags(name, OpenFlags::SQLITE_OPEN_READ_ONLY | flags)?;
        // Only now the file is looked at.
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(connection)
    };
    let log = PathBuf::from(format!("{}-wal", file.display()));
    look(file, OpenFlags::empty()).or_else(|error| match uri(file).filter(|_| !log.exists()) {
        // SQLite wants to write beside a file that has been written with a log, which is not this user's right everywhere. Without
        // a log there is nothing to write, and nobody else writes.
        Some(uri) => look(Path::new(&uri), OpenFlags::SQLITE_OPEN_URI).map_err(|_| failed(error)),
        None => Err(failed(error)),
    })
}

/// The file as it is, for SQLite.
fn uri(file: &Path) -> Option<String> {
    let path = std::path::absolute(file).ok()?;
    let mut uri = String::from("file:");
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte) {
            uri.push(byte.into());
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    Some(uri + "?immutable=1")
}

/// What is wrong with a question: the file is another program's.
fn foreign<'a>(file: &'a Path, whose: &'a str) -> impl Fn(rusqlite::Error) -> Failure + 'a {
    move |error| Failure::new(Code::Data, format!("{} is no database of {whose}: {error}", file.display()))
}

fn pile(file: &Path) -> Pile {
    Pile { files: vec![file.to_path_buf()], rows: true, ..Pile::default() }
}

fn place(row: i64) -> (u32, u32) {
    (0, u32::try_from(row).unwrap_or(u32::MAX))
}

/// A P1 Smart Meter in `DeviceStatus`.
const P1_POWER: i64 = 250;

/// The rows of Domoticz: five minutes of the last days, days of all times. Registers in Wh by two tariffs, times of the house.
///
/// `MultiMeter` has import in `Value1` and `Value5`, export in `Value2` and `Value6`; `MultiMeter_Calendar` has the same as they stood in
/// the last row of a day in `Counter1` and `Counter3`, `Counter2` and `Counter4`.
pub(super) fn domoticz(file: &Path, device: Option<i64>, zone: &TimeZone) -> Result<Piles, Failure> {
    let connection = open(file)?;
    let wrong = foreign(file, "Domoticz");
    let device = p1(&connection, device, file)?;
    let by_tariff = || Pile { split: true, ..pile(file) };
    let (mut import, mut export) = (by_tariff(), by_tariff());
    let sql = "SELECT rowid, Date, Value1, Value5, Value2, Value6 FROM MultiMeter WHERE DeviceRowID = ? ORDER BY rowid";
    let mut statement = connection.prepare(sql).map_err(&wrong)?;
    let mut rows = statement.query([device]).map_err(&wrong)?;
    let mut last = None;
    while let Some(row) = rows.next().map_err(&wrong)? {
        let (place, date): (_, String) = (place(row.get(0).map_err(&wrong)?), row.get(1).map_err(&wrong)?);
        let local = date.replace(' ', "T").parse::<DateTime>().ok();
        // Written every five minutes, some seconds late, with what was last heard.
        let time = local
            .map(|local| moment(local, zone, last).map(|time| if time % 60 < 30 { time - time % 60 } else { time }));
        for (pile, column) in [(&mut import, 2), (&mut export, 4)] {
            match (time, two(row, column)) {
                (Some(Some(time)), Some(wh)) => pile.lines.push(Line { time, wh, place }),
                (Some(None), _) => pile.nowhen.push(place),
                _ => pile.bad.push(place),
            }
        }
        last = time.flatten().or(last);
    }
    let sql = "SELECT rowid, Date, Counter1, Counter3, Counter2, Counter4 FROM MultiMeter_Calendar \
               WHERE DeviceRowID = ? ORDER BY Date";
    let mut statement = connection.prepare(sql).map_err(&wrong)?;
    let mut rows = statement.query([device]).map_err(&wrong)?;
    while let Some(row) = rows.next().map_err(&wrong)? {
        let (place, date): (_, String) = (place(row.get(0).map_err(&wrong)?), row.get(1).map_err(&wrong)?);
        let end = date.get(..10).and_then(|date| date.parse::<Date>().ok()).and_then(|date| {
            let next = date.tomorrow().ok()?.to_zoned(zone.clone()).ok()?;
            Some(next.timestamp().as_second() - 1)
        });
        // Before 2015 it did not keep registers of days.
        let known = two(row, 2).is_some_and(|wh| wh != [0, 0]);
        for (pile, column) in [(&mut import, 2), (&mut export, 4)] {
            match (end, two(row, column)) {
                (Some(time), Some(wh)) if known => pile.lines.push(Line { time, wh, place }),
                _ => pile.bad.push(place),
            }
        }
    }
    Ok(vec![(Direction::Import, import), (Direction::Export, export)])
}

/// The registers of both tariffs, from a column and the one behind it.
fn two(row: &Row<'_>, column: usize) -> Option<[i64; 2]> {
    let register = |column| row.get::<_, Option<i64>>(column).ok().flatten().filter(|wh| *wh >= 0);
    Some([register(column)?, register(column + 1)?])
}

/// The device that is named, or the only one.
fn p1(connection: &Connection, device: Option<i64>, file: &Path) -> Result<i64, Failure> {
    let wrong = foreign(file, "Domoticz");
    let mut statement =
        connection.prepare("SELECT ID, Name FROM DeviceStatus WHERE Type = ? ORDER BY ID").map_err(&wrong)?;
    let found = statement.query_map([P1_POWER], |row| Ok((row.get(0)?, row.get(1)?))).map_err(&wrong)?;
    let found: Vec<(i64, String)> = found.collect::<Result<_, _>>().map_err(&wrong)?;
    let list = || found.iter().map(|(id, name)| format!("{id} ({name})")).collect::<Vec<_>>().join(", ");
    match (device, &found[..]) {
        (Some(device), _) if found.iter().any(|(id, _)| *id == device) => Ok(device),
        (None, [(only, _)]) => Ok(*only),
        (_, []) => Err(Failure::new(Code::Data, format!("no P1 Smart Meter is in {}", file.display()))),
        _ => Err(Failure::new(Code::Usage, format!("--device is one of: {}", list()))),
    }
}

/// The long-term statistics of Home Assistant's recorder: `state` is the register at the end of an hour, or of five minutes in the
/// short-term ones; `start_ts`, before version 2023.3 `start`, when these began. Two sensors are the two tariffs of one register.
pub(super) fn home_assistant(file: &Path, statistics: &[String]) -> Result<Pile, Failure> {
    let connection = open(file)?;
    let (one, two) = match statistics {
        [one, two] => (one.as_str(), Some(two)),
        [one] => (one.as_str(), None),
        // The sentence lists them all.
        _ => ("", None),
    };
    let mut pile = statistics_of(&connection, one, file)?;
    let Some(two) = two else { return Ok(pile) };
    let second = statistics_of(&connection, two, file)?;
    pile.split = true;
    pile.bad.extend(second.bad);
    // Hours stand before five minutes.
    let mut others: BTreeMap<i64, Line> = BTreeMap::new();
    for line in second.lines {
        others.entry(line.time).or_insert(line);
    }
    let firsts: BTreeSet<i64> = pile.lines.iter().map(|line| line.time).collect();
    pile.bad.extend(others.values().filter(|other| !firsts.contains(&other.time)).map(|other| other.place));
    for line in std::mem::take(&mut pile.lines) {
        match others.get(&line.time) {
            Some(other) => pile.lines.push(Line { wh: [line.wh[0], other.wh[0]], ..line }),
            None => pile.bad.push(line.place),
        }
    }
    Ok(pile)
}

fn statistics_of(connection: &Connection, statistic: &str, file: &Path) -> Result<Pile, Failure> {
    let wrong = foreign(file, "Home Assistant");
    let (id, factor) = sensor(connection, statistic, file)?;
    let mut pile = pile(file);
    // Hours first: where both have a moment, one of them is enough.
    for (table, length) in [("statistics", 3600), ("statistics_short_term", 300)] {
        let names: Vec<String> = {
            let mut statement = connection.prepare("SELECT name FROM pragma_table_info(?)").map_err(&wrong)?;
            let names = statement.query_map([table], |row| row.get(0)).map_err(&wrong)?;
            names.collect::<Result<_, _>>().map_err(&wrong)?
        };
        let has = |name: &str| names.iter().any(|known| known == name);
        let start = match (has("start_ts"), has("start")) {
            (true, true) => "coalesce(start_ts, strftime('%s', start))",
            (true, false) => "start_ts",
            _ => "strftime('%s', start)",
        };
        let sql = format!("SELECT id, CAST({start} AS INTEGER), state FROM {table} WHERE metadata_id = ? ORDER BY 2");
        let mut statement = connection.prepare(&sql).map_err(&wrong)?;
        let mut rows = statement.query([id]).map_err(&wrong)?;
        while let Some(row) = rows.next().map_err(&wrong)? {
            let place = place(row.get(0).map_err(&wrong)?);
            let start: Option<i64> = row.get(1).ok().flatten();
            let register =
                row.get::<_, Option<f64>>(2).ok().flatten().filter(|state| state.is_finite() && *state >= 0.0);
            match start.zip(register) {
                Some((start, state)) => {
                    let wh = (state * factor).round() as i64;
                    pile.lines.push(Line { time: start + length - 1, wh: [wh, 0], place });
                }
                None => pile.bad.push(place),
            }
        }
    }
    Ok(pile)
}

/// The row of a sensor in `statistics_meta`, and how many Wh its unit is.
fn sensor(connection: &Connection, statistic: &str, file: &Path) -> Result<(i64, f64), Failure> {
    let wrong = foreign(file, "Home Assistant");
    let sql = "SELECT id, statistic_id, unit_of_measurement FROM statistics_meta \
               WHERE has_sum AND unit_of_measurement IN ('Wh', 'kWh', 'MWh') ORDER BY statistic_id";
    let mut statement = connection.prepare(sql).map_err(&wrong)?;
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).map_err(&wrong)?;
    let found: Vec<(i64, String, String)> = found.collect::<Result<_, _>>().map_err(&wrong)?;
    if let Some((id, _, unit)) = found.iter().find(|(_, name, _)| name == statistic) {
        let factor = match unit.as_str() {
            "MWh" => 1e6,
            "kWh" => 1e3,
            _ => 1.0,
        };
        return Ok((*id, factor));
    }
    let names: Vec<&str> = found.iter().map(|(_, name, _)| name.as_str()).collect();
    if names.is_empty() {
        return Err(Failure::new(Code::Data, format!("no statistics of energy are in {}", file.display())));
    }
    Err(Failure::new(Code::Usage, format!("--statistic is one of: {}", names.join(", "))))
}
