//! Gas, water and heat: cases that a person can follow, and the law against a slow reference that has all captures at hand.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

use proptest::collection::vec;
use proptest::prelude::*;
use smarty_ledger::{Capture, Device, DeviceEntry, DeviceSum, Outcome, Reason};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Days of 24 hours, but each seventh has 23 and each eleventh 25.
fn day(time: i64) -> (i64, i64) {
    let mut start = 0;
    for number in 0.. {
        let hours = if number % 11 == 10 {
            25
        } else if number % 7 == 6 {
            23
        } else {
            24
        };
        if time < start + hours * HOUR {
            return (start, start + hours * HOUR);
        }
        start += hours * HOUR;
    }
    unreachable!()
}

/// Months of five days: the first second of the one around a moment.
fn month(time: i64) -> i64 {
    let mut start = 0;
    loop {
        let end = (0..5).fold(start, |at, _| day(at).1);
        if time < end {
            return start;
        }
        start = end;
    }
}

const fn at(time: i64, value: i64) -> Capture {
    Capture { time, value, restart: false }
}

struct Books {
    device: Device,
    entries: Vec<DeviceEntry>,
}

impl Books {
    fn of(captures: &[Capture]) -> Self {
        let mut books = Self { device: Device::new(), entries: Vec::new() };
        for capture in captures {
            books.feed(capture);
        }
        books
    }

    fn feed(&mut self, capture: &Capture) -> Outcome {
        self.device.feed(capture, day, |entry| self.entries.push(entry))
    }
}

const fn whole(start: i64, end: i64, amount: i64) -> DeviceEntry {
    DeviceEntry::Day { start, end, amount }
}

const fn gap(start: i64, end: i64, amount: i64, reason: Reason) -> DeviceEntry {
    DeviceEntry::Gap { start, end, amount, reason }
}

#[test]
fn a_day_is_the_difference_across_its_borders() {
    // Once an hour, never on the hour.
    let hourly: Vec<_> = (0..60).map(|hour| at(hour * HOUR + 1900, 1000 + hour * 10)).collect();
    let books = Books::of(&hourly);
    // 23:31:40 is the last before midnight.
    assert_eq!(books.entries, [gap(1900, DAY, 230, Reason::Start), whole(DAY, 2 * DAY, 240)]);
    assert_eq!(books.device.running().unwrap().amount, 1000 + 590 - (1000 + 470));
}

#[test]
fn an_outage_across_midnight_is_a_gap_and_one_of_two_days_too() {
    let mut books = Books::of(&[at(0, 100), at(HOUR, 110), at(2 * HOUR, 120), at(DAY + 9 * HOUR, 400)]);
    assert_eq!(books.entries, []);
    for hour in 10..=24 {
        books.feed(&at(DAY + hour * HOUR, 400 + hour));
    }
    assert_eq!(books.entries, [gap(0, 2 * DAY, 324, Reason::NoTelegrams)]);
}

#[test]
fn a_device_that_is_read_once_a_day_has_days() {
    let mut books = Books::of(&[at(7 * HOUR, 0), at(DAY + 7 * HOUR, 10), at(2 * DAY + 7 * HOUR, 25)]);
    // So far nobody knows that it never speaks more often.
    assert_eq!(books.entries, []);
    for number in 3..6 {
        books.feed(&at(number * DAY + 7 * HOUR, 25 + number));
    }
    let start = gap(7 * HOUR, 4 * DAY, 28, Reason::Start);
    assert_eq!(books.entries, [start, whole(4 * DAY, 5 * DAY, 1)]);
}

#[test]
fn a_register_that_begins_anew_ends_a_run() {
    let books = Books::of(&[at(0, 500), at(HOUR, 510), at(2 * HOUR, 3), at(23 * HOUR + 1800, 9), at(DAY + 60, 9)]);
    assert_eq!(books.entries, [gap(0, HOUR, 10, Reason::Reset), gap(2 * HOUR, DAY, 6, Reason::Reset)]);
    // Someone said that a jump upwards is true: it was not used.
    let jump = Capture { time: 2 * HOUR, value: 90_000, restart: true };
    let books = Books::of(&[at(0, 500), at(HOUR, 510), jump, at(3 * HOUR, 90_001)]);
    assert_eq!(books.entries, [gap(0, HOUR, 10, Reason::Reset)]);
    assert_eq!(books.device.running().map(|running| (running.since, running.amount)), Some((2 * HOUR, 1)));
}

