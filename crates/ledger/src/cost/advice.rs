//! Advice: what each reference power would cost in a year, by the quarter-hours at hand.

use super::charge::Metered;
use super::money::{Money, Price, Span};
use crate::period::excess;

/// A reference power that a household can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    /// W.
    pub reference_w: u32,
    /// What it costs a month, without tax.
    pub month: Price,
}

/// What a class would cost in a year, without tax.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Advised {
    /// Energy beyond its reference power, quarters of a Wh, as far as it is known.
    pub known_quarter_wh: i64,
    /// The same, for all quarter-hours of a year as for those that are known.
    pub quarter_wh: i64,
    /// The fixed price of twelve months.
    pub fixed: Money,
    /// What the energy beyond costs.
    pub exceedance: Money,
}

impl Advised {
    /// Both together.
    pub fn total(&self) -> Money {
        self.fixed + self.exceedance
    }
}

/// Works out what each class would cost in a year of `year_quarters` quarter-hours, at one price for a kWh beyond
/// the reference power. Where fewer are known, they stand for the others: `advised` says so by its two energies.
/// Returns how many are known. `advised` has a place for each class.
pub fn advise(
    classes: &[Class],
    beyond: Price,
    quarters: &[Metered],
    year_quarters: u32,
    advised: &mut [Advised],
) -> u32 {
    for (class, advised) in classes.iter().zip(advised.iter_mut()) {
        *advised = Advised { fixed: Money::of_days(12 * 30, 30, class.month, Span::Month), ..Advised::default() };
    }
    let mut known = 0_u32;
    for energy in quarters.iter().filter_map(|quarter| quarter.import) {
        known = known.saturating_add(1);
        for (class, advised) in classes.iter().zip(advised.iter_mut()) {
            advised.known_quarter_wh = advised.known_quarter_wh.saturating_add(excess(energy, class.reference_w));
        }
    }
    let scale = (i64::from(year_quarters), i64::from(known));
    for (_, advised) in classes.iter().zip(advised.iter_mut()) {
        let scaled = i128::from(advised.known_quarter_wh) * i128::from(scale.0);
        advised.quarter_wh = if known == 0 { 0 } else { (scaled / i128::from(scale.1)) as i64 };
        advised.exceedance = Money::of_energy(advised.known_quarter_wh, beyond).scaled(scale.0, scale.1);
    }
    known
}

/// From how much energy beyond the lower class a month, in quarters of a Wh, the higher one is cheaper: as much as
/// its dearer fixed price buys, rounded up. `None`: always or never.
pub fn break_even(lower: Class, higher: Class, beyond: Price) -> Option<i64> {
    let dearer = i128::from(higher.month.as_nano_euro()) - i128::from(lower.month.as_nano_euro());
    let price = i128::from(beyond.as_nano_euro());
    if dearer <= 0 || price <= 0 {
        return None;
    }
    i64::try_from((dearer * 4000 + price - 1) / price).ok()
}
