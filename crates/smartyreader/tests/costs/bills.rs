//! Bills by hand: months, changes of year, contract and clock, gaps.

use jiff::civil::Date;
use smarty_ledger::cost::{Money, Stretch};
use smartyreader::config::tariff::Component;
use smartyreader::costs::{Bill, Line, Note, Quantity};

use super::{HOUSEHOLD, LATER, QUARTER, bill, codes, contract, date, lines, made, midnight, net, span, steady};

#[test]
fn a_month_of_2025_by_hand() {
    let text = format!(
        "{HOUSEHOLD}\
         [[tariff.price]]\ncomponent = \"supplier-fixed\"\nper = \"year\"\nprice = 21\n\
         [[tariff.price]]\ncomponent = \"discount\"\nname = \"direct debit\"\nprice = 1.00\n\
         [[tariff.price]]\ncomponent = \"discount\"\nname = \"electronic bill\"\nprice = 0.50\n\
         [[tariff.price]]\ncomponent = \"feed-in\"\nprice = 0.08\n"
    );
    let november = span("2025-11-01", "2025-12-01");
    // 125 Wh a quarter-hour, and one hour of 5 kW: 360 + 4.5 kWh. 10 kWh of export on the 20th.
    let noon = midnight("2025-11-20") + 12 * 3600;
    let usage = made(november, |start| {
        let busy = (noon..noon + 3600).contains(&start);
        let sunny = (noon - 36_000..noon - 18_000).contains(&start);
        (Some(if busy { 1250 } else { 125 }), Some(if sunny { 500 } else { 0 }))
    });
    let bill = bill(&contract(&text), &usage, november);
    assert_eq!((bill.import_wh, bill.export_wh), (Some(364_500), Some(10_000)));
    assert_eq!(net(&bill, Component::Energy), 48_442_050); // 364.5 × 0.1329
    assert_eq!(net(&bill, Component::SupplierFixed), 1_750_000); // 21 / 12
    assert_eq!(net(&bill, Component::NetworkFixed), 11_110_000);
    assert_eq!(net(&bill, Component::NetworkVolumetric), 27_665_550); // 364.5 × 0.0759
    assert_eq!(net(&bill, Component::Exceedance), 227_800); // 4 × (5 − 3) kW × ¼ h = 2 kWh, × 0.1139
    assert_eq!(net(&bill, Component::Metering), 5_900_000);
    assert_eq!(net(&bill, Component::ElectricityTax), 364_500);
    let discounts: Vec<i64> = lines(&bill, Component::Discount).iter().map(|line| line.net.micro_euro()).collect();
    assert_eq!(discounts, [-1_000_000, -500_000]);
    assert_eq!(net(&bill, Component::FeedIn), -800_000);
    // 93.9599 without tax, 8 % of that, and what is paid out without tax.
    assert_eq!(bill.net().micro_euro(), 93_959_900 - 800_000);
    assert_eq!(bill.vat().micro_euro(), 7_516_792);
    assert_eq!((bill.total().micro_euro(), bill.total().cents()), (100_676_692, 10_068));
    assert_eq!(bill.exceedance(), Some((8000, false)));
    // Nobody knows what the compensation mechanism took or gave in 2025, and the bill says so.
    assert_eq!(codes(&bill), ["price-missing"]);
    assert!(bill.notes[0].sentence().contains("compensation mechanism. It was negative in 2025"), "{:?}", bill.notes);
    assert!(!bill.is_certain() && !bill.is_running());
    assert!(!bill.is_lower_bound(), "what is missing would make it smaller");
    assert!(bill.lines.iter().all(|line| !line.source.is_empty()));
    let uncertain: Vec<Component> = bill.lines.iter().filter(|line| !line.certain).map(|line| line.component).collect();
    assert_eq!(uncertain, [Component::ElectricityTax]);
}

