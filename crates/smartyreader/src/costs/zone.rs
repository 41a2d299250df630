//! Zone: local days as UTC seconds, and the changes of clocks.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// The zone in which days and months begin.
#[derive(Clone, Debug)]
pub struct Zone(TimeZone);

/// What a span is cut into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Local days.
    Day,
    /// Local months.
    Month,
    /// Local years.
    Year,
}

impl Unit {
    fn first(self, date: Date) -> Date {
        match self {
            Self::Day => date,
            Self::Month => date.first_of_month(),
            Self::Year => date.first_of_year(),
        }
    }

    fn after(self, first: Date) -> Date {
        match self {
            Self::Day => next(first),
            Self::Month => first.saturating_add(1.month()),
            Self::Year => first.saturating_add(1.year()),
        }
    }
}

/// The day from which local days are counted.
const EPOCH: Date = Date::constant(1970, 1, 1);

impl Zone {
    /// Of the configuration.
    pub const fn new(zone: TimeZone) -> Self {
        Self(zone)
    }

    /// The local date at a moment.
    pub fn date(&self, time: i64) -> Date {
        self.clock(time).date()
    }

    /// Date and time of day at a moment.
    pub fn clock(&self, time: i64) -> DateTime {
        self.0.to_datetime(Timestamp::from_second(time).unwrap_or_default())
    }

    /// The first second of a local date. Only dates at the very edges of the calendar have none.
    pub fn midnight(&self, date: Date) -> i64 {
        date.to_zoned(self.0.clone()).map_or(0, |zoned| zoned.timestamp().as_second())
    }

    /// The first day that is not over at a moment's start: the next one, where it is not midnight.
    pub fn date_from(&self, time: i64) -> Date {
        let date = self.date(time);
        if self.midnight(date) < time { next(date) } else { date }
    }

    /// The local days whose first seconds lie in a span.
    pub fn days(&self, from: i64, to: i64) -> (Date, Date) {
        (self.date_from(from), self.date_from(to))
    }

    /// The day, month or year around a local date.
    pub fn around(&self, date: Date, unit: Unit) -> (i64, i64) {
        let first = unit.first(date);
        (self.midnight(first), self.midnight(unit.after(first)))
    }

    /// The days, months or years that begin in a span.
    pub fn parts(&self, from: i64, to: i64, unit: Unit) -> Vec<(i64, i64)> {
        let mut parts = Vec::new();
        let first = unit.first(self.date_from(from));
        let mut date = if first < self.date_from(from) { unit.after(first) } else { first };
        while self.midnight(date) < to && unit.after(date) > date {
            parts.push(self.around(date, unit));
            date = unit.after(date);
        }
        parts
    }

    /// The year of local days before the day of a moment, and that day as far as it has come: up to its midnight.
    pub fn year_before(&self, time: i64) -> (i64, i64) {
        let today = self.date(time);
        (self.midnight(today.saturating_sub(1.year())), self.midnight(today))
    }

    /// From when on the clock on the wall is how many seconds ahead of UTC, for the moments of a span.
    pub fn offsets(&self, from: i64, to: i64) -> Vec<(i64, i32)> {
        let from = Timestamp::from_second(from).unwrap_or_default();
        let mut offsets = vec![(from.as_second(), self.0.to_offset(from).seconds())];
        for change in self.0.following(from) {
            if change.timestamp().as_second() >= to {
                break;
            }
            offsets.push((change.timestamp().as_second(), change.offset().seconds()));
        }
        offsets
    }
}

/// The day after.
pub(super) fn next(date: Date) -> Date {
    date.saturating_add(1.day())
}

/// The number that the ledger's clock has for a local day.
pub(super) fn number(date: Date) -> i64 {
    i64::from((date - EPOCH).get_days())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn days_and_changes_of_clocks() {
        let zone = Zone::new(TimeZone::get("Europe/Luxembourg").unwrap());
        let date = |text: &str| text.parse::<Date>().unwrap();
        let (from, to) = (zone.midnight(date("2026-01-01")), zone.midnight(date("2027-01-01")));
        assert_eq!(zone.offsets(from, to), [(from, 3600), (1_774_746_000, 7200), (1_792_890_000, 3600)]);
        assert_eq!(zone.days(from, to), (date("2026-01-01"), date("2027-01-01")));
        assert_eq!(zone.days(from + 1, from + 86_400), (date("2026-01-02"), date("2026-01-02")));
        assert_eq!(zone.year_before(from + 5000), (zone.midnight(date("2025-01-01")), from));
        assert_eq!(zone.parts(from, to, Unit::Month).len(), 12);
        assert_eq!(zone.parts(from + 1, to + 1, Unit::Month).len(), 12, "from February to the January after");
        assert_eq!(zone.parts(from, to, Unit::Year), [(from, to)]);
        assert_eq!(zone.parts(from + 1, to, Unit::Year), []);
        let days = zone.parts(from, to, Unit::Day);
        assert_eq!((days.len(), days[0].0, days[364].1), (365, from, to));
        assert!(days.windows(2).all(|pair| pair[0].1 == pair[1].0));
        assert_eq!((number(EPOCH), number(date("1970-02-01"))), (0, 31));
    }
}
