//! Clock: from the meter's time stamp to UTC, once.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use smarty_p1::Timestamp;

/// When a telegram was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The meter said so, UTC seconds.
    Meter(i64),
    /// The meter does not know: this machine's time of arrival, UTC seconds.
    Host(i64),
}

/// A clock that is further ahead than this has no date at all: stored as it is, it would make everything after it late.
const TOO_FAR: i64 = 30 * 86_400;

/// The offset of a zone without summer time, in seconds east of UTC.
pub fn standard_offset(zone: &TimeZone, at: i64) -> i32 {
    let timestamp = jiff::Timestamp::from_second(at).unwrap_or_default();
    let info = zone.to_offset_info(timestamp);
    info.offset().seconds() - if info.dst().is_dst() { 3600 } else { 0 }
}

/// Resolves a stamp. The season letter is believed; without one the zone decides, and in the repeated
/// hour the order of arrival: `last` is the time of the telegram before.
pub fn resolve(stamp: Option<Timestamp>, zone: &TimeZone, last: Option<i64>, received: i64) -> Moment {
    read(stamp, zone, last).map_or(Moment::Host(received), |time| believe(time, received))
}

/// A time that is in UTC already is believed, unless it is too far ahead.
pub fn believe(time: i64, received: i64) -> Moment {
    if time.saturating_sub(received) <= TOO_FAR { Moment::Meter(time) } else { Moment::Host(received) }
}

fn read(stamp: Option<Timestamp>, zone: &TimeZone, last: Option<i64>) -> Option<i64> {
    let Some(Timestamp::Valid(civil, season)) = stamp else { return None };
    if season.is_some() {
        let offset = standard_offset(zone, civil.seconds());
        return stamp.and_then(|stamp| stamp.utc(offset));
    }
    let local = DateTime::new(
        civil.year as i16,
        civil.month as i8,
        civil.day as i8,
        civil.hour as i8,
        civil.minute as i8,
        civil.second as i8,
        0,
    );
    let ambiguous = zone.to_ambiguous_timestamp(local.ok()?);
    let (earlier, later) = (ambiguous.earlier().ok()?.as_second(), ambiguous.later().ok()?.as_second());
    Some(if last.is_some_and(|last| last > earlier) { later } else { earlier })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luxembourg() -> TimeZone {
        TimeZone::get("Europe/Luxembourg").unwrap()
    }

    const ARRIVED: i64 = 1_795_392_000;

    fn moment(text: &str, last: Option<i64>) -> Moment {
        resolve(Timestamp::parse(text.as_bytes()), &luxembourg(), last, ARRIVED)
    }

    #[test]
    fn the_letter_is_believed() {
        assert_eq!(moment("180130102122W", None), Moment::Meter(1_517_304_082));
        assert_eq!(moment("200706104157S", None), Moment::Meter(1_594_024_917));
        // A Nordic meter in July.
        assert_eq!(moment("200706104157W", None), Moment::Meter(1_594_024_917 + 3600));
    }

    #[test]
    fn without_a_letter_the_order_of_arrival_decides() {
        // 02:30 on 25 October 2026 is twice: 00:30 and 01:30 UTC.
        let Moment::Meter(first) = moment("261025023000", None) else { panic!() };
        let Moment::Meter(second) = moment("261025023000", Some(first + 10)) else { panic!() };
        assert_eq!(second - first, 3600);
        assert_eq!(moment("230404213104", None), Moment::Meter(1_680_636_664));
    }

    #[test]
    fn no_date_is_the_hosts_time() {
        assert_eq!(moment("632525252525S", None), Moment::Host(ARRIVED));
        assert_eq!(resolve(None, &luxembourg(), None, ARRIVED), Moment::Host(ARRIVED));
        // Years ahead.
        assert_eq!(moment("320101000000W", None), Moment::Host(ARRIVED));
    }
}
