//! The advisor: each class on the household's own quarter-hours.

use smarty_store::Usage;
use smartyreader::costs::Advice;

use super::{HOUSEHOLD, contract, date, made, midnight, span};

#[test]
fn the_advisor_compares_the_classes() {
    let year = span("2025-07-01", "2026-07-01");
    // 5 kW for an hour each day, else 0.4 kW.
    let usage = made(year, |start| (Some(if start.rem_euclid(86_400) < 3600 { 1250 } else { 100 }), None));
    let contract = contract(HOUSEHOLD);
    let advice = Advice::of(&contract, &usage, year, year.1 + 40_000);
    assert_eq!((advice.known_quarters, advice.year_quarters, advice.is_scaled()), (35_040, 35_040, false));
    assert_eq!((advice.highest_w, advice.current_w, advice.prices_of), (Some(5000), Some(3000), date("2026-07-01")));
    assert_eq!(advice.steps.len(), 8);
    // 365 × 2 kWh at 7.65 cents, against 5.42 euro a month: 55.845 and 65.04.
    let three = advice.steps[0];
    assert_eq!(three.advised.quarter_wh / 4, 730_000);
    assert_eq!(three.advised.exceedance.micro_euro(), 55_845_000);
    assert_eq!(three.advised.fixed.micro_euro(), 89_040_000);
    assert_eq!(advice.with_tax(three.advised.total()).micro_euro(), (89_040_000 + 55_845_000) * 108 / 100);
    assert_eq!(advice.steps[1].advised.total().micro_euro(), 154_080_000);
    assert_eq!(advice.cheapest().unwrap().class.reference_w, 3000);
    assert_eq!(three.break_even.unwrap() / 4, 70_849);
    // A tenth more of it and the next class is cheaper: 71 kWh a month are 852 a year.
    let more = made(year, |start| (Some(if start.rem_euclid(86_400) < 4500 { 1250 } else { 100 }), None));
    let advice = Advice::of(&contract, &more, year, year.1);
    assert_eq!(advice.steps[0].advised.quarter_wh / 4, 912_500);
    assert_eq!(advice.cheapest().unwrap().class.reference_w, 7000);
    assert!(!advice.certain, "the prices of 2026 are not all certain");

    // Half a year stands for a whole one, and it is said.
    let half = made(span("2026-01-01", "2026-07-01"), |start| {
        (Some(if start.rem_euclid(86_400) < 3600 { 1250 } else { 100 }), None)
    });
    let advice = Advice::of(&contract, &half, year, year.1);
    assert!(advice.is_scaled());
    assert_eq!(advice.known_quarters, 181 * 96 - 4);
    let known = advice.steps[0].advised.known_quarter_wh;
    assert_eq!(advice.steps[0].advised.quarter_wh, known * 35_040 / i64::from(advice.known_quarters));
    assert!(advice.notes[0].contains("is known. What went beyond was multiplied"), "{:?}", advice.notes);
    // Nothing to compare.
    let advice = Advice::of(&contract, &usage, year, midnight("2027-03-01"));
    assert!(
        advice.steps.is_empty() && advice.notes[0].contains("On 2027-03-01 there is no fixed price"),
        "{:?}",
        advice.notes
    );
    let advice = Advice::of(&contract, &Usage::default(), year, year.1);
    assert!(advice.notes[0].contains("no quarter-hour with a known demand"), "{:?}", advice.notes);
}
