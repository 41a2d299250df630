//! Chip: what is at which address, and what happens as time goes on.

use std::collections::HashMap;

use crate::HERTZ;
use crate::console::Console;
use crate::cpu::Bus;
use crate::dma::Dma;
use crate::flash::Flash;
use crate::gpio::Gpio;
use crate::interrupts::{Interrupts, Source};
use crate::memory::Memory;
use crate::rom::Sums;
use crate::serial::{Polarity, Serial};
use crate::spi::Spi;
use crate::timer::Timer;
use crate::w5500::W5500;
use crate::watchdog::Watchdog;

/// Why the chip starts anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// First start.
    PowerOn,
    /// The power failed within an operation on the flash, and came back.
    PowerLost,
    /// The program asked for it.
    Program,
    /// Nobody fed the watchdog of this timer group.
    Watchdog(u8),
}

/// What is connected to which pin.
#[derive(Clone, Debug)]
pub struct Wiring {
    /// Data of the P1 port.
    pub meter: u8,
    /// Whether something on the way has turned the signal round already, as on the original's boards before V2.0.
    pub upright: bool,
    /// Speed of the meter.
    pub baud: u32,
    /// Where the meter's data request is switched on, and by which level.
    pub request: Option<(u8, bool)>,
    /// Chip select of the W5500.
    pub network: u8,
}

impl Default for Wiring {
    /// LOLIN C3 mini in the socket of the original's board V2.2.
    fn default() -> Self {
        Self { meter: 20, upright: false, baud: 115_200, request: None, network: 7 }
    }
}

/// All of it but the processor.
pub struct Chip {
    /// Cycles since power on.
    pub now: u64,
    /// Why the chip has to start anew, if so.
    pub reset: Option<Reset>,
    /// The flash.
    pub flash: Flash,
    /// The USB console.
    pub console: Console,
    /// The network chip.
    pub network: W5500,
    /// Pins.
    pub gpio: Gpio,
    /// Sums that the ROM makes.
    pub sums: Sums,
    /// Something changed that may interrupt.
    pub(crate) stirred: bool,
    cause: Reset,
    pub(crate) born: u64,
    pub(crate) wiring: Wiring,
    memory: Memory,
    pub(crate) pages: [u32; 128],
    pub(crate) meter: Serial,
    pub(crate) port0: Serial,
    pub(crate) dma: Dma,
    pub(crate) spi: Spi,
    pub(crate) timers: [Timer; 2],
    pub(crate) dogs: [Watchdog; 2],
    pub(crate) interrupts: Interrupts,
    pub(crate) i2c: u32,
    pub(crate) rest: HashMap<u32, u32>,
}

impl Chip {
    /// Just switched on.
    pub fn new(flash: Flash, wiring: Wiring) -> Self {
        Self {
            now: 0,
            reset: None,
            flash,
            console: Console::default(),
            network: W5500::default(),
            gpio: Gpio::new(),
            sums: Sums::default(),
            stirred: false,
            cause: Reset::PowerOn,
            born: 0,
            wiring,
            memory: Memory::powered_on(),
            pages: [0x100; 128],
            meter: Serial::default(),
            port0: Serial::default(),
            dma: Dma::default(),
            spi: Spi::default(),
            timers: [Timer::new(), Timer::new()],
            dogs: [Watchdog::default(), Watchdog::default()],
            interrupts: Interrupts::default(),
            i2c: 0,
            rest: HashMap::new(),
        }
    }

    /// The same chip after a reset: flash and time go on, and without power cut also the slow memory.
    #[must_use]
    pub fn reborn(mut self, cause: Reset) -> Self {
        self.console.flush();
        let mut chip = Self::new(self.flash, self.wiring);
        (chip.now, chip.born, chip.cause) = (self.now, self.now, cause);
        if matches!(cause, Reset::Program | Reset::Watchdog(_)) {
            chip.memory = self.memory;
        }
        chip
    }

    /// The reset's number as the ROM tells it.
    pub fn reset_cause(&self) -> u32 {
        match self.cause {
            Reset::PowerOn | Reset::PowerLost => 1,
            Reset::Program => 3,
            Reset::Watchdog(group) => 7 + u32::from(group),
        }
    }

