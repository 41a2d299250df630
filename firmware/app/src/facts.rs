//! Facts: what a board and its app tell each other. Plain words in memory that one side writes and the other reads; the
//! chip has no compare-and-swap, and none is needed.

use core::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use embassy_time::Instant;

/// See the module. Every word is written by one side only.
#[derive(Debug)]
pub struct Facts {
    /// Written by the board before the start: the chip's reset reason, as its reference manual numbers it.
    pub reset_reason: AtomicU32,
    /// Written by the board: bytes of heap that are free (the radio's; the app has none). 0: there is no heap.
    pub heap_free: AtomicU32,
    /// Written by the board: bytes of stack never used so far. 0: not known.
    pub stack_free: AtomicU32,
    /// Written by the board: signal strength of the access point, dBm. 0: no radio.
    pub rssi_dbm: AtomicI32,
    /// Written by the board's pump: bytes of the meter that found the ring full.
    pub meter_overrun: AtomicU32,
    /// Written by the app: seconds since the start when it last turned its loop over the meter with a telegram that
    /// could be read, or, before the first and while the meter is silent, when it saw that nothing came.
    pub alive_meter: AtomicU32,
    /// Written by the app: seconds since the start when it last turned its loop over the network.
    pub alive_net: AtomicU32,
}

impl Facts {
    /// All zero.
    pub const fn new() -> Self {
        Self {
            reset_reason: AtomicU32::new(0),
            heap_free: AtomicU32::new(0),
            stack_free: AtomicU32::new(0),
            rssi_dbm: AtomicI32::new(0),
            meter_overrun: AtomicU32::new(0),
            alive_meter: AtomicU32::new(0),
            alive_net: AtomicU32::new(0),
        }
    }

    /// Whether both loops have turned within this many seconds. The board feeds its watchdog only then.
    pub fn is_alive(&self, within_s: u32) -> bool {
        let now = uptime_s();
        [&self.alive_meter, &self.alive_net]
            .iter()
            .all(|stamp| now.saturating_sub(stamp.load(Ordering::Relaxed)) <= within_s)
    }
}

impl Default for Facts {
    fn default() -> Self {
        Self::new()
    }
}

/// Seconds since the start; enough for 136 years.
pub(crate) fn uptime_s() -> u32 {
    Instant::now().as_secs() as u32
}
