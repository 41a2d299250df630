//! Usage: the energies of a span, as little as its costs need, in one look.

use smarty_ledger::cost::{Metered, Stretch};
use smarty_ledger::{Register, Running};

use super::Reader;
use crate::error::StoreError;

/// What a meter metered in a span.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Quarter-hours that start in the span, in order; the running one with what it has so far.
    pub quarters: Vec<Metered>,
    /// Gaps that touch the span, by start; also what is not closed yet and did not begin at a measured border.
    pub gaps: Vec<Stretch>,
    /// Where the meter's first quarter-hour or gap ever begins.
    pub first: Option<i64>,
    /// Its newest reading.
    pub last: Option<i64>,
}

impl Reader {
    /// The energies of a span.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] meter, and those of the database.
    pub fn usage(&self, meter: &str, from: i64, to: i64) -> Result<Usage, StoreError> {
        let _moment = self.moment()?;
        let meter = self.meter(meter)?;
        let mut usage = Usage::default();
        let sql = "SELECT min(first) FROM (SELECT min(start) AS first FROM quarter_hour WHERE meter = ?1 \
                   UNION ALL SELECT min(start) FROM gap WHERE meter = ?1)";
        usage.first = self.connection.prepare_cached(sql)?.query_row([meter.id], |row| row.get(0))?;
        let sql = "SELECT start, energy_import_wh, energy_export_wh FROM quarter_hour \
                   WHERE meter = ? AND start >= ? AND start < ? ORDER BY start";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([meter.id, from, to])?;
        while let Some(row) = rows.next()? {
            usage.quarters.push(Metered { start: row.get(0)?, import: row.get(1)?, export: row.get(2)? });
        }
        let sql = "SELECT start, \"end\", energy_import_wh, energy_export_wh FROM gap \
                   WHERE meter = ? AND start < ? AND \"end\" > ? ORDER BY start, id";
        let mut statement = self.connection.prepare_cached(sql)?;
        let gaps = statement.query_map([meter.id, to, from], |row| {
            Ok(Stretch { start: row.get(0)?, end: row.get(1)?, import: row.get(2)?, export: row.get(3)? })
        })?;
        for gap in gaps {
            usage.gaps.push(gap?);
        }
        if let Some(running) = self.running_of(meter.id)? {
            usage.last = Some(running.last);
            let open = running.start.min(running.since[Register::Import as usize]);
            usage.first = Some(usage.first.map_or(open, |first| first.min(open)));
            usage.add_running(&running, from, to);
        }
        Ok(usage)
    }
}

impl Usage {
    /// What is not closed: the part since the border at the start of its quarter-hour, which may have a demand; or
    /// since longer ago, which is like a gap.
    fn add_running(&mut self, running: &Running, from: i64, to: i64) {
        let energy = |register: Register| running.energies.get(register);
        let fresh = |register: Register| running.since[register as usize] == running.start && running.complete;
        let so_far = |register: Register| energy(register).filter(|_| fresh(register));
        if (from..to).contains(&running.start) {
            let (import, export) = (so_far(Register::Import), so_far(Register::Export));
            self.quarters.push(Metered { start: running.start, import, export });
        }
        for register in [Register::Import, Register::Export] {
            let start = running.since[register as usize];
            // To the second after the last reading, and never empty.
            let end = running.last.max(start) + 1;
            let Some(energy) = energy(register).filter(|_| !fresh(register) && start < to && end > from) else {
                continue;
            };
            let open = Stretch { start, end, import: None, export: None };
            self.gaps.push(match register {
                Register::Import => Stretch { import: Some(energy), ..open },
                _ => Stretch { export: Some(energy), ..open },
            });
        }
    }
}
