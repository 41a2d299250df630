//! Meter: one metering point, what it is called and what it measures.

use std::path::PathBuf;

use serde::Deserialize;

use super::{DeviceTitles, Direction, Number, Role, Tank, Tariff};

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
    /// `standard`, `none`, or 32 hex digits. Left out: `standard`.
    pub authentication_key: Option<String>,
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
