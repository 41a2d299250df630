//! Observe: one snapshot of how everything is, read by the page, `status`, the log and systemd.

mod problems;
mod sensor;
mod socket;
mod trouble;
mod watchdog;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use problems::Problems;

pub use crate::words::{duration, times, title_text};
pub use problems::Problem;
pub use sensor::SensorTrouble;
pub use socket::{ask, path as socket_path, serve};
pub use trouble::{Severity, Trouble};
pub use watchdog::watch_over;

/// Named counters. A name is an API: it is only ever added.
pub type Counters = BTreeMap<String, u64>;

/// How everything is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Health {
    /// `ok`, `attention` or `failing`.
    pub status: String,
    /// The same for people.
    pub sentence: String,
    /// Of this program.
    pub version: String,
    /// UTC seconds.
    pub started: i64,
    /// UTC seconds.
    pub now: i64,
    /// What is wrong now, worst first.
    pub problems: Vec<Problem>,
    /// Each source.
    pub sources: Vec<SourceHealth>,
    /// Each meter.
    pub meters: Vec<MeterHealth>,
    /// Each broker and other receiver.
    #[serde(default)]
    pub sinks: Vec<SinkHealth>,
    /// The database.
    pub store: StoreHealth,
}

/// How a receiver is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SinkHealth {
    /// As in the configuration.
    pub name: String,
    /// `mqtt` and others.
    pub kind: String,
    /// Address or path.
    pub target: String,
    /// `connecting`, `connected`, `away`, or what fits its kind.
    pub state: String,
    /// UTC seconds since when it is in this state.
    pub since: i64,
    /// Quarter-hours and gaps that it has not acknowledged, as far as they were read.
    pub queued: u64,
    /// What was counted.
    pub counters: Counters,
}

/// How a source is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SourceHealth {
    /// As in the configuration.
    pub name: String,
    /// `serial`, `tcp`, `file`, `stdin`.
    pub kind: String,
    /// Device, address or path.
    pub target: String,
    /// `connecting`, `reading`, `silent` or `ended`.
    pub state: String,
    /// UTC seconds of the last byte.
    pub last_byte: Option<i64>,
    /// UTC seconds of the last good telegram.
    pub last_telegram: Option<i64>,
    /// The meters heard on it.
    pub meters: Vec<String>,
    /// What was counted.
    pub counters: Counters,
}

/// How a meter is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct MeterHealth {
    /// As in the configuration.
    pub name: String,
    /// The meter's time of the last good telegram, UTC seconds.
    pub last_time: Option<i64>,
    /// When it arrived, by this machine's clock.
    pub received: Option<i64>,
    /// How long ago.
    pub age_s: Option<i64>,
    /// `tag`, `crc`, `plain` or `published`.
    pub proof: Option<String>,
    /// Good telegrams since the start.
    pub telegrams: u64,
    /// Of what another program publishes: how long it took from the last reading but one to the last.
    #[serde(skip)]
    pub pace: Option<i64>,
    /// Of a group: whose sum it is.
    #[serde(skip)]
    pub members: Vec<String>,
    /// The meter's clock minus this machine's.
    pub clock_drift_s: Option<i64>,
    /// What was counted.
    pub counters: Counters,
}

/// How the store is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct StoreHealth {
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Telegrams in it.
    pub readings: u64,
    /// Telegrams that wait to be stored.
    pub pending: u64,
    /// Telegrams stored since the start: each is on disk.
    pub stored: u64,
    /// Telegrams that were given up because too many waited.
    pub dropped: u64,
    /// `ok`, `full` or `failing`.
    pub state: String,
}

struct State {
    started: i64,
    problems: Problems,
    sources: BTreeMap<String, SourceHealth>,
    meters: BTreeMap<String, MeterHealth>,
    sinks: BTreeMap<String, SinkHealth>,
    store: StoreHealth,
}

/// The one place where everybody says how they are.
#[derive(Clone)]
pub struct Observer {
    state: Arc<Mutex<State>>,
    /// Rises when a problem comes or goes.
    changed: watch::Sender<u64>,
}

impl Default for Observer {
    fn default() -> Self {
        Self::new()
    }
}

impl Observer {
    /// Nothing observed yet.
    pub fn new() -> Self {
        let state = State {
            started: now(),
            problems: Problems::default(),
            sources: BTreeMap::new(),
            meters: BTreeMap::new(),
            sinks: BTreeMap::new(),
            store: StoreHealth { state: "ok".into(), ..StoreHealth::default() },
        };
        Self { state: Arc::new(Mutex::new(state)), changed: watch::Sender::new(0) }
    }

