//! Reader: a connection that only reads. Each call sees one moment of the store, whatever the writer does.

mod balance;
mod catalog;
mod device_spans;
mod devices;
mod export;
mod owed;
mod series;
mod spans;
mod usage;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction};

pub use balance::Balance;
pub use catalog::{MeterEntry, QuantityEntry, SegmentEntry, Stats, TextEntry};
pub use device_spans::{DevicePart, DeviceSpan, DeviceSpans};
pub use devices::{DeviceInfo, DeviceState};
pub use export::Readings;
pub use series::{Resolution, Series, SeriesColumn, SeriesQuantity};
pub use spans::{GapEntry, Peak, Span};
pub use usage::Usage;

use crate::books;
use crate::calendar::Calendar;
use crate::codec::Decoder;
use crate::error::StoreError;
use crate::live::LiveSql;
use crate::migrations;
use crate::store::CACHE;

/// A connection that only reads. Cheap enough to have one for each thread that asks; not shared between threads.
pub struct Reader {
    connection: Connection,
    decoder: RefCell<Decoder>,
    live: LiveSql,
    path: PathBuf,
}

/// Opens a file for reading only.
pub(crate) fn open_read_only(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    Ok(connection)
}

/// A meter as the reader needs it.
struct Meter {
    id: i64,
    calendar: Calendar,
}

impl Reader {
    /// Opens a store that exists.
    ///
    /// # Errors
    /// [`StoreError::NotOurs`], [`StoreError::Newer`], and those of the database.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref().to_owned();
        let connection = open_read_only(&path)?;
        connection.set_prepared_statement_cache_capacity(48);
        let ours = migrations::ours(&connection).map_err(|error| match error {
            StoreError::Corrupt(_) => StoreError::NotOurs(path.clone()),
            error => error,
        })?;
        if !ours {
            return Err(StoreError::NotOurs(path));
        }
        connection.pragma_update(None, "cache_size", CACHE)?;
        let found = migrations::version(&connection)?;
        if found > migrations::CURRENT {
            return Err(StoreError::Newer { found, known: migrations::CURRENT });
        }
        if found < migrations::CURRENT {
            return Err(StoreError::Refused(
                "the store is from an older version; open it for writing once to bring it up to date".to_owned(),
            ));
        }
        Ok(Self { connection, decoder: RefCell::new(Decoder::new()), live: LiveSql::new(), path })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// One moment of the store.
    fn moment(&self) -> Result<Transaction<'_>, StoreError> {
        Ok(self.connection.unchecked_transaction()?)
    }

    fn meter(&self, name: &str) -> Result<Meter, StoreError> {
        let (id, zone) = books::find(&self.connection, name)?
            .ok_or_else(|| StoreError::Unknown(format!("meter `{name}` in the store")))?;
        Ok(Meter { id, calendar: Calendar::new(&zone)? })
    }

    /// The segments of a meter: number, equipment.
    fn segments(&self, meter: i64) -> Result<Vec<(i64, String)>, StoreError> {
        let sql = "SELECT id, equipment FROM segment WHERE meter = ? ORDER BY first_time, id";
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement.query_map([meter], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}
