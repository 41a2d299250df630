//! When things go wrong: a full disk, other files, damage, backups, old and newer formats, values that cannot be.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::fs;

use common::{Folder, MIDNIGHT, reading, readings, settle};
use rusqlite::Connection;
use smarty_p1::{Quantity, Values};
use smarty_store::{Appended, Flush, MeterReading, Reader, Store, StoreError, back_up, restore};

#[test]
fn a_full_store_keeps_what_it_acknowledged_and_goes_on_when_there_is_room() {
    let folder = Folder::new();
    let mut options = folder.options();
    options.max_size_bytes = Some(1 << 20);
    let mut store = Store::open(options).unwrap();
    let all = readings(MIDNIGHT, MIDNIGHT + 100_000);
    let mut acknowledged = 0;
    let error = loop {
        match store.append(&all[acknowledged]) {
            Ok(outcome) => assert_eq!(outcome, Appended::New),
            Err(error) => break error,
        }
        acknowledged += 1;
    };
    assert!(matches!(error, StoreError::Full(_)), "{error}");
    assert!(error.to_string().contains("full"), "{error}");
    let reader = Reader::open(folder.path()).unwrap();
    let count = || reader.stats().unwrap().readings;
    assert_eq!(count(), acknowledged as u64);
    assert!(matches!(store.append(&all[acknowledged]), Err(StoreError::Full(_))));
    store.set_max_size(None).unwrap();
    for reading in &all[acknowledged..acknowledged + 1000] {
        assert_eq!(store.append(reading).unwrap(), Appended::New);
    }
    assert_eq!(count(), acknowledged as u64 + 1000);
    let total = reader.days("home", 0, i64::MAX / 2).unwrap()[0].energies.import;
    assert_eq!(total, Some(acknowledged as i64 + 999), "the accounts were rolled back with the telegram");
}

#[test]
fn a_full_store_keeps_what_waits_for_a_flush() {
    let folder = Folder::new();
    let mut options = folder.options();
    options.flush = Flush::Every(3600);
    let mut store = Store::open(options).unwrap();
    store.set_max_size(Some(1)).unwrap();
    let all = readings(MIDNIGHT, MIDNIGHT + 20_000);
    for reading in &all {
        assert_eq!(store.append(reading).unwrap(), Appended::Pending);
    }
    assert!(matches!(store.flush(), Err(StoreError::Full(_))));
    assert_eq!(store.pending(), all.len());
    store.set_max_size(None).unwrap();
    assert_eq!(store.flush().unwrap().len(), all.len());
    assert_eq!(Reader::open(folder.path()).unwrap().stats().unwrap().readings, all.len() as u64);
}

#[test]
fn the_disk_guard_stops_before_the_disk_is_full() {
    let folder = Folder::new();
    let mut options = folder.options();
    options.reserve_bytes = u64::MAX;
    let mut store = Store::open(options).unwrap();
    let error = store.append(&reading(MIDNIGHT, 1)).unwrap_err();
    assert!(matches!(error, StoreError::Full(_)), "{error}");
    assert!(error.to_string().contains("MB"), "{error}");
}

#[test]
fn files_that_are_not_ours_are_left_alone() {
    let folder = Folder::new();
    fs::write(
        folder.path(),
        "a text of someone else, longer than a header of a hundred bytes would have to be for it".repeat(3),
    )
    .unwrap();
    let before = fs::read(folder.path()).unwrap();
    assert!(matches!(Store::open(folder.options()), Err(StoreError::NotOurs(_))));
    assert!(matches!(Reader::open(folder.path()), Err(StoreError::NotOurs(_))));
    assert_eq!(fs::read(folder.path()).unwrap(), before);
    fs::remove_file(folder.path()).unwrap();
    Connection::open(folder.path()).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    assert!(matches!(Store::open(folder.options()), Err(StoreError::NotOurs(_))));
    assert!(matches!(Reader::open(folder.path()), Err(StoreError::NotOurs(_))));
}

#[test]
fn a_newer_file_is_refused_with_a_sentence() {
    let folder = Folder::new();
    drop(Store::open(folder.options()).unwrap());
    Connection::open(folder.path()).unwrap().pragma_update(None, "user_version", 999).unwrap();
    let error = Store::open(folder.options()).map(|_| ()).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 999, .. }), "{error}");
    assert!(error.to_string().contains("newer version"), "{error}");
    assert!(matches!(Reader::open(folder.path()), Err(StoreError::Newer { .. })));
}

