//! QEMU's `virt` machine: pins and drivers, no decisions. It boots, says so, and runs the app.

#![no_std]
#![no_main]

mod clock;
mod console;
mod interrupt;
mod meter;
mod mmio;

#[riscv_rt::entry]
fn main() -> ! {
    console::begin();
    log::info!("board-virt {}", env!("CARGO_PKG_VERSION"));
    interrupt::begin(None);
    loop {
        riscv::asm::wfi();
    }
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo) -> ! {
    console::say(format_args!("PANIC {info}\n"));
    mmio::power_off(false)
}
