//! Export: all telegrams of a span one by one, an hour in memory at a time.

use std::cmp::Reverse;
use std::sync::Arc;

use smarty_p1::Values;

use super::Reader;
use crate::codec::Rows;
use crate::error::StoreError;
use crate::reading::{Clock, Proof, StoredReading};
use crate::seal::{DAY, HOUR, Sealed};

/// The telegrams of a meter in a span, in the order of time. Stops after the first error.
pub struct Readings<'a> {
    reader: &'a Reader,
    segments: Vec<(i64, Arc<str>)>,
    /// What is not loaded yet.
    from: i64,
    to: i64,
    /// What is loaded, the next one last.
    loaded: Vec<StoredReading>,
    /// Packed days are decoded once, not once for each of their hours: one for each segment.
    days: Vec<(Sealed, Rows, Vec<Values>)>,
}

impl Reader {
    /// Every telegram of a meter in a span.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] meter, and those of the database.
    pub fn readings(&self, meter: &str, from: i64, to: i64) -> Result<Readings<'_>, StoreError> {
        let _moment = self.moment()?;
        let meter = self.meter(meter)?;
        let segments = self.segments(meter.id)?.into_iter().map(|(id, equipment)| (id, equipment.into())).collect();
        Ok(Readings { reader: self, segments, from, to, loaded: Vec::new(), days: Vec::new() })
    }

    /// The telegram of one equipment at a moment, the first of them where there are several. For who sees one moment
    /// of the store already.
    pub(super) fn at(
        &self,
        segment: i64,
        equipment: &Arc<str>,
        time: i64,
    ) -> Result<Option<StoredReading>, StoreError> {
        let segments = vec![(segment, Arc::clone(equipment))];
        let mut readings =
            Readings { reader: self, segments, from: time, to: time + 1, loaded: Vec::new(), days: Vec::new() };
        readings.load_in_moment()?;
        Ok(readings.loaded.pop())
    }
}

impl Iterator for Readings<'_> {
    type Item = Result<StoredReading, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.loaded.is_empty() {
            match self.load() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    self.from = self.to;
                    return Some(Err(error));
                }
            }
        }
        self.loaded.pop().map(Ok)
    }
}

impl Readings<'_> {
    /// Loads the next hour that may have telegrams.
    fn load(&mut self) -> Result<bool, StoreError> {
        let _moment = self.reader.moment()?;
        self.load_in_moment()
    }

    /// The same, for who sees one moment already.
    fn load_in_moment(&mut self) -> Result<bool, StoreError> {
        let reader = self.reader;
        let mut next: Option<i64> = None;
        for (segment, _) in &self.segments {
            if let Some(time) = reader.next_time(*segment, self.from)? {
                next = Some(next.map_or(time, |next| next.min(time)));
            }
        }
        let Some(next) = next.filter(|&next| next < self.to) else { return Ok(false) };
        let start = next.max(self.from);
        let end = ((next.div_euclid(HOUR) + 1) * HOUR).min(self.to);
        for (segment, equipment) in &self.segments {
            let rows = reader.live.rows(&reader.connection, *segment, start, end)?;
            take(&rows, &rows.table(), start, end, equipment, &mut self.loaded);
            let hour = next.div_euclid(HOUR) * HOUR;
            if let Some(sealed) = Sealed::find(&reader.connection, *segment, HOUR, hour)? {
                let rows = sealed.rows(&reader.connection, &mut reader.decoder.borrow_mut())?;
                take(&rows, &rows.table(), start, end, equipment, &mut self.loaded);
            }
            let day = next.div_euclid(DAY) * DAY;
            if let Some(sealed) = Sealed::find(&reader.connection, *segment, DAY, day)? {
                if !self.days.iter().any(|(known, ..)| *known == sealed) {
                    self.days.retain(|(known, ..)| known.segment != sealed.segment);
                    let rows = sealed.rows(&reader.connection, &mut reader.decoder.borrow_mut())?;
                    let table = rows.table();
                    self.days.push((sealed, rows, table));
                }
                for (_, rows, table) in self.days.iter().filter(|(known, ..)| *known == sealed) {
                    take(rows, table, start, end, equipment, &mut self.loaded);
                }
            }
        }
        self.loaded.sort_by_key(|reading| Reverse((reading.time, reading.ident)));
        self.from = end;
        Ok(true)
    }
}

fn take(rows: &Rows, table: &[Values], start: i64, end: i64, equipment: &Arc<str>, into: &mut Vec<StoredReading>) {
    let first = rows.time.partition_point(|&time| time < start);
    let last = rows.time.partition_point(|&time| time < end);
    into.extend((first..last).map(|row| reading(rows, table, row, equipment)));
}

pub(super) fn reading(rows: &Rows, table: &[Values], row: usize, equipment: &Arc<str>) -> StoredReading {
    StoredReading {
        segment: Arc::clone(equipment),
        time: rows.time[row],
        clock: Clock::from_code(rows.flags[row]),
        received: rows.received[row],
        ident: rows.ident[row],
        proof: Proof::from_code(rows.flags[row] >> 1),
        values: table[row],
    }
}

impl Reader {
    /// A moment at or after `from`, not later than the segment's next telegram, and in its hour.
    fn next_time(&self, segment: i64, from: i64) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT min(time) FROM live WHERE segment = ? AND time >= ?";
        let mut next: Option<i64> =
            self.connection.prepare_cached(sql)?.query_row([segment, from], |row| row.get(0))?;
        for span in [HOUR, DAY] {
            let sql = "SELECT start, first_time, last_time FROM block \
                       WHERE segment = ? AND span = ? AND start > ? AND last_time >= ? ORDER BY start LIMIT 1";
            let mut statement = self.connection.prepare_cached(sql)?;
            let mut rows = statement.query([segment, span, from - span, from])?;
            if let Some(row) = rows.next()? {
                let first = row.get::<_, i64>(1)?.max(from);
                next = Some(next.map_or(first, |next| next.min(first)));
            }
        }
        Ok(next)
    }
}
