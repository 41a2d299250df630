//! Charge: quarter-hours and gaps, at their rates.

use super::money::Price;
use super::rate::{Basis, Pricing, Rate, Tally};
use super::week::Clock;
use crate::QUARTER;
use crate::period::excess;

/// A quarter-hour as far as it is metered. A running one counts with what it has so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metered {
    /// Its first second, UTC.
    pub start: i64,
    /// Wh. `None`: not known.
    pub import: Option<i64>,
    /// Wh. `None`: not known.
    pub export: Option<i64>,
}

/// A span whose energy is known and whose shape is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// First second, UTC.
    pub start: i64,
    /// The second after the last.
    pub end: i64,
    /// Wh.
    pub import: Option<i64>,
    /// Wh.
    pub export: Option<i64>,
}

/// What became of a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charged {
    /// It has nothing of this kind, or nothing of this kind can be known of it: an excess.
    Nothing,
    /// All of it lies in one price.
    Exactly,
    /// It lies in several prices and counts at the one that costs least: the truth may be more.
    AtLeast,
    /// There is no price for at least a part of it.
    Unpriced,
}

/// Charges quarter-hours, which are in order, at the rates of one component. `tallies` has as many places as
/// [`slots`](super::slots) says. What lies in no rate is nobody's here. Returns the energy that lies in a rate without
/// having a price there, in quarters of a Wh.
pub fn charge(rates: &[Rate<'_>], quarters: &[Metered], clock: &Clock<'_>, tallies: &mut [Tally]) -> i64 {
    let mut unpriced = 0_i64;
    let (mut place, mut rest) = (0, quarters);
    for rate in rates {
        let from = &rest[rest.partition_point(|quarter| quarter.start < rate.from)..];
        let (within, after) = from.split_at(from.partition_point(|quarter| quarter.start < rate.to));
        rest = after;
        let places = rate.slots();
        let Some(own) = tallies.get_mut(place..place + places) else { return unpriced };
        unpriced = unpriced.saturating_add(charge_one(rate, within, clock, own));
        place += places;
    }
    unpriced
}

fn charge_one(rate: &Rate<'_>, quarters: &[Metered], clock: &Clock<'_>, tallies: &mut [Tally]) -> i64 {
    if let (Pricing::Flat(price), [tally]) = (rate.pricing, &mut *tallies) {
        tally.add(sum(quarters, rate.basis), price);
        return 0;
    }
    let mut unpriced = 0_i64;
    for quarter in quarters {
        let Some(energy) = quantity(quarter, rate.basis) else { continue };
        match rate.price(quarter.start, clock) {
            Some((slot, price)) => tallies[slot].add(energy, price),
            None => unpriced = unpriced.saturating_add(energy),
        }
    }
    unpriced
}

fn sum(quarters: &[Metered], basis: Basis) -> i64 {
    quarters.iter().filter_map(|quarter| quantity(quarter, basis)).fold(0, i64::saturating_add)
}

/// Quarters of a Wh.
fn quantity(quarter: &Metered, basis: Basis) -> Option<i64> {
    match basis {
        Basis::Import => quarter.import.map(|energy| energy.saturating_mul(4)),
        Basis::Export => quarter.export.map(|energy| energy.saturating_mul(4)),
        Basis::Excess { reference_w } => quarter.import.map(|energy| excess(energy, reference_w)),
    }
}

/// Charges a gap at the rates of one component, which have one basis. Where it lies in several prices, all of it
/// counts at the price that costs least.
pub fn charge_gap(rates: &[Rate<'_>], gap: &Stretch, clock: &Clock<'_>, tallies: &mut [Tally]) -> Charged {
    let energy = match rates.first().map(|rate| rate.basis) {
        Some(Basis::Import) => gap.import,
        Some(Basis::Export) => gap.export,
        // A gap has no demand.
        Some(Basis::Excess { .. }) | None => None,
    };
    let Some(energy) = energy else { return Charged::Nothing };
    if energy == 0 {
        return Charged::Exactly;
    }
    // What is paid for export costs least where it is paid best.
    let pays = rates[0].basis == Basis::Export;
    let mut least: Option<(usize, Price)> = None;
    let mut several = false;
    let mut time = gap.start;
    while time < gap.end {
        let Some((place, price)) = price_at(rates, time, clock) else { return Charged::Unpriced };
        match least {
            None => least = Some((place, price)),
            Some((_, lowest)) if price == lowest => {}
            Some((_, lowest)) => {
                several = true;
                if (price > lowest) == pays {
                    least = Some((place, price));
                }
            }
        }
        time = (time.div_euclid(QUARTER) + 1) * QUARTER;
    }
    let Some((place, price)) = least else { return Charged::Unpriced };
    let Some(tally) = tallies.get_mut(place) else { return Charged::Unpriced };
    let quarter_wh = energy.saturating_mul(4);
    tally.add(quarter_wh, price);
    tally.gap_quarter_wh = tally.gap_quarter_wh.saturating_add(quarter_wh);
    if several {
        tally.at_least_quarter_wh = tally.at_least_quarter_wh.saturating_add(quarter_wh);
        return Charged::AtLeast;
    }
    Charged::Exactly
}

/// The price at a moment, and its place among the tallies of all rates.
fn price_at(rates: &[Rate<'_>], time: i64, clock: &Clock<'_>) -> Option<(usize, Price)> {
    let mut place = 0;
    for rate in rates {
        if (rate.from..rate.to).contains(&time) {
            return rate.price(time, clock).map(|(slot, price)| (place + slot, price));
        }
        place += rate.slots();
    }
    None
}