#[test]
fn what_is_not_newer_changes_nothing() {
    let mut books = Books::of(&[at(0, 500), at(HOUR, 510)]);
    let before = books.device.clone();
    for late in [at(HOUR, 510), at(HOUR, 999), at(HOUR - 1, 505), at(2 * HOUR, -1), at(i64::MAX, 520)] {
        assert_eq!(books.feed(&late), Outcome::Late);
    }
    assert_eq!(books.device, before);
}

#[test]
fn today_is_known_if_midnight_is() {
    let mut books = Books::of(&[]);
    let mut today = DeviceSum::default();
    let mut now = |books: &mut Books, time: i64, value: Option<i64>| {
        today.turn(day(time).0);
        let before = books.entries.len();
        if let Some(value) = value {
            books.feed(&at(time, value));
        }
        books.entries[before..].iter().for_each(|entry| today.enter(entry));
        today.now(&books.device)
    };
    assert_eq!(now(&mut books, 20 * HOUR, None), None);
    assert_eq!(now(&mut books, 23 * HOUR, Some(100)), Some(0), "so far, since it is known");
    assert_eq!(now(&mut books, 23 * HOUR + 1800, Some(104)), Some(4));
    assert_eq!(now(&mut books, DAY + 10, None), Some(0), "midnight is measured, and nothing came since");
    assert_eq!(now(&mut books, DAY + 900, Some(107)), Some(3));
    assert_eq!(now(&mut books, DAY + 2 * HOUR, Some(117)), Some(13));
    assert_eq!(now(&mut books, 2 * DAY + 60, None), None, "the last capture is too old");
    assert_eq!(now(&mut books, 2 * DAY + HOUR, Some(217)), None);
    assert_eq!(now(&mut books, 3 * DAY, Some(300)), Some(0));
}

/// One that is read once a day, late in the evening, and was not read yesterday: nobody knows where today began, though
/// its last capture is not much older than a day.
#[test]
fn a_midnight_is_known_by_a_capture_of_the_day_before() {
    let books = Books::of(&[0, 1, 2, 3].map(|number| at(number * DAY + 23 * HOUR + 3400, number)));
    assert!(books.device.reaches(4 * DAY));
    assert!(!books.device.reaches(5 * DAY));
    let mut today = DeviceSum::default();
    today.turn(4 * DAY);
    assert_eq!(today.now(&books.device), Some(0));
    today.turn(5 * DAY);
    assert_eq!(today.now(&books.device), None);
}

/// The slow reference: a border's register by looking at all captures.
fn reference(captures: &[Capture]) -> (Vec<(i64, i64, i64)>, i64) {
    let fresh =
        |index: usize| index == 0 || captures[index].restart || captures[index].value < captures[index - 1].value;
    let measured = |border: i64, index: usize| {
        let gap = |back: usize| (index >= back).then(|| captures[index - back + 1].time - captures[index - back].time);
        let shortest = [gap(1), gap(2), gap(3)].into_iter().map(|gap| gap.unwrap_or(0)).min().unwrap();
        let margin = (shortest + 300).clamp(HOUR + 300, 25 * HOUR + 300);
        let time = captures[index].time;
        time == border || border - time <= margin && day(time).1 == border
    };
    let mut days = Vec::new();
    let last = captures[captures.len() - 1].time;
    let mut start = day(captures[0].time).0;
    while start <= last {
        let end = day(start).1;
        let begin = captures.iter().rposition(|capture| capture.time <= start);
        // One that begins a new run exactly there does not end the day of the old one.
        let until = |index: &usize| captures[*index].time < end || captures[*index].time == end && !fresh(*index);
        let close = (0..captures.len()).rev().find(until);
        if let (Some(begin), Some(close)) = (begin, close)
            && last >= end
            && measured(start, begin)
            && measured(end, close)
            && !(begin + 1..=close).any(fresh)
        {
            days.push((start, end, captures[close].value - captures[begin].value));
        }
        start = end;
    }
    let used = (1..captures.len())
        .filter(|&index| !fresh(index))
        .map(|index| captures[index].value - captures[index - 1].value)
        .sum();
    (days, used)
}

