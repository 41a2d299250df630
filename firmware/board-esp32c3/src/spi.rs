//! SPI: the socket's, for what shares it: a W5500, an RFM95, or both.

use core::convert::Infallible;

use embassy_embedded_hal::shared_bus::asynch::spi::SpiDevice;
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::mutex::Mutex;
use embedded_hal::digital::OutputPin;
use esp_hal::Async;
use esp_hal::gpio::{Level, Output, OutputConfig, OutputPin as Pin};
use esp_hal::peripherals::{GPIO0, GPIO1, GPIO4, SPI2};
use esp_hal::spi::master::{Config, Spi};
use esp_hal::time::Rate;
use static_cell::StaticCell;

/// A W5500 bears 80 MHz, wires to a module do not; an RFM95 bears 10.
const SPEED: Rate = Rate::from_mhz(if cfg!(feature = "lora") { 10 } else { 20 });

/// Who talks waits for who talks already; both are tasks of one executor.
pub(crate) type Bus = Mutex<NoopRawMutex, Spi<'static, Async>>;
/// A chip on it.
pub(crate) type Chip = SpiDevice<'static, NoopRawMutex, Spi<'static, Async>, Output<'static>>;

/// The socket's pins: D5, D6, D7.
pub(crate) struct Pins {
    pub(crate) spi: SPI2<'static>,
    pub(crate) sck: GPIO1<'static>,
    pub(crate) miso: GPIO0<'static>,
    pub(crate) mosi: GPIO4<'static>,
}

/// Begins it. Once.
pub(crate) fn begin(pins: Pins) -> Option<&'static Bus> {
    static BUS: StaticCell<Bus> = StaticCell::new();
    let config = Config::default().with_frequency(SPEED);
    let spi = Spi::new(pins.spi, config).ok()?.with_sck(pins.sck).with_miso(pins.miso).with_mosi(pins.mosi);
    Some(BUS.init(Mutex::new(spi.into_async())))
}

/// A chip with its chip select.
pub(crate) fn chip(bus: &'static Bus, select: impl Pin + 'static) -> Chip {
    SpiDevice::new(bus, Output::new(select, Level::High, OutputConfig::default()))
}

/// The chips' reset hangs on the board's own.
pub(crate) struct NoReset;

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
