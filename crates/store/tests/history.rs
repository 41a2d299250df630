//! History: whatever order readings come in, the accounts say what they would say had all come in time.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{Folder, MIDNIGHT, reading, readings, settle};
use proptest::collection::vec;
use proptest::prelude::*;
use smarty_p1::{Quantity, Values};
use smarty_store::{GapEntry, MeterReading, Proof, Reader, Running, Span, Store, StoreError, StoredReading};

const EVER: (i64, i64) = (0, i64::MAX / 2);

#[derive(Debug, PartialEq)]
struct Books {
    quarters: Vec<Span>,
    gaps: Vec<GapEntry>,
    days: Vec<Span>,
    months: Vec<Span>,
    years: Vec<Span>,
    running: Option<Running>,
    readings: Vec<StoredReading>,
}

fn books(folder: &Folder) -> Books {
    let reader = Reader::open(folder.path()).unwrap();
    let mut gaps = reader.gaps("home", EVER.0, EVER.1).unwrap();
    gaps.sort_by_key(|gap| (gap.start, gap.end, gap.energies.import, gap.energies.export));
    Books {
        quarters: reader.quarter_hours("home", EVER.0, EVER.1).unwrap(),
        gaps,
        days: reader.days("home", EVER.0, EVER.1).unwrap(),
        months: reader.months("home", EVER.0, EVER.1).unwrap(),
        years: reader.years("home").unwrap(),
        running: reader.running("home").unwrap(),
        readings: reader.readings("home", EVER.0, EVER.1).unwrap().map(Result::unwrap).collect(),
    }
}

fn insert(store: &mut Store, readings: &[MeterReading]) {
    let count = store.insert_history(readings).unwrap();
    assert_eq!((count.new, count.duplicates, count.refused), (readings.len() as u64, 0, 0));
}

#[test]
fn older_history_is_booked_as_if_it_had_come_in_time() {
    let (one, two) = (Folder::new(), Folder::new());
    let all = readings(MIDNIGHT - 3 * 86_400 + 123, MIDNIGHT + 5000);
    Store::open(one.options()).unwrap().append_batch(&all).unwrap();
    let mut store = Store::open(two.options()).unwrap();
    let at = |time: i64| all.partition_point(|reading| reading.time < time);
    let (early, middle) = (at(MIDNIGHT - 86_400 - 1000), at(MIDNIGHT - 7000));
    store.append_batch(&all[middle..]).unwrap();
    settle(&mut store, MIDNIGHT + 5000);
    insert(&mut store, &all[..early]);
    assert_eq!(Reader::open(two.path()).unwrap().meters().unwrap()[0].first_time, Some(all[0].time));
    // The day between is one gap until it is filled.
    let total = |books: &Books| books.years.iter().filter_map(|year| year.energies.import).sum::<i64>();
    let import = |reading: &MeterReading| reading.values.get(Quantity::EnergyImport).unwrap();
    assert_eq!(total(&books(&two)), import(all.last().unwrap()) - import(&all[0]));
    settle(&mut store, MIDNIGHT + 40 * 86_400);
    insert(&mut store, &all[early..middle]);
    assert_eq!(books(&two), books(&one));
    // Again: nothing.
    let count = store.insert_history(&all[..middle]).unwrap();
    assert_eq!((count.new, count.duplicates), (0, middle as u64));
    assert_eq!(books(&two), books(&one));
    // And the daemon goes on.
    let next = readings(MIDNIGHT + 5003, MIDNIGHT + 9000);
    Store::append_batch(&mut store, &next).unwrap();
    Store::open(one.options()).unwrap().append_batch(&next).unwrap();
    assert_eq!(books(&two), books(&one));
}

/// A line of a day file: one register and nothing else.
fn line(time: i64, quantity: Quantity, value: i64) -> MeterReading {
    let mut values = Values::EMPTY;
    values.set(quantity, value);
    let ident = (1 << 40) + u64::from(quantity.code());
    MeterReading { values, proof: Proof::Imported, ident, received: time, ..reading(time, 0) }
}

