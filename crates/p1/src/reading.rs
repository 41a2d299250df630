//! Reading: a telegram as typed numbers, one unit for each quantity.

use crate::fixed::Fixed;
use crate::logs::{FailureLog, MonthPeaks};
use crate::mbus::MBUS;
use crate::obis::Obis;
use crate::object::CosemObject;
use crate::quantity::Quantity;
use crate::telegram::Telegram;
use crate::timestamp::Timestamp;
use crate::values::Values;

/// What a telegram says, as integers. Texts borrow from the telegram.
///
/// An object that this crate has no name for is not lost: [`Reading::unknown_objects`] counts them and
/// [`Telegram::objects`] shows them.
#[derive(Clone, Debug)]
pub struct Reading<'a> {
    /// Every number that was sent.
    pub values: Values,
    /// `0-0:1.0.0`, the meter's clock.
    pub time: Option<Timestamp>,
    /// `1-3:0.2.8`; says nothing about features.
    pub version: Option<&'a [u8]>,
    /// `0-0:42.0.0`, hex of ASCII: the meter's name in Luxembourg.
    pub logical_device_name: Option<&'a [u8]>,
    /// `0-0:96.1.1` or `0-0:96.1.0`, hex of ASCII: the meter's serial number elsewhere.
    pub equipment_identifier: Option<&'a [u8]>,
    /// `0-0:96.13.0` … `.5`: messages, hex of ASCII, mostly empty.
    pub messages: [Option<&'a [u8]>; 6],
    /// `1-0:1.6.0`: when this month's highest demand was.
    pub month_peak_time: Option<Timestamp>,
    /// `0-0:98.1.0`.
    pub month_peaks: Option<MonthPeaks<'a>>,
    /// `1-0:99.97.0`.
    pub failure_log: Option<FailureLog<'a>>,
    /// M-Bus channels 1 to 4, numbered by the order of installation.
    pub mbus: [MbusDevice<'a>; 4],
    /// Objects whose code has no name here.
    pub unknown_objects: u16,
    /// Lines that are no objects, and known objects whose value is no number of the right unit.
    pub malformed_objects: u16,
    /// Objects that came a second time; the first counts.
    pub repeated_objects: u16,
}

/// A device on an M-Bus channel. Its register is the quantity `MbusNRegister`.
#[derive(Clone, Copy, Debug, Default)]
pub struct MbusDevice<'a> {
    /// `0-n:96.1.0` or `.1`, hex of ASCII.
    pub identifier: Option<&'a [u8]>,
    /// When the register was read.
    pub capture_time: Option<Timestamp>,
    /// The unit that the register was sent with: `m3`, `GJ`, `kWh`.
    pub unit: Option<&'a [u8]>,
}

const CLOCK: Obis = Obis::new(0, 0, 1, 0, 0);
const VERSION: Obis = Obis::new(1, 3, 0, 2, 8);
const VERSION_BELGIUM: Obis = Obis::new(0, 0, 96, 1, 4);
const LOGICAL_DEVICE_NAME: Obis = Obis::new(0, 0, 42, 0, 0);
const FAILURE_LOG: Obis = Obis::new(1, 0, 99, 97, 0);
const MONTH_PEAKS: Obis = Obis::new(0, 0, 98, 1, 0);

impl<'a> Reading<'a> {
    /// Reads every object of a proven telegram. Total: nothing in it can make this fail.
    #[inline]
    pub fn of(telegram: &Telegram<'a>) -> Self {
        let mut reading = Self::empty();
        for object in telegram.objects() {
            match object {
                Ok(object) => reading.take(&object),
                Err(_) => reading.malformed_objects += 1,
            }
        }
        reading
    }

    fn empty() -> Self {
        Self {
            values: Values::EMPTY,
            time: None,
            version: None,
            logical_device_name: None,
            equipment_identifier: None,
            messages: [None; 6],
            month_peak_time: None,
            month_peaks: None,
            failure_log: None,
            mbus: [MbusDevice::default(); 4],
            unknown_objects: 0,
            malformed_objects: 0,
            repeated_objects: 0,
        }
    }

    /// The value in the quantity's own unit. `None`: not sent, and that is not 0.
    #[inline]
    pub fn get(&self, quantity: Quantity) -> Option<i64> {
        self.values.get(quantity)
    }

