//! Costs: what a meter's energy costs by its contract, always worked out anew from the quarter-hours in the store.
//!
//! Prices that change change the past by themselves: nothing of this is kept. All amounts are exact until they are
//! shown ([`smarty_ledger::cost`]).
//!
//! | noun | what it is | module |
//! |---|---|---|
//! | [`Contract`] | a `[tariff]` with the tariff files and hourly prices that it names | `contract` |
//! | [`Bill`] | what a span costs, line by line | `bill` |
//! | [`Advice`] | what each reference power would cost in a year | `advisor` |
//! | [`Contract::terms`] | what it says on one day, for the live figures | `terms` |
//! | [`Note`] | what else there is to say: what is missing, what is not certain | `note` |
//! | [`BillBody`], [`Entry`], [`AdviceBody`] | the same as the API and the command line write it | `body` |

mod advisor;
mod bill;
mod body;
mod contract;
mod hourly;
mod items;
mod note;
mod share;
mod terms;
mod zone;

use smarty_store::{Reader, StoreError};

pub use advisor::{Advice, Step};
pub use bill::{Bill, Line, Quantity, Taxed};
pub use body::{AdviceBody, BillBody, Entry};
pub use contract::Contract;
pub use hourly::{HourlyError, parse as parse_hourly};
pub use note::Note;
pub use zone::{Unit, Zone};

/// What a span costs. `now`: what is not over yet is counted so far.
///
/// # Errors
/// Those of the store.
pub fn bill(reader: &Reader, contract: &Contract, meter: &str, span: (i64, i64), now: i64) -> Result<Bill, StoreError> {
    let usage = reader.usage(meter, span.0, span.1)?;
    Ok(Bill::of(contract, &usage, span, now))
}

/// What each of some spans costs that follow each other, in one look at the store.
///
/// # Errors
/// Those of the store.
pub fn bills(
    reader: &Reader,
    contract: &Contract,
    meter: &str,
    spans: &[(i64, i64)],
    now: i64,
) -> Result<Vec<Bill>, StoreError> {
    let (Some(first), Some(last)) = (spans.first(), spans.last()) else { return Ok(Vec::new()) };
    let usage = reader.usage(meter, first.0, last.1)?;
    Ok(spans.iter().map(|&span| Bill::of(contract, &usage, span, now)).filter(|bill| !bill.is_empty()).collect())
}

/// What each reference power would cost in a year, by the last year of quarter-hours or by another span.
///
/// # Errors
/// Those of the store.
pub fn advice(
    reader: &Reader,
    contract: &Contract,
    meter: &str,
    span: Option<(i64, i64)>,
    now: i64,
) -> Result<Advice, StoreError> {
    let span = span.unwrap_or_else(|| contract.zone().year_before(now));
    let usage = reader.usage(meter, span.0, span.1)?;
    Ok(Advice::of(contract, &usage, span, now))
}
