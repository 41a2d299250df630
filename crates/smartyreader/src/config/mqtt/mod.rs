//! MQTT: the brokers, what is published to each, and in whose format.

mod check;

use std::path::PathBuf;

use serde::Deserialize;

use super::secret::Secret;
use super::{Span, place};

pub(super) use check::check;

/// One broker.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Mqtt {
    /// `mqtt://`, `mqtts://`, `ws://` or `wss://`, host, and port where it is not the usual one.
    pub broker: String,
    /// The protocol.
    #[serde(default)]
    pub version: Version,
    /// Unique at the broker. Left out: made from this machine's name and the section's.
    pub client_id: Option<String>,
    /// Who we are, for a broker that asks.
    pub user: Option<String>,
    /// A file with the password.
    pub password_file: Option<PathBuf>,
    /// An environment variable with the password.
    pub password_env: Option<String>,
    /// A systemd credential with the password.
    pub password_credential: Option<String>,
    /// TLS: the authority that signed the broker's certificate. Left out: those of the system.
    pub ca_file: Option<PathBuf>,
    /// TLS: our certificate, with `certificate-key-file`.
    pub certificate_file: Option<PathBuf>,
    /// TLS: the private key of our certificate.
    pub certificate_key_file: Option<PathBuf>,
    /// TLS with a pre-shared key: our identity.
    pub psk_identity: Option<String>,
    /// A file with the pre-shared key, hex digits.
    pub psk_file: Option<PathBuf>,
    /// An environment variable with the pre-shared key.
    pub psk_env: Option<String>,
    /// A systemd credential with the pre-shared key.
    pub psk_credential: Option<String>,
    /// How long nothing may be heard before the connection counts as dead.
    #[serde(default = "half_a_minute")]
    pub keep_alive: Span,
    /// The broker remembers us while we are away. Left out: where it is listened to, so that nothing is missed.
    pub persistent_session: Option<bool>,
    /// Before every topic of our own.
    #[serde(default = "smartyreader")]
    pub topic: String,
    /// Which meters go there. Left out: all.
    pub meters: Option<Vec<String>>,
    /// Off: nothing is published there; the broker is only listened to.
    #[serde(default = "yes")]
    pub publish_native: bool,
    /// `<topic>/<meter>/live`.
    #[serde(default)]
    pub live: Kind,
    /// `<topic>/<meter>/registers`.
    #[serde(default)]
    pub registers: Kind,
    /// `<topic>/<meter>/quarter-hour` and `gap`.
    #[serde(default)]
    pub quarter_hour: Kind,
    /// `<topic>/<meter>/alert`.
    #[serde(default)]
    pub alert: Kind,
    /// `<topic>/<meter>/costs`.
    #[serde(default)]
    pub costs: Kind,
    /// `<topic>/<meter>/self-consumption`.
    #[serde(default)]
    pub self_consumption: Kind,
    /// `<topic>/<meter>/status`.
    #[serde(default)]
    pub status: Kind,
    /// Quarter-hours older than this are not sent after an outage.
    #[serde(default = "a_year")]
    pub owed_at_most: Span,
    /// Home Assistant's discovery.
    #[serde(default)]
    pub home_assistant: HomeAssistant,
    /// Formats of other programs.
    #[serde(default)]
    pub format: Vec<ForeignFormat>,
}

/// How one kind of message is published. What is left out is right for its kind.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Kind {
    /// Off: not at all.
    pub enabled: Option<bool>,
    /// At most this often. Left out: with every telegram, or whenever something new is known.
    pub every: Option<Span>,
    /// 0, 1 or 2.
    pub qos: Option<Qos>,
    /// Whether the broker keeps the last one for whoever comes later.
    pub retain: Option<bool>,
}

impl Kind {
    /// Whether it is published.
    pub fn is_on(&self) -> bool {
        self.enabled != Some(false)
    }
}

/// MQTT's quality of service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u8")]
pub enum Qos {
    /// At most once: 0.
    #[default]
    AtMostOnce,
    /// At least once: 1.
    AtLeastOnce,
    /// Exactly once: 2.
    ExactlyOnce,
}

impl TryFrom<u8> for Qos {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, String> {
        match number {
            0 => Ok(Self::AtMostOnce),
            1 => Ok(Self::AtLeastOnce),
            2 => Ok(Self::ExactlyOnce),
            _ => Err(format!("qos is 0, 1 or 2, not {number}")),
        }
    }
}

/// Which MQTT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Version {
    /// What every broker knows.
    #[default]
    #[serde(rename = "3.1.1")]
    V3,
    /// With reasons for every refusal.
    #[serde(rename = "5")]
    V5,
}

/// What Home Assistant is told by discovery.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct HomeAssistant {
    /// Off: nothing.
    pub enabled: bool,
    /// As set in Home Assistant.
    pub prefix: String,
    /// One message a meter, or one an entity.
    pub form: Discovery,
    /// An entity that hears nothing for so long becomes unavailable.
    pub expire_after: Span,
}

impl Default for HomeAssistant {
    fn default() -> Self {
        Self { enabled: true, prefix: "homeassistant".into(), form: Discovery::Device, expire_after: Span::seconds(90) }
    }
}

