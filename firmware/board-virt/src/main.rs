//! QEMU's `virt` machine: drivers and tasks, no decisions.

#![no_std]
#![no_main]
#![recursion_limit = "256"] // The app is one future of many.
#![allow(missing_docs)] // The entry's macro makes a function without any.

mod bench;
mod clock;
mod console;
mod disk;
mod given;
mod interrupt;
mod meter;
mod mmio;
mod network;
mod random;
mod stack;
mod virtio;

use embassy_executor::{Executor, Spawner};
use embassy_net::{Runner, StackResources};
use smarty_app::access::Access;
use smarty_app::store::{LONGEST_CERTIFICATE, Store};
use smarty_app::{About, Board, Facts, Reason, Settings, State};
use static_cell::StaticCell;

use disk::Disk;
use meter::Meter;
use network::Network;
use random::Random;

/// The publisher, SNTP, mDNS, the log, two for the page, and DHCP and DNS.
const SOCKETS: usize = 12;

static STATE: State = State::new();
static FACTS: Facts = Facts::new();
static ACCESS: Access = Access::new();

#[embassy_executor::task]
async fn network_task(mut runner: Runner<'static, Network>) -> ! {
    runner.run().await
}

type TheBoard = Board<Meter, Disk, Disk, Random>;

#[embassy_executor::task]
async fn app_task(board: &'static mut TheBoard) -> ! {
    smarty_app::run(board).await
}

#[embassy_executor::task]
async fn stack_task() -> ! {
    stack::watch(&FACTS).await
}

#[embassy_executor::task]
async fn bench_task(settings: Settings) -> ! {
    bench::run(&settings).await
}

fn reset(reason: Reason) -> ! {
    log::info!("reset: {reason:?}");
    mmio::restart()
}

/// Settings and certificate from the test, before anything is read.
fn take_given(disk: &mut Disk) {
    let Ok((mut store, resumed)) = Store::open(disk) else { return };
    while store.goes_on_forgetting().unwrap_or(false) {}
    let mut buffer = [0; LONGEST_CERTIFICATE];
    if let Some(lines) = given::file(given::SETTINGS, &mut buffer) {
        let mut settings = resumed.settings;
        for line in core::str::from_utf8(lines).unwrap_or_default().lines() {
            let (name, value) = line.split_once('=').unwrap_or((line, ""));
            if let Err(refused) = settings.set_by_name(name, value) {
                log::error!("{}: {refused}", name.trim());
            }
        }
        let _ = store.write_settings(&settings);
    }
    if let Some(certificate) = given::file(given::CERTIFICATE, &mut buffer) {
        let _ = store.write_certificate(certificate);
    }
}

fn spawn(spawner: Spawner, line: Option<u32>) {
    static RESOURCES: StaticCell<StackResources<SOCKETS>> = StaticCell::new();
    static BOARD: StaticCell<TheBoard> = StaticCell::new();
    let Some(mut disk) = Disk::find() else { panic!("no disk: -device virtio-blk-device") };
    take_given(&mut disk);
    let mut random = Random::find();
    let settings = smarty_app::store::settings(&mut disk);
    if given::file(given::BENCH, &mut [0; 4]).is_some() {
        interrupt::begin(None);
        spawner.spawn(bench_task(settings).expect("spawned once"));
        return;
    }
    let config = smarty_app::net::config(&settings);
    let resources = RESOURCES.init(StackResources::new());
    let (stack, runner) = embassy_net::new(Network, config, resources, random.number());
    let board = BOARD.init(Board {
        meter: Meter,
        stack,
        flash: disk,
        update: None,
        rng: random,
        reset,
        facts: &FACTS,
        access: &ACCESS,
        about: About { board: "virt", chip: "QEMU virt", version: env!("CARGO_PKG_VERSION") },
        state: &STATE,
    });
    interrupt::begin(line);
    spawner.spawn(network_task(runner).expect("spawned once"));
    spawner.spawn(stack_task().expect("spawned once"));
    spawner.spawn(app_task(board).expect("spawned once"));
}

/// From the reset on.
#[riscv_rt::entry]
fn main() -> ! {
    static EXECUTOR: StaticCell<Executor> = StaticCell::new();
    stack::paint();
    console::begin();
    log::info!("board-virt {}", env!("CARGO_PKG_VERSION"));
    let line = network::begin();
    EXECUTOR.init(Executor::new()).run(|spawner| spawn(spawner, line))
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    console::say(format_args!("PANIC {info}\n"));
    mmio::power_off(false)
}
