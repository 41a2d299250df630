//! The accounts: quarter-hours and gaps from a meter's registers, exact to the watt-hour.
//!
//! `no_std`, no allocation, no IO, no clock. Readings go in one by one, entries come out:
//!
//! | noun | what it is | module |
//! |---|---|---|
//! | [`Sample`] | what one reading means to the accounts | `sample` |
//! | [`Account`] | the state of one metering point, a few hundred bytes, kept across restarts | `account` |
//! | [`Entry`] | a closed quarter-hour, or a gap whose energy is known and whose shape is not | `entry` |
//! | [`Running`] | what is not closed yet | `entry` |
//! | [`Settings`], [`Terms`] | the sample window and the reference powers; what a contract says | `settings` |
//! | [`Calculator`] | state of the running day and month, and of the sample window | `calculator` |
//! | [`Calculated`] | what follows from the readings at one moment: day, powers, exceedance, gas | `calculated` |
//! | [`Course`], [`Outlook`] | a quarter-hour that is running; how it will end, what it may still draw | `quarter` |
//! | [`Beyond`] | what went beyond the reference power in many of them | `quarter` |
//! | [`Device`] | the books of a meter behind the meter: gas, water, heat, by their own captures | `device` |
//! | [`Window`] | mean, lowest and highest of a power over the last minutes | `window` |
//! | [`alert::Rules`] | what a household wants to be told at once, with hysteresis | `alert` |
//! | [`Standing`] | the registers at a publication, and the power between two | `standing` |
//! | [`SelfConsumption`] | what a house makes, uses of it itself, and uses in all | `self_consumption` |
//! | [`cost`] | what metered energy and time cost, exactly | `cost` |
//!
//! The law, for whatever readings go in: for each register, the energy of all quarter-hours and gaps plus the
//! running part equals the sum, over every run of the register, of its last value minus its first.
//! A run ends where a meter is swapped or a register starts anew.
//!
//! ```
//! use smarty_ledger::{Account, Entry, Register, Sample};
//!
//! let mut account = Account::new(30);
//! let mut quarters = 0;
//! for (time, wh) in [(900, 1000), (1790, 1249), (1800, 1250), (1810, 1251)] {
//!     let mut sample = Sample::at(time);
//!     sample.totals[Register::Import as usize] = Some(wh);
//!     account.feed(&sample, |entry| {
//!         if let Entry::Quarter(quarter) = entry {
//!             assert_eq!((quarter.start, quarter.energies.import), (900, Some(250)));
//!             quarters += 1;
//!         }
//!     });
//! }
//! assert_eq!(quarters, 1);
//! assert_eq!(account.running().energies.import, Some(1));
//! ```

#![no_std]

pub mod alert;
pub mod cost;

mod account;
mod bytes;
mod calculated;
mod calculator;
mod device;
mod entry;
mod period;
mod quarter;
mod run;
mod sample;
mod self_consumption;
mod settings;
mod standing;
mod tally;
mod window;

pub use account::{Account, Outcome};
pub use bytes::UnknownState;
pub use calculated::{CLASSES, Calculated, Exceedance, Rolling, WindowSpread};
pub use calculator::{Calculator, Moment};
pub use device::{Capture, Device, DeviceEntry, DeviceRunning, DeviceSum};
pub use entry::{Energies, Entry, Gap, QuarterHour, Reason, Running};
pub use quarter::{Beyond, Course, Outlook, PRESENT_MINUTES};
pub use sample::{Register, Sample};
pub use self_consumption::SelfConsumption;
pub use settings::{Reference, Settings, Terms};
pub use standing::{MeanPower, Standing};
pub use tally::{Extent, PowerSpread};
pub use window::Window;

/// Seconds in a quarter-hour. Every zone in use is a multiple of it away from UTC, so that quarter-hours
/// begin at multiples of it everywhere.
pub const QUARTER: i64 = 900;
