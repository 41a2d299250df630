//! Day file: readings as lines of text in files of their day, for programs that read those of the Python script of
//! weigu.lu or of the `SmartyReader⁵`.
//!
//! The first telegram of each turn (a minute, usually) is a line. What cannot be written waits, and is written when the
//! disk works again. A meter that is heard on a file or on standard input makes lines as it is replayed; once a meter has
//! sent a telegram of now, replayed ones are left out.

mod card;
mod course;
mod script;
mod shelf;

use std::collections::{HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use smarty_store::Calendar;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::{JoinHandle, JoinSet, spawn_blocking};
use tokio::time::{Instant, sleep_until};

use crate::config::{self, Config, DayFile, DayFormat, Flush};
use crate::hub::{Hub, Live};
use crate::intake::Arrival;
use crate::observe::{Observer, Trouble, count};
use card::Card;
use script::Script;
use shelf::{Line, Outcome, Shelf};

const KIND: &str = "day-file";
/// So many lines may wait for a disk: a day of seconds, two months of minutes.
const MOST_WAITING: usize = 90_000;
/// A disk that failed is tried again after this long.
const RETRY: Duration = Duration::from_secs(5);
/// As the store believes where the settings say nothing.
const MAX_KVA: u32 = 100;

/// Starts a task for each section.
pub(super) fn start(config: &Config, hub: &Hub, observer: &Observer, sinks: &mut JoinSet<()>) {
    // The zone is known to exist since the file was loaded.
    let calendar = Calendar::new(&config.zone).unwrap_or_else(|_| Calendar::luxembourg());
    for (name, settings) in &config.day_file {
        let (zone, calendar) = (config.time_zone(), calendar.clone());
        let every = settings.every.0.as_secs() as i64;
        let scribe = match settings.format {
            DayFormat::Python => {
                let Some(meter) = config.meter_of(settings.meter.as_deref()) else { continue };
                let max_kva = config.meter[meter].max_power.unwrap_or(MAX_KVA);
                let direction = settings.value.unwrap_or_default();
                let script = Script::new(meter.into(), direction, zone, calendar, every, max_kva);
                Scribe::Script(meter.into(), Box::new(script))
            }
            DayFormat::SmartyReader5 => {
                let (meters, tank) = (config.meters_of(settings), settings.tank.as_deref());
                Scribe::Card(Card::new(meters, tank, zone, calendar, every))
            }
        };
        let store = Stored::new(&config.store);
        sinks.spawn(run(name.clone(), settings.clone(), scribe, store, hub.subscribe(), observer.clone()));
    }
}

/// Where readings are kept, and how long until they are.
#[derive(Clone)]
struct Stored {
    path: PathBuf,
    patience: Duration,
}

impl Stored {
    fn new(settings: &config::Store) -> Self {
        let flush = match settings.flush {
            Flush::Telegram => Duration::ZERO,
            Flush::Every(span) => span.0,
        };
        Self { path: settings.path.clone(), patience: flush + RETRY }
    }
}

/// Who makes lines of readings.
enum Scribe {
    Script(Arc<str>, Box<Script>),
    Card(Card),
}

impl Scribe {
    fn is_about(&self, meter: &str) -> bool {
        match self {
            Self::Script(name, _) => &**name == meter,
            Self::Card(card) => card.has(meter),
        }
    }

    /// Goes on where the files end. Blocks.
    fn resume(&mut self, store: &Stored, shelf: &Shelf, first: &Arrival) -> Vec<Line> {
        match self {
            Self::Script(meter, script) => script.resume(&store.path, shelf, first).unwrap_or_else(|error| {
                tracing::warn!("{KIND}: the day so far of meter {meter} is not known: {error}");
                Vec::new()
            }),
            Self::Card(card) => {
                card.resume(shelf, first);
                Vec::new()
            }
        }
    }

    /// What was missed since the last reading, as it is stored. The card has only what is live. Blocks.
    fn make_up(&mut self, store: &Stored, next: &Arrival) -> Vec<Line> {
        match self {
            Self::Script(meter, script) => script.make_up(store, next).unwrap_or_else(|error| {
                tracing::warn!("{KIND}: what was missed of meter {meter} is not known: {error}");
                Vec::new()
            }),
            Self::Card(_) => Vec::new(),
        }
    }

    fn take(&mut self, arrival: &Arrival) -> Option<Line> {
        match self {
            Self::Script(_, script) => script.take(arrival),
            Self::Card(card) => card.take(arrival),
        }
    }
}

/// Writes until nobody publishes any more and everything that can be written is written.
async fn run(
    name: String,
    settings: DayFile,
    scribe: Scribe,
    store: Stored,
    mut readings: Receiver<Arc<Live>>,
    observer: Observer,
) {
    let mut desk = Desk::new(name, &settings, observer);
    // Taken once, with the first telegram.
    let mut beginner = Some((scribe, Shelf::new(&settings)));
    let mut scribe = None;
    let mut live = HashSet::new();
    // Readings came faster than they were taken, as at the start of a house of many meters.
    let mut missed_some = false;
    loop {
        let arrived = tokio::select! {
            arrived = readings.recv(), if !desk.closed => arrived,
            () = desk.progress() => {
                if desk.closed && !desk.is_busy() {
                    return;
                }
                continue;
            }
        };
        let arrival = match arrived {
            Ok(live) => Arc::clone(&live.arrival),
            Err(RecvError::Lagged(missed)) => {
                desk.count("missed", missed);
                missed_some = true;
                continue;
            }
            Err(RecvError::Closed) => {
                desk.closed = true;
                desk.not_before = None;
                desk.begin();
                if !desk.is_busy() {
                    return;
                }
                continue;
            }
        };
        let meter = &arrival.reading.meter;
        let about = |scribe: &Scribe| scribe.is_about(meter);
        if !scribe.as_ref().or(beginner.as_ref().map(|(scribe, _)| scribe)).is_some_and(about) {
            continue;
        }
        if arrival.replayed && live.contains(meter) {
            continue;
        }
        if !arrival.replayed {
            live.insert(Arc::clone(meter));
        }
        if let Some((mut beginning, shelf)) = beginner.take() {
            let (store, first) = (store.clone(), Arc::clone(&arrival));
            let resumed = spawn_blocking(move || {
                let lines = beginning.resume(&store, &shelf, &first);
                (beginning, shelf, lines)
            });
            let Ok((ready, shelf, lines)) = resumed.await else { return };
            desk.shelf = Some(shelf);
            scribe = Some(ready);
            desk.put(lines);
        }
        if std::mem::take(&mut missed_some)
            && let Some(mut behind) = scribe.take()
        {
            let (store, next) = (store.clone(), Arc::clone(&arrival));
            let made_up = spawn_blocking(move || {
                let lines = behind.make_up(&store, &next);
                (behind, lines)
            });
            let Ok((ready, lines)) = made_up.await else { return };
            scribe = Some(ready);
            desk.put(lines);
        }
        if let Some(scribe) = &mut scribe {
            desk.put(scribe.take(&arrival));
        }
        desk.begin();
    }
}

/// What waits, and who is writing.
struct Desk {
    name: String,
    subject: String,
    target: String,
    observer: Observer,
    waiting: VecDeque<Line>,
    /// Here while nobody writes.
    shelf: Option<Shelf>,
    writing: Option<JoinHandle<(Shelf, VecDeque<Line>, Outcome)>>,
    /// After a failure nothing is tried before this.
    not_before: Option<Instant>,
    /// Nobody publishes any more: what fails now is not tried again.
    closed: bool,
}

impl Desk {
    fn new(name: String, settings: &DayFile, observer: Observer) -> Self {
        let target = settings.folder.display().to_string();
        observer.sink(KIND, &name, |sink| {
            sink.target.clone_from(&target);
            sink.state = "writing".into();
            for counter in ["lines", "lines_lost"] {
                sink.counters.insert(counter.into(), 0);
            }
        });
        let subject = format!("{KIND} {name}");
        Self {
            name,
            subject,
            target,
            observer,
            waiting: VecDeque::new(),
            shelf: None,
            writing: None,
            not_before: None,
            closed: false,
        }
    }

    fn count(&self, what: &str, more: u64) {
        self.observer.sink(KIND, &self.name, |sink| count(&mut sink.counters, what, more));
    }

    fn say(&self, state: &str) {
        self.observer.sink(KIND, &self.name, |sink| sink.state = state.into());
    }

    fn put(&mut self, lines: impl IntoIterator<Item = Line>) {
        self.waiting.extend(lines);
        let lost = self.waiting.len().saturating_sub(MOST_WAITING);
        if lost > 0 {
            self.waiting.drain(..lost);
            self.count("lines_lost", lost as u64);
            self.observer.raise(&self.subject, &Trouble::LinesLost { path: self.target.clone() });
        }
        self.say_waiting();
    }

    fn say_waiting(&self) {
        let waiting = self.waiting.len() as u64;
        self.observer.sink(KIND, &self.name, |sink| sink.queued = waiting);
    }

    fn is_busy(&self) -> bool {
        self.writing.is_some()
    }

    /// Begins to write, if there is something and nobody is at it.
    fn begin(&mut self) {
        let now = Instant::now();
        if self.waiting.is_empty() || self.not_before.is_some_and(|moment| now < moment) {
            return;
        }
        let Some(mut shelf) = self.shelf.take() else { return };
        let mut lines = std::mem::take(&mut self.waiting);
        self.writing = Some(spawn_blocking(move || {
            let outcome = shelf.write(&mut lines);
            (shelf, lines, outcome)
        }));
    }

    /// Waits for the writing, or until it is time to try again.
    async fn progress(&mut self) {
        if let Some(writing) = &mut self.writing {
            let done = writing.await;
            self.writing = None;
            let Ok((shelf, left, outcome)) = done else {
                tracing::error!("{}: the writing has ended", self.subject);
                return;
            };
            self.shelf = Some(shelf);
            self.done(left, outcome);
            self.begin();
            return;
        }
        match self.not_before.filter(|_| !self.waiting.is_empty()) {
            Some(moment) if !self.closed => {
                sleep_until(moment).await;
                self.not_before = None;
                self.begin();
            }
            _ if self.closed => {}
            _ => std::future::pending().await,
        }
    }

    fn done(&mut self, mut left: VecDeque<Line>, outcome: Outcome) {
        left.append(&mut self.waiting);
        self.waiting = left;
        self.count("lines", outcome.written);
        if outcome.archived > 0 {
            self.count("archived", outcome.archived);
        }
        if let Some(fault) = outcome.fault {
            self.not_before = Some(Instant::now() + RETRY);
            self.count("failures", 1);
            self.say("failing");
            let path = fault.path.display().to_string();
            self.observer.raise(&self.subject, &Trouble::FileFailing { path, why: fault.why });
            if self.closed {
                tracing::error!("{}: {} lines could not be written", self.subject, self.waiting.len());
            }
        } else {
            self.say("writing");
            self.observer.clear(&self.subject, &["file-failing", "lines-lost"]);
        }
        match outcome.archive_fault {
            Some(fault) => {
                let path = fault.path.display().to_string();
                self.observer.raise(&self.subject, &Trouble::ArchiveFailing { path, why: fault.why });
            }
            None => self.observer.clear(&self.subject, &["archive-failing"]),
        }
        self.put(None);
    }
}
