//! Stamp: the times that published readings carry.

use jiff::tz::TimeZone;
use smarty_p1::Timestamp;

use crate::clock::{self, Moment};

/// A time as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) enum Stamp {
    /// The meter's own: local, with or without its season letter.
    Local(Timestamp),
    /// UTC seconds.
    Utc(i64),
}

/// 1 January 2000, 00:00 UTC.
const YEAR_2000: i64 = 946_684_800;

impl Stamp {
    /// When that was; `last` is the time of the reading before.
    pub(in crate::intake) fn resolve(self, zone: &TimeZone, last: Option<i64>, received: i64) -> Moment {
        match self {
            Self::Local(stamp) => clock::resolve(Some(stamp), zone, last, received),
            Self::Utc(time) => clock::believe(time, received),
        }
    }
}

/// Reads `180410123000S` (as the telegram has it), `2021-05-03T12:00:10` (local, as the boards turn it),
/// `2021-05-03T12:00:10+02:00` (RFC 3339) and UTC seconds.
///
/// `None`: not written like a time. A date that cannot be, or that is before 2000 because somebody's clock was never set,
/// is a time, and invalid.
pub(super) fn read(text: &str) -> Option<Stamp> {
    let utc = |time: i64| if time < YEAR_2000 { Stamp::Local(Timestamp::Invalid) } else { Stamp::Utc(time) };
    let text = text.trim();
    if let Some(stamp) = Timestamp::parse(text.as_bytes()) {
        return Some(Stamp::Local(stamp));
    }
    if (9..=11).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(utc);
    }
    let bytes = text.as_bytes();
    let shape = b"0000-00-00T00:00:00";
    let like = |(&byte, &shape): (&u8, &u8)| match shape {
        b'0' => byte.is_ascii_digit(),
        b'T' => matches!(byte, b'T' | b't' | b' '),
        _ => byte == shape,
    };
    if bytes.len() < shape.len() || !bytes.iter().zip(shape).all(like) {
        return None;
    }
    // Only ASCII so far, so this is no place inside a character.
    let (local, zone) = text.split_at(shape.len());
    if zone.is_empty() {
        let digits: String = local[2..].chars().filter(char::is_ascii_digit).collect();
        let known = if local.starts_with("20") { Timestamp::parse(digits.as_bytes()) } else { None };
        return Some(Stamp::Local(known.unwrap_or(Timestamp::Invalid)));
    }
    text.parse::<jiff::Timestamp>().ok().map(|time| utc(time.as_second()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_form_that_a_board_or_we_write() {
        let local = |text: &[u8]| Some(Stamp::Local(Timestamp::parse(text).unwrap()));
        assert_eq!(read("2021-05-03T12:00:10"), local(b"210503120010"));
        assert_eq!(read("2021-05-03 12:00:10"), local(b"210503120010"));
        assert_eq!(read("180410123000S"), local(b"180410123000S"));
        // date -u -d '2021-05-03 12:00:10' +%s
        for utc in ["2021-05-03T12:00:10Z", "2021-05-03T14:00:10+02:00", "2021-05-03T12:00:10.25Z", "1620043210"] {
            assert_eq!(read(utc), Some(Stamp::Utc(1_620_043_210)), "{utc}");
        }
    }

    #[test]
    fn a_date_that_cannot_be_is_invalid_and_what_is_no_time_is_none() {
        for invalid in [
            "2063-25-25T25:25:25",
            "1970-01-01T00:00:00",
            "2021-02-30T00:00:00",
            "632525252525S",
            "000000000",
            "1970-01-01T00:00:00Z",
        ] {
            assert_eq!(read(invalid), Some(Stamp::Local(Timestamp::Invalid)), "{invalid}");
        }
        for none in ["", "NA", "connected", "12:00:10", "2021-05-03", "2021-05-03T12:00:10 o'clock", "-1620043210"] {
            assert_eq!(read(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn every_second_of_the_century_is_read(seconds in YEAR_2000..4_102_444_799) {
            let time = jiff::Timestamp::from_second(seconds).unwrap();
            prop_assert_eq!(read(&time.to_string()), Some(Stamp::Utc(seconds)));
            let civil = time.to_zoned(jiff::tz::TimeZone::UTC).datetime();
            let Some(Stamp::Local(Timestamp::Valid(read, None))) = read(&civil.to_string()) else { panic!("{civil}") };
            prop_assert_eq!(read.seconds(), seconds);
        }

        #[test]
        fn nothing_is_a_panic(text in "[0-9TZSW:+ -]{0,40}|.*") {
            let _ = read(&text);
        }
    }
}
