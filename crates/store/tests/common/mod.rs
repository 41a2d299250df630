//! A meter that says whatever a test wants.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used, missing_docs)]

use std::path::PathBuf;
use std::sync::Arc;

use smarty_p1::{Quantity, Values};
use smarty_store::{Clock, MeterReading, Options, Proof};

/// Midnight of 23 November 2026 in Luxembourg.
pub const MIDNIGHT: i64 = 1_795_388_400;

pub struct Folder {
    pub folder: tempfile::TempDir,
}

impl Folder {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("store.db")
    }

    pub fn options(&self) -> Options {
        let mut options = Options::new(self.path());
        options.reserve_bytes = 0;
        options
    }
}

/// A telegram with an import register and what follows from it.
pub fn reading(time: i64, import: i64) -> MeterReading {
    let mut values = Values::EMPTY;
    values.set(Quantity::EnergyImport, import);
    values.set(Quantity::EnergyExport, 17);
    values.set(Quantity::PowerImport, 300 + time % 70);
    values.set(Quantity::PowerExport, 0);
    values.set(Quantity::VoltageL1, 230_000 + time % 7 * 100);
    MeterReading {
        meter: Arc::from("home"),
        segment: Arc::from("SAG1"),
        time,
        clock: Clock::Meter,
        received: time + 1,
        ident: (time / 10) as u64,
        proof: Proof::Tag,
        values,
        texts: Vec::new(),
    }
}

/// Every ten seconds, a Wh each.
pub fn readings(from: i64, to: i64) -> Vec<MeterReading> {
    (from..to).step_by(10).map(|time| reading(time, 1_000_000 + (time - MIDNIGHT) / 10)).collect()
}

/// Maintenance until there is nothing more to do.
pub fn settle(store: &mut smarty_store::Store, now: i64) {
    let mut steps = 0;
    while store.maintain(now).unwrap() {
        steps += 1;
        assert!(steps < 100_000, "maintenance does not end");
    }
}
