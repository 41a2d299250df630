//! Bills by hand, and what holds for every bill.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

use std::fmt::Write as _;
use std::path::Path;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use proptest::collection::vec;
use proptest::prelude::*;
use smarty_ledger::cost::{Metered, Money, Stretch};
use smarty_store::Usage;
use smartyreader::config::tariff::Component;
use smartyreader::config::{self, Config};
use smartyreader::costs::{Advice, Bill, Contract, Line, Note, Quantity, Unit, Zone};

const QUARTER: i64 = 900;
/// After everything here.
const LATER: i64 = 1_900_000_000;

/// A household with Sudstroum's prices in the network's lowest class.
const HOUSEHOLD: &str = r#"
[tariff]
network = "luxembourg"
reference-power = 3
main-fuse = 40
[[tariff.price]]
component = "energy"
price = 0.1329
to = 2026-01-01
[[tariff.price]]
component = "energy"
price = 0.1229
from = 2026-01-01
"#;

fn parsed(text: &str) -> Config {
    config::parse(text, "test.toml").unwrap()
}

fn luxembourg() -> TimeZone {
    TimeZone::get("Europe/Luxembourg").unwrap()
}

fn contract(text: &str) -> Contract {
    Contract::read(parsed(text).tariff.as_ref().unwrap(), luxembourg()).unwrap()
}

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn midnight(text: &str) -> i64 {
    Zone::new(luxembourg()).midnight(date(text))
}

fn span(from: &str, to: &str) -> (i64, i64) {
    (midnight(from), midnight(to))
}

/// Quarter-hours with this import each, and no export.
fn steady(span: (i64, i64), wh: i64) -> Usage {
    made(span, |_| (Some(wh), None))
}

fn made((from, to): (i64, i64), energies: impl Fn(i64) -> (Option<i64>, Option<i64>)) -> Usage {
    let quarters = (from..to).step_by(900).map(|start| {
        let (import, export) = energies(start);
        Metered { start, import, export }
    });
    Usage { quarters: quarters.collect(), gaps: Vec::new(), first: Some(from), last: Some(to - 10) }
}

fn bill(contract: &Contract, usage: &Usage, span: (i64, i64)) -> Bill {
    Bill::of(contract, usage, span, LATER)
}

fn lines(bill: &Bill, component: Component) -> Vec<&Line> {
    bill.lines.iter().filter(|line| line.component == component).collect()
}

/// The only line of a component: its amount without tax, in micro-euro.
fn net(bill: &Bill, component: Component) -> i64 {
    let [line] = lines(bill, component)[..] else { panic!("{component:?}: {:#?}", bill.lines) };
    line.net.micro_euro()
}

fn codes(bill: &Bill) -> Vec<&'static str> {
    bill.notes.iter().map(Note::code).collect()
}

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
fn windows_of_the_week_and_holidays() {
    let text = "[tariff]\nvat = 17\nholidays = [2026-06-23]\n\
        [[tariff.price]]\ncomponent = \"energy\"\nprice = 0.20\n\
        windows = [{ name = \"night\", days = \"mon-fri\", from = \"22:00\", to = \"06:00\", price = 0.10 }, \
                   { name = \"weekend\", days = [\"sat-sun\", \"holiday\"], price = 0.12 }]\n";
    // Monday the 22nd to Sunday the 28th of June 2026; Tuesday is a holiday.
    let week = span("2026-06-22", "2026-06-29");
    let usage = steady(week, 250);
    let bill = bill(&contract(text), &usage, week);
    let energy: Vec<(Option<&str>, i64)> = lines(&bill, Component::Energy)
        .iter()
        .map(|line| (line.window.as_deref(), line.quantity.milli() / 1000))
        .collect();
    // Nights of four working days, 8 h each: Sunday's into Monday is the weekend's, as are Monday's small hours nobody's
    // window: they belong to no working day's night, for the Sunday before began it.
    assert_eq!(energy, [(Some("night"), 4 * 8), (Some("weekend"), 18 + 42), (Some("all other times"), 168 - 32 - 60)]);
    assert_eq!(bill.taxes.iter().map(|tax| tax.basis_points).collect::<Vec<_>>(), [1700]);
    assert!(bill.is_certain(), "own prices are certain: {:?}", bill.notes);
}

