//! Frames and telegrams in messages: what a board that only forwards publishes.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod boards;
mod common;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use boards::{House, NOW};
use common::{Folder, KEY};
use smarty_meter::{MeterConfig, Profile, VirtualMeter};
use smarty_store::{Clock, Proof};
use smartyreader::intake::LONGEST_MESSAGE;

type Form = fn(&[u8]) -> Vec<u8>;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

#[test]
fn frames_in_messages_are_opened_like_any_other_bytes() {
    let folder = Folder::new("collector-frames");
    let key = folder.write("home.key", KEY);
    let sealed = || {
        VirtualMeter::new(MeterConfig {
            key: Some([0x5A; 16]),
            start: NOW - 10,
            ..MeterConfig::new(Profile::LuxembourgFull)
        })
    };
    let forms: [Form; 4] = [
        <[u8]>::to_vec,
        |bytes| hex(bytes).into_bytes(),
        |bytes| hex(bytes).to_uppercase().into_bytes(),
        // As people's scripts write it, a line for each 16 bytes.
        |bytes| bytes.chunks(16).map(hex).collect::<Vec<_>>().join("\n").into_bytes(),
    ];
    for form in forms {
        let mut house = House::new(&format!("[meter.home]\nkey-file = {key:?}\n"));
        let mut meter = sealed();
        let (one, two) = (meter.next_telegram(), meter.next_telegram());
        house.hear("board", form(&one.frame));
        let arrival = house.only();
        assert_eq!((arrival.reading.proof, arrival.reading.clock), (Proof::Tag, Clock::Meter));
        assert_eq!(&*arrival.telegram, &one.text[..]);
        assert!(arrival.seal.is_some());
        // The first half of a frame is not glued to the half of another topic, nor to its own later half.
        let frame = form(&two.frame);
        let (head, tail) = frame.split_at(frame.len() / 2 / 32 * 32);
        house.hear("board", head).hear("other", tail).hear("board", tail);
        assert_eq!(house.arrivals.len(), 1);
        house.hear("board", &frame);
        assert_eq!(house.arrivals.len(), 2);
        house.hear("board", form(&one.frame));
        assert_eq!((house.arrivals.len(), house.counter("replay")), (2, 1));
        assert!(!house.intake.is_waiting());
    }
    for profile in [Profile::Netherlands5, Profile::Belgium] {
        let mut meter = VirtualMeter::new(MeterConfig { key: None, start: NOW - 10, ..MeterConfig::new(profile) });
        let telegram = meter.next_telegram();
        let end = telegram.frame.iter().rposition(|byte| !byte.is_ascii_whitespace()).unwrap() + 1;
        for payload in [&telegram.frame[..], &telegram.frame[..end]] {
            let mut house = House::new("[meter.home]\ntopic = \"boards/#\"\n");
            house.hear("boards/raw", payload);
            assert_eq!(house.only().reading.proof, Proof::Plain);
            house.hear("elsewhere", payload);
            assert_eq!((house.arrivals.len(), house.counter("unknown_meter")), (1, 1), "a topic is a wall here, too");
        }
    }
}

/// The published captures, as binary messages, as hex and as text: what `feed` makes of them.
#[test]
fn every_capture_as_a_message_is_what_it_is_as_bytes() {
    let Some(captures) = std::env::var_os("P1_CAPTURES").map(PathBuf::from).filter(|path| path.is_dir()) else {
        assert!(std::env::var_os("CI").is_none(), "P1_CAPTURES must name the folder of captures when CI runs");
        eprintln!("SKIPPED: set P1_CAPTURES to a folder of captures");
        return;
    };
    let folder = Folder::new("collector-captures");
    let (mut sealed, mut plain) = (0, 0);
    for entry in std::fs::read_dir(&captures).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "bin") || !path.with_extension("json").exists() {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let hex = hex(&bytes);
        if !bytes.starts_with(b"\xDB") && !bytes.starts_with(b"/") || hex.len() > LONGEST_MESSAGE {
            continue;
        }
        for meter in [meter(&folder, &path, None), meter(&folder, &path, Some("none"))] {
            let mut wire = House::new(&meter);
            let now = wire.now;
            wire.intake.feed(&bytes, now, &mut wire.arrivals);
            wire.intake.silence(now, &mut wire.arrivals);
            for payload in [&bytes[..], hex.as_bytes()] {
                let mut house = House::new(&meter);
                house.hear("board", payload);
                assert_eq!(house.arrivals.len(), wire.arrivals.len(), "{name}: {:?}", house.observer.health().problems);
                for (ours, theirs) in house.arrivals.iter().zip(&wire.arrivals) {
                    assert_eq!(ours.reading, theirs.reading, "{name}");
                    assert_eq!(ours.telegram, theirs.telegram, "{name}");
                }
            }
            let arrived = usize::from(!wire.arrivals.is_empty());
            *(if bytes[0] == 0xDB { &mut sealed } else { &mut plain }) += arrived;
        }
    }
    assert!(sealed >= 5 && plain >= 80, "only {sealed} sealed and {plain} plain captures were read");
}

/// A meter with the capture's keys, or with another `authentication-key`.
fn meter(folder: &Folder, capture: &Path, authentication: Option<&str>) -> String {
    let facts: serde_json::Value =
        serde_json::from_slice(&std::fs::read(capture.with_extension("json")).unwrap()).unwrap();
    let Some(key) = facts["key_hex"].as_str() else { return "[meter.home]\n".into() };
    let file = folder.write("home.key", key);
    let authentication = authentication.or(facts["auth_key_hex"].as_str()).unwrap_or("standard");
    format!("[meter.home]\nkey-file = \"{}\"\nauthentication-key = \"{authentication}\"\n", file.display())
}
