//! Money: an exact fraction of a euro, rounded once, when it is shown.

use core::iter::Sum;
use core::ops::{Add, AddAssign, Neg, Sub};

/// Atoms in a nano-euro. Whatever a bill divides by divides this: 4000 (a quarter of a Wh of a kWh), months of 28 to
/// 31 days, twelfths of a year, and 10 000 (hundredths of a percent of VAT) besides.
const ATOMS: i128 = 4000 * 9 * 7 * 29 * 31 * 10_000;

/// Hundredths of a percent in the whole.
const WHOLE: i128 = 10_000;

/// A price: millionths of a thousandth of a euro for a unit, a kWh or a month. Sums of products with it are exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Price(i64);

impl Price {
    /// So many nano-euro a unit: 113 900 000 are 0.1139 euro.
    pub const fn nano_euro(nano_euro: i64) -> Self {
        Self(nano_euro)
    }

    /// Nano-euro a unit.
    pub const fn as_nano_euro(self) -> i64 {
        self.0
    }
}

/// What a fixed price is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// A month.
    Month,
    /// A year: twelve times what a month costs.
    Year,
}

/// An amount of money without any rounding. Sums do not depend on the order or on how a span of time is cut up.
/// Amounts beyond 10^16 euro stay at that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(i128);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// What an energy in quarters of a Wh costs at a price a kWh.
    pub const fn of_energy(quarter_wh: i64, price: Price) -> Self {
        Self((quarter_wh as i128 * price.0 as i128).saturating_mul(ATOMS / 4000))
    }

    /// What some days of a month cost, each an equal part of it. A month has 28 to 31 days.
    pub fn of_days(days: u32, days_in_month: u32, price: Price, span: Span) -> Self {
        let parts = i128::from(days_in_month.clamp(28, 31)) * if span == Span::Year { 12 } else { 1 };
        Self((i128::from(price.0) * i128::from(days)).saturating_mul(ATOMS / parts))
    }

    /// The tax on this amount, in hundredths of a percent: 800 are 8 %. Exact for sums of products with a price.
    #[must_use]
    pub const fn vat(self, basis_points: u16) -> Self {
        Self(nearest(self.0.saturating_mul(basis_points as i128), WHOLE))
    }

    /// The tax within this amount, if it is in it already. To the nearest atom, which is less than 10^-21 euro.
    #[must_use]
    pub const fn vat_within(self, basis_points: u16) -> Self {
        Self(nearest(self.0.saturating_mul(basis_points as i128), WHOLE + basis_points as i128))
    }

    /// This amount times a fraction, to the nearest atom. 0 for a denominator that is not positive.
    #[must_use]
    pub const fn scaled(self, numerator: i64, denominator: i64) -> Self {
        if denominator <= 0 {
            return Self::ZERO;
        }
        // Whole and rest apart: a year of money times a number of quarter-hours has room that way.
        let (denominator, numerator) = (denominator as i128, numerator as i128);
        let whole = (self.0 / denominator).saturating_mul(numerator);
        Self(whole.saturating_add(nearest((self.0 % denominator).saturating_mul(numerator), denominator)))
    }

    /// The price a kWh at which this energy, in quarters of a Wh, would cost this amount, to the nearest nano-euro.
    pub const fn price_of(self, quarter_wh: i64) -> Option<Price> {
        if quarter_wh <= 0 {
            return None;
        }
        Some(Price(narrow(nearest(self.0, quarter_wh as i128 * (ATOMS / 4000)))))
    }

    /// Millionths of a euro, half away from zero.
    pub const fn micro_euro(self) -> i64 {
        narrow(nearest(self.0, ATOMS * 1000))
    }

    /// Cents, half away from zero.
    pub const fn cents(self) -> i64 {
        narrow(nearest(self.0, ATOMS * 10_000_000))
    }
}

/// The quotient, half away from zero. The divisor is positive.
const fn nearest(dividend: i128, divisor: i128) -> i128 {
    let (quotient, rest) = (dividend / divisor, dividend % divisor);
    if rest.unsigned_abs() * 2 >= divisor.unsigned_abs() { quotient + rest.signum() } else { quotient }
}

const fn narrow(number: i128) -> i64 {
    if number > i64::MAX as i128 {
        i64::MAX
    } else if number < i64::MIN as i128 {
        i64::MIN
    } else {
        number as i64
    }
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Money {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Money {
    type Output = Self;

    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_bill_divides_by_divides_an_atom() {
        for parts in [4000, 28, 29, 30, 31, 28 * 12, 29 * 12, 30 * 12, 31 * 12] {
            assert_eq!(ATOMS % (parts * WHOLE), 0, "{parts}");
        }
    }

    #[test]
    fn halves_go_away_from_zero() {
        // A Wh at half a euro a kWh: 500 micro-euro; at a thousandth of it half a micro-euro.
        assert_eq!(Money::of_energy(4, Price::nano_euro(500_000_000)).micro_euro(), 500);
        assert_eq!(Money::of_energy(4, Price::nano_euro(500_000)).micro_euro(), 1);
        assert_eq!(Money::of_energy(-4, Price::nano_euro(500_000)).micro_euro(), -1);
        assert_eq!(Money::of_energy(4, Price::nano_euro(499_999)).micro_euro(), 0);
        assert_eq!(Money::of_energy(4000 * 5, Price::nano_euro(1_000_000)).cents(), 1);
        assert_eq!(Money::of_energy(4000 * 4, Price::nano_euro(1_000_000)).cents(), 0);
    }

    #[test]
    fn huge_amounts_stay_at_the_edge() {
        let most = Money::of_energy(i64::MAX, Price::nano_euro(i64::MAX));
        assert_eq!((most + most).micro_euro(), i64::MAX);
        assert!((-most - most).micro_euro() <= i64::MIN + 1);
        assert_eq!(most.scaled(1, 0), Money::ZERO);
    }
}
