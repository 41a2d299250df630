//! Spans: what was made and used in quarter-hours, hours, days, months and years.
//!
//! Everything is put together from pieces that are known of all meters: quarter-hours measured at both borders, and gaps
//! that all have alike, such as those while this program did not run. So each figure is about the same stretches of
//! time on every side.

use std::collections::HashMap;

use smarty_ledger::{Energies, QUARTER, SelfConsumption};
use smarty_store::{Reader, Span, StoreError};

use super::Household;
use crate::config::Direction;

/// So much is in memory at a time, in seconds.
const PORTION: i64 = 32 * 86_400;

/// How long the spans are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Quarter-hours.
    Quarter,
    /// Hours of UTC.
    Hour,
    /// Local days.
    Day,
    /// Local months.
    Month,
    /// Local years.
    Year,
}

/// What is known of one span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// First second, UTC.
    pub start: i64,
    /// The second after the last.
    pub end: i64,
    /// Wh, over the pieces that are known on every side. `None`: there is none.
    pub energies: Option<SelfConsumption>,
    /// Each quarter-hour of it, so far if it is running, is known on every side.
    pub complete: bool,
    /// It is not over.
    pub running: bool,
    /// Seconds of the known quarter-hours.
    known: i64,
}

impl Share {
    fn add(&mut self, energies: SelfConsumption) {
        self.energies = Some(self.energies.map_or(energies, |sum| sum.plus(energies)));
    }
}

impl Household {
    /// What was made and used in the spans that start in `from..to`, the running one included, in order, as they are at
    /// `now`. Years: those that overlap it.
    ///
    /// # Errors
    /// Those of the database.
    pub fn shares(
        &self,
        reader: &Reader,
        step: Step,
        (from, to): (i64, i64),
        now: i64,
    ) -> Result<Vec<Share>, StoreError> {
        let grid = self.grid.as_str();
        let spans = match step {
            Step::Quarter => reader.quarter_hours(grid, from, to)?,
            Step::Hour => reader.hours(grid, from, to)?,
            Step::Day => reader.days(grid, from, to)?,
            Step::Month => reader.months(grid, from, to)?,
            Step::Year => reader.years(grid)?.into_iter().filter(|year| year.end > from && year.start < to).collect(),
        };
        let (Some(first), Some(last)) = (spans.first(), spans.last()) else { return Ok(Vec::new()) };
        let (from, to) = (first.start, last.end);
        let mut shares: Vec<Share> = spans.iter().map(|span| empty(&span.as_of(now))).collect();
        let mut until = from;
        let mut begin = from;
        while begin < to {
            let end = (begin + PORTION).min(to);
            until = until.max(self.add_quarters(reader, (begin, end), now, &mut shares)?);
            begin = end;
        }
        self.add_gaps(reader, from, to, &mut shares)?;
        for share in &mut shares {
            let end = if share.running { until.min(share.end) } else { share.end };
            share.complete = share.known > 0 && share.known == end - share.start;
        }
        Ok(shares)
    }

    /// Adds the quarter-hours of a portion; answers where the running one ends, or the last.
    fn add_quarters(
        &self,
        reader: &Reader,
        (from, to): (i64, i64),
        now: i64,
        shares: &mut [Share],
    ) -> Result<i64, StoreError> {
        // By start: the energy, how many have said it, and whether one is not done with it.
        let mut made: HashMap<i64, (i64, usize, bool)> = HashMap::new();
        for (maker, direction) in &self.makers {
            for quarter in reader.quarter_hours(maker, from, to)?.iter().map(|quarter| quarter.as_of(now)) {
                if let Some(energy) = counted(&quarter.energies, *direction).filter(|_| quarter.complete) {
                    let (sum, makers, running) = made.entry(quarter.start).or_default();
                    *sum = sum.saturating_add(energy);
                    *makers += 1;
                    *running |= quarter.running;
                }
            }
        }
        let mut until = from;
        for quarter in reader.quarter_hours(&self.grid, from, to)?.iter().map(|quarter| quarter.as_of(now)) {
            until = quarter.end;
            let Some(&(produced, makers, running)) = made.get(&quarter.start) else { continue };
            if let Some(energies) = of(&quarter.energies, produced)
                && quarter.complete
                && makers == self.makers.len()
                && let Some(share) = around(shares, quarter.start, quarter.end)
            {
                share.add(energies);
                share.known += QUARTER;
                share.running |= running;
            }
        }
        Ok(until)
    }

    /// Adds the gaps that all have alike, to the span that contains each whole.
    fn add_gaps(&self, reader: &Reader, from: i64, to: i64, shares: &mut [Share]) -> Result<(), StoreError> {
        let mut makers = Vec::new();
        for (maker, direction) in &self.makers {
            let gaps = reader.gaps(maker, from, to)?;
            makers.push((gaps, *direction));
        }
        for gap in reader.gaps(&self.grid, from, to)? {
            let made = makers.iter().map(|(gaps, direction)| {
                let same = gaps.iter().find(|other| (other.start, other.end) == (gap.start, gap.end))?;
                counted(&same.energies, *direction)
            });
            let produced: Option<i64> = made.sum();
            if let Some(energies) = produced.and_then(|produced| of(&gap.energies, produced))
                && let Some(share) = around(shares, gap.start, gap.end)
            {
                share.add(energies);
            }
        }
        Ok(())
    }
}

fn empty(span: &Span) -> Share {
    let Span { start, end, running, .. } = *span;
    Share { start, end, energies: None, complete: false, running, known: 0 }
}

/// The span that contains another whole.
fn around(shares: &mut [Share], start: i64, end: i64) -> Option<&mut Share> {
    let index = shares.partition_point(|share| share.start <= start).checked_sub(1)?;
    shares.get_mut(index).filter(|share| share.end >= end)
}

fn of(grid: &Energies, produced: i64) -> Option<SelfConsumption> {
    Some(SelfConsumption::of(grid.import?, grid.export?, produced))
}

const fn counted(energies: &Energies, direction: Direction) -> Option<i64> {
    match direction {
        Direction::Import => energies.import,
        Direction::Export => energies.export,
    }
}
