//! A store with days of readings in it, one a minute, the same for everybody.

use jiff::tz::TimeZone;
use smarty_p1::{Quantity, Values};
use smarty_store::{Clock, MeterReading, Options, Proof, Store};
use smartyreader::report::Period;

use super::Folder;

pub fn luxembourg() -> TimeZone {
    TimeZone::get("Europe/Luxembourg").unwrap()
}

/// The last day that is over, and whose report is due at 00:05: in the first minutes of a day it is waited for them.
pub fn yesterday() -> Period {
    let into_day = || {
        let now = jiff::Timestamp::now().to_zoned(luxembourg());
        i64::from(now.hour()) * 60 + i64::from(now.minute())
    };
    while into_day() < 6 {
        std::thread::sleep(std::time::Duration::from_secs(5));
    }
    Period::last_over(smartyreader::report::Kind::Day, jiff::Timestamp::now().as_second(), &luxembourg())
}

/// Power of the house at a second of the day, W: 300 W, 4 kW at dinner, 2 kW of sun at noon.
fn power(second: i64) -> i64 {
    match second / 3600 {
        11..15 => -2000,
        18..20 => 4000,
        _ => 300,
    }
}

/// Fills `test.db` with the days up to and including `last`, and the first minutes after it; what `gap` says is left
/// out of the last day, in hours.
pub fn fill(folder: &Folder, meter: &str, last: Period, days: i64, gap: Option<(i64, i64)>) {
    let zone = luxembourg();
    let (start, end) = (last.before(days - 1).span(&zone).0, last.span(&zone).1 + 1200);
    let (mut import, mut export) = (1_000_000_000_i64, 500_000_000_i64);
    let mut batch = Vec::new();
    for time in (start..=end).step_by(60) {
        let day =
            Period::around(last.kind(), jiff::Timestamp::from_second(time).unwrap().to_zoned(zone.clone()).date());
        let second = time - day.span(&zone).0;
        let now = power(second);
        // Of the minute before; in mWh here, so that nothing is lost to rounding.
        let before = power(second - 60);
        let energy = before.abs() * 1000 / 60;
        if before > 0 {
            import += energy;
        } else {
            export += energy;
        }
        if day == last && gap.is_some_and(|(from, to)| (from * 3600 + 60..to * 3600).contains(&second)) {
            continue;
        }
        let mut values = Values::EMPTY;
        values.set(Quantity::EnergyImport, import / 1000);
        values.set(Quantity::EnergyExport, export / 1000);
        values.set(Quantity::PowerImport, now.max(0));
        values.set(Quantity::PowerExport, (-now).max(0));
        batch.push(MeterReading {
            meter: meter.into(),
            segment: "SAG1030700089067".into(),
            time,
            clock: Clock::Meter,
            received: time + 1,
            ident: time as u64,
            proof: Proof::Tag,
            values,
            texts: Vec::new(),
        });
    }
    let mut store = Store::open(Options::new(folder.file("test.db"))).unwrap();
    store.append_batch(&batch).unwrap();
    store.flush().unwrap();
}
