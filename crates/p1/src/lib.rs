//! The decoder for smart meters' P1 port: from bytes on a wire to proven, typed numbers.
//!
//! `no_std`, no allocation, no IO, no clock: the same code runs on a microcontroller and in a daemon.
//! The modules stand in the order in which a telegram passes them:
//!
//! | step | in → out | module |
//! |---|---|---|
//! | deframe | bytes → frame | [`Deframer`] |
//! | open | sealed frame + key → text, in place | [`SealedFrame`] |
//! | telegram | text → header and lines, CRC proven | [`Telegram`] |
//! | objects | line → OBIS code and groups | [`CosemObject`] |
//! | reading | objects → integers with one unit each | [`Reading`] |
//!
//! ```
//! use smarty_p1::{Deframer, Frame, Progress, Quantity, Reading, Telegram};
//!
//! let wire = b"noise/Lux5\\253663629_D\r\n\r\n1-0:1.8.0(000006.695*kWh)\r\n!EFCB\r\n";
//! let mut deframer = Deframer::<2048>::new();
//! let mut rest = &wire[..];
//! let mut energy = None;
//! loop {
//!     let (used, progress) = deframer.feed(rest);
//!     rest = &rest[used..];
//!     match progress {
//!         Progress::Pending if rest.is_empty() => break, // more bytes, please
//!         Progress::Frame => {
//!             let good = match deframer.frame() {
//!                 Frame::Plain(text) => match Telegram::parse(text) {
//!                     Ok(telegram) => {
//!                         energy = Reading::of(&telegram).get(Quantity::EnergyImport);
//!                         true
//!                     }
//!                     Err(_) => false,
//!                 },
//!                 _ => false, // a sealed frame wants a key first
//!             };
//!             if good { deframer.accept() } else { deframer.reject() }
//!         }
//!         _ => {} // noise skipped and the like: count it
//!     }
//! }
//! assert_eq!(energy, Some(6695)); // Wh
//! ```

#![no_std]

mod ciphering;
mod crc;
mod deframer;
mod fixed;
mod foreign;
mod logs;
mod mbus;
mod obis;
mod object;
mod quantity;
mod reading;
mod telegram;
mod timestamp;
mod values;

pub use ciphering::{Authentication, InvalidKey, Key, OpenError, Proof, STANDARD_AUTHENTICATION_KEY, SealedFrame};
pub use crc::crc16;
pub use deframer::{Deframer, Frame, LONGEST_FRAME, Progress};
pub use fixed::{Fixed, hex_text};
pub use foreign::Foreign;
pub use logs::{FailureLog, MonthPeaks, PowerFailure};
pub use mbus::{MBUS, MbusChannel, MbusQuantities, MbusUnit, Medium};
pub use obis::Obis;
pub use object::{CosemObject, MalformedLine, Objects};
pub use quantity::{Kind, Quantity, Unit};
pub use reading::{MbusDevice, Reading};
pub use telegram::{Telegram, TelegramError};
pub use timestamp::{Civil, Season, Timestamp};
pub use values::Values;
