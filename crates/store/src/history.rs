//! History: readings that are older than the newest, and the accounts of their time made anew.
//!
//! An account is fed in the order of time and never looks back: a late telegram is kept, but not booked. History is
//! booked as if it had come in time. An account of its own is fed with what is stored and what is new, from a border
//! that the new readings do not change to the next such border; what it writes takes the place of what was written
//! for that time.

use std::collections::{BTreeSet, HashMap};
use std::iter::Peekable;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};
use smarty_ledger::{Account, Entry, QUARTER, QuarterHour, Register};
use smarty_p1::{Quantity, Values};

use crate::books;
use crate::error::StoreError;
use crate::gate::{self, Gate, Good, judged};
use crate::quarantine;
use crate::reader::{Reader, Readings};
use crate::reading::{BatchCount, MeterReading, Proof};
use crate::store::{Store, Target};

/// An imported reading counts for a border at most this long after it, in seconds. Programs of old wrote a line a
/// minute, give or take some seconds; one that is missing is no measurement.
pub const IMPORTED_MARGIN_S: u16 = 90;

/// How far before the first new reading an account begins, to be as the real one was: seconds, the shortest first.
const RUN_UPS: [i64; 3] = [86_400, 30 * 86_400, i64::MAX];

impl Store {
    /// Stores readings of one meter, in the order of time, whatever is stored of it already, and makes the accounts of
    /// their time anew: all in one transaction. Readings with [`Proof::Imported`] measure a border up to
    /// [`IMPORTED_MARGIN_S`] later, and one of them adds to another reading of its second what that lacks.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for readings before [`Reader::history_begins`], for readings of several meters or out
    /// of order; and those of [`Store::append_batch`]. Nothing of the batch is stored then.
    pub fn insert_history(&mut self, readings: &[MeterReading]) -> Result<BatchCount, StoreError> {
        let Some(first) = readings.first() else { return Ok(BatchCount::default()) };
        if readings.windows(2).any(|pair| pair[0].time > pair[1].time || pair[0].meter != pair[1].meter) {
            return Err(StoreError::Refused("history comes from one meter at a time, in the order of time".to_owned()));
        }
        self.flush()?;
        let reader = Reader::open(&self.options.path)?;
        if begins(&self.connection, &reader, &first.meter)?.is_some_and(|begins| first.time < begins) {
            return Err(StoreError::Refused(
                "the telegrams of that time were deleted because of their age, and only their accounts are left: \
                 nothing can be added to those"
                    .to_owned(),
            ));
        }
        self.transact(|store| {
            let mut count = BatchCount::default();
            let mut fresh = Vec::new();
            for reading in readings {
                let (appended, values) = store.keep(reading, Target::Hour)?;
                count.count(&appended);
                if let Some(values) = values
                    && let Some(segment) = store.segment_number(reading)
                {
                    fresh.push(Row { time: reading.time, segment, imported: reading.proof == Proof::Imported, values });
                }
            }
            store.finish_hours()?;
            if !fresh.is_empty() {
                store.rebook(&first.meter, &reader, &fresh)?;
            }
            Ok(count)
        })
    }

    fn segment_number(&self, reading: &MeterReading) -> Option<i64> {
        Some(self.meters.get(&reading.meter)?.segments.get(&reading.segment)?.id)
    }

