//! The account, the calculator and the books of devices as bytes, so that a restart loses nothing. Little-endian, fixed size, versioned.

use crate::account::Account;
use crate::calculated::CLASSES;
use crate::calculator::Calculator;
use crate::device::{Device, DeviceSum};
use crate::entry::Reason;
use crate::period::Period;
use crate::run::{Anchor, Point, Run};
use crate::sample::Register;
use crate::settings::Settings;
use crate::tally::{Extent, PowerSpread, Tally};

/// The bytes are no account, no calculator and no device, of a version that this program knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownState;

impl core::fmt::Display for UnknownState {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the saved state is damaged or from a newer version of this program")
    }
}

impl core::error::Error for UnknownState {}

const VERSION: u8 = 2;
const RUN: usize = 1 + 6 * 8;
/// Without the time at which a run began.
const RUN_1: usize = 1 + 5 * 8;
/// Beside the code of a reason: the run is torn.
const TORN: u8 = 0x80;
const TALLY: usize = 8 + 4 + 3 * 8 + 4 + 2 * 8;

impl Account {
    /// The length of [`Account::to_bytes`].
    pub const BYTES: usize = 3 + 4 * 8 + TALLY + Register::COUNT * RUN;

    /// The whole state but the margin, which is a setting.
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut writer = Writer::<{ Self::BYTES }>::new();
        let tally = self.tally.unwrap_or(Tally::new(0));
        let flags = u8::from(self.last.is_some())
            | u8::from(self.tally.is_some()) << 1
            | u8::from(tally.power_net.is_some()) << 2
            | u8::from(tally.voltage.is_some()) << 3;
        writer.put([VERSION, flags, self.renew]);
        writer.long(self.last.unwrap_or(0));
        writer.long(self.segment);
        writer.long(self.late as i64);
        writer.long(self.resets as i64);
        writer.long(tally.start);
        writer.put(tally.telegrams.to_le_bytes());
        let power = tally.power_net.unwrap_or(PowerSpread { min: 0, max: 0, sum: 0, count: 0 });
        writer.long(power.min);
        writer.long(power.max);
        writer.long(power.sum);
        writer.put(power.count.to_le_bytes());
        let voltage = tally.voltage.unwrap_or(Extent { min: 0, max: 0 });
        writer.long(voltage.min);
        writer.long(voltage.max);
        for (run, booked) in self.runs.iter().zip(self.booked) {
            let torn = if run.is_some_and(|run| run.torn) { TORN } else { 0 };
            writer.put([run.map_or(0, |run| 1 + reason_code(run.anchor.began)) | torn]);
            let run = run.unwrap_or(Run::begin(Point { time: 0, value: 0 }, true, Reason::Start));
            let (anchor, last) = (run.anchor.at, run.last);
            for number in [anchor.time, anchor.value, last.time, last.value, booked, run.began] {
                writer.long(number);
            }
        }
        writer.bytes
    }

    /// The state as it was, with a margin as in [`Account::new`].
    ///
    /// # Errors
    /// [`UnknownState`] for what [`Account::to_bytes`] of this version and the one before has not written.
    pub fn from_bytes(bytes: &[u8], margin_s: u16) -> Result<Self, UnknownState> {
        const BYTES_1: usize = Account::BYTES - Register::COUNT * (RUN - RUN_1);
        let old = bytes.first() == Some(&1);
        let mut reader = if old { Reader::new(bytes, BYTES_1, 1)? } else { Reader::new(bytes, Self::BYTES, VERSION)? };
        let [flags, renew] = reader.take()?;
        let mut account = Self::new(margin_s);
        account.renew = renew;
        account.last = Some(reader.long()?).filter(|_| flags & 1 != 0);
        account.segment = reader.long()?;
        account.late = reader.long()? as u64;
        account.resets = reader.long()? as u64;
        let mut tally = Tally::new(reader.long()?);
        tally.telegrams = u32::from_le_bytes(reader.take()?);
        let power = PowerSpread {
            min: reader.long()?,
            max: reader.long()?,
            sum: reader.long()?,
            count: u32::from_le_bytes(reader.take()?),
        };
        tally.power_net = Some(power).filter(|_| flags & 4 != 0);
        let voltage = Extent { min: reader.long()?, max: reader.long()? };
        tally.voltage = Some(voltage).filter(|_| flags & 8 != 0);
        account.tally = Some(tally).filter(|_| flags & 2 != 0);
        for index in 0..Register::COUNT {
            let [code] = reader.take()?;
            let anchor = Point { time: reader.long()?, value: reader.long()? };
            let last = Point { time: reader.long()?, value: reader.long()? };
            account.booked[index] = reader.long()?;
            // An older state does not say it: the run began at the latest where it was closed last.
            let began = if old { anchor.time } else { reader.long()? };
            account.runs[index] = match code & !TORN {
                0 => None,
                code_of_reason => Some(Run {
                    began,
                    anchor: Anchor { at: anchor, began: reason(code_of_reason - 1)? },
                    last,
                    torn: code & TORN != 0,
                }),
            };
        }
        Ok(account)
    }
}

