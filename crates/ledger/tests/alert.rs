//! The rules of alerts: what holds for every world, and a few by hand.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

use std::collections::HashMap;

use proptest::prelude::*;
use smarty_ledger::alert::{
    AlertSettings, Code, CurrentRule, Event, Facts, Observation, Patience, QuarterFacts, QuarterRule, QuarterSoFar,
    Rules, SilenceRule, State, StateRule, VoltageRule,
};
use smarty_ledger::{Account, QUARTER, Register, Sample};
use smarty_p1::{Quantity, Values};

/// 2026-03-29 00:00 UTC: an hour before the clocks go forward.
const START: i64 = 1_774_742_400;

const RULE: QuarterRule = QuarterRule { reference_w: Some(3000), ..QuarterRule::DEFAULT };
const ALL: AlertSettings = AlertSettings {
    quarter: Some(RULE),
    voltage: Some(VoltageRule::DEFAULT),
    current: Some(CurrentRule { limit_ma: Some(40_000), ..CurrentRule::DEFAULT }),
    state: Some(StateRule::DEFAULT),
    silence: Some(SilenceRule::DEFAULT),
    again_s: None,
};

/// A house whose register is what its power made of it, with the accounts before the rules as in the daemon.
struct House {
    account: Account,
    rules: Rules,
    /// W.
    contract: Option<u32>,
    watt_seconds: i64,
    /// How far the meter's clock is behind the caller's, s.
    behind: i64,
    events: Vec<Event>,
}

impl House {
    fn new(settings: AlertSettings) -> Self {
        Self {
            account: Account::new(30),
            rules: Rules::new(settings),
            contract: None,
            watt_seconds: 0,
            behind: 0,
            events: Vec::new(),
        }
    }

    /// A reading after `seconds` at this power.
    fn read(&mut self, time: i64, seconds: i64, power: i64, more: &[(Quantity, i64)]) {
        self.watt_seconds += seconds * power;
        let mut values = Values::EMPTY;
        values.set(Quantity::EnergyImport, self.watt_seconds / 3600);
        values.set(Quantity::PowerImport, power);
        for &(quantity, value) in more {
            values.set(quantity, value);
        }
        self.feed(time, &values);
    }

    fn feed(&mut self, time: i64, values: &Values) {
        self.account.feed(&Sample::of(time, 1, values), |_| {});
        let running = self.account.running();
        let start = time.div_euclid(QUARTER) * QUARTER;
        let known = running.since_within(start..start + QUARTER);
        let energy_import_wh = known.get(Register::Import);
        let quarter = QuarterSoFar { start, end: start + QUARTER, energy_import_wh, reference_w: self.contract };
        let events = &mut self.events;
        let now = time + self.behind;
        self.rules.feed(&Observation { time, now, values, quarter }, |event| events.push(event));
    }

    fn age(&mut self, now: i64, age_s: i64) {
        let events = &mut self.events;
        self.rules.age(now, age_s, None, |event| events.push(event));
    }

    fn said(&self, code: Code) -> Vec<(State, i64)> {
        let of_code = self.events.iter().filter(|event| event.code == code);
        of_code.map(|event| (event.state, event.time - START)).collect()
    }
}

fn quarter(event: &Event) -> QuarterFacts {
    match event.facts {
        Facts::Quarter(facts) => facts,
        other => panic!("{other:?}"),
    }
}

/// Begin and over alternate, for each code and phase; between them nothing, or what was asked for. `onwards`: the clock
/// was never put back.
fn alternates(events: &[Event], again: Option<i64>, onwards: bool) -> Result<(), TestCaseError> {
    let mut open: HashMap<(Code, Option<u8>), (i64, i64)> = HashMap::new();
    for event in events {
        let id = (event.code, event.phase);
        match event.state {
            State::Begin => {
                prop_assert!(open.insert(id, (event.since, event.time)).is_none(), "said twice: {event:?}");
            }
            State::Still => {
                let (since, said) = open.get_mut(&id).unwrap();
                let again = again.unwrap();
                // A silence is measured by another clock.
                let measured = onwards && event.code != Code::NoTelegrams;
                prop_assert!(!measured || event.time - *said >= again, "too soon: {event:?}");
                prop_assert_eq!(*since, event.since);
                *said = event.time;
            }
            State::Over => {
                let (since, _) = open.remove(&id).unwrap();
                prop_assert_eq!(since, event.since);
            }
        }
    }
    Ok(())
}

