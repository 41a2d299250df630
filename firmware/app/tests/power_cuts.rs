//! The power goes at every single operation of the flash, and in the middle of each: nothing that was written before is lost,
//! nothing is booked twice.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use common::{Chip, Flash};
use smarty_app::books::{Books, MARGIN_S};
use smarty_app::intake::{Found, Intake};
use smarty_app::latest::Latest;
use smarty_app::settings::{Name, Settings};
use smarty_app::store::{LEAST, LONGEST_CERTIFICATE, Resumed, Store};
use smarty_ledger::{Account, Entry, QuarterHour};
use smarty_meter::{MeterConfig, Profile, VirtualMeter};

const KEY: &str = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";

/// A new quarter-hour of 2026-11-23, 12:00.
const START: i64 = 1_795_431_600;

fn frames(count: usize) -> Vec<Vec<u8>> {
    let mut meter = VirtualMeter::new(MeterConfig {
        key: Some([0x5A; 16]),
        start: START,
        period_s: 180,
        ..MeterConfig::new(Profile::LuxembourgSolar)
    });
    (0..count).map(|_| meter.next_telegram().frame).collect()
}

fn settings() -> Settings {
    let mut settings = Settings::new();
    settings.set(Name::MeterKey, KEY).unwrap();
    settings
}

fn flash() -> Flash {
    Flash::new((LEAST / 4096) as usize)
}

/// The board: it hears frames from this one on until the power goes; the answer is the first that was not taken.
fn run(flash: Flash, frames: &[Vec<u8>]) -> (Flash, usize) {
    let chip = flash.shared();
    let Ok((mut store, resumed)) = Store::open(chip.clone()) else { return (chip.take(), 0) };
    let mut intake = Intake::new(&settings(), resumed.marks);
    let mut books = Books::new(&settings(), resumed.account, resumed.devices);
    let mut latest = Latest::new();
    for (index, frame) in frames.iter().enumerate() {
        let mut cut = false;
        intake.feed(frame, None, &mut |found| {
            let Found::Arrival(arrival) = found else { return };
            let mut entries = heapless::Vec::new();
            books.take(arrival, &mut latest, |entry| entries.push(entry).unwrap());
            if !entries.is_empty() {
                cut |= store.close(books.account(), arrival.marks, &entries).is_err();
                let devices = books.device_changes().map(|bytes| store.write_devices(&bytes));
                cut |= devices.is_some_and(|written| written.is_err());
            }
        });
        if cut {
            return (chip.take(), index);
        }
    }
    (chip.take(), frames.len())
}

fn entries(flash: &Flash) -> Vec<Entry> {
    let (mut store, _) = Store::open(flash.on_again(usize::MAX)).unwrap();
    let mut entries: Vec<Entry> = store.newest_first(i64::MIN).collect();
    entries.reverse();
    entries
}

/// Import over all entries.
fn import(entries: &[Entry]) -> i64 {
    let energy = |entry: &Entry| match entry {
        Entry::Quarter(QuarterHour { energies, .. }) => energies.import,
        Entry::Gap(gap) => gap.energies.import,
    };
    entries.iter().filter_map(energy).sum()
}

#[test]
fn quarter_hours_survive_a_cut_at_every_operation() {
    // A day: the sectors of the state have gone round six times, the journal has begun four.
    let frames = frames(480 + 11);
    let (day, _) = run(flash(), &frames[..=480]);
    let operations = day.operations;
    // Two quarter-hours more, so that a gap at the end is closed.
    let (whole, _) = run(flash(), &frames);
    let expected = entries(&whole);
    assert_eq!(expected.iter().filter(|entry| matches!(entry, Entry::Quarter(_))).count(), 96 + 2);
    assert!(operations > 200);
    for cut in 0..operations {
        let (dead, at) = run(flash().on_again(cut), &frames);
        let before = entries(&dead);
        // What was written is there, what was being written is there or not.
        assert_eq!(before[..], expected[..before.len()], "cut at {cut}");
        // It goes on with the telegram that comes next: the one in which the power went is gone.
        let (alive, _) = run(dead.on_again(usize::MAX), &frames[at + 1..]);
        let after = entries(&alive);
        assert_eq!(import(&after), import(&expected), "no energy is lost or booked twice, cut at {cut}");
        let ends: Vec<i64> = after.iter().map(Entry::end).collect();
        assert!(ends.is_sorted(), "in order, cut at {cut}");
        let mut starts: Vec<i64> = after
            .iter()
            .filter_map(|entry| if let Entry::Quarter(quarter) = entry { Some(quarter.start) } else { None })
            .collect();
        let count = starts.len();
        starts.dedup();
        assert_eq!(starts.len(), count, "each once, cut at {cut}");
        // One telegram is lost: at most the quarter-hours at its border become a gap.
        assert!(count >= 96, "{count} quarter-hours, cut at {cut}");
    }
    eprintln!("{operations} operations, each cut once");
}

