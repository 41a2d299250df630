//! Costs at the front door: the API and the command line say the same, and it is what the accounts say.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::path::{Path, PathBuf};

use common::{Daemon, Folder, KEY, finish, smartyreader};
use serde_json::Value;

/// 21 June 2026 02:00 in Luxembourg.
const START: i64 = 1_782_000_000;

/// Two days of telegrams in the store, and the configuration that made it.
fn two_days(folder: &Folder) -> PathBuf {
    folder.write("home.key", KEY);
    let (code, _, err) = finish(
        smartyreader()
            .args(["meter", "--speed", "1000000", "--count", "17280", "--start", &START.to_string(), "--to"])
            .arg(folder.file("days.bin"))
            .arg("--key-file")
            .arg(folder.file("home.key")),
    );
    assert_eq!(code, 0, "{err}");
    let config = folder.write("make.toml", &text("[web]\nenabled = false\n"));
    let (code, out, err) = finish(smartyreader().args(["run", "--config"]).arg(&config));
    assert_eq!(code, 0, "{out}{err}");
    config
}

fn text(rest: &str) -> String {
    format!(
        "[source.days]\nkind = \"file\"\npath = \"days.bin\"\n[meter.home]\nkey-file = \"home.key\"\n\
         [store]\npath = \"test.db\"\n\
         [tariff]\nnetwork = \"luxembourg\"\nreference-power = 3\nmain-fuse = 40\nfolder = \"tariffs\"\n\
         [[tariff.price]]\ncomponent = \"energy\"\nprice = 0.1229\n\
         [[tariff.price]]\ncomponent = \"feed-in\"\nprice = 0.08\n{rest}"
    )
}

fn costs(config: &Path, arguments: &[&str]) -> (i32, String, String) {
    finish(smartyreader().arg("costs").args(arguments).arg("--config").arg(config))
}

fn json(config: &Path, arguments: &[&str]) -> Value {
    let (code, out, err) = costs(config, &[arguments, &["--json"]].concat());
    assert_eq!(code, 0, "{err}");
    serde_json::from_str(&out).unwrap()
}