#[test]
fn hourly_prices_come_from_a_file_and_missing_hours_are_told() {
    let folder = tempdir("hourly");
    let day = span("2026-10-25", "2026-10-26");
    let mut csv = String::from("time,eur_per_mwh\n");
    // The day has 25 hours; the last two have no price.
    for hour in 0..23 {
        let start = jiff::Timestamp::from_second(day.0 + 3600 * hour).unwrap();
        writeln!(csv, "{start},{}.5", 10 * hour).unwrap();
    }
    std::fs::write(folder.join("prices.csv"), csv).unwrap();
    let text = "[tariff]\nnetwork = \"luxembourg\"\nreference-power = 3\nmain-fuse = 40\n[[tariff.price]]\ncomponent = \"energy\"\nhourly = \"prices.csv\"\n\
        [[tariff.price]]\ncomponent = \"energy\"\nname = \"margin\"\nprice = 0.01\n";
    let path = folder.join("test.toml");
    std::fs::write(&path, text).unwrap();
    let read = || Contract::read(config::load(&path).unwrap().tariff.as_ref().unwrap(), luxembourg()).unwrap();
    let usage = steady(day, 250);
    let of_day = bill(&read(), &usage, day);
    let [hourly, margin] = lines(&of_day, Component::Energy)[..] else { panic!("{:#?}", of_day.lines) };
    // A kWh in each hour: Σ (10 h + 0.5) €/MWh for 23 hours.
    assert_eq!((hourly.net.micro_euro(), hourly.is_mean), (2_541_500, true));
    assert_eq!(hourly.price.unwrap().as_nano_euro(), 110_500_000);
    assert_eq!((margin.net.micro_euro(), margin.name.as_deref()), (250_000, Some("margin")));
    assert!(
        of_day
            .notes
            .iter()
            .any(|note| note.sentence() == "2.000 kWh have no price of energy and are not counted there.")
    );
    assert!(!of_day.is_certain());
    // The prices arrive: the past changes by itself.
    let more = jiff::Timestamp::from_second(day.0 + 3600 * 23).unwrap();
    let last = jiff::Timestamp::from_second(day.0 + 3600 * 24).unwrap();
    let csv = std::fs::read_to_string(folder.join("prices.csv")).unwrap() + &format!("{more},1000\n{last},-100\n");
    std::fs::write(folder.join("prices.csv"), csv).unwrap();
    assert_eq!(lines(&bill(&read(), &usage, day), Component::Energy)[0].net.micro_euro(), 2_541_500 + 900_000);
    std::fs::write(folder.join("prices.csv"), "time,eur_per_mwh\nsoon,1\n").unwrap();
    let broken = bill(&read(), &usage, day);
    let sentence = broken.notes.iter().find(|note| note.code() == "hourly-file").unwrap().sentence();
    assert!(sentence.contains("prices.csv cannot be used: line 2: \"soon\" is no hour"), "{sentence}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn taxes_by_component_and_within_prices() {
    let text = "[tariff]\nvat = 8\n\
        [[tariff.price]]\ncomponent = \"energy\"\nprice = 0.108\nincludes-vat = true\n\
        [[tariff.price]]\ncomponent = \"other\"\nname = \"service\"\nper = \"month\"\nprice = 10\nvat = 17\n\
        [[tariff.price]]\ncomponent = \"feed-in\"\nprice = 0.1\nvat = 8\n";
    let month = span("2026-02-01", "2026-03-01");
    let usage = made(month, |start| {
        (Some(if start == month.0 { 100_000 } else { 0 }), Some(if start == month.0 { 10_000 } else { 0 }))
    });
    let bill = bill(&contract(text), &usage, month);
    let [energy] = lines(&bill, Component::Energy)[..] else { panic!() };
    assert_eq!((energy.net.micro_euro(), energy.vat.micro_euro()), (10_000_000, 800_000));
    let mut taxes: Vec<(u16, i64, i64)> =
        bill.taxes.iter().map(|tax| (tax.basis_points, tax.net.micro_euro(), tax.vat.micro_euro())).collect();
    taxes.sort_unstable();
    assert_eq!(taxes, [(800, 9_000_000, 720_000), (1700, 10_000_000, 1_700_000)]);
    assert_eq!(bill.total().micro_euro(), 21_420_000);
}

#[test]
fn ones_own_prices_take_the_place_of_the_files() {
    let text = format!(
        "{HOUSEHOLD}[[tariff.price]]\ncomponent = \"exceedance\"\nprice = 0.1\nfrom = 2026-02-11\nto = 2026-02-21\nsource = \"my bill\"\n\
         [[tariff.price]]\ncomponent = \"compensation\"\nprice = -0.005\nto = 2026-01-01\n"
    );
    let contract = contract(&text);
    let month = span("2026-02-01", "2026-03-01");
    let of_month = bill(&contract, &steady(month, 1000), month);
    let exceedance: Vec<(i64, i64, &str, bool)> = lines(&of_month, Component::Exceedance)
        .iter()
        .map(|line| (line.quantity.milli(), line.price.unwrap().as_nano_euro(), &line.source[..7], line.certain))
        .collect();
    // 1 kW beyond, day and night: 24 kWh a day.
    assert_eq!(
        exceedance,
        [
            (240_000, 76_500_000, "https:/", false),
            (240_000, 100_000_000, "my bill", true),
            (192_000, 76_500_000, "https:/", false)
        ]
    );
    // What the program does not know of 2025, the user does.
    let month = span("2025-02-01", "2025-03-01");
    let of_month = bill(&contract, &steady(month, 1000), month);
    assert_eq!((codes(&of_month), net(&of_month, Component::Compensation)), (vec![], -13_440_000));
}

#[test]
fn a_folder_of_ones_own_changes_the_past_at_once() {
    let folder = tempdir("folder");
    std::fs::create_dir_all(folder.join("tariffs")).unwrap();
    let path = folder.join("test.toml");
    std::fs::write(&path, HOUSEHOLD.replace("[tariff]\n", "[tariff]\nfolder = \"tariffs\"\n")).unwrap();
    let read = || Contract::read(config::load(&path).unwrap().tariff.as_ref().unwrap(), luxembourg());
    let month = span("2026-02-01", "2026-03-01");
    let usage = steady(month, 1000);
    let volumetric = || net(&bill(&read().unwrap(), &usage, month), Component::NetworkVolumetric);
    assert_eq!(volumetric(), 2688 * 51_000);
    let own = "name = \"luxembourg\"\ntitle = \"By the official list\"\nfrom = 2026-01-01\nto = 2027-01-01\n[vat]\nrate = 8\nsource = \"s\"\n\
        [[price]]\ncomponent = \"network-volumetric\"\nprice = 0.06\nsource = \"the list\"\n";
    std::fs::write(folder.join("tariffs/2026.toml"), own).unwrap();
    assert_eq!(volumetric(), 2688 * 60_000);
    std::fs::write(folder.join("tariffs/2026.toml"), own.replace("price = 0.06", "price = cheap")).unwrap();
    let sentence = read().unwrap_err().to_string();
    assert!(sentence.contains("2026.toml, line 10: "), "{sentence}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_nobody_knows_is_said() {
    // No reference power, no fuse, no energy price, and a year without a tariff.
    let bare = contract("[tariff]\nnetwork = \"luxembourg\"\n");
    let turn = span("2026-12-01", "2027-02-01");
    let of_turn = bill(&bare, &steady(turn, 1000), turn);
    let sentences: Vec<String> = of_turn.notes.iter().map(Note::sentence).collect();
    for words in [
        "from 2026-12-01 up to 2027-01-01: network, fixed, for `reference-power` is not set",
        "beyond the reference power, for `reference-power` is not set",
        "from 2027-01-01 up to 2027-02-01: network, taxes and levies, for no tariff file \"luxembourg\"",
        "from 2026-12-01 up to 2027-02-01: the supplier's energy",
    ] {
        assert!(sentences.iter().any(|sentence| sentence.contains(words)), "{words}\n{sentences:#?}");
    }
    let [metering] = lines(&of_turn, Component::Metering)[..] else { panic!() };
    assert_eq!((metering.certain, metering.net.micro_euro()), (false, 5_720_000));
    assert!(metering.reason.as_ref().unwrap().contains("`main-fuse` is not set"));
    assert!(lines(&of_turn, Component::Exceedance).is_empty() && of_turn.exceedance().is_none());
    // A class or a fuse that the tariff does not have.
    let odd = contract("[tariff]\nnetwork = \"luxembourg\"\nreference-power = 5\nmain-fuse = 200\n");
    let month = span("2026-02-01", "2026-03-01");
    let of_month = bill(&odd, &steady(month, 1000), month);
    let sentences: Vec<String> = of_month.notes.iter().map(Note::sentence).collect();
    assert!(sentences.iter().any(|sentence| sentence.contains("no class of 5 kW")), "{sentences:#?}");
    assert!(sentences.iter().any(|sentence| sentence.contains("the tariff ends at 100 A")), "{sentences:#?}");
    assert_eq!(of_month.exceedance(), Some((0, false)), "beyond 5 kW it is counted all the same");
    // Before the first reading a contract that says when it began has fixed prices only.
    let early = contract(&HOUSEHOLD.replace("[tariff]\n", "[tariff]\nfrom = 2026-01-01\n"));
    let mut usage = steady(span("2026-02-11", "2026-03-01"), 1000);
    let of_month = bill(&early, &usage, month);
    assert_eq!(net(&of_month, Component::NetworkFixed), 7_420_000);
    assert!(codes(&of_month).contains(&"no-readings"), "{:?}", of_month.notes);
    let of_month = bill(&early, &Usage::default(), month);
    assert_eq!((codes(&of_month), net(&of_month, Component::Energy)), (vec!["no-readings", "demand-unknown"], 0));
    // One that does not begins with the day of the first reading.
    usage.quarters.drain(..10);
    usage.first = Some(usage.quarters[0].start);
    let of_month = bill(&contract(HOUSEHOLD), &usage, month);
    assert_eq!((of_month.days.0, net(&of_month, Component::NetworkFixed)), (date("2026-02-11"), 7_420_000 * 18 / 28));
    let nothing = bill(&contract(HOUSEHOLD), &Usage::default(), month);
    assert!(nothing.is_empty() && nothing.lines.is_empty());
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
    // An hour of silence later the quarter-hours since are not known.
    let bill = Bill::of(&contract(HOUSEHOLD), &usage, month, now + 3600);
    assert_eq!((bill.quarters - bill.known_quarters, bill.is_lower_bound()), (4, true));
    let bill = Bill::of(&contract(HOUSEHOLD), &usage, span("2026-03-01", "2026-04-01"), now);
    assert!(bill.is_empty() && bill.total() == Money::ZERO, "it has not begun");
}

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

#[test]
fn every_refusal_of_a_contract_says_where() {
    for (text, words) in [
        ("[tariff]\nreference-power = \"three\"\n", "test.toml, line 2: \"three\" is no power in kW"),
        ("[tariff]\nreference-power = [{ kw = 3 }, { kw = 7 }]\n", "test.toml, line 2: the steps of `reference-power`"),
        ("[tariff]\nnetwrok = \"luxembourg\"\n", "line 2: `netwrok` is not known here; did you mean `network`?"),
        ("[tariff]\nfrom = \"monday\"\n", "line 2: a day is written like 2026-01-31"),
        ("[meter.home.tariff]\nvat = 101\n", "line 2: \"101\" is no percentage"),
        ("[[tariff.price]]\ncomponent = \"energy\"\n", "line 1: a price of energy is one of"),
    ] {
        let sentence = config::parse(text, "test.toml").unwrap_err().to_string();
        assert!(sentence.contains(words), "{words}\n{sentence}");
    }
    let config = parsed("[tariff]\nvat = 8\n[meter.home]\n[meter.shop.tariff]\nvat = 17\n");
    let vat = |meter| config.tariff_of(meter).map(|tariff| tariff.vat.unwrap().to_string());
    assert_eq!((vat("home").as_deref(), vat("shop").as_deref(), vat("nobody")), (Some("8"), Some("17"), None));
}

#[test]
fn no_file_of_the_costs_has_a_float() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/costs");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let code: String = text.lines().filter_map(|line| line.split("//").next()).collect();
        assert!(!code.contains("f32") && !code.contains("f64"), "{}", path.display());
        files += 1;
    }
    assert!(files >= 8, "only {files} files: this test has lost its object");
}