#[test]
fn a_second_cut_while_the_first_is_put_in_order() {
    let frames = frames(481);
    let (whole, _) = run(flash(), &frames);
    let expected = import(&entries(&whole));
    for cut in (0..whole.operations).step_by(7) {
        let (dead, at) = run(flash().on_again(cut), &frames);
        for second in 0..3 {
            let (dead, more) = run(dead.on_again(second), &frames[at + 1..]);
            let (alive, _) = run(dead.on_again(usize::MAX), &frames[at + 1 + more..]);
            assert_eq!(import(&entries(&alive)), expected, "cuts at {cut} and {second}");
        }
    }
}

#[test]
fn settings_are_the_old_or_the_new() {
    let with = |number: usize| {
        let mut settings = settings();
        settings.set(Name::Meter, &format!("meter-{number}")).unwrap();
        settings.set(Name::BrokerPassword, &"p".repeat(number % 60 + 1)).unwrap();
        settings
    };
    let write = |flash: Flash| {
        let (mut store, _) = Store::open(flash).unwrap();
        let mut written = None;
        for number in 0..20 {
            if store.write_settings(&with(number)).is_err() {
                break;
            }
            written = Some(number);
        }
        (store.into_flash(), written)
    };
    let (whole, _) = write(flash());
    for cut in 0..whole.operations {
        let (dead, written) = write(flash().on_again(cut));
        let (_, resumed) = Store::open(dead.on_again(usize::MAX)).unwrap();
        let known = |number: Option<usize>| match number {
            Some(number) => resumed.settings.as_bytes() == with(number).as_bytes(),
            None => resumed.settings.as_bytes() == Settings::new().as_bytes(),
        };
        let next = Some(written.map_or(0, |number| number + 1));
        assert!(known(written) || known(next), "cut at {cut}: {:?}", resumed.settings);
    }
}

#[test]
fn the_journal_holds_35_days_and_wears_evenly() {
    let mut account = Account::new(MARGIN_S);
    let (mut store, resumed) = Store::open(flash()).unwrap();
    let days = 120;
    for number in 0..=days * 96 {
        let mut sample = smarty_ledger::Sample::at(START + number * 900);
        sample.totals = [Some(1000 * number), Some(0), None, None];
        let mut entries = heapless::Vec::new();
        account.feed(&sample, |entry| entries.push(entry).unwrap());
        store.close(&account, &resumed.marks, &entries).unwrap();
        store.acknowledge(store.next()).unwrap();
    }
    let kept = store.newest_first(START + (days - 35) * 86_400).count();
    assert_eq!(kept, 35 * 96);
    let flash = store.into_flash();
    // The state is written most; ten years are 30 times as much as this, and a sector bears 100 000.
    let most = flash.erased.iter().max().unwrap();
    assert!(*most <= 120 * 7, "{most} erasures of one sector in {days} days");
    let journal = &flash.erased[18..];
    assert!(journal.iter().max().unwrap() - journal.iter().min().unwrap() <= 1, "{journal:?}");
}

/// A board in use: settings, a certificate, a few hours in the journal, most of them with the broker.
fn in_use() -> Flash {
    let (flash, _) = run(flash(), &frames(60));
    let (mut store, _) = Store::open(flash.on_again(usize::MAX)).unwrap();
    store.write_settings(&settings()).unwrap();
    store.write_certificate(b"certificate").unwrap();
    store.acknowledge(store.next()).unwrap();
    store.into_flash()
}

