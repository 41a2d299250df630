//! Real captures, healthy and bent in each way: each cause is named right as the first.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod patient;

use std::path::PathBuf;

use patient::{Settings, codes};
use serde_json::Value;
use smarty_meter::Prng;
use smarty_meter::uart::{Receiver, Wire, heard};
use smartyreader::doctor::mask;

const WRONG: &str = "11111111111111111111111111111111";
const PUBLIC: &str = "00112233445566778899AABBCCDDEEFF";

struct Capture {
    name: String,
    bytes: Vec<u8>,
    facts: Value,
}

/// All captures, where there is a folder of them.
fn captures() -> Vec<Capture> {
    let Some(folder) = std::env::var_os("P1_CAPTURES").map(PathBuf::from).filter(|path| path.is_dir()) else {
        assert!(std::env::var_os("CI").is_none(), "P1_CAPTURES must name the folder of captures when CI runs");
        eprintln!("SKIPPED: set P1_CAPTURES to a folder of captures");
        return Vec::new();
    };
    let mut names: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    names.sort();
    assert!(names.len() > 80, "the captures are there");
    let load = |path: &PathBuf| Capture {
        name: path.file_stem().unwrap().to_string_lossy().into_owned(),
        bytes: std::fs::read(path.with_extension("bin")).unwrap(),
        facts: serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap(),
    };
    names.iter().map(load).collect()
}

impl Capture {
    fn is(&self, kind: &str) -> bool {
        self.facts["kind"] == kind
    }

    /// A single plain telegram with a right checksum.
    fn is_good_text(&self) -> bool {
        self.is("plain") && self.facts["plaintext_crc_ok"] == true
    }

    fn key(&self) -> Option<&str> {
        self.facts["key_hex"].as_str()
    }

    /// With the right key, if one is known.
    fn settings(&self) -> Settings {
        match self.key() {
            Some(key) => {
                let mut settings = keyed(key);
                if self.facts["tag_verifies"] == true {
                    let authentication = self.facts["auth_key_hex"].as_str().unwrap();
                    settings.meters.extend(["authentication-key = \"", authentication, "\"\n"]);
                }
                settings
            }
            None => Settings::plain(),
        }
    }
}

fn keyed(key: &str) -> Settings {
    Settings { meters: format!("[meter.home]\nkey-file = \"{key}\"\n"), ..Settings::default() }
}

fn of_file(settings: Settings, bytes: &[u8]) -> Vec<&'static str> {
    let mut patient = settings.in_a_file().patient();
    patient.hear(0, bytes);
    codes(&patient.end())
}

/// Three times, ten seconds apart, as a meter sends.
fn of_line(settings: &Settings, bytes: &[u8]) -> Vec<&'static str> {
    let mut patient = settings.patient();
    for round in 0..3 {
        patient.hear(10 * round, bytes);
    }
    codes(&patient.end())
}

#[test]
fn captures_as_they_are() {
    for capture in captures() {
        let found = of_file(capture.settings(), &capture.bytes);
        let name = &capture.name;
        let first = found.first().copied().unwrap_or_default();
        let expected: &[&str] = if capture.is_good_text() {
            &[""]
        } else {
            match (name.as_str(), capture.facts["kind"].as_str().unwrap()) {
                ("stream_nl_t210_hansij66" | "nl_v5_restart_mid_telegram", _) => &["line-noise"],
                ("stream_be_wimdh_badcrc", _) => &["damaged"],
                (_, "encrypted") if capture.key().is_none() => &["sealed-without-key"],
                (_, "encrypted") if capture.facts["plaintext_crc_ok"] == false => &["checksum-inside"],
                (_, "encrypted") if capture.facts["tag_verifies"] == true => &[""],
                (_, "encrypted") => &["authentication-key-differs"],
                (_, "hdlc" | "mbus") => &["foreign-protocol", "garbage"],
                _ => &["damaged", "without-checksum", "garbage", "foreign-protocol", "cut-short", ""],
            }
        };
        assert!(expected.contains(&first), "{name} {}: {found:?} instead of {expected:?}", capture.facts["kind"]);
    }
}

#[test]
fn captures_upside_down() {
    let ways = [
        (0, Receiver::Waits),
        (0, Receiver::Restarts),
        (1, Receiver::Waits),
        (15, Receiver::Waits),
        (15, Receiver::Restarts),
    ];
    let mut bent = 0;
    for capture in captures().into_iter().filter(|capture| capture.is_good_text() || capture.is("encrypted")) {
        for (pause, receiver) in ways {
            let wire = Wire { inverted: true, pause, ..Wire::P1 };
            let bytes = heard(&capture.bytes, wire, 115_200, receiver);
            let found = of_line(&capture.settings(), &bytes);
            assert_eq!(found, ["inverted"], "{} {pause} {receiver:?}", capture.name);
            bent += 1;
        }
    }
    assert!(bent == 0 || bent > 200, "{bent}");
}

