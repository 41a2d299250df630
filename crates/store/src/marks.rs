//! Marks: the newest frame counter that was accepted under a key, against replays across restarts.

use rusqlite::{Connection, OptionalExtension, params};

use crate::error::StoreError;

/// The newest telegram under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its frame counter.
    pub counter: u64,
    /// Its time, UTC seconds.
    pub time: i64,
}

pub(crate) fn get(connection: &Connection, fingerprint: &str, system_title: &str) -> Result<Option<Mark>, StoreError> {
    let sql = "SELECT counter, time FROM frame_counter WHERE fingerprint = ? AND system_title = ?";
    Ok(connection
        .prepare_cached(sql)?
        .query_row(params![fingerprint, system_title], |row| {
            Ok(Mark { counter: row.get::<_, i64>(0)? as u64, time: row.get(1)? })
        })
        .optional()?)
}

pub(crate) fn set(
    connection: &Connection,
    fingerprint: &str,
    system_title: &str,
    mark: Mark,
) -> Result<(), StoreError> {
    connection.prepare_cached("INSERT OR REPLACE INTO frame_counter VALUES (?, ?, ?, ?)")?.execute(params![
        fingerprint,
        system_title,
        mark.counter as i64,
        mark.time
    ])?;
    Ok(())
}
