//! The house behind the meter: what it draws and gives at any moment.
//!
//! A [`Household`] is a pure function of its seed and the time. Nothing is remembered, so a year can
//! be entered in the middle, and the same seed gives the same watts on every machine: there is no
//! floating point on the way from the clock to the power.

mod day;
mod sky;

pub use day::Day;

use crate::calendar::{DAY_S, Local, Zone};
use crate::prng::{noise, pick};
use day::Use;
use sky::{ONE, clearness, cos};

const STANDBY: u64 = 1;
const LIGHTS: u64 = 2;
const FRIDGE: u64 = 3;
const TEMPERATURE: u64 = 4;
const VOLTAGE: u64 = 5;
const RIPPLE: u64 = 8;

/// What a house has beyond lights, kitchen and refrigerator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Appliances {
    /// Peak power of the solar panels in watts; 0 for none.
    pub solar_wp: u32,
    /// Whether a heat pump keeps the house warm.
    pub heat_pump: bool,
    /// Whether a car is charged at home with 11 kW on some evenings.
    pub electric_car: bool,
    /// Whether a gas boiler keeps the house warm.
    pub gas_boiler: bool,
}

/// What the house does at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Active power per phase, drawn from the grid when positive.
    pub active_w: [i64; 3],
    /// Reactive power per phase, inductive when positive.
    pub reactive_var: [i64; 3],
    /// Voltage per phase.
    pub voltage_mv: [i64; 3],
    /// Heat from gas.
    pub gas_w: i64,
}

/// A house with its people, known by a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Household {
    seed: u64,
    appliances: Appliances,
    zone: Zone,
}

/// Nobody at home and no sun.
const NOTHING: Moment = Moment { active_w: [0; 3], reactive_var: [0; 3], voltage_mv: [0; 3], gas_w: 0 };

impl Household {
    /// The house of this seed; people in it live by the clock of `zone`.
    #[must_use]
    pub const fn new(seed: u64, appliances: Appliances, zone: Zone) -> Self {
        Self { seed, appliances, zone }
    }

    /// What the house does at this moment.
    #[must_use]
    pub fn at(&self, utc: i64) -> Moment {
        let local = self.zone.local(utc);
        self.at_in(&self.plan(&local), utc, &local)
    }

    /// The plan of the day in which this local time lies.
    #[must_use]
    pub fn plan(&self, local: &Local) -> Day {
        Day::plan(self.seed, self.appliances, local.day_number)
    }

    /// The same as [`at`](Self::at), with the plan at hand.
    ///
    /// `local` must be the local time of `utc`, and `day` the plan of that day.
    #[must_use]
    pub fn at_in(&self, day: &Day, utc: i64, local: &Local) -> Moment {
        let second = local.second_of_day;
        let mut moment = NOTHING;
        self.idle(&mut moment, utc, day.is_lively(second), second);
        let mut bathing = false;
        for spell in day.spells().iter().filter(|spell| spell.is_on(second)) {
            match spell.used {
                Use::Element { phase, watts } => moment.active_w[phase] += watts,
                Use::Car { watts } => {
                    for phase in 0..3 {
                        moment.active_w[phase] += watts + self.ripple(utc, phase, 16);
                        moment.reactive_var[phase] -= watts / 40;
                    }
                }
                Use::Bath => bathing = true,
            }
        }
        self.heat(&mut moment, utc, second, bathing);
        self.shine(&mut moment, day, utc, second);
        moment
    }

    /// What its panels do at this moment, as [`at_in`](Self::at_in) has it together with all else.
    #[must_use]
    pub fn panels_in(&self, day: &Day, utc: i64, local: &Local) -> Moment {
        let mut moment = NOTHING;
        self.shine(&mut moment, day, utc, local.second_of_day);
        moment
    }

    /// The sun, on this roof and on the others.
    fn shine(&self, moment: &mut Moment, day: &Day, utc: i64, second: i64) {
        let clear = day.sun.clear_sky(utc);
        let sunshine = if clear > 0 { clear * clearness(self.seed, utc) / 1024 } else { 0 };
        self.generate(moment, utc, sunshine);
        self.set_voltage(moment, utc, second, sunshine);
    }

