//! Prices: windows, hours, taxes, files of one's own, and what is refused.

use std::fmt::Write as _;

use smarty_store::Usage;
use smartyreader::config;
use smartyreader::config::tariff::Component;
use smartyreader::costs::{Contract, Note};

use super::{HOUSEHOLD, bill, codes, contract, date, lines, luxembourg, made, net, parsed, span, steady, tempdir};

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
    assert!(codes(&of_month).contains(&"no-readings") && of_month.is_lower_bound(), "{:?}", of_month.notes);
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
