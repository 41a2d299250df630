//! Costs by hand, and the laws that hold for whatever is charged.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

use proptest::collection::vec;
use proptest::prelude::*;
use smarty_ledger::cost::{
    Advised, Basis, Charged, Class, Clock, Days, LocalTime, Metered, Money, Price, Pricing, Rate, Span, Stretch, Tally,
    Window, advise, break_even, charge, charge_gap, slots,
};

const QUARTER: i64 = 900;
const DAY: i64 = 86_400;
/// What Luxembourg's network costs a kWh beyond the reference power in 2025 and in 2026.
const BEYOND: [i64; 2] = [113_900_000, 76_500_000];

const fn nano(nano_euro: i64) -> Price {
    Price::nano_euro(nano_euro)
}

fn flat(from: i64, to: i64, basis: Basis, price: i64) -> Rate<'static> {
    Rate { from, to, basis, pricing: Pricing::Flat(nano(price)) }
}

/// Quarter-hours from 0 on with these imports.
fn quarters(imports: &[i64]) -> Vec<Metered> {
    let start = |index| QUARTER * index as i64;
    imports
        .iter()
        .enumerate()
        .map(|(index, &wh)| Metered { start: start(index), import: Some(wh), export: Some(wh / 3) })
        .collect()
}

fn charged(rates: &[Rate<'_>], quarters: &[Metered], clock: &Clock<'_>) -> (Vec<Tally>, i64) {
    let mut tallies = vec![Tally::default(); slots(rates)];
    let unpriced = charge(rates, quarters, clock, &mut tallies);
    (tallies, unpriced)
}

fn excess(reference_w: u32, imports: &[i64]) -> i64 {
    let rates = [flat(0, i64::MAX, Basis::Excess { reference_w }, 0)];
    charged(&rates, &quarters(imports), &Clock::UTC).0[0].quarter_wh
}

#[test]
fn six_minutes_at_six_kilowatts_and_nine_at_a_half_exceed_nothing() {
    // 600 Wh and 75 Wh: the quarter-hour's mean is 2.7 kW.
    assert_eq!(excess(3000, &[600 + 75]), 0);
    assert_eq!(excess(2600, &[675]), 100, "a tenth of a kW for a quarter of an hour: 25 Wh");
}

#[test]
fn five_kilowatts_for_an_hour_at_three_are_two_kilowatt_hours() {
    let rates = [flat(0, DAY, Basis::Excess { reference_w: 3000 }, BEYOND[0])];
    let (tallies, unpriced) = charged(&rates, &quarters(&[1250; 4]), &Clock::UTC);
    assert_eq!((tallies[0].quarter_wh, unpriced), (4 * 2000, 0));
    assert_eq!(tallies[0].amount.micro_euro(), 227_800);
}

#[test]
fn each_component_by_hand() {
    // 300 kWh of a month at the network's 7.59 cents: 22.77 euro; 8 % of it 1.8216.
    let amount = Money::of_energy(4 * 300_000, nano(75_900_000));
    assert_eq!((amount.micro_euro(), amount.vat(800).micro_euro()), (22_770_000, 1_821_600));
    // The fixed 7.42 of class 3: whole months, and from the 12th of a month of 30 days on 19 of its days.
    let month = nano(7_420_000_000);
    assert_eq!(Money::of_days(31, 31, month, Span::Month).micro_euro(), 7_420_000);
    assert_eq!(Money::of_days(28, 28, month, Span::Month), Money::of_days(30, 30, month, Span::Month));
    assert_eq!(Money::of_days(19, 30, month, Span::Month).micro_euro(), 4_699_333);
    // 21 euro a year are 1.75 a month, whatever its length.
    assert_eq!(Money::of_days(28, 28, nano(21_000_000_000), Span::Year).micro_euro(), 1_750_000);
    // Paid for 12 kWh of export at 8 cents, and a discount of a euro.
    assert_eq!((-Money::of_energy(4 * 12_000, nano(80_000_000))).micro_euro(), -960_000);
    assert_eq!(Money::of_days(31, 31, nano(-1_000_000_000), Span::Month).micro_euro(), -1_000_000);
    // 0.04 euro with 8 % in it are 0.037037037… without.
    let gross = Money::of_energy(4000, nano(40_000_000));
    assert_eq!((gross.vat_within(800).micro_euro(), (gross - gross.vat_within(800)).micro_euro()), (2963, 37_037));
}

#[test]
fn rounding_happens_once() {
    // A third of a micro-euro, three times, is one.
    let third = Money::of_days(10, 30, nano(1000), Span::Month);
    assert_eq!((third.micro_euro(), (third + third + third).micro_euro()), (0, 1));
}

#[test]
fn a_price_changes_in_the_middle_of_everything() {
    let rates = [flat(0, 1800, Basis::Import, 75_900_000), flat(1800, DAY, Basis::Import, 51_000_000)];
    let (tallies, unpriced) = charged(&rates, &quarters(&[100, 200, 400, 800]), &Clock::UTC);
    assert_eq!(tallies.iter().map(|tally| tally.quarter_wh / 4).collect::<Vec<_>>(), [300, 1200]);
    assert_eq!(tallies.iter().map(|tally| tally.amount.micro_euro()).collect::<Vec<_>>(), [22_770, 61_200]);
    assert_eq!(unpriced, 0);
    // Before the first and after the last there is no rate.
    let rates = [flat(900, 1800, Basis::Import, 1)];
    let (tallies, unpriced) = charged(&rates, &quarters(&[100, 200, 400]), &Clock::UTC);
    assert_eq!((tallies[0].quarter_wh, unpriced), (800, 0));
    // Within a rate there may be times without a price.
    let windows = [(Window { days: Days::ALL, from: 15, to: 30 }, nano(7))];
    let pricing = Pricing::Week { windows: &windows, otherwise: None };
    let rates = [Rate { from: 0, to: DAY, basis: Basis::Import, pricing }];
    let (tallies, unpriced) = charged(&rates, &quarters(&[100, 200, 400]), &Clock::UTC);
    assert_eq!((tallies.len(), tallies[0].quarter_wh, unpriced), (1, 800, 4 * 500));
}

#[test]
fn a_gap_costs_what_its_energy_costs_and_has_no_demand() {
    let gap = |start, end| Stretch { start, end, import: Some(700), export: Some(90) };
    let rates = [flat(0, 9000, Basis::Import, 100_000_000), flat(9000, DAY, Basis::Import, 200_000_000)];
    let mut tallies = [Tally::default(); 2];
    assert_eq!(charge_gap(&rates, &gap(900, 9000), &Clock::UTC, &mut tallies), Charged::Exactly);
    assert_eq!((tallies[0].gap_quarter_wh, tallies[0].at_least_quarter_wh), (2800, 0));
    assert_eq!(tallies[0].amount.micro_euro(), 70_000);
    // Across a change of price it costs at least what it would cost at the lower one.
    assert_eq!(charge_gap(&rates, &gap(8100, 9900), &Clock::UTC, &mut tallies), Charged::AtLeast);
    assert_eq!((tallies[0].at_least_quarter_wh, tallies[1]), (2800, Tally::default()));
    assert_eq!(charge_gap(&rates, &gap(8100, DAY + 1), &Clock::UTC, &mut tallies), Charged::Unpriced);
    assert_eq!(tallies[0].quarter_wh, 5600);
    // Export costs least where it is paid best.
    let rates = [flat(0, 9000, Basis::Export, 50_000_000), flat(9000, DAY, Basis::Export, 60_000_000)];
    let mut tallies = [Tally::default(); 2];
    assert_eq!(charge_gap(&rates, &gap(8100, 9900), &Clock::UTC, &mut tallies), Charged::AtLeast);
    assert_eq!((tallies[0].quarter_wh, tallies[1].quarter_wh), (0, 360));
    let rates = [flat(0, DAY, Basis::Excess { reference_w: 1 }, 1)];
    assert_eq!(charge_gap(&rates, &gap(0, 900), &Clock::UTC, &mut tallies), Charged::Nothing);
    let unknown = Stretch { import: None, ..gap(0, 900) };
    let rates = [flat(0, DAY, Basis::Import, 1)];
    assert_eq!(charge_gap(&rates, &unknown, &Clock::UTC, &mut tallies), Charged::Nothing);
}

#[test]
fn a_gap_within_one_window_is_exact_and_across_two_is_not() {
    let windows = [(Window { days: Days::ALL, from: 0, to: 360 }, nano(90_000_000))];
    let pricing = Pricing::Week { windows: &windows, otherwise: Some(nano(150_000_000)) };
    let rates = [Rate { from: 0, to: 10 * DAY, basis: Basis::Import, pricing }];
    let gap = |start, end| Stretch { start, end, import: Some(1000), export: None };
    let mut tallies = [Tally::default(); 2];
    assert_eq!(charge_gap(&rates, &gap(0, 6 * 3600), &Clock::UTC, &mut tallies), Charged::Exactly);
    assert_eq!(charge_gap(&rates, &gap(6 * 3600, DAY), &Clock::UTC, &mut tallies), Charged::Exactly);
    assert_eq!(tallies.map(|tally| tally.amount.micro_euro()), [90_000, 150_000]);
    assert_eq!(charge_gap(&rates, &gap(6 * 3600, DAY + 1), &Clock::UTC, &mut tallies), Charged::AtLeast);
    assert_eq!(tallies[0].at_least_quarter_wh, 4000);
}

#[test]
fn hours_without_a_price_are_told() {
    let hours = [(0, nano(10_000_000)), (7200, nano(-20_000_000))];
    let rates = [Rate { from: 0, to: DAY, basis: Basis::Import, pricing: Pricing::Hourly(&hours) }];
    let (tallies, unpriced) = charged(&rates, &quarters(&[100; 12]), &Clock::UTC);
    assert_eq!((tallies[0].quarter_wh, unpriced), (3200, 1600));
    assert_eq!(tallies[0].amount.micro_euro(), 4000 - 8000);
    assert_eq!(tallies[0].amount.price_of(tallies[0].quarter_wh), Some(nano(-5_000_000)));
}

#[test]
fn the_days_on_which_clocks_change() {
    // Luxembourg: 29 March 2026 has no 02:00, 25 October 2026 has it twice. Nights are from 22 to 6.
    let offsets = [(0, 3600), (1_774_746_000, 7200), (1_792_890_000, 3600)];
    let clock = Clock { offsets: &offsets, holidays: &[] };
    let windows = [(Window { days: Days::ALL, from: 22 * 60, to: 6 * 60 }, nano(1))];
    let pricing = Pricing::Week { windows: &windows, otherwise: Some(nano(2)) };
    for (midnight, hours, night) in [(1_774_738_800, 23, 7), (1_792_879_200, 25, 9), (1_795_388_400, 24, 8)] {
        let all: Vec<Metered> = (0..hours * 4)
            .map(|index| Metered { start: midnight + QUARTER * index, import: Some(250), export: None })
            .collect();
        let rates = [Rate { from: midnight, to: midnight + hours * 3600, basis: Basis::Import, pricing }];
        let (tallies, unpriced) = charged(&rates, &all, &clock);
        assert_eq!(tallies[0].quarter_wh / 4000, night, "{midnight}");
        assert_eq!((tallies[1].quarter_wh / 4000, unpriced), (hours - night, 0));
    }
}

#[test]
fn the_advisors_break_even() {
    let class = |kw: i64, month| Class { reference_w: (kw * 1000) as u32, month: nano(month) };
    let (three, seven, twelve) = (class(3, 7_420_000_000), class(7, 12_840_000_000), class(12, 19_610_000_000));
    // About 71 and 88 kWh a month, as reckoned from the fixed prices of 2026.
    assert_eq!(break_even(three, seven, nano(BEYOND[1])).unwrap() / 4, 70_849);
    assert_eq!(break_even(seven, twelve, nano(BEYOND[1])).unwrap() / 4, 88_496);
    assert_eq!(break_even(seven, three, nano(BEYOND[1])), None);
    assert_eq!(break_even(three, seven, nano(0)), None);

    // A tenth of a year known: an hour of 5 kW in it stands for ten.
    let mut imports = vec![100; 3504];
    imports[..4].fill(1250);
    let mut advised = [Advised::default(); 2];
    assert_eq!(advise(&[three, seven], nano(BEYOND[1]), &quarters(&imports), 35_040, &mut advised), 3504);
    assert_eq!((advised[0].known_quarter_wh, advised[0].quarter_wh), (8000, 80_000));
    assert_eq!(advised[0].fixed.micro_euro(), 12 * 7_420_000);
    assert_eq!(advised[0].exceedance.micro_euro(), 20 * 76_500);
    assert_eq!(advised[0].total().micro_euro(), 12 * 7_420_000 + 20 * 76_500);
    assert_eq!((advised[1].exceedance, advised[1].fixed.micro_euro()), (Money::ZERO, 12 * 12_840_000));
    assert_eq!(advise(&[three], nano(1), &[], 35_040, &mut advised), 0);
    assert_eq!(advised[0].exceedance, Money::ZERO);
}

/// Windows of the week as a test makes them up.
fn window() -> impl Strategy<Value = Window> {
    (any::<u8>(), 0u16..24, 0u16..=24).prop_map(|(days, from, to)| {
        let all = (0..7).filter(|day| days >> day & 1 == 1).map(Days::weekday);
        let days = all.fold(if days & 0x80 == 0 { Days::NONE } else { Days::HOLIDAY }, Days::and);
        Window { days, from: from * 60, to: to * 60 }
    })
}

/// Minute by minute, from the days' names: is this minute of this day in the window?
fn slowly(window: Window, time: LocalTime, clock: &Clock<'_>) -> bool {
    let length = match (window.from, window.to) {
        (from, to) if from < to => to - from,
        (from, to) => 1440 - from + to,
    };
    (0..length).any(|minutes| {
        let minute = window.from + minutes;
        let began = time.day - i64::from(minute / 1440);
        minute % 1440 == time.minute && window.days.contain(clock.kind(began))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// However a span is cut into days, the days cost exactly what the span costs.
    #[test]
    fn days_add_up_without_rounding(
        imports in vec(prop_oneof![4 => (0i64..9000).prop_map(Some), 1 => Just(None)], 1..400),
        prices in vec((-1_000_000_000_000i64..1_000_000_000_000, 1i64..200), 1..6),
        reference_w in 0u32..20_000,
        cuts in vec(0usize..400, 0..8),
        windows in vec((window(), -500_000_000i64..500_000_000), 0..4),
        vat in 0u16..10_000,
    ) {
        let all: Vec<Metered> = imports
            .iter()
            .enumerate()
            .map(|(index, &import)| Metered { start: QUARTER * index as i64, import, export: import.map(|wh| wh / 7) })
            .collect();
        let windows: Vec<(Window, Price)> = windows.into_iter().map(|(window, price)| (window, nano(price))).collect();
        for basis in [Basis::Import, Basis::Export, Basis::Excess { reference_w }] {
            let mut from = 0;
            let mut rates = Vec::new();
            for (index, &(price, length)) in prices.iter().enumerate() {
                let to = from + length * QUARTER;
                let pricing = if index % 2 == 0 {
                    Pricing::Flat(nano(price))
                } else {
                    Pricing::Week { windows: &windows, otherwise: Some(nano(price)) }
                };
                rates.push(Rate { from, to, basis, pricing });
                from = to;
            }
            let (whole, unpriced) = charged(&rates, &all, &Clock::UTC);
            let mut borders: Vec<usize> = cuts.iter().map(|cut| cut % all.len()).chain([0, all.len()]).collect();
            borders.sort_unstable();
            let parts: Vec<(Vec<Tally>, i64)> =
                borders.windows(2).map(|pair| charged(&rates, &all[pair[0]..pair[1]], &Clock::UTC)).collect();
            for (slot, tally) in whole.iter().enumerate() {
                let amount: Money = parts.iter().map(|(tallies, _)| tallies[slot].amount).sum();
                let quarter_wh: i64 = parts.iter().map(|(tallies, _)| tallies[slot].quarter_wh).sum();
                prop_assert_eq!((amount, quarter_wh), (tally.amount, tally.quarter_wh));
                let taxes: Money = parts.iter().map(|(tallies, _)| tallies[slot].amount.vat(vat)).sum();
                prop_assert_eq!(taxes, tally.amount.vat(vat), "tax on the parts is the tax on the sum");
            }
            prop_assert_eq!(unpriced, parts.iter().map(|(_, unpriced)| unpriced).sum::<i64>());
        }
    }

    /// Beyond the reference power: quarter-hour by quarter-hour, in plain words.
    #[test]
    fn exceedance_equals_a_slow_reference(imports in vec(0i64..20_000, 0..300), reference_w in 0u32..100_000) {
        let mut beyond_wh_times_4 = 0_i64;
        for wh in &imports {
            // The mean power of the quarter-hour, W; a quarter of an hour of what is above the reference, in Wh.
            let demand_w = wh * 4;
            if demand_w > i64::from(reference_w) {
                let above_w = demand_w - i64::from(reference_w);
                // above_w × 1/4 h, in quarters of a Wh.
                beyond_wh_times_4 += above_w;
            }
        }
        prop_assert_eq!(excess(reference_w, &imports), beyond_wh_times_4);
        let mut advised = [Advised::default()];
        let class = [Class { reference_w, month: nano(0) }];
        advise(&class, nano(1), &quarters(&imports), 35_040, &mut advised);
        prop_assert_eq!(advised[0].known_quarter_wh, beyond_wh_times_4);
    }

    #[test]
    fn windows_equal_a_slow_reference(window in window(), day in -1000i64..30_000, minute in 0u16..1440, holiday: bool) {
        let holidays = [day];
        let clock = Clock { offsets: &[], holidays: if holiday { &holidays } else { &[] } };
        let time = LocalTime { day, minute };
        prop_assert_eq!(window.contains(time, &clock), slowly(window, time, &clock));
    }

    /// Each day of a month is an equal part: in whatever pieces, a month costs a month.
    #[test]
    fn days_of_a_month_make_a_month(
        days_in_month in 28u32..=31, first in 0u32..=31, price in -1_000_000_000_000i64..1_000_000_000_000,
    ) {
        let first = first.min(days_in_month);
        for span in [Span::Month, Span::Year] {
            let part = |days| Money::of_days(days, days_in_month, nano(price), span);
            prop_assert_eq!(part(first) + part(days_in_month - first), Money::of_days(30, 30, nano(price), span));
        }
        let year: Money = (0..12).map(|_| Money::of_days(days_in_month, days_in_month, nano(price), Span::Year)).sum();
        prop_assert_eq!(year, Money::of_days(30, 30, nano(price), Span::Month));
    }

    /// What a gap costs is never more than what its quarter-hours would cost, however they are spread.
    #[test]
    fn a_gap_is_a_lower_bound(
        imports in vec(0i64..5000, 1..60), windows in vec((window(), -500_000_000i64..500_000_000), 0..4),
        change in 1i64..60, price in -500_000_000i64..500_000_000,
    ) {
        let all = quarters(&imports);
        let windows: Vec<(Window, Price)> = windows.into_iter().map(|(window, price)| (window, nano(price))).collect();
        let week = Pricing::Week { windows: &windows, otherwise: Some(nano(price)) };
        for (basis, energy) in [
            (Basis::Import, all.iter().filter_map(|quarter| quarter.import).sum::<i64>()),
            (Basis::Export, all.iter().filter_map(|quarter| quarter.export).sum::<i64>()),
        ] {
            let rates = [
                Rate { from: 0, to: change * QUARTER, basis, pricing: Pricing::Flat(nano(75_900_000)) },
                Rate { from: change * QUARTER, to: DAY, basis, pricing: week },
            ];
            let gap = Stretch {
                start: 0, end: QUARTER * all.len() as i64, import: Some(energy), export: Some(energy),
            };
            let mut tallies = vec![Tally::default(); slots(&rates)];
            let outcome = charge_gap(&rates, &gap, &Clock::UTC, &mut tallies);
            let gap: Money = tallies.iter().map(|tally| tally.amount).sum();
            let known: Money = charged(&rates, &all, &Clock::UTC).0.iter().map(|tally| tally.amount).sum();
            match outcome {
                Charged::Exactly => prop_assert_eq!(gap, known),
                Charged::AtLeast if basis == Basis::Export => prop_assert!(gap >= known),
                Charged::AtLeast => prop_assert!(gap <= known),
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
