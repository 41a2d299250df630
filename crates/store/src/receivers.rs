//! Receivers: how far each one has acknowledged the quarter-hours, so that it gets what it is owed and nothing twice.

use rusqlite::{Connection, params};

use crate::error::StoreError;
use crate::store::Store;

pub(crate) fn set(connection: &Connection, name: &str, meter: &str, position: i64) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO receiver (name, meter, position) VALUES (?, ?, ?)";
    connection.prepare_cached(sql)?.execute(params![name, meter, position])?;
    Ok(())
}

impl Store {
    /// Notes that a receiver has acknowledged everything of a meter that ends at or before `position`, UTC seconds.
    /// It becomes durable with the next telegram, in the same transaction, or with [`Store::flush`].
    pub fn set_position(&mut self, receiver: &str, meter: &str, position: i64) {
        self.positions.insert((receiver.to_owned(), meter.to_owned()), position);
    }

    /// The durable positions of a receiver: meter and position.
    ///
    /// # Errors
    /// Those of the database.
    pub fn positions(&self, receiver: &str) -> Result<Vec<(String, i64)>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT meter, position FROM receiver WHERE name = ?")?;
        let found = statement.query_map([receiver], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}
