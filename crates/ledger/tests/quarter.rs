//! The running quarter-hour: how it will end, and what is still allowed.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

use proptest::prelude::*;
use smarty_ledger::{Account, Beyond, Calculated, Calculator, Course, Moment, Settings, Terms, WindowSpread};
use smarty_p1::{Quantity, Values};

/// The first second of a quarter-hour, day and month.
const START: i64 = 1_714_514_400;

struct House {
    account: Account,
    calculator: Calculator,
    import: i64,
    terms: Terms,
}

impl House {
    fn new(reference_w: Option<u32>) -> Self {
        let terms = Terms { reference_w, price_micro_euro: Some(76_500) };
        Self { account: Account::new(30), calculator: Calculator::new(Settings::DEFAULT), import: 5_000_000, terms }
    }

    fn at(&mut self, time: i64, power: Option<i64>) -> Calculated {
        let mut values = Values::EMPTY;
        values.set(Quantity::EnergyImport, self.import);
        if let Some(power) = power {
            values.set(Quantity::PowerImport, power);
        }
        let (day_start, month_start) = (START, START);
        let moment = Moment {
            time,
            segment: 1,
            day_start,
            month_start,
            values: &values,
            gas_dm3: None,
            day_gas_dm3: None,
            terms: self.terms,
        };
        self.calculator.feed(&mut self.account, &moment, |_| {}).unwrap()
    }

    /// Draws a power for some seconds, in steps of ten.
    fn draw(&mut self, from: i64, seconds: i64, watts: i64) -> Calculated {
        let (mut last, before) = (Calculated::default(), self.import);
        for step in (10..=seconds).step_by(10) {
            self.import = before + watts * step / 3600;
            last = self.at(from + step, Some(watts));
        }
        last
    }
}

#[test]
fn six_minutes_at_six_kilowatts_leave_little_of_three() {
    let mut house = House::new(Some(3000));
    assert_eq!(house.at(START, Some(6000)).outlook.projected_import_w, Some(6000));
    let six = house.draw(START, 360, 6000).outlook;
    // 600 of 750 Wh in 6 of 15 minutes: 150 Wh for 9 minutes.
    assert_eq!((six.projected_import_w, six.reference_w, six.allowed_w), (Some(6000), Some(3000), Some(1000)));
    assert_eq!(six.exceedance_wh, Some(0));
    // The mean of three minutes follows: a minute later it is two thirds of 6 kW and a third of 500 W.
    let seven = house.draw(START + 360, 60, 500).outlook;
    let mean = (12 * 6000 + 6 * 500) / 18;
    let projected = (house.import - 5_000_000) * 3600 + mean * 480;
    assert_eq!(seven.projected_import_w, Some((projected + 450) / 900));
    let end = house.draw(START + 420, 470, 500).outlook;
    // 2.7 kW, whatever its peaks; the register counts whole watt-hours.
    assert!(end.projected_import_w.unwrap().abs_diff(2700) <= 4, "{end:?}");
    assert_eq!(end.exceedance_wh, Some(0));
}

#[test]
fn what_is_exceeded_is_certain_and_nothing_is_allowed_any_more() {
    let mut house = House::new(Some(3000));
    house.at(START, None);
    let now = house.draw(START, 720, 5000).outlook;
    assert_eq!((now.allowed_w, now.exceedance_wh), (Some(0), Some(250)), "1000 Wh, and 750 are free");
    // The next quarter-hour begins with all of it.
    let next = house.draw(START + 720, 180, 5000).outlook;
    assert_eq!((next.allowed_w, next.exceedance_wh, next.projected_import_w), (Some(3000), Some(0), Some(5000)));
}

#[test]
fn without_a_reference_power_there_is_a_projection_only() {
    let mut house = House::new(None);
    house.at(START, Some(400));
    let outlook = house.draw(START, 60, 400).outlook;
    assert_eq!((outlook.reference_w, outlook.allowed_w, outlook.exceedance_wh), (None, None, None));
    assert!(outlook.projected_import_w.unwrap().abs_diff(400) < 5);
}