    /// Makes the accounts anew from the last border that the new rows leave as it is to the next one.
    fn rebook(&mut self, meter: &Arc<str>, reader: &Reader, fresh: &[Row]) -> Result<(), StoreError> {
        let (Some(first), Some(last)) = (fresh.first(), fresh.last()) else { return Ok(()) };
        let Some(books) = self.meters.get_mut(meter) else { return Ok(()) };
        let usual = self.options.border_margin_s;
        let max_kva = self.options.max_kva_of(meter);
        let (mut begin, mut shadow, mut course) = (None, None, None);
        for run_up in RUN_UPS {
            let mut stored = Course::new(&self.connection, reader, meter, books.id, first.time.saturating_sub(run_up))?;
            let mut tried = Shadow::new(&self.connection, books.id, usual, max_kva)?;
            begin = tried.run_up(&mut stored, first.time, run_up == i64::MAX)?;
            (shadow, course) = (Some(tried), Some(stored));
            if begin.is_some() {
                break;
            }
        }
        let (Some(mut shadow), Some(mut course)) = (shadow, course) else { return Ok(()) };
        if begin.is_none() && older_accounts(&self.connection, books.id, course.oldest)? {
            return Err(StoreError::Refused(
                "these readings are too near to telegrams that were deleted because of their age: add later ones only"
                    .to_owned(),
            ));
        }
        course.fresh = fresh;
        let mut end = None;
        while let Some(row) = course.next()? {
            shadow.feed(&row);
            // The border stands on a reading that is newer than everything new, and so does the one before.
            let far = last.time + i64::from(IMPORTED_MARGIN_S) + QUARTER;
            let border = shadow.border().filter(|&border| border > far && shadow.ever == shadow.known());
            if let Some(border) = border
                && shadow.agrees(border)?
            {
                end = Some(border);
                break;
            }
        }
        books.replace(&self.connection, begin.unwrap_or(i64::MIN)..end.unwrap_or(i64::MAX), &shadow.entries)?;
        if end.is_none() {
            books.account = with_margin(&shadow.account, usual)?;
        }
        Ok(())
    }
}

impl Reader {
    /// From when on history can be inserted, UTC seconds. `None`: from whenever. Where old telegrams were deleted and
    /// their accounts kept, there is nothing to make the accounts anew from.
    ///
    /// # Errors
    /// Those of the database.
    pub fn history_begins(&self, meter: &str) -> Result<Option<i64>, StoreError> {
        begins(self.connection(), self, meter)
    }
}

fn begins(connection: &Connection, reader: &Reader, meter: &str) -> Result<Option<i64>, StoreError> {
    let Some((id, _)) = books::find(connection, meter)? else { return Ok(None) };
    let oldest = match reader.readings(meter, 0, i64::MAX) {
        Ok(mut readings) => readings.next().transpose()?.map(|reading| reading.time),
        Err(StoreError::Unknown(_)) => None,
        Err(error) => return Err(error),
    };
    if !older_accounts(connection, id, oldest)? {
        return Ok(None);
    }
    // The first border that is surely measured, the quarter-hour behind it, and one more.
    Ok(Some(oldest.map_or(i64::MAX, |oldest| (oldest.div_euclid(QUARTER) + 3) * QUARTER)))
}

