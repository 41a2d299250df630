//! W5500: the network chip, as far as it is used: its first socket sends and receives whole Ethernet frames.
//!
//! Registers are those of the W5500's data sheet; the other seven sockets and the built-in TCP are left out.

/// Bytes of each of both buffers when the first socket has all memory.
const BUFFER: usize = 16384;
// Registers of the chip.
const RESET: u16 = 0x00;
const MAC: std::ops::Range<usize> = 0x09..0x0F;
const LINK: usize = 0x2E;
const VERSION: usize = 0x39;
// Registers of the socket.
const COMMAND: u16 = 0x01;
const INTERRUPT: usize = 0x02;
const STATUS: usize = 0x03;
const FREE: usize = 0x20;
const SEND_FROM: usize = 0x22;
const SEND_TO: usize = 0x24;
const RECEIVED: usize = 0x26;
const READ_FROM: usize = 0x28;

const RECEIVED_BIT: u8 = 1 << 2;
const SENT_BIT: u8 = 1 << 4;
/// State of a socket that passes whole frames.
const RAW: u8 = 0x42;

/// The chip on its SPI.
pub struct W5500 {
    chip: [u8; 64],
    socket: [u8; 64],
    out: Vec<u8>,
    inbox: Vec<u8>,
    written: u16,
    phase: u8,
    address: u16,
    control: u8,
    sent: Vec<Vec<u8>>,
    dropped: u64,
}

impl Default for W5500 {
    fn default() -> Self {
        let mut chip = Self {
            chip: [0; 64],
            socket: [0; 64],
            out: vec![0; BUFFER],
            inbox: vec![0; BUFFER],
            written: 0,
            phase: 0,
            address: 0,
            control: 0,
            sent: Vec::new(),
            dropped: 0,
        };
        chip.reset();
        chip
    }
}

impl W5500 {
    fn reset(&mut self) {
        (self.chip, self.socket, self.written) = ([0; 64], [0; 64], 0);
        self.chip[VERSION] = 4;
        self.chip[LINK] = 0xBF; // 100 Mbit, both directions, link up
        self.set(FREE, BUFFER as u16);
    }

    fn get(&self, at: usize) -> u16 {
        u16::from_be_bytes([self.socket[at], self.socket[at + 1]])
    }

    fn set(&mut self, at: usize, value: u16) {
        self.socket[at..at + 2].copy_from_slice(&value.to_be_bytes());
    }

    /// Chip select went low: a new access begins.
    pub fn select(&mut self) {
        self.phase = 0;
    }

    /// One byte each way.
    pub fn exchange(&mut self, out: u8) -> u8 {
        match self.phase {
            0 => self.address = u16::from(out) << 8,
            1 => self.address |= u16::from(out),
            2 => self.control = out,
            _ => {
                let address = self.address;
                self.address = address.wrapping_add(1);
                if self.control & 4 == 0 {
                    return self.read(address);
                }
                self.write(address, out);
            }
        }
        self.phase = (self.phase + 1).min(3);
        0
    }

    fn read(&self, address: u16) -> u8 {
        let at = address as usize;
        match self.control >> 3 {
            0 => self.chip.get(at).copied().unwrap_or(0),
            1 => self.socket.get(at).copied().unwrap_or(0),
            2 => self.out[at % BUFFER],
            3 => self.inbox[at % BUFFER],
            _ => 0,
        }
    }

    fn write(&mut self, address: u16, value: u8) {
        let at = address as usize;
        match (self.control >> 3, address) {
            (0, RESET) if value & 0x80 != 0 => self.reset(),
            (0, _) if at == LINK || at == VERSION => {}
            (0, _) => {
                if let Some(register) = self.chip.get_mut(at) {
                    *register = value;
                }
            }
            (1, COMMAND) => self.command(value),
            // An interrupt is cleared by writing it.
            (1, _) if at == INTERRUPT => self.socket[INTERRUPT] &= !value,
            (1, _) => {
                if let Some(register) = self.socket.get_mut(at) {
                    *register = value;
                }
            }
            (2, _) => self.out[at % BUFFER] = value,
            _ => {}
        }
    }

    fn command(&mut self, command: u8) {
        match command {
            0x01 => self.socket[STATUS] = RAW,
            0x10 => self.socket[STATUS] = 0,
            0x20 => {
                let (from, to) = (self.get(SEND_FROM), self.get(SEND_TO));
                let length = to.wrapping_sub(from);
                let frame = (0..length).map(|at| self.out[from.wrapping_add(at) as usize % BUFFER]).collect();
                self.sent.push(frame);
                self.set(SEND_FROM, to);
                self.socket[INTERRUPT] |= SENT_BIT;
            }
            0x40 => {
                let left = self.written.wrapping_sub(self.get(READ_FROM));
                self.set(RECEIVED, left);
                if left > 0 {
                    self.socket[INTERRUPT] |= RECEIVED_BIT;
                }
            }
            _ => {}
        }
    }

