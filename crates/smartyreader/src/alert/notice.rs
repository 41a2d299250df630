//! Notice: an alert of a meter, as it is said.

use std::sync::Arc;

use jiff::tz::TimeZone;
use smarty_ledger::alert::Event;
use smarty_payload::native::{Alert, Sentence};

/// An alert of a meter.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Whose.
    pub meter: Arc<str>,
    /// What.
    pub event: Event,
    /// The same for people.
    pub sentence: String,
}

impl Notice {
    /// Says it.
    pub fn new(meter: &Arc<str>, event: Event) -> Self {
        Self { meter: Arc::clone(meter), event, sentence: Sentence(&event).to_string() }
    }

    /// The message for machines, the same on every way.
    pub fn message(&self, zone: &TimeZone) -> String {
        let offset = |utc: i64| zone.to_offset(jiff::Timestamp::from_second(utc).unwrap_or_default()).seconds();
        let event = &self.event;
        Alert { meter: &self.meter, event, offset: offset(event.time), since_offset: offset(event.since) }.to_string()
    }

    /// Whether two speak of the same thing.
    pub fn is_about(&self, other: &Self) -> bool {
        self.meter == other.meter && self.event.code == other.event.code && self.event.phase == other.event.phase
    }
}