#[test]
fn the_api_and_the_command_line_say_the_same() {
    let folder = Folder::new("costs-door");
    std::fs::create_dir(folder.file("tariffs")).unwrap();
    let config = two_days(&folder);
    let daemon = Daemon::start(&folder, &text(""));
    // The capture is read again: nothing new, and the file's end.
    daemon.wait("the store is open", |daemon| daemon.get("/api/v1/meters/home/last").0 == 200);
    let api = |path: &str| daemon.json(&format!("/api/v1/meters/home/{path}"));
    let number = |value: &Value| value.as_i64().unwrap();
    let bill = api("costs?from=2026-06-01&to=2026-07-01");
    assert_eq!(bill, json(&config, &["--month", "2026-06"]));

    // The bill's energy is that of the accounts, and each line is quantity times price.
    let months = api("months?from=2026-06-01&to=2026-07-01");
    assert_eq!(bill["energy_import_wh"], months["entries"][0]["energy_import_wh"]);
    assert_eq!(bill["energy_export_wh"], months["entries"][0]["energy_export_wh"]);
    let mut sum = 0;
    for line in bill["lines"].as_array().unwrap() {
        if line["unit"] == "kWh" && line["component"] != "exceedance" {
            let product = i128::from(number(&line["quantity_milli"])) * i128::from(number(&line["price_nano_eur"]));
            let micro = (product + 500_000).div_euclid(1_000_000) as i64;
            assert!((micro - number(&line["net_micro_eur"])).abs() <= 1, "{line}");
        }
        sum += number(&line["net_micro_eur"]) + number(&line["vat_micro_eur"]);
    }
    let lines = bill["lines"].as_array().unwrap().len() as i64;
    assert!((sum - number(&bill["total_micro_eur"])).abs() <= lines, "{sum}: {bill}");

    // Beyond the reference power: by the quarter-hours that the API gives.
    let quarters = api("quarter-hours?from=2026-06-01&to=2026-07-01");
    let entries = quarters["entries"].as_array().unwrap();
    let known = entries.iter().filter_map(|entry| entry["energy_import_wh"].as_i64());
    let beyond: i64 = known.map(|wh| (4 * wh - 3000).max(0)).sum();
    let line = bill["lines"].as_array().unwrap().iter().find(|line| line["component"] == "exceedance").unwrap();
    assert_eq!(number(&line["quantity_milli"]), (beyond + 2) / 4);
    assert_eq!(line["lower_bound"], true, "the first day began at two in the morning");

    // The days of a month that lies in the past add up to it, to the rounding of what is shown.
    let days = api("costs/days?from=2026-06-01&to=2026-07-01");
    let entries = days["entries"].as_array().unwrap();
    assert_eq!(entries[0]["local"], "2026-06-21T00:00:00+02:00");
    let of_days: i64 = entries.iter().map(|entry| number(&entry["total_micro_eur"])).sum();
    assert!((of_days - number(&bill["total_micro_eur"])).abs() <= entries.len() as i64, "{of_days}: {bill}");
    for list in ["costs/months", "costs/years"] {
        let spans = api(&format!("{list}?from=2026-01-01&to=2027-01-01"));
        let total: i64 =
            spans["entries"].as_array().unwrap().iter().map(|entry| number(&entry["total_micro_eur"])).sum();
        assert!(total >= number(&bill["total_micro_eur"]), "{list}: {spans}");
        let components = spans["entries"][0]["components"].as_object().unwrap();
        let sum: i64 = components.values().map(number).sum();
        let entry = &spans["entries"][0];
        assert!((sum - number(&entry["total_micro_eur"])).abs() <= components.len() as i64, "{entry}");
    }

    let advice = api("advisor?from=2026-06-01&to=2026-07-01");
    assert_eq!(advice, json(&config, &["advisor", "--from", "2026-06-01", "--to", "2026-07-01"]));
    assert_eq!((&advice["scaled"], advice["classes"].as_array().unwrap().len()), (&Value::Bool(true), 8));
    let classes = advice["classes"].as_array().unwrap();
    let cheapest = classes.iter().min_by_key(|class| number(&class["total_micro_eur"])).unwrap();
    assert_eq!(advice["cheapest_reference_power_w"], cheapest["reference_power_w"]);
    let saving = number(&classes[0]["total_micro_eur"]) - number(&cheapest["total_micro_eur"]);
    assert!((number(&advice["saving_micro_eur"]) - saving).abs() <= 1);

    // The last telegram is of 23 June, two in the morning: nobody knows what there was to pay for since.
    for (span, silent) in [("2026-06-22&to=2026-06-23", false), ("2026-06-23&to=2026-06-24", true)] {
        let bill = api(&format!("costs?from={span}"));
        let said = "No telegram since 2026-06-23 01:59: the energy since then is not in this bill.";
        let told =
            bill["notes"].as_array().unwrap().iter().any(|note| note["code"] == "silent" && note["sentence"] == said);
        assert_eq!((told, &bill["lower_bound"]), (silent, &silent.into()), "{bill}");
    }

    // A tariff of one's own counts from the next question on, without a restart.
    let own = "name = \"luxembourg\"\ntitle = \"Mine\"\nfrom = 2026-01-01\nto = 2027-01-01\n[vat]\nrate = 0\nsource = \"s\"\n";
    folder.write("tariffs/mine.toml", own);
    let changed = api("costs?from=2026-06-01&to=2026-07-01");
    assert_eq!((&changed["tariffs"][0], &changed["vat_micro_eur"]), (&"Mine".into(), &0.into()));
    folder.write("tariffs/mine.toml", &own.replace("rate = 0", "rate = \"all\""));
    let (status, answer) = daemon.get("/api/v1/meters/home/costs?from=2026-06-01&to=2026-07-01");
    assert_eq!(status, 503);
    let sentence = answer["error"].as_str().unwrap();
    assert!(sentence.contains("mine.toml, line 6: \"all\" is no percentage"), "{sentence}");
    let (code, _, err) = costs(&config, &[]);
    assert_eq!(code, 78);
    assert!(err.contains("mine.toml, line 6"), "{err}");
    let (code, out, _) = finish(smartyreader().args(["check", "--config"]).arg(&config));
    assert_eq!(code, 0, "meters are read whatever they cost: {out}");
    assert!(out.contains("! meter home: there will be no costs:"), "{out}");
}

