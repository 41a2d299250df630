//! Clock: the CLINT's timer, 10 MHz, as embassy's time driver.

use core::cell::RefCell;
use core::task::Waker;

use critical_section::Mutex;
use embassy_time_queue_utils::Queue;

use crate::mmio::{r32, w32};

const MTIMECMP: usize = 0x0200_4000;
const MTIME: usize = 0x0200_BFF8;

fn mtime() -> u64 {
    loop {
        let (high, low) = (r32(MTIME + 4), r32(MTIME));
        if r32(MTIME + 4) == high {
            return u64::from(high) << 32 | u64::from(low);
        }
    }
}

/// Microseconds since the start.
pub(crate) fn now_us() -> u64 {
    mtime() / 10
}

struct Time {
    queue: Mutex<RefCell<Queue>>,
}

impl Time {
    /// Whether the alarm is still to come.
    fn set_alarm(at_us: u64) -> bool {
        let compare = if at_us == u64::MAX { u64::MAX } else { at_us.saturating_mul(10) };
        w32(MTIMECMP + 4, u32::MAX);
        w32(MTIMECMP, compare as u32);
        w32(MTIMECMP + 4, (compare >> 32) as u32);
        at_us > now_us()
    }

    fn wake_the_due(queue: &mut Queue) {
        while !Self::set_alarm(queue.next_expiration(now_us())) {}
    }
}

impl embassy_time_driver::Driver for Time {
    fn now(&self) -> u64 {
        now_us()
    }
    fn schedule_wake(&self, at: u64, waker: &Waker) {
        critical_section::with(|section| {
            let mut queue = self.queue.borrow(section).borrow_mut();
            if queue.schedule_wake(at, waker) {
                Self::wake_the_due(&mut queue);
            }
        });
    }
}

embassy_time_driver::time_driver_impl!(static TIME: Time = Time { queue: Mutex::new(RefCell::new(Queue::new())) });

#[riscv_rt::core_interrupt(riscv::interrupt::Interrupt::MachineTimer)]
fn machine_timer() {
    critical_section::with(|section| Time::wake_the_due(&mut TIME.queue.borrow(section).borrow_mut()));
}
