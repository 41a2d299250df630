//! Accounts: the running quarter-hour of each meter and what else follows from its readings, live, by the ledger's rules.
//!
//! The store keeps the closed quarter-hours; this is the same account, fed before anything is written.

use std::collections::HashMap;
use std::sync::Arc;

use smarty_ledger::{Account, Calculated, Calculator, Entry, Moment, Outlook, QUARTER, Settings, Terms};
use smarty_p1::Medium;
use smarty_store::{Calendar, DeviceState, MeterReading, Reader, Resumed, StoreError};

use crate::costs::Contract;
use crate::devices::{DeviceNow, Devices};

/// The quarter-hour that is running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunningQuarter {
    /// UTC seconds.
    pub start: i64,
    /// UTC seconds.
    pub end: i64,
    /// So far; where the beginning was not measured, since the first telegram after it.
    pub energy_import_wh: Option<i64>,
    /// Likewise.
    pub energy_export_wh: Option<i64>,
    /// Whether the border at its start was measured.
    pub complete: bool,
    /// How it will end.
    pub outlook: Outlook,
}

/// One account a meter.
pub struct Accounts {
    calendar: Calendar,
    settings: Settings,
    contracts: HashMap<String, Contract>,
    meters: HashMap<Arc<str>, Book>,
}

struct Book {
    resumed: Resumed,
    calculator: Calculator,
    calculated: Calculated,
    day: (i64, i64),
    month: (i64, i64),
    /// Of the day.
    terms: Terms,
    devices: Devices,
}

/// A reading counts for a border at most this long after it.
pub const MARGIN_S: u16 = 30;

impl Accounts {
    /// Nothing known yet. `contracts`: by the meter.
    pub fn new(calendar: Calendar, settings: Settings, contracts: HashMap<String, Contract>) -> Self {
        Self { calendar, settings, contracts, meters: HashMap::new() }
    }

    /// Goes on with an account as it was stored; day and month are summed up from the quarter-hours in the store.
    ///
    /// # Errors
    /// Those of the database.
    pub fn seed(&mut self, meter: &str, resumed: Resumed, reader: &Reader) -> Result<(), StoreError> {
        let mut book = Book::new(resumed, self.settings);
        if let Some(last) = book.resumed.account.last_time() {
            book.turn(&self.calendar, self.contracts.get(meter), last);
            let first = book.day.0.min(book.month.0);
            let entries = reader.owed(meter, first, usize::MAX >> 1)?;
            book.calculator.seed(book.day.0, book.month.0, entries);
            book.devices = Devices::new(reader.device_states(meter, last)?);
        }
        self.meters.insert(meter.into(), book);
        Ok(())
    }

    /// Takes up the devices of a meter as they are stored: someone has said what is true of one.
    pub fn renew_devices(&mut self, meter: &str, states: Vec<DeviceState>) {
        if let Some(book) = self.meters.get_mut(meter) {
            book.devices = Devices::new(states);
        }
    }

    /// Takes a reading and answers the quarter-hour that is running after it, what else is known now, and the meters
    /// behind the meter.
    pub fn take(&mut self, reading: &MeterReading) -> (RunningQuarter, Calculated, Vec<DeviceNow>) {
        let book = self.meters.entry(Arc::clone(&reading.meter)).or_insert_with(|| {
            Book::new(Resumed { account: Account::new(MARGIN_S), segments: Vec::new() }, self.settings)
        });
        book.turn(&self.calendar, self.contracts.get(&*reading.meter), reading.time);
        let Resumed { account, segments } = &mut book.resumed;
        let devices = book.devices.take(reading, &self.calendar, book.day.0, book.month.0);
        // The first of them: what else is gas is a second meter.
        let gas = devices.iter().find(|device| device.measure.medium == Medium::Gas);
        let moment = Moment {
            time: reading.time,
            segment: number(segments, &reading.segment),
            day_start: book.day.0,
            month_start: book.month.0,
            values: &reading.values,
            gas_dm3: gas.map(|gas| gas.value),
            day_gas_dm3: gas.and_then(|gas| gas.day),
            terms: book.terms,
        };
        // What came too late for the account changes nothing, and says nothing of an end.
        let calculated = book.calculator.feed(account, &moment, |_: Entry| {});
        let outlook = calculated.map(|calculated| calculated.outlook).unwrap_or_default();
        book.calculated = calculated.unwrap_or(book.calculated);
        let running = account.running();
        let start = reading.time.div_euclid(QUARTER) * QUARTER;
        // Of a quarter-hour whose beginning was not measured, what is known since. What counts from an earlier
        // border belongs to nobody yet.
        let known = running.since_within(start..start + QUARTER);
        let quarter = RunningQuarter {
            start,
            end: start + QUARTER,
            energy_import_wh: known.import,
            energy_export_wh: known.export,
            complete: running.complete && running.start == start,
            outlook,
        };
        (quarter, book.calculated, devices)
    }
}

impl Book {
    fn new(resumed: Resumed, settings: Settings) -> Self {
        Self {
            resumed,
            calculator: Calculator::new(settings),
            calculated: Calculated::default(),
            day: (0, 0),
            month: (0, 0),
            terms: Terms::NONE,
            devices: Devices::default(),
        }
    }

    /// Day and month of a reading, and what the contract says then. Calendar and contract are asked once a day.
    fn turn(&mut self, calendar: &Calendar, contract: Option<&Contract>, time: i64) {
        if !(self.day.0..self.day.1).contains(&time) {
            self.day = calendar.day(time);
            self.month = calendar.month(time);
            self.terms = contract.map(|contract| contract.terms(time)).unwrap_or_default();
        }
    }
}

/// The number that the account knows an equipment by. The store numbers from 1 upwards, so a new one gets
/// a number below.
fn number(segments: &mut Vec<(String, i64)>, equipment: &str) -> i64 {
    if let Some((_, number)) = segments.iter().find(|(known, _)| known == equipment) {
        return *number;
    }
    let number = -1 - segments.len() as i64;
    segments.push((equipment.to_string(), number));
    number
}
