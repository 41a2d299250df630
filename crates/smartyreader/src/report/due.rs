//! Due: which reports have to be made by now. Follows from the clock and from the notes alone, so that it does not matter
//! how the clock got there.

use std::collections::BTreeMap;

use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::note::Note;
use super::period::{Kind, Period};

/// When a report of a period is made, UTC seconds: on the day after, at this time by the clock on the wall. A time that
/// the clocks leave out is an hour later; one that comes twice is the first.
pub fn moment(period: Period, at: Time, zone: &TimeZone) -> i64 {
    let day = period.next_first().to_datetime(at);
    day.to_zoned(zone.clone()).map_or(i64::MAX, |zoned| zoned.timestamp().as_second())
}

/// The reports of a kind that have to be made, the oldest first. Where none was ever made it is the last one; after a
/// pause those that fell into it, as far as they are not older than `patience` seconds.
pub fn due(
    kind: Kind,
    at: Time,
    zone: &TimeZone,
    now: i64,
    patience: i64,
    notes: &BTreeMap<Period, Note>,
) -> Vec<Period> {
    let mut latest = Period::last_over(kind, now, zone);
    if moment(latest, at, zone) > now {
        latest = latest.before(1);
    }
    // Notes of later ones were made by a clock that was wrong: they keep nothing from being reported.
    let known = notes.keys().rfind(|period| period.kind() == kind && **period <= latest);
    let Some(known) = known else { return vec![latest] };
    let mut due: Vec<Period> = std::iter::successors(Some(latest), |period| Some(period.before(1)))
        .take_while(|period| period > known && (*period == latest || moment(*period, at, zone) > now - patience))
        .collect();
    due.reverse();
    due
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn zone() -> TimeZone {
        TimeZone::get("Europe/Luxembourg").unwrap()
    }

    fn time(text: &str) -> i64 {
        text.parse::<jiff::civil::DateTime>().unwrap().to_zoned(zone()).unwrap().timestamp().as_second()
    }

    fn at(hour: i8, minute: i8) -> Time {
        Time::new(hour, minute, 0, 0).unwrap()
    }

    fn noted(names: &[&str]) -> BTreeMap<Period, Note> {
        names.iter().map(|name| (Period::parse(name).unwrap(), Note::default())).collect()
    }

    fn days(now: &str, names: &[&str]) -> Vec<String> {
        let due = due(Kind::Day, at(1, 0), &zone(), time(now), 3 * DAY, &noted(names));
        due.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn at_its_time_and_once() {
        assert_eq!(days("2026-11-23T00:59:59", &["2026-11-21"]), [""; 0]);
        assert_eq!(days("2026-11-23T01:00:00", &["2026-11-21"]), ["2026-11-22"]);
        assert_eq!(days("2026-11-23T23:59:59", &["2026-11-22"]), [""; 0]);
    }

    #[test]
    fn the_first_one_is_that_of_yesterday() {
        assert_eq!(days("2026-11-23T18:00:00", &[]), ["2026-11-22"]);
        assert_eq!(days("2026-11-23T00:30:00", &[]), ["2026-11-21"]);
    }

    #[test]
    fn after_a_pause_what_fell_into_it_but_not_what_is_too_old() {
        assert_eq!(days("2026-11-23T09:00:00", &["2026-11-20"]), ["2026-11-21", "2026-11-22"]);
        assert_eq!(days("2026-11-23T09:00:00", &["2026-09-01"]), ["2026-11-20", "2026-11-21", "2026-11-22"]);
    }

    #[test]
    fn a_clock_that_is_set_back_or_was_wrong_repeats_and_prevents_nothing() {
        // Back from the 23rd to the 20th: the 19th was reported long ago.
        assert_eq!(days("2026-11-20T12:00:00", &["2026-11-18", "2026-11-19", "2026-11-22"]), [""; 0]);
        // It was in 2037 for a while.
        assert_eq!(days("2026-11-23T12:00:00", &["2026-11-21", "2037-01-01"]), ["2026-11-22"]);
        // Started in 1970, before the network told the time.
        assert_eq!(days("1970-01-05T12:00:00", &["2026-11-21"]), ["1970-01-04"]);
    }

    #[test]
    fn days_on_which_the_clocks_change() {
        let moment = |name: &str, at| moment(Period::parse(name).unwrap(), at, &zone());
        // 02:30 does not exist on 29 March 2026, and comes twice on 25 October.
        assert_eq!(moment("2026-03-28", at(2, 30)), time("2026-03-29T03:30:00"));
        assert_eq!(moment("2026-10-24", at(2, 30)), time("2026-10-25T01:30:00") + 3600);
        let now = time("2026-10-25T01:30:00") + 2 * 3600;
        let second = due(Kind::Day, at(2, 30), &zone(), now, 3 * DAY, &noted(&["2026-10-24"]));
        assert_eq!(second, [], "the hour comes again, the report does not");
    }

    #[test]
    fn weeks_and_months() {
        let of = |kind, now: &str, names: &[&str]| -> Vec<String> {
            let due = due(kind, at(1, 0), &zone(), time(now), 3 * DAY, &noted(names));
            due.iter().map(ToString::to_string).collect()
        };
        assert_eq!(of(Kind::Week, "2026-11-23T01:00:00", &["2026-W46", "2026-11-22"]), ["2026-W47"]);
        assert_eq!(of(Kind::Week, "2026-11-22T23:00:00", &["2026-W46"]), [""; 0]);
        assert_eq!(of(Kind::Month, "2026-12-01T01:00:00", &["2026-10"]), ["2026-11"]);
        // Away on the first: on the third it comes all the same, on the tenth too, as it is the last one.
        assert_eq!(of(Kind::Month, "2026-12-10T01:00:00", &["2026-10"]), ["2026-11"]);
    }

    proptest::proptest! {
        /// However the clock runs and jumps, no report is due twice, and each day that it passes slowly has one.
        #[test]
        fn never_twice(steps in proptest::collection::vec((-4_i64 * DAY..5 * DAY, 0_i64..7200), 1..60)) {
            let mut notes = BTreeMap::new();
            let mut now = time("2026-10-20T12:00:00");
            let mut seen = std::collections::BTreeSet::new();
            for (jump, slow) in steps {
                // Mostly forwards and slowly.
                now += if slow < 6000 { slow } else { jump };
                for period in due(Kind::Day, at(1, 0), &zone(), now, 3 * DAY, &notes) {
                    proptest::prop_assert!(moment(period, at(1, 0), &zone()) <= now);
                    proptest::prop_assert!(seen.insert(period), "{period} twice");
                    notes.insert(period, Note::default());
                }
            }
        }
    }
}
