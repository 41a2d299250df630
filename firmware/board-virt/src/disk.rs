//! Disk: a file of the host's as NOR flash. Sectors are erased to ones and bits are only ever cleared, as in the chip.

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};
use virtio_drivers::device::blk::{SECTOR_SIZE, VirtIOBlk};
use virtio_drivers::transport::DeviceType;
use virtio_drivers::transport::mmio::MmioTransport;

use crate::virtio::{Memory, find};

const ERASED: usize = 4096;

/// The device does not answer as it must.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DiskError;

impl NorFlashError for DiskError {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

/// See the module.
pub(crate) struct Disk(VirtIOBlk<Memory, MmioTransport<'static>>);

impl Disk {
    /// The first one. `None`: there is none.
    pub(crate) fn find() -> Option<Self> {
        VirtIOBlk::new(find(DeviceType::Block)?.0).ok().map(Self)
    }
}

impl ErrorType for Disk {
    type Error = DiskError;
}

impl ReadNorFlash for Disk {
    const READ_SIZE: usize = 4;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), DiskError> {
        let mut sector = [0; SECTOR_SIZE];
        let mut at = offset as usize;
        let mut rest = bytes;
        while !rest.is_empty() {
            let (from, number) = (at % SECTOR_SIZE, at / SECTOR_SIZE);
            let length = rest.len().min(SECTOR_SIZE - from);
            self.0.read_blocks(number, &mut sector).map_err(|_| DiskError)?;
            let (now, later) = rest.split_at_mut(length);
            now.copy_from_slice(&sector[from..from + length]);
            rest = later;
            at += length;
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.capacity() as usize * SECTOR_SIZE
    }
}

impl NorFlash for Disk {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = ERASED;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), DiskError> {
        let ones = [0xFF; ERASED];
        for sector in from as usize / ERASED..to as usize / ERASED {
            self.0.write_blocks(sector * (ERASED / SECTOR_SIZE), &ones).map_err(|_| DiskError)?;
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), DiskError> {
        let mut sector = [0; SECTOR_SIZE];
        let mut at = offset as usize;
        let mut rest = bytes;
        while !rest.is_empty() {
            let (from, number) = (at % SECTOR_SIZE, at / SECTOR_SIZE);
            let (now, later) = rest.split_at(rest.len().min(SECTOR_SIZE - from));
            self.0.read_blocks(number, &mut sector).map_err(|_| DiskError)?;
            for (known, new) in sector[from..].iter_mut().zip(now) {
                *known &= new;
            }
            self.0.write_blocks(number, &sector).map_err(|_| DiskError)?;
            rest = later;
            at += now.len();
        }
        Ok(())
    }
}
