//! Capture: what a telegram says of a meter behind the meter.

use std::fmt::Write as _;

use smarty_ledger::Capture;
use smarty_p1::{MBUS, MbusChannel, MbusUnit, Quantity};

use crate::gate::{self, Good};
use crate::reading::MeterReading;

/// A device whose capture is older than this, against its telegram, has nothing to say any more: 31 days, s.
const MOST_BEHIND: i64 = 31 * 86_400;
/// One whose clock is further ahead has a wrong clock, and everything after it would be late: a day, s.
const MOST_AHEAD: i64 = 86_400;
/// Where the time of a capture is not told, the register is noted again after so long though it stands still, s.
const AGAIN: i64 = 300;
/// Longer is no identifier.
const LONGEST_IDENTIFIER: usize = 64;

/// Where a telegram has the identifier of the device on each channel: everywhere but in Belgium, and there.
const IDENTIFIERS: [[&str; 2]; 4] = [
    ["0-1:96.1.0", "0-1:96.1.1"],
    ["0-2:96.1.0", "0-2:96.1.1"],
    ["0-3:96.1.0", "0-3:96.1.1"],
    ["0-4:96.1.0", "0-4:96.1.1"],
];
const UNITS: [&str; 4] = ["mbus1_unit", "mbus2_unit", "mbus3_unit", "mbus4_unit"];

/// The register of a device, as a telegram repeats it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceCapture {
    /// 1 to 4: where the device hangs now.
    pub channel: u8,
    /// What names it: hex of ASCII as the telegram has it; `mbus1` where it has none.
    pub identifier: String,
    /// What it says that it is.
    pub device_type: Option<i64>,
    /// What that measures, and in what.
    pub measure: MbusChannel,
    /// When the register was read, UTC seconds.
    pub time: i64,
    /// The register, thousandths of the unit.
    pub value: i64,
    /// Its valve.
    pub valve: Option<i64>,
    /// The time is the device's own, not that of the telegram.
    own_time: bool,
    /// The time can be, for this telegram.
    plausible: bool,
}

/// Every device that a telegram has a register of, by channel.
pub fn captures(reading: &MeterReading) -> impl Iterator<Item = DeviceCapture> + '_ {
    (0..MBUS.len()).filter_map(|channel| capture(reading, channel))
}

fn capture(reading: &MeterReading, channel: usize) -> Option<DeviceCapture> {
    let quantities = MBUS[channel];
    let value = reading.values.get(quantities.register)?;
    let text = |code: &str| reading.texts.iter().find(|(known, _)| known == code).map(|(_, text)| text.trim());
    let device_type = reading.values.get(quantities.device_type);
    let unit = text(UNITS[channel]).and_then(|unit| MbusUnit::of(unit.as_bytes()));
    let identifier = IDENTIFIERS[channel].iter().find_map(|code| text(code).and_then(identifier));
    let own = reading.values.get(quantities.time);
    let time = own.unwrap_or(reading.time);
    Some(DeviceCapture {
        channel: channel as u8 + 1, // at most 4
        identifier: identifier.unwrap_or_else(|| format!("mbus{}", channel + 1)),
        device_type,
        measure: MbusChannel::of(device_type, unit)?,
        time,
        value,
        valve: reading.values.get(quantities.valve),
        own_time: own.is_some(),
        plausible: time >= reading.time.saturating_sub(MOST_BEHIND) && time <= reading.time.saturating_add(MOST_AHEAD),
    })
}

/// An identifier as it can stand in a path and in a topic: as it is, or as hex where it has other characters.
fn identifier(text: &str) -> Option<String> {
    if text.is_empty() || text.len() > LONGEST_IDENTIFIER {
        return None;
    }
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Some(text.to_owned());
    }
    let mut hex = String::new();
    for byte in text.bytes().take(LONGEST_IDENTIFIER / 2) {
        let _ = write!(hex, "{byte:02X}");
    }
    Some(hex)
}

impl DeviceCapture {
    /// The name of its series. One that counts in another unit than the device of its identifier (`unit_of`) is another
    /// device, `…-wh`: its numbers mean something else.
    pub fn series(&self, unit_of: impl FnOnce(&str) -> Option<MbusUnit>) -> String {
        let unit = self.measure.unit;
        match unit_of(&self.identifier) {
            Some(known) if known != unit => format!("{}-{}", self.identifier, unit.suffix()),
            _ => self.identifier.clone(),
        }
    }

    /// It adds to what is known: a time after the last one's. A time that is not the device's own is one only with another
    /// value, or five minutes later.
    pub fn is_new(&self, last: Option<(i64, i64)>) -> bool {
        self.plausible
            && last.is_none_or(|(time, value)| {
                self.time > time && (self.own_time || self.value != value || self.time >= time.saturating_add(AGAIN))
            })
    }

    /// The register can stand there after the last one: it counts up, and not faster than any device.
    pub fn is_believable(&self, last: Option<(i64, i64)>) -> bool {
        self.value >= 0
            && last.is_none_or(|(time, value)| gate::follows(self.register(), Good { time, value }, self.good(), 0))
    }

    /// The quantity under which a telegram has it.
    pub(crate) const fn register(&self) -> Quantity {
        MBUS[self.channel as usize - 1].register
    }

    pub(crate) const fn is_plausible(&self) -> bool {
        self.plausible
    }

    pub(crate) const fn good(&self) -> Good {
        Good { time: self.time, value: self.value }
    }
}

impl From<&DeviceCapture> for Capture {
    fn from(capture: &DeviceCapture) -> Self {
        Self { time: capture.time, value: capture.value, restart: false }
    }
}
