//! The cases of `conformance.rs`, made by the virtual meter: for everybody, without a folder of captures.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

use smarty_meter::{Fault, Line, MeterConfig, Profile, Script, Sealer, VirtualMeter};
use smarty_p1::{
    Authentication, CosemObject, Deframer, Foreign, Frame, Key, LONGEST_FRAME, OpenError, Progress, Proof, Quantity,
    Reading, Telegram, TelegramError,
};

const KEY: [u8; 16] = [0x5A; 16];
const START: i64 = 1_782_000_000;

fn config(profile: Profile) -> MeterConfig {
    MeterConfig { key: Some(KEY), start: START, ..MeterConfig::new(profile) }
}

#[derive(Debug, PartialEq)]
enum Found {
    Telegram(Vec<u8>, Option<Proof>),
    WithoutCrc(Vec<u8>),
    BadCrc,
    NoKey,
    Refused(OpenError),
    Foreign(Foreign),
}

fn read(bytes: &[u8], key: Option<&Key>, authentication: &Authentication) -> Vec<Found> {
    let mut deframer = Box::new(Deframer::<LONGEST_FRAME>::new());
    let mut found = Vec::new();
    let mut rest = bytes;
    loop {
        let (used, progress) = deframer.feed(rest);
        rest = &rest[used..];
        match progress {
            Progress::Pending if rest.is_empty() && !deframer.abandon() => return found,
            Progress::Frame => {
                let (what, good) = match deframer.frame() {
                    Frame::Foreign(protocol) => (Found::Foreign(protocol), true),
                    Frame::Plain(text) => judge(text, None),
                    Frame::Sealed(mut sealed) => match key {
                        None => (Found::NoKey, true),
                        Some(key) => match sealed.open(key, authentication) {
                            Ok(proof) => judge(sealed.into_text(), Some(proof)),
                            Err(error) => (Found::Refused(error), false),
                        },
                    },
                };
                found.push(what);
                if good { deframer.accept() } else { deframer.reject() }
            }
            _ => {}
        }
    }
}

fn judge(text: &[u8], proof: Option<Proof>) -> (Found, bool) {
    match Telegram::parse(text) {
        Ok(telegram) if telegram.crc().is_some() => (Found::Telegram(text.to_vec(), proof), true),
        Ok(_) => (Found::WithoutCrc(text.to_vec()), true),
        Err(TelegramError::CrcMismatch { .. }) => (Found::BadCrc, proof == Some(Proof::Tag)),
        Err(TelegramError::NotATelegram) => panic!("the deframer found something that is no telegram"),
    }
}

#[test]
fn every_profile_sealed_and_plain() {
    for profile in Profile::ALL {
        let sealed = VirtualMeter::new(config(profile)).next_telegram();
        let found = read(&sealed.frame, Some(&Key::new(KEY)), &Authentication::Standard);
        let plain = VirtualMeter::new(MeterConfig { key: None, ..config(profile) }).next_telegram();
        let plain_found = read(&plain.frame, None, &Authentication::Standard);
        if profile.has_crc() {
            assert_eq!(found, [Found::Telegram(sealed.text.clone(), Some(Proof::Tag))], "{}", profile.name());
            let text = plain.text.strip_suffix(b"\r\n").unwrap().to_vec();
            assert_eq!(plain_found, [Found::Telegram(text, None)], "{}", profile.name());
        } else {
            assert!(matches!(plain_found[..], [Found::WithoutCrc(_)]), "{}", profile.name());
        }
    }
}

#[test]
fn another_authentication_key_is_told_from_a_wrong_key() {
    let telegram =
        VirtualMeter::new(MeterConfig { authentication_key: [0xA5; 16], ..config(Profile::Austria) }).next_telegram();
    let key = Key::new(KEY);
    let differs = [Found::Refused(OpenError::AuthenticationKeyDiffers)];
    assert_eq!(read(&telegram.frame, Some(&key), &Authentication::Standard)[..1], differs);
    let given = Authentication::Given(Key::new([0xA5; 16]));
    assert_eq!(read(&telegram.frame, Some(&key), &given), [Found::Telegram(telegram.text.clone(), Some(Proof::Tag))]);
    assert_eq!(
        read(&telegram.frame, Some(&key), &Authentication::Unchecked),
        [Found::Telegram(telegram.text.clone(), Some(Proof::Crc))]
    );
    let wrong = Key::new([1; 16]);
    assert_eq!(
        read(&telegram.frame, Some(&wrong), &Authentication::Standard)[0],
        Found::Refused(OpenError::TagMismatch)
    );
    assert_eq!(
        read(&telegram.frame, Some(&wrong), &Authentication::Unchecked)[0],
        Found::Refused(OpenError::NotATelegram)
    );
}