/// What may happen to a house: seconds since the reading before (also back), power, voltages, current, breaker, silence.
type Step = (i64, i64, [i64; 3], i64, i64, Option<i64>);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let seconds = prop_oneof![20 => Just(10i64), 2 => 1..2000i64, 1 => -4000..0i64, 1 => Just(0i64)];
    let voltage = prop_oneof![4 => 205_000..209_000i64, 4 => 251_000..255_000i64, 1 => Just(0i64)];
    let step = (
        seconds,
        0..12_000i64,
        [voltage.clone(), voltage.clone(), voltage],
        36_000..44_000i64,
        0..3i64,
        proptest::option::weighted(0.1, 0..2000i64),
    );
    proptest::collection::vec(step, 1..200)
}

fn play(settings: AlertSettings, steps: &[Step], shift: i64, twice: bool) -> Vec<Event> {
    let mut house = House::new(settings);
    let mut time = START + shift;
    for &(seconds, power, voltages, current, breaker, silence) in steps {
        time += seconds;
        let more = [
            (Quantity::VoltageL1, voltages[0]),
            (Quantity::VoltageL2, voltages[1]),
            (Quantity::VoltageL3, voltages[2]),
            (Quantity::CurrentL1, current),
            (Quantity::BreakerState, breaker),
            (Quantity::ActiveThreshold, 27_600 + breaker),
        ];
        house.read(time, seconds.max(0), power, &more);
        if twice {
            house.read(time, 0, power, &more);
        }
        if let Some(age) = silence {
            house.age(time + age, age);
            house.age(time + age + 5, age + 5);
        }
    }
    house.events
}

proptest! {
    #[test]
    fn nothing_repeats_itself(steps in steps(), again in proptest::option::of(60..4000i64), readings in 0..4u16) {
        let patience = Patience { readings, calm_s: 20 };
        let settings = AlertSettings {
            voltage: Some(VoltageRule { patience, ..VoltageRule::DEFAULT }),
            state: Some(StateRule { patience, settled_s: 300, ..StateRule::DEFAULT }),
            again_s: again,
            ..ALL
        };
        let events = play(settings, &steps, 0, false);
        let onwards = steps.iter().all(|step| step.0 >= 0);
        alternates(&events, again, onwards)?;
        if again.is_none() {
            prop_assert!(events.iter().all(|event| event.state != State::Still));
        }
        // A quarter-hour is said once; what is said is never less than what is there.
        let begun: Vec<QuarterFacts> = events
            .iter()
            .filter(|event| event.code == Code::QuarterExceeds && event.state == State::Begin)
            .map(quarter)
            .collect();
        for facts in &begun {
            prop_assert!(facts.projected_w > 3000 && facts.allowed_w >= 0 && facts.left_s > 0, "{facts:?}");
            prop_assert!(!onwards || begun.iter().filter(|other| other.start == facts.start).count() == 1);
        }
    }

    /// A zone's offset is a multiple of a quarter-hour, and so is every change of it: a world is judged alike wherever
    /// its clocks stand. A reading that comes twice is one.
    #[test]
    fn dst_and_duplicates_do_not_matter(steps in steps(), quarters in -100..100i64) {
        let events = play(ALL, &steps, 0, false);
        let shift = quarters * QUARTER;
        let moved: Vec<Event> = play(ALL, &steps, shift, false)
            .into_iter()
            .map(|event| Event {
                time: event.time - shift,
                since: event.since - shift,
                facts: match event.facts {
                    Facts::Quarter(facts) => Facts::Quarter(QuarterFacts { start: facts.start - shift, ..facts }),
                    other => other,
                },
                ..event
            })
            .collect();
        prop_assert_eq!(&moved, &events);
        prop_assert_eq!(play(ALL, &steps, 0, true), events);
    }

    #[test]
    fn a_constant_power_up_to_the_reference_is_never_said(power in 0..=3000i64, offset in 0..10i64, start in 0..900i64) {
        let mut house = House::new(ALL);
        house.watt_seconds = start * 997;
        for step in 0..400 {
            house.read(START + offset + step * 10, 10, power, &[]);
        }
        prop_assert_eq!(house.events, []);
    }

    #[test]
    fn a_constant_power_beyond_is_said_in_good_time(
        power in 3080..20_000i64,
        before in 0..20_000i64,
        offset in 0..10i64,
        minute in 3..14i64,
    ) {
        let rule = QuarterRule { from_s: minute * 60, ..RULE };
        let mut house = House::new(AlertSettings { quarter: Some(rule), ..ALL });
        // A quarter-hour of another power, then this one.
        for step in 0..180 {
            let power = if step < 90 { before } else { power };
            house.read(START + offset + step * 10, 10, power, &[]);
        }
        let said: Vec<&Event> = house
            .events
            .iter()
            .filter(|event| event.state == State::Begin && quarter(event).start == START + QUARTER)
            .collect();
        prop_assert_eq!(said.len(), 1);
        let late = said[0].time - (START + QUARTER) - minute * 60;
        prop_assert!((0..10).contains(&late), "{} s after minute {}", late, minute);
    }

    /// Who does what the alert says stays within the reference power, and is told that it is over.
    #[test]
    fn what_is_still_allowed_is_enough(power in 3100..6000i64) {
        let mut house = House::new(ALL);
        house.read(START - 10, 10, 0, &[]);
        let mut now = power;
        for step in 0..100 {
            house.read(START + step * 10, 10, now, &[]);
            if let Some(event) = house.events.first() {
                now = quarter(event).allowed_w;
            }
        }
        let facts = quarter(&house.events[0]);
        prop_assert!(facts.energy_wh * 3600 + facts.allowed_w * facts.left_s <= 3000 * 900);
        prop_assert_eq!(house.said(Code::QuarterExceeds).last().unwrap().0, State::Over);
        prop_assert!(quarter(house.events.last().unwrap()).energy_wh <= 750);
    }
}

