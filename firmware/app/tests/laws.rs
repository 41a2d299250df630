//! Laws: what holds whatever comes.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

use proptest::prelude::*;
use smarty_app::intake::{Found, Intake, MARKS, Mark};
use smarty_app::record;
use smarty_app::settings::{Kind, Name, Settings, Shown};
use smarty_ledger::{Energies, Entry, Extent, Gap, PowerSpread, QuarterHour, Reason};
use smarty_meter::{Fault, Line, MbusDevice, MbusKind, MeterConfig, Profile, Script, VirtualMeter};

const START: i64 = 1_795_431_600;

fn energies() -> impl Strategy<Value = Energies> {
    let one = proptest::option::of(any::<i64>());
    (one.clone(), one.clone(), one.clone(), one).prop_map(|(import, export, reactive_import, reactive_export)| {
        Energies { import, export, reactive_import, reactive_export }
    })
}

fn quarter() -> impl Strategy<Value = Entry> {
    let power = proptest::option::of((any::<i64>(), any::<i64>(), any::<i64>(), any::<u32>()));
    let voltage = proptest::option::of((any::<i64>(), any::<i64>()));
    (any::<i64>(), energies(), any::<bool>(), power, voltage, any::<u32>()).prop_map(
        |(start, energies, complete, power, voltage, telegrams)| {
            Entry::Quarter(QuarterHour {
                start,
                energies,
                complete,
                power_net: power.map(|(min, max, sum, count)| PowerSpread { min, max, sum, count }),
                voltage: voltage.map(|(min, max)| Extent { min, max }),
                telegrams,
            })
        },
    )
}

fn gap() -> impl Strategy<Value = Entry> {
    let reasons = [Reason::NoTelegrams, Reason::Start, Reason::Swap, Reason::Reset, Reason::ClockSetBack];
    (any::<i64>(), any::<i64>(), energies(), proptest::sample::select(reasons.to_vec()))
        .prop_map(|(start, end, energies, reason)| Entry::Gap(Gap { start, end, energies, reason }))
}

fn name() -> impl Strategy<Value = Name> {
    proptest::sample::select(Name::ALL.to_vec())
}

/// A value of each kind, right or wrong.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9 ./#+]{0,70}",
        "[0-9]{1,6}",
        "on|off|psk|v1.7|standard",
        "[0-9a-f]{32}",
        "[0-9]{1,3}\\.[0-9]{1,3}\\.0\\.1(/24)?",
        "\\PC{0,40}",
    ]
}

proptest! {
    #[test]
    fn an_entry_comes_back_from_its_record(entry in prop_oneof![quarter(), gap()]) {
        let mut bytes = [0; record::LONGEST];
        let length = record::write(&entry, &mut bytes);
        prop_assert_eq!(record::read(&bytes[..length]), Some(entry));
        // Cut off it is no other entry.
        prop_assert_eq!(record::read(&bytes[..length - 1]), None);
    }

    #[test]
    fn no_bytes_are_too_strange_for_a_record(bytes in proptest::collection::vec(any::<u8>(), 0..130)) {
        let _ = record::read(&bytes);
    }

    #[test]
    fn settings_are_what_was_last_taken(changes in proptest::collection::vec((name(), value()), 0..60)) {
        let mut settings = Settings::new();
        let mut model = std::collections::HashMap::new();
        for (name, value) in &changes {
            let before = settings.as_bytes().to_vec();
            match settings.set(*name, value) {
                Ok(()) => {
                    model.insert(name.number(), value.trim().to_string());
                }
                Err(refused) => {
                    prop_assert_eq!(settings.as_bytes(), &before[..], "refused, and nothing has changed");
                    // A sentence, and not the value: that may be a secret.
                    let sentence = refused.to_string();
                    prop_assert!(value.trim().len() < 20 || !sentence.contains(value.trim()));
                }
            }
        }
        let again = Settings::from_bytes(settings.as_bytes()).unwrap();
        for &name in Name::ALL {
            let known = model.get(&name.number()).filter(|value| !value.is_empty());
            prop_assert_eq!(again.given(name), known.map(String::as_str));
            prop_assert_eq!(again.text(name), known.map_or(name.default(), String::as_str));
            match again.shown(name) {
                Shown::Value(value) => prop_assert!(!name.is_secret() && value == again.text(name)),
                Shown::Given => prop_assert!(name.is_secret() && known.is_some()),
                Shown::Missing => prop_assert!(name.is_secret() && known.is_none()),
            }
        }
        let printed = format!("{settings:?}");
        for &name in Name::ALL.iter().filter(|name| name.is_secret()) {
            prop_assert!(again.given(name).is_none_or(|secret| secret.len() < 16 || !printed.contains(secret)));
        }
    }

    #[test]
    fn no_bytes_are_too_strange_for_settings(bytes in proptest::collection::vec(any::<u8>(), 0..1400)) {
        if let Some(settings) = Settings::from_bytes(&bytes) {
            prop_assert_eq!(settings.as_bytes(), &bytes[..]);
        }
    }
}

#[test]
fn numbers_and_names_of_settings_are_there_once_and_defaults_are_allowed() {
    let mut numbers: Vec<u8> = Name::ALL.iter().map(|name| name.number()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), Name::ALL.len());
    for &name in Name::ALL {
        assert_eq!(Name::of(name.name()), Some(name));
        Settings::new().set(name, name.default()).unwrap();
        assert!(!name.about().is_empty());
        assert!(!name.is_secret() || name.default().is_empty());
        assert!(name.kind() != Kind::Key || name.is_secret(), "keys are secrets");
    }
}

