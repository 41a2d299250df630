//! Entry: what the accounts wrote down for good.

use core::fmt::{self, Display, Formatter};

use smarty_ledger::{Energies, QUARTER, Register};

use crate::json::Object;
use crate::time::Rfc3339;

/// A quarter-hour that is over. Offsets are the zone's at its borders, in seconds: they differ where the clocks change.
#[derive(Clone, Copy, Debug)]
pub struct QuarterHour<'a> {
    /// As the accounts have it.
    pub entry: &'a smarty_ledger::QuarterHour,
    /// Seconds east of UTC at its start.
    pub start_offset: i32,
    /// Seconds east of UTC at its end.
    pub end_offset: i32,
}

impl Display for QuarterHour<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let entry = self.entry;
        let mut object = Object::begin(f)?;
        let end = entry.start.saturating_add(QUARTER);
        borders(&mut object, (entry.start, self.start_offset), (end, self.end_offset))?;
        energies(&mut object, &entry.energies)?;
        let demand = |energy: Option<i64>| energy.map(|wh| wh.saturating_mul(4));
        object.known("demand_import_w", demand(entry.energies.import))?;
        object.known("demand_export_w", demand(entry.energies.export))?;
        if let Some(power) = entry.power_net {
            object.raw("power_net_min_w", power.min)?;
            object.raw("power_net_mean_w", power.mean())?;
            object.raw("power_net_max_w", power.max)?;
        }
        if let Some(voltage) = entry.voltage {
            object.raw("voltage_min_mv", voltage.min)?;
            object.raw("voltage_max_mv", voltage.max)?;
        }
        object.raw("telegrams", entry.telegrams)?;
        object.raw("complete", entry.complete)?;
        object.end()
    }
}

/// A span whose energy is known but not how it is spread.
#[derive(Clone, Copy, Debug)]
pub struct Gap<'a> {
    /// As the accounts have it.
    pub entry: &'a smarty_ledger::Gap,
    /// Seconds east of UTC at its start.
    pub start_offset: i32,
    /// Seconds east of UTC at its end.
    pub end_offset: i32,
}

impl Display for Gap<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let entry = self.entry;
        let mut object = Object::begin(f)?;
        borders(&mut object, (entry.start, self.start_offset), (entry.end, self.end_offset))?;
        energies(&mut object, &entry.energies)?;
        object.text("reason", entry.reason.name())?;
        object.end()
    }
}

fn borders(object: &mut Object<'_, '_>, start: (i64, i32), end: (i64, i32)) -> fmt::Result {
    for (name, (utc, offset)) in [("start", start), ("end", end)] {
        object.text(name, Rfc3339 { utc, offset })?;
        object.raw(format_args!("{name}_unix"), utc)?;
    }
    Ok(())
}

/// Under the names of their registers, like everywhere.
fn energies(object: &mut Object<'_, '_>, energies: &Energies) -> fmt::Result {
    Register::ALL.iter().try_for_each(|&register| object.known(register.quantity().name(), energies.get(register)))
}
