//! The calculated values in single cases that a person can follow.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

use smarty_ledger::{
    Account, Calculated, Calculator, Entry, Moment, Reference, Rolling, Settings, Terms, WindowSpread,
};
use smarty_p1::{Quantity, Values};

/// Local midnight and the first of the month.
const MIDNIGHT: i64 = 1_714_514_400;
const DAY: i64 = 86_400;

fn settings(references: [Option<u32>; 3]) -> Settings {
    let reference = |power_w| Reference { power_w, price_micro_euro: Some(113_900) };
    Settings { references: references.map(|power| power.map(reference)), ..Settings::DEFAULT }
}

/// A meter with its books, in days of 24 hours and a month that began at [`MIDNIGHT`].
struct House {
    account: Account,
    calculator: Calculator,
    entries: Vec<Entry>,
    terms: Terms,
}

impl House {
    fn new(settings: Settings) -> Self {
        let (account, calculator) = (Account::new(30), Calculator::new(settings));
        Self { account, calculator, entries: Vec::new(), terms: Terms::NONE }
    }

    fn at(&mut self, time: i64, import: i64) -> Calculated {
        let mut values = Values::EMPTY;
        values.set(Quantity::EnergyImport, import);
        self.read(time, &values).unwrap()
    }

    fn read(&mut self, time: i64, values: &Values) -> Option<Calculated> {
        let day_start = MIDNIGHT + (time - MIDNIGHT).div_euclid(DAY) * DAY;
        let month_start = if time < MIDNIGHT { MIDNIGHT - 30 * DAY } else { MIDNIGHT };
        let terms = self.terms;
        let moment =
            Moment { time, segment: 1, day_start, month_start, values, gas_dm3: Some(7), day_gas_dm3: Some(1), terms };
        self.calculator.feed(&mut self.account, &moment, |entry| self.entries.push(entry))
    }

    /// Draws a power for some seconds, in steps of ten.
    fn draw(&mut self, from: i64, seconds: i64, import: i64, watts: i64) -> Calculated {
        let mut calculated = Calculated::default();
        for step in (10..=seconds).step_by(10) {
            calculated = self.at(from + step, import + watts * step / 3600);
            let exceedance = calculated.exceedance[0].unwrap();
            assert!(exceedance.quarter_wh <= exceedance.day_wh && exceedance.day_wh <= exceedance.month_wh);
        }
        calculated
    }
}

#[test]
fn a_short_peak_does_not_exceed_the_mean_does() {
    let mut house = House::new(settings([Some(3000), Some(2000), None]));
    house.at(MIDNIGHT, 0);
    house.draw(MIDNIGHT, 360, 0, 6000);
    let end = house.draw(MIDNIGHT + 360, 540, 600, 500);
    let [three, two, none] = end.exceedance;
    assert_eq!((three.unwrap().day_wh, three.unwrap().month_wh), (0, 0));
    // 2.7 kW on average: 0.7 kW for a quarter of an hour.
    assert_eq!(two.unwrap().day_wh, 175);
    assert_eq!(none, None);
    assert!(end.day_complete && end.month_complete);
}

#[test]
fn five_kilowatts_for_an_hour_exceed_three_by_two_kilowatt_hours() {
    let mut house = House::new(settings([Some(3000), Some(7000), None]));
    house.at(MIDNIGHT, 0);
    // After 1000 of 1250 Wh, 750 of them allowed.
    let early = house.draw(MIDNIGHT, 720, 0, 5000).exceedance[0].unwrap();
    assert_eq!((early.quarter_wh, early.day_wh, early.month_wh), (250, 250, 250));
    let end = house.draw(MIDNIGHT + 720, 2880, 1000, 5000);
    let [three, seven, _] = end.exceedance.map(Option::unwrap_or_default);
    assert_eq!((three.quarter_wh, three.day_wh, three.month_wh), (0, 2000, 2000));
    assert_eq!(three.money_micro_euro(three.day_wh), Some(227_800));
    assert_eq!((seven.reference_w, seven.day_wh, seven.month_wh), (7000, 0, 0));
    // The next day the month goes on.
    let mut house_next = house.calculator.clone();
    let mut values = Values::EMPTY;
    values.set(Quantity::EnergyImport, 5000);
    let time = MIDNIGHT + DAY;
    let moment = Moment {
        time,
        segment: 1,
        day_start: time,
        month_start: MIDNIGHT,
        values: &values,
        gas_dm3: None,
        day_gas_dm3: None,
        terms: Terms::NONE,
    };
    let next = house_next.feed(&mut house.account, &moment, |_| {}).unwrap().exceedance[0].unwrap();
    assert_eq!((next.day_wh, next.month_wh), (0, 2000));
}

