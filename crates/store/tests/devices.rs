//! The meters behind the meter: what a telegram repeats becomes one series a device, whatever happens to it.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{Folder, MIDNIGHT, reading};
use proptest::collection::vec;
use proptest::prelude::*;
use rusqlite::Connection;
use smarty_ledger::{Capture, Device, DeviceEntry};
use smarty_p1::{MBUS, MbusUnit, Medium};
use smarty_store::{Appended, Calendar, DeviceInfo, DevicePart, DeviceSpan, MeterReading, Reader, Store, StoreError};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
const GAS: &str = "4730303339303031";
const WATER: &str = "5741543030303031";

/// What hangs on a channel: identifier, device type, unit, capture time, register.
type Hung<'a> = (usize, &'a str, i64, &'a str, i64, i64);

/// A telegram of its time with the devices.
fn telegram(time: i64, devices: &[Hung<'_>]) -> MeterReading {
    let mut reading = reading(time, 1_000_000 + (time - MIDNIGHT).max(0) / 10);
    for &(channel, identifier, device_type, unit, captured, value) in devices {
        let quantities = MBUS[channel - 1];
        reading.values.set(quantities.device_type, device_type);
        reading.values.set(quantities.register, value);
        reading.values.set(quantities.time, captured);
        reading.values.set(quantities.valve, 1);
        reading.texts.push((format!("0-{channel}:96.1.0"), identifier.to_owned()));
        reading.texts.push((format!("mbus{channel}_unit"), unit.to_owned()));
    }
    reading
}

const fn gas(captured: i64, value: i64) -> Hung<'static> {
    (1, GAS, 3, "m3", captured, value)
}

struct House {
    folder: Folder,
    store: Store,
    telegrams: u64,
}

impl House {
    fn new() -> Self {
        let folder = Folder::new();
        let store = Store::open(folder.options()).unwrap();
        Self { folder, store, telegrams: 0 }
    }

