//! Node: the loop of LoRaWAN: it joins, sends a record of each quarter-hour, and hears what the network answers. It waits for nobody but the radio,
//! and nobody waits for it.

use embassy_futures::select::{Either, select};
use embedded_storage::nor_flash::NorFlash;
use rand_core::RngCore;
use smarty_ledger::QuarterHour;

use super::air::{Air, LEAD_MS, Sending, Window};
use super::duty::Duty;
use super::eu868::{DEFAULT_HZ, DataRate, MOST_DBM, SECOND_HZ};
use super::identity::Identity;
use super::link::{Link, Step};
use super::memory::Memory;
use super::record::record;
use super::session::Session;
use crate::state::State;

/// From the end of a join to its windows, ms.
const JOIN_WINDOWS_MS: [u64; 2] = [5000, 6000];
/// The longest frame that a network can send.
const LONGEST_HEARD: usize = 255;

/// See the module.
pub struct Node<A, F, R> {
    /// The radio.
    pub air: A,
    memory: Memory<F>,
    identity: Identity,
    session: Option<Session>,
    link: Link,
    duty: Duty,
    rate: DataRate,
    random: R,
    /// The newest quarter-hour that has not gone out.
    closed: Option<QuarterHour>,
    works: bool,
}

impl<A: Air, F: NorFlash, R: RngCore> Node<A, F, R> {
    /// From what the memory had.
    pub fn new(
        air: A,
        (memory, session): (Memory<F>, Option<Session>),
        identity: Identity,
        rate: DataRate,
        mut random: R,
    ) -> Self {
        let now = air.now_ms();
        let link = Link::new(now, rate, session.is_some(), random.next_u32());
        let duty = Duty::new(now);
        let mut node = Self { air, memory, identity, session, link, duty, rate, random, closed: None, works: true };
        node.agree();
        node
    }

    /// Does what is next, or waits for it.
    pub async fn turn(&mut self, state: &State) {
        if let Some(quarter) = state.closed.try_take() {
            self.take(quarter);
        }
        match self.link.next(self.air.now_ms(), &self.duty) {
            Step::Join => self.join().await,
            Step::Send => self.send(state).await,
            Step::Wait(until) => {
                let wait = self.air.until(until.unwrap_or(u64::MAX / 1_000_000));
                if let Either::First(quarter) = select(state.closed.wait(), wait).await {
                    self.take(quarter);
                }
            }
        }
    }

    /// The session, for who looks on.
    pub fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// What it has remembered, for who goes on with it.
    pub fn into_memory(self) -> Memory<F> {
        self.memory
    }

    /// Begins with the terms of the session that there is now; without one there is the law alone.
    fn agree(&mut self) {
        let terms = self.session.as_ref().map(|session| &session.terms);
        self.duty.limit(self.air.now_ms(), terms.map_or(0, |terms| terms.duty));
        if terms.is_some_and(|terms| terms.is_deaf(self.rate)) {
            log::warn!(
                "LoRaWAN: the network answers at data rate 1, which the radio's driver sets wrong, so these answers are not heard; \
                 choose another lora-data-rate, or other RX1 and RX2 data rates in the network's console"
            );
        }
    }

    fn take(&mut self, quarter: QuarterHour) {
        self.closed = Some(quarter);
        self.link.closed(self.air.now_ms(), self.random.next_u32());
    }

