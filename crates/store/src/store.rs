//! `Store`: the only writer. One transaction for each telegram, or for each flush.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use smarty_p1::Values;

use crate::backup;
use crate::books::{self, Books};
use crate::calendar::Calendar;
use crate::capture::{DeviceCapture, captures};
use crate::codec::{Decoder, Encoder, Rows, flags};
use crate::device;
use crate::error::StoreError;
use crate::gate::{GONE_ON, Good, judged};
use crate::live::{self, LiveRow, LiveSql};
use crate::lock::Lock;
use crate::marks::{self, Mark};
use crate::migrations::{self, APPLICATION_ID};
use crate::options::{Flush, Options};
use crate::owner;
use crate::quarantine;
use crate::reading::{Appended, BatchCount, MeterReading, Quarantined};
use crate::receivers;
use crate::seal::Packing;
use crate::segment::Segment;

/// A block of the newest month is about 3 KB: at 4 KiB a page would hold one of them.
const PAGE_SIZE: i64 = 16_384;
/// Pages in the write-ahead log before it is moved into the file.
const CHECKPOINT_PAGES: i64 = 256;
/// KiB of pages that a connection keeps, as SQLite wants it (negative): the tables' upper levels and a day around.
pub(crate) const CACHE: i64 = -1024;
/// How many telegrams may wait for a flush that does not succeed.
const MOST_PENDING: usize = 10_000;
/// Years 1970 to 9000.
const TIMES: std::ops::Range<i64> = 0..221_845_392_000;
/// A meter's clock is not believed when it is further ahead of the host's: everything after would be late.
const MOST_AHEAD: i64 = 31 * 86_400;
/// A host whose clock says less has not been told the time yet, and judges nobody's: 1 January 2024.
const HOST_KNOWS: i64 = 1_704_067_200;

/// The store, for writing. There is one for each file; readers open [`Reader`](crate::Reader)s.
pub struct Store {
    pub(crate) connection: Connection,
    pub(crate) options: Options,
    pub(crate) encoder: Encoder,
    pub(crate) decoder: Decoder,
    pub(crate) live: LiveSql,
    pub(crate) meters: HashMap<Arc<str>, Books>,
    pending: Vec<MeterReading>,
    pending_since: Option<Instant>,
    marks: HashMap<(String, String), Mark>,
    pub(crate) positions: HashMap<(String, String), i64>,
    entries: u64,
    pub(crate) packing: Option<Packing>,
    _lock: Lock,
}

