//! Stack: how much of it was never used.

use core::ptr::{addr_of, addr_of_mut};

const PAINT: u32 = 0x5A5A_5A5A;
/// What is left alone above the lowest end: the HAL's guard lies there.
const GUARD: usize = 64;
/// What is left alone below the stack pointer: this very function.
const MARGIN: usize = 256;

unsafe extern "C" {
    static mut _stack_end: u32;
    static _stack_start: u32;
}

fn lowest() -> usize {
    addr_of!(_stack_end) as usize + GUARD
}

/// Paints what is free of the stack. Call it once, from the main task, before there are others.
pub(crate) fn paint() {
    let here = 0u32;
    let free = (addr_of!(here) as usize - MARGIN).saturating_sub(lowest()) / 4;
    let bottom = addr_of_mut!(_stack_end).wrapping_byte_add(GUARD);
    for word in 0..free {
        // SAFETY: between the end of the stack and our own frame nobody has anything, and interrupts run above it.
        unsafe { bottom.add(word).write_volatile(PAINT) };
    }
}

/// Bytes that were never used since.
pub(crate) fn never_used() -> u32 {
    let bottom = addr_of!(_stack_end).wrapping_byte_add(GUARD);
    let words = (addr_of!(_stack_start) as usize - lowest()) / 4;
    // SAFETY: reads the chip's own RAM, between two ends that the linker gives.
    let painted = (0..words).take_while(|&word| unsafe { bottom.add(word).read_volatile() } == PAINT);
    painted.count() as u32 * 4
}
