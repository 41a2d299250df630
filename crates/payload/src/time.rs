//! Time: seconds as dates, and dates as texts.

use core::fmt;

use smarty_p1::{Civil, Season};

/// When a message speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// UTC seconds since 1970.
    pub utc: i64,
    /// Seconds that the zone is ahead of UTC at that moment: 3600 in a Luxembourg winter.
    pub offset: i32,
    /// Local date and time of day, as the meter says it.
    pub local: Civil,
    /// The letter behind the meter's time, where it has one.
    pub season: Option<Season>,
}

impl Clock {
    /// A moment of which only UTC and the offset are known.
    pub const fn at(utc: i64, offset: i32) -> Self {
        Self { utc, offset, local: civil(utc.saturating_add(offset as i64)), season: None }
    }

    /// `2026-11-23T01:13:10+01:00`.
    pub const fn rfc3339(self) -> impl fmt::Display {
        Rfc3339 { utc: self.utc, offset: self.offset }
    }
}

/// The date and time of day, so many seconds after 1970-01-01 00:00. Years beyond 1970–9999 are cut to them.
pub(crate) const fn civil(seconds: i64) -> Civil {
    const LAST: i64 = 253_402_300_799;
    let seconds = if seconds < 0 {
        0
    } else if seconds > LAST {
        LAST
    } else {
        seconds
    };
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    // The inverse of `Civil::seconds`: years that begin in March (Howard Hinnant's algorithm).
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + (month <= 2) as i64;
    Civil {
        year: year as u16,
        month: month as u8,
        day: (of_year - (153 * month_from_march + 2) / 5 + 1) as u8,
        hour: (of_day / 3600) as u8,
        minute: (of_day / 60 % 60) as u8,
        second: (of_day % 60) as u8,
    }
}

/// `2026-11-23T01:13:10`: ISO 8601 without a zone.
#[derive(Clone, Copy)]
pub(crate) struct Iso(pub(crate) Civil);

impl fmt::Display for Iso {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day, hour, minute, second } = self.0;
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
    }
}

/// `2026-11-23T01:13:10+01:00`.
#[derive(Clone, Copy)]
pub(crate) struct Rfc3339 {
    pub(crate) utc: i64,
    pub(crate) offset: i32,
}

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.offset.unsigned_abs() / 60 % 1440;
        let sign = if self.offset < 0 { '-' } else { '+' };
        let local = civil(self.utc.saturating_add(i64::from(self.offset)));
        write!(f, "{}{sign}{:02}:{:02}", Iso(local), minutes / 60, minutes % 60)
    }
}

/// `2026-11-23T00:13:10Z`, as Django writes UTC.
#[derive(Clone, Copy)]
pub(crate) struct Zulu(pub(crate) i64);

impl fmt::Display for Zulu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}Z", Iso(civil(self.0)))
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::string::ToString;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_moments() {
        // date -u -d @1795391990 +%FT%TZ
        assert_eq!(Zulu(1_795_391_990).to_string(), "2026-11-22T23:59:50Z");
        assert_eq!(Rfc3339 { utc: 1_795_391_990, offset: 3600 }.to_string(), "2026-11-23T00:59:50+01:00");
        assert_eq!(Rfc3339 { utc: 86_400, offset: -12_600 }.to_string(), "1970-01-01T20:30:00-03:30");
        assert_eq!(Rfc3339 { utc: 951_782_400, offset: 0 }.to_string(), "2000-02-29T00:00:00+00:00");
    }

    proptest! {
        #[test]
        fn a_date_is_the_seconds_it_came_from(seconds in 0_i64..253_402_300_800) {
            prop_assert_eq!(civil(seconds).seconds(), seconds);
        }
    }
}
