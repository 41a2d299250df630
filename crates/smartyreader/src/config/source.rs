//! Source: where telegrams come from, and how they are read there.

use std::path::PathBuf;

use serde::Deserialize;

use super::{Secret, Span, Target};

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
