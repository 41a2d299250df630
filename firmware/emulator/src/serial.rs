//! Serial port: a receiver with its FIFO of 128 bytes, on a line that goes at its own speed whatever the program does meanwhile.

use std::collections::VecDeque;

use crate::HERTZ;

/// What the hardware holds before it loses.
pub const FIFO: usize = 128;

const FULL: u32 = 1;
const OVERRUN: u32 = 1 << 4;
const TIMEOUT: u32 = 1 << 8;
/// Nothing is ever waiting to be sent: transmitter empty, transmission done.
const SENT: u32 = 1 << 1 | 1 << 14;

/// One of both ports.
#[derive(Default)]
pub struct Serial {
    fifo: VecDeque<u8>,
    line: VecDeque<u8>,
    next: u64,
    last: u64,
    raw: u32,
    enabled: u32,
    clock: u32,
    divider: u32,
    threshold: u32,
    lost: u64,
}

/// How the signal comes to the port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polarity {
    /// As a receiver wants it.
    Upright,
    /// Upside down: what it reads is nonsense.
    Inverted,
    /// The port listens at another pin.
    Elsewhere,
}

impl Serial {
    /// Bytes that a sender puts on the line now, one after the other.
    pub fn send(&mut self, bytes: &[u8], now: u64, baud: u32) {
        if self.line.is_empty() {
            self.next = now + byte_time(baud);
        }
        self.line.extend(bytes);
    }

    /// What has come over the line until now, at the sender's `baud`.
    pub fn advance(&mut self, now: u64, baud: u32, polarity: Polarity) {
        while self.next <= now {
            let Some(byte) = self.line.pop_front() else { break };
            self.last = self.next;
            self.next += byte_time(baud);
            let byte = match polarity {
                _ if !self.speed_fits(baud) => byte.rotate_left(3) ^ 0x55,
                Polarity::Upright => byte,
                Polarity::Inverted => !byte,
                Polarity::Elsewhere => continue,
            };
            if self.fifo.len() < FIFO {
                self.fifo.push_back(byte);
            } else {
                self.lost += 1;
                self.raw |= OVERRUN;
            }
        }
        if self.fifo.len() >= (self.threshold & 0x1FF).max(1) as usize {
            self.raw |= FULL;
        }
        if !self.fifo.is_empty() && self.idle(now, baud) {
            self.raw |= TIMEOUT;
        }
    }

    /// Whether the line has been quiet for two bytes.
    pub fn idle(&self, now: u64, baud: u32) -> bool {
        now > self.last + 2 * byte_time(baud) && (self.line.is_empty() || self.next > now)
    }

    /// When the next byte is complete, or the quiet after the last noticed.
    pub fn next_event(&self, now: u64, baud: u32) -> Option<u64> {
        if !self.line.is_empty() {
            return Some(self.next.max(now + 1));
        }
        (!self.fifo.is_empty() && !self.idle(now, baud)).then(|| self.last + 2 * byte_time(baud) + 1)
    }

    /// When the byte that is on the line will be complete; for ever away where there is none.
    pub fn next_arrival(&self) -> u64 {
        if self.line.is_empty() { u64::MAX } else { self.next }
    }

    /// The oldest byte in the FIFO; DMA takes it like this too.
    pub fn take(&mut self) -> Option<u8> {
        self.fifo.pop_front()
    }

    /// How many bytes came while the FIFO was full.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Whether it asks for an interrupt.
    pub fn pending(&self) -> bool {
        (self.raw | SENT) & self.enabled != 0
    }

    /// Reads a register; `None` where it is only storage.
    pub fn read(&mut self, offset: u32) -> Option<u32> {
        Some(match offset {
            0x00 => u32::from(self.take().unwrap_or(0)),
            0x04 => self.raw | SENT,
            0x08 => (self.raw | SENT) & self.enabled,
            0x0C => self.enabled,
            0x1C => self.fifo.len() as u32,
            _ => return None,
        })
    }

