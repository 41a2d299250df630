//! SQL: the column lists that several tables share, and how rows of them are read.

use rusqlite::{Row, types::ToSql};
use smarty_ledger::{Energies, Register};

/// Four columns.
pub(crate) const ENERGIES: &str =
    "energy_import_wh, energy_export_wh, reactive_energy_import_varh, reactive_energy_export_varh";

/// Seven columns.
pub(crate) const SPREAD: &str = "power_net_min_w, power_net_max_w, power_net_sum_w, power_net_count, \
     voltage_min_mv, voltage_max_mv, telegrams";

/// The same, over many rows.
pub(crate) const SUM_OF_ENERGIES: &str = "sum(energy_import_wh), sum(energy_export_wh), \
     sum(reactive_energy_import_varh), sum(reactive_energy_export_varh)";

/// The same, over many rows.
pub(crate) const SUM_OF_SPREAD: &str = "min(power_net_min_w), max(power_net_max_w), sum(power_net_sum_w), \
     coalesce(sum(power_net_count), 0), min(voltage_min_mv), max(voltage_max_mv), coalesce(sum(telegrams), 0)";

/// Reads [`ENERGIES`] from column `at` on.
pub(crate) fn energies(row: &Row<'_>, at: usize) -> rusqlite::Result<Energies> {
    Ok(Energies {
        import: row.get(at)?,
        export: row.get(at + 1)?,
        reactive_import: row.get(at + 2)?,
        reactive_export: row.get(at + 3)?,
    })
}

/// [`ENERGIES`] as parameters.
pub(crate) fn energy_params(energies: &Energies) -> [Option<i64>; 4] {
    Register::ALL.map(|register| energies.get(register))
}

/// [`SPREAD`] in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spread {
    pub(crate) power_min: Option<i64>,
    pub(crate) power_max: Option<i64>,
    pub(crate) power_sum: Option<i64>,
    pub(crate) power_count: i64,
    pub(crate) voltage_min: Option<i64>,
    pub(crate) voltage_max: Option<i64>,
    pub(crate) telegrams: i64,
}

impl Spread {
    /// Reads [`SPREAD`] from column `at` on.
    pub(crate) fn of(row: &Row<'_>, at: usize) -> rusqlite::Result<Self> {
        Ok(Self {
            power_min: row.get(at)?,
            power_max: row.get(at + 1)?,
            power_sum: row.get(at + 2)?,
            power_count: row.get(at + 3)?,
            voltage_min: row.get(at + 4)?,
            voltage_max: row.get(at + 5)?,
            telegrams: row.get(at + 6)?,
        })
    }

    /// [`SPREAD`] as parameters.
    pub(crate) fn params(&self) -> [&dyn ToSql; 7] {
        [
            &self.power_min,
            &self.power_max,
            &self.power_sum,
            &self.power_count,
            &self.voltage_min,
            &self.voltage_max,
            &self.telegrams,
        ]
    }
}
