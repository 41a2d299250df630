//! Refuse: what is not taken, each kind counted under its own name and said to the evidence.

use smarty_p1::{Authentication, SealedFrame, TelegramError};

use super::{Intake, Verdict};
use crate::doctor::Event;
use crate::observe::count;

/// Why no key opened a frame.
#[derive(Clone, Copy)]
pub(super) enum OpenFailure {
    NoKey,
    SecurityControl(u8),
    AuthenticationKeyDiffers(usize),
    /// Tried with the key of this meter, at least.
    Tag(usize),
}

impl Intake {
    pub(super) fn refuse_frame(&mut self, frame: &mut SealedFrame<'_>, failure: OpenFailure, now: i64) -> Verdict {
        let title = frame.system_title();
        match failure {
            OpenFailure::NoKey => {
                self.count("no_key");
                // A key that is configured and unusable has its own sentence.
                let none = self.meters.iter().all(|meter| matches!(meter.key, Ok(None)));
                self.note(Event::WithoutKey(title, none), now);
                Verdict::Search
            }
            OpenFailure::SecurityControl(control) => {
                self.count("security_control");
                // Counted apart: inside a frame that could not be opened, chance makes one in a hundred look like this.
                self.note(Event::SecurityControl(control), now);
                Verdict::Search
            }
            OpenFailure::AuthenticationKeyDiffers(index) => {
                self.count("authentication_key_differs");
                self.said.concerns = index;
                self.note(Event::AuthenticationKeyDiffers(title), now);
                Verdict::Done
            }
            OpenFailure::Tag(index) => {
                let keys = self.meters[index].key.as_ref().ok().and_then(Option::as_ref);
                let unchecked = keys.is_some_and(|keys| keys.authentication == Authentication::Unchecked);
                self.count(if unchecked { "not_a_telegram" } else { "tag_mismatch" });
                if let Some(whose) = self.opened_by_a_stranger(frame) {
                    self.note(Event::Unopened(title, Some(whose)), now);
                    return Verdict::Done;
                }
                self.note(Event::Unopened(title, self.whose_key(index, title)), now);
                Verdict::Search
            }
        }
    }

    /// `opened`: by a right tag, so that nothing on the way can have damaged it.
    pub(super) fn refuse_text(&mut self, text: &[u8], error: TelegramError, opened: bool, now: i64) -> Verdict {
        match error {
            TelegramError::CrcMismatch { .. } => {
                self.count("crc_mismatch");
                // A chance start in a sealed frame takes the next good text along; that is no damaged one.
                let is_text = text.iter().filter(|byte| !byte.is_ascii()).count() * 10 < text.len();
                if opened {
                    self.note(Event::ChecksumInside, now);
                } else if is_text {
                    self.note(Event::WrongChecksum, now);
                }
            }
            TelegramError::NotATelegram => self.count("not_a_telegram"),
        }
        Verdict::Search
    }

    pub(super) fn unknown(&mut self, equipment: &str, now: i64) -> Verdict {
        self.count("unknown_meter");
        self.note(Event::UnknownMeter(equipment), now);
        Verdict::Done
    }

    pub(super) fn noise(&mut self, bytes: usize, now: i64) {
        self.observer.source(&self.source, |source| count(&mut source.counters, "noise_bytes", bytes as u64));
        let forgiven = bytes.min(self.forgiven);
        self.forgiven -= forgiven;
        // A message that is no frame has a sentence of its own.
        if bytes > forgiven && self.collector.topic.is_none() {
            self.note(Event::Noise(bytes - forgiven), now);
        }
    }
}
