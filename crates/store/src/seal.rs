//! Seal: rows of a closed hour become a block, blocks of a day become one.

use rusqlite::{Connection, OptionalExtension, params};
use smarty_p1::Quantity;

use crate::codec::{Assembly, Block, Decoder, Effort, Encoder, Rows};
use crate::error::StoreError;
use crate::live::LiveSql;

/// Span of a block of the newest month.
pub(crate) const HOUR: i64 = 3600;
/// Span of an older one.
pub(crate) const DAY: i64 = 86_400;

/// A block's place in the file. Its count changes when rows are merged into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sealed {
    pub(crate) id: i64,
    pub(crate) segment: i64,
    pub(crate) start: i64,
    pub(crate) span: i64,
    pub(crate) count: i64,
}

impl Sealed {
    /// The block of a segment that begins at `start`.
    pub(crate) fn find(
        connection: &Connection,
        segment: i64,
        span: i64,
        start: i64,
    ) -> Result<Option<Self>, StoreError> {
        let sql = "SELECT id, count FROM block WHERE segment = ? AND span = ? AND start = ?";
        let found = connection.prepare_cached(sql)?.query_row([segment, span, start], |row| {
            Ok(Self { id: row.get(0)?, segment, start, span, count: row.get(1)? })
        });
        Ok(found.optional()?)
    }

    /// Its bytes.
    pub(crate) fn data(&self, connection: &Connection) -> Result<Vec<u8>, StoreError> {
        let sql = "SELECT data FROM block WHERE id = ?";
        Ok(connection.prepare_cached(sql)?.query_row([self.id], |row| row.get(0))?)
    }

    /// Its rows.
    pub(crate) fn rows(&self, connection: &Connection, decoder: &mut Decoder) -> Result<Rows, StoreError> {
        let data = self.data(connection)?;
        Block::open(&data).and_then(|block| decoder.rows(&block)).ok_or_else(|| self.damaged())
    }

    /// The error of a block that does not decode.
    pub(crate) fn damaged(&self) -> StoreError {
        StoreError::Corrupt(format!("block {} of segment {}, from {}", self.id, self.segment, self.start))
    }
}

/// Writes rows, which are sorted and not empty, as the block of their span. Replaces the one that is there.
pub(crate) fn write(
    connection: &Connection,
    encoder: &mut Encoder,
    effort: Effort,
    segment: i64,
    (start, span): (i64, i64),
    rows: &Rows,
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    write_data(connection, segment, (start, span), rows, &encoder.encode(rows, effort))
}

fn write_data(
    connection: &Connection,
    segment: i64,
    (start, span): (i64, i64),
    rows: &Rows,
    data: &[u8],
) -> Result<(), StoreError> {
    let (Some(first), Some(last)) = (rows.time.first(), rows.time.last()) else { return Ok(()) };
    connection
        .prepare_cached(
            "INSERT INTO block (segment, start, span, count, first_time, last_time, data) \
             VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (segment, span, start) DO UPDATE SET \
             count = excluded.count, first_time = excluded.first_time, last_time = excluded.last_time, \
             data = excluded.data",
        )?
        .execute(params![segment, start, span, rows.len() as i64, first, last, data])?;
    let mut seen = connection
        .prepare_cached("UPDATE seen SET last_time = max(last_time, ?) WHERE segment = ? AND quantity = ?")?;
    for column in &rows.columns {
        if let Some(quantity) = Quantity::from_code(column.code) {
            let last = match &column.present {
                None => *last,
                Some(present) => rows.time[present.iter().rposition(|&there| there).unwrap_or(0)],
            };
            seen.execute(params![last, segment, quantity.name()])?;
        }
    }
    Ok(())
}

/// Moves the live rows of an hour into the block that holds that hour, or into a new one. The caller has a
/// transaction: either all of it is done or nothing.
pub(crate) fn seal_hour(
    connection: &Connection,
    sql: &LiveSql,
    encoder: &mut Encoder,
    decoder: &mut Decoder,
    segment: i64,
    hour: i64,
) -> Result<(), StoreError> {
    let late = sql.rows(connection, segment, hour, hour + HOUR)?;
    let day = hour.div_euclid(DAY) * DAY;
    let mut place = (hour, HOUR);
    let mut rows = Rows::default();
    let by_day = Sealed::find(connection, segment, DAY, day)?;
    if let Some(sealed) = by_day.map_or_else(|| Sealed::find(connection, segment, HOUR, hour), |day| Ok(Some(day)))? {
        place = (sealed.start, sealed.span);
        rows = sealed.rows(connection, decoder)?;
    }
    if rows.is_empty() {
        rows = late;
    } else {
        rows.append(&late);
    }
    rows.sort();
    write(connection, encoder, Effort::Thorough, segment, place, &rows)?;
    connection.prepare_cached("DELETE FROM live WHERE segment = ? AND time >= ? AND time < ?")?.execute([
        segment,
        hour,
        hour + HOUR,
    ])?;
    Ok(())
}

/// The packing of a day that is under way: too long to be done between two telegrams at once.
pub(crate) struct Packing {
    segment: i64,
    day: i64,
    /// The blocks that it is made of; if one of them changes meanwhile it is begun anew.
    sources: Vec<Sealed>,
    rows: Rows,
    assembly: Assembly,
}

impl Packing {
    /// Reads the hours of a day, and what is packed of it already.
    pub(crate) fn begin(
        connection: &Connection,
        decoder: &mut Decoder,
        segment: i64,
        day: i64,
    ) -> Result<Self, StoreError> {
        let sources = sources(connection, segment, day)?;
        let mut rows = Rows::default();
        for sealed in &sources {
            rows.append(&sealed.rows(connection, decoder)?);
        }
        rows.sort();
        Ok(Self { segment, day, sources, rows, assembly: Assembly::default() })
    }

    /// Encodes one more column. `false`: all are.
    pub(crate) fn advance(&mut self, encoder: &mut Encoder) -> bool {
        encoder.advance(&mut self.assembly, &self.rows, Effort::Thorough)
    }

    /// Puts the day in the place of its hours. The caller has a transaction.
    pub(crate) fn finish(&self, connection: &Connection) -> Result<(), StoreError> {
        if sources(connection, self.segment, self.day)? != self.sources {
            return Ok(());
        }
        for sealed in &self.sources {
            connection.prepare_cached("DELETE FROM block WHERE id = ?")?.execute([sealed.id])?;
        }
        let data = self.assembly.finish(&self.rows);
        write_data(connection, self.segment, (self.day, DAY), &self.rows, &data)
    }
}

fn sources(connection: &Connection, segment: i64, day: i64) -> Result<Vec<Sealed>, StoreError> {
    let mut sources = Vec::new();
    sources.extend(Sealed::find(connection, segment, DAY, day)?);
    for hour in (day..day + DAY).step_by(HOUR as usize) {
        sources.extend(Sealed::find(connection, segment, HOUR, hour)?);
    }
    Ok(sources)
}