    /// Shows a page of the flash (64 KiB) in the window.
    pub fn map(&mut self, entry: usize, page: u32) {
        self.pages[entry] = page;
    }

    /// Puts a byte into RAM, as the boot stage does.
    pub fn poke(&mut self, address: u32, byte: u8) {
        self.memory.set_byte(address, byte);
    }

    /// The meter sends, if it is asked to.
    pub fn meter_sends(&mut self, bytes: &[u8]) {
        let asked = self.wiring.request.is_none_or(|(pin, level)| self.gpio.output(pin) == Some(level));
        if asked {
            self.meter.send(bytes, self.now, self.wiring.baud);
        }
    }

    /// How many bytes of the meter were lost because nobody took them in time.
    pub fn lost(&self) -> u64 {
        self.meter.lost()
    }

    fn polarity(&self) -> Polarity {
        match (self.gpio.meter(self.wiring.meter), self.wiring.upright) {
            (Polarity::Upright, true) => Polarity::Inverted,
            (Polarity::Inverted, true) => Polarity::Upright,
            (as_it_is, _) => as_it_is,
        }
    }

    /// Does what is due by now.
    pub fn advance(&mut self) {
        let (polarity, baud) = (self.polarity(), self.wiring.baud);
        if self.dma.takes() {
            // Byte by byte: the FIFO must not overflow where the DMA would have emptied it.
            while self.meter.next_arrival() <= self.now && self.dma.takes() {
                self.meter.advance(self.meter.next_arrival(), baud, polarity);
                self.hand_over();
            }
            self.meter.advance(self.now, baud, polarity);
            self.hand_over();
            if self.dma.begun() && self.meter.idle(self.now, baud) {
                self.dma.quiet(&mut self.memory);
            }
        } else {
            self.meter.advance(self.now, baud, polarity);
        }
        for (group, (timer, dog)) in self.timers.iter_mut().zip(&self.dogs).enumerate() {
            timer.advance(self.now);
            if dog.deadline().is_some_and(|deadline| self.now >= deadline) {
                self.reset = Some(Reset::Watchdog(group as u8));
            }
        }
    }

    fn hand_over(&mut self) {
        while self.dma.takes() {
            let Some(byte) = self.meter.take() else { break };
            self.dma.push(byte, &mut self.memory);
        }
    }

    /// When something will be due next, at most a millisecond from now: then the outside is looked at.
    pub fn next_event(&self) -> u64 {
        let baud = self.wiring.baud;
        let quiet = self.dma.begun().then(|| self.now + HERTZ / 5000);
        self.timers
            .iter()
            .filter_map(|timer| timer.next_event(self.now))
            .chain(self.dogs.iter().filter_map(Watchdog::deadline))
            .chain(self.meter.next_event(self.now, baud))
            .chain(quiet)
            .fold(self.now + HERTZ / 1000, u64::min)
            .max(self.now + 1)
    }

    /// The line that asks for the processor.
    pub fn line(&self) -> Option<u32> {
        self.interrupts.line(self.sources())
    }

    /// The sources that ask, a bit each.
    pub(crate) fn sources(&self) -> u64 {
        let bit = |source: Source, on: bool| u64::from(on) << source as u64;
        let program = (0..4).fold(0, |bits, at| bits | u64::from(self.rest(0x600C_0028 + 4 * at) & 1) << at);
        bit(Source::Gpio, self.gpio.pending())
            | bit(Source::Spi, self.spi.pending())
            | bit(Source::Serial0, self.port0.pending())
            | bit(Source::Serial1, self.meter.pending())
            | bit(Source::Console, self.console.pending())
            | bit(Source::I2c, self.i2c & self.rest(0x6001_3028) != 0)
            | bit(Source::Timer0, self.timers[0].pending())
            | bit(Source::Timer1, self.timers[1].pending())
            | self.dma.pending() << Source::Dma as u64
            | program << Source::Program as u64
    }