#[test]
fn everything_that_a_line_can_do_to_a_telegram() {
    let script = Script::new()
        .with(2, Fault::FlipBits { count: 3 })
        .with(5, Fault::Truncate { keep: None })
        .with(8, Fault::DropBytes { count: 2 })
        .with(11, Fault::DuplicateBytes { count: 2 })
        .with(14, Fault::NoiseBefore { bytes: 500 })
        .with(16, Fault::NoiseAfter { bytes: 500 })
        .with(18, Fault::FalseStart)
        .with(20, Fault::ForeignMeter { seed: 5 })
        .with(22, Fault::Replay { back: 9 })
        .with(24, Fault::Hdlc)
        .with(26, Fault::Mbus)
        .with(28, Fault::Twice)
        .with(32, Fault::Parity { telegrams: 2 })
        .with(36, Fault::Inverted { telegrams: 2 })
        .with(40, Fault::WrongKey { telegrams: 2 })
        .with(44, Fault::OtherAuthenticationKey { telegrams: 2 })
        .with(48, Fault::OtherSuite { telegrams: 2 })
        .with(52, Fault::WrongChecksum { telegrams: 2 })
        .with(56, Fault::Plain { telegrams: 2 })
        .with(60, Fault::CounterJump { to: 5_000_000 });
    for profile in [Profile::LuxembourgSolar, Profile::LuxembourgFull] {
        let meter = VirtualMeter::new(MeterConfig { key: Some([0x5A; 16]), start: START, ..MeterConfig::new(profile) });
        let mut settings = Settings::new();
        settings.set(Name::MeterKey, &"5a".repeat(16)).unwrap();
        let mut intake = Intake::new(&settings, [Mark::default(); MARKS]);
        let (mut taken, mut truth) = (Vec::new(), Vec::new());
        for chunk in Line::new(meter, script.clone()).until(80) {
            let mut take = |found: Found<'_>| {
                if let Found::Arrival(arrival) = found {
                    taken.push(arrival.time);
                }
            };
            for bytes in chunk.bytes.chunks(256) {
                intake.feed(bytes, Some(START), &mut take);
            }
            intake.silence(Some(START), &mut take);
            truth.extend(chunk.truth.and_then(|telegram| telegram.time()));
        }
        assert_eq!(taken, truth, "{profile:?}: {:?}", intake.counters());
        let counters = intake.counters();
        assert!(counters.replay > 0 && counters.duplicate > 0 && counters.authentication_key_differs == 2);
        assert!(counters.security_control == 2 && counters.crc_mismatch >= 2 && counters.plain_refused == 2);
        assert_eq!(counters.telegrams as usize, truth.len());
    }
}

#[test]
fn what_was_recorded_before_a_restart_is_refused_after_it() {
    let mut meter = VirtualMeter::new(MeterConfig {
        key: Some([0x5A; 16]),
        start: START,
        ..MeterConfig::new(Profile::LuxembourgSolar)
    });
    let frames: Vec<Vec<u8>> = (0..6).map(|_| meter.next_telegram().frame).collect();
    let mut settings = Settings::new();
    settings.set(Name::MeterKey, &"5a".repeat(16)).unwrap();
    let mut marks = [Mark::default(); MARKS];
    let mut intake = Intake::new(&settings, marks);
    for frame in &frames[..5] {
        intake.feed(frame, None, &mut |found| {
            if let Found::Arrival(arrival) = found {
                marks = *arrival.marks;
            }
        });
    }
    let mut restarted = Intake::new(&settings, marks);
    let mut taken = 0;
    for frame in &frames {
        restarted.feed(frame, None, &mut |_| taken += 1);
    }
    assert_eq!(taken, 1, "only the one that is new");
    assert_eq!((restarted.counters().replay, restarted.counters().duplicate), (4, 1));
}

/// Gas since midnight is the same whether the board ran all day or was restarted in between.
#[test]
fn devices_go_on_after_a_restart() {
    use smarty_app::books::{Books, MARGIN_S};
    use smarty_app::devices::Devices;
    use smarty_app::latest::Latest;
    use smarty_ledger::Account;

    let mut settings = Settings::new();
    settings.set(Name::MeterKey, &"5a".repeat(16)).unwrap();
    let mut meter = VirtualMeter::new(MeterConfig {
        key: Some([0x5A; 16]),
        // The day before, an hour before midnight.
        start: START - 14 * 3600,
        period_s: 300,
        mbus: [Some(MbusDevice::new(MbusKind::Gas, "G0039001")), None, None, None],
        ..MeterConfig::new(Profile::LuxembourgFull)
    });
    let mut whole = (Books::new(&settings, Account::new(MARGIN_S), Devices::default()), Latest::new());
    let mut broken = (Books::new(&settings, Account::new(MARGIN_S), Devices::default()), Latest::new());
    let mut intake = Intake::new(&settings, [Mark::default(); MARKS]);
    let (mut compared, mut restarts) = (0, 0);
    for number in 0..13 * 12 {
        let frame = meter.next_telegram().frame;
        intake.feed(&frame, None, &mut |found| {
            let Found::Arrival(arrival) = found else { return };
            whole.0.take(arrival, &mut whole.1, |_| {});
            broken.0.take(arrival, &mut broken.1, |_| {});
        });
        if number % 7 == 0
            && let Some(bytes) = broken.0.device_changes()
        {
            let account = broken.0.account().clone();
            broken.0 = Books::new(&settings, account, Devices::from_bytes(&bytes));
            restarts += 1;
        }
        assert_eq!(broken.1.devices, whole.1.devices, "telegram {number}");
        compared += whole.1.devices.iter().flatten().filter(|device| device.day.is_some()).count();
    }
    assert!(compared > 100 && restarts > 5, "{compared} with a day, {restarts} restarts");
}

proptest! {
    #[test]
    fn no_bytes_are_too_strange_for_devices(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = smarty_app::devices::Devices::from_bytes(&bytes);
    }
}
