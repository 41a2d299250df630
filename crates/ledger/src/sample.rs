//! Sample: what one reading means to the accounts.

use smarty_p1::{Quantity, Values};

/// The registers that are accounted, as indices into [`Sample::totals`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Register {
    /// Energy from the grid, Wh.
    Import = 0,
    /// Energy into the grid, Wh.
    Export = 1,
    /// Reactive energy from the grid, varh.
    ReactiveImport = 2,
    /// Reactive energy into the grid, varh.
    ReactiveExport = 3,
}

impl Register {
    /// How many there are.
    pub const COUNT: usize = 4;

    /// Each of them, in the order of the indices.
    pub const ALL: [Self; Self::COUNT] = [Self::Import, Self::Export, Self::ReactiveImport, Self::ReactiveExport];

    /// The quantity whose total it is.
    pub const fn quantity(self) -> Quantity {
        match self {
            Self::Import => Quantity::EnergyImport,
            Self::Export => Quantity::EnergyExport,
            Self::ReactiveImport => Quantity::ReactiveEnergyImport,
            Self::ReactiveExport => Quantity::ReactiveEnergyExport,
        }
    }
}

/// One reading, as far as the accounts care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// UTC seconds, the meter's.
    pub time: i64,
    /// Which physical meter spoke: any number that differs between two of them.
    pub segment: i64,
    /// The totals by [`Register`]. A negative one counts as absent: no meter has it.
    pub totals: [Option<i64>; Register::COUNT],
    /// Import minus export, W.
    pub power_net: Option<i64>,
    /// By phase, mV.
    pub voltages: [Option<i64>; 3],
}

impl Sample {
    /// A reading that says nothing but its time.
    pub const fn at(time: i64) -> Self {
        Self { time, segment: 0, totals: [None; Register::COUNT], power_net: None, voltages: [None; 3] }
    }

    /// Picks what the accounts need out of a telegram's values.
    pub fn of(time: i64, segment: i64, values: &Values) -> Self {
        Self {
            time,
            segment,
            totals: Register::ALL.map(|register| values.total(register.quantity())),
            power_net: values.power_net(),
            voltages: [Quantity::VoltageL1, Quantity::VoltageL2, Quantity::VoltageL3].map(|phase| values.get(phase)),
        }
    }
}