    /// A telegram a few seconds after the newest capture.
    fn append(&mut self, devices: &[Hung<'_>]) -> Appended {
        let time = devices.iter().map(|device| device.4).max().unwrap() + 7;
        self.telegrams += 1;
        self.store.append(&MeterReading { ident: self.telegrams, ..telegram(time, devices) }).unwrap()
    }

    fn reader(&self) -> Reader {
        Reader::open(self.folder.path()).unwrap()
    }

    fn devices(&self) -> Vec<DeviceInfo> {
        self.reader().devices("home").unwrap()
    }

    fn series(&self, device: &str) -> Vec<(i64, i64)> {
        self.reader().device_series("home", device, (0, i64::MAX), 100_000).unwrap()
    }

    fn spans(&self, device: &str, part: DevicePart) -> Vec<DeviceSpan> {
        self.reader().device_spans("home", device, part, 0, i64::MAX).unwrap().spans
    }

    fn quarantine(&self) -> Vec<(i64, Option<String>, String, u64)> {
        let entries = self.store.quarantine_list("home").unwrap();
        entries.into_iter().map(|entry| (entry.id, entry.device, entry.reason, entry.count)).collect()
    }
}

#[test]
fn a_capture_is_kept_once_however_often_it_is_repeated() {
    let mut house = House::new();
    for number in 0..720 {
        let time = MIDNIGHT + number * 10;
        let captured = time.div_euclid(HOUR) * HOUR;
        let value = 9000 + (captured - MIDNIGHT) / HOUR * 100;
        let telegram = telegram(time, &[gas(captured, value), (2, WATER, 7, "m3", captured + 300, 77)]);
        assert_eq!(house.store.append(&telegram).unwrap(), Appended::New);
        assert_eq!(house.store.append(&telegram).unwrap(), Appended::Duplicate);
    }
    assert_eq!(house.series(GAS), [(MIDNIGHT, 9000), (MIDNIGHT + HOUR, 9100)]);
    let devices = house.devices();
    assert_eq!(devices.len(), 2);
    let DeviceInfo { identifier, measure, device_type, channel, valve, first_time, last_time, value } = &devices[0];
    assert_eq!((identifier.as_str(), measure.medium, measure.unit), (GAS, Medium::Gas, MbusUnit::CubicMetre));
    assert_eq!((*device_type, *channel, *valve), (Some(3), 1, Some(1)));
    assert_eq!((*first_time, *last_time, *value), (MIDNIGHT, MIDNIGHT + HOUR, 9100));
    assert_eq!((devices[1].identifier.as_str(), devices[1].measure.medium), (WATER, Medium::Water));
}

#[test]
fn days_months_and_years_are_differences_across_midnight() {
    let mut house = House::new();
    // Seventy days, a capture a quarter of an hour after each full one; an outage from the evening of 24 November to noon of the 26th.
    let away = MIDNIGHT + DAY + 20 * HOUR..MIDNIGHT + 3 * DAY + 12 * HOUR;
    let mut value = 1000;
    for hour in 0..70 * 24 {
        let captured = MIDNIGHT + hour * HOUR + 900;
        value += hour % 5;
        if !away.contains(&captured) {
            house.append(&[gas(captured, value)]);
        }
    }
    let reader = house.reader();
    let days = house.spans(GAS, DevicePart::Day);
    assert_eq!(days.len(), 70);
    let register = |border: i64| house.series(GAS).iter().rfind(|(time, _)| *time <= border).unwrap().1;
    for (number, day) in days.iter().enumerate() {
        let known = !(0..4).contains(&number);
        let expected = known.then(|| register(day.end) - register(day.start));
        // The first day has its beginning at the first capture; the outage is in none of its days.
        let expected = if number == 0 { Some(register(day.end) - 1000) } else { expected };
        assert_eq!((number, day.amount, day.complete), (number, expected, known));
        assert_eq!(day.running, number == 69);
    }
    // The clock goes on without captures: the last day is over then, and its evening was not measured.
    let (last, before) = (days[69], days[68]);
    assert!(last.as_of(last.end - 1).running && last.as_of(last.end - 1).complete);
    assert!(!last.as_of(last.end).running && !last.as_of(last.end).complete);
    assert_eq!((last.as_of(last.end).amount, before.as_of(last.end)), (last.amount, before));
    let answer = reader.device_spans("home", GAS, DevicePart::Month, 0, i64::MAX).unwrap();
    let gap = |entry: &DeviceEntry| (entry.start(), entry.end());
    assert_eq!(
        answer.gaps.iter().map(gap).collect::<Vec<_>>(),
        [(MIDNIGHT + 900, MIDNIGHT + DAY), (MIDNIGHT + DAY, MIDNIGHT + 4 * DAY)]
    );
    let months: Vec<_> = answer.spans.iter().map(|month| (month.amount, month.complete, month.running)).collect();
    let total = house.series(GAS).last().unwrap().1 - 1000;
    assert_eq!(months.iter().filter_map(|month| month.0).sum::<i64>(), total, "the gaps lie in months whole");
    assert_eq!(
        months.iter().map(|month| (month.1, month.2)).collect::<Vec<_>>(),
        [(false, false), (true, false), (true, true)]
    );
    let years = house.spans(GAS, DevicePart::Year);
    assert_eq!(years.iter().filter_map(|year| year.amount).sum::<i64>(), total);
    // A span that begins in the gap still knows of it.
    let (from, to) = (MIDNIGHT + 2 * DAY, MIDNIGHT + 3 * DAY);
    let inside = reader.device_spans("home", GAS, DevicePart::Day, from, to).unwrap();
    assert_eq!((inside.spans.len(), inside.spans[0].amount, inside.gaps.len()), (1, None, 1));
}

#[test]
fn what_comes_late_fills_in_and_what_does_not_fit_is_left_out() {
    let mut house = House::new();
    for (hour, value) in [(0, 100), (1, 110), (5, 150), (2, 120), (4, 140), (2, 125), (3, 160), (6, 160)] {
        house.append(&[gas(MIDNIGHT + hour * HOUR, value)]);
    }
    let hours = |hours: &[(i64, i64)]| -> Vec<(i64, i64)> {
        hours.iter().map(|(hour, value)| (MIDNIGHT + hour * HOUR, *value)).collect()
    };
    // The second word about two o'clock, and the 160 of three o'clock, which would have gone down again.
    assert_eq!(house.series(GAS), hours(&[(0, 100), (1, 110), (2, 120), (4, 140), (5, 150), (6, 160)]));
    assert_eq!(house.quarantine(), []);
}

#[test]
fn a_new_device_on_the_channel_of_the_old_is_another_series() {
    let mut house = House::new();
    let other = "4730303339303032";
    house.append(&[gas(MIDNIGHT, 9_000_000)]);
    house.append(&[gas(MIDNIGHT + HOUR, 9_000_100)]);
    assert_eq!(house.append(&[(1, other, 3, "m3", MIDNIGHT + 2 * HOUR, 3)]), Appended::New);
    assert_eq!(house.append(&[(1, other, 3, "m3", MIDNIGHT + 3 * HOUR, 10)]), Appended::New);
    assert_eq!(house.quarantine(), [], "a lower register of another device is no fall");
    let used = |device| house.spans(device, DevicePart::Day)[0].amount;
    assert_eq!((used(GAS), used(other)), (Some(100), Some(7)));
}

#[test]
fn devices_keep_their_series_when_they_change_channels() {
    let mut house = House::new();
    let water = |channel, captured, value| (channel, WATER, 7, "m3", captured, value);
    house.append(&[gas(MIDNIGHT, 9_000_000), water(2, MIDNIGHT, 500)]);
    let (gas_2, later) = ((2, GAS, 3, "m3", MIDNIGHT + HOUR, 9_000_050), MIDNIGHT + HOUR);
    assert_eq!(house.append(&[water(1, later, 520), gas_2]), Appended::New);
    assert_eq!(house.quarantine(), []);
    assert_eq!(house.series(GAS), [(MIDNIGHT, 9_000_000), (later, 9_000_050)]);
    assert_eq!(house.series(WATER), [(MIDNIGHT, 500), (later, 520)]);
    let channels: Vec<_> = house.devices().into_iter().map(|device| (device.identifier, device.channel)).collect();
    assert_eq!(channels, [(WATER.to_owned(), 1), (GAS.to_owned(), 2)]);
    // An older telegram does not put them back.
    let old = telegram(MIDNIGHT + 17, &[gas(MIDNIGHT, 9_000_000), water(2, MIDNIGHT, 500)]);
    assert_eq!(house.store.append(&old).unwrap(), Appended::New);
    assert_eq!(house.devices()[0].identifier, WATER);
}

#[test]
fn a_register_that_falls_waits_for_a_word() {
    let mut house = House::new();
    house.append(&[gas(MIDNIGHT, 9000)]);
    house.append(&[gas(MIDNIGHT + HOUR, 9100)]);
    let zero = [gas(MIDNIGHT + 2 * HOUR, 0)];
    let Appended::Quarantined(put) = house.append(&zero) else { panic!("a zero was believed") };
    assert!(put[0].first);
    // The telegrams that repeat it say nothing new, and the raw value is not kept either.
    let again = telegram(MIDNIGHT + 2 * HOUR + 17, &zero);
    assert_eq!(house.store.append(&again).unwrap(), Appended::New);
    let last = house.reader().last("home").unwrap().unwrap();
    assert_eq!(last.values.get(MBUS[0].register), None);
    house.append(&[gas(MIDNIGHT + 3 * HOUR, 9200)]);
    let entries = house.quarantine();
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].1.as_deref(), entries[0].3), (Some(GAS), 1));
    assert!(entries[0].2.starts_with("went down by 9.100"), "{}", entries[0].2);
    let error = house.store.accept(entries[0].0).unwrap_err();
    assert!(matches!(error, StoreError::Refused(_)), "{error}");

    // It goes on like that: this time it is true.
    house.append(&[gas(MIDNIGHT + 4 * HOUR, 5)]);
    house.append(&[gas(MIDNIGHT + 5 * HOUR, 9)]);
    let entries = house.quarantine();
    assert_eq!((entries.len(), entries[0].3), (1, 3));
    house.store.accept(entries[0].0).unwrap();
    assert_eq!(house.append(&[gas(MIDNIGHT + 6 * HOUR, 30)]), Appended::New);
    house.append(&[gas(MIDNIGHT + DAY, 40)]);
    let day = house.spans(GAS, DevicePart::Day)[0];
    assert_eq!((day.amount, day.complete), (Some(200 + 31), false));
    let gaps = house.reader().device_spans("home", GAS, DevicePart::Day, 0, i64::MAX).unwrap().gaps;
    assert!(
        gaps.iter().all(|gap| matches!(gap, DeviceEntry::Gap { reason: smarty_ledger::Reason::Reset, .. })),
        "{gaps:?}"
    );
    // The same after a restart of the program.
    let House { folder, store, telegrams } = house;
    drop(store);
    let mut house = House { store: Store::open(folder.options()).unwrap(), folder, telegrams };
    assert!(matches!(house.append(&[gas(MIDNIGHT + DAY + HOUR, 39)]), Appended::Quarantined(_)));
    assert_eq!(house.append(&[gas(MIDNIGHT + DAY + 2 * HOUR, 41)]), Appended::New);
}

