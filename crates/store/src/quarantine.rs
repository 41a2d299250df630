//! Quarantine: values that were not believed, until someone says whether they are true.

use rusqlite::{Connection, OptionalExtension, params};
use smarty_p1::Quantity;

use crate::error::StoreError;
use crate::gate::{Doubt, Good, follows};

/// A value that was not believed, and how many agreed with it since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineEntry {
    /// For [`Store::accept`](crate::Store::accept) and [`Store::dismiss`](crate::Store::dismiss).
    pub id: i64,
    /// The equipment that sent it.
    pub segment: String,
    /// Which register.
    pub quantity: Quantity,
    /// The identifier of the meter behind the meter whose register it is.
    pub device: Option<String>,
    /// When it came first.
    pub time: i64,
    /// What it said.
    pub value: i64,
    /// The last value that was believed.
    pub previous: i64,
    /// Why it was not: a part of a sentence about the register.
    pub reason: String,
    /// How many values of this kind there were.
    pub count: u64,
    /// When the last of them came.
    pub last_time: i64,
    /// What that one said.
    pub last_value: i64,
}

// 0: open.
pub(crate) const ACCEPTED: i64 = 1;
pub(crate) const DISMISSED: i64 = 2;

/// More open entries of one register than this are noise: the newest of them counts the rest.
const MOST_OPEN: usize = 20;

/// An entry that later values may agree with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Suspect {
    pub(crate) id: i64,
    quantity: Quantity,
    device: Option<i64>,
    last: Good,
}

/// The suspects of one segment.
pub(crate) fn suspects(connection: &Connection, segment: i64) -> Result<Vec<Suspect>, StoreError> {
    let sql = "SELECT id, quantity, last_time, last_value, device FROM quarantine \
               WHERE segment = ? AND state IN (0, 2) ORDER BY id DESC LIMIT 400";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([segment])?;
    let mut suspects = Vec::new();
    while let Some(row) = rows.next()? {
        if let Some(quantity) = Quantity::from_name(row.get_ref(1)?.as_str().unwrap_or_default()) {
            let last = Good { time: row.get(2)?, value: row.get(3)? };
            suspects.push(Suspect { id: row.get(0)?, quantity, device: row.get(4)?, last });
        }
    }
    suspects.reverse();
    Ok(suspects)
}

/// Puts a value into the quarantine: as one more of an entry that it agrees with, or as a new one.
/// Returns the entry and whether it is new.
pub(crate) fn put(
    connection: &Connection,
    segment: i64,
    suspects: &mut Vec<Suspect>,
    (quantity, device): (Quantity, Option<i64>),
    now: Good,
    doubt: &Doubt,
    max_kva: u32,
) -> Result<(i64, bool), StoreError> {
    let same = || {
        let of = |suspect: &Suspect| (suspect.quantity, suspect.device) == (quantity, device);
        suspects.iter().enumerate().rev().filter(move |(_, suspect)| of(suspect))
    };
    let agreeing = same().find(|(_, suspect)| follows(quantity, suspect.last, now, max_kva));
    let found = agreeing.or_else(|| if same().count() >= MOST_OPEN { same().next() } else { None });
    if let Some((index, _)) = found {
        let suspect = &mut suspects[index];
        suspect.last = now;
        connection
            .prepare_cached("UPDATE quarantine SET count = count + 1, last_time = ?, last_value = ? WHERE id = ?")?
            .execute([now.time, now.value, suspect.id])?;
        return Ok((suspect.id, false));
    }
    connection
        .prepare_cached(
            "INSERT INTO quarantine \
             (segment, quantity, time, value, previous, reason, count, last_time, last_value, state, device) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?3, ?4, 0, ?7)",
        )?
        .execute(params![segment, quantity.name(), now.time, now.value, doubt.previous, doubt.reason, device])?;
    let id = connection.last_insert_rowid();
    suspects.push(Suspect { id, quantity, device, last: now });
    Ok((id, true))
}

/// The open entries of a meter, the oldest first.
pub(crate) fn list(connection: &Connection, meter: i64) -> Result<Vec<QuarantineEntry>, StoreError> {
    let sql = "SELECT q.id, equipment, quantity, time, value, previous, reason, count, last_time, last_value, identifier \
               FROM quarantine q JOIN segment s ON s.id = q.segment LEFT JOIN device d ON d.id = q.device \
               WHERE s.meter = ? AND state = 0 ORDER BY q.id";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([meter])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let Some(quantity) = Quantity::from_name(row.get_ref(2)?.as_str().unwrap_or_default()) else { continue };
        entries.push(QuarantineEntry {
            id: row.get(0)?,
            segment: row.get(1)?,
            quantity,
            device: row.get(10)?,
            time: row.get(3)?,
            value: row.get(4)?,
            previous: row.get(5)?,
            reason: row.get(6)?,
            count: row.get::<_, i64>(7)? as u64,
            last_time: row.get(8)?,
            last_value: row.get(9)?,
        });
    }
    Ok(entries)
}

/// An open entry's place: meter name, equipment, register, last value.
pub(crate) struct Place {
    pub(crate) meter: String,
    pub(crate) equipment: String,
    pub(crate) quantity: Quantity,
    /// The meter behind the meter whose register it is.
    pub(crate) device: Option<i64>,
    pub(crate) last: Good,
}

/// Finds an open entry.
pub(crate) fn find(connection: &Connection, id: i64) -> Result<Place, StoreError> {
    let sql = "SELECT m.name, s.equipment, q.quantity, q.last_time, q.last_value, q.device FROM quarantine q \
               JOIN segment s ON s.id = q.segment JOIN meter m ON m.id = s.meter WHERE q.id = ? AND q.state = 0";
    connection
        .query_row(sql, [id], |row| {
            Ok(Quantity::from_name(row.get_ref(2)?.as_str()?).map(|quantity| Place {
                meter: row.get(0).unwrap_or_default(),
                equipment: row.get(1).unwrap_or_default(),
                quantity,
                device: row.get(5).unwrap_or_default(),
                last: Good { time: row.get(3).unwrap_or_default(), value: row.get(4).unwrap_or_default() },
            }))
        })
        .optional()?
        .flatten()
        .ok_or_else(|| StoreError::Unknown(format!("open quarantine entry {id}")))
}

/// What was accepted of a meter, the latest first: equipment, register, the last value's time.
pub(crate) fn accepted(connection: &Connection, meter: i64) -> Result<Vec<(i64, Quantity, i64)>, StoreError> {
    let sql = "SELECT segment, quantity, last_time FROM quarantine q JOIN segment s ON s.id = q.segment \
               WHERE s.meter = ? AND state = ? ORDER BY last_time DESC";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([meter, ACCEPTED])?;
    let mut accepted = Vec::new();
    while let Some(row) = rows.next()? {
        if let Some(quantity) = Quantity::from_name(row.get_ref(1)?.as_str().unwrap_or_default()) {
            accepted.push((row.get(0)?, quantity, row.get(2)?));
        }
    }
    Ok(accepted)
}

/// Closes an entry.
pub(crate) fn close(connection: &Connection, id: i64, state: i64) -> Result<(), StoreError> {
    connection.execute("UPDATE quarantine SET state = ? WHERE id = ?", [state, id])?;
    Ok(())
}
