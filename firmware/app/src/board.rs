//! Board: what a board gives to the app, and the app as one future.

use core::cell::RefCell;

use embassy_futures::join::{join, join4, join5};
use embassy_futures::select::{Either, select};
use embassy_net::Stack;
use embassy_time::Timer;
use embedded_io_async::Read;
use embedded_storage::nor_flash::NorFlash;
use rand_core::CryptoRngCore;

use crate::access::Access;
use crate::books::Books;
use crate::facts::Facts;
use crate::intake::Intake;
use crate::latest::Latest;
use crate::page::Page;
use crate::publish::Publisher;
use crate::reader::{Desk, read};
use crate::settings::{Name, Settings};
use crate::state::State;
use crate::store::{Resumed, Store};
use crate::update::{Updater, fetch_noticed, watch_trial};
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

/// The app. It never ends; the board spawns it as one task.
pub async fn run<Meter, Flash, Update, Rng>(board: Board<Meter, Flash, Update, Rng>) -> !
where
    Meter: Read,
    Flash: NorFlash,
    Update: NorFlash,
    Rng: CryptoRngCore,
{
    let Board { mut meter, stack, flash, update, mut rng, reset, facts, access, about, state } = board;
    let (store, resumed) = match Store::open(flash) {
        Ok(opened) => opened,
        Err(error) => {
            log::error!("the flash cannot be read: {error:?}; is the partition table right?");
            Timer::after_secs(10).await;
            reset(Reason::Flash)
        }
    };
    let Resumed { settings, account, devices, marks } = resumed;
    state.put_settings(settings.clone());
    let store = RefCell::new(store);
    let mut books = Books::new(&settings, account, devices);
    let since = books.wants_since();
    books.seed(store.borrow_mut().newest_first(since));
    let intake = Intake::new(&settings, marks);
    // Kept here and lent to the tasks: a future that is given something has it twice.
    let mut desk = Desk { intake, books, latest: Latest::new(), store: &store, state };
    let mut publisher = Publisher::new(&store, state, facts, &settings);
    let around = join4(
        sntp::run(stack, &settings, &state.utc, rng.next_u64()),
        mdns::run(stack, settings.text(Name::HostName)),
        udp_log::run(stack, &settings),
        keep_settings(&store, state, reset),
    );
    let update = RefCell::new(update);
    let page = Page::new(&store, &update, state, facts, access, about);
    join5(
        read(&mut meter, &mut desk, facts),
        publisher.work(stack, &mut rng),
        around,
        page.work(stack, reset),
        join(watch_trial(&update, state, reset), fetch_noticed(stack, &update, state, reset)),
    )
    .await
    .0
}

/// Writes settings when they have changed, and forgets everything when that is asked for.
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
                if store.borrow_mut().clear().is_err() {
                    log::error!("the flash does not forget");
                }
                reset(Reason::FactoryReset)
            }
        }
    }
}
