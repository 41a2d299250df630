//! UTC: what time it is, as well as this board knows. A time server or a clock on the board says it; where there is neither, the
//! meter does.

use core::cell::Cell;

use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_time::Instant;

/// Who said what time it is; the better one later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The meter's telegrams. They may be a replay of yesterday's, so this proves nothing about them.
    Meter,
    /// A clock with a battery.
    Rtc,
    /// A time server.
    Server,
}

/// See the module.
pub struct Utc {
    /// UTC seconds at the start of the board, and who said so.
    known: Mutex<CriticalSectionRawMutex, Cell<Option<(i64, Origin)>>>,
}

impl Utc {
    /// Nobody knows.
    pub const fn new() -> Self {
        Self { known: Mutex::new(Cell::new(None)) }
    }

    /// Takes a time, unless a better one is known.
    pub fn set(&self, utc: i64, origin: Origin) {
        self.known.lock(|known| {
            if known.get().is_none_or(|(_, before)| before <= origin) {
                known.set(Some((utc - uptime(), origin)));
            }
        });
    }

    /// UTC seconds and who said so.
    pub fn now(&self) -> Option<(i64, Origin)> {
        self.known.lock(Cell::get).map(|(start, origin)| (start + uptime(), origin))
    }

    /// UTC seconds from something else than the meter: good enough to judge the meter by.
    pub fn own(&self) -> Option<i64> {
        self.now().filter(|(_, origin)| *origin > Origin::Meter).map(|(utc, _)| utc)
    }
}

impl Default for Utc {
    fn default() -> Self {
        Self::new()
    }
}

fn uptime() -> i64 {
    Instant::now().as_secs() as i64
}
