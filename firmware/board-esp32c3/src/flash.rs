//! Flash: the one chip, lent to each who owns a part of it.

use core::cell::RefCell;

use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use esp_hal::peripherals::FLASH;
use esp_storage::{FlashStorage, FlashStorageError};
use static_cell::StaticCell;

type Shared = Mutex<CriticalSectionRawMutex, RefCell<FlashStorage<'static>>>;

/// A part of the flash, from 0 to its length. While it is erased or written nothing else runs, not even an interrupt: the
/// program itself is read from the same chip.
#[derive(Clone, Copy)]
pub(crate) struct Region {
    chip: &'static Shared,
    start: u32,
    length: u32,
}

/// Takes the chip; the region is all of it.
pub(crate) fn whole(flash: FLASH<'static>) -> Region {
    static CHIP: StaticCell<Shared> = StaticCell::new();
    let chip = FlashStorage::new(flash);
    let length = ReadNorFlash::capacity(&chip) as u32;
    Region { chip: CHIP.init(Mutex::new(RefCell::new(chip))), start: 0, length }
}

/// Where in the flash the program lies that runs: the first page that the window on it shows.
pub(crate) fn running() -> u32 {
    #[cfg(feature = "esp32c3")]
    {
        const FIRST_PAGE: *const u32 = 0x600C_5000 as *const u32;
        // SAFETY: a register that can be read at any time.
        (unsafe { FIRST_PAGE.read_volatile() } & 0xFF) << 16
    }
    #[cfg(feature = "esp32c6")]
    {
        const INDEX: *mut u32 = 0x6000_237C as *mut u32;
        const PAGE: *const u32 = 0x6000_2378 as *const u32;
        // SAFETY: chooses the first entry of a table and reads it; nobody else does.
        unsafe {
            INDEX.write_volatile(0);
            (PAGE.read_volatile() & 0xFF) << 16
        }
    }
}

impl Region {
    /// A part of it. What lies outside cannot be reached through it.
    pub(crate) fn part(self, range: core::ops::Range<u32>) -> Self {
        let end = range.end.min(self.length);
        let start = range.start.min(end);
        Self { chip: self.chip, start: self.start + start, length: end - start }
    }

    fn at<T>(
        self,
        offset: u32,
        length: usize,
        act: impl FnOnce(&mut FlashStorage<'static>, u32) -> Result<T, FlashStorageError>,
    ) -> Result<T, FlashStorageError> {
        let fits = u64::from(offset) + length as u64 <= u64::from(self.length);
        if !fits {
            return Err(FlashStorageError::OutOfBounds);
        }
        self.chip.lock(|chip| act(&mut chip.borrow_mut(), self.start + offset))
    }
}

impl ErrorType for Region {
    type Error = FlashStorageError;
}

impl ReadNorFlash for Region {
    const READ_SIZE: usize = <FlashStorage<'static> as ReadNorFlash>::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.at(offset, bytes.len(), |chip, at| ReadNorFlash::read(chip, at, bytes))
    }

    fn capacity(&self) -> usize {
        self.length as usize
    }
}

impl NorFlash for Region {
    const WRITE_SIZE: usize = <FlashStorage<'static> as NorFlash>::WRITE_SIZE;
    const ERASE_SIZE: usize = <FlashStorage<'static> as NorFlash>::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        let length = to.checked_sub(from).ok_or(FlashStorageError::OutOfBounds)?;
        self.at(from, length as usize, |chip, at| NorFlash::erase(chip, at, at + length))
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        self.at(offset, bytes.len(), |chip, at| NorFlash::write(chip, at, bytes))
    }
}
