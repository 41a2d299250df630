//! A counter that integrates power without ever losing a part of a unit.
//!
//! The law that these counters obey stands at [`Values::registers`](crate::Values::registers).

use crate::config::StartRegisters;
use crate::values::{Registers, TariffRegisters};

/// Watt-seconds in a watt-hour.
const SECONDS_OF_HOUR: u64 = 3600;
/// Heat in a cubic decimetre of gas: 10.5 kWh in a cubic metre.
const WATT_SECONDS_OF_DM3: u64 = 37_800;

/// A counter with its carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Register {
    units: u64,
    carry: u64,
    per_unit: u64,
}

impl Register {
    /// A register in Wh or varh.
    pub(crate) const fn energy(units: u64) -> Self {
        Self { units, carry: 0, per_unit: SECONDS_OF_HOUR }
    }

    /// A register in dm³ of gas, fed with watts of heat.
    pub(crate) const fn gas(units: u64) -> Self {
        Self { units, carry: 0, per_unit: WATT_SECONDS_OF_DM3 }
    }

    /// What the display shows.
    pub(crate) const fn units(&self) -> u64 {
        self.units
    }

    /// Counts `power` over `seconds`, and says by how many whole units the register rose.
    pub(crate) const fn add(&mut self, power: u32, seconds: u64) -> u64 {
        let sum = self.carry + power as u64 * seconds;
        let whole = sum / self.per_unit;
        self.carry = sum % self.per_unit;
        self.units += whole;
        whole
    }
}

/// All energy registers of a meter.
#[derive(Clone, Debug)]
pub(crate) struct RegisterBank {
    energy: [Register; 4],
    tariffs: Option<[TariffRegisters; 2]>,
    reactive: bool,
}

impl RegisterBank {
    pub(crate) fn new(start: &StartRegisters, with_tariffs: bool, reactive: bool) -> Self {
        let start = [
            start.energy_import_wh,
            start.energy_export_wh,
            start.reactive_energy_import_varh,
            start.reactive_energy_export_varh,
        ];
        // An invented past in which tariff 1 had three parts of five.
        let first = start.map(|units| units * 3 / 5);
        let second = [0, 1, 2, 3].map(|quantity| start[quantity] - first[quantity]);
        Self {
            energy: start.map(Register::energy),
            tariffs: with_tariffs.then(|| [tariff(first), tariff(second)]),
            reactive,
        }
    }

    /// Counts import, export, reactive import and reactive export over `seconds`.
    ///
    /// A tariff register moves with the total: each whole unit goes to the tariff in force, so that
    /// the two always add up, as they do in real telegrams.
    pub(crate) fn add(&mut self, powers: [u32; 4], seconds: u64, in_force: Option<u8>) {
        let mut gained = [0; 4];
        for ((register, power), gain) in self.energy.iter_mut().zip(powers).zip(&mut gained) {
            *gain = register.add(power, seconds);
        }
        if let (Some(tariffs), Some(in_force)) = (&mut self.tariffs, in_force) {
            let tariff = &mut tariffs[usize::from(in_force == 2)];
            tariff.energy_import_wh += gained[0];
            tariff.energy_export_wh += gained[1];
            tariff.reactive_energy_import_varh += gained[2];
            tariff.reactive_energy_export_varh += gained[3];
        }
    }

    /// What the display shows.
    pub(crate) fn show(&self) -> Registers {
        let [import, export, reactive_import, reactive_export] = self.energy;
        Registers {
            energy_import_wh: import.units(),
            energy_export_wh: export.units(),
            reactive_energy_import_varh: self.reactive.then_some(reactive_import.units()),
            reactive_energy_export_varh: self.reactive.then_some(reactive_export.units()),
            tariffs: self.tariffs,
        }
    }
}

const fn tariff(units: [u64; 4]) -> TariffRegisters {
    TariffRegisters {
        energy_import_wh: units[0],
        energy_export_wh: units[1],
        reactive_energy_import_varh: units[2],
        reactive_energy_export_varh: units[3],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_between_units() {
        let mut register = Register::energy(1000);
        let mut sum = 0u64;
        for step in 0..10_000u32 {
            let power = step * 37 % 5000;
            register.add(power, 10);
            sum += u64::from(power) * 10;
            assert_eq!(register.units(), 1000 + sum / 3600);
        }
    }
}
