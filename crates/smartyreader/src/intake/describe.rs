//! Describe: who a telegram is from, and what in it is no number.

use jiff::tz::TimeZone;
use smarty_p1::{MBUS, Quantity, Reading, Telegram, Timestamp, hex_text};

use crate::clock::{self, Moment};
use crate::hex;

/// What names the meter: its device name, its identifier, its system title, its first line.
pub(super) fn equipment(reading: &Reading<'_>, title: Option<[u8; 8]>, telegram: &Telegram<'_>) -> String {
    let mut buffer = [0; 64];
    if let Some(identity) = reading.identity() {
        return hex_text(identity, &mut buffer)
            .map_or_else(|| String::from_utf8_lossy(identity).into_owned(), |text| text.trim().to_string());
    }
    match title {
        Some(title) => hex::upper(&title),
        None => String::from_utf8_lossy(telegram.identification()).into_owned(),
    }
}

/// The times that stand inside other objects, as UTC like every other time.
pub(super) fn add_times(values: &mut smarty_p1::Values, reading: &Reading<'_>, zone: &TimeZone, now: i64) {
    let mut add = |quantity, stamp: Option<Timestamp>| {
        if let Moment::Meter(time) = clock::resolve(stamp, zone, None, now) {
            values.set(quantity, time);
        }
    };
    for (device, channel) in reading.mbus.iter().zip(MBUS) {
        add(channel.time, device.capture_time);
    }
    add(Quantity::DemandImportMonthPeakTime, reading.month_peak_time);
}

/// Everything that is no number: ids, messages, logs, and objects without a name. The store keeps changes only.
pub(super) fn texts(telegram: &Telegram<'_>, reading: &Reading<'_>) -> Vec<(String, String)> {
    let mut texts =
        vec![("identification".to_string(), String::from_utf8_lossy(telegram.identification()).into_owned())];
    for object in telegram.objects().flatten() {
        let numeric = Quantity::of(object.obis).is_some();
        let clock = object.obis == smarty_p1::Obis::new(0, 0, 1, 0, 0);
        // A capture time changes with every value and is kept with it.
        let mbus = object.obis.a() == 0 && object.obis.c() == 24;
        if numeric || clock || mbus {
            continue;
        }
        let groups: Vec<_> = object.groups().map(String::from_utf8_lossy).collect();
        let text = if let [only] = &groups[..] { only.to_string() } else { format!("({})", groups.join(")(")) };
        texts.push((object.obis.to_string(), text));
    }
    for (index, device) in reading.mbus.iter().enumerate() {
        if let Some(unit) = device.unit {
            texts.push((format!("mbus{}_unit", index + 1), String::from_utf8_lossy(unit).into_owned()));
        }
    }
    texts
}
