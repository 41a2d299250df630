//! Stack: how much of it was never used. It is painted at the start, and looked at later.

use core::ptr::{read_volatile, write_volatile};
use core::sync::atomic::Ordering;

use embassy_time::Timer;
use smarty_app::Facts;

const PAINT: u32 = 0xA5A5_A5A5;
/// What the painter itself may use.
const SLACK: usize = 1024;

unsafe extern "C" {
    /// Where memory that nothing lies in begins: the stack may grow down to here.
    static __sheap: u32;
}

fn bottom() -> usize {
    &raw const __sheap as usize
}

/// Paints everything below where the stack is now.
pub(crate) fn paint() {
    let here = 0_u32;
    let top = &raw const here as usize - SLACK;
    for address in (bottom()..top).step_by(4) {
        // SAFETY: nothing lies between the end of the memory that is laid out and the stack.
        unsafe { write_volatile(address as *mut u32, PAINT) };
    }
}

/// Bytes that were never used.
pub(crate) fn free() -> u32 {
    let mut address = bottom();
    // SAFETY: as above; the stack itself ends the walk.
    while unsafe { read_volatile(address as *const u32) } == PAINT {
        address += 4;
    }
    (address - bottom()) as u32
}

/// Tells the app for ever.
pub(crate) async fn watch(facts: &Facts) -> ! {
    loop {
        facts.stack_free.store(free(), Ordering::Relaxed);
        Timer::after_secs(1).await;
    }
}
