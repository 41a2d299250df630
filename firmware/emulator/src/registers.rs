//! Registers: which part of the chip answers at which address.

use crate::HERTZ;
use crate::chip::{Chip, Reset};

impl Chip {
    /// What was last written to a register that is only storage.
    pub(crate) fn rest(&self, address: u32) -> u32 {
        self.rest.get(&address).copied().unwrap_or(0)
    }

    /// Reads a word.
    pub(crate) fn read_register(&mut self, address: u32) -> u32 {
        let (base, offset) = (address & !0xFFF, address & 0xFFF);
        let known = match base {
            0x6000_0000 => self.port0.read(offset),
            0x6001_0000 => self.meter.read(offset),
            0x6000_4000 => self.gpio.read(offset),
            0x6001_F000 => self.read_group(0, offset),
            0x6002_0000 => self.read_group(1, offset),
            0x6002_4000 => self.spi.read(offset),
            0x6003_F000 => self.dma.read(offset),
            0x6004_3000 => self.console.read(offset),
            0x600C_2000 => self.interrupts.read(offset, self.sources()),
            0x600C_5000 => self.pages.get(offset as usize / 4).copied(),
            _ => None,
        };
        known.unwrap_or_else(|| self.read_single(address))
    }

    fn read_group(&self, group: usize, offset: u32) -> Option<u32> {
        match offset {
            // Calibration of the slow clock (136 kHz) against the crystal: ready, with what the crystal counted.
            0x68 => Some(self.rest(0x6001_F068 + 0x1000 * group as u32) | 1 << 15),
            0x6C => {
                let cycles = u64::from(self.rest(0x6001_F068 + 0x1000 * group as u32) >> 16 & 0x7FFF);
                Some(((cycles * 40_000_000 / 136_000) as u32) << 7 | 1)
            }
            _ => self.timers[group].read(offset),
        }
    }

    fn read_single(&self, address: u32) -> u32 {
        let age = self.now - self.born;
        let micro16 = age / (HERTZ / 16_000_000);
        match address {
            // SPI1, the flash: not busy; a chip of 4 MiB.
            0x6000_2000 => 0,
            0x6000_2058 => 0x16_4020,
            // The clock that goes on over a reset, at 136 kHz.
            0x6000_8010 => (self.now * 136 / 160_000) as u32,
            0x6000_8014 => ((self.now * 136 / 160_000) >> 32) as u32,
            // The chip's own address.
            0x6000_8844 => 0x0203_0405,
            0x6000_8848 => 0x0000_7C01,
            0x6001_3020 => self.i2c,
            0x6001_302C => self.i2c & self.rest(0x6001_3028),
            // The system timer: its value is valid, and counts 16 MHz.
            0x6002_3004 | 0x6002_3008 => 1 << 29,
            0x6002_3040 | 0x6002_3048 => (micro16 >> 32) as u32,
            0x6002_3044 | 0x6002_304C => micro16 as u32,
            // Random numbers: here only different ones.
            0x6002_60B0 => {
                let mixed = (self.now ^ self.now >> 7).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                (mixed >> 32) as u32 ^ mixed as u32
            }
            _ => self.rest(address),
        }
    }

    /// Writes a word.
    pub(crate) fn write_register(&mut self, address: u32, value: u32) {
        self.stirred = true;
        let (base, offset) = (address & !0xFFF, address & 0xFFF);
        self.rest.insert(address, value);
        match base {
            0x6000_0000 if offset == 0 => self.console.print(value as u8),
            0x6000_0000 => self.port0.write(offset, value),
            0x6001_0000 => self.meter.write(offset, value),
            0x6000_4000 => self.write_gpio(offset, value),
            0x6001_3000 => self.write_i2c(offset, value),
            0x6001_4000 => self.dma.write_uhci(offset, value),
            0x6001_F000 | 0x6002_0000 => {
                let group = usize::from(base == 0x6002_0000);
                self.timers[group].write(offset, value, self.now);
                self.dogs[group].write(offset, value, self.now);
            }
            0x6002_4000 if self.spi.write(offset, value) => self.transfer(),
            0x6003_F000 => self.dma.write(offset, value),
            0x6004_3000 => self.console.write(offset, value),
            0x600C_2000 => self.interrupts.write(offset, value),
            0x600C_5000 => {
                if let Some(page) = self.pages.get_mut(offset as usize / 4) {
                    *page = value;
                }
            }
            // Bit 31 resets the system, bit 5 the processor.
            0x6000_8000 if offset == 0 && value & (1 << 31 | 1 << 5) != 0 => self.reset = Some(Reset::Program),
            _ => {}
        }
        // A port's divider and thresholds take over at once: the bit that says "not yet" never shows.
        if matches!(address, 0x6000_0080 | 0x6001_0080) {
            self.rest.insert(address, value & !(1 << 31));
        }
    }

    fn write_gpio(&mut self, offset: u32, value: u32) {
        let before = self.gpio.output(self.wiring.network);
        self.gpio.write(offset, value);
        if before != Some(false) && self.gpio.output(self.wiring.network) == Some(false) {
            self.network.select();
        }
    }

    fn transfer(&mut self) {
        let (selected, network) = (self.gpio.output(self.wiring.network) == Some(false), &mut self.network);
        self.now += self.spi.transfer(|byte| if selected { network.exchange(byte) } else { 0xFF });
    }

    /// Nothing is on the bus: each transfer ends, and nobody acknowledged.
    fn write_i2c(&mut self, offset: u32, value: u32) {
        match offset {
            0x04 if value >> 5 & 1 == 1 => self.i2c |= 1 << 10 | 1 << 7,
            0x24 => self.i2c &= !value,
            _ => {}
        }
    }
}
