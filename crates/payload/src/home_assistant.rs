//! Home Assistant: entities that announce themselves (MQTT discovery).
//!
//! One message for the whole device, as Home Assistant takes it since 2024.11, or one for each entity. Both are
//! to be retained, and sent again when [`BIRTH_TOPIC`] says [`BIRTH`]. The states are [`crate::native`]'s messages.
//! Keys are Home Assistant's abbreviations; `default_entity_id` takes the place of `object_id`, which is dead since 2026.4.

mod entity;
mod sent;

use core::fmt::{self, Display, Formatter};

use crate::json::{Object, Text};
use crate::mbus::MbusChannels;
use crate::native::Topic;
use crate::topic::{Below, EntityId, Identifier};
use entity::Entity;
pub use sent::Sent;

/// The discovery prefix unless told otherwise.
pub const PREFIX: &str = "homeassistant";
/// Below the prefix: where Home Assistant says that it has started.
pub const BIRTH_TOPIC: &str = "status";
/// What it says then.
pub const BIRTH: &str = "online";
/// To be sent to each old topic of an entity before the device's message takes the entity over.
pub const MIGRATE: &str = r#"{"migrate_discovery":true}"#;

/// The meter as Home Assistant's device page shows it.
#[derive(Clone, Copy, Debug)]
pub struct Device<'a> {
    /// The name in the configuration; topics and unique ids are made from it, so that history outlives a meter swap.
    pub meter: &'a str,
    /// For people.
    pub title: &'a str,
    /// The meter's identifier.
    pub equipment: Option<&'a str>,
    /// Who made the meter.
    pub manufacturer: Option<&'a str>,
    /// Its model.
    pub model: Option<&'a str>,
    /// Version of this software.
    pub software: &'a str,
    /// The reader's own page.
    pub url: Option<&'a str>,
}

/// The topic of a device's message below the prefix: `device/smartyreader_home/config`.
#[derive(Clone, Copy, Debug)]
pub struct DeviceTopic<'a>(pub &'a str);

impl Display for DeviceTopic<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "device/smartyreader_{}/config", Identifier(self.0))
    }
}

/// The topic of one entity's message below the prefix: `sensor/smartyreader_home/power_import/config`. An empty retained
/// message there removes the entity.
#[derive(Clone, Copy, Debug)]
pub struct ComponentTopic<'a> {
    /// The meter's name.
    pub meter: &'a str,
    /// As [`Discovery::components`] names it.
    pub key: &'a str,
}

impl Display for ComponentTopic<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let platform = platform(self.key);
        write!(f, "{platform}/smartyreader_{}/{}/config", Identifier(self.meter), Identifier(self.key))
    }
}

/// What the key of a valve ends with.
const VALVE_OPEN: &str = "_valve_open";

/// What Home Assistant calls the kind of an entity: only a valve is not a number.
fn platform(key: &str) -> &'static str {
    if key.ends_with(VALVE_OPEN) { "binary_sensor" } else { "sensor" }
}

/// A meter with everything it has. Written out, it is the device's message.
#[derive(Clone, Copy, Debug)]
pub struct Discovery<'a> {
    /// The device.
    pub device: Device<'a>,
    /// The base topic of [`crate::native`].
    pub base: &'a str,
    /// What the meter has ever sent.
    pub sent: Sent,
    /// What its M-Bus channels are.
    pub mbus: MbusChannels,
    /// The names of the devices on them, where [`crate::native::Device`] tells of them.
    pub devices: [Option<&'a str>; 4],
    /// Something is made behind this meter.
    pub household: bool,
    /// Reference powers, W.
    pub references_w: &'a [u32],
    /// Whether the meter's contract has a reference power.
    pub has_reference: bool,
    /// Whether its costs are published.
    pub has_costs: bool,
    /// Seconds without a message after which a live value is shown as unavailable. 0: never.
    pub expire_after_s: u32,
    /// Keys of entities that were announced once and are no more: they are removed. To be sent once; the next message
    /// goes without them. A key that there is stays.
    pub removed: &'a [&'a str],
}

impl Display for Discovery<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut object = Object::begin(f)?;
        self.shared(&mut object)?;
        object.text("stat_t", Below(self.base, Topic::Live(self.device.meter)))?;
        object.raw("cmps", Components(self))?;
        object.end()
    }
}

