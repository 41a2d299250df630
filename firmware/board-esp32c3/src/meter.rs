//! Meter: the P1 port. DMA fills a ring in RAM while cryptography, a flash that is erased or anything else keeps the processor:
//! the port's own 128 bytes would last 11 ms.

use core::convert::Infallible;

use embassy_time::{Duration, Instant, Timer};
use embedded_io_async::{ErrorType, Read};
use esp_hal::Blocking;
use esp_hal::dma::DmaRxStreamBuf;
use esp_hal::dma_rx_stream_buffer;
use esp_hal::gpio::{AnyPin, Input, InputConfig, Level, Output, OutputConfig, Pull};
use esp_hal::peripherals::{DMA_CH0, UART1, UHCI0};
use esp_hal::uart::uhci::{RxConfig, TxConfig, Uhci, UhciDmaRxTransfer, UhciRx};
use esp_hal::uart::{Config, ConfigError, Uart};

/// The ring: 0.7 s of a line that never pauses, or seven telegrams of 1 KB.
const RING: usize = 8192;
/// What is handed over at once, or less when the line pauses.
const CHUNK: usize = 128;
/// How often somebody looks whether there is something.
const LOOK: Duration = Duration::from_millis(5);
/// After so much silence the transfer is begun anew: it stops for good when the ring was ever full.
const SILENCE: Duration = Duration::from_secs(15);

type Transfer = UhciDmaRxTransfer<'static, Blocking, DmaRxStreamBuf>;

/// How the port is connected.
pub(crate) struct Wiring {
    /// Pin of the data.
    pub(crate) pin: u8,
    /// Whether the chip turns the signal round.
    pub(crate) inverted: bool,
    /// Speed.
    pub(crate) baud: u32,
    /// The pin that asks for data, and the level that does.
    pub(crate) request: Option<(u8, Level)>,
}

/// The receiving end.
pub(crate) struct Meter {
    transfer: Option<Transfer>,
    heard: Instant,
    _request: Option<Output<'static>>,
}

/// Whether this pin of the socket has nothing else on it: A0, RX, TX; D0 and D8 without an RFM95, D8 without a card, D3 without a W5500.
pub(crate) fn is_free(pin: u8) -> bool {
    let (lora, eth) = (cfg!(feature = "lora"), cfg!(feature = "eth"));
    match pin {
        3 | 20 | 21 => true,
        2 => !lora,
        5 => eth && !lora,
        7 => !eth,
        _ => false,
    }
}

impl Meter {
    /// Opens the port and begins to listen.
    ///
    /// # Errors
    /// When the speed cannot be had.
    ///
    /// # Panics
    /// Never: `wiring` has only pins that [`is_free`] allows.
    pub(crate) fn open(
        port: UART1<'static>,
        uhci: UHCI0<'static>,
        channel: DMA_CH0<'static>,
        wiring: &Wiring,
    ) -> Result<Self, ConfigError> {
        // SAFETY: main.rs gives each pin to one driver only.
        let pin = |number| unsafe { AnyPin::steal(number) };
        let data = Input::new(pin(wiring.pin), InputConfig::default().with_pull(Pull::Up));
        let data = data.peripheral_input().with_input_inverter(wiring.inverted);
        let port = Uart::new(port, Config::default().with_baudrate(wiring.baud))?.with_rx(data);
        let mut uhci = Uhci::new(port, uhci, channel);
        let chunk = RxConfig::default().with_chunk_limit(CHUNK as u16);
        // The only error is a chunk above 4095.
        let _ = uhci.apply_rx_config(&chunk);
        let _ = uhci.apply_tx_config(&TxConfig::default().with_idle_eof(true).with_len_eof(true));
        let (receiver, _) = uhci.split();
        let transfer = begin(receiver, dma_rx_stream_buffer!(RING, CHUNK));
        let request = wiring.request.map(|(number, level)| Output::new(pin(number), level, OutputConfig::default()));
        Ok(Self { transfer, heard: Instant::now(), _request: request })
    }

    fn take(&mut self, into: &mut [u8]) -> usize {
        let taken = self.transfer.as_mut().map_or(0, |transfer| transfer.pop(into));
        if taken > 0 {
            self.heard = Instant::now();
        } else if self.heard.elapsed() > SILENCE {
            self.heard = Instant::now();
            self.transfer = self.transfer.take().and_then(|transfer| {
                let (receiver, ring) = transfer.cancel();
                begin(receiver, ring)
            });
        }
        taken
    }
}

fn begin(receiver: UhciRx<'static, Blocking>, ring: DmaRxStreamBuf) -> Option<Transfer> {
    receiver.read(ring).map_err(|(error, ..)| log::error!("the meter's port cannot be read: {error:?}")).ok()
}

impl ErrorType for Meter {
    type Error = Infallible;
}

impl Read for Meter {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, Infallible> {
        loop {
            match self.take(into) {
                0 if !into.is_empty() => Timer::after(LOOK).await,
                taken => return Ok(taken),
            }
        }
    }
}
