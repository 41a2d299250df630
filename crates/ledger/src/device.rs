//! Device: the books of a meter behind the meter (gas, water, heat), by its own captures.
//!
//! The rule is that of [`crate::Account`], with days in the place of quarter-hours: a device hands its register over
//! every five minutes, once an hour, some once a day, and on none of these is there a quarter-hour.

use crate::account::{Outcome, TIMES};
use crate::entry::Reason;
use crate::run::{Closing, Period, Point, Run};

/// A capture at most this long before midnight always counts for it, s: one an hour, and five minutes for those that
/// are not punctual.
const USUAL: i64 = 3600 + SLACK;
/// A device that captures more seldom is not waited for longer than this, s: one a day, not quite punctual.
const LONGEST: i64 = 86_400 + 3600 + SLACK;
const SLACK: i64 = 300;

/// Something that is known for good. Amounts are in the register's unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceEntry {
    /// A day, measured at both borders.
    Day {
        /// First second, UTC.
        start: i64,
        /// The second after the last.
        end: i64,
        /// What was used.
        amount: i64,
    },
    /// A span whose amount is known, but not how it is spread over its days.
    Gap {
        /// First second, UTC.
        start: i64,
        /// The second after the last.
        end: i64,
        /// What was used.
        amount: i64,
        /// Why.
        reason: Reason,
    },
}

impl DeviceEntry {
    /// First second, UTC.
    pub const fn start(&self) -> i64 {
        let (Self::Day { start, .. } | Self::Gap { start, .. }) = self;
        *start
    }

    /// The second after the last.
    pub const fn end(&self) -> i64 {
        let (Self::Day { end, .. } | Self::Gap { end, .. }) = self;
        *end
    }

    /// What was used.
    pub const fn amount(&self) -> i64 {
        let (Self::Day { amount, .. } | Self::Gap { amount, .. }) = self;
        *amount
    }
}

/// What is not closed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceRunning {
    /// Since when it counts: a measured border, or the first capture of a run.
    pub since: i64,
    /// A measured border.
    pub measured: bool,
    /// What was used since.
    pub amount: i64,
}

/// A device's register as it handed it over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capture {
    /// UTC seconds, the device's own.
    pub time: i64,
    /// The register.
    pub value: i64,
    /// The register began anew here: someone said so. One that is lower than before has begun anew in any case.
    pub restart: bool,
}

/// The books of one device. Constant size, constant work per capture.
///
/// The register at midnight is that of the last capture at or before it, if that is not older than captures usually
/// lie apart: 65 minutes, or the shortest of the last three intervals where that is longer, at most 25 hours. What
/// lies between two such borders that are not neighbours is a gap.
///
/// The law: all days and gaps plus the running part are the sum, over every run of the register, of its last value minus
/// its first.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Device {
    pub(crate) run: Option<Run>,
    /// The day of the last capture.
    pub(crate) day: Period,
    /// Between the last captures, s; the newest first. 0: not known yet.
    pub(crate) intervals: [i64; 3],
}

impl Device {
    /// Empty books.
    pub const fn new() -> Self {
        Self { run: None, day: (0, 0), intervals: [0; 3] }
    }

    /// Books a capture; `day` tells the first second of the local day around a moment and that of the next one. At most
    /// two entries come out. A capture that is not newer than the last, or below 0, changes nothing.
    pub fn feed(
        &mut self,
        capture: &Capture,
        day: impl Fn(i64) -> (i64, i64),
        mut emit: impl FnMut(DeviceEntry),
    ) -> Outcome {
        let Capture { time, value, restart } = *capture;
        if !TIMES.contains(&time) || value < 0 || self.last().is_some_and(|last| time <= last.time) {
            return Outcome::Late;
        }
        let to = Point { time, value };
        let today = day(time);
        let on_border = today.0 == time;
        let margin = self.margin();
        if let Some(run) = &mut self.run {
            self.intervals = [time - run.last.time, self.intervals[0], self.intervals[1]];
            let fresh = restart || value < run.last.value;
            let first = run.border_behind(self.day, time, !fresh, margin);
            let second = if fresh {
                let end = run.end(Reason::Reset);
                *run = begin(to, on_border, Reason::Reset);
                end
            } else {
                run.go_on(to, on_border.then(|| day(time - 1)))
            };
            [first, second].into_iter().flatten().map(entry).for_each(&mut emit);
        } else {
            self.run = Some(begin(to, on_border, Reason::Start));
        }
        self.day = today;
        Outcome::Booked
    }

    /// How old the last capture before a border may be for the border to count as measured, s.
    fn margin(&self) -> i64 {
        let shortest = self.intervals.into_iter().min().unwrap_or(0);
        shortest.saturating_add(SLACK).clamp(USUAL, LONGEST)
    }

    /// The last capture.
    pub fn last(&self) -> Option<Capture> {
        self.run.as_ref().map(|run| Capture { time: run.last.time, value: run.last.value, restart: false })
    }

    /// What is not closed yet. `None` before the first capture.
    pub fn running(&self) -> Option<DeviceRunning> {
        self.run.as_ref().map(|run| DeviceRunning {
            since: run.anchor.at.time,
            measured: run.anchor.began.is_none(),
            amount: run.running(),
        })
    }

    /// Whether the last capture counts for a border: it lies exactly there, or on the day before and near enough.
    pub fn reaches(&self, border: i64) -> bool {
        let near = |last: Capture| self.day.1 == border && border - last.time <= self.margin();
        self.last().is_some_and(|last| last.time == border || near(last))
    }
}

/// When a run began matters only where a clock is doubted. Here it is not: books that go on from the last measured
/// border are the same as those that had all captures.
const fn begin(at: Point, on_border: bool, reason: Reason) -> Run {
    Run { began: 0, ..Run::begin(at, on_border, reason) }
}

const fn entry(closing: Closing) -> DeviceEntry {
    match closing {
        Closing::Period { start, end, energy } => DeviceEntry::Day { start, end, amount: energy },
        Closing::Gap { start, end, energy, reason } => DeviceEntry::Gap { start, end, amount: energy, reason },
    }
}

/// What was used in a running day or month: the sum of what is closed in it, and what is running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct DeviceSum {
    pub(crate) start: i64,
    pub(crate) closed: Option<i64>,
}

impl DeviceSum {
    /// A day or month begins at `start`. The same one goes on, also where a telegram of an earlier one comes late.
    pub const fn turn(&mut self, start: i64) {
        if self.start < start {
            *self = Self { start, closed: None };
        }
    }

    /// An entry is closed: it counts if it lies in the span.
    pub fn enter(&mut self, entry: &DeviceEntry) {
        if entry.start() >= self.start {
            self.closed = Some(self.closed.unwrap_or(0).saturating_add(entry.amount()));
        }
    }

    /// What is known so far. A border that was not measured makes it unknown, which is not 0.
    pub fn now(&self, device: &Device) -> Option<i64> {
        let running = device.running()?;
        let part = if running.since >= self.start {
            Some(running.amount)
        } else if device.reaches(self.start) {
            // Nothing was handed over since, and the register at the border is known.
            Some(0)
        } else {
            None
        };
        match (self.closed, part) {
            (Some(closed), Some(part)) => Some(closed.saturating_add(part)),
            (closed, part) => closed.or(part),
        }
    }
}
