//! Keeper: the thread that owns the store. A reading it has reported as stored is on the disk.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use smarty_store::{Appended, BatchCount, Mark, MeterReading, Store, StoreError};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use crate::hex;
use crate::intake::{Arrival, MarkKey};
use crate::observe::{Observer, Trouble, count, now};

/// So many telegrams may wait for a slow disk: a day of one meter.
pub const QUEUE: usize = 8640;
/// So many are committed together when more than one waits.
const BATCH: usize = 512;
/// Without an order the keeper looks after the store itself this often.
const PATIENCE: Duration = Duration::from_millis(500);

/// What the keeper is asked to do.
#[derive(Debug)]
pub enum Order {
    /// Keep this.
    Keep(Arc<Arrival>),
    /// Believe a value after all.
    Accept(i64, oneshot::Sender<Result<(), StoreError>>),
    /// Forget a value.
    Dismiss(i64, oneshot::Sender<Result<(), StoreError>>),
    /// A receiver has everything of a meter that ends at or before this.
    Reached {
        /// Who.
        receiver: Arc<str>,
        /// Of which meter.
        meter: Arc<str>,
        /// UTC seconds.
        position: i64,
    },
}

/// Sends orders to the keeper.
#[derive(Clone)]
pub struct Keeper {
    orders: mpsc::Sender<Order>,
    entries: watch::Receiver<u64>,
}

impl Keeper {
    /// Starts the thread, which goes on from the marks that are stored. It ends, with everything written, when all
    /// senders are gone.
    ///
    /// # Panics
    /// When the system cannot start a thread.
    pub fn start(store: Store, marks: HashMap<MarkKey, Mark>, observer: Observer) -> (Self, JoinHandle<()>) {
        let (sender, orders) = mpsc::channel(QUEUE);
        let (announce, entries) = watch::channel(0);
        let desk = Desk { store, observer, backlog: VecDeque::new(), marks, stored: 0, reached: false, announce };
        let thread = thread::Builder::new().name("keeper".into()).spawn(move || desk.work(orders));
        // A system that cannot start one thread cannot run this program.
        (Self { orders: sender, entries }, thread.expect("a thread can be started"))
    }

    /// Hands a reading over without waiting; false when too many wait already.
    pub fn try_keep(&self, arrival: Arc<Arrival>) -> bool {
        self.orders.try_send(Order::Keep(arrival)).is_ok()
    }

    /// Hands a reading over, and waits while too many wait already.
    pub async fn keep(&self, arrival: Arc<Arrival>) -> bool {
        self.orders.send(Order::Keep(arrival)).await.is_ok()
    }

    /// Believes a value in quarantine.
    ///
    /// # Errors
    /// When there is no such entry, or it cannot be written.
    pub async fn accept(&self, id: i64) -> Result<(), StoreError> {
        self.ask(|answer| Order::Accept(id, answer)).await
    }

    /// Forgets a value in quarantine.
    ///
    /// # Errors
    /// When there is no such entry, or it cannot be written.
    pub async fn dismiss(&self, id: i64) -> Result<(), StoreError> {
        self.ask(|answer| Order::Dismiss(id, answer)).await
    }

    /// Notes how far a receiver has acknowledged. A note that is lost costs a repetition after a restart, no more.
    pub fn reached(&self, receiver: &Arc<str>, meter: &Arc<str>, position: i64) {
        let order = Order::Reached { receiver: Arc::clone(receiver), meter: Arc::clone(meter), position };
        let _ = self.orders.try_send(order);
    }

    /// Wakes when quarter-hours or gaps have become durable.
    pub fn entries(&self) -> watch::Receiver<u64> {
        self.entries.clone()
    }

    async fn ask(
        &self,
        order: impl FnOnce(oneshot::Sender<Result<(), StoreError>>) -> Order,
    ) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        if self.orders.send(order(answer)).await.is_err() {
            return Err(StoreError::Busy);
        }
        answered.await.unwrap_or(Err(StoreError::Busy))
    }
}

struct Desk {
    store: Store,
    observer: Observer,
    /// What could not be stored yet, oldest first.
    backlog: VecDeque<Arc<Arrival>>,
    marks: HashMap<MarkKey, Mark>,
    /// Appended and not yet flushed.
    stored: u64,
    /// A receiver's position is staged and not yet durable.
    reached: bool,
    announce: watch::Sender<u64>,
}

impl Desk {
    fn work(mut self, mut orders: mpsc::Receiver<Order>) {
        // tokio's channel has no wait with an end for plain threads; a clock of its own gives it one.
        let clock = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let clock = clock.expect("a runtime without IO needs nothing that could be missing");
        let mut batch = Vec::new();
        let mut measured = None;
        loop {
            match clock.block_on(async { timeout(PATIENCE, orders.recv()).await }) {
                Err(_) => {}
                Ok(None) => break,
                Ok(Some(order)) => {
                    self.order(order, &mut batch);
                    while batch.len() < BATCH {
                        let Ok(order) = orders.try_recv() else { break };
                        self.order(order, &mut batch);
                    }
                }
            }
            self.backlog.extend(batch.drain(..));
            self.store_backlog();
            if orders.is_empty() {
                self.maintain();
            }
            self.announce_entries();
            if measured.is_none_or(|at: Instant| at.elapsed() > Duration::from_secs(5)) {
                self.measure();
                measured = Some(Instant::now());
            }
        }
        // Everybody has gone home: what is left gets its last chance.
        self.backlog.extend(batch);
        self.store_backlog();
        if let Err(error) = self.store.flush() {
            tracing::error!("the last readings could not be written: {error}");
        }
        if !self.backlog.is_empty() {
            tracing::error!("{} readings could not be stored", self.backlog.len());
        }
    }

