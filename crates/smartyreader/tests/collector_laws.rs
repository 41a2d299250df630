//! Laws of the collector: whatever a broker delivers, in whatever order.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod boards;

use boards::{COOKED, ENERGY, FIVE, House, NOW, publish_all};
use proptest::prelude::*;
use smarty_meter::{MeterConfig, Profile, VirtualMeter};
use smarty_store::Proof;
use smartyreader::intake::Arrival;

/// Whole messages of every form.
fn messages() -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<(String, Vec<u8>)> = publish_all("lamsmarty", "2021-05-03T12:00:10", "6.70", "0.51")
        .into_iter()
        .map(|(topic, value)| (topic, value.into_bytes()))
        .collect();
    for (topic, payload) in [("lamsmarty", ENERGY), ("lamsmarty", COOKED), ("cellar/smartmeter1_p1", FIVE)] {
        all.push((topic.into(), payload.into()));
    }
    all.push(("smartyreader/home/live".into(), br#"{"time_unix":1620036010,"power_import_w":412}"#.to_vec()));
    all.push(("smartyreader/home/registers".into(), br#"{"time_unix":1620036010,"energy_import_wh":6695}"#.to_vec()));
    let frame = VirtualMeter::new(MeterConfig { start: NOW - 10, ..MeterConfig::new(Profile::LuxembourgFull) });
    all.push(("board".into(), { frame }.next_telegram().frame));
    all
}

/// A message as it should be, or cut, or with a byte changed, or anything at all, on its topic or another.
fn message() -> impl Strategy<Value = (String, Vec<u8>, i64)> {
    let whole = (prop::sample::select(messages()), 0usize..4, any::<(u16, u8)>(), any::<prop::sample::Index>());
    let damaged = whole.prop_map(|((topic, payload), damage, (at, byte), other)| {
        let all = messages();
        let topic = if damage == 3 { other.get(&all).0.clone() } else { topic };
        let mut payload = payload;
        let at = usize::from(at) % (payload.len() + 1);
        match damage {
            1 => payload.truncate(at),
            2 if at < payload.len() => payload[at] = byte,
            _ => {}
        }
        (topic, payload)
    });
    let topic = prop_oneof!["[a-z/+#$_]{0,12}", "b[0-9]{1,3}/(curr_l1_A|timestamp|msg_long_ch2)", any::<String>()];
    let noise = (topic, prop::collection::vec(any::<u8>(), 0..300));
    let words = ("[a-z]{1,3}/(curr_l1_A|volt_l1_V|live|timestamp|equipment_id)", "[-+0-9.eE*a-zA-Z =\":{},]{0,80}")
        .prop_map(|(topic, text)| (topic, text.into_bytes()));
    (prop_oneof![4 => damaged, 1 => noise, 1 => words], -3i64..20)
        .prop_map(|((topic, payload), wait)| (topic, payload, wait))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever comes, in whatever order, with a clock that jumps: no panic, nothing of an unknown meter, no value and no
    /// time that cannot be, and nothing waits for ever.
    #[test]
    fn anything_at_all(meters in prop::sample::select(vec![
        "[meter.home]\n",
        "[meter.home]\ntopic = \"lamsmarty\"\n[meter.flat]\nequipment = [\"SAG1030700089430\", \"SAG1030700089067\"]\n",
    ]), messages in prop::collection::vec(message(), 0..120)) {
        let mut house = House::new(meters);
        for (topic, payload, wait) in &messages {
            house.now += wait;
            house.hear(topic, payload);
            prop_assert!(house.intake.next_tick().is_none_or(|next| next <= house.now + 5));
            prop_assert!(!house.intake.is_waiting());
        }
        house.pass(5);
        prop_assert_eq!(house.intake.next_tick(), None);
        prop_assert_eq!(house.counter("messages"), messages.len() as u64);
        for Arrival { reading, telegram, .. } in &house.arrivals {
            prop_assert!(["home", "flat"].contains(&&*reading.meter));
            prop_assert!(reading.time <= reading.received + 31 * 86_400);
            prop_assert_eq!(telegram.is_empty(), reading.proof == Proof::Published);
            prop_assert!(reading.segment.len() <= 4 * 64 && reading.texts.iter().all(|(_, text)| text.len() <= 2100));
            for (_, value) in reading.values.iter() {
                prop_assert!(value.abs() <= 1_000_000_000_000);
            }
        }
        // Sentences are for people: one line, and no longer than a screen.
        for problem in house.observer.health().problems {
            prop_assert!(problem.sentence.chars().count() < 600 && !problem.sentence.contains(char::is_control), "{:?}", problem);
        }
    }

    /// What one board says is read the same whatever another says in between.
    #[test]
    fn boards_do_not_disturb_each_other(order in prop::collection::vec(any::<bool>(), 200), rounds in 1usize..4) {
        let meters = "[meter.home]\ntopic = \"a\"\n[meter.flat]\ntopic = \"b\"\n";
        let story = |base: &str, first: usize| -> Vec<(String, String)> {
            (0..rounds)
                .flat_map(|round| {
                    let stamp = format!("2021-05-03T12:0{round}:10");
                    publish_all(base, &stamp, &format!("{}.00", first + round), "0.51")
                })
                .collect()
        };
        let (a, b) = (story("a", 7), story("b", 815));
        let alone = |story: &[(String, String)]| {
            let mut house = House::new(meters);
            for (topic, value) in story {
                house.hear(topic, value);
            }
            house.pass(5);
            house.arrivals.into_iter().map(|arrival| arrival.reading).collect::<Vec<_>>()
        };
        let mut house = House::new(meters);
        let (mut a_rest, mut b_rest) = (&a[..], &b[..]);
        for &first in order.iter().cycle() {
            let rest = if (first && !a_rest.is_empty()) || b_rest.is_empty() { &mut a_rest } else { &mut b_rest };
            let Some(((topic, value), behind)) = rest.split_first() else { break };
            *rest = behind;
            house.hear(topic, value);
        }
        house.pass(5);
        let (home, flat): (Vec<_>, Vec<_>) = house.arrivals.into_iter().map(|arrival| arrival.reading).partition(|reading| &*reading.meter == "home");
        prop_assert_eq!(home.len(), rounds);
        prop_assert_eq!(home, alone(&a));
        prop_assert_eq!(flat, alone(&b));
    }

    /// A broker may deliver each message twice: the readings are the same.
    #[test]
    fn twice_is_once(which in prop::collection::vec(any::<prop::sample::Index>(), 1..40)) {
        let all = messages();
        let once = {
            let mut house = House::new("[meter.home]\n");
            for at in &which {
                let (topic, payload) = at.get(&all);
                house.hear(topic, payload);
            }
            house.pass(5);
            house.arrivals
        };
        let mut house = House::new("[meter.home]\n");
        for at in &which {
            let (topic, payload) = at.get(&all);
            house.hear(topic, payload).hear(topic, payload);
        }
        house.pass(5);
        let key = |arrival: &Arrival| (arrival.reading.time, arrival.reading.ident);
        let mut once: Vec<_> = once.iter().map(key).collect();
        let mut twice: Vec<_> = house.arrivals.iter().map(key).collect();
        once.sort_unstable();
        once.dedup();
        twice.sort_unstable();
        twice.dedup();
        prop_assert_eq!(once, twice);
    }
}
