//! The wire: what each fault does to the bytes, and that the truth beside them is true.

mod common;

use common::{contains, open};
use smarty_meter::{
    Chunk, Fault, Line, MeterConfig, Profile, STANDARD_AUTHENTICATION_KEY, Scene, Script, VirtualMeter, key_of,
};

const KEY: [u8; 16] = [0x5A; 16];

fn sealed() -> MeterConfig {
    MeterConfig { key: Some(KEY), ..MeterConfig::new(Profile::LuxembourgSolar) }
}

fn play(config: &MeterConfig, script: Script, telegrams: u64) -> Vec<Chunk> {
    Line::new(VirtualMeter::new(config.clone()), script).until(telegrams).collect()
}

/// Plays one fault at the fourth of eight telegrams.
fn play_one(config: &MeterConfig, fault: Fault) -> Vec<Chunk> {
    play(config, Script::new().with(3, fault), 8)
}

fn lost(chunks: &[Chunk]) -> Vec<u64> {
    chunks.iter().filter(|chunk| chunk.truth.is_none()).map(|chunk| chunk.index).collect()
}

#[test]
fn a_good_wire_carries_every_frame() {
    let chunks = play(&sealed(), Script::new(), 20);
    assert_eq!(chunks.len(), 20);
    for chunk in chunks {
        assert_eq!(chunk.bytes, chunk.truth.expect("whole").frame);
    }
}

#[test]
fn hurt_telegrams_are_lost_and_only_they() {
    for config in [sealed(), MeterConfig::new(Profile::Netherlands5)] {
        let good = play(&config, Script::new(), 8);
        for fault in [
            Fault::FlipBits { count: 3 },
            Fault::FlipBit { at: 77 },
            Fault::Truncate { keep: None },
            Fault::Truncate { keep: Some(100) },
            Fault::DropBytes { count: 2 },
            Fault::DuplicateBytes { count: 2 },
            Fault::NoiseInside { bytes: 30 },
        ] {
            let chunks = play_one(&config, fault.clone());
            assert_eq!(lost(&chunks), [3], "{fault:?}");
            let whole = &good[3].truth.as_ref().expect("whole").frame;
            assert!(!contains(&chunks[3].bytes, whole), "{fault:?}");
            assert_eq!(chunks[3].faults, [fault]);
            assert_eq!(chunks[4], good[4], "the next is untouched");
        }
    }
}

#[test]
fn additions_leave_the_telegram_whole() {
    for config in [sealed(), MeterConfig::new(Profile::Belgium)] {
        for fault in [Fault::NoiseBefore { bytes: 50 }, Fault::NoiseAfter { bytes: 50 }, Fault::FalseStart] {
            let chunks = play_one(&config, fault.clone());
            assert_eq!(lost(&chunks), [0; 0], "{fault:?}");
            let chunk = &chunks[3];
            let frame = &chunk.truth.as_ref().expect("whole").frame;
            assert!(chunk.bytes.len() > frame.len() && contains(&chunk.bytes, frame));
        }
    }
}

#[test]
fn guests_come_in_chunks_of_their_own() {
    for fault in [
        Fault::NoiseBetween { bytes: 50 },
        Fault::ForeignMeter { seed: 77 },
        Fault::Replay { back: 2 },
        Fault::Hdlc,
        Fault::Mbus,
    ] {
        let chunks = play_one(&sealed(), fault.clone());
        assert_eq!(chunks.len(), 9, "{fault:?}");
        assert_eq!(lost(&chunks), [3]);
        assert_eq!((chunks[3].truth.as_ref(), &chunks[3].faults), (None, &vec![fault]));
        assert_eq!(chunks[3].at, chunks[4].at - 5);
    }
}

#[test]
fn a_neighbour_seals_with_its_own_key() {
    let chunks = play_one(&sealed(), Fault::ForeignMeter { seed: 77 });
    let frame = &chunks[3].bytes;
    assert!(open(frame, KEY, STANDARD_AUTHENTICATION_KEY).is_err());
    assert!(open(frame, key_of(77), STANDARD_AUTHENTICATION_KEY).is_ok());
    assert_ne!(frame[2..10], chunks[2].bytes[2..10], "another title");
}

#[test]
fn only_what_was_read_is_replayed() {
    let script = Script::new().with(2, Fault::FlipBits { count: 1 }).with(3, Fault::Replay { back: 1 });
    let chunks = play(&sealed(), script, 5);
    assert_eq!(chunks[3].bytes, chunks[1].bytes, "the hurt one in between would be news");
}

