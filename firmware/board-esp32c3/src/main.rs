//! The ESP32-C3 board in the socket of the original: pins, drivers, tasks. What it decides is in the app.

#![no_std]
#![no_main]
#![recursion_limit = "256"] // The app is one future of many.

#[cfg(feature = "eth")]
mod ethernet;
mod extras;
mod flash;
#[cfg(feature = "lora")]
mod lora;
mod meter;
#[cfg(any(feature = "eth", feature = "lora"))]
mod spi;
mod stack;
#[cfg(feature = "wifi")]
mod wifi;

use core::sync::atomic::Ordering;

use embassy_executor::Spawner;
use embassy_net::{Runner, Stack, StackResources};
use embassy_time::{Duration, Timer};
use esp_hal::Async;
use esp_hal::clock::CpuClock;
use esp_hal::gpio::{Input, InputConfig, Level, Output, OutputConfig, Pull};
use esp_hal::peripherals::TIMG1;
use esp_hal::rng::{Trng, TrngSource};
use esp_hal::timer::timg::{MwdtStage, TimerGroup, Wdt};
use esp_hal::usb::usb_serial_jtag::UsbSerialJtag;
use smarty_app::access::{Access, Place};
use smarty_app::settings::{Name, Settings};
use smarty_app::update::{Layout, Slot, Start, Updater, Version};
use smarty_app::{About, Board, Facts, Reason, State};
use static_cell::StaticCell;

#[cfg(feature = "eth")]
use ethernet::Nic;
#[cfg(all(feature = "wifi", not(feature = "eth")))]
use wifi::Nic;

// Times of the build are left out: the same source is the same image.
esp_bootloader_esp_idf::esp_app_desc!(
    VERSION,
    env!("CARGO_PKG_NAME"),
    "-",
    "-",
    esp_bootloader_esp_idf::ESP_IDF_COMPATIBLE_VERSION,
    esp_bootloader_esp_idf::MMU_PAGE_SIZE,
    0,
    u16::MAX,
    esp_bootloader_esp_idf::SECURE_VERSION
);

/// Settings and journal, as `partitions.csv` has them.
const MEMORY: core::ops::Range<u32> = 0x31_4000..0x40_0000;
/// What LoRaWAN remembers: `lora`, as `partitions.csv` has it.
#[cfg(feature = "lora")]
const LORA_MEMORY: core::ops::Range<u32> = 0xB000..0xB000 + smarty_app::lora::LEAST_MEMORY;
/// Without a sign of life of both loops for so long the watchdog is not fed any more.
const ALIVE_WITHIN_S: u32 = 120;
/// And then bites after this.
const BITE_AFTER: esp_hal::time::Duration = esp_hal::time::Duration::from_secs(30);
/// Sockets that are open at once: DHCP, DNS, time, broker, update, page (two), mDNS, log, and one to spare.
const SOCKETS: usize = 10;

static FACTS: Facts = Facts::new();
static STATE: State = State::new();
static ACCESS: Access = Access::new();
static NOISE: StaticCell<TrngSource<'static>> = StaticCell::new();
static RESOURCES: StaticCell<StackResources<SOCKETS>> = StaticCell::new();
static BOARD: StaticCell<TheBoard> = StaticCell::new();

/// What images are signed for, and what people are told.
const ABOUT: About = About {
    board: match (cfg!(feature = "esp32c6"), cfg!(feature = "eth"), cfg!(feature = "lora")) {
        (false, false, false) => "esp32c3-wifi",
        (false, false, true) => "esp32c3-lora",
        (false, true, false) => "esp32c3-eth",
        (false, true, true) => "esp32c3-eth-lora",
        (true, false, false) => "esp32c6-wifi",
        (true, false, true) => "esp32c6-lora",
        (true, true, false) => "esp32c6-eth",
        (true, true, true) => "esp32c6-eth-lora",
    },
    chip: if cfg!(feature = "esp32c6") { "ESP32-C6" } else { "ESP32-C3" },
    version: VERSION,
};
/// A newer one can be claimed when the image is built: for tests of updates, and for who builds more often than we release.
const VERSION: &str = match option_env!("SMARTY_VERSION") {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};
// An image with another would never end its trial, and take no update.
const _: () = assert!(Version::parse(VERSION).is_some(), "write SMARTY_VERSION as 1.2.3");

#[panic_handler]
fn panic(info: &core::panic::PanicInfo) -> ! {
    esp_println::println!("PANIC {info}");
    esp_hal::system::software_reset()
}

