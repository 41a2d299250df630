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
mod mqtt;
mod number;
mod outline;
mod production;
mod report;
mod role;
mod secret;
mod sensor;
mod size;
mod span;
mod target;
pub mod tariff;
mod telegram_server;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

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
pub use mqtt::{Address, Discovery, ForeignFormat, FormatName, HomeAssistant, Kind, Mqtt, Qos, Version};
pub use number::{Factor, Goal, Number};
pub use outline::{Pseudonyms, outline};
pub use report::{Report, TimeOfDay};
pub use role::Role;
pub use secret::{Secret, SecretProblem};
pub use sensor::{Geometry, Length, Sensor, SensorKind, Shape, Tank};
pub use size::Size;
pub use span::Span;
pub use target::Target;
pub use tariff::Tariff;
pub use telegram_server::TelegramServer;

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

/// One source of telegrams.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Source {
    /// What it is.
    pub kind: SourceKind,
    /// Serial: the device, best by its stable name under `/dev/serial/by-id`.
    pub device: Option<PathBuf>,
    /// Serial: a set of defaults, `dsmr-5` (115200 8N1, also Luxembourg) or `dsmr-2` (9600 7E1, no checksum).
    #[serde(default)]
    pub preset: Preset,
    /// Serial: bits a second.
    pub baud: Option<u32>,
    /// Serial: data bits, parity, stop bits.
    pub format: Option<Format>,
    /// TCP: host and port of a ser2net or network dongle.
    pub address: Option<String>,
    /// MQTT: the name of a section `[mqtt.NAME]`.
    pub broker: Option<String>,
    /// MQTT: what to listen to, with `+` and `#`.
    #[serde(default)]
    pub topics: Vec<String>,
    /// File: what to replay.
    pub path: Option<PathBuf>,
    /// File and standard input: how fast to replay.
    #[serde(default)]
    pub speed: Speed,
    /// Accept plain telegrams that carry no checksum.
    pub accept_without_crc: Option<bool>,
    /// After this long without a byte the port is closed and opened anew.
    pub silence: Option<Span>,
    /// HTTP: what is asked.
    pub url: Option<String>,
    /// HTTP: how often.
    pub every: Option<Span>,
    /// HTTP: a file with a token, sent as `Authorization: Bearer`.
    pub token_file: Option<PathBuf>,
    /// HTTP: an environment variable with the token.
    pub token_env: Option<String>,
    /// HTTP: a systemd credential with the token.
    pub token_credential: Option<String>,
    /// HTTP: the authority that signed the server's certificate. Left out: those of the system.
    pub ca_file: Option<PathBuf>,
}

impl Source {
    /// A source of which nothing else is said.
    pub const fn of_kind(kind: SourceKind) -> Self {
        Self {
            kind,
            device: None,
            preset: Preset::Dsmr5,
            baud: None,
            format: None,
            address: None,
            broker: None,
            topics: Vec::new(),
            path: None,
            speed: Speed::AtOnce,
            accept_without_crc: None,
            silence: None,
            url: None,
            every: None,
            token_file: None,
            token_env: None,
            token_credential: None,
            ca_file: None,
        }
    }

    /// HTTP: how often it is asked.
    pub fn every(&self) -> Span {
        self.every.unwrap_or(Span::seconds(10))
    }

    /// HTTP: where the token lies.
    pub fn token(&self) -> Secret<'_> {
        Secret {
            file: self.token_file.as_ref(),
            env: self.token_env.as_ref(),
            credential: self.token_credential.as_ref(),
        }
    }

    /// Whether telegrams without a checksum are good enough here.
    pub fn accepts_without_crc(&self) -> bool {
        self.accept_without_crc.unwrap_or(self.preset == Preset::Dsmr2)
    }

    /// What people recognise it by.
    pub fn target(&self) -> String {
        match self.kind {
            SourceKind::Serial => display(self.device.as_ref()),
            SourceKind::Tcp => self.address.clone().unwrap_or_default(),
            SourceKind::File => display(self.path.as_ref()),
            SourceKind::Stdin => "standard input".into(),
            // Its path may hold a secret.
            SourceKind::Http => self
                .url
                .as_deref()
                .and_then(|url| url.parse::<Target>().ok())
                .map_or_else(|| "no web address".into(), |target| target.to_string()),
            SourceKind::Mqtt => format!("{} at {}", self.topics.join(", "), self.broker.as_deref().unwrap_or_default()),
        }
    }
}

fn display(path: Option<&PathBuf>) -> String {
    path.map(|path| path.display().to_string()).unwrap_or_default()
}

/// What a source is.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// A serial port.
    Serial,
    /// A TCP server that repeats the bytes of a port.
    Tcp,
    /// A file of captured bytes.
    File,
    /// Standard input.
    Stdin,
    /// What boards publish to a broker.
    Mqtt,
    /// JSON that another program gives out when asked.
    Http,
}

impl SourceKind {
    /// The word in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Serial => "serial",
            Self::Tcp => "tcp",
            Self::File => "file",
            Self::Stdin => "stdin",
            Self::Mqtt => "mqtt",
            Self::Http => "http",
        }
    }

    /// Whether it is read once and ends, instead of for ever.
    pub const fn ends(self) -> bool {
        matches!(self, Self::File | Self::Stdin)
    }
}

