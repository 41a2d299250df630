//! Trials: what a board, a network and the power do to each other.

extern crate std;

use std::collections::HashSet;
use std::vec::Vec;

use proptest::prelude::*;

use super::super::session::JoinNumber;
use super::super::{Channel, Chosen, RECORD, record, remember};
use super::network::{OFFERED, accept, bytes};
use super::*;
use crate::ring::Ring;

const RATE: DataRate = DataRate::FASTEST;
const DAY_MS: u64 = 24 * 3_600_000;

/// The records of the quarter-hours that end in this span, ms.
fn records(from: u64, to: u64) -> Vec<[u8; RECORD]> {
    let first = from.div_ceil(QUARTER_MS).max(1);
    (first..=to / QUARTER_MS).map(|number| record(&quarter((number * 900) as i64), &registers().values)).collect()
}

/// A join of a network in Luxembourg's region, as another program has read it (published with lora-packet, issue 10).
#[test]
fn a_join_that_was_on_air() {
    let identity = identity();
    let request: [u8; 23] = bytes("00DC0000D07ED5B3701E6FEDF57CEEAF0085CC587FE913");
    assert_eq!(identity.request(0xCC85), request);
    let mut answer: [u8; 33] = bytes("204DD85AE608B87FC4889970B7D2042C9E72959B0057AED6094B16003DF12DE145");
    let mut damaged = answer;
    damaged[32] ^= 1;
    let session = identity.accept(0xCC85, &mut answer).unwrap();
    let stored = session.to_bytes();
    assert_eq!(stored[..4], bytes::<4>("432E0126"));
    assert_eq!(stored[4..20], bytes::<16>("2C96F7028184BB0BE8AA49275290D4FC"));
    assert_eq!(stored[20..36], bytes::<16>("F3A5C8F0232A38C144029C165865802C"));
    assert_eq!((session.terms.delay_s, session.terms.second_rate.number()), (1, 3));
    let channels: Vec<_> = session.terms.channels[3..].iter().flatten().map(|channel| channel.hz / 100).collect();
    assert_eq!(channels, OFFERED);
    assert!(identity.accept(0xCC85, &mut damaged).is_none());
}

#[test]
fn each_quarter_hour_arrives_once() {
    let (world, chip) = (World::new(), fresh());
    let (mut node, state) = start(&world, &chip, RATE).unwrap();
    work(&mut node, state, DAY_MS + 120_000);
    let world = world.borrow();
    assert_eq!(world.network.nonces, [0], "one join");
    assert_eq!(world.network.records, records(0, DAY_MS));
    let hz: HashSet<u32> = world.flights.iter().map(|flight| flight.sending.hz).collect();
    assert_eq!(hz.len(), 8, "all channels are used: {hz:?}");
    assert!(world.flights[1..].iter().all(|flight| flight.start % QUARTER_MS < 70_000), "within a minute, and a bit");
}

#[test]
fn a_restart_goes_on_with_the_session() {
    let (world, chip) = (World::new(), fresh());
    for round in 1..=20 {
        let (mut node, state) = start(&world, &chip, RATE).unwrap();
        work(&mut node, state, round * 2 * QUARTER_MS + 120_000);
    }
    let world = world.borrow();
    assert_eq!(world.network.nonces, [0], "one join in all");
    assert_eq!(world.network.records, records(0, 40 * QUARTER_MS));
}

/// The power goes at each single operation of the flash, for three restarts in a row: no number of a join and no number of a frame of one
/// session is on air twice, and when the power stays the board sends again.
#[test]
fn no_number_is_used_twice_whatever_the_power_does() {
    for cut in 0..90 {
        let (world, mut flash) = (World::new(), fresh().take().with_noise(cut as u64));
        // So that sectors are erased meanwhile.
        let chip = flash.clone().shared();
        let mut memory = Memory::open(chip.clone(), None).unwrap().0;
        for _ in 0..10 + cut % 23 {
            memory.next_nonce(None).unwrap();
        }
        flash = chip.take();
        for life in 1..=4 {
            let chip = flash.on_again(if life < 4 { cut } else { usize::MAX }).shared();
            if let Some((mut node, state)) = start(&world, &chip, RATE) {
                work(&mut node, state, life * 30 * QUARTER_MS);
            }
            world.borrow_mut().now = life * 30 * QUARTER_MS;
            flash = chip.take();
        }
        let world = world.borrow();
        let frames: HashSet<[&[u8]; 2]> = world.flights.iter().map(|flight| number(&flight.bytes)).collect();
        assert_eq!(frames.len(), world.flights.len(), "cut {cut}");
        assert!(world.network.records.len() >= 28, "cut {cut}: {} records", world.network.records.len());
    }
}

