//! Memory: the chip's RAM, which both buses see, and the few kilobytes that survive a reset.

/// RAM (400 KiB) and the slow RAM of the real-time clock (8 KiB).
#[derive(Clone)]
pub struct Memory {
    ram: Vec<u8>,
    slow: Vec<u8>,
}

/// RAM as instructions see it. Its first 16 KiB are not on the data bus.
const CODE: std::ops::Range<u32> = 0x4037_C000..0x403E_0000;
/// The same as data see it.
const DATA: std::ops::Range<u32> = 0x3FC8_0000..0x3FCE_0000;
const SLOW: std::ops::Range<u32> = 0x5000_0000..0x5000_2000;
/// Where `DATA` begins within the RAM.
const SHARED: u32 = 0x4000;

impl Memory {
    /// As it is after power on. RAM then holds anything; here it holds what nobody can take for a zero.
    pub fn powered_on() -> Self {
        Self { ram: vec![0xA5; CODE.len()], slow: vec![0xA5; SLOW.len()] }
    }

    /// The bytes from `address` on, where there is memory.
    #[inline]
    pub fn at(&self, address: u32) -> Option<&[u8]> {
        if DATA.contains(&address) {
            Some(&self.ram[(address - DATA.start + SHARED) as usize..])
        } else if CODE.contains(&address) {
            Some(&self.ram[(address - CODE.start) as usize..])
        } else if SLOW.contains(&address) {
            Some(&self.slow[(address - SLOW.start) as usize..])
        } else {
            None
        }
    }

    /// The same, to write.
    #[inline]
    pub fn at_mut(&mut self, address: u32) -> Option<&mut [u8]> {
        if DATA.contains(&address) {
            Some(&mut self.ram[(address - DATA.start + SHARED) as usize..])
        } else if CODE.contains(&address) {
            Some(&mut self.ram[(address - CODE.start) as usize..])
        } else if SLOW.contains(&address) {
            Some(&mut self.slow[(address - SLOW.start) as usize..])
        } else {
            None
        }
    }

    /// A word, for hardware that reads memory by itself; 0 where there is none.
    pub fn word(&self, address: u32) -> u32 {
        match self.at(address) {
            Some([a, b, c, d, ..]) => u32::from_le_bytes([*a, *b, *c, *d]),
            _ => 0,
        }
    }

    /// Writes a word; where there is no memory nothing happens.
    pub fn set_word(&mut self, address: u32, value: u32) {
        if let Some(to) = self.at_mut(address).and_then(|bytes| bytes.get_mut(..4)) {
            to.copy_from_slice(&value.to_le_bytes());
        }
    }

    /// Writes a byte; where there is no memory nothing happens.
    pub fn set_byte(&mut self, address: u32, value: u8) {
        if let Some(to) = self.at_mut(address).and_then(|bytes| bytes.first_mut()) {
            *to = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_buses_see_the_same_ram() {
        let mut memory = Memory::powered_on();
        memory.set_word(0x3FC8_0010, 0x1234_5678);
        assert_eq!(memory.word(0x4038_0010), 0x1234_5678);
        memory.set_word(0x4037_C000, 1);
        assert_eq!(memory.word(0x4037_C000), 1, "the part for instructions only");
    }

    #[test]
    fn beside_memory_there_is_nothing() {
        let mut memory = Memory::powered_on();
        assert!(memory.at(0x3FC7_FFFF).is_none());
        assert!(memory.at(0x3FCE_0000).is_none());
        memory.set_word(0x3FCD_FFFE, 1);
        assert_eq!(memory.word(0x3FCD_FFFE), 0, "a word that does not fit is none");
    }
}
