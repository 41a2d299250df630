//! The doctor's causes: each provoked by the virtual meter and named right as the first; none for what is healthy.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod patient;

use std::collections::BTreeSet;

use patient::{KEY, Settings, codes, scene, sealed};
use proptest::prelude::*;
use smarty_meter::uart::{Receiver, Wire, heard};
use smarty_meter::{Chunk, Fault, Line, MeterConfig, Prng, Profile, Script, VirtualMeter};
use smartyreader::exit::Code;

const PUBLIC: &str = "00112233445566778899AABBCCDDEEFF";

/// Every scene of the virtual meter, sealed and plain: what the doctor says first, when it hears the line and when it sees a
/// capture of it. An empty word: healthy.
const SCENES: [(&str, [&str; 4]); 39] = [
    // scene, sealed line, sealed capture, plain line, plain capture
    ("normal-day", [""; 4]),
    ("solar-day", [""; 4]),
    ("winter-day", [""; 4]),
    ("gas-day", [""; 4]),
    ("month-end", [""; 4]),
    ("dst-spring", [""; 4]),
    ("dst-autumn", [""; 4]),
    ("noise", ["line-noise"; 4]),
    ("bit-flips", ["line-noise"; 4]),
    ("broken-frames", ["line-noise"; 4]),
    ("storm", ["line-noise"; 4]),
    ("wrong-key", ["wrong-key", "wrong-key", "", ""]),
    ("authentication-key", ["authentication-key-differs", "authentication-key-differs", "", ""]),
    ("plain-between", ["plain-refused", "plain-refused", "", ""]),
    ("foreign", ["other-meter"; 4]),
    ("replay", ["replayed"; 4]),
    ("counter-jump", [""; 4]),
    ("counter-zero", ["counter-back", "counter-back", "", ""]),
    ("counter-end", [""; 4]),
    ("silence", [""; 4]),
    ("power-failure", [""; 4]),
    ("clock-forwards", ["clock-off", "", "clock-off", ""]),
    ("clock-backwards", ["clock-off", "", "clock-off", ""]),
    ("clock-lost", [""; 4]),
    ("swap", ["key-of-another-meter", "key-of-another-meter", "", ""]),
    ("register-reset", ["register-back"; 4]),
    ("message", [""; 4]),
    ("inverted", ["inverted"; 4]),
    ("seven-bits", ["seven-bits"; 4]),
    ("slow-line", ["wrong-speed"; 4]),
    ("other-protocols", ["foreign-protocol"; 4]),
    ("fast-line", ["wrong-speed"; 4]),
    ("other-suite", ["security-control", "security-control", "", ""]),
    ("wrong-checksum", ["checksum-inside", "checksum-inside", "damaged", "damaged"]),
    ("cut-off", ["cut-short"; 4]),
    ("twice", ["doubled"; 4]),
    ("split", ["split", "", "split", ""]),
    ("seldom", ["seldom"; 4]),
    ("clock-off", ["clock-off", "", "clock-off", ""]),
];

