//! DMA: bytes from the meter's port into a chain of buffers in RAM, without the processor.
//!
//! On the way is the UHCI, which ends a buffer when the line goes quiet or enough has come.

use crate::memory::Memory;

const DONE: u32 = 1;
const END: u32 = 1 << 1;
const EMPTY: u32 = 1 << 7;
/// The UHCI's number among the peripherals of the DMA.
const UHCI: u32 = 2;
/// Descriptors lie in RAM; only the low bits of their address are written.
const RAM: u32 = 0x3FC0_0000;

/// A receiving channel.
#[derive(Clone, Copy, Default)]
struct Channel {
    raw: u32,
    enabled: u32,
    link: u32,
    peripheral: u32,
    /// The descriptor that is being filled, and how far.
    current: Option<(u32, u32)>,
}

/// Three receiving channels, and the UHCI that feeds one of them.
#[derive(Default)]
pub struct Dma {
    channels: [Channel; 3],
    uhci: u32,
    limit: u32,
    taken: u32,
}

impl Dma {
    fn receiver(&self) -> Option<usize> {
        let serial1 = self.uhci >> 3 & 1 == 1;
        (0..3).find(|at| {
            let channel = self.channels[*at];
            serial1 && channel.peripheral == UHCI && channel.current.is_some()
        })
    }

    /// Whether it takes what the meter's port has.
    pub fn takes(&self) -> bool {
        self.receiver().is_some()
    }

    /// Whether a buffer is begun, so that quiet ends it.
    pub fn begun(&self) -> bool {
        self.receiver().is_some_and(|at| self.channels[at].current.is_some_and(|(_, filled)| filled > 0))
    }

    /// Takes a byte; `false` when no buffer is free.
    pub fn push(&mut self, byte: u8, memory: &mut Memory) -> bool {
        let Some(at) = self.receiver() else { return false };
        let Some((descriptor, filled)) = self.channels[at].current else { return false };
        let size = memory.word(descriptor) & 0xFFF;
        memory.set_byte(memory.word(descriptor + 4) + filled, byte);
        self.channels[at].current = Some((descriptor, filled + 1));
        self.taken += 1;
        let enough = self.uhci >> 9 & 1 == 1 && self.taken >= self.limit;
        if filled + 1 == size || enough {
            self.close(at, enough, memory);
        }
        true
    }

    /// The line is quiet: ends the buffer that is begun.
    pub fn quiet(&mut self, memory: &mut Memory) {
        if let Some(at) = self.receiver().filter(|_| self.begun() && self.uhci >> 8 & 1 == 1) {
            self.close(at, true, memory);
        }
    }

    /// Gives a buffer to the program and goes on to the next.
    fn close(&mut self, at: usize, end: bool, memory: &mut Memory) {
        let channel = &mut self.channels[at];
        let Some((descriptor, filled)) = channel.current else { return };
        memory.set_word(descriptor, memory.word(descriptor) & 0xFFF | filled << 12 | u32::from(end) << 30);
        channel.raw |= DONE;
        if end {
            channel.raw |= END;
            self.taken = 0;
        }
        channel.current = match memory.word(descriptor + 8) {
            0 => {
                channel.raw |= EMPTY;
                None
            }
            next => Some((next, 0)),
        };
    }

    /// The channels that ask for an interrupt, a bit each.
    pub fn pending(&self) -> u64 {
        (0..3).filter(|at| self.channels[*at].raw & self.channels[*at].enabled != 0).fold(0, |bits, at| bits | 1 << at)
    }

    /// Reads a register of the DMA; `None` where it is only storage.
    pub fn read(&self, offset: u32) -> Option<u32> {
        if offset < 0x30 {
            let channel = self.channels[offset as usize / 0x10];
            return Some(match offset % 0x10 {
                0x0 => channel.raw,
                0x4 => channel.raw & channel.enabled,
                0x8 => channel.enabled,
                _ => 0,
            });
        }
        let (at, register) = register(offset)?;
        let channel = self.channels[at];
        match register {
            // Bit 24: parked, nothing to do.
            0x10 => Some(channel.link & 0xF_FFFF | 1 << 20 | u32::from(channel.current.is_none()) << 24),
            0x30 => Some(channel.peripheral),
            _ => None,
        }
    }