#[test]
fn a_month_of_2026_by_hand_with_an_hour_less() {
    let march = span("2026-03-01", "2026-04-01");
    let usage = steady(march, 100);
    let bill = bill(&contract(HOUSEHOLD), &usage, march);
    assert_eq!((bill.quarters, bill.known_quarters), (743 * 4, 743 * 4));
    assert_eq!(bill.import_wh, Some(297_200));
    assert_eq!(net(&bill, Component::Energy), 36_525_880);
    assert_eq!(net(&bill, Component::NetworkVolumetric), 15_157_200);
    assert_eq!(net(&bill, Component::ElectricityTax), 297_200);
    assert_eq!(net(&bill, Component::Compensation), -297_200);
    assert_eq!(net(&bill, Component::NetworkFixed), 7_420_000);
    assert_eq!(net(&bill, Component::Metering), 5_720_000);
    assert_eq!(net(&bill, Component::Exceedance), 0);
    assert_eq!((bill.net().micro_euro(), bill.total().micro_euro()), (64_823_080, 70_008_926));
    assert_eq!(bill.total().cents(), 7_001);
    assert_eq!(codes(&bill), Vec::<&str>::new());
    assert!(!bill.is_lower_bound());
}

#[test]
fn six_minutes_at_six_kilowatts_exceed_nothing_and_homeservers_hour_does() {
    let day = span("2025-06-02", "2025-06-03");
    let at = |hour: i64| day.0 + hour * 3600;
    // 6 minutes at 6 kW and 9 at 0.5 kW: 675 Wh, a mean of 2.7 kW.
    let usage = made(day, |start| (Some(if start == at(8) { 675 } else { 0 }), None));
    assert_eq!(net(&bill(&contract(HOUSEHOLD), &usage, day), Component::Exceedance), 0);
    // 5 kW for an hour: 2 kWh, 0.2278 euro.
    let usage = made(day, |start| (Some(if (at(18)..at(19)).contains(&start) { 1250 } else { 0 }), None));
    let bill = bill(&contract(HOUSEHOLD), &usage, day);
    assert_eq!((bill.exceedance(), net(&bill, Component::Exceedance)), (Some((8000, false)), 227_800));
}

#[test]
fn the_year_changes_within_a_span() {
    let whole = span("2025-12-15", "2026-01-15");
    let usage = steady(whole, 1000);
    let contract = contract(HOUSEHOLD);
    let bill = bill(&contract, &usage, whole);
    let volumetric: Vec<(Quantity, i64)> =
        lines(&bill, Component::NetworkVolumetric).iter().map(|line| (line.quantity, line.net.micro_euro())).collect();
    assert_eq!(
        volumetric,
        [(Quantity::Energy(4 * 17 * 96_000), 123_868_800), (Quantity::Energy(4 * 14 * 96_000), 68_544_000)]
    );
    let fixed: Vec<i64> = lines(&bill, Component::NetworkFixed).iter().map(|line| line.net.micro_euro()).collect();
    // 17/31 of 11.11 and 14/31 of 7.42.
    assert_eq!(fixed, [6_092_581, 3_350_968]);
    let energy: Vec<(Date, Date)> = lines(&bill, Component::Energy).iter().map(|line| line.days).collect();
    assert_eq!(energy, [(date("2025-12-15"), date("2026-01-01")), (date("2026-01-01"), date("2026-01-15"))]);
    let exceedance = lines(&bill, Component::Exceedance);
    assert_eq!(
        exceedance.iter().map(|line| line.price.unwrap().as_nano_euro()).collect::<Vec<_>>(),
        [113_900_000, 76_500_000]
    );
    // The two parts cost exactly what the whole costs.
    let parts = [span("2025-12-15", "2026-01-01"), span("2026-01-01", "2026-01-15")];
    let sum: Money = parts.map(|part| Bill::of(&contract, &usage, part, LATER).total()).into_iter().sum();
    assert_eq!(sum, bill.total());
    assert_eq!(bill.tariffs, ["Luxembourg, low voltage, 2025", "Luxembourg, low voltage, 2026"]);
}

