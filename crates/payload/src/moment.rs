//! Moment: everything that messages are made of, at one reading.

use smarty_ledger::{Calculated, Outlook, SelfConsumption};
use smarty_p1::{CosemObject, Obis, Telegram, Values};

use crate::mbus::MbusChannels;
use crate::time::Clock;

/// One reading with what is known around it.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// When.
    pub clock: Clock,
    /// The numbers that the meter sent.
    pub values: &'a Values,
    /// The text, for formats that show a value as the telegram has it. `None`: the reading came in another way, and
    /// such values are written as a Luxembourg telegram would have them.
    pub telegram: Option<&'a Telegram<'a>>,
    /// The meter's identifier as text, not hex. Empty: not known.
    pub equipment: &'a str,
    /// What follows from the readings so far.
    pub calculated: &'a Calculated,
    /// What the M-Bus channels are; [`crate::mbus_channels`] finds out.
    pub mbus: MbusChannels,
    /// Mean power since the last publication.
    pub power_from_energy: FromEnergy,
    /// The quarter-hour that is running.
    pub quarter: Option<RunningQuarter>,
    /// At the grid: the powers of the house, W, where what is made behind it is known.
    pub household: Option<SelfConsumption>,
    /// The host's own local time.
    pub host_time: Option<smarty_p1::Civil>,
    /// A board's sensor.
    pub climate: Option<Climate>,
}

/// Power from the difference of the energy registers between two publications, hundredths of a watt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FromEnergy {
    /// From the grid.
    pub import_cw: Option<i64>,
    /// Into the grid.
    pub export_cw: Option<i64>,
}

/// The quarter-hour that is running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunningQuarter {
    /// UTC seconds.
    pub start: i64,
    /// UTC seconds.
    pub end: i64,
    /// So far, Wh.
    pub energy_import_wh: Option<i64>,
    /// So far, Wh.
    pub energy_export_wh: Option<i64>,
    /// Whether the border at its start was measured.
    pub complete: bool,
    /// How it will end.
    pub outlook: Outlook,
}

impl RunningQuarter {
    /// The demand of the quarter-hour if nothing more were imported, W: energy so far × 4. It only rises.
    pub(crate) fn demand_import_w(&self) -> Option<i64> {
        Some(self.energy_import_wh?.saturating_mul(4))
    }
}

/// A BME280 on the board, in tenths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Climate {
    /// Tenths of a degree Celsius.
    pub temperature_dc: i32,
    /// Relative humidity, tenths of a percent.
    pub humidity_dpc: i32,
    /// Air pressure, tenths of a hectopascal.
    pub pressure_dhpa: i32,
}

impl<'a> Moment<'a> {
    /// A moment of which nothing is known beyond these.
    pub const fn new(clock: Clock, values: &'a Values, equipment: &'a str, calculated: &'a Calculated) -> Self {
        Self {
            clock,
            values,
            telegram: None,
            equipment,
            calculated,
            mbus: [None; 4],
            power_from_energy: FromEnergy { import_cw: None, export_cw: None },
            quarter: None,
            household: None,
            host_time: None,
            climate: None,
        }
    }

    /// The telegram's first object with this code.
    pub(crate) fn object(&self, obis: Obis) -> Option<CosemObject<'a>> {
        self.telegram?.objects().flatten().find(|object| object.obis == obis)
    }

    /// What stands in its brackets, counted from 0.
    pub(crate) fn group(&self, obis: Obis, index: usize) -> Option<&'a [u8]> {
        self.object(obis)?.group(index)
    }
}
