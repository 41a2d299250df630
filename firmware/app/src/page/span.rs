//! Span: from when to when, as a query says it.

use smarty_p1::{Civil, Timestamp};

use crate::zone::Zone;

/// Longer spans are not asked for: 100 days, with an hour for the clock change.
pub(super) const LONGEST_S: i64 = 100 * 86_400 + 3600;

/// UTC of `2026-11-23` (midnight there) or `2026-11-23T01:13:10+01:00`.
pub(super) fn moment(text: &str, zone: Zone) -> Option<i64> {
    let (date, time) = text.split_at_checked(10)?;
    let date = date.strip_prefix("20")?.as_bytes();
    let (clock, offset) = match time.strip_prefix('T') {
        None if time.is_empty() => ("00:00:00", None),
        None => return None,
        Some(time) => {
            let (clock, offset) = time.split_at_checked(8)?;
            (clock, Some(seconds_east(offset)?))
        }
    };
    let clock = clock.as_bytes();
    if [date[2], date[5]] != *b"--" || [clock[2], clock[5]] != *b"::" {
        return None;
    }
    // `yy-mm-dd` and `hh:mm:ss` are the digits of a meter's stamp, with something between.
    let digits: [u8; 12] = core::array::from_fn(|at| [date, clock][at / 6][at % 6 + at % 6 / 2]);
    match Timestamp::parse(&digits)? {
        Timestamp::Valid(local, _) => Some(utc(local, offset, zone)),
        Timestamp::Invalid => None,
    }
}

fn utc(local: Civil, offset: Option<i64>, zone: Zone) -> i64 {
    offset.map_or_else(|| zone.utc(local, None), |offset| local.seconds() - offset)
}

/// `Z`, `+01:00`; a plus that was not escaped arrives as a blank.
fn seconds_east(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let (sign, rest) = text.split_at_checked(1)?;
    let (hours, minutes) = rest.split_once(':')?;
    let pair = |text: &str| {
        text.parse::<u8>().ok().filter(|_| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let seconds = i64::from(pair(hours)?) * 3600 + i64::from(pair(minutes).filter(|minutes| *minutes < 60)?) * 60;
    match sign {
        "+" | " " => Some(seconds),
        "-" => Some(-seconds),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        let zone = Zone::of_minutes(60);
        for (text, expected) in [
            ("2026-11-23", Some(1_795_388_400)),
            ("2026-07-01", Some(1_782_856_800)),
            ("2026-11-23T00:00:00Z", Some(1_795_392_000)),
            ("2026-11-23T01:00:00+01:00", Some(1_795_392_000)),
            ("2026-11-23T01:00:00 01:00", Some(1_795_392_000)),
            ("2026-11-22T19:00:00-05:00", Some(1_795_392_000)),
            ("2026-02-30", None),
            ("2026-11-23T", None),
            ("2026-11-23T00:00:00", None),
            ("2026-11-23T00:00:00+1:00", None),
            ("2026-11-23x", None),
            ("yesterday!", None),
            ("", None),
        ] {
            assert_eq!(moment(text, zone), expected, "{text}");
        }
    }
}
