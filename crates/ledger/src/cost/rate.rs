//! Rate: what a component costs in a span of time, and what came together under it.

use super::money::{Money, Price};
use super::week::{Clock, Window};

/// Seconds in an hour.
const HOUR: i64 = 3600;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Energy from the grid.
    Import,
    /// Energy into the grid.
    Export,
    /// Energy from the grid beyond a reference power, by quarter-hours: the mean of each counts.
    Excess {
        /// W.
        reference_w: u32,
    },
}

/// How the price depends on the time.
#[derive(Clone, Copy, Debug)]
pub enum Pricing<'a> {
    /// Not at all.
    Flat(Price),
    /// By the time of the week: the first window that fits, else the last price.
    Week {
        /// In the order in which they are tried.
        windows: &'a [(Window, Price)],
        /// At all other times. `None`: then there is no price.
        otherwise: Option<Price>,
    },
    /// By the hour: its first second (UTC) and its price, in order. Other hours have no price.
    Hourly(&'a [(i64, Price)]),
}

/// What a component costs in a span of time. The rates of one component are in order and do not overlap.
#[derive(Clone, Copy, Debug)]
pub struct Rate<'a> {
    /// First second, UTC.
    pub from: i64,
    /// The second after the last.
    pub to: i64,
    /// What is counted.
    pub basis: Basis,
    /// At which price.
    pub pricing: Pricing<'a>,
}

impl Rate<'_> {
    /// How many tallies it has: one a price of the week, else one.
    pub fn slots(&self) -> usize {
        match self.pricing {
            Pricing::Week { windows, otherwise } => windows.len() + usize::from(otherwise.is_some()),
            Pricing::Flat(_) | Pricing::Hourly(_) => 1,
        }
    }

    /// The price at a moment within its span, and which of its tallies is meant.
    pub fn price(&self, time: i64, clock: &Clock<'_>) -> Option<(usize, Price)> {
        match self.pricing {
            Pricing::Flat(price) => Some((0, price)),
            Pricing::Week { windows, otherwise } => {
                let local = clock.local(time);
                let found = windows.iter().position(|(window, _)| window.contains(local, clock));
                found.map(|slot| (slot, windows[slot].1)).or(otherwise.map(|price| (windows.len(), price)))
            }
            Pricing::Hourly(hours) => {
                let hour = time.div_euclid(HOUR) * HOUR;
                let found = hours.binary_search_by_key(&hour, |&(start, _)| start).ok()?;
                Some((0, hours[found].1))
            }
        }
    }
}

/// How many tallies some rates have together.
pub fn slots(rates: &[Rate<'_>]) -> usize {
    rates.iter().map(Rate::slots).sum()
}

/// What came together under one price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Quarters of a Wh, those of gaps included.
    pub quarter_wh: i64,
    /// Of them from gaps.
    pub gap_quarter_wh: i64,
    /// Of them from gaps across several prices, of which this is the one that costs least: the true cost may be more.
    pub at_least_quarter_wh: i64,
    /// Without tax. What is paid out for export is positive here too.
    pub amount: Money,
}

impl Tally {
    /// Adds an energy at a price.
    pub(super) fn add(&mut self, quarter_wh: i64, price: Price) {
        self.quarter_wh = self.quarter_wh.saturating_add(quarter_wh);
        self.amount += Money::of_energy(quarter_wh, price);
    }
}