#[test]
fn a_reference_power_that_four_does_not_divide_is_exact_until_it_is_shown() {
    let mut house = House::new(settings([Some(3001), Some(2998), Some(1)]));
    house.at(MIDNIGHT, 0);
    let first = house.at(MIDNIGHT + 900, 751).exceedance.map(|class| class.unwrap().day_wh);
    // 751 − 750.25, 751 − 749.5, 751 − 0.25, half up.
    assert_eq!(first, [1, 2, 751]);
    let second = house.at(MIDNIGHT + 1800, 1502).exceedance.map(|class| class.unwrap().day_wh);
    assert_eq!(second, [2, 3, 1502]);
    let third = house.at(MIDNIGHT + 2700, 1502).exceedance.map(|class| class.unwrap().day_wh);
    assert_eq!(third, second);
}

#[test]
fn the_quarter_hour_before_midnight_belongs_to_yesterday() {
    let mut house = House::new(settings([Some(3000), None, None]));
    house.at(MIDNIGHT + DAY - 900, 0);
    let before = house.at(MIDNIGHT + DAY - 5, 2000);
    assert_eq!(before.day_import_wh, Some(2000));
    assert_eq!(before.exceedance[0].unwrap().day_wh, 1250);
    let after = house.at(MIDNIGHT + DAY + 5, 2003);
    assert!(matches!(house.entries[..], [Entry::Quarter(quarter)] if quarter.energies.import == Some(2000)));
    assert_eq!(after.day_import_wh, Some(3));
    assert_eq!((after.exceedance[0].unwrap().day_wh, after.exceedance[0].unwrap().month_wh), (0, 1250));
    assert!(after.day_complete && !after.month_complete);
    assert_eq!(after.energy_import_wh, Some(2003));
}

#[test]
fn a_quarter_hour_that_ends_with_the_first_reading_of_a_day_belongs_to_it() {
    let mut house = House::new(settings([Some(3000), None, None]));
    house.at(MIDNIGHT + DAY - 20, 0);
    let first = house.at(MIDNIGHT + DAY + 900, 1000);
    assert_eq!(first.day_import_wh, Some(1000));
    assert_eq!(first.exceedance[0].unwrap().day_wh, 250);
    assert!(first.day_complete);
}

#[test]
fn a_gap_across_midnight_belongs_to_no_day() {
    let mut house = House::new(settings([Some(3000), None, None]));
    house.at(MIDNIGHT, 0);
    house.at(MIDNIGHT + 900, 1000);
    let silent = house.at(MIDNIGHT + DAY + 10, 50_000);
    assert_eq!((silent.day_import_wh, silent.day_complete, silent.month_complete), (None, false, false));
    let exceedance = silent.exceedance[0].unwrap();
    assert_eq!((exceedance.quarter_wh, exceedance.day_wh, exceedance.month_wh), (0, 0, 250));
    let measured = house.at(MIDNIGHT + DAY + 900, 50_800);
    assert_eq!((measured.day_import_wh, measured.day_complete), (Some(0), false));
    let later = house.at(MIDNIGHT + DAY + 1800, 51_800);
    assert_eq!((later.day_import_wh, later.day_complete), (Some(1000), false));
    assert_eq!(later.exceedance[0].unwrap().month_wh, 500);
}

#[test]
fn a_gap_within_the_day_counts_in_it_and_has_no_demand() {
    let mut house = House::new(settings([Some(3000), None, None]));
    house.at(MIDNIGHT, 0);
    let running = house.at(MIDNIGHT + 300, 1000);
    assert_eq!(running.exceedance[0].unwrap().day_wh, 250);
    // What was above already is taken back: that quarter-hour has no end.
    let silent = house.at(MIDNIGHT + 4000, 9000);
    assert_eq!((silent.day_import_wh, silent.day_complete), (Some(9000), false));
    assert_eq!(silent.exceedance[0].unwrap().day_wh, 0);
    let closed = house.at(MIDNIGHT + 4500, 9500);
    assert_eq!((closed.day_import_wh, closed.day_complete, closed.month_complete), (Some(9500), false, false));
    assert_eq!(closed.exceedance[0].unwrap().day_wh, 0);
}

#[test]
fn a_start_within_the_day_is_not_complete() {
    let mut house = House::new(settings([Some(3000), None, None]));
    house.at(MIDNIGHT + 100, 0);
    let calculated = house.at(MIDNIGHT + 300, 2000);
    assert_eq!((calculated.day_import_wh, calculated.day_complete), (Some(2000), false));
    // The quarter-hour will have no demand.
    assert_eq!(calculated.exceedance[0].unwrap().quarter_wh, 0);
    assert_eq!(house.at(MIDNIGHT + 900, 2100).day_import_wh, Some(2100));
}