const CALCULATOR_VERSION: u8 = 2;
const PERIOD: usize = 8 + 4 + CLASSES * 8;

impl Calculator {
    /// The length of [`Calculator::to_bytes`].
    pub const BYTES: usize = 2 + 2 * PERIOD + 2 * 8 + CLASSES * 5;

    /// Day and month; the windows fill again by themselves. To be saved together with the account's bytes,
    /// after the same reading: an entry that one of them has and the other does not would be lost or count twice.
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut writer = Writer::<{ Self::BYTES }>::new();
        let (import, export) = (self.day_energies.import, self.day_energies.export);
        let flags = u8::from(import.is_some()) | u8::from(export.is_some()) << 1;
        writer.put([CALCULATOR_VERSION, flags]);
        writer.period(&self.day);
        writer.period(&self.month);
        writer.long(import.unwrap_or(0));
        writer.long(export.unwrap_or(0));
        // What the exceedance was summed up for.
        for reference in self.settings.references {
            writer.put([u8::from(reference.is_some())]);
            writer.put(reference.map_or(0, |reference| reference.power_w).to_le_bytes());
        }
        writer.bytes
    }

    /// The state as it was, with settings as in [`Calculator::new`]. The exceedance over a reference power that was
    /// not set before begins at 0; where that leaves something out, the day and the month are not complete.
    ///
    /// # Errors
    /// [`UnknownState`] for what [`Calculator::to_bytes`] of this version has not written.
    pub fn from_bytes(bytes: &[u8], settings: Settings) -> Result<Self, UnknownState> {
        let mut reader = Reader::new(bytes, Self::BYTES, CALCULATOR_VERSION)?;
        let [flags] = reader.take()?;
        let (day, month) = (reader.period()?, reader.period()?);
        let mut calculator = Self::new(settings);
        calculator.day_energies.import = Some(reader.long()?).filter(|_| flags & 1 != 0);
        calculator.day_energies.export = Some(reader.long()?).filter(|_| flags & 2 != 0);
        let mut known = [None; CLASSES];
        for power in &mut known {
            let [present] = reader.take()?;
            *power = Some(u32::from_le_bytes(reader.take()?)).filter(|_| present != 0);
        }
        let place = |power: u32| known.iter().position(|&before| before == Some(power));
        let places = settings.references.map(|reference| place(reference?.power_w));
        let lost = settings.references.iter().flatten().any(|reference| place(reference.power_w).is_none());
        calculator.day = day.rearranged(&places, lost);
        calculator.month = month.rearranged(&places, lost);
        Ok(calculator)
    }
}

const DEVICE_VERSION: u8 = 1;

impl Device {
    /// The length of [`Device::to_bytes`].
    pub const BYTES: usize = 2 + 5 * 8 + 5 * 8;

