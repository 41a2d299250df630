//! Period: the day, week, month or year that a picture or a report is about. Days begin at local midnight, weeks on
//! Monday (ISO 8601).

use std::fmt;

use jiff::civil::{Date, ISOWeekDate, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// How long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Midnight to midnight: 23, 24 or 25 hours.
    Day,
    /// Monday to Sunday.
    Week,
    /// A month of the calendar.
    Month,
    /// A year of the calendar.
    Year,
}

impl Kind {
    /// `day`, `week`, …
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }
}

/// One of them. In order of its first day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    first: Date,
    kind: Kind,
}

impl Period {
    /// The one that a date is in.
    pub fn around(kind: Kind, date: Date) -> Self {
        let first = match kind {
            Kind::Day => date,
            Kind::Week => date.saturating_sub(i64::from(date.weekday().to_monday_zero_offset()).days()),
            Kind::Month => date.first_of_month(),
            Kind::Year => date.first_of_year(),
        };
        Self { first, kind }
    }

    /// The last one that is over at a moment.
    pub fn last_over(kind: Kind, time: i64, zone: &TimeZone) -> Self {
        let today = Timestamp::from_second(time).unwrap_or_default().to_zoned(zone.clone()).date();
        Self::around(kind, today).before(1)
    }

    /// By its name: `2026-11-22`, `2026-W47`, `2026-11` or `2026`.
    pub fn parse(text: &str) -> Option<Self> {
        let number = |digits: &str, length: usize| -> Option<i16> {
            digits.parse().ok().filter(|_| digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let parts: Vec<&str> = text.split('-').collect();
        let (kind, first) = match parts.as_slice() {
            [_, _, _] if text.len() == 10 => (Kind::Day, text.parse().ok()?),
            [year, week] if week.starts_with('W') => {
                let week = i8::try_from(number(&week[1..], 2)?).ok()?;
                (Kind::Week, ISOWeekDate::new(number(year, 4)?, week, Weekday::Monday).ok()?.date())
            }
            [year, month] => (Kind::Month, Date::new(number(year, 4)?, i8::try_from(number(month, 2)?).ok()?, 1).ok()?),
            [year] => (Kind::Year, Date::new(number(year, 4)?, 1, 1).ok()?),
            _ => return None,
        };
        Some(Self { first, kind })
    }

    /// How long.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Its first day.
    pub const fn first(&self) -> Date {
        self.first
    }

    /// The first day after it.
    pub fn next_first(&self) -> Date {
        self.first.saturating_add(self.length(1))
    }

    /// So many of its kind earlier.
    #[must_use]
    pub fn before(&self, count: i64) -> Self {
        Self { first: self.first.saturating_sub(self.length(count)), ..*self }
    }

    /// The one after it.
    #[must_use]
    pub fn after(&self) -> Self {
        Self { first: self.next_first(), ..*self }
    }

    fn length(self, count: i64) -> jiff::Span {
        match self.kind {
            Kind::Day => count.days(),
            Kind::Week => count.weeks(),
            Kind::Month => count.months(),
            Kind::Year => count.years(),
        }
    }

    /// First second and the second after the last, UTC.
    pub fn span(&self, zone: &TimeZone) -> (i64, i64) {
        (midnight(self.first, zone), midnight(self.next_first(), zone))
    }

    /// Its parts, as a picture of it has bars: the days of a week or month, the months of a year, a day itself.
    pub fn parts(&self) -> Vec<Self> {
        let kind = if self.kind == Kind::Year { Kind::Month } else { Kind::Day };
        let first = Self { first: self.first, kind };
        let end = self.next_first();
        std::iter::successors(Some(first), |part| Some(part.after())).take_while(|part| part.first < end).collect()
    }

    /// For people: `Sunday, 22 November 2026`.
    pub fn title(&self) -> String {
        let form = |date: Date, form: &str| date.strftime(form).to_string();
        match self.kind {
            Kind::Day => form(self.first, "%A, %-d %B %Y"),
            Kind::Week => {
                let last = self.next_first().saturating_sub(1.day());
                let begin = match (self.first.year() == last.year(), self.first.month() == last.month()) {
                    (true, true) => "%-d",
                    (true, false) => "%-d %B",
                    (false, _) => "%-d %B %Y",
                };
                let week = self.first.iso_week_date().week();
                format!("Week {week}: {} to {}", form(self.first, begin), form(last, "%-d %B %Y"))
            }
            Kind::Month => form(self.first, "%B %Y"),
            Kind::Year => form(self.first, "%Y"),
        }
    }
}

/// The name in paths and commands, which [`Period::parse`] reads.
impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month) = (self.first.year(), self.first.month());
        match self.kind {
            Kind::Day => write!(f, "{}", self.first),
            Kind::Week => {
                let week = self.first.iso_week_date();
                write!(f, "{:04}-W{:02}", week.year(), week.week())
            }
            Kind::Month => write!(f, "{year:04}-{month:02}"),
            Kind::Year => write!(f, "{year:04}"),
        }
    }
}

/// The first second of a local date.
pub(super) fn midnight(date: Date, zone: &TimeZone) -> i64 {
    // Only dates at the very edges of the calendar have no midnight.
    date.to_zoned(zone.clone()).map_or(0, |zoned| zoned.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_titles() {
        for (name, title, parts) in [
            ("2026-11-22", "Sunday, 22 November 2026", 1),
            ("2026-W47", "Week 47: 16 to 22 November 2026", 7),
            ("2026-W05", "Week 5: 26 January to 1 February 2026", 7),
            ("2026-W53", "Week 53: 28 December 2026 to 3 January 2027", 7),
            ("2024-02", "February 2024", 29),
            ("2026", "2026", 12),
        ] {
            let period = Period::parse(name).unwrap();
            assert_eq!((period.to_string().as_str(), period.title().as_str()), (name, title));
            assert_eq!(period.parts().len(), parts, "{name}");
            assert_eq!(period.before(1).after(), period);
        }
        for wrong in ["", "yesterday", "2026-13", "2026-W54", "2025-W53", "26-11-22", "2026-11-31", "2026-1", "+026"] {
            assert_eq!(Period::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn days_have_the_hours_that_they_have() {
        let zone = TimeZone::get("Europe/Luxembourg").unwrap();
        let hours = |name: &str| {
            let (start, end) = Period::parse(name).unwrap().span(&zone);
            (end - start) / 3600
        };
        assert_eq!([hours("2026-03-29"), hours("2026-10-25"), hours("2026-11-22")], [23, 25, 24]);
        assert_eq!([hours("2026-W43"), hours("2026-10")], [169, 745]);
    }

    #[test]
    fn the_last_one_that_is_over() {
        let zone = TimeZone::get("Europe/Luxembourg").unwrap();
        // Monday, 23 November 2026, 00:30.
        let time = midnight("2026-11-23".parse().unwrap(), &zone) + 1800;
        let last = |kind| Period::last_over(kind, time, &zone).to_string();
        assert_eq!([last(Kind::Day), last(Kind::Week), last(Kind::Month)], ["2026-11-22", "2026-W47", "2026-10"]);
    }
}
