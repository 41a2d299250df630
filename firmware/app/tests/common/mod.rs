//! A flash chip in memory that loses its power at any operation, in the middle of it.

#![allow(dead_code, unreachable_pub)] // Each test file uses its part.

extern crate std; // Tests inside the app, which has none, use this, too.

use std::cell::RefCell;
use std::rc::Rc;
use std::vec;
use std::vec::Vec;

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};

pub const SECTOR: usize = 4096;

/// The power is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerCut;

impl NorFlashError for PowerCut {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

/// See the module. It panics where it is used as no chip may be: a bit set without erasing, a place out of line.
#[derive(Clone)]
pub struct Flash {
    pub bytes: Vec<u8>,
    /// So many operations go well.
    pub power: usize,
    /// Writes and erasures so far.
    pub operations: usize,
    pub erased: Vec<u32>,
    random: u64,
}

impl Flash {
    pub fn new(sectors: usize) -> Self {
        let bytes = vec![0xFF; sectors * SECTOR];
        Self { bytes, power: usize::MAX, operations: 0, erased: vec![0; sectors], random: 1 }
    }

    /// What half done operations leave behind is as random as this.
    pub fn with_noise(self, seed: u64) -> Self {
        Self { random: seed, ..self }
    }

    /// The power goes in the middle of an operation, after so many more.
    pub fn cut_after(&mut self, operations: usize) {
        self.power = self.operations + operations;
    }

    /// The power is back. `cut`: after how many operations it goes again.
    pub fn on_again(&self, cut: usize) -> Self {
        Self { power: cut, operations: 0, ..self.clone() }
    }

    /// The chip stays where it is when what works with it goes away.
    pub fn shared(self) -> Chip {
        Chip(Rc::new(RefCell::new(self)))
    }

    fn random(&mut self, below: usize) -> usize {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) as usize % below.max(1)
    }

    /// How much of an operation on so many bytes is done. `None`: nothing can be, the power is gone.
    fn done(&mut self, length: usize) -> Option<usize> {
        if self.operations > self.power {
            return None;
        }
        self.operations += 1;
        Some(if self.operations > self.power { self.random(length) } else { length })
    }
}

impl ErrorType for Flash {
    type Error = PowerCut;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 4;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), PowerCut> {
        assert!(offset.is_multiple_of(4) && bytes.len().is_multiple_of(4), "a read out of line");
        if self.operations > self.power {
            return Err(PowerCut);
        }
        bytes.copy_from_slice(&self.bytes[offset as usize..][..bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = SECTOR;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), PowerCut> {
        assert!(from.is_multiple_of(SECTOR as u32) && to == from + SECTOR as u32, "an erasure out of line");
        let done = self.done(SECTOR).ok_or(PowerCut)?;
        self.erased[from as usize / SECTOR] += 1;
        let place = &mut self.bytes[from as usize..to as usize];
        if done == SECTOR {
            place.fill(0xFF);
            return Ok(());
        }
        // Half erased: some bits are ones already, in no order.
        for index in 0..done {
            let at = (index * 7919) % SECTOR;
            let mask = self.random(256) as u8;
            self.bytes[from as usize + at] |= mask;
        }
        Err(PowerCut)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), PowerCut> {
        assert!(offset.is_multiple_of(4) && bytes.len().is_multiple_of(4), "a write out of line");
        let done = self.done(bytes.len()).ok_or(PowerCut)?;
        for (index, byte) in bytes.iter().enumerate() {
            let place = &mut self.bytes[offset as usize + index];
            assert_eq!(*byte & !*place, 0, "a bit is set without erasing");
            if index < done {
                *place &= byte;
            }
        }
        // The byte in which it happened is half written.
        if done < bytes.len() {
            let mask = self.random(256) as u8;
            self.bytes[offset as usize + done] &= bytes[done] | mask;
            return Err(PowerCut);
        }
        Ok(())
    }
}

/// A chip that several can hold.
#[derive(Clone)]
pub struct Chip(Rc<RefCell<Flash>>);

impl Chip {
    /// As it is now.
    pub fn take(&self) -> Flash {
        self.0.borrow().clone()
    }
}

impl ErrorType for Chip {
    type Error = PowerCut;
}

impl ReadNorFlash for Chip {
    const READ_SIZE: usize = Flash::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), PowerCut> {
        self.0.borrow_mut().read(offset, bytes)
    }
    fn capacity(&self) -> usize {
        self.0.borrow().capacity()
    }
}

impl NorFlash for Chip {
    const WRITE_SIZE: usize = Flash::WRITE_SIZE;
    const ERASE_SIZE: usize = Flash::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), PowerCut> {
        self.0.borrow_mut().erase(from, to)
    }
    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), PowerCut> {
        self.0.borrow_mut().write(offset, bytes)
    }
}
