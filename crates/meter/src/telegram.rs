//! One telegram, with the truth about it.

use std::sync::Arc;

use crate::readout::Device;
use crate::values::Values;

/// A telegram as it leaves the meter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telegram {
    /// The numbers in it.
    pub values: Values,
    /// Who sent it.
    pub device: Arc<Device>,
    /// The plain text, from `/` to the line end after the checksum.
    pub text: Vec<u8>,
    /// What goes on the wire: the sealed frame, or the text where the meter has no key. Empty when
    /// the meter has spent its frame counter: then it must be silent for ever.
    pub frame: Vec<u8>,
    /// The counter in the sealed frame.
    pub frame_counter: Option<u32>,
}

impl Telegram {
    /// When it was sent, by the world's clock, in UTC.
    #[must_use]
    pub const fn sent_at(&self) -> i64 {
        self.values.sent_at
    }

    /// The time stamp in it as UTC, if it has a valid one.
    #[must_use]
    pub const fn time(&self) -> Option<i64> {
        self.values.time
    }
}
