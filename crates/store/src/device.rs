//! Device: what the writer knows about a meter behind the meter, and where its captures go.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};
use smarty_p1::{MbusUnit, Values};

use crate::capture::DeviceCapture;
use crate::error::StoreError;
use crate::gate::{self, Doubt, Good};
use crate::quarantine;
use crate::reading::Quarantined;
use crate::segment::Segment;

/// The devices of one metering point, by identifier.
pub(crate) type Devices = HashMap<String, Device>;

/// A meter behind the meter.
pub(crate) struct Device {
    pub(crate) id: i64,
    unit: MbusUnit,
    state: State,
    state_time: i64,
    /// Its newest capture.
    last: Option<Good>,
    /// The capture that was put into quarantine last: each telegram repeats it.
    doubted: Option<Good>,
}

/// What may change in a device's life.
#[derive(Clone, Copy, PartialEq, Eq)]
struct State {
    device_type: Option<i64>,
    channel: i64,
    valve: Option<i64>,
}

/// What became of a capture.
pub(crate) enum Taken {
    /// It is in the series, or was, or does not belong there; the telegram's value stands.
    Well,
    /// It is not believed. `again`: it is in quarantine already.
    Doubted { device: i64, doubt: Doubt, again: bool },
}

/// Takes a capture in: those that are new at the end, late ones where they fit between their neighbours.
pub(crate) fn take(
    connection: &Connection,
    meter: i64,
    devices: &mut Devices,
    capture: &DeviceCapture,
    telegram: i64,
) -> Result<Taken, StoreError> {
    if !capture.is_plausible() {
        return Ok(Taken::Well);
    }
    let device = find(connection, meter, devices, capture, telegram)?;
    device.note(connection, capture, telegram)?;
    let now = capture.good();
    let last = device.last.map(|last| (last.time, last.value));
    if !capture.is_new(last) {
        if last.is_some_and(|(time, _)| now.time < time) {
            device.insert_late(connection, capture)?;
        }
        return Ok(Taken::Well);
    }
    if !capture.is_believable(last) {
        let again = device.doubted.replace(now) == Some(now);
        let doubt = gate::doubt(capture.register(), device.last, now, 0);
        return Ok(Taken::Doubted { device: device.id, doubt, again });
    }
    device.insert(connection, now, false)?;
    device.last = Some(now);
    device.doubted = None;
    Ok(Taken::Well)
}

/// Takes a register that is not believed out of a telegram's values and puts it into quarantine, once a capture.
pub(crate) fn put_aside(
    connection: &Connection,
    segment: &mut Segment,
    capture: &DeviceCapture,
    taken: Taken,
    values: &mut Values,
) -> Result<Option<Quarantined>, StoreError> {
    let Taken::Doubted { device, doubt, again } = taken else { return Ok(None) };
    let quantity = capture.register();
    values.remove(quantity);
    if again {
        return Ok(None);
    }
    let (of, whose) = (segment.id, (quantity, Some(device)));
    let (id, first) = quarantine::put(connection, of, &mut segment.suspects, whose, capture.good(), &doubt, 0)?;
    Ok(Some(Quarantined { id, quantity, first }))
}

/// Someone said that a register's value is true after all: it goes on from there.
pub(crate) fn restart(connection: &Connection, devices: &mut Devices, id: i64, now: Good) -> Result<(), StoreError> {
    let newest = newest(connection, id)?;
    if newest.is_some_and(|last| last.time >= now.time) {
        return Err(StoreError::Refused(gate::GONE_ON.to_owned()));
    }
    insert(connection, id, now, true)?;
    if let Some(device) = devices.values_mut().find(|device| device.id == id) {
        device.last = Some(now);
        device.doubted = None;
    }
    Ok(())
}

/// Finds or makes it.
fn find<'a>(
    connection: &Connection,
    meter: i64,
    devices: &'a mut Devices,
    capture: &DeviceCapture,
    telegram: i64,
) -> Result<&'a mut Device, StoreError> {
    let mut name = capture.identifier.clone();
    loop {
        if !devices.contains_key(&name) {
            let device = load(connection, meter, &name, capture, telegram)?;
            devices.insert(name.clone(), device);
        }
        let series = capture.series(|name| devices.get(name).map(|device| device.unit));
        if series == name {
            return devices.get_mut(&name).ok_or_else(|| StoreError::Unknown(format!("device `{name}`")));
        }
        name = series;
    }
}

