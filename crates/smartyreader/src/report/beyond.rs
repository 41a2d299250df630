//! Beyond: what went beyond the reference power, by the quarter-hours of a period and the ledger's rule.

use smarty_ledger::cost::{Money, Price};
use smarty_ledger::{Beyond, Reference, Settings};
use smarty_store::{Reader, StoreError};

use super::figures::{Line, Tone};
use super::words;
use crate::costs::Contract;

/// A line for the contract's reference power, or for each of them where it changed. Without one, a line for each that the
/// settings compare.
pub(super) fn lines(
    reader: &Reader,
    meter: &str,
    (start, end): (i64, i64),
    settings: &Settings,
    contract: Option<&Contract>,
) -> Result<Vec<Line>, StoreError> {
    let quarters = reader.quarter_hours(meter, start, end)?;
    let known: Vec<(i64, i64)> = quarters
        .iter()
        .filter(|quarter| !quarter.running)
        .filter_map(|quarter| Some((quarter.start, quarter.energies.import?)))
        .collect();
    let agreed = contract.map(|contract| by_contract(contract, &known)).unwrap_or_default();
    if !agreed.is_empty() {
        return Ok(agreed.iter().map(|(reference_w, beyond)| line(*reference_w, beyond, None)).collect());
    }
    let price = contract.and_then(|contract| contract.terms(start).price_micro_euro);
    let mut lines = Vec::new();
    for Reference { power_w, price_micro_euro } in settings.references.iter().flatten() {
        let mut beyond = Beyond::default();
        for (_, energy) in &known {
            beyond.add(*energy, *power_w);
        }
        lines.push(line(*power_w, &beyond, price_micro_euro.or(price)));
        // Beyond a higher one there is nothing either.
        if beyond.quarters() == 0 {
            break;
        }
    }
    Ok(lines)
}

/// By the reference powers of the days, in the order in which they held.
fn by_contract(contract: &Contract, known: &[(i64, i64)]) -> Vec<(u32, Beyond)> {
    let mut found: Vec<(u32, Beyond)> = Vec::new();
    let day = |time: i64| contract.zone().date(time);
    for quarters in known.chunk_by(|one, two| day(one.0) == day(two.0)) {
        let Some(reference_w) = contract.terms(quarters[0].0).reference_w else { continue };
        let place = found.iter().position(|(known, _)| *known == reference_w);
        let place = place.unwrap_or_else(|| {
            found.push((reference_w, Beyond::default()));
            found.len() - 1
        });
        for (_, energy) in quarters {
            found[place].1.add(*energy, reference_w);
        }
    }
    found
}

fn line(reference_w: u32, beyond: &Beyond, price_micro_euro: Option<i64>) -> Line {
    let label = format!("Beyond {}", power(reference_w));
    if beyond.quarters() == 0 {
        return Line::new(Tone::Plain, &label, "nothing".into(), String::new());
    }
    let money = price_micro_euro.map(|micro| {
        let amount = Money::of_energy(beyond.quarter_wh(), Price::nano_euro(micro.saturating_mul(1000)));
        format!(", {}", words::euro(amount.micro_euro()))
    });
    let quarters = words::plural(beyond.quarters() as usize, "quarter-hour", "quarter-hours");
    let note = format!("in {quarters}{}", money.unwrap_or_default());
    Line::new(Tone::Plain, &label, words::energy(beyond.wh()), note)
}

/// `3 kW`, `3.5 kW`.
fn power(w: u32) -> String {
    let decimals = match w {
        _ if w.is_multiple_of(1000) => 0,
        _ if w.is_multiple_of(100) => 1,
        _ => 3,
    };
    format!("{}\u{a0}kW", words::milli(i64::from(w), decimals))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_powers() {
        assert_eq!([power(3000), power(3500), power(12)], ["3\u{a0}kW", "3.5\u{a0}kW", "0.012\u{a0}kW"]);
    }
}
