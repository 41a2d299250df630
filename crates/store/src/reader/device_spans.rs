//! Device spans: what a meter behind the meter used in days, months and years, the running ones included.

use smarty_ledger::{DeviceEntry, DeviceRunning};

use super::Reader;
use super::devices::DeviceInfo;
use crate::error::StoreError;

/// A span of time and what a device used in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceSpan {
    /// First second, UTC.
    pub start: i64,
    /// The second after the last.
    pub end: i64,
    /// What is known, thousandths of the unit: its days, and the gaps that lie in it whole.
    pub amount: Option<i64>,
    /// All of it, so far if it is running, is measured at each midnight.
    pub complete: bool,
    /// The newest capture lies in it. Whether it is over by the clock, [`DeviceSpan::as_of`] says.
    pub running: bool,
}

impl DeviceSpan {
    /// As it is at a time by this machine's clock: what has ended without a capture after it is over, and not whole.
    #[must_use]
    pub const fn as_of(mut self, now: i64) -> Self {
        if self.running && self.end <= now {
            self.running = false;
            self.complete = false;
        }
        self
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DevicePart {
    /// Local days.
    Day,
    /// Local months.
    Month,
    /// Local years.
    Year,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceSpans {
    /// Whose.
    pub info: DeviceInfo,
    /// Days, months or years.
    pub spans: Vec<DeviceSpan>,
    /// What is known in sum and not in shape, as far as it touches the span.
    pub gaps: Vec<DeviceEntry>,
}

impl Reader {
    /// Days and months of a device that begin in a span, or years that overlap it, with the gaps that touch it.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] meter or device, and those of the database.
    pub fn device_spans(
        &self,
        meter: &str,
        identifier: &str,
        part: DevicePart,
        from: i64,
        to: i64,
    ) -> Result<DeviceSpans, StoreError> {
        let _moment = self.moment()?;
        let meter = self.meter(meter)?;
        let (id, info) = self.device(&meter, identifier)?;
        let calendar = &meter.calendar;
        let around = |time| match part {
            DevicePart::Day => calendar.day(time),
            DevicePart::Month => calendar.month(time),
            DevicePart::Year => calendar.year(time),
        };
        // A year that has begun before is asked for too: nobody asks for half of one.
        let from = if part == DevicePart::Year { around(from).0 } else { from };
        let mut start = around(from.max(info.first_time)).0;
        let mut entries = Vec::new();
        let books = self.fold(&meter, id, start, |entry| entries.push(entry))?;
        let mut spans = Vec::new();
        while start < to && start <= info.last_time {
            let (_, end) = around(start);
            if start >= from {
                let newest = (start..end).contains(&info.last_time);
                spans.push(span((start, end), &entries, books.running().filter(|_| newest)));
            }
            start = end;
        }
        let gaps = entries
            .into_iter()
            .filter(|entry| matches!(entry, DeviceEntry::Gap { .. }) && entry.start() < to && entry.end() > from);
        Ok(DeviceSpans { info, spans, gaps: gaps.collect() })
    }
}

/// One span out of the entries that lie in it, and of the running part, if it has the newest capture.
fn span((start, end): (i64, i64), entries: &[DeviceEntry], running: Option<DeviceRunning>) -> DeviceSpan {
    let first = entries.partition_point(|entry| entry.start() < start);
    let mut span = DeviceSpan { start, end, amount: None, complete: false, running: running.is_some() };
    let mut add = |amount: i64| span.amount = Some(span.amount.unwrap_or(0).saturating_add(amount));
    let mut measured = start;
    for entry in entries[first..].iter().take_while(|entry| entry.end() <= end) {
        add(entry.amount());
        if matches!(entry, DeviceEntry::Day { .. }) && entry.start() == measured {
            measured = entry.end();
        }
    }
    match running.filter(|running| running.since >= start) {
        Some(running) => {
            add(running.amount);
            span.complete = running.measured && running.since == measured;
        }
        None => span.complete = measured == end,
    }
    span
}
