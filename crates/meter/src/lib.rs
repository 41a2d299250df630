//! The virtual meter: true telegrams of a house that does not exist.
//!
//! Software that reads meters needs a meter on the desk: one that tells the truth about itself, has
//! lived through a year by the time the kettle boils, changes its clocks tonight, and breaks in the
//! way that is being looked into. This crate is that meter. It has three layers.
//!
//! **The house.** A [`Household`] is a pure function of a seed and the time: standby and lights, a
//! refrigerator that starts hard, cooking, laundry, a heat pump by the weather, panels under clouds, a
//! car in the evening, and the voltage that answers to all of them. There is no floating point and no
//! memory in it, so any second of any year can be asked for, and every machine gives the same watts.
//!
//! **The meter.** A [`VirtualMeter`] samples the house once a period, counts the registers by
//! [one exact law](Values::registers), writes the text that its [`Profile`] writes (Luxembourg,
//! Austria, the Netherlands, Belgium, Sweden), and seals it as the specification says. With each
//! [`Telegram`] comes the truth about it as integers, never finer than the text: [`Values`].
//!
//! **The wire.** A [`Line`] carries the telegrams and lets a [`Script`] of [`Fault`]s play on them:
//! flipped bits, noise, broken frames, wrong keys, neighbours, replays, silence, clocks that are set,
//! meters that are swapped. Each [`Chunk`] says what a right reader must make of it. A [`Scene`] is a
//! day with a script and a name.
//!
//! Nothing here does input or output, knows the time of day, or has a thread.
//!
//! ```
//! use smarty_meter::{Fault, Line, MeterConfig, Profile, Script, VirtualMeter};
//!
//! let config = MeterConfig {
//!     seed: 7,
//!     key: Some([0x5A; 16]),
//!     ..MeterConfig::new(Profile::LuxembourgSolar)
//! };
//! let script = Script::new()
//!     .with(10, Fault::NoiseBefore { bytes: 100 })
//!     .with(20, Fault::FlipBits { count: 1 })
//!     .with(30, Fault::Silence { telegrams: 6 });
//! let line = Line::new(VirtualMeter::new(config), script).until(360);
//!
//! let mut to_be_stored = Vec::new();
//! for chunk in line {
//!     // … feed `chunk.bytes` to the reader under test …
//!     to_be_stored.extend(chunk.truth);
//! }
//! // One telegram was hurt and six were not heard; noise costs nothing.
//! assert_eq!(to_be_stored.len(), 360 - 1 - 6);
//! ```

// The house: watts from a seed and the time.
mod household;
mod prng;

// The meter: from watts to a sealed telegram.
pub mod calendar;
mod config;
mod crc;
mod demand;
mod gas;
mod mbus;
mod measure;
mod meter;
mod profile;
mod readout;
mod register;
mod seal;
mod telegram;
mod text;
mod values;

// The wire: what arrives.
mod damage;
mod dlms;
mod fault;
mod line;
mod scene;
pub mod uart;

pub use config::{MeterConfig, StartRegisters, key_of};
pub use crc::crc16;
pub use fault::{Fault, Script};
pub use household::{Appliances, Day, Household, Moment};
pub use line::{Chunk, Line};
pub use mbus::{MbusDevice, MbusKind};
pub use meter::VirtualMeter;
pub use prng::Prng;
pub use profile::Profile;
pub use readout::{Device, Events, Failure, MonthPeak};
pub use scene::{NEIGHBOUR_SEED, SWAPPED_SEED, Scene};
pub use seal::{LengthForm, STANDARD_AUTHENTICATION_KEY, Sealer, seal};
pub use telegram::Telegram;
pub use values::{DemandValues, GasValues, MbusValues, PhaseValues, Registers, TariffRegisters, Values};