    /// The whole state.
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut writer = Writer::<{ Self::BYTES }>::new();
        let torn = if self.run.is_some_and(|run| run.torn) { TORN } else { 0 };
        writer.put([DEVICE_VERSION, self.run.map_or(0, |run| 1 + reason_code(run.anchor.began)) | torn]);
        let run = self.run.unwrap_or(Run::begin(Point { time: 0, value: 0 }, true, Reason::Start));
        let (anchor, last) = (run.anchor.at, run.last);
        for number in [anchor.time, anchor.value, last.time, last.value, run.began, self.day.0, self.day.1] {
            writer.long(number);
        }
        for interval in self.intervals {
            writer.long(interval);
        }
        writer.bytes
    }

    /// The state as it was.
    ///
    /// # Errors
    /// [`UnknownState`] for what [`Device::to_bytes`] of this version has not written.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, UnknownState> {
        let mut reader = Reader::new(bytes, Self::BYTES, DEVICE_VERSION)?;
        let [code] = reader.take()?;
        let at = Point { time: reader.long()?, value: reader.long()? };
        let last = Point { time: reader.long()?, value: reader.long()? };
        let began = reader.long()?;
        let run = match code & !TORN {
            0 => None,
            code_of_reason => {
                let anchor = Anchor { at, began: reason(code_of_reason - 1)? };
                Some(Run { began, anchor, last, torn: code & TORN != 0 })
            }
        };
        let day = (reader.long()?, reader.long()?);
        Ok(Self { run, day, intervals: [reader.long()?, reader.long()?, reader.long()?] })
    }
}

impl DeviceSum {
    /// The length of [`DeviceSum::to_bytes`].
    pub const BYTES: usize = 2 + 2 * 8;

    /// The whole state.
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut writer = Writer::<{ Self::BYTES }>::new();
        writer.put([DEVICE_VERSION, u8::from(self.closed.is_some())]);
        writer.long(self.start);
        writer.long(self.closed.unwrap_or(0));
        writer.bytes
    }

    /// The state as it was.
    ///
    /// # Errors
    /// [`UnknownState`] for what [`DeviceSum::to_bytes`] of this version has not written.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, UnknownState> {
        let mut reader = Reader::new(bytes, Self::BYTES, DEVICE_VERSION)?;
        let [known] = reader.take()?;
        Ok(Self { start: reader.long()?, closed: Some(reader.long()?).filter(|_| known != 0) })
    }
}

const fn reason_code(reason: Option<Reason>) -> u8 {
    match reason {
        None => 0,
        Some(Reason::NoTelegrams) => 1,
        Some(Reason::Start) => 2,
        Some(Reason::Swap) => 3,
        Some(Reason::Reset) => 4,
        Some(Reason::ClockSetBack) => 5,
    }
}

const fn reason(code: u8) -> Result<Option<Reason>, UnknownState> {
    Ok(match code {
        0 => None,
        1 => Some(Reason::NoTelegrams),
        2 => Some(Reason::Start),
        3 => Some(Reason::Swap),
        4 => Some(Reason::Reset),
        5 => Some(Reason::ClockSetBack),
        _ => return Err(UnknownState),
    })
}

struct Writer<const SIZE: usize> {
    bytes: [u8; SIZE],
    at: usize,
}

impl<const SIZE: usize> Writer<SIZE> {
    const fn new() -> Self {
        Self { bytes: [0; SIZE], at: 0 }
    }

    fn put<const N: usize>(&mut self, part: [u8; N]) {
        self.bytes[self.at..self.at + N].copy_from_slice(&part);
        self.at += N;
    }

    fn long(&mut self, number: i64) {
        self.put(number.to_le_bytes());
    }

    fn period(&mut self, period: &Period) {
        self.long(period.start);
        self.put(period.complete.to_le_bytes());
        for excess in period.excess {
            self.long(excess);
        }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// What has this size and begins with this version; the reader stands behind it.
    fn new(bytes: &'a [u8], size: usize, version: u8) -> Result<Self, UnknownState> {
        match bytes.split_first() {
            Some((&first, rest)) if first == version && bytes.len() == size => Ok(Self { rest }),
            _ => Err(UnknownState),
        }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], UnknownState> {
        let (part, rest) = self.rest.split_first_chunk().ok_or(UnknownState)?;
        self.rest = rest;
        Ok(*part)
    }

    fn long(&mut self) -> Result<i64, UnknownState> {
        self.take().map(i64::from_le_bytes)
    }

    fn period(&mut self) -> Result<Period, UnknownState> {
        let mut period = Period::new(self.long()?);
        period.complete = u32::from_le_bytes(self.take()?);
        for excess in &mut period.excess {
            *excess = self.long()?;
        }
        Ok(period)
    }
}