/// Defaults for a kind of meter.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// 115200 8N1 with checksum: Luxembourg and all newer meters.
    #[default]
    #[serde(rename = "dsmr-5")]
    Dsmr5,
    /// 9600 7E1 without checksum: Dutch meters before 2014.
    #[serde(rename = "dsmr-2")]
    Dsmr2,
}

/// Data bits, parity, stop bits.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub enum Format {
    /// Eight data bits, no parity.
    #[serde(rename = "8N1")]
    EightNone,
    /// Seven data bits, even parity.
    #[serde(rename = "7E1")]
    SevenEven,
}

/// How fast a file is replayed: `at-once`, `real-time`, or `100x`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Speed {
    /// As fast as it can be read and stored.
    #[default]
    AtOnce,
    /// So many times faster than the telegrams' own time stamps say.
    Times(u32),
}

impl<'de> Deserialize<'de> for Speed {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "at-once" => Ok(Self::AtOnce),
            "real-time" => Ok(Self::Times(1)),
            _ => text
                .strip_suffix('x')
                .and_then(|factor| factor.parse().ok())
                .filter(|factor| *factor > 0)
                .map(Self::Times)
                .ok_or_else(|| {
                    serde::de::Error::custom(format!(
                        "speed is \"at-once\", \"real-time\" or a factor such as \"100x\", not \"{text}\""
                    ))
                }),
        }
    }
}

/// One metering point.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Meter {
    /// The source that it is heard on. Can be left out when there is only one.
    pub source: Option<String>,
    /// What people call it.
    pub title: Option<String>,
    /// What it measures.
    #[serde(default)]
    pub role: Role,
    /// Production: the meter at the grid behind which it is. Can be left out when there is only one.
    pub of: Option<String>,
    /// Production: the register that counts what is made. Left out: export.
    pub counts: Option<Direction>,
    /// A file with the encryption key.
    pub key_file: Option<PathBuf>,
    /// An environment variable with the encryption key.
    pub key_env: Option<String>,
    /// A systemd credential with the encryption key.
    pub key_credential: Option<String>,
    /// `standard`, `none`, or 32 hex digits.
    #[serde(default = "standard")]
    pub authentication_key: String,
    /// The meter's identifiers, needed when several meters share a source.
    #[serde(default)]
    pub equipment: Vec<String>,
    /// MQTT: the topic on which it is heard, with all topics below it; `+` and `#` stand for any level.
    pub topic: Option<String>,
    /// Accept plain telegrams and published values though there is a key.
    #[serde(default)]
    pub accept_plain: bool,
    /// What the connection can carry at most, in kW: what goes beyond is quarantined.
    pub max_power: Option<u32>,
    /// What people call the meters behind it, by their identifiers.
    #[serde(default)]
    pub devices: DeviceTitles,
    /// What energy costs at this meter.
    pub tariff: Option<Tariff>,
    /// Numbers that another program publishes, instead of telegrams.
    #[serde(default)]
    pub number: Vec<Number>,
    /// A sensor's: the vessel over which it hangs.
    #[serde(skip)]
    pub tank: Option<Tank>,
}

/// Where and how readings are kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Store {
    /// The database file.
    pub path: PathBuf,
    /// `telegram`: each telegram is on disk before the next. A time such as `60s` spares an SD card.
    pub flush: Flush,
    /// How long telegrams are kept; quarter-hours, days and months stay for ever.
    pub retention: Option<Span>,
    /// Stop storing while the disk has less than this left.
    pub reserve: Size,
    /// The database may not grow beyond this.
    pub max_size: Option<Size>,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            path: PathBuf::from("/var/lib/smartyreader/smartyreader.db"),
            flush: Flush::Telegram,
            retention: None,
            reserve: Size(100_000_000),
            max_size: None,
        }
    }
}

/// When readings are committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flush {
    /// Each on its own.
    Telegram,
    /// All of this long together.
    Every(Span),
}

impl<'de> Deserialize<'de> for Flush {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "telegram" {
            return Ok(Self::Telegram);
        }
        text.parse().map(Self::Every).map_err(|_| {
            serde::de::Error::custom(format!("flush is \"telegram\" or a time such as \"60s\", not \"{text}\""))
        })
    }
}

/// The page and the API.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Web {
    /// Off: no page, no API.
    pub enabled: bool,
    /// Where it listens.
    pub listen: SocketAddr,
    /// `password` (the default where a hash is given) or `none`.
    pub auth: Option<Auth>,
    /// Made by `smartyreader password`.
    pub password_hash: Option<String>,
    /// For scripts, made by `smartyreader password --token`.
    pub token_hashes: Vec<String>,
}

impl Default for Web {
    fn default() -> Self {
        Self {
            enabled: true,
            listen: SocketAddr::from(([127, 0, 0, 1], 8090)),
            auth: None,
            password_hash: None,
            token_hashes: Vec::new(),
        }
    }
}

impl Web {
    /// Whether a password is asked for.
    pub fn asks_for_password(&self) -> bool {
        self.auth != Some(Auth::None) && self.password_hash.is_some()
    }
}

/// Who may see the page.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// Who knows the password.
    Password,
    /// Everybody who reaches it.
    None,
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

fn standard() -> String {
    "standard".into()
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