#[test]
fn other_seals_are_refused_for_their_reasons() {
    let wrong = play_one(&sealed(), Fault::WrongKey { telegrams: 2 });
    assert_eq!(lost(&wrong), [3, 4]);
    assert!(open(&wrong[3].bytes, KEY, STANDARD_AUTHENTICATION_KEY).is_err());
    assert_eq!(wrong[5].truth.as_ref().and_then(|telegram| telegram.frame_counter), Some(6), "counted on");

    let other = play_one(&sealed(), Fault::OtherAuthenticationKey { telegrams: 1 });
    assert_eq!(lost(&other), [3]);
    assert!(open(&other[3].bytes, KEY, STANDARD_AUTHENTICATION_KEY).is_err());

    let plain = play_one(&sealed(), Fault::Plain { telegrams: 1 });
    assert_eq!(lost(&plain), [3]);
    assert!(plain[3].bytes.starts_with(b"/Lux5"));
    assert_eq!(plain[4].truth.as_ref().and_then(|telegram| telegram.frame_counter), Some(4), "not counted");
}

#[test]
fn wrongly_set_ports_hear_nothing_useful() {
    for fault in [Fault::Inverted { telegrams: 2 }, Fault::Parity { telegrams: 2 }, Fault::SlowLine { telegrams: 2 }] {
        for config in [sealed(), MeterConfig::new(Profile::Netherlands22)] {
            let chunks = play_one(&config, fault.clone());
            assert_eq!(lost(&chunks), [3, 4], "{fault:?}");
            assert!(chunks[3].bytes.len() > 100, "{fault:?}");
        }
    }
}

#[test]
fn counters_jump_and_the_telegrams_count() {
    for to in [0, 5_000_000] {
        let chunks = play_one(&sealed(), Fault::CounterJump { to });
        let counters: Vec<u32> = chunks.iter().filter_map(|chunk| chunk.truth.as_ref()?.frame_counter).collect();
        assert_eq!(counters, [1, 2, 3, to, to + 1, to + 2, to + 3, to + 4]);
    }
}

#[test]
fn clocks_are_set_and_lost_while_the_house_goes_on() {
    let good = play(&sealed(), Script::new(), 8);
    for by_s in [3600, -90] {
        let chunks = play_one(&sealed(), Fault::MoveClock { by_s });
        for (chunk, good) in chunks.iter().zip(&good) {
            let (telegram, good) = (chunk.truth.as_ref().expect("whole"), good.truth.as_ref().expect("whole"));
            let ahead = if chunk.index < 3 { 0 } else { by_s };
            assert_eq!(telegram.time(), good.time().map(|time| time + ahead));
            assert_eq!(telegram.values.registers, good.values.registers);
        }
    }
    let chunks = play_one(&sealed(), Fault::LoseClock { telegrams: 2 });
    let times: Vec<bool> = chunks.iter().filter_map(|chunk| Some(chunk.truth.as_ref()?.time().is_some())).collect();
    assert_eq!(times, [true, true, true, false, false, true, true, true]);
    assert!(contains(&chunks[3].truth.as_ref().expect("whole").text, b"0-0:1.0.0(632525252525S)\r\n"));
}

#[test]
fn a_swap_changes_everything_but_the_house() {
    let chunks = play_one(&sealed(), Fault::Swap { seed: 55 });
    let (old, new) = (chunks[2].truth.as_ref().expect("whole"), chunks[3].truth.as_ref().expect("whole"));
    assert_ne!(old.device.system_title, new.device.system_title);
    assert_ne!(old.device.logical_device_name, new.device.logical_device_name);
    assert_ne!(old.values.registers, new.values.registers);
    assert_eq!(new.frame_counter, Some(0));
    assert!(open(&new.frame, key_of(55), STANDARD_AUTHENTICATION_KEY).is_ok());
    let good = play(&sealed(), Script::new(), 8);
    let same_house = good[3].truth.as_ref().expect("whole").values.power_export_w;
    assert_eq!(new.values.power_export_w, same_house);
}

#[test]
fn a_swapped_meter_keeps_the_gas_meter() {
    let chunks = play_one(&MeterConfig::new(Profile::LuxembourgGas), Fault::Swap { seed: 55 });
    let (old, new) = (chunks[2].truth.as_ref().expect("whole"), chunks[3].truth.as_ref().expect("whole"));
    assert_eq!(old.device.gas_identifier, new.device.gas_identifier);
    let volume = |telegram: &smarty_meter::Telegram| telegram.values.gas.expect("gas").volume_dm3;
    assert!(volume(new).abs_diff(volume(old)) < 100);
}

