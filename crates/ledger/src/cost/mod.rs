//! Cost: what metered energy and time cost, exactly.
//!
//! Integers only, no allocation: who asks brings the slices. Energies beyond a reference power come in quarters of a
//! Wh, because a quarter-hour's demand is its energy times four; so all energies here do.
//!
//! | noun | what it is | module |
//! |---|---|---|
//! | [`Money`] | an amount without any rounding, until it is asked for micro-euro or cents | `money` |
//! | [`Price`] | nano-euro a kWh or a month | `money` |
//! | [`Clock`], [`Window`] | local time of a moment; times of the week | `week` |
//! | [`Rate`], [`Tally`] | what a component costs in a span of time; what came together under it | `rate` |
//! | [`charge`], [`charge_gap`] | quarter-hours and gaps, at their rates | `charge` |
//! | [`advise`] | what each reference power would cost in a year | `advice` |
//!
//! ```
//! use smarty_ledger::cost::{Basis, Clock, Metered, Price, Pricing, Rate, Tally, charge};
//!
//! // 5 kW for an hour at a reference power of 3 kW: 2 kWh beyond it.
//! let rates = [Rate {
//!     from: 0,
//!     to: 86_400,
//!     basis: Basis::Excess { reference_w: 3000 },
//!     pricing: Pricing::Flat(Price::nano_euro(113_900_000)),
//! }];
//! let hour: [Metered; 4] =
//!     core::array::from_fn(|index| Metered { start: 900 * index as i64, import: Some(1250), export: None });
//! let mut tallies = [Tally::default()];
//! charge(&rates, &hour, &Clock::UTC, &mut tallies);
//! assert_eq!((tallies[0].quarter_wh, tallies[0].amount.micro_euro()), (4 * 2000, 227_800));
//! ```

mod advice;
mod charge;
mod money;
mod rate;
mod week;

pub use advice::{Advised, Class, advise, break_even};
pub use charge::{Charged, Metered, Stretch, charge, charge_gap};
pub use money::{Money, Price, Span};
pub use rate::{Basis, Pricing, Rate, Tally, slots};
pub use week::{Clock, Days, LocalTime, Window};
