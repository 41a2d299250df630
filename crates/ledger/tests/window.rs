//! The rolling window, against all readings at hand.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

use proptest::collection::vec;
use proptest::prelude::*;
use smarty_ledger::{Window, WindowSpread};

/// By the definition: the readings from this time on.
fn spread_since(readings: &[(i64, Option<i64>)], since: i64) -> Option<WindowSpread> {
    let powers: Vec<i64> = readings.iter().filter(|(time, _)| *time >= since).filter_map(|(_, power)| *power).collect();
    let (min_w, max_w) = (*powers.iter().min()?, *powers.iter().max()?);
    let (sum, count) = (powers.iter().sum::<i64>(), powers.len() as i64);
    // Half up: the greatest whole number that is not above the mean and a half.
    let mean_cw = (200 * sum + count).div_euclid(2 * count);
    Some(WindowSpread { mean_cw, min_w, max_w })
}

fn seconds() -> impl Strategy<Value = i64> {
    prop_oneof![6 => Just(1i64), 6 => Just(10i64), 2 => 1i64..90, 1 => 200i64..5000, 1 => -100i64..1]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_window_is_what_its_readings_say(
        minutes in 1u8..=60,
        start in 0i64..2_000_000_000,
        steps in vec((seconds(), prop_oneof![1 => Just(None), 9 => (-9000i64..9000).prop_map(Some)]), 1..400),
    ) {
        let mut window = Window::new(minutes);
        let mut readings: Vec<(i64, Option<i64>)> = Vec::new();
        let mut time = start;
        let part = i64::from(minutes);
        for (seconds, power) in steps {
            let moment = time + seconds;
            window.add(moment, power);
            if readings.is_empty() || moment > time {
                time = moment;
                readings.push((time, power));
            }
            let begin = (time / part - 59) * part;
            prop_assert!(begin > time - 60 * part && begin <= time - 59 * part);
            prop_assert_eq!(window.spread(), spread_since(&readings, begin));
        }
    }

    #[test]
    fn nothing_panics(minutes: u8, readings in vec((any::<i64>(), any::<Option<i64>>()), 0..40)) {
        let mut window = Window::new(minutes);
        for (time, power) in readings {
            window.add(time, power);
            let _ = window.spread();
        }
    }

    /// As fast as a meter can speak, as much as it can say.
    #[test]
    fn a_reading_each_second_of_the_highest_power_fits(minutes in 1u8..=60, power in prop_oneof![Just(i64::MAX), Just(i64::MIN)]) {
        let mut window = Window::new(minutes);
        for time in 0..2 * 60 * i64::from(minutes) {
            window.add(time, Some(power));
        }
        let limit = i64::from(i32::MAX / 60) * power.signum();
        let expected = WindowSpread { mean_cw: limit * 100, min_w: limit, max_w: limit };
        prop_assert_eq!(window.spread(), Some(expected));
    }
}

#[test]
fn silence_empties_it_and_an_older_time_is_ignored() {
    let mut window = Window::new(15);
    assert_eq!(window.spread(), None);
    window.add(9000, Some(100));
    window.add(9010, Some(201));
    assert_eq!(window.spread(), Some(WindowSpread { mean_cw: 15_050, min_w: 100, max_w: 201 }));
    window.add(9010, Some(9999));
    window.add(8000, Some(9999));
    assert_eq!(window.spread().unwrap().max_w, 201);
    window.add(9010 + 900, None);
    assert_eq!(window.spread(), None);
}

#[test]
fn means_are_rounded_half_up() {
    let mut window = Window::new(60);
    for (time, power) in [(0, 1), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (7, 0)] {
        window.add(time, Some(power));
    }
    // An eighth of a watt: 12.5 hundredths.
    assert_eq!(window.spread().unwrap().mean_cw, 13);
    let mut window = Window::new(60);
    for (time, power) in [(0, -1), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (7, 0)] {
        window.add(time, Some(power));
    }
    assert_eq!(window.spread().unwrap().mean_cw, -12);
}

#[test]
fn minutes_out_of_range_are_the_nearest_in_it() {
    assert_eq!(Window::new(0), Window::new(1));
    assert_eq!(Window::new(255), Window::new(60));
}
