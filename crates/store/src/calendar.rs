//! Calendar: where a zone's days, months and years begin, as UTC seconds.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::error::StoreError;

/// Days and months of a zone. Carries its own copy of the world's time zones.
#[derive(Clone, Debug)]
pub struct Calendar {
    name: String,
    zone: TimeZone,
}

impl Calendar {
    /// The zone with this IANA name.
    ///
    /// # Errors
    /// [`StoreError::Unknown`].
    pub fn new(name: &str) -> Result<Self, StoreError> {
        let zone = TimeZone::get(name)
            .map_err(|_| StoreError::Unknown(format!("time zone `{name}`; the default is Europe/Luxembourg")))?;
        Ok(Self { name: name.to_owned(), zone })
    }

    /// Europe/Luxembourg.
    pub fn luxembourg() -> Self {
        // The zone is in the bundled data; without it UTC is still a calendar.
        Self::new("Europe/Luxembourg").unwrap_or(Self { name: "UTC".to_owned(), zone: TimeZone::UTC })
    }

    /// The IANA name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The local date at a moment.
    pub fn date(&self, time: i64) -> Date {
        Timestamp::from_second(time).unwrap_or_default().to_zoned(self.zone.clone()).date()
    }

    /// The first second of a local date.
    pub fn midnight(&self, date: Date) -> i64 {
        // Only dates at the very edges of the calendar have no midnight.
        date.to_zoned(self.zone.clone()).map_or(0, |zoned| zoned.timestamp().as_second())
    }

    /// The local day around a moment: first second, and the first of the next day.
    pub fn day(&self, time: i64) -> (i64, i64) {
        let date = self.date(time);
        (self.midnight(date), self.midnight(date.saturating_add(1.day())))
    }

    /// The local month around a moment.
    pub fn month(&self, time: i64) -> (i64, i64) {
        let first = self.date(time).first_of_month();
        (self.midnight(first), self.midnight(first.saturating_add(1.month())))
    }

    /// The local year around a moment.
    pub fn year(&self, time: i64) -> (i64, i64) {
        let first = self.date(time).first_of_year();
        (self.midnight(first), self.midnight(first.saturating_add(1.year())))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn luxembourg_has_days_of_23_and_25_hours() {
        let calendar = Calendar::luxembourg();
        assert_eq!(calendar.name(), "Europe/Luxembourg");
        let hours = |date: &str| {
            let date: Date = date.parse().unwrap();
            let (start, end) = calendar.day(calendar.midnight(date) + 40_000);
            (end - start) / 3600
        };
        assert_eq!(hours("2026-03-29"), 23);
        assert_eq!(hours("2026-10-25"), 25);
        assert_eq!(hours("2026-11-23"), 24);
        assert!(Calendar::new("Europe/Atlantis").is_err());
    }
}
