//! Spans: quarter-hours, hours, days, months and years with their energies, the running ones included.

use rusqlite::Row;
use smarty_ledger::{Energies, Extent, PowerSpread, QUARTER, Running};

use super::{Meter, Reader};
use crate::error::StoreError;
use crate::options::MARGIN_S;
use crate::rollup;
use crate::sql::{ENERGIES, SPREAD, Spread, energies};

/// A span of time and what is known about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First second, UTC.
    pub start: i64,
    /// The second after the last.
    pub end: i64,
    /// What is known. Of a quarter-hour whose borders were not both measured: nothing.
    pub energies: Energies,
    /// The highest quarter-hour's demand. Not for quarter-hours themselves.
    pub peak: Option<Peak>,
    /// Net power over the telegrams.
    pub power_net: Option<PowerSpread>,
    /// Voltage over the telegrams and phases, mV.
    pub voltage: Option<Extent>,
    /// How many telegrams.
    pub telegrams: u64,
    /// All of it, so far if it is running, is measured at each border.
    pub complete: bool,
    /// It has the newest telegram. Whether it is over by the clock, [`Span::as_of`] says.
    pub running: bool,
    /// As far as its readings go: of a running one to the newest telegram, or to the end of its quarter-hour if that telegram
    /// measures it.
    pub until: i64,
}

/// The highest demand: a quarter-hour's energy times four.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peak {
    /// W.
    pub power_w: i64,
    /// Start of that quarter-hour.
    pub time: i64,
}

/// Energy whose amount is known and whose shape is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GapEntry {
    /// First second, UTC.
    pub start: i64,
    /// The second after the last.
    pub end: i64,
    /// Its energies.
    pub energies: Energies,
    /// Why.
    pub reason: String,
}

impl Span {
    const fn empty(start: i64, end: i64) -> Self {
        Self {
            start,
            end,
            energies: Energies::UNKNOWN,
            peak: None,
            power_net: None,
            voltage: None,
            telegrams: 0,
            complete: false,
            running: false,
            until: end,
        }
    }

    /// As it is at a time by this machine's clock. The books only know the meter's telegrams: without a newer one the last
    /// span would run for ever. What has ended is not running, and complete only if its end was measured; what was
    /// silent for more than a quarter-hour is not complete so far.
    #[must_use]
    pub const fn as_of(mut self, now: i64) -> Self {
        if self.running {
            self.running = self.end > now;
            self.complete &= self.until >= self.end || self.running && now - self.until <= QUARTER;
        }
        self
    }

    /// Demand of a quarter-hour's import, W: its energy times four.
    pub fn demand_import_w(&self) -> Option<i64> {
        self.energies.import.map(|energy| energy.saturating_mul(4))
    }

    /// Demand of a quarter-hour's export, W.
    pub fn demand_export_w(&self) -> Option<i64> {
        self.energies.export.map(|energy| energy.saturating_mul(4))
    }

    fn spread(&mut self, spread: &Spread) {
        if let (Some(min), Some(max), Some(sum)) = (spread.power_min, spread.power_max, spread.power_sum) {
            let count = u32::try_from(spread.power_count).unwrap_or(u32::MAX);
            self.power_net = Some(PowerSpread { min, max, sum, count });
        }
        self.voltage = spread.voltage_min.zip(spread.voltage_max).map(|(min, max)| Extent { min, max });
        self.telegrams = spread.telegrams as u64;
    }

    /// Takes a part of this span in: everything but completeness, which depends on all parts.
    fn take(&mut self, part: &Self) {
        self.energies = self.energies.plus(&part.energies);
        let peak = part.peak.filter(|peak| self.peak.is_none_or(|known| known.power_w < peak.power_w));
        self.peak = peak.or(self.peak);
        self.power_net = match (self.power_net, part.power_net) {
            (Some(one), Some(two)) => Some(one.plus(two)),
            (one, two) => one.or(two),
        };
        self.voltage = match (self.voltage, part.voltage) {
            (Some(one), Some(two)) => Some(one.plus(two)),
            (one, two) => one.or(two),
        };
        self.telegrams += part.telegrams;
        self.running |= part.running;
        self.until = part.until;
    }

    /// One span out of its parts, which are in order.
    fn of(start: i64, end: i64, parts: &[Self]) -> Self {
        let mut span = Self::empty(start, end);
        let mut until = start;
        span.complete = true;
        for part in parts {
            span.complete &= part.complete && part.start == until;
            until = part.end;
            span.take(part);
        }
        span.complete &= !parts.is_empty() && (until >= end || span.running);
        span
    }
}

/// The rows that [`closed_quarter`] reads.
pub(super) fn closed_quarters(condition: &str) -> String {
    format!("SELECT start, {ENERGIES}, complete, {SPREAD} FROM quarter_hour WHERE {condition}")
}