#[test]
fn a_meter_without_a_power_goes_on_with_the_mean_of_the_quarter_hour() {
    let mut house = House::new(Some(3000));
    assert_eq!(house.at(START, None).outlook.projected_import_w, None, "nothing has passed");
    house.import += 100;
    assert_eq!(house.at(START + 300, None).outlook.projected_import_w, Some(1200));
}

#[test]
fn what_began_in_the_middle_counts_but_is_not_beyond_for_certain() {
    let mut house = House::new(Some(3000));
    house.at(START + 300, Some(12_000));
    house.import += 800;
    let outlook = house.at(START + 540, Some(12_000)).outlook;
    assert_eq!((outlook.allowed_w, outlook.exceedance_wh), (Some(0), Some(0)), "it may never have a demand");
}

#[test]
fn the_price_of_the_contract_fills_in() {
    use smarty_ledger::Reference;
    let references = [
        Some(Reference { power_w: 3000, price_micro_euro: None }),
        Some(Reference { power_w: 1000, price_micro_euro: Some(113_900) }),
        None,
    ];
    let mut house = House::new(Some(7000));
    house.calculator = Calculator::new(Settings { references, ..Settings::DEFAULT });
    house.at(START, None);
    let [three, one, _] = house.draw(START, 900, 4000).exceedance;
    assert_eq!(three.unwrap().money_micro_euro(1000), Some(76_500));
    assert_eq!(one.unwrap().money_micro_euro(1000), Some(113_900), "what is set goes before");
}

proptest! {
    /// Summed over quarter-hours it is rounded once, and is what each is above the reference power.
    #[test]
    fn what_is_beyond_adds_up(energies in prop::collection::vec(0_i64..20_000, 0..50), reference_w in 0_u32..80_000) {
        let mut beyond = Beyond::default();
        for &energy in &energies {
            beyond.add(energy, reference_w);
        }
        let over: Vec<i64> =
            energies.iter().map(|energy| 4 * energy - i64::from(reference_w)).filter(|more| *more > 0).collect();
        prop_assert_eq!((beyond.quarter_wh(), beyond.quarters() as usize), (over.iter().sum::<i64>(), over.len()));
        prop_assert!((4 * beyond.wh() - beyond.quarter_wh()).abs() <= 2);
    }

    /// Whoever draws just what is allowed keeps the reference power, and who draws a little more does not.
    #[test]
    fn what_is_allowed_keeps_the_reference_power(
        left in 1_i64..=900, energy in 0_i64..20_000, reference_w in 1_u32..100_000, more in 1_i64..1000,
    ) {
        let course = Course::at(START + 900 - left, START + 900, energy);
        let allowed = course.allowed_w(reference_w);
        let free = i128::from(reference_w) * 900;
        if i128::from(energy) * 3600 > free {
            prop_assert_eq!(allowed, 0);
        } else {
            prop_assert!(course.projected_ws(allowed * 100) <= free);
            prop_assert!(course.projected_ws((allowed + more) * 100) > free);
            prop_assert!(course.projected_w(allowed * 100) <= i64::from(reference_w));
        }
        prop_assert_eq!((course.energy_wh(), course.left_s()), (energy, left));
    }

    /// At its end the projection is the demand, whatever was drawn.
    #[test]
    fn at_the_end_the_projection_is_the_demand(energy in 0_i64..1_000_000, mean_cw in any::<i64>()) {
        let course = Course::at(START + 900, START + 900, energy);
        let spread = WindowSpread { mean_cw, min_w: 0, max_w: 0 };
        prop_assert_eq!(course.projected_w(course.present_cw(Some(spread)).unwrap()), energy * 4);
        prop_assert_eq!(course.present_cw(None).unwrap(), energy * 400);
    }
}