/// Are there accounts from before the oldest telegram?
fn older_accounts(connection: &Connection, meter: i64, oldest: Option<i64>) -> Result<bool, StoreError> {
    let before = oldest.map_or(i64::MAX, |oldest| oldest.div_euclid(QUARTER) * QUARTER);
    for table in ["quarter_hour", "gap"] {
        let sql = format!("SELECT 1 FROM {table} WHERE meter = ? AND start < ? LIMIT 1");
        if connection.prepare_cached(&sql)?.query_row([meter, before], |_| Ok(())).optional()?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn with_margin(account: &Account, margin_s: u16) -> Result<Account, StoreError> {
    // Its own bytes, made just now.
    Account::from_bytes(&account.to_bytes(), margin_s).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// A reading as the accounts need it.
#[derive(Clone, Copy)]
struct Row {
    time: i64,
    segment: i64,
    imported: bool,
    values: Values,
}

/// What is stored and what is new, in the order of time. What is stored comes first in the same second.
struct Course<'a> {
    stored: Option<Peekable<Readings<'a>>>,
    fresh: &'a [Row],
    numbers: HashMap<String, i64>,
    /// The first row that was stored.
    oldest: Option<i64>,
}

impl<'a> Course<'a> {
    fn new(connection: &Connection, reader: &'a Reader, name: &str, meter: i64, from: i64) -> Result<Self, StoreError> {
        let mut statement = connection.prepare_cached("SELECT equipment, id FROM segment WHERE meter = ?")?;
        let numbers = statement.query_map([meter], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let numbers = numbers.collect::<Result<_, _>>()?;
        // A meter whose first readings these are is not there yet as others see the store.
        let mut stored = match reader.readings(name, from.max(0), i64::MAX) {
            Ok(readings) => Some(readings.peekable()),
            Err(StoreError::Unknown(_)) => None,
            Err(error) => return Err(error),
        };
        let oldest = stored.as_mut().and_then(|stored| Some(stored.peek()?.as_ref().ok()?.time));
        Ok(Self { stored, fresh: &[], numbers, oldest })
    }

    /// The time of the next stored row.
    fn next_stored(&mut self) -> Option<i64> {
        match self.stored.as_mut()?.peek()? {
            Ok(reading) => Some(reading.time),
            // The error comes with the next row.
            Err(_) => Some(i64::MIN),
        }
    }

    fn next(&mut self) -> Result<Option<Row>, StoreError> {
        let Some(mut row) = self.next_single()? else { return Ok(None) };
        // Two programs of old wrote import and export of the same second into files of their own.
        while self.next_stored().into_iter().chain(self.fresh.first().map(|fresh| fresh.time)).min() == Some(row.time) {
            let Some(more) = self.next_single()? else { break };
            if more.imported && more.segment == row.segment {
                for (quantity, value) in more.values.iter() {
                    if row.values.get(quantity).is_none() {
                        row.values.set(quantity, value);
                    }
                }
            }
        }
        Ok(Some(row))
    }

    fn next_single(&mut self) -> Result<Option<Row>, StoreError> {
        let fresh = self.fresh.first().copied();
        match (self.next_stored(), fresh) {
            (stored, Some(row)) if stored.is_none_or(|stored| row.time < stored) => {
                self.fresh = &self.fresh[1..];
                Ok(Some(row))
            }
            _ => {
                let Some(reading) = self.stored.as_mut().and_then(Iterator::next).transpose()? else { return Ok(None) };
                let segment = self.numbers.get(&*reading.segment).copied().unwrap_or(0);
                let imported = reading.proof == Proof::Imported;
                Ok(Some(Row { time: reading.time, segment, imported, values: reading.values }))
            }
        }
    }
}

/// A register that someone said is true at a new value: the account began anew there.
struct Renewal {
    segment: i64,
    after: i64,
    quantity: Quantity,
    register: Register,
}

/// An account beside the real one.
struct Shadow<'a> {
    connection: &'a Connection,
    meter: i64,
    account: Account,
    usual: u16,
    max_kva: u32,
    gates: HashMap<i64, Gate>,
    /// The latest first.
    renewals: Vec<Renewal>,
    /// Time of the last row, and whether it was imported.
    last: Option<(i64, bool)>,
    /// The account has the margin of imported rows.
    lenient: bool,
    /// Every register that there was. One that ended with its meter leaves its mark on how it begins again.
    ever: BTreeSet<Quantity>,
    /// The last border lies between an imported reading and a telegram: the real account may see it otherwise.
    mixed: bool,
    /// What was written since the border at which this account became as the real one.
    entries: Vec<Entry>,
    /// The quarter-hour that was closed last.
    closed: Option<QuarterHour>,
}

impl<'a> Shadow<'a> {
    fn new(connection: &'a Connection, meter: i64, usual: u16, max_kva: u32) -> Result<Self, StoreError> {
        let mut renewals = Vec::new();
        for (segment, quantity, after) in quarantine::accepted(connection, meter)? {
            if let Some(register) = gate::register(quantity) {
                renewals.push(Renewal { segment, after, quantity, register });
            }
        }
        Ok(Self {
            connection,
            meter,
            account: Account::new(usual),
            usual,
            max_kva,
            gates: HashMap::new(),
            renewals,
            last: None,
            lenient: false,
            ever: BTreeSet::new(),
            mixed: false,
            entries: Vec::new(),
            closed: None,
        })
    }

    /// Feeds what is stored before the first new reading; the last border before that at which this account is as the
    /// real one was. `None`: there is none; what is written counts from the beginning. `whole`: the beginning is that
    /// of everything, and a register that has no run here had none there.
    fn run_up(&mut self, stored: &mut Course<'_>, first: i64, whole: bool) -> Result<Option<i64>, StoreError> {
        let mut begin = None;
        while stored.next_stored().is_some_and(|time| time < first) {
            let Some(row) = stored.next()? else { break };
            self.feed(&row);
            let Some(border) = self.border().filter(|&border| begin != Some(border) && border < first) else {
                continue;
            };
            if (whole || self.expected(border)?.is_subset(&self.known())) && self.agrees(border)? {
                begin = Some(border);
                self.entries.clear();
            }
        }
        Ok(begin)
    }

    fn feed(&mut self, row: &Row) {
        if let Some((time, imported)) = self.last.replace((row.time, row.imported)) {
            if time.div_euclid(QUARTER) != row.time.div_euclid(QUARTER) {
                self.mixed = imported != row.imported;
            }
            if imported != self.lenient {
                self.lenient = imported;
                let margin = if imported { IMPORTED_MARGIN_S } else { self.usual };
                // Bytes that an account has made are one.
                self.account = with_margin(&self.account, margin).unwrap_or_else(|_| self.account.clone());
            }
        }
        while let Some(renewal) = self.renewals.last().filter(|renewal| renewal.after < row.time) {
            if renewal.segment == row.segment {
                self.account.renew(renewal.register);
            }
            self.gates.entry(renewal.segment).or_insert_with(Gate::new).forget(renewal.quantity);
            self.renewals.pop();
        }
        let gate = self.gates.entry(row.segment).or_insert_with(Gate::new);
        let mut values = row.values;
        for (quantity, value) in row.values.iter().filter(|&(quantity, _)| judged(quantity)) {
            let now = Good { time: row.time, value };
            // What came late was never judged: its clock may have been wrong.
            if gate.judge(quantity, now, self.max_kva).is_ok() {
                gate.believe(quantity, now);
            } else {
                values.remove(quantity);
            }
        }
        let sample = gate.sample(row.time, row.segment, &values);
        let (entries, closed) = (&mut self.entries, &mut self.closed);
        self.account.feed(&sample, |entry| {
            if let Entry::Quarter(quarter) = entry {
                *closed = Some(quarter);
            }
            entries.push(entry);
        });
        for register in Register::ALL {
            if sample.totals[register as usize].is_some() {
                self.ever.insert(register.quantity());
            }
        }
    }

    /// The registers that are running.
    fn known(&self) -> BTreeSet<Quantity> {
        let energies = self.account.running().energies;
        let runs = |register: &Register| energies.get(*register).is_some();
        Register::ALL.into_iter().filter(runs).map(Register::quantity).collect()
    }

    /// The border behind the last reading, if every register was measured there: from there on, what was before does
    /// not count.
    fn border(&self) -> Option<i64> {
        let running = self.account.running();
        let mut registers = Register::ALL.into_iter().filter(|&register| running.energies.get(register).is_some());
        let measured = |register: Register| running.since[register as usize] == running.start;
        let first = registers.next()?;
        (!self.mixed && measured(first) && registers.all(measured)).then_some(running.start)
    }

    /// The quarter-hour before a border is in the books as it is here, of all registers: the border was measured there,
    /// too, and by the same telegram. Where late ones are kept it need not have been.
    fn agrees(&self, border: i64) -> Result<bool, StoreError> {
        let Some(quarter) = self.closed.filter(|quarter| quarter.start + QUARTER == border) else { return Ok(false) };
        let running = self.account.running().energies;
        let measured =
            |&register: &Register| running.get(register).is_none() || quarter.energies.get(register).is_some();
        let booked = books::quarter(self.connection, self.meter, quarter.start)?;
        Ok(Register::ALL.iter().all(measured) && booked == Some(quarter.energies))
    }

    /// The registers that the real account may have known at a moment, also those of a meter that was swapped since.
    fn expected(&self, at: i64) -> Result<BTreeSet<Quantity>, StoreError> {
        let sql =
            "SELECT quantity FROM seen JOIN segment s ON s.id = segment WHERE s.meter = ? AND seen.first_time <= ?";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([self.meter, at])?;
        let mut expected = BTreeSet::new();
        while let Some(row) = rows.next()? {
            let quantity = Quantity::from_name(row.get_ref(0)?.as_str().unwrap_or_default());
            expected.extend(quantity.and_then(gate::register).map(Register::quantity));
        }
        Ok(expected)
    }
}
