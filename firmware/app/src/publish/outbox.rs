//! Outbox: the quarter-hours and gaps that the broker has not acknowledged. Not a copy: a position in the journal.

use core::cell::RefCell;

use embedded_storage::nor_flash::NorFlash;
use heapless::Deque;
use minimq::{Io, Op};
use smarty_ledger::Entry;
use smarty_payload::native::{Gap, QuarterHour, Topic};

use super::session::{Broken, Delivery, Message, Path, Sent, Session};
use crate::state::State;
use crate::store::Store;
use crate::zone::Zone;

/// So many are on their way at once; half of what the connection can hold, so that others have room.
const WINDOW: usize = 4;

/// What the broker is owed.
pub(crate) struct Outbox {
    /// On their way, in order, each with the number behind it.
    flights: Deque<(Op, u32), WINDOW>,
    /// Everything before this has been sent.
    sent: u32,
}

impl Outbox {
    pub(crate) fn new(from: u32) -> Self {
        Self { flights: Deque::new(), sent: from }
    }

    /// Looks what has arrived and sends more. Answers how many are owed.
    pub(crate) async fn turn<F: NorFlash, IO: Io>(
        &mut self,
        session: &mut Session<'_, '_, '_, IO>,
        store: &RefCell<Store<F>>,
        place: &Place<'_>,
    ) -> Result<u32, Broken> {
        while let Some((op, behind)) = self.flights.front() {
            match session.state_of(*op) {
                Delivery::OnItsWay => break,
                Delivery::There => {
                    if store.borrow_mut().acknowledge(*behind).is_err() {
                        log::warn!("the flash does not take how far the broker is; after a restart some comes twice");
                    }
                    self.flights.pop_front();
                }
                Delivery::Lost => self.rewind(store),
            }
        }
        while !self.flights.is_full() {
            let (next, number) = {
                let store = store.borrow();
                // What has been overwritten meanwhile is gone.
                (store.next(), self.sent.max(store.owed_from()))
            };
            if number >= next {
                break;
            }
            let entry = store.borrow_mut().entry(number);
            // A hole, or a flash that refuses: nothing that could be sent.
            let Ok(Some(entry)) = entry else {
                self.sent = number + 1;
                if self.flights.is_empty() {
                    let _ = store.borrow_mut().acknowledge(number + 1);
                }
                continue;
            };
            match place.send(session, &entry).await? {
                Sent::Done(Some(op)) => {
                    // There is room: it was asked above.
                    let _ = self.flights.push_back((op, number + 1));
                }
                Sent::Done(None) | Sent::TooLong => {}
                Sent::NoRoom => break,
            }
            self.sent = number + 1;
        }
        let store = store.borrow();
        Ok(store.next().saturating_sub(store.owed_from()))
    }

    /// Begins again from what has been acknowledged.
    fn rewind<F: NorFlash>(&mut self, store: &RefCell<Store<F>>) {
        self.flights.clear();
        self.sent = store.borrow().owed_from();
    }
}

/// Where entries go.
pub(crate) struct Place<'a> {
    pub(crate) base: &'a str,
    pub(crate) meter: &'a str,
    pub(crate) zone: Zone,
    pub(crate) state: &'static State,
}

impl Place<'_> {
    async fn send<IO: Io>(&self, session: &mut Session<'_, '_, '_, IO>, entry: &Entry) -> Result<Sent, Broken> {
        let (start, end) = match entry {
            Entry::Quarter(quarter) => (quarter.start, entry.end()),
            Entry::Gap(gap) => (gap.start, gap.end),
        };
        let (start_offset, end_offset) = (self.zone.offset(start), self.zone.offset(end));
        match entry {
            Entry::Quarter(quarter) => {
                let body = QuarterHour { entry: quarter, start_offset, end_offset };
                self.say(session, Topic::QuarterHour(self.meter), &body).await
            }
            Entry::Gap(gap) => {
                let body = Gap { entry: gap, start_offset, end_offset };
                self.say(session, Topic::Gap(self.meter), &body).await
            }
        }
    }

    async fn say<IO: Io>(
        &self,
        session: &mut Session<'_, '_, '_, IO>,
        topic: Topic<'_>,
        body: &dyn core::fmt::Display,
    ) -> Result<Sent, Broken> {
        let mut path = Path::new();
        if core::fmt::write(&mut path, format_args!("{}/{topic}", self.base)).is_err() {
            self.state.change_link(|link| link.too_long += 1);
            return Ok(Sent::TooLong);
        }
        session.try_send(&Message { topic: &path, body, certain: true, retained: false }).await
    }
}