/// The shape of discovery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Discovery {
    /// One message for the device: Home Assistant 2024.11 and later.
    #[default]
    Device,
    /// One message for each entity, as before.
    Components,
}

/// Another program's format, beside our own.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ForeignFormat {
    /// Whose.
    pub name: FormatName,
    /// The topic, or what stands before each topic. Left out: what the original had.
    pub topic: Option<String>,
    /// The meter. Needed where the broker gets several.
    pub meter: Option<String>,
    /// How often. Left out: as the original.
    pub every: Option<Span>,
    /// Left out: 0, as the original.
    #[serde(default)]
    pub qos: Qos,
    /// Left out: as the original.
    pub retain: Option<bool>,
    /// Fields that are published; left out: all. Names as in the topics, `*` at the end stands for anything.
    pub only: Option<Vec<String>>,
    /// Fields that are not published.
    #[serde(default)]
    pub without: Vec<String>,
    /// A topic with `1` at the start and `0` as the last will, as sketch 1.7 had it; `five`: the topic on which the board
    /// said that it was connected.
    pub birth_topic: Option<String>,
    /// `values`: Home Assistant's discovery for these topics, in the form that the original had.
    #[serde(default)]
    pub discovery: bool,
}

/// Whose format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum FormatName {
    /// Sketch 1.5: power and energy as one JSON message.
    #[serde(rename = "smartyreader-1.5")]
    PowerAndEnergy,
    /// Sketch 1.5 with `PUBLISH_ALL 1`: each field as JSON.
    #[serde(rename = "smartyreader-1.5-json")]
    FieldsJson,
    /// Sketch 1.5 with `PUBLISH_ALL 0`: each field as text.
    #[serde(rename = "smartyreader-1.5-text")]
    FieldsText,
    /// Sketch 1.7: one plain value a topic.
    #[serde(rename = "smartyreader-1.7")]
    Values,
    /// Sketch 1.7, cooked: the calculated values as one JSON message.
    #[serde(rename = "smartyreader-1.7-cooked")]
    Cooked,
    /// `SmartyReader⁵`.
    #[serde(rename = "smartyreader-5")]
    Five,
    /// The tank of the `SmartyReader⁵`.
    #[serde(rename = "smartyreader-5-tank")]
    FiveTank,
    /// The topics of dsmr-reader.
    #[serde(rename = "dsmr-reader")]
    DsmrReader,
}

impl FormatName {
    /// The word in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PowerAndEnergy => "smartyreader-1.5",
            Self::FieldsJson => "smartyreader-1.5-json",
            Self::FieldsText => "smartyreader-1.5-text",
            Self::Values => "smartyreader-1.7",
            Self::Cooked => "smartyreader-1.7-cooked",
            Self::Five => "smartyreader-5",
            Self::FiveTank => "smartyreader-5-tank",
            Self::DsmrReader => "dsmr-reader",
        }
    }

    /// The original's topic.
    pub const fn topic(self) -> &'static str {
        match self {
            Self::Five => "smartmeter1_p1",
            Self::FiveTank => smarty_payload::smartyreader5::TANK_TOPIC,
            Self::DsmrReader => "dsmr",
            _ => "lamsmarty",
        }
    }

    /// The original's interval, seconds.
    pub const fn every(self) -> u64 {
        match self {
            Self::PowerAndEnergy | Self::FieldsJson | Self::FieldsText => 20,
            Self::Values | Self::Cooked | Self::Five | Self::FiveTank => 60,
            Self::DsmrReader => 10,
        }
    }

    /// Whether the original's messages are kept by the broker.
    pub const fn retain(self) -> bool {
        matches!(self, Self::DsmrReader)
    }
}

impl ForeignFormat {
    /// The topic in force.
    pub fn topic(&self) -> &str {
        self.topic.as_deref().unwrap_or(self.name.topic())
    }

    /// The interval in force.
    pub fn every(&self) -> std::time::Duration {
        self.every.map_or(std::time::Duration::from_secs(self.name.every()), |span| span.0)
    }

    /// Whether there is one message, on the topic itself.
    pub fn has_one_topic(&self) -> bool {
        matches!(self.name, FormatName::PowerAndEnergy | FormatName::Cooked | FormatName::Five | FormatName::FiveTank)
    }

    /// Whether a field is published.
    pub fn publishes(&self, field: &str) -> bool {
        let is_in = |list: &[String]| {
            list.iter().any(|name| name.strip_suffix('*').map_or(name == field, |start| field.starts_with(start)))
        };
        self.only.as_deref().is_none_or(is_in) && !is_in(&self.without)
    }
}