#[test]
fn what_a_device_is_may_change_and_its_unit_makes_it_another() {
    let mut house = House::new();
    house.append(&[(1, "AA", 3, "m3", MIDNIGHT, 10)]);
    house.append(&[(1, "AA", 7, "m3", MIDNIGHT + HOUR, 20)]);
    assert_eq!(house.devices()[0].measure.medium, Medium::Water);
    assert_eq!(house.series("AA").len(), 2);
    house.append(&[(1, "HH", 4, "GJ", MIDNIGHT, 3)]);
    house.append(&[(1, "HH", 4, "kWh", MIDNIGHT + HOUR, 900)]);
    house.append(&[(1, "HH", 4, "GJ", MIDNIGHT + 2 * HOUR, 4)]);
    assert_eq!(house.series("HH"), [(MIDNIGHT, 3), (MIDNIGHT + 2 * HOUR, 4)]);
    assert_eq!(house.series("HH-wh"), [(MIDNIGHT + HOUR, 900)]);
    assert_eq!(house.quarantine(), []);
}

#[test]
fn without_identifier_time_or_sense() {
    let mut house = House::new();
    // As another program published it: no identifier, no time of its own.
    for (second, value) in [(0, 100), (10, 100), (20, 101), (30, 101), (320, 101), (630, 101)] {
        let mut telegram = telegram(MIDNIGHT + second, &[(3, "", 3, "m3", 0, value)]);
        telegram.values.remove(MBUS[2].time);
        house.store.append(&telegram).unwrap();
    }
    let seconds: Vec<_> = house.series("mbus3").iter().map(|(time, value)| (time - MIDNIGHT, *value)).collect();
    assert_eq!(seconds, [(0, 100), (20, 101), (320, 101), (630, 101)]);
    // The date that dead channels send, one from before the meter, one from the future.
    for captured in [3_155_756_400, 946_684_800, MIDNIGHT + 3 * DAY, MIDNIGHT - 40 * DAY] {
        house.store.append(&telegram(MIDNIGHT + DAY + captured % 97, &[(1, "DEAD", 3, "m3", captured, 0)])).unwrap();
    }
    assert!(house.devices().iter().all(|device| device.identifier != "DEAD"));
    // What cannot stand in a path.
    house.append(&[(4, "a/b +", 7, "m3", MIDNIGHT, 1)]);
    assert_eq!(house.devices()[1].identifier, "612F62202B");
    // Heat without a unit can be anything, and is judged by its channel as before.
    assert_eq!(house.append(&[(2, "H", 4, "", MIDNIGHT, 50)]), Appended::New);
    assert!(matches!(house.append(&[(2, "H", 4, "", MIDNIGHT + 100, 40)]), Appended::Quarantined(_)));
    assert_eq!(house.devices().len(), 2);
}

