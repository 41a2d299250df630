//! Record: a quarter-hour in 24 bytes. What reads it at the other end is `docs/lorawan-decoder.js`.

use smarty_ledger::QuarterHour;
use smarty_p1::{Quantity, Values};

/// Bytes of a [`record`].
pub const RECORD: usize = 24;
/// The layout that a receiver reads from the first byte.
const LAYOUT: u8 = 1;
/// LoRaWAN port of the record, as the sketch's.
pub const PORT: u8 = 1;

const COMPLETE: u8 = 1;
const IMPORT: u8 = 1 << 1;
const EXPORT: u8 = 1 << 2;
const IMPORT_TOTAL: u8 = 1 << 3;
const EXPORT_TOTAL: u8 = 1 << 4;
const HIGHEST: u8 = 1 << 5;

/// A quarter-hour, all numbers with their highest byte first:
///
/// | bytes | what |
/// |---|---|
/// | 0 | layout, 1 |
/// | 1 | flags: 1 complete; known are 2 import, 4 export, 8 import register, 16 export register, 32 highest power |
/// | 2–5 | its start, UTC seconds |
/// | 6–8 | imported, Wh |
/// | 9–11 | exported, Wh |
/// | 12–16 | import register, Wh, when this is sent |
/// | 17–21 | export register, Wh, when this is sent |
/// | 22–23 | highest net power in it, ten W, negative for export |
///
/// What is not known, or does not fit, is 0 and has no flag. Radio loses packets; the registers say what was in between.
pub fn record(quarter: &QuarterHour, now: &Values) -> [u8; RECORD] {
    let mut bytes = [0; RECORD];
    let mut flags = if quarter.complete { COMPLETE } else { 0 };
    bytes[0] = LAYOUT;
    bytes[2..6].copy_from_slice(&u32::try_from(quarter.start).unwrap_or(0).to_be_bytes());
    let mut put = |from: usize, to: usize, value: Option<i64>, flag: u8| {
        let bits = 8 * (to - from) as u32;
        if let Some(value) = value.filter(|value| (0..1 << bits).contains(value)) {
            bytes[from..to].copy_from_slice(&value.to_be_bytes()[8 - (to - from)..]);
            flags |= flag;
        }
    };
    put(6, 9, quarter.energies.import, IMPORT);
    put(9, 12, quarter.energies.export, EXPORT);
    put(12, 17, now.total(Quantity::EnergyImport), IMPORT_TOTAL);
    put(17, 22, now.total(Quantity::EnergyExport), EXPORT_TOTAL);
    if let Some(highest) = quarter.power_net.and_then(|power| i16::try_from(power.max / 10).ok()) {
        bytes[22..].copy_from_slice(&highest.to_be_bytes());
        flags |= HIGHEST;
    }
    bytes[1] = flags;
    bytes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.
    use super::*;
    use crate::lora::values;
    use proptest::prelude::*;
    use smarty_ledger::{Energies, PowerSpread};

    fn quarter(import: Option<i64>, export: Option<i64>, max: i64) -> QuarterHour {
        QuarterHour {
            start: 1_795_392_000,
            energies: Energies { import, export, ..Energies::UNKNOWN },
            complete: true,
            power_net: Some(PowerSpread { min: -10, max, sum: 0, count: 1 }),
            voltage: None,
            telegrams: 90,
        }
    }

    #[test]
    fn the_layout_is_fixed() {
        let bytes = record(&quarter(Some(0x01_0203), Some(5), -4_210), &values(0x01_0203_0405, 7));
        let expected = [1, 0x3f, 0x6b, 0x03, 0x82, 0x00, 1, 2, 3, 0, 0, 5, 1, 2, 3, 4, 5, 0, 0, 0, 0, 7, 0xfe, 0x5b];
        assert_eq!(bytes, expected);
        let unknown = QuarterHour { complete: false, power_net: None, ..quarter(None, None, 0) };
        let bytes = record(&unknown, &Values::EMPTY);
        assert_eq!((bytes[1], &bytes[6..]), (0, &[0; 18][..]));
    }

    proptest! {
        #[test]
        fn what_fits_is_there_and_what_does_not_is_unknown(import: Option<i64>, total: i64, max: i64) {
            let bytes = record(&quarter(import, None, max), &values(total, 0));
            let number = |range: core::ops::Range<usize>| bytes[range].iter().fold(0_i64, |number, byte| number << 8 | i64::from(*byte));
            let known = |flag| bytes[1] & flag != 0;
            prop_assert_eq!(known(IMPORT).then(|| number(6..9)), import.filter(|value| (0..1 << 24).contains(value)));
            prop_assert_eq!(known(IMPORT_TOTAL).then(|| number(12..17)), Some(total).filter(|value| (0..1 << 40).contains(value)));
            prop_assert_eq!(known(HIGHEST), i16::try_from(max / 10).is_ok());
        }
    }
}