    /// What names the meter: the logical device name, else the equipment identifier.
    pub fn identity(&self) -> Option<&'a [u8]> {
        self.logical_device_name.or(self.equipment_identifier).filter(|text| !text.is_empty())
    }

    #[inline]
    fn take(&mut self, object: &CosemObject<'a>) {
        if let Some(quantity) = Quantity::of(object.obis) {
            self.take_quantity(quantity, object);
        } else {
            self.take_other(object);
        }
    }

    #[inline]
    fn take_quantity(&mut self, quantity: Quantity, object: &CosemObject<'a>) {
        use Quantity as Q;
        match quantity {
            Q::Mbus1Register | Q::Mbus2Register | Q::Mbus3Register | Q::Mbus4Register => {
                self.take_mbus(quantity, object.group(0), object.group(1));
            }
            Q::DemandImportMonthPeak => {
                let (time, value) = (object.group(0), object.group(1));
                self.month_peak_time = time.and_then(Timestamp::parse);
                self.put(quantity, value.and_then(Fixed::parse));
            }
            Q::CurrentThresholdImport => {
                self.put(quantity, object.number());
                if let Some(export) = object.group(1) {
                    self.put(Q::CurrentThresholdExport, Fixed::parse(export));
                }
            }
            Q::PowerFactor => {
                // Sent as 0.998 without a unit.
                let value = object.number().map(|number| Fixed { scale: 0, unit: b"", ..number });
                let scale = object.number().map_or(0, |number| number.scale);
                let permille = value.filter(|_| scale == 3);
                self.put(quantity, permille);
            }
            _ => self.put(quantity, object.number()),
        }
    }

    #[inline]
    fn put(&mut self, quantity: Quantity, number: Option<Fixed<'a>>) {
        match number.and_then(|number| number.in_unit(quantity.unit())) {
            None => self.malformed_objects += 1,
            Some(_) if self.values.get(quantity).is_some() => self.repeated_objects += 1,
            Some(value) => self.values.set(quantity, value),
        }
    }

    /// A register with the time at which its device was read. An equipped channel always sends a
    /// unit; an empty one sends an invalid date and a bare 0, which is no reading.
    fn take_mbus(&mut self, quantity: Quantity, time: Option<&'a [u8]>, value: Option<&'a [u8]>) {
        let (Some(time), Some(value)) = (time, value) else {
            self.malformed_objects += 1;
            return;
        };
        let device = &mut self.mbus[usize::from(quantity.code() - Quantity::Mbus1Register.code()) / 4];
        let capture = Timestamp::parse(time);
        device.capture_time = capture;
        match Fixed::parse(value) {
            Some(number) if number.unit.is_empty() => {}
            Some(number) => {
                device.unit = Some(number.unit);
                if matches!(capture, Some(Timestamp::Valid(..))) {
                    self.put(quantity, Some(number));
                }
            }
            None => self.malformed_objects += 1,
        }
    }

    fn take_other(&mut self, object: &CosemObject<'a>) {
        let obis = object.obis;
        let channel = (1..=4).contains(&obis.b()).then(|| usize::from(obis.b()) - 1);
        match (obis.a(), obis.c(), obis.d(), obis.e()) {
            _ if obis == CLOCK => {
                let stamp = object.group(0).and_then(Timestamp::parse);
                self.malformed_objects += u16::from(stamp.is_none());
                self.time = self.time.or(stamp);
            }
            _ if obis == VERSION || obis == VERSION_BELGIUM => self.version = object.group(0),
            _ if obis == LOGICAL_DEVICE_NAME => self.logical_device_name = object.group(0),
            _ if obis == FAILURE_LOG => self.failure_log = Some(FailureLog(*object)),
            _ if obis == MONTH_PEAKS => self.month_peaks = Some(MonthPeaks(*object)),
            (0, 96, 13, number @ 0..=5) if obis.b() == 0 => {
                self.messages[usize::from(number)] = object.group(0);
            }
            (0, 96, 1, 0 | 1) if obis.b() == 0 => self.equipment_identifier = object.group(0),
            (0, 96, 1, 0 | 1) if let Some(channel) = channel => {
                self.mbus[channel].identifier = object.group(0);
            }
            // Belgium: gas not corrected for temperature.
            (0, 24, 2, 3) if let Some(channel) = channel => {
                self.take_mbus(MBUS[channel].register, object.group(0), object.group(1));
            }
            // DSMR 2 and 3: (time)(00)(60)(1)(0-n:24.2.1)(m3) and (value), unit and value apart.
            (0, 24, 3, 0) if let Some(channel) = channel => self.take_mbus_2(channel, object),
            _ => self.unknown_objects += 1,
        }
    }

    fn take_mbus_2(&mut self, channel: usize, object: &CosemObject<'a>) {
        let (Some(time), Some(unit), Some(value)) =
            (object.group(0), object.group(5), object.group(6).and_then(Fixed::parse))
        else {
            self.malformed_objects += 1;
            return;
        };
        let capture = Timestamp::parse(time);
        self.mbus[channel].capture_time = capture;
        self.mbus[channel].unit = Some(unit);
        if matches!(capture, Some(Timestamp::Valid(..))) {
            self.put(MBUS[channel].register, Some(Fixed { unit, ..value }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mbus::Medium;

    fn reading(lines: &[u8]) -> Reading<'_> {
        let mut reading = Reading::empty();
        for object in crate::object::Objects::new(lines) {
            match object {
                Ok(object) => reading.take(&object),
                Err(_) => reading.malformed_objects += 1,
            }
        }
        reading
    }

    #[test]
    fn missing_is_not_zero() {
        let reading = reading(b"1-0:1.7.0(00.000*kW)\r\n");
        assert_eq!(reading.get(Quantity::PowerImport), Some(0));
        assert_eq!(reading.get(Quantity::PowerExport), None);
        assert_eq!(reading.values.power_net(), Some(0));
    }

    #[test]
    fn a_signed_pair_of_thresholds() {
        let reading = reading(b"1-1:31.4.0(100*A)(-063*A)\r\n");
        assert_eq!(reading.get(Quantity::CurrentThresholdImport), Some(100_000));
        assert_eq!(reading.get(Quantity::CurrentThresholdExport), Some(-63_000));
    }

    #[test]
    fn an_empty_channel_has_no_register() {
        let reading = reading(b"0-2:24.1.0(007)\r\n0-2:24.2.1(632525252525S)(00000.000)\r\n0-2:24.4.0(1)\r\n");
        assert_eq!(reading.get(Quantity::Mbus2Register), None);
        assert_eq!(reading.mbus[1].capture_time, Some(Timestamp::Invalid));
        assert_eq!(reading.get(Quantity::Mbus2DeviceType).map(Medium::of), Some(Medium::Water));
        assert_eq!(reading.malformed_objects, 0);
    }

    #[test]
    fn gas_of_three_generations() {
        for (lines, expected) in [
            (&b"0-1:24.2.1(260403174542S)(14239.771*m3)\r\n"[..], 14_239_771),
            (b"0-1:24.2.3(200512134558S)(00112.384*m3)\r\n", 112_384),
            (b"0-1:24.3.0(250423090000)(00)(60)(1)(0-1:24.2.1)(m3)\r\n(13032.850)\r\n", 13_032_850),
        ] {
            let reading = reading(lines);
            assert_eq!(reading.get(Quantity::Mbus1Register), Some(expected));
            assert_eq!(reading.mbus[0].unit, Some(&b"m3"[..]));
        }
    }

    #[test]
    fn unknown_malformed_and_repeated_are_counted() {
        let reading = reading(
            b"7-0:23.1.0(01238.740*m3)\r\nrubbish\r\n1-0:1.8.0(1.000*kW)\r\n1-0:2.8.0(1*kWh)\r\n1-0:2.8.0(2*kWh)\r\n",
        );
        assert_eq!(reading.unknown_objects, 1);
        assert_eq!(reading.malformed_objects, 2);
        assert_eq!(reading.repeated_objects, 1);
        assert_eq!(reading.get(Quantity::EnergyExport), Some(1000));
    }

    #[test]
    fn a_text_for_a_number_is_malformed_and_the_rest_stands() {
        let reading = reading(b"0-0:17.0.0(<redacted>)\r\n1-0:1.7.0(01.000*kW)\r\n");
        assert_eq!(reading.malformed_objects, 1);
        assert_eq!(reading.get(Quantity::PowerImport), Some(1000));
    }
}
