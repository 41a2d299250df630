//! Week: local times, and windows of the week in which a price holds.

/// Minutes in a day without a change of clocks.
const DAY_MINUTES: u16 = 1440;

/// Kinds of days: the seven of the week, and holidays, which are none of the seven.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Days(u8);

impl Days {
    /// No day.
    pub const NONE: Self = Self(0);
    /// Every day, holidays too.
    pub const ALL: Self = Self(0xff);
    /// The holidays that the clock knows.
    pub const HOLIDAY: Self = Self(0x80);

    /// One day of the week, Monday is 0; what is beyond Sunday is no day.
    pub const fn weekday(weekday: u8) -> Self {
        if weekday < 7 { Self(1 << weekday) } else { Self::NONE }
    }

    /// Those of both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of the other are among these.
    pub const fn contain(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A local date and time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    /// Days since 1 January 1970.
    pub day: i64,
    /// Minutes since midnight by the clock on the wall.
    pub minute: u16,
}

/// What turns a moment into local time.
#[derive(Clone, Copy, Debug)]
pub struct Clock<'a> {
    /// From which second (UTC) on the wall is how many seconds ahead of UTC, in order. Before the first: as the first.
    pub offsets: &'a [(i64, i32)],
    /// Local days that are holidays, in order, as [`LocalTime::day`].
    pub holidays: &'a [i64],
}

impl Clock<'_> {
    /// No zone, no holidays.
    pub const UTC: Self = Self { offsets: &[], holidays: &[] };

    /// The local time at a moment. On the night with an hour twice, both are the same hour here.
    pub fn local(&self, time: i64) -> LocalTime {
        let known = self.offsets.partition_point(|&(from, _)| from <= time);
        let offset = self.offsets.get(known.saturating_sub(1)).map_or(0, |&(_, offset)| offset);
        let wall = time.saturating_add(i64::from(offset));
        LocalTime { day: wall.div_euclid(86_400), minute: (wall.rem_euclid(86_400) / 60) as u16 }
    }

    /// What kind of day it is. 1 January 1970 was a Thursday.
    pub fn kind(&self, day: i64) -> Days {
        if self.holidays.binary_search(&day).is_ok() {
            return Days::HOLIDAY;
        }
        Days::weekday((day + 3).rem_euclid(7) as u8)
    }
}

/// Times of some days of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The days on which it begins.
    pub days: Days,
    /// The first minute of the day.
    pub from: u16,
    /// The minute after the last. Where it is not later than the first, that is on the next day.
    pub to: u16,
}

impl Window {
    /// Every day, all day.
    pub const ALWAYS: Self = Self { days: Days::ALL, from: 0, to: DAY_MINUTES };

    /// Whether a local time lies in it. What is after midnight belongs to the day on which the window began.
    pub fn contains(&self, time: LocalTime, clock: &Clock<'_>) -> bool {
        if self.from < self.to {
            return (self.from..self.to).contains(&time.minute) && self.days.contain(clock.kind(time.day));
        }
        time.minute >= self.from && self.days.contain(clock.kind(time.day))
            || time.minute < self.to && self.days.contain(clock.kind(time.day - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CET: (i64, i32) = (i64::MIN, 3600);
    /// 29 March 2026, 01:00 UTC, and 25 October 2026, 01:00 UTC.
    const OFFSETS: [(i64, i32); 3] = [CET, (1_774_746_000, 7200), (1_792_890_000, 3600)];

    #[test]
    fn the_wall_clock_jumps_twice_a_year() {
        let clock = Clock { offsets: &OFFSETS, holidays: &[] };
        let minute = |time| clock.local(time).minute;
        assert_eq!((minute(1_774_746_000 - 60), minute(1_774_746_000)), (119, 180));
        assert_eq!((minute(1_792_890_000 - 60), minute(1_792_890_000)), (179, 120));
        assert_eq!(clock.local(1_774_746_000).day, clock.local(1_774_746_000 - 60).day);
        // Both were Sundays.
        assert_eq!(clock.kind(clock.local(1_774_746_000).day), Days::weekday(6));
        assert_eq!(clock.kind(clock.local(1_792_890_000).day), Days::weekday(6));
    }

    #[test]
    fn a_window_past_midnight_belongs_to_the_day_on_which_it_began() {
        // Friday 2 January 1970 is day 1, Saturday day 2; Monday 5 January is a holiday.
        let clock = Clock { offsets: &[], holidays: &[4] };
        let night = Window { days: Days::weekday(4), from: 22 * 60, to: 6 * 60 };
        let at = |day, minute| night.contains(LocalTime { day, minute }, &clock);
        assert!(at(1, 22 * 60) && at(2, 0) && at(2, 359));
        assert!(!at(1, 359) && !at(2, 360) && !at(2, 22 * 60) && !at(1, 22 * 60 - 1));
        let holiday = Window { days: Days::HOLIDAY, from: 0, to: 1440 };
        assert!(holiday.contains(LocalTime { day: 4, minute: 700 }, &clock));
        let monday = Window { days: Days::weekday(0), ..holiday };
        assert!(!monday.contains(LocalTime { day: 4, minute: 700 }, &clock), "a holiday is no Monday");
        assert!(monday.contains(LocalTime { day: 11, minute: 700 }, &clock));
        assert!(Window::ALWAYS.contains(LocalTime { day: 4, minute: 1439 }, &clock));
        // Where both are the same it is a whole day from there on.
        let noon = Window { days: Days::weekday(4), from: 720, to: 720 };
        assert!(noon.contains(LocalTime { day: 2, minute: 719 }, &clock));
        assert!(!noon.contains(LocalTime { day: 1, minute: 719 }, &clock));
    }
}