#[test]
fn without_prices_of_today_the_newest_that_are_known_are_compared() {
    let folder = Folder::new("costs-old");
    std::fs::create_dir(folder.file("tariffs")).unwrap();
    let config = two_days(&folder);
    let words = std::fs::read_to_string(&config).unwrap().replace("network = \"luxembourg\"", "network = \"mine\"");
    let config = folder.write("old.toml", &words);
    let file = |year: i32, month: &str| {
        format!(
            "name = \"mine\"\ntitle = \"{year}\"\nfrom = {year}-01-01\nto = {}-01-01\n\
             [vat]\nrate = 8\nsource = \"s\"\n\
             [[price]]\ncomponent = \"network-fixed\"\nper = \"month\"\n{month}\nsource = \"s\"\n\
             [[price]]\ncomponent = \"exceedance\"\nper = \"kwh-beyond-reference\"\nprice = 0.05\nsource = \"s\"\n",
            year + 1
        )
    };
    folder.write("tariffs/2019.toml", &file(2019, "by-class = { 3 = 1, 7 = 2, 12 = 3 }"));
    folder.write("tariffs/2020.toml", &file(2020, "by-class = { 3 = 7.42, 7 = 12.84 }"));
    let span = ["advisor", "--from", "2026-06-21", "--to", "2026-06-25"];
    let advice = json(&config, &span);
    let today = jiff::Timestamp::now().in_tz("Europe/Luxembourg").unwrap().date();
    let said = format!(
        "The prices of {today} are not known: those of 2020-12-31 are the newest that are, and taken for them."
    );
    assert_eq!(
        (&advice["prices_of"], &advice["certain"], advice["classes"].as_array().unwrap().len()),
        (&"2020-12-31".into(), &false.into(), 2),
        "{advice:#}"
    );
    assert!(advice["notes"].as_array().unwrap().contains(&said.clone().into()), "{advice:#}");
    assert!(costs(&config, &span).1.contains(&said));

    // A price that is the same for each class is known, and there is nothing to compare.
    folder.write("tariffs/today.toml", &file(i32::from(today.year()), "price = 9"));
    let advice = json(&config, &span);
    assert_eq!((&advice["prices_of"], advice["classes"].as_array().unwrap().len()), (&today.to_string().into(), 0));
    assert!(advice["notes"][0].as_str().unwrap().contains("is the same for each class"), "{advice:#}");
}

/// With one blank where there are many.
fn narrow(text: &str) -> String {
    let mut narrow = text.to_string();
    while narrow.contains("  ") {
        narrow = narrow.replace("  ", " ");
    }
    narrow
}

