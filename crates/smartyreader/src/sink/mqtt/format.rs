//! Format: what other programs read, in the shape that they know, at their own pace.

use jiff::tz::TimeZone;
use smarty_ledger::Standing;
use smarty_p1::Quantity;
use smarty_payload::{dsmr_reader, smartyreader5, v1_5, v1_7};

use super::moment::{moment, standing, telegram};
use crate::config::{ForeignFormat, FormatName, Qos};
use crate::hub::Live;
use crate::mqtt::Message;
use crate::observe::Counters;

/// One format on one topic, of one meter.
pub(super) struct Format {
    settings: ForeignFormat,
    /// Where the registers stood at the last publication.
    before: Option<Standing>,
}

impl Format {
    pub(super) fn new(settings: ForeignFormat) -> Self {
        Self { settings, before: None }
    }

    /// Whether it is time for the next publication, by the meter's clock: a clock that was put back counts as time.
    fn is_due(&self, time: i64) -> bool {
        let every = self.settings.every().as_secs() as i64;
        self.before.is_none_or(|before| time < before.time || time - before.time >= every)
    }

    /// The messages for a reading, if it is time for them.
    pub(super) fn messages(&mut self, live: &Live, zone: &TimeZone, counters: &Counters) -> Vec<Message> {
        if !self.is_due(live.arrival.reading.time) {
            return Vec::new();
        }
        let telegram = telegram(live);
        let moment = moment(live, telegram.as_ref(), zone, self.before.as_ref());
        self.before = Some(standing(live));
        let settings = &self.settings;
        let base = settings.topic();
        let (qos, retain) = (settings.qos, settings.retain.unwrap_or(settings.name.retain()));
        let message = |topic: String, payload: String| Message { topic, payload: payload.into_bytes(), qos, retain };
        let mut messages = Vec::new();
        let mut below = |name: &dyn std::fmt::Display, payload: &dyn std::fmt::Display| {
            let name = name.to_string();
            if settings.publishes(&name) {
                messages.push(message(format!("{base}/{name}"), payload.to_string()));
            }
        };
        match settings.name {
            FormatName::PowerAndEnergy => {
                messages.push(message(base.into(), v1_5::PowerAndEnergy(&moment).to_string()));
            }
            FormatName::FieldsJson => v1_5::all_fields(&moment, v1_5::Form::Json, &mut below),
            FormatName::FieldsText => v1_5::all_fields(&moment, v1_5::Form::Text, &mut below),
            FormatName::Values => v1_7::all(&moment, &|name| settings.publishes(name), &mut below),
            FormatName::Cooked => {
                let cooked = v1_7::Cooked { moment: &moment, wanted: &|name| settings.publishes(name) };
                messages.push(message(base.into(), cooked.to_string()));
            }
            FormatName::Five => messages.push(message(base.into(), smartyreader5::Message(&moment).to_string())),
            FormatName::FiveTank => {
                let distance = moment.values.get(Quantity::Distance);
                if let Some(cm) = distance.and_then(|mm| u16::try_from((mm + 5) / 10).ok()) {
                    messages.push(message(base.into(), smartyreader5::Tank { cm }.to_string()));
                }
            }
            FormatName::DsmrReader => {
                let rejected = counters.iter().filter(|(name, _)| REJECTED.contains(&name.as_str()));
                let rejected = rejected.map(|(_, count)| count).sum();
                dsmr_reader::reading(&moment, &mut below);
                dsmr_reader::gas(&moment, &mut below);
                dsmr_reader::day_consumption(&moment, &mut below);
                dsmr_reader::meter_statistics(&moment, Some(rejected), &mut below);
                below(&dsmr_reader::JSON_TOPIC, &dsmr_reader::Json(&moment));
                if let Some(telegram) = &telegram {
                    below(&dsmr_reader::RAW_TOPIC, &dsmr_reader::Raw(telegram));
                }
            }
        }
        messages
    }

    /// What the `SmartyReader⁵` said after connecting, where `birth-topic` says on which topic.
    pub(super) fn announcement(&self) -> Option<Message> {
        let topic = self.settings.birth_topic.clone().filter(|_| self.settings.name == FormatName::Five)?;
        let payload = smartyreader5::ANNOUNCEMENT.into();
        Some(Message { topic, payload, qos: self.settings.qos, retain: false })
    }

    /// The discovery that the original had for these topics, below Home Assistant's prefix.
    pub(super) fn discovery(&self, live: &Live, client_id: &str, prefix: &str) -> Vec<Message> {
        if !(self.settings.discovery && matches!(self.settings.name, FormatName::Values | FormatName::Cooked)) {
            return Vec::new();
        }
        let settings = &self.settings;
        let mut messages = Vec::new();
        let discovery = v1_7::Discovery {
            client_id,
            topic: settings.topic(),
            uid: v1_7::UID,
            host_name: client_id,
            cooked: settings.name == FormatName::Cooked,
            software: env!("CARGO_PKG_VERSION"),
            calculated: &live.calculated,
            wanted: &|name| settings.publishes(name),
        };
        discovery.visit(&mut |topic: &dyn std::fmt::Display, payload: &dyn std::fmt::Display| {
            messages.push(Message {
                topic: format!("{prefix}/{topic}"),
                payload: payload.to_string().into_bytes(),
                qos: Qos::AtLeastOnce,
                retain: true,
            });
        });
        messages
    }
}

/// What a source counts as a telegram that was no good.
const REJECTED: [&str; 5] =
    ["crc_mismatch", "tag_mismatch", "not_a_telegram", "authentication_key_differs", "security_control"];