#[test]
fn every_scene_has_its_cause() {
    let names: Vec<&str> = SCENES.iter().map(|(name, _)| *name).collect();
    let all: Vec<&str> = smarty_meter::Scene::all().iter().map(smarty_meter::Scene::name).collect();
    assert_eq!(names, all, "every scene is in the table");
    let mut wrong = Vec::new();
    for (name, expected) in SCENES {
        let source = if name == "fast-line" { "baud = 9600\n" } else { "" };
        let lines = [
            (Settings::sealed(), sealed(Profile::LuxembourgFull)),
            (Settings::sealed().in_a_file(), sealed(Profile::LuxembourgFull)),
            (Settings::plain(), MeterConfig::new(Profile::LuxembourgFull)),
            (Settings::plain().in_a_file(), MeterConfig::new(Profile::LuxembourgFull)),
        ];
        for ((settings, meter), expected) in lines.into_iter().zip(expected) {
            let settings = Settings { source: source.into(), ..settings };
            let causes = settings.patient().hear_all(scene(name, meter).take(200));
            let found = codes(&causes);
            if found.first().copied().unwrap_or_default() != expected {
                wrong.push(format!("{name} {settings:?}: {found:?} instead of {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn line(meter: MeterConfig, script: Script, telegrams: u64) -> Vec<Chunk> {
    Line::new(VirtualMeter::new(meter), script).until(telegrams).collect()
}

fn settings(source: &str, meters: &str) -> Settings {
    Settings { source: source.into(), meters: meters.into(), file: false }
}

/// Bytes of nobody, ten seconds apart.
fn chunks(bytes: impl Fn(u64) -> Vec<u8>) -> Vec<Chunk> {
    (0..3)
        .map(|index| Chunk { at: 10 * index as i64, index, bytes: bytes(index), truth: None, faults: vec![] })
        .collect()
}

/// What the scenes do not provoke: what hangs on the settings, and noise.
fn others() -> Vec<(&'static str, Settings, Vec<Chunk>)> {
    let good = |meter: MeterConfig| line(meter, Script::new(), 3);
    let lux = || sealed(Profile::LuxembourgFull);
    let device = lux().device().logical_device_name;
    let hurt = Script::new().every(0, 1, 5, &Fault::FlipBits { count: 3 });
    vec![
        ("sealed-without-key", Settings::plain(), good(lux())),
        ("plain-refused", Settings::sealed(), good(MeterConfig::new(Profile::LuxembourgFull))),
        ("without-checksum", Settings::plain(), good(MeterConfig::new(Profile::Netherlands22))),
        ("public-key-as-key", settings("", &format!("[meter.home]\nkey-file = \"{PUBLIC}\"\n")), good(lux())),
        ("key-unusable", settings("", "[meter.home]\nkey-file = \"1234\"\n"), good(lux())),
        ("wrong-key", settings("", "[meter.home]\nkey-file = \"11111111111111111111111111111111\"\n"), good(lux())),
        (
            "key-of-another-meter",
            settings(
                "",
                "[meter.home]\nsource = \"line\"\nkey-file = \"11111111111111111111111111111111\"\n\
                 [meter.garage]\nsource = \"other\"\nkey-file = \"KEY\"\n",
            ),
            good(lux()),
        ),
        (
            "key-of-another-meter",
            settings(
                "",
                "[meter.home]\nkey-file = \"11111111111111111111111111111111\"\nequipment = [\"SAG1030700999999\"]\n",
            ),
            good(lux()),
        ),
        (
            "wrong-key",
            settings(
                "",
                &format!("[meter.home]\nkey-file = \"11111111111111111111111111111111\"\nequipment = [\"{device}\"]\n"),
            ),
            good(lux()),
        ),
        (
            "unknown-meter",
            settings("", "[meter.home]\nkey-file = \"KEY\"\nequipment = [\"SAG1030700999999\"]\n"),
            good(lux()),
        ),
        ("damaged", Settings::plain(), line(MeterConfig::new(Profile::LuxembourgFull), hurt, 5)),
        (
            "damaged",
            Settings::plain(),
            line(
                MeterConfig::new(Profile::LuxembourgFull),
                Script::new().every(0, 1, 9, &Fault::Truncate { keep: None }),
                9,
            ),
        ),
        ("garbage", Settings::sealed(), chunks(|seed| Prng::new(seed).bytes(700))),
        ("garbage", Settings::plain(), chunks(|seed| Prng::new(seed).bytes(20))),
        (
            "garbage",
            Settings::plain(),
            chunks(|_| b"1-0:1.8.0(000123.456*kWh)\r\n1-0:2.8.0(000000.000*kWh)\r\n".to_vec()),
        ),
        ("foreign-protocol", Settings::sealed(), {
            let script = Script::new().every(0, 1, 3, &Fault::Hdlc).with(0, Fault::Silence { telegrams: 0 });
            let mut heard = line(lux(), script, 3);
            heard.retain(|chunk| chunk.truth.is_none());
            heard
        }),
    ]
}

#[test]
fn what_hangs_on_the_settings_has_its_cause() {
    for (code, settings, chunks) in others() {
        for settings in [settings.clone(), settings.in_a_file()] {
            let causes = settings.patient().hear_all(chunks.clone());
            assert_eq!(codes(&causes).first(), Some(&code), "{settings:?} {causes:?}");
            let sentence = causes[0].sentence();
            assert!(sentence.ends_with('.') && !causes[0].advice().is_empty(), "{sentence}");
            assert!(!sentence.contains("5a5a") && !sentence.contains("0011223344"), "a key is in {sentence}");
        }
    }
}

#[test]
fn no_cause_is_without_its_test() {
    let mut provoked: BTreeSet<&str> =
        SCENES.iter().flat_map(|(_, words)| *words).filter(|word| !word.is_empty()).collect();
    provoked.extend(others().iter().map(|(code, ..)| *code));
    // By the real command, in tests/doctor.rs.
    provoked.extend(["device-missing", "device-busy", "no-permission", "unreachable", "lost", "silent"]);
    let all: BTreeSet<&str> = Code::CAUSES.iter().map(|(code, _)| *code).collect();
    assert_eq!(provoked, all);
    let exits: BTreeSet<u8> = Code::CAUSES.iter().map(|(_, exit)| *exit as u8).collect();
    assert_eq!(exits.len(), all.len(), "each has an exit code of its own");
    assert!(exits.iter().all(|exit| (10..64).contains(exit)), "sysexits and shells have the others: {exits:?}");
}

/// A line upside down, however the bytes follow each other and whatever the receiver makes of a missing stop bit.
#[test]
fn upside_down_is_known_in_every_way() {
    for profile in Profile::ALL {
        for key in [None, Some(KEY)] {
            let telegrams = line(MeterConfig { key, ..MeterConfig::new(profile) }, Script::new(), 3);
            for (pause, receiver) in [
                (0, Receiver::Waits),
                (0, Receiver::Restarts),
                (1, Receiver::Waits),
                (1, Receiver::Restarts),
                (15, Receiver::Waits),
                (15, Receiver::Restarts),
            ] {
                let wire = Wire { inverted: true, pause, ..Wire::P1 };
                let heard = telegrams
                    .iter()
                    .map(|chunk| Chunk { bytes: heard(&chunk.bytes, wire, 115_200, receiver), ..chunk.clone() });
                let causes = Settings::sealed().patient().hear_all(heard);
                assert_eq!(codes(&causes), ["inverted"], "{profile:?} {} {pause} {receiver:?}", key.is_some());
            }
        }
    }
}

/// A virtual day from midnight to midnight: nothing is said of it, neither meanwhile nor at its end.
#[test]
fn a_healthy_day_has_no_cause() {
    for (settings, meter) in [
        (Settings::sealed(), sealed(Profile::LuxembourgGas)),
        (Settings::plain(), MeterConfig::new(Profile::LuxembourgSolar)),
    ] {
        let mut daemon = settings.in_the_daemon();
        let mut doctor = settings.patient();
        let mut file = settings.in_a_file().patient();
        for chunk in scene("normal-day", meter) {
            for patient in [&mut daemon, &mut doctor, &mut file] {
                patient.hear(chunk.at, &chunk.bytes);
            }
            let said = daemon.problems();
            assert!(said.iter().all(|code| code == "clock-off"), "{said:?}");
        }
        assert_eq!(daemon.problems(), Vec::<String>::new());
        for patient in [&mut doctor, &mut file] {
            assert_eq!(codes(&patient.end()), Vec::<&str>::new());
            assert_eq!(patient.good, 8640);
        }
    }
}

#[test]
fn healthy_meters_of_all_countries_have_no_cause() {
    for profile in Profile::ALL {
        let source = if profile.has_crc() { "" } else { "preset = \"dsmr-2\"\n" };
        for period_s in [1, 10] {
            let config = MeterConfig { period_s, ..MeterConfig::new(profile) };
            let heard = line(config, Script::new(), 300);
            let causes = settings(source, "[meter.home]\n").patient().hear_all(heard.clone());
            assert_eq!(codes(&causes), Vec::<&str>::new(), "{profile:?}");
            // A capture that begins and ends in the middle of a telegram is none the worse.
            let bytes: Vec<u8> = heard.into_iter().flat_map(|chunk| chunk.bytes).collect();
            let mut patient = settings(source, "[meter.home]\n").in_a_file().patient();
            patient.hear(0, &bytes[300..bytes.len() - 200]);
            assert_eq!(codes(&patient.end()), Vec::<&str>::new(), "{profile:?}");
        }
    }
}

/// In the daemon each cause is said while it lasts and taken back when it is over, and nothing is said twice.
#[test]
fn what_is_said_is_taken_back() {
    let faults = [
        ("wrong-key", Fault::WrongKey { telegrams: 20 }),
        ("authentication-key-differs", Fault::OtherAuthenticationKey { telegrams: 20 }),
        ("plain-refused", Fault::Plain { telegrams: 20 }),
        ("security-control", Fault::OtherSuite { telegrams: 20 }),
        ("checksum-inside", Fault::WrongChecksum { telegrams: 20 }),
        ("inverted", Fault::Inverted { telegrams: 20 }),
        ("wrong-speed", Fault::SlowLine { telegrams: 20 }),
    ];
    for (code, fault) in faults {
        let mut patient = Settings::sealed().in_the_daemon();
        let begin = 5;
        for chunk in line(sealed(Profile::LuxembourgFull), Script::new().with(begin, fault), 250) {
            patient.hear(chunk.at, &chunk.bytes);
            let said = patient.problems();
            match chunk.index {
                index if index < begin => assert_eq!(said, Vec::<String>::new(), "{code}"),
                // The third is no chance any more.
                8..25 => assert_eq!(said, [code]),
                // As long as it was lately, something may be said of it.
                220.. => assert_eq!(said, Vec::<String>::new(), "{code} is over"),
                _ => {}
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Whatever comes, whenever and in whatever pieces: no panic, and every cause has its words.
    #[test]
    fn anything_at_all(
        pieces in prop::collection::vec(
            (prop_oneof![
                prop::collection::vec(any::<u8>(), 0..400),
                prop::collection::vec(prop::sample::select(vec![0xDB, 8, b'/', b'!', b'\n', 0, 0x82, b'S', 0x7E, 0x68]), 0..60),
                (0u64..9, 0usize..1300).prop_map(|(skip, keep)| {
                    let mut meter = VirtualMeter::new(sealed(Profile::LuxembourgFull));
                    let mut frame = meter.nth(skip as usize).unwrap().frame;
                    frame.truncate(keep);
                    frame
                }),
            ], -5i64..40),
            0..40,
        ),
        file in any::<bool>(),
        daemon in any::<bool>(),
    ) {
        let settings = Settings { file, ..Settings::sealed() };
        let mut patient = if daemon { settings.in_the_daemon() } else { settings.patient() };
        let mut now = 0;
        for (bytes, wait) in pieces {
            now += wait;
            patient.hear(now, &bytes);
        }
        let causes = patient.end();
        let said: BTreeSet<&str> = causes.iter().map(smartyreader::doctor::Cause::code).collect();
        prop_assert_eq!(said.len(), causes.len(), "each once: {:?}", causes);
        for cause in causes {
            prop_assert!(!cause.sentence().is_empty() && Code::of_cause(cause.code()).is_some());
        }
    }
}

/// However much comes, the evidence does not grow.
#[test]
fn evidence_is_bounded() {
    let resident = || {
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
        statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
    };
    let mut patient = Settings::sealed().patient();
    let mut prng = Prng::new(1);
    let mut meter = VirtualMeter::new(sealed(Profile::LuxembourgFull));
    let mut feed = |patient: &mut patient::Patient, rounds: i64| {
        for round in 0..rounds {
            // Noise, cut frames, frames of ever new names.
            let mut frame = meter.next_telegram().frame;
            frame[4..10].copy_from_slice(&prng.bytes(6));
            patient.hear(10 * round, &prng.bytes(2000));
            patient.hear(10 * round + 2, &frame);
            patient.hear(10 * round + 4, &frame[..frame.len() / 2]);
        }
    };
    feed(&mut patient, 100);
    let before = resident();
    feed(&mut patient, 1000);
    // Other tests may run beside this one; what came are 4 MB.
    let grown = resident().saturating_sub(before);
    assert!(grown < 2_500_000, "{grown} bytes more");
    assert!(!patient.end().is_empty());
}
