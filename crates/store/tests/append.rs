//! Appending: idempotent, late, by rows and by blocks, across restarts.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{Folder, MIDNIGHT, reading, readings, settle};
use smarty_p1::Quantity;
use smarty_store::{
    Appended, Clock, Flush, Mark, MeterReading, Proof, Reader, Resolution, SeriesQuantity, Store, StoredReading,
};

fn stored(folder: &Folder) -> Vec<StoredReading> {
    let reader = Reader::open(folder.path()).unwrap();
    reader.readings("home", 0, i64::MAX / 2).unwrap().map(Result::unwrap).collect()
}

fn assert_holds(folder: &Folder, expected: &[MeterReading]) {
    let found = stored(folder);
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!((found.time, found.ident, found.received), (expected.time, expected.ident, expected.received));
        assert_eq!(found.values, expected.values);
        assert_eq!((&found.segment, found.clock, found.proof), (&expected.segment, expected.clock, expected.proof));
    }
}

#[test]
fn a_telegram_is_stored_once_whatever_happens_in_between() {
    let folder = Folder::new();
    let all = readings(MIDNIGHT, MIDNIGHT + 8000);
    let mut store = Store::open(folder.options()).unwrap();
    for reading in &all {
        assert_eq!(store.append(reading).unwrap(), Appended::New);
    }
    settle(&mut store, MIDNIGHT + 8000);
    for reading in all.iter().step_by(7) {
        assert_eq!(store.append(reading).unwrap(), Appended::Duplicate);
    }
    drop(store);
    let mut store = Store::open(folder.options()).unwrap();
    let count = store.append_batch(&all).unwrap();
    assert_eq!((count.new, count.duplicates), (0, all.len() as u64));
    settle(&mut store, MIDNIGHT + 40 * 86_400);
    let count = store.append_batch(&all).unwrap();
    assert_eq!((count.new, count.duplicates), (0, all.len() as u64));
    assert_holds(&folder, &all);
    let stats = Reader::open(folder.path()).unwrap().stats().unwrap();
    assert_eq!(stats.readings, all.len() as u64);
    assert!(stats.live < all.len() as u64, "something was sealed");
}

#[test]
fn a_batch_and_single_telegrams_give_the_same_store() {
    let (one, two) = (Folder::new(), Folder::new());
    let mut all = readings(MIDNIGHT + 1234, MIDNIGHT + 1234 + 30_000);
    all.swap(100, 101);
    all.insert(500, all[480].clone());
    let mut singles = Store::open(one.options()).unwrap();
    for reading in &all {
        singles.append(reading).unwrap();
    }
    let mut batches = Store::open(two.options()).unwrap();
    for part in all.chunks(1111) {
        batches.append_batch(part).unwrap();
    }
    assert_eq!(stored(&one), stored(&two));
    let (one, two) = (Reader::open(one.path()).unwrap(), Reader::open(two.path()).unwrap());
    let span = (0, i64::MAX / 2);
    assert_eq!(one.quarter_hours("home", span.0, span.1).unwrap(), two.quarter_hours("home", span.0, span.1).unwrap());
    assert_eq!(one.gaps("home", span.0, span.1).unwrap(), two.gaps("home", span.0, span.1).unwrap());
    assert_eq!(one.days("home", span.0, span.1).unwrap(), two.days("home", span.0, span.1).unwrap());
}

#[test]
fn late_telegrams_are_merged_into_sealed_hours_and_days() {
    let folder = Folder::new();
    let all = readings(MIDNIGHT, MIDNIGHT + 3 * 86_400);
    let (late, timely): (Vec<_>, Vec<_>) =
        all.iter().cloned().enumerate().partition(|(index, _)| index % 977 == 5 || (4000..4100).contains(index));
    let late: Vec<_> = late.into_iter().map(|(_, reading)| reading).collect();
    let timely: Vec<_> = timely.into_iter().map(|(_, reading)| reading).collect();
    let mut store = Store::open(folder.options()).unwrap();
    store.append_batch(&timely).unwrap();
    settle(&mut store, MIDNIGHT + 3 * 86_400);
    for (index, reading) in late.iter().enumerate() {
        assert_eq!(store.append(reading).unwrap(), Appended::New);
        if index == late.len() / 2 {
            settle(&mut store, MIDNIGHT + 33 * 86_400);
        }
    }
    assert_holds(&folder, &all);
    settle(&mut store, MIDNIGHT + 60 * 86_400);
    settle(&mut store, MIDNIGHT + 60 * 86_400);
    assert_holds(&folder, &all);
    for reading in &late {
        assert_eq!(store.append(reading).unwrap(), Appended::Duplicate);
    }
}

