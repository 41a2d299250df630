//! Catalog: which meters there are, what they have sent, how much of it there is.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{OptionalExtension, params};
use smarty_ledger::Running;
use smarty_p1::Quantity;

use super::Reader;
use crate::books;
use crate::error::StoreError;
use crate::quarantine::{self, QuarantineEntry};
use crate::reading::{Proof, StoredReading};
use crate::seal::{DAY, HOUR, Sealed};
use crate::segment;

/// A metering point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeterEntry {
    /// Its name.
    pub name: String,
    /// Where its days begin, an IANA name.
    pub zone: String,
    /// Its first telegram.
    pub first_time: Option<i64>,
    /// Its newest telegram.
    pub last_time: Option<i64>,
    /// What vouches for the newest.
    pub proof: Option<Proof>,
    /// Its equipments, the oldest first.
    pub segments: Vec<SegmentEntry>,
}

/// A physical meter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentEntry {
    /// Its identifier.
    pub equipment: String,
    /// Its first telegram.
    pub first_time: i64,
    /// Its newest telegram.
    pub last_time: i64,
}

/// A quantity that a meter has sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuantityEntry {
    /// Which.
    pub quantity: Quantity,
    /// When first.
    pub first_time: i64,
    /// When last.
    pub last_time: i64,
    /// The equipments that sent it.
    pub segments: Vec<String>,
}

/// A text, or an object without a meaning known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextEntry {
    /// OBIS code or name.
    pub code: String,
    /// What it says.
    pub value: String,
    /// Since when.
    pub time: i64,
    /// The equipment that said it.
    pub segment: String,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// The file and its log.
    pub bytes: u64,
    /// Telegrams, blocks and rows.
    pub readings: u64,
    /// Of them rows, not in a block yet.
    pub live: u64,
}

impl Reader {
    /// All meters, by name.
    ///
    /// # Errors
    /// Those of the database.
    pub fn meters(&self) -> Result<Vec<MeterEntry>, StoreError> {
        let _moment = self.moment()?;
        let mut statement = self.connection.prepare_cached("SELECT id, name, zone FROM meter ORDER BY name")?;
        let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let found: Vec<(i64, String, String)> = found.collect::<Result<_, _>>()?;
        found.into_iter().map(|(id, name, zone)| self.meter_entry(id, name, zone)).collect()
    }

    fn meter_entry(&self, id: i64, name: String, zone: String) -> Result<MeterEntry, StoreError> {
        let sql = "SELECT id, equipment, first_time FROM segment WHERE meter = ? ORDER BY first_time, id";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([id])?;
        let mut segments = Vec::new();
        while let Some(row) = rows.next()? {
            let first_time = row.get(2)?;
            let last_time = segment::newest(&self.connection, row.get(0)?)?.unwrap_or(first_time);
            segments.push(SegmentEntry { equipment: row.get(1)?, first_time, last_time });
        }
        Ok(MeterEntry {
            name,
            zone,
            first_time: segments.iter().map(|segment| segment.first_time).min(),
            last_time: segments.iter().map(|segment| segment.last_time).max(),
            proof: self.last_of(id)?.map(|last| last.proof),
            segments,
        })
    }

    /// The newest telegram of a meter.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] meter, and those of the database.
    pub fn last(&self, meter: &str) -> Result<Option<StoredReading>, StoreError> {
        let _moment = self.moment()?;
        let (id, _) = books::find(&self.connection, meter)?
            .ok_or_else(|| StoreError::Unknown(format!("meter `{meter}` in the store")))?;
        self.last_of(id)
    }

    pub(super) fn last_of(&self, meter: i64) -> Result<Option<StoredReading>, StoreError> {
        let mut last: Option<StoredReading> = None;
        for (segment, equipment) in self.segments(meter)? {
            if let Some(found) = self.last_of_segment(segment, &equipment.into())?
                && last.as_ref().is_none_or(|last| last.time < found.time)
            {
                last = Some(found);
            }
        }
        Ok(last)
    }

    pub(super) fn last_of_segment(
        &self,
        segment: i64,
        equipment: &Arc<str>,
    ) -> Result<Option<StoredReading>, StoreError> {
        let live = self.live.last(&self.connection, segment)?.map(|row| StoredReading {
            segment: Arc::clone(equipment),
            time: row.time,
            clock: row.clock,
            received: row.received,
            ident: row.ident,
            proof: row.proof,
            values: row.values,
        });
        let newest = segment::newest(&self.connection, segment)?;
        if live.is_some() && live.as_ref().map(|live| live.time) == newest {
            return Ok(live);
        }
        // Late rows may be older than the newest block, and after an import there may be no row at all.
        let mut last = live;
        for span in [HOUR, DAY] {
            let sql = "SELECT start FROM block WHERE segment = ? AND span = ? ORDER BY start DESC LIMIT 1";
            let start: Option<i64> =
                self.connection.prepare_cached(sql)?.query_row(params![segment, span], |row| row.get(0)).optional()?;
            let Some(start) = start else { continue };
            let Some(sealed) = Sealed::find(&self.connection, segment, span, start)? else { continue };
            let rows = sealed.rows(&self.connection, &mut self.decoder.borrow_mut())?;
            let found = super::export::reading(&rows, &rows.table(), rows.len() - 1, equipment);
            if last.as_ref().is_none_or(|last| last.time < found.time) {
                last = Some(found);
            }
        }
        Ok(last)
    }