    async fn join(&mut self) {
        let nonce = match self.memory.next_nonce(self.session.as_ref()) {
            Ok(Some(nonce)) => nonce,
            Ok(None) => {
                log::error!("LoRaWAN: all numbers for joining are used up; give the board a new dev-eui");
                return self.link.never_join();
            }
            Err(error) => {
                log::error!("LoRaWAN: the flash does not take the number of a join, so there is none: {error:?}");
                self.link.joined_in_vain(self.air.now_ms(), self.random.next_u32());
                return;
            }
        };
        let request = self.identity.request(nonce);
        let hz = DEFAULT_HZ[self.random.next_u32() as usize % DEFAULT_HZ.len()];
        let windows = [
            Window { after_ms: JOIN_WINDOWS_MS[0], hz, rate: self.rate },
            Window { after_ms: JOIN_WINDOWS_MS[1], hz: SECOND_HZ, rate: DataRate::SLOWEST },
        ];
        let sending = Sending { hz, rate: self.rate, power_dbm: MOST_DBM, checksum: true };
        self.duty.spend(self.air.now_ms(), self.rate.airtime_us(request.len()));
        let (identity, memory) = (&self.identity, &self.memory);
        let mut new = None;
        let mut is_old = false;
        let tried = exchange(&mut self.air, &sending, &request, &windows, |answer, _| {
            let proven = identity.accept(nonce, answer);
            is_old = proven.as_ref().is_some_and(|proven| !memory.is_new(identity, proven.join_number));
            new = proven.filter(|_| !is_old);
            new.is_some()
        });
        let tried = tried.await;
        let now = self.air.now_ms();
        self.tell(tried.as_ref().err());
        let Some(session) = new else {
            let wait = self.link.joined_in_vain(now, self.random.next_u32()) - now;
            if is_old {
                log::warn!(
                    "LoRaWAN: an answer to a join has a number that was there before, so it is not taken; \
                     where the network has begun to count anew, give the board a new app-key there and here"
                );
            }
            log::warn!("LoRaWAN: no answer to join {nonce}; again in {} s", wait / 1000);
            return;
        };
        log::info!("LoRaWAN: joined");
        if let Err(error) = self.memory.keep(&self.identity, &session) {
            log::warn!("LoRaWAN: the flash does not take the session; after a restart there is a new one: {error:?}");
        }
        self.session = Some(session);
        self.agree();
        self.link.let_in(now);
    }

    async fn send(&mut self, state: &State) {
        let now = self.air.now_ms();
        let registers = state.with_latest(|latest| latest.map(|latest| latest.values));
        let (Some(session), Some(quarter), Some(registers)) = (&mut self.session, self.closed.take(), registers) else {
            return self.link.sent(now, false, false);
        };
        let asks = self.link.asks(session.frames());
        let channel = session.terms.channel(self.rate, self.random.next_u32());
        let (Some(frame), Some(channel)) = (session.frame(&record(&quarter, &registers), asks), channel) else {
            log::warn!("LoRaWAN: the session has come to its end");
            self.session = None;
            self.agree();
            self.link.sent(now, false, false);
            return self.link.over(now);
        };
        // Before it goes out: a number that comes twice would open both records.
        if let Err(error) = self.memory.keep(&self.identity, session) {
            log::error!("LoRaWAN: the flash does not take the number of a frame, so it is not sent: {error:?}");
            return self.link.sent(now, false, false);
        }
        let (terms, rate) = (&session.terms, self.rate);
        let sending = Sending { hz: channel.hz, rate, power_dbm: terms.power_dbm(), checksum: true };
        let first_ms = u64::from(terms.delay_s) * 1000;
        let windows = [
            Window { after_ms: first_ms, hz: channel.hz, rate: rate.slower(terms.first_slower) },
            Window { after_ms: first_ms + 1000, hz: terms.second_hz, rate: terms.second_rate },
        ];
        self.duty.spend(now, rate.airtime_us(frame.len()));
        let heard = exchange(&mut self.air, &sending, &frame, &windows, |answer, snr| session.hear(answer, rate, snr));
        let heard = heard.await;
        let now = self.air.now_ms();
        self.duty.limit(now, session.terms.duty);
        self.link.sent(now, asks, matches!(heard, Ok(true)));
        // What was heard goes into flash with the next frame: until then a restart hears it once more, at most.
        self.tell(heard.as_ref().err());
    }

    /// Once: a radio that is not there is no news every minute.
    fn tell(&mut self, broken: Option<&A::Broken>) {
        if let Some(error) = broken
            && self.works
        {
            log::warn!("the radio does not work: {error:?}; is the RFM95 in its place?");
        }
        self.works = broken.is_none();
    }
}

/// Sends, and hears what comes in the windows until somebody takes it. `take` gets a frame and how far it was above the noise, dB.
async fn exchange<A: Air>(
    air: &mut A,
    sending: &Sending,
    frame: &[u8],
    windows: &[Window],
    mut take: impl FnMut(&mut [u8], i8) -> bool,
) -> Result<bool, A::Broken> {
    let sent = air.send(sending, frame).await;
    let end = air.now_ms();
    let mut heard = Ok(false);
    let mut buffer = [0; LONGEST_HEARD];
    if sent.is_ok() {
        for window in windows {
            air.rest().await;
            air.until(end + window.after_ms - LEAD_MS).await;
            match air.listen(window, &mut buffer).await {
                Ok(Some((length, snr))) if take(&mut buffer[..length], snr) => heard = Ok(true),
                Ok(_) => continue,
                Err(error) => heard = Err(error),
            }
            break;
        }
    }
    air.rest().await;
    sent.and(heard)
}
