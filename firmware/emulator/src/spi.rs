//! SPI: the second controller, whose transfers of up to 64 bytes go through its own registers.

/// Cycles that a byte takes at the 20 MHz of the network chip.
const BYTE_TIME: u64 = 64;
const DONE: u32 = 1 << 12;

/// The controller.
#[derive(Default)]
pub struct Spi {
    user: u32,
    bits: u32,
    words: [u32; 16],
    raw: u32,
    enabled: u32,
}

impl Spi {
    /// Runs a transfer: `exchange` is the chip on the other side. Returns the cycles that it takes.
    pub fn transfer(&mut self, mut exchange: impl FnMut(u8) -> u8) -> u64 {
        let length = ((self.bits & 0x3_FFFF) as usize / 8 + 1).min(64);
        let (sends, receives) = (self.user >> 27 & 1 == 1, self.user >> 28 & 1 == 1);
        for at in 0..length {
            let (word, shift) = (at / 4, 8 * (at % 4));
            let out = if sends { (self.words[word] >> shift) as u8 } else { 0 };
            let heard = exchange(out);
            if receives {
                self.words[word] = self.words[word] & !(0xFF << shift) | u32::from(heard) << shift;
            }
        }
        self.raw |= DONE;
        length as u64 * BYTE_TIME
    }

    /// Whether it asks for an interrupt.
    pub fn pending(&self) -> bool {
        self.raw & self.enabled != 0
    }

    /// Reads a register; `None` where it is only storage.
    pub fn read(&self, offset: u32) -> Option<u32> {
        Some(match offset {
            0x00 => 0, // never busy
            0x10 => self.user,
            0x1C => self.bits,
            0x34 => self.enabled,
            0x3C => self.raw,
            0x40 => self.raw & self.enabled,
            0x98..0xD8 => self.words[(offset - 0x98) as usize / 4],
            _ => return None,
        })
    }

    /// Writes a register; `true` when that starts a transfer.
    pub fn write(&mut self, offset: u32, value: u32) -> bool {
        match offset {
            0x00 => return value >> 24 & 1 == 1,
            0x10 => self.user = value,
            0x1C => self.bits = value,
            0x34 => self.enabled = value,
            0x38 => self.raw &= !value,
            0x44 => self.raw |= value,
            0x98..0xD8 => self.words[(offset - 0x98) as usize / 4] = value,
            _ => {}
        }
        false
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_byte_is_exchanged_for_its_answer(data in proptest::collection::vec(0u8.., 1..=64)) {
            let mut spi = Spi::default();
            for (at, chunk) in data.chunks(4).enumerate() {
                let mut word = [0; 4];
                word[..chunk.len()].copy_from_slice(chunk);
                spi.write(0x98 + 4 * at as u32, u32::from_le_bytes(word));
            }
            spi.write(0x10, 3 << 27);
            spi.write(0x1C, data.len() as u32 * 8 - 1);
            spi.write(0x34, DONE);
            prop_assert!(spi.write(0x00, 1 << 24));
            let mut heard = Vec::new();
            spi.transfer(|byte| { heard.push(byte); !byte });
            prop_assert_eq!(&heard, &data);
            prop_assert!(spi.pending());
            for (at, byte) in data.iter().enumerate() {
                let word = spi.read(0x98 + (at as u32 & !3)).unwrap();
                prop_assert_eq!((word >> (8 * (at % 4))) as u8, !byte);
            }
        }
    }
}