    /// The flash as it shows in the window for instructions and data.
    #[inline]
    fn window(&self, address: u32) -> Option<&[u8]> {
        let page = self.pages[(address >> 16 & 0x7F) as usize];
        let at = ((page & 0xFF) << 16 | address & 0xFFFF) as usize;
        if page & 0x100 != 0 { None } else { self.flash.bytes().get(at..) }
    }

    #[inline]
    fn bytes(&self, address: u32) -> Option<&[u8]> {
        match address >> 23 {
            0x84 | 0x78 => self.window(address), // 0x4200_0000 and 0x3C00_0000, 8 MiB each
            _ => self.memory.at(address),
        }
    }
}

impl Bus for Chip {
    #[inline]
    fn fetch(&mut self, address: u32) -> Option<u16> {
        match self.bytes(address) {
            Some([a, b, ..]) => Some(u16::from_le_bytes([*a, *b])),
            _ => None,
        }
    }

    #[inline]
    fn load(&mut self, address: u32, size: u32) -> Option<u32> {
        match self.bytes(address) {
            Some([a, b, c, d, ..]) if size == 4 => Some(u32::from_le_bytes([*a, *b, *c, *d])),
            Some([a, b, ..]) if size == 2 => Some(u32::from(u16::from_le_bytes([*a, *b]))),
            Some([a, ..]) if size == 1 => Some(u32::from(*a)),
            None if (0x6000_0000..0x6010_0000).contains(&address) => {
                let word = self.read_register(address & !3) >> (8 * (address & 3));
                Some(if size == 4 { word } else { word & ((1 << (8 * size)) - 1) })
            }
            _ => None,
        }
    }

    #[inline]
    fn store(&mut self, address: u32, size: u32, value: u32) -> Option<()> {
        if let Some(to) = self.memory.at_mut(address) {
            to.get_mut(..size as usize)?.copy_from_slice(&value.to_le_bytes()[..size as usize]);
            return Some(());
        }
        if !(0x6000_0000..0x6010_0000).contains(&address) {
            return None;
        }
        self.write_register(address & !3, value);
        Some(())
    }

    fn now(&self) -> u64 {
        self.now
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

    use super::*;

    #[test]
    fn the_window_shows_what_the_flash_has_at_that_page() {
        let mut flash = vec![0; 0x40000];
        flash[0x3_1234] = 7;
        let mut chip = Chip::new(Flash::of(flash), Wiring::default());
        assert_eq!(chip.load(0x4205_1234, 1), None, "no page there");
        chip.store(0x600C_5000 + 4 * 5, 4, 3).unwrap();
        assert_eq!((chip.load(0x4205_1234, 1), chip.load(0x3C05_1234, 1)), (Some(7), Some(7)));
        assert_eq!(chip.store(0x4205_1234, 1, 0), None, "the window is to read");
    }

    #[test]
    fn a_reset_keeps_the_slow_memory_and_a_power_cut_does_not() {
        let mut chip = Chip::new(Flash::of(Vec::new()), Wiring::default());
        chip.store(0x5000_0000, 4, 42).unwrap();
        let mut chip = chip.reborn(Reset::Program);
        assert_eq!((chip.load(0x5000_0000, 4), chip.reset_cause()), (Some(42), 3));
        let mut chip = chip.reborn(Reset::PowerLost);
        assert_eq!((chip.load(0x5000_0000, 4), chip.reset_cause()), (Some(0xA5A5_A5A5), 1));
    }

    #[test]
    fn a_meter_that_is_not_asked_says_nothing() {
        let wiring = Wiring { request: Some((6, true)), ..Wiring::default() };
        let mut chip = Chip::new(Flash::of(Vec::new()), wiring);
        chip.meter_sends(b"x");
        assert_eq!(chip.meter.next_event(0, 115_200), None);
        chip.store(0x6000_4024, 4, 1 << 6).unwrap();
        chip.store(0x6000_4008, 4, 1 << 6).unwrap();
        chip.meter_sends(b"x");
        assert!(chip.meter.next_event(0, 115_200).is_some());
    }
}
