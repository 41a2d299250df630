// Do not change what is frozen: other people's programs read these bytes.

//! Alerts as messages and sentences, frozen. A message that is new writes its file when `SMARTY_NEW_GOLDEN` is set.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use common::folder;
use smarty_ledger::alert::{Code, Event, Facts, QuarterFacts, State};
use smarty_p1::Quantity;
use smarty_payload::native::{Alert, Headline, Sentence, Topic};

fn event(code: Code, phase: Option<u8>, state: State, facts: Facts) -> Event {
    // It begins before the clocks go forward and is said after.
    Event { code, phase, state, time: 1_774_746_240, since: 1_774_745_400, facts }
}

fn quarter(energy_wh: i64, projected_w: i64, allowed_w: i64, left_s: i64) -> Facts {
    let power_w = 6000;
    let start = 1_774_745_100;
    Facts::Quarter(QuarterFacts { start, reference_w: 3000, energy_wh, projected_w, power_w, allowed_w, left_s })
}

const LOW: Facts = Facts::Level { value: 204_500, limit: 207_000, worst: 198_250 };
const LIMITER: Facts = Facts::Change { quantity: Quantity::ActiveThreshold, before: 27_600, value: 13_800 };

fn all() -> Vec<(&'static str, Event, &'static str)> {
    use {Code as C, State as S};
    let high = Facts::Level { value: 254_100, limit: 253_000, worst: 254_100 };
    let current = Facts::Level { value: 38_000, limit: 40_000, worst: 47_001 };
    let breaker = Facts::Change { quantity: Quantity::BreakerState, before: 1, value: 0 };
    vec![
        (
            "quarter_begin",
            event(C::QuarterExceeds, None, S::Begin, quarter(500, 5600, 1764, 510)),
            "The quarter-hour is heading for a mean of 5600 W and 3000 W are allowed; at most 1764 W for the 8 minutes that are left keep within it.",
        ),
        (
            "quarter_too_late",
            event(C::QuarterExceeds, None, S::Begin, quarter(751, 5600, 0, 119)),
            "The quarter-hour is heading for a mean of 5600 W and 3000 W are allowed; it is exceeded already, 119 seconds before its end.",
        ),
        (
            "quarter_below",
            event(C::QuarterExceeds, None, S::Over, quarter(600, 2800, 4000, 135)),
            "The quarter-hour will stay below 3000 W as it looks now: a mean of 2800 W.",
        ),
        (
            "quarter_end",
            event(C::QuarterExceeds, None, S::Over, quarter(900, 3600, 0, 0)),
            "The quarter-hour is over; 900 Wh had been imported when it was last seen, and 3000 W allow 750 Wh.",
        ),
        ("voltage_begin", event(C::VoltageLow, Some(2), S::Begin, LOW), "The voltage of L2 is 204.5 V, below 207 V."),
        (
            "voltage_over",
            event(C::VoltageLow, Some(2), S::Over, Facts::Level { value: 208_000, limit: 207_000, worst: 198_250 }),
            "The voltage of L2 is right again, 208 V, after 14 minutes; the lowest was 198.25 V.",
        ),
        ("voltage_high", event(C::VoltageHigh, Some(1), S::Still, high), "The voltage of L1 is 254.1 V, above 253 V."),
        (
            "current_over",
            event(C::CurrentHigh, Some(3), S::Over, current),
            "The current of L3 is right again, 38 A, after 14 minutes; the highest was 47.001 A.",
        ),
        ("breaker", event(C::BreakerChanged, None, S::Begin, breaker), "The breaker's state changed from 1 to 0."),
        (
            "limiter",
            event(C::LimiterChanged, None, S::Still, LIMITER),
            "The limiter's threshold is still 13.8 kVA instead of 27.6 kVA.",
        ),
        (
            "limiter_over",
            event(C::LimiterChanged, None, S::Over, LIMITER),
            "The limiter's threshold is 13.8 kVA, and that is the usual one.",
        ),
        (
            "silence",
            event(C::NoTelegrams, None, S::Begin, Facts::Silence { age_s: 600 }),
            "No telegram for 10 minutes.",
        ),
        (
            "silence_over",
            event(C::NoTelegrams, None, S::Over, Facts::Silence { age_s: 7300 }),
            "Telegrams come again, after 2 hours without one.",
        ),
    ]
}

#[test]
fn messages_and_sentences() {
    let mut lines = Vec::new();
    for (name, event, sentence) in all() {
        assert_eq!(Sentence(&event).to_string(), sentence, "{name}");
        let message = Alert { meter: "home", event: &event, offset: 7200, since_offset: 3600 }.to_string();
        let json: serde_json::Value = serde_json::from_str(&message).unwrap();
        assert_eq!(json["sentence"], sentence);
        assert!(json["figures"].as_object().is_some_and(|figures| !figures.is_empty()), "{name}");
        lines.push(format!("{name} {message}\n"));
    }
    let lines = lines.concat();
    let path = folder().join("native/alerts.txt");
    if !path.exists() && std::env::var_os("SMARTY_NEW_GOLDEN").is_some() {
        std::fs::write(&path, &lines).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(lines, expected);
}

#[test]
fn headlines() {
    let lines: Vec<String> = all().iter().map(|(_, event, _)| Headline(event).to_string()).collect();
    assert_eq!(
        lines,
        [
            "quarter-hour about to exceed",
            "quarter-hour about to exceed",
            "over: quarter-hour about to exceed",
            "over: quarter-hour about to exceed",
            "voltage of L2 too low",
            "over: voltage of L2 too low",
            "still: voltage of L1 too high",
            "over: current of L3 too high",
            "breaker changed",
            "still: limiter changed",
            "over: limiter changed",
            "no telegrams",
            "over: no telegrams",
        ]
    );
}

#[test]
fn the_topic_is_said_once_and_must_arrive() {
    let topic = Topic::Alert("home");
    assert_eq!((topic.to_string().as_str(), topic.retained(), topic.qos()), ("home/alert", false, 1));
}
