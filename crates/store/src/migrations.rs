//! Migrations: the schema, step by step. They only go forward; a released one is never changed.

use rusqlite::{Connection, TransactionBehavior};

use crate::error::StoreError;

/// `SmRd`, so that anyone can tell whose file it is.
pub(crate) const APPLICATION_ID: i64 = 0x536d_5264;

/// Each brings a file from the version of its index to the next.
const STEPS: &[&str] = &[include_str!("schema/v1.sql"), include_str!("schema/v2.sql"), include_str!("schema/v3.sql")];

/// The version that this program writes.
pub(crate) const CURRENT: i64 = STEPS.len() as i64;

/// Brings the file up to date, each step in a transaction of its own.
pub(crate) fn run(connection: &mut Connection) -> Result<(), StoreError> {
    run_steps(connection, STEPS)
}

fn run_steps(connection: &mut Connection, steps: &[&str]) -> Result<(), StoreError> {
    let known = steps.len() as i64;
    loop {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found = version(&transaction)?;
        if found > known {
            return Err(StoreError::Newer { found, known });
        }
        let Some(step) = usize::try_from(found).ok().and_then(|found| steps.get(found)) else {
            return Ok(());
        };
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", found + 1)?;
        transaction.commit()?;
    }
}

/// The file's version.
pub(crate) fn version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Is the file one of ours, of a version that this program can read? An empty one counts as ours.
pub(crate) fn ours(connection: &Connection) -> Result<bool, StoreError> {
    let id: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(id == APPLICATION_ID || (id == 0 && tables == 0))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn steps_run_once_in_order_and_never_backwards() {
        let mut connection = Connection::open_in_memory().unwrap();
        let first = "CREATE TABLE a (x);";
        let steps = [first, "ALTER TABLE a ADD COLUMN y; INSERT INTO a VALUES (1, 2);"];
        run_steps(&mut connection, &[first]).unwrap();
        assert_eq!(version(&connection).unwrap(), 1);
        run_steps(&mut connection, &steps).unwrap();
        run_steps(&mut connection, &steps).unwrap();
        assert_eq!(version(&connection).unwrap(), 2);
        let rows: i64 = connection.query_row("SELECT count(*) FROM a", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 1);
        let error = run_steps(&mut connection, &[first]).unwrap_err();
        assert!(matches!(error, StoreError::Newer { found: 2, known: 1 }), "{error}");
    }

    #[test]
    fn a_step_that_fails_leaves_the_file_as_it_was() {
        let mut connection = Connection::open_in_memory().unwrap();
        run_steps(&mut connection, &["CREATE TABLE a (x);"]).unwrap();
        let steps = ["CREATE TABLE a (x);", "CREATE TABLE b (x); this is no SQL;"];
        assert!(run_steps(&mut connection, &steps).is_err());
        assert_eq!(version(&connection).unwrap(), 1);
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
        assert_eq!(tables, 1);
    }
}
