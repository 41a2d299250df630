//! Decimals: numbers as people write them, read digit by digit, so that 0.1139 is exactly that.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

/// Reads `-0.0371` in units of 10^-`scale`. `None`: no decimal number, or finer than that.
fn parse(text: &str, scale: usize) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let part = part.trim_end_matches('0');
    let digits_only = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits_only(whole) || !digits_only(part) || part.len() > scale {
        return None;
    }
    let number: i64 = format!("{whole}{part:0<scale$}").parse().ok()?;
    Some(if negative { -number } else { number })
}

/// Writes what [`parse`] reads, without zeros at the end.
fn write(f: &mut fmt::Formatter<'_>, number: i64, scale: usize) -> fmt::Result {
    let digits = format!("{:0>width$}", number.unsigned_abs(), width = scale + 1);
    let (whole, part) = digits.split_at(digits.len() - scale);
    let part = part.trim_end_matches('0');
    let sign = if number < 0 { "-" } else { "" };
    if part.is_empty() { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{part}") }
}

/// TOML's own numbers are read as the shortest text that means them, which is the text that was written.
struct Decimal<T>(&'static str, fn(&str) -> Result<T, String>);

impl<T> Visitor<'_> for Decimal<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        (self.1)(&number.to_string()).map_err(E::custom)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        (self.1)(&number.to_string()).map_err(E::custom)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.1)(text).map_err(E::custom)
    }
}

macro_rules! decimal {
    ($name:ident, $number:ty, $scale:literal, $range:expr, $meaning:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(pub $number);

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let number = parse(text, $scale).filter(|number| ($range).contains(number));
                let number = number.and_then(|number| <$number>::try_from(number).ok());
                number.map(Self).ok_or_else(|| format!("\"{text}\" is no {}", $meaning))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write(f, i64::from(self.0), $scale)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Decimal($meaning, |text: &str| text.parse()))
            }
        }
    };
}

decimal!(
    Euro,
    i64,
    9,
    -1_000_000_000_000_000..=1_000_000_000_000_000_i64,
    "price in euro with nine decimals at most, such as 0.1139",
    "An amount of euro for a unit, in nano-euro."
);
decimal!(
    Percent,
    u16,
    2,
    0..=10_000_i64,
    "percentage from 0 to 100 with two decimals at most, such as 8",
    "A percentage, in hundredths of a percent."
);
decimal!(
    Watts,
    u32,
    3,
    100..=1_000_000_i64,
    "power in kW from 0.1 to 1000, such as 3",
    "A power that is written in kW, in W."
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_digit_by_digit() {
        let euro = |text: &str| text.parse::<Euro>().map(|euro| euro.0);
        assert_eq!(euro("0.1139"), Ok(113_900_000));
        assert_eq!(euro("-0.0371"), Ok(-37_100_000));
        assert_eq!(euro("21"), Ok(21_000_000_000));
        assert_eq!(euro("+7.420000000000"), Ok(7_420_000_000));
        assert_eq!(euro("0.000000001"), Ok(1));
        for wrong in ["", ".", ".5", "-", "1,5", "0.1234567891", "1e3", "NaN", "inf", "0x1", "1000001", "--1"] {
            assert!(euro(wrong).is_err(), "{wrong}");
        }
        assert_eq!("8".parse(), Ok(Percent(800)));
        assert_eq!("5.5".parse(), Ok(Percent(550)));
        assert!("-1".parse::<Percent>().is_err() && "100.01".parse::<Percent>().is_err());
        assert_eq!("3".parse(), Ok(Watts(3000)));
        assert!("0".parse::<Watts>().is_err());
    }

    #[test]
    fn and_written_as_they_were() {
        for text in ["0.1139", "-0.0371", "21", "7.42", "0.000000001", "0"] {
            assert_eq!(text.parse::<Euro>().unwrap().to_string(), text);
        }
        assert_eq!(Percent(550).to_string(), "5.5");
        assert_eq!(Watts(3000).to_string(), "3");
    }

    #[test]
    fn every_number_of_a_toml_file_is_what_was_written() {
        #[derive(Deserialize)]
        struct File {
            price: Euro,
        }
        // All prices of four decimals up to two euro: a float between would show.
        for price in (-20_000..20_000_i64).step_by(7) {
            let text = Euro(price * 100_000).to_string();
            let file: File = toml::from_str(&format!("price = {text}")).unwrap();
            assert_eq!(file.price.0, price * 100_000, "{text}");
        }
    }
}