/// What must never be there twice: the number of a join, or address and number of a frame.
fn number(frame: &[u8]) -> [&[u8]; 2] {
    match frame[0] {
        0 => [&[], &frame[17..19]],
        _ => [&frame[1..5], &frame[6..8]],
    }
}

/// Deaf gateways, at the slowest rate, for four days with restarts: in no hour is the board more than 36 s on air, and not one frame is forgotten in this count.
#[test]
fn the_duty_is_kept() {
    let (world, chip) = (World::new(), fresh());
    world.borrow_mut().network.answers = false;
    for life in 1..=8 {
        let (mut node, state) = start(&world, &chip, DataRate::SLOWEST).unwrap();
        work(&mut node, state, life * DAY_MS / 2);
        // Let in on the third day, forgotten on the fourth.
        world.borrow_mut().network.answers = life >= 4;
        world.borrow_mut().network.hears = life < 6;
    }
    let world = world.borrow();
    assert!(world.network.records.len() > 80, "{}", world.network.records.len());
    for flight in &world.flights {
        let until = flight.start + 3_600_000;
        let on_air = |other: &Flight| other.end.min(until).saturating_sub(other.start.max(flight.start));
        assert!(world.flights.iter().map(on_air).sum::<u64>() <= 36_000, "from {}", flight.start);
    }
}

#[test]
fn orders_are_obeyed_over_the_air_and_after_a_restart() {
    let (world, chip) = (World::new(), fresh());
    let (mut node, state) = start(&world, &chip, RATE).unwrap();
    work(&mut node, state, 2 * QUARTER_MS + 120_000);
    // Only channel 4, 4 dB less; from now on windows after 3 s; and how are you?
    world.borrow_mut().network.orders = [0x03, 0x52, 0x10, 0x00, 0x00, 0x08, 0x03, 0x06].into();
    work(&mut node, state, 3 * QUARTER_MS + 120_000);
    assert!(!world.borrow().network.confirmed);
    world.borrow_mut().network.members[0].delay_s = 3;
    work(&mut node, state, 4 * QUARTER_MS + 120_000);
    assert_eq!(world.borrow().network.said, [0x08, 0x03, 0b111, 0x06, 0, 0x39], "answered");
    assert!(world.borrow().network.confirmed, "and confirmed");
    drop(node);
    let (mut node, state) = start(&world, &chip, RATE).unwrap();
    world.borrow_mut().network.orders = [0x06].into();
    work(&mut node, state, 5 * QUARTER_MS + 120_000);
    work(&mut node, state, 6 * QUARTER_MS + 120_000);
    let world = world.borrow();
    assert_eq!(world.network.said, [0x06, 0, 0x39], "heard after 3 s");
    for flight in world.flights.iter().rev().take(3) {
        assert_eq!((flight.sending.hz, flight.sending.power_dbm), (867_300_000, 10));
    }
}

#[test]
fn a_network_that_has_forgotten_the_board_lets_it_in_again() {
    let (world, chip) = (World::new(), fresh());
    let (mut node, state) = start(&world, &chip, RATE).unwrap();
    work(&mut node, state, DAY_MS);
    // The gateway is gone for a day, and comes back.
    world.borrow_mut().network.hears = false;
    work(&mut node, state, 2 * DAY_MS);
    let before = world.borrow().network.records.len();
    assert_eq!(world.borrow().network.members.len(), 1);
    world.borrow_mut().network.hears = true;
    work(&mut node, state, 3 * DAY_MS);
    let world = world.borrow();
    assert!(world.network.records.len() >= before + 90, "{}", world.network.records.len() - before);
    assert!(world.network.members.len() <= 2);
    let joins = world.flights.iter().filter(|flight| flight.bytes[0] == 0).count();
    assert!(joins > 2 && joins < 150, "{joins} joins, rarer and rarer");
}