    /// Standby, lights and screens, the refrigerator and the freezer.
    fn idle(&self, moment: &mut Moment, utc: i64, lively: bool, second: i64) {
        let seed = self.seed;
        let standby = pick(seed, STANDBY, 0, 70, 130) + self.ripple(utc, 0, 6);
        moment.active_w[0] += standby / 2;
        moment.active_w[1] += standby / 3;
        moment.active_w[2] += standby / 6;
        moment.reactive_var[0] -= 22;
        moment.reactive_var[1] -= 14;
        moment.reactive_var[2] -= 9;
        if lively {
            let dark = !(9 * 3600..17 * 3600).contains(&second);
            let level = noise(seed, LIGHTS, utc, 1300) * if dark { 380 } else { 200 } / 1024;
            moment.active_w[0] += 60 + level * 2 / 3;
            moment.active_w[1] += 20 + level / 3;
        }
        for (phase, cycle_s, watts) in [(1, 2700, 85), (2, 4100, 110)] {
            // Each run is a little longer or shorter than the one before.
            let phase_number = i64::try_from(phase).unwrap_or(0);
            let run_s = cycle_s / 3 + pick(seed, FRIDGE + 0x100, utc.div_euclid(cycle_s), -240, 240);
            let since = utc.rem_euclid(cycle_s) - pick(seed, FRIDGE, phase_number, 300, 900);
            if (0..run_s).contains(&since) {
                // A compressor starts hard.
                moment.active_w[phase] += if since < 2 { watts * 6 } else { watts };
                moment.reactive_var[phase] += watts * 6 / 10;
            }
        }
    }

    /// The temperature outside, in tenths of a degree.
    #[must_use]
    pub fn outside_decidegrees(&self, utc: i64) -> i64 {
        // The coldest day is about 20 January, the warmest hour about 15:00 UTC.
        let year = 31_556_952;
        let season = -cos((utc - 19 * DAY_S).rem_euclid(year) * 36_000 / year) * 85 / ONE;
        let hour = cos((utc - 15 * 3600).rem_euclid(DAY_S) * 36_000 / DAY_S) * 38 / ONE;
        let weather = noise(self.seed, TEMPERATURE, utc, 3 * DAY_S) * 120 / 1024 - 60;
        100 + season + hour + weather
    }

    /// Warm rooms and hot water.
    fn heat(&self, moment: &mut Moment, utc: i64, second: i64, bathing: bool) {
        if !self.appliances.heat_pump && !self.appliances.gas_boiler {
            return;
        }
        let outside = self.outside_decidegrees(utc);
        let night = !(5 * 3600..22 * 3600).contains(&second);
        let wanted_w = (160 - outside).max(0) * 30 * if night { 7 } else { 10 } / 10;
        if self.appliances.gas_boiler {
            moment.gas_w = if bathing { 18_000 } else { in_bursts(utc, wanted_w, 4000, 1200) };
            moment.active_w[0] += if moment.gas_w > 0 { 95 } else { 0 };
        }
        if self.appliances.heat_pump {
            // The colder it is outside, the more work for the same heat.
            let work_w = wanted_w * 100 / (300 + outside.clamp(-150, 150));
            let drawn = if bathing { 2100 } else { in_bursts(utc, work_w, 600, 2400).min(3600) };
            if drawn > 0 {
                for phase in 0..3 {
                    moment.active_w[phase] += drawn / 3 + self.ripple(utc, phase, 20);
                    moment.reactive_var[phase] += drawn / 18;
                }
            }
        }
    }

    fn generate(&self, moment: &mut Moment, utc: i64, sunshine: i64) {
        if self.appliances.solar_wp == 0 || sunshine == 0 {
            return;
        }
        let given = i64::from(self.appliances.solar_wp) * sunshine / ONE;
        for phase in 0..3 {
            moment.active_w[phase] -= (given / 3 + self.ripple(utc, phase, 4)).max(0);
            moment.reactive_var[phase] -= 12 + given / 60;
        }
    }

