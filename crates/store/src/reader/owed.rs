//! Owed: closed quarter-hours and gaps in the order of their ends, from a receiver's position on.

use smarty_ledger::{Entry, Gap, QUARTER, QuarterHour, Reason};

use super::Reader;
use super::spans::{closed_quarter, closed_quarters};
use crate::error::StoreError;
use crate::sql::{ENERGIES, energies};

impl Reader {
    /// The first `most` entries of a meter that end after `position`, by their ends. Entries with the same end come
    /// together, so there may be a few more.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] meter, and those of the database.
    pub fn owed(&self, meter: &str, position: i64, most: usize) -> Result<Vec<Entry>, StoreError> {
        let _moment = self.moment()?;
        let meter = self.meter(meter)?;
        let sql = closed_quarters("meter = ? AND start > ? ORDER BY start LIMIT ?");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let quarters = statement.query_map((meter.id, position - QUARTER, most as i64), closed_quarter)?;
        let mut owed: Vec<Entry> = Vec::new();
        for span in quarters {
            let span = span?;
            owed.push(Entry::Quarter(QuarterHour {
                start: span.start,
                energies: span.energies,
                complete: span.complete,
                power_net: span.power_net,
                voltage: span.voltage,
                telegrams: u32::try_from(span.telegrams).unwrap_or(u32::MAX),
            }));
        }
        // Gaps only as far as all quarter-hours are there.
        let until = if owed.len() < most { i64::MAX } else { owed.last().map_or(i64::MAX, Entry::end) };
        let sql = format!(
            "SELECT start, \"end\", {ENERGIES}, reason FROM gap WHERE meter = ? AND \"end\" > ? AND \"end\" <= ?"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let gaps = statement.query_map((meter.id, position, until), |row| {
            let reason = Reason::from_name(&row.get::<_, String>(6)?).unwrap_or(Reason::NoTelegrams);
            Ok(Gap { start: row.get(0)?, end: row.get(1)?, energies: energies(row, 2)?, reason })
        })?;
        for gap in gaps {
            owed.push(Entry::Gap(gap?));
        }
        owed.sort_by_key(|entry| (entry.end(), matches!(entry, Entry::Quarter(_))));
        Ok(owed)
    }

    /// How many entries end after one position and not after another.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] meter, and those of the database.
    pub fn count_owed(&self, meter: &str, after: i64, until: i64) -> Result<u64, StoreError> {
        let _moment = self.moment()?;
        let meter = self.meter(meter)?;
        let sql = "SELECT (SELECT count(*) FROM quarter_hour WHERE meter = ?1 AND start > ?2 - 900 AND start <= ?3 - 900) \
                   + (SELECT count(*) FROM gap WHERE meter = ?1 AND \"end\" > ?2 AND \"end\" <= ?3)";
        let count: i64 = self.connection.prepare_cached(sql)?.query_row((meter.id, after, until), |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }
}
