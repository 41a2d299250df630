//! The law of the accounts, exact to the Wh: closed quarter-hours + gaps + the running part = what the registers say.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use smarty_ledger::{Account, Entry, Outcome, QUARTER, Register, Sample};

const MARGIN: i64 = 30;

/// What happens next at the meter.
#[derive(Clone, Debug)]
struct Step {
    seconds: i64,
    rises: [Option<i64>; 4],
    event: Event,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Event {
    Nothing,
    /// The same telegram once more, or an older one.
    Late(i64),
    Swap,
    /// A register starts anew.
    Reset(usize),
    /// Someone says that whatever comes is true.
    Renew(usize),
    /// The process is restarted.
    Restart,
}

fn seconds() -> impl Strategy<Value = i64> {
    prop_oneof![
        8 => Just(10i64),
        4 => 1i64..40,
        2 => Just(900i64),
        2 => 200i64..2000,
        1 => 3000i64..200_000,
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let rise = || prop_oneof![1 => Just(None), 9 => (0i64..500).prop_map(Some)];
    let event = prop_oneof![
        30 => Just(Event::Nothing),
        2 => (0i64..5000).prop_map(Event::Late),
        1 => Just(Event::Swap),
        1 => (0usize..4).prop_map(Event::Reset),
        1 => (0usize..4).prop_map(Event::Renew),
        3 => Just(Event::Restart),
    ];
    (seconds(), [rise(), rise(), rise(), rise()], event).prop_map(|(seconds, rises, event)| Step {
        seconds,
        rises,
        event,
    })
}

/// First and last value of the run that is going on, by register.
type Truth = [Option<(i64, i64)>; 4];

fn finish(truth: &mut Truth, sums: &mut [i64; 4], register: usize) {
    if let Some((first, last)) = truth[register].take() {
        sums[register] += last - first;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_law(start in 0i64..2_000_000_000, steps in vec(step(), 1..120)) {
        let mut account = Account::new(MARGIN as u16);
        let mut time = start;
        let mut segment = 1;
        let mut registers = [5_000i64, 100, 0, 77];
        let mut truth: Truth = [None; 4];
        let mut sums = [0i64; 4];
        let mut booked = [0i64; 4];
        let mut quarters: BTreeMap<i64, u32> = BTreeMap::new();
        let mut telegrams = 0u32;
        let mut late = 0u64;
        for step in steps {
            time += step.seconds;
            match step.event {
                Event::Late(back) => {
                    if account.last_time().is_some() {
                        let before = account.to_bytes();
                        let mut sample = Sample::at(account.last_time().unwrap() - back);
                        sample.totals = [Some(1); 4];
                        prop_assert_eq!(account.feed(&sample, |_| panic!("late readings book nothing")), Outcome::Late);
                        late += 1;
                        prop_assert_eq!(account.late(), late);
                        // Nothing but that counter, which stands behind flags, last time and segment.
                        prop_assert_eq!(&account.to_bytes()[27..], &before[27..]);
                    }
                }
                Event::Swap => {
                    segment += 1;
                    registers = [3, 40_000, 9, 0];
                    for register in 0..4 {
                        finish(&mut truth, &mut sums, register);
                    }
                }
                Event::Reset(register) => {
                    if truth[register].is_some_and(|(_, last)| last > 0) {
                        registers[register] = 0;
                        // It is seen only when the telegram has it, and only if it is below the last value.
                    }
                }
                Event::Renew(register) => {
                    if truth[register].is_some() {
                        account.renew(Register::ALL[register]);
                        registers[register] += 1_000_000;
                        // It ends the run when the next value comes.
                        finish(&mut truth, &mut sums, register);
                    }
                }
                Event::Restart => account = Account::from_bytes(&account.to_bytes(), MARGIN as u16).unwrap(),
                Event::Nothing => {}
            }
            let mut sample = Sample::at(time);
            sample.segment = segment;
            sample.power_net = Some(step.seconds - 40);
            for register in 0..4 {
                let Some(rise) = step.rises[register] else { continue };
                registers[register] += rise;
                let value = registers[register];
                sample.totals[register] = Some(value);
                if truth[register].is_some_and(|(_, last)| value < last) {
                    finish(&mut truth, &mut sums, register);
                }
                let first = truth[register].map_or(value, |(first, _)| first);
                truth[register] = Some((first, value));
            }
            telegrams += 1;
            account.feed(&sample, |entry| {
                let energies = match entry {
                    Entry::Quarter(quarter) => {
                        assert_eq!(quarter.start % QUARTER, 0);
                        assert!(quarters.insert(quarter.start, quarter.telegrams).is_none(), "twice");
                        quarter.energies
                    }
                    Entry::Gap(gap) => {
                        assert!(gap.start < gap.end);
                        gap.energies
                    }
                };
                for register in Register::ALL {
                    let energy = energies.get(register).unwrap_or(0);
                    assert!(energy >= 0, "never negative");
                    booked[register as usize] += energy;
                }
            });
            let running = account.running();
            for register in Register::ALL {
                let index = register as usize;
                let expected = sums[index] + truth[index].map_or(0, |(first, last)| last - first);
                prop_assert_eq!(booked[index] + running.energies.get(register).unwrap_or(0), expected);
                prop_assert_eq!(account.total(register), expected);
            }
            prop_assert_eq!(quarters.values().sum::<u32>() + running.telegrams, telegrams);
            prop_assert_eq!(&Account::from_bytes(&account.to_bytes(), MARGIN as u16).unwrap(), &account);
        }
    }

    /// Against the definition, with all readings at hand: the value at a border is the last reading at or before
    /// it, if that is young enough.
    #[test]
    fn quarter_hours_are_as_defined(start in 0i64..100_000, steps in vec((seconds(), 0i64..300), 2..200)) {
        let mut account = Account::new(MARGIN as u16);
        let mut readings = Vec::new();
        let mut entries = BTreeMap::new();
        let (mut time, mut value) = (start, 1000);
        for (seconds, rise) in steps {
            time += seconds;
            value += rise;
            readings.push((time, value));
            let mut sample = Sample::at(time);
            sample.totals[0] = Some(value);
            account.feed(&sample, |entry| {
                if let Entry::Quarter(quarter) = entry {
                    entries.insert(quarter.start, quarter);
                }
            });
        }
        let at = |border: i64| {
            let (time, value) = *readings.iter().rev().find(|(time, _)| *time <= border)?;
            (border - time <= MARGIN).then_some(value)
        };
        let first = readings[0].0.div_euclid(QUARTER);
        let last = readings[readings.len() - 1].0.div_euclid(QUARTER);
        for border in (first..last).map(|quarter| quarter * QUARTER) {
            let expected = at(border).zip(at(border + QUARTER)).map(|(start, end)| end - start);
            let inside = readings.iter().filter(|(time, _)| (border..border + QUARTER).contains(time)).count();
            let found = entries.get(&border);
            prop_assert_eq!(found.and_then(|quarter| quarter.energies.import), expected, "{}", border);
            prop_assert_eq!(found.map_or(0, |quarter| quarter.telegrams as usize), inside);
            prop_assert_eq!(found.is_some_and(|quarter| quarter.complete), expected.is_some());
        }
    }

    #[test]
    fn nothing_panics(samples in vec((any::<i64>(), any::<i64>(), any::<[Option<i64>; 4]>(), any::<Option<i64>>()), 0..40)) {
        let mut account = Account::new(MARGIN as u16);
        for (time, segment, totals, power) in samples {
            let sample = Sample { time, segment: segment % 3, totals, power_net: power, voltages: [power; 3] };
            account.feed(&sample, |_| {});
            let _ = account.running();
        }
    }

    /// The version before did not know when a run began, and no torn ones.
    #[test]
    fn a_state_of_the_version_before_is_understood(start in 0i64..100_000, steps in vec((seconds(), 0i64..300), 1..30)) {
        let mut account = Account::new(MARGIN as u16);
        let (mut time, mut value) = (start, 1000);
        for (seconds, rise) in steps {
            (time, value) = (time + seconds, value + rise);
            let mut sample = Sample::at(time);
            sample.totals[0] = Some(value);
            account.feed(&sample, |_| {});
        }
        let mut bytes = account.to_bytes().to_vec();
        bytes[0] = 1;
        for register in (0..4).rev() {
            let end = Account::BYTES - (3 - register) * 49;
            bytes.drain(end - 8..end);
        }
        let again = Account::from_bytes(&bytes, MARGIN as u16).unwrap();
        prop_assert_eq!(again.running(), account.running());
        prop_assert_eq!(again.total(Register::Import), account.total(Register::Import));
        prop_assert_eq!(again.last_time(), account.last_time());
        prop_assert!(Account::from_bytes(&bytes[1..], 30).is_err());
    }

    #[test]
    fn damaged_states_are_refused_or_harmless(mut bytes in vec(any::<u8>(), Account::BYTES), version: bool) {
        if version {
            bytes[0] = 2;
        }
        let _ = Account::from_bytes(&bytes, 30);
        prop_assert!(Account::from_bytes(&bytes[1..], 30).is_err());
    }
}
