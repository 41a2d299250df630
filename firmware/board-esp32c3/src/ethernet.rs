//! Ethernet: a W5500 on the socket's SPI. Its interrupt is not connected there, so it is asked.

use core::convert::Infallible;

use embassy_embedded_hal::shared_bus::asynch::spi::SpiDevice;
use embassy_executor::Spawner;
use embassy_net_wiznet::chip::W5500;
use embassy_net_wiznet::{Device, Runner, State};
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::mutex::Mutex;
use embassy_time::{Duration, Timer};
use embedded_hal::digital::OutputPin;
use embedded_hal_async::digital::Wait;
use esp_hal::Async;
use esp_hal::gpio::{Level, Output, OutputConfig};
use esp_hal::peripherals::{GPIO0, GPIO1, GPIO4, GPIO7, SPI2};
use esp_hal::spi::master::{Config, Spi};
use esp_hal::time::Rate;
use static_cell::StaticCell;

/// The network device.
pub(crate) type Nic = Device<'static>;

/// Frames that wait in each direction: a TLS record of 4 KB comes in three.
const FRAMES: usize = 4;
/// The chip bears 80 MHz, wires to a module do not.
const SPEED: Rate = Rate::from_mhz(20);
/// How often the chip is asked for frames: its own 16 KiB last 1.3 ms at full speed, and nobody sends us so much.
const ASK: Duration = Duration::from_millis(2);

type Bus = Mutex<NoopRawMutex, Spi<'static, Async>>;
type Chip = SpiDevice<'static, NoopRawMutex, Spi<'static, Async>, Output<'static>>;

/// The socket's pins: D5, D6, D7 and, as chip select, D3.
pub(crate) struct Pins {
    pub(crate) spi: SPI2<'static>,
    pub(crate) sck: GPIO1<'static>,
    pub(crate) miso: GPIO0<'static>,
    pub(crate) mosi: GPIO4<'static>,
    pub(crate) select: GPIO7<'static>,
}

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

/// The chip's reset hangs on the board's own.
struct NoReset;

impl embedded_hal::digital::ErrorType for NoReset {
    type Error = Infallible;
}

impl OutputPin for NoReset {
    fn set_low(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
    fn set_high(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

#[embassy_executor::task]
async fn work(runner: Runner<'static, W5500, Chip, Ask, NoReset>) -> ! {
    runner.run().await
}

/// Finds the chip, however long that takes: without it there is nothing else to do but to read the meter.
pub(crate) async fn begin(spawner: Spawner, pins: Pins, mac: [u8; 6]) -> Option<Nic> {
    static BUS: StaticCell<Bus> = StaticCell::new();
    static STATE: StaticCell<State<FRAMES, FRAMES>> = StaticCell::new();
    let config = Config::default().with_frequency(SPEED);
    let spi = Spi::new(pins.spi, config).ok()?.with_sck(pins.sck).with_miso(pins.miso).with_mosi(pins.mosi);
    let bus = BUS.init(Mutex::new(spi.into_async()));
    let chip = SpiDevice::new(bus, Output::new(pins.select, Level::High, OutputConfig::default()));
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
