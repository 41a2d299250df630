//! Day line: one line of a day file, as the Python script of weigu.lu wrote it.
//!
//! `23.11.26 12:34:00 000006.695 0.12 480.0`: local date and time, the register in kWh as the meter sent it, kWh since
//! midnight, and W since the line before. Numbers look as Python writes them.

use jiff::civil::{Date, DateTime};

/// What a line says of its moment and register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DayLine {
    /// By the clock of the house.
    pub(crate) local: DateTime,
    /// The register, Wh.
    pub(crate) wh: i64,
}

impl DayLine {
    /// Reads a line. A part of one, as a power cut leaves it, is none.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [date, time, register, energy, power] = fields[..] else { return None };
        let [day, month, year] = numbers(date, '.')?;
        let [hour, minute, second] = numbers(time, ':')?;
        let is_number = |text: &str| text.parse::<f64>().is_ok_and(f64::is_finite);
        if !is_number(energy) || !is_number(power) {
            return None;
        }
        let local = DateTime::new(
            2000 + i16::from(year),
            month.cast_signed(),
            day.cast_signed(),
            hour.cast_signed(),
            minute.cast_signed(),
            second.cast_signed(),
            0,
        );
        Some(Self { local: local.ok()?, wh: watt_hours(register)? })
    }

    /// The date of a line, if it is one.
    pub(crate) fn date_of(line: &str) -> Option<Date> {
        Self::parse(line).map(|line| line.local.date())
    }

    /// Writes a line: the register as it was sent, the day's energy in Wh, the power in mW where there is a line before.
    pub(crate) fn write(local: DateTime, sent: &str, energy_wh: i64, power_mw: Option<i64>) -> String {
        let power = power_mw.map_or("0".into(), thousandths);
        format!("{} {sent} {} {power}\n", local.strftime("%d.%m.%y %H:%M:%S"), thousandths(energy_wh))
    }
}

/// Three numbers of two digits.
fn numbers(text: &str, between: char) -> Option<[u8; 3]> {
    let mut parts = text.split(between).map(|part| match part.as_bytes() {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some((tens - b'0') * 10 + ones - b'0'),
        _ => None,
    });
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(numbers)
}

/// `000006.695` kWh in Wh.
pub(crate) fn watt_hours(text: &str) -> Option<i64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(decimals) || decimals.len() > 3 {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let decimals: i64 = format!("{decimals:0<3}").parse().ok()?;
    whole.checked_mul(1000)?.checked_add(decimals)
}

/// As Python writes a number that is so many thousandths: no zeros at the end, but at least one decimal.
fn thousandths(number: i64) -> String {
    let (sign, number) = (if number < 0 { "-" } else { "" }, number.unsigned_abs());
    let decimals = format!("{:03}", number % 1000);
    let shown = decimals.trim_end_matches('0');
    format!("{sign}{}.{}", number / 1000, if shown.is_empty() { "0" } else { shown })
}

/// A register in kWh, written with as many digits as a text of the same meter has.
pub(crate) fn like(sent: &str, wh: i64) -> String {
    let (whole, decimals) = sent.split_once('.').unwrap_or((sent, ""));
    let cut = 10_i64.pow(3 - decimals.len().min(3) as u32);
    let (width, places) = (whole.len(), decimals.len().min(3));
    let whole = format!("{:0width$}", wh / 1000);
    if places == 0 { whole } else { format!("{whole}.{:0places$}", wh % 1000 / cut) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_was_written() {
        let local: DateTime = "2026-11-23T12:34:05".parse().unwrap();
        let text = DayLine::write(local, "000006.695", 120, Some(480_000));
        assert_eq!(text, "23.11.26 12:34:05 000006.695 0.12 480.0\n");
        assert_eq!(DayLine::parse(&text), Some(DayLine { local, wh: 6695 }));
        assert_eq!(DayLine::write(local, "1", 0, None), "23.11.26 12:34:05 1 0.0 0\n");
    }

    #[test]
    fn numbers_look_as_python_writes_them() {
        for (number, text) in [
            (0, "0.0"),
            (1, "0.001"),
            (120, "0.12"),
            (1000, "1.0"),
            (12_345, "12.345"),
            (-70, "-0.07"),
            (420_000, "420.0"),
        ] {
            assert_eq!(thousandths(number), text);
            assert!((text.parse::<f64>().unwrap() - number as f64 / 1000.0).abs() < 1e-9);
        }
    }

    #[test]
    fn parts_and_other_things_are_no_lines() {
        let whole = "23.11.26 12:34:05 000006.695 0.12 480.0";
        // A part of the last number cannot be told from all of it, and the register is whole.
        for end in 0..whole.len() - 4 {
            assert_eq!(DayLine::parse(&whole[..end]), None, "{}", &whole[..end]);
        }
        for wrong in [
            "",
            "# a heading",
            "23.11.2026 12:34:05 000006.695 0.12 480.0",
            "31.02.26 12:34:05 000006.695 0.12 480.0",
            "23.11.26 24:34:05 000006.695 0.12 480.0",
            "23.11.26 12:34:05 00x006.695 0.12 480.0",
            "23.11.26 12:34:05 -00006.695 0.12 480.0",
            "23.11.26 12:34:05 000006.6951 0.12 480.0",
            "23.11.26 12:34:05 000006.695 0.12 nan",
            "23.11.26 12:34:05 000006.695 0.12 480.0 23.11.26",
        ] {
            assert_eq!(DayLine::parse(wrong), None, "{wrong}");
        }
        // What Python's arithmetic left.
        let line = DayLine::parse("23.11.26 12:34:05 000006.695 9.999999999976694e-07 419.99999").unwrap();
        assert_eq!(line.wh, 6695);
        assert_eq!(DayLine::parse("01.02.03 04:05:06 7 0 0").unwrap().wh, 7000);
    }

    #[test]
    fn a_register_keeps_its_digits() {
        assert_eq!(like("000006.695", 7001), "000007.001");
        assert_eq!(like("06.69", 1_234_567), "1234.56");
        assert_eq!(like("6", 7999), "7");
    }
}
