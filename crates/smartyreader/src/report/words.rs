//! Words: numbers, times and dates as people read them, the same as on the page. Every figure is exact; only its unit is
//! chosen.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

const NARROW_SPACE: char = '\u{202f}';
const MINUS: char = '−';

/// An integer of thousandths as a decimal: 12345 → `12.345`; fewer decimals round.
pub(super) fn milli(value: i64, decimals: u32) -> String {
    let scale = 10_u64.pow(3_u32.saturating_sub(decimals));
    let rounded = (value.unsigned_abs() + scale / 2) / scale;
    let base = 10_u64.pow(decimals);
    let mut text = String::new();
    if value < 0 && rounded != 0 {
        text.push(MINUS);
    }
    text.push_str(&grouped(rounded / base));
    if decimals > 0 {
        let _ = write!(text, ".{:0width$}", rounded % base, width = decimals as usize);
    }
    text
}

/// Groups of three digits, with a space that neither breaks nor looks like a decimal sign.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(NARROW_SPACE);
        }
        text.push(digit);
    }
    text
}

/// Small amounts in the unit itself, from a thousand on in the kilo unit with every digit kept.
fn scaled(value: i64, unit: &str) -> String {
    if value.abs() < 1000 {
        let sign = if value < 0 { MINUS.to_string() } else { String::new() };
        return format!("{sign}{}\u{a0}{unit}", value.abs());
    }
    format!("{}\u{a0}k{unit}", milli(value, 3))
}

/// Wh as `826 Wh` or `31.542 kWh`.
pub(super) fn energy(wh: i64) -> String {
    scaled(wh, "Wh")
}

/// W as `826 W` or `14.256 kW`.
pub(super) fn power(w: i64) -> String {
    scaled(w, "W")
}

/// Wh with one decimal of a kWh: where figures are compared.
pub(super) fn about(wh: i64) -> String {
    if wh.abs() < 1000 { energy(wh) } else { format!("{}\u{a0}kWh", milli(wh, 1)) }
}

/// Millionths of a euro, rounded to the cent.
pub(super) fn euro(micro: i64) -> String {
    let cents = micro.saturating_add(if micro < 0 { -5000 } else { 5000 }) / 10_000;
    format!("{}\u{a0}€", milli(cents.saturating_mul(10), 2))
}

/// `4 s`, `2 min 10 s`, `3 h 5 min`, `2 d 4 h`: two units at most.
pub(super) fn duration(seconds: i64) -> String {
    let s = seconds.max(0);
    let pair = |big: i64, unit: &str, small: i64, small_unit: &str| {
        if small == 0 { format!("{big}\u{a0}{unit}") } else { format!("{big}\u{a0}{unit} {small}\u{a0}{small_unit}") }
    };
    match s {
        0..60 => format!("{s}\u{a0}s"),
        60..3600 => pair(s / 60, "min", s % 60, "s"),
        3600..86_400 => pair(s / 3600, "h", s % 3600 / 60, "min"),
        _ => pair(s / 86_400, "d", s % 86_400 / 3600, "h"),
    }
}

/// `14:05` by the clock on the wall.
pub(super) fn clock(time: i64, zone: &TimeZone) -> String {
    local(time, zone, "%H:%M")
}

/// By the clock on the wall, in a form of strftime.
pub(super) fn local(time: i64, zone: &TimeZone, form: &str) -> String {
    Timestamp::from_second(time).unwrap_or_default().to_zoned(zone.clone()).strftime(form).to_string()
}

/// `1 gap`, `3 gaps`.
pub(super) fn plural(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_exact() {
        assert_eq!(energy(826), "826\u{a0}Wh");
        assert_eq!(energy(-31_542), "−31.542\u{a0}kWh");
        assert_eq!(energy(1_234_567), "1\u{202f}234.567\u{a0}kWh");
        assert_eq!(milli(1950, 1), "2.0");
        assert_eq!(milli(-4, 2), "0.00");
        assert_eq!(euro(398_400), "0.40\u{a0}€");
        assert_eq!(duration(7265), "2\u{a0}h 1\u{a0}min");
        assert_eq!(duration(7200), "2\u{a0}h");
        assert_eq!(plural(1, "gap", "gaps"), "1 gap");
    }
}
