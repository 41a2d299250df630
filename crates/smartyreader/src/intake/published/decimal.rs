//! Decimal: a number as another program wrote it, exactly, and the integer in our unit that it means.

use smarty_p1::{Fixed, Quantity, Unit};

/// Digits times a power of ten, without loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) struct Decimal {
    digits: i128,
    exponent: i32,
}

/// More digits than this fit no number that a meter shows.
const MOST_DIGITS: usize = 36;

/// Why a text is no value of a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) enum NoValue {
    /// Not written like a number.
    NotANumber,
    /// Its unit measures something else.
    OtherUnit,
    /// No meter can show it.
    OutOfRange,
}

impl Decimal {
    /// Changes nothing.
    pub(in crate::intake) const ONE: Self = Self { digits: 1, exponent: 0 };

    /// A number alone: `-0.1`.
    pub(in crate::intake) fn read(text: &str) -> Option<Self> {
        Self::split(text).filter(|(_, rest)| rest.is_empty()).map(|(number, _)| number)
    }

    /// One number times another, exactly; `None` where the digits do not fit.
    fn times(self, other: Self) -> Option<Self> {
        let exponent = self.exponent.checked_add(other.exponent)?;
        Some(Self { digits: self.digits.checked_mul(other.digits)?, exponent })
    }

    /// Reads `6.70`, `-063`, `000006.695`, `1.5e3`; and returns what stands behind it.
    pub(super) fn split(text: &str) -> Option<(Self, &str)> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (mut digits, mut exponent, mut count, mut seen, mut point) = (0_i128, 0_i32, 0, false, false);
        let mut end = unsigned.len();
        for (at, byte) in unsigned.bytes().enumerate() {
            match byte {
                b'0'..=b'9' => {
                    seen = true;
                    count += usize::from(digits != 0 || byte != b'0');
                    if count > MOST_DIGITS {
                        return None;
                    }
                    digits = digits * 10 + i128::from(byte - b'0');
                    exponent = exponent.saturating_sub(i32::from(point));
                }
                b'.' if !point => point = true,
                _ => {
                    end = at;
                    break;
                }
            }
        }
        if !seen {
            return None;
        }
        let mut rest = &unsigned[end..];
        if let Some((power, behind)) = power_of_ten(rest) {
            exponent = exponent.saturating_add(power);
            rest = behind;
        }
        let negative = text.starts_with('-');
        Some((Self { digits: if negative { -digits } else { digits }, exponent }, rest))
    }

    /// The number times ten to the `decimals`, to the nearest integer, halves away from zero: another program's
    /// floats write 6.694999999 for 6.695. `None` when it does not fit.
    pub(super) fn scaled(self, decimals: u8) -> Option<i64> {
        if self.digits == 0 {
            return Some(0);
        }
        let shift = self.exponent.saturating_add(i32::from(decimals));
        let power = |shift: u32| 10_i128.checked_pow(shift);
        let value = if shift >= 0 {
            self.digits.checked_mul(power(shift.unsigned_abs())?)?
        } else {
            match power(shift.unsigned_abs()) {
                Some(divisor) => {
                    let (whole, rest) = (self.digits / divisor, self.digits % divisor);
                    whole + if rest.abs() >= divisor - rest.abs() { rest.signum() } else { 0 }
                }
                // Smaller than anything that is counted.
                None => 0,
            }
        };
        i64::try_from(value).ok()
    }
}

/// `e-6`, `E+03`, and what stands behind it.
fn power_of_ten(text: &str) -> Option<(i32, &str)> {
    let behind = text.strip_prefix(['e', 'E'])?;
    let unsigned = behind.strip_prefix(['-', '+']).unwrap_or(behind);
    let end = unsigned.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(unsigned.len());
    // A power of more than four digits is beyond everything, one way or the other.
    let power: i32 = if end == 0 { return None } else { unsigned[..end].parse().unwrap_or(9999).min(9999) };
    Some((if behind.starts_with('-') { -power } else { power }, &unsigned[end..]))
}

/// How a number without a unit of its own is to be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) enum Written<'a> {
    /// In this unit.
    In(&'a str),
    /// In the quantity's own: `energy_import_wh` is in Wh.
    Own,
}

