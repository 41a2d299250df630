//! The store: every telegram of every meter in one `SQLite` file, and the accounts made from them.
//!
//! Newest telegrams are typed rows, one durable transaction each; closed hours become blocks of compressed
//! columns; after a month the hours are packed again by the day. Quarter-hours, gaps, days and months are plain
//! tables that anyone may query with SQL. A plain blocking library: the daemon gives it a thread.
//!
//! | noun | what it is | module |
//! |---|---|---|
//! | [`Options`] | where the file is, when it is durable, what it refuses | `options` |
//! | [`MeterReading`] | what goes in: one telegram of one meter | `reading` |
//! | [`Store`] | the only writer | `store` |
//! | [`Reader`] | a connection that only reads, as many as wanted | `reader` |
//! | [`Store::insert_history`] | readings of old, booked as if they had come in time | `history` |
//! | [`DeviceCapture`] | what a telegram says of a meter behind the meter | `capture` |
//! | [`Calendar`] | days and months of a zone | `calendar` |
//! | [`StoreError`] | what went wrong, in a sentence | `error` |
//! | [`back_up`], [`restore`] | the file, copied while in use, and put back | `backup` |

mod backup;
mod books;
mod calendar;
mod capture;
mod codec;
mod device;
mod error;
mod gate;
mod history;
mod import;
mod live;
mod lock;
mod maintenance;
mod marks;
mod migrations;
mod options;
mod owner;
mod quarantine;
mod reader;
mod reading;
mod receivers;
mod resume;
mod rollup;
mod seal;
mod segment;
mod sql;
mod store;

pub use backup::{back_up, restore};
pub use calendar::Calendar;
pub use capture::{DeviceCapture, captures};
pub use error::StoreError;
pub use history::IMPORTED_MARGIN_S;
pub use marks::Mark;
pub use options::{Flush, Options};
pub use quarantine::QuarantineEntry;
pub use reader::{
    Balance, DeviceInfo, DevicePart, DeviceSpan, DeviceSpans, DeviceState, GapEntry, MeterEntry, Peak, QuantityEntry,
    Reader, Readings, Resolution, SegmentEntry, Series, SeriesColumn, SeriesQuantity, Span, Stats, TextEntry, Usage,
};
pub use reading::{Appended, BatchCount, Clock, MeterReading, Proof, Quarantined, StoredReading};
pub use resume::Resumed;
pub use smarty_ledger::{Device, DeviceEntry, DeviceSum, Energies, Entry, Extent, PowerSpread, Running};
pub use store::Store;
