//! Home Assistant's discovery as version 1.7 sends it: one message to an entity.
//!
//! Kept: topics, names, unique ids, units in the names. Changed, because Home Assistant refuses it or shows it wrongly: no
//! device class is left out instead of being called `none`, money is `monetary` in `EUR`, a value that is not there is
//! unknown instead of 0, and state classes are given, without which there are no statistics.

use core::fmt::{self, Display, Formatter};

use smarty_ledger::Calculated;

use super::calculated::{ENTRIES, Entry};
use crate::json::Object;
use crate::name::Name;
use crate::topic::Identifier;

/// The unique id that every SmartyReader of version 1.7 announces. A second meter on the same broker needs another.
pub const UID: &str = "46896430977854";

/// The announcements of everything calculated. To be retained; topics stand below the discovery prefix (`homeassistant`).
#[derive(Clone, Copy)]
pub struct Discovery<'a> {
    /// The MQTT client id, in topics and names: `SmartyReader_LAM_1`.
    pub client_id: &'a str,
    /// The topic that values are published on: `lamsmarty`.
    pub topic: &'a str,
    /// [`UID`], or another for a second meter.
    pub uid: &'a str,
    /// The board's host name, for the device's name: `smartyReader`.
    pub host_name: &'a str,
    /// Version of this software.
    pub software: &'a str,
    /// Whether values come as one JSON object; else each on its own topic.
    pub cooked: bool,
    /// For the reference powers.
    pub calculated: &'a Calculated,
    /// As in [`super::all`].
    pub wanted: &'a dyn Fn(&str) -> bool,
}

impl Discovery<'_> {
    /// Every announcement.
    pub fn visit(&self, visit: &mut impl FnMut(&dyn Display, &dyn Display)) {
        for (index, entry) in ENTRIES.iter().enumerate() {
            let Some(name) = entry.name(self.calculated).filter(|name| (self.wanted)(name.as_str())) else { continue };
            visit(
                &format_args!("sensor/{}/{}/config", Identifier(self.client_id), Identifier(name.as_str())),
                &Announcement { discovery: self, entry, name, number: index + 1 },
            );
        }
    }
}

struct Announcement<'a> {
    discovery: &'a Discovery<'a>,
    entry: &'a Entry,
    name: Name,
    number: usize,
}

impl Display for Announcement<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { discovery, entry, name, number } = self;
        let (unit, class, state) = match entry.unit() {
            "W" => ("W", "power", "measurement"),
            "m3" => ("m³", "gas", "total_increasing"),
            "euro" => ("EUR", "monetary", "total"),
            unit if entry.counts() => (unit, "energy", "total_increasing"),
            unit => (unit, "energy", "total"),
        };
        let mut object = Object::begin(f)?;
        object.text("name", format_args!("{} {name}", discovery.client_id))?;
        if discovery.cooked {
            object.text("state_topic", discovery.topic)?;
        } else {
            object.text("state_topic", format_args!("{}/{name}", discovery.topic))?;
        }
        object.text("unit_of_meas", unit)?;
        object.text("dev_cla", class)?;
        object.text("stat_cla", state)?;
        object.raw("frc_upd", true)?;
        object.text("uniq_id", format_args!("{}-{number}", discovery.uid))?;
        if discovery.cooked {
            // A class of 3.5 kW has a point in its name, which the short form would take for a path.
            object.text("val_tpl", format_args!("{{{{ value_json['{name}']|default(none) }}}}"))?;
        }
        object.raw("device", Device(discovery))?;
        object.end()
    }
}

struct Device<'a>(&'a Discovery<'a>);

impl Display for Device<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Discovery { uid, host_name, software, .. } = self.0;
        let mut object = Object::begin(f)?;
        object.text("name", format_args!("{host_name}-{uid}"))?;
        object.text("model", "self made")?;
        object.text("sw_version", software)?;
        object.text("manufacturer", "weigu.lu")?;
        object.raw("identifiers", format_args!("[{}]", crate::json::Text(uid)))?;
        object.end()
    }
}