/// The integer that `text` (`000006.695*kWh`, `0.510 kW`, `6.70`) means for a quantity. What is written behind
/// the number goes before `written`.
pub(super) fn value(text: &str, written: Written<'_>, quantity: Quantity) -> Result<i64, NoValue> {
    let value = signed(text, written, quantity.unit(), Decimal::ONE)?;
    if possible(quantity.unit(), value) { Ok(value) } else { Err(NoValue::OutOfRange) }
}

/// The same of any sign and size, times a factor.
pub(in crate::intake) fn signed(text: &str, written: Written<'_>, unit: Unit, factor: Decimal) -> Result<i64, NoValue> {
    let (number, rest) = Decimal::split(text.trim()).ok_or(NoValue::NotANumber)?;
    let rest = rest.trim_start();
    let said = rest.strip_prefix('*').unwrap_or(rest);
    if !said.is_empty() && !said.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return Err(NoValue::NotANumber);
    }
    let decimals = match (said, written) {
        ("", Written::Own) => 0,
        ("", Written::In(written)) | (written, _) => decimals(written, unit).ok_or(NoValue::OtherUnit)?,
    };
    number.times(factor).and_then(|number| number.scaled(decimals)).ok_or(NoValue::OutOfRange)
}

/// How many decimals a written unit has above ours, by the telegrams' own table.
fn decimals(written: &str, unit: Unit) -> Option<u8> {
    if written.is_empty() {
        return matches!(unit, Unit::One | Unit::UtcSecond).then_some(0);
    }
    let one = Fixed { mantissa: 1, scale: 0, unit: written.as_bytes() };
    one.in_unit(unit).map(|power| power.ilog10() as u8)
}

