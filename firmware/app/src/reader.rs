//! Reader: the task between the meter and the books. It waits for nothing but the meter.

use core::cell::RefCell;
use core::sync::atomic::Ordering;

use embassy_time::{Duration, Timer, with_timeout};
use embedded_io_async::Read;
use embedded_storage::nor_flash::NorFlash;
use heapless::Vec;
use smarty_ledger::{Entry, Outcome};

use crate::books::Books;
use crate::facts::{Facts, uptime_s};
use crate::intake::{Found, Intake};
use crate::latest::Latest;
use crate::state::State;
use crate::store::{AT_ONCE, Store};
use crate::utc::Origin;

/// After so long without a byte what is begun will not be finished.
const SILENCE: Duration = Duration::from_millis(500);
/// So long a meter that says nothing is waited for before the loop is seen to turn.
const TURN: Duration = Duration::from_secs(1);

/// What the task works with.
pub(crate) struct Desk<'a, F> {
    pub(crate) intake: &'a mut Intake,
    pub(crate) books: &'a mut Books,
    pub(crate) latest: &'a mut Latest,
    pub(crate) store: &'a RefCell<Store<F>>,
    pub(crate) state: &'static State,
}

/// Reads for ever.
pub(crate) async fn read<M: Read, F: NorFlash>(meter: &mut M, desk: &mut Desk<'_, F>, facts: &'static Facts) -> ! {
    // A quarter of a kilobyte: 22 ms of the fastest meter.
    let mut buffer = [0; 256];
    loop {
        let patience = if desk.intake.is_waiting() { SILENCE } else { TURN };
        match with_timeout(patience, meter.read(&mut buffer)).await {
            Ok(Ok(length)) if length > 0 => {
                let before = desk.latest.number;
                desk.take(&buffer[..length]);
                if desk.latest.number != before {
                    facts.telegram_read();
                }
            }
            // A line that breaks off, or a port that is at its end, comes again.
            Ok(_) => Timer::after(Duration::from_millis(100)).await,
            Err(_) => desk.silence(),
        }
        facts.alive_meter.store(uptime_s(), Ordering::Relaxed);
    }
}

impl<F: NorFlash> Desk<'_, F> {
    fn take(&mut self, bytes: &[u8]) {
        let now = self.state.utc.own();
        let Self { intake, books, latest, store, state } = self;
        intake.feed(bytes, now, &mut |found| keep(found, books, latest, store, state));
        state.put_counters(intake.counters());
    }

    fn silence(&mut self) {
        let now = self.state.utc.own();
        let Self { intake, books, latest, store, state } = self;
        intake.silence(now, &mut |found| keep(found, books, latest, store, state));
        state.put_counters(intake.counters());
    }
}

/// Books a telegram, writes down what it closed, and tells the others.
fn keep<F: NorFlash>(
    found: Found<'_>,
    books: &mut Books,
    latest: &mut Latest,
    store: &RefCell<Store<F>>,
    state: &'static State,
) {
    match found {
        Found::Sealed(frame) => {
            latest.number = latest.number.wrapping_add(1);
            latest.text.clear();
            // One that is too long is left out whole.
            let _ = latest.text.extend_from_slice(frame);
        }
        Found::Arrival(arrival) => {
            let mut entries: Vec<Entry, AT_ONCE> = Vec::new();
            let first = books.account().last_time().is_none();
            let outcome = books.take(arrival, latest, |entry| {
                // No more than this many come out.
                let _ = entries.push(entry);
            });
            state.utc.set(arrival.time, Origin::Meter);
            #[cfg(feature = "lora")]
            if let Some(Entry::Quarter(quarter)) = entries.iter().rfind(|entry| matches!(entry, Entry::Quarter(_))) {
                state.closed.signal(*quarter);
            }
            // The very first is written down, too: energy counts from there on.
            if !entries.is_empty() || (first && outcome == Outcome::Booked) {
                let written = store.borrow_mut().close(books.account(), arrival.marks, &entries);
                let devices = books.device_changes().map(|bytes| store.borrow_mut().write_devices(&bytes));
                if written.is_err() || devices.is_some_and(|written| written.is_err()) {
                    state.change_link(|link| link.flash_errors += 1);
                    log::error!("the flash does not take what was closed: it is missing in the journal");
                }
            }
        }
    }
    latest.uptime_s = uptime_s();
    state.put_latest(latest);
}
