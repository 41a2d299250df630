//! All that a telegram is written from: the values, and what the meter remembers besides them.

use crate::calendar::Zone;
use crate::text::Stamp;
use crate::values::{PhaseValues, Values};

/// The names by which a meter and its gas meter are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// `0-0:42.0.0` in Luxembourg, `0-0:96.1.1` in the Netherlands and Belgium.
    pub logical_device_name: String,
    /// The name in the envelope of a sealed frame.
    pub system_title: [u8; 8],
    /// The gas meter's name.
    pub gas_identifier: String,
    /// The names of what else hangs on channels 1 to 4.
    pub mbus_identifiers: [Option<String>; 4],
}

/// Events that a meter counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Events {
    /// Power failures, short and long.
    pub failures: u32,
    /// Power failures of more than three minutes.
    pub long_failures: u32,
    /// Voltage sags on L1, L2 and L3.
    pub sags: [u32; 3],
    /// Voltage swells on L1, L2 and L3.
    pub swells: [u32; 3],
}

/// An entry of the power-failure log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// When the power came back, as UTC.
    pub ended_at: i64,
    /// How long it was gone.
    pub seconds: u32,
}

/// A finished month and its highest quarter-hour (Belgium).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MonthPeak {
    /// The first moment after the month, as UTC.
    pub month_ended_at: i64,
    /// The end of the quarter, as UTC.
    pub at: i64,
    /// Its demand.
    pub demand_w: u32,
}

/// Everything on the meter's display at one moment.
#[derive(Debug)]
pub(crate) struct Readout<'a> {
    pub(crate) values: &'a Values,
    pub(crate) device: &'a Device,
    pub(crate) zone: Zone,
    pub(crate) events: &'a Events,
    pub(crate) failures: &'a [Failure],
    pub(crate) month_peaks: &'a [MonthPeak],
    /// The long text message, as it stands between the brackets.
    pub(crate) message: &'a [u8],
}

impl Readout<'_> {
    /// The stamp of the clock object.
    pub(crate) fn clock(&self) -> Stamp {
        self.values.time.map_or(Stamp::Unknown, |time| self.stamp(time))
    }

    /// The stamp of any other moment.
    pub(crate) fn stamp(&self, utc: i64) -> Stamp {
        Stamp::Known(self.zone.local(utc))
    }

    /// One value of all three phases.
    pub(crate) fn phases(&self, value: impl Fn(&PhaseValues) -> Option<u32>) -> [Option<u32>; 3] {
        [value(&self.values.phases[0]), value(&self.values.phases[1]), value(&self.values.phases[2])]
    }
}