#[test]
fn the_contract_counts_at_its_time_where_nothing_else_is_set() {
    let rule = QuarterRule { reference_w: None, ..RULE };
    let mut house = House::new(AlertSettings { quarter: Some(rule), ..ALL });
    let quarter_hour = |house: &mut House, contract: Option<u32>, from: i64| {
        house.contract = contract;
        (0..90).for_each(|step| house.read(from + step * 10, 10, 5000, &[]));
    };
    quarter_hour(&mut house, None, START);
    assert_eq!(house.events, [], "nobody has said what is allowed");
    quarter_hour(&mut house, Some(7000), START + QUARTER);
    assert_eq!(house.events, []);
    quarter_hour(&mut house, Some(3000), START + 2 * QUARTER);
    assert_eq!(house.said(Code::QuarterExceeds), [(State::Begin, 2 * QUARTER + 300)]);
    assert_eq!(quarter(&house.events[0]).reference_w, 3000);
}

#[test]
fn what_is_exceeded_already_allows_nothing_more() {
    let mut house = House::new(ALL);
    house.read(START - 10, 10, 0, &[]);
    for step in 0..30 {
        house.read(START + step * 10, 10, 12_000, &[]);
    }
    for step in 30..95 {
        house.read(START + step * 10, 10, 0, &[]);
    }
    // 290 s at 12 kW are 966 Wh of 750: said at the fifth minute, and over at the end only.
    assert_eq!(house.said(Code::QuarterExceeds), [(State::Begin, 300), (State::Over, 900)]);
    assert_eq!(quarter(&house.events[0]).allowed_w, 0);
}

#[test]
fn a_boiler_that_goes_off_in_time_is_over_and_not_said_again() {
    let mut house = House::new(ALL);
    house.read(START - 10, 10, 0, &[]);
    for step in 0..90 {
        let power = if (40..80).contains(&step) { 500 } else { 4000 };
        house.read(START + step * 10, 10, power, &[]);
    }
    let said = house.said(Code::QuarterExceeds);
    assert_eq!(said.iter().map(|(state, _)| *state).collect::<Vec<_>>(), [State::Begin, State::Over]);
    assert_eq!(said[0].1, 300);
    assert!((400..600).contains(&said[1].1), "{said:?}");
}