#[test]
fn a_line_a_minute_measures_every_border() {
    let folder = Folder::new();
    let mut store = Store::open(folder.options()).unwrap();
    // At second 7, a little late each hour; two files, import and export.
    let minutes = || (0..3 * 1440).map(|minute| (minute, MIDNIGHT - 86_400 + minute * 60 + 7 + minute / 60 % 5));
    let import: Vec<_> =
        minutes().map(|(minute, time)| line(time, Quantity::EnergyImport, 5000 + 3 * minute)).collect();
    let export: Vec<_> = minutes().map(|(minute, time)| line(time, Quantity::EnergyExport, 70 + minute)).collect();
    insert(&mut store, &import);
    let imported = books(&folder);
    assert!(imported.quarters[1..].iter().all(|quarter| quarter.complete), "import is all there is");
    insert(&mut store, &export);
    let both = books(&folder);
    assert_eq!(both.readings.len(), 2 * import.len());
    assert_eq!(both.quarters.len(), imported.quarters.len());
    for quarter in &both.quarters[1..both.quarters.len() - 1] {
        assert_eq!((quarter.energies.import, quarter.energies.export), (Some(45), Some(15)), "{quarter:?}");
        assert!(quarter.complete);
        assert_eq!(quarter.telegrams, 15, "the two files are one reading");
    }
    let whole: Vec<_> = both.days.iter().filter(|day| day.complete && !day.running).collect();
    assert_eq!(whole.len(), 1, "the first day begins seven seconds late");
    assert_eq!((whole[0].energies.import, whole[0].energies.export), (Some(3 * 1440), Some(1440)));
    // Two lines missing: no border is measured by a line that old.
    let folder = Folder::new();
    let mut store = Store::open(folder.options()).unwrap();
    let torn: Vec<_> =
        import.iter().filter(|line| !(818..848).contains(&((line.time - MIDNIGHT) / 60))).cloned().collect();
    insert(&mut store, &torn);
    let gap = books(&folder).gaps.into_iter().find(|gap| gap.reason == "no telegrams").unwrap();
    assert_eq!((gap.start, gap.end), (MIDNIGHT + 810 * 60, MIDNIGHT + 855 * 60));
    assert_eq!(gap.energies.import, Some(135));
}

#[test]
fn a_value_that_was_accepted_stays_a_new_beginning() {
    let (one, two) = (Folder::new(), Folder::new());
    let before = readings(MIDNIGHT, MIDNIGHT + 3600);
    // 300 MWh more from one telegram to the next, and someone says that it is true.
    let jump: Vec<_> = readings(MIDNIGHT + 3600, MIDNIGHT + 9000)
        .into_iter()
        .map(|mut reading| {
            let value = reading.values.get(Quantity::EnergyImport).unwrap();
            reading.values.set(Quantity::EnergyImport, value + 300_000_000);
            reading
        })
        .collect();
    for (folder, missing) in [(&one, 0..0), (&two, 100..200)] {
        let mut store = Store::open(folder.options()).unwrap();
        let came = before.iter().enumerate().filter(|(index, _)| !missing.contains(index));
        store.append_batch(&came.map(|(_, reading)| reading.clone()).collect::<Vec<_>>()).unwrap();
        store.append_batch(&jump[..50]).unwrap();
        let doubtful = store.quarantine_list("home").unwrap();
        store.accept(doubtful[0].id).unwrap();
        store.append_batch(&jump[50..]).unwrap();
        if !missing.is_empty() {
            insert(&mut store, &before[missing]);
        }
    }
    let (one, two) = (books(&one), books(&two));
    assert_eq!(one.days, two.days);
    assert_eq!(one, two);
    assert!(one.days[0].energies.import < Some(1000), "the jump is no energy: {:?}", one.days);
}

