//! Fixed: a decimal number as the telegram writes it, and its conversion to one integer unit.

use crate::quantity::Unit;

/// A decimal number: `mantissa` × 10^-`scale`, with the unit's text as it stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed<'a> {
    /// All digits, with the sign.
    pub mantissa: i64,
    /// How many of them stand behind the decimal point.
    pub scale: u8,
    /// The unit, empty when missing.
    pub unit: &'a [u8],
}

impl<'a> Fixed<'a> {
    /// Reads `-063*A`, `000006.695*kWh`, `00.007` or, as one Belgian meter writes, `000123.456kWh`.
    ///
    /// `None` for what is not a number, or has more than 18 digits.
    #[inline]
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let (number, rest) = Self::parse_digits(text)?;
        Some(Self { unit: unit(rest)?, ..number })
    }

    /// The same up to a closing bracket, which is not searched for before the digits are over.
    #[inline]
    pub(crate) fn parse_group(text: &'a [u8]) -> Option<Self> {
        let (number, rest) = Self::parse_digits(text)?;
        let end = rest.iter().position(|&byte| byte == b')')?;
        Some(Self { unit: unit(&rest[..end])?, ..number })
    }

    /// Sign, digits and point; and what stands behind them.
    #[inline]
    fn parse_digits(text: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (negative, digits) = match text {
            [b'-', rest @ ..] => (true, rest),
            _ => (false, text),
        };
        let mut mantissa = 0_i64;
        let mut point = None;
        let mut length = 0;
        for &byte in digits {
            let digit = byte.wrapping_sub(b'0');
            if digit <= 9 {
                mantissa = mantissa.wrapping_mul(10).wrapping_add(i64::from(digit));
            } else if byte == b'.' && point.is_none() {
                point = Some(length);
            } else {
                break;
            }
            length += 1;
        }
        let count = length - usize::from(point.is_some());
        if count == 0 || count > 18 {
            return None;
        }
        let number = Self {
            mantissa: if negative { -mantissa } else { mantissa },
            scale: point.map_or(0, |point| (length - point - 1) as u8),
            unit: &[],
        };
        Some((number, &digits[length..]))
    }

    /// The number as an integer in `unit`. A missing unit is taken as the one that the
    /// specification gives the object (kWh for energy, kW for power …).
    ///
    /// `None` when the unit written is of another kind. Digits beyond the integer's last are cut.
    #[inline]
    pub fn in_unit(self, unit: Unit) -> Option<i64> {
        let decimals = if self.unit.is_empty() { unit.default_scale() } else { decimals(self.unit, unit)? };
        if decimals >= self.scale {
            self.mantissa.checked_mul(power_of_ten(decimals - self.scale)?)
        } else {
            Some(self.mantissa / power_of_ten(self.scale - decimals)?)
        }
    }
}

/// `*kWh`, or `kWh` without its star, or nothing.
#[inline]
fn unit(text: &[u8]) -> Option<&[u8]> {
    match text {
        [] => Some(&[]),
        [b'*', unit @ ..] => Some(unit),
        [first, ..] if first.is_ascii_alphabetic() => Some(text),
        _ => None,
    }
}

#[inline]
fn power_of_ten(exponent: u8) -> Option<i64> {
    const POWERS: [i64; 19] = {
        let mut powers = [1; 19];
        let mut index = 1;
        while index < 19 {
            powers[index] = powers[index - 1] * 10;
            index += 1;
        }
        powers
    };
    POWERS.get(usize::from(exponent)).copied()
}