#[test]
fn a_power_failure_is_counted_and_logged() {
    let chunks = play_one(&MeterConfig::new(Profile::Netherlands5), Fault::PowerFailure { seconds: 600 });
    let (before, after) = (chunks[2].truth.as_ref().expect("whole"), chunks[3].truth.as_ref().expect("whole"));
    assert_eq!(after.sent_at() - before.sent_at(), 610);
    assert_eq!(after.values.registers, before.values.registers, "nothing is used without mains");
    assert!(contains(&after.text, b"1-0:99.97.0(1)(0-0:96.7.19)(260101001020W)(0000000600*s)\r\n"));
    assert!(contains(&after.text, b"0-0:96.7.21(00007)\r\n0-0:96.7.9(00004)\r\n"));
}

#[test]
fn messages_are_hexadecimal_and_bounded() {
    let chunks = play_one(&sealed(), Fault::Message { text: "Hello!".to_owned() });
    assert!(contains(&chunks[4].truth.as_ref().expect("whole").text, b"0-0:96.13.0(48656C6C6F21)\r\n"));
    let chunks = play_one(&sealed(), Fault::Message { text: "x".repeat(5000) });
    let text = &chunks[4].truth.as_ref().expect("whole").text;
    assert!(contains(text, &[b"0-0:96.13.0(".as_slice(), &b"78".repeat(1024), b")\r\n"].concat()));
}

#[test]
fn what_a_dongle_does_to_a_good_telegram() {
    let chunks = play_one(&sealed(), Fault::Twice);
    let telegram = chunks[3].truth.as_ref().expect("whole");
    assert_eq!(chunks[3].bytes, telegram.frame.repeat(2));
    let chunks = play_one(&sealed(), Fault::Split);
    assert_eq!(lost(&chunks), [3, 3], "neither piece is a telegram");
    let pieces: Vec<_> = chunks.iter().filter(|chunk| chunk.index == 3).collect();
    assert_eq!((pieces.len(), pieces[1].at - pieces[0].at), (2, 8));
    let whole = [&pieces[0].bytes[..], &pieces[1].bytes].concat();
    assert!(open(&whole, KEY, STANDARD_AUTHENTICATION_KEY).is_ok());
}

#[test]
fn a_meter_that_seals_its_own_mistakes() {
    let chunks = play_one(&sealed(), Fault::WrongChecksum { telegrams: 2 });
    assert_eq!(lost(&chunks), [3, 4]);
    let (_, text) = open(&chunks[3].bytes, KEY, STANDARD_AUTHENTICATION_KEY).expect("the seal is right");
    let end = text.iter().rposition(|&byte| byte == b'!').expect("an end") + 1;
    let written = String::from_utf8_lossy(&text[end..end + 4]).into_owned();
    assert_ne!(written, format!("{:04X}", smarty_meter::crc16(&text[..end])));
    let chunks = play_one(&sealed(), Fault::OtherSuite { telegrams: 1 });
    assert_eq!((lost(&chunks), chunks[3].bytes[13]), (vec![3], 0x20));
}

/// In any weather: what is true is in the chunk as a whole, and what is not true opens in no chunk.
#[test]
fn the_truth_of_a_storm_is_true() {
    for seed in 0..4 {
        let chunks = play(&sealed(), Script::storm(seed, 800, 2), 800);
        let mut newest = 0;
        for chunk in &chunks {
            let opened = |frame: &[u8]| open(frame, KEY, STANDARD_AUTHENTICATION_KEY);
            if let Some(telegram) = &chunk.truth {
                assert!(contains(&chunk.bytes, &telegram.frame), "{:?}", chunk.faults);
                assert_eq!(opened(&telegram.frame).expect("opens").1, telegram.text);
                newest = telegram.frame_counter.expect("sealed");
            } else if chunk.bytes.starts_with(&[0xDB, 8]) && chunk.bytes.len() > 60 {
                // Nothing but a replay can be opened, and that is old.
                assert!(opened(&chunk.bytes).map_or(0, |(counter, _)| counter) <= newest);
            }
        }
        assert!((100..700).contains(&lost(&chunks).len()));
        assert!(chunks.is_sorted_by_key(|chunk| chunk.at));
    }
}

#[test]
fn every_scene_plays_and_ends() {
    for scene in Scene::all() {
        // Long scenes of good wire are the same telegrams as short ones.
        let chunks = scene.line(sealed()).until(scene.telegrams().min(400)).count();
        assert!(chunks > 30, "{}", scene.name());
    }
}