#[test]
fn the_command_line_speaks_to_people() {
    let folder = Folder::new("costs-words");
    std::fs::create_dir(folder.file("tariffs")).unwrap();
    let config = two_days(&folder);
    let (code, out, err) = costs(&config, &["--day", "2026-06-22"]);
    assert_eq!(code, 0, "{err}");
    for words in [
        "Costs of meter home, 2026-06-22.\n",
        "Tariff: Luxembourg, low voltage, 2026.\nReference power: 3 kW.\n",
        "\n energy 1",
        "0.1229 €/kWh",
        "network, fixed, 3 kW 0.033 month 7.42 €/month 0.2473 €\n",
        "~ network, every kWh 1",
        "without tax",
        "tax 8 % of ",
        "to be paid",
        "~ Not certain:\n network, every kWh: One community source",
    ] {
        assert!(narrow(&out).contains(words), "{words}\n{out}");
    }
    // Numbers stand below each other.
    let amounts: Vec<usize> = out
        .lines()
        .filter(|line| line.ends_with(" €") && line.contains('/'))
        .map(|line| line.chars().count())
        .collect();
    assert!(amounts.len() > 5 && amounts.windows(2).all(|pair| pair[0] == pair[1]), "{out}");

    let (code, out, err) = costs(&config, &["advisor", "--from", "2026-06-21", "--to", "2026-06-25"]);
    assert_eq!(code, 0, "{err}");
    for words in [
        "Reference powers for meter home",
        " yours",
        " cheapest",
        "7 kW instead of 3 kW pays where it saves more than 70.850 kWh a month",
        "was multiplied to a year",
    ] {
        assert!(out.contains(words), "{words}\n{out}");
    }
    for (arguments, code, words) in [
        (vec!["--month", "October"], 64, "--month is written like 2026-10, not \"October\""),
        (vec!["--day", "yesterday"], 64, "--day is written like 2026-10-25"),
        (vec!["--from", "2026-06-02", "--to", "2026-06-01"], 64, "--from must be before --to"),
        (vec!["--from", "soon", "--to", "2026-06-01"], 64, "not \"soon\""),
        (vec!["--meter", "other"], 64, "there is no meter \"other\"; there is home"),
    ] {
        let (got, _, err) = costs(&config, &arguments);
        assert_eq!(got, code, "{arguments:?}: {err}");
        assert!(err.contains(words), "{words}: {err}");
    }
    let bare = folder.write("bare.toml", "[source.days]\nkind = \"stdin\"\n[meter.home]\n[meter.shop]\nequipment = [\"1\"]\n[store]\npath = \"test.db\"\n");
    let (code, _, err) = costs(&bare, &[]);
    assert_eq!((code, err.contains("there are several meters; --meter says which: home, shop")), (64, true), "{err}");
    let (code, _, err) = costs(&bare, &["--meter", "home"]);
    assert_eq!(
        (code, err.contains("meter home has no tariff; a section [tariff] or [meter.home.tariff]")),
        (78, true),
        "{err}"
    );
}

#[test]
fn check_says_what_a_contract_lacks() {
    let folder = Folder::new("costs-check");
    let check = |tariff: &str| {
        let config = folder.write("check.toml", &format!("[source.a]\nkind = \"stdin\"\n[meter.home]\n{tariff}"));
        let (code, out, err) = finish(smartyreader().args(["check", "--config"]).arg(&config));
        (code, out + &err)
    };
    for (tariff, code, words) in [
        (
            "[tariff]\nnetwork = \"luxembourg\"\nreference-power = 3\n",
            0,
            "meter home: costs by no price of its own, the tariff \"luxembourg\" from 2025-01-01 up to 2027-01-01.",
        ),
        ("[tariff]\nnetwork = \"luxembourg\"\n", 0, "! meter home: without `reference-power`"),
        (
            "[tariff]\nnetwork = \"belgium\"\n",
            0,
            "! meter home: there will be no costs: [tariff]: there is no tariff \"belgium\"; there is luxembourg",
        ),
        (
            "[meter.home.tariff]\nnetwork = \"luxembourg\"\nreference-power = 5\n",
            0,
            "! meter home: the tariff has no class of 5 kW for network-fixed; it has 3, 7, 12, 17, 27, 43, 70, 100",
        ),
        (
            "[tariff]\n[[tariff.price]]\ncomponent = \"energy\"\nprice = 1\n",
            0,
            "! meter home: prices are taken without value added tax",
        ),
        (
            "[tariff]\nvat = 8\n[[tariff.price]]\ncomponent = \"energy\"\nhourly = \"none.csv\"\n",
            0,
            "! meter home: the file of hourly prices of energy is not there yet",
        ),
        (
            "[tariff]\nvat = 8\n[[tariff.price]]\ncomponent = \"energy\"\nprice = 1\n[[tariff.price]]\ncomponent = \"energy\"\nprice = 2\nfrom = 2026-01-01\n",
            78,
            "x meter home: two prices of energy hold on 2026-01-01; give them `from` and `to`, or other names",
        ),
        ("[tariff]\nfrom = 2026-02-01\nto = 2026-02-01\n", 78, "x meter home: the contract ends before it begins"),
    ] {
        let (got, out) = check(tariff);
        assert_eq!(got, code, "{tariff}\n{out}");
        assert!(out.contains(words), "{words}\n{out}");
    }
}