    /// Writes a register.
    pub fn write(&mut self, offset: u32, value: u32) {
        match offset {
            0x0C => self.enabled = value,
            0x10 => self.raw &= !value,
            0x14 => self.divider = value,
            0x20 if value >> 17 & 1 == 1 => self.fifo.clear(),
            0x24 => self.threshold = value,
            0x78 => self.clock = value,
            _ => {}
        }
    }

    /// Whether the program has set the line's speed, within the 3 % that a receiver bears.
    fn speed_fits(&self, baud: u32) -> bool {
        let source: u64 = match self.clock >> 20 & 3 {
            1 => 80_000_000,
            2 => 17_500_000,
            _ => 40_000_000,
        };
        let whole = u64::from(self.clock >> 12 & 0xFF) + 1;
        // In sixteenths, as the hardware counts.
        let sixteenths = u64::from(self.divider & 0xFFF) * 16 + u64::from(self.divider >> 20 & 15);
        if sixteenths == 0 {
            return false;
        }
        let have = source * 16 / (whole * sixteenths);
        have.abs_diff(u64::from(baud)) * 100 <= u64::from(baud) * 3
    }
}

fn byte_time(baud: u32) -> u64 {
    HERTZ * 10 / u64::from(baud.max(1))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

    use super::*;
    use proptest::prelude::*;

    /// 115200 baud from the crystal: 40 MHz / 347.2.
    fn set(baud_divider: u32) -> Serial {
        let mut port = Serial::default();
        port.write(0x78, 3 << 20);
        port.write(0x14, baud_divider);
        port.write(0x24, 64);
        port
    }

    const RIGHT: u32 = 347 + (4 << 20);

    proptest! {
        #[test]
        fn who_reads_often_enough_gets_all(bytes: Vec<u8>, step in 1u64..HERTZ / 100) {
            let mut port = set(RIGHT);
            port.send(&bytes, 0, 115_200);
            let (mut now, mut got) = (0, Vec::new());
            while got.len() < bytes.len() {
                now += step;
                port.advance(now, 115_200, Polarity::Upright);
                while let Some(byte) = port.take() {
                    got.push(byte);
                }
            }
            prop_assert_eq!(got, bytes);
            prop_assert_eq!(port.lost(), 0);
        }
    }

    #[test]
    fn a_byte_takes_its_time() {
        let mut port = set(RIGHT);
        port.send(b"ab", 1000, 115_200);
        port.advance(1000 + 13_888 - 1, 115_200, Polarity::Upright);
        assert_eq!(port.take(), None);
        port.advance(1000 + 13_888, 115_200, Polarity::Upright);
        assert_eq!((port.take(), port.take()), (Some(b'a'), None));
    }

    #[test]
    fn who_sleeps_loses_what_does_not_fit() {
        let mut port = set(RIGHT);
        port.send(&[7; 200], 0, 115_200);
        port.advance(HERTZ, 115_200, Polarity::Upright);
        assert_eq!(port.lost(), 200 - FIFO as u64);
        assert_eq!(port.read(0x04).unwrap() & OVERRUN, OVERRUN);
    }

    #[test]
    fn upside_down_at_another_pin_or_at_another_speed_nothing_good_comes() {
        let hear = |divider, polarity| {
            let mut port = set(divider);
            port.send(b"/", 0, 115_200);
            port.advance(HERTZ, 115_200, polarity);
            port.take()
        };
        assert_eq!(hear(RIGHT, Polarity::Upright), Some(b'/'));
        assert_eq!(hear(RIGHT, Polarity::Inverted), Some(!b'/'));
        assert_eq!(hear(RIGHT, Polarity::Elsewhere), None);
        assert_ne!(hear(4166, Polarity::Upright), Some(b'/'), "9600 baud");
    }

    #[test]
    fn interrupts_come_at_the_threshold_and_at_the_end() {
        let mut port = set(RIGHT);
        port.write(0x0C, FULL);
        port.send(&[1; 63], 0, 115_200);
        port.advance(63 * 13_889, 115_200, Polarity::Upright);
        assert!(!port.pending(), "one too few");
        port.write(0x0C, TIMEOUT);
        port.advance(HERTZ, 115_200, Polarity::Upright);
        assert!(port.pending(), "quiet");
        port.write(0x10, TIMEOUT);
        assert!(!port.pending());
    }
}