/// A start: what was begun to be forgotten is forgotten before anything else.
fn start(flash: Flash) -> Result<(Store<Chip>, Resumed, Chip), Flash> {
    let chip = flash.shared();
    let Ok((mut store, resumed)) = Store::open(chip.clone()) else { return Err(chip.take()) };
    while store.goes_on_forgetting().map_err(|_| chip.take())? {}
    Ok((store, resumed, chip))
}

/// Everything is to be forgotten, and the start after it.
fn forget(flash: Flash) -> Flash {
    let chip = flash.shared();
    let Ok((mut store, _)) = Store::open(chip.clone()) else { return chip.take() };
    if store.forget().is_err() {
        return chip.take();
    }
    start(chip.take()).map_or_else(|dead| dead, |(_, _, chip)| chip.take())
}

/// Whether nothing is left of [`in_use`]; else everything is.
fn is_forgotten(flash: &Flash, what: &str) -> bool {
    let (mut store, resumed, chip) = start(flash.on_again(usize::MAX)).map_err(drop).unwrap();
    let mut buffer = [0; LONGEST_CERTIFICATE];
    let certificate = store.certificate(&mut buffer).unwrap().map(<[u8]>::to_vec);
    let known = resumed.settings.as_bytes() == settings().as_bytes();
    let entries = store.newest_first(i64::MIN).count();
    if known {
        assert_eq!(certificate.as_deref(), Some(&b"certificate"[..]), "{what}");
        assert!(entries > 10 && resumed.account.last_time().is_some(), "{what}");
        return false;
    }
    assert_eq!(resumed.settings.as_bytes(), Settings::new().as_bytes(), "{what}");
    assert_eq!((certificate, entries, store.next(), store.owed_from()), (None, 0, 0, 0), "{what}");
    assert_eq!(resumed.account.last_time(), None, "{what}");
    let bytes = &chip.take().bytes;
    assert!(!bytes.windows(KEY.len()).any(|window| window == KEY.as_bytes()), "the meter's key is there, {what}");
    // The first quarter-hour of whoever has it next is owed to his broker.
    let mut account = Account::new(MARGIN_S);
    for number in 0..3 {
        let mut sample = smarty_ledger::Sample::at(START + number * 900);
        sample.totals = [Some(1000 * number), Some(0), None, None];
        let mut entries = heapless::Vec::new();
        account.feed(&sample, |entry| entries.push(entry).unwrap());
        store.close(&account, &resumed.marks, &entries).unwrap();
    }
    assert!(store.owed_from() == 0 && store.next() > 0, "{what}");
    true
}

#[test]
fn what_was_begun_to_be_forgotten_is_forgotten_whenever_the_power_goes() {
    let used = in_use();
    assert!(!is_forgotten(&used, "before"));
    let whole = forget(used.on_again(usize::MAX));
    assert!(is_forgotten(&whole, "without a cut"));
    assert!(whole.bytes.iter().all(|byte| *byte == 0xFF));
    for cut in 0..whole.operations {
        let dead = forget(used.on_again(cut));
        let forgotten = is_forgotten(&dead, &format!("cut at {cut}"));
        // Before the word of it is written whole nothing has begun.
        assert_eq!(forgotten, cut > 0, "cut at {cut}");
        // The second power cut comes while the first is put in order.
        if let Err(dead) = start(dead.on_again(cut % 7)) {
            assert_eq!(is_forgotten(&dead, &format!("cuts at {cut} and {}", cut % 7)), forgotten);
        }
    }
}

#[test]
fn a_journal_that_is_gone_owes_what_comes_next() {
    let mut flash = in_use();
    // An older version forgot the journal first; then the power went.
    flash.bytes[18 * 4096..].fill(0xFF);
    let (store, _) = Store::open(flash.on_again(usize::MAX)).unwrap();
    assert!(store.owed_from() <= store.next(), "{} of {}", store.owed_from(), store.next());
}