fn reset(reason: Reason) -> ! {
    log::warn!("starts anew: {reason:?}");
    esp_hal::system::software_reset()
}

#[embassy_executor::task]
async fn network(mut runner: Runner<'static, Nic>) -> ! {
    runner.run().await
}

type TheBoard = Board<meter::Meter, flash::Region, flash::Region, Trng>;

#[embassy_executor::task]
async fn app(board: &'static mut TheBoard) -> ! {
    smarty_app::run(board).await
}

/// Tells the facts, and feeds the watchdog as long as both loops turn.
#[embassy_executor::task]
async fn watch(mut dog: Wdt<TIMG1<'static>>, stack: Stack<'static>, is_own: bool) -> ! {
    loop {
        if FACTS.is_alive(ALIVE_WITHIN_S) {
            dog.feed();
        }
        FACTS.stack_free.store(stack::never_used(), Ordering::Relaxed);
        FACTS.heap_free.store(esp_alloc::HEAP.free() as u32, Ordering::Relaxed);
        let place = if is_own { Place::OwnNetwork } else { Place::Home };
        // An address that was set by hand is there without a cable, too; a router's may be for a moment.
        let config = stack.config_v4().filter(|_| stack.is_link_up());
        ACCESS.move_to(config.map_or(Place::Nowhere, |config| place(config.address.address())));
        Timer::after(Duration::from_secs(1)).await;
    }
}

/// LED at D4, lit when high, as the original's; and the button that also starts the chip's own loader: held at the start it is
/// that, later it is ours.
#[embassy_executor::task]
async fn front(led: Output<'static>, button: Input<'static>) -> ! {
    smarty_app::front::attend((led, true), (button, false), &STATE, &ACCESS).await
}

#[embassy_executor::task]
async fn serial(usb: UsbSerialJtag<'static, Async>) -> ! {
    smarty_app::serial::attend(usb, &STATE, &ACCESS, ABOUT, reset).await
}

#[cfg(all(feature = "wifi", not(feature = "eth")))]
#[embassy_executor::task]
async fn portal(stack: Stack<'static>) -> ! {
    smarty_app::portal::open(stack).await
}

/// Counts this start, and goes back where the image on trial had its chances. Before anything that can hang.
fn updater(flash: flash::Region) -> Option<Updater<flash::Region>> {
    let layout = Layout::PARTITIONS;
    let slot = if layout.slots[1].contains(&flash::running()) { Slot::B } else { Slot::A };
    let version = Version::parse(VERSION)?;
    let loaded = Updater::load(flash, layout, slot, ABOUT.board, version);
    let mut updater = loaded.map_err(|error| log::error!("updates are not possible: {error:?}")).ok()?;
    match updater.start() {
        Ok(Start::Settled) => {}
        Ok(Start::OnTrial(version)) => log::info!("version {version} is on trial"),
        Ok(Start::GoBack) => reset(Reason::Rollback),
        Err(error) => log::error!("{error}"),
    }
    Some(updater)
}

fn wiring(settings: &Settings) -> meter::Wiring {
    let request = settings.number(Name::RequestPin) as u8;
    let level = if settings.is_on(Name::RequestLow) { Level::Low } else { Level::High };
    let pin = settings.number(Name::MeterPin) as u8;
    meter::Wiring {
        // A pin that there is not must not keep the board from starting: the page could not be reached to change it.
        pin: if meter::is_free(pin) { pin } else { 20 },
        inverted: settings.is_on(Name::Inverted),
        baud: settings.number(Name::Baud),
        request: meter::is_free(request).then_some((request, level)),
    }
}

