//! Accounts: the running quarter-hour of each meter, live, by the ledger's rules.
//!
//! The store keeps the closed ones; this is the same account, fed before anything is written.

use std::collections::HashMap;
use std::sync::Arc;

use smarty_ledger::{Account, QUARTER, Sample};
use smarty_store::{MeterReading, Resumed};

/// The quarter-hour that is running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RunningQuarter {
    /// UTC seconds.
    pub start: i64,
    /// UTC seconds.
    pub end: i64,
    /// So far; where the beginning was not measured, since the first telegram after it.
    pub energy_import_wh: Option<i64>,
    /// Likewise.
    pub energy_export_wh: Option<i64>,
    /// Whether the border at its start was measured.
    pub complete: bool,
}

/// One account a meter.
#[derive(Default)]
pub struct Accounts(HashMap<Arc<str>, Resumed>);

/// A reading counts for a border at most this long after it.
pub const MARGIN_S: u16 = 30;

impl Accounts {
    /// Goes on with an account as it was stored.
    pub fn seed(&mut self, meter: &str, resumed: Resumed) {
        self.0.insert(meter.into(), resumed);
    }

    /// Takes a reading and answers the quarter-hour that is running after it.
    pub fn take(&mut self, reading: &MeterReading) -> Option<RunningQuarter> {
        let Resumed { account, segments } = self
            .0
            .entry(Arc::clone(&reading.meter))
            .or_insert_with(|| Resumed { account: Account::new(MARGIN_S), segments: Vec::new() });
        let segment = number(segments, &reading.segment);
        account.feed(&Sample::of(reading.time, segment, &reading.values), |_| {});
        let running = account.running();
        let start = reading.time.div_euclid(QUARTER) * QUARTER;
        // Of a quarter-hour whose beginning was not measured, what is known since. What counts from an earlier
        // border belongs to nobody yet.
        let known = running.since_within(start..start + QUARTER);
        Some(RunningQuarter {
            start,
            end: start + QUARTER,
            energy_import_wh: known.import,
            energy_export_wh: known.export,
            complete: running.complete && running.start == start,
        })
    }
}

/// The number that the account knows an equipment by. The store numbers from 1 upwards, so a new one gets
/// a number below.
fn number(segments: &mut Vec<(String, i64)>, equipment: &str) -> i64 {
    if let Some((_, number)) = segments.iter().find(|(known, _)| known == equipment) {
        return *number;
    }
    let number = -1 - segments.len() as i64;
    segments.push((equipment.to_string(), number));
    number
}