#[test]
fn a_sealed_frame_without_a_key_is_framed_only() {
    let telegram = VirtualMeter::new(config(Profile::LuxembourgFull)).next_telegram();
    assert_eq!(read(&telegram.frame, None, &Authentication::Standard), [Found::NoKey]);
}

#[test]
fn a_wrong_checksum_under_a_right_tag() {
    let telegram = VirtualMeter::new(config(Profile::Luxembourg2018)).next_telegram();
    let mut text = telegram.text.clone();
    let at = text.windows(7).position(|window| window == b"1.8.0(0").unwrap() + 6;
    text[at] = b'9';
    let frame =
        Sealer::new(KEY, *smarty_p1::STANDARD_AUTHENTICATION_KEY.as_bytes(), [1; 8], smarty_meter::LengthForm::Two)
            .seal(7, &text);
    assert_eq!(read(&frame, Some(&Key::new(KEY)), &Authentication::Standard), [Found::BadCrc]);
}

#[test]
fn another_security_control_is_named() {
    let mut frame = VirtualMeter::new(config(Profile::Luxembourg2018)).next_telegram().frame;
    frame[13] = 0x20;
    let found = read(&frame, Some(&Key::new(KEY)), &Authentication::Standard);
    assert_eq!(found[0], Found::Refused(OpenError::SecurityControl(0x20)));
}

#[test]
fn a_telegram_cut_off_comes_to_nothing_and_costs_nothing() {
    let mut meter = VirtualMeter::new(MeterConfig { key: None, ..config(Profile::Netherlands5) });
    let cut = meter.next_telegram().frame;
    assert_eq!(read(&cut[..cut.len() / 2], None, &Authentication::Standard), []);
    let good = meter.next_telegram();
    let both = [&cut[..cut.len() / 2], &good.frame].concat();
    let found = read(&both, None, &Authentication::Standard);
    assert_eq!(found.iter().filter(|found| matches!(found, Found::Telegram(..))).count(), 1);
}

#[test]
fn other_protocols_are_named() {
    let script = Script::new().with(1, Fault::Hdlc).with(3, Fault::Mbus);
    let meter = VirtualMeter::new(config(Profile::LuxembourgFull));
    let bytes: Vec<u8> = Line::new(meter, script).until(5).flat_map(|chunk| chunk.bytes).collect();
    let found = read(&bytes, Some(&Key::new(KEY)), &Authentication::Standard);
    assert!(found.contains(&Found::Foreign(Foreign::Hdlc)), "{found:?}");
    assert!(found.contains(&Found::Foreign(Foreign::Mbus)), "{found:?}");
}

#[test]
fn a_message_of_2048_characters() {
    let mut meter = VirtualMeter::new(config(Profile::LuxembourgFull));
    meter.set_message(&"Moien ".repeat(200)[..1024]);
    let telegram = meter.next_telegram();
    let found = read(&telegram.frame, Some(&Key::new(KEY)), &Authentication::Standard);
    let [Found::Telegram(text, _)] = &found[..] else { panic!("{found:?}") };
    let telegram = Telegram::parse(text).unwrap();
    let message = Reading::of(&telegram).messages[0].unwrap();
    assert_eq!(message.len(), 2048);
    assert!(smarty_p1::hex_text(message, &mut [0; 1024]).unwrap().starts_with("Moien Moien"));
}

#[test]
fn an_invalid_clock_and_a_power_failure_log() {
    let mut meter = VirtualMeter::new(config(Profile::Netherlands5));
    meter.fail_power(600);
    meter.next_telegram();
    meter.lose_clock(1);
    let telegram = meter.next_telegram();
    let parsed = Telegram::parse(&telegram.text).unwrap();
    let reading = Reading::of(&parsed);
    assert_eq!(reading.time, Some(smarty_p1::Timestamp::Invalid));
    let failures: Vec<_> = reading.failure_log.unwrap().entries().collect();
    assert_eq!(failures.first().map(|failure| failure.seconds), Some(600));
}

#[test]
fn belgian_month_peaks() {
    let start = 1_775_000_000; // some months into a year
    let mut meter = VirtualMeter::new(MeterConfig { key: None, ..MeterConfig { start, ..config(Profile::Belgium) } });
    let telegram = meter.next_telegram();
    let parsed = Telegram::parse(&telegram.text).unwrap();
    let reading = Reading::of(&parsed);
    let peaks = reading.month_peaks.unwrap().entries().count();
    let line = parsed.objects().flatten().find(|object| object.obis.to_string() == "0-0:98.1.0");
    let said: usize = line.as_ref().and_then(CosemObject::number).unwrap().mantissa as usize;
    assert_eq!(peaks, said);
    assert!(reading.get(Quantity::DemandImport).is_some());
}
