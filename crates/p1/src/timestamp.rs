//! Timestamp: what a meter's clock says, `YYMMDDhhmmssX`, and what that is in UTC.

/// The letter behind a time stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Season {
    /// `S`: summer time is in force.
    Summer,
    /// `W`: normal time. Nordic meters say so all year, and are right.
    Winter,
}

/// A date and time of day without a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Civil {
    /// Full year, 2000–2099.
    pub year: u16,
    /// 1–12.
    pub month: u8,
    /// 1–31.
    pub day: u8,
    /// 0–23.
    pub hour: u8,
    /// 0–59.
    pub minute: u8,
    /// 0–59.
    pub second: u8,
}

impl Civil {
    /// Seconds from 1970-01-01 00:00 to this, as if it were UTC.
    pub const fn seconds(self) -> i64 {
        // Days from the civil calendar, counted in years that begin in March (Howard Hinnant's algorithm).
        let year = self.year as i64 - (self.month <= 2) as i64;
        let era = year / 400;
        let of_era = year - era * 400;
        let month = (self.month as i64 + 9) % 12;
        let of_year = (153 * month + 2) / 5 + self.day as i64 - 1;
        let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
        days * 86_400 + self.hour as i64 * 3600 + self.minute as i64 * 60 + self.second as i64
    }
}

/// A meter's time stamp. The invalid date is a value: clocks that were never set send it for years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timestamp {
    /// A real date.
    Valid(Civil, Option<Season>),
    /// Written like a time stamp, but no date: `632525252525S`, zeros.
    Invalid,
}

impl Timestamp {
    /// Reads `YYMMDDhhmmss` with or without its letter (either case). `None`: not written like a time stamp.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (digits, season) = match text {
            [digits @ .., b'S' | b's'] => (digits, Some(Season::Summer)),
            [digits @ .., b'W' | b'w'] => (digits, Some(Season::Winter)),
            digits => (digits, None),
        };
        if digits.len() != 12 || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let pair = |index: usize| (digits[index] - b'0') * 10 + (digits[index + 1] - b'0');
        let civil = Civil {
            year: 2000 + u16::from(pair(0)),
            month: pair(2),
            day: pair(4),
            hour: pair(6),
            minute: pair(8),
            second: pair(10),
        };
        let days = match civil.month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if civil.year.is_multiple_of(4) => 29, // 2000–2099: no exception to the rule of four
            2 => 28,
            _ => 0,
        };
        let valid = (1..=days).contains(&civil.day) && civil.hour < 24 && civil.minute < 60 && civil.second < 60;
        Some(if valid { Self::Valid(civil, season) } else { Self::Invalid })
    }

    /// UTC seconds, when the stamp is valid and has its letter. `standard_offset` is the zone's
    /// offset without summer time, in seconds east of UTC (Luxembourg: 3600).
    pub fn utc(self, standard_offset: i32) -> Option<i64> {
        match self {
            Self::Valid(civil, Some(season)) => {
                let summer = if season == Season::Summer { 3600 } else { 0 };
                Some(civil.seconds() - i64::from(standard_offset) - summer)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summer_and_winter() {
        // date -u -d '2018-01-30 09:21:22' +%s and date -u -d '2020-07-06 08:41:57' +%s
        assert_eq!(Timestamp::parse(b"180130102122W").unwrap().utc(3600), Some(1_517_304_082));
        assert_eq!(Timestamp::parse(b"200706104157S").unwrap().utc(3600), Some(1_594_024_917));
        assert_eq!(Timestamp::parse(b"150701190000s").unwrap().utc(3600), Some(1_435_770_000));
    }

    #[test]
    fn the_repeated_hour_has_two_meanings() {
        let first = Timestamp::parse(b"261025023000S").unwrap().utc(3600).unwrap();
        let second = Timestamp::parse(b"261025023000W").unwrap().utc(3600).unwrap();
        assert_eq!(second - first, 3600);
    }

    #[test]
    fn invalid_dates_are_values() {
        for text in ["632525252525S", "000000000000W", "230230000000W", "123412341234W", "230101240000W"] {
            assert_eq!(Timestamp::parse(text.as_bytes()), Some(Timestamp::Invalid), "{text}");
        }
        assert!(matches!(Timestamp::parse(b"240229000000W"), Some(Timestamp::Valid(..))));
    }

    #[test]
    fn without_a_letter_there_is_no_utc_yet() {
        let stamp = Timestamp::parse(b"230404213104").unwrap();
        assert!(matches!(stamp, Timestamp::Valid(_, None)));
        assert_eq!(stamp.utc(3600), None);
    }

    #[test]
    fn what_is_not_a_time_stamp() {
        for text in ["", "S", "23040421310", "2304042131041", "19-01-01 00:00:00", "23040421310xW"] {
            assert_eq!(Timestamp::parse(text.as_bytes()), None, "{text}");
        }
    }
}