    /// Writes a register of the DMA.
    pub fn write(&mut self, offset: u32, value: u32) {
        if offset < 0x30 {
            let channel = &mut self.channels[offset as usize / 0x10];
            match offset % 0x10 {
                0x8 => channel.enabled = value,
                0xC => channel.raw &= !value,
                _ => {}
            }
            return;
        }
        let Some((at, register)) = register(offset) else { return };
        let channel = &mut self.channels[at];
        match register {
            0x00 if value & 1 == 1 => channel.current = None,
            0x10 => {
                channel.link = value & 0xF_FFFF;
                if value >> 21 & 1 == 1 {
                    channel.current = None;
                }
                if value >> 22 & 1 == 1 {
                    channel.current = Some((RAM | channel.link, 0));
                    self.taken = 0;
                }
            }
            0x30 => channel.peripheral = value & 0x3F,
            _ => {}
        }
    }

    /// Writes a register of the UHCI.
    pub fn write_uhci(&mut self, offset: u32, value: u32) {
        match offset {
            0x00 => self.uhci = value,
            0x7C => self.limit = value & 0x1FFF,
            _ => {}
        }
    }
}

/// Channel and register within its receiving half.
fn register(offset: u32) -> Option<(usize, u32)> {
    let from_first = offset.checked_sub(0x70)?;
    let (channel, register) = (from_first as usize / 0xC0, from_first % 0xC0);
    (channel < 3 && register < 0x60).then_some((channel, register))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

    use super::*;
    use proptest::prelude::*;

    const FIRST: u32 = 0x3FC9_0000;
    const BUFFERS: u32 = 0x3FCA_0000;

    /// A chain of `count` buffers of `size` bytes on channel 0, for serial port 1 with ends at quiet and at 128 bytes.
    fn chain(count: u32, size: u32) -> (Dma, Memory) {
        let (mut dma, mut memory) = (Dma::default(), Memory::powered_on());
        for at in 0..count {
            memory.set_word(FIRST + 12 * at, size | 1 << 31);
            memory.set_word(FIRST + 12 * at + 4, BUFFERS + size * at);
            memory.set_word(FIRST + 12 * at + 8, if at + 1 < count { FIRST + 12 * (at + 1) } else { 0 });
        }
        dma.write_uhci(0x00, 1 << 3 | 1 << 8 | 1 << 9);
        dma.write_uhci(0x7C, 128);
        dma.write(0xA0, UHCI);
        dma.write(0x80, FIRST & 0xF_FFFF | 1 << 22);
        (dma, memory)
    }

    proptest! {
        #[test]
        fn what_comes_is_in_the_buffers_in_order(chunks in proptest::collection::vec(proptest::collection::vec(0u8.., 1..200), 1..8)) {
            let (mut dma, mut memory) = chain(64, 128);
            let mut sent = Vec::new();
            for chunk in &chunks {
                for byte in chunk {
                    prop_assert!(dma.push(*byte, &mut memory));
                }
                dma.quiet(&mut memory);
                sent.extend_from_slice(chunk);
            }
            prop_assert!(!dma.begun(), "quiet hands all over");
            let mut got = Vec::new();
            for at in 0..64 {
                let head = memory.word(FIRST + 12 * at);
                if head >> 31 == 0 {
                    let length = (head >> 12 & 0xFFF) as usize;
                    got.extend_from_slice(&memory.at(BUFFERS + 128 * at).unwrap()[..length]);
                }
            }
            prop_assert_eq!(got, sent);
        }
    }

    #[test]
    fn at_the_end_of_the_chain_it_stops_and_says_so() {
        let (mut dma, mut memory) = chain(2, 4);
        dma.write(0x08, EMPTY);
        for byte in 0..8 {
            assert_eq!(dma.pending(), 0);
            assert!(dma.push(byte, &mut memory));
        }
        assert!(!dma.takes() && !dma.push(8, &mut memory));
        assert_eq!(dma.pending(), 1);
        dma.write(0x0C, EMPTY);
        assert_eq!(dma.pending(), 0);
    }

    #[test]
    fn without_the_right_port_nothing_is_taken() {
        let (mut dma, mut memory) = chain(2, 4);
        dma.write_uhci(0x00, 1 << 2);
        assert!(!dma.push(1, &mut memory));
    }
}
