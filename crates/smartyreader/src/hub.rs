//! Hub: one reading to all takers. A taker that is slow or broken costs nobody else anything.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use smarty_ledger::{Calculated, SelfConsumption};
use smarty_store::DeviceState;
use tokio::sync::broadcast;

use crate::accounts::{Accounts, RunningQuarter};
use crate::alert::{Notice, Record};
use crate::devices::DeviceNow;
use crate::group::Groups;
use crate::household::Household;
use crate::intake::Arrival;
use crate::keeper::Keeper;
use crate::observe::{Observer, Trouble};

/// A reading as the page and the sinks take it.
#[derive(Debug)]
pub struct Live {
    /// The reading, with what came along.
    pub arrival: Arc<Arrival>,
    /// The quarter-hour that is running.
    pub quarter: RunningQuarter,
    /// What else follows from the readings so far.
    pub calculated: Calculated,
    /// At the grid: the powers of the house, W, where what is made behind it is known.
    pub household: Option<SelfConsumption>,
    /// The meters behind the meter, by channel.
    pub devices: Vec<DeviceNow>,
}

/// A taker may be behind by so many readings of each meter, and of few meters by so many of all; what is older skips it.
/// It costs memory only while it is behind: some kilobytes each.
const ROOM_PER_METER: usize = 4;
const ROOM: usize = 64;
/// Who has not taken a single reading in so many turns is not waited for: a page whose window sleeps, a disk.
const TURNS: usize = 64;

/// Takes every reading and hands it on.
#[derive(Clone)]
pub struct Hub(Arc<Takers>);

struct Takers {
    keeper: Keeper,
    live: broadcast::Sender<Arc<Live>>,
    /// How many readings a taker may be behind before those who publish let it catch up.
    behind: usize,
    /// One looks whether the takers have caught up; who publishes meanwhile stands in line.
    line: tokio::sync::Mutex<()>,
    latest: Mutex<HashMap<Arc<str>, Arc<Live>>>,
    accounts: Mutex<Accounts>,
    groups: Mutex<Groups>,
    households: Vec<Household>,
    alerts: broadcast::Sender<Arc<Notice>>,
    record: Mutex<Record>,
    observer: Observer,
}

impl Hub {
    /// A hub that hands the readings of so many meters to the store and to whoever subscribes.
    pub fn new(
        meters: usize,
        keeper: Keeper,
        accounts: Accounts,
        groups: Groups,
        households: Vec<Household>,
        observer: Observer,
    ) -> Self {
        // All meters may speak, and all may have an alert, in the same moment.
        let room = ROOM.max(ROOM_PER_METER * meters);
        let (live, _) = broadcast::channel(room);
        let (alerts, _) = broadcast::channel(room);
        Self(Arc::new(Takers {
            keeper,
            live,
            behind: room / 2,
            line: tokio::sync::Mutex::default(),
            latest: Mutex::default(),
            accounts: Mutex::new(accounts),
            groups: Mutex::new(groups),
            households,
            alerts,
            record: Mutex::default(),
            observer,
        }))
    }

    /// Hands a reading to all takers, and the sums that it completes behind it. Gives takers that are behind their turn, as
    /// long as they make use of it. Waits for the store only with a file that is replayed: a meter does not wait.
    pub async fn publish(&self, arrival: Arrival) {
        let mut arrivals = VecDeque::from([arrival]);
        while let Some(arrival) = arrivals.pop_front() {
            let sums = self.0.groups.lock().unwrap_or_else(PoisonError::into_inner).take(&arrival);
            self.hand_on(arrival).await;
            arrivals.extend(sums);
            self.let_take().await;
        }
    }

    async fn hand_on(&self, arrival: Arrival) {
        let takers = &*self.0;
        let arrival = Arc::new(arrival);
        let (quarter, calculated, devices) =
            takers.accounts.lock().unwrap_or_else(PoisonError::into_inner).take(&arrival.reading);
        let household = takers.household(&arrival);
        let live = Arc::new(Live { arrival: Arc::clone(&arrival), quarter, calculated, household, devices });
        let meter = Arc::clone(&arrival.reading.meter);
        takers.latest.lock().unwrap_or_else(PoisonError::into_inner).insert(meter, Arc::clone(&live));
        // Nobody listening is no fault, and a listener that is too slow skips.
        let _ = takers.live.send(live);
        takers.observer.store(|store| store.pending += 1);
        let kept = if arrival.replayed { takers.keeper.keep(arrival).await } else { takers.keeper.try_keep(arrival) };
        if !kept {
            takers.observer.store(|store| {
                store.pending -= 1;
                store.dropped += 1;
            });
            takers.observer.raise("store", &Trouble::StoreBehind);
        }
    }

    /// Lets takers take: all work on one thread, and who publishes much at once would let nobody else have a turn.
    async fn let_take(&self) {
        let (live, behind) = (&self.0.live, self.0.behind);
        if live.len() <= behind {
            return;
        }
        let _first = self.0.line.lock().await;
        let (mut waiting, mut idle) = (live.len(), 0);
        while waiting > behind && idle < TURNS {
            tokio::task::yield_now().await;
            let left = live.len();
            idle = if left < waiting { 0 } else { idle + 1 };
            waiting = left;
        }
    }

    /// Takes up the devices of a meter as they are stored, after someone has said what is true of one.
    pub fn renew_devices(&self, meter: &str, states: Vec<DeviceState>) {
        self.0.accounts.lock().unwrap_or_else(PoisonError::into_inner).renew_devices(meter, states);
    }

    /// Hands an alert to all takers, and takes it down.
    pub fn announce(&self, notice: Notice) {
        let notice = Arc::new(notice);
        tracing::info!(code = notice.event.code.name(), "meter {}: {}", notice.meter, notice.sentence);
        self.0.record.lock().unwrap_or_else(PoisonError::into_inner).take(&notice);
        // Nobody listening is no fault.
        let _ = self.0.alerts.send(notice);
    }

    /// Every alert from now on.
    pub fn alerts(&self) -> broadcast::Receiver<Arc<Notice>> {
        self.0.alerts.subscribe()
    }

    /// The alerts since the start.
    pub fn record(&self) -> Record {
        self.0.record.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every reading from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Live>> {
        self.0.live.subscribe()
    }

    /// The newest reading of a meter since the start.
    pub fn latest(&self, meter: &str) -> Option<Arc<Live>> {
        self.0.latest.lock().unwrap_or_else(PoisonError::into_inner).get(meter).cloned()
    }
}

impl Takers {
    /// What the house uses at a reading of its meter at the grid.
    fn household(&self, arrival: &Arrival) -> Option<SelfConsumption> {
        let grid = &arrival.reading;
        let household = self.households.iter().find(|household| *household.grid == *grid.meter)?;
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        household.powers(grid, |maker| latest.get(maker).map(|live| &live.arrival.reading))
    }
}