    /// A frame comes from the network. A full buffer drops it, as the chip does.
    pub fn deliver(&mut self, frame: &[u8]) {
        let used = self.get(RECEIVED) as usize;
        // With its filter on it takes what is for it or for many.
        let filtered = self.socket[0] & 0x80 != 0 && frame[0] & 1 == 0 && frame[..6] != self.chip[MAC];
        if self.socket[STATUS] != RAW || filtered {
            return;
        }
        if used + frame.len() + 2 > BUFFER {
            self.dropped += 1;
            return;
        }
        let length = (frame.len() as u16 + 2).to_be_bytes();
        for &byte in length.iter().chain(frame) {
            self.inbox[self.written as usize % BUFFER] = byte;
            self.written = self.written.wrapping_add(1);
        }
        self.set(RECEIVED, (used + frame.len() + 2) as u16);
        self.socket[INTERRUPT] |= RECEIVED_BIT;
    }

    /// The frames that were sent since.
    pub fn take_sent(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.sent)
    }

    /// How many frames came while the buffer was full.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn access(chip: &mut W5500, address: u16, control: u8, data: &[u8]) -> Vec<u8> {
        chip.select();
        for byte in address.to_be_bytes().into_iter().chain([control]) {
            chip.exchange(byte);
        }
        data.iter().map(|byte| chip.exchange(*byte)).collect()
    }
    fn read(chip: &mut W5500, block: u8, address: u16, length: usize) -> Vec<u8> {
        access(chip, address, block << 3, &vec![0; length])
    }
    fn write(chip: &mut W5500, block: u8, address: u16, data: &[u8]) {
        access(chip, address, block << 3 | 4, data);
    }
    fn word(chip: &mut W5500, address: usize) -> u16 {
        let bytes = read(chip, 1, address as u16, 2);
        u16::from_be_bytes([bytes[0], bytes[1]])
    }
    fn raw() -> W5500 {
        let mut chip = W5500::default();
        write(&mut chip, 1, COMMAND, &[1]);
        chip
    }

    #[test]
    fn it_says_who_it_is() {
        assert_eq!(read(&mut W5500::default(), 0, VERSION as u16, 1), [4]);
    }

    #[test]
    fn with_its_filter_it_takes_its_own_and_everybodys() {
        let mut chip = raw();
        write(&mut chip, 0, 9, &[2, 0, 0, 0, 0, 1]);
        write(&mut chip, 1, 0, &[0x80 | 4]);
        for (to, taken) in [([2, 0, 0, 0, 0, 1], true), ([2, 0, 0, 0, 0, 2], false), ([0xFF; 6], true)] {
            let before = word(&mut chip, RECEIVED);
            let mut frame = [0; 60];
            frame[..6].copy_from_slice(&to);
            chip.deliver(&frame);
            assert_eq!(word(&mut chip, RECEIVED) > before, taken, "{to:?}");
        }
    }

    proptest! {
        #[test]
        fn frames_go_both_ways_whole_and_in_order(frames in proptest::collection::vec(proptest::collection::vec(0u8.., 14..1514), 1..40)) {
            let mut chip = raw();
            for frame in &frames {
                let to = word(&mut chip, SEND_TO);
                write(&mut chip, 2, to, frame);
                write(&mut chip, 1, SEND_TO as u16, &to.wrapping_add(frame.len() as u16).to_be_bytes());
                write(&mut chip, 1, COMMAND, &[0x20]);
                prop_assert_eq!(chip.take_sent(), vec![frame.clone()]);

                chip.deliver(frame);
                let from = word(&mut chip, READ_FROM);
                let head = read(&mut chip, 3, from, 2);
                let length = u16::from_be_bytes([head[0], head[1]]);
                prop_assert_eq!(length as usize, frame.len() + 2);
                prop_assert_eq!(&read(&mut chip, 3, from.wrapping_add(2), frame.len()), frame);
                write(&mut chip, 1, READ_FROM as u16, &from.wrapping_add(length).to_be_bytes());
                write(&mut chip, 1, COMMAND, &[0x40]);
                prop_assert_eq!(word(&mut chip, RECEIVED), 0);
            }
        }

        #[test]
        fn what_does_not_fit_is_dropped_whole(length in 14usize..1514) {
            let mut chip = raw();
            let fit = BUFFER / (length + 2);
            for _ in 0..fit + 3 {
                chip.deliver(&vec![1; length]);
            }
            prop_assert_eq!(chip.dropped(), 3);
            prop_assert_eq!(word(&mut chip, RECEIVED) as usize, fit * (length + 2));
        }
    }
}
