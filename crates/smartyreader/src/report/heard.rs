//! Heard: as far as a period's quarter-hours are over, and since when its meter is silent.

use smarty_ledger::QUARTER;
use smarty_store::Span;

/// What the newest telegram and the clock make of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Heard {
    /// It has the newest telegram and is not over.
    pub(super) running: bool,
    /// It has the newest telegram, and another should have come since: when it came.
    pub(super) silent: Option<i64>,
    /// Its quarter-hours before this are over.
    pub(super) over: i64,
}

impl Heard {
    /// Of the quarter-hours of a period that ends at `end`, in order, as the store has them.
    pub(super) fn of(quarters: &[Span], end: i64, now: i64) -> Self {
        let newest = quarters.last().filter(|quarter| quarter.running);
        let running = newest.is_some() && end > now;
        // What is over waits for no telegram. Otherwise the next one may be on its way.
        let due = if running { now - QUARTER } else { end };
        let silent = newest.map(|quarter| quarter.until).filter(|until| *until < due);
        let over = match newest {
            Some(newest) if running && silent.is_none() => newest.start,
            Some(_) if running => now.div_euclid(QUARTER) * QUARTER,
            _ => end,
        };
        Self { running, silent, over }
    }
}
