//! Access: how the board gets into a Wi-Fi. The board's radio writes what it hears and where it is, the app what it wants.

use core::cell::{Cell, RefCell};
use core::net::Ipv4Addr;

use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::signal::Signal;
use heapless::{String, Vec};

/// So many networks are shown, the strongest first.
pub const NETWORKS: usize = 12;

/// A Wi-Fi that can be heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its name.
    pub name: String<32>,
    /// How strong it is, dBm.
    pub rssi_dbm: i8,
    /// Whether it wants a password.
    pub locked: bool,
}

/// Where the board is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// In no network yet.
    #[default]
    Nowhere,
    /// In a network of its own, which people join to set it up.
    OwnNetwork(Ipv4Addr),
    /// In the household's network.
    Home(Ipv4Addr),
}

/// See the module. One in a program, as a `static`.
pub struct Access {
    heard: Mutex<CriticalSectionRawMutex, RefCell<Vec<Network, NETWORKS>>>,
    place: Mutex<CriticalSectionRawMutex, Cell<Place>>,
    /// Name and password have been given: the radio is to try them at once.
    pub wanted: Signal<CriticalSectionRawMutex, ()>,
    /// Somebody has held the button: the radio is to open the board's own network.
    pub setup: Signal<CriticalSectionRawMutex, ()>,
}

impl Access {
    /// Nothing heard, nowhere.
    pub const fn new() -> Self {
        Self {
            heard: Mutex::new(RefCell::new(Vec::new())),
            place: Mutex::new(Cell::new(Place::Nowhere)),
            wanted: Signal::new(),
            setup: Signal::new(),
        }
    }

    /// The radio has listened around. Networks with several stations are kept once, hidden ones not at all.
    pub fn hear(&self, networks: impl IntoIterator<Item = Network>) {
        self.heard.lock(|heard| {
            let mut heard = heard.borrow_mut();
            heard.clear();
            for network in networks {
                insert(&mut heard, network);
            }
        });
    }

    /// What was heard the last time, the strongest first. Do not wait inside.
    pub fn with_networks<R>(&self, look: impl FnOnce(&[Network]) -> R) -> R {
        self.heard.lock(|heard| look(&heard.borrow()))
    }

    /// The radio, or the cable, is somewhere else now.
    pub fn move_to(&self, place: Place) {
        self.place.lock(|known| known.set(place));
    }

    /// Where the board is.
    pub fn place(&self) -> Place {
        self.place.lock(Cell::get)
    }
}

impl Default for Access {
    fn default() -> Self {
        Self::new()
    }
}

fn insert(heard: &mut Vec<Network, NETWORKS>, network: Network) {
    if network.name.is_empty() {
        return;
    }
    if let Some(known) = heard.iter().position(|known| known.name == network.name) {
        if heard[known].rssi_dbm >= network.rssi_dbm {
            return;
        }
        heard.remove(known);
    }
    let place = heard.iter().position(|known| known.rssi_dbm < network.rssi_dbm).unwrap_or(heard.len());
    if heard.is_full() && place < heard.len() {
        heard.pop();
    }
    // Full and weaker than all: it is left out.
    let _ = heard.insert(place, network);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::string::ToString;

    proptest! {
        #[test]
        fn the_strongest_are_kept_once_each_in_order(all in proptest::collection::vec((0..30_u8, any::<i8>()), 0..60)) {
            let access = Access::new();
            access.hear(all.iter().map(|(name, rssi)| Network {
                name: name.to_string().as_str().try_into().unwrap(),
                rssi_dbm: *rssi,
                locked: true,
            }));
            let mut best: std::vec::Vec<i8> =
                (0..30).filter_map(|name| all.iter().filter(|one| one.0 == name).map(|one| one.1).max()).collect();
            best.sort_unstable_by(|one, two| two.cmp(one));
            best.truncate(NETWORKS);
            access.with_networks(|heard| {
                prop_assert!(heard.iter().map(|network| network.rssi_dbm).eq(best));
                Ok(())
            })?;
        }
    }
}