impl Mqtt {
    /// Where the password lies.
    pub fn password(&self) -> Secret<'_> {
        Secret {
            file: self.password_file.as_ref(),
            env: self.password_env.as_ref(),
            credential: self.password_credential.as_ref(),
        }
    }

    /// Where the pre-shared key lies.
    pub fn psk(&self) -> Secret<'_> {
        Secret { file: self.psk_file.as_ref(), env: self.psk_env.as_ref(), credential: self.psk_credential.as_ref() }
    }

    /// The meters that go there, in the order of their names.
    pub fn meters_of<'a>(&'a self, config: &'a super::Config) -> impl Iterator<Item = &'a str> {
        let names = config.meter.keys().map(String::as_str);
        names.filter(|name| self.meters.as_ref().is_none_or(|chosen| chosen.iter().any(|one| one == name)))
    }

    /// Whose a format is: the meter that it names, or the only one of its kind that goes there.
    pub fn meter_of<'a>(&'a self, format: &'a ForeignFormat, config: &'a super::Config) -> Option<&'a str> {
        if let Some(name) = &format.meter {
            return self.meters_of(config).find(|meter| meter == name);
        }
        let counts = format.name != FormatName::FiveTank;
        let mut fits = self.meters_of(config).filter(|meter| config.meter[*meter].role.counts() == counts);
        fits.next().filter(|_| fits.next().is_none())
    }

    /// Paths in the file are relative to the file.
    pub(super) fn relate(&mut self, folder: &std::path::Path) {
        for path in [
            &mut self.password_file,
            &mut self.ca_file,
            &mut self.certificate_file,
            &mut self.certificate_key_file,
            &mut self.psk_file,
        ]
        .into_iter()
        .flatten()
        {
            *path = folder.join(&*path);
        }
    }

    /// Whether anything is published there.
    pub fn publishes(&self) -> bool {
        self.publish_native || !self.format.is_empty()
    }

    /// Where it is.
    ///
    /// # Errors
    /// A sentence, where `broker` is no address.
    pub fn address(&self) -> Result<Address, String> {
        self.broker.parse()
    }
}

/// A broker's address, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// With TLS.
    pub secure: bool,
    /// Over a WebSocket.
    pub websocket: bool,
    /// Name or number.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Of the WebSocket, with its slash.
    pub path: String,
}

impl std::str::FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| {
            format!("broker = \"{text}\" {why}; write it like \"mqtt://192.168.1.10\" or \"mqtts://broker.lan:8883\"")
        };
        let (scheme, rest) = text.split_once("://").ok_or_else(|| wrong("names no protocol"))?;
        let (secure, websocket, usual) = match scheme {
            "mqtt" => (false, false, 1883),
            "mqtts" => (true, false, 8883),
            "ws" => (false, true, 80),
            "wss" => (true, true, 443),
            _ => return Err(wrong("has a protocol that is none of mqtt, mqtts, ws and wss")),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(
                "a user or password does not stand in `broker`, where it would be shown: use `user` and `password-file`"
                    .into(),
            );
        }
        if !websocket && !matches!(path, "" | "/") {
            return Err(wrong("has a path, which only a WebSocket has"));
        }
        // An IPv6 address stands in brackets.
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => {
                (host, port.parse().map_err(|_| wrong("has a port that is no number"))?)
            }
            _ => (authority, usual),
        };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if !place::is_host(host) {
            return Err(wrong("names no host"));
        }
        if port == 0 {
            return Err(wrong("has port 0, on which nobody listens"));
        }
        let path = if websocket && path.is_empty() { "/mqtt" } else { path };
        Ok(Self { secure, websocket, host: host.into(), port, path: path.into() })
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            return write!(f, "[{}]:{}", self.host, self.port);
        }
        write!(f, "{}:{}", self.host, self.port)
    }
}

const fn yes() -> bool {
    true
}

const fn half_a_minute() -> Span {
    Span::seconds(30)
}

const fn a_year() -> Span {
    Span::seconds(400 * 86_400)
}

fn smartyreader() -> String {
    "smartyreader".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let address = |text: &str| text.parse::<Address>();
        let plain = address("mqtt://broker.lan").unwrap();
        assert_eq!((plain.to_string().as_str(), plain.secure, plain.websocket), ("broker.lan:1883", false, false));
        assert_eq!(address("mqtts://[::1]:9883").unwrap().to_string(), "[::1]:9883");
        let socket = address("wss://broker.lan/live").unwrap();
        assert_eq!((socket.port, socket.path.as_str()), (443, "/live"));
        for wrong in ["broker.lan", "http://broker.lan", "mqtt://", "mqtt://broker.lan:x", "mqtt://broker.lan/path"] {
            assert!(address(wrong).unwrap_err().contains("write it like"), "{wrong}");
        }
        let refused = address("mqtt://me:secret@broker.lan").unwrap_err();
        assert!(!refused.contains("secret"), "{refused}");
    }

    #[test]
    fn fields_are_chosen_by_name() {
        let format: ForeignFormat = toml::from_str(
            "name = \"smartyreader-1.7\"\nonly = [\"curr_*\", \"timestamp\"]\nwithout = [\"curr_l3_A\"]",
        )
        .unwrap();
        assert!(format.publishes("curr_l1_A") && format.publishes("timestamp"));
        assert!(!format.publishes("curr_l3_A") && !format.publishes("volt_l1_V"));
        assert!(toml::from_str::<Kind>("qos = 3").unwrap_err().to_string().contains("0, 1 or 2"));
    }
}
