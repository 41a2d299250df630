//! Ethernet: a W5500 on the socket's SPI. Its interrupt is not connected there, so it is asked.

use core::convert::Infallible;

use embassy_executor::Spawner;
use embassy_net_wiznet::chip::W5500;
use embassy_net_wiznet::{Device, Runner, State};
use embassy_time::{Duration, Timer};
use embedded_hal_async::digital::Wait;
use esp_hal::peripherals::GPIO7;
use static_cell::StaticCell;

use crate::spi::{self, Bus, Chip, NoReset};

/// The network device.
pub(crate) type Nic = Device<'static>;

/// Frames that wait in each direction: a TLS record of 4 KB comes in three.
const FRAMES: usize = 4;
/// How often the chip is asked for frames: its own 16 KiB last 1.3 ms at full speed, and nobody sends us so much.
const ASK: Duration = Duration::from_millis(2);

/// In the interrupt's place: it is always time to ask, after a while.
struct Ask;

impl embedded_hal::digital::ErrorType for Ask {
    type Error = Infallible;
}

impl Wait for Ask {
    async fn wait_for_low(&mut self) -> Result<(), Infallible> {
        Timer::after(ASK).await;
        Ok(())
    }
    async fn wait_for_high(&mut self) -> Result<(), Infallible> {
        self.wait_for_low().await
    }
    async fn wait_for_rising_edge(&mut self) -> Result<(), Infallible> {
        self.wait_for_low().await
    }
    async fn wait_for_falling_edge(&mut self) -> Result<(), Infallible> {
        self.wait_for_low().await
    }
    async fn wait_for_any_edge(&mut self) -> Result<(), Infallible> {
        self.wait_for_low().await
    }
}

#[embassy_executor::task]
async fn work(runner: Runner<'static, W5500, Chip, Ask, NoReset>) -> ! {
    runner.run().await
}

/// Finds the chip, with its chip select at D3. `None`: it does not answer. Then the board starts anew a minute later, and until it answers neither
/// reads the meter nor sends anything.
pub(crate) async fn begin(spawner: Spawner, bus: &'static Bus, select: GPIO7<'static>, mac: [u8; 6]) -> Option<Nic> {
    static STATE: StaticCell<State<FRAMES, FRAMES>> = StaticCell::new();
    let chip = spi::chip(bus, select);
    match embassy_net_wiznet::new(mac, STATE.init(State::new()), chip, Ask, NoReset).await {
        Ok((device, runner)) => {
            spawner.spawn(work(runner).ok()?);
            Some(device)
        }
        Err(error) => {
            log::error!("no W5500 answers: {error:?}");
            None
        }
    }
}
