//! Value: whether a text may stand in a setting.

use core::fmt::{self, Display, Formatter};
use core::net::Ipv4Addr;

use smarty_p1::{InvalidKey, Key};

use super::name::{Kind, Name};

/// Why a value was not taken, as a sentence. It never repeats the value: that may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is no setting of this name.
    NoSuchName,
    /// It is too long.
    TooLong(Name, u8),
    /// It is no number, or not between these.
    NotBetween(Name, u32, u32),
    /// It is none of the words.
    NotOneOf(Name, &'static [&'static str]),
    /// It is no key.
    NotAKey(Name, InvalidKey),
    /// It is not hex, or too long.
    NotHex(Name, u8),
    /// It is no address.
    NotAnAddress(Name),
    /// It is no address with its network.
    NotANetwork(Name),
    /// It has a character that no setting can have.
    ControlCharacter(Name),
    /// It cannot stand in a topic.
    NotATopic(Name),
    /// All settings together are too long.
    Full,
}

impl Display for Refused {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchName => f.write_str("there is no setting of this name"),
            Self::TooLong(name, longest) => write!(f, "{}: at most {longest} bytes fit", name.name()),
            Self::NotBetween(name, from, to) => write!(f, "{}: write a number from {from} to {to}", name.name()),
            Self::NotOneOf(name, words) => {
                write!(f, "{}: write one of", name.name())?;
                words.iter().try_for_each(|word| write!(f, " {word}"))
            }
            Self::NotAKey(name, why) => write!(f, "{}: {why}", name.name()),
            Self::NotHex(name, longest) => {
                write!(f, "{}: write hex digits, two for each byte, at most {longest} bytes", name.name())
            }
            Self::NotAnAddress(name) => write!(f, "{}: write an address like 192.168.1.20", name.name()),
            Self::NotANetwork(name) => {
                write!(f, "{}: write the address and its network like 192.168.1.20/24", name.name())
            }
            Self::ControlCharacter(name) => write!(f, "{}: leave line ends and control characters out", name.name()),
            Self::NotATopic(name) => {
                write!(f, "{}: leave + and # out, and / at the beginning and the end", name.name())
            }
            Self::Full => f.write_str("all settings together are too long; shorten names or passwords"),
        }
    }
}

impl core::error::Error for Refused {}

/// An empty value is always right: it means the default.
pub(super) fn check(name: Name, value: &str) -> Result<(), Refused> {
    if value.is_empty() {
        return Ok(());
    }
    if value.chars().any(char::is_control) {
        return Err(Refused::ControlCharacter(name));
    }
    let all_hex = || value.bytes().all(|byte| byte.is_ascii_hexdigit());
    match name.kind() {
        Kind::Text(longest) if value.len() > usize::from(longest) => Err(Refused::TooLong(name, longest)),
        Kind::Text(_) => check_topic(name, value),
        Kind::Number(from, to) => match value.parse::<u32>() {
            Ok(number) if (from..=to).contains(&number) => Ok(()),
            _ => Err(Refused::NotBetween(name, from, to)),
        },
        Kind::Switch if !matches!(value, "on" | "off") => Err(Refused::NotOneOf(name, &["on", "off"])),
        Kind::Choice(words) if !words.contains(&value) => Err(Refused::NotOneOf(name, words)),
        Kind::Switch | Kind::Choice(_) => Ok(()),
        Kind::Key if value.len() > 128 => Err(Refused::TooLong(name, 128)),
        Kind::Key => Key::from_hex(value).map(drop).map_err(|why| Refused::NotAKey(name, why)),
        Kind::Hex(longest) => {
            let right = value.len().is_multiple_of(2) && value.len() <= 2 * usize::from(longest) && all_hex();
            if right { Ok(()) } else { Err(Refused::NotHex(name, longest)) }
        }
        Kind::Address => value.parse::<Ipv4Addr>().map(drop).map_err(|_| Refused::NotAnAddress(name)),
        Kind::Network => network(value).map(drop).ok_or(Refused::NotANetwork(name)),
    }
}

/// `192.168.1.20/24`.
pub(super) fn network(value: &str) -> Option<(Ipv4Addr, u8)> {
    let (address, prefix) = value.split_once('/')?;
    let prefix = prefix.parse().ok().filter(|prefix| (1..=30).contains(prefix))?;
    Some((address.parse().ok()?, prefix))
}

fn check_topic(name: Name, value: &str) -> Result<(), Refused> {
    let is_topic = matches!(name, Name::Meter | Name::Topic | Name::FormatTopic | Name::HomeAssistantPrefix);
    let wrong = value.contains(['+', '#']) || value.starts_with('/') || value.ends_with('/');
    if is_topic && wrong { Err(Refused::NotATopic(name)) } else { Ok(()) }
}
