//! Beyond: what went beyond the reference power, by the quarter-hours of a period and the ledger's rule.

use smarty_ledger::cost::{Money, Price};
use smarty_ledger::{Beyond, QUARTER, Reference, Settings};
use smarty_store::{Reader, StoreError};

use super::figures::{Line, Tone};
use super::heard::Heard;
use super::words;
use crate::costs::Contract;

/// A quarter-hour's start and its import, where that is known.
type Metered = (i64, Option<i64>);

/// What went beyond one reference power.
#[derive(Default)]
struct Sum {
    beyond: Beyond,
    /// The demand of some quarter-hours is not known: there may be more.
    at_least: bool,
}

impl Sum {
    fn add(&mut self, import: Option<i64>, reference_w: u32) {
        match import {
            Some(energy) => self.beyond.add(energy, reference_w),
            None => self.at_least = true,
        }
    }
}

/// A line for the contract's reference power, or for each of them where it changed. Without one, a line for each that the
/// settings compare.
pub(super) fn lines(
    reader: &Reader,
    meter: &str,
    span: (i64, i64),
    settings: &Settings,
    contract: Option<&Contract>,
    now: i64,
) -> Result<Vec<Line>, StoreError> {
    let quarters = metered(reader, meter, span, now)?;
    let agreed = contract.map(|contract| by_contract(contract, &quarters)).unwrap_or_default();
    if !agreed.is_empty() {
        return Ok(agreed.iter().map(|(reference_w, sum)| line(*reference_w, sum, None)).collect());
    }
    let price = contract.and_then(|contract| contract.terms(span.0).price_micro_euro);
    let mut lines = Vec::new();
    for Reference { power_w, price_micro_euro } in settings.references.iter().flatten() {
        let mut sum = Sum::default();
        for (_, import) in &quarters {
            sum.add(*import, *power_w);
        }
        lines.push(line(*power_w, &sum, price_micro_euro.or(price)));
        // Beyond a higher one there is nothing either.
        if sum.beyond.quarters() == 0 {
            break;
        }
    }
    Ok(lines)
}

/// Every quarter-hour of a span that is over, from the meter's first on, whether it was measured or not.
fn metered(reader: &Reader, meter: &str, (start, end): (i64, i64), now: i64) -> Result<Vec<Metered>, StoreError> {
    let quarters = reader.quarter_hours(meter, start, end)?;
    let over = Heard::of(&quarters, end, now).over;
    let first = reader.usage(meter, start, start)?.first.map_or(over, |first| first.max(start));
    let mut known = quarters.iter().map(|quarter| quarter.as_of(now)).peekable();
    let every = (first.div_euclid(QUARTER) * QUARTER..over).step_by(QUARTER as usize);
    Ok(every
        .map(|start| {
            while known.next_if(|quarter| quarter.start < start).is_some() {}
            // What a silent meter has said of its last quarter-hour is no demand.
            let of_it =
                known.next_if(|quarter| quarter.start == start && (quarter.complete || quarter.until == quarter.end));
            (start, of_it.and_then(|quarter| quarter.energies.import))
        })
        .collect())
}

/// By the reference powers of the days, in the order in which they held.
fn by_contract(contract: &Contract, quarters: &[Metered]) -> Vec<(u32, Sum)> {
    let mut found: Vec<(u32, Sum)> = Vec::new();
    let day = |time: i64| contract.zone().date(time);
    for quarters in quarters.chunk_by(|one, two| day(one.0) == day(two.0)) {
        let Some(reference_w) = contract.terms(quarters[0].0).reference_w else { continue };
        let place = found.iter().position(|(known, _)| *known == reference_w);
        let place = place.unwrap_or_else(|| {
            found.push((reference_w, Sum::default()));
            found.len() - 1
        });
        for (_, import) in quarters {
            found[place].1.add(*import, reference_w);
        }
    }
    found
}

fn line(reference_w: u32, Sum { beyond, at_least }: &Sum, price_micro_euro: Option<i64>) -> Line {
    let label = format!("Beyond {}", power(reference_w));
    if beyond.quarters() == 0 {
        let value = if *at_least { "nothing measured" } else { "nothing" };
        return Line::new(Tone::Plain, &label, value.into(), String::new());
    }
    let money = price_micro_euro.map(|micro| {
        let amount = Money::of_energy(beyond.quarter_wh(), Price::nano_euro(micro.saturating_mul(1000)));
        format!(", {}", words::euro(amount.micro_euro()))
    });
    let quarters = words::plural(beyond.quarters() as usize, "quarter-hour", "quarter-hours");
    let at_least = if *at_least { "at least, " } else { "" };
    let note = format!("{at_least}in {quarters}{}", money.unwrap_or_default());
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
