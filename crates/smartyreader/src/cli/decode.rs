//! `decode`: what is in a capture, telegram by telegram, with the security facts.

use std::io::Read as _;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value, json};
use smarty_p1::{
    Deframer, Frame, LONGEST_FRAME, OpenError, Progress, Proof, Quantity, Reading, SealedFrame, Telegram, TelegramError,
};

use crate::config::{Meter, MeterKey};
use crate::exit::{Code, Failure};
use crate::hex;
use crate::observe::title_text;

#[derive(Debug, Args)]
pub(super) struct Decode {
    /// A file of captured bytes, or of hex digits; `-` for standard input.
    input: PathBuf,
    /// A file with the encryption key.
    #[arg(long, value_name = "FILE", conflicts_with = "key_env")]
    key_file: Option<PathBuf>,
    /// An environment variable with the encryption key.
    #[arg(long, value_name = "NAME")]
    key_env: Option<String>,
    /// `standard` or `none`.
    #[arg(long, default_value = "standard", value_parser = ["standard", "none"])]
    authentication_key: String,
    /// As JSON, one line a frame.
    #[arg(long)]
    json: bool,
}

impl Decode {
    pub(super) fn run(self) -> Result<(), Failure> {
        let bytes = self.bytes()?;
        let settings = Meter {
            key_file: self.key_file.clone(),
            key_env: self.key_env.clone(),
            authentication_key: Some(self.authentication_key.clone()),
            ..Meter::default()
        };
        let key = settings.keys().map_err(|problem| Failure::new(Code::Config, problem.to_string()))?;
        let mut deframer = Box::new(Deframer::<LONGEST_FRAME>::new());
        let mut story = Story { json: self.json, ..Story::default() };
        let mut rest = &bytes[..];
        loop {
            let (used, progress) = deframer.feed(rest);
            rest = &rest[used..];
            match progress {
                Progress::Pending if rest.is_empty() && !deframer.abandon() => break,
                Progress::Pending => {}
                Progress::Noise(bytes) => story.noise += bytes,
                Progress::BadLength | Progress::Overflow => story.noise += 1,
                Progress::Frame => {
                    if story.tell(deframer.frame(), key.as_ref()) {
                        deframer.accept();
                    } else {
                        deframer.reject();
                    }
                }
            }
        }
        story.end()
    }

    fn bytes(&self) -> Result<Vec<u8>, Failure> {
        let unreadable = |error: std::io::Error| {
            Failure::new(Code::NoInput, format!("{} cannot be read: {error}", self.input.display()))
        };
        let bytes = if self.input.as_os_str() == "-" {
            let mut bytes = Vec::new();
            std::io::stdin().read_to_end(&mut bytes).map_err(unreadable)?;
            bytes
        } else {
            std::fs::read(&self.input).map_err(unreadable)?
        };
        Ok(hex::bytes(&bytes).unwrap_or(bytes))
    }
}

#[derive(Default)]
struct Story {
    json: bool,
    noise: usize,
    good: usize,
    refused: usize,
}

impl Story {
    /// Tells one frame; true when it is proven.
    fn tell(&mut self, frame: Frame<'_>, key: Option<&MeterKey>) -> bool {
        let mut facts = Map::new();
        let proven = match frame {
            Frame::Foreign(protocol) => {
                facts.insert("verdict".into(), json!(format!("{protocol:?}, not P1").to_lowercase()));
                self.refused += 1;
                self.print(&facts, None);
                return true;
            }
            Frame::Plain(text) => {
                facts.insert("sealed".into(), json!(false));
                self.text(text, &mut facts)
            }
            Frame::Sealed(frame) => self.sealed(frame, key, &mut facts),
        };
        if proven {
            self.good += 1;
        } else {
            self.refused += 1;
        }
        proven
    }

