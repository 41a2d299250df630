//! Books: the accounts of the meter, the same as the daemon's: quarter-hours, day and month, and what follows from them.

use core::fmt::Write as _;

use heapless::{String, Vec};
use smarty_ledger::{
    Account, Calculated, Calculator, Entry, Moment, Outcome, QUARTER, Reference, Settings as LedgerSettings, Terms,
};
use smarty_p1::{MBUS, Medium, Quantity, Reading, Telegram, Timestamp, Values, hex_text};
use smarty_payload::RunningQuarter;

use crate::devices::{Devices, LONGEST_STATE};
use crate::intake::Arrival;
use crate::latest::{Latest, segment};
use crate::settings::{Name, Settings};
use crate::zone::Zone;

/// A reading counts for a border at most this long after it, s. As in the daemon.
pub const MARGIN_S: u16 = 30;
/// A time in a telegram that is further ahead of it is none, s.
const TOO_FAR: i64 = 30 * 86_400;

/// The books of one meter.
pub struct Books {
    zone: Zone,
    terms: Terms,
    account: Account,
    calculator: Calculator,
    calculated: Calculated,
    day: (i64, i64),
    month: i64,
    devices: Devices,
}

impl Books {
    /// By these settings, going on with this account and these devices.
    #[inline(never)]
    pub fn new(settings: &Settings, account: Account, devices: Devices) -> Self {
        let given = |name| settings.given(name).map(|_| settings.number(name));
        let terms = Terms {
            reference_w: given(Name::ReferencePower),
            price_micro_euro: given(Name::ExceedancePrice).map(i64::from),
        };
        // The first SmartyReader's three classes.
        let reference = |power_w| Some(Reference { power_w, price_micro_euro: None });
        let ledger = LedgerSettings {
            window_minutes: settings.number(Name::WindowMinutes) as u8,
            references: [reference(3000), reference(7000), reference(12_000)],
        };
        let mut books = Self {
            zone: settings.zone(),
            terms,
            account,
            calculator: Calculator::new(ledger),
            calculated: Calculated::default(),
            day: (0, 0),
            month: 0,
            devices,
        };
        if let Some(last) = books.account.last_time() {
            books.turn(last);
        }
        books
    }

    /// From when on [`Books::seed`] wants the entries that the account has closed before: the day or the month began then.
    pub fn wants_since(&self) -> i64 {
        self.day.0.min(self.month)
    }

    /// Sums up day and month from what was written down before a restart.
    pub fn seed(&mut self, entries: impl IntoIterator<Item = Entry>) {
        self.calculator.seed(self.day.0, self.month, entries);
    }

    /// The account, to be remembered.
    pub const fn account(&self) -> &Account {
        &self.account
    }

    /// The devices, to be remembered, if something of them has changed.
    pub fn device_changes(&mut self) -> Option<Vec<u8, LONGEST_STATE>> {
        self.devices.changes()
    }

    /// Books a telegram, and answers whether its time was new: what is closed by it goes to `emit`, what is known now into `latest`.
    pub fn take(&mut self, arrival: &Arrival<'_>, latest: &mut Latest, emit: impl FnMut(Entry)) -> Outcome {
        let Arrival { telegram, reading, time, title, vouched, .. } = arrival;
        self.turn(*time);
        let mut values = reading.values;
        self.add_times(&mut values, reading, *time);
        latest.equipment = equipment(reading, *title, telegram);
        latest.devices = self.devices.take(*time, &values, reading, self.zone, (self.day.0, self.month));
        let gas = latest.devices.iter().flatten().find(|device| device.measure.medium == Medium::Gas);
        let moment = Moment {
            time: *time,
            segment: segment(&latest.equipment),
            day_start: self.day.0,
            month_start: self.month,
            values: &values,
            gas_dm3: gas.map(|gas| gas.value),
            day_gas_dm3: gas.and_then(|gas| gas.day),
            terms: self.terms,
        };
        let calculated = self.calculator.feed(&mut self.account, &moment, emit);
        let outlook = calculated.map(|calculated| calculated.outlook).unwrap_or_default();
        let outcome = if calculated.is_some() { Outcome::Booked } else { Outcome::Late };
        self.calculated = calculated.unwrap_or(self.calculated);
        let running = self.account.running();
        let start = time.div_euclid(QUARTER) * QUARTER;
        let known = running.since_within(start..start + QUARTER);
        latest.quarter = Some(RunningQuarter {
            start,
            end: start + QUARTER,
            energy_import_wh: known.import,
            energy_export_wh: known.export,
            complete: running.complete && running.start == start,
            outlook,
        });
        latest.number = latest.number.wrapping_add(1);
        latest.time = *time;
        latest.values = values;
        latest.vouched = *vouched;
        latest.calculated = self.calculated;
        latest.text.clear();
        // A text that is too long is left out whole.
        let _ = latest.text.extend_from_slice(telegram.text());
        outcome
    }

    fn turn(&mut self, time: i64) {
        if !(self.day.0..self.day.1).contains(&time) {
            self.day = self.zone.day(time);
            self.month = self.zone.month(time);
        }
    }

    /// The times that stand inside other objects, as UTC like every other time.
    fn add_times(&self, values: &mut Values, reading: &Reading<'_>, now: i64) {
        let mut add = |quantity, stamp: Option<Timestamp>| {
            let time = self.zone.resolve(stamp, None);
            if let Some(time) = time.filter(|time| time.saturating_sub(now) <= TOO_FAR) {
                values.set(quantity, time);
            }
        };
        for (device, channel) in reading.mbus.iter().zip(MBUS) {
            add(channel.time, device.capture_time);
        }
        add(Quantity::DemandImportMonthPeakTime, reading.month_peak_time);
    }
}

/// What names the meter: its device name, its identifier, its system title, its first line.
fn equipment(reading: &Reading<'_>, title: Option<[u8; 8]>, telegram: &Telegram<'_>) -> String<64> {
    let mut text = String::new();
    let mut buffer = [0; 64];
    match (reading.identity(), title) {
        (Some(identity), _) => match hex_text(identity, &mut buffer) {
            Some(name) => {
                let _ = text.push_str(name.trim());
            }
            None => push_lossy(&mut text, identity),
        },
        (None, Some(title)) => title.iter().for_each(|byte| {
            let _ = write!(text, "{byte:02X}");
        }),
        (None, None) => push_lossy(&mut text, telegram.identification()),
    }
    text
}

/// What is no UTF-8 becomes a replacement character; what does not fit is cut.
pub(crate) fn push_lossy(text: &mut String<64>, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        let replaced = if chunk.invalid().is_empty() { None } else { Some(char::REPLACEMENT_CHARACTER) };
        for character in chunk.valid().chars().chain(replaced) {
            if text.push(character).is_err() {
                return;
            }
        }
    }
}