/// A network that allows next to nothing does so for its session: when that comes to its end, or nobody hears it any more, the next one has its own
/// terms.
#[test]
fn a_limit_ends_with_its_session() {
    for number in [u32::MAX, 96] {
        let (world, chip) = (World::new(), fresh());
        let (mut node, state) = start(&world, &chip, RATE).unwrap();
        work(&mut node, state, 2 * QUARTER_MS + 120_000);
        let mut stored = node.session().unwrap().to_bytes();
        stored[39..43].copy_from_slice(&number.to_le_bytes());
        *stored.last_mut().unwrap() = 15;
        drop(node);
        let mut memory = Memory::open(chip.clone(), Some(&identity())).unwrap().0;
        memory.keep(&identity(), &super::super::Session::from_bytes(&stored).unwrap()).unwrap();
        let (mut node, state) = start(&world, &chip, RATE).unwrap();
        if number == 96 {
            // Eight questions in vain.
            world.borrow_mut().network.hears = false;
            let lost = world.borrow().flights.len() + 8;
            while world.borrow().flights.len() < lost {
                let until = world.borrow().now + QUARTER_MS;
                work(&mut node, state, until);
            }
            world.borrow_mut().network.hears = true;
        }
        work(&mut node, state, DAY_MS);
        let world = world.borrow();
        assert_eq!(world.network.members.len(), 2, "from frame {number}");
        let join = world.flights.iter().rposition(|flight| flight.bytes[0] == 0).unwrap();
        let wait = world.flights[join + 1].start - world.flights[join].end;
        assert!(wait < QUARTER_MS + 70_000, "from frame {number}: {wait} ms from the join to the next quarter-hour");
    }
}

#[test]
fn keys_are_forgotten_and_numbers_are_not() {
    let (world, chip) = (World::new(), fresh());
    let (mut node, state) = start(&world, &chip, RATE).unwrap();
    work(&mut node, state, 3 * QUARTER_MS);
    let keys = node.session().unwrap().to_bytes();
    let is_there = |chip: &Chip| chip.take().bytes.windows(16).any(|window| *window == keys[4..20]);
    assert!(is_there(&chip));
    // Another key: the session is not this identity's.
    let mut other = settings();
    other.set(Name::AppKey, "000102030405060708090A0B0C0D0E0F").unwrap();
    other.set(Name::Lora, "lorawan").unwrap();
    assert!(remember(chip.clone(), &Chosen::new(&other)).is_some_and(|(_, session)| session.is_none()));
    assert!(!is_there(&chip), "with no radio");
    let (mut memory, session) = Memory::open(chip.clone(), Some(&identity())).unwrap();
    assert!(session.is_none());
    assert_eq!(memory.next_nonce(None), Ok(Some(1)));
    let operations = chip.take().operations;
    memory.forget().unwrap();
    assert_eq!(chip.take().operations, operations, "there is nothing to forget");
}

#[test]
fn an_answer_to_a_join_counts_once_and_no_older_one() {
    let (world, chip) = (World::new(), fresh());
    let mut until = 0;
    let mut is_let_in = |number: u8| {
        world.borrow_mut().network.number = Some(number);
        until += 2 * QUARTER_MS;
        let (mut node, state) = start(&world, &chip, RATE).unwrap();
        work(&mut node, state, until);
        let is_let_in = node.session().is_some();
        // Switched off and on again: the session is gone, what was heard is not.
        node.into_memory().forget().unwrap();
        is_let_in
    };
    assert!(is_let_in(9));
    assert!(!is_let_in(9), "the last one");
    assert!(!is_let_in(8), "one before it");
    assert!(is_let_in(10));
    assert!(!is_let_in(9));
}

#[test]
fn the_first_versions_records_are_read() {
    let (session, _) = joined();
    let number = session.join_number;
    let head = [1, 7, 0, 0, 0];
    let with = [&head[..], &identity().fingerprint(), &session.to_bytes()].concat();
    for (record, is_there) in [(&with[..], true), (&head[..], false)] {
        let mut chip = fresh();
        Ring::open(&mut chip, 0, 2, 256).unwrap().append(&mut chip, record).unwrap();
        let (mut memory, known) = Memory::open(chip, Some(&identity())).unwrap();
        let stored = |session: &Option<super::super::Session>| session.as_ref().map(super::super::Session::to_bytes);
        assert!(stored(&known) == is_there.then(|| session.to_bytes()));
        assert_eq!(memory.is_new(&identity(), number), !is_there);
        // Written anew, in today's form.
        assert_eq!(memory.next_nonce(known.as_ref()), Ok(Some(7)));
        let (memory, again) = Memory::open(memory.into_flash(), Some(&identity())).unwrap();
        assert!(stored(&again) == stored(&known));
        assert_eq!(memory.is_new(&identity(), number), !is_there);
        let mut other = settings();
        other.set(Name::AppKey, "000102030405060708090A0B0C0D0E0F").unwrap();
        assert!(memory.is_new(&Identity::new(&other).unwrap(), number), "another identity has its own");
    }
}