/// The file of version 1 with fewer quantities than today: everything that it has is read, and the store goes on.
#[test]
fn a_file_of_version_1_is_brought_up_to_date() {
    let folder = Folder::new();
    let connection = Connection::open(folder.path()).unwrap();
    connection.execute_batch(include_str!("../src/schema/v1.sql")).unwrap();
    connection
        .execute_batch(
            "PRAGMA application_id = 1399673444; PRAGMA user_version = 1;
         ALTER TABLE live ADD COLUMN energy_import_wh INTEGER;
         INSERT INTO meter VALUES (1, 'home', 'Europe/Luxembourg');
         INSERT INTO segment VALUES (1, 1, 'SAG1', 1795388400);
         INSERT INTO live VALUES (1, 1795388400, 179538840, 1795388401, 0, 0, 1000000);",
        )
        .unwrap();
    drop(connection);
    let mut store = Store::open(folder.options()).unwrap();
    assert_eq!(store.append(&reading(MIDNIGHT, 1_000_000)).unwrap(), Appended::Duplicate);
    store.append(&reading(MIDNIGHT + 10, 1_000_001)).unwrap();
    let reader = Reader::open(folder.path()).unwrap();
    let all: Vec<_> = reader.readings("home", 0, MIDNIGHT * 2).unwrap().map(Result::unwrap).collect();
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].values.iter().collect::<Vec<_>>(), [(Quantity::EnergyImport, 1_000_000)]);
}

/// What a crash leaves is the file and its log as they are at that moment.
#[test]
fn a_copy_of_file_and_log_at_any_moment_opens_and_has_everything() {
    let folder = Folder::new();
    let copies = Folder::new();
    let mut store = Store::open(folder.options()).unwrap();
    for (index, reading) in readings(MIDNIGHT, MIDNIGHT + 9000).iter().enumerate() {
        store.append(reading).unwrap();
        if index % 50 == 0 {
            while index % 100 == 0 && store.maintain(MIDNIGHT).unwrap() {}
            let log = |path: &std::path::Path| format!("{}-wal", path.display());
            let _ = fs::remove_file(format!("{}-shm", copies.path().display()));
            fs::copy(folder.path(), copies.path()).unwrap();
            fs::copy(log(&folder.path()), log(&copies.path())).unwrap();
            let mut copy = Store::open(copies.options()).unwrap();
            assert_eq!(copy.append(reading).unwrap(), Appended::Duplicate);
            let reader = Reader::open(copies.path()).unwrap();
            assert_eq!(reader.stats().unwrap().readings, index as u64 + 1);
            let verdict: String = Connection::open(copies.path())
                .unwrap()
                .query_row("PRAGMA integrity_check", [], |row| row.get(0))
                .unwrap();
            assert_eq!(verdict, "ok");
        }
    }
}

#[test]
fn a_damaged_block_is_an_error_and_not_a_wrong_number() {
    let folder = Folder::new();
    let mut store = Store::open(folder.options()).unwrap();
    store.append_batch(&readings(MIDNIGHT, MIDNIGHT + 9000)).unwrap();
    Connection::open(folder.path())
        .unwrap()
        .execute(
            "UPDATE block SET data = CAST(substr(data, 1, 40) || x'00' || substr(data, 42) AS BLOB) WHERE id = 1",
            [],
        )
        .unwrap();
    let reader = Reader::open(folder.path()).unwrap();
    let results: Vec<_> = reader.readings("home", 0, MIDNIGHT * 2).unwrap().collect();
    assert!(matches!(results[0], Err(StoreError::Corrupt(_))));
    assert_eq!(results.len(), 1);
}

#[test]
fn backup_and_restore_while_the_store_is_in_use() {
    let folder = Folder::new();
    let copy = folder.folder.path().join("backup.db");
    let mut store = Store::open(folder.options()).unwrap();
    store.append_batch(&readings(MIDNIGHT, MIDNIGHT + 9000)).unwrap();
    store.append(&reading(MIDNIGHT + 9000, 1_000_900)).unwrap();
    back_up(&folder.path(), &copy).unwrap();
    assert!(matches!(back_up(&folder.path(), &copy), Err(StoreError::Refused(_))), "never overwrites");
    store.append(&reading(MIDNIGHT + 9010, 1_000_901)).unwrap();
    assert!(matches!(restore(&copy, &folder.path()), Err(StoreError::Busy)));
    store.append(&reading(MIDNIGHT + 9020, 1_000_902)).unwrap();
    drop(store);
    restore(&copy, &folder.path()).unwrap();
    let mut store = Store::open(folder.options()).unwrap();
    let reader = Reader::open(folder.path()).unwrap();
    assert_eq!(reader.stats().unwrap().readings, 901);
    assert_eq!(store.append(&reading(MIDNIGHT + 9010, 1_000_901)).unwrap(), Appended::New);
    let names: Vec<_> = fs::read_dir(folder.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("partial") || name.contains("restoring"))
        .collect();
    assert!(names.is_empty(), "{names:?}");
}

