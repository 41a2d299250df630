//! The accounts in single cases that a person can follow.

#![allow(clippy::unwrap_used)]

use smarty_ledger::{Account, Entry, QuarterHour, Reason, Register, Sample};

fn sample(time: i64, segment: i64, import: i64) -> Sample {
    let mut sample = Sample::at(time);
    sample.segment = segment;
    sample.totals[Register::Import as usize] = Some(import);
    sample
}

/// `(start, energy)` of a quarter-hour, `(start, end, energy, reason)` of a gap.
#[derive(Debug, PartialEq)]
enum Line {
    Quarter(i64, Option<i64>),
    Gap(i64, i64, Option<i64>, Reason),
}
use Line::{Gap, Quarter};

fn feed(account: &mut Account, readings: &[(i64, i64, i64)]) -> Vec<Line> {
    let mut lines = Vec::new();
    for &(time, segment, import) in readings {
        account.feed(&sample(time, segment, import), |entry| {
            lines.push(match entry {
                Entry::Quarter(quarter) => Quarter(quarter.start, quarter.energies.import),
                Entry::Gap(gap) => Gap(gap.start, gap.end, gap.energies.import, gap.reason),
            });
        });
    }
    lines
}

#[test]
fn a_start_within_a_quarter_hour_is_a_gap_of_its_own() {
    let lines = feed(&mut Account::new(30), &[(500, 1, 10), (895, 1, 20), (905, 1, 21), (1800, 1, 50)]);
    assert_eq!(lines, [Gap(500, 900, Some(10), Reason::Start), Quarter(0, None), Quarter(900, Some(30))]);
}

#[test]
fn a_reading_on_the_border_is_better_than_one_before() {
    let lines = feed(&mut Account::new(30), &[(900, 1, 10), (1790, 1, 20), (1800, 1, 25)]);
    assert_eq!(lines, [Quarter(900, Some(15))]);
}

#[test]
fn exactly_the_margin_is_measured_a_second_more_is_not() {
    let lines = feed(&mut Account::new(30), &[(900, 1, 10), (1770, 1, 20), (1801, 1, 25)]);
    assert_eq!(lines, [Quarter(900, Some(10))]);
    let lines = feed(&mut Account::new(30), &[(900, 1, 10), (1769, 1, 20), (1801, 1, 25), (2700, 1, 26)]);
    assert_eq!(lines, [Quarter(900, None), Gap(900, 2700, Some(16), Reason::NoTelegrams), Quarter(1800, None)]);
}

#[test]
fn hours_of_silence_are_one_gap() {
    let lines = feed(&mut Account::new(30), &[(900, 1, 10), (910, 1, 11), (9_000, 1, 700)]);
    assert_eq!(lines, [Gap(900, 9_000, Some(690), Reason::NoTelegrams), Quarter(900, None)]);
}

#[test]
fn a_quarter_hour_without_a_telegram_can_be_measured() {
    let lines = feed(&mut Account::new(30), &[(890, 1, 10), (1800, 1, 20)]);
    assert_eq!(lines[0], Gap(890, 900, Some(0), Reason::Start));
    assert_eq!(lines[1..], [Quarter(0, None), Quarter(900, Some(10))]);
}

#[test]
fn a_meter_swap_never_takes_the_difference_of_two_meters() {
    let mut account = Account::new(30);
    let lines = feed(&mut account, &[(900, 1, 10), (1000, 1, 17), (1200, 2, 90_000), (1800, 2, 90_005)]);
    let tail = Gap(900, 1000, Some(7), Reason::Swap);
    let head = Gap(1200, 1800, Some(5), Reason::Swap);
    assert_eq!(lines, [tail, head, Quarter(900, None)]);
    assert_eq!(account.total(Register::Import), 12);
}

#[test]
fn a_register_that_goes_down_starts_anew() {
    let mut account = Account::new(30);
    let lines = feed(&mut account, &[(900, 1, 100), (1000, 1, 107), (1010, 1, 3), (1800, 1, 8)]);
    let tail = Gap(900, 1000, Some(7), Reason::Reset);
    let head = Gap(1010, 1800, Some(5), Reason::Reset);
    assert_eq!(lines, [tail, head, Quarter(900, None)]);
    assert_eq!(account.resets(), 1);
}

