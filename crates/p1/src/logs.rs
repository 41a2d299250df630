//! Logs inside a line: power failures (`1-0:99.97.0`) and Belgian month peaks (`0-0:98.1.0`).

use crate::fixed::Fixed;
use crate::object::CosemObject;
use crate::quantity::Unit;
use crate::timestamp::Timestamp;

/// One long power failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerFailure {
    /// When it ended.
    pub end: Timestamp,
    /// How long it lasted. Real meters send 2147483647 as a filler and even more.
    pub seconds: i64,
}

/// The entries of a power-failure log, newest first, by what is there and not by the count that the line claims.
#[derive(Clone, Copy, Debug)]
pub struct FailureLog<'a>(pub(crate) CosemObject<'a>);

impl<'a> FailureLog<'a> {
    /// Reads entry after entry; a pair that is no entry is left out.
    pub fn entries(&self) -> impl Iterator<Item = PowerFailure> + use<'a> {
        // (count)(0-0:96.7.19)(time)(seconds)(time)(seconds)…
        pairs(self.0, 2).filter_map(|(time, value)| {
            Some(PowerFailure { end: Timestamp::parse(time)?, seconds: Fixed::parse(value)?.in_unit(Unit::One)? })
        })
    }
}

/// The month peaks of a Belgian meter, which grow by one entry a month.
#[derive(Clone, Copy, Debug)]
pub struct MonthPeaks<'a>(pub(crate) CosemObject<'a>);

impl<'a> MonthPeaks<'a> {
    /// When each peak was, and how high in W. The line has (count)(code)(code) and then three groups for each month.
    pub fn entries(&self) -> impl Iterator<Item = (Timestamp, i64)> + use<'a> {
        let mut groups = self.0.groups().skip(3);
        core::iter::from_fn(move || {
            let _month = groups.next()?;
            Some((groups.next()?, groups.next()?))
        })
        .filter_map(|(time, value)| Some((Timestamp::parse(time)?, Fixed::parse(value)?.in_unit(Unit::Watt)?)))
    }
}

fn pairs(object: CosemObject<'_>, skip: usize) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut groups = object.groups().skip(skip);
    core::iter::from_fn(move || Some((groups.next()?, groups.next()?)))
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    #[test]
    fn failures_with_a_filler_entry_and_beyond_31_bits() {
        let line = b"1-0:99.97.0(2)(0-0:96.7.19)(000101000001W)(2147483647*s)(150917173024S)(2317482647*s)";
        let log = FailureLog(CosemObject::parse(line).unwrap());
        let seconds: Vec<i64> = log.entries().map(|failure| failure.seconds).collect();
        assert_eq!(seconds, [2_147_483_647, 2_317_482_647]);
        for empty in ["1-0:99.97.0()", "1-0:99.97.0(0)(0-0:96.7.19)"] {
            let log = FailureLog(CosemObject::parse(empty.as_bytes()).unwrap());
            assert_eq!(log.entries().count(), 0);
        }
    }

    #[test]
    fn month_peaks() {
        let line = b"0-0:98.1.0(2)(1-0:1.6.0)(1-0:1.6.0)(230201000000W)(230117224500W)(04.329*kW)(230202000000W)(230202001500W)(04.529*kW)";
        let peaks: Vec<i64> = MonthPeaks(CosemObject::parse(line).unwrap()).entries().map(|(_, watt)| watt).collect();
        assert_eq!(peaks, [4329, 4529]);
    }
}
