//! Power from energy between two publications.

use proptest::prelude::*;
use smarty_ledger::{MeanPower, Standing};
use smarty_p1::{Quantity, Values};

const fn standing(time: i64, import_wh: i64, export_wh: i64) -> Standing {
    Standing { time, segment: 1, import_wh: Some(import_wh), export_wh: Some(export_wh) }
}

#[test]
fn power_is_energy_by_the_real_time() {
    let before = standing(1000, 6695, 25);
    let power = standing(1060, 6705, 25).power_since(&before);
    assert_eq!(power, MeanPower { import_cw: Some(60_000), export_cw: Some(0) });
    // Not a minute: 10 Wh in 70 s are 514.285… W, and 1 Wh in 70 s is 51.428… W.
    let power = standing(1070, 6705, 26).power_since(&before);
    assert_eq!(power, MeanPower { import_cw: Some(51_429), export_cw: Some(5143) });
    // Half a hundredth goes up: 1 Wh in 80 000 s is 4.5 hundredths.
    assert_eq!(standing(81_000, 6696, 25).power_since(&before).import_cw, Some(5));
}

#[test]
fn without_a_step_forward_there_is_none() {
    let before = standing(1000, 50, 50);
    assert_eq!(standing(1000, 60, 60).power_since(&before), MeanPower::default());
    assert_eq!(standing(990, 60, 60).power_since(&before), MeanPower::default());
    assert_eq!(Standing { segment: 2, ..standing(1060, 60, 60) }.power_since(&before), MeanPower::default());
}

#[test]
fn each_register_speaks_for_itself() {
    let before = standing(1000, 50, 50);
    let power = standing(1060, 49, 51).power_since(&before);
    assert_eq!(power, MeanPower { import_cw: None, export_cw: Some(6000) });
    let silent = Standing { export_wh: None, ..standing(1060, 51, 0) };
    assert_eq!(silent.power_since(&before), MeanPower { import_cw: Some(6000), export_cw: None });
    assert_eq!(standing(1120, 51, 60).power_since(&silent), MeanPower { import_cw: Some(0), export_cw: None });
}

#[test]
fn tariffs_are_summed_where_the_total_is_not_sent() {
    let mut values = Values::EMPTY;
    values.set(Quantity::EnergyImportT1, 5);
    values.set(Quantity::EnergyImportT2, 7);
    let expected = Standing { time: 3, segment: 4, import_wh: Some(12), export_wh: None };
    assert_eq!(Standing::of(3, 4, &values), expected);
}

proptest! {
    /// The power over the time is the energy, to half a hundredth of a watt.
    #[test]
    fn power_times_time_is_energy(seconds in 1i64..4_000_000, rise in 0i64..10_000_000, from in 0i64..1_000_000_000) {
        let power = standing(500 + seconds, from + rise, 0).power_since(&standing(500, from, 0));
        let error = power.import_cw.unwrap_or(-1) * seconds - rise * 360_000;
        prop_assert!(2 * error <= seconds && -2 * error < seconds, "{}", error);
    }

    #[test]
    fn nothing_panics(numbers: [i64; 4]) {
        let [time, wh, then, before] = numbers;
        let _ = standing(time, wh, wh).power_since(&standing(then, before, before));
    }
}