    fn sealed(&mut self, mut frame: SealedFrame<'_>, key: Option<&MeterKey>, facts: &mut Map<String, Value>) -> bool {
        let title = frame.system_title();
        facts.insert("sealed".into(), json!(true));
        facts.insert("system_title".into(), json!(hex::upper(&title)));
        facts.insert("system_title_text".into(), json!(title_text(title)));
        facts.insert("frame_counter".into(), json!(frame.frame_counter()));
        facts.insert("security_control".into(), json!(format!("{:02X}", frame.security_control())));
        let Some(key) = key else {
            facts.insert("verdict".into(), json!("a whole sealed frame; give --key-file to open it"));
            self.print(facts, None);
            return true;
        };
        match frame.open(&key.encryption, &key.authentication) {
            Ok(proof) => {
                let tag = if proof == Proof::Tag { "right: origin proven" } else { "not checked: origin not proven" };
                facts.insert("tag".into(), json!(tag));
                let text = frame.into_text();
                self.text(text, facts)
            }
            Err(error) => {
                let verdict = match error {
                    OpenError::SecurityControl(_) => "another security suite than P1's",
                    OpenError::TagMismatch => "the tag does not fit: wrong key, another meter's frame, or damage",
                    OpenError::AuthenticationKeyDiffers => {
                        "the key opens it, but the meter has another authentication key; --authentication-key none reads it without proof of origin"
                    }
                    OpenError::NotATelegram => "what comes out is no telegram: wrong key or damage",
                };
                facts.insert("verdict".into(), json!(verdict));
                self.print(facts, None);
                false
            }
        }
    }

    fn text(&mut self, text: &[u8], facts: &mut Map<String, Value>) -> bool {
        match Telegram::parse(text) {
            Err(TelegramError::CrcMismatch { written, computed }) => {
                facts.insert("crc".into(), json!(format!("{written:04X}, but it is {computed:04X}")));
                facts.insert("verdict".into(), json!("damaged: the checksum is wrong"));
                self.print(facts, None);
                false
            }
            Err(TelegramError::NotATelegram) => {
                facts.insert("verdict".into(), json!("opened, but no telegram"));
                self.print(facts, None);
                false
            }
            Ok(telegram) => {
                let crc = telegram.crc().map_or("none".into(), |crc| format!("{crc:04X}, right"));
                facts.insert("crc".into(), json!(crc));
                facts.insert("verdict".into(), json!("good"));
                facts.insert("identification".into(), json!(String::from_utf8_lossy(telegram.identification())));
                self.print(facts, Some(&telegram));
                true
            }
        }
    }

    fn print(&self, facts: &Map<String, Value>, telegram: Option<&Telegram<'_>>) {
        if self.json {
            let mut facts = facts.clone();
            if let Some(telegram) = telegram {
                let values: Map<String, Value> = Reading::of(telegram)
                    .values
                    .iter()
                    .map(|(quantity, value)| (quantity.name().into(), json!(value)))
                    .collect();
                let objects: Vec<Value> = telegram
                    .objects()
                    .flatten()
                    .map(|object| {
                        let groups: Vec<_> = object.groups().map(String::from_utf8_lossy).collect();
                        json!({"obis": object.obis.to_string(), "groups": groups})
                    })
                    .collect();
                facts.insert("values".into(), Value::Object(values));
                facts.insert("objects".into(), Value::Array(objects));
            }
            println!("{}", Value::Object(facts));
            return;
        }
        for (name, value) in facts {
            println!("{name:<20}{}", value.as_str().map_or_else(|| value.to_string(), str::to_string));
        }
        if let Some(telegram) = telegram {
            let reading = Reading::of(telegram);
            println!();
            for object in telegram.objects() {
                match object {
                    Err(line) => println!("  not an object: {}", String::from_utf8_lossy(line.0)),
                    Ok(object) => {
                        let groups: Vec<_> = object.groups().map(String::from_utf8_lossy).collect();
                        let meaning = Quantity::of(object.obis)
                            .and_then(|quantity| Some(format!("{} = {}", quantity.name(), reading.get(quantity)?)))
                            .unwrap_or_default();
                        println!("  {:<14}{:<36}{meaning}", object.obis.to_string(), groups.join(" | "));
                    }
                }
            }
        }
        println!();
    }

    fn end(self) -> Result<(), Failure> {
        if !self.json {
            println!("{} good, {} refused, {} bytes of noise", self.good, self.refused, self.noise);
        }
        if self.good > 0 {
            return Ok(());
        }
        Err(Failure::new(Code::Data, "no telegram in this could be proven"))
    }
}
