//! Totals equal the difference of the registers, in cases that a person can follow. Whatever else can happen: `worlds`.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{Folder, MIDNIGHT, readings};
use smarty_ledger::Register;
use smarty_p1::Quantity;
use smarty_store::{Calendar, Energies, Reader, Span, Store};

const EVER: (i64, i64) = (0, i64::MAX / 2);

fn import(spans: &[Span]) -> i64 {
    spans.iter().filter_map(|span| span.energies.import).sum()
}

/// Everything that the store says about the import, which must be the same in each kind of span.
fn assert_total(reader: &Reader, expected: i64) {
    let gaps = reader.gaps("home", EVER.0, EVER.1).unwrap();
    let running = reader.running("home").unwrap().unwrap();
    let quarters = reader.quarter_hours("home", EVER.0, EVER.1).unwrap();
    let closed: i64 = quarters.iter().filter(|span| !span.running).filter_map(|span| span.energies.import).sum();
    let gap_sum: i64 = gaps.iter().filter_map(|gap| gap.energies.import).sum();
    assert_eq!(closed + gap_sum + running.energies.import.unwrap_or(0), expected, "quarter-hours");
    let usage = reader.usage("home", EVER.0, EVER.1).unwrap();
    let metered: i64 = usage.quarters.iter().filter_map(|quarter| quarter.import).sum();
    let stretches: i64 = usage.gaps.iter().filter_map(|gap| gap.import).sum();
    assert_eq!(metered + stretches, expected, "usage");
    assert_eq!(usage.last, Some(running.last));
    let starts = usage.quarters.iter().map(|quarter| quarter.start);
    assert_eq!(usage.first, starts.chain(usage.gaps.iter().map(|gap| gap.start)).min());
    assert!(usage.quarters.windows(2).all(|pair| pair[0].start < pair[1].start));

    let (last, balances) = reader.balance("home").unwrap().unwrap();
    let import_of = balances.iter().find(|balance| balance.register == Register::Import).unwrap();
    assert_eq!((import_of.difference, import_of.off()), (expected, 0), "{import_of:?}");
    assert_eq!(Some(import_of.value), last.values.total(Quantity::EnergyImport));
    assert!(balances.iter().all(|balance| balance.off() == 0), "{balances:?}");

    // A span has what lies in it whole: what crosses its borders is added.
    let crossing = |spans: &[Span]| {
        let inside = |start: i64, end: i64| spans.iter().any(|span| span.start <= start && end <= span.end);
        let gaps: i64 =
            gaps.iter().filter(|gap| !inside(gap.start, gap.end)).filter_map(|gap| gap.energies.import).sum();
        let open = running.since[0];
        let last = spans.last().unwrap();
        gaps + if open < last.start { running.energies.import.unwrap_or(0) } else { 0 }
    };
    for spans in [
        reader.hours("home", EVER.0, EVER.1).unwrap(),
        reader.days("home", EVER.0, EVER.1).unwrap(),
        reader.months("home", EVER.0, EVER.1).unwrap(),
        reader.years("home").unwrap(),
    ] {
        assert_eq!(import(&spans) + crossing(&spans), expected, "{spans:#?}");
        assert!(spans.windows(2).all(|pair| pair[0].end <= pair[1].start));
        assert_eq!(spans.iter().filter(|span| span.running).count(), 1);
        assert!(spans.last().unwrap().running);
    }
}

#[test]
fn the_running_spans_are_there_from_the_first_telegram_on() {
    let folder = Folder::new();
    let mut store = Store::open(folder.options()).unwrap();
    let reader = Reader::open(folder.path()).unwrap();
    for (count, reading) in readings(MIDNIGHT + 100, MIDNIGHT + 5000).iter().enumerate() {
        store.append(reading).unwrap();
        if count % 13 == 0 {
            assert_total(&reader, count as i64);
            let days = reader.days("home", EVER.0, EVER.1).unwrap();
            assert_eq!(days.last().unwrap().telegrams, count as u64 + 1);
        }
    }
    let quarters = reader.quarter_hours("home", EVER.0, EVER.1).unwrap();
    assert_eq!(
        quarters.iter().map(|quarter| quarter.complete).collect::<Vec<_>>(),
        [false, true, true, true, true, true]
    );
    assert_eq!(quarters[0].energies, Energies::default());
    assert_eq!(quarters[1].energies.import, Some(90));
    assert_eq!(quarters[1].demand_import_w(), Some(360));
    assert!(!reader.days("home", EVER.0, EVER.1).unwrap()[0].complete, "it did not begin at midnight");
}

#[test]
fn a_complete_running_day_says_so() {
    let folder = Folder::new();
    let mut store = Store::open(folder.options()).unwrap();
    store.append_batch(&readings(MIDNIGHT - 86_400, MIDNIGHT + 30_000)).unwrap();
    let reader = Reader::open(folder.path()).unwrap();
    let days = reader.days("home", MIDNIGHT - 86_400, MIDNIGHT + 1).unwrap();
    assert_eq!(days.iter().map(|day| (day.complete, day.running)).collect::<Vec<_>>(), [(true, false), (true, true)]);
    assert_eq!(import(&days), 8640 + 2999);
    let peaks = reader.peaks("home", MIDNIGHT - 86_400, MIDNIGHT, 3).unwrap();
    assert_eq!(
        peaks.iter().map(|peak| (peak.power_w, peak.time)).collect::<Vec<_>>()[..2],
        [(360, MIDNIGHT - 86_400), (360, MIDNIGHT - 85_500)]
    );
}

#[test]
fn an_hour_has_its_gaps_also_where_the_question_ends_within_it() {
    let folder = Folder::new();
    let mut store = Store::open(folder.options()).unwrap();
    // Silent from 20 to 40 minutes after the hour.
    store.append_batch(&readings(MIDNIGHT, MIDNIGHT + 1200)).unwrap();
    store.append_batch(&readings(MIDNIGHT + 2400, MIDNIGHT + 4000)).unwrap();
    let reader = Reader::open(folder.path()).unwrap();
    let all = reader.hours("home", EVER.0, EVER.1).unwrap();
    assert_eq!((all[0].start, all[0].energies.import, all[0].complete), (MIDNIGHT, Some(360), false));
    for to in [MIDNIGHT + 1, MIDNIGHT + 900, MIDNIGHT + 3599, MIDNIGHT + 3600] {
        assert_eq!(reader.hours("home", MIDNIGHT - 10, to).unwrap(), all[..1], "{}", to - MIDNIGHT);
    }
}

#[test]
fn another_zone_sums_the_days_up_again() {
    let folder = Folder::new();
    let mut store = Store::open(folder.options()).unwrap();
    store.append_batch(&readings(MIDNIGHT - 90_000, MIDNIGHT + 90_000)).unwrap();
    store.declare_meter("home", &Calendar::new("America/New_York").unwrap()).unwrap();
    let reader = Reader::open(folder.path()).unwrap();
    assert_total(&reader, 17_999);
    let days = reader.days("home", EVER.0, EVER.1).unwrap();
    assert_eq!(days[1].start, MIDNIGHT - 86_400 + 6 * 3600);
    assert!(days[1].complete);
}
