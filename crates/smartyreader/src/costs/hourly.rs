//! Hourly prices: a CSV file of UTC hours and what a kWh costs in each.
//!
//! The first line names the columns: `time`, and `eur_per_kwh` or `eur_per_mwh`; others are left alone. Columns are
//! parted by `,` or `;`. Times are RFC 3339 with their offset (`2026-11-23T10:00:00Z`) and whole hours.

use std::collections::BTreeMap;

use jiff::Timestamp;
use smarty_ledger::cost::Price;

use crate::config::tariff::Euro;

/// What is wrong with a file, and in which line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {sentence}")]
pub struct HourlyError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong.
    pub sentence: String,
}

/// Reads a file's text: hours in order, each once.
///
/// # Errors
/// [`HourlyError`]: no such columns, a line that cannot be read, an hour with two prices.
pub fn parse(text: &str) -> Result<Vec<(i64, Price)>, HourlyError> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let (_, head) = lines.next().unwrap_or((0, ""));
    let parting = if head.contains(';') { ';' } else { ',' };
    let names: Vec<String> =
        head.trim_start_matches('\u{feff}').split(parting).map(|name| bare(name).to_lowercase()).collect();
    let column = |name: &str| names.iter().position(|known| known == name);
    let (Some(time), Some((price, mega))) = (
        column("time"),
        column("eur_per_kwh").map(|place| (place, false)).or(column("eur_per_mwh").map(|place| (place, true))),
    ) else {
        let sentence = format!("the columns are `time` and `eur_per_kwh` or `eur_per_mwh`, not \"{head}\"");
        return Err(HourlyError { line: 1, sentence });
    };
    let mut hours = BTreeMap::new();
    for (index, line) in lines {
        let wrong = |sentence: String| HourlyError { line: index + 1, sentence };
        let cells: Vec<&str> = line.split(parting).map(bare).collect();
        let cell = |place: usize| cells.get(place).copied().unwrap_or_default();
        let start = hour(cell(time))
            .ok_or_else(|| wrong(format!("\"{}\" is no hour; write it like 2026-11-23T10:00:00Z", cell(time))))?;
        // Nobody has told it: the hour stays without a price.
        if cell(price).is_empty() {
            continue;
        }
        let euro: Euro = cell(price).parse().map_err(wrong)?;
        let nano = if mega { thousandth(euro.0).ok_or_else(|| wrong(finer(cell(price))))? } else { euro.0 };
        if hours.insert(start, nano).is_some_and(|before| before != nano) {
            return Err(wrong(format!("a second price for {}", cell(time))));
        }
    }
    Ok(hours.into_iter().map(|(start, nano)| (start, Price::nano_euro(nano))).collect())
}

fn bare(cell: &str) -> &str {
    cell.trim().trim_matches('"')
}

fn hour(text: &str) -> Option<i64> {
    let time = text.parse::<Timestamp>().ok()?;
    (time.as_second() % 3600 == 0 && time.subsec_nanosecond() == 0).then_some(time.as_second())
}

/// From a thousand kWh to one.
fn thousandth(nano: i64) -> Option<i64> {
    (nano % 1000 == 0).then_some(nano / 1000)
}

fn finer(text: &str) -> String {
    format!("\"{text}\" has more than six decimals")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn hours_and_their_prices() {
        let nano = |nano| Price::nano_euro(nano);
        let text =
            "time,eur_per_mwh\n2026-10-25T00:00:00Z,93.62\n\n2026-10-25T01:00:00Z,-5.01\n2026-10-25T02:00:00Z,\n";
        assert_eq!(parse(text).unwrap(), [(1_792_886_400, nano(93_620_000)), (1_792_890_000, nano(-5_010_000))]);
        // The hour that is there twice has two times, and other programs their own order and quotes.
        let text = "\u{feff}zone;eur_per_kwh;time\r\nLU;0.2;\"2026-10-25T02:00:00+02:00\"\r\nLU;\"0.1\";2026-10-25T02:00:00+01:00\r\n";
        assert_eq!(parse(text).unwrap(), [(1_792_886_400, nano(200_000_000)), (1_792_890_000, nano(100_000_000))]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, words) in [
            ("", "line 1: the columns are"),
            ("time,price\n", "line 1: the columns are"),
            ("time,eur_per_kwh\n2026-10-25 02:00,1\n", "line 2: \"2026-10-25 02:00\" is no hour"),
            ("time,eur_per_kwh\n2026-10-25T02:15:00Z,1\n", "line 2: "),
            ("time,eur_per_kwh\n2026-10-25T02:00:00Z,cheap\n", "\"cheap\" is no price in euro"),
            ("time,eur_per_mwh\n2026-10-25T02:00:00Z,0.1234567\n", "more than six decimals"),
            ("time,eur_per_kwh\n2026-10-25T02:00:00Z,1\n2026-10-25T02:00:00Z,2\n", "line 3: a second price"),
        ] {
            let sentence = parse(text).unwrap_err().to_string();
            assert!(sentence.contains(words), "{words}: {sentence}");
        }
    }
}