#[test]
fn restore_refuses_what_is_no_backup_and_replaces_a_damaged_store() {
    let folder = Folder::new();
    let copy = folder.folder.path().join("backup.db");
    let mut store = Store::open(folder.options()).unwrap();
    store.append_batch(&readings(MIDNIGHT, MIDNIGHT + 9000)).unwrap();
    back_up(&folder.path(), &copy).unwrap();
    drop(store);
    let other = folder.folder.path().join("other.db");
    fs::write(&other, "no database at all".repeat(50)).unwrap();
    assert!(matches!(restore(&other, &folder.path()), Err(StoreError::NotOurs(_))));
    Connection::open(folder.folder.path().join("theirs.db")).unwrap().execute_batch("CREATE TABLE a (x)").unwrap();
    let theirs = folder.folder.path().join("theirs.db");
    assert!(matches!(restore(&theirs, &folder.path()), Err(StoreError::NotOurs(_))));
    assert_eq!(Reader::open(folder.path()).unwrap().stats().unwrap().readings, 900);
    // Damage behind the header, as a failing card makes it.
    let mut bytes = fs::read(folder.path()).unwrap();
    let length = bytes.len();
    bytes[2000..length / 2].fill(0xa5);
    fs::write(folder.path(), bytes).unwrap();
    restore(&copy, &folder.path()).unwrap();
    assert_eq!(Reader::open(folder.path()).unwrap().stats().unwrap().readings, 900);
}

#[test]
fn retention_deletes_telegrams_and_keeps_accounts() {
    let folder = Folder::new();
    let mut options = folder.options();
    options.keep_days = Some(2);
    let mut store = Store::open(options).unwrap();
    let end = MIDNIGHT + 5 * 86_400;
    store.append_batch(&readings(MIDNIGHT, end)).unwrap();
    settle(&mut store, end);
    let reader = Reader::open(folder.path()).unwrap();
    let stats = reader.stats().unwrap();
    assert!((17_000..=17_640).contains(&stats.readings), "{stats:?}");
    assert_eq!(reader.quarter_hours("home", MIDNIGHT, end).unwrap().len(), 5 * 96);
    assert_eq!(reader.days("home", MIDNIGHT, MIDNIGHT + 1).unwrap()[0].energies.import, Some(8640));
    assert_eq!(reader.meters().unwrap()[0].first_time, Some(MIDNIGHT));
    let (_, balances) = reader.balance("home").unwrap().unwrap();
    let import = balances[0];
    assert_eq!((import.difference, import.off(), import.first_time), (5 * 8640 - 1, 0, MIDNIGHT), "as it was counted");
}

#[test]
fn a_value_that_cannot_be_is_quarantined_and_the_others_are_kept() {
    let folder = Folder::new();
    let mut store = Store::open(folder.options()).unwrap();
    store.append(&reading(MIDNIGHT, 6695)).unwrap();
    let outcome = store.append(&reading(MIDNIGHT + 10, 354_000_000)).unwrap();
    let Appended::Quarantined(values) = outcome else { panic!("{outcome:?}") };
    assert_eq!((values.len(), values[0].quantity, values[0].first), (1, Quantity::EnergyImport, true));
    assert_eq!(store.append(&reading(MIDNIGHT + 20, 6696)).unwrap(), Appended::New);
    let reader = Reader::open(folder.path()).unwrap();
    let all: Vec<_> = reader.readings("home", 0, MIDNIGHT * 2).unwrap().map(Result::unwrap).collect();
    assert_eq!(all[1].values.get(Quantity::EnergyImport), None);
    assert_eq!(all[1].values.get(Quantity::EnergyExport), Some(17));
    let list = store.quarantine_list("home").unwrap();
    assert_eq!(list.len(), 1);
    assert_eq!((list[0].value, list[0].previous, list[0].count), (354_000_000, 6695, 1));
    assert!(list[0].reason.starts_with("went up by 353\u{a0}993 kWh in 10 s"), "{}", list[0].reason);
    assert!(matches!(store.accept(list[0].id), Err(StoreError::Refused(_))), "the register has gone on");
    store.dismiss(list[0].id).unwrap();
    assert!(store.quarantine_list("home").unwrap().is_empty());
    assert!(matches!(store.dismiss(list[0].id), Err(StoreError::Unknown(_))));
    assert_eq!(reader.running("home").unwrap().unwrap().energies.import, Some(1));
}

