//! Facts: what a board and its app tell each other. Plain words in memory that one side writes and the other reads; the
//! chip has no compare-and-swap, and none is needed.

use core::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use embassy_time::Instant;

/// A meter that could be read and cannot be any more for so long is worth a new start: the fault may be on this side of
/// the cable. Only one: after it no telegram was read yet.
const UNREAD_S: u32 = 15 * 60;

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
    /// Written by the app: seconds since the start when it last turned its loop over the meter.
    pub alive_meter: AtomicU32,
    /// Written by the app: seconds since the start when the last telegram was read. 0: none yet.
    pub last_telegram: AtomicU32,
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
            last_telegram: AtomicU32::new(0),
            alive_net: AtomicU32::new(0),
        }
    }

    /// Whether both loops have turned within this many seconds, and a meter that could be read still can be. The board
    /// feeds its watchdog only then.
    pub fn is_alive(&self, within_s: u32) -> bool {
        self.is_alive_at(uptime_s(), within_s)
    }

    fn is_alive_at(&self, now: u32, within_s: u32) -> bool {
        let age = |stamp: &AtomicU32| now.saturating_sub(stamp.load(Ordering::Relaxed));
        let turning = age(&self.alive_meter) <= within_s && age(&self.alive_net) <= within_s;
        let reading = self.last_telegram.load(Ordering::Relaxed) == 0 || age(&self.last_telegram) <= UNREAD_S;
        turning && reading
    }

    /// A telegram was read now.
    pub(crate) fn telegram_read(&self) {
        self.last_telegram.store(uptime_s().max(1), Ordering::Relaxed);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_watchdog_is_fed_while_all_goes_on() {
        let facts = Facts::new();
        let turned = |now| {
            facts.alive_meter.store(now, Ordering::Relaxed);
            facts.alive_net.store(now, Ordering::Relaxed);
        };
        assert!(facts.is_alive_at(100, 120));
        assert!(!facts.is_alive_at(121, 120), "no loop has turned");
        // Without a meter there is nothing to start anew for.
        turned(90_000);
        assert!(facts.is_alive_at(90_000, 120));
        facts.last_telegram.store(90_000, Ordering::Relaxed);
        turned(90_900);
        assert!(facts.is_alive_at(90_900, 120));
        turned(90_901);
        assert!(!facts.is_alive_at(90_901, 120), "it was read a quarter of an hour ago and is not any more");
        facts.alive_net.store(0, Ordering::Relaxed);
        facts.last_telegram.store(90_900, Ordering::Relaxed);
        assert!(!facts.is_alive_at(90_901, 120), "the network's loop hangs");
    }
}
