//! Sensor: what is no meter and has readings all the same: a tank, a room, a clock.

mod check;
mod tank;

use std::path::PathBuf;

use serde::Deserialize;

use super::{Config, Format, Meter, Number, Preset, Role, Source, SourceKind, Span, Speed};

pub use tank::{Geometry, Length, Shape, Tank};

/// One sensor. Where it has `number`s they say what it measures, and it needs no `kind`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Sensor {
    /// What it is.
    pub kind: Option<SensorKind>,
    /// What people call it.
    pub title: Option<String>,
    /// MB7060: the serial port, best by its stable name under `/dev/serial/by-id`.
    pub device: Option<PathBuf>,
    /// BME280, DS3231: the I²C bus, such as `/dev/i2c-1`.
    pub bus: Option<PathBuf>,
    /// BME280: its address on the bus, 0x76 or 0x77.
    pub address: Option<u8>,
    /// A reading so often.
    pub every: Option<Span>,
    /// MB7060: a reading is the median of so many measurements.
    pub median: Option<u8>,
    /// After this long without a byte the port is closed and opened anew.
    pub silence: Option<Span>,
    /// The vessel over which it hangs.
    pub tank: Option<Tank>,
    /// The source of its numbers. Can be left out when there is only one.
    pub source: Option<String>,
    /// Numbers that another program publishes.
    #[serde(default)]
    pub number: Vec<Number>,
}

/// What a sensor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SensorKind {
    /// XL-MaxSonar-WR MB7060: distance by ultrasound, over serial.
    Mb7060,
    /// Bosch BME280: temperature, humidity, pressure.
    Bme280,
    /// Maxim DS3231: a clock with a thermometer.
    Ds3231,
}

impl SensorKind {
    /// The word in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mb7060 => "mb7060",
            Self::Bme280 => "bme280",
            Self::Ds3231 => "ds3231",
        }
    }

    /// The name on the chip, as readings are kept under it.
    pub const fn equipment(self) -> &'static str {
        match self {
            Self::Mb7060 => "MB7060",
            Self::Bme280 => "BME280",
            Self::Ds3231 => "DS3231",
        }
    }

    /// Whether it is on an I²C bus.
    pub const fn is_on_a_bus(self) -> bool {
        matches!(self, Self::Bme280 | Self::Ds3231)
    }
}

impl Sensor {
    /// A reading so often.
    pub fn every(&self) -> Span {
        self.every.unwrap_or(Span::seconds(60))
    }

    /// A reading is the median of so many measurements. A board sends ten a second.
    pub fn median(&self) -> usize {
        usize::from(self.median.unwrap_or(9))
    }

    /// The address on the bus.
    pub fn address(&self) -> u8 {
        self.address.unwrap_or(0x76)
    }

    /// The serial port as sources are opened: 9600 8N1.
    pub fn port(&self) -> Source {
        Source {
            kind: SourceKind::Serial,
            device: self.device.clone(),
            preset: Preset::Dsmr5,
            baud: Some(9600),
            format: Some(Format::EightNone),
            silence: self.silence,
            speed: Speed::AtOnce,
            ..Source::of_kind(SourceKind::Serial)
        }
    }

    /// What people recognise it by.
    pub fn target(&self) -> String {
        match (self.kind, &self.device, &self.bus) {
            (Some(SensorKind::Bme280), _, Some(bus)) => format!("{} at {:#04x}", bus.display(), self.address()),
            (Some(SensorKind::Ds3231), _, Some(bus)) => format!("{} at 0x68", bus.display()),
            (_, Some(path), _) | (_, _, Some(path)) => path.display().to_string(),
            _ => String::new(),
        }
    }

    /// The meter that serves it everywhere.
    fn as_meter(&self) -> Meter {
        Meter {
            title: self.title.clone(),
            role: Role::Sensor,
            source: self.source.clone(),
            number: self.number.clone(),
            tank: self.tank.clone(),
            ..Meter::default()
        }
    }
}

impl Config {
    /// A sensor that is read here has something to say at least this often, with room for a late one; nothing for
    /// everything else.
    pub fn longest_silence(&self, name: &str) -> Span {
        let sensor = self.sensor.get(name).filter(|sensor| sensor.kind.is_some());
        sensor.map_or(Span::seconds(0), |sensor| Span(sensor.every().0 * 5 / 2))
    }

    /// Each sensor is a meter, too. The error is the name of one that is there already.
    pub(super) fn seat_sensors(&mut self) -> Result<(), String> {
        for (name, sensor) in &self.sensor {
            if self.meter.insert(name.clone(), sensor.as_meter()).is_some() {
                return Err(format!("{name} is the name of a sensor and of a meter; give one of them another"));
            }
            if sensor.kind.is_some() && self.source.contains_key(name) {
                return Err(format!("{name} is the name of a sensor and of a source; give one of them another"));
            }
        }
        Ok(())
    }
}
