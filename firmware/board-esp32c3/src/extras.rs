//! Extras: what can be plugged in beside: a clock and a sensor on I²C, and, where the SPI has no other chip, a microSD card.

use embassy_embedded_hal::shared_bus::asynch::i2c::I2cDevice;
use embassy_executor::Spawner;
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::mutex::Mutex;
use esp_hal::Async;
use esp_hal::i2c::master::{Config, I2c};
use esp_hal::peripherals::{GPIO8, GPIO10, I2C0};
use smarty_app::State;
use static_cell::StaticCell;

type Bus = Mutex<NoopRawMutex, I2c<'static, Async>>;
type Device = I2cDevice<'static, NoopRawMutex, I2c<'static, Async>>;

#[embassy_executor::task]
async fn clock(bus: Device, state: &'static State) -> ! {
    smarty_app::rtc::attend(bus, state).await
}

#[embassy_executor::task]
async fn climate(bus: Device, state: &'static State) -> ! {
    smarty_app::climate::measure(bus, state).await
}

/// Looks for clock and sensor on D2 (SDA) and D1 (SCL). A bus that hangs ends with the HAL's time-out and costs nobody else anything.
pub(crate) fn begin(
    spawner: Spawner,
    port: I2C0<'static>,
    sda: GPIO8<'static>,
    scl: GPIO10<'static>,
    state: &'static State,
) {
    static BUS: StaticCell<Bus> = StaticCell::new();
    let Ok(port) = I2c::new(port, Config::default()) else { return };
    let bus: &'static Bus = BUS.init(Mutex::new(port.with_sda(sda).with_scl(scl).into_async()));
    let _ = clock(I2cDevice::new(bus), state).map(|task| spawner.spawn(task));
    let _ = climate(I2cDevice::new(bus), state).map(|task| spawner.spawn(task));
}

#[cfg(all(feature = "wifi", not(feature = "eth"), not(feature = "lora")))]
pub(crate) mod card {
    //! Card: the microSD shield, with its chip select at D8.

    use embassy_executor::Spawner;
    use embassy_time::Delay;
    use embedded_hal_bus::spi::ExclusiveDevice;
    use embedded_sdmmc::sdcard::spi::{AcquireOpts, SdCard};
    use esp_hal::Blocking;
    use esp_hal::gpio::{Level, Output, OutputConfig};
    use esp_hal::peripherals::{GPIO0, GPIO1, GPIO4, GPIO5, SPI2};
    use esp_hal::spi::master::{Config, Spi};
    use esp_hal::time::Rate;
    use smarty_app::State;

    /// Every card bears this, also while it is being initialised at less.
    const SPEED: Rate = Rate::from_mhz(10);

    /// Each takes a tenth of a second in which nothing else runs. A card that has answered is there; its own count is 50.
    const RETRIES: u32 = 3;

    type Card = SdCard<ExclusiveDevice<Spi<'static, Blocking>, Output<'static>, Delay>, Delay>;

    pub(crate) struct Pins {
        pub(crate) spi: SPI2<'static>,
        pub(crate) sck: GPIO1<'static>,
        pub(crate) miso: GPIO0<'static>,
        pub(crate) mosi: GPIO4<'static>,
        pub(crate) select: GPIO5<'static>,
    }

    #[embassy_executor::task]
    async fn keep(card: Card, state: &'static State) -> ! {
        smarty_app::card::keep(card, state, look).await
    }

    fn look(card: &Card) -> bool {
        card.mark_card_uninit();
        card.spi(smarty_app::card::answers)
    }

    pub(crate) fn begin(spawner: Spawner, pins: Pins, state: &'static State) {
        let Ok(spi) = Spi::new(pins.spi, Config::default().with_frequency(SPEED)) else { return };
        let spi = spi.with_sck(pins.sck).with_miso(pins.miso).with_mosi(pins.mosi);
        let select = Output::new(pins.select, Level::High, OutputConfig::default());
        let Ok(device) = ExclusiveDevice::new(spi, select, Delay);
        let options = AcquireOpts { acquire_retries: RETRIES, ..AcquireOpts::default() };
        let _ = keep(SdCard::new_with_options(device, Delay, options), state).map(|task| spawner.spawn(task));
    }
}
