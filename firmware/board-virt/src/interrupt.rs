//! Interrupts: the PLIC, and who is told.

use crate::meter;
use crate::mmio::{r32, w32};
use crate::network;

const PLIC: usize = 0x0c00_0000;
const THRESHOLD: usize = PLIC + 0x20_0000;
const CLAIM: usize = PLIC + 0x20_0004;

fn enable(line: u32) {
    w32(PLIC + 4 * line as usize, 1);
    let word = PLIC + 0x2000 + 4 * (line as usize / 32);
    w32(word, r32(word) | 1 << (line % 32));
}

#[riscv_rt::core_interrupt(riscv::interrupt::Interrupt::MachineExternal)]
fn machine_external() {
    loop {
        let line = r32(CLAIM);
        match line {
            0 => break,
            meter::LINE => meter::pump(),
            // The only other one that is switched on.
            _ => network::rung(),
        }
        w32(CLAIM, line);
    }
}

/// From now on the UART and, where there is one, the network interrupt.
pub(crate) fn begin(network: Option<u32>) {
    w32(THRESHOLD, 0);
    meter::begin();
    enable(meter::LINE);
    if let Some(line) = network {
        enable(line);
    }
    // SAFETY: the handlers above are in place.
    unsafe {
        riscv::register::mie::set_mtimer();
        riscv::register::mie::set_mext();
        riscv::interrupt::enable();
    }
}
