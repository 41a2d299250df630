//! Intake: from bytes or messages of one source to readings of named meters. Which meter, which key, is it new?
//!
//! Everything that is refused is counted under its own name, and said in words once it is more than chance.

mod arrival;
mod collector;
mod describe;
mod number;
mod published;
mod replay;
mod whose;

use std::collections::HashMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use smarty_p1::Values;
use smarty_p1::{
    Authentication, Deframer, Frame, LONGEST_FRAME, OpenError, Progress, Reading, SealedFrame, Telegram, TelegramError,
};
use smarty_store::{Mark, MeterReading, Proof};

use crate::config::{Config, Geometry, KeyProblem, MeterKey};
use crate::observe::{Observer, Trouble, count};
use arrival::Opened;
use collector::Collector;
use describe::equipment;
use number::Number;

pub use collector::{LONGEST_MESSAGE, checksum};
pub use replay::{MarkKey, Seal};

/// A proven telegram of a known meter.
#[derive(Debug)]
pub struct Arrival {
    /// What is kept.
    pub reading: MeterReading,
    /// The proven text, as the meter made it. Empty where the values came without a telegram: as another program published
    /// them, with [`Proof::Published`], or as a sum of other meters.
    pub telegram: Box<[u8]>,
    /// Where it came from, when it was sealed.
    pub seal: Option<Seal>,
    /// From a file or standard input: never moves the mark against replays.
    pub replayed: bool,
}

/// So many failures in a row are no chance any more.
const NOT_BY_CHANCE: u32 = 3;
/// So many bytes without a frame are no cut-off telegram any more.
const MUCH_NOISE: usize = 300;

/// One source's intake.
pub struct Intake {
    source: Arc<str>,
    subject: String,
    target: String,
    without_crc: bool,
    replayed: bool,
    zone: TimeZone,
    meters: Vec<MeterIntake>,
    deframer: Box<Deframer<LONGEST_FRAME>>,
    marks: HashMap<MarkKey, Mark>,
    observer: Observer,
    /// Which meter a system title belongs to, once a key has opened one of its frames.
    titles: HashMap<[u8; 8], usize>,
    run: Run,
    collector: Collector,
}

/// What has been going wrong without a good telegram in between.
#[derive(Default)]
struct Run {
    noise: usize,
    /// Bytes of a refused frame that will now be searched, and come out as noise.
    forgiven: usize,
    unopened: u32,
    other_control: u32,
    damaged: u32,
}

struct MeterIntake {
    name: Arc<str>,
    subject: String,
    key: Result<Option<MeterKey>, KeyProblem>,
    equipment: Vec<String>,
    topic: Option<String>,
    accept_plain: bool,
    /// What it takes from this source, instead of telegrams.
    numbers: Vec<Number>,
    /// A sensor's: the vessel over which it hangs.
    tank: Option<Geometry>,
    last_time: Option<i64>,
    /// The identifier under which the last reading came.
    last_segment: Option<Arc<str>>,
    /// The last published reading: its time and what it said.
    last_published: Option<(i64, Box<Values>)>,
}

/// What becomes of a frame.
enum Verdict {
    /// Proven, and ours or not: go on behind it.
    Done,
    /// Not proven: search its inside.
    Search,
}

impl Intake {
    /// The intake of a configured source.
    pub fn new(config: &Config, name: &str, marks: HashMap<MarkKey, Mark>, observer: Observer) -> Self {
        let source = &config.source[name];
        let source_name = name;
        let meters: Vec<MeterIntake> = config
            .meters_on(name)
            .map(|(name, meter)| MeterIntake {
                numbers: Number::all(config, source_name, name),
                tank: meter.tank.as_ref().and_then(|tank| tank.geometry().ok()),
                name: name.into(),
                subject: format!("meter {name}"),
                key: meter.keys(),
                equipment: meter.equipment.clone(),
                topic: meter.topic.clone(),
                accept_plain: meter.accept_plain || !meter.has_key(),
                last_time: None,
                last_segment: None,
                last_published: None,
            })
            .collect();
        for meter in &meters {
            if let Err(problem) = &meter.key {
                let sentence = problem.to_string();
                let trouble = match problem {
                    KeyProblem::PublicKey(_) => Trouble::PublicKey { sentence },
                    _ => Trouble::KeyUnusable { sentence },
                };
                observer.raise(&meter.subject, &trouble);
            }
            observer.meter(&meter.name, |_| {});
        }
        Self {
            source: name.into(),
            subject: format!("source {name}"),
            target: source.target(),
            without_crc: source.accepts_without_crc(),
            replayed: source.kind.ends(),
            zone: config.time_zone(),
            meters,
            deframer: Box::default(),
            marks,
            observer,
            titles: HashMap::new(),
            run: Run::default(),
            collector: Collector::default(),
        }
    }

