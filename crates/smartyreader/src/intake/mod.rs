//! Intake: from bytes or messages of one source to readings of named meters. Which meter, which key, is it new?
//!
//! Everything that is refused is counted under its own name, and said in words once it is more than chance.

mod arrival;
mod collector;
mod describe;
mod number;
mod published;
mod refuse;
mod replay;
mod say;
mod whose;

use std::collections::HashMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use smarty_p1::Values;
use smarty_p1::{Deframer, Frame, LONGEST_FRAME, OpenError, Progress, Reading, SealedFrame, Telegram};
use smarty_store::{Mark, MeterReading, Proof};

use crate::config::{Config, Geometry, KeyProblem, MeterKey, SourceKind};
use crate::doctor::{Cause, Event, Evidence, Settings};
use crate::observe::{Observer, count};
use arrival::Opened;
use collector::Collector;
use describe::equipment;
use number::Number;

use refuse::OpenFailure;
use say::Said;

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

/// Bits a second of all meters since 2014, and of what has no such setting.
const FASTEST: u32 = 115_200;

/// So many other meters' keys are tried on what our own do not open.
const STRANGERS: usize = 16;

/// One source's intake.
pub struct Intake {
    source: Arc<str>,
    subject: String,
    without_crc: bool,
    replayed: bool,
    zone: TimeZone,
    meters: Vec<MeterIntake>,
    deframer: Box<Deframer<LONGEST_FRAME>>,
    marks: HashMap<MarkKey, Mark>,
    observer: Observer,
    /// Which meter a system title belongs to, once a key has opened one of its frames.
    titles: HashMap<[u8; 8], usize>,
    /// Keys of meters on other sources: whose is the one that fits?
    strangers: Vec<(String, MeterKey)>,
    /// Bytes of a refused frame that will now be searched, and come out as noise.
    forgiven: usize,
    evidence: Evidence,
    said: Said,
    collector: Collector,
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
        let mut unusable = None;
        for meter in &meters {
            if let Err(problem) = &meter.key {
                let sentence = problem.to_string();
                let cause = match problem {
                    KeyProblem::PublicKey(_) => Cause::PublicKey { sentence },
                    _ => Cause::KeyUnusable { sentence },
                };
                observer.raise(&meter.subject, &cause.clone().into());
                unusable = Some(cause);
            }
            observer.meter(&meter.name, |_| {});
        }
        let strangers = config.meter.iter().filter(|(other, _)| config.source_of(other) != Some(name));
        let strangers = strangers.filter_map(|(other, meter)| Some((other.clone(), meter.keys().ok()??)));
        let evidence = Evidence::new(Settings {
            target: source.target(),
            baud: if source.kind == SourceKind::Tcp { FASTEST } else { source.effective_baud() },
            timed: !source.kind.ends(),
            key: unusable,
        });
        Self {
            source: name.into(),
            subject: format!("source {name}"),
            without_crc: source.accepts_without_crc(),
            replayed: source.kind.ends(),
            zone: config.time_zone(),
            meters,
            deframer: Box::default(),
            marks,
            observer,
            titles: HashMap::new(),
            strangers: strangers.take(STRANGERS).collect(),
            forgiven: 0,
            evidence,
            said: Said::default(),
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
        let watched = self.evidence.wants_bytes();
        if watched {
            self.evidence.hear(bytes, now);
        }
        self.deframe(bytes, now, arrivals);
        // What has just gone wrong went wrong in these.
        if !watched && self.evidence.wants_bytes() {
            self.evidence.hear(bytes, now);
        }
        self.say();
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
                Progress::Noise(bytes) => self.noise(bytes, now),
                Progress::BadLength => self.count("bad_length"),
                Progress::Overflow => self.count("overflow"),
            }
        }
    }

    /// Half a second has passed without a byte: what is begun will not be finished.
    pub fn silence(&mut self, now: i64, arrivals: &mut Vec<Arrival>) {
        self.evidence.pause();
        // What waits inside of a refused frame was begun by chance.
        if self.deframer.pending() > self.forgiven && self.collector.topic.is_none() {
            self.note(Event::Abandoned, now);
        }
        while self.deframer.abandon() {
            self.count("abandoned");
            self.deframe(&[], now, arrivals);
        }
        self.say();
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
                self.note(Event::Foreign(protocol), now);
                Verdict::Done
            }
            Frame::Plain(text) => self.plain(text, now, arrivals),
            Frame::Sealed(frame) => self.sealed(frame, now, arrivals),
        };
        match verdict {
            Verdict::Done => deframer.accept(),
            Verdict::Search => {
                deframer.reject();
                self.forgiven = length;
            }
        }
        self.deframer = deframer;
        self.count("frames");
        self.collector.frames += 1;
    }

    fn plain(&mut self, text: &[u8], now: i64, arrivals: &mut Vec<Arrival>) -> Verdict {
        let telegram = match Telegram::parse(text) {
            Ok(telegram) => telegram,
            Err(error) => return self.refuse_text(text, error, false, now),
        };
        if telegram.crc().is_none() && !self.without_crc {
            self.count("without_crc");
            self.note(Event::WithoutChecksum, now);
            return Verdict::Done;
        }
        let reading = Reading::of(&telegram);
        let equipment = equipment(&reading, None, &telegram);
        let Some(index) = self.whose_telegram(&equipment, now) else {
            return self.unknown(&equipment, now);
        };
        if !self.meters[index].accept_plain {
            self.count("plain_refused");
            self.said.concerns = index;
            self.note(Event::PlainRefused, now);
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
            Err(error) => return self.refuse_frame(&mut frame, error, now),
        };
        let counter = frame.frame_counter();
        let text = frame.into_text();
        let telegram = match Telegram::parse(text) {
            Ok(telegram) => telegram,
            Err(error) => {
                self.refuse_text(text, error, proof == Proof::Tag, now);
                // A right tag proves where the frame ends.
                return Verdict::Done;
            }
        };
        let reading = Reading::of(&telegram);
        let equipment = equipment(&reading, Some(title), &telegram);
        let meter = &self.meters[index];
        if !meter.equipment.is_empty() && !meter.equipment.contains(&equipment) {
            return self.unknown(&equipment, now);
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
                        failure = OpenFailure::Tag(index);
                    }
                }
            }
        }
        Err(failure)
    }

    fn count(&self, name: &str) {
        self.observer.source(&self.source, |source| count(&mut source.counters, name, 1));
    }
}
