//! Live: the newest telegrams as typed rows.

use rusqlite::{Connection, OptionalExtension, Row, Statement};
use smarty_p1::{Quantity, Values};

use crate::codec::{Rows, flags};
use crate::error::StoreError;
use crate::reading::{Clock, Proof};

/// Columns in front of the quantities.
const HEAD: usize = 6;
const HEAD_NAMES: &str = "segment, time, ident, received, clock, proof";

/// Adds the columns of quantities that this version knows and the file does not.
pub(crate) fn add_columns(connection: &Connection) -> Result<(), StoreError> {
    let mut known = Vec::new();
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info('live')")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        known.push(row.get::<_, String>(0)?);
    }
    let missing = Quantity::ALL.iter().filter(|quantity| !known.iter().any(|name| name == quantity.name()));
    let mut sql = String::new();
    for quantity in missing {
        sql.push_str("ALTER TABLE live ADD COLUMN ");
        sql.push_str(quantity.name());
        sql.push_str(" INTEGER;\n");
    }
    if !sql.is_empty() {
        // One transaction, one sync.
        connection.execute_batch(&format!("BEGIN IMMEDIATE;\n{sql}COMMIT;"))?;
    }
    Ok(())
}

fn column_list() -> String {
    let mut list = HEAD_NAMES.to_owned();
    for quantity in Quantity::ALL {
        list.push_str(", ");
        list.push_str(quantity.name());
    }
    list
}

/// The statements' texts, which are long, made once.
#[derive(Clone, Debug)]
pub(crate) struct LiveSql {
    insert: String,
    span: String,
    last: String,
}

impl LiveSql {
    pub(crate) fn new() -> Self {
        let columns = column_list();
        let marks = vec!["?"; HEAD + Quantity::COUNT].join(", ");
        Self {
            insert: format!("INSERT INTO live ({columns}) VALUES ({marks})"),
            span: format!(
                "SELECT {columns} FROM live WHERE segment = ? AND time >= ? AND time < ? ORDER BY time, ident"
            ),
            last: format!("SELECT {columns} FROM live WHERE segment = ? ORDER BY time DESC, ident DESC LIMIT 1"),
        }
    }

    /// Writes a row that is known to be new.
    pub(crate) fn insert(&self, connection: &Connection, segment: i64, row: &LiveRow<'_>) -> Result<(), StoreError> {
        let mut statement = connection.prepare_cached(&self.insert)?;
        let statement: &mut Statement<'_> = &mut statement;
        let head = [
            segment,
            row.time,
            row.ident as i64,
            row.received,
            i64::from(row.clock.code()),
            i64::from(row.proof.code()),
        ];
        for (index, number) in head.into_iter().enumerate() {
            statement.raw_bind_parameter(index + 1, number)?;
        }
        for quantity in Quantity::ALL {
            statement.raw_bind_parameter(HEAD + quantity.index() + 1, row.values.get(*quantity))?;
        }
        statement.raw_execute()?;
        Ok(())
    }

    /// The rows of a segment in a span.
    pub(crate) fn rows(&self, connection: &Connection, segment: i64, from: i64, to: i64) -> Result<Rows, StoreError> {
        let mut statement = connection.prepare_cached(&self.span)?;
        let mut found = statement.query([segment, from, to])?;
        let mut rows = Rows::default();
        while let Some(row) = found.next()? {
            let (time, ident, received, clock, proof) = head(row)?;
            rows.push(time, ident, received, flags(clock, proof), &values(row)?);
        }
        Ok(rows)
    }

    /// The newest row of a segment.
    pub(crate) fn last(&self, connection: &Connection, segment: i64) -> Result<Option<OwnedRow>, StoreError> {
        let found = connection.prepare_cached(&self.last)?.query_row([segment], |row| {
            let (time, ident, received, clock, proof) = head(row)?;
            Ok(OwnedRow { time, ident, received, clock, proof, values: values(row)? })
        });
        Ok(found.optional()?)
    }
}

/// What a row is written from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LiveRow<'a> {
    pub(crate) time: i64,
    pub(crate) ident: u64,
    pub(crate) received: i64,
    pub(crate) clock: Clock,
    pub(crate) proof: Proof,
    pub(crate) values: &'a Values,
}

/// What a row was.
#[derive(Clone, Debug)]
pub(crate) struct OwnedRow {
    pub(crate) time: i64,
    pub(crate) ident: u64,
    pub(crate) received: i64,
    pub(crate) clock: Clock,
    pub(crate) proof: Proof,
    pub(crate) values: Values,
}

fn head(row: &Row<'_>) -> rusqlite::Result<(i64, u64, i64, Clock, Proof)> {
    let clock = Clock::from_code(row.get::<_, i64>(4)? as u8);
    let proof = Proof::from_code(row.get::<_, i64>(5)? as u8);
    Ok((row.get(1)?, row.get::<_, i64>(2)? as u64, row.get(3)?, clock, proof))
}

fn values(row: &Row<'_>) -> rusqlite::Result<Values> {
    let mut values = Values::EMPTY;
    for quantity in Quantity::ALL {
        if let Some(number) = row.get::<_, Option<i64>>(HEAD + quantity.index())? {
            values.set(*quantity, number);
        }
    }
    Ok(values)
}

/// Is a row with this key there?
pub(crate) fn holds(connection: &Connection, segment: i64, time: i64, ident: u64) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM live WHERE segment = ? AND time = ? AND ident = ?";
    Ok(connection.prepare_cached(sql)?.exists([segment, time, ident as i64])?)
}

/// Oldest and newest time of a segment's rows.
pub(crate) fn extent(connection: &Connection, segment: i64) -> Result<Option<(i64, i64)>, StoreError> {
    let one = |order: &str| -> Result<Option<i64>, StoreError> {
        let sql = format!("SELECT time FROM live WHERE segment = ? ORDER BY time {order} LIMIT 1");
        Ok(connection.prepare_cached(&sql)?.query_row([segment], |row| row.get(0)).optional()?)
    };
    Ok(one("ASC")?.zip(one("DESC")?))
}