    /// The voltage sags with what the house and the street draw, and rises with the sun on all roofs.
    fn set_voltage(&self, moment: &mut Moment, utc: i64, second: i64, sunshine: i64) {
        let from_evening = (second - 19 * 3600).abs();
        let street = (7200 - from_evening).max(0) * 2400 / 7200;
        let roofs = sunshine * 2600 / ONE;
        for (stream, phase) in (VOLTAGE..).zip(0..3) {
            let slow = noise(self.seed, stream, utc, 900) * 5 - 2560;
            let quick = self.ripple(utc, phase, 700);
            // A quarter of an ohm between the transformer and the meter.
            let house = moment.active_w[phase] * 1087 / 1000;
            moment.voltage_mv[phase] = (231_500 + slow + quick - street + roofs - house).clamp(195_000, 260_000);
        }
    }

    /// A restless number from `-size / 2` to `size / 2`.
    fn ripple(&self, utc: i64, phase: usize, size: i64) -> i64 {
        let stream = RIPPLE + u64::try_from(phase).unwrap_or(0);
        noise(self.seed, stream, utc, 7) * size / 1024 - size / 2
    }
}

/// A machine that can do no less than `least` at a time works in bursts when less is wanted.
fn in_bursts(utc: i64, wanted: i64, least: i64, cycle_s: i64) -> i64 {
    if wanted >= least {
        wanted
    } else if utc.rem_euclid(cycle_s) * least < wanted * cycle_s {
        least
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::utc;

    fn house(appliances: Appliances) -> Household {
        Household::new(42, appliances, Zone::CENTRAL_EUROPE)
    }

    /// Energy of a day in Wh, drawn and given, from a moment a minute.
    fn day_wh(house: &Household, midnight: i64) -> (i64, i64) {
        let net = (0..1440).map(|minute| house.at(midnight + minute * 60).active_w.iter().sum::<i64>());
        net.fold((0, 0), |(drawn, given), w| (drawn + w.max(0) / 60, given + (-w).max(0) / 60))
    }

    #[test]
    fn a_plain_house_needs_what_a_house_needs() {
        let house = house(Appliances::default());
        let year: i64 = (0..73).map(|step| day_wh(&house, utc(2026, 1, 1, 0, 0, 0) + step * 5 * DAY_S).0 * 5).sum();
        assert!((2_500_000..6_500_000).contains(&year), "{year} Wh in a year");
    }

    #[test]
    fn panels_of_8_kwp_give_what_they_give_in_luxembourg() {
        let house = house(Appliances { solar_wp: 8000, ..Appliances::default() });
        let bare = self::house(Appliances::default());
        let year: i64 = (0..73)
            .map(|step| {
                let midnight = utc(2026, 1, 1, 0, 0, 0) + step * 5 * DAY_S;
                let ((drawn, given), (without, _)) = (day_wh(&house, midnight), day_wh(&bare, midnight));
                (given + without - drawn) * 5
            })
            .sum();
        // Installers reckon with 950 to 1050 kWh a year and kWp.
        assert!((6_500_000..9_500_000).contains(&year), "{year} Wh in a year");
    }

    #[test]
    fn a_heat_pump_works_in_winter() {
        let house = house(Appliances { heat_pump: true, ..Appliances::default() });
        let winter = day_wh(&house, utc(2026, 1, 20, 0, 0, 0)).0;
        let summer = day_wh(&house, utc(2026, 7, 20, 0, 0, 0)).0;
        assert!(winter > summer + 10_000, "{winter} Wh in January, {summer} Wh in July");
    }

    #[test]
    fn load_lowers_the_voltage() {
        let car = house(Appliances { electric_car: true, ..Appliances::default() });
        let bare = house(Appliances::default());
        let begin = utc(2026, 2, 1, 0, 0, 0);
        let charging = (0..20_000)
            .map(|minute| begin + minute * 60)
            .find(|&at| car.at(at).active_w[0] > bare.at(at).active_w[0] + 3000)
            .expect("the car is charged on four evenings of ten");
        assert!(car.at(charging).voltage_mv[0] < bare.at(charging).voltage_mv[0] - 3000);
    }
}
