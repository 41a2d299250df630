//! Record: an entry of the accounts as bytes. Numbers are written as short as they are, so a usual quarter-hour has 40 bytes;
//! none that the accounts can make is too long for [`LONGEST`].

use smarty_ledger::{Energies, Entry, Extent, Gap, PowerSpread, QuarterHour, Reason, Register};

/// Bytes: two of kind and flags, and at most eleven numbers of ten bytes each.
pub const LONGEST: usize = 2 + 11 * 10;

const QUARTER: u8 = 1;
const GAP: u8 = 2;
const COMPLETE: u8 = 1 << 4;
const POWER: u8 = 1 << 5;
const VOLTAGE: u8 = 1 << 6;

const REASONS: [Reason; 5] = [Reason::NoTelegrams, Reason::Start, Reason::Swap, Reason::Reset, Reason::ClockSetBack];

/// Writes an entry; answers how many bytes it has.
pub fn write(entry: &Entry, bytes: &mut [u8; LONGEST]) -> usize {
    let mut writer = Writer { bytes, length: 2 };
    let (kind, flags) = match entry {
        Entry::Quarter(quarter) => {
            writer.number(quarter.start);
            let flags = writer.energies(&quarter.energies);
            if let Some(power) = quarter.power_net {
                writer.number(power.min);
                writer.number(power.max);
                writer.number(power.sum);
                writer.number(power.count.into());
            }
            if let Some(voltage) = quarter.voltage {
                writer.number(voltage.min);
                writer.number(voltage.max);
            }
            writer.number(quarter.telegrams.into());
            let flag = |is: bool, bit: u8| if is { bit } else { 0 };
            let more = flag(quarter.complete, COMPLETE)
                | flag(quarter.power_net.is_some(), POWER)
                | flag(quarter.voltage.is_some(), VOLTAGE);
            (QUARTER, flags | more)
        }
        Entry::Gap(gap) => {
            writer.number(gap.start);
            writer.number(gap.end);
            let flags = writer.energies(&gap.energies);
            let reason = REASONS.iter().position(|reason| *reason == gap.reason).unwrap_or(0);
            writer.number(reason as i64);
            (GAP, flags)
        }
    };
    let length = writer.length;
    bytes[0] = kind;
    bytes[1] = flags;
    length
}

/// Reads an entry back. `None`: it is none.
pub fn read(bytes: &[u8]) -> Option<Entry> {
    let [kind, flags, rest @ ..] = bytes else { return None };
    let mut reader = Reader(rest);
    match *kind {
        QUARTER => {
            let start = reader.number()?;
            let energies = reader.energies(*flags)?;
            let power_net = if flags & POWER == 0 {
                None
            } else {
                Some(PowerSpread {
                    min: reader.number()?,
                    max: reader.number()?,
                    sum: reader.number()?,
                    count: reader.number()?.try_into().ok()?,
                })
            };
            let voltage =
                if flags & VOLTAGE == 0 { None } else { Some(Extent { min: reader.number()?, max: reader.number()? }) };
            let telegrams = reader.number()?.try_into().ok()?;
            let complete = flags & COMPLETE != 0;
            Some(Entry::Quarter(QuarterHour { start, energies, complete, power_net, voltage, telegrams }))
        }
        GAP => {
            let (start, end) = (reader.number()?, reader.number()?);
            let energies = reader.energies(*flags)?;
            let reason = *REASONS.get(usize::try_from(reader.number()?).ok()?)?;
            Some(Entry::Gap(Gap { start, end, energies, reason }))
        }
        _ => None,
    }
}

struct Writer<'a> {
    bytes: &'a mut [u8; LONGEST],
    length: usize,
}

impl Writer<'_> {
    /// Seven bits a byte, the lowest first; small negative numbers are short, too.
    fn number(&mut self, number: i64) {
        let mut rest = (number << 1 ^ number >> 63) as u64;
        loop {
            let more = if rest >= 0x80 { 0x80 } else { 0 };
            self.bytes[self.length] = (rest & 0x7F) as u8 | more;
            self.length += 1;
            rest >>= 7;
            if rest == 0 {
                return;
            }
        }
    }

    /// Those that are known; which, the answer says, a bit each.
    fn energies(&mut self, energies: &Energies) -> u8 {
        let mut known = 0;
        for register in Register::ALL {
            if let Some(energy) = energies.get(register) {
                self.number(energy);
                known |= 1 << register as u8;
            }
        }
        known
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn number(&mut self) -> Option<i64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7F).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some((number >> 1) as i64 ^ -((number & 1) as i64));
            }
        }
        None
    }

    fn energies(&mut self, known: u8) -> Option<Energies> {
        let mut energies = Energies::UNKNOWN;
        for register in Register::ALL {
            if known >> register as u8 & 1 == 1 {
                energies.set(register, Some(self.number()?));
            }
        }
        Some(energies)
    }
}
