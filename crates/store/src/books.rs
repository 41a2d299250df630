//! Books: what the writer knows about one metering point, and how its accounts become rows.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params, params_from_iter, types::ToSql};
use smarty_ledger::{Account, Energies, Entry, Gap, QUARTER, QuarterHour, Sample};

use crate::calendar::Calendar;
use crate::device::Devices;
use crate::error::StoreError;
use crate::rollup;
use crate::segment::Segment;
use crate::sql::{ENERGIES, SPREAD, Spread, energies, energy_params};

/// The segment number under which a meter's own state is kept.
const LEDGER: i64 = 0;

/// A metering point.
pub(crate) struct Books {
    pub(crate) id: i64,
    calendar: Calendar,
    pub(crate) account: Account,
    /// Something of this meter, account or segment, must be saved.
    pub(crate) changed: bool,
    pub(crate) segments: HashMap<Arc<str>, Segment>,
    pub(crate) devices: Devices,
    /// Moments whose day and month must be summed up again.
    stale: BTreeSet<i64>,
    /// Quarter-hours and gaps written since they were last counted.
    entries: u64,
}

/// A meter's row.
pub(crate) fn find(connection: &Connection, name: &str) -> Result<Option<(i64, String)>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT id, zone FROM meter WHERE name = ?")?
        .query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?)
}

/// The saved account of a meter.
pub(crate) fn account(connection: &Connection, meter: i64, margin_s: u16) -> Result<Account, StoreError> {
    let sql = "SELECT state FROM account WHERE meter = ? AND segment = ?";
    let state: Option<Vec<u8>> =
        connection.prepare_cached(sql)?.query_row([meter, LEDGER], |row| row.get(0)).optional()?;
    match state {
        None => Ok(Account::new(margin_s)),
        Some(bytes) => Account::from_bytes(&bytes, margin_s)
            .map_err(|error| StoreError::Corrupt(format!("the account of meter {meter}: {error}"))),
    }
}

impl Books {
    /// Finds or makes it.
    pub(crate) fn load(
        connection: &Connection,
        name: &str,
        default: &Calendar,
        margin_s: u16,
    ) -> Result<Self, StoreError> {
        let (id, calendar) = if let Some((id, zone)) = find(connection, name)? {
            (id, Calendar::new(&zone)?)
        } else {
            connection.execute("INSERT INTO meter (name, zone) VALUES (?, ?)", [name, default.name()])?;
            (connection.last_insert_rowid(), default.clone())
        };
        Ok(Self {
            id,
            calendar,
            account: account(connection, id, margin_s)?,
            changed: false,
            segments: HashMap::new(),
            devices: Devices::new(),
            stale: BTreeSet::new(),
            entries: 0,
        })
    }

    /// How many quarter-hours and gaps were written since this was last asked.
    pub(crate) fn take_entries(&mut self) -> u64 {
        std::mem::take(&mut self.entries)
    }

    /// Feeds the ledger and writes down what comes out.
    pub(crate) fn book(&mut self, connection: &Connection, sample: &Sample) -> Result<(), StoreError> {
        let mut result = Ok(());
        let (id, stale, entries) = (self.id, &mut self.stale, &mut self.entries);
        self.changed = true;
        self.account.feed(sample, |entry| {
            *entries += 1;
            let written = write(connection, id, stale, &entry);
            if result.is_ok() {
                result = written;
            }
        });
        result
    }

    /// Puts entries in the place of those that begin in a span.
    pub(crate) fn replace(
        &mut self,
        connection: &Connection,
        span: Range<i64>,
        entries: &[Entry],
    ) -> Result<(), StoreError> {
        self.changed = true;
        for table in ["quarter_hour", "gap"] {
            let sql = format!("DELETE FROM {table} WHERE meter = ? AND start >= ? AND start < ? RETURNING start");
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query([self.id, span.start, span.end])?;
            while let Some(row) = rows.next()? {
                self.stale.insert(row.get(0)?);
            }
        }
        for entry in entries {
            write(connection, self.id, &mut self.stale, entry)?;
        }
        self.entries += entries.len() as u64;
        Ok(())
    }

