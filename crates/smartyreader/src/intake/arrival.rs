//! Arrival: a reading that is good becomes one of its meter. Its time, whether it is new, and what the health says of it.

use std::sync::Arc;

use smarty_p1::{Quantity, Reading, Telegram, Values};
use smarty_store::{Clock, MeterReading, Proof};

use super::describe::{add_times, texts};
use super::replay::is_newer;
use super::{Arrival, Intake, Seal};
use crate::clock::{self, Moment};
use crate::doctor::{Cause, DRIFT, Event, Good};
use crate::observe::count;

/// The pace of most boards, as long as theirs is not known.
const A_MINUTE: i64 = 60;

/// What is known of a telegram beside its text.
pub(super) struct Opened {
    /// The meter's place in the intake.
    pub(super) index: usize,
    pub(super) equipment: String,
    pub(super) proof: Proof,
    pub(super) seal: Option<Seal>,
    pub(super) ident: u64,
}

/// A reading that will be taken.
pub(super) struct Taken {
    pub(super) opened: Opened,
    pub(super) moment: Moment,
    /// When it came.
    pub(super) received: i64,
    pub(super) values: Values,
    pub(super) texts: Vec<(String, String)>,
    /// As the meter made it; empty where it came without.
    pub(super) telegram: Box<[u8]>,
    /// What is counted with the meter.
    pub(super) counts: [(&'static str, u64); 3],
}

impl Moment {
    /// The time, and whose it is.
    pub(super) const fn split(self) -> (i64, Clock) {
        match self {
            Self::Meter(time) => (time, Clock::Meter),
            Self::Host(time) => (time, Clock::Host),
        }
    }
}

impl Intake {
    /// A telegram of a known meter, proven as well as it can be.
    pub(super) fn arrive(
        &mut self,
        opened: Opened,
        telegram: &Telegram<'_>,
        reading: &Reading<'_>,
        now: i64,
        arrivals: &mut Vec<Arrival>,
    ) {
        let last = self.meters[opened.index].last_time;
        let moment = clock::resolve(reading.time, &self.zone, last, now);
        let (time, _) = moment.split();
        if let Some(seal) = opened.seal
            && !self.replayed
            && !is_newer(&mut self.marks, seal, time)
        {
            let again = self.marks.get(&(seal.key, seal.system_title)).is_some_and(|mark| mark.time == time);
            self.count(if again { "duplicate" } else { "replay" });
            self.note(if again { Event::Again } else { Event::Replayed }, now);
            return;
        }
        self.note(
            Event::Good(Good {
                equipment: &opened.equipment,
                title: opened.seal.map(|seal| seal.system_title),
                counter: opened.seal.map(|seal| seal.frame_counter),
                time: match moment {
                    Moment::Meter(time) => Some(time),
                    Moment::Host(_) => None,
                },
                register_wh: reading.get(Quantity::EnergyImport),
            }),
            now,
        );
        let mut values = reading.values;
        add_times(&mut values, reading, &self.zone, now);
        let counts = [
            ("unknown_objects", u64::from(reading.unknown_objects)),
            ("malformed_objects", u64::from(reading.malformed_objects)),
            ("repeated_objects", u64::from(reading.repeated_objects)),
        ];
        let (texts, telegram) = (texts(telegram, reading), telegram.text().into());
        self.take(Taken { opened, moment, received: now, values, texts, telegram, counts }, now, arrivals);
    }

    /// Hands on what is new.
    pub(super) fn take(&mut self, taken: Taken, now: i64, arrivals: &mut Vec<Arrival>) {
        let Taken { opened, moment, received, values, texts, telegram, counts } = taken;
        let (time, clock) = moment.split();
        let segment: Arc<str> = opened.equipment.into();
        let published = opened.proof == Proof::Published;
        let meter = &mut self.meters[opened.index];
        meter.last_time = Some(time);
        meter.last_segment = Some(Arc::clone(&segment));
        let meter = &self.meters[opened.index];
        let drift = time - received;
        self.observer.meter(&meter.name, |health| {
            health.last_time = Some(time);
            // A board publishes when it is told to, a meter every ten seconds.
            health.pace = published.then(|| health.received.map_or(A_MINUTE, |before| received - before));
            health.received = Some(received);
            health.telegrams += 1;
            health.proof = Some(opened.proof.name().into());
            health.clock_drift_s = (clock == Clock::Meter && !self.replayed).then_some(drift);
            for (name, more) in counts {
                count(&mut health.counters, name, more);
            }
            // Numbers have no clock that could be wrong.
            count(&mut health.counters, "invalid_clock", u64::from(clock == Clock::Host && meter.numbers.is_empty()));
        });
        if clock == Clock::Meter && !self.replayed && drift.abs() > DRIFT {
            // Rounded, so that the sentence does not change with every telegram.
            self.observer.raise(&meter.subject, &Cause::ClockOff { seconds: drift / 10 * 10 }.into());
        } else {
            self.observer.clear(&meter.subject, &["clock-off"]);
        }
        self.observer.source(&self.source, |source| {
            source.last_telegram = Some(now);
            count(&mut source.counters, "telegrams", 1);
        });
        self.observer.clear(&meter.subject, &["published-refused", "stale"]);
        self.observer.clear(&self.subject, &["foreign-message", "silent", "device-busy"]);
        // What it says is nobody's business who reads the log.
        tracing::debug!("meter {}: a good telegram of {} bytes", meter.name, telegram.len());
        self.forgiven = 0;
        self.collector.heard = true;
        arrivals.push(Arrival {
            reading: MeterReading {
                meter: Arc::clone(&meter.name),
                segment,
                time,
                clock,
                received,
                ident: opened.ident,
                proof: opened.proof,
                values,
                texts,
            },
            telegram,
            seal: opened.seal,
            replayed: self.replayed,
        });
    }
}
