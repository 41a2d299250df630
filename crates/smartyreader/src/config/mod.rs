//! Configuration: one TOML file, kebab-case, every default the right one for a household.

mod alert;
mod answers;
mod calculated;
mod check;
mod day_file;
mod device;
mod group;
mod key;
mod load;
mod mail;
mod meter;
mod mqtt;
mod number;
mod outline;
mod place;
mod production;
mod report;
mod role;
mod secret;
mod sensor;
mod size;
mod source;
mod span;
mod store;
mod target;
pub mod tariff;
mod telegram_server;
mod web;

use std::collections::BTreeMap;

use serde::Deserialize;

pub use alert::{Alert, AlertMail, Webhook};
pub use answers::Answers;
pub use calculated::Calculated;
pub use check::{Finding, Grade, is_slug};
pub use day_file::{DayFile, DayFormat, Direction};
pub use device::DeviceTitles;
pub use group::Group;
pub use key::{KeyProblem, MeterKey};
pub use load::{ConfigError, load, parse};
pub use mail::{Mail, MailSecurity, mailbox};
pub use meter::Meter;
pub use mqtt::{Address, Discovery, ForeignFormat, FormatName, HomeAssistant, Kind, Mqtt, Qos, Version};
pub use number::{Factor, Goal, Number};
pub use outline::{Pseudonyms, outline};
pub use report::{Report, TimeOfDay};
pub use role::Role;
pub use secret::{Secret, SecretProblem};
pub use sensor::{Geometry, Length, Sensor, SensorKind, Shape, Tank};
pub use size::Size;
pub use source::{Format, Preset, Source, SourceKind, Speed};
pub use span::Span;
pub use store::{Flush, Store};
pub use target::Target;
pub use tariff::Tariff;
pub use telegram_server::TelegramServer;
pub use web::{Auth, Frame, Web};

/// The whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The meters' time zone. Days and months begin at its midnight.
    #[serde(default = "luxembourg")]
    pub zone: String,
    /// Where telegrams come from, by name.
    #[serde(default)]
    pub source: BTreeMap<String, Source>,
    /// The metering points, by name: the name stands in paths, topics and rows.
    #[serde(default)]
    pub meter: BTreeMap<String, Meter>,
    /// Sums of them, by name. Each is among `meter` too.
    #[serde(default)]
    pub group: BTreeMap<String, Group>,
    /// What is no meter and has readings, by name. Each is a meter too, with the role of a sensor.
    #[serde(default)]
    pub sensor: BTreeMap<String, Sensor>,
    /// Where and how readings are kept.
    #[serde(default)]
    pub store: Store,
    /// What is worked out of the readings.
    #[serde(default)]
    pub calculated: Calculated,
    /// The brokers, by name.
    #[serde(default)]
    pub mqtt: BTreeMap<String, Mqtt>,
    /// What energy costs, for every meter that has no section of its own.
    pub tariff: Option<Tariff>,
    /// Servers of plain telegrams, by name.
    #[serde(default)]
    pub telegram_server: BTreeMap<String, TelegramServer>,
    /// Day files, by name.
    #[serde(default)]
    pub day_file: BTreeMap<String, DayFile>,
    /// Reports of what is over, kept and mailed. Left out: none.
    pub report: Option<Report>,
    /// The server that reports are sent through.
    pub mail: Option<Mail>,
    /// What is said at once.
    #[serde(default)]
    pub alert: Alert,
    /// The page and the API.
    #[serde(default)]
    pub web: Web,
    /// What is written to the log.
    #[serde(default)]
    pub log: Log,
}

/// What is written to the log.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Log {
    /// How much.
    pub level: Level,
    /// `HOST:PORT` that gets each line as a datagram, too.
    pub udp: Option<String>,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Only what is wrong.
    #[default]
    Warn,
    /// And what begins and ends.
    Info,
    /// And every step.
    Debug,
}

fn luxembourg() -> String {
    "Europe/Luxembourg".into()
}

impl Config {
    /// The meters on a source, in the order of their names.
    pub fn meters_on<'a>(&'a self, source: &'a str) -> impl Iterator<Item = (&'a str, &'a Meter)> {
        self.meter.iter().map(|(name, meter)| (name.as_str(), meter)).filter(move |(name, meter)| {
            if meter.number.is_empty() {
                return self.source_of(name) == Some(source);
            }
            meter.number.iter().any(|number| self.source_of_number(name, number) == Some(source))
        })
    }

    /// The source that a meter is heard on. Sensors and groups have none.
    pub fn source_of<'a>(&'a self, meter: &'a str) -> Option<&'a str> {
        let settings = self.meter.get(meter).filter(|meter| meter.role.is_heard())?;
        settings.source.as_deref().or_else(|| self.only_source())
    }

    fn only_source(&self) -> Option<&str> {
        if self.source.len() == 1 { self.source.keys().next().map(String::as_str) } else { None }
    }

    /// The meters that count energy or another ware: all but the sensors, in the order of their names.
    pub fn counting(&self) -> impl Iterator<Item = &str> {
        self.meter.iter().filter(|(_, meter)| meter.role.counts()).map(|(name, _)| name.as_str())
    }

    /// A meter with the name that people call it by.
    pub fn named(&self, meter: &str) -> crate::report::Named {
        let settings = self.meter.get(meter);
        let title = settings.and_then(|settings| settings.title.as_deref()).unwrap_or(meter);
        let devices = settings.map(|settings| settings.devices.clone()).unwrap_or_default();
        crate::report::Named { name: meter.to_string(), title: title.to_string(), devices }
    }

    /// The contract of a meter: its own, or that of all.
    pub fn tariff_of(&self, meter: &str) -> Option<&Tariff> {
        let settings = self.meter.get(meter)?;
        settings.tariff.as_ref().or(self.tariff.as_ref().filter(|_| settings.role.has_common_tariff()))
    }

    /// The zone, known to exist since the file was loaded.
    pub fn time_zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::get(&self.zone).unwrap_or(jiff::tz::TimeZone::UTC)
    }
}
