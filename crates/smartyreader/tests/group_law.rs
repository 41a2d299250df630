//! The laws of groups: what the accounts make of a sum is the sum of what they make of its members, to the watt-hour.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use smarty_ledger::{Account, Energies, Entry, Register, Sample};
use smarty_p1::{Quantity, Values};
use smarty_store::{Clock, Proof};
use smartyreader::group::merger::{Merger, Round};
use smartyreader::group::sum::{Part, Sum, Total};

const MARGIN: i64 = 30;

/// What a member says: its time, its registers, which of them are in this reading, its equipment.
#[derive(Clone, Debug)]
struct Said {
    time: i64,
    registers: [i64; 4],
    sent: [bool; 4],
    equipment: u8,
}

impl Said {
    fn values(&self) -> Values {
        let mut values = Values::EMPTY;
        for register in Register::ALL {
            if self.sent[register as usize] {
                values.set(register.quantity(), self.registers[register as usize]);
            }
        }
        values.set(Quantity::PowerImport, self.registers[0] % 5000);
        values.set(Quantity::PowerExport, self.registers[1] % 7000);
        values
    }
}

/// A member's life: steps of mostly ten seconds, pauses, registers that rise, now and then a field or a meter less.
fn life(swaps: bool) -> impl Strategy<Value = Vec<Said>> {
    let pace = prop_oneof![Just(10), Just(1), Just(60), Just(7)];
    let step = prop_oneof![20 => Just(0), 3 => 1..40i64, 1 => 30..4000i64];
    let rises = [0..90i64, 0..70, 0..9, 0..9];
    let lacks = prop_oneof![30 => Just([true; 4]), 1 => any::<[bool; 4]>()];
    let swap = if swaps { (0..120u8).boxed() } else { Just(1u8).boxed() };
    (0..900i64, pace, prop::collection::vec((step, rises, lacks, swap), 1..400)).prop_map(|(start, pace, steps)| {
        let mut time = 1_782_000_000 + start;
        let (mut registers, mut equipment) = ([1_000_000, 2000, 30, 4], 0);
        steps
            .into_iter()
            .map(|(pause, rises, sent, swap)| {
                time += pace + pause;
                if swap == 0 {
                    equipment += 1;
                    registers = [5, 6, 7, 8];
                }
                for (register, rise) in registers.iter_mut().zip(rises) {
                    *register += rise;
                }
                Said { time, registers, sent, equipment }
            })
            .collect()
    })
}

/// In which order the members are heard: mostly by their clocks, with delays, and with something said again.
fn arrivals(members: &[Vec<Said>], delays: &[i64], again: &[prop::sample::Index]) -> Vec<(usize, Said)> {
    let mut order: Vec<(i64, usize, Said)> = Vec::new();
    for (index, life) in members.iter().enumerate() {
        let mut last = i64::MIN;
        for said in life {
            // A member that is late stays so; its own order is kept.
            let at = (said.time + delays[index]).max(last);
            last = at;
            order.push((at, index, said.clone()));
        }
    }
    order.sort_by_key(|(at, index, _)| (*at, *index));
    for index in again {
        let at = index.index(order.len());
        let copy = order[at / 2].clone();
        order.insert(at, copy);
    }
    order.into_iter().map(|(_, index, said)| (index, said)).collect()
}

fn name(index: usize) -> Arc<str> {
    format!("m{index}").into()
}

fn sum_of(signs: &[i64]) -> Sum {
    Sum::new(signs.iter().enumerate().map(|(index, sign)| (name(index), *sign)).collect(), MARGIN)
}

fn part(said: &Said, before: Option<&Part>) -> Part {
    let equipment: Arc<str> = format!("E{}", said.equipment).into();
    Part::new(said.time, &said.values(), &equipment, (Proof::Tag, Clock::Meter), before)
}

/// Everything that a group says.
fn totals(signs: &[i64], arrivals: &[(usize, Said)]) -> Vec<(i64, i64, Total)> {
    let (mut merger, mut sum) = (Merger::new(signs.len(), MARGIN, None), sum_of(signs));
    let mut totals = Vec::new();
    for (index, said) in arrivals {
        let part = part(said, merger.newest(*index));
        merger.take(*index, said.time, part, |round| totals.push((round.time, round.at, sum.of(round))));
    }
    totals
}

/// Quarter-hours by start, and everything booked in all.
fn book(account: &mut Account, samples: impl Iterator<Item = Sample>) -> (BTreeMap<i64, Energies>, Energies) {
    let (mut quarters, mut sum) = (BTreeMap::new(), Energies::UNKNOWN);
    for sample in samples {
        account.feed(&sample, |entry| match entry {
            Entry::Quarter(quarter) => {
                sum = sum.plus(&quarter.energies);
                quarters.insert(quarter.start, quarter.energies);
            }
            Entry::Gap(gap) => sum = sum.plus(&gap.energies),
        });
    }
    (quarters, sum)
}

