//! Outbox: the quarter-hours and gaps that a broker has not acknowledged yet. Not a copy: a position in what the
//! store holds, so that an outage of any length costs no memory and nothing is sent twice after it.

use std::collections::VecDeque;
use std::sync::Arc;

use smarty_store::{Entry, StoreError};

use crate::archive::Archive;
use crate::keeper::Keeper;
use crate::mqtt::{Client, Message, Receipt, WINDOW};
use crate::observe::now;

/// So many entries are read at once: a day.
const PORTION: usize = 96;

/// What one broker is owed, of all its meters.
pub(super) struct Outbox {
    receiver: Arc<str>,
    archive: Archive,
    keeper: Keeper,
    lanes: Vec<Lane>,
    in_flight: VecDeque<Flight>,
    /// So many of them were on their way when the line broke. Nothing new is sent before it is known of each whether it
    /// arrived: otherwise the new would overtake them.
    uncertain: usize,
    /// Seconds: what is older is not sent any more.
    at_most: i64,
}

struct Lane {
    meter: Arc<str>,
    /// Everything up to here has been acknowledged.
    acknowledged: i64,
    /// Everything up to here has been read from the store.
    read: i64,
    waiting: VecDeque<Entry>,
    /// The store may have more.
    due: bool,
}

struct Flight {
    lane: usize,
    end: i64,
    /// The last message about entries with this end.
    last: bool,
    receipt: Receipt,
}

/// What came of a message on its way.
pub(super) enum Taken {
    /// The broker has it.
    Acknowledged,
    /// It did not arrive; it will be sent again.
    Lost(String),
}

impl Outbox {
    /// Goes on from the positions that are stored.
    pub(super) fn new(
        receiver: Arc<str>,
        meters: impl Iterator<Item = Arc<str>>,
        positions: &[(String, i64)],
        archive: Archive,
        keeper: Keeper,
        at_most: i64,
    ) -> Self {
        let lanes = meters.map(|meter| {
            let known = positions.iter().find(|(name, _)| **name == *meter).map(|(_, position)| *position);
            let position = known.unwrap_or(0);
            Lane { meter, acknowledged: position, read: position, waiting: VecDeque::new(), due: true }
        });
        Self { receiver, archive, keeper, lanes: lanes.collect(), in_flight: VecDeque::new(), uncertain: 0, at_most }
    }

    /// There may be something new in the store.
    pub(super) fn look(&mut self) {
        for lane in &mut self.lanes {
            lane.due = true;
        }
    }

    /// The line broke.
    pub(super) fn broken(&mut self) {
        self.uncertain = self.in_flight.len();
    }

    /// How many entries have been read and are not acknowledged.
    pub(super) fn len(&self) -> usize {
        self.in_flight.len() + self.lanes.iter().map(|lane| lane.waiting.len()).sum::<usize>()
    }

    /// The next answer of the broker, in the order of sending. Waits for ever while nothing is on its way.
    pub(super) async fn answer(&mut self) -> Taken {
        let Some(flight) = self.in_flight.front_mut() else { return std::future::pending().await };
        let result = flight.receipt.as_mut().await;
        // It was there a moment ago, and nobody else can have taken it.
        let Some(flight) = self.in_flight.pop_front() else { return std::future::pending().await };
        self.uncertain = self.uncertain.saturating_sub(1);
        match result {
            Ok(()) => {
                if flight.last {
                    let lane = &mut self.lanes[flight.lane];
                    lane.acknowledged = flight.end;
                    self.keeper.reached(&self.receiver, &lane.meter, flight.end);
                }
                Taken::Acknowledged
            }
            Err(why) => {
                self.rewind();
                Taken::Lost(why)
            }
        }
    }

    /// Begins again from what has been acknowledged.
    fn rewind(&mut self) {
        self.in_flight.clear();
        self.uncertain = 0;
        for lane in &mut self.lanes {
            lane.waiting.clear();
            lane.read = lane.acknowledged;
            lane.due = true;
        }
    }

    /// Sends as much as may be on its way at once; answers how many entries were given up because they are too old.
    pub(super) async fn fill(
        &mut self,
        client: &Client,
        messages: &(dyn Fn(&str, &Entry) -> Vec<Message> + Sync),
    ) -> Result<u64, StoreError> {
        let mut dropped = 0;
        if self.uncertain > 0 {
            return Ok(0);
        }
        for index in 0..self.lanes.len() {
            loop {
                if self.lanes[index].waiting.is_empty() && self.lanes[index].due && self.in_flight.len() < WINDOW {
                    dropped += self.read(index).await?;
                }
                let lane = &mut self.lanes[index];
                let Some(&entry) = lane.waiting.front() else { break };
                let end = entry.end();
                let bodies = messages(&lane.meter, &entry);
                // Only whole entries are sent.
                if self.in_flight.len() + bodies.len().max(1) > WINDOW {
                    break;
                }
                lane.waiting.pop_front();
                let with_more = lane.waiting.front().is_some_and(|next| next.end() == end);
                let count = bodies.len();
                for (number, message) in bodies.into_iter().enumerate() {
                    let Some(receipt) = client.publish(message) else {
                        // The connection takes nothing more for now.
                        self.lanes[index].waiting.push_front(entry);
                        return Ok(dropped);
                    };
                    let last = number + 1 == count && !with_more;
                    self.in_flight.push_back(Flight { lane: index, end, last, receipt });
                }
            }
        }
        Ok(dropped)
    }

    async fn read(&mut self, index: usize) -> Result<u64, StoreError> {
        let lane = &mut self.lanes[index];
        let oldest = now() - self.at_most;
        let (meter, position) = (Arc::clone(&lane.meter), lane.read);
        let answer = self.archive.ask(move |reader| {
            let dropped = if position < oldest { reader.count_owed(&meter, position, oldest)? } else { 0 };
            Ok((dropped, reader.owed(&meter, position.max(oldest), PORTION)?))
        });
        let (dropped, entries) = answer.await.unwrap_or(Err(StoreError::Busy))?;
        lane.due = entries.len() >= PORTION;
        if dropped > 0 {
            lane.read = oldest;
            lane.acknowledged = lane.acknowledged.max(oldest);
        }
        if let Some(last) = entries.last() {
            lane.read = last.end();
        }
        lane.waiting.extend(entries);
        Ok(dropped)
    }
}
