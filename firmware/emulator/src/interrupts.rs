//! Interrupts: the matrix from the sources of the chip to the lines of the processor.

/// A source's number in the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Pins.
    Gpio = 16,
    /// SPI with the network chip.
    Spi = 19,
    /// Serial port 0.
    Serial0 = 21,
    /// Serial port 1, the meter's.
    Serial1 = 22,
    /// USB console.
    Console = 26,
    /// I²C.
    I2c = 29,
    /// Timer of group 0.
    Timer0 = 32,
    /// Timer of group 1.
    Timer1 = 34,
    /// DMA channel 0; the others follow.
    Dma = 44,
    /// The program itself; three more follow.
    Program = 50,
}

/// The matrix, priorities and threshold.
pub struct Interrupts {
    map: [u8; 62],
    priorities: [u32; 32],
    enabled: u32,
    threshold: u32,
}

impl Default for Interrupts {
    fn default() -> Self {
        Self { map: [0; 62], priorities: [0; 32], enabled: 0, threshold: 0 }
    }
}

impl Interrupts {
    /// The line that interrupts, of all pending `sources` (a bit each).
    pub fn line(&self, sources: u64) -> Option<u32> {
        if sources == 0 {
            return None;
        }
        let pending = self
            .map
            .iter()
            .enumerate()
            .filter(|(source, _)| sources >> source & 1 == 1)
            .fold(0u32, |lines, (_, line)| lines | 1 << line);
        let pending = pending & self.enabled & !1;
        (1..32u32)
            .filter(|line| pending >> line & 1 == 1 && self.priority(*line) >= self.threshold.max(1))
            // The highest priority; among equals the lowest line.
            .max_by_key(|line| (self.priority(*line), 32 - line))
    }

    fn priority(&self, line: u32) -> u32 {
        self.priorities[line as usize]
    }

    /// Reads a register; `None` where it is only storage.
    pub fn read(&self, offset: u32, sources: u64) -> Option<u32> {
        Some(match offset {
            0x00..0xF8 => u32::from(self.map[offset as usize / 4]),
            0xF8 => sources as u32,
            0xFC => (sources >> 32) as u32,
            0x104 => self.enabled,
            0x114..0x194 => self.priorities[(offset - 0x114) as usize / 4],
            0x194 => self.threshold,
            _ => return None,
        })
    }

    /// Writes a register.
    pub fn write(&mut self, offset: u32, value: u32) {
        match offset {
            0x00..0xF8 => self.map[offset as usize / 4] = value as u8 & 31,
            0x104 => self.enabled = value,
            0x114..0x194 => self.priorities[(offset - 0x114) as usize / 4] = value & 15,
            0x194 => self.threshold = value & 15,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERIAL: u64 = 1 << Source::Serial1 as u64;
    const TIMER: u64 = 1 << Source::Timer0 as u64;

    fn two() -> Interrupts {
        let mut interrupts = Interrupts::default();
        interrupts.write(4 * Source::Serial1 as u32, 5);
        interrupts.write(4 * Source::Timer0 as u32, 6);
        interrupts.write(0x104, 1 << 5 | 1 << 6);
        interrupts.write(0x114 + 4 * 5, 1);
        interrupts.write(0x114 + 4 * 6, 2);
        interrupts
    }

    #[test]
    fn the_highest_priority_comes_first() {
        let mut interrupts = two();
        assert_eq!(interrupts.line(0), None);
        assert_eq!(interrupts.line(SERIAL), Some(5));
        assert_eq!(interrupts.line(SERIAL | TIMER), Some(6));
        interrupts.write(0x114 + 4 * 5, 2);
        assert_eq!(interrupts.line(SERIAL | TIMER), Some(5), "equal: the lower line");
    }

    #[test]
    fn threshold_and_enable_hold_lines_back() {
        let mut interrupts = two();
        interrupts.write(0x194, 2);
        assert_eq!(interrupts.line(SERIAL), None);
        assert_eq!(interrupts.line(SERIAL | TIMER), Some(6));
        interrupts.write(0x104, 1 << 5);
        assert_eq!(interrupts.line(SERIAL | TIMER), None);
        assert_eq!(interrupts.read(0xFC, TIMER), Some(1), "the state shows all the same");
    }
}
