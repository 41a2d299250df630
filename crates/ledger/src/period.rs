//! Period: what is summed up over the quarter-hours of a running day or month.

use crate::QUARTER;
use crate::calculated::CLASSES;
use crate::entry::{QuarterHour, Running};
use crate::sample::Register;
use crate::settings::Reference;

/// A local day or month that is not over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    /// Its first second, UTC.
    pub(crate) start: i64,
    /// How many of its quarter-hours closed complete.
    pub(crate) complete: u32,
    /// Import beyond each reference power in the closed quarter-hours, in quarters of a Wh.
    pub(crate) excess: [i64; CLASSES],
}

impl Period {
    /// Before the first reading: no day or month begins there.
    pub(crate) const NONE: Self = Self::new(i64::MIN);

    pub(crate) const fn new(start: i64) -> Self {
        Self { start, complete: 0, excess: [0; CLASSES] }
    }

    /// A quarter-hour is over. One that began before this period belongs to the one before.
    pub(crate) fn take(&mut self, quarter: &QuarterHour, references: &[Option<Reference>; CLASSES]) {
        if quarter.start < self.start {
            return;
        }
        self.complete = self.complete.saturating_add(u32::from(quarter.complete));
        // Without a demand there is no exceedance.
        let Some(energy) = quarter.energies.import else { return };
        for (sum, reference) in self.excess.iter_mut().zip(references) {
            *sum = sum.saturating_add(reference.map_or(0, |reference| excess(energy, reference.power_w)));
        }
    }

    /// The same for other reference powers, told by the place that each had before. With `lost`, the closed
    /// quarter-hours are missing from one of them, and none counts as complete any more.
    #[must_use]
    pub(crate) fn rearranged(&self, places: &[Option<usize>; CLASSES], lost: bool) -> Self {
        let excess = places.map(|place| place.map_or(0, |before| self.excess[before]));
        Self { start: self.start, complete: if lost { 0 } else { self.complete }, excess }
    }

    /// Every quarter-hour since the start is closed complete, and the running one counts from its border.
    pub(crate) fn is_complete(&self, running: &Running) -> bool {
        running.complete && running.start.checked_sub(self.start) == Some(i64::from(self.complete) * QUARTER)
    }
}

/// Energy of a quarter-hour beyond a reference power, in quarters of a Wh: the reference power itself is that many
/// of them in a quarter-hour.
pub(crate) fn excess(energy_wh: i64, reference_w: u32) -> i64 {
    energy_wh.saturating_mul(4).saturating_sub(i64::from(reference_w)).max(0)
}

/// Quarters of a Wh as Wh, rounded half up.
pub(crate) const fn whole_wh(quarters: i64) -> i64 {
    quarters.saturating_add(2).div_euclid(4)
}

/// Import of the running quarter-hour, Wh, if it was measured at its first second. Otherwise it may have no demand.
pub(crate) fn measured_import(running: &Running) -> i64 {
    let measured = running.since[Register::Import as usize] == running.start;
    running.energies.import.filter(|_| measured).unwrap_or(0)
}
