//! The account as bytes, so that a restart loses nothing. Little-endian, fixed size, versioned.

use crate::account::Account;
use crate::entry::Reason;
use crate::run::{Anchor, Point, Run};
use crate::sample::Register;
use crate::tally::{Extent, PowerSpread, Tally};

/// The bytes are not an account of a version that this program knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownState;

impl core::fmt::Display for UnknownState {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the saved account is damaged or from a newer version of this program")
    }
}

impl core::error::Error for UnknownState {}

const VERSION: u8 = 1;
const RUN: usize = 1 + 5 * 8;
const TALLY: usize = 8 + 4 + 3 * 8 + 4 + 2 * 8;

impl Account {
    /// The length of [`Account::to_bytes`].
    pub const BYTES: usize = 3 + 4 * 8 + TALLY + Register::COUNT * RUN;

    /// The whole state but the margin, which is a setting.
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut writer = Writer { bytes: [0; Self::BYTES], at: 0 };
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
            writer.put([run.as_ref().map_or(0, |run| 1 + reason_code(run.anchor.began))]);
            let none = Point { time: 0, value: 0 };
            let (anchor, last) = run.as_ref().map_or((none, none), |run| (run.anchor.at, run.last));
            for number in [anchor.time, anchor.value, last.time, last.value, booked] {
                writer.long(number);
            }
        }
        writer.bytes
    }

    /// The state as it was, with a margin as in [`Account::new`].
    ///
    /// # Errors
    /// [`UnknownState`] for what [`Account::to_bytes`] of this version has not written.
    pub fn from_bytes(bytes: &[u8], margin_s: u16) -> Result<Self, UnknownState> {
        let mut reader = Reader { rest: bytes };
        if bytes.len() != Self::BYTES {
            return Err(UnknownState);
        }
        let [version, flags, renew] = reader.take()?;
        if version != VERSION {
            return Err(UnknownState);
        }
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
            account.runs[index] = match code {
                0 => None,
                code => Some(Run { anchor: Anchor { at: anchor, began: reason(code - 1)? }, last }),
            };
        }
        Ok(account)
    }
}

const fn reason_code(reason: Option<Reason>) -> u8 {
    match reason {
        None => 0,
        Some(Reason::NoTelegrams) => 1,
        Some(Reason::Start) => 2,
        Some(Reason::Swap) => 3,
        Some(Reason::Reset) => 4,
    }
}

const fn reason(code: u8) -> Result<Option<Reason>, UnknownState> {
    Ok(match code {
        0 => None,
        1 => Some(Reason::NoTelegrams),
        2 => Some(Reason::Start),
        3 => Some(Reason::Swap),
        4 => Some(Reason::Reset),
        _ => return Err(UnknownState),
    })
}

struct Writer {
    bytes: [u8; Account::BYTES],
    at: usize,
}

impl Writer {
    fn put<const N: usize>(&mut self, part: [u8; N]) {
        self.bytes[self.at..self.at + N].copy_from_slice(&part);
        self.at += N;
    }

    fn long(&mut self, number: i64) {
        self.put(number.to_le_bytes());
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], UnknownState> {
        let (part, rest) = self.rest.split_first_chunk().ok_or(UnknownState)?;
        self.rest = rest;
        Ok(*part)
    }

    fn long(&mut self) -> Result<i64, UnknownState> {
        self.take().map(i64::from_le_bytes)
    }
}