/// A quarter-hour that is over.
pub(super) fn closed_quarter(row: &Row<'_>) -> rusqlite::Result<Span> {
    let start = row.get(0)?;
    let mut span = Span::empty(start, start + QUARTER);
    span.energies = energies(row, 1)?;
    span.complete = row.get(5)?;
    span.spread(&Spread::of(row, 6)?);
    Ok(span)
}

/// The quarter-hour that is running.
fn running_quarter(running: &Running) -> Span {
    let mut span = Span::empty(running.start, running.start + QUARTER);
    span.energies = if running.complete { running.energies } else { Energies::UNKNOWN };
    span.power_net = running.power_net;
    span.voltage = running.voltage;
    span.telegrams = u64::from(running.telegrams);
    span.complete = running.complete;
    span.running = true;
    // With the next telegram the books would take this border as measured.
    let measured = running.last >= span.end - i64::from(MARGIN_S);
    span.until = if measured { span.end } else { running.last };
    span
}

impl Reader {
    /// Quarter-hours that start in a span, the running one included.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] meter, and those of the database.
    pub fn quarter_hours(&self, meter: &str, from: i64, to: i64) -> Result<Vec<Span>, StoreError> {
        let _moment = self.moment()?;
        let meter = self.meter(meter)?;
        self.quarters(&meter, from, to)
    }

    fn quarters(&self, meter: &Meter, from: i64, to: i64) -> Result<Vec<Span>, StoreError> {
        let sql = closed_quarters("meter = ? AND start >= ? AND start < ? ORDER BY start");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let found = statement.query_map([meter.id, from, to], closed_quarter)?;
        let mut spans: Vec<Span> = found.collect::<Result<_, _>>()?;
        if let Some(running) = self.running_of(meter.id)?
            && (from..to).contains(&running.start)
        {
            spans.push(running_quarter(&running));
        }
        Ok(spans)
    }

    /// Hours of UTC that start in a span, the running one included.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] meter, and those of the database.
    pub fn hours(&self, meter: &str, from: i64, to: i64) -> Result<Vec<Span>, StoreError> {
        let _moment = self.moment()?;
        let meter = self.meter(meter)?;
        let [from, to] = [from, to].map(|time| (time + 3599).div_euclid(3600) * 3600);
        let quarters = self.quarters(&meter, from, to)?;
        let gaps = self.gaps_of(&meter, from, to)?;
        let running = self.running_of(meter.id)?;
        let mut hours = Vec::new();
        for parts in quarters.chunk_by(|one, two| one.start.div_euclid(3600) == two.start.div_euclid(3600)) {
            let start = parts[0].start.div_euclid(3600) * 3600;
            hours.push(from_quarters(start, start + 3600, parts, &gaps, running.as_ref()));
        }
        Ok(hours)
    }

    /// Local days that start in a span, the running one included.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] meter, and those of the database.
    pub fn days(&self, meter: &str, from: i64, to: i64) -> Result<Vec<Span>, StoreError> {
        let _moment = self.moment()?;
        let meter = self.meter(meter)?;
        self.days_of(&meter, from, to)
    }

    pub(super) fn days_of(&self, meter: &Meter, from: i64, to: i64) -> Result<Vec<Span>, StoreError> {
        let mut days = self.rolled("day", meter, from, to)?;
        let Some(running) = self.running_of(meter.id)? else { return Ok(days) };
        let (start, end) = meter.calendar.day(running.start);
        if (from..to).contains(&start) {
            days.retain(|day| day.start != start);
            let quarters = self.quarters(meter, start, end)?;
            let gaps = self.gaps_of(meter, start, end)?;
            days.push(from_quarters(start, end, &quarters, &gaps, Some(&running)));
        }
        Ok(days)
    }

    /// Local months that start in a span, the running one included.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] meter, and those of the database.
    pub fn months(&self, meter: &str, from: i64, to: i64) -> Result<Vec<Span>, StoreError> {
        let _moment = self.moment()?;
        let meter = self.meter(meter)?;
        self.months_of(&meter, from, to)
    }

    fn months_of(&self, meter: &Meter, from: i64, to: i64) -> Result<Vec<Span>, StoreError> {
        let mut months = self.rolled("month", meter, from, to)?;
        let Some(running) = self.running_of(meter.id)? else { return Ok(months) };
        let (start, end) = meter.calendar.month(running.start);
        if (from..to).contains(&start) {
            months.retain(|month| month.start != start);
            let days = self.days_of(meter, start, end)?;
            let mut month = Span::of(start, end, &days);
            let calendar = &meter.calendar;
            let crossing = rollup::gaps_crossing(&self.connection, meter.id, start, end, |start, end| {
                calendar.date(start) == calendar.date(end - 1)
            })?;
            month.energies = month.energies.plus(&crossing);
            if let Some(last) = days.last() {
                add_running_before(&mut month, last.start, &running);
            }
            months.push(month);
        }
        Ok(months)
    }

