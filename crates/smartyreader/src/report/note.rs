//! Note: who has got a report, so that everybody gets it once, whatever is restarted or set back in between.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What is noted of one report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When the report was made, UTC seconds.
    pub made: i64,
    /// Each address.
    pub to: BTreeMap<String, Fate>,
}

/// What became of one mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It has still to be sent.
    Owed,
    /// The server took it, UTC seconds.
    Sent(i64),
    /// It could not be sent for too long, and was given up: why.
    GivenUp(String),
}

impl Note {
    /// A report that was made just now and is owed to everybody.
    pub fn new(made: i64, to: &[String]) -> Self {
        Self { made, to: to.iter().map(|address| (address.clone(), Fate::Owed)).collect() }
    }

    /// Who has still to get it.
    pub fn owed(&self) -> impl Iterator<Item = &str> {
        self.to.iter().filter(|(_, fate)| **fate == Fate::Owed).map(|(address, _)| address.as_str())
    }
}
