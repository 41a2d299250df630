//! One day in the house: who gets up when, what is cooked, whether the car is charged.

use crate::calendar::{self, DAY_S, Local};
use crate::prng::pick;

use super::Appliances;
use super::sky::Sun;

const AWAY: u64 = 0x20;
const RHYTHM: u64 = 0x21;
const KITCHEN: u64 = 0x22;
const WASHING: u64 = 0x23;
const CAR: u64 = 0x24;
const BATH: u64 = 0x25;

/// The most spells that a day can hold.
const SPELLS: usize = 14;

/// What is switched on during a spell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// A heating element on one phase (0 to 2).
    Element { phase: usize, watts: i64 },
    /// The car, on three phases, watts on each.
    Car { watts: i64 },
    /// Hot water, by heat pump or gas.
    Bath,
}

/// Something that is on for a while, steadily or in the beat of a thermostat.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spell {
    from_s: i64,
    to_s: i64,
    /// On for `on_s` out of every `cycle_s` seconds.
    on_s: i64,
    cycle_s: i64,
    pub(super) used: Use,
}

impl Spell {
    /// Whether current flows at this second of the day.
    pub(super) fn is_on(&self, second: i64) -> bool {
        self.from_s <= second && second < self.to_s && (second - self.from_s) % self.cycle_s < self.on_s
    }
}

/// The plan of one local day, a pure function of the seed and the day's number.
///
/// Planning costs about a microsecond, so a meter keeps the plan of the day it is in.
#[derive(Clone, Debug)]
pub struct Day {
    pub(super) number: i64,
    pub(super) sun: Sun,
    away: bool,
    wake_s: i64,
    leave_s: i64,
    back_s: i64,
    sleep_s: i64,
    spells: [Spell; SPELLS],
    planned: usize,
}

impl Day {
    pub(super) fn plan(seed: u64, appliances: Appliances, number: i64) -> Self {
        let weekend = matches!(calendar::weekday(number), 0 | 6);
        let jitter = |stream, low, high| pick(seed, stream, number, low, high);
        // One week in twelve the house is empty.
        let away = pick(seed, AWAY, (number + 4).div_euclid(7), 0, 11) == 0;
        let late = if weekend { 5400 } else { 0 };
        let wake_s = 6 * 3600 + 900 + late + jitter(RHYTHM, -1200, 1200);
        let leave_s = if weekend { DAY_S } else { 8 * 3600 + jitter(RHYTHM + 0x100, -900, 1800) };
        let back_s = if weekend { 0 } else { 17 * 3600 + jitter(RHYTHM + 0x200, -1800, 3600) };
        let sleep_s = 22 * 3600 + 2700 + late / 3 + jitter(RHYTHM + 0x300, -2700, 1800);
        let nothing = Spell { from_s: 0, to_s: 0, on_s: 1, cycle_s: 1, used: Use::Bath };
        let mut day = Self {
            number,
            sun: Sun::of_day(number),
            away,
            wake_s,
            leave_s,
            back_s,
            sleep_s,
            spells: [nothing; SPELLS],
            planned: 0,
        };
        if !away {
            day.cook(seed, weekend);
            day.wash(seed, weekend);
            if appliances.electric_car {
                day.charge(seed);
            }
        }
        if appliances.heat_pump || appliances.gas_boiler {
            day.heat_water(seed);
        }
        day
    }

    /// Whether this local time lies in the day.
    #[must_use]
    pub const fn covers(&self, local: &Local) -> bool {
        self.number == local.day_number
    }

    /// What of the day's plan may be on, in no order.
    pub(super) fn spells(&self) -> &[Spell] {
        &self.spells[..self.planned]
    }

    /// Whether somebody is at home and awake.
    pub(super) fn is_lively(&self, second: i64) -> bool {
        !self.away
            && ((self.wake_s..self.leave_s.min(self.sleep_s)).contains(&second)
                || (self.back_s.max(self.wake_s)..self.sleep_s).contains(&second))
    }

