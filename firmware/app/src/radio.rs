//! Radio: the task that sends the first SmartyReader's packets by LoRa. Built, and never tried on air.

use embassy_time::Timer;
use lora_phy::mod_params::{Bandwidth, CodingRate, RadioError, SpreadingFactor};
use lora_phy::mod_traits::RadioKind;
use lora_phy::{DelayNs, LoRa};

use crate::lora::{EVERY_S, Packet};
use crate::state::State;

/// What the sketch's library sets where nobody says otherwise: 868 MHz, spreading factor 7, 125 kHz, 4/5, a preamble of 8,
/// a header, no checksum.
const FREQUENCY_HZ: u32 = 868_000_000;
const PREAMBLE: u16 = 8;
/// The most that is allowed there (ETSI EN 300 220: 25 mW), dBm.
const POWER_DBM: i32 = 14;

/// Sends for ever, at most once a minute. The board makes the radio, for a private network.
pub async fn transmit<Kind: RadioKind, Delay: DelayNs>(mut radio: LoRa<Kind, Delay>, state: &'static State) -> ! {
    let mut number = 0_u8;
    let mut works = true;
    loop {
        Timer::after_secs(u64::from(EVERY_S)).await;
        let packet = state.with_latest(|latest| latest.and_then(|latest| Packet::new(number, &latest.values)));
        let Some(packet) = packet else { continue };
        number = number.wrapping_add(1);
        let sent = send(&mut radio, packet.as_bytes()).await;
        if let Err(error) = &sent
            && works
        {
            log::warn!("the radio does not send: {error:?}");
        }
        works = sent.is_ok();
    }
}

async fn send<Kind: RadioKind, Delay: DelayNs>(radio: &mut LoRa<Kind, Delay>, bytes: &[u8]) -> Result<(), RadioError> {
    let (factor, width, rate) = (SpreadingFactor::_7, Bandwidth::_125KHz, CodingRate::_4_5);
    let modulation = radio.create_modulation_params(factor, width, rate, FREQUENCY_HZ)?;
    let mut parameters = radio.create_tx_packet_params(PREAMBLE, false, false, false, &modulation)?;
    radio.prepare_for_tx(&modulation, &mut parameters, POWER_DBM, bytes).await?;
    radio.tx().await?;
    radio.sleep(false).await
}
