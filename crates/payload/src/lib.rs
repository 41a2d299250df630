//! What leaves the house: names, units, topics and payloads.
//!
//! `no_std`, no allocation, no IO, no clock: a daemon and a microcontroller send the same bytes. Every message body and
//! every topic is a type that implements [`core::fmt::Display`]: `.to_string()` in a daemon, `write!` into a buffer on a
//! board. A format of many messages is a function that calls a visitor with a topic, below the base topic, and a payload.
//!
//! | format | what it is | module |
//! |---|---|---|
//! | native | SmartyReader's own topics | [`native`] |
//! | discovery | Home Assistant, one message a device or one an entity | [`home_assistant`] |
//! | version 1.5, version 1.7 | the sketches of the first SmartyReader | [`v1_5`], [`v1_7`] |
//! | `SmartyReader⁵` | the board for five meters, and its card | [`smartyreader5`] |
//! | dsmr-reader | what Home Assistant's *DSMR Reader* listens to | [`dsmr_reader`] |
//!
//! ```
//! use smarty_ledger::Calculated;
//! use smarty_p1::{Quantity, Values};
//! use smarty_payload::{Clock, Moment, native};
//!
//! let mut values = Values::EMPTY;
//! values.set(Quantity::PowerImport, 412);
//! let calculated = Calculated::default();
//! let moment = Moment::new(Clock::at(1_795_391_990, 3600), &values, "SAG1030700000000", &calculated);
//! assert_eq!(native::Topic::Live("home").to_string(), "home/live");
//! assert_eq!(
//!     native::Live(&moment).to_string(),
//!     r#"{"time":"2026-11-23T00:59:50+01:00","time_unix":1795391990,"power_import_w":412,"power_net_w":412}"#
//! );
//! ```

#![no_std]

pub mod dsmr_reader;
pub mod home_assistant;
pub mod native;
pub mod smartyreader5;
pub mod v1_5;
pub mod v1_7;

mod decimal;
mod field;
pub mod json;
mod mbus;
mod moment;
mod name;
mod time;
mod topic;

pub use mbus::{MbusChannels, mbus_channels};
pub use moment::{Climate, FromEnergy, Moment, RunningQuarter};
pub use smarty_p1::{MbusChannel, MbusUnit};
pub use time::Clock;
pub use topic::Below;