#[test]
fn six_minutes_at_six_kilowatt_are_said_and_no_exceedance() {
    // Six minutes at 6 kW and nine at 0.5 kW: a mean of 2.7 kW. The warning comes and goes.
    let mut house = House::new(ALL);
    house.read(START - 10, 10, 500, &[]);
    for step in 0..92 {
        house.read(START + step * 10, 10, if step <= 36 { 6000 } else { 500 }, &[]);
    }
    let said = house.said(Code::QuarterExceeds);
    assert_eq!(said[0], (State::Begin, 300));
    assert!(said[1].0 == State::Over && said[1].1 < 600, "{said:?}");
    assert_eq!(said.len(), 2);
}

#[test]
fn a_quarter_hour_ends_without_telegrams_too() {
    let mut house = House::new(ALL);
    house.read(START - 10, 10, 0, &[]);
    for step in 0..40 {
        house.read(START + step * 10, 10, 9000, &[]);
    }
    house.age(START + 890, 500);
    assert_eq!(house.said(Code::QuarterExceeds), [(State::Begin, 300)]);
    house.age(START + 905, 515);
    assert_eq!(house.said(Code::QuarterExceeds), [(State::Begin, 300), (State::Over, 900)]);
}

#[test]
fn a_voltage_at_the_limit_does_not_flicker() {
    let mut house = House::new(ALL);
    let mut read = |at: i64, volts: i64| house.read(START + at, 10, 0, &[(Quantity::VoltageL2, volts * 1000)]);
    for (index, volts) in [230, 206, 206, 207, 206, 206].into_iter().enumerate() {
        read(index as i64 * 10, volts);
    }
    // Never three in a row.
    for index in 6..60 {
        read(index * 10, if index % 2 == 0 { 207 } else { 205 });
    }
    assert_eq!(house.said(Code::VoltageLow), []);
    let mut house = House::new(ALL);
    let mut read = |at: i64, volts: i64| house.read(START + at, 10, 0, &[(Quantity::VoltageL2, volts * 1000)]);
    for (index, volts) in [230, 206, 204, 206].into_iter().enumerate() {
        read(index as i64 * 10, volts);
    }
    for index in 4..60 {
        read(index * 10, if index % 2 == 0 { 205 } else { 207 });
    }
    for index in 60..90 {
        read(index * 10, 208);
    }
    assert_eq!(house.said(Code::VoltageLow), [(State::Begin, 30), (State::Over, 660)]);
    let over = house.events.last().unwrap();
    assert_eq!((over.phase, over.since), (Some(2), START + 30));
    assert_eq!(over.facts, Facts::Level { value: 208_000, limit: 207_000, worst: 204_000 });
}

#[test]
fn a_phase_that_is_not_there_is_not_low_and_one_that_is_lost_is() {
    let mut house = House::new(ALL);
    for step in 0..20 {
        let l3 = if step < 10 { 230_000 } else { 0 };
        house.read(START + step * 10, 10, 0, &[(Quantity::VoltageL2, 0), (Quantity::VoltageL3, l3)]);
    }
    let said: Vec<_> = house.events.iter().map(|event| (event.code, event.phase, event.state)).collect();
    assert_eq!(said, [(Code::VoltageLow, Some(3), State::Begin)]);
}

#[test]
fn a_current_by_the_meters_own_word() {
    let settings = AlertSettings { current: Some(CurrentRule::DEFAULT), ..ALL };
    let (fuse, threshold) = (Quantity::FuseThreshold, Quantity::CurrentThresholdImport);
    let cases: [(&[(Quantity, i64)], usize); 6] = [
        (&[(fuse, 25_000)], 1),
        // Luxembourg.
        (&[(threshold, 25_000), (Quantity::CurrentThresholdExport, -25_000)], 1),
        (&[(threshold, 40_000)], 0),
        // Both: the fuse is the narrower word.
        (&[(fuse, 40_000), (threshold, 25_000)], 0),
        (&[(fuse, 0), (threshold, 25_000)], 1),
        (&[], 0),
    ];
    for (told, said) in cases {
        let mut house = House::new(settings);
        for step in 0..10 {
            let mut more = vec![(Quantity::CurrentL1, 26_000)];
            more.extend(told);
            house.read(START + step * 10, 10, 0, &more);
        }
        assert_eq!(house.said(Code::CurrentHigh).len(), said, "{told:?}");
    }
}