/// Prices of every kind, with a change of nearly everything in the months below.
const COLOURFUL: &str = r#"
[tariff]
network = "luxembourg"
reference-power = [{ kw = 3 }, { from = 2025-10-15, kw = 7 }, { from = 2026-03-10, kw = 12 }]
main-fuse = 63
holidays = [2025-12-25, 2025-12-26]
[[tariff.price]]
component = "energy"
price = 0.1329
to = 2025-12-20
windows = [{ days = "mon-fri", from = "22:00", to = "06:00", price = 0.0911 }, { days = ["sat-sun", "holiday"], price = 0.1 }]
[[tariff.price]]
component = "energy"
price = 0.122937
from = 2025-12-20
[[tariff.price]]
component = "supplier-fixed"
per = "year"
price = 20
from = 2025-11-11
[[tariff.price]]
component = "feed-in"
price = 0.0799
[[tariff.price]]
component = "discount"
price = 1
to = 2026-02-03
"#;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Days add up to their month and months to the year, exactly: energy, fixed prices, taxes, everything. What
    /// a month has and its days have not are the gaps across midnights.
    #[test]
    fn days_add_up_to_months_and_months_to_the_year(
        seed in any::<u64>(), gaps in vec((0i64..270 * 96, 1i64..300), 0..8),
    ) {
        let whole = span("2025-09-01", "2026-05-01");
        let mut usage = made(whole, |start| {
            let noise = (start as u64).wrapping_mul(seed | 1) >> 40;
            (Some((noise % 2500) as i64), Some((noise / 2500 % 400) as i64))
        });
        for (at, length) in gaps {
            let (start, end) = (whole.0 + at * QUARTER, (whole.0 + (at + length) * QUARTER).min(whole.1));
            let free = usage.gaps.iter().all(|gap| gap.end <= start || gap.start >= end);
            if free && start < end {
                for quarter in usage.quarters.iter_mut().filter(|quarter| (start..end).contains(&quarter.start)) {
                    (quarter.import, quarter.export) = (None, None);
                }
                usage.gaps.push(Stretch { start, end, import: Some(length * 313), export: Some(length * 7) });
            }
        }
        usage.gaps.sort_by_key(|gap| gap.start);
        let contract = contract(COLOURFUL);
        let zone = Zone::new(luxembourg());
        let total = |spans: &[(i64, i64)], usage: &Usage| -> Money {
            spans.iter().map(|&span| Bill::of(&contract, usage, span, LATER).total()).sum()
        };
        let days = zone.parts(whole.0, whole.1, Unit::Day);
        let months = zone.parts(whole.0, whole.1, Unit::Month);
        let inside = |gap: &Stretch, spans: &[(i64, i64)]| {
            spans.iter().any(|&(from, to)| from <= gap.start && gap.end <= to)
        };
        // With the gaps that each kind of part has whole, all kinds cost the same.
        let in_days = Usage { gaps: usage.gaps.iter().copied().filter(|gap| inside(gap, &days)).collect(), ..usage.clone() };
        prop_assert_eq!(total(&days, &usage), total(&[whole], &in_days), "days");
        prop_assert_eq!(total(&days, &usage), total(&months, &in_days), "days in months");
        let in_months =
            Usage { gaps: usage.gaps.iter().copied().filter(|gap| inside(gap, &months)).collect(), ..usage.clone() };
        prop_assert_eq!(total(&months, &usage), total(&[whole], &in_months), "months");
        // And the energy is all there.
        let bill = Bill::of(&contract, &usage, whole, LATER);
        let known: i64 = usage.quarters.iter().filter_map(|quarter| quarter.import).sum();
        let in_gaps: i64 = usage.gaps.iter().filter_map(|gap| gap.import).sum();
        prop_assert_eq!(bill.import_wh, Some(known + in_gaps));
        let of_energy: i64 = lines(&bill, Component::Energy).iter().map(|line| line.quantity.milli()).sum();
        prop_assert_eq!(of_energy, known + in_gaps, "every Wh has a price of energy");
    }
}

fn tempdir(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("smartyreader-costs-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
