//! Random: the host's random numbers, through virtio-rng.

use rand_core::{CryptoRng, Error, RngCore};
use virtio_drivers::device::rng::VirtIORng;
use virtio_drivers::transport::DeviceType;
use virtio_drivers::transport::mmio::MmioTransport;

use crate::virtio::{Memory, find};

/// See the module.
pub(crate) struct Random(VirtIORng<Memory, MmioTransport<'static>>);

impl Random {
    /// The first one. Without one there is no encryption, so there is no machine.
    pub(crate) fn find() -> Self {
        let device = find(DeviceType::EntropySource).and_then(|(transport, _)| VirtIORng::new(transport).ok());
        Self(device.expect("no random numbers: -device virtio-rng-device"))
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.next_u64()
    }
}

impl RngCore for Random {
    fn next_u32(&mut self) -> u32 {
        self.next_u64() as u32
    }
    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }
    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        let mut done = 0;
        while done < bytes.len() {
            // The device gives as many as it has.
            done += self.0.request_entropy(&mut bytes[done..]).expect("the device answers");
        }
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Random {}