#[test]
fn a_contract_changes_within_a_month() {
    let text = HOUSEHOLD
        .replace("reference-power = 3", "reference-power = [{ kw = 3 }, { from = 2026-05-12, kw = 7 }]")
        .replace("from = 2026-01-01", "from = 2026-01-01\nto = 2026-05-20")
        + "[[tariff.price]]\ncomponent = \"energy\"\nprice = 0.2\nfrom = 2026-05-20\n";
    let may = span("2026-05-01", "2026-06-01");
    let usage = steady(may, 1250);
    let bill = bill(&contract(&text), &usage, may);
    let of = |component| -> Vec<(Option<u32>, i64, i64)> {
        let line = |line: &&Line| (line.reference_w, line.quantity.milli(), line.net.micro_euro());
        lines(&bill, component).iter().map(line).collect()
    };
    // 11 days at 7.42 and 20 at 12.84, of 31.
    assert_eq!(of(Component::NetworkFixed), [(Some(3000), 355, 2_632_903), (Some(7000), 645, 8_283_871)]);
    // 5 kW all the time: 2 kW beyond 3 for 11 days, nothing beyond 7.
    assert_eq!(of(Component::Exceedance), [(Some(3000), 11 * 24 * 2000, 40_392_000), (Some(7000), 0, 0)]);
    assert_eq!(of(Component::Energy), [(None, 19 * 120_000, 280_212_000), (None, 12 * 120_000, 288_000_000)]);
    assert_eq!(bill.reference_w, Some(7000));

    // A contract that begins on the 12th: nothing before it is counted, and fixed prices for 20 days of 31.
    let text = HOUSEHOLD.replace("[tariff]\n", "[tariff]\nfrom = 2026-05-12\nto = 2026-07-01\n");
    let bill = Bill::of(&contract(&text), &usage, may, LATER);
    assert_eq!((bill.import_wh, bill.days.0), (Some(20 * 120_000), date("2026-05-12")));
    assert_eq!(net(&bill, Component::NetworkFixed), 4_787_097);
    assert_eq!(net(&bill, Component::NetworkVolumetric), 122_400_000);
    let before = Bill::of(&contract(&text), &usage, span("2026-04-01", "2026-05-01"), LATER);
    assert!(before.is_empty() && before.total() == Money::ZERO);
    let after = Bill::of(&contract(&text), &usage, span("2026-07-01", "2026-08-01"), LATER);
    assert!(after.is_empty() && after.lines.is_empty());
}

#[test]
fn the_days_on_which_clocks_change() {
    let contract = contract(HOUSEHOLD);
    for (day, next, quarters, share) in [
        ("2026-03-29", "2026-03-30", 92, 32_258),
        ("2026-10-25", "2026-10-26", 100, 32_258),
        ("2026-11-23", "2026-11-24", 96, 33_333),
    ] {
        let day = span(day, next);
        let bill = bill(&contract, &steady(day, 100), day);
        assert_eq!((bill.quarters, bill.import_wh), (quarters, Some(100 * quarters)));
        assert_eq!(net(&bill, Component::Energy), quarters * 12_290);
        let [fixed] = lines(&bill, Component::NetworkFixed)[..] else { panic!() };
        assert_eq!(fixed.quantity, Quantity::Months(share), "a day is a day, whatever its hours");
    }
}

#[test]
fn a_gap_costs_its_energy_and_makes_the_exceedance_a_lower_bound() {
    let month = span("2026-02-01", "2026-03-01");
    let (from, to) = (midnight("2026-02-10") + 3600, midnight("2026-02-10") + 5 * 3600);
    let mut usage = made(month, |start| (Some(1000).filter(|_| !(from..to).contains(&start)), Some(0)));
    usage.gaps.push(Stretch { start: from, end: to, import: Some(30_000), export: Some(0) });
    let contract = contract(HOUSEHOLD);
    let bill = bill(&contract, &usage, month);
    assert_eq!((bill.quarters, bill.known_quarters), (2688, 2672));
    assert_eq!(bill.import_wh, Some(2_672_000 + 30_000));
    let [volumetric] = lines(&bill, Component::NetworkVolumetric)[..] else { panic!() };
    assert_eq!((volumetric.net.micro_euro(), volumetric.gap_wh), (2_702 * 51_000, 30_000));
    assert!(!volumetric.at_least, "the whole gap has one price");
    let [exceedance] = lines(&bill, Component::Exceedance)[..] else { panic!() };
    assert_eq!((exceedance.quantity, exceedance.at_least), (Quantity::Energy(2672 * 1000), true));
    assert_eq!(codes(&bill), ["demand-unknown"]);
    assert!(bill.notes[0].sentence().contains("the demand of 16 of 2688 quarter-hours is not known"));
    assert!(bill.is_lower_bound());

    // Across midnight it is in the month, but in neither of the days, and both say so.
    let mut usage = usage.clone();
    usage.gaps[0] = Stretch { start: from - 7200, end: to, ..usage.gaps[0] };
    assert_eq!(Bill::of(&contract, &usage, month, LATER).import_wh, Some(2_672_000 + 30_000));
    for day in [span("2026-02-09", "2026-02-10"), span("2026-02-10", "2026-02-11")] {
        let bill = Bill::of(&contract, &usage, day, LATER);
        assert!(codes(&bill).contains(&"gap-across-border"), "{:?}", bill.notes);
        assert_eq!(lines(&bill, Component::Energy)[0].gap_wh, 0);
    }

    // Across the change of the year's prices it counts at the cheaper one, as what it costs at least.
    let turn = midnight("2026-01-01");
    let mut usage = made((turn - 7200, turn + 7200), |_| (None, None));
    usage.gaps.push(Stretch { start: turn - 3600, end: turn + 3600, import: Some(8000), export: None });
    let bill = Bill::of(&contract, &usage, (turn - 7200, turn + 7200), LATER);
    let volumetric: Vec<(i64, bool)> =
        lines(&bill, Component::NetworkVolumetric).iter().map(|line| (line.net.micro_euro(), line.at_least)).collect();
    assert_eq!(volumetric, [(0, false), (408_000, true)]);
    assert!(codes(&bill).contains(&"gap-across-prices"), "{:?}", bill.notes);
    // The compensation of 2025 is not known, so the gap has no price for all of itself.
    assert!(bill.notes.iter().any(|note| matches!(note, Note::Unpriced { wh: 8000, .. })), "{:?}", bill.notes);
}