    /// Takes bytes and adds what they complete to `arrivals`. `now` is this machine's time.
    pub fn feed(&mut self, bytes: &[u8], now: i64, arrivals: &mut Vec<Arrival>) {
        if !bytes.is_empty() {
            self.observer.source(&self.source, |source| {
                source.last_byte = Some(now);
                count(&mut source.counters, "bytes", bytes.len() as u64);
            });
        }
        self.deframe(bytes, now, arrivals);
    }

    fn deframe(&mut self, bytes: &[u8], now: i64, arrivals: &mut Vec<Arrival>) {
        let mut rest = bytes;
        loop {
            let (used, progress) = self.deframer.feed(rest);
            rest = &rest[used..];
            match progress {
                Progress::Pending if rest.is_empty() => return,
                Progress::Pending => {}
                Progress::Frame => self.judge(now, arrivals),
                Progress::Noise(bytes) => self.noise(bytes),
                Progress::BadLength => self.count("bad_length"),
                Progress::Overflow => self.count("overflow"),
            }
        }
    }

    /// Half a second has passed without a byte: what is begun will not be finished.
    pub fn silence(&mut self, now: i64, arrivals: &mut Vec<Arrival>) {
        while self.deframer.abandon() {
            self.count("abandoned");
            self.deframe(&[], now, arrivals);
        }
    }

    /// Whether a frame is begun and not finished.
    pub fn is_waiting(&self) -> bool {
        self.deframer.pending() > 0
    }

    fn judge(&mut self, now: i64, arrivals: &mut Vec<Arrival>) {
        // The deframer's buffer and the rest of this struct are wanted at the same time.
        let mut deframer = std::mem::take(&mut self.deframer);
        let length = deframer.frame_bytes().len();
        let verdict = match deframer.frame() {
            Frame::Foreign(protocol) => {
                self.count("foreign");
                self.observer.raise(&self.subject, &Trouble::Foreign(protocol));
                Verdict::Done
            }
            Frame::Plain(text) => self.plain(text, now, arrivals),
            Frame::Sealed(frame) => self.sealed(frame, now, arrivals),
        };
        match verdict {
            Verdict::Done => deframer.accept(),
            Verdict::Search => {
                deframer.reject();
                self.run.forgiven = length;
            }
        }
        self.deframer = deframer;
        self.count("frames");
        self.collector.frames += 1;
    }

    fn plain(&mut self, text: &[u8], now: i64, arrivals: &mut Vec<Arrival>) -> Verdict {
        let telegram = match Telegram::parse(text) {
            Ok(telegram) => telegram,
            Err(error) => return self.refuse_text(error),
        };
        if telegram.crc().is_none() && !self.without_crc {
            self.count("without_crc");
            self.observer.raise(&self.subject, &Trouble::WithoutChecksum);
            return Verdict::Done;
        }
        let reading = Reading::of(&telegram);
        let equipment = equipment(&reading, None, &telegram);
        let Some(index) = self.whose_telegram(&equipment, now) else {
            return self.unknown(equipment);
        };
        if !self.meters[index].accept_plain {
            self.count("plain_refused");
            self.observer.raise(&self.meters[index].subject, &Trouble::PlainRefused);
            return Verdict::Done;
        }
        let ident = u64::from(telegram.crc().unwrap_or_else(|| smarty_p1::crc16(text)));
        let opened = Opened { index, equipment, proof: Proof::Plain, seal: None, ident };
        self.arrive(opened, &telegram, &reading, now, arrivals);
        Verdict::Done
    }

    fn sealed(&mut self, mut frame: SealedFrame<'_>, now: i64, arrivals: &mut Vec<Arrival>) -> Verdict {
        let title = frame.system_title();
        let (index, proof, key) = match self.open(&mut frame) {
            Ok(opened) => opened,
            Err(error) => return self.refuse_frame(title, error),
        };
        let counter = frame.frame_counter();
        let text = frame.into_text();
        let telegram = match Telegram::parse(text) {
            Ok(telegram) => telegram,
            Err(error) => {
                self.refuse_text(error);
                // A right tag proves where the frame ends.
                return Verdict::Done;
            }
        };
        let reading = Reading::of(&telegram);
        let equipment = equipment(&reading, Some(title), &telegram);
        let meter = &self.meters[index];
        if !meter.equipment.is_empty() && !meter.equipment.contains(&equipment) {
            return self.unknown(equipment);
        }
        let seal = Seal { system_title: title, frame_counter: counter, key };
        let opened = Opened { index, equipment, proof, seal: Some(seal), ident: u64::from(counter) };
        self.arrive(opened, &telegram, &reading, now, arrivals);
        Verdict::Done
    }