#[test]
fn telegrams_of_a_clock_that_was_set_back_are_no_new_beginnings() {
    let folder = Folder::new();
    let mut store = Store::open(folder.options()).unwrap();
    let all = readings(MIDNIGHT, MIDNIGHT + 7200);
    // After an hour the meter's clock is set back by five minutes and five seconds: two rows of stamps interlock.
    let came = all.iter().cloned().map(|mut reading| {
        if reading.time > MIDNIGHT + 3600 {
            (reading.time, reading.ident) = (reading.time - 305, reading.ident + 1_000_000);
        }
        reading
    });
    let came: Vec<_> = came.collect();
    store.append_batch(&came).unwrap();
    let total = |books: &Books| books.years.iter().filter_map(|year| year.energies.import).sum::<i64>();
    let before = books(&folder);
    assert_eq!(total(&before), 719);
    // History on both sides has the accounts of all that time made anew.
    let value = |reading: &MeterReading| reading.values.get(Quantity::EnergyImport).unwrap();
    let [first, last] = [(-7200, value(&all[0]) - 40), (9000, value(&all[719]) + 30)]
        .map(|(time, value)| line(MIDNIGHT + time, Quantity::EnergyImport, value));
    insert(&mut store, &[first, last]);
    let after = books(&folder);
    assert_eq!(total(&after), 719 + 40 + 30);
    assert!(after.gaps.iter().all(|gap| gap.reason != "register reset"), "{:#?}", after.gaps);
    assert_eq!(after.readings.len(), all.len() + 2, "each telegram is kept");
}

#[test]
fn nothing_is_added_where_retention_has_deleted() {
    let folder = Folder::new();
    let mut options = folder.options();
    options.keep_days = Some(10);
    let mut store = Store::open(options).unwrap();
    let all = readings(MIDNIGHT - 20 * 86_400, MIDNIGHT);
    let (kept, late): (Vec<_>, Vec<_>) = all.into_iter().partition(|reading| reading.time.div_euclid(7000) % 3 != 0);
    store.append_batch(&kept).unwrap();
    assert_eq!(Reader::open(folder.path()).unwrap().history_begins("home").unwrap(), None);
    settle(&mut store, MIDNIGHT);
    let before = books(&folder);
    let begins = Reader::open(folder.path()).unwrap().history_begins("home").unwrap().unwrap();
    assert!((MIDNIGHT - 10 * 86_400..MIDNIGHT - 9 * 86_400).contains(&begins), "{begins}");
    let error = store.insert_history(&late).unwrap_err();
    assert!(matches!(&error, StoreError::Refused(why) if why.contains("deleted")), "{error}");
    assert_eq!(books(&folder), before);
    let late: Vec<_> = late.into_iter().filter(|reading| reading.time >= begins).collect();
    insert(&mut store, &late);
    let after = books(&folder);
    let total = |books: &Books| books.years.iter().filter_map(|year| year.energies.import).sum::<i64>();
    assert_eq!(total(&after), total(&before), "what was a gap has a shape now, and the sum is the same");
    assert!(after.gaps.len() < before.gaps.len());
    assert_eq!(
        before.quarters.iter().filter(|quarter| quarter.start < begins - 900).collect::<Vec<_>>(),
        after.quarters.iter().filter(|quarter| quarter.start < begins - 900).collect::<Vec<_>>()
    );
}

#[test]
fn history_out_of_order_is_refused() {
    let folder = Folder::new();
    let mut store = Store::open(folder.options()).unwrap();
    let mut all = readings(MIDNIGHT, MIDNIGHT + 100);
    all.swap(3, 4);
    assert!(matches!(store.insert_history(&all), Err(StoreError::Refused(_))));
    all.swap(3, 4);
    all[9].meter = "attic".into();
    assert!(matches!(store.insert_history(&all), Err(StoreError::Refused(_))));
    assert_eq!(store.insert_history(&[]).unwrap().new, 0);
}

#[derive(Clone, Debug)]
struct Leg {
    telegrams: i64,
    silence: i64,
    swap: bool,
    export: bool,
    period: i64,
    /// 0: comes in time. Otherwise it comes later, in the order of these numbers.
    late: u32,
    tidy: bool,
}