#[test]
fn history_is_taken_in_before_what_is_there() {
    let mut house = House::new();
    for hour in 48..50 {
        house.append(&[gas(MIDNIGHT + hour * HOUR, 1000 + hour)]);
    }
    let old: Vec<_> =
        (0..48).map(|hour| telegram(MIDNIGHT + hour * HOUR + 7, &[gas(MIDNIGHT + hour * HOUR, 1000 + hour)])).collect();
    house.store.insert_history(&old).unwrap();
    house.store.insert_history(&old).unwrap();
    assert_eq!(house.series(GAS).len(), 50);
    let days = house.spans(GAS, DevicePart::Day);
    assert_eq!(
        days.iter().map(|day| (day.amount, day.complete)).collect::<Vec<_>>(),
        [(Some(24), true), (Some(24), true), (Some(1), true)]
    );
}

#[test]
fn old_telegrams_go_and_captures_stay() {
    let folder = Folder::new();
    let mut options = folder.options();
    options.keep_days = Some(1);
    let mut store = Store::open(options).unwrap();
    for hour in 0..30 {
        store.append(&telegram(MIDNIGHT + hour * HOUR + 7, &[gas(MIDNIGHT + hour * HOUR, hour)])).unwrap();
    }
    common::settle(&mut store, MIDNIGHT + 100 * DAY);
    let reader = Reader::open(folder.path()).unwrap();
    assert_eq!(reader.readings("home", 0, i64::MAX).unwrap().count(), 0);
    assert_eq!(reader.device_series("home", GAS, (0, i64::MAX), 100).unwrap().len(), 30);
    let error = reader.device_series("home", GAS, (0, i64::MAX), 29).unwrap_err();
    assert!(matches!(error, StoreError::TooLong { steps: 30, most: 29 }), "{error}");
    assert!(matches!(reader.device_series("home", "nobody", (0, 1), 1), Err(StoreError::Unknown(_))));
}

