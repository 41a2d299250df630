//! Resume: where a daemon that starts again goes on.

use smarty_ledger::Account;

use crate::books;
use crate::error::StoreError;
use crate::marks::Mark;
use crate::store::Store;

/// The account of a meter as the last telegram left it.
#[derive(Clone, Debug)]
pub struct Resumed {
    /// Its state.
    pub account: Account,
    /// The numbers that the account knows the equipment by.
    pub segments: Vec<(String, i64)>,
}

impl Store {
    /// The account of a meter, to go on with in memory. `None` before its first telegram.
    ///
    /// # Errors
    /// Those of the database.
    pub fn resume(&self, meter: &str) -> Result<Option<Resumed>, StoreError> {
        let Some((id, _)) = books::find(&self.connection, meter)? else { return Ok(None) };
        let account = books::account(&self.connection, id, self.options.border_margin_s)?;
        if account.last_time().is_none() {
            return Ok(None);
        }
        let mut statement = self.connection.prepare_cached("SELECT equipment, id FROM segment WHERE meter = ?")?;
        let found = statement.query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Some(Resumed { account, segments: found.collect::<Result<_, _>>()? }))
    }

    /// Every mark against replays: key fingerprint, system title, mark.
    ///
    /// # Errors
    /// Those of the database.
    pub fn marks(&self) -> Result<Vec<(String, String, Mark)>, StoreError> {
        let sql = "SELECT fingerprint, system_title, counter, time FROM frame_counter";
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement.query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, Mark { counter: row.get::<_, i64>(2)? as u64, time: row.get(3)? }))
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}
