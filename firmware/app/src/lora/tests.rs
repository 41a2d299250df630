//! Tests: the whole way without air. A radio in memory, with a clock that jumps, carries frames to a network server that knows the key and
//! reads with `lorawan`'s own parser.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

extern crate std;

mod chip;
mod network;
mod trials;

use core::cell::RefCell;
use core::future::{poll_fn, ready};
use core::task::Poll;
use std::boxed::Box;
use std::rc::Rc;
use std::vec::Vec;

use rand_core::{Error, RngCore, impls};
use smarty_ledger::{Energies, QuarterHour};
use smarty_p1::Quantity;

use super::{Air, DataRate, Identity, LEAST_MEMORY, Memory, Node, Sending, Window};
use crate::common::{Chip, Flash};
use crate::latest::Latest;
use crate::settings::{Name, Settings};
use crate::state::State;
use network::Network;

const DEVICE: &str = "00AFEE7CF5ED6F1E";
const JOIN: &str = "70B3D57ED00000DC";
const KEY: &str = "B6B53F4A168A7A88BDF7EA135CE9CFCA";
const QUARTER_MS: u64 = 900_000;

/// A frame that was on air.
#[derive(Clone, Debug)]
struct Flight {
    start: u64,
    end: u64,
    sending: Sending,
    bytes: Vec<u8>,
}

/// What all restarts of a board have in common.
struct World {
    now: u64,
    /// When the next quarter-hour is over.
    border: u64,
    /// Nobody idles longer.
    horizon: u64,
    flights: Vec<Flight>,
    network: Network,
}

impl World {
    fn new() -> Rc<RefCell<Self>> {
        let (border, network) = (QUARTER_MS, Network::new());
        Rc::new(RefCell::new(Self { now: 0, border, horizon: 0, flights: Vec::new(), network }))
    }
}

/// The radio. It keeps the meter's quarter-hours, too: who waits long enough is woken by one.
struct Ether {
    world: Rc<RefCell<World>>,
    state: &'static State,
}

impl Air for Ether {
    type Broken = ();

    fn now_ms(&self) -> u64 {
        self.world.borrow().now
    }

    async fn until(&mut self, ms: u64) {
        let mut world = self.world.borrow_mut();
        let idle = ms.saturating_sub(world.now) > 30_000;
        let ms = if idle { ms.min(world.horizon.max(world.now + 1)) } else { ms };
        while world.border <= ms {
            let border = world.border;
            world.border += QUARTER_MS;
            self.state.closed.signal(quarter((border / 1000) as i64));
            if idle {
                world.now = border;
                return;
            }
        }
        world.now = world.now.max(ms);
    }

    async fn send(&mut self, how: &Sending, frame: &[u8]) -> Result<(), ()> {
        let mut world = self.world.borrow_mut();
        let start = world.now;
        let end = start + u64::from(how.rate.airtime_us(frame.len())).div_ceil(1000);
        world.now = end;
        world.flights.push(Flight { start, end, sending: *how, bytes: frame.to_vec() });
        world.network.hear(frame, how, end);
        Ok(())
    }

    async fn listen(&mut self, window: &Window, into: &mut [u8]) -> Result<Option<(usize, i8)>, ()> {
        let mut world = self.world.borrow_mut();
        let now = world.now;
        let answer = world.network.answer(window, now);
        world.now += 500;
        Ok(answer.map(|answer| {
            into[..answer.len()].copy_from_slice(&answer);
            (answer.len(), -7)
        }))
    }

    fn rest(&mut self) -> impl Future<Output = ()> {
        ready(())
    }
}

/// Numbers that are as good as random, the same each time.
struct Dice(u64);

impl RngCore for Dice {
    fn next_u32(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as u32
    }
    fn next_u64(&mut self) -> u64 {
        impls::next_u64_via_u32(self)
    }
    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        impls::fill_bytes_via_next(self, bytes);
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

fn settings() -> Settings {
    let mut settings = Settings::new();
    settings.set(Name::DevEui, DEVICE).unwrap();
    settings.set(Name::JoinEui, JOIN).unwrap();
    settings.set(Name::AppKey, KEY).unwrap();
    settings
}

fn identity() -> Identity {
    Identity::new(&settings()).unwrap()
}

/// The quarter-hour that ends then, UTC seconds.
fn quarter(end: i64) -> QuarterHour {
    QuarterHour {
        start: end - 900,
        energies: Energies { import: Some(end % 7919), export: Some(5), ..Energies::UNKNOWN },
        complete: true,
        power_net: None,
        voltage: None,
        telegrams: 90,
    }
}

/// What the meter shows.
fn registers() -> Latest {
    let mut latest = Latest::new();
    latest.values.set(Quantity::EnergyImport, 6_695_000);
    latest.values.set(Quantity::EnergyExport, 15_000);
    latest
}

/// A board that starts with this flash, in this world. `None`: the flash cannot be read.
fn start(world: &Rc<RefCell<World>>, chip: &Chip, rate: DataRate) -> Option<(Node<Ether, Chip, Dice>, &'static State)> {
    let state: &'static State = Box::leak(Box::new(State::new()));
    state.put_latest(&registers());
    let memory = Memory::open(chip.clone(), Some(&identity())).ok()?;
    let seed = world.borrow().now ^ 0x5EED;
    let air = Ether { world: world.clone(), state };
    Some((Node::new(air, memory, identity(), rate, Dice(seed)), state))
}

/// A board with a fresh flash.
fn fresh() -> Chip {
    Flash::new((LEAST_MEMORY / 4096) as usize).shared()
}

/// Lets a board work until this time, ms.
fn work(node: &mut Node<Ether, Chip, Dice>, state: &State, until: u64) {
    node.air.world.borrow_mut().horizon = until;
    while node.air.now_ms() < until {
        embassy_futures::block_on(async {
            // Nothing here waits for anybody outside: a turn that is not over at once never is.
            let mut turn = core::pin::pin!(node.turn(state));
            poll_fn(|context| match turn.as_mut().poll(context) {
                Poll::Ready(()) => Poll::Ready(()),
                Poll::Pending => panic!("the loop waits for nothing"),
            })
            .await;
        });
    }
}