#[test]
fn one_register_missing_spoils_only_its_own_energy() {
    let mut account = Account::new(30);
    let mut quarters = Vec::new();
    for time in (900..=1800).step_by(10) {
        let mut sample = sample(time, 1, time);
        sample.totals[Register::Export as usize] = Some(5).filter(|_| time < 1700);
        sample.totals[Register::ReactiveImport as usize] = Some(time * 2);
        account.feed(&sample, |entry| {
            if let Entry::Quarter(quarter) = entry {
                quarters.push(quarter);
            }
        });
    }
    assert_eq!(quarters.len(), 1);
    let energies = quarters[0].energies;
    assert_eq!((energies.import, energies.export, energies.reactive_import), (Some(900), None, Some(1800)));
    assert!(!quarters[0].complete);
    assert_eq!(quarters[0].telegrams, 90);
}

#[test]
fn power_and_voltage_have_their_extremes() {
    let mut account = Account::new(30);
    let mut quarter = None;
    for (time, power, volts) in [(900, -300, 229_000), (910, 500, 231_000), (1800, 9000, 250_000)] {
        let mut sample = sample(time, 1, 0);
        sample.power_net = Some(power);
        sample.voltages = [Some(volts), None, Some(volts + 500)];
        account.feed(&sample, |entry| {
            if let Entry::Quarter(closed) = entry {
                quarter = Some(closed);
            }
        });
    }
    let quarter = quarter.unwrap();
    let power = quarter.power_net.unwrap();
    assert_eq!((power.min, power.max, power.sum, power.count, power.mean()), (-300, 500, 200, 2, 100));
    let voltage = quarter.voltage.unwrap();
    assert_eq!((voltage.min, voltage.max), (229_000, 231_500));
    assert_eq!(account.running().telegrams, 1);
}

/// The quarter-hour that begins at 900, of a meter that says these exports and of one that is there after it.
fn first_quarter(exports: &[(i64, Option<i64>)], other: &[(i64, Option<i64>)]) -> QuarterHour {
    let mut account = Account::new(30);
    let mut quarters = Vec::new();
    for (segment, readings) in [(1, exports), (2, other)] {
        for &(time, export) in readings {
            let mut sample = sample(time, segment, time);
            sample.totals[Register::Export as usize] = export;
            account.feed(&sample, |entry| {
                if let Entry::Quarter(quarter) = entry {
                    quarters.push(quarter);
                }
            });
        }
    }
    assert_eq!((quarters.len(), quarters[0].start), (1, 900));
    assert!(quarters[0].energies.import.is_some());
    quarters[0]
}

#[test]
fn a_register_that_comes_first_when_a_quarter_hour_is_over_was_not_missing_in_it() {
    let quarter = first_quarter(&[(900, None), (1800, Some(5))], &[]);
    assert!(quarter.complete);
    let quarter = first_quarter(&[(900, None), (1790, Some(5)), (1800, Some(5))], &[]);
    assert!(!quarter.complete, "it came before the end");
}

#[test]
fn a_meter_without_a_register_does_not_complete_what_the_one_before_it_left_open() {
    let exports = [(900, Some(5)), (1700, Some(7)), (1799, None)];
    let quarter = first_quarter(&exports, &[(1810, None)]);
    assert_eq!((quarter.energies.export, quarter.complete), (None, false), "2 Wh of it are a gap");
    let exports = [(900, Some(5)), (1799, Some(7))];
    let quarter = first_quarter(&exports, &[(1810, None)]);
    assert_eq!((quarter.energies.export, quarter.complete), (Some(2), true));
}

/// Entries of a meter that draws 600 W and sends every ten seconds; the second of each pair is its clock.
fn six_hundred_watts(telegrams: impl IntoIterator<Item = (i64, i64)>) -> Vec<Line> {
    let readings: Vec<_> = telegrams.into_iter().map(|(at, clock)| (clock, 1, at / 6)).collect();
    feed(&mut Account::new(30), &readings)
}

#[test]
fn a_clock_that_is_set_back_makes_no_demand() {
    // At 2250 it is set back by 905 s: by 3155 it says again what it said, and 1055 s are in one quarter-hour.
    let lines = six_hundred_watts((900..=4600).step_by(10).map(|at| (at, if at < 2250 { at } else { at - 905 })));
    let gap = Gap(1800, 2245, Some(225), Reason::ClockSetBack);
    assert!(lines.contains(&Quarter(900, Some(150))), "{lines:?}");
    assert!(lines.contains(&Quarter(1800, None)), "{lines:?}");
    assert!(lines.contains(&Quarter(2700, Some(150))), "{lines:?}");
    assert!(lines.contains(&gap), "{lines:?}");
}
