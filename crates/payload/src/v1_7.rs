//! Version 1.7: what the first SmartyReader's sketch of 2025 publishes.
//!
//! One plain value to a topic, or everything calculated as one JSON object ("cooked"), and Home Assistant's discovery
//! for either. Each name can be switched off, as in the sketch's `config.h`. Not retained, sent at most once, as
//! the sketch does.

mod calculated;
mod discovery;

use core::fmt::{self, Display, Formatter};

use crate::decimal::Decimal;
use crate::field::FIELDS;
use crate::json::Object;
use crate::moment::{Climate, Moment};
use crate::time::Iso;

pub use discovery::{Discovery, UID};

/// The name under which the host's time is published.
const HOST_TIME: &str = "ntp_datetime";

/// Which names the sketch's `config.h` publishes unless told otherwise: all but the exceedance of the running
/// quarter-hour and everything about 12 kW.
pub fn on_by_default(name: &str) -> bool {
    !(name.contains("_exceed_class_") && (name.ends_with("_15min_Wh") || name.contains("_class_12kW_")))
}

/// One plain value to a topic. What the meter has not sent, or nobody knows, is not published.
///
/// `wanted` is asked by the names of `config.h`: a field without its unit (`act_pwr_imported_p_plus`), a calculated value
/// with it, `ntp_datetime`, `bme280_temperature_C`.
pub fn all(moment: &Moment<'_>, wanted: &dyn Fn(&str) -> bool, visit: &mut impl FnMut(&dyn Display, &dyn Display)) {
    if let Some(time) = moment.host_time
        && wanted(HOST_TIME)
    {
        visit(&HOST_TIME, &Iso(time));
    }
    for (name, value) in climate(moment.climate) {
        if wanted(name) {
            visit(&name, &value);
        }
    }
    for field in FIELDS.iter().filter(|field| wanted(field.name)) {
        let Some(value) = field.plain(moment) else { continue };
        if field.unit.is_empty() {
            visit(&field.name, &value);
        } else {
            visit(&format_args!("{}_{}", field.name, field.unit), &value);
        }
    }
    for entry in &calculated::ENTRIES {
        if let (Some(name), Some(value)) = (entry.name(moment.calculated), entry.value(moment))
            && wanted(name.as_str())
        {
            visit(&name, &value.rounded(2));
        }
    }
}

/// Everything calculated as one JSON object, published on the topic itself, keys in the sketch's order.
pub struct Cooked<'a> {
    /// What it is made of.
    pub moment: &'a Moment<'a>,
    /// As in [`all`]. The meter's time and identifier are always in it.
    pub wanted: &'a dyn Fn(&str) -> bool,
}

impl Display for Cooked<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let moment = self.moment;
        let mut object = Object::begin(f)?;
        if (self.wanted)(HOST_TIME) {
            object.known_text(HOST_TIME, moment.host_time.map(Iso))?;
        }
        for (name, value) in climate(moment.climate).filter(|(name, _)| (self.wanted)(name)) {
            object.raw(name, value.trimmed())?;
        }
        object.text("smarty_datetime", Iso(moment.clock.local))?;
        object.known_text("smarty_id", Some(moment.equipment).filter(|text| !text.is_empty()))?;
        for entry in &calculated::ENTRIES {
            if let (Some(name), Some(value)) = (entry.name(moment.calculated), entry.value(moment))
                && (self.wanted)(name.as_str())
            {
                object.raw(name, value.trimmed())?;
            }
        }
        object.end()
    }
}

fn climate(climate: Option<Climate>) -> impl Iterator<Item = (&'static str, Decimal)> {
    climate.into_iter().flat_map(|climate| {
        [
            ("bme280_temperature_C", climate.temperature_dc),
            ("bme280_humidity_%", climate.humidity_dpc),
            ("bme280_pressure_hPa", climate.pressure_dhpa),
        ]
        .map(|(name, tenths)| (name, Decimal::new(tenths.into(), 1)))
    })
}
