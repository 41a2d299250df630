//! The advisor: each class on the household's own quarter-hours.

use proptest::prelude::*;
use smarty_ledger::cost::Money;
use smarty_store::Usage;
use smartyreader::config::tariff::Component;
use smartyreader::costs::{Advice, Bill};

use super::{HOUSEHOLD, LATER, contract, date, lines, made, midnight, span};

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
    assert_eq!(advice.total(&three).micro_euro(), (89_040_000 + 55_845_000) * 108 / 100);
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
    // What nobody knows yet is compared by what is known, and before all that is known there is nothing to compare.
    let known = Advice::of(&contract, &usage, year, midnight("2026-12-31"));
    let advice = Advice::of(&contract, &usage, year, midnight("2027-03-01"));
    assert!(known.prices_of == advice.prices_of && known.steps == advice.steps && !advice.certain);
    assert!(advice.notes[0].contains("of 2027-03-01 are not known: those of 2026-12-31"), "{:?}", advice.notes);
    let advice = Advice::of(&contract, &usage, year, midnight("2024-03-01"));
    assert!(
        advice.steps.is_empty() && advice.notes[0].contains("On 2024-03-01 there is no fixed price"),
        "{:?}",
        advice.notes
    );
    let advice = Advice::of(&contract, &Usage::default(), year, year.1);
    assert!(advice.notes[0].contains("no quarter-hour with a known demand"), "{:?}", advice.notes);
}

/// Two classes and what goes beyond them, each price without tax in hundred-thousandths of a euro and with its tax in
/// percent; stated with it or without.
fn two_classes(power: u32, fixed: (i64, i64, i64), beyond: (i64, i64), stated: (bool, bool)) -> String {
    let price = |without: i64, vat: i64, with: bool| {
        let nano = without * if with { 100 * (100 + vat) } else { 10_000 };
        format!("{}.{:09}", nano / 1_000_000_000, nano % 1_000_000_000)
    };
    let (lower, higher, vat) = fixed;
    format!(
        "[tariff]\nreference-power = {power}\n\
         [[tariff.price]]\ncomponent = \"network-fixed\"\nvat = {vat}\nincludes-vat = {}\n\
         by-class = {{ 3 = {}, 7 = {} }}\n\
         [[tariff.price]]\ncomponent = \"exceedance\"\nvat = {}\nincludes-vat = {}\nprice = {}\n",
        stated.0,
        price(lower, vat, stated.0),
        price(higher, vat, stated.0),
        beyond.1,
        stated.1,
        price(beyond.0, beyond.1, stated.1),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    /// Whether a price is stated with its tax or without changes nothing, and the advice for a year is what the bill of
    /// that year says: to the millionth of a euro.
    #[test]
    fn advice_is_the_bill_however_the_tax_is_stated(
        lower in 300_000i64..900_000, dearer in 100_000i64..900_000, vat in 0i64..25,
        beyond in 2_000i64..20_000, beyond_vat in 0i64..25, busy in 500i64..12_000,
    ) {
        let year = span("2026-01-01", "2027-01-01");
        let usage = made(year, |start| (Some(if start.rem_euclid(86_400) < busy { 1250 } else { 100 }), None));
        let fixed = (lower, lower + dearer, vat);
        let of = |power, stated| contract(&two_classes(power, fixed, (beyond, beyond_vat), stated));
        let plain = of(3, (false, false));
        let advice = Advice::of(&plain, &usage, year, year.1);
        prop_assert_eq!(plain.terms(year.0).price_micro_euro, Some(beyond * 10));
        for stated in [(true, false), (false, true), (true, true)] {
            let same = of(3, stated);
            prop_assert_eq!(&Advice::of(&same, &usage, year, year.1), &advice, "{:?}", stated);
            prop_assert_eq!(same.terms(year.0), plain.terms(year.0), "{:?}", stated);
        }
        let mut billed: Vec<(Money, u32)> = Vec::new();
        for (power, step) in [3, 7].into_iter().zip(&advice.steps) {
            let bill = Bill::of(&of(power, (true, true)), &usage, year, LATER);
            let sum = |component| lines(&bill, component).iter().map(|line| line.net + line.vat).sum::<Money>();
            let (fixed, exceedance) = (sum(Component::NetworkFixed), sum(Component::Exceedance));
            prop_assert_eq!(advice.fixed(step).micro_euro(), fixed.micro_euro());
            prop_assert_eq!(advice.exceedance(step).micro_euro(), exceedance.micro_euro());
            prop_assert_eq!(advice.total(step).micro_euro(), bill.total().micro_euro());
            billed.push((bill.total(), power * 1000));
        }
        prop_assert_eq!(Some(advice.cheapest().unwrap().class.reference_w), billed.iter().min().map(|one| one.1));
    }
}

#[test]
fn each_price_has_its_own_tax() {
    let year = span("2026-01-01", "2027-01-01");
    // 2 kWh a day beyond 3 kW: 73 euro a year at ten cents, against five a month. Without taxes the higher one is cheaper.
    let usage = made(year, |start| (Some(if start.rem_euclid(86_400) < 3600 { 1250 } else { 100 }), None));
    let advised = |vat, stated| {
        let text = two_classes(3, (500_000, 1_000_000, vat), (10_000, 0), stated);
        let advice = Advice::of(&contract(&text), &usage, year, year.1);
        (advice.cheapest().unwrap().class.reference_w, advice.steps[0].break_even.unwrap() / 4)
    };
    assert_eq!(advised(0, (false, false)), (7000, 50_000));
    // 24 percent of tax on the fixed price alone make it 74.40 euro.
    assert_eq!(advised(24, (false, false)), (3000, 62_000));
    assert_eq!(advised(24, (true, false)), (3000, 62_000));
}
