//! Sealed frames open with the key, to the text, and with nothing else.

mod common;

use common::open;
use smarty_meter::{LengthForm, MeterConfig, Profile, STANDARD_AUTHENTICATION_KEY, VirtualMeter, seal};

const KEY: [u8; 16] = [0x5A; 16];

#[test]
fn every_length_form_opens_to_the_text() {
    for length_form in [LengthForm::Shortest, LengthForm::One, LengthForm::Two, LengthForm::Three, LengthForm::Four] {
        for profile in [Profile::LuxembourgGas, Profile::Luxembourg2018, Profile::Austria] {
            let config = MeterConfig { key: Some(KEY), length_form, ..MeterConfig::new(profile) };
            for telegram in VirtualMeter::new(config).take(5) {
                let (counter, text) = open(&telegram.frame, KEY, STANDARD_AUTHENTICATION_KEY).expect("opens");
                assert_eq!(text, telegram.text);
                assert_eq!(Some(counter), telegram.frame_counter);
            }
        }
    }
}

#[test]
fn the_usual_frame_is_thirty_bytes_longer_than_its_text() {
    let config = MeterConfig { key: Some(KEY), ..MeterConfig::new(Profile::Luxembourg2018) };
    let telegram = VirtualMeter::new(config).next_telegram();
    assert_eq!((telegram.text.len(), telegram.frame.len()), (617, 647), "as the real ones of 2018");
}

#[test]
fn wrong_keys_and_hurt_frames_do_not_open() {
    let frame = seal(KEY, *b"SAGgp123", 9, b"/Lux5\\253663629_D\r\n\r\n!0000\r\n");
    assert!(open(&frame, KEY, STANDARD_AUTHENTICATION_KEY).is_ok());
    assert!(open(&frame, [0x5B; 16], STANDARD_AUTHENTICATION_KEY).is_err());
    assert!(open(&frame, KEY, [0; 16]).is_err());
    // The title, the counter, the text and the tag: nothing can be touched.
    for place in [5, 15, 20, frame.len() - 1] {
        let mut hurt = frame.clone();
        hurt[place] ^= 1;
        assert!(open(&hurt, KEY, STANDARD_AUTHENTICATION_KEY).is_err(), "byte {place}");
    }
}

#[test]
fn the_counter_rises_by_one_and_the_meter_falls_silent_at_its_end() {
    let config =
        MeterConfig { key: Some(KEY), start_frame_counter: u32::MAX - 2, ..MeterConfig::new(Profile::LuxembourgFull) };
    let counters: Vec<Option<u32>> = VirtualMeter::new(config).take(5).map(|telegram| telegram.frame_counter).collect();
    assert_eq!(counters, [Some(u32::MAX - 2), Some(u32::MAX - 1), Some(u32::MAX), None, None]);
}

#[test]
fn a_plain_meter_has_no_counter() {
    let telegram = VirtualMeter::new(MeterConfig::new(Profile::LuxembourgFull)).next_telegram();
    assert_eq!(telegram.frame_counter, None);
    assert_eq!(telegram.frame, telegram.text);
}

#[test]
fn a_renewed_key_begins_at_zero() {
    let config = MeterConfig { key: Some(KEY), ..MeterConfig::new(Profile::LuxembourgFull) };
    let mut meter = VirtualMeter::new(config);
    meter.next_telegram();
    meter.renew_key([7; 16]);
    let telegram = meter.next_telegram();
    assert_eq!(telegram.frame_counter, Some(0));
    assert!(open(&telegram.frame, [7; 16], STANDARD_AUTHENTICATION_KEY).is_ok());
}
