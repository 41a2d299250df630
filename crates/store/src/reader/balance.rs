//! Balance: a register against the books. What the telegrams say that it rose is in a day or in a gap, to the unit.

use smarty_ledger::Register;
use smarty_p1::{Quantity, Values};

use super::Reader;
use crate::books;
use crate::error::StoreError;
use crate::reading::StoredReading;
use crate::rollup;

/// One register of a meter, in Wh or varh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Which.
    pub register: Register,
    /// As the meter's display shows it: the register, or the sum of its tariffs. The newest that was believed.
    pub value: i64,
    /// The first telegram that had it.
    pub first_time: i64,
    /// How much it rose since then, summed over the equipments: newest value minus first, by the telegrams themselves.
    /// Where a register began anew, or the first telegram is not kept any more, what the account has counted.
    pub difference: i64,
    /// All days, the running one included.
    pub days: i64,
    /// Gaps across the borders of days, the one included that is not over.
    pub gaps: i64,
}

impl Balance {
    /// What is in the registers and not in the books. 0 where the books are right.
    pub const fn off(&self) -> i64 {
        self.difference - self.days - self.gaps
    }
}

impl Reader {
    /// The newest telegram, and the balance of each register of the meter. `None` before the first.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] meter, and those of the database.
    pub fn balance(&self, meter: &str) -> Result<Option<(StoredReading, Vec<Balance>)>, StoreError> {
        let _moment = self.moment()?;
        let meter = self.meter(meter)?;
        let (Some(last), Some(running)) = (self.last_of(meter.id)?, self.running_of(meter.id)?) else {
            return Ok(None);
        };
        let account = books::account(&self.connection, meter.id, 0)?;
        let calendar = &meter.calendar;
        let days = self.days_of(&meter, 0, i64::MAX)?;
        let across = rollup::gaps_crossing(&self.connection, meter.id, 0, i64::MAX, |start, end| {
            calendar.date(start) == calendar.date(end - 1)
        })?;
        let today = calendar.day(running.start).0;
        let mut balances = Vec::new();
        for register in Register::ALL {
            let Some(value) = account.value(register) else { continue };
            let (first_time, rise) = self.rise(meter.id, register.quantity())?;
            let open = running.energies.get(register).filter(|_| running.since[register as usize] < today);
            balances.push(Balance {
                register,
                value,
                first_time: first_time.unwrap_or(last.time),
                difference: rise
                    .filter(|_| account.resets() == 0 && account.late() == 0)
                    .unwrap_or_else(|| account.total(register)),
                days: days.iter().filter_map(|day| day.energies.get(register)).sum(),
                gaps: across.get(register).unwrap_or(0) + open.unwrap_or(0),
            });
        }
        Ok(Some((last, balances)))
    }

    /// The first telegram with a register, and how much it rose since, by the first and the newest telegram of each
    /// equipment. No rise where one of them is not there or not whole, or where two equipments took turns.
    fn rise(&self, meter: i64, quantity: Quantity) -> Result<(Option<i64>, Option<i64>), StoreError> {
        // The sum of the tariffs is the register only while none of them is missing, as one in quarantine is.
        let counters = |values: &Values| match values.get(quantity) {
            Some(_) => vec![quantity],
            None => quantity.tariffs().iter().copied().filter(|&tariff| values.get(tariff).is_some()).collect(),
        };
        let (mut first_time, mut rise) = (None, Some(0_i64));
        let mut before = i64::MIN;
        for (segment, equipment) in self.segments(meter)? {
            let Some(begin) = self.first_seen(segment, quantity)? else { continue };
            first_time = first_time.or(Some(begin));
            let equipment = equipment.into();
            let first = self.at(segment, &equipment, begin)?;
            let last = self.last_of_segment(segment, &equipment)?;
            let more = first.zip(last).and_then(|(first, last)| {
                let in_turn = begin > std::mem::replace(&mut before, last.time);
                let more = last.values.total(quantity)? - first.values.total(quantity)?;
                (in_turn && counters(&last.values) == counters(&first.values)).then_some(more)
            });
            rise = rise.zip(more).map(|(sum, more)| sum.saturating_add(more));
        }
        Ok((first_time, rise))
    }

    /// When an equipment sent a register, or the first of its tariffs, for the first time.
    fn first_seen(&self, segment: i64, quantity: Quantity) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT first_time FROM seen WHERE segment = ? AND quantity = ?";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut first = None;
        for quantity in std::iter::once(&quantity).chain(quantity.tariffs()) {
            let mut rows = statement.query((segment, quantity.name()))?;
            let seen: Option<i64> = rows.next()?.map(|row| row.get(0)).transpose()?;
            first = first.into_iter().chain(seen).min();
        }
        Ok(first)
    }
}
