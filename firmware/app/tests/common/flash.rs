//! Flash: a NOR flash in memory whose power can be cut at any operation that changes it.

extern crate std; // Tests inside the app, which has none, use this, too.

use std::vec;
use std::vec::Vec;

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};

/// Why an operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The power is off; nothing answers until [`Flash::power_on`].
    NoPower,
    /// What the driver would refuse, or a word written twice.
    Misuse(NorFlashErrorKind),
}

impl NorFlashError for Fault {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::NoPower => NorFlashErrorKind::Other,
            Self::Misuse(kind) => *kind,
        }
    }
}

/// See the module.
#[derive(Clone)]
pub(crate) struct Flash {
    pub(crate) bytes: Vec<u8>,
    /// Operations until the power goes in the middle of one.
    cut_in: Option<u32>,
    on: bool,
    /// Operations that changed something, since the beginning.
    pub(crate) changes: u32,
    noise: u64,
}

impl Flash {
    pub(crate) fn new(size: usize, noise: u64) -> Self {
        Self { bytes: vec![0xff; size], cut_in: None, on: true, changes: 0, noise: noise | 1 }
    }

    /// After so many further changes, the next one is torn.
    pub(crate) fn cut_after(&mut self, changes: u32) {
        self.cut_in = Some(changes);
    }

    pub(crate) fn power_on(&mut self) {
        self.on = true;
        self.cut_in = None;
    }

    fn random(&mut self) -> u64 {
        self.noise ^= self.noise << 13;
        self.noise ^= self.noise >> 7;
        self.noise ^= self.noise << 17;
        self.noise
    }

    /// Whether the power goes in the middle of this one.
    fn is_torn(&mut self) -> bool {
        self.changes += 1;
        match &mut self.cut_in {
            Some(0) => {
                self.on = false;
                true
            }
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        }
    }
}

impl ErrorType for Flash {
    type Error = Fault;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 4;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Fault> {
        if !self.on {
            return Err(Fault::NoPower);
        }
        check_read(self, offset, bytes.len()).map_err(Fault::Misuse)?;
        bytes.copy_from_slice(&self.bytes[offset as usize..][..bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 4096;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Fault> {
        if !self.on {
            return Err(Fault::NoPower);
        }
        check_erase(self, from, to).map_err(Fault::Misuse)?;
        let torn = self.is_torn();
        let mode = self.random() % 3;
        for at in from as usize..to as usize {
            // An erase that was cut: nothing happened, all bits are anything, or some already rose.
            let random = self.random() as u8;
            self.bytes[at] = match (torn, mode) {
                (false, _) => 0xff,
                (true, 0) => self.bytes[at],
                (true, 1) => random,
                (true, _) => self.bytes[at] | random,
            };
        }
        if torn { Err(Fault::NoPower) } else { Ok(()) }
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        if !self.on {
            return Err(Fault::NoPower);
        }
        check_write(self, offset, bytes.len()).map_err(Fault::Misuse)?;
        let at = offset as usize;
        if self.bytes[at..at + bytes.len()].iter().any(|byte| *byte != 0xff) {
            // Not blank: a word written twice is a mistake of ours, except behind an erase that was cut.
            return Err(Fault::Misuse(NorFlashErrorKind::Other));
        }
        let torn = self.is_torn();
        let whole = if torn { self.random() as usize % (bytes.len() + 1) } else { bytes.len() };
        self.bytes[at..at + whole].copy_from_slice(&bytes[..whole]);
        if torn {
            if let Some(byte) = bytes.get(whole) {
                let random = self.random() as u8;
                self.bytes[at + whole] = byte | random;
            }
            return Err(Fault::NoPower);
        }
        Ok(())
    }
}