/// What some meter on earth could show. Only currents, reactive values and plain numbers have a sign.
pub(in crate::intake) fn possible(unit: Unit, value: i64) -> bool {
    let (lowest, highest) = match unit {
        // A TWh, a GW, a MV, a MA.
        Unit::WattHour | Unit::VarHour | Unit::Milli => (0, 1_000_000_000_000),
        // The last: a thousand m³.
        Unit::Watt | Unit::VoltAmpere | Unit::Millivolt | Unit::Millilitre => (0, 1_000_000_000),
        Unit::Var | Unit::Milliampere | Unit::One => (-1_000_000_000, 1_000_000_000),
        Unit::Millihertz => (0, 1_000_000),
        // A kilometre, what no sensor outlives, and twice the pressure at the Dead Sea.
        Unit::Millimetre => (-1_000_000, 1_000_000),
        Unit::Millidegree => (-273_150, 2_000_000),
        Unit::Permille => (0, 1000),
        Unit::Pascal => (0, 220_000),
        Unit::Second => (-4_102_444_799, 4_102_444_799),
        // To the end of the year 2099.
        Unit::UtcSecond => (0, 4_102_444_799),
    };
    (lowest..=highest).contains(&value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wh(text: &str) -> Result<i64, NoValue> {
        value(text, Written::In("kWh"), Quantity::EnergyImport)
    }

    #[test]
    fn numbers_as_boards_write_them() {
        assert_eq!(wh("6.70"), Ok(6700), "two decimals of a kWh");
        assert_eq!(wh("6.695"), Ok(6695));
        assert_eq!(wh("6.694999999"), Ok(6695), "a float's last digits");
        assert_eq!(wh("000006.695*kWh"), Ok(6695));
        assert_eq!(wh("000006.695"), Ok(6695));
        assert_eq!(wh("7112944*Wh"), Ok(7_112_944));
        assert_eq!(wh("7112944 Wh"), Ok(7_112_944));
        assert_eq!(wh("1.2345e4"), Ok(12_345_000));
        assert_eq!(wh("1E-6"), Ok(0));
        assert_eq!(wh("0e9999999999"), Ok(0));
        assert_eq!(wh("-0.00"), Ok(0));
        assert_eq!(wh("999999999.999"), Ok(999_999_999_999));
        assert_eq!(value("0.510 kW", Written::In("kW"), Quantity::PowerImport), Ok(510));
        assert_eq!(value("510.00", Written::In("W"), Quantity::PowerImport), Ok(510));
        assert_eq!(value("412", Written::Own, Quantity::PowerImport), Ok(412));
        assert_eq!(value("0.412 kW", Written::Own, Quantity::PowerImport), Ok(412));
        assert_eq!(value("231.0", Written::In("V"), Quantity::VoltageL1), Ok(231_000));
        assert_eq!(value("-63", Written::In("A"), Quantity::CurrentThresholdExport), Ok(-63_000));
        assert_eq!(value("112.38", Written::In("m3"), Quantity::Mbus1Register), Ok(112_380));
        assert_eq!(value("0.08*kvarh", Written::In("kvarh"), Quantity::ReactiveEnergyImport), Ok(80));
        assert_eq!(value("8", Written::In(""), Quantity::PowerFailures), Ok(8));
        assert_eq!(value("00008", Written::In(""), Quantity::PowerFailures), Ok(8));
    }

    #[test]
    fn what_is_no_value_is_named() {
        for text in ["", "-", ".", "kWh", "1.2.3", "12 %", "1e", "0x10", "6,70", "\u{664}", &"9".repeat(37)] {
            let named = wh(text).unwrap_err();
            let unit = matches!(text, "1e" | "0x10");
            assert_eq!(named, if unit { NoValue::OtherUnit } else { NoValue::NotANumber }, "{text}");
        }
        assert_eq!(wh("6.7 kW"), Err(NoValue::OtherUnit));
        assert_eq!(wh("-6.70"), Err(NoValue::OutOfRange), "no register is below zero");
        assert_eq!(wh("1e30"), Err(NoValue::OutOfRange));
        assert_eq!(wh("1e9999999999"), Err(NoValue::OutOfRange));
        assert_eq!(wh("1000000000.001"), Err(NoValue::OutOfRange));
        assert_eq!(value("-1", Written::In("kW"), Quantity::PowerImport), Err(NoValue::OutOfRange));
        assert_eq!(value("8", Written::In(""), Quantity::PowerImport), Err(NoValue::OtherUnit));
    }

    #[test]
    fn a_factor_is_exact() {
        let times =
            |text: &str, factor: &str| signed(text, Written::In("kWh"), Unit::WattHour, Decimal::read(factor).unwrap());
        assert_eq!(times("12345.6", "0.1"), Ok(1_234_560));
        assert_eq!(times("1.5", "-1"), Ok(-1500));
        assert_eq!(times("0.3", "3"), Ok(900));
        assert_eq!(times("1", "0.0000004"), Ok(0));
        assert_eq!(times(&"9".repeat(36), "1000000"), Err(NoValue::OutOfRange));
        assert!(Decimal::read("1 kW").is_none() && Decimal::read("").is_none());
    }

    proptest! {
        /// The integer goes out as a decimal text and comes back as itself, however it is written.
        #[test]
        fn exact_for_every_integer(number in 0i64..=999_999_999_999, zeros in 0usize..4, decimals in 3usize..9) {
            let padding = "0".repeat(decimals - 3);
            let text = format!("{}{}.{:03}{padding}", "0".repeat(zeros), number / 1000, number % 1000);
            prop_assert_eq!(wh(&text), Ok(number));
            let starred = format!("{text}*kWh");
            prop_assert_eq!(wh(&starred), Ok(number));
            let scientific = format!("{number}e-3");
            prop_assert_eq!(wh(&scientific), Ok(number));
        }

        /// Two decimals are never more than half a hundredth from the truth, and never turn the order round.
        #[test]
        fn rounding_keeps_the_order(a in 0i64..1_000_000_000_000, b in 0i64..1_000_000_000_000) {
            let text = |micro: i64| format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000);
            let (one, other) = (wh(&text(a)).unwrap(), wh(&text(b)).unwrap());
            prop_assert!((one * 1000 - a).abs() <= 500);
            prop_assert_eq!(a <= b, a <= b && one <= other);
        }

        #[test]
        fn nothing_is_a_panic(text in "[-+0-9.eE*kWh ]{0,60}|.*") {
            for quantity in [Quantity::EnergyImport, Quantity::BreakerState, Quantity::Mbus1Time] {
                if let Ok(value) = value(&text, Written::Own, quantity) {
                    prop_assert!(possible(quantity.unit(), value));
                }
            }
        }
    }
}