fn captures() -> impl Strategy<Value = Vec<Capture>> {
    let pace = prop_oneof![
        6 => Just(300i64),
        6 => Just(HOUR),
        4 => 60i64..1800,
        3 => 3000i64..4200,
        2 => (DAY - 3000)..(DAY + 3000),
        1 => HOUR..(4 * DAY),
    ];
    let row = (pace, prop_oneof![5 => 1usize..6, 2 => 10usize..60], 0i64..50, 0u8..12);
    (0i64..(2 * DAY), vec(row, 1..14)).prop_map(|(begin, rows)| {
        let (mut time, mut value) = (begin, 5000);
        let mut captures = vec![at(time, value)];
        for (pace, count, rise, event) in rows {
            for number in 0..count {
                // Every second row stands on the hour.
                time = if event % 2 == 0 { (time + pace) / 300 * 300 } else { time + pace };
                value += rise * (number as i64 % 3);
                let restart = number == 0 && event == 11;
                if number == 0 && event >= 10 {
                    value = if event == 10 { value / 2 } else { value + 70_000 };
                }
                if time > captures[captures.len() - 1].time {
                    captures.push(Capture { time, value, restart });
                }
            }
        }
        captures
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn books_come_back_from_their_bytes(captures in captures(), bytes in vec(any::<u8>(), 0..100)) {
        let (mut device, mut sum) = (Device::new(), DeviceSum::default());
        for capture in &captures {
            sum.turn(month(capture.time));
            device.feed(capture, day, |entry| sum.enter(&entry));
            prop_assert_eq!(&Device::from_bytes(&device.to_bytes()).unwrap(), &device);
            prop_assert_eq!(&DeviceSum::from_bytes(&sum.to_bytes()).unwrap(), &sum);
        }
        prop_assert!(Device::from_bytes(&device.to_bytes()[1..]).is_err());
        // Whatever it is, it is no crash.
        let _ = (Device::from_bytes(&bytes), DeviceSum::from_bytes(&bytes));
    }

    #[test]
    fn days_gaps_and_what_runs_are_the_register(captures in captures()) {
        let books = Books::of(&captures);
        let (days, used) = reference(&captures);
        let whole: Vec<_> = books.entries.iter().filter_map(|entry| match *entry {
            DeviceEntry::Day { start, end, amount } => Some((start, end, amount)),
            DeviceEntry::Gap { .. } => None,
        }).collect();
        prop_assert_eq!(whole, days);
        let closed: i64 = books.entries.iter().map(DeviceEntry::amount).sum();
        prop_assert_eq!(closed + books.device.running().unwrap().amount, used);
        for pair in books.entries.windows(2) {
            prop_assert!(pair[0].end() <= pair[1].start(), "{:?}", pair);
        }
        prop_assert!(books.entries.iter().all(|entry| entry.start() < entry.end() && entry.amount() >= 0));
    }

    /// A sum over a longer span is that of its days and of the gaps that lie in it whole.
    #[test]
    fn the_running_sum_is_that_of_the_entries(captures in captures()) {
        let mut books = Books::of(&[]);
        let mut sum = DeviceSum::default();
        for capture in &captures {
            let start = month(capture.time);
            sum.turn(start);
            let before = books.entries.len();
            books.feed(capture);
            books.entries[before..].iter().for_each(|entry| sum.enter(entry));
            let closed = books.entries.iter().filter(|entry| entry.start() >= start).map(DeviceEntry::amount);
            let running = books.device.running().filter(|running| running.since >= start);
            let expected = closed.chain(running.map(|running| running.amount)).reduce(|one, two| one + two);
            prop_assert_eq!(sum.now(&books.device), expected);
            // A telegram of before comes late.
            sum.turn(month(capture.time / 2));
            prop_assert_eq!(sum.now(&books.device), expected);
        }
    }
}
