//! Costs' budget: a year of quarter-hours repriced. Prints `name milliseconds`, medians.

// Figures are printed, and a bench that cannot go on may stop.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use smarty_p1::{Quantity, Values};
use smarty_store::{MeterReading, Options, Reader, Store};
use smartyreader::config;
use smartyreader::costs::{self, Contract, Unit};

use common::{line, reading};

/// Windows of the week, a change of class, and everything that the network takes.
const TARIFF: &str = r#"
[tariff]
network = "luxembourg"
reference-power = [{ kw = 3 }, { from = 2026-05-12, kw = 7 }]
main-fuse = 40
[[tariff.price]]
component = "energy"
price = 0.1229
windows = [{ days = "mon-fri", from = "22:00", to = "06:00", price = 0.0911 }, { days = "sat-sun", price = 0.1 }]
[[tariff.price]]
component = "energy"
name = "by the hour"
hourly = "prices.csv"
[[tariff.price]]
component = "feed-in"
price = 0.08
"#;

fn main() {
    let folder = std::env::temp_dir().join(format!("smartyreader-costs-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let zone = TimeZone::get("Europe/Luxembourg").unwrap();
    let first = costs::Zone::new(zone.clone()).midnight("2026-01-01".parse().unwrap());
    let year = costs::Zone::new(zone.clone()).around("2026-01-01".parse().unwrap(), Unit::Year);
    let mut csv = String::from("time,eur_per_mwh\n");
    for (index, start) in (year.0..year.1).step_by(3600).enumerate() {
        let time = jiff::Timestamp::from_second(start).unwrap();
        writeln!(csv, "{time},{}.{:02}", 40 + index % 90, index % 97).unwrap();
    }
    std::fs::write(folder.join("prices.csv"), csv).unwrap();
    std::fs::write(folder.join("bench.toml"), TARIFF).unwrap();
    let mut options = Options::new(folder.join("bench.db"));
    options.reserve_bytes = 0;
    options.max_kva = 1000;
    let mut store = Store::open(options).unwrap();
    // A telegram on each border is enough for its quarter-hours.
    let (mut import, mut export) = (1_000_000, 500_000);
    let readings: Vec<MeterReading> = (first..=year.1)
        .step_by(900)
        .map(|time| {
            import += (time / 900 * 7919) % 1900;
            export += (time / 900 * 104_729) % 600;
            let mut values = Values::EMPTY;
            values.set(Quantity::EnergyImport, import);
            values.set(Quantity::EnergyExport, export);
            reading(time, &values)
        })
        .collect();
    for batch in readings.chunks(4000) {
        store.append_batch(batch).unwrap();
    }
    drop(store);
    let reader = Reader::open(folder.join("bench.db")).unwrap();
    let config = config::load(&folder.join("bench.toml")).unwrap();
    let read = || Contract::read(config.tariff.as_ref().unwrap(), zone.clone()).unwrap();
    let contract = read();
    let now = year.1 + 100;

    let usage = reader.usage("home", year.0, year.1).unwrap();
    assert_eq!(usage.quarters.len(), 35_040);
    line("contract", 21, || {
        assert!(!read().titles(("2026-01-01".parse().unwrap(), "2026-01-02".parse().unwrap())).is_empty());
    });
    line("usage", 21, || assert_eq!(reader.usage("home", year.0, year.1).unwrap().quarters.len(), 35_040));
    line("bill", 21, || assert!(costs::Bill::of(&contract, &usage, year, now).total().micro_euro() > 0));
    line("whole", 21, || assert!(costs::bill(&reader, &read(), "home", year, now).unwrap().total().micro_euro() > 0));
    let days = contract.zone().parts(year.0, year.1, Unit::Day);
    line("days", 21, || assert_eq!(costs::bills(&reader, &read(), "home", &days, now).unwrap().len(), 365));
    line("advice", 21, || {
        assert!(!costs::advice(&reader, &read(), "home", Some(year), year.0).unwrap().steps.is_empty());
    });
    std::fs::remove_dir_all(&folder).unwrap();
}
