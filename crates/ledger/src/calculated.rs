//! Calculated: what follows from a meter's readings at one moment, ready to be shown or published.

use crate::quarter::Outlook;

/// So many reference powers are compared at once.
pub const CLASSES: usize = 3;

/// A power over the sample window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WindowSpread {
    /// Hundredths of a watt.
    pub mean_cw: i64,
    /// W.
    pub min_w: i64,
    /// W.
    pub max_w: i64,
}

/// A power now and over the sample window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rolling {
    /// W.
    pub now_w: Option<i64>,
    /// What the telegrams of the window said.
    pub window: Option<WindowSpread>,
}

/// Energy beyond a reference power, by quarter-hours: the mean of a quarter-hour counts, not its peaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exceedance {
    /// The reference power, W.
    pub reference_w: u32,
    /// What a kWh beyond it costs, millionths of a euro. `None`: not told.
    pub price_micro_euro: Option<i64>,
    /// In the running quarter-hour, as far as it is certain already, Wh.
    pub quarter_wh: i64,
    /// Since local midnight, the running quarter-hour included, Wh.
    pub day_wh: i64,
    /// Since the month began, likewise, Wh.
    pub month_wh: i64,
}

impl Exceedance {
    /// Millionths of a euro, rounded half up.
    pub fn money_micro_euro(&self, wh: i64) -> Option<i64> {
        let price = i128::from(self.price_micro_euro?);
        i64::try_from((i128::from(wh) * price + 500).div_euclid(1000)).ok()
    }
}

/// What follows from the readings of one meter. `None`: not known, which is not 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calculated {
    /// The import register (or the sum of its tariffs), Wh.
    pub energy_import_wh: Option<i64>,
    /// The export register, Wh.
    pub energy_export_wh: Option<i64>,
    /// Import since local midnight, by register difference, Wh.
    pub day_import_wh: Option<i64>,
    /// Export since local midnight, Wh.
    pub day_export_wh: Option<i64>,
    /// Import: the total, then the phases.
    pub power_import: [Rolling; 4],
    /// Export: the total, then the phases.
    pub power_export: [Rolling; 4],
    /// Export minus import where that is more than 0: the total, then the phases.
    pub excess_solar: [Rolling; 4],
    /// The gas register, litres.
    pub gas_dm3: Option<i64>,
    /// Gas since local midnight, litres.
    pub day_gas_dm3: Option<i64>,
    /// By reference power; unused places are `None`.
    pub exceedance: [Option<Exceedance>; CLASSES],
    /// How the running quarter-hour will end.
    pub outlook: Outlook,
    /// False: the borders of today or of this month were not measured, so that exceedance and day values may be more.
    pub day_complete: bool,
    /// Likewise for the month.
    pub month_complete: bool,
}
