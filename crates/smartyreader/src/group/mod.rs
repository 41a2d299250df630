//! Group: sums of meters as a meter of its own. Its readings follow from its members', in [`merger`] and [`sum`]; from the
//! hub on nobody tells them from a meter's.

pub mod merger;
pub mod sum;

use std::collections::HashMap;
use std::sync::Arc;

use smarty_store::{MeterReading, Proof, Reader, StoreError, StoredReading};

use crate::accounts::MARGIN_S;
use crate::config::Config;
use crate::intake::Arrival;
use crate::observe::Observer;
use merger::{Merger, Round};
use sum::{Part, Sum};

/// What is read back of each member after a start, before its newest reading.
const READ_BACK: i64 = 3600;

/// All groups.
pub struct Groups {
    /// Members that are groups stand before their groups.
    all: Vec<Group>,
    /// By a meter's name: in which groups it is, and which member there.
    places: HashMap<Arc<str>, Vec<(usize, usize)>>,
    observer: Observer,
}

struct Group {
    name: Arc<str>,
    members: Vec<Arc<str>>,
    merger: Merger<Part>,
    sum: Sum,
}

impl Groups {
    /// The configured groups, with nothing known yet.
    pub fn new(config: &Config, observer: Observer) -> Self {
        let mut groups = Vec::new();
        let mut places: HashMap<Arc<str>, Vec<(usize, usize)>> = HashMap::new();
        for name in config.groups_inside_out() {
            let signed: Vec<(Arc<str>, i64)> =
                config.group[name].members().map(|(member, sign)| (Arc::from(member), sign)).collect();
            let members: Vec<Arc<str>> = signed.iter().map(|(member, _)| Arc::clone(member)).collect();
            for (index, member) in members.iter().enumerate() {
                places.entry(Arc::clone(member)).or_default().push((groups.len(), index));
            }
            observer.meter(name, |health| health.members = members.iter().map(ToString::to_string).collect());
            groups.push(Group {
                name: name.into(),
                merger: Merger::new(members.len(), i64::from(MARGIN_S), None),
                sum: Sum::new(signed, i64::from(MARGIN_S)),
                members,
            });
        }
        Self { all: groups, places, observer }
    }

    /// Goes on where an earlier run ended: by each group's last reading, and by what its members have said since. Answers
    /// what that run could not say any more.
    ///
    /// # Errors
    /// Those of the database.
    pub fn resume(&mut self, reader: &Reader) -> Result<Vec<Arrival>, StoreError> {
        let mut owed = Vec::new();
        for group in &mut self.all {
            group.resume(reader, &mut owed)?;
        }
        Ok(owed)
    }

    /// The sums that a reading completes.
    pub fn take(&mut self, arrival: &Arrival) -> Vec<Arrival> {
        let reading = &arrival.reading;
        let mut sums = Vec::new();
        let Some(places) = self.places.get(&reading.meter) else { return sums };
        for &(group, member) in places {
            let group = &mut self.all[group];
            let part = Part::new(
                reading.time,
                &reading.values,
                &reading.segment,
                (reading.proof, reading.clock),
                group.merger.newest(member),
            );
            let Group { name, merger, sum, .. } = group;
            merger.take(member, reading.time, part, |round| {
                sums.push(arrive(name, round, sum, reading.received, arrival.replayed));
            });
        }
        for sum in &sums {
            note(&self.observer, &sum.reading);
        }
        sums
    }
}

impl Group {
    fn resume(&mut self, reader: &Reader, owed: &mut Vec<Arrival>) -> Result<(), StoreError> {
        let mut newest = Vec::new();
        for member in &self.members {
            newest.extend(reader.last(member)?.map(|last| last.time));
        }
        let Some(&latest) = newest.iter().max() else { return Ok(()) };
        let last = reader.last(&self.name)?;
        // A group that is new begins now.
        let done = last.as_ref().map_or(latest, moment_of);
        self.merger = Merger::new(self.members.len(), i64::from(MARGIN_S), Some(done));
        if let Some(last) = &last {
            self.go_on(reader, last)?;
        }
        let mut readings: Vec<(usize, StoredReading)> = Vec::new();
        for (index, member) in self.members.iter().enumerate() {
            // What nobody can need any more is left where it is.
            let from = (latest - READ_BACK).max(newest.iter().min().unwrap_or(&latest) - 2 * i64::from(MARGIN_S));
            for reading in reader.readings(member, from, i64::MAX)? {
                readings.push((index, reading?));
            }
        }
        readings.sort_by_key(|(_, reading)| reading.time);
        let received = crate::observe::now();
        for (index, reading) in readings {
            let part = part_of(&reading, self.merger.newest(index));
            let Self { name, merger, sum, .. } = self;
            // Nothing of it is now.
            merger.take(index, reading.time, part, |round| owed.push(arrive(name, round, sum, received, true)));
        }
        Ok(())
    }

    /// The members' readings that the group's last was made of, so that its own registers go on.
    fn go_on(&mut self, reader: &Reader, last: &StoredReading) -> Result<(), StoreError> {
        let at = moment_of(last);
        let mut parts = Vec::new();
        for member in &self.members {
            let mut part: Option<Part> = None;
            for reading in reader.readings(member, at - i64::from(MARGIN_S), at + 1)? {
                part = Some(part_of(&reading?, part.as_ref()));
            }
            let Some(part) = part else { return Ok(()) };
            parts.push(part);
        }
        let parts: Vec<&Part> = parts.iter().collect();
        self.sum.resume(&Round { time: last.time, at, parts: &parts }, &last.values, &last.segment);
        Ok(())
    }
}

fn part_of(reading: &StoredReading, before: Option<&Part>) -> Part {
    Part::new(reading.time, &reading.values, &reading.segment, (reading.proof, reading.clock), before)
}

/// The moment of the round that a stored sum was made of: its number says how long after its time that is.
fn moment_of(sum: &StoredReading) -> i64 {
    sum.time + i64::try_from(sum.ident).unwrap_or(0).clamp(0, i64::from(MARGIN_S))
}

/// A round as a reading of the group.
fn arrive(name: &Arc<str>, round: &Round<'_, Part>, sum: &mut Sum, received: i64, replayed: bool) -> Arrival {
    let total = sum.of(round);
    Arrival {
        reading: MeterReading {
            meter: Arc::clone(name),
            segment: total.segment,
            time: round.time,
            clock: total.clock,
            received,
            ident: u64::try_from(round.at - round.time).unwrap_or(0),
            proof: total.proof,
            values: total.values,
            texts: vec![("members".into(), total.members)],
        },
        telegram: Box::default(),
        seal: None,
        replayed,
    }
}

/// What the health says of a sum.
fn note(observer: &Observer, reading: &MeterReading) {
    observer.meter(&reading.meter, |health| {
        health.last_time = Some(reading.time);
        let pace = health.received.map(|before| reading.received - before);
        // Of boards that publish when they are told to.
        health.pace = pace.filter(|_| reading.proof == Proof::Published);
        health.received = Some(reading.received);
        health.proof = Some(reading.proof.name().into());
        health.telegrams += 1;
    });
}
