//! What happens to meters, telegrams and the file, one by one and by name, in the days, months and years of the store.
//! What the account makes of each stands at the head of `smarty_ledger`'s `account.rs`.

#![allow(clippy::unwrap_used, missing_docs)] // A test ends where something is not as it must be.

mod common;

use common::{Folder, MIDNIGHT, reading, readings};
use smarty_p1::Quantity;
use smarty_store::{Appended, Calendar, MeterReading, Peak, Reader, Span, Store, back_up, restore};

const DAY: i64 = 86_400;
const HOUR: i64 = 3600;
const EVER: (i64, i64) = (0, i64::MAX / 2);

fn reader(folder: &Folder) -> Reader {
    Reader::open(folder.path()).unwrap()
}

/// A Wh every ten seconds, at any time.
fn telegrams(from: i64, to: i64) -> Vec<MeterReading> {
    (from..to).step_by(10).map(|time| reading(time, (time - from) / 10)).collect()
}

/// The same from a day before a date to a day after it; days, months and years of that.
fn around(date: &str) -> (Folder, [Vec<Span>; 3]) {
    let calendar = Calendar::luxembourg();
    let (start, end) = calendar.day(calendar.midnight(date.parse().unwrap()));
    let folder = Folder::new();
    let mut store = Store::open(folder.options()).unwrap();
    store.append_batch(&telegrams(start - DAY, end + DAY + 10)).unwrap();
    let reader = reader(&folder);
    let days = reader.days("home", EVER.0, EVER.1).unwrap();
    assert_eq!((days[1].start, days[1].end, days[1].complete), (start, end, true));
    assert_eq!(days[1].energies.import, Some((end - start) / 10));
    assert_eq!(days[1].telegrams as i64, (end - start) / 10);
    assert_eq!(days[1].peak, Some(Peak { power_w: 360, time: start }));
    assert_eq!(reader.quarter_hours("home", start, end).unwrap().len() as i64, (end - start) / 900);
    let months = reader.months("home", EVER.0, EVER.1).unwrap();
    let years = reader.years("home").unwrap();
    for spans in [&days, &months, &years] {
        let all: i64 = spans.iter().filter_map(|span| span.energies.import).sum();
        assert_eq!(all, (end - start + 2 * DAY) / 10, "nothing is lost between them");
    }
    (folder, [days, months, years])
}

fn imports(spans: &[Span]) -> Vec<i64> {
    spans.iter().map(|span| span.energies.import.unwrap()).collect()
}

/// 23 hours: 92 quarter-hours are all of it.
#[test]
fn a_day_of_23_hours() {
    let (_, [days, ..]) = around("2026-03-29");
    assert_eq!(imports(&days), [8640, 23 * 360, 8640, 0]);
}

/// 25 hours: the four quarter-hours of the hour that comes twice are there twice.
#[test]
fn a_day_of_25_hours_with_the_hour_that_comes_twice() {
    let (folder, [days, ..]) = around("2026-10-25");
    assert_eq!(imports(&days), [8640, 25 * 360, 8640, 0]);
    let change = days[1].start + 3 * HOUR;
    let hours = reader(&folder).hours("home", change - HOUR, change + HOUR).unwrap();
    assert_eq!(imports(&hours), [360, 360]);
    assert!(hours.iter().all(|hour| hour.complete));
}

/// Each day is in its own month.
#[test]
fn month_end() {
    let (_, [_, months, years]) = around("2026-05-01");
    assert_eq!((imports(&months), imports(&years)), (vec![8640, 2 * 8640], vec![3 * 8640]));
    assert_eq!(months[0].end, months[1].start);
    assert!(!months[0].complete && months[1].complete && months[1].running);
}

/// Each day is in its own year.
#[test]
fn year_end() {
    let (_, [_, months, years]) = around("2027-01-01");
    assert_eq!((imports(&months), imports(&years)), (vec![8640, 2 * 8640], vec![8640, 2 * 8640]));
    assert!(!years[0].complete && years[1].complete && years[1].running);
}

/// 29 February is the last day of its month, and that month has 29 days.
#[test]
fn leap_day() {
    let (_, [days, months, _]) = around("2028-02-29");
    assert_eq!((imports(&days), imports(&months)), (vec![8640, 8640, 8640, 0], vec![2 * 8640, 8640]));
    assert_eq!(months[0].end - months[0].start, 29 * DAY);
}

/// A whole month is complete, and so is the year as far as it goes; a missing minute at a border is enough for both
/// to say that they are not.
#[test]
fn a_month_is_complete_or_says_so() {
    for (missing, complete) in [(0..0, true), (-940..-890, false)] {
        let folder = Folder::new();
        let mut store = Store::open(folder.options()).unwrap();
        let calendar = Calendar::luxembourg();
        let (start, end) = calendar.month(calendar.midnight("2027-02-01".parse().unwrap()));
        let mut heard = telegrams(start - 900, end + 10);
        heard.retain(|reading| !missing.contains(&(reading.time - end)));
        store.append_batch(&heard).unwrap();
        let february = reader(&folder).months("home", start, end).unwrap()[0];
        assert_eq!((february.complete, february.energies.import), (complete, Some((end - start) / 10)));
    }
}

