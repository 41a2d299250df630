//! Discovery: tells Home Assistant of each meter's entities, and takes away those that are gone.
//!
//! What was announced before is read back from the broker, which keeps it: so entities of an earlier version, of an
//! exchanged meter or of the other form are found and removed, without anything to remember here.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use smarty_p1::Quantity;
use smarty_payload::MbusChannels;
use smarty_payload::home_assistant::{ComponentTopic, Device, DeviceTopic, Discovery, MIGRATE, Sent};
use tokio::time::Instant;

use super::moment::{channels, telegram};
use crate::config::{self, HomeAssistant, Qos};
use crate::devices::DeviceNow;
use crate::hub::Live;
use crate::mqtt::Message;

/// The broker sends what it kept within this time of our subscription.
const PATIENCE: Duration = Duration::from_millis(800);
/// A quantity that a meter has not sent for so long, while it sent others, is gone.
pub(super) const GONE: i64 = 7 * 86_400;

/// What is announced of one meter.
pub(super) struct Announcement {
    meter: String,
    title: String,
    base: String,
    settings: HomeAssistant,
    household: bool,
    references_w: Vec<u32>,
    has_reference: bool,
    has_costs: bool,
    sent: Sent,
    mbus: MbusChannels,
    devices: [Option<Arc<str>>; 4],
    equipment: Option<String>,
    model: Option<String>,
    /// Components that the broker keeps of us.
    kept: BTreeSet<String>,
    /// The broker keeps the other form too.
    kept_device: bool,
    kept_single: BTreeSet<String>,
    /// When it is to be published.
    due: Option<Instant>,
}

impl Announcement {
    pub(super) fn new(meter: &str, config: &config::Config, settings: &config::Mqtt) -> Self {
        Self {
            meter: meter.into(),
            title: config.meter.get(meter).and_then(|meter| meter.title.clone()).unwrap_or_else(|| meter.into()),
            base: settings.topic.clone(),
            settings: HomeAssistant {
                // A sensor may measure more seldom than a meter sends.
                expire_after: settings.home_assistant.expire_after.max(config.longest_silence(meter)),
                ..settings.home_assistant.clone()
            },
            household: config.productions_of(meter).next().is_some(),
            references_w: config.calculated.classes.iter().map(|class| (class * 1000.0).round() as u32).collect(),
            has_reference: config.tariff_of(meter).is_some_and(|tariff| !tariff.reference_power.0.is_empty()),
            has_costs: settings.costs.is_on() && config.tariff_of(meter).is_some(),
            sent: Sent::default(),
            mbus: MbusChannels::default(),
            devices: [const { None }; 4],
            equipment: None,
            model: None,
            kept: BTreeSet::new(),
            kept_device: false,
            kept_single: BTreeSet::new(),
            due: None,
        }
    }

    /// The topics on which the broker keeps what was announced.
    pub(super) fn filters(&self) -> [String; 3] {
        let prefix = &self.settings.prefix;
        let [number, valve] = self.around_key().map(|(before, after)| format!("{prefix}/{before}+{after}"));
        [format!("{prefix}/{}", DeviceTopic(&self.meter)), number, valve]
    }

    /// What stands before and behind the key in a component's topic: of a number, and of a valve.
    fn around_key(&self) -> [(String, String); 2] {
        ["KEY", "KEY_valve_open"].map(|key| {
            let topic = ComponentTopic { meter: &self.meter, key }.to_string();
            let (before, after) = topic.rsplit_once(key).unwrap_or((&topic, ""));
            (before.into(), after.into())
        })
    }

    /// The connection is new: what the broker keeps comes first.
    pub(super) fn begin(&mut self) {
        self.kept.clear();
        self.kept_device = false;
        self.kept_single.clear();
        self.due = Some(Instant::now() + PATIENCE);
    }

    /// It is wanted now: Home Assistant has started.
    pub(super) fn again(&mut self) {
        self.due = Some(Instant::now());
    }