    /// Days and months come up to date, and what must survive a restart is written.
    pub(crate) fn save(&mut self, connection: &Connection) -> Result<(), StoreError> {
        if !self.changed {
            return Ok(());
        }
        let mut days = BTreeSet::new();
        let mut months = BTreeSet::new();
        let mut day_end = i64::MIN;
        for &moment in &self.stale {
            if moment >= day_end {
                let (start, end) = self.calendar.day(moment);
                days.insert(start);
                months.insert(self.calendar.month(moment).0);
                day_end = end;
            }
        }
        for day in days {
            rollup::roll_day(connection, &self.calendar, self.id, day)?;
        }
        for month in months {
            rollup::roll_month(connection, &self.calendar, self.id, month)?;
        }
        self.stale.clear();
        connection.prepare_cached("INSERT OR REPLACE INTO account VALUES (?, ?, ?)")?.execute(params![
            self.id,
            LEDGER,
            self.account.to_bytes()
        ])?;
        for segment in self.segments.values_mut() {
            segment.save(connection)?;
        }
        self.changed = false;
        Ok(())
    }
}

/// The energies of a quarter-hour that is written down.
pub(crate) fn quarter(connection: &Connection, meter: i64, start: i64) -> Result<Option<Energies>, StoreError> {
    let sql = format!("SELECT {ENERGIES} FROM quarter_hour WHERE meter = ? AND start = ?");
    Ok(connection.prepare_cached(&sql)?.query_row([meter, start], |row| energies(row, 0)).optional()?)
}

/// Writes an entry down, and notes whose day and month it changes.
fn write(connection: &Connection, meter: i64, stale: &mut BTreeSet<i64>, entry: &Entry) -> Result<(), StoreError> {
    match entry {
        Entry::Quarter(quarter) => {
            stale.insert(quarter.start);
            write_quarter(connection, meter, quarter)
        }
        Entry::Gap(gap) => {
            // A gap counts in the spans that contain it whole: those of its start, if any.
            stale.insert(gap.start);
            write_gap(connection, meter, gap)
        }
    }
}

fn write_quarter(connection: &Connection, meter: i64, quarter: &QuarterHour) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT OR REPLACE INTO quarter_hour (meter, start, {ENERGIES}, complete, {SPREAD}) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    );
    let spread = spread(quarter);
    let energies = energy_params(&quarter.energies);
    let mut params: Vec<&dyn ToSql> = vec![&meter, &quarter.start];
    params.extend(energies.iter().map(|energy| energy as &dyn ToSql));
    params.push(&quarter.complete);
    params.extend(spread.params());
    connection.prepare_cached(&sql)?.execute(params_from_iter(params))?;
    Ok(())
}

fn spread(quarter: &QuarterHour) -> Spread {
    Spread {
        power_min: quarter.power_net.map(|power| power.min),
        power_max: quarter.power_net.map(|power| power.max),
        power_sum: quarter.power_net.map(|power| power.sum),
        power_count: quarter.power_net.map_or(0, |power| i64::from(power.count)),
        voltage_min: quarter.voltage.map(|voltage| voltage.min),
        voltage_max: quarter.voltage.map(|voltage| voltage.max),
        telegrams: i64::from(quarter.telegrams),
    }
}

fn write_gap(connection: &Connection, meter: i64, gap: &Gap) -> Result<(), StoreError> {
    let sql = format!("INSERT INTO gap (meter, start, \"end\", {ENERGIES}, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    let [import, export, reactive_import, reactive_export] = energy_params(&gap.energies);
    connection.prepare_cached(&sql)?.execute(params![
        meter,
        gap.start,
        gap.end,
        import,
        export,
        reactive_import,
        reactive_export,
        gap.reason.name()
    ])?;
    Ok(())
}

/// Sums up all days and months of a meter again, in another zone.
pub(crate) fn rezone(connection: &Connection, meter: i64, calendar: &Calendar) -> Result<(), StoreError> {
    connection.execute("UPDATE meter SET zone = ? WHERE id = ?", params![calendar.name(), meter])?;
    connection.execute("DELETE FROM day WHERE meter = ?", [meter])?;
    connection.execute("DELETE FROM month WHERE meter = ?", [meter])?;
    let mut starts: BTreeSet<i64> = BTreeSet::new();
    for sql in ["SELECT start FROM quarter_hour WHERE meter = ?", "SELECT start FROM gap WHERE meter = ?"] {
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query([meter])?;
        while let Some(row) = rows.next()? {
            starts.insert(row.get::<_, i64>(0)?.div_euclid(QUARTER) * QUARTER);
        }
    }
    let (mut day_end, mut months) = (i64::MIN, BTreeSet::new());
    for start in starts {
        if start >= day_end {
            let (day, end) = calendar.day(start);
            rollup::roll_day(connection, calendar, meter, day)?;
            months.insert(calendar.month(start).0);
            day_end = end;
        }
    }
    for month in months {
        rollup::roll_month(connection, calendar, meter, month)?;
    }
    Ok(())
}
