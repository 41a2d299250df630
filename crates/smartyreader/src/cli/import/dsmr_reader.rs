//! dsmr-reader: what its PostgreSQL backup and its export of days say of the registers.
//!
//! The backup is what `pg_dump` writes: `COPY public.table (columns) FROM stdin;`, a row a line with tabs between, `\.` at the
//! end. Three tables have registers in kWh, by two tariffs, with times in UTC or with their offset: `dsmr_datalogger_dsmrreading`
//! (telegrams), `dsmr_consumption_electricityconsumption` (minutes) and `dsmr_stats_daystatistics` (the first telegram of a day).
//! The export of days has the same columns as the last, since version 5. Luxembourg's total stands as tariff 1 there.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Piles;
use super::lines::{Line, Pile, unreadable};
use crate::config::Direction;
use crate::day_line::watt_hours;
use crate::exit::{Code, Failure};

/// A table: its name, its time, the two registers of import, the two of export.
const TABLES: [(&str, [&str; 5]); 3] = [
    (
        "dsmr_datalogger_dsmrreading",
        [
            "timestamp",
            "electricity_delivered_1",
            "electricity_delivered_2",
            "electricity_returned_1",
            "electricity_returned_2",
        ],
    ),
    ("dsmr_consumption_electricityconsumption", ["read_at", "delivered_1", "delivered_2", "returned_1", "returned_2"]),
    (
        "dsmr_stats_daystatistics",
        [
            "electricity_reading_timestamp",
            "electricity1_reading",
            "electricity2_reading",
            "electricity1_returned_reading",
            "electricity2_returned_reading",
        ],
    ),
];
/// An export of days has so many columns, whatever the language of its headings, and these of them.
const EXPORT: (usize, [usize; 5]) = (18, [11, 12, 13, 14, 15]);
/// Without the last seven it is one of an older version.
const OLD_EXPORT: usize = 11;

/// Reads a backup or an export.
pub(super) fn read(file: &Path, zone: &TimeZone) -> Result<Piles, Failure> {
    let opened = std::fs::File::open(file).map_err(unreadable(file))?;
    let mut piles = Two::new(file, zone);
    let is = |extension: &str| file.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension));
    if is("csv") {
        piles.export(opened, file)?;
    } else if is("gz") {
        piles.backup(MultiGzDecoder::new(opened), file)?;
    } else {
        piles.backup(opened, file)?;
    }
    let Two { import, export, .. } = piles;
    if import.count() == 0 {
        let sentence = format!("{} has no table of dsmr-reader with registers in it", file.display());
        return Err(Failure::new(Code::Data, sentence));
    }
    Ok(vec![(Direction::Import, import), (Direction::Export, export)])
}

/// The registers of both directions.
struct Two<'a> {
    import: Pile,
    export: Pile,
    zone: &'a TimeZone,
}

impl<'a> Two<'a> {
    fn new(file: &Path, zone: &'a TimeZone) -> Self {
        let pile = || Pile { files: vec![file.to_path_buf()], split: true, ..Pile::default() };
        Self { import: pile(), export: pile(), zone }
    }

    fn backup(&mut self, bytes: impl Read, file: &Path) -> Result<(), Failure> {
        let mut columns: Option<(bool, [usize; 5])> = None;
        let mut copying = false;
        for (number, line) in BufReader::new(bytes).split(b'\n').enumerate() {
            let line = line.map_err(unreadable(file))?;
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches('\r');
            if copying {
                if line == "\\." {
                    (copying, columns) = (false, None);
                } else if let Some((days, columns)) = columns {
                    let fields: Vec<&str> = line.split('\t').collect();
                    self.take(columns.map(|column| fields.get(column).copied().unwrap_or_default()), days, number);
                }
            } else if let Some(copy) = line.strip_prefix("COPY ").and_then(|rest| rest.strip_suffix(" FROM stdin;")) {
                copying = true;
                columns = places(copy);
            }
        }
        Ok(())
    }

    fn export(&mut self, bytes: impl Read, file: &Path) -> Result<(), Failure> {
        let mut lines = BufReader::new(bytes).lines();
        let heading = lines.next().transpose().map_err(unreadable(file))?.unwrap_or_default();
        let (width, columns) = EXPORT;
        let found = heading.split(',').count();
        if found != width {
            let why = if found <= OLD_EXPORT {
                "it has energies and no registers; export days with version 5 or later, or take a backup"
            } else {
                "it is no export of days"
            };
            return Err(Failure::new(Code::Data, format!("{}: {why}", file.display())));
        }
        for (number, line) in lines.enumerate() {
            let line = line.map_err(unreadable(file))?;
            let fields: Vec<&str> = line.trim_end().split(',').collect();
            self.take(columns.map(|column| fields.get(column).copied().unwrap_or_default()), true, number + 1);
        }
        Ok(())
    }

    /// Takes the time and the registers of the line behind so many. The first telegram of a day is some seconds late.
    fn take(&mut self, [time, import_1, import_2, export_1, export_2]: [&str; 5], days: bool, before: usize) {
        // A day without telegrams has neither: nothing was lost.
        if ["", "\\N"].contains(&time) {
            return;
        }
        let place = (0, u32::try_from(before + 1).unwrap_or(u32::MAX));
        let time: Option<Timestamp> = time.parse().ok();
        let time = time.map(|time| if days { midnight(time, self.zone) } else { time }.as_second());
        for (pile, one, two) in [(&mut self.import, import_1, import_2), (&mut self.export, export_1, export_2)] {
            match time.zip(watt_hours(one).zip(watt_hours(two))) {
                Some((time, (one, two))) => pile.lines.push(Line { time, wh: [one, two], place }),
                None => pile.bad.push(place),
            }
        }
    }
}

/// The midnight that was at most a minute ago, or the moment itself.
fn midnight(time: Timestamp, zone: &TimeZone) -> Timestamp {
    let begin = time.to_zoned(zone.clone()).start_of_day().map(|begin| begin.timestamp());
    begin.ok().filter(|begin| time.as_second() - begin.as_second() <= 60).unwrap_or(time)
}

/// Where the columns stand in `public.table (a, "b", c)`, and whether its rows are days. `None`: a table without registers.
fn places(copy: &str) -> Option<(bool, [usize; 5])> {
    let (table, columns) = copy.split_once(" (")?;
    let table = table.rsplit('.').next()?.trim_matches('"');
    let (name, wanted) = TABLES.iter().find(|(name, _)| *name == table)?;
    let names: Vec<&str> = columns.trim_end_matches(')').split(',').map(|name| name.trim().trim_matches('"')).collect();
    let mut places = [0; 5];
    for (place, wanted) in places.iter_mut().zip(wanted) {
        *place = names.iter().position(|name| name == wanted)?;
    }
    Some((*name == TABLES[2].0, places))
}
