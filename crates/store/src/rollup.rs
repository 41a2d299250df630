//! Rollup: days and months out of quarter-hours and gaps.

use rusqlite::{Connection, params_from_iter, types::ToSql};
use smarty_ledger::{Energies, QUARTER};

use crate::calendar::Calendar;
use crate::error::StoreError;
use crate::sql::{ENERGIES, SPREAD, SUM_OF_ENERGIES, SUM_OF_SPREAD, Spread, energies, energy_params};

/// What is known about a span of closed quarter-hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) energies: Energies,
    pub(crate) complete: bool,
    pub(crate) peak: Option<(i64, i64)>,
    pub(crate) spread: Spread,
    /// Quarter-hours, or days.
    pub(crate) parts: i64,
}

/// Sums up the quarter-hours of a span and the gaps that lie in it whole.
pub(crate) fn of_quarters(connection: &Connection, meter: i64, start: i64, end: i64) -> Result<Summary, StoreError> {
    let sql = format!(
        "SELECT {SUM_OF_ENERGIES}, coalesce(min(complete), 0), count(*), {SUM_OF_SPREAD} \
         FROM quarter_hour WHERE meter = ? AND start >= ? AND start < ?"
    );
    let mut summary = connection.prepare_cached(&sql)?.query_row([meter, start, end], |row| {
        let parts: i64 = row.get(5)?;
        Ok(Summary {
            energies: energies(row, 0)?,
            complete: row.get::<_, bool>(4)? && parts == (end - start) / QUARTER,
            peak: None,
            spread: Spread::of(row, 6)?,
            parts,
        })
    })?;
    let sql = "SELECT energy_import_wh, start FROM quarter_hour WHERE meter = ? AND start >= ? AND start < ? \
               AND energy_import_wh IS NOT NULL ORDER BY 1 DESC, 2 LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([meter, start, end])?;
    if let Some(row) = rows.next()? {
        summary.peak = Some((row.get::<_, i64>(0)?.saturating_mul(4), row.get(1)?));
    }
    let sql =
        format!("SELECT {SUM_OF_ENERGIES} FROM gap WHERE meter = ? AND start >= ? AND start < ? AND \"end\" <= ?");
    let gaps = connection.prepare_cached(&sql)?.query_row([meter, start, end, end], |row| energies(row, 0))?;
    summary.energies = summary.energies.plus(&gaps);
    Ok(summary)
}

/// Sums up the days of a month and the gaps that lie in it, but in none of its days.
pub(crate) fn of_days(
    connection: &Connection,
    calendar: &Calendar,
    meter: i64,
    start: i64,
    end: i64,
) -> Result<Summary, StoreError> {
    let mut summary = of_rolled(connection, "day", meter, start, end)?;
    let days = calendar.date(end - 1).day();
    summary.complete &= summary.parts == i64::from(days);
    let crossing = gaps_crossing(connection, meter, start, end, |gap_start, gap_end| {
        calendar.date(gap_start) == calendar.date(gap_end - 1)
    })?;
    summary.energies = summary.energies.plus(&crossing);
    Ok(summary)
}

/// Sums up the rows of `day` or `month` in a span, without gaps across them.
pub(crate) fn of_rolled(
    connection: &Connection,
    table: &str,
    meter: i64,
    start: i64,
    end: i64,
) -> Result<Summary, StoreError> {
    let sql = format!(
        "SELECT {SUM_OF_ENERGIES}, coalesce(min(complete), 0), count(*), {SUM_OF_SPREAD} \
         FROM {table} WHERE meter = ? AND start >= ? AND start < ?"
    );
    let mut summary = connection.prepare_cached(&sql)?.query_row([meter, start, end], |row| {
        Ok(Summary {
            energies: energies(row, 0)?,
            complete: row.get(4)?,
            peak: None,
            spread: Spread::of(row, 6)?,
            parts: row.get(5)?,
        })
    })?;
    let sql = format!(
        "SELECT peak_import_w, peak_time FROM {table} WHERE meter = ? AND start >= ? AND start < ? \
         AND peak_import_w IS NOT NULL ORDER BY 1 DESC, 2 LIMIT 1"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([meter, start, end])?;
    if let Some(row) = rows.next()? {
        summary.peak = Some((row.get(0)?, row.get(1)?));
    }
    Ok(summary)
}

/// The gaps that lie in a span whole, but in none of its parts.
pub(crate) fn gaps_crossing(
    connection: &Connection,
    meter: i64,
    start: i64,
    end: i64,
    in_one_part: impl Fn(i64, i64) -> bool,
) -> Result<Energies, StoreError> {
    let sql = format!(
        "SELECT {ENERGIES}, start, \"end\" FROM gap WHERE meter = ? AND start >= ? AND start < ? AND \"end\" <= ?"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([meter, start, end, end])?;
    let mut sum = Energies::UNKNOWN;
    while let Some(row) = rows.next()? {
        if !in_one_part(row.get(4)?, row.get(5)?) {
            sum = sum.plus(&energies(row, 0)?);
        }
    }
    Ok(sum)
}

/// Writes the day around a moment anew.
pub(crate) fn roll_day(connection: &Connection, calendar: &Calendar, meter: i64, start: i64) -> Result<(), StoreError> {
    let (start, end) = calendar.day(start);
    let summary = of_quarters(connection, meter, start, end)?;
    let date = calendar.date(start).to_string();
    write(connection, "day", meter, (start, end), &date, &summary)
}

/// Writes the month around a moment anew. Its days are up to date already.
pub(crate) fn roll_month(
    connection: &Connection,
    calendar: &Calendar,
    meter: i64,
    start: i64,
) -> Result<(), StoreError> {
    let (start, end) = calendar.month(start);
    let summary = of_days(connection, calendar, meter, start, end)?;
    let date = calendar.date(start).strftime("%Y-%m").to_string();
    write(connection, "month", meter, (start, end), &date, &summary)
}

fn write(
    connection: &Connection,
    table: &str,
    meter: i64,
    (start, end): (i64, i64),
    date: &str,
    summary: &Summary,
) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT OR REPLACE INTO {table} \
         (meter, start, \"end\", date, {ENERGIES}, complete, peak_import_w, peak_time, {SPREAD}) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    );
    let energies = energy_params(&summary.energies);
    let (peak, peak_time) = summary.peak.unzip();
    let mut params: Vec<&dyn ToSql> = vec![&meter, &start, &end, &date];
    params.extend(energies.iter().map(|energy| energy as &dyn ToSql));
    params.extend([&summary.complete as &dyn ToSql, &peak, &peak_time]);
    params.extend(summary.spread.params());
    connection.prepare_cached(&sql)?.execute(params_from_iter(params))?;
    Ok(())
}