/// The main task ends once everything runs: its stack is the executor's.
#[esp_rtos::main]
async fn main(spawner: Spawner) {
    stack::paint();
    esp_println::logger::init_logger(log::LevelFilter::Info);
    let chip = esp_hal::init(esp_hal::Config::default().with_cpu_clock(CpuClock::max()));
    // For the radio and the scheduler, nothing of ours: RAM that the bootloader no longer needs, and 12 KB more for the radio. Its
    // makers' examples have 72 to 100 KB in all; what is taken here is missing in the stack, of which a certificate needs 38 KB.
    esp_alloc::heap_allocator!(#[esp_hal::ram(reclaimed)] size: 64 * 1024);
    #[cfg(feature = "wifi")]
    esp_alloc::heap_allocator!(size: 12 * 1024);
    esp_rtos::start(TimerGroup::new(chip.TIMG0).timer0, chip.FROM_CPU_INTR0);
    let mut dog = TimerGroup::new(chip.TIMG1).wdt;
    dog.set_timeout(MwdtStage::Stage0, BITE_AFTER);
    dog.enable();
    let reason = esp_hal::system::reset_reason();
    FACTS.reset_reason.store(reason.map_or(0, |reason| reason as u32), Ordering::Relaxed);
    log::info!("{} {}, started by {reason:?}", ABOUT.board, ABOUT.version);
    let flash = flash::whole(chip.FLASH);
    let update = updater(flash);

    // Noise of the converter, as long as there is no radio to take it from.
    NOISE.init(TrngSource::new(chip.RNG, chip.ADC1));
    let Ok(rng) = Trng::try_new() else { reset(Reason::Asked) };

    let mut memory = flash.part(MEMORY);
    let settings = smarty_app::store::settings(&mut memory);
    let Ok(meter) = meter::Meter::open(chip.UART1, chip.UHCI0, chip.DMA_CH0, &wiring(&settings)) else {
        log::error!("the meter's port cannot be opened");
        reset(Reason::Asked)
    };

    #[cfg(any(feature = "eth", feature = "lora"))]
    let bus = spi::begin(spi::Pins { spi: chip.SPI2, sck: chip.GPIO1, miso: chip.GPIO0, mosi: chip.GPIO4 });
    // Not selected from now on, so that it is still while a W5500 is looked for on the same wires.
    #[cfg(feature = "lora")]
    let rfm95 = bus.map(|bus| spi::chip(bus, chip.GPIO2));
    #[cfg(feature = "eth")]
    let nic = {
        let mut mac = [0; 6];
        mac.copy_from_slice(esp_hal::efuse::base_mac_address().as_bytes());
        let nic = match bus {
            Some(bus) => ethernet::begin(spawner, bus, chip.GPIO7, mac).await,
            None => None,
        };
        nic.map(|nic| (nic, smarty_app::net::config(&settings), false))
    };
    #[cfg(all(feature = "wifi", not(feature = "eth")))]
    let nic = {
        let reach = wifi::Reach { state: &STATE, access: &ACCESS, facts: &FACTS, reset };
        let begun = wifi::begin(spawner, chip.WIFI, &settings, reach);
        begun.map(|begun| (begun.nic, begun.config, begun.is_own))
    };
    let Some((nic, config, is_own)) = nic else {
        log::error!("no network: another try in a minute");
        Timer::after_secs(60).await;
        reset(Reason::Asked)
    };
    #[cfg(feature = "lora")]
    if let Some(rfm95) = rfm95 {
        lora::begin(spawner, rfm95, chip.GPIO5, flash.part(LORA_MEMORY), &settings, &STATE);
    }
    let resources = RESOURCES.init(StackResources::new());
    let seed = u64::from(rng.random()) << 32 | u64::from(rng.random());
    let (stack, runner) = embassy_net::new(nic, config, resources, seed);
    let board = BOARD.init(Board {
        meter,
        stack,
        flash: memory,
        update,
        rng,
        reset,
        facts: &FACTS,
        access: &ACCESS,
        about: ABOUT,
        state: &STATE,
    });
    let led = Output::new(chip.GPIO6, Level::Low, OutputConfig::default());
    let button = Input::new(chip.GPIO9, InputConfig::default().with_pull(Pull::Up));
    let usb = UsbSerialJtag::new(chip.USB_DEVICE).into_async();
    extras::begin(spawner, chip.I2C0, chip.GPIO8, chip.GPIO10, &STATE);
    #[cfg(all(feature = "wifi", not(feature = "eth"), not(feature = "lora")))]
    {
        let pins = extras::card::Pins {
            spi: chip.SPI2,
            sck: chip.GPIO1,
            miso: chip.GPIO0,
            mosi: chip.GPIO4,
            select: chip.GPIO5,
        };
        extras::card::begin(spawner, pins, &STATE);
    }
    #[cfg(all(feature = "wifi", not(feature = "eth")))]
    if is_own {
        let _ = portal(stack).map(|task| spawner.spawn(task));
    }
    // Each is spawned once, so there is room for it.
    let _ = network(runner).map(|task| spawner.spawn(task));
    let _ = app(board).map(|task| spawner.spawn(task));
    let _ = watch(dog, stack, is_own).map(|task| spawner.spawn(task));
    let _ = serial(usb).map(|task| spawner.spawn(task));
    let _ = front(led, button).map(|task| spawner.spawn(task));
}