    /// Changes what is known of a source.
    pub fn source(&self, name: &str, change: impl FnOnce(&mut SourceHealth)) {
        let mut state = self.lock();
        let source = state.sources.entry(name.to_string()).or_default();
        if source.name.is_empty() {
            source.name = name.to_string();
        }
        change(source);
    }

    /// What was counted at a source.
    pub fn source_counters(&self, name: &str) -> Counters {
        self.lock().sources.get(name).map(|source| source.counters.clone()).unwrap_or_default()
    }

    /// Changes what is known of a meter.
    pub fn meter(&self, name: &str, change: impl FnOnce(&mut MeterHealth)) {
        let mut state = self.lock();
        let meter = state.meters.entry(name.to_string()).or_default();
        if meter.name.is_empty() {
            meter.name = name.to_string();
        }
        change(meter);
    }

    /// Changes what is known of a receiver. Names are unique within a kind.
    pub fn sink(&self, kind: &str, name: &str, change: impl FnOnce(&mut SinkHealth)) {
        let mut state = self.lock();
        let sink = state.sinks.entry(format!("{kind} {name}")).or_default();
        if sink.name.is_empty() {
            sink.name = name.to_string();
            sink.kind = kind.to_string();
        }
        let before = sink.state.clone();
        change(sink);
        if sink.state != before {
            sink.since = now();
        }
    }

    /// Changes what is known of the store.
    pub fn store(&self, change: impl FnOnce(&mut StoreHealth)) {
        change(&mut self.lock().store);
    }

    /// Says that something is wrong. The first time it is logged, after that counted.
    pub fn raise(&self, subject: &str, trouble: &Trouble) {
        if self.lock().problems.raise(subject, trouble, now()) {
            self.changed.send_modify(|version| *version += 1);
        }
    }

    /// Says that it is over.
    pub fn clear(&self, subject: &str, codes: &[&str]) {
        if self.lock().problems.clear(subject, codes, now()) {
            self.changed.send_modify(|version| *version += 1);
        }
    }

    /// Wakes when a problem comes or goes.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Ages of the meters' last telegrams, since the start where there was none; and the pace at which they are
    /// published, if they are.
    pub fn ages(&self) -> Vec<(String, i64, Option<i64>)> {
        let state = self.lock();
        let now = now();
        let age = |meter: &MeterHealth| now - meter.received.unwrap_or(state.started);
        state.meters.values().map(|meter| (meter.name.clone(), age(meter), meter.pace)).collect()
    }

    /// The members of a group that have been silent for too long, with when each was last heard. `None`: it is a meter
    /// of its own.
    pub fn silent_members(
        &self,
        group: &str,
        too_long: impl Fn(i64, Option<i64>) -> bool,
    ) -> Option<Vec<(String, i64)>> {
        let state = self.lock();
        let members = &state.meters.get(group).filter(|group| !group.members.is_empty())?.members;
        let now = now();
        let heard = |member: &String| {
            let known = state.meters.get(member);
            let received = known.and_then(|meter| meter.received).unwrap_or(state.started);
            (member.clone(), received, known.and_then(|meter| meter.pace))
        };
        let silent = members.iter().map(heard).filter(|(_, received, pace)| too_long(now - received, *pace));
        Some(silent.map(|(member, received, _)| (member, received)).collect())
    }

    /// How everything is now.
    pub fn health(&self) -> Health {
        let state = self.lock();
        let now = now();
        let problems = state.problems.list();
        let worst = problems.iter().map(|problem| problem.severity).max();
        let (status, sentence) = match worst {
            None if state.meters.values().all(|meter| meter.received.is_none()) => {
                ("ok", "Waiting for the first telegram.".to_string())
            }
            None => ("ok", "All meters are being read.".to_string()),
            Some(severity) => {
                let status = if severity == Severity::Failing { "failing" } else { "attention" };
                (status, problems[0].sentence.clone())
            }
        };
        let mut meters: Vec<MeterHealth> = state.meters.values().cloned().collect();
        for meter in &mut meters {
            meter.age_s = meter.received.map(|received| now - received);
        }
        Health {
            status: status.to_string(),
            sentence,
            version: env!("CARGO_PKG_VERSION").to_string(),
            started: state.started,
            now,
            problems,
            sources: state.sources.values().cloned().collect(),
            meters,
            sinks: state.sinks.values().cloned().collect(),
            store: state.store.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere ends the process; and these are only counters.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds to a named counter.
pub fn count(counters: &mut Counters, name: &str, more: u64) {
    if let Some(counter) = counters.get_mut(name) {
        *counter += more;
    } else {
        counters.insert(name.to_string(), more);
    }
}

/// This machine's time, UTC seconds.
pub fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}
