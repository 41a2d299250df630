//! Meter: the UART's receiving side, pumped by its interrupt into a ring.

use core::convert::Infallible;
use core::sync::atomic::Ordering;

use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::pipe::Pipe;

use crate::FACTS;
use crate::mmio::{r8, w8};

pub(crate) const UART: usize = 0x1000_0000;
pub(crate) const LINE: u32 = 10;

/// Half a second at 115,200 baud is 5.8 kB; so long cryptography may keep the executor busy.
static RING: Pipe<CriticalSectionRawMutex, 8192> = Pipe::new();

/// In the interrupt: what has arrived goes into the ring.
pub(crate) fn pump() {
    while r8(UART + 5) & 1 != 0 {
        let byte = r8(UART);
        // The machine stops its sender by itself while nobody reads, so a full ring is the only loss there is.
        if RING.try_write(&[byte]).is_err() {
            let lost = FACTS.meter_overrun.load(Ordering::Relaxed);
            FACTS.meter_overrun.store(lost.wrapping_add(1), Ordering::Relaxed);
        }
    }
}

/// FIFO on, interrupt at the first byte.
pub(crate) fn begin() {
    w8(UART + 2, 0x07);
    w8(UART + 1, 0x01);
}

/// What the app reads.
pub(crate) struct Meter;

impl embedded_io_async::ErrorType for Meter {
    type Error = Infallible;
}

impl embedded_io_async::Read for Meter {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        Ok(RING.read(buffer).await)
    }
}
