//! Store: where readings are kept, how soon, and how long.

use std::path::PathBuf;

use serde::Deserialize;

use super::{Size, Span};

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