/// How many decimals a written unit has above the integer unit, if they measure the same thing.
/// Nordic meters write `kVArh`, so case counts for nothing but the prefix.
#[inline]
#[allow(clippy::match_same_arms)] // A table, one kind of unit after the other.
fn decimals(written: &[u8], unit: Unit) -> Option<u8> {
    Some(match (unit, written) {
        (Unit::WattHour, b"kWh") => 3,
        (Unit::WattHour, b"Wh") => 0,
        (Unit::WattHour, b"MWh") => 6,
        (Unit::Watt, b"kW") => 3,
        (Unit::Watt, b"W") => 0,
        (Unit::Millivolt, b"V") | (Unit::Milliampere, b"A") | (Unit::Millihertz, b"Hz") => 3,
        (Unit::VarHour, text) if text.eq_ignore_ascii_case(b"kvarh") => 3,
        (Unit::VarHour, text) if text.eq_ignore_ascii_case(b"varh") => 0,
        (Unit::Var, text) if text.eq_ignore_ascii_case(b"kvar") => 3,
        (Unit::Var, text) if text.eq_ignore_ascii_case(b"var") => 0,
        // The limiter is in kVA in Luxembourg and in kW in Belgium.
        (Unit::VoltAmpere, b"kVA" | b"kW") => 3,
        (Unit::VoltAmpere, b"VA" | b"W") => 0,
        (Unit::Milli, b"m3" | b"GJ" | b"kWh") => 3,
        (Unit::Milli, b"dm3" | b"l" | b"MJ" | b"Wh") => 0,
        (Unit::Milli, b"MWh") => 6,
        (Unit::UtcSecond | Unit::One | Unit::Second, b"s") => 0,
        // What sensors measure; a degree is one of Celsius.
        (Unit::Millimetre, b"m") | (Unit::Millilitre, b"l" | b"L" | b"dm3") => 3,
        (Unit::Millimetre, b"cm") => 1,
        (Unit::Millimetre, b"mm") | (Unit::Millilitre, b"ml") | (Unit::Pascal, b"Pa") => 0,
        (Unit::Millilitre, b"m3") => 6,
        (Unit::Millidegree, b"C" | b"\xC2\xB0C") => 3,
        (Unit::Permille, b"%") => 1,
        (Unit::Pascal, b"hPa" | b"mbar") => 2,
        (Unit::Pascal, b"kPa") => 3,
        (Unit::Pascal, b"bar") => 5,
        _ => return None,
    })
}

/// Decodes a hex text (`534147…`, two digits a character) into `buffer`, as ids and messages are sent.
///
/// `None` when it is not hex, of odd length, not printable ASCII, or longer than the buffer.
pub fn hex_text<'b>(hex: &[u8], buffer: &'b mut [u8]) -> Option<&'b str> {
    if hex.is_empty() || !hex.len().is_multiple_of(2) || hex.len() / 2 > buffer.len() {
        return None;
    }
    for (index, pair) in hex.chunks_exact(2).enumerate() {
        let high = (pair[0] as char).to_digit(16)?;
        let low = (pair[1] as char).to_digit(16)?;
        let byte = (high << 4 | low) as u8;
        if !(0x20..0x7F).contains(&byte) {
            return None;
        }
        buffer[index] = byte;
    }
    core::str::from_utf8(&buffer[..hex.len() / 2]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, unit: Unit) -> Option<i64> {
        Fixed::parse(text.as_bytes())?.in_unit(unit)
    }

    #[test]
    fn numbers_become_integers() {
        assert_eq!(value("000006.695*kWh", Unit::WattHour), Some(6695));
        assert_eq!(value("007112944*Wh", Unit::WattHour), Some(7_112_944));
        assert_eq!(value("00.007", Unit::Var), Some(7));
        assert_eq!(value("-063*A", Unit::Milliampere), Some(-63_000));
        assert_eq!(value("000123.456kWh", Unit::WattHour), Some(123_456));
        assert_eq!(value("00052185.7825309*kWh", Unit::WattHour), Some(52_185_782));
        assert_eq!(value("0000.000*kVAr", Unit::Var), Some(0));
        assert_eq!(value("14239.771*m3", Unit::Milli), Some(14_239_771));
        assert_eq!(value("999.9*kW", Unit::VoltAmpere), Some(999_900));
        assert_eq!(value("00099", Unit::One), Some(99));
        assert_eq!(value("231.0*V", Unit::Millivolt), Some(231_000));
        assert_eq!(value("-4.25*C", Unit::Millidegree), Some(-4250));
        assert_eq!(value("41.5*%", Unit::Permille), Some(415));
        assert_eq!(value("1013.25*hPa", Unit::Pascal), Some(101_325));
        assert_eq!(value("1.234*m3", Unit::Millilitre), Some(1_234_000));
        assert_eq!(value("123*cm", Unit::Millimetre), Some(1230));
    }

    #[test]
    fn what_is_not_a_number_or_not_this_unit() {
        for text in ["", "-", ".", "*kWh", "1.2.3", "12x", "0000000000000000000001", "\u{20ac}1"] {
            assert!(value(text, Unit::WattHour).is_none(), "{text} must not be a number of watt-hours");
        }
        assert_eq!(value("1.000*kWh", Unit::Watt), None);
        assert_eq!(value("0085*A", Unit::VoltAmpere), None);
        assert_eq!(value("999999999999999999*MWh", Unit::WattHour), None);
    }

    #[test]
    fn hex_texts() {
        let mut buffer = [0; 32];
        assert_eq!(hex_text(b"53414731303330373030313134303034", &mut buffer), Some("SAG1030700114004"));
        assert_eq!(hex_text(b"serienummer", &mut buffer), None);
        assert_eq!(hex_text(b"5", &mut buffer), None);
        assert_eq!(hex_text(b"0011", &mut buffer), None);
        assert_eq!(hex_text(&[b'4'; 100], &mut buffer), None);
    }
}
