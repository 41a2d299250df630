//! Decimal: an integer and where its decimal point stands, ready to be written.

use core::fmt;

/// `value` × 10^-`scale`, with as many digits as the format wants.
///
/// No float anywhere: what is written is the exact number, or the exact number rounded half up (away from zero).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    value: i64,
    scale: u8,
    /// Decimals that are written although they are zeros.
    least: u8,
    /// Digits before the point, filled up with zeros.
    digits: u8,
}

impl Decimal {
    /// All decimals of the scale: `6.695` for 6695 and 3.
    pub(crate) const fn new(value: i64, scale: u8) -> Self {
        Self { value, scale, least: scale, digits: 1 }
    }

    /// Without zeros at the end: `6.7`, `512`.
    #[must_use]
    pub(crate) const fn trimmed(self) -> Self {
        self.at_least(0)
    }

    /// Without zeros at the end beyond so many decimals.
    #[must_use]
    pub(crate) const fn at_least(self, decimals: u8) -> Self {
        Self { least: decimals, ..self }
    }

    /// So many digits before the point, as meters write: `000006.695` has six.
    #[must_use]
    pub(crate) const fn padded(self, digits: u8) -> Self {
        Self { digits, ..self }
    }

    /// Exactly so many decimals, rounded half up.
    #[must_use]
    pub(crate) const fn rounded(self, decimals: u8) -> Self {
        let mut value = self.value;
        if self.scale > decimals {
            let divisor = power_of_ten(self.scale - decimals);
            // i128: half a divisor on top of i64::MAX would not fit.
            let half = (divisor / 2) as i128;
            let wide = self.value as i128;
            value = if wide < 0 { (wide - half) / divisor as i128 } else { (wide + half) / divisor as i128 } as i64;
        }
        let scale = if self.scale > decimals { decimals } else { self.scale };
        Self { value, scale, least: decimals, digits: self.digits }
    }
}

const fn power_of_ten(exponent: u8) -> i64 {
    let mut power = 1;
    let mut index = 0;
    while index < exponent {
        power *= 10;
        index += 1;
    }
    power
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.value.unsigned_abs();
        let unit = power_of_ten(self.scale).unsigned_abs();
        let (whole, mut part) = (magnitude / unit, magnitude % unit);
        if self.value < 0 {
            f.write_str("-")?;
        }
        write!(f, "{whole:0digits$}", digits = usize::from(self.digits))?;
        let mut written = self.scale;
        while written > self.least && part.is_multiple_of(10) {
            part /= 10;
            written -= 1;
        }
        if written > 0 {
            write!(f, ".{part:0decimals$}", decimals = usize::from(written))?;
        } else if self.least > 0 {
            f.write_str(".")?;
        }
        for _ in written..self.least {
            f.write_str("0")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::string::ToString;

    use super::*;

    #[test]
    fn every_form() {
        assert_eq!(Decimal::new(6695, 3).to_string(), "6.695");
        assert_eq!(Decimal::new(6695, 3).rounded(2).to_string(), "6.70");
        assert_eq!(Decimal::new(6694, 3).rounded(2).to_string(), "6.69");
        assert_eq!(Decimal::new(-63_000, 3).rounded(2).to_string(), "-63.00");
        assert_eq!(Decimal::new(-5, 3).rounded(2).to_string(), "-0.01");
        assert_eq!(Decimal::new(-4, 3).rounded(2).to_string(), "0.00");
        assert_eq!(Decimal::new(512, 0).rounded(2).to_string(), "512.00");
        assert_eq!(Decimal::new(512_000, 3).trimmed().to_string(), "512");
        assert_eq!(Decimal::new(-1_500, 3).trimmed().to_string(), "-1.5");
        assert_eq!(Decimal::new(230_000, 3).at_least(1).to_string(), "230.0");
        assert_eq!(Decimal::new(230_123, 3).at_least(1).to_string(), "230.123");
        assert_eq!(Decimal::new(6695, 3).padded(6).to_string(), "000006.695");
        assert_eq!(Decimal::new(69, 0).padded(5).to_string(), "00069");
        assert_eq!(Decimal::new(i64::MAX, 3).rounded(2).to_string(), "9223372036854775.81");
        assert_eq!(Decimal::new(i64::MIN, 3).to_string(), "-9223372036854775.808");
    }
}
