//! Every published capture gets the verdict that `fixtures/verdicts.txt` states, value by value.
//!
//! The captures are not part of this project; their folder is named by `P1_CAPTURES`. Without it this
//! test says so and passes, but in CI it fails. `fixtures.rs` covers the same cases from the virtual meter.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

use std::path::{Path, PathBuf};

use serde_json::Value;
use smarty_p1::{
    Authentication, Deframer, Foreign, Frame, Key, LONGEST_FRAME, OpenError, Progress, Proof, Quantity, Reading,
    Telegram, TelegramError, Unit,
};

#[derive(Clone, Debug, PartialEq)]
enum Event {
    Telegram { text: Vec<u8>, crc: bool, proof: Option<Proof> },
    BadCrc { sealed: bool },
    Sealed(Option<OpenError>),
    Foreign(Foreign),
}

struct Capture {
    name: String,
    verdict: String,
    bytes: Vec<u8>,
    facts: Value,
}

impl Capture {
    fn key(&self, name: &str) -> Option<Key> {
        Some(Key::from_hex(self.facts[name].as_str()?).expect("published keys are keys"))
    }

    /// Feeds the capture in pieces of `size` and tells all that came of it.
    fn events(&self, size: usize, authentication: &Authentication) -> Vec<Event> {
        let key = self.key("key_hex");
        let mut deframer = Box::new(Deframer::<LONGEST_FRAME>::new());
        let mut events = Vec::new();
        let mut pieces: Vec<&[u8]> = self.bytes.chunks(size).collect();
        pieces.push(&[]);
        loop {
            for piece in &pieces {
                let mut rest = *piece;
                loop {
                    let (used, progress) = deframer.feed(rest);
                    rest = &rest[used..];
                    match progress {
                        Progress::Pending if rest.is_empty() => break,
                        Progress::Frame => {
                            let (event, good) = judge(deframer.frame(), key.as_ref(), authentication);
                            events.push(event);
                            if good { deframer.accept() } else { deframer.reject() }
                        }
                        _ => {}
                    }
                }
            }
            // The capture is over: as on a silent wire, look for what is behind an unfinished start.
            if !deframer.abandon() {
                return events;
            }
            pieces = vec![&[]];
        }
    }
}

fn judge(frame: Frame<'_>, key: Option<&Key>, authentication: &Authentication) -> (Event, bool) {
    match frame {
        Frame::Plain(text) => telegram(text, None),
        Frame::Foreign(protocol) => (Event::Foreign(protocol), true),
        Frame::Sealed(mut sealed) => match key {
            None => (Event::Sealed(None), sealed.security_control() == 0x30),
            Some(key) => match sealed.open(key, authentication) {
                Err(error) => (Event::Sealed(Some(error)), false),
                Ok(proof) => telegram(sealed.into_text(), Some(proof)),
            },
        },
    }
}

fn telegram(text: &[u8], proof: Option<Proof>) -> (Event, bool) {
    match Telegram::parse(text) {
        Ok(telegram) => (Event::Telegram { text: text.to_vec(), crc: telegram.crc().is_some(), proof }, true),
        // A right tag proves where the frame ends, so there is nothing to search for inside it.
        Err(TelegramError::CrcMismatch { .. }) => {
            (Event::BadCrc { sealed: proof.is_some() }, proof == Some(Proof::Tag))
        }
        Err(TelegramError::NotATelegram) => panic!("the deframer found something that is no telegram"),
    }
}

#[test]
fn every_capture_gets_its_verdict() {
    let Some(folder) = std::env::var_os("P1_CAPTURES").map(PathBuf::from).filter(|path| path.is_dir()) else {
        assert!(std::env::var_os("CI").is_none(), "P1_CAPTURES must name the folder of captures when CI runs");
        eprintln!("SKIPPED: set P1_CAPTURES to a folder of captures to check them");
        return;
    };
    let captures = load(&folder);
    assert!(captures.len() > 80, "only {} captures in {}", captures.len(), folder.display());
    for capture in &captures {
        check(capture);
    }
}

fn load(folder: &Path) -> Vec<Capture> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/verdicts.txt");
    let manifest = std::fs::read_to_string(manifest).unwrap();
    let verdicts: Vec<(&str, &str)> = manifest
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once(' ').expect("name and verdict"))
        .collect();
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some(name) = name.strip_suffix(".json") {
            assert!(verdicts.iter().any(|(known, _)| *known == name), "{name} has no verdict in the manifest");
        }
    }
    verdicts
        .into_iter()
        .map(|(name, verdict)| Capture {
            name: name.to_string(),
            verdict: verdict.trim().to_string(),
            bytes: std::fs::read(folder.join(format!("{name}.bin"))).unwrap(),
            facts: serde_json::from_slice(&std::fs::read(folder.join(format!("{name}.json"))).unwrap()).unwrap(),
        })
        .collect()
}

