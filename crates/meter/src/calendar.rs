//! The meter's calendar: seconds since 1970 to the date and time that a telegram prints.
//!
//! Small integer code of our own instead of a time library, because a meter knows only one rule: the
//! European one, by which the clocks change on the last Sundays of March and October at 01:00 UTC.

/// The seconds of a day.
pub const DAY_S: i64 = 86_400;

/// The letter behind a time stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Season {
    /// `S`: summer time.
    Summer,
    /// `W`: normal time.
    Winter,
}

impl Season {
    /// The letter as a telegram writes it.
    #[must_use]
    pub const fn letter(self) -> u8 {
        match self {
            Self::Summer => b'S',
            Self::Winter => b'W',
        }
    }
}

/// How a meter turns the world's time into the time it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Seconds that normal time is ahead of UTC.
    pub standard_offset_s: i64,
    /// Whether the clock follows the European summer time.
    pub summer_time: bool,
}

impl Zone {
    /// Luxembourg, Austria, Belgium, the Netherlands: CET, and CEST in summer.
    pub const CENTRAL_EUROPE: Self = Self { standard_offset_s: 3600, summer_time: true };
    /// A Nordic meter: CET with the letter `W` all the year round.
    pub const CENTRAL_EUROPE_NORMAL_TIME: Self = Self { standard_offset_s: 3600, summer_time: false };

    /// Whether the clock shows `S` or `W` at this moment.
    #[must_use]
    pub const fn season(self, utc: i64) -> Season {
        if self.summer_time && is_european_summer(utc) { Season::Summer } else { Season::Winter }
    }

    /// Seconds that the clock is ahead of UTC at this moment.
    #[must_use]
    pub const fn offset_s(self, utc: i64) -> i64 {
        match self.season(utc) {
            Season::Summer => self.standard_offset_s + 3600,
            Season::Winter => self.standard_offset_s,
        }
    }

    /// The date and time that the clock shows at this moment.
    #[must_use]
    pub const fn local(self, utc: i64) -> Local {
        let season = self.season(utc);
        let offset = match season {
            Season::Summer => self.standard_offset_s + 3600,
            Season::Winter => self.standard_offset_s,
        };
        let seconds = utc + offset;
        let day_number = seconds.div_euclid(DAY_S);
        let (year, month, day) = civil(day_number);
        Local { day_number, second_of_day: seconds.rem_euclid(DAY_S), year, month, day, season }
    }

    /// The moment at which a day begins on this clock.
    #[must_use]
    pub const fn midnight(self, year: i64, month: i64, day: i64) -> i64 {
        let by_normal_time = days(year, month, day) * DAY_S - self.standard_offset_s;
        // No clock changes at midnight, so the season an hour earlier is the season at midnight.
        match self.season(by_normal_time - 3600) {
            Season::Summer => by_normal_time - 3600,
            Season::Winter => by_normal_time,
        }
    }
}

/// A date and time on a meter's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// Days since 1 January 1970 on this clock.
    pub day_number: i64,
    /// Seconds that the clock shows since midnight; a clock change makes it jump.
    pub second_of_day: i64,
    /// The year, with the century.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
    /// Summer or normal time.
    pub season: Season,
}

impl Local {
    /// Hour, minute and second.
    #[must_use]
    pub const fn clock(&self) -> (i64, i64, i64) {
        (self.second_of_day / 3600, self.second_of_day / 60 % 60, self.second_of_day % 60)
    }

    /// Whether this is a Saturday or a Sunday.
    #[must_use]
    pub const fn is_weekend(&self) -> bool {
        matches!(weekday(self.day_number), 0 | 6)
    }
}

/// The moment of a date and time in UTC.
///
/// ```
/// assert_eq!(smarty_meter::calendar::utc(2026, 3, 29, 1, 0, 0), 1_774_746_000);
/// ```
#[must_use]
pub const fn utc(year: i64, month: i64, day: i64, hour: i64, minute: i64, second: i64) -> i64 {
    days(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second
}

/// Days from 1 January 1970 to this date of the Gregorian calendar.
#[must_use]
pub const fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March put the leap day at their end, where it disturbs nothing.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day of a number of days since 1 January 1970.
#[must_use]
pub const fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (0, month + 3) } else { (1, month - 9) };
    (year_of_era + era * 400 + year, month, day)
}

/// 0 for a Sunday to 6 for a Saturday; 1 January 1970 was a Thursday.
#[must_use]
pub const fn weekday(days: i64) -> i64 {
    (days + 4).rem_euclid(7)
}

/// The moments at which summer time begins and ends in this year.
#[must_use]
pub const fn summer_time(year: i64) -> (i64, i64) {
    (last_sunday(year, 3) * DAY_S + 3600, last_sunday(year, 10) * DAY_S + 3600)
}

/// The last Sunday of March or October, months of 31 days.
const fn last_sunday(year: i64, month: i64) -> i64 {
    let last = days(year, month, 31);
    last - weekday(last)
}

const fn is_european_summer(utc: i64) -> bool {
    let (year, _, _) = civil(utc.div_euclid(DAY_S));
    let (begin, end) = summer_time(year);
    begin <= utc && utc < end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clocks_change_on_the_published_dates() {
        // From the Commission's list of summer-time dates.
        for (year, march, october) in
            [(2022, 27, 30), (2023, 26, 29), (2024, 31, 27), (2025, 30, 26), (2026, 29, 25), (2027, 28, 31)]
        {
            assert_eq!(summer_time(year), (utc(year, 3, march, 1, 0, 0), utc(year, 10, october, 1, 0, 0)));
        }
    }

    #[test]
    fn dates_go_to_day_numbers_and_back() {
        assert_eq!(days(1970, 1, 1), 0);
        assert_eq!(days(2000, 2, 29), 11_016);
        for day in -200_000..200_000 {
            let (year, month, date) = civil(day);
            assert_eq!(days(year, month, date), day);
        }
    }

    #[test]
    fn the_autumn_hour_comes_twice_with_different_letters() {
        let zone = Zone::CENTRAL_EUROPE;
        let (_, end) = summer_time(2026);
        let (before, after) = (zone.local(end - 1800), zone.local(end + 1800));
        assert_eq!(before.clock(), (2, 30, 0));
        assert_eq!(after.clock(), (2, 30, 0));
        assert_eq!((before.season, after.season), (Season::Summer, Season::Winter));
    }

    #[test]
    fn midnight_is_right_on_both_days_of_change() {
        let zone = Zone::CENTRAL_EUROPE;
        let hours = |month, day| (zone.midnight(2026, month, day + 1) - zone.midnight(2026, month, day)) / 3600;
        assert_eq!((hours(3, 28), hours(3, 29), hours(3, 30)), (24, 23, 24));
        assert_eq!((hours(10, 24), hours(10, 25), hours(10, 26)), (24, 25, 24));
    }

    #[test]
    fn a_nordic_meter_says_winter_in_july() {
        let local = Zone::CENTRAL_EUROPE_NORMAL_TIME.local(utc(2026, 7, 1, 12, 0, 0));
        assert_eq!((local.clock(), local.season), ((13, 0, 0), Season::Winter));
    }
}
