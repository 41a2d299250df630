//! Maintenance: sealing, packing, retention, in steps small enough to fit between two telegrams.

use std::time::{Duration, Instant};

use rusqlite::OptionalExtension;

use crate::error::StoreError;
use crate::live;
use crate::seal::{self, DAY, HOUR, Packing};
use crate::segment;
use crate::store::Store;

/// An hour is over so long after its end, by the meter's own telegrams. The newest hour stays in rows: it is what
/// is asked for most.
const MARGIN: i64 = 60;
/// How long packing may take before a telegram gets its turn.
const SLICE: Duration = Duration::from_millis(2);
/// Blocks that retention deletes at once.
const AT_ONCE: i64 = 64;
/// Pages that are given back at once, and that are kept for the next blocks.
const SPARE: i64 = 24;

impl Store {
    /// Does one piece of what is due: flush, seal an hour, pack a day, delete what is too old, give pages back.
    /// Call it between telegrams, again as long as it returns `true`. `now`: UTC seconds.
    ///
    /// # Errors
    /// [`StoreError::Full`] and others; each piece is done as a whole or not at all, and is tried again by the
    /// next call.
    pub fn maintain(&mut self, now: i64) -> Result<bool, StoreError> {
        if self.flush_if_due()? {
            return Ok(true);
        }
        let segments = self.segment_ids()?;
        for &segment in &segments {
            if let Some(hour) = self.closed_hour(segment)? {
                self.transact_in_reserve(|store| {
                    let (connection, live) = (&store.connection, &store.live);
                    seal::seal_hour(connection, live, &mut store.encoder, &mut store.decoder, segment, hour)
                })?;
                return Ok(true);
            }
        }
        if let Some(packing) = self.packing.take() {
            self.go_on_packing(packing)?;
            return Ok(true);
        }
        for &segment in &segments {
            if let Some(day) = self.old_day(segment, now)? {
                self.packing = Some(Packing::begin(&self.connection, &mut self.decoder, segment, day)?);
                return Ok(true);
            }
        }
        Ok(self.forget(now)? || self.give_back()?)
    }

    fn go_on_packing(&mut self, mut packing: Packing) -> Result<(), StoreError> {
        let since = Instant::now();
        while packing.advance(&mut self.encoder) {
            if since.elapsed() > SLICE {
                self.packing = Some(packing);
                return Ok(());
            }
        }
        self.transact_in_reserve(|store| packing.finish(&store.connection))
    }

    fn segment_ids(&self) -> Result<Vec<i64>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT id FROM segment")?;
        let ids = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(ids)
    }

    /// The oldest hour among the live rows, if it is over.
    fn closed_hour(&self, segment: i64) -> Result<Option<i64>, StoreError> {
        let Some((oldest, newest)) = live::extent(&self.connection, segment)? else { return Ok(None) };
        let hour = oldest.div_euclid(HOUR) * HOUR;
        let over = |newest: i64| newest >= hour + HOUR + MARGIN;
        // Late rows may be all that is live.
        let over = over(newest) || segment::newest(&self.connection, segment)?.is_some_and(over);
        Ok(over.then_some(hour))
    }

    /// The oldest day that has hour blocks, if it is old enough.
    fn old_day(&self, segment: i64, now: i64) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT min(start) FROM block WHERE segment = ? AND span = ?";
        let oldest: Option<i64> = self.connection.prepare_cached(sql)?.query_row([segment, HOUR], |row| row.get(0))?;
        let day = oldest.map(|start| start.div_euclid(DAY) * DAY);
        Ok(day.filter(|day| day + DAY + i64::from(self.options.pack_after_days) * DAY <= now))
    }

    /// Retention: raw telegrams that are too old go, accounts stay.
    fn forget(&mut self, now: i64) -> Result<bool, StoreError> {
        let Some(days) = self.options.keep_days else { return Ok(false) };
        let before = now - i64::from(days) * DAY;
        let sql = "SELECT 1 FROM block WHERE start + span <= ?1 UNION ALL SELECT 1 FROM live WHERE time < ?1 - 86400";
        let due = self.connection.prepare_cached(sql)?.query_row([before], |_| Ok(())).optional()?.is_some();
        if due {
            self.transact_in_reserve(|store| {
                let sql = "DELETE FROM block WHERE id IN (SELECT id FROM block WHERE start + span <= ? LIMIT ?)";
                store.connection.prepare_cached(sql)?.execute([before, AT_ONCE])?;
                let sql = "DELETE FROM live WHERE time < ? - 86400";
                store.connection.prepare_cached(sql)?.execute([before])?;
                Ok(())
            })?;
        }
        Ok(due)
    }

    /// Free pages go back to the file system when they are many; a few are kept for the next blocks.
    fn give_back(&mut self) -> Result<bool, StoreError> {
        let number = |name: &str| self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let (free, all) = (number("freelist_count")?, number("page_count")?);
        if free < 2 * SPARE || free * 50 < all {
            return Ok(false);
        }
        self.connection.execute_batch(&format!("PRAGMA incremental_vacuum({SPARE})"))?;
        Ok(number("freelist_count")? < free)
    }
}