fn from_another(segment: &str, mut readings: Vec<MeterReading>) -> Vec<MeterReading> {
    for reading in &mut readings {
        reading.segment = segment.into();
        let value = reading.values.get(Quantity::EnergyImport).unwrap();
        reading.values.set(Quantity::EnergyImport, value - 900_000);
    }
    readings
}

/// The day has what both meters have counted, and not their difference.
#[test]
fn meter_swap() {
    let folder = Folder::new();
    let mut store = Store::open(folder.options()).unwrap();
    store.append_batch(&readings(MIDNIGHT, MIDNIGHT + 10 * HOUR + 100)).unwrap();
    store.append_batch(&from_another("SAG2", readings(MIDNIGHT + 10 * HOUR + 600, MIDNIGHT + DAY + 10))).unwrap();
    let day = reader(&folder).days("home", MIDNIGHT, MIDNIGHT + 1).unwrap()[0];
    // But for 510 seconds, in which there was no meter.
    assert_eq!((day.energies.import, day.complete), (Some(8640 - 51), false));
    let reasons: Vec<_> =
        reader(&folder).gaps("home", EVER.0, EVER.1).unwrap().into_iter().map(|gap| gap.reason).collect();
    assert_eq!(reasons, ["meter swap", "meter swap"]);
}

/// A telegram of more than 31 days ahead is refused: everything after it would be late. One of two days ahead is
/// believed. What follows is kept and not booked, until those days are over; then they are one gap, and the sum is
/// right.
#[test]
fn a_telegram_from_the_future() {
    let folder = Folder::new();
    let mut store = Store::open(folder.options()).unwrap();
    store.append_batch(&readings(MIDNIGHT, MIDNIGHT + HOUR)).unwrap();
    let ahead =
        |days: i64| MeterReading { received: MIDNIGHT + HOUR, ..reading(MIDNIGHT + HOUR + days * DAY + 5, 1_000_360) };
    assert_eq!(store.append(&ahead(32)).unwrap(), Appended::Refused);
    assert_eq!(store.append(&ahead(2)).unwrap(), Appended::New);
    let count = store.append_batch(&readings(MIDNIGHT + HOUR + 10, MIDNIGHT + 2 * DAY)).unwrap();
    assert_eq!((count.new, count.refused, count.quarantined), (2 * 8640 - 361, 0, 0));
    let quarters = || reader(&folder).quarter_hours("home", EVER.0, EVER.1).unwrap();
    assert_eq!(quarters().iter().filter(|quarter| quarter.complete).count(), 4, "the account stands still");
    store.append_batch(&readings(MIDNIGHT + 2 * DAY, MIDNIGHT + 3 * DAY + 10)).unwrap();
    let months = reader(&folder).months("home", EVER.0, EVER.1).unwrap();
    assert_eq!(imports(&months), [3 * 8640]);
    assert!(quarters().iter().filter_map(Span::demand_import_w).all(|demand| demand <= 360), "no demand of days");
    let gaps = reader(&folder).gaps("home", EVER.0, EVER.1).unwrap();
    assert!(gaps.iter().all(|gap| gap.reason == "clock set back"), "{gaps:#?}");
    let kept = reader(&folder).readings("home", EVER.0, EVER.1).unwrap().count();
    assert_eq!(kept, 3 * 8640 + 1, "every telegram is there");
}

/// The file of an hour ago is put back: that hour is a gap, and the day has its energy.
#[test]
fn restored_backup() {
    let folder = Folder::new();
    let copy = folder.folder.path().join("copy.db");
    let mut store = Store::open(folder.options()).unwrap();
    store.append_batch(&readings(MIDNIGHT, MIDNIGHT + 10 * HOUR + 100)).unwrap();
    back_up(&folder.path(), &copy).unwrap();
    let lost = readings(MIDNIGHT + 10 * HOUR + 100, MIDNIGHT + 11 * HOUR);
    store.append_batch(&lost).unwrap();
    drop(store);
    restore(&copy, &folder.path()).unwrap();
    let mut store = Store::open(folder.options()).unwrap();
    store.append_batch(&readings(MIDNIGHT + 11 * HOUR, MIDNIGHT + DAY + 10)).unwrap();
    let day = || reader(&folder).days("home", MIDNIGHT, MIDNIGHT + 1).unwrap()[0];
    assert_eq!((day().energies.import, day().complete), (Some(8640), false));
    let gaps = reader(&folder).gaps("home", EVER.0, EVER.1).unwrap();
    assert_eq!((gaps.len(), gaps[0].start, gaps[0].end), (1, MIDNIGHT + 10 * HOUR, MIDNIGHT + 11 * HOUR));
    // Who has the telegrams still can give them back.
    assert_eq!(store.insert_history(&lost).unwrap().new, lost.len() as u64);
    assert_eq!((day().energies.import, day().complete), (Some(8640), true));
}