fn load(
    connection: &Connection,
    meter: i64,
    identifier: &str,
    capture: &DeviceCapture,
    telegram: i64,
) -> Result<Device, StoreError> {
    let sql = "SELECT id, unit, device_type, channel, valve, state_time FROM device WHERE meter = ? AND identifier = ?";
    let found = connection.prepare_cached(sql)?.query_row(params![meter, identifier], |row| {
        let unit: String = row.get(1)?;
        Ok(Device {
            id: row.get(0)?,
            unit: MbusUnit::ALL.into_iter().find(|known| known.suffix() == unit).unwrap_or(capture.measure.unit),
            state: State { device_type: row.get(2)?, channel: row.get(3)?, valve: row.get(4)? },
            state_time: row.get(5)?,
            last: None,
            doubted: None,
        })
    });
    if let Some(mut device) = found.optional()? {
        device.last = newest(connection, device.id)?;
        return Ok(device);
    }
    let (unit, state) = (capture.measure.unit, State::of(capture));
    connection
        .prepare_cached(
            "INSERT INTO device (meter, identifier, unit, device_type, channel, valve, state_time) \
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![meter, identifier, unit.suffix(), state.device_type, state.channel, state.valve, telegram])?;
    let id = connection.last_insert_rowid();
    Ok(Device { id, unit, state, state_time: telegram, last: None, doubted: None })
}

fn newest(connection: &Connection, device: i64) -> Result<Option<Good>, StoreError> {
    neighbour(connection, device, "time <= ? ORDER BY time DESC", i64::MAX).map(|found| found.map(|(good, _)| good))
}

/// The nearest capture on one side of a moment, and whether the register began anew with it.
fn neighbour(connection: &Connection, device: i64, which: &str, time: i64) -> Result<Option<(Good, bool)>, StoreError> {
    let sql = format!("SELECT time, value, restart FROM device_reading WHERE device = ? AND {which} LIMIT 1");
    let found = connection
        .prepare_cached(&sql)?
        .query_row([device, time], |row| Ok((Good { time: row.get(0)?, value: row.get(1)? }, row.get(2)?)));
    Ok(found.optional()?)
}

fn insert(connection: &Connection, device: i64, now: Good, restart: bool) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO device_reading (device, time, value, restart) VALUES (?, ?, ?, ?)")?
        .execute(params![device, now.time, now.value, restart])?;
    Ok(())
}

impl State {
    const fn of(capture: &DeviceCapture) -> Self {
        Self { device_type: capture.device_type, channel: capture.channel as i64, valve: capture.valve }
    }
}

impl Device {
    fn insert(&self, connection: &Connection, now: Good, restart: bool) -> Result<(), StoreError> {
        insert(connection, self.id, now, restart)
    }

    /// Type, channel and valve are those of the newest telegram.
    fn note(&mut self, connection: &Connection, capture: &DeviceCapture, telegram: i64) -> Result<(), StoreError> {
        let state = State::of(capture);
        if state == self.state || telegram < self.state_time {
            return Ok(());
        }
        connection
            .prepare_cached("UPDATE device SET device_type = ?, channel = ?, valve = ?, state_time = ? WHERE id = ?")?
            .execute(params![state.device_type, state.channel, state.valve, telegram, self.id])?;
        (self.state, self.state_time) = (state, telegram);
        Ok(())
    }

    /// What comes late counts where it can lie between the captures before and after it.
    fn insert_late(&self, connection: &Connection, capture: &DeviceCapture) -> Result<(), StoreError> {
        let now = capture.good();
        let before = neighbour(connection, self.id, "time <= ? ORDER BY time DESC", now.time)?;
        let before = before.map(|(good, _)| (good.time, good.value));
        let after = neighbour(connection, self.id, "time > ? ORDER BY time", now.time)?;
        let fits = after.is_none_or(|(after, restart)| restart || gate::follows(capture.register(), now, after, 0));
        if capture.is_new(before) && capture.is_believable(before) && fits {
            self.insert(connection, now, false)?;
        }
        Ok(())
    }
}
