//! Air: the radio as the loop sees it, and an RFM95 as one. Built, and never tried on air.

use core::fmt::Debug;

use embassy_time::{Instant, Timer};
use lora_phy::mod_params::{ModulationParams, PacketParams, RadioError};
use lora_phy::mod_traits::RadioKind;
use lora_phy::{DelayNs, LoRa, RxMode};

use super::eu868::{DataRate, PREAMBLE};

/// So much before a window, ms, we listen, and so much longer: what else runs on the board keeps us as long as this.
pub(super) const LEAD_MS: u64 = 40;

/// How a frame goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sending {
    /// Hz.
    pub hz: u32,
    /// How fast.
    pub rate: DataRate,
    /// How loud.
    pub power_dbm: i32,
    /// With a checksum of the radio's own.
    pub checksum: bool,
}

/// Where an answer is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// From the end of what was sent to its beginning, ms.
    pub after_ms: u64,
    /// Hz.
    pub hz: u32,
    /// How fast.
    pub rate: DataRate,
}

/// A radio, and its clock.
pub trait Air {
    /// Why it does not work.
    type Broken: Debug;

    /// Ms of a clock that only goes forward.
    fn now_ms(&self) -> u64;

    /// Waits until this time, ms; not at all where it is over.
    fn until(&mut self, ms: u64) -> impl Future<Output = ()>;

    /// Sends; returns when the last symbol is out.
    fn send(&mut self, how: &Sending, frame: &[u8]) -> impl Future<Output = Result<(), Self::Broken>>;

    /// Listens from now on until the window is over. Answers how many bytes came, and how far above the noise they were, dB.
    fn listen(
        &mut self,
        window: &Window,
        into: &mut [u8],
    ) -> impl Future<Output = Result<Option<(usize, i8)>, Self::Broken>>;

    /// Rests until it is needed again.
    fn rest(&mut self) -> impl Future<Output = ()>;
}

/// A chip that `lora-phy` drives.
pub(super) struct Chip<Kind: RadioKind, Delay: DelayNs> {
    radio: LoRa<Kind, Delay>,
    /// It begins anew before it sends again.
    broken: bool,
}

impl<Kind: RadioKind, Delay: DelayNs> Chip<Kind, Delay> {
    /// `open_to_all`: for a LoRaWAN; without, the word before each frame is that of private networks.
    pub(super) async fn begin(kind: Kind, open_to_all: bool, delay: Delay) -> Result<Self, RadioError> {
        Ok(Self { radio: LoRa::new(kind, open_to_all, delay).await?, broken: false })
    }

    fn modulation(&mut self, rate: DataRate, hz: u32) -> Result<ModulationParams, RadioError> {
        let set = rate.modulation();
        self.radio.create_modulation_params(set.sf, set.bw, set.cr, hz)
    }

    async fn try_send(&mut self, how: &Sending, frame: &[u8]) -> Result<(), RadioError> {
        if self.broken {
            self.radio.init().await?;
        }
        let modulation = self.modulation(how.rate, how.hz)?;
        let mut frames =
            self.radio.create_tx_packet_params(u16::from(PREAMBLE), false, how.checksum, false, &modulation)?;
        self.radio.prepare_for_tx(&modulation, &mut frames, how.power_dbm, frame).await?;
        self.radio.tx().await
    }

    async fn try_listen(&mut self, window: &Window, into: &mut [u8]) -> Result<Option<(usize, i8)>, RadioError> {
        let modulation = self.modulation(window.rate, window.hz)?;
        // Networks answer with turned signals, so that boards do not hear each other.
        let frames: PacketParams =
            self.radio.create_rx_packet_params(u16::from(PREAMBLE), false, u8::MAX, true, true, &modulation)?;
        let symbols = 13 + window.rate.modulation().delay_in_symbols(2 * LEAD_MS as u32);
        self.radio.prepare_for_rx(RxMode::Single(symbols), &modulation, &frames).await?;
        match self.radio.rx(&frames, into).await {
            Ok((length, status)) => Ok(Some((length.into(), status.snr as i8))),
            Err(RadioError::ReceiveTimeout) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl<Kind: RadioKind, Delay: DelayNs> Air for Chip<Kind, Delay> {
    type Broken = RadioError;

    fn now_ms(&self) -> u64 {
        Instant::now().as_millis()
    }

    async fn until(&mut self, ms: u64) {
        Timer::at(Instant::from_millis(ms)).await;
    }

    async fn send(&mut self, how: &Sending, frame: &[u8]) -> Result<(), RadioError> {
        let sent = self.try_send(how, frame).await;
        self.broken = sent.is_err();
        sent
    }

    async fn listen(&mut self, window: &Window, into: &mut [u8]) -> Result<Option<(usize, i8)>, RadioError> {
        let heard = self.try_listen(window, into).await;
        self.broken |= heard.is_err();
        heard
    }

    async fn rest(&mut self) {
        // What does not even rest begins anew.
        self.broken |= self.radio.sleep(false).await.is_err();
    }
}
