//! Memory-mapped registers of QEMU's `virt` machine, and its way to end.

use core::ptr::{read_volatile, write_volatile};

const TEST: usize = 0x0010_0000;

/// Reads a register of a device.
pub(crate) fn r8(address: usize) -> u8 {
    // SAFETY: addresses are constants of the machine's memory map, or slots that it announces.
    unsafe { read_volatile(address as *const u8) }
}

/// Writes a register of a device.
pub(crate) fn w8(address: usize, value: u8) {
    // SAFETY: as above.
    unsafe { write_volatile(address as *mut u8, value) }
}

/// Reads a register of a device.
pub(crate) fn r32(address: usize) -> u32 {
    // SAFETY: as above.
    unsafe { read_volatile(address as *const u32) }
}

/// Writes a register of a device.
pub(crate) fn w32(address: usize, value: u32) {
    // SAFETY: as above.
    unsafe { write_volatile(address as *mut u32, value) }
}

/// Ends QEMU: with 0, or with 1.
pub(crate) fn power_off(good: bool) -> ! {
    w32(TEST, if good { 0x5555 } else { 0x1_3333 });
    loop {
        riscv::asm::wfi();
    }
}

/// Starts the machine anew.
pub(crate) fn restart() -> ! {
    w32(TEST, 0x7777);
    loop {
        riscv::asm::wfi();
    }
}
