//! Options: where the file is, when it is durable, what it refuses.

use std::collections::HashMap;
use std::path::PathBuf;

use crate::calendar::Calendar;

/// When an appended telegram is on the disk for certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flush {
    /// Before `append` returns.
    Telegram,
    /// At the latest after so many seconds: spares an SD card. Until then it is [`Appended::Pending`](crate::Appended::Pending).
    Every(u32),
}

/// The usual margin of a border, s: meters speak every ten.
pub(crate) const MARGIN_S: u16 = 30;

/// Settings of a store. Every default is right for a household.
#[derive(Clone, Debug)]
pub struct Options {
    /// The file.
    pub path: PathBuf,
    /// Default: every telegram.
    pub flush: Flush,
    /// Days and months of meters that name no zone of their own.
    pub calendar: Calendar,
    /// How old the last reading before a quarter-hour's border may be for the border to count as measured.
    pub border_margin_s: u16,
    /// What the connection can carry at most; a register that rises faster is not believed.
    pub max_kva: u32,
    /// The same for meters that have a limit of their own, by name.
    pub meter_max_kva: HashMap<String, u32>,
    /// Telegrams are refused while the file system has less room than this.
    pub reserve_bytes: u64,
    /// Telegrams are refused when the file would grow beyond this.
    pub max_size_bytes: Option<u64>,
    /// Raw telegrams older than this are deleted. Quarter-hours, days and months stay in any case.
    pub keep_days: Option<u32>,
    /// Hours older than this are packed by the day.
    pub pack_after_days: u32,
}

impl Options {
    /// The defaults: durable telegrams, Luxembourg's time, 30 s, 100 kVA, 64 MiB kept free, everything kept.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            flush: Flush::Telegram,
            calendar: Calendar::luxembourg(),
            border_margin_s: MARGIN_S,
            max_kva: 100,
            meter_max_kva: HashMap::new(),
            reserve_bytes: 64 << 20,
            max_size_bytes: None,
            keep_days: None,
            pack_after_days: 31,
        }
    }

    /// What the connection of a meter can carry.
    pub(crate) fn max_kva_of(&self, meter: &str) -> u32 {
        self.meter_max_kva.get(meter).copied().unwrap_or(self.max_kva)
    }
}