    /// What the account of a meter has not closed yet. `None` before its first telegram.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] meter, and those of the database.
    pub fn running(&self, meter: &str) -> Result<Option<Running>, StoreError> {
        let meter = self.meter(meter)?;
        self.running_of(meter.id)
    }

    pub(super) fn running_of(&self, meter: i64) -> Result<Option<Running>, StoreError> {
        let account = books::account(&self.connection, meter, 0)?;
        Ok(account.last_time().map(|_| account.running()))
    }

    /// Every quantity that a meter has ever sent.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] meter, and those of the database.
    pub fn quantities(&self, meter: &str) -> Result<Vec<QuantityEntry>, StoreError> {
        let _moment = self.moment()?;
        let meter = self.meter(meter)?;
        let mut entries: BTreeMap<Quantity, QuantityEntry> = BTreeMap::new();
        for (segment, equipment) in self.segments(meter.id)? {
            let last = self.live.last(&self.connection, segment)?;
            let sql = "SELECT quantity, first_time, last_time FROM seen WHERE segment = ?";
            let mut statement = self.connection.prepare_cached(sql)?;
            let mut rows = statement.query([segment])?;
            while let Some(row) = rows.next()? {
                let Some(quantity) = Quantity::from_name(row.get_ref(0)?.as_str().unwrap_or_default()) else {
                    continue;
                };
                let (first_time, sealed): (i64, i64) = (row.get(1)?, row.get(2)?);
                let live = last.as_ref().filter(|last| last.values.get(quantity).is_some());
                let last_time = sealed.max(live.map_or(sealed, |last| last.time));
                let entry = entries.entry(quantity).or_insert_with(|| QuantityEntry {
                    quantity,
                    first_time,
                    last_time,
                    segments: Vec::new(),
                });
                entry.first_time = entry.first_time.min(first_time);
                entry.last_time = entry.last_time.max(last_time);
                entry.segments.push(equipment.clone());
            }
        }
        Ok(entries.into_values().collect())
    }

    /// The texts of a meter as they are now, by code.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] meter, and those of the database.
    pub fn texts(&self, meter: &str) -> Result<Vec<TextEntry>, StoreError> {
        let meter = self.meter(meter)?;
        let sql = "SELECT code, value, max(time), equipment FROM text t JOIN segment s ON s.id = t.segment \
                   WHERE s.meter = ? GROUP BY code ORDER BY code";
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement.query_map([meter.id], text_entry)?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// The changes of a meter's texts in a span, by time.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] meter, and those of the database.
    pub fn text_changes(&self, meter: &str, from: i64, to: i64) -> Result<Vec<TextEntry>, StoreError> {
        let meter = self.meter(meter)?;
        let sql = "SELECT code, value, time, equipment FROM text t JOIN segment s ON s.id = t.segment \
                   WHERE s.meter = ? AND time >= ? AND time < ? ORDER BY time, code";
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement.query_map([meter.id, from, to], text_entry)?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// The values of a meter that wait for a decision.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] meter, and those of the database.
    pub fn quarantine(&self, meter: &str) -> Result<Vec<QuarantineEntry>, StoreError> {
        quarantine::list(&self.connection, self.meter(meter)?.id)
    }

    /// How much there is.
    ///
    /// # Errors
    /// Those of the database.
    pub fn stats(&self) -> Result<Stats, StoreError> {
        let _moment = self.moment()?;
        let number = |sql: &str| self.connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0));
        let live = number("SELECT count(*) FROM live")? as u64;
        let sealed = number("SELECT coalesce(sum(count), 0) FROM block")? as u64;
        let log = std::path::PathBuf::from(format!("{}-wal", self.path.display()));
        let size = |path: &std::path::Path| std::fs::metadata(path).map_or(0, |file| file.len());
        Ok(Stats { bytes: size(&self.path) + size(&log), readings: live + sealed, live })
    }
}

fn text_entry(row: &rusqlite::Row<'_>) -> rusqlite::Result<TextEntry> {
    Ok(TextEntry { code: row.get(0)?, value: row.get(1)?, time: row.get(2)?, segment: row.get(3)? })
}
