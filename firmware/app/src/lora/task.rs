//! Task: what the board spawns for its RFM95. Nobody waits for it.

use core::future::pending;

use embedded_storage::nor_flash::NorFlash;
use lora_phy::DelayNs;
use lora_phy::mod_traits::RadioKind;
use rand_core::RngCore;

use super::air::{Air, Chip, Sending};
use super::duty::Duty;
use super::eu868::{DataRate, MOST_DBM};
use super::identity::Identity;
use super::memory::Memory;
use super::node::Node;
use super::packet::{EVERY_S, Packet};
use super::session::Session;
use crate::settings::{Name, Settings};
use crate::state::State;

/// The sketch's frequency, Hz.
const PACKET_HZ: u32 = 868_000_000;

/// What people have chosen.
pub struct Chosen {
    mode: Mode,
    identity: Option<Identity>,
    rate: DataRate,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Off,
    Packet,
    LoraWan,
}

impl Chosen {
    /// As the settings say.
    pub fn new(settings: &Settings) -> Self {
        let mode = match settings.text(Name::Lora) {
            "packet" => Mode::Packet,
            "lorawan" => Mode::LoraWan,
            _ => Mode::Off,
        };
        // Only numbers that there are can be chosen.
        let rate = DataRate::new(settings.number(Name::LoraDataRate) as u8).unwrap_or(DataRate::SLOWEST);
        Self { mode, identity: Identity::new(settings).filter(|_| mode == Mode::LoraWan), rate }
    }

    /// Whether there is anything to send.
    pub fn is_on(&self) -> bool {
        self.mode != Mode::Off
    }
}

/// Opens the memory, and forgets the keys of a session that is not wanted any more: before the radio is looked for, which may not be there.
/// `flash`: from 0, at least [`LEAST_MEMORY`](super::LEAST_MEMORY) bytes, for nothing else. `None`: it cannot be read, which is logged.
pub fn remember<F: NorFlash>(flash: F, chosen: &Chosen) -> Option<(Memory<F>, Option<Session>)> {
    match Memory::open(flash, chosen.identity.as_ref()) {
        Ok((mut memory, session)) => {
            if session.is_none() && memory.forget().is_err() {
                log::error!("LoRaWAN: the flash does not forget the last session");
            }
            Some((memory, session))
        }
        Err(error) => {
            log::error!("LoRaWAN: the flash cannot be read: {error:?}");
            None
        }
    }
}

/// Sends for ever what was chosen, with what [`remember`] has answered.
pub async fn run<Kind, Delay, F, R>(
    kind: Kind,
    delay: Delay,
    memory: Option<(Memory<F>, Option<Session>)>,
    random: R,
    chosen: Chosen,
    state: &'static State,
) -> !
where
    Kind: RadioKind,
    Delay: DelayNs,
    F: NorFlash,
    R: RngCore,
{
    let Chosen { mode, identity, rate } = chosen;
    if mode != Mode::Off {
        match (Chip::begin(kind, mode == Mode::LoraWan, delay).await, identity, memory) {
            (Err(error), ..) => log::error!("the radio does not start: {error:?}"),
            (Ok(air), ..) if mode == Mode::Packet => send_packets(air, state).await,
            (Ok(air), Some(identity), Some(memory)) => {
                let mut node = Node::new(air, memory, identity, rate, random);
                loop {
                    node.turn(state).await;
                }
            }
            (_, None, _) => {
                log::error!("LoRaWAN: set dev-eui (16 hex digits), app-key and, where the network has one, join-eui");
            }
            // It was said above.
            (.., None) => {}
        }
    }
    pending().await
}

/// The sketch's packets, at most one a minute.
async fn send_packets(mut air: impl Air, state: &State) -> ! {
    let sending = Sending { hz: PACKET_HZ, rate: DataRate::FASTEST, power_dbm: MOST_DBM, checksum: false };
    let mut duty = Duty::new(air.now_ms());
    let (mut number, mut works) = (0_u8, true);
    loop {
        air.until(air.now_ms() + u64::from(EVERY_S) * 1000).await;
        let packet = state.with_latest(|latest| latest.and_then(|latest| Packet::new(number, &latest.values)));
        let Some(packet) = packet else { continue };
        let airtime = sending.rate.airtime_us(packet.as_bytes().len());
        air.until(duty.free_at_ms(air.now_ms(), airtime)).await;
        duty.spend(air.now_ms(), airtime);
        number = number.wrapping_add(1);
        let sent = air.send(&sending, packet.as_bytes()).await;
        air.rest().await;
        if let Err(error) = &sent
            && works
        {
            log::warn!("the radio does not work: {error:?}; is the RFM95 in its place?");
        }
        works = sent.is_ok();
    }
}