#[test]
fn a_tariff_that_is_not_believed_does_not_stand_for_its_register() {
    let folder = Folder::new();
    let mut store = Store::open(folder.options()).unwrap();
    let tariffs = |time, t1, t2| {
        let mut reading = reading(time, 0);
        reading.values = Values::EMPTY;
        reading.values.set(Quantity::EnergyImportT1, t1);
        reading.values.set(Quantity::EnergyImportT2, t2);
        reading
    };
    assert_eq!(store.append(&tariffs(MIDNIGHT, 6_000, 14_000_000)).unwrap(), Appended::New);
    assert_eq!(store.append(&tariffs(MIDNIGHT + 10, 6_001, 14_000_000)).unwrap(), Appended::New);
    let outcome = store.append(&tariffs(MIDNIGHT + 20, 6_002, 0)).unwrap();
    assert!(matches!(outcome, Appended::Quarantined(_)), "{outcome:?}");
    let reader = Reader::open(folder.path()).unwrap();
    let import = reader.balance("home").unwrap().unwrap().1[0];
    assert_eq!((import.value, import.difference, import.off()), (14_006_001, 1, 0));
}

#[test]
fn a_register_that_starts_anew_waits_for_a_decision_and_is_listed_once() {
    let folder = Folder::new();
    let mut store = Store::open(folder.options()).unwrap();
    for reading in readings(MIDNIGHT, MIDNIGHT + 1000) {
        store.append(&reading).unwrap();
    }
    for step in 0..200 {
        let outcome = store.append(&reading(MIDNIGHT + 1000 + step * 10, step)).unwrap();
        assert!(matches!(outcome, Appended::Quarantined(_)));
        if step == 100 {
            drop(store);
            store = Store::open(folder.options()).unwrap();
        }
    }
    let reader = Reader::open(folder.path()).unwrap();
    let import = reader.balance("home").unwrap().unwrap().1[0];
    assert_eq!(
        (import.value, import.difference, import.off()),
        (1_000_099, 99, 0),
        "what is not believed is not counted"
    );
    let list = store.quarantine_list("home").unwrap();
    assert_eq!((list.len(), list[0].count, list[0].value, list[0].last_value), (1, 200, 0, 199));
    assert_eq!(list[0].reason, "went down by 1000.099 kWh".replace("1000.099", "1\u{a0}000"));
    store.accept(list[0].id).unwrap();
    assert!(store.quarantine_list("home").unwrap().is_empty());
    for step in 200..500 {
        assert_eq!(store.append(&reading(MIDNIGHT + 1000 + step * 10, step)).unwrap(), Appended::New);
    }
    let day = reader.days("home", MIDNIGHT, MIDNIGHT + 1).unwrap()[0];
    // The old run's 99 and the new run's own, from the first telegram after the decision on.
    assert_eq!(day.energies.import, Some(99 + 299));
    assert!(!day.complete);
    assert!(reader.gaps("home", 0, i64::MAX).unwrap().iter().any(|gap| gap.reason == "register reset"));
    let import = reader.balance("home").unwrap().unwrap().1[0];
    assert_eq!((import.value, import.difference, import.off()), (499, 99 + 299, 0));
    // What is dismissed comes back silently: counted, not listed.
    store.append(&reading(MIDNIGHT + 7000, 3)).unwrap();
    let id = store.quarantine_list("home").unwrap()[0].id;
    store.dismiss(id).unwrap();
    store.append(&reading(MIDNIGHT + 7010, 4)).unwrap();
    assert!(store.quarantine_list("home").unwrap().is_empty());
}

#[test]
fn only_one_writes() {
    let folder = Folder::new();
    let store = Store::open(folder.options()).unwrap();
    assert!(matches!(Store::open(folder.options()), Err(StoreError::Busy)));
    assert!(Reader::open(folder.path()).is_ok());
    drop(store);
    assert!(Store::open(folder.options()).is_ok());
}

#[test]
fn a_meter_with_a_limit_of_its_own() {
    let folder = Folder::new();
    let mut options = folder.options();
    options.meter_max_kva.insert("home".into(), 10);
    let mut store = Store::open(options).unwrap();
    let as_factory = |time, import| MeterReading { meter: "factory".into(), ..reading(time, import) };
    store.append(&reading(MIDNIGHT, 0)).unwrap();
    store.append(&as_factory(MIDNIGHT, 0)).unwrap();
    // 1.5 kWh in a minute and a half: 60 kW.
    assert!(matches!(store.append(&reading(MIDNIGHT + 90, 1500)).unwrap(), Appended::Quarantined(_)));
    assert_eq!(store.append(&as_factory(MIDNIGHT + 90, 1500)).unwrap(), Appended::New);
}