impl Store {
    /// Opens the file, makes it where there is none, brings it up to date. A file of an older version is copied to
    /// `FILE.version-N` before.
    ///
    /// # Errors
    /// [`StoreError::NotOurs`] for another program's file, [`StoreError::Newer`] for one of a later version,
    /// [`StoreError::Busy`] while another process has it open for writing, [`StoreError::Full`] without room for the copy.
    pub fn open(options: Options) -> Result<Self, StoreError> {
        let lock = Lock::take(&options.path)?;
        let mut connection = Connection::open(&options.path)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.set_prepared_statement_cache_capacity(64);
        if !migrations::ours(&connection).map_err(|error| match error {
            StoreError::Corrupt(_) => StoreError::NotOurs(options.path.clone()),
            error => error,
        })? {
            return Err(StoreError::NotOurs(options.path));
        }
        let found = migrations::version(&connection)?;
        if (1..migrations::CURRENT).contains(&found) {
            backup::keep(&options.path, found, options.reserve_bytes)?;
        }
        if found == 0 {
            // Only before the first table is made.
            connection.pragma_update(None, "page_size", PAGE_SIZE)?;
            connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
            connection.pragma_update(None, "application_id", APPLICATION_ID)?;
        }
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "cache_size", CACHE)?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        connection.pragma_update(None, "journal_size_limit", 4 * CHECKPOINT_PAGES * PAGE_SIZE)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        migrations::run(&mut connection)?;
        if found == 0 {
            owner::like(&options.path, backup::folder_of(&options.path));
        }
        live::add_columns(&connection)?;
        let mut store = Self {
            connection,
            options,
            encoder: Encoder::new(),
            decoder: Decoder::new(),
            live: LiveSql::new(),
            meters: HashMap::new(),
            pending: Vec::new(),
            pending_since: None,
            marks: HashMap::new(),
            positions: HashMap::new(),
            entries: 0,
            packing: None,
            _lock: lock,
        };
        store.set_max_size(store.options.max_size_bytes)?;
        Ok(store)
    }

    /// Changes [`Options::max_size_bytes`] while the store is open.
    ///
    /// # Errors
    /// Those of the database.
    pub fn set_max_size(&mut self, bytes: Option<u64>) -> Result<(), StoreError> {
        self.options.max_size_bytes = bytes;
        let page_size: i64 = self.connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let pages = bytes.map_or(i64::from(u32::MAX) - 1, |bytes| (bytes / page_size as u64).max(1) as i64);
        // SQLite answers with what it made of it: nothing smaller than the file is possible.
        self.connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
        Ok(())
    }

    /// The settings in force.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Makes a meter known with the zone in which its days begin, before its first telegram. In another zone
    /// than before, its days and months are summed up again.
    ///
    /// # Errors
    /// Those of the database.
    pub fn declare_meter(&mut self, name: &str, calendar: &Calendar) -> Result<(), StoreError> {
        match books::find(&self.connection, name)? {
            Some((_, zone)) if zone == calendar.name() => Ok(()),
            Some((id, _)) => {
                self.flush()?;
                self.transact(|store| books::rezone(&store.connection, id, calendar))?;
                self.meters.remove(name);
                Ok(())
            }
            None => {
                let params = [name, calendar.name()];
                self.connection.execute("INSERT INTO meter (name, zone) VALUES (?, ?)", params)?;
                Ok(())
            }
        }
    }

    /// Stores a telegram. What is returned as new is on the disk, if the settings do not say otherwise.
    ///
    /// # Errors
    /// [`StoreError::Full`] and others; the telegram is not stored then, and everything before it is. With
    /// [`Flush::Every`] it may wait with the others: appending it again does no harm.
    pub fn append(&mut self, reading: &MeterReading) -> Result<Appended, StoreError> {
        let Flush::Every(seconds) = self.options.flush else {
            return self.transact(|store| store.apply(reading, Target::Live));
        };
        if self.pending.len() >= MOST_PENDING {
            // The flush that failed is tried again; as long as it fails nothing more is taken on.
            self.flush()?;
        }
        self.pending.push(reading.clone());
        let since = *self.pending_since.get_or_insert_with(Instant::now);
        if since.elapsed() < Duration::from_secs(u64::from(seconds)) {
            return Ok(Appended::Pending);
        }
        Ok(self.flush()?.pop().unwrap_or(Appended::Pending))
    }

    /// Makes everything that waits durable, and says for each reading what became of it.
    ///
    /// # Errors
    /// [`StoreError::Full`] and others; the readings go on waiting then.
    pub fn flush(&mut self) -> Result<Vec<Appended>, StoreError> {
        if self.pending.is_empty() && self.marks.is_empty() && self.positions.is_empty() {
            return Ok(Vec::new());
        }
        let pending = std::mem::take(&mut self.pending);
        let result = self.transact(|store| {
            pending.iter().map(|reading| store.apply(reading, Target::Live)).collect::<Result<Vec<_>, _>>()
        });
        if result.is_err() {
            self.pending = pending;
        } else {
            self.pending_since = None;
        }
        result
    }

    /// Flushes if it is time to.
    pub(crate) fn flush_if_due(&mut self) -> Result<bool, StoreError> {
        let Flush::Every(seconds) = self.options.flush else { return Ok(false) };
        let due = self.pending_since.is_some_and(|since| since.elapsed().as_secs() >= u64::from(seconds));
        if due {
            self.flush()?;
        }
        Ok(due)
    }

    /// Quarter-hours and gaps made durable since this was opened: rises when a receiver is owed something new.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// How many readings wait for a flush: stored nowhere but in memory.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Stores many telegrams in one transaction: all of them, or none. In order of time it is fastest, since
    /// whole hours become blocks at once.
    ///
    /// # Errors
    /// Like [`Store::append`]; nothing of the batch is stored then.
    pub fn append_batch(&mut self, readings: &[MeterReading]) -> Result<BatchCount, StoreError> {
        self.flush()?;
        self.transact(|store| {
            let mut count = BatchCount::default();
            for reading in readings {
                count.count(&store.apply(reading, Target::Hour)?);
            }
            store.finish_hours()?;
            Ok(count)
        })
    }

    /// One telegram, inside of a transaction: kept and booked.
    fn apply(&mut self, reading: &MeterReading, target: Target) -> Result<Appended, StoreError> {
        let (appended, values) = self.keep(reading, target)?;
        if let Some(values) = values
            && let Some(books) = self.meters.get_mut(&reading.meter)
            && let Some(segment) = books.segments.get(&reading.segment)
        {
            let sample = segment.gate.sample(reading.time, segment.id, &values);
            books.book(&self.connection, &sample)?;
        }
        Ok(appended)
    }

    /// One telegram, kept and not booked: also the values that were believed, if it is new.
    pub(crate) fn keep(
        &mut self,
        reading: &MeterReading,
        target: Target,
    ) -> Result<(Appended, Option<Values>), StoreError> {
        let ahead = reading.received >= HOST_KNOWS && reading.time > reading.received.saturating_add(MOST_AHEAD);
        if !TIMES.contains(&reading.time) || ahead {
            return Ok((Appended::Refused, None));
        }
        let connection = &self.connection;
        if !self.meters.contains_key(&reading.meter) {
            let books = Books::load(connection, &reading.meter, &self.options.calendar, self.options.border_margin_s)?;
            self.meters.insert(Arc::clone(&reading.meter), books);
        }
        let Some(books) = self.meters.get_mut(&reading.meter) else { return Ok((Appended::Refused, None)) };
        if !books.segments.contains_key(&reading.segment) {
            let segment = Segment::load(connection, books.id, &reading.segment, reading.time)?;
            books.segments.insert(Arc::clone(&reading.segment), segment);
        }
        let Some(segment) = books.segments.get_mut(&reading.segment) else { return Ok((Appended::Refused, None)) };
        if segment.holds(connection, &mut self.decoder, reading.time, reading.ident)? {
            return Ok((Appended::Duplicate, None));
        }

        let max_kva = self.options.max_kva_of(&reading.meter);
        let mut values = reading.values;
        let mut quarantined = Vec::new();
        let captured: Vec<DeviceCapture> = captures(reading).collect();
        for capture in &captured {
            let taken = device::take(connection, books.id, &mut books.devices, capture, reading.time)?;
            quarantined.extend(device::put_aside(connection, segment, capture, taken, &mut values)?);
        }
        let own = |quantity| captured.iter().all(|capture| capture.register() != quantity);
        for (quantity, value) in reading.values.iter().filter(|&(quantity, _)| judged(quantity) && own(quantity)) {
            let now = Good { time: reading.time, value };
            match segment.gate.judge(quantity, now, max_kva) {
                Ok(()) => {
                    if segment.gate.good(quantity).is_none_or(|before| before.time < now.time) {
                        segment.gate.believe(quantity, now);
                        segment.gate_changed = true;
                    }
                }
                Err(doubt) => {
                    values.remove(quantity);
                    let whose = (quantity, None);
                    let (id, first) =
                        quarantine::put(connection, segment.id, &mut segment.suspects, whose, now, &doubt, max_kva)?;
                    quarantined.push(Quarantined { id, quantity, first });
                }
            }
        }

        let row = LiveRow {
            time: reading.time,
            ident: reading.ident,
            received: reading.received,
            clock: reading.clock,
            proof: reading.proof,
            values: &values,
        };
        if !(target == Target::Hour && segment.collect(connection, &mut self.encoder, &row)?) {
            self.live.insert(connection, segment.id, &row)?;
        }
        segment.note(connection, reading.time, &values)?;
        segment.note_texts(connection, reading.time, &reading.texts)?;
        let appended = if quarantined.is_empty() { Appended::New } else { Appended::Quarantined(quarantined) };
        Ok((appended, Some(values)))
    }

    /// Runs `work` in a durable transaction. If anything fails nothing of it has happened, in memory neither.
    pub(crate) fn transact<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.check_room()?;
        self.transact_in_reserve(work)
    }

    /// The same for what makes the file smaller: it may use the room that is kept free.
    pub(crate) fn transact_in_reserve<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let result = work(self).and_then(|done| {
            for ((fingerprint, system_title), mark) in &self.marks {
                marks::set(&self.connection, fingerprint, system_title, *mark)?;
            }
            for ((receiver, meter), position) in &self.positions {
                receivers::set(&self.connection, receiver, meter, *position)?;
            }
            for books in self.meters.values_mut() {
                books.save(&self.connection)?;
            }
            self.connection.prepare_cached("COMMIT")?.execute([])?;
            Ok(done)
        });
        match result {
            Ok(done) => {
                self.marks.clear();
                self.positions.clear();
                self.entries += self.meters.values_mut().map(Books::take_entries).sum::<u64>();
                Ok(done)
            }
            Err(error) => {
                if !self.connection.is_autocommit() {
                    // It may be rolled back already, after which this says that there is nothing to roll back.
                    let _ = self.connection.execute_batch("ROLLBACK");
                }
                self.meters.clear();
                Err(error)
            }
        }
    }

    /// The disk guard: stop before the disk is full.
    fn check_room(&self) -> Result<(), StoreError> {
        let reserve = self.options.reserve_bytes;
        if reserve == 0 {
            return Ok(());
        }
        // A file system that does not say how full it is is not guarded.
        match backup::room_beside(&self.options.path) {
            Some(free) if free < reserve => Err(StoreError::Full(format!(
                "the disk has {} MB left, and {} MB are to stay free",
                free >> 20,
                reserve >> 20
            ))),
            _ => Ok(()),
        }
    }

    /// The newest frame counter under a key, staged ones included.
    ///
    /// # Errors
    /// Those of the database.
    pub fn get_mark(&self, fingerprint: &str, system_title: &str) -> Result<Option<Mark>, StoreError> {
        let key = (fingerprint.to_owned(), system_title.to_owned());
        match self.marks.get(&key) {
            Some(mark) => Ok(Some(*mark)),
            None => marks::get(&self.connection, fingerprint, system_title),
        }
    }

    /// Notes the newest frame counter under a key. It becomes durable with the next telegram, in the same
    /// transaction, or with [`Store::flush`].
    pub fn set_mark(&mut self, fingerprint: &str, system_title: &str, mark: Mark) {
        self.marks.insert((fingerprint.to_owned(), system_title.to_owned()), mark);
    }

    /// The values of a meter that wait for a decision, the oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] meter, and those of the database.
    pub fn quarantine_list(&self, meter: &str) -> Result<Vec<quarantine::QuarantineEntry>, StoreError> {
        let (id, _) =
            books::find(&self.connection, meter)?.ok_or_else(|| StoreError::Unknown(format!("meter `{meter}`")))?;
        quarantine::list(&self.connection, id)
    }

    /// The value is true after all: the register goes on from it, and the account starts anew there.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] entry; [`StoreError::Refused`] where the register has gone on from its old value.
    pub fn accept(&mut self, id: i64) -> Result<(), StoreError> {
        self.flush()?;
        self.transact(|store| store.accept_inside(id))
    }

    fn accept_inside(&mut self, id: i64) -> Result<(), StoreError> {
        let place = quarantine::find(&self.connection, id)?;
        let options = &self.options;
        let mut books = match self.meters.remove(place.meter.as_str()) {
            Some(books) => books,
            None => Books::load(&self.connection, &place.meter, &options.calendar, options.border_margin_s)?,
        };
        let mut segment = match books.segments.remove(place.equipment.as_str()) {
            Some(segment) => segment,
            None => Segment::load(&self.connection, books.id, &place.equipment, place.last.time)?,
        };
        if let Some(device) = place.device {
            device::restart(&self.connection, &mut books.devices, device, place.last)?;
        } else {
            if segment.gate.good(place.quantity).is_some_and(|good| good.time > place.last.time) {
                return Err(StoreError::Refused(GONE_ON.to_owned()));
            }
            segment.gate.believe(place.quantity, place.last);
            segment.gate_changed = true;
            if let Some(register) = crate::gate::register(place.quantity) {
                books.account.renew(register);
            }
        }
        books.changed = true;
        quarantine::close(&self.connection, id, quarantine::ACCEPTED)?;
        segment.suspects = quarantine::suspects(&self.connection, segment.id)?;
        books.segments.insert(place.equipment.into(), segment);
        self.meters.insert(place.meter.into(), books);
        Ok(())
    }

    /// The value was wrong. More values like it are counted, but not listed again.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] entry, and those of the database.
    pub fn dismiss(&mut self, id: i64) -> Result<(), StoreError> {
        self.flush()?;
        self.transact(|store| {
            quarantine::find(&store.connection, id)?;
            quarantine::close(&store.connection, id, quarantine::DISMISSED)
        })
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // The last chance; whoever wants to know whether it worked calls `flush` before.
        let _ = self.flush();
    }
}

/// Where a row goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Live,
    /// An hour that becomes a block at once, where nothing of it is stored yet.
    Hour,
}

/// Rows from one live row.
pub(crate) fn push(rows: &mut Rows, row: &LiveRow<'_>) {
    rows.push(row.time, row.ident, row.received, flags(row.clock, row.proof), row.values);
}