#[test]
fn two_telegrams_of_one_second_are_two() {
    let folder = Folder::new();
    let mut store = Store::open(folder.options()).unwrap();
    let one = reading(MIDNIGHT, 5);
    let mut two = one.clone();
    two.ident = u64::MAX;
    assert_eq!(store.append(&one).unwrap(), Appended::New);
    assert_eq!(store.append(&two).unwrap(), Appended::New);
    assert_eq!(store.append(&two).unwrap(), Appended::Duplicate);
    assert_eq!(stored(&folder).len(), 2);
    let mut never = one;
    never.time = i64::MAX;
    assert_eq!(store.append(&never).unwrap(), Appended::Refused);
    let mut ahead = reading(MIDNIGHT + 40 * 86_400, 6);
    ahead.received = MIDNIGHT;
    assert_eq!(store.append(&ahead).unwrap(), Appended::Refused, "it would make all that follows late");
    ahead.received = 100;
    assert_eq!(store.append(&ahead).unwrap(), Appended::New, "the host does not know the time");
}

#[test]
fn a_flush_every_so_often_acknowledges_only_what_it_wrote() {
    let folder = Folder::new();
    let mut options = folder.options();
    options.flush = Flush::Every(3600);
    let mut store = Store::open(options).unwrap();
    let all = readings(MIDNIGHT, MIDNIGHT + 100);
    for reading in &all {
        assert_eq!(store.append(reading).unwrap(), Appended::Pending);
    }
    assert_eq!(store.append(&all[3]).unwrap(), Appended::Pending);
    assert_eq!(store.pending(), 11);
    assert!(Reader::open(folder.path()).unwrap().meters().unwrap().is_empty());
    let outcomes = store.flush().unwrap();
    assert_eq!(outcomes.iter().filter(|&outcome| *outcome == Appended::New).count(), 10);
    assert_eq!(outcomes[10], Appended::Duplicate);
    assert_holds(&folder, &all);
    store.append(&reading(MIDNIGHT + 100, 1_000_010)).unwrap();
    drop(store);
    assert_eq!(stored(&folder).len(), 11, "closing flushes");
}

#[test]
fn marks_become_durable_with_the_telegram() {
    let folder = Folder::new();
    let mut store = Store::open(folder.options()).unwrap();
    let mark = Mark { counter: u64::from(u32::MAX), time: MIDNIGHT };
    assert_eq!(store.get_mark("key", "title").unwrap(), None);
    store.set_mark("key", "title", mark);
    assert_eq!(store.get_mark("key", "title").unwrap(), Some(mark));
    store.append(&reading(MIDNIGHT, 1)).unwrap();
    let copy = folder.folder.path().join("copy.db");
    smarty_store::back_up(&folder.path(), &copy).unwrap();
    let other = Store::open(smarty_store::Options { path: copy, ..folder.options() }).unwrap();
    assert_eq!(other.get_mark("key", "title").unwrap(), Some(mark));
    assert_eq!(other.get_mark("key", "another").unwrap(), None);
}

#[test]
fn texts_are_kept_when_they_change() {
    let folder = Folder::new();
    let mut store = Store::open(folder.options()).unwrap();
    for (step, text) in ["", "", "hello", "hello", "bye"].into_iter().enumerate() {
        let mut reading = reading(MIDNIGHT + step as i64 * 10, 5);
        reading.texts = vec![("0-0:96.13.0".to_owned(), text.to_owned())];
        store.append(&reading).unwrap();
    }
    let reader = Reader::open(folder.path()).unwrap();
    let changes = reader.text_changes("home", 0, i64::MAX).unwrap();
    assert_eq!(changes.iter().map(|change| change.value.as_str()).collect::<Vec<_>>(), ["", "hello", "bye"]);
    let now = reader.texts("home").unwrap();
    assert_eq!((now.len(), now[0].value.as_str(), now[0].time), (1, "bye", MIDNIGHT + 40));
}

#[test]
fn what_a_meter_has_is_known() {
    let folder = Folder::new();
    let mut store = Store::open(folder.options()).unwrap();
    store.append_batch(&readings(MIDNIGHT, MIDNIGHT + 9000)).unwrap();
    let mut swapped = reading(MIDNIGHT + 9000, 3);
    swapped.segment = "SAG2".into();
    swapped.values.set(Quantity::Frequency, 50_000);
    store.append(&swapped).unwrap();
    let reader = Reader::open(folder.path()).unwrap();
    let meters = reader.meters().unwrap();
    assert_eq!((meters.len(), meters[0].name.as_str(), meters[0].zone.as_str()), (1, "home", "Europe/Luxembourg"));
    assert_eq!((meters[0].first_time, meters[0].last_time), (Some(MIDNIGHT), Some(MIDNIGHT + 9000)));
    let names: Vec<_> = meters[0].segments.iter().map(|segment| segment.equipment.as_str()).collect();
    assert_eq!(names, ["SAG1", "SAG2"]);
    let quantities = reader.quantities("home").unwrap();
    let import = quantities.iter().find(|entry| entry.quantity == Quantity::EnergyImport).unwrap();
    assert_eq!((import.first_time, import.last_time), (MIDNIGHT, MIDNIGHT + 9000));
    assert_eq!(import.segments, ["SAG1", "SAG2"]);
    let frequency = quantities.iter().find(|entry| entry.quantity == Quantity::Frequency).unwrap();
    assert_eq!(frequency.segments, ["SAG2"]);
    let last = reader.last("home").unwrap().unwrap();
    assert_eq!((&*last.segment, last.time, last.values), ("SAG2", MIDNIGHT + 9000, swapped.values));
    assert!(matches!(reader.last("attic"), Err(smarty_store::StoreError::Unknown(_))));
}