    /// When it is to be published.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due.filter(|_| self.settings.enabled && self.sent.iter().next().is_some())
    }

    /// What the store knows to have been sent.
    pub(super) fn knows(&mut self, quantities: impl IntoIterator<Item = Quantity>) {
        for quantity in quantities {
            self.sent.insert(quantity);
        }
    }

    /// A reading: perhaps the first of its kind.
    pub(super) fn reading(&mut self, live: &Live) {
        let reading = &live.arrival.reading;
        let new = reading.values.iter().any(|(quantity, _)| !self.sent.contains(quantity));
        let swapped = self.equipment.as_deref().is_some_and(|known| known != &*reading.segment);
        let moved = self.take_devices(&live.devices);
        if !new && !swapped && !moved && self.equipment.is_some() {
            return;
        }
        if swapped {
            self.sent = Sent::default();
        }
        self.knows(reading.values.iter().map(|(quantity, _)| quantity));
        let telegram = telegram(live);
        self.equipment = Some(reading.segment.to_string());
        self.model = telegram.map(|telegram| String::from_utf8_lossy(telegram.identification()).into_owned());
        // The first may not have everything; and what the broker keeps may still be on its way.
        self.due = Some(self.due.unwrap_or_else(Instant::now).max(Instant::now()));
    }

    /// What hangs on the M-Bus; true where that has changed. A reading without any device says nothing of them: boards
    /// publish them apart from the rest.
    fn take_devices(&mut self, devices: &[DeviceNow]) -> bool {
        let mut ids = [const { None }; 4];
        for device in devices {
            ids[usize::from(device.channel - 1)] = Some(Arc::clone(&device.id));
        }
        let mbus = channels(devices);
        if devices.is_empty() || (ids == self.devices && mbus == self.mbus) {
            return false;
        }
        (self.mbus, self.devices) = (mbus, ids);
        true
    }

    /// Whether a message is about this; it is taken in if the broker kept it.
    pub(super) fn message(&mut self, topic: &str, payload: &[u8], retained: bool) -> bool {
        let Some(below) = topic.strip_prefix(&self.settings.prefix).and_then(|rest| rest.strip_prefix('/')) else {
            return false;
        };
        let ours = below == DeviceTopic(&self.meter).to_string();
        let around = self.around_key();
        let key =
            around.iter().find_map(|(before, after)| below.strip_prefix(before.as_str())?.strip_suffix(after.as_str()));
        if !ours && key.is_none() {
            return false;
        }
        if !retained || payload.is_empty() {
            return true;
        }
        if let Some(key) = key {
            self.kept_single.insert(key.into());
        } else if let Ok(config) = serde_json::from_slice::<Value>(payload) {
            self.kept_device = true;
            let components = config.get("cmps").or_else(|| config.get("components")).and_then(Value::as_object);
            self.kept.extend(components.into_iter().flat_map(|components| components.keys().cloned()));
        }
        true
    }

    /// The messages, in the order in which they must go.
    pub(super) fn messages(&mut self) -> Vec<Message> {
        self.due = None;
        let device = Device {
            meter: &self.meter,
            title: &self.title,
            equipment: self.equipment.as_deref(),
            manufacturer: None,
            model: self.model.as_deref(),
            software: env!("CARGO_PKG_VERSION"),
            url: None,
        };
        let expire_after_s = u32::try_from(self.settings.expire_after.0.as_secs()).unwrap_or(u32::MAX);
        let discovery = Discovery {
            device,
            base: &self.base,
            sent: self.sent,
            mbus: self.mbus,
            devices: self.devices.each_ref().map(Option::as_deref),
            household: self.household,
            references_w: &self.references_w,
            has_reference: self.has_reference,
            has_costs: self.has_costs,
            expire_after_s,
            removed: &[],
        };
        let mut keys = BTreeSet::new();
        discovery.components(&mut |key: &str| {
            keys.insert(key.to_string());
        });
        let prefix = &self.settings.prefix;
        let retained = |topic: String, payload: String| Message {
            topic: format!("{prefix}/{topic}"),
            payload: payload.into_bytes(),
            qos: Qos::AtLeastOnce,
            retain: true,
        };
        let device_topic = DeviceTopic(&self.meter).to_string();
        let single_topic = |key: &str| ComponentTopic { meter: &self.meter, key }.to_string();
        let mut messages = Vec::new();
        match self.settings.form {
            config::Discovery::Device => {
                for key in &self.kept_single {
                    messages.push(retained(single_topic(key), MIGRATE.into()));
                }
                let gone: Vec<&str> = self.kept.difference(&keys).map(String::as_str).collect();
                if !gone.is_empty() {
                    let removing = Discovery { removed: &gone, sent: self.sent, ..discovery };
                    messages.push(retained(device_topic.clone(), removing.to_string()));
                }
                messages.push(retained(device_topic, discovery.to_string()));
                for key in &self.kept_single {
                    messages.push(retained(single_topic(key), String::new()));
                }
                self.kept_single.clear();
                self.kept = keys;
            }
            config::Discovery::Components => {
                if self.kept_device {
                    messages.push(retained(device_topic.clone(), MIGRATE.into()));
                }
                for key in self.kept_single.difference(&keys) {
                    messages.push(retained(single_topic(key), String::new()));
                }
                discovery.single(&mut |topic: &dyn std::fmt::Display, payload: &dyn std::fmt::Display| {
                    messages.push(retained(topic.to_string(), payload.to_string()));
                });
                if self.kept_device {
                    messages.push(retained(device_topic, String::new()));
                }
                self.kept_device = false;
                self.kept_single = keys;
            }
        }
        messages
    }
}
