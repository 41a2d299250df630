//! Flash: a NOR chip of 4 MiB in a file, with its times, its wear and the moment at which the power fails.

use std::fs::File;
use std::io::{self, Read as _};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use crate::HERTZ;

/// Size of the chip.
pub const SIZE: usize = 4 << 20;
/// What is erased at once.
pub const SECTOR: usize = 4096;
/// What a typical chip needs for a sector, a block of 64 KiB and a page of 256 bytes (data sheet of the W25Q32JV).
const SECTOR_TIME: u64 = HERTZ * 45 / 1000;
const BLOCK_TIME: u64 = HERTZ * 150 / 1000;
const PAGE_TIME: u64 = HERTZ * 400 / 1_000_000;

/// The power failed: the operation is half done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerLost;

/// When the power fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Which operation on `range` is the last, half done. 1 is the first.
    pub at: u64,
    /// Which addresses count.
    pub range: Range<usize>,
}

/// The chip. What is written is in the file at once, so that killing the emulator is cutting the power between two operations.
pub struct Flash {
    bytes: Vec<u8>,
    file: Option<File>,
    cut: Option<Cut>,
    seen: u64,
    erases: Vec<u32>,
}

impl Flash {
    /// A chip with these contents, erased behind them; nothing is kept.
    pub fn of(mut bytes: Vec<u8>) -> Self {
        bytes.resize(SIZE, 0xFF);
        Self { bytes, file: None, cut: None, seen: 0, erases: vec![0; SIZE / SECTOR] }
    }

    /// A chip in a file, which is made 4 MiB long.
    ///
    /// # Errors
    /// When the file cannot be read and written.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::options().read(true).write(true).open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let mut flash = Self::of(bytes);
        file.write_all_at(&flash.bytes, 0)?;
        flash.file = Some(file);
        Ok(flash)
    }

    /// Lets the power fail once.
    pub fn cut_power(&mut self, cut: Cut) {
        self.seen = 0;
        self.cut = Some(cut);
    }

    /// All of it.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// A word, for the boot stage.
    pub fn word(&self, at: usize) -> u32 {
        match self.bytes.get(at..at + 4) {
            Some(&[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]),
            _ => u32::MAX,
        }
    }

    /// How often the most used sector was erased.
    pub fn most_erased(&self) -> u32 {
        self.erases.iter().copied().max().unwrap_or(0)
    }

    /// Clears the bits that are clear in `data`: nothing else can be written without erasing.
    ///
    /// Returns the cycles that it takes.
    ///
    /// # Errors
    /// When the power fails within: the first half is written then.
    pub fn write(&mut self, at: usize, data: &[u8]) -> Result<u64, PowerLost> {
        let at = at.min(SIZE);
        let data = &data[..data.len().min(SIZE - at)];
        let (data, lost) = if self.fails(at) { (&data[..data.len() / 2], true) } else { (data, false) };
        for (byte, new) in self.bytes[at..].iter_mut().zip(data) {
            *byte &= new;
        }
        self.keep(at, data.len());
        if lost { Err(PowerLost) } else { Ok(PAGE_TIME * data.len().div_ceil(256) as u64) }
    }

    /// Erases a sector, or a block of sixteen.
    ///
    /// # Errors
    /// When the power fails within: the first half is erased then.
    pub fn erase(&mut self, at: usize, length: usize) -> Result<u64, PowerLost> {
        let at = at.min(SIZE);
        let length = length.min(SIZE - at);
        let (done, lost) = if self.fails(at) { (length / 2, true) } else { (length, false) };
        self.bytes[at..at + done].fill(0xFF);
        for sector in at / SECTOR..(at + length) / SECTOR {
            self.erases[sector] += 1;
        }
        self.keep(at, done);
        if lost { Err(PowerLost) } else { Ok(if length > SECTOR { BLOCK_TIME } else { SECTOR_TIME }) }
    }

    fn fails(&mut self, at: usize) -> bool {
        let Some(cut) = &self.cut else { return false };
        if cut.range.contains(&at) {
            self.seen += 1;
        }
        let now = self.seen == cut.at;
        if now {
            self.cut = None;
        }
        now
    }

    fn keep(&mut self, at: usize, length: usize) {
        if let Some(file) = &self.file
            && let Err(error) = file.write_all_at(&self.bytes[at..at + length], at as u64)
        {
            eprintln!("emulator: the flash file cannot be written: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn writing_only_clears_bits(first: Vec<u8>, second: Vec<u8>, at in 0..SIZE) {
            let mut flash = Flash::of(Vec::new());
            flash.write(at, &first).unwrap();
            flash.write(at, &second).unwrap();
            let byte = |data: &[u8], index: usize| data.get(index).copied().unwrap_or(0xFF);
            for index in 0..first.len().max(second.len()).min(SIZE - at) {
                prop_assert_eq!(flash.bytes()[at + index], byte(&first, index) & byte(&second, index));
            }
        }

        #[test]
        fn a_lost_write_leaves_its_first_half(data in proptest::collection::vec(0u8..255, 1..600), before in 0u64..4) {
            let mut flash = Flash::of(Vec::new());
            flash.cut_power(Cut { at: before + 1, range: 0x1000..0x2000 });
            for _ in 0..before {
                flash.write(0x1F00, &[]).unwrap();
                flash.write(0x9000, &[0]).unwrap(); // does not count
            }
            prop_assert_eq!(flash.write(0x1000, &data), Err(PowerLost));
            let half = data.len() / 2;
            prop_assert_eq!(&flash.bytes()[0x1000..0x1000 + half], &data[..half]);
            prop_assert!(flash.bytes()[0x1000 + half..0x1000 + data.len()].iter().all(|byte| *byte == 0xFF));
            prop_assert!(flash.write(0x1000, &data).is_ok(), "the power fails once");
        }
    }

    #[test]
    fn a_sector_is_erased_and_counted() {
        let mut flash = Flash::of(vec![0; SIZE]);
        assert_eq!(flash.erase(SECTOR, SECTOR), Ok(SECTOR_TIME));
        assert!(flash.bytes()[SECTOR..2 * SECTOR].iter().all(|byte| *byte == 0xFF));
        assert_eq!((flash.bytes()[SECTOR - 1], flash.bytes()[2 * SECTOR]), (0, 0));
        assert_eq!(flash.most_erased(), 1);
    }
}
