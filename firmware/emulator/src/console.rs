//! Console: the serial port that the chip offers over its own USB.

use std::collections::VecDeque;

/// What goes through USB, in both directions.
#[derive(Default)]
pub struct Console {
    input: VecDeque<u8>,
    raw: u32,
    enabled: u32,
    line: Vec<u8>,
}

/// A computer is connected: it says so every millisecond.
const FRAME: u32 = 1 << 1;
const RECEIVED: u32 = 1 << 2;
const SENT: u32 = 1 << 3;

impl Console {
    /// What somebody types.
    pub fn send(&mut self, bytes: &[u8]) {
        self.input.extend(bytes);
        self.raw |= RECEIVED;
    }

    /// Prints a byte of the program; whole lines, so that nothing else gets between.
    pub fn print(&mut self, byte: u8) {
        self.line.push(byte);
        if byte == b'\n' || self.line.len() > 4000 {
            self.flush();
        }
    }

    /// Prints what is left of a line.
    pub fn flush(&mut self) {
        use std::io::Write as _;
        let mut out = std::io::stdout().lock();
        // Who no longer listens does not stop the chip.
        let _ = out.write_all(&self.line).and_then(|()| out.flush());
        self.line.clear();
    }

    fn raw(&self) -> u32 {
        self.raw | FRAME | SENT
    }

    /// Whether it asks for an interrupt.
    pub fn pending(&self) -> bool {
        self.raw() & self.enabled != 0
    }

    /// Reads a register; `None` where it is only storage.
    pub fn read(&mut self, offset: u32) -> Option<u32> {
        Some(match offset {
            0x00 => u32::from(self.input.pop_front().unwrap_or(0)),
            0x04 => 1 << 1 | u32::from(!self.input.is_empty()) << 2,
            0x08 => self.raw(),
            0x0C => self.raw() & self.enabled,
            0x10 => self.enabled,
            _ => return None,
        })
    }

    /// Writes a register.
    pub fn write(&mut self, offset: u32, value: u32) {
        match offset {
            0x00 => self.print(value as u8),
            0x10 => self.enabled = value,
            0x14 => {
                self.raw &= !value;
                if !self.input.is_empty() {
                    self.raw |= RECEIVED;
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_read() {
        let mut console = Console::default();
        console.write(0x10, RECEIVED);
        assert!(!console.pending());
        console.send(b"hi");
        assert!(console.pending());
        console.write(0x14, RECEIVED);
        assert!(console.pending(), "there is still something");
        assert_eq!((console.read(0), console.read(0), console.read(4)), (Some(104), Some(105), Some(2)));
        console.write(0x14, RECEIVED);
        assert!(!console.pending());
    }
}