#[test]
fn a_breaker_that_opens_and_closes_and_a_limiter_that_stays() {
    let mut house = House::new(ALL);
    let mut time = START;
    let mut read = |house: &mut House, breaker: i64, limiter: i64, times: i64| {
        for _ in 0..times {
            time += 10;
            let more = [(Quantity::BreakerState, breaker), (Quantity::ActiveThreshold, limiter)];
            house.read(time, 10, 0, &more);
        }
    };
    read(&mut house, 1, 27_600, 3);
    // Once is not enough.
    read(&mut house, 0, 27_600, 1);
    read(&mut house, 1, 27_600, 3);
    assert_eq!(house.events, []);
    read(&mut house, 0, 13_800, 20);
    read(&mut house, 1, 13_800, 20);
    assert_eq!(house.said(Code::BreakerChanged), [(State::Begin, 90), (State::Over, 340)]);
    assert_eq!(house.said(Code::LimiterChanged), [(State::Begin, 90)]);
    read(&mut house, 1, 13_800, 8640);
    // After a day it is the usual one, and the old one would be the change.
    assert_eq!(house.said(Code::LimiterChanged), [(State::Begin, 90), (State::Over, 86_480)]);
    read(&mut house, 1, 27_600, 2);
    assert_eq!(house.said(Code::LimiterChanged).len(), 3);
    let facts = house.events.last().unwrap().facts;
    assert_eq!(facts, Facts::Change { quantity: Quantity::ActiveThreshold, before: 13_800, value: 27_600 });
}

#[test]
fn a_change_while_the_reader_was_off_is_a_change() {
    let mut house = House::new(ALL);
    let mut before = Values::EMPTY;
    before.set(Quantity::BreakerState, 1);
    house.rules.remember(&before);
    for step in 0..3 {
        house.read(START + step * 10, 10, 0, &[(Quantity::BreakerState, 0)]);
    }
    assert_eq!(house.said(Code::BreakerChanged), [(State::Begin, 10)]);
}

#[test]
fn silence_is_said_once_and_one_telegram_does_not_end_it() {
    let mut house = House::new(ALL);
    for age in (0..=600).step_by(5) {
        house.age(START + age, age);
    }
    assert_eq!(house.said(Code::NoTelegrams), [(State::Begin, 600)]);
    house.read(START + 700, 10, 0, &[]);
    house.age(START + 1400, 700);
    house.read(START + 1401, 10, 0, &[]);
    house.read(START + 1411, 10, 0, &[]);
    assert_eq!(house.said(Code::NoTelegrams).len(), 1);
    house.read(START + 1421, 10, 0, &[]);
    assert_eq!(house.said(Code::NoTelegrams), [(State::Begin, 600), (State::Over, 1421)]);
    assert_eq!(house.events.last().unwrap().facts, Facts::Silence { age_s: 700 });
    // What comes once in half an hour is not silent after ten minutes.
    house.rules.age(START + 5000, 3600, Some(1800), |event| panic!("{event:?}"));
}

#[test]
fn silence_begins_and_ends_by_one_clock() {
    let mut house = House::new(ALL);
    house.behind = 5400;
    house.read(START, 10, 0, &[]);
    house.age(START + house.behind + 600, 600);
    for time in [610, 620, 630] {
        house.read(START + time, 10, 0, &[]);
    }
    let began = house.behind;
    assert_eq!(house.said(Code::NoTelegrams), [(State::Begin, began + 600), (State::Over, began + 630)]);
    assert!(house.events.iter().all(|event| event.since == START + began), "{:?}", house.events);
}

#[test]
fn a_rule_that_is_off_says_nothing() {
    let mut house = House::new(AlertSettings::OFF);
    for step in 0..100 {
        let more = [(Quantity::VoltageL1, 300_000), (Quantity::CurrentL1, 99_000), (Quantity::BreakerState, step % 2)];
        house.read(START + step * 10, 10, 20_000, &more);
        house.age(START + step * 10, 5000);
    }
    assert_eq!(house.events, []);
}

#[test]
fn names_are_unique() {
    let mut names: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Code::ALL.len());
}
