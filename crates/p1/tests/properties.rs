//! Laws of the decoder, over frames of the virtual meter and over anything at all.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

use proptest::prelude::*;
use smarty_meter::{Fault, MeterConfig, Profile, Script, VirtualMeter};
use smarty_p1::{Authentication, Deframer, Frame, Key, LONGEST_FRAME, Progress, Proof, Quantity, Reading, Telegram};

const KEY: [u8; 16] = [0x5A; 16];

fn meter(seed: u64, profile: Profile) -> VirtualMeter {
    let start = 1_790_000_000 + (seed % 500) as i64 * 86_400;
    VirtualMeter::new(MeterConfig { seed, key: Some(KEY), start, ..MeterConfig::new(profile) })
}

/// The texts of all frames that are proven, however the bytes are cut.
fn opened(bytes: &[u8], mut cut: impl FnMut(usize) -> usize) -> Vec<Vec<u8>> {
    let mut deframer = Box::new(Deframer::<LONGEST_FRAME>::new());
    let mut texts = Vec::new();
    let mut rest = bytes;
    let mut piece: &[u8] = &[];
    loop {
        let (used, progress) = deframer.feed(piece);
        piece = &piece[used..];
        match progress {
            Progress::Pending if piece.is_empty() && !rest.is_empty() => {
                (piece, rest) = rest.split_at(cut(rest.len()).clamp(1, rest.len()));
            }
            Progress::Pending if piece.is_empty() && !deframer.abandon() => return texts,
            Progress::Frame => {
                let good = match deframer.frame() {
                    Frame::Sealed(mut frame) => {
                        frame.open(&Key::new(KEY), &Authentication::Standard) == Ok(Proof::Tag) && {
                            let text = frame.into_text();
                            Telegram::parse(text).expect("a right tag over a telegram of the meter");
                            texts.push(text.to_vec());
                            true
                        }
                    }
                    _ => false,
                };
                if good { deframer.accept() } else { deframer.reject() }
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_split_of_the_stream_gives_the_same_telegrams(
        seed in 0_u64..1000, noise in prop::collection::vec(any::<u8>(), 0..50), cuts in prop::collection::vec(1_usize..2000, 1..20)
    ) {
        let telegrams: Vec<_> = meter(seed, Profile::LuxembourgFull).take(3).collect();
        let mut bytes = Vec::new();
        for telegram in &telegrams {
            bytes.extend_from_slice(&noise);
            bytes.extend_from_slice(&telegram.frame);
        }
        let mut next = cuts.iter().cycle();
        let texts = opened(&bytes, |_| *next.next().unwrap());
        prop_assert_eq!(&texts, &opened(&bytes, |all| all));
        prop_assert_eq!(texts, telegrams.into_iter().map(|telegram| telegram.text).collect::<Vec<_>>());
    }

    #[test]
    fn any_changed_bit_of_a_sealed_frame_is_refused(seed in 0_u64..1000, at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let telegram = meter(seed, Profile::Luxembourg2018).next_telegram();
        let mut frame = telegram.frame;
        let at = at.index(frame.len());
        frame[at] ^= 1_u8 << bit;
        prop_assert_eq!(opened(&frame, |all| all), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn a_damaged_frame_never_costs_the_next_good_one(
        seed in 0_u64..1000, at in any::<prop::sample::Index>(), bit in 0_u8..8, keep in any::<prop::sample::Index>()
    ) {
        let mut meter = meter(seed, Profile::LuxembourgSolar);
        let mut damaged = meter.next_telegram().frame;
        let good = meter.next_telegram();
        let at = at.index(damaged.len());
        damaged[at] ^= 1_u8 << bit;
        damaged.truncate(keep.index(damaged.len()) + 1);
        damaged.extend_from_slice(&good.frame);
        let texts = opened(&damaged, |all| all);
        prop_assert_eq!(texts.last(), Some(&good.text));
    }

    #[test]
    fn what_is_read_is_what_the_meter_measured(seed in 0_u64..1000) {
        for profile in Profile::ALL {
            let telegram = meter(seed, profile).nth(5).unwrap();
            let values = &telegram.values;
            let parsed = Telegram::parse(&telegram.text).unwrap();
            let reading = Reading::of(&parsed);
            prop_assert_eq!(reading.malformed_objects, 0);
            prop_assert_eq!(reading.repeated_objects, 0);
            let total = |quantity| reading.values.total(quantity);
            prop_assert_eq!(total(Quantity::EnergyImport), Some(values.registers.energy_import_wh as i64));
            prop_assert_eq!(total(Quantity::EnergyExport), Some(values.registers.energy_export_wh as i64));
            prop_assert_eq!(reading.get(Quantity::PowerImport), Some(i64::from(values.power_import_w)));
            prop_assert_eq!(reading.get(Quantity::PowerExport), Some(i64::from(values.power_export_w)));
            if let Some(voltage) = reading.get(Quantity::VoltageL1) {
                prop_assert_eq!(Some(voltage), values.phases[0].voltage_mv.map(i64::from));
            }
            if let Some(gas) = values.gas {
                let register = [Quantity::Mbus1Register, Quantity::Mbus2Register, Quantity::Mbus3Register, Quantity::Mbus4Register];
                prop_assert_eq!(reading.get(register[usize::from(gas.channel) - 1]), Some(gas.volume_dm3 as i64));
            }
            if let (Some(time), Some(stamp)) = (telegram.time(), reading.time) && profile != Profile::Sweden {
                prop_assert_eq!(stamp.utc(3600), Some(time));
            }
        }
    }

    #[test]
    fn anything_at_all_is_survived(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
        opened(&bytes, |_| 37);
        let _ = Telegram::parse(&bytes).map(|telegram| Reading::of(&telegram));
    }

    #[test]
    fn any_text_in_brackets_is_survived(value in "[ -~]{0,40}", more in "[ -~]{0,40}") {
        let body = format!("/KAM5\r\n\r\n1-0:1.8.0({value})\r\n0-1:24.2.1({value})({more})\r\n1-0:99.97.0({more})({value})\r\n!");
        let text = format!("{body}{:04X}\r\n", smarty_p1::crc16(body.as_bytes()));
        if let Ok(telegram) = Telegram::parse(text.as_bytes()) {
            let reading = Reading::of(&telegram);
            prop_assert!(reading.values.iter().count() <= 2);
        }
    }
}

/// Every kind of trouble on the line: nothing but what the meter truly sent comes out.
#[test]
fn on_a_bad_line_only_the_truth_comes_out() {
    for seed in 0..20 {
        let script = Script::storm(seed, 200, 3);
        let mut sent = Vec::new();
        let mut bytes = Vec::new();
        for chunk in smarty_meter::Line::new(meter(seed, Profile::LuxembourgFull), script).until(200) {
            // A swapped meter has another key, a plain telegram none: not this test's concern.
            let ours = !chunk.faults.iter().any(|fault| matches!(fault, Fault::Swap { .. } | Fault::Plain { .. }));
            sent.extend(chunk.truth.filter(|_| ours).map(|telegram| telegram.text));
            bytes.extend_from_slice(&chunk.bytes);
        }
        let texts = opened(&bytes, |_| 100);
        let missing = sent.iter().filter(|text| !texts.contains(text)).count();
        assert!(missing == 0, "seed {seed}: {missing} of {} good telegrams were not found", sent.len());
    }
}
