//! Collector: takes messages that boards and other programs publish, and makes readings of them.
//!
//! The payload decides what a message is ([`published`](super::published)). Readings that come in pieces are put together
//! ([`assembly`](super::published::assembly)); frames go the way of all frames, each message for itself. Values that
//! come without a telegram are proven by nobody: [`Proof::Published`] says so.

use smarty_p1::{Values, crc16};
use smarty_store::Proof;

use super::arrival::{Opened, Taken};
use super::published::assembly::{Assemblies, Complete};
use super::published::draft::{Equipment, Fault, Said};
use super::published::{Message, PARTS, Story, excerpt, understand};
use super::{Arrival, Intake};
use crate::clock::Moment;
use crate::doctor::Cause;
use crate::observe::{Trouble, count};

/// A longer message has no format: hex of the longest frame, with room.
pub const LONGEST_MESSAGE: usize = 65_536;
/// Nor has a longer topic.
const LONGEST_TOPIC: usize = 1024;
/// A broken message on a topic that is silent since is no trouble any more.
const FORGIVEN: i64 = 3600;

/// What is kept between messages.
#[derive(Default)]
pub(super) struct Collector {
    assemblies: Assemblies,
    /// Numbers that the configuration points to, by the meter's name.
    pub(super) numbers: Assemblies,
    /// The topic of the message that is being read for frames.
    pub(super) topic: Option<Box<str>>,
    /// Frames that were judged since the start.
    pub(super) frames: u64,
    /// Something was understood since the start.
    pub(super) heard: bool,
    /// The topic that is being complained about, and when something broken last came on it.
    broken: Option<(Box<str>, i64)>,
    /// Which base topic an only meter listens to, and when it last did.
    pub(super) bound: Option<(Box<str>, i64)>,
}

/// Where a reading came from, and when.
pub(super) struct Origin<'a> {
    pub(super) topic: &'a str,
    pub(super) base: &'a str,
    pub(super) first: i64,
    pub(super) last: i64,
    /// One part without the others: kept by the broker, it comes again with each connection.
    pub(super) alone: bool,
}

impl Intake {
    /// Takes a whole message and adds what it completes to `arrivals`. `now` is this machine's time.
    ///
    /// A reading whose fields come one by one is complete with a later message, or with [`Intake::tick`].
    pub fn message(&mut self, topic: &str, payload: &[u8], now: i64, arrivals: &mut Vec<Arrival>) {
        self.tick(now, arrivals);
        self.observer.source(&self.source, |source| {
            source.last_byte = Some(now);
            count(&mut source.counters, "bytes", payload.len() as u64);
            count(&mut source.counters, "messages", 1);
        });
        if payload.len() > LONGEST_MESSAGE || topic.len() > LONGEST_TOPIC {
            self.count("oversized_messages");
            if self.may_hear(topic) {
                self.broken(topic, format!("has {} bytes, more than any format", topic.len() + payload.len()), now);
            }
            return;
        }
        if self.numbers(topic, payload, now, arrivals) {
            return;
        }
        match understand(topic, payload) {
            Message::Bytes(bytes) => self.frames_of(topic, &bytes, now, arrivals),
            Message::Reading { base, story } => {
                let whole = self.judge_story(topic, &story, now);
                let origin = Origin { topic, base, first: now, last: now, alone: false };
                self.publish(&origin, story.draft.finish(), now, arrivals);
                self.mended(topic, whole, now);
            }
            Message::Part { base, name, story } => {
                let whole = self.judge_story(topic, &story, now);
                let mut done = Vec::new();
                let parts = PARTS.len();
                self.collector.assemblies.part((base, topic), name, story.draft, parts, now, &mut done);
                self.complete(done, now, arrivals);
                self.mended(topic, whole, now);
            }
            Message::Field { base, name, content } => {
                self.count("fields");
                match content {
                    Ok(content) => {
                        let mut done = Vec::new();
                        self.collector.assemblies.field((base, topic), name, content, now, &mut done);
                        self.complete(done, now, arrivals);
                        self.mended(topic, true, now);
                    }
                    Err(fault) => self.judge_faults(topic, &[fault], now),
                }
            }
            Message::Announcement => self.count("announcements"),
            Message::Aside => self.count("aside_messages"),
            Message::Foreign(what) => {
                self.count("foreign_messages");
                // On a broker with other devices this is daily bread; before the first reading it may be the reason.
                if !self.collector.heard {
                    self.observer.raise(&self.subject, &Trouble::ForeignMessage { topic: excerpt(topic), what });
                }
            }
            // What other devices call JSON is theirs.
            Message::Malformed(_) if !self.may_hear(topic) => self.count("foreign_messages"),
            Message::Malformed(why) => {
                self.count("malformed_messages");
                self.broken(topic, why, now);
            }
        }
    }

    /// Completes readings whose fields have stopped coming. To be called once a second or so, or at
    /// [`Intake::next_tick`].
    pub fn tick(&mut self, now: i64, arrivals: &mut Vec<Arrival>) {
        let mut done = Vec::new();
        self.collector.assemblies.expire(now, &mut done);
        self.complete(done, now, arrivals);
        let mut done = Vec::new();
        self.collector.numbers.expire(now, &mut done);
        self.complete_numbers(done, now, arrivals);
    }

    /// When [`Intake::tick`] will have something to do, UTC seconds; `None` while nothing waits.
    pub fn next_tick(&self) -> Option<i64> {
        [&self.collector.assemblies, &self.collector.numbers].into_iter().filter_map(Assemblies::next).min()
    }

