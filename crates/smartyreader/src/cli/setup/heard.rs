//! Heard: what a port said to `setup`, and whether a key opens it.

use std::collections::HashMap;
use std::path::PathBuf;

use smarty_p1::{
    Authentication, Deframer, Frame, Key, LONGEST_FRAME, OpenError, Progress, Reading, SealedFrame, Telegram, hex_text,
};

use crate::cli::listen::{PORT, around, listen, serial};
use crate::config::Meter;
use crate::doctor::Cause;
use crate::exit::Failure;
use crate::intake::Intake;
use crate::observe::{Observer, title_text};

/// What was heard.
pub(super) enum Heard {
    /// No telegram, and what the doctor makes of it.
    No(Cause),
    /// A telegram that everybody can read.
    Plain { equipment: String, crc: bool },
    /// A telegram that is to be opened.
    Sealed { title: [u8; 8], frame: Vec<u8> },
}

impl Heard {
    pub(super) const fn is_a_meter(&self) -> bool {
        !matches!(self, Self::No(_))
    }

    pub(super) fn sentence(&self) -> String {
        match self {
            Self::No(cause) => format!("{} {}", cause.sentence(), cause.advice()),
            Self::Plain { equipment, .. } => format!("A plain telegram of meter {equipment}: no key is needed."),
            Self::Sealed { title, .. } => {
                format!("A sealed telegram of meter {}: the key is needed.", title_text(*title))
            }
        }
    }
}

/// Listens on a port until something is known of it.
pub(super) async fn hear(device: PathBuf, preset: &str, seconds: u64) -> Result<Heard, Failure> {
    let meter = Meter::default();
    let config = around(serial(device, preset), meter)?;
    let source = &config.source[PORT];
    let mut intake = Intake::new(&config, PORT, HashMap::new(), Observer::new());
    intake.look_at_all();
    let mut ear = Ear::default();
    let findings = listen(source, &mut intake, seconds, |bytes| ear.hear(bytes)).await;
    Ok(ear.heard.unwrap_or_else(|| {
        let target = source.target();
        Heard::No(findings.causes.into_iter().next().unwrap_or(Cause::Garbage { target, text: false }))
    }))
}

/// Looks for the first telegram.
struct Ear {
    deframer: Box<Deframer<LONGEST_FRAME>>,
    heard: Option<Heard>,
}

impl Default for Ear {
    fn default() -> Self {
        Self { deframer: Box::new(Deframer::new()), heard: None }
    }
}

impl Ear {
    /// Whether there is one by now.
    fn hear(&mut self, mut rest: &[u8]) -> bool {
        while self.heard.is_none() {
            let (used, progress) = self.deframer.feed(rest);
            rest = &rest[used..];
            match progress {
                Progress::Pending if rest.is_empty() => break,
                Progress::Frame => {
                    // Kept, since the key is asked for only after the port has gone on.
                    let bytes = self.deframer.frame_bytes().to_vec();
                    self.heard = recognise(self.deframer.frame(), bytes);
                    if self.heard.is_none() {
                        self.deframer.reject();
                    }
                }
                _ => {}
            }
        }
        self.heard.is_some()
    }
}

fn recognise(frame: Frame<'_>, bytes: Vec<u8>) -> Option<Heard> {
    match frame {
        Frame::Foreign(_) => None,
        Frame::Sealed(sealed) => {
            let title = sealed.system_title();
            // Without a key nothing proves it; a maker's three letters seldom come by chance.
            let likely = title[..3].iter().all(u8::is_ascii_uppercase);
            likely.then_some(Heard::Sealed { title, frame: bytes })
        }
        Frame::Plain(text) => {
            let telegram = Telegram::parse(text).ok()?;
            let reading = Reading::of(&telegram);
            let mut decoded = [0; 64];
            let identity = reading.identity().unwrap_or(telegram.identification());
            let equipment = hex_text(identity, &mut decoded)
                .map_or_else(|| String::from_utf8_lossy(identity).into_owned(), str::to_string);
            Some(Heard::Plain { equipment, crc: telegram.crc().is_some() })
        }
    }
}

/// Whether the key opens the frame. `Ok(true)`: it does, but only without the tag. The error is a sentence without the key.
pub(super) fn try_key(text: &str, title: [u8; 8], frame: &[u8]) -> Result<bool, String> {
    let key = Key::from_hex(text).map_err(|why| format!("This is no key: {why}."))?;
    if key.is_standard_authentication_key() {
        return Err(
            "This is the public authentication key, which is the same for all meters. The meter's own encryption key is the other one in the operator's letter.".into(),
        );
    }
    let mut bytes = frame.to_vec();
    let Some(mut sealed) = SealedFrame::parse(&mut bytes) else {
        return Err("The frame that was heard is not whole; try again.".into());
    };
    match sealed.open(&key, &Authentication::Standard) {
        Ok(_) => Ok(false),
        Err(OpenError::AuthenticationKeyDiffers) => Ok(true),
        Err(_) => Err(format!(
            "This key does not open the telegrams. They come from meter {}: is the key for that one?",
            title_text(title)
        )),
    }
}