/// Files of both earlier versions, with a value in quarantine, go on with devices.
#[test]
fn files_of_versions_1_and_2_are_brought_up_to_date() {
    for version in [1, 2] {
        let folder = Folder::new();
        let connection = Connection::open(folder.path()).unwrap();
        connection.execute_batch(include_str!("../src/schema/v1.sql")).unwrap();
        if version == 2 {
            connection.execute_batch(include_str!("../src/schema/v2.sql")).unwrap();
            connection.execute_batch("INSERT INTO receiver VALUES ('mqtt house', 'home', 900)").unwrap();
        }
        connection
            .execute_batch(&format!(
                "PRAGMA application_id = 1399673444; PRAGMA user_version = {version};
                 INSERT INTO meter VALUES (1, 'home', 'Europe/Luxembourg');
                 INSERT INTO segment VALUES (1, 1, 'SAG1', {MIDNIGHT});
                 INSERT INTO quarantine VALUES (1, 1, 'mbus1_register_milli', {MIDNIGHT}, 0, 5, 'went down', 1, {MIDNIGHT}, 0, 0);"
            ))
            .unwrap();
        drop(connection);
        let mut store = Store::open(folder.options()).unwrap();
        assert_eq!(store.quarantine_list("home").unwrap()[0].device, None);
        store.append(&telegram(MIDNIGHT + 7, &[gas(MIDNIGHT, 9000)])).unwrap();
        store.accept(1).unwrap();
        let reader = Reader::open(folder.path()).unwrap();
        assert_eq!(reader.devices("home").unwrap()[0].value, 9000);
        assert_eq!(store.positions("mqtt house").unwrap().len(), version - 1);
    }
}

