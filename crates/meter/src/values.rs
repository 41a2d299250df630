//! What one telegram says, as integers: the truth that a reader's result is compared with.
//!
//! A value is never finer than the text: where a meter prints whole volts, the millivolts here end in
//! three zeros; what a profile does not send is `None`.

use crate::mbus::MbusKind;

/// The numbers of one telegram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Values {
    /// When the telegram leaves the meter, by the world's clock (seconds since 1970, UTC).
    pub sent_at: i64,
    /// The time stamp in the telegram as UTC; `None` where it has none, or says that it does not know.
    pub time: Option<i64>,
    /// The energy registers.
    ///
    /// **The law:** in telegram *k* a register stands at its start value plus
    /// `floor(Σ power(i) × (sent_at(i) − sent_at(i−1)) / 3600)` over the telegrams *i* from 1 to *k*,
    /// with the power in whole watts as telegram *i* states it. The power of a telegram is the mean of
    /// the time since the telegram before it, and what does not make up a whole watt-hour is carried.
    /// A power failure, a swap or a reset begins the sum anew with the telegram that follows it.
    pub registers: Registers,
    /// Active power drawn from the grid.
    pub power_import_w: u32,
    /// Active power given to the grid.
    pub power_export_w: u32,
    /// Reactive power, inductive side.
    pub reactive_power_import_var: Option<u32>,
    /// Reactive power, capacitive side.
    pub reactive_power_export_var: Option<u32>,
    /// Apparent power while power is drawn.
    pub apparent_power_import_va: Option<u32>,
    /// Apparent power while power is given.
    pub apparent_power_export_va: Option<u32>,
    /// L1, L2 and L3.
    pub phases: [PhaseValues; 3],
    /// The tariff in force, as the telegram numbers it.
    pub tariff: Option<u8>,
    /// The gas meter behind the electricity meter.
    pub gas: Option<GasValues>,
    /// What else hangs on channels 1 to 4.
    pub mbus: [Option<MbusValues>; 4],
    /// Quarter-hour demand (Belgium).
    pub demand: Option<DemandValues>,
}

/// The energy registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registers {
    /// Active energy drawn from the grid, all tariffs.
    pub energy_import_wh: u64,
    /// Active energy given to the grid, all tariffs.
    pub energy_export_wh: u64,
    /// Reactive energy, inductive side.
    pub reactive_energy_import_varh: Option<u64>,
    /// Reactive energy, capacitive side.
    pub reactive_energy_export_varh: Option<u64>,
    /// The same by tariff 1 and 2; each pair adds up to the total.
    pub tariffs: Option<[TariffRegisters; 2]>,
}

/// The part of the registers that was counted in one tariff.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TariffRegisters {
    /// Active energy drawn from the grid.
    pub energy_import_wh: u64,
    /// Active energy given to the grid.
    pub energy_export_wh: u64,
    /// Reactive energy, inductive side.
    pub reactive_energy_import_varh: u64,
    /// Reactive energy, capacitive side.
    pub reactive_energy_export_varh: u64,
}

/// One phase; what a profile does not send per phase is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PhaseValues {
    /// Voltage.
    pub voltage_mv: Option<u32>,
    /// Current, without direction.
    pub current_ma: Option<u32>,
    /// Active power drawn from the grid.
    pub power_import_w: Option<u32>,
    /// Active power given to the grid.
    pub power_export_w: Option<u32>,
    /// Reactive power, inductive side.
    pub reactive_power_import_var: Option<u32>,
    /// Reactive power, capacitive side.
    pub reactive_power_export_var: Option<u32>,
}

/// The last value that a gas meter handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GasValues {
    /// The M-Bus channel, 1 to 4.
    pub channel: u8,
    /// When the value was taken, as UTC.
    pub captured_at: i64,
    /// Volume in cubic decimetres (litres).
    pub volume_dm3: u64,
}

/// The last value that another device on the M-Bus handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MbusValues {
    /// What it is.
    pub kind: MbusKind,
    /// When the value was taken, as UTC.
    pub captured_at: i64,
    /// The register, thousandths of the unit.
    pub register: u64,
    /// Where its valve stands.
    pub valve: Option<u8>,
}

/// Demand as a Belgian meter shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemandValues {
    /// Energy of the running quarter so far, divided by the whole quarter.
    pub average_w: u32,
    /// The highest quarter of the running month.
    pub month_peak_w: u32,
    /// The end of that quarter, as UTC.
    pub month_peak_at: i64,
}
