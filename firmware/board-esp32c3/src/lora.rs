//! Lora: an RFM95 on the socket's SPI, with its chip select at D0 and its interrupts, joined by two diodes, at D8. Never tried on air.

use embassy_executor::Spawner;
use embassy_time::{Delay, Duration, Timer, with_timeout};
use embedded_hal::digital::{ErrorKind, ErrorType};
use embedded_hal_async::digital::Wait;
use embedded_hal_async::spi::SpiDevice;
use esp_hal::gpio::{Input, InputConfig, Pull};
use esp_hal::peripherals::GPIO5;
use esp_hal::rng::Rng;
use lora_phy::iv::GenericSx127xInterfaceVariant;
use lora_phy::sx127x::{Config, Sx127x, Sx1276};
use smarty_app::State;
use smarty_app::lora::Chosen;
use smarty_app::settings::Settings;

use crate::flash::Region;
use crate::spi::{Chip, NoReset};

/// The longest frame is 2.8 s on air. Who says nothing for so long has no interrupt, or no power.
const PATIENCE: Duration = Duration::from_secs(6);
/// After an interrupt others have their turn first, also when the line never falls again.
const PAUSE: Duration = Duration::from_millis(1);
/// Between two looks for a chip that is not there.
const LOOK_AGAIN_S: u64 = 60;
/// The register with the chip's version, and what it says.
const VERSION: (u8, u8) = (0x42, 0x12);

/// The interrupts' line. A chip that never speaks must not be waited for: `lora-phy` would do so for ever.
struct Interrupt(Input<'static>);

impl ErrorType for Interrupt {
    type Error = ErrorKind;
}

impl Wait for Interrupt {
    async fn wait_for_high(&mut self) -> Result<(), ErrorKind> {
        with_timeout(PATIENCE, self.0.wait_for_high()).await.map_err(|_| ErrorKind::Other)?;
        Timer::after(PAUSE).await;
        Ok(())
    }
    async fn wait_for_low(&mut self) -> Result<(), ErrorKind> {
        with_timeout(PATIENCE, self.0.wait_for_low()).await.map_err(|_| ErrorKind::Other)
    }
    async fn wait_for_rising_edge(&mut self) -> Result<(), ErrorKind> {
        with_timeout(PATIENCE, self.0.wait_for_rising_edge()).await.map_err(|_| ErrorKind::Other)
    }
    async fn wait_for_falling_edge(&mut self) -> Result<(), ErrorKind> {
        with_timeout(PATIENCE, self.0.wait_for_falling_edge()).await.map_err(|_| ErrorKind::Other)
    }
    async fn wait_for_any_edge(&mut self) -> Result<(), ErrorKind> {
        with_timeout(PATIENCE, self.0.wait_for_any_edge()).await.map_err(|_| ErrorKind::Other)
    }
}

#[embassy_executor::task]
async fn work(mut chip: Chip, line: Interrupt, memory: Region, chosen: Chosen, state: &'static State) -> ! {
    let memory = smarty_app::lora::remember(memory, &chosen);
    if chosen.is_on() && !answers(&mut chip).await {
        log::error!("no RFM95 answers; it is looked for every minute");
        while !answers(&mut chip).await {
            Timer::after_secs(LOOK_AGAIN_S).await;
        }
    }
    // PA_BOOST is the pin that the module's aerial hangs on.
    let config = Config { chip: Sx1276, tcxo_used: false, tx_boost: true, rx_boost: true };
    match GenericSx127xInterfaceVariant::new(NoReset, line, None, None) {
        Ok(lines) => {
            let radio = Sx127x::new(chip, lines, config);
            smarty_app::lora::run(radio, Delay, memory, Rng::new(), chosen, state).await
        }
        Err(error) => {
            log::error!("the radio's pins: {error:?}");
            core::future::pending().await
        }
    }
}

async fn answers(chip: &mut Chip) -> bool {
    let mut bytes = [VERSION.0, 0];
    chip.transfer_in_place(&mut bytes).await.is_ok() && bytes[1] == VERSION.1
}

/// Begins what the settings say; nothing waits for it. Once it cannot be that the board starts anew each minute: a join at each start would use
/// up their numbers.
pub(crate) fn begin(
    spawner: Spawner,
    chip: Chip,
    interrupt: GPIO5<'static>,
    memory: Region,
    settings: &Settings,
    state: &'static State,
) {
    // D8 has a pull-down on the D1 mini and none here.
    let line = Input::new(interrupt, InputConfig::default().with_pull(Pull::Down));
    let _ = work(chip, Interrupt(line), memory, Chosen::new(settings), state).map(|task| spawner.spawn(task));
}