    fn cook(&mut self, seed: u64, weekend: bool) {
        let jitter = |stream, low, high| pick(seed, stream, self.number, low, high);
        let breakfast = self.wake_s + jitter(KITCHEN, 300, 1500);
        let noon = 11 * 3600 + 2700 + jitter(KITCHEN + 0x100, -1200, 1800);
        let evening = self.back_s.max(17 * 3600 + 1800) + jitter(KITCHEN + 0x200, 1200, 5400);
        let at_noon = weekend || jitter(KITCHEN + 0x300, 0, 2) == 0;
        let with_oven = jitter(KITCHEN + 0x400, 0, 2) > 0;
        let hob_s = jitter(KITCHEN + 0x500, 1200, 2700);
        self.element(breakfast, 170, 0, 2100);
        self.thermostat(breakfast + 240, 300, 2, 900, (200, 260));
        if at_noon {
            self.thermostat(noon, hob_s, 1, 1700, (35, 60));
        }
        self.thermostat(evening, hob_s, 1, 1900, (25, 40));
        if with_oven {
            self.element(evening, 540, 2, 2350);
            self.thermostat(evening + 540, 2400, 2, 2350, (50, 140));
        }
    }

    fn wash(&mut self, seed: u64, weekend: bool) {
        let jitter = |stream, low, high| pick(seed, stream, self.number, low, high);
        let dishes = jitter(WASHING, 0, 1) == 0;
        let laundry = jitter(WASHING + 0x100, 0, if weekend { 1 } else { 4 }) == 0;
        let dishes_s = 20 * 3600 + 900 + jitter(WASHING + 0x200, -1800, 2400);
        let laundry_s = 9 * 3600 + jitter(WASHING + 0x300, 0, 10_800);
        if dishes {
            self.element(dishes_s, 840, 2, 1950);
            self.element(dishes_s + 3600, 720, 2, 1950);
        }
        if laundry {
            self.element(laundry_s, 1080, 0, 2050);
            self.thermostat(laundry_s + 1080, 3600, 0, 320, (18, 26));
        }
    }

    fn charge(&mut self, seed: u64) {
        let jitter = |stream, low, high| pick(seed, stream, self.number, low, high);
        if jitter(CAR, 0, 9) < 4 {
            // Never past midnight: a plan ends with its day.
            let from_s = self.back_s.max(17 * 3600) + jitter(CAR + 0x100, 600, 7200);
            let for_s = jitter(CAR + 0x200, 2400, 10_800).min(DAY_S - from_s);
            self.add(from_s, for_s, (1, 1), Use::Car { watts: 3680 });
        }
    }

    fn heat_water(&mut self, seed: u64) {
        let jitter = |stream, low, high| pick(seed, stream, self.number, low, high);
        let noon = 13 * 3600 + jitter(BATH, -900, 900);
        let night = 4 * 3600 + jitter(BATH + 0x100, -1800, 1800);
        self.add(noon, if self.away { 600 } else { 2400 }, (1, 1), Use::Bath);
        self.add(night, if self.away { 600 } else { 1500 }, (1, 1), Use::Bath);
    }

    fn element(&mut self, from_s: i64, for_s: i64, phase: usize, watts: i64) {
        self.add(from_s, for_s, (1, 1), Use::Element { phase, watts });
    }

    fn thermostat(&mut self, from_s: i64, for_s: i64, phase: usize, watts: i64, beat: (i64, i64)) {
        self.add(from_s, for_s, beat, Use::Element { phase, watts });
    }

    fn add(&mut self, from_s: i64, for_s: i64, (on_s, cycle_s): (i64, i64), used: Use) {
        // `SPELLS` has room for all that the functions above can add; a test plans years of days.
        if let Some(free) = self.spells.get_mut(self.planned) {
            *free = Spell { from_s, to_s: from_s + for_s, on_s, cycle_s, used };
            self.planned += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_plan_is_ever_full_or_runs_past_midnight() {
        let everything = Appliances { solar_wp: 8000, heat_pump: true, electric_car: true, gas_boiler: true };
        for seed in 0..5 {
            for number in 20_000..20_800 {
                let day = Day::plan(seed, everything, number);
                assert!(day.planned < SPELLS, "no spell may be dropped");
                assert!(day.spells().iter().all(|spell| spell.to_s <= DAY_S));
            }
        }
    }
}