/// Captures that only rise: how long after the one before, and by how much.
fn rising() -> impl Strategy<Value = Vec<(i64, i64)>> {
    let pace = prop_oneof![8 => Just(HOUR), 4 => 600i64..4500, 2 => (HOUR)..(60 * HOUR), 1 => (20 * HOUR)..(26 * HOUR)];
    vec((pace, 0i64..40), 2..90).prop_map(|steps| {
        let mut at = (MIDNIGHT - 20 * DAY, 1000);
        steps
            .into_iter()
            .map(|(pace, rise)| {
                at = (if rise % 4 == 0 { (at.0 + pace) / HOUR * HOUR + HOUR } else { at.0 + pace }, at.1 + rise);
                at
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    /// Whatever the order in which captures arrive, the books are those of the ledger that is fed all of them in order; and what
    /// is said of a part of the time is what is said of it in the whole.
    #[test]
    fn books_are_the_same_in_any_order_and_for_any_span(
        captures in rising(),
        shuffle in vec(any::<prop::sample::Index>(), 0..60),
        spans in vec((-25i64..60, 1i64..30), 1..6),
    ) {
        let mut house = House::new();
        let mut order = captures.clone();
        for pair in shuffle.chunks_exact(2) {
            order.swap(pair[0].index(captures.len()), pair[1].index(captures.len()));
        }
        // A telegram of the time of the newest capture so far, but each later than the one before.
        let mut clock = 0;
        let telegrams: Vec<_> = order
            .iter()
            .map(|&(time, value)| {
                clock = clock.max(time) + 10;
                telegram(clock, &[gas(time, value)])
            })
            .collect();
        prop_assert_eq!(house.store.append_batch(&telegrams).unwrap().new, order.len() as u64);
        // One that is more than a month behind its telegram is not taken; the others are all there.
        let kept = house.series(GAS);
        prop_assert!(kept.iter().all(|capture| captures.contains(capture)));
        let newest = captures.last().unwrap().0;
        prop_assert!(captures.iter().all(|capture| capture.0 < newest - 30 * DAY || kept.contains(capture)));

        let calendar = Calendar::luxembourg();
        let (mut ledger, mut entries) = (Device::new(), Vec::new());
        for &(time, value) in &kept {
            ledger.feed(&Capture { time, value, restart: false }, |time| calendar.day(time), |entry| entries.push(entry));
        }
        let reader = house.reader();
        let whole = reader.device_spans("home", GAS, DevicePart::Day, 0, i64::MAX).unwrap();
        let gaps: Vec<_> = entries.iter().filter(|entry| matches!(entry, DeviceEntry::Gap { .. })).copied().collect();
        prop_assert_eq!(&whole.gaps, &gaps);
        for entry in &entries {
            if let DeviceEntry::Day { start, end, amount } = *entry {
                let day = whole.spans.iter().find(|day| day.start == start).unwrap();
                prop_assert_eq!((day.end, day.amount, day.complete), (end, Some(amount), true));
            }
        }
        // Days, and gaps across days, are what the register rose by.
        let used = kept.last().unwrap().1 - kept[0].1;
        for part in [DevicePart::Day, DevicePart::Month, DevicePart::Year] {
            let answer = reader.device_spans("home", GAS, part, 0, i64::MAX).unwrap();
            let within = |entry: &&DeviceEntry| {
                answer.spans.iter().any(|span| span.start <= entry.start() && entry.end() <= span.end)
            };
            let across: i64 = gaps.iter().filter(|gap| !within(gap)).map(DeviceEntry::amount).sum();
            let mut sum: i64 = answer.spans.iter().filter_map(|span| span.amount).sum::<i64>() + across;
            // What runs since before the last span is in none of them yet.
            let running = ledger.running().unwrap();
            if running.since < answer.spans.last().unwrap().start {
                sum += running.amount;
            }
            prop_assert_eq!(sum, used, "{:?}", part);
        }
        for (day, length) in spans {
            let (from, to) = (MIDNIGHT + day * DAY, MIDNIGHT + (day + length) * DAY);
            let part = reader.device_spans("home", GAS, DevicePart::Day, from, to).unwrap();
            let expected: Vec<_> =
                whole.spans.iter().filter(|day| (from..to).contains(&day.start)).copied().collect();
            prop_assert_eq!(part.spans, expected);
            let expected: Vec<_> =
                gaps.iter().filter(|gap| gap.start() < to && gap.end() > from).copied().collect();
            prop_assert_eq!(part.gaps, expected);
            // In memory it goes on as if it had never stopped.
            let state = reader.device_states("home", from).unwrap().remove(0);
            prop_assert_eq!(state.books, ledger.clone());
        }
    }
}
