//! Discovery: tells Home Assistant of the meter's entities, one message an entity, each made when it is its turn. The one
//! message for all of them would have 20 KB.

use core::fmt::{self, Display, Formatter, Write as _};

use embedded_storage::nor_flash::NorFlash;
use heapless::String;
use minimq::Io;
use smarty_payload::home_assistant::{Device, Discovery, Sent};

use super::session::{Broken, Path, Session};
use super::{Publisher, send};
use crate::devices::channels;
use crate::latest::Latest;
use crate::settings::{Name, Settings};

/// Seconds without a message after which a live value is shown as unavailable.
const EXPIRE_AFTER_S: u32 = 90;
/// The first SmartyReader's classes, W.
const REFERENCES_W: [u32; 3] = [3000, 7000, 12_000];

/// What has been announced.
#[derive(Default)]
pub(super) struct Announcement {
    /// What the meter has ever sent since the start.
    sent: Sent,
    /// Of what the announcement was made.
    made_of: Option<(Sent, smarty_payload::MbusChannels)>,
    /// The number of the next message.
    next: usize,
    /// More are to come.
    due: bool,
}

impl Announcement {
    /// Everything is to be said again.
    pub(super) fn again(&mut self) {
        self.made_of = None;
    }

    /// A telegram: perhaps the first with something in it.
    fn hear(&mut self, latest: &Latest) {
        self.sent.extend(latest.values.iter().map(|(quantity, _)| quantity));
        let now = Some((self.sent, channels(&latest.devices)));
        if self.made_of != now {
            self.made_of = now;
            (self.next, self.due) = (0, true);
        }
    }
}

impl<F: NorFlash> Publisher<'_, F> {
    /// The messages that are due; a few at a time, so that live values do not wait.
    pub(super) async fn announce<IO: Io>(&mut self, session: &mut Session<'_, '_, '_, IO>) -> Result<(), Broken> {
        const AT_ONCE: usize = 8;
        if !self.settings.is_on(Name::HomeAssistant) || self.latest.number == 0 {
            return Ok(());
        }
        self.discovery.hear(&self.latest);
        let mut model: String<64> = String::new();
        if let Some(telegram) = self.latest.telegram() {
            crate::books::push_lossy(&mut model, telegram.identification());
        }
        let entities = Entities {
            settings: self.settings,
            latest: &self.latest,
            model: &model,
            sent: self.discovery.sent,
            version: self.version,
        };
        for _ in 0..AT_ONCE {
            if !self.discovery.due {
                break;
            }
            let number = self.discovery.next;
            let mut path = Path::new();
            let prefix = self.settings.text(Name::HomeAssistantPrefix);
            entities.visit(number, &mut |topic, _| {
                // A topic that is too long is left out below.
                let _ = write!(path, "{prefix}/{topic}");
            });
            self.discovery.next += 1;
            self.discovery.due = !path.is_empty();
            if self.discovery.due {
                let body = Numbered { entities: &entities, number };
                send(session, &mut self.news, self.state, format_args!("{path}"), &body, (true, true)).await?;
            }
        }
        Ok(())
    }
}

/// All entities.
struct Entities<'a> {
    settings: &'a Settings,
    latest: &'a Latest,
    model: &'a str,
    sent: Sent,
    version: &'static str,
}

impl Entities<'_> {
    /// Shows the message with this number, counted from 0.
    fn visit(&self, number: usize, look: &mut dyn FnMut(&dyn Display, &dyn Display)) {
        let meter = self.settings.text(Name::Meter);
        let devices = self.latest.devices.each_ref().map(|device| device.as_ref().map(|device| device.id.as_str()));
        let discovery = Discovery {
            device: Device {
                meter,
                title: meter,
                equipment: Some(&self.latest.equipment),
                manufacturer: None,
                model: Some(self.model).filter(|model| !model.is_empty()),
                software: self.version,
                url: None,
            },
            base: self.settings.text(Name::Topic),
            sent: self.sent,
            mbus: channels(&self.latest.devices),
            devices,
            household: false,
            references_w: &REFERENCES_W,
            has_reference: self.settings.given(Name::ReferencePower).is_some(),
            has_costs: false,
            expire_after_s: EXPIRE_AFTER_S,
            removed: &[],
        };
        let mut index = 0;
        discovery.single(&mut |topic: &dyn Display, body: &dyn Display| {
            if index == number {
                look(topic, body);
            }
            index += 1;
        });
    }
}

/// The body of one of them.
struct Numbered<'a> {
    entities: &'a Entities<'a>,
    number: usize,
}

impl Display for Numbered<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut result = Ok(());
        self.entities.visit(self.number, &mut |_, body| result = body.fmt(f));
        result
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn the_version_is_that_of_the_image() {
        let settings = Settings::new();
        let mut latest = Latest::new();
        latest.values.set(smarty_p1::Quantity::EnergyImport, 6_695_000);
        let mut sent = Sent::default();
        sent.extend(latest.values.iter().map(|(quantity, _)| quantity));
        let entities = Entities { settings: &settings, latest: &latest, model: "", sent, version: "9.8.7" };
        let body = Numbered { entities: &entities, number: 0 }.to_string();
        let body: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
        assert_eq!((&body["dev"]["sw"], &body["o"]["sw"]), (&"9.8.7".into(), &"9.8.7".into()), "{body}");
    }
}
