//! Devices: the meters behind the meter as they stand now, by the daemon's rules.

use core::fmt::Write as _;

use heapless::{String, Vec};
use smarty_ledger::{Capture, Device, DeviceSum};
use smarty_p1::{MBUS, MbusChannel, MbusUnit, Reading, Values};
use smarty_payload::MbusChannels;

use crate::zone::Zone;

/// What names a device, with room for the unit behind it.
pub type Id = String<ID>;

const ID: usize = 72;

/// Longer is no identifier.
const LONGEST_IDENTIFIER: usize = 64;
/// A capture older than this, against its telegram, says nothing any more, s.
const MOST_BEHIND: i64 = 31 * 86_400;
/// One whose clock is further ahead has a wrong clock, s.
const MOST_AHEAD: i64 = 86_400;
/// Where the time of a capture is not told, the register is noted again after so long though it stands still, s.
const AGAIN: i64 = 300;
/// Four hang on the meter; two more are remembered while they are exchanged.
const KEPT: usize = 6;

/// A device, as a telegram shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceNow {
    /// What names it.
    pub id: Id,
    /// Where it hangs, 1 to 4.
    pub channel: u8,
    /// What it says that it is.
    pub device_type: Option<i64>,
    /// What that measures, and in what.
    pub measure: MbusChannel,
    /// When its register was read, UTC seconds.
    pub time: i64,
    /// The register, thousandths of the unit.
    pub value: i64,
    /// Its valve.
    pub valve: Option<i64>,
    /// Used since midnight.
    pub day: Option<i64>,
    /// Used since the first of the month.
    pub month: Option<i64>,
}

impl DeviceNow {
    /// What people call it.
    pub const fn title(&self) -> &'static str {
        self.measure.medium.title(self.device_type)
    }
}

/// The devices that a telegram has, by channel.
pub type DevicesNow = [Option<DeviceNow>; 4];

/// What hangs on which channel.
pub fn channels(devices: &DevicesNow) -> MbusChannels {
    devices.each_ref().map(|device| device.as_ref().map(|device| device.measure))
}

/// The devices of one meter.
#[derive(Default)]
pub struct Devices {
    kept: [Option<Kept>; KEPT],
    /// Something was captured since they were written down.
    changed: bool,
}

/// Bytes of one device: its name with its length, its unit, its books and sums.
const BYTES: usize = 1 + ID + 1 + Device::BYTES + 2 * DeviceSum::BYTES;
/// Bytes of all that are kept.
pub const LONGEST_STATE: usize = KEPT * BYTES;

struct Kept {
    id: Id,
    unit: MbusUnit,
    books: Device,
    day: DeviceSum,
    month: DeviceSum,
}

/// What a telegram says of one.
struct Heard {
    identifier: Id,
    device_type: Option<i64>,
    measure: MbusChannel,
    time: i64,
    value: i64,
    valve: Option<i64>,
    own_time: bool,
    plausible: bool,
}

impl Devices {
    /// Takes what a telegram of this time says of its devices, and answers what is known of each that it has.
    pub fn take(
        &mut self,
        time: i64,
        values: &Values,
        reading: &Reading<'_>,
        zone: Zone,
        (day_start, month_start): (i64, i64),
    ) -> DevicesNow {
        core::array::from_fn(|channel| {
            let heard = heard(time, values, reading, channel)?;
            let mut id = heard.identifier.clone();
            let unit = self.find(&id).map(|kept| kept.unit);
            if unit.is_some_and(|unit| unit != heard.measure.unit) {
                // One that counts in another unit is another device: its numbers mean something else.
                let _ = write!(id, "-{}", heard.measure.unit.suffix());
            }
            if self.find(&id).is_none() && !heard.is_new(None) {
                return None;
            }
            let kept = self.find_or_make(&id, heard.measure.unit)?;
            kept.day.turn(day_start);
            kept.month.turn(month_start);
            let fed = kept.feed(&heard, zone);
            let last = kept.books.last()?;
            let now = DeviceNow {
                day: kept.day.now(&kept.books),
                month: kept.month.now(&kept.books),
                id,
                channel: channel as u8 + 1,
                device_type: heard.device_type,
                measure: heard.measure,
                time: last.time,
                value: last.value,
                valve: heard.valve,
            };
            self.changed |= fed;
            Some(now)
        })
    }

    fn find(&self, id: &Id) -> Option<&Kept> {
        self.kept.iter().flatten().find(|kept| kept.id == *id)
    }

