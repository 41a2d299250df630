//! Bills by hand, and what holds for every bill.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod advisor;
mod bills;
mod laws;
mod prices;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use smarty_ledger::cost::Metered;
use smarty_store::Usage;
use smartyreader::config::tariff::Component;
use smartyreader::config::{self, Config};
use smartyreader::costs::{Bill, Contract, Line, Note, Zone};

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

fn tempdir(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("smartyreader-costs-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
