//! Share: the part of a meter's usage that a bill is about.

use smarty_ledger::QUARTER;
use smarty_ledger::cost::{Metered, Stretch};
use smarty_store::Usage;

use crate::accounts::MARGIN_S;

/// What the meter metered in a bill's span.
pub(super) struct Share<'a> {
    pub(super) quarters: &'a [Metered],
    pub(super) gaps: Vec<Stretch>,
    /// Import and export of gaps that are not whole in it.
    pub(super) crossing: (i64, i64),
    /// As far as there could be quarter-hours.
    ends: i64,
    /// The quarter-hour in which the meter fell silent: what it says of its import is no demand.
    cut: Option<i64>,
}

impl<'a> Share<'a> {
    /// Of what is known of a meter. `latest`: its newest reading, or now.
    pub(super) fn of(usage: &'a Usage, (begins, ends): (i64, i64), latest: i64) -> Self {
        let at = |time: i64| usage.quarters.partition_point(|quarter| quarter.start < time);
        let touching = usage.gaps.iter().filter(|gap| gap.start < ends && gap.end > begins);
        let (gaps, crossing): (Vec<Stretch>, Vec<Stretch>) =
            touching.partition(|gap| gap.start >= begins && gap.end <= ends);
        let sum = |of: fn(&Stretch) -> Option<i64>| crossing.iter().filter_map(of).sum();
        // The quarter-hour after the newest reading has just begun: that is not silence yet.
        let last = usage.last.map_or(latest, |last| if latest - last > QUARTER { latest } else { last + 1 });
        let silent = usage.last.filter(|last| latest - last > QUARTER);
        let cut = silent.map(|last| (last - last.rem_euclid(QUARTER), last.rem_euclid(QUARTER)));
        let cut = cut.filter(|(_, into)| *into < QUARTER - i64::from(MARGIN_S)).map(|(start, _)| start);
        Self {
            cut,
            quarters: &usage.quarters[at(begins)..at(ends)],
            gaps,
            crossing: (sum(|gap| gap.import), sum(|gap| gap.export)),
            ends: ends.min(last).max(begins),
        }
    }

    /// How many quarter-hours begin in a part of the span, and of how many of them the import is known.
    pub(super) fn quarters(&self, from: i64, to: i64) -> (i64, i64) {
        let to = to.min(self.ends).max(from);
        let all = (to + QUARTER - 1).div_euclid(QUARTER) - (from + QUARTER - 1).div_euclid(QUARTER);
        let within = self
            .quarters
            .iter()
            .filter(|quarter| (from..to).contains(&quarter.start) && self.cut != Some(quarter.start));
        (all, within.filter(|quarter| quarter.import.is_some()).count() as i64)
    }

    /// Wh from the grid, gaps included.
    pub(super) fn import(&self) -> Option<i64> {
        let quarters = self.quarters.iter().map(|quarter| quarter.import);
        sum(quarters.chain(self.gaps.iter().map(|gap| gap.import)))
    }

    /// Wh into the grid, gaps included.
    pub(super) fn export(&self) -> Option<i64> {
        let quarters = self.quarters.iter().map(|quarter| quarter.export);
        sum(quarters.chain(self.gaps.iter().map(|gap| gap.export)))
    }
}

fn sum(energies: impl Iterator<Item = Option<i64>>) -> Option<i64> {
    energies.flatten().fold(None, |sum: Option<i64>, energy| Some(sum.unwrap_or(0).saturating_add(energy)))
}
