//! Page: the local page and the API behind it, in the daemon's shapes; and in the first setup the page where people choose
//! their Wi-Fi.
//!
//! Everything is behind the page's password. Where none is set there is no page, except in the network that the board opens
//! itself for its first setup. Two connections are served at once: browsers open two.

mod answers;
mod body;
mod form;
mod gate;
mod handler;
mod health;
mod route;
mod span;
#[cfg(test)]
mod tests;

use core::cell::RefCell;
use core::pin::pin;

use embassy_futures::join::join3;
use embassy_net::Stack;
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::mutex::Mutex;
use embassy_sync::signal::Signal;
use embassy_time::Timer;
use embedded_storage::nor_flash::NorFlash;
use picoserve::{Config, NoGracefulShutdown, Router, Server, Timeouts};

use crate::access::Access;
use crate::board::{About, Reason};
use crate::facts::Facts;
use crate::latest::LONGEST_TEXT;
use crate::state::State;
use crate::store::Store;
use crate::update::Updater;

use gate::Gate;

/// Bytes for the head of a request; browsers send 600.
const REQUEST: usize = 1536;
/// Bytes on their way in. An upload waits for the flash, so more would not be faster.
const INCOMING: usize = 1024;
/// Bytes on their way out.
const OUTGOING: usize = 1536;
/// An answer without a list: the newest values, or a telegram.
const ANSWER: usize = 4608;
const _: () = assert!(LONGEST_TEXT <= ANSWER, "a telegram fits an answer");

/// Where an answer is made before it goes out.
type Made = heapless::Vec<u8, ANSWER>;

/// See the module.
pub(crate) struct Page<'a, F, U> {
    /// Settings, journal.
    pub(crate) store: &'a RefCell<Store<F>>,
    /// `None`: this board is never updated over the network.
    pub(crate) update: &'a RefCell<Option<Updater<U>>>,
    /// What the tasks share.
    pub(crate) state: &'static State,
    /// What board and app tell each other.
    pub(crate) facts: &'static Facts,
    /// How the board gets into a Wi-Fi.
    pub(crate) access: &'static Access,
    /// What this is.
    pub(crate) about: About,
    inside: Inside,
}

/// What only the page knows.
struct Inside {
    gate: RefCell<Gate>,
    restart: Signal<NoopRawMutex, Reason>,
}

impl<'a, F: NorFlash, U: NorFlash> Page<'a, F, U> {
    /// A page that nobody has seen yet.
    pub(crate) fn new(
        store: &'a RefCell<Store<F>>,
        update: &'a RefCell<Option<Updater<U>>>,
        state: &'static State,
        facts: &'static Facts,
        access: &'static Access,
        about: About,
    ) -> Self {
        let inside = Inside { gate: RefCell::default(), restart: Signal::new() };
        Self { store, update, state, facts, access, about, inside }
    }

    /// Serves for ever.
    #[allow(clippy::large_futures)] // The buffers of two connections; they lie in the board's static memory.
    pub(crate) async fn work(&self, stack: Stack<'static>, reset: fn(Reason) -> !) -> ! {
        let made = Mutex::new(Made::new());
        let (one, other) = (pin!(self.serve(stack, &made)), pin!(self.serve(stack, &made)));
        join3(one, other, self.restart(reset)).await.2
    }

    async fn serve(&self, stack: Stack<'static>, made: &Mutex<NoopRawMutex, Made>) -> ! {
        let router = Router::from_service(handler::Service { page: self, made });
        let (mut head, mut incoming, mut outgoing) = ([0; REQUEST], [0; INCOMING], [0; OUTGOING]);
        loop {
            let server = Server::new(&router, &CONFIG, &mut head);
            let _: NoGracefulShutdown = server.listen_and_serve("page", stack, 80, &mut incoming, &mut outgoing).await;
        }
    }

    /// Starts anew, when that was asked for and the answer has gone out.
    async fn restart(&self, reset: fn(Reason) -> !) -> ! {
        let reason = self.inside.restart.wait().await;
        Timer::after_secs(1).await;
        reset(reason)
    }
}

/// A slow browser is waited for, one that does nothing is not.
const CONFIG: Config = Config::new(Timeouts {
    start_read_request: picoserve::time::Duration::from_secs(5),
    persistent_start_read_request: picoserve::time::Duration::from_secs(1),
    read_request: picoserve::time::Duration::from_secs(5),
    write: picoserve::time::Duration::from_secs(5),
});
