//! Import: whole hours of a batch become blocks without being rows before.

use rusqlite::Connection;

use crate::codec::{Effort, Encoder};
use crate::error::StoreError;
use crate::live::LiveRow;
use crate::reading::{Clock, Proof};
use crate::seal::{self, DAY, HOUR, Sealed};
use crate::segment::Segment;
use crate::store::{Store, push};

impl Segment {
    /// Takes a row into the hour that is being collected, if nothing of that hour is stored yet. An hour that is
    /// over by this row becomes a block. `false`: the row belongs among the live ones.
    pub(crate) fn collect(
        &mut self,
        connection: &Connection,
        encoder: &mut Encoder,
        row: &LiveRow<'_>,
    ) -> Result<bool, StoreError> {
        let hour = row.time.div_euclid(HOUR) * HOUR;
        if let Some((collecting, rows)) = &mut self.hour {
            if *collecting == hour {
                push(rows, row);
                return Ok(true);
            }
            if *collecting > hour {
                return Ok(false);
            }
            rows.sort();
            seal::write(connection, encoder, Effort::Quick, self.id, (*collecting, HOUR), rows)?;
            self.hour = None;
        }
        if self.newest.is_some_and(|newest| newest >= hour) && !self.is_free(connection, hour)? {
            return Ok(false);
        }
        self.hour = Some((hour, crate::codec::Rows::default()));
        if let Some((_, rows)) = &mut self.hour {
            push(rows, row);
        }
        Ok(true)
    }

    /// Nothing is stored of this hour: history has whole hours that are older than the newest telegram.
    fn is_free(&self, connection: &Connection, hour: i64) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM live WHERE segment = ? AND time >= ? AND time < ?";
        let live = connection.prepare_cached(sql)?.exists([self.id, hour, hour + HOUR])?;
        let day = hour.div_euclid(DAY) * DAY;
        Ok(!live
            && Sealed::find(connection, self.id, HOUR, hour)?.is_none()
            && Sealed::find(connection, self.id, DAY, day)?.is_none())
    }
}

impl Store {
    /// Hours that the batch has not finished become live rows.
    pub(crate) fn finish_hours(&mut self) -> Result<(), StoreError> {
        for segment in self.meters.values_mut().flat_map(|books| books.segments.values_mut()) {
            let Some((_, mut rows)) = segment.hour.take() else { continue };
            rows.sort();
            for (index, values) in rows.table().iter().enumerate() {
                let row = LiveRow {
                    time: rows.time[index],
                    ident: rows.ident[index],
                    received: rows.received[index],
                    clock: Clock::from_code(rows.flags[index]),
                    proof: Proof::from_code(rows.flags[index] >> 1),
                    values,
                };
                self.live.insert(&self.connection, segment.id, &row)?;
            }
        }
        Ok(())
    }
}