impl Discovery<'_> {
    /// The key of each entity: what to remember, so that it can be removed one day.
    pub fn components(&self, visit: &mut impl FnMut(&str)) {
        // The visitor cannot fail.
        let _ = self.entities(&mut |entity| {
            visit(entity.key.as_str());
            Ok(())
        });
    }

    /// The same entities, each with a message of its own. Topics stand below the prefix.
    pub fn single(&self, visit: &mut impl FnMut(&dyn Display, &dyn Display)) {
        // The visitor cannot fail.
        let _ = self.entities(&mut |entity| {
            let topic = ComponentTopic { meter: self.device.meter, key: entity.key.as_str() };
            visit(&topic, &Single { discovery: self, entity });
            Ok(())
        });
    }

    /// What device and origin are, and when they are there.
    fn shared(&self, object: &mut Object<'_, '_>) -> fmt::Result {
        let meter = self.device.meter;
        object.raw("dev", DeviceObject(&self.device))?;
        object.raw("o", Origin(self.device.software))?;
        let (reader, own) = (Below(self.base, Topic::Reader), Below(self.base, Topic::Availability(meter)));
        object.raw("avty", format_args!("[{{\"t\":{}}},{{\"t\":{}}}]", Text(reader), Text(own)))?;
        object.text("avty_mode", "all")
    }

    /// One entity's own fields, up to and without its state topic.
    fn describe(&self, object: &mut Object<'_, '_>, entity: &Entity) -> fmt::Result {
        let meter = self.device.meter;
        let Entity { key, .. } = entity;
        object.text("uniq_id", format_args!("smartyreader_{}_{key}", Identifier(meter)))?;
        object.text("name", entity.label())?;
        object.text("default_entity_id", format_args!("{}.{}_{key}", entity.platform(), EntityId(meter)))?;
        object.known_text("dev_cla", entity.class)?;
        object.known_text("stat_cla", entity.state)?;
        object.known_text("unit_of_meas", entity.unit)?;
        object.known("sug_dsp_prc", entity.precision)?;
        object.known_text("ent_cat", entity.diagnostic.then_some("diagnostic"))?;
        object.text("val_tpl", entity.template())?;
        object.known_text("lrst_val_tpl", entity.last_reset())?;
        let expires = entity.is_live() && self.expire_after_s > 0;
        object.known("exp_aft", expires.then_some(self.expire_after_s))
    }
}

struct Components<'a>(&'a Discovery<'a>);

impl Display for Components<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let discovery = self.0;
        let mut object = Object::begin(f)?;
        discovery.entities(&mut |entity| object.raw(entity.key, Component { discovery, entity }))?;
        for key in discovery.removed {
            let mut there = false;
            discovery.components(&mut |present| there |= present == *key);
            if !there {
                object.raw(key, format_args!("{{\"p\":\"{}\"}}", platform(key)))?;
            }
        }
        object.end()
    }
}

struct Component<'a> {
    discovery: &'a Discovery<'a>,
    entity: &'a Entity,
}

impl Display for Component<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut object = Object::begin(f)?;
        object.text("p", self.entity.platform())?;
        self.discovery.describe(&mut object, self.entity)?;
        if !self.entity.is_live() {
            let topic = self.entity.topic(self.discovery);
            object.text("stat_t", Below(self.discovery.base, topic))?;
        }
        object.end()
    }
}

struct Single<'a> {
    discovery: &'a Discovery<'a>,
    entity: &'a Entity,
}

impl Display for Single<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut object = Object::begin(f)?;
        self.discovery.describe(&mut object, self.entity)?;
        object.text("stat_t", Below(self.discovery.base, self.entity.topic(self.discovery)))?;
        self.discovery.shared(&mut object)?;
        object.end()
    }
}

struct DeviceObject<'a>(&'a Device<'a>);

impl Display for DeviceObject<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Device { meter, title, equipment, manufacturer, model, software, url } = self.0;
        let mut object = Object::begin(f)?;
        object.raw("ids", format_args!("[{}]", Text(format_args!("smartyreader_{}", Identifier(meter)))))?;
        object.text("name", title)?;
        object.known_text("mf", *manufacturer)?;
        object.known_text("mdl", *model)?;
        object.known_text("sn", *equipment)?;
        object.text("sw", software)?;
        object.known_text("cu", *url)?;
        object.end()
    }
}

struct Origin<'a>(&'a str);

impl Display for Origin<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut object = Object::begin(f)?;
        object.text("name", "SmartyReader")?;
        object.text("sw", self.0)?;
        object.text("url", env!("CARGO_PKG_REPOSITORY"))?;
        object.end()
    }
}