/// Equipments as numbers, as the store would give them.
fn segment_numbers<'a>(names: impl Iterator<Item = &'a Arc<str>>) -> Vec<i64> {
    let mut known: Vec<&Arc<str>> = Vec::new();
    names
        .map(|name| {
            let index = known.iter().position(|one| *one == name).unwrap_or_else(|| {
                known.push(name);
                known.len() - 1
            });
            index as i64
        })
        .collect()
}

fn members_and_delays(swaps: bool) -> impl Strategy<Value = (Vec<Vec<Said>>, Vec<i64>, Vec<prop::sample::Index>)> {
    let delay = prop_oneof![4 => 0..30i64, 1 => 0..1500i64];
    prop::collection::vec((life(swaps), delay), 1..4).prop_flat_map(|members| {
        let (lives, delays): (Vec<_>, Vec<_>) = members.into_iter().unzip();
        (Just(lives), Just(delays), prop::collection::vec(any::<prop::sample::Index>(), 0..12))
    })
}

/// As far as all have been heard: more the group cannot know.
fn heard_of_all(order: &[(usize, Said)], members: usize) -> i64 {
    let last = |index: usize| order.iter().filter(|(member, _)| *member == index).map(|(_, said)| said.time).max();
    (0..members).map(|index| last(index).unwrap_or(0)).min().unwrap_or(0)
}

