//! Tally: what is counted about the quarter-hour that is running.

use crate::sample::Sample;

/// Lowest, highest and sum of the net power's samples, W.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerSpread {
    /// Lowest.
    pub min: i64,
    /// Highest.
    pub max: i64,
    /// Sum of all, for the mean.
    pub sum: i64,
    /// How many.
    pub count: u32,
}

impl PowerSpread {
    /// The mean, rounded to the nearest watt.
    pub const fn mean(&self) -> i64 {
        let count = self.count as i64;
        if count == 0 { 0 } else { (self.sum.saturating_add(count / 2)).div_euclid(count) }
    }

    /// Two spreads as one.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            min: self.min.min(other.min),
            max: self.max.max(other.max),
            sum: self.sum.saturating_add(other.sum),
            count: self.count.saturating_add(other.count),
        }
    }
}

/// Lowest and highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Lowest.
    pub min: i64,
    /// Highest.
    pub max: i64,
}

impl Extent {
    /// Two extents as one.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { min: self.min.min(other.min), max: self.max.max(other.max) }
    }
}

/// The running quarter-hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) start: i64,
    pub(crate) telegrams: u32,
    pub(crate) power_net: Option<PowerSpread>,
    pub(crate) voltage: Option<Extent>,
}

impl Tally {
    pub(crate) const fn new(start: i64) -> Self {
        Self { start, telegrams: 0, power_net: None, voltage: None }
    }

    pub(crate) fn add(&mut self, sample: &Sample) {
        self.telegrams = self.telegrams.saturating_add(1);
        if let Some(power) = sample.power_net {
            let one = PowerSpread { min: power, max: power, sum: power, count: 1 };
            self.power_net = Some(self.power_net.map_or(one, |spread| spread.plus(one)));
        }
        for voltage in sample.voltages.into_iter().flatten() {
            let one = Extent { min: voltage, max: voltage };
            self.voltage = Some(self.voltage.map_or(one, |extent| extent.plus(one)));
        }
    }
}