#[test]
fn captures_with_another_format_or_speed() {
    for capture in captures().into_iter().filter(|capture| capture.is_good_text() || capture.is("encrypted")) {
        let hear = |wire, baud| heard(&capture.bytes, wire, baud, Receiver::Waits);
        let name = &capture.name;
        if capture.is_good_text() {
            let bytes = hear(Wire { seven_even: true, ..Wire::P1 }, 115_200);
            assert_eq!(of_line(&Settings::plain(), &bytes), ["seven-bits"], "{name}");
            assert_eq!(of_file(Settings::plain(), &bytes), ["seven-bits"], "{name}");
        }
        let slow = hear(Wire { baud: 9600, ..Wire::P1 }, 115_200);
        assert_eq!(of_line(&capture.settings(), &slow), ["wrong-speed"], "{name}");
        assert_eq!(of_file(capture.settings(), &slow), ["wrong-speed"], "{name}");
        let fast = Settings { source: "baud = 9600\n".into(), ..capture.settings() };
        assert_eq!(of_line(&fast, &hear(Wire::P1, 9600)), ["wrong-speed"], "{name}");
    }
}

#[test]
fn captures_cut_damaged_and_in_noise() {
    for capture in captures().into_iter().filter(|capture| capture.is_good_text() || capture.is("encrypted")) {
        let (name, bytes) = (&capture.name, &capture.bytes);
        let cut = &bytes[..bytes.len() * 2 / 3];
        assert_eq!(of_line(&capture.settings(), cut).first(), Some(&"cut-short"), "{name}");
        assert_eq!(of_file(capture.settings(), &cut.repeat(4)).first(), Some(&"cut-short"), "{name}");
        if capture.is_good_text() {
            let mut damaged = bytes.clone();
            let digit = damaged.iter().rposition(u8::is_ascii_digit).unwrap();
            // A digit of the text, well before the checksum.
            let digit = damaged[..digit - 8].iter().rposition(u8::is_ascii_digit).unwrap();
            damaged[digit] ^= 1;
            assert_eq!(of_line(&Settings::plain(), &damaged), ["damaged"], "{name}");
        }
        let noise = Prng::new(7).bytes(bytes.len());
        let garbled: Vec<u8> = bytes.iter().zip(noise).map(|(byte, noise)| byte ^ noise).collect();
        assert_eq!(of_line(&capture.settings(), &garbled), ["garbage"], "{name}");
    }
}

#[test]
fn captures_with_other_keys() {
    for capture in captures() {
        let (name, bytes) = (&capture.name, &capture.bytes);
        if capture.is("encrypted") {
            assert_eq!(of_line(&keyed(WRONG), bytes), ["wrong-key"], "{name}");
            assert_eq!(of_file(keyed(WRONG), bytes), ["wrong-key"], "{name}");
            assert_eq!(of_line(&keyed(PUBLIC), bytes), ["public-key-as-key"], "{name}");
            assert_eq!(of_line(&Settings::plain(), bytes), ["sealed-without-key"], "{name}");
        } else if capture.is_good_text() {
            assert_eq!(of_line(&keyed(WRONG), bytes), ["plain-refused"], "{name}");
        }
    }
}

/// What a masked capture says is the same, without what names the meter.
#[test]
fn masked_captures_name_nobody() {
    for capture in captures() {
        let (name, bytes) = (&capture.name, &capture.bytes);
        if capture.is_good_text() {
            let masked = mask(bytes, &[]);
            assert_eq!((masked.bytes.len(), masked.opened, masked.shut), (bytes.len(), 0, 0), "{name}");
            assert_eq!(of_file(Settings::plain(), &masked.bytes), Vec::<&str>::new(), "{name}");
            let text = String::from_utf8_lossy(&masked.bytes).into_owned();
            for object in ["0-0:42.0.0", "0-0:96.1.0", "0-0:96.1.1", "0-1:96.1.0", "0-1:96.1.1", "0-2:96.1.0"] {
                for value in capture.facts["expected"][object].as_array().into_iter().flatten() {
                    let value = value[0]["text"].as_str().unwrap_or_default();
                    let masked_already = value.chars().all(|digit| "03".contains(digit));
                    assert!(value.len() < 4 || masked_already || !text.contains(value), "{name} still says {value}");
                }
            }
        } else if capture.is("encrypted") {
            let shut = mask(bytes, &[]);
            assert_eq!((shut.bytes.len(), shut.opened, shut.shut), (bytes.len(), 0, 1), "{name}");
            let title = &bytes[2..10];
            assert!(!shut.bytes.windows(8).any(|window| window == title), "{name}");
            assert_eq!(&shut.bytes[10..], &bytes[10..], "{name}: all else is as it was");
        }
    }
}
