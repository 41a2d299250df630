//! Devices: the meters behind the meter, their captures, and their books made from them.
//!
//! Books are not stored. The ledger closes a day by the last captures before its borders, so only those are fed to it: a few
//! rows a day, from the last border before the span that was measured.

use rusqlite::params;
use smarty_ledger::{Capture, Device, DeviceEntry, DeviceSum};
use smarty_p1::{MbusChannel, MbusUnit};

use super::{Meter, Reader};
use crate::error::StoreError;

/// The ledger looks at the intervals between so many captures.
const ENOUGH: usize = 4;

/// A meter behind the meter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// What names it.
    pub identifier: String,
    /// What it measures, and in what.
    pub measure: MbusChannel,
    /// What it says that it is.
    pub device_type: Option<i64>,
    /// Where it hangs, or hung last: 1 to 4.
    pub channel: u8,
    /// Its valve, as last said.
    pub valve: Option<i64>,
    /// Its first capture, UTC seconds.
    pub first_time: i64,
    /// Its newest.
    pub last_time: i64,
    /// Its register there, thousandths of the unit.
    pub value: i64,
}

/// A device with its books as they stand.
#[derive(Clone, Debug)]
pub struct DeviceState {
    /// The device.
    pub info: DeviceInfo,
    /// To go on with in memory.
    pub books: Device,
    /// What was used in the day.
    pub day: DeviceSum,
    /// What was used in the month.
    pub month: DeviceSum,
}

impl Reader {
    /// The devices of a meter that ever had a register, by channel.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] meter, and those of the database.
    pub fn devices(&self, meter: &str) -> Result<Vec<DeviceInfo>, StoreError> {
        let _moment = self.moment()?;
        let meter = self.meter(meter)?;
        Ok(self.devices_of(&meter)?.into_iter().map(|(_, info)| info).collect())
    }