#[test]
fn a_late_reading_changes_nothing() {
    let mut house = House::new(settings([Some(3000), None, None]));
    house.at(MIDNIGHT + 100, 10);
    let before = house.calculator.clone();
    let mut values = Values::EMPTY;
    values.set(Quantity::EnergyImport, 99);
    values.set(Quantity::PowerImport, 99);
    assert_eq!(house.read(MIDNIGHT + 100, &values), None);
    assert_eq!(house.read(MIDNIGHT - 100, &values), None);
    assert_eq!(house.calculator, before);
}

#[test]
fn powers_now_and_over_the_window() {
    use Quantity as Q;
    let mut house = House::new(Settings { window_minutes: 1, ..Settings::DEFAULT });
    let mut last = Calculated::default();
    for (step, export) in [(0, 9000), (60, 100), (70, 900)] {
        let mut values = Values::EMPTY;
        let powers = [
            (Q::PowerImport, 300),
            (Q::PowerImportL1, 10),
            (Q::PowerImportL2, 20),
            (Q::PowerExport, export),
            (Q::PowerExportL1, 15),
            (Q::PowerExportL2, 5),
            (Q::PowerExportL3, 7),
        ];
        for (quantity, power) in powers {
            values.set(quantity, power);
        }
        last = house.read(MIDNIGHT + step, &values).unwrap();
    }
    let still = |power: i64| Rolling {
        now_w: Some(power),
        window: Some(WindowSpread { mean_cw: power * 100, min_w: power, max_w: power }),
    };
    assert_eq!(last.power_import, [still(300), still(10), still(20), Rolling::default()]);
    let export = Rolling { now_w: Some(900), window: Some(WindowSpread { mean_cw: 50_000, min_w: 100, max_w: 900 }) };
    assert_eq!(last.power_export, [export, still(15), still(5), still(7)]);
    // 100 − 300 is no excess; a phase without import is not known; phases have no window.
    let excess = Rolling { now_w: Some(600), window: Some(WindowSpread { mean_cw: 30_000, min_w: 0, max_w: 600 }) };
    let phase = |now_w| Rolling { now_w, window: None };
    assert_eq!(last.excess_solar, [excess, phase(Some(5)), phase(Some(0)), phase(None)]);
    assert_eq!((last.day_import_wh, last.energy_import_wh, last.day_complete), (None, None, false));
}

#[test]
fn other_reference_powers_after_a_restart_begin_anew() {
    let mut house = House::new(settings([Some(3000), Some(1000), None]));
    house.at(MIDNIGHT, 0);
    house.at(MIDNIGHT + 900, 1000);
    let bytes = house.calculator.to_bytes();
    let with = |references| {
        let mut calculator = Calculator::from_bytes(&bytes, settings(references)).unwrap();
        let mut account = house.account.clone();
        let mut values = Values::EMPTY;
        values.set(Quantity::EnergyImport, 1000);
        let time = MIDNIGHT + 910;
        let moment = Moment {
            time,
            segment: 1,
            day_start: MIDNIGHT,
            month_start: MIDNIGHT,
            values: &values,
            gas_dm3: None,
            day_gas_dm3: None,
            terms: Terms::NONE,
        };
        calculator.feed(&mut account, &moment, |_| {}).unwrap()
    };
    let days = |calculated: &Calculated| calculated.exceedance.map(|class| class.map(|class| class.day_wh));
    let same = with([Some(3000), Some(1000), None]);
    assert_eq!((days(&same), same.day_complete), ([Some(250), Some(750), None], true));
    let moved = with([None, Some(3000), Some(1000)]);
    assert_eq!((days(&moved), moved.day_complete), ([None, Some(250), Some(750)], true));
    let fewer = with([Some(1000), None, None]);
    assert_eq!((days(&fewer), fewer.month_complete), ([Some(750), None, None], true));
    let another = with([Some(3000), Some(2000), None]);
    assert_eq!((days(&another), another.day_complete), ([Some(250), Some(0), None], false));
    assert_eq!(another.day_import_wh, Some(1000));
}

#[test]
fn damaged_bytes_are_refused() {
    let bytes = Calculator::new(Settings::DEFAULT).to_bytes();
    assert!(Calculator::from_bytes(&bytes, Settings::DEFAULT).is_ok());
    assert!(Calculator::from_bytes(&bytes[1..], Settings::DEFAULT).is_err());
    assert!(Calculator::from_bytes(&[], Settings::DEFAULT).is_err());
    let mut other = bytes;
    other[0] += 1;
    assert!(Calculator::from_bytes(&other, Settings::DEFAULT).is_err());
}

/// A board has room for it.
#[test]
fn it_is_as_small_as_it_says() {
    assert!((8_000..11_000).contains(&size_of::<Calculator>()), "{}", size_of::<Calculator>());
    assert_eq!(Calculator::BYTES, 105);
}
