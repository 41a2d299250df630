//! Devices: the meters behind a meter as they stand now, live, by the ledger's rules and the store's.

use std::collections::HashMap;
use std::sync::Arc;

use smarty_p1::{MbusChannel, MbusUnit};
use smarty_store::{Calendar, Device, DeviceCapture, DeviceState, DeviceSum, MeterReading, captures};

/// A meter behind the meter, as a telegram shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceNow {
    /// What names it.
    pub id: Arc<str>,
    /// Where it hangs, 1 to 4.
    pub channel: u8,
    /// What it says that it is.
    pub device_type: Option<i64>,
    /// What that measures, and in what.
    pub measure: MbusChannel,
    /// When its register was read, by its own clock.
    pub time: i64,
    /// The register, thousandths of the unit.
    pub value: i64,
    /// Its valve.
    pub valve: Option<i64>,
    /// Used since midnight. Not known where its register at midnight is not.
    pub day: Option<i64>,
    /// Used since the first of the month.
    pub month: Option<i64>,
}

impl From<DeviceState> for DeviceNow {
    fn from(state: DeviceState) -> Self {
        let DeviceState { info, books, day, month } = state;
        Self {
            id: info.identifier.into(),
            channel: info.channel,
            device_type: info.device_type,
            measure: info.measure,
            time: info.last_time,
            value: info.value,
            valve: info.valve,
            day: day.now(&books),
            month: month.now(&books),
        }
    }
}

/// The devices of one meter.
#[derive(Default)]
pub struct Devices(HashMap<Arc<str>, Kept>);

struct Kept {
    unit: MbusUnit,
    books: Device,
    day: DeviceSum,
    month: DeviceSum,
}

impl Devices {
    /// As they are stored.
    pub fn new(states: Vec<DeviceState>) -> Self {
        let kept = |state: DeviceState| {
            let DeviceState { info, books, day, month } = state;
            (info.identifier.into(), Kept { unit: info.measure.unit, books, day, month })
        };
        Self(states.into_iter().map(kept).collect())
    }

    /// Takes what a telegram says of its devices, and answers what is known of each that it has, by channel.
    pub fn take(
        &mut self,
        reading: &MeterReading,
        calendar: &Calendar,
        day_start: i64,
        month_start: i64,
    ) -> Vec<DeviceNow> {
        let mut now = Vec::new();
        for capture in captures(reading) {
            let id: Arc<str> = capture.series(|name| self.0.get(name).map(|kept| kept.unit)).into();
            if !self.0.contains_key(&id) && !capture.is_new(None) {
                continue;
            }
            let kept = self.0.entry(Arc::clone(&id)).or_insert_with(|| Kept::new(capture.measure.unit));
            kept.day.turn(day_start);
            kept.month.turn(month_start);
            kept.feed(&capture, calendar);
            // A register that is not believed is not shown either; the last good one is.
            let Some(last) = kept.books.last() else { continue };
            now.push(DeviceNow {
                id,
                channel: capture.channel,
                device_type: capture.device_type,
                measure: capture.measure,
                time: last.time,
                value: last.value,
                valve: capture.valve,
                day: kept.day.now(&kept.books),
                month: kept.month.now(&kept.books),
            });
        }
        now
    }
}

impl Kept {
    fn new(unit: MbusUnit) -> Self {
        Self { unit, books: Device::new(), day: DeviceSum::default(), month: DeviceSum::default() }
    }

    fn feed(&mut self, capture: &DeviceCapture, calendar: &Calendar) {
        let last = self.books.last().map(|last| (last.time, last.value));
        if !capture.is_new(last) || !capture.is_believable(last) {
            return;
        }
        let (day, month) = (&mut self.day, &mut self.month);
        self.books.feed(
            &capture.into(),
            |time| calendar.day(time),
            |entry| {
                day.enter(&entry);
                month.enter(&entry);
            },
        );
    }
}
