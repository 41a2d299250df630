//! Say: what the evidence comes to is said, and taken back when it is over.

use smarty_p1::SealedFrame;

use super::Intake;
use crate::doctor::{Cause, Event, When};
use crate::hex;
use crate::words::title_text;

/// What is being said.
#[derive(Default)]
pub(super) struct Said {
    /// Subjects and codes.
    now: Vec<(String, &'static str)>,
    /// Something went wrong since it was last looked at.
    news: bool,
    /// Something went well since.
    relief: bool,
    /// The meter that a cause with a meter is about.
    pub(super) concerns: usize,
}

impl Intake {
    /// Nothing is to be forgotten: a span is looked at, and asked about at its end.
    pub fn look_at_all(&mut self) {
        self.evidence.remember_all();
    }

    /// Nothing more will come.
    pub fn end(&mut self) {
        self.evidence.end();
    }

    /// What is wrong with what has come, most probable first, as far as it can be told. `now`: this machine's time.
    pub fn causes(&self, now: i64) -> Vec<Cause> {
        self.evidence.causes(When::AtTheEnd(now))
    }

    /// Takes into evidence what happened.
    pub(super) fn note(&mut self, event: Event<'_>, now: i64) {
        if self.evidence.take(event, now) {
            self.said.news = true;
        } else {
            self.said.relief = true;
        }
    }

    /// Raises what is wrong and clears what is over.
    pub(super) fn say(&mut self) {
        let news = std::mem::take(&mut self.said.news);
        let relief = std::mem::take(&mut self.said.relief) && !self.said.now.is_empty();
        if !news && !relief {
            return;
        }
        let causes = self.evidence.causes(When::Meanwhile);
        let now: Vec<(String, &'static str)> =
            causes.iter().map(|cause| (self.subject_of(cause).to_string(), cause.code())).collect();
        for (subject, code) in self.said.now.iter().filter(|said| !now.contains(said)) {
            self.observer.clear(subject, &[code]);
        }
        for ((subject, code), cause) in now.iter().zip(causes) {
            if news || !self.said.now.iter().any(|(_, said)| said == code) {
                self.observer.raise(subject, &cause.into());
            }
        }
        self.said.now = now;
    }

    fn subject_of(&self, cause: &Cause) -> &str {
        match cause {
            Cause::AuthenticationKeyDiffers { .. } | Cause::PlainRefused => {
                self.meters.get(self.said.concerns).map_or(&self.subject, |meter| &meter.subject)
            }
            _ => &self.subject,
        }
    }

    /// Tries the keys of meters on other sources: are two exchanged? A clause for [`Cause::KeyOfAnotherMeter`]; what was
    /// opened is used for nothing.
    pub(super) fn opened_by_a_stranger(&self, frame: &mut SealedFrame<'_>) -> Option<String> {
        let mut strangers = self.strangers.iter();
        let (name, _) = strangers.find(|(_, keys)| frame.open(&keys.encryption, &keys.authentication).is_ok())?;
        Some(format!("the key of [meter.{name}] opens them"))
    }

    /// What is known of a key that does not open the frames of a title: which it opened before, or which meter it was
    /// configured for. A clause for [`Cause::KeyOfAnotherMeter`].
    pub(super) fn whose_key(&self, index: usize, title: [u8; 8]) -> Option<String> {
        let meter = &self.meters[index];
        let keys = meter.key.as_ref().ok()?.as_ref()?;
        let check = keys.encryption.check_value();
        let before = self.marks.keys().find(|(key, _)| *key == check).map(|(_, title)| *title);
        let before = before.or_else(|| self.titles.iter().find(|(_, meter)| **meter == index).map(|(title, _)| *title));
        match before {
            Some(before) if before == title => return None,
            Some(before) => return Some(format!("the key is the one of {}", title_text(before))),
            None => {}
        }
        // In Luxembourg the title ends with the serial number, and so does the meter's name.
        let serial = u32::from_be_bytes([0, title[5], title[6], title[7]]).to_string();
        let named = |name: &String| name.ends_with(&serial) || name.eq_ignore_ascii_case(&hex::upper(&title));
        let other = meter.equipment.first().filter(|_| !meter.equipment.iter().any(named))?;
        Some(format!("the configuration has the key for {other}"))
    }
}