    /// Local years, the running one included.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] meter, and those of the database.
    pub fn years(&self, meter: &str) -> Result<Vec<Span>, StoreError> {
        let _moment = self.moment()?;
        let meter = self.meter(meter)?;
        let running = self.running_of(meter.id)?;
        let months = self.months_of(&meter, 0, i64::MAX)?;
        let mut years: Vec<Span> = Vec::new();
        let calendar = &meter.calendar;
        let year_of = |span: &Span| calendar.date(span.start).year();
        for parts in months.chunk_by(|one, two| year_of(one) == year_of(two)) {
            let (start, end) = calendar.year(parts[0].start);
            let mut year = Span::of(start, end, parts);
            let crossing = rollup::gaps_crossing(&self.connection, meter.id, start, end, |start, end| {
                calendar.date(start).first_of_month() == calendar.date(end - 1).first_of_month()
            })?;
            year.energies = year.energies.plus(&crossing);
            if let (Some(running), Some(last), true) = (&running, parts.last(), year.running) {
                add_running_before(&mut year, last.start, running);
            }
            years.push(year);
        }
        Ok(years)
    }

    /// The highest quarter-hours of import in a span, the highest first, at most `count`.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] meter, and those of the database.
    pub fn peaks(&self, meter: &str, from: i64, to: i64, count: u32) -> Result<Vec<Peak>, StoreError> {
        let meter = self.meter(meter)?;
        let sql = "SELECT energy_import_wh, start FROM quarter_hour WHERE meter = ? AND start >= ? AND start < ? \
                   AND energy_import_wh IS NOT NULL ORDER BY 1 DESC, 2 LIMIT ?";
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement.query_map([meter.id, from, to, i64::from(count)], |row| {
            Ok(Peak { power_w: row.get::<_, i64>(0)?.saturating_mul(4), time: row.get(1)? })
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// Gaps that touch a span, by start.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] meter, and those of the database.
    pub fn gaps(&self, meter: &str, from: i64, to: i64) -> Result<Vec<GapEntry>, StoreError> {
        let _moment = self.moment()?;
        let meter = self.meter(meter)?;
        self.gaps_of(&meter, from, to)
    }

    fn gaps_of(&self, meter: &Meter, from: i64, to: i64) -> Result<Vec<GapEntry>, StoreError> {
        let sql = format!(
            "SELECT start, \"end\", {ENERGIES}, reason FROM gap \
             WHERE meter = ? AND start < ? AND \"end\" > ? ORDER BY start, id"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let found = statement.query_map([meter.id, to, from], |row| {
            Ok(GapEntry { start: row.get(0)?, end: row.get(1)?, energies: energies(row, 2)?, reason: row.get(6)? })
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn rolled(&self, table: &str, meter: &Meter, from: i64, to: i64) -> Result<Vec<Span>, StoreError> {
        let sql = format!(
            "SELECT start, \"end\", {ENERGIES}, complete, peak_import_w, peak_time, {SPREAD} FROM {table} \
             WHERE meter = ? AND start >= ? AND start < ? ORDER BY start"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let found = statement.query_map([meter.id, from, to], |row: &Row<'_>| {
            let mut span = Span::empty(row.get(0)?, row.get(1)?);
            span.energies = energies(row, 2)?;
            span.complete = row.get(6)?;
            let peak = row.get::<_, Option<i64>>(7)?.zip(row.get::<_, Option<i64>>(8)?);
            span.peak = peak.map(|(power_w, time)| Peak { power_w, time });
            span.spread(&Spread::of(row, 9)?);
            Ok(span)
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}

/// A span out of its quarter-hours, the gaps that lie in it whole, and the running part.
fn from_quarters(start: i64, end: i64, quarters: &[Span], gaps: &[GapEntry], running: Option<&Running>) -> Span {
    let mut quarters = quarters.to_vec();
    for quarter in quarters.iter_mut().filter(|quarter| quarter.running) {
        // It comes below, where it may have begun before its quarter-hour.
        quarter.energies = Energies::UNKNOWN;
    }
    let mut span = Span::of(start, end, &quarters);
    for quarter in quarters.iter().filter(|quarter| !quarter.running) {
        if let Some(power_w) = quarter.demand_import_w()
            && span.peak.is_none_or(|peak| peak.power_w < power_w)
        {
            span.peak = Some(Peak { power_w, time: quarter.start });
        }
    }
    for gap in gaps.iter().filter(|gap| gap.start >= start && gap.end <= end) {
        span.energies = span.energies.plus(&gap.energies);
    }
    if let Some(running) = running.filter(|_| span.running) {
        span.energies = span.energies.plus(&running.since_within(start..end));
    }
    span
}

/// The running part that began before the last part of a span, but inside of the span.
fn add_running_before(span: &mut Span, last_part: i64, running: &Running) {
    if span.running {
        span.energies = span.energies.plus(&running.since_within(span.start..last_part));
    }
}
