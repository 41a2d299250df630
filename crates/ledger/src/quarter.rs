//! Quarter: the running quarter-hour as it will end, and what its reference power leaves of it.

use crate::QUARTER;
use crate::calculated::WindowSpread;
use crate::entry::Running;
use crate::period::{excess, measured_import, whole_wh};

/// What goes on until the end is the mean import of so many minutes: one kettle is no trend, and a car is one soon.
pub const PRESENT_MINUTES: u8 = 3;

/// A quarter-hour at a moment in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    energy_wh: i64,
    left_s: i64,
}

impl Course {
    /// At a time before its end, both in UTC seconds, with its import so far, Wh.
    pub fn at(time: i64, end: i64, energy_wh: i64) -> Self {
        Self { energy_wh: energy_wh.max(0), left_s: end.saturating_sub(time).clamp(0, QUARTER) }
    }

    /// Import so far, Wh.
    pub const fn energy_wh(&self) -> i64 {
        self.energy_wh
    }

    /// Seconds to its end.
    pub const fn left_s(&self) -> i64 {
        self.left_s
    }

    /// The import that goes on, hundredths of a watt: the mean of the last minutes; of a meter that sends no power the
    /// mean of this quarter-hour, which is not known in its first second.
    pub fn present_cw(&self, last_minutes: Option<WindowSpread>) -> Option<i64> {
        let passed = i128::from(QUARTER - self.left_s);
        match last_minutes {
            Some(spread) => Some(spread.mean_cw.max(0)),
            None if passed > 0 => Some(narrow(self.energy_ws() * 100 / passed)),
            None => None,
        }
    }

    /// Its energy if the import goes on like this to its end, W·s.
    pub fn projected_ws(&self, present_cw: i64) -> i128 {
        self.energy_ws() + i128::from(present_cw) * i128::from(self.left_s) / 100
    }

    /// Its demand if the import goes on like this to its end, W, rounded half up.
    pub fn projected_w(&self, present_cw: i64) -> i64 {
        let quarter = i128::from(QUARTER);
        narrow((self.projected_ws(present_cw) + quarter / 2) / quarter)
    }

    /// The constant import from now to the end that just keeps a reference power, whole W: 0 where it is exceeded.
    pub fn allowed_w(&self, reference_w: u32) -> i64 {
        let rest = i128::from(reference_w) * i128::from(QUARTER) - self.energy_ws();
        if self.left_s == 0 { 0 } else { narrow(rest.max(0) / i128::from(self.left_s)) }
    }

    fn energy_ws(&self) -> i128 {
        i128::from(self.energy_wh) * 3600
    }
}

/// How the running quarter-hour will end. `None`: not known, which is not 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// Its demand at its end, if the mean import of the last minutes goes on, W.
    pub projected_import_w: Option<i64>,
    /// The reference power by the meter's contract, W.
    pub reference_w: Option<u32>,
    /// The constant import from now to the end that just keeps it, W: 0 where it is exceeded.
    pub allowed_w: Option<i64>,
    /// Beyond it for certain already, Wh. Counted as in [`Exceedance`](crate::Exceedance): nothing while the beginning
    /// of the quarter-hour was not measured.
    pub exceedance_wh: Option<i64>,
}

impl Outlook {
    pub(crate) fn of(
        time: i64,
        running: &Running,
        last_minutes: Option<WindowSpread>,
        reference_w: Option<u32>,
    ) -> Self {
        let end = running.start.saturating_add(QUARTER);
        // What counts from an earlier border is not this quarter-hour's.
        let energy = running.since_within(running.start..end).import;
        let course = energy.map(|energy_wh| Course::at(time, end, energy_wh));
        Self {
            projected_import_w: course.and_then(|course| Some(course.projected_w(course.present_cw(last_minutes)?))),
            reference_w,
            allowed_w: course.zip(reference_w).map(|(course, reference_w)| course.allowed_w(reference_w)),
            exceedance_wh: reference_w.map(|reference_w| whole_wh(excess(measured_import(running), reference_w))),
        }
    }
}

/// Energy beyond reference powers, summed over quarter-hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beyond {
    quarter_wh: i64,
    quarters: u32,
}

impl Beyond {
    /// Adds what is beyond in a quarter-hour of this import, Wh.
    pub fn add(&mut self, energy_wh: i64, reference_w: u32) {
        let more = excess(energy_wh, reference_w);
        self.quarter_wh = self.quarter_wh.saturating_add(more);
        self.quarters = self.quarters.saturating_add(u32::from(more > 0));
    }

    /// In quarters of a Wh, which is exact.
    pub const fn quarter_wh(&self) -> i64 {
        self.quarter_wh
    }

    /// In Wh, rounded half up.
    pub const fn wh(&self) -> i64 {
        whole_wh(self.quarter_wh)
    }

    /// In how many quarter-hours there was any.
    pub const fn quarters(&self) -> u32 {
        self.quarters
    }
}

/// What no meter measures is cut to what fits.
fn narrow(number: i128) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