fn check(capture: &Capture) {
    let name = &capture.name;
    let given = capture.key("auth_key_hex").map_or(Authentication::Standard, Authentication::Given);
    let events = capture.events(usize::MAX, &given);
    for size in [1, 7, 64] {
        assert_eq!(capture.events(size, &given), events, "{name} in pieces of {size}");
    }
    match capture.verdict.split_whitespace().collect::<Vec<_>>()[..] {
        ["accepted"] => {
            let [Event::Telegram { text, crc: true, proof }] = &events[..] else { panic!("{name}: {events:?}") };
            let sealed = capture.facts["encrypted"].as_bool().unwrap();
            assert_eq!(*proof, sealed.then_some(Proof::Tag), "{name}");
            compare(capture, text);
        }
        ["accepted-without-crc"] => {
            let [Event::Telegram { text, crc: false, proof: None }] = &events[..] else { panic!("{name}: {events:?}") };
            compare(capture, text);
        }
        ["accepted-unchecked"] => {
            assert_eq!(events, [Event::Sealed(Some(OpenError::AuthenticationKeyDiffers))], "{name}");
            let events = capture.events(1, &Authentication::Unchecked);
            let [Event::Telegram { text, crc: true, proof: Some(Proof::Crc) }] = &events[..] else {
                panic!("{name}: {events:?}")
            };
            compare(capture, text);
        }
        ["bad-crc"] => {
            let sealed = capture.facts["encrypted"].as_bool().unwrap();
            assert_eq!(events, [Event::BadCrc { sealed }], "{name}");
        }
        ["no-key"] => assert_eq!(events, [Event::Sealed(None)], "{name}"),
        ["cut"] => assert_eq!(events, [], "{name}"),
        ["hdlc"] => assert!(events.contains(&Event::Foreign(Foreign::Hdlc)), "{name}: {events:?}"),
        ["mbus"] => assert!(events.contains(&Event::Foreign(Foreign::Mbus)), "{name}: {events:?}"),
        ["hybrid"] => assert_eq!(events, [Event::Foreign(Foreign::HybridHeader)], "{name}"),
        ["stream", good, bad] => {
            let accepted = events.iter().filter(|event| matches!(event, Event::Telegram { crc: true, .. })).count();
            let refused = events.iter().filter(|event| matches!(event, Event::BadCrc { .. })).count();
            assert_eq!(accepted, good.parse::<usize>().unwrap(), "{name}");
            assert!(refused >= bad.parse::<usize>().unwrap(), "{name}: {refused} refused");
        }
        ref other => panic!("{name}: no such verdict: {other:?}"),
    }
    if !capture.verdict.starts_with("accepted") && !capture.verdict.starts_with("stream") {
        assert!(!events.iter().any(|event| matches!(event, Event::Telegram { .. })), "{name}: {events:?}");
    }
}

/// Every object of the telegram against the values given, and every typed value against the same text.
fn compare(capture: &Capture, text: &[u8]) {
    let name = &capture.name;
    let telegram = Telegram::parse(text).unwrap();
    let header = capture.facts["header"].as_str().unwrap();
    // The facts' header is text; one real header has a byte that is not.
    if header.is_ascii() {
        assert_eq!(telegram.identification(), &header.as_bytes()[1..], "{name}");
    }
    let reading = Reading::of(&telegram);
    let expected = capture.facts["expected"].as_object().unwrap();
    let mut seen = 0;
    let mut times_seen = std::collections::HashMap::new();
    for object in telegram.objects() {
        let object = object.unwrap_or_else(|line| panic!("{name}: {:?}", String::from_utf8_lossy(line.0)));
        let code = object.obis.to_string();
        let occurrence = times_seen.entry(code.clone()).or_insert(0_usize);
        let groups = expected
            .get(&code)
            .or_else(|| expected.get(&format!("{code}*255")))
            .unwrap_or_else(|| panic!("{name}: {code} is not expected"))[*occurrence]
            .as_array()
            .unwrap();
        let ours: Vec<String> = object.groups().map(|group| String::from_utf8_lossy(group).into_owned()).collect();
        let theirs: Vec<&str> = groups.iter().map(|group| group["text"].as_str().unwrap()).collect();
        assert_eq!(ours, theirs, "{name}: {code}");
        if *occurrence == 0 {
            typed(name, &reading, object.obis, groups);
        }
        *occurrence += 1;
        seen += 1;
    }
    assert_eq!(seen, capture.facts["expected_line_count"].as_u64().unwrap(), "{name}");
}

/// The integer that a decimal text means, computed the slow and obvious way.
fn typed(name: &str, reading: &Reading<'_>, obis: smarty_p1::Obis, groups: &[Value]) {
    let Some(quantity) = Quantity::of(obis) else { return };
    // A capture time stands in front of the value of a register or peak.
    let group = &groups[usize::from(groups.len() > 1 && quantity != Quantity::CurrentThresholdImport)];
    let (mut value, mut unit) = (group["value"].as_str().unwrap(), group["unit"].as_str().unwrap_or(""));
    if unit.is_empty()
        && let Some(letter) = value.find(|character: char| character.is_ascii_alphabetic())
    {
        (value, unit) = value.split_at(letter);
    }
    let ours = reading.get(quantity);
    if quantity.unit() == Unit::Milli && (unit.is_empty() || groups[0]["text"].as_str().unwrap().starts_with("632525"))
    {
        assert_eq!(ours, None, "{name}: an empty channel has no register");
        return;
    }
    if quantity == Quantity::ActiveThreshold && unit == "A" {
        assert_eq!(ours, None, "{name}: amperes are no power");
        return;
    }
    let decimals = match (unit, quantity.unit()) {
        _ if quantity == Quantity::PowerFactor => 3,
        ("W" | "Wh" | "VA" | "MJ", _) | (_, Unit::One) => 0,
        (unit, _) if unit.eq_ignore_ascii_case("var") || unit.eq_ignore_ascii_case("varh") => 0,
        _ => 3,
    };
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let fraction: String = fraction.chars().chain("000000".chars()).take(decimals).collect();
    let expected: i64 = format!("{whole}{fraction}").parse().unwrap();
    assert_eq!(ours, Some(expected), "{name}: {} from {value} {unit}", quantity.name());
}