    fn devices_of(&self, meter: &Meter) -> Result<Vec<(i64, DeviceInfo)>, StoreError> {
        let sql = "SELECT id, identifier, unit, device_type, channel, valve, first.time, last.time, last.value FROM device d \
                   JOIN device_reading first ON first.device = d.id \
                   AND first.time = (SELECT min(time) FROM device_reading WHERE device = d.id) \
                   JOIN device_reading last ON last.device = d.id \
                   AND last.time = (SELECT max(time) FROM device_reading WHERE device = d.id) \
                   WHERE meter = ? ORDER BY channel, last.time DESC, id";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([meter.id])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let (unit, device_type): (String, Option<i64>) = (row.get(2)?, row.get(3)?);
            let unit = MbusUnit::ALL.into_iter().find(|known| known.suffix() == unit);
            let Some(measure) = MbusChannel::of(device_type, unit) else { continue };
            let info = DeviceInfo {
                identifier: row.get(1)?,
                measure,
                device_type,
                channel: row.get(4)?,
                valve: row.get(5)?,
                first_time: row.get(6)?,
                last_time: row.get(7)?,
                value: row.get(8)?,
            };
            found.push((row.get(0)?, info));
        }
        Ok(found)
    }

    pub(super) fn device(&self, meter: &Meter, identifier: &str) -> Result<(i64, DeviceInfo), StoreError> {
        let found = self.devices_of(meter)?.into_iter().find(|(_, info)| info.identifier == identifier);
        found.ok_or_else(|| StoreError::Unknown(format!("device `{identifier}`")))
    }

    /// The captures of a device in a span: times and registers.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] meter or device, [`StoreError::TooLong`] for more than `most`, and those of the database.
    pub fn device_series(
        &self,
        meter: &str,
        identifier: &str,
        (from, to): (i64, i64),
        most: i64,
    ) -> Result<Vec<(i64, i64)>, StoreError> {
        let _moment = self.moment()?;
        let (id, _) = self.device(&self.meter(meter)?, identifier)?;
        let sql = "SELECT count(*) FROM device_reading WHERE device = ? AND time >= ? AND time < ?";
        let steps: i64 = self.connection.prepare_cached(sql)?.query_row([id, from, to], |row| row.get(0))?;
        if steps > most {
            return Err(StoreError::TooLong { steps, most });
        }
        let sql = "SELECT time, value FROM device_reading WHERE device = ? AND time >= ? AND time < ? ORDER BY time";
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement.query_map([id, from, to], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// Each device of a meter with its books, and what it used in the day and the month around `time`, UTC seconds.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] meter, and those of the database.
    pub fn device_states(&self, meter: &str, time: i64) -> Result<Vec<DeviceState>, StoreError> {
        let _moment = self.moment()?;
        let meter = self.meter(meter)?;
        let (day_start, month_start) = (meter.calendar.day(time).0, meter.calendar.month(time).0);
        let mut states = Vec::new();
        for (id, info) in self.devices_of(&meter)? {
            let (mut day, mut month) = (DeviceSum::default(), DeviceSum::default());
            day.turn(day_start);
            month.turn(month_start);
            let books = self.fold(&meter, id, month_start, |entry| {
                day.enter(&entry);
                month.enter(&entry);
            })?;
            states.push(DeviceState { info, books, day, month });
        }
        Ok(states)
    }

    /// The books of a device, and every entry since the last measured border that is not after `from`.
    pub(super) fn fold(
        &self,
        meter: &Meter,
        device: i64,
        from: i64,
        mut emit: impl FnMut(DeviceEntry),
    ) -> Result<Device, StoreError> {
        let calendar = &meter.calendar;
        let day = |time| calendar.day(time);
        let (begin, first) = self.measured_before(device, from, &day)?;
        let mut books = Device::new();
        let mut fed = i64::MIN;
        let mut feed = |books: &mut Device, captures: &[Capture], fed: &mut i64| {
            for capture in captures {
                books.feed(capture, day, |entry| {
                    if entry.start() >= begin {
                        emit(entry);
                    }
                });
                *fed = capture.time;
            }
        };
        feed(&mut books, &first, &mut fed);
        let sql = "SELECT time FROM device_reading WHERE device = ? AND restart = 1 AND time > ? ORDER BY time";
        let mut statement = self.connection.prepare_cached(sql)?;
        let restarts: Vec<i64> = statement.query_map([device, fed], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let mut restarts = restarts.into_iter().peekable();
        let next = "SELECT min(time) FROM device_reading WHERE device = ? AND time > ?";
        while let Some(time) =
            self.connection.prepare_cached(next)?.query_row([device, fed], |row| row.get::<_, Option<i64>>(0))?
        {
            // Up to the border at or after it; a register that begins anew before that ends a run with the capture before.
            let (start, end) = day(time);
            let mut until = if start == time { start } else { end };
            if let Some(restart) = restarts.next_if(|&restart| restart == time) {
                until = restart;
            } else if let Some(&restart) = restarts.peek() {
                until = until.min(restart - 1);
            }
            feed(&mut books, &self.last_captures(device, fed, until)?, &mut fed);
        }
        Ok(books)
    }

    /// The last measured border that is not after `from`, and the captures before it; where there is no such border, the
    /// beginning and the first capture.
    fn measured_before(
        &self,
        device: i64,
        from: i64,
        day: &impl Fn(i64) -> (i64, i64),
    ) -> Result<(i64, Vec<Capture>), StoreError> {
        let sql = "SELECT max(time) FROM device_reading WHERE device = ?";
        let newest: Option<i64> = self.connection.prepare_cached(sql)?.query_row([device], |row| row.get(0))?;
        // A border behind the newest capture is not closed yet.
        let mut border = day(newest.map_or(from, |newest| newest.min(from))).0;
        loop {
            let captures = self.last_captures(device, i64::MIN, border)?;
            let Some(last) = captures.last().copied().filter(|_| captures.len() == ENOUGH) else {
                return Ok((i64::MIN, self.first_capture(device)?));
            };
            let mut books = Device::new();
            for capture in &captures {
                books.feed(capture, day, |_| {});
            }
            if books.reaches(border) {
                return Ok((border, captures));
            }
            border = day(last.time).0;
        }
    }

    fn first_capture(&self, device: i64) -> Result<Vec<Capture>, StoreError> {
        let sql = "SELECT time, value FROM device_reading WHERE device = ? ORDER BY time LIMIT 1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let first = statement
            .query_map([device], |row| Ok(Capture { time: row.get(0)?, value: row.get(1)?, restart: false }))?;
        Ok(first.collect::<Result<_, _>>()?)
    }

    /// The last few captures after a moment and not after another.
    fn last_captures(&self, device: i64, after: i64, until: i64) -> Result<Vec<Capture>, StoreError> {
        let sql = "SELECT time, value, restart FROM device_reading WHERE device = ? AND time > ? AND time <= ? \
                   ORDER BY time DESC LIMIT ?";
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement.query_map(params![device, after, until, ENOUGH as i64], |row| {
            Ok(Capture { time: row.get(0)?, value: row.get(1)?, restart: row.get(2)? })
        })?;
        let mut captures: Vec<Capture> = found.collect::<Result<_, _>>()?;
        captures.reverse();
        Ok(captures)
    }

    /// The time of the newest telegram of a meter, for those who ask what today is.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] meter, and those of the database.
    pub fn last_time(&self, meter: &str) -> Result<Option<i64>, StoreError> {
        let meter = self.meter(meter)?;
        let sql = "SELECT id FROM segment WHERE meter = ?";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([meter.id])?;
        let mut newest = None;
        while let Some(row) = rows.next()? {
            newest = newest.max(crate::segment::newest(&self.connection, row.get(0)?)?);
        }
        Ok(newest)
    }
}