    /// Tries the key of the meter that this title belonged to before, then every other. A meter with a topic hears
    /// nothing else.
    fn open(&mut self, frame: &mut SealedFrame<'_>) -> Result<(usize, Proof, [u8; 4]), OpenFailure> {
        let title = frame.system_title();
        let known = self.titles.get(&title).copied();
        let order = known.into_iter().chain((0..self.meters.len()).filter(|index| Some(*index) != known));
        let mut failure = OpenFailure::NoKey;
        for index in order {
            let meter = &self.meters[index];
            if !meter.hears(self.collector.topic.as_deref()) {
                continue;
            }
            let Ok(Some(keys)) = &meter.key else { continue };
            match frame.open(&keys.encryption, &keys.authentication) {
                Ok(proof) => {
                    self.titles.insert(title, index);
                    let proof = match proof {
                        smarty_p1::Proof::Tag => Proof::Tag,
                        smarty_p1::Proof::Crc => Proof::Crc,
                    };
                    return Ok((index, proof, keys.encryption.check_value()));
                }
                // The most telling failure stands: another authentication key, then a wrong key.
                Err(OpenError::AuthenticationKeyDiffers) => failure = OpenFailure::AuthenticationKeyDiffers(index),
                Err(OpenError::SecurityControl(control)) => failure = OpenFailure::SecurityControl(control),
                Err(OpenError::TagMismatch | OpenError::NotATelegram) => {
                    if matches!(failure, OpenFailure::NoKey) {
                        failure = OpenFailure::Tag(matches!(keys.authentication, Authentication::Unchecked));
                    }
                }
            }
        }
        Err(failure)
    }

    fn refuse_frame(&mut self, title: [u8; 8], failure: OpenFailure) -> Verdict {
        match failure {
            OpenFailure::NoKey => {
                self.count("no_key");
                // A key that is configured and unusable has its own sentence.
                if self.meters.iter().all(|meter| matches!(meter.key, Ok(None))) {
                    self.observer.raise(&self.subject, &Trouble::SealedWithoutKey { title });
                }
                Verdict::Search
            }
            OpenFailure::SecurityControl(control) => {
                self.count("security_control");
                // Counted apart: inside a frame that could not be opened, chance makes one in a hundred look like this.
                self.run.other_control += 1;
                if self.run.other_control >= NOT_BY_CHANCE {
                    self.observer.raise(&self.subject, &Trouble::SecurityControl { control });
                }
                Verdict::Search
            }
            OpenFailure::AuthenticationKeyDiffers(index) => {
                self.count("authentication_key_differs");
                let trouble = Trouble::AuthenticationKeyDiffers { title };
                self.observer.raise(&self.meters[index].subject, &trouble);
                Verdict::Done
            }
            OpenFailure::Tag(unchecked) => {
                self.count(if unchecked { "not_a_telegram" } else { "tag_mismatch" });
                self.run.unopened += 1;
                self.run.other_control = 0;
                if self.run.unopened >= NOT_BY_CHANCE {
                    self.observer.raise(&self.subject, &Trouble::WrongKey { title, frames: self.run.unopened });
                }
                Verdict::Search
            }
        }
    }

    fn refuse_text(&mut self, error: TelegramError) -> Verdict {
        match error {
            TelegramError::CrcMismatch { .. } => {
                self.count("crc_mismatch");
                self.run.damaged += 1;
                if self.run.damaged >= NOT_BY_CHANCE {
                    self.observer.raise(&self.subject, &Trouble::Damaged { frames: self.run.damaged });
                }
            }
            TelegramError::NotATelegram => self.count("not_a_telegram"),
        }
        Verdict::Search
    }

    fn unknown(&mut self, equipment: String) -> Verdict {
        self.count("unknown_meter");
        self.observer.raise(&self.subject, &Trouble::UnknownMeter { equipment });
        Verdict::Done
    }

    fn noise(&mut self, bytes: usize) {
        self.observer.source(&self.source, |source| count(&mut source.counters, "noise_bytes", bytes as u64));
        let forgiven = bytes.min(self.run.forgiven);
        self.run.forgiven -= forgiven;
        self.run.noise += bytes - forgiven;
        // A message that is no frame has a sentence of its own.
        if self.run.noise >= MUCH_NOISE && self.collector.topic.is_none() {
            self.observer.raise(&self.subject, &Trouble::Garbage { target: self.target.clone() });
        }
    }

    fn count(&self, name: &str) {
        self.observer.source(&self.source, |source| count(&mut source.counters, name, 1));
    }
}

#[derive(Clone, Copy)]
enum OpenFailure {
    NoKey,
    SecurityControl(u8),
    AuthenticationKeyDiffers(usize),
    /// True: tried without a tag check.
    Tag(bool),
}