#[test]
fn curves_are_the_same_before_and_after_sealing_and_packing() {
    let folder = Folder::new();
    let mut store = Store::open(folder.options()).unwrap();
    let all: Vec<_> = readings(MIDNIGHT, MIDNIGHT + 100_000)
        .into_iter()
        .filter(|reading| !(20_000..31_000).contains(&(reading.time - MIDNIGHT)))
        .map(|mut reading| {
            if reading.time % 170 == 0 {
                reading.values.remove(Quantity::VoltageL1);
            }
            reading
        })
        .collect();
    for reading in &all {
        store.append(reading).unwrap();
    }
    let reader = Reader::open(folder.path()).unwrap();
    let quantities = ["power_net_w", "voltage_l1_mv", "energy_import_wh", "frequency_mhz"]
        .map(|name| SeriesQuantity::from_name(name).unwrap());
    let ask = |resolution| {
        let curves = |span: (i64, i64), which: &[SeriesQuantity]| {
            reader.series("home", which, span.0, span.1, resolution).unwrap()
        };
        let (start, end) = (MIDNIGHT, MIDNIGHT + 100_000);
        (
            curves((start, end), &quantities),
            curves((start + 905, end - 7777), &quantities),
            curves((start, end), &quantities[..1]),
            curves((start + 905, end - 7777), &quantities[..1]),
        )
    };
    let resolutions = [Resolution::Raw, Resolution::Step(60), Resolution::Step(900), Resolution::Step(3600)];
    let before = resolutions.map(ask);
    settle(&mut store, MIDNIGHT + 100_000);
    assert_eq!(resolutions.map(ask), before);
    settle(&mut store, MIDNIGHT + 50 * 86_400);
    assert_eq!(resolutions.map(ask), before);

    let raw = &before[0].0;
    assert_eq!(raw.time, all.iter().map(|reading| reading.time).collect::<Vec<_>>());
    assert_eq!(raw.columns[0].mean[5], all[5].values.power_net());
    assert_eq!(raw.columns[1].mean[17], all[17].values.get(Quantity::VoltageL1));
    assert!(raw.columns[3].mean.iter().all(Option::is_none));
    let hours = &before[3].0;
    assert_eq!(hours.resolution_s, 3600);
    assert!(!hours.time.contains(&(MIDNIGHT + 7 * 3600)), "an hour without telegrams is not there");
    let first: Vec<_> = all.iter().take(360).map(|reading| reading.values.power_net().unwrap()).collect();
    assert_eq!(hours.columns[0].min[0], first.iter().copied().min());
    assert_eq!(hours.columns[0].max[0], first.iter().copied().max());
    assert_eq!(hours.columns[0].mean[0], Some((first.iter().sum::<i64>() + 180) / 360));
    assert_eq!(hours.columns[2].mean[0], all[359].values.get(Quantity::EnergyImport), "a register's last value");
    for (rolled, telegrams) in [(&before[2].2, &before[2].0), (&before[3].2, &before[3].0)] {
        assert_eq!(rolled.time, telegrams.time);
        assert_eq!(rolled.columns[0], telegrams.columns[0], "the accounts say the same as the telegrams");
    }
}

#[test]
fn who_vouches_for_a_reading_and_whose_time_it_has_is_kept_in_rows_and_in_blocks() {
    let folder = Folder::new();
    let kinds: Vec<(Proof, Clock)> = [Proof::Tag, Proof::Crc, Proof::Plain, Proof::Published]
        .into_iter()
        .flat_map(|proof| [(proof, Clock::Meter), (proof, Clock::Host)])
        .collect();
    let mut all = readings(MIDNIGHT, MIDNIGHT + 8000);
    for (reading, (proof, clock)) in all.iter_mut().zip(kinds.iter().cycle()) {
        (reading.proof, reading.clock) = (*proof, *clock);
    }
    let mut store = Store::open(folder.options()).unwrap();
    for reading in &all {
        assert_eq!(store.append(reading).unwrap(), Appended::New);
    }
    assert_holds(&folder, &all);
    settle(&mut store, MIDNIGHT + 40 * 86_400);
    let stats = Reader::open(folder.path()).unwrap().stats().unwrap();
    assert!(stats.live < all.len() as u64, "something was sealed");
    assert_holds(&folder, &all);
    assert_eq!(Proof::Published.name(), "published");
}
