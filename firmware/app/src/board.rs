//! Board: what a board gives to the app, and the app as one future.

use core::cell::RefCell;
use core::pin::pin;

use embassy_futures::join::{join, join4, join5};
use embassy_futures::select::{Either, select};
use embassy_futures::yield_now;
use embassy_net::Stack;
use embassy_time::Timer;
use embedded_io_async::Read;
use embedded_storage::nor_flash::NorFlash;
use rand_core::CryptoRngCore;

use crate::access::Access;
use crate::books::Books;
use crate::facts::Facts;
use crate::intake::{Intake, MARKS, Mark};
use crate::latest::Latest;
use crate::page::Page;
use crate::publish::Publisher;
use crate::reader::{Desk, read};
use crate::settings::{Name, Settings};
use crate::state::State;
use crate::store::Store;
use crate::update::{Chunks, Updater, fetch_noticed, watch_trial};
use crate::{mdns, sntp, udp_log};

/// Why the app starts the board anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Settings have changed that are read at the start.
    Settings,
    /// Somebody asked for it.
    Asked,
    /// The other slot is to run.
    Update,
    /// The version on trial failed, the one before it is to run.
    Rollback,
    /// Everything was reset to how it was delivered.
    FactoryReset,
    /// The flash cannot be read.
    Flash,
}

/// What a board is.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// For which boards images are signed: `esp32c3-wifi`.
    pub board: &'static str,
    /// The chip: `ESP32-C3`.
    pub chip: &'static str,
    /// The version of the image, `1.2.3`.
    pub version: &'static str,
}

/// What a board gives to the app.
pub struct Board<Meter, Flash, Update, Rng> {
    /// Bytes of the meter. A pump driven by interrupts fills a ring behind it: while cryptography keeps the executor
    /// busy for half a second, the chip's own buffer would hold 11 ms.
    pub meter: Meter,
    /// The network, already told which address it has or asks for.
    pub stack: Stack<'static>,
    /// The region of settings and journal, from 0. Erased in sectors of 4096 bytes, written in words of at most 4.
    pub flash: Flash,
    /// Decides what runs, over the whole flash. The board has called [`Updater::start`] before anything that can hang.
    /// `None`: this board is never updated over the network.
    pub update: Option<Updater<Update>>,
    /// Random numbers that nobody can guess.
    pub rng: Rng,
    /// Starts the board anew.
    pub reset: fn(Reason) -> !,
    /// What board and app tell each other.
    pub facts: &'static Facts,
    /// How the board gets into a Wi-Fi. A board without one leaves it as it is.
    pub access: &'static Access,
    /// What the board is.
    pub about: About,
    /// What the tasks share; the settings are read from the flash when the app begins.
    pub state: &'static State,
}

/// The app. It never ends; the board spawns it as one task. It is lent what it works with: a future that is given more than a
/// few words is made on the stack, all 140 KB of it, and copied from there.
pub async fn run<Meter, Flash, Update, Rng>(board: &'static mut Board<Meter, Flash, Update, Rng>) -> !
where
    Meter: Read,
    Flash: NorFlash,
    Update: NorFlash,
    Rng: CryptoRngCore,
{
    let Board { meter, flash, update, rng, .. } = board;
    let (stack, reset, about) = (board.stack, board.reset, board.about);
    let (facts, access, state) = (board.facts, board.access, board.state);
    // Kept here and lent to the tasks: a future that is given something has it twice. Each is made by a function that is not
    // inlined: what it needs on its way would lie on the stack below everything else, for ever.
    let (mut settings, mut books, mut marks) = (Settings::new(), None, [Mark::default(); MARKS]);
    let store = match begin(flash, &mut settings, &mut books, &mut marks) {
        Ok(store) => store,
        Err(error) => {
            log::error!("the flash cannot be read: {error:?}; is the partition table right?");
            Timer::after_secs(10).await;
            reset(Reason::Flash)
        }
    };
    state.put_settings(&settings);
    // Before anybody works with it, and sector by sector, so that the watchdog is fed.
    loop {
        let more = store.borrow_mut().goes_on_forgetting();
        match more {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                log::error!("the flash does not forget: {error:?}; another try with the next start");
                Timer::after_secs(10).await;
                reset(Reason::Flash)
            }
        }
        yield_now().await;
    }
    let mut intake = Intake::new(&settings, marks);
    let mut latest = Latest::new();
    // Always: `begin` has put it there.
    let Some(books) = &mut books else { reset(Reason::Flash) };
    let mut desk = Desk { intake: &mut intake, books, latest: &mut latest, store: &store, state };
    let update = RefCell::new(update.take());
    let chunks = Chunks::new(&update);
    let mut publisher = Publisher::new(&store, (state, facts, &settings), &chunks, about.version);
    let page = Page::new(&store, &update, state, facts, access, about);
    // Each stays where it is made: moved into the other, it would go over the stack, 45 kB at once.
    let time = pin!(sntp::run(stack, &settings, &state.utc, rng.next_u64()));
    let name = pin!(mdns::run(stack, settings.text(Name::HostName)));
    let log = pin!(udp_log::run(stack, &settings));
    let settings = pin!(keep_settings(&store, state, reset));
    let trial = pin!(join(watch_trial(&update, state, reset), fetch_noticed(stack, &update, &chunks, state, reset)));
    let pages = pin!(page.work(stack, reset));
    let reading = pin!(read(meter, &mut desk, facts));
    let publishing = pin!(publisher.work(stack, rng));
    join5(reading, publishing, pages, trial, join4(time, name, log, settings)).await.0
}

/// Takes up what there was before the restart.
#[inline(never)]
fn begin<F: NorFlash>(
    flash: F,
    settings: &mut Settings,
    books: &mut Option<Books>,
    marks: &mut [Mark; MARKS],
) -> Result<RefCell<Store<F>>, F::Error> {
    let (mut store, resumed) = Store::open(flash)?;
    settings.clone_from(&resumed.settings);
    *marks = resumed.marks;
    let books = books.insert(Books::new(settings, resumed.account, resumed.devices));
    let since = books.wants_since();
    books.seed(store.newest_first(since));
    Ok(RefCell::new(store))
}

/// Writes settings when they have changed, and has everything forgotten when that is asked for: the next start goes on with it.
async fn keep_settings<F: NorFlash>(store: &RefCell<Store<F>>, state: &'static State, reset: fn(Reason) -> !) -> ! {
    loop {
        match select(state.changed.wait(), state.forget.wait()).await {
            Either::First(()) => {
                let settings = state.with_settings(Settings::clone);
                if store.borrow_mut().write_settings(&settings).is_err() {
                    state.change_link(|link| link.flash_errors += 1);
                    log::error!("the flash does not take the settings");
                }
            }
            Either::Second(()) => {
                if store.borrow_mut().forget().is_err() {
                    log::error!("the flash does not forget");
                }
                reset(Reason::FactoryReset)
            }
        }
    }
}