#[test]
fn the_last_number_is_the_last() {
    let chip = fresh();
    let mut memory = Memory::open(chip, None).unwrap().0;
    for nonce in 0..=u16::MAX {
        assert_eq!(memory.next_nonce(None), Ok(Some(nonce)));
    }
    assert_eq!(memory.next_nonce(None), Ok(None));
    let mut memory = Memory::open(memory.into_flash(), None).unwrap().0;
    assert_eq!(memory.next_nonce(None), Ok(None), "after a restart, too");
}

#[test]
fn an_identity_is_whole_or_none() {
    for (name, value) in [(Name::DevEui, ""), (Name::DevEui, "0011"), (Name::JoinEui, "00"), (Name::AppKey, "")] {
        let mut settings = settings();
        settings.set(name, value).unwrap();
        assert!(Identity::new(&settings).is_none(), "{name:?} {value}");
    }
    let mut settings = settings();
    settings.set(Name::JoinEui, "").unwrap();
    assert!(Identity::new(&settings).is_some());
}

/// A session, and the server's side of it.
fn joined() -> (super::super::Session, World) {
    let world = World::new();
    let chip = fresh();
    let (mut node, state) = start(&world, &chip, RATE).unwrap();
    work(&mut node, state, 2 * QUARTER_MS);
    let session = node.session().unwrap().clone();
    drop(node);
    (session, Rc::into_inner(world).unwrap().into_inner())
}

#[test]
fn frames_from_the_network_count_once_and_past_65536() {
    let (mut session, mut world) = joined();
    let member = &mut world.network.members[0];
    let mut first = member.down(&[0x06], true);
    let mut again = first.clone();
    let mut second = member.down(&[0x06], false);
    assert!(session.hear(&mut first, RATE, 3));
    assert!(session.hear(&mut second, RATE, 3));
    assert!(!session.hear(&mut again, RATE, 3), "a replay");
    for _ in 0..65_600 {
        assert!(session.hear(&mut member.down(&[0x06], false), RATE, 3));
    }
    let restored = super::super::Session::from_bytes(&session.to_bytes()).unwrap();
    assert_eq!(restored.terms, session.terms);
    assert!(session.hear(&mut member.down(&[0x06], true), RATE, 3));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Nobody without the keys changes anything, and nothing that comes by air ends the program.
    #[test]
    fn what_is_not_proven_changes_nothing(mut noise in proptest::collection::vec(any::<u8>(), 0..255), flip in 0_usize..18, bit in 0_u8..8, mtype in 0_u8..8) {
        let (mut session, mut world) = joined();
        let before = session.clone();
        if let Some(first) = noise.first_mut() {
            *first = mtype << 5;
        }
        prop_assert!(identity().accept(7, &mut noise.clone()).is_none());
        prop_assert!(!session.hear(&mut noise, RATE, 0));
        let mut frame = world.network.members[0].down(&[0x06, 0x08, 0x03, 0x06, 0x06], false);
        let at = flip % frame.len();
        frame[at] ^= 1 << bit;
        prop_assert!(!session.hear(&mut frame, RATE, 0));
        prop_assert!(session == before);
    }

    #[test]
    fn numbers_of_joins_are_24_bits_with_the_lowest_byte_first(one in 0_u32..1 << 24, other in 0_u32..1 << 24) {
        let number = |number: u32| JoinNumber([number as u8, (number >> 8) as u8, (number >> 16) as u8]);
        prop_assert_eq!(number(one).cmp(&number(other)), one.cmp(&other));
    }

    /// What the network's own keys prove is read whatever is in it.
    #[test]
    fn no_proven_orders_are_too_strange(orders in proptest::collection::vec(any::<u8>(), 1..16), in_payload: bool) {
        let (mut session, mut world) = joined();
        let mut frame = world.network.members[0].down(&orders, in_payload);
        prop_assert!(session.hear(&mut frame, RATE, 0));
        prop_assert!(session.frame(&[0; RECORD], true).is_some());
    }

    /// Whatever channels an answer to a join offers, only those are used that may be.
    #[test]
    fn offers_outside_the_band_are_left_out(list: [u8; 16], settings: u8, delay: u8) {
        let mut plain = [[0x20_u8, 1, 2, 3, 0x13, 0, 0, 4, 3, 2, 1, settings, delay].as_slice(), &list].concat();
        plain[28] = 0;
        let session = identity().accept(7, &mut accept(&plain)).unwrap();
        let right = |channel: &Channel| (865_062_500..=868_537_500).contains(&channel.hz);
        prop_assert!(session.terms.channels.iter().flatten().all(right));
        prop_assert!(super::super::Session::from_bytes(&session.to_bytes()) == Some(session));
    }
}
