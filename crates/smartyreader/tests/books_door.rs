//! Does everything add up, and how much was measured: what the API says of the books.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use common::days::{fill, luxembourg};
use common::{Daemon, Folder, finish, smartyreader};
use serde_json::Value;
use smarty_p1::{Quantity, Values};
use smarty_store::{Clock, MeterReading, Options, Proof, Reader, Store};
use smartyreader::report::{Period, Quality};

const HOUSE: &str = "[source.nothing]\nkind = \"tcp\"\naddress = \"127.0.0.1:1\"\n[meter.home]\nsource = \"nothing\"\nequipment = [\"SAG1030700089067\", \"SAG2\"]\n[meter.silent]\nsource = \"nothing\"\nequipment = [\"X\"]\n";

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("no number: {value}"))
}

/// Telegrams of another meter at the same place, by tariffs, every ten seconds.
fn swap(folder: &Folder, from: i64, count: i64) {
    let readings = (0..count).map(|index| {
        let mut values = Values::EMPTY;
        values.set(Quantity::EnergyImportT1, 100 + index);
        values.set(Quantity::EnergyImportT2, 7);
        values.set(Quantity::EnergyExport, 3);
        values.set(Quantity::ReactiveEnergyImport, 40 + index / 2);
        let time = from + 10 * index;
        MeterReading {
            meter: "home".into(),
            segment: "SAG2".into(),
            time,
            clock: Clock::Meter,
            received: time + 1,
            ident: time as u64,
            proof: Proof::Tag,
            values,
            texts: Vec::new(),
        }
    });
    let mut store = Store::open(Options::new(folder.file("test.db"))).unwrap();
    store.append_batch(&readings.collect::<Vec<_>>()).unwrap();
    store.flush().unwrap();
}

