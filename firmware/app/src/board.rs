//! Board: what a board gives to the app, and the app as one future.

use embassy_net::Stack;
use embedded_io_async::Read;
use embedded_storage::nor_flash::NorFlash;
use rand_core::CryptoRngCore;

use crate::facts::Facts;
use crate::state::State;
use crate::update::Updater;

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
    let _ = &board.flash;
    crate::state::idle(board.facts, board.state).await
}
