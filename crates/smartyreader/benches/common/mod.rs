//! What the benchmarks share: a reading as a meter gives it, and a line of what was measured.

use std::time::Instant;

use smarty_p1::Values;
use smarty_store::{Clock, MeterReading, Proof};

/// A telegram of the one meter.
pub(crate) fn reading(time: i64, values: &Values) -> MeterReading {
    MeterReading {
        meter: "home".into(),
        segment: "SAG1".into(),
        time,
        clock: Clock::Meter,
        received: time,
        ident: time as u64,
        proof: Proof::Tag,
        values: *values,
        texts: Vec::new(),
    }
}

/// Prints `name milliseconds`, the median of so many times.
pub(crate) fn line(name: &str, times: usize, mut work: impl FnMut()) {
    let mut all: Vec<f64> = (0..times)
        .map(|_| {
            let begin = Instant::now();
            work();
            begin.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    all.sort_by(f64::total_cmp);
    println!("{name} {:.3}", all[times / 2]);
}