    /// A message is a whole telegram: nothing of it is waited for.
    fn frames_of(&mut self, topic: &str, bytes: &[u8], now: i64, arrivals: &mut Vec<Arrival>) {
        let before = self.collector.frames;
        self.collector.topic = Some(topic.into());
        self.deframe(bytes, now, arrivals);
        self.silence(now, arrivals);
        self.collector.topic = None;
        let whole = self.collector.frames > before;
        if !whole {
            self.count("malformed_messages");
            self.broken(topic, "begins like a telegram and does not hold a whole one".into(), now);
        }
        self.mended(topic, whole, now);
    }

    fn complete(&mut self, done: Vec<Complete>, now: i64, arrivals: &mut Vec<Arrival>) {
        for complete in done {
            if complete.torn {
                self.count("torn_readings");
                continue;
            }
            let Complete { topic, base, draft, first, last, alone, .. } = complete;
            let origin = Origin { topic: &topic, base: &base, first, last, alone };
            self.publish(&origin, draft.finish(), now, arrivals);
        }
    }

    /// A reading as it was published: whose is it, when was it, is it new?
    fn publish(&mut self, origin: &Origin<'_>, said: Option<Said>, now: i64, arrivals: &mut Vec<Arrival>) {
        let Some(said) = said else { return self.count("empty_readings") };
        let Some(index) = self.whose(origin.topic, origin.base, said.equipment.as_ref(), now) else {
            return self.unknown_published(origin.topic, said.equipment);
        };
        self.publish_of(index, origin, said, now, arrivals);
    }

    /// A reading of a known meter.
    pub(super) fn publish_of(
        &mut self,
        index: usize,
        origin: &Origin<'_>,
        said: Said,
        now: i64,
        arrivals: &mut Vec<Arrival>,
    ) {
        let Said { values, stamp, equipment, texts } = said;
        if !self.meters[index].accept_plain {
            self.count("published_refused");
            let trouble = Trouble::PublishedRefused { topic: excerpt(origin.topic) };
            return self.observer.raise(&self.meters[index].subject, &trouble);
        }
        let meter = &self.meters[index];
        let moment =
            stamp.map_or(Moment::Host(origin.first), |stamp| stamp.resolve(&self.zone, meter.last_time, origin.first));
        let time = match moment {
            Moment::Meter(time) => Some(time),
            Moment::Host(_) => None,
        };
        let says_nothing_new = meter.last_published.as_ref().is_some_and(|(last, before)| {
            time == Some(*last) && values.iter().all(|(quantity, value)| before.get(quantity) == Some(value))
        });
        let is_old = origin.alone && time.zip(meter.last_time).is_some_and(|(time, last)| time < last);
        if says_nothing_new || is_old {
            return self.count("duplicate");
        }
        let segment = meter.segment(equipment.as_ref());
        let ident = u64::from(checksum(&values, time));
        self.meters[index].last_published = time.map(|time| (time, Box::new(values)));
        let taken = Taken {
            opened: Opened { index, equipment: segment, proof: Proof::Published, seal: None, ident },
            moment,
            received: origin.last,
            values,
            texts,
            telegram: Box::default(),
            counts: [("unknown_objects", 0), ("malformed_objects", 0), ("repeated_objects", 0)],
        };
        self.take(taken, now, arrivals);
    }

    fn unknown_published(&mut self, topic: &str, equipment: Option<Equipment>) {
        self.count("unknown_meter");
        let known = |name: &str| {
            self.meters.iter().any(|meter| {
                meter.last_segment.as_deref() == Some(name) || meter.equipment.iter().any(|known| known == name)
            })
        };
        let trouble = match equipment {
            Some(Equipment::Whole(name)) if !name.is_empty() && !known(&name) => {
                Cause::UnknownMeter { equipment: name }.into()
            }
            _ => Trouble::UnknownTopic { topic: excerpt(topic) },
        };
        self.observer.raise(&self.subject, &trouble);
    }

    /// Counts what could not be read in an object; whether there was nothing such.
    fn judge_story(&mut self, topic: &str, story: &Story, now: i64) -> bool {
        self.observer.source(&self.source, |source| count(&mut source.counters, "unknown_fields", story.unknown));
        self.judge_faults(topic, &story.faults, now);
        story.faults.is_empty()
    }

    pub(super) fn judge_faults(&mut self, topic: &str, faults: &[Fault], now: i64) {
        for fault in faults {
            self.count(if fault.out_of_range { "out_of_range" } else { "malformed_fields" });
        }
        if let Some(fault) = faults.first() {
            self.broken(topic, format!("is not right: {}", fault.sentence), now);
        }
    }

    /// Says once what is wrong, of one topic at a time.
    pub(super) fn broken(&mut self, topic: &str, why: String, now: i64) {
        let topic = excerpt(topic);
        let (broken, last) = self.collector.broken.get_or_insert_with(|| (topic.as_str().into(), now));
        if **broken == *topic {
            *last = now;
            self.observer.raise(&self.subject, &Trouble::MalformedMessage { topic, why });
        }
    }

    /// A good message: it is over where it came on the topic that was complained about, or long after.
    pub(super) fn mended(&mut self, topic: &str, whole: bool, now: i64) {
        let over = |(broken, last): &(Box<str>, i64)| **broken == *excerpt(topic) || now - last > FORGIVEN;
        if whole && self.collector.broken.as_ref().is_some_and(over) {
            self.collector.broken = None;
            self.observer.clear(&self.subject, &["malformed-message"]);
        }
    }
}

/// A checksum of the time and the values, so that a message that comes twice is one reading.
pub fn checksum(values: &Values, time: Option<i64>) -> u16 {
    let mut bytes = Vec::with_capacity(256);
    bytes.extend(time.unwrap_or_default().to_le_bytes());
    for (quantity, value) in values.iter() {
        bytes.push(quantity.code());
        bytes.extend(value.to_le_bytes());
    }
    crc16(&bytes)
}
