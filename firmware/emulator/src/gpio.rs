//! GPIO: levels of the pins, and the matrix that says which pin is which signal.

use crate::serial::Polarity;

/// Number of the signal "data to serial port 1" in the matrix.
const METER_SIGNAL: u32 = 9;

/// Pins and matrix.
#[derive(Default)]
pub struct Gpio {
    out: u32,
    enable: u32,
    inputs: u32,
    before: u32,
    status: u32,
    pins: [u32; 22],
    signals: Vec<(u32, u32)>,
}

impl Gpio {
    /// All inputs high, as pull-ups leave them.
    pub fn new() -> Self {
        Self { inputs: !0, before: !0, ..Self::default() }
    }

    /// Level of an output, if it is one.
    pub fn output(&self, pin: u8) -> Option<bool> {
        (self.enable >> pin & 1 == 1).then_some(self.out >> pin & 1 == 1)
    }

    /// Holds an input high or low from outside.
    pub fn set_input(&mut self, pin: u8, high: bool) {
        self.inputs = self.inputs & !(1 << pin) | u32::from(high) << pin;
        self.advance();
    }

    /// How the P1 line at `pin`, which is upside down, arrives at the serial port.
    pub fn meter(&self, pin: u8) -> Polarity {
        let select = self.signal(METER_SIGNAL);
        if select & 0x1F != u32::from(pin) || select & 0x40 == 0 {
            Polarity::Elsewhere
        } else if select & 0x20 != 0 {
            Polarity::Upright
        } else {
            Polarity::Inverted
        }
    }

    fn signal(&self, number: u32) -> u32 {
        self.signals.iter().find(|(known, _)| *known == number).map_or(0, |(_, value)| *value)
    }

    fn advance(&mut self) {
        for (number, pin) in self.pins.iter().enumerate() {
            let (now, before) = (self.inputs >> number & 1, self.before >> number & 1);
            let rings = match pin >> 7 & 7 {
                1 => now > before,
                2 => now < before,
                3 => now != before,
                4 => now == 0,
                5 => now == 1,
                _ => false,
            };
            if rings && pin >> 13 & 1 == 1 {
                self.status |= 1 << number;
            }
        }
        self.before = self.inputs;
    }

    /// Whether it asks for an interrupt.
    pub fn pending(&self) -> bool {
        self.status != 0
    }

    /// Reads a register; `None` where it is only storage.
    pub fn read(&self, offset: u32) -> Option<u32> {
        Some(match offset {
            0x04 => self.out,
            0x20 => self.enable,
            0x3C => self.inputs & !self.enable | self.out & self.enable,
            0x44 | 0x5C => self.status,
            0x74..0xCC => self.pins[(offset - 0x74) as usize / 4],
            0x154..0x354 => self.signal((offset - 0x154) / 4),
            _ => return None,
        })
    }

    /// Writes a register.
    pub fn write(&mut self, offset: u32, value: u32) {
        match offset {
            0x04 => self.out = value,
            0x08 => self.out |= value,
            0x0C => self.out &= !value,
            0x20 => self.enable = value,
            0x24 => self.enable |= value,
            0x28 => self.enable &= !value,
            0x44 => self.status = value,
            0x48 => self.status |= value,
            0x4C => self.status &= !value,
            0x74..0xCC => self.pins[(offset - 0x74) as usize / 4] = value,
            0x154..0x354 => {
                let number = (offset - 0x154) / 4;
                self.signals.retain(|(known, _)| *known != number);
                self.signals.push((number, value));
            }
            _ => {}
        }
        self.advance();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_turns_the_meter_line_round() {
        let mut gpio = Gpio::new();
        let select = 0x154 + 4 * METER_SIGNAL;
        assert_eq!(gpio.meter(20), Polarity::Elsewhere, "not connected");
        gpio.write(select, 0x40 + 20);
        assert_eq!(gpio.meter(20), Polarity::Inverted);
        gpio.write(select, 0x60 + 20);
        assert_eq!(gpio.meter(20), Polarity::Upright);
        assert_eq!(gpio.meter(3), Polarity::Elsewhere);
    }

    #[test]
    fn outputs_are_what_was_written() {
        let mut gpio = Gpio::new();
        assert_eq!(gpio.output(7), None);
        gpio.write(0x24, 1 << 7);
        gpio.write(0x08, 1 << 7);
        assert_eq!((gpio.output(7), gpio.read(0x3C)), (Some(true), Some(!0)));
        gpio.write(0x0C, 1 << 7);
        assert_eq!((gpio.output(7), gpio.read(0x3C)), (Some(false), Some(!(1 << 7))));
    }

    #[test]
    fn a_pressed_button_rings_where_it_is_listened_to() {
        let mut gpio = Gpio::new();
        gpio.set_input(9, false);
        assert!(!gpio.pending());
        gpio.set_input(9, true);
        gpio.write(0x74 + 4 * 9, 2 << 7 | 1 << 13);
        gpio.set_input(9, false);
        assert!(gpio.pending());
        gpio.write(0x4C, 1 << 9);
        assert!(!gpio.pending());
    }
}