fn leg() -> impl Strategy<Value = Leg> {
    let silence = prop_oneof![3 => Just(0i64), 2 => 0i64..2000, 2 => 5000i64..200_000, 1 => 2_000_000i64..9_000_000];
    let late = prop_oneof![1 => Just(0u32), 1 => 1u32..5];
    let flag = prop::bool::weighted(0.2);
    (1i64..300, silence, flag, flag, prop_oneof![Just(10i64), Just(60)], late, any::<bool>()).prop_map(
        |(telegrams, silence, swap, export, period, late, tidy)| Leg {
            telegrams,
            silence,
            swap,
            export,
            period,
            late,
            tidy,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Telegrams that come late are kept and not booked; history beside them has them booked. Nothing counts twice.
    #[test]
    fn nothing_counts_twice_where_late_telegrams_and_history_meet(
        pieces in vec((1i64..300, 0i64..4000, 0u8..3), 1..12),
    ) {
        let folder = Folder::new();
        let mut store = Store::open(folder.options()).unwrap();
        let (mut time, mut wh) = (MIDNIGHT, 1000);
        let mut parts: [Vec<Vec<MeterReading>>; 3] = Default::default();
        let last = pieces.len();
        for (index, (telegrams, silence, how)) in pieces.into_iter().chain([(1, 0, 0)]).enumerate() {
            time += silence;
            let mut piece = Vec::new();
            for _ in 0..telegrams {
                (time, wh) = (time + 10, wh + time % 23);
                piece.push(reading(time, wh));
            }
            // The first and the last come in time.
            parts[usize::from(if index == 0 || index == last { 0 } else { how })].push(piece);
        }
        let [timely, late, history] = parts;
        for piece in timely.iter().chain(&late) {
            store.append_batch(piece).unwrap();
        }
        for piece in history.iter().rev() {
            insert(&mut store, piece);
            let reader = Reader::open(folder.path()).unwrap();
            let gaps = reader.gaps("home", EVER.0, EVER.1).unwrap();
            let quarters = reader.quarter_hours("home", EVER.0, EVER.1).unwrap();
            let closed = quarters.iter().filter(|quarter| !quarter.running).filter_map(|quarter| quarter.energies.import);
            let booked = closed.chain(gaps.iter().filter_map(|gap| gap.energies.import)).sum::<i64>();
            let open = reader.running("home").unwrap().unwrap().energies.import.unwrap();
            let first = timely[0][0].values.get(Quantity::EnergyImport).unwrap();
            prop_assert_eq!(booked + open, wh - first);
        }
    }

    #[test]
    fn any_order_gives_the_same_books(start in 1_700_000_000i64..1_800_000_000, legs in vec(leg(), 1..12)) {
        let (one, two) = (Folder::new(), Folder::new());
        let (mut time, mut wh, mut segment) = (start, 1000i64, 0);
        let mut pieces: Vec<(u32, bool, Vec<MeterReading>)> = Vec::new();
        for leg in &legs {
            if leg.swap {
                segment += 1;
                wh = 5;
            }
            time += leg.silence;
            let mut piece = Vec::new();
            for _ in 0..leg.telegrams {
                time += leg.period;
                wh += time % 23;
                let mut reading = reading(time, wh);
                // A register that comes and goes.
                if leg.export {
                    reading.values.remove(Quantity::EnergyExport);
                }
                reading.segment = format!("SAG{segment}").into();
                piece.push(reading);
            }
            pieces.push((leg.late, leg.tidy, piece));
        }
        let mut options = one.options();
        options.max_kva = 1_000_000;
        let mut store = Store::open(options).unwrap();
        for (.., piece) in &pieces {
            store.append_batch(piece).unwrap();
        }
        let mut options = two.options();
        options.max_kva = 1_000_000;
        let mut store = Store::open(options).unwrap();
        // What comes in time comes first, then the rest, each in its turn.
        pieces.sort_by_key(|(late, ..)| *late);
        for (late, tidy, piece) in &pieces {
            if *late == 0 {
                store.append_batch(piece).unwrap();
            } else {
                insert(&mut store, piece);
            }
            if *tidy {
                settle(&mut store, piece[0].time);
            }
        }
        prop_assert_eq!(books(&two), books(&one));
    }
}
