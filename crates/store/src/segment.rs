//! Segment: what the writer knows about one physical meter.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, params};
use smarty_p1::{Quantity, Values};

use crate::codec::{Block, Decoder, Rows};
use crate::error::StoreError;
use crate::gate::Gate;
use crate::live;
use crate::quarantine::{self, Suspect};
use crate::seal::{DAY, HOUR, Sealed};

/// A physical meter at a metering point.
pub(crate) struct Segment {
    pub(crate) id: i64,
    meter: i64,
    pub(crate) gate: Gate,
    pub(crate) gate_changed: bool,
    pub(crate) suspects: Vec<Suspect>,
    /// Time of the newest reading: a later one is new without looking.
    pub(crate) newest: Option<i64>,
    first_time: i64,
    seen: [bool; Quantity::COUNT],
    texts: HashMap<String, (i64, String)>,
    /// The keys of the block that was asked last: late readings come in rows.
    keys: Option<(Sealed, HashSet<(i64, u64)>)>,
    /// The hour that an import is collecting.
    pub(crate) hour: Option<(i64, Rows)>,
}

impl Segment {
    /// Finds or makes it.
    pub(crate) fn load(connection: &Connection, meter: i64, equipment: &str, time: i64) -> Result<Self, StoreError> {
        let sql = "SELECT id, first_time FROM segment WHERE meter = ? AND equipment = ?";
        let found: Option<(i64, i64)> = connection
            .prepare_cached(sql)?
            .query_row(params![meter, equipment], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((id, first_time)) = found else {
            connection
                .prepare_cached("INSERT INTO segment (meter, equipment, first_time) VALUES (?, ?, ?)")?
                .execute(params![meter, equipment, time])?;
            return Ok(Self::new(connection.last_insert_rowid(), meter, time));
        };
        let mut segment = Self::new(id, meter, first_time);
        segment.newest = newest(connection, id)?;
        segment.suspects = quarantine::suspects(connection, id)?;
        let sql = "SELECT state FROM account WHERE meter = ? AND segment = ?";
        let state: Option<Vec<u8>> =
            connection.prepare_cached(sql)?.query_row([meter, id], |row| row.get(0)).optional()?;
        segment.gate = Gate::from_bytes(&state.unwrap_or_default());
        let mut statement = connection.prepare_cached("SELECT quantity FROM seen WHERE segment = ?")?;
        let mut rows = statement.query([id])?;
        while let Some(row) = rows.next()? {
            if let Some(quantity) = Quantity::from_name(row.get_ref(0)?.as_str().unwrap_or_default()) {
                segment.seen[quantity.index()] = true;
            }
        }
        let sql = "SELECT code, max(time), value FROM text WHERE segment = ? GROUP BY code";
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query([id])?;
        while let Some(row) = rows.next()? {
            segment.texts.insert(row.get(0)?, (row.get(1)?, row.get(2)?));
        }
        Ok(segment)
    }

    fn new(id: i64, meter: i64, first_time: i64) -> Self {
        Self {
            id,
            meter,
            gate: Gate::new(),
            gate_changed: false,
            suspects: Vec::new(),
            newest: None,
            first_time,
            seen: [false; Quantity::COUNT],
            texts: HashMap::new(),
            keys: None,
            hour: None,
        }
    }

    /// Is this telegram stored already?
    pub(crate) fn holds(
        &mut self,
        connection: &Connection,
        decoder: &mut Decoder,
        time: i64,
        ident: u64,
    ) -> Result<bool, StoreError> {
        if self.newest.is_none_or(|newest| time > newest) {
            return Ok(false);
        }
        if let Some((_, rows)) = &self.hour
            && rows.time.iter().zip(&rows.ident).rev().any(|(&t, &i)| t == time && i == ident)
        {
            return Ok(true);
        }
        if live::holds(connection, self.id, time, ident)? {
            return Ok(true);
        }
        for span in [HOUR, DAY] {
            let Some(sealed) = Sealed::find(connection, self.id, span, time.div_euclid(span) * span)? else {
                continue;
            };
            if self.keys.as_ref().is_none_or(|(known, _)| *known != sealed) {
                let data = sealed.data(connection)?;
                let keys = Block::open(&data).and_then(|block| decoder.keys(&block));
                let keys = keys.ok_or_else(|| sealed.damaged())?;
                self.keys = Some((sealed, keys.into_iter().collect()));
            }
            if self.keys.as_ref().is_some_and(|(_, keys)| keys.contains(&(time, ident))) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A reading was stored: notes what it is the first of.
    pub(crate) fn note(&mut self, connection: &Connection, time: i64, values: &Values) -> Result<(), StoreError> {
        self.newest = self.newest.max(Some(time));
        if time < self.first_time {
            self.first_time = time;
            connection.prepare_cached("UPDATE segment SET first_time = ? WHERE id = ?")?.execute([time, self.id])?;
            let sql = "UPDATE seen SET first_time = min(first_time, ?) WHERE segment = ? AND quantity = ?";
            for (quantity, _) in values.iter() {
                connection.prepare_cached(sql)?.execute(params![time, self.id, quantity.name()])?;
            }
        }
        for &quantity in Quantity::ALL {
            if !self.seen[quantity.index()] && values.get(quantity).is_some() {
                self.seen[quantity.index()] = true;
                connection.prepare_cached("INSERT OR IGNORE INTO seen VALUES (?1, ?2, ?3, ?3)")?.execute(params![
                    self.id,
                    quantity.name(),
                    time
                ])?;
            }
        }
        Ok(())
    }

    /// Stores the texts that changed.
    pub(crate) fn note_texts(
        &mut self,
        connection: &Connection,
        time: i64,
        texts: &[(String, String)],
    ) -> Result<(), StoreError> {
        for (code, value) in texts {
            if self.texts.get(code).is_some_and(|(since, known)| known == value || time < *since) {
                continue;
            }
            connection
                .prepare_cached("INSERT OR REPLACE INTO text VALUES (?, ?, ?, ?)")?
                .execute(params![self.id, code, time, value])?;
            self.texts.insert(code.clone(), (time, value.clone()));
        }
        Ok(())
    }

    /// Writes what must survive a restart.
    pub(crate) fn save(&mut self, connection: &Connection) -> Result<(), StoreError> {
        if self.gate_changed {
            connection.prepare_cached("INSERT OR REPLACE INTO account VALUES (?, ?, ?)")?.execute(params![
                self.meter,
                self.id,
                self.gate.to_bytes()
            ])?;
            self.gate_changed = false;
        }
        Ok(())
    }
}

/// The time of a segment's newest telegram.
pub(crate) fn newest(connection: &Connection, segment: i64) -> Result<Option<i64>, StoreError> {
    let mut newest = live::extent(connection, segment)?.map(|(_, newest)| newest);
    for span in [HOUR, DAY] {
        let sql = "SELECT last_time FROM block WHERE segment = ? AND span = ? ORDER BY start DESC LIMIT 1";
        let last = connection.prepare_cached(sql)?.query_row([segment, span], |row| row.get(0)).optional()?;
        newest = newest.max(last);
    }
    Ok(newest)
}