    fn find_or_make(&mut self, id: &Id, unit: MbusUnit) -> Option<&mut Kept> {
        let known = self.kept.iter().position(|kept| kept.as_ref().is_some_and(|kept| kept.id == *id));
        let index = known.or_else(|| self.kept.iter().position(Option::is_none)).unwrap_or_else(|| {
            // The one that was silent longest has been taken away.
            let age =
                |kept: &Option<Kept>| kept.as_ref().and_then(|kept| kept.books.last()).map_or(0, |last| last.time);
            self.kept.iter().enumerate().min_by_key(|(_, kept)| age(kept)).map_or(0, |(index, _)| index)
        });
        let place = &mut self.kept[index];
        if known.is_none() {
            let (day, month) = (DeviceSum::default(), DeviceSum::default());
            *place = Some(Kept { id: id.clone(), unit, books: Device::new(), day, month });
        }
        place.as_mut()
    }
}

impl Devices {
    /// The state to be written down, if something was captured since it was asked for last.
    pub fn changes(&mut self) -> Option<Vec<u8, LONGEST_STATE>> {
        if !core::mem::take(&mut self.changed) {
            return None;
        }
        let mut bytes = Vec::new();
        let mut put = |part: &[u8]| {
            // It fits: see above.
            let _ = bytes.extend_from_slice(part);
        };
        for kept in self.kept.iter().flatten() {
            put(&[kept.id.len() as u8]);
            put(kept.id.as_bytes());
            put(&[MbusUnit::ALL.iter().position(|unit| *unit == kept.unit).unwrap_or(0) as u8]);
            put(&kept.books.to_bytes());
            put(&kept.day.to_bytes());
            put(&kept.month.to_bytes());
        }
        Some(bytes)
    }

    /// From what was written down; what is damaged, and all behind it, is left out.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut devices = Self::default();
        let mut rest = bytes;
        for place in &mut devices.kept {
            *place = Kept::take(&mut rest);
        }
        devices
    }
}

/// Splits so many bytes off.
fn split<'b>(rest: &mut &'b [u8], length: usize) -> Option<&'b [u8]> {
    let (part, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    Some(part)
}

impl Kept {
    fn take(rest: &mut &[u8]) -> Option<Self> {
        let length = *split(rest, 1)?.first()?;
        let id = core::str::from_utf8(split(rest, length.into())?).ok()?.try_into().ok()?;
        let unit = *MbusUnit::ALL.get(usize::from(*split(rest, 1)?.first()?))?;
        let books = Device::from_bytes(split(rest, Device::BYTES)?).ok()?;
        let day = DeviceSum::from_bytes(split(rest, DeviceSum::BYTES)?).ok()?;
        let month = DeviceSum::from_bytes(split(rest, DeviceSum::BYTES)?).ok()?;
        Some(Self { id, unit, books, day, month })
    }

    /// Books what was heard, and answers whether it was new.
    fn feed(&mut self, heard: &Heard, zone: Zone) -> bool {
        let last = self.books.last().map(|last| (last.time, last.value));
        // A register counts up. One that is lower is damaged or tampered with, and for people to look at.
        let believable = heard.value >= 0 && last.is_none_or(|(_, value)| heard.value >= value);
        if !heard.is_new(last) || !believable {
            return false;
        }
        let (day, month) = (&mut self.day, &mut self.month);
        self.books.feed(
            &Capture { time: heard.time, value: heard.value, restart: false },
            |time| zone.day(time),
            |entry| {
                day.enter(&entry);
                month.enter(&entry);
            },
        );
        true
    }
}

impl Heard {
    /// It adds to what is known.
    fn is_new(&self, last: Option<(i64, i64)>) -> bool {
        self.plausible
            && last.is_none_or(|(time, value)| {
                self.time > time && (self.own_time || self.value != value || self.time >= time.saturating_add(AGAIN))
            })
    }
}

fn heard(telegram: i64, values: &Values, reading: &Reading<'_>, channel: usize) -> Option<Heard> {
    let (quantities, device) = (MBUS[channel], &reading.mbus[channel]);
    let value = values.get(quantities.register)?;
    let device_type = values.get(quantities.device_type);
    let own = values.get(quantities.time);
    let time = own.unwrap_or(telegram);
    let mut nameless = Id::new();
    let _ = write!(nameless, "mbus{}", channel + 1);
    Some(Heard {
        identifier: device.identifier.and_then(identifier).unwrap_or(nameless),
        device_type,
        measure: MbusChannel::of(device_type, device.unit.and_then(MbusUnit::of))?,
        time,
        value,
        valve: values.get(quantities.valve),
        own_time: own.is_some(),
        plausible: (telegram - MOST_BEHIND..=telegram.saturating_add(MOST_AHEAD)).contains(&time),
    })
}

/// An identifier as it can stand in a path and in a topic: as it is, or as hex where it has other characters.
fn identifier(text: &[u8]) -> Option<Id> {
    let text = text.trim_ascii();
    if text.is_empty() || text.len() > LONGEST_IDENTIFIER {
        return None;
    }
    let mut id = Id::new();
    if text.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-') {
        id.push_str(core::str::from_utf8(text).ok()?).ok()?;
    } else {
        for byte in text.iter().take(LONGEST_IDENTIFIER / 2) {
            let _ = write!(id, "{byte:02X}");
        }
    }
    Some(id)
}
