//! Device: what people call the meters behind a meter.

use std::collections::BTreeMap;

use serde::Deserialize;
use smarty_p1::Medium;

use super::Config;
use super::check::Findings;

/// Titles by identifier.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct DeviceTitles(BTreeMap<String, String>);

impl DeviceTitles {
    /// The title of a device: as set, else what it measures.
    pub fn of(&self, id: &str, medium: Medium, device_type: Option<i64>) -> &str {
        self.0.get(id).map_or(medium.title(device_type), String::as_str)
    }
}

/// What is wrong with the titles.
pub(super) fn check(config: &Config, findings: &mut Findings) {
    for (name, meter) in &config.meter {
        for id in meter.devices.0.keys() {
            if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
                findings.error(format!(
                    "meter {name}: \"{id}\" in `devices` is no identifier of a meter behind it; \
                     /api/v1/meters/{name}/devices lists those that there are"
                ));
            }
        }
    }
}