/// Whether every member has sent each register by then.
fn has_all(order: &[(usize, Said)], members: usize, by: i64) -> bool {
    let sent = |index: usize, register: usize| {
        order.iter().any(|(member, said)| *member == index && said.time <= by && said.sent[register])
    };
    (0..members).all(|index| (0..4).all(|register| sent(index, register)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// A quarter-hour of the group is known where it is known of every member, and nowhere else; it is the sum.
    #[test]
    fn quarter_hours_of_a_group_are_the_sums_of_its_members((lives, delays, again) in members_and_delays(false)) {
        let order = arrivals(&lives, &delays, &again);
        let signs = vec![1; lives.len()];
        let members: Vec<_> = (0..lives.len())
            .map(|index| {
                let mine = order.iter().filter(|(member, _)| *member == index);
                book(&mut Account::new(30), mine.map(|(_, said)| Sample::of(said.time, 0, &said.values()))).0
            })
            .collect();
        let totals = totals(&signs, &order);
        prop_assert!(totals.windows(2).all(|pair| pair[0].0 < pair[1].0), "in order of time");
        prop_assert!(totals.iter().all(|(time, at, _)| (0..=MARGIN).contains(&(at - time))));
        let numbers = segment_numbers(totals.iter().map(|(.., total)| &total.segment));
        let sample = |((time, _, total), number): (&(i64, i64, Total), i64)| Sample::of(*time, number, &total.values);
        let samples = totals.iter().zip(numbers).map(sample);
        let mut account = Account::new(30);
        let (quarters, _) = book(&mut account, samples);
        prop_assert_eq!(account.late(), 0);
        let starts: BTreeSet<i64> = members.iter().flat_map(BTreeMap::keys).chain(quarters.keys()).copied().collect();
        let heard = heard_of_all(&order, lives.len());
        for start in starts.into_iter().filter(|start| start + 900 <= heard) {
            // A register that begins later makes a segment of its own, and that quarter-hour has no sum.
            if !has_all(&order, lives.len(), start - 900) {
                continue;
            }
            for register in Register::ALL {
                let expected = members.iter().map(|member| member.get(&start)?.get(register)).sum::<Option<i64>>();
                let found = quarters.get(&start).and_then(|energies| energies.get(register));
                prop_assert_eq!(found, expected, "{:?} at {}", register, start);
            }
        }
    }

    /// Wherever the group knows a quarter-hour it is the sum, also when meters are swapped.
    #[test]
    fn a_swapped_member_is_never_a_difference_of_two_meters((lives, delays, again) in members_and_delays(true)) {
        let order = arrivals(&lives, &delays, &again);
        let members: Vec<_> = (0..lives.len())
            .map(|index| {
                let mine = order.iter().filter(|(member, _)| *member == index);
                let samples = mine.map(|(_, said)| Sample::of(said.time, i64::from(said.equipment), &said.values()));
                book(&mut Account::new(30), samples).0
            })
            .collect();
        let totals = totals(&vec![1; lives.len()], &order);
        let numbers = segment_numbers(totals.iter().map(|(.., total)| &total.segment));
        let sample = |((time, _, total), number): (&(i64, i64, Total), i64)| Sample::of(*time, number, &total.values);
        let samples = totals.iter().zip(numbers).map(sample);
        let (quarters, _) = book(&mut Account::new(30), samples);
        for (start, energies) in quarters {
            for register in Register::ALL {
                let Some(found) = energies.get(register) else { continue };
                // A member that never has a register adds nothing to it.
                let having = members.iter().filter(|member| member.values().any(|one| one.get(register).is_some()));
                let expected: Option<i64> = having.map(|member| member.get(&start)?.get(register)).sum();
                prop_assert_eq!(Some(found), expected, "{:?} at {}", register, start);
            }
        }
    }

    /// With something taken off: registers never fall, import minus export is that of the members, and a restart at any
    /// moment changes nothing.
    #[test]
    fn a_difference_counts_up_and_its_net_is_exact(
        (lives, delays, again) in members_and_delays(false),
        negative in any::<[bool; 3]>(),
        restart in any::<prop::sample::Index>(),
    ) {
        let signs: Vec<i64> = (0..lives.len()).map(|index| if negative[index] { -1 } else { 1 }).collect();
        prop_assume!(signs.contains(&-1));
        // All fields in each reading here: the part that is not there is the law above.
        let lives: Vec<Vec<Said>> = lives
            .into_iter()
            .map(|life| life.into_iter().map(|said| Said { sent: [true; 4], ..said }).collect())
            .collect();
        let order = arrivals(&lives, &delays, &again);
        let (mut merger, mut sum) = (Merger::new(signs.len(), MARGIN, None), sum_of(&signs));
        let (mut other, mut last): (Option<Sum>, Option<(i64, i64)>) = (None, None);
        let cut = restart.index(order.len());
        let mut fault = None;
        for (number, (index, said)) in order.iter().enumerate() {
            let part = part(said, merger.newest(*index));
            merger.take(*index, said.time, part, |round| {
                let total = sum.of(round);
                let value = |quantity| total.values.get(quantity).unwrap();
                let now = (value(Quantity::EnergyImport), value(Quantity::EnergyExport));
                if last.is_some_and(|last| now.0 < last.0 || now.1 < last.1) {
                    fault = Some(format!("fell from {last:?} to {now:?}"));
                }
                last = Some(now);
                let of_members: i64 = signs.iter().enumerate().map(|(member, sign)| {
                    let said = lives[member].iter().rev().find(|said| said.time <= round.at).unwrap();
                    sign * (said.registers[0] - said.registers[1])
                }).sum();
                if now.0 - now.1 != of_members {
                    fault = Some(format!("{now:?} is not {of_members} in all"));
                }
                if value(Quantity::PowerImport) != 0 && value(Quantity::PowerExport) != 0 {
                    fault = Some("power on both sides".into());
                }
                if let Some(other) = &mut other {
                    let same = other.of(round);
                    if (same.values, &same.segment) != (total.values, &total.segment) {
                        fault = Some(format!("after a restart {same:?} is not {total:?}"));
                    }
                } else if number >= cut {
                    // What the store gives back after a restart: the last sum, and what it was made of.
                    let mut again = sum_of(&signs);
                    let stored = Round { time: round.time, at: round.at, parts: round.parts };
                    again.resume(&stored, &total.values, &total.segment);
                    other = Some(again);
                }
            });
        }
        prop_assert_eq!(fault, None);
    }
}

#[test]
fn powers_are_sums_of_what_all_speak_of() {
    let values = |pairs: &[(Quantity, i64)]| {
        let mut values = Values::EMPTY;
        for &(quantity, value) in pairs {
            values.set(quantity, value);
        }
        values
    };
    let one = values(&[
        (Quantity::PowerImport, 100),
        (Quantity::PowerExport, 0),
        (Quantity::PowerImportL2, 40),
        (Quantity::VoltageL1, 230_000),
        (Quantity::EnergyImportT1, 7),
        (Quantity::EnergyImportT2, 8),
    ]);
    let two = values(&[(Quantity::PowerImport, 300), (Quantity::EnergyImport, 20)]);
    let total = |signs: &[i64]| {
        let parts: Vec<Part> = [&one, &two]
            .iter()
            .zip([Proof::Tag, Proof::Published])
            .map(|(values, proof)| Part::new(1000, values, &"E".into(), (proof, Clock::Meter), None))
            .collect();
        sum_of(signs).of(&Round { time: 1000, at: 1000, parts: &parts.iter().collect::<Vec<_>>() })
    };
    let sum = total(&[1, 1]);
    assert_eq!(
        sum.values,
        values(&[(Quantity::EnergyImport, 35), (Quantity::PowerImport, 400), (Quantity::PowerExport, 0)])
    );
    assert_eq!(sum.proof, Proof::Published, "no better than the weakest");
    assert_eq!(sum.members, "m0 E + m1 E");
    let difference = total(&[1, -1]);
    assert_eq!(
        difference.values,
        values(&[
            (Quantity::EnergyImport, 0),
            (Quantity::EnergyExport, 5),
            (Quantity::PowerImport, 0),
            (Quantity::PowerExport, 200)
        ])
    );
    assert_eq!(difference.members, "m0 E - m1 E");
    assert_ne!(difference.segment, sum.segment);
}
