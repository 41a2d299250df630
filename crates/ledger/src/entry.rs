//! Entry: what the accounts write down for good.

use crate::sample::Register;
use crate::tally::{Extent, PowerSpread};

/// Energies by register: Wh, or varh for the reactive ones. `None`: not known, which is not 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Energies {
    /// From the grid.
    pub import: Option<i64>,
    /// Into the grid.
    pub export: Option<i64>,
    /// Reactive, from the grid.
    pub reactive_import: Option<i64>,
    /// Reactive, into the grid.
    pub reactive_export: Option<i64>,
}

impl Energies {
    /// Nothing known.
    pub const UNKNOWN: Self = Self { import: None, export: None, reactive_import: None, reactive_export: None };

    /// The energy of one register.
    pub const fn get(&self, register: Register) -> Option<i64> {
        match register {
            Register::Import => self.import,
            Register::Export => self.export,
            Register::ReactiveImport => self.reactive_import,
            Register::ReactiveExport => self.reactive_export,
        }
    }

    /// Sets or takes away the energy of one register.
    pub const fn set(&mut self, register: Register, energy: Option<i64>) {
        match register {
            Register::Import => self.import = energy,
            Register::Export => self.export = energy,
            Register::ReactiveImport => self.reactive_import = energy,
            Register::ReactiveExport => self.reactive_export = energy,
        }
    }

    /// Adds what is known on either side.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        for register in Register::ALL {
            let sum = match (self.get(register), other.get(register)) {
                (Some(one), Some(two)) => Some(one.saturating_add(two)),
                (one, two) => one.or(two),
            };
            self.set(register, sum);
        }
        self
    }
}

/// Why the shape of a gap's energy is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No telegram near enough to a border.
    NoTelegrams,
    /// The time between the first reading ever and the first border.
    Start,
    /// Beside a change of the meter.
    Swap,
    /// Beside a register that started anew.
    Reset,
    /// The meter's clock was set back: it told some of the time twice.
    ClockSetBack,
}

impl Reason {
    /// The words that tables and the API use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoTelegrams => "no telegrams",
            Self::Start => "start",
            Self::Swap => "meter swap",
            Self::Reset => "register reset",
            Self::ClockSetBack => "clock set back",
        }
    }

    /// The reason with these words.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::NoTelegrams, Self::Start, Self::Swap, Self::Reset, Self::ClockSetBack]
            .into_iter()
            .find(|reason| reason.name() == name)
    }
}

/// A quarter-hour that is over and had a telegram in it, or whose borders are both measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuarterHour {
    /// Its first second, UTC.
    pub start: i64,
    /// Known for each register that was measured at both borders.
    pub energies: Energies,
    /// Import and export, as far as the meter has them, were measured at both borders.
    pub complete: bool,
    /// Net power over its telegrams.
    pub power_net: Option<PowerSpread>,
    /// Voltage over its telegrams and the three phases, mV.
    pub voltage: Option<Extent>,
    /// How many telegrams it had.
    pub telegrams: u32,
}

/// A span whose energy is known by difference of the registers, but not how it is spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// First second, UTC.
    pub start: i64,
    /// The second after the last.
    pub end: i64,
    /// Energies of the registers that this gap is about.
    pub energies: Energies,
    /// Why.
    pub reason: Reason,
}

/// What comes out of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A quarter-hour is over.
    Quarter(QuarterHour),
    /// The energy across a gap is known.
    Gap(Gap),
}

impl Entry {
    /// The second after its last, UTC.
    pub const fn end(&self) -> i64 {
        match self {
            Self::Quarter(quarter) => quarter.start + crate::QUARTER,
            Self::Gap(gap) => gap.end,
        }
    }
}

/// What is not closed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// Start of the quarter-hour of the last reading.
    pub start: i64,
    /// Time of the last reading.
    pub last: i64,
    /// Energy since the last measured border or start of a run, by register.
    pub energies: Energies,
    /// Since when each of these energies counts, by [`Register`]: `start` in the normal case.
    pub since: [i64; Register::COUNT],
    /// Import and export, as far as the meter has them, count from the border at `start`, which was measured.
    pub complete: bool,
    /// Net power so far.
    pub power_net: Option<PowerSpread>,
    /// Voltage so far, mV.
    pub voltage: Option<Extent>,
    /// Telegrams so far.
    pub telegrams: u32,
}

impl Running {
    /// The energies that count since a moment in this span: they belong to it whole, if it is not over.
    pub fn since_within(&self, span: core::ops::Range<i64>) -> Energies {
        let mut energies = Energies::UNKNOWN;
        for register in Register::ALL {
            if span.contains(&self.since[register as usize]) {
                energies.set(register, self.energies.get(register));
            }
        }
        energies
    }
}
