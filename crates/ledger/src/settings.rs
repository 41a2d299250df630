//! Settings: what a household says about its calculated values.

use crate::calculated::CLASSES;

/// A reference power: what the network tariff allows before a kWh costs more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    /// W.
    pub power_w: u32,
    /// What a kWh beyond it costs, millionths of a euro. Left out: what the contract says.
    pub price_micro_euro: Option<i64>,
}

/// What a meter's contract says at a moment. `None`: nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The reference power, W.
    pub reference_w: Option<u32>,
    /// What a kWh beyond a reference power costs, millionths of a euro, without tax.
    pub price_micro_euro: Option<i64>,
}

impl Terms {
    /// No contract.
    pub const NONE: Self = Self { reference_w: None, price_micro_euro: None };
}

/// What the calculated values depend on besides the readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Over how many minutes mean, lowest and highest power are taken: 1 to 60.
    pub window_minutes: u8,
    /// The reference powers that are compared. Two places with the same power are allowed.
    pub references: [Option<Reference>; CLASSES],
}

impl Settings {
    /// 15 minutes as in the original, and no reference power.
    pub const DEFAULT: Self = Self { window_minutes: 15, references: [None; CLASSES] };
}

impl Default for Settings {
    fn default() -> Self {
        Self::DEFAULT
    }
}