    fn order(&mut self, order: Order, batch: &mut Vec<Arc<Arrival>>) {
        match order {
            Order::Keep(arrival) => batch.push(arrival),
            Order::Accept(id, answer) => {
                let _ = answer.send(self.store.accept(id));
            }
            Order::Dismiss(id, answer) => {
                let _ = answer.send(self.store.dismiss(id));
            }
            Order::Reached { receiver, meter, position } => {
                self.store.set_position(&receiver, &meter, position);
                self.reached = true;
            }
        }
    }

    /// Stores from the oldest on; what fails stays where it is.
    fn store_backlog(&mut self) {
        while !self.backlog.is_empty() {
            let portion = self.backlog.len().min(BATCH);
            for index in 0..portion {
                self.stage_mark(index);
            }
            let result = if portion == 1 {
                self.store.append(&self.backlog[0].reading).map(|appended| self.one(&appended))
            } else {
                let readings: Vec<MeterReading> =
                    self.backlog.iter().take(portion).map(|arrival| arrival.reading.clone()).collect();
                self.store.append_batch(&readings).map(|counts| self.many(counts))
            };
            if let Err(error) = result {
                self.say(&error);
                self.give_up_the_oldest();
                thread::sleep(Duration::from_millis(200));
                return;
            }
            self.observer.store(|store| {
                store.pending = store.pending.saturating_sub(portion as u64);
                store.state = "ok".into();
            });
            self.observer.clear("store", &["store-full", "store-failing"]);
            self.backlog.drain(..portion);
        }
        self.observer.clear("store", &["store-behind"]);
    }

    /// The mark against replays becomes durable in the same transaction as the telegram.
    fn stage_mark(&mut self, index: usize) {
        let arrival = &self.backlog[index];
        let Some(seal) = arrival.seal.filter(|_| !arrival.replayed) else { return };
        let (counter, time) = (u64::from(seal.frame_counter), arrival.reading.time);
        let mark = self.marks.entry((seal.key, seal.system_title)).or_insert(Mark { counter, time });
        *mark = Mark { counter: counter.max(mark.counter), time: time.max(mark.time) };
        self.store.set_mark(&hex::lower(&seal.key), &hex::lower(&seal.system_title), *mark);
    }

    /// Room for what still arrives.
    fn give_up_the_oldest(&mut self) {
        while self.backlog.len() > QUEUE {
            self.backlog.pop_front();
            self.observer.store(|store| {
                store.dropped += 1;
                store.pending = store.pending.saturating_sub(1);
            });
            self.observer.raise("store", &Trouble::StoreBehind);
        }
    }

    fn many(&mut self, counts: BatchCount) {
        self.observer.store(|store| store.stored += counts.new);
        if counts.duplicates > 0 {
            let meter = &self.backlog[0].reading.meter;
            self.observer.meter(meter, |health| count(&mut health.counters, "duplicate", counts.duplicates));
        }
        if counts.quarantined > 0 {
            self.say_quarantined();
        }
    }

    fn one(&mut self, appended: &Appended) {
        match appended {
            Appended::New => self.observer.store(|store| store.stored += 1),
            Appended::Quarantined(_) => {
                self.observer.store(|store| store.stored += 1);
                self.say_quarantined();
            }
            Appended::Pending => self.stored += 1,
            Appended::Duplicate | Appended::Refused => {
                let meter = &self.backlog[0].reading.meter;
                let name = if *appended == Appended::Duplicate { "duplicate" } else { "impossible_time" };
                self.observer.meter(meter, |health| count(&mut health.counters, name, 1));
            }
        }
    }

    /// Says what is in quarantine, for each meter that has something there.
    fn say_quarantined(&self) {
        let meters: std::collections::BTreeSet<&Arc<str>> =
            self.backlog.iter().take(BATCH).map(|arrival| &arrival.reading.meter).collect();
        for meter in meters {
            let Ok(entries) = self.store.quarantine_list(meter) else { continue };
            if let Some(entry) = entries.last() {
                let trouble = Trouble::Quarantined { quantity: entry.quantity.name(), reason: entry.reason.clone() };
                self.observer.raise(&format!("meter {meter}"), &trouble);
            }
            let waiting = entries.iter().map(|entry| entry.count).sum();
            self.observer.meter(meter, |health| {
                health.counters.insert("quarantined".into(), waiting);
            });
        }
    }

    fn say(&self, error: &StoreError) {
        let why = error.to_string();
        let (state, trouble) = match error {
            StoreError::Full(_) => ("full", Trouble::StoreFull { why }),
            _ => ("failing", Trouble::StoreFailing { why }),
        };
        self.observer.store(|store| store.state = state.into());
        self.observer.raise("store", &trouble);
    }

    /// Seals, packs and flushes what is due, a little at a time.
    fn maintain(&mut self) {
        if let Err(error) = self.store.maintain(now()) {
            self.say(&error);
        }
        // With telegrams that wait for a common flush it waits with them.
        if self.reached && self.store.pending() == 0 {
            match self.store.flush() {
                Ok(_) => self.reached = false,
                Err(error) => self.say(&error),
            }
        }
        if self.stored > 0 && self.store.pending() == 0 {
            let stored = std::mem::take(&mut self.stored);
            self.observer.store(|store| store.stored += stored);
        }
    }

    fn announce_entries(&self) {
        let entries = self.store.entries();
        self.announce.send_if_modified(|known| std::mem::replace(known, entries) != entries);
    }

    fn measure(&self) {
        if let Ok(stats) = smarty_store::Reader::open(&self.store.options().path).and_then(|reader| reader.stats()) {
            self.observer.store(|store| {
                store.bytes = stats.bytes;
                store.readings = stats.readings;
            });
        }
    }
}