#[test]
fn a_month_that_is_not_over_is_counted_so_far() {
    let month = span("2026-02-01", "2026-03-01");
    let now = midnight("2026-02-11") + 12 * 3600 + 100;
    let mut usage = steady((month.0, now - 100 + QUARTER), 1000);
    usage.last = Some(now - 5);
    let bill = Bill::of(&contract(HOUSEHOLD), &usage, month, now);
    assert!(bill.is_running() && bill.until == now && !bill.is_lower_bound(), "{:?}", bill.notes);
    assert_eq!((bill.quarters, bill.known_quarters), (10 * 96 + 49, 10 * 96 + 49));
    // Eleven days have begun.
    assert_eq!(net(&bill, Component::NetworkFixed), 7_420_000 * 11 / 28);
    // Just after a border the telegram of the new quarter-hour is on its way: nothing is missing.
    let border = now - 100 + QUARTER;
    usage.last = Some(border - 5);
    let bill = Bill::of(&contract(HOUSEHOLD), &usage, month, border + 3);
    assert_eq!((bill.quarters, bill.known_quarters), (10 * 96 + 49, 10 * 96 + 49));
    usage.last = Some(now - 5);
    // An hour of silence later the quarter-hours since are not known, nor is the one in which it fell silent.
    let bill = Bill::of(&contract(HOUSEHOLD), &usage, month, now + 3600);
    assert_eq!((bill.quarters - bill.known_quarters, bill.is_lower_bound()), (5, true));
    assert_eq!(codes(&bill), ["silent", "demand-unknown", "running"]);
    let said = "No telegram since 2026-02-11 12:01: the energy since then is not in this bill.";
    assert_eq!(bill.notes[0].sentence(), said);
    // Without a reference power nothing else says that energy is missing.
    let bare = contract("[tariff]\nvat = 8\n[[tariff.price]]\ncomponent = \"energy\"\nprice = 0.1229\n");
    let told = |span, now| {
        let bill = Bill::of(&bare, &usage, span, now);
        (codes(&bill), bill.is_lower_bound())
    };
    let [day, after] = [span("2026-02-10", "2026-02-11"), span("2026-02-20", "2026-02-21")];
    assert_eq!(told(day, LATER), (vec![], false), "it was over before");
    assert_eq!(told(after, LATER), (vec!["silent"], true));
    assert_eq!(told(month, now + 900 - 5), (vec!["running"], false));
    assert_eq!(told(month, now + 900 - 4), (vec!["silent", "running"], true));
    let bill = Bill::of(&contract(HOUSEHOLD), &usage, span("2026-03-01", "2026-04-01"), now);
    assert!(bill.is_empty() && bill.total() == Money::ZERO, "it has not begun");
}