#[test]
fn the_registers_agree_with_days_and_gaps_across_a_swap() {
    let folder = Folder::new("check");
    let last = Period::parse("2026-11-22").unwrap();
    fill(&folder, "home", last, 3, Some((14, 16)));
    let end = last.span(&luxembourg()).1;
    // The new meter is read two hours later.
    swap(&folder, end + 8400, 500);
    let daemon = Daemon::start(&folder, HOUSE);
    let check = daemon.json("/api/v1/meters/home/check");
    assert_eq!(check["sentence"], "All registers and days agree to the watt-hour.");
    assert_eq!(check["time"], end + 8400 + 4990);
    assert_eq!(check["segments"][1]["equipment"], "SAG2");
    let registers = check["registers"].as_array().unwrap();
    let names: Vec<&str> = registers.iter().map(|register| register["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["energy_import_wh", "energy_export_wh", "reactive_energy_import_varh"]);
    let import = &registers[0];
    assert_eq!((&import["value_wh"], &import["obis"]), (&606.into(), &"1-0:1.8.0".into()), "the sum of the tariffs");
    let tariffs: Vec<i64> =
        import["tariffs"].as_array().unwrap().iter().map(|tariff| number(&tariff["value_wh"])).collect();
    assert_eq!(tariffs, [599, 7]);
    // Three days of 13 400 Wh, 20 minutes at 300 W in whole Wh, and the new meter’s own.
    assert_eq!(import["difference_wh"], 3 * 13_400 + 99 + 499);
    for register in registers {
        let [difference, days, gaps, off] =
            ["difference_wh", "days_wh", "gaps_wh", "off_wh"].map(|name| number(&register[name]));
        assert_eq!((off, difference), (0, days + gaps), "{register}");
    }
    // The same days as anybody may ask for.
    let days = daemon.json("/api/v1/meters/home/days?from=2026-11-01&to=2026-12-01");
    let sum: i64 = days["entries"].as_array().unwrap().iter().filter_map(|day| day["energy_import_wh"].as_i64()).sum();
    assert_eq!(import["days_wh"], sum);
    let (status, answer) = daemon.get("/api/v1/meters/silent/check");
    assert_eq!(status, 404);
    assert!(answer["error"].as_str().unwrap().starts_with("No telegram of meter silent has been read yet"), "{answer}");
}

#[test]
fn each_day_says_how_much_of_it_was_measured() {
    let folder = Folder::new("quality");
    let last = Period::parse("2026-10-26").unwrap();
    fill(&folder, "home", last, 3, Some((14, 16)));
    let daemon = Daemon::start(&folder, HOUSE);
    let ask = |span: &str| daemon.json(&format!("/api/v1/meters/home/quality?{span}"));
    let quality = ask("from=2026-10-01&to=2026-10-29");
    let entries = quality["entries"].as_array().unwrap();
    let locals: Vec<&str> = entries.iter().map(|entry| &entry["local"].as_str().unwrap()[..10]).collect();
    assert_eq!(locals, ["2026-10-24", "2026-10-25", "2026-10-26", "2026-10-27", "2026-10-28"], "not before the first");
    let figures = |entry: &Value| {
        ["quarter_hours", "quarter_hours_measured", "gaps", "telegrams"].map(|name| number(&entry[name]))
    };
    assert_eq!(figures(&entries[1]), [100, 100, 0, 1500]);
    assert_eq!(
        entries[1]["sentences"],
        serde_json::json!([
            "All 100 quarter-hours were measured.",
            "The meter’s clock was right.",
            "The clocks went back: this day had 25 hours."
        ])
    );
    assert_eq!((&entries[1]["complete"], &entries[1]["running"]), (&true.into(), &false.into()));
    assert_eq!(figures(&entries[2]), [96, 88, 1, 1321]);
    assert_eq!(entries[2]["complete"], false);
    let said = entries[2]["sentences"][1].as_str().unwrap();
    assert!(said.starts_with("Gap from 14:00 to 16:00 (2\u{a0}h): no telegrams; its energy is known"), "{said}");
    // Twenty minutes into the next day it has been silent since, and that day is over all the same.
    let silent = &entries[3];
    assert_eq!(
        (figures(silent), &silent["running"], &silent["complete"]),
        ([96, 1, 0, 21], &false.into(), &false.into())
    );
    let said = serde_json::json!([
        "1 of 96 quarter-hours were measured.",
        "No telegram since 00:20.",
        "The meter’s clock was right."
    ]);
    assert_eq!(silent["sentences"], said);
    let said = entries[4]["sentences"][0].as_str().unwrap();
    assert_eq!(said, "Nothing was measured. The last telegram before was that of Tuesday, 27 October 2026, 00:20.");
    // The words are the reports' own.
    let reader = Reader::open(folder.file("test.db")).unwrap();
    let report = Quality::of(&reader, "home", last, &luxembourg(), jiff::Timestamp::now().as_second()).unwrap();
    assert_eq!(serde_json::json!(report.sentences), entries[2]["sentences"]);
    // A year is too long to look at each telegram.
    let year = ask("from=2026-01-01&to=2027-01-01");
    let words = year["entries"][1]["sentences"].to_string();
    assert!(words.contains("All 100") && !words.contains("clock was"), "{words}");
    assert_eq!(
        ask("from=2026-10-24T12:00:00Z&to=2026-10-26")["entries"].as_array().unwrap().len(),
        1,
        "days that begin in it"
    );
    assert_eq!(
        daemon.json("/api/v1/meters/silent/quality?from=2026-10-01&to=2026-10-29")["entries"],
        serde_json::json!([])
    );
    assert_eq!(daemon.get("/api/v1/meters/home/quality?from=2024-01-01&to=2026-10-29").0, 422);
    assert_eq!(daemon.get("/api/v1/meters/home/quality").0, 400);
}

/// The days of a meter that fell silent on the evening of the 26th, asked at other times by this machine's clock.
#[test]
fn a_day_that_ended_in_silence_is_over() {
    let folder = Folder::new("silent");
    let last = Period::parse("2026-10-26").unwrap();
    fill(&folder, "home", last, 2, None);
    let silent = last.after();
    let (start, end) = silent.span(&luxembourg());
    let reader = Reader::open(folder.file("test.db")).unwrap();
    let judged = |period: Period, now: i64| {
        let of = Quality::of(&reader, "home", period, &luxembourg(), now).unwrap();
        (of.quarters, of.measured, of.running, of.sentences)
    };
    // The newest telegram is of 00:20:00. Another is due in the next quarter-hour.
    let words = judged(silent, start + 1300);
    let right = "The meter’s clock was right.".to_string();
    assert_eq!(words, (1, 1, true, vec!["The only quarter-hour so far was measured.".into(), right.clone()]));
    assert_eq!(judged(silent, start + 2100), words, "a quarter-hour is no silence yet");
    let none = "No telegram since 00:20.".to_string();
    let so_far = "1 of 3 quarter-hours so far were measured.".to_string();
    assert_eq!(judged(silent, start + 3000), (3, 1, true, vec![so_far, none.clone(), right.clone()]));
    let whole = "1 of 96 quarter-hours were measured.".to_string();
    assert_eq!(judged(silent, end), (96, 1, false, vec![whole, none, right]));
    assert_eq!(judged(last, end).3[0], "All 96 quarter-hours were measured.");
    let week = judged(Period::parse("2026-W44").unwrap(), end + 10 * 86_400);
    assert_eq!((week.0, week.1, week.2), (672, 97, false));
    assert_eq!(week.3, ["97 of 672 quarter-hours were measured.", "No telegram since Tue 27 Oct, 00:20."]);

    // The same in the rows of the API, and in those of the export.
    let daemon = Daemon::start(&folder, HOUSE);
    for list in ["quarter-hours", "hours", "days", "months", "years"] {
        let answer = daemon.json(&format!("/api/v1/meters/home/{list}?from=2026-10-26&to=2026-10-28"));
        let api = if list == "months" || list == "years" {
            daemon.json(&format!("/api/v1/meters/home/{list}?from=2026-01-01&to=2027-01-01"))
        } else {
            answer
        };
        let newest = api["entries"].as_array().unwrap().last().unwrap().clone();
        let over = newest["end"].as_i64().unwrap() <= jiff::Timestamp::now().as_second();
        assert_eq!((newest["running"] == true, &newest["complete"]), (!over, &false.into()), "{list}: {newest}");
        let exported = common::export(&daemon.config, list);
        assert_eq!(exported.last().unwrap(), &newest, "{list}");
    }
}

/// The rows of a CSV of `smartyreader export`: start, `running` and `complete`.
fn sheet(config: &std::path::Path, arguments: &[&str]) -> Vec<(i64, String, String)> {
    let mut command = smartyreader();
    command.args(["export", "--meter", "home", "--config"]).arg(config).arg("--resolution").args(arguments);
    let (code, out, err) = finish(&mut command);
    assert_eq!(code, 0, "{err}");
    let mut lines = out.lines().map(|line| line.split(',').map(str::to_string).collect::<Vec<_>>());
    let Some(names) = lines.next() else { return Vec::new() };
    let column =
        |name: &str| names.iter().position(|known| known == name).unwrap_or_else(|| panic!("no {name}: {out}"));
    let [start, running, complete] = ["start", "running", "complete"].map(column);
    lines.map(|row| (row[start].parse().unwrap(), row[running].clone(), row[complete].clone())).collect()
}

#[test]
fn a_table_tells_the_running_row_from_the_others() {
    let folder = Folder::new("sheet");
    let zone = luxembourg();
    // A day of three years ago, and an hour up to the minute that comes: no border is passed on the way.
    let now = jiff::Timestamp::now().as_second();
    let config = folder.write("test.toml", &format!("{HOUSE}[store]\npath = \"test.db\"\n"));
    let old = Period::parse("2023-11-20").unwrap();
    fill(&folder, "home", old, 1, None);
    swap(&folder, now - 3540, 361);
    for list in ["quarter-hours", "hours", "days", "months", "years"] {
        let rows = sheet(&config, &[list]);
        let (last, others) = rows.split_last().unwrap();
        assert_eq!(last.1, "true", "{list}: {rows:?}");
        assert!(!others.is_empty() && others.iter().all(|row| row.1 == "false"), "{list}: {rows:?}");
    }
    // As the API does: the years that overlap a span.
    let starts = |arguments: &[&str]| sheet(&config, arguments).iter().map(|row| row.0).collect::<Vec<_>>();
    let year = |of: i16| jiff::civil::date(of, 1, 1).to_zoned(zone.clone()).unwrap().timestamp().as_second();
    assert_eq!(starts(&["years", "--to", "2023-03-01"]), [year(2023)]);
    assert_eq!(starts(&["years", "--from", "2023-06-01", "--to", "2024-01-01"]), [year(2023)]);
    assert_eq!(starts(&["years", "--to", "2023-01-01"]), [0; 0]);
    assert!(!starts(&["years", "--from", "2024-01-01"]).contains(&year(2023)));
}
