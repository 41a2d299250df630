//! Hours: the marks of a day's time axis, right on days of 23 and 25 hours.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A whole hour by the clock on the wall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hour {
    /// UTC seconds.
    pub(super) time: i64,
    /// 0 to 23; 24 at the day's end.
    pub(super) wall: i8,
    /// What is unusual about it.
    pub(super) change: Change,
}

/// What a change of the clocks does to an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing.
    None,
    /// It comes a second time.
    Again,
    /// The hour before it is left out.
    Ahead,
}

impl Hour {
    /// `14:00`.
    pub(super) fn label(&self) -> String {
        format!("{:02}:00", self.wall)
    }

    /// What stands below its label.
    pub(super) const fn remark(&self) -> Option<&'static str> {
        match self.change {
            Change::None => None,
            Change::Again => Some("again"),
            Change::Ahead => Some("+1 h"),
        }
    }
}

/// All whole hours of a day, both ends included.
pub(super) fn hours(start: i64, end: i64, zone: &TimeZone) -> Vec<Hour> {
    let mut hours: Vec<Hour> = Vec::new();
    // Whatever the zone's offset, and however far its clocks change: whole hours are at whole quarter-hours.
    for time in (start..end).step_by(900) {
        let wall = Timestamp::from_second(time).unwrap_or_default().to_zoned(zone.clone());
        if wall.minute() != 0 {
            continue;
        }
        let change = match hours.last() {
            Some(last) if wall.hour() <= last.wall => Change::Again,
            Some(last) if wall.hour() > last.wall + 1 => Change::Ahead,
            _ => Change::None,
        };
        hours.push(Hour { time, wall: wall.hour(), change });
    }
    hours.push(Hour { time: end, wall: 24, change: Change::None });
    hours
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Period;

    fn day(zone: &str, date: &str) -> Vec<Hour> {
        let zone = TimeZone::get(zone).unwrap();
        let (start, end) = Period::parse(date).unwrap().span(&zone);
        hours(start, end, &zone)
    }

    #[test]
    fn days_of_23_24_and_25_hours() {
        let usual = day("Europe/Luxembourg", "2026-11-22");
        assert_eq!(usual.len(), 25);
        assert!(usual.iter().all(|hour| hour.change == Change::None));
        let spring = day("Europe/Luxembourg", "2026-03-29");
        assert_eq!(spring.len(), 24);
        assert_eq!((spring[2].label().as_str(), spring[2].change), ("03:00", Change::Ahead));
        let autumn = day("Europe/Luxembourg", "2026-10-25");
        assert_eq!(autumn.len(), 26);
        assert_eq!((autumn[2].label(), autumn[3].label()), ("02:00".into(), "02:00".into()));
        assert_eq!((autumn[2].change, autumn[3].change), (Change::None, Change::Again));
        assert_eq!(autumn[25].label(), "24:00");
    }

    #[test]
    fn other_zones() {
        // Half an hour back at 02:00: 01:30 and 01:45 come twice, no whole hour does.
        let half = day("Australia/Lord_Howe", "2026-04-05");
        assert!(half.iter().all(|hour| hour.change == Change::None), "{half:?}");
        assert_eq!(day("Asia/Kathmandu", "2026-11-22").len(), 25);
    }
}
