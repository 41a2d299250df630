//! Zone: local time by one rule, that of the European Union: summer time from the last Sunday of March to the last Sunday of
//! October, both at 01:00 UTC (directive 2000/84/EC). All countries whose meters are read here have it.

use smarty_p1::{Civil, Season};
use smarty_payload::Clock;

const DAY: i64 = 86_400;
const SUMMER: i32 = 3600;

/// A time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Without summer time, seconds east of UTC.
    pub standard: i32,
}

impl Zone {
    /// Of this many minutes east of UTC without summer time.
    pub const fn of_minutes(minutes: u32) -> Self {
        Self { standard: minutes as i32 * 60 }
    }

    /// Seconds east of UTC at a moment.
    pub fn offset(self, utc: i64) -> i32 {
        self.standard + if is_summer(utc) { SUMMER } else { 0 }
    }

    /// A moment as messages have it.
    pub fn clock(self, utc: i64) -> Clock {
        let season = if is_summer(utc) { Season::Summer } else { Season::Winter };
        Clock { season: Some(season), ..Clock::at(utc, self.offset(utc)) }
    }

    /// UTC of a local time that was told without its letter. In the hour that comes twice the order decides: `last` is
    /// the time of the telegram before.
    pub fn utc(self, local: Civil, last: Option<i64>) -> i64 {
        let winter = local.seconds() - i64::from(self.standard);
        let summer = winter - i64::from(SUMMER);
        match (is_summer(summer), is_summer(winter)) {
            // Both are possible: it is October, and the earlier is the one of summer.
            (true, false) if last.is_some_and(|last| last > summer) => winter,
            (true, _) => summer,
            _ => winter,
        }
    }

    /// The local day around a moment: its first second, and the first of the next.
    pub fn day(self, utc: i64) -> (i64, i64) {
        let midnight = |day: i64| self.midnight(day);
        let day = (utc + i64::from(self.offset(utc))).div_euclid(DAY);
        (midnight(day), midnight(day + 1))
    }

    /// The local month around a moment: its first second.
    pub fn month(self, utc: i64) -> i64 {
        let first = Civil { day: 1, hour: 0, minute: 0, second: 0, ..self.clock(utc).local };
        self.midnight(first.seconds().div_euclid(DAY))
    }

    /// The first second of a local day, counted from 1970-01-01. The clocks never change at midnight, so the offset
    /// in force there is the one of the moment itself.
    fn midnight(self, day: i64) -> i64 {
        let winter = day * DAY - i64::from(self.standard);
        winter - if is_summer(winter - i64::from(SUMMER)) { i64::from(SUMMER) } else { 0 }
    }
}

/// Whether summer time is in force.
fn is_summer(utc: i64) -> bool {
    let year = Clock::at(utc, 0).local.year;
    (change(year, 3)..change(year, 10)).contains(&utc)
}

/// 01:00 UTC on the last Sunday of a month of 31 days.
fn change(year: u16, month: u8) -> i64 {
    let last = Civil { year, month, day: 31, hour: 1, minute: 0, second: 0 }.seconds();
    // 1970-01-01 was a Thursday.
    let since_sunday = (last.div_euclid(DAY) + 4).rem_euclid(7);
    last - since_sunday * DAY
}

#[cfg(test)]
mod tests {
    use super::*;

    const LUXEMBOURG: Zone = Zone::of_minutes(60);

    proptest::proptest! {
        /// A zone database says the same of every moment of a hundred years.
        #[test]
        fn as_the_zone_database(utc in 946_684_800_i64..4_102_444_800) {
            let zone = jiff::tz::TimeZone::get("Europe/Luxembourg").unwrap();
            let zoned = jiff::Timestamp::from_second(utc).unwrap().to_zoned(zone);
            proptest::prop_assert_eq!(LUXEMBOURG.offset(utc), zoned.offset().seconds());
            let day = zoned.start_of_day().unwrap();
            let next = zoned.date().tomorrow().unwrap().to_zoned(zoned.time_zone().clone()).unwrap();
            let seconds = |zoned: &jiff::Zoned| zoned.timestamp().as_second();
            proptest::prop_assert_eq!(LUXEMBOURG.day(utc), (seconds(&day), seconds(&next)));
            let month = zoned.date().first_of_month().to_zoned(zoned.time_zone().clone()).unwrap();
            proptest::prop_assert_eq!(LUXEMBOURG.month(utc), seconds(&month));
            proptest::prop_assert_eq!(LUXEMBOURG.utc(LUXEMBOURG.clock(utc).local, Some(utc - 10)), utc);
        }
    }

    #[test]
    fn the_hour_that_comes_twice() {
        // 02:30 on 25 October 2026 is twice: 00:30 and 01:30 UTC.
        let local = Civil { year: 2026, month: 10, day: 25, hour: 2, minute: 30, second: 0 };
        let first = LUXEMBOURG.utc(local, None);
        assert_eq!(LUXEMBOURG.utc(local, Some(first + 10)), first + 3600);
        assert_eq!(LUXEMBOURG.day(first), (first - 9000, first - 9000 + 25 * 3600));
    }
}
