//! Virtio: QEMU's devices at memory addresses, and the memory that they share with us.

use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};

use virtio_drivers::transport::mmio::{MmioTransport, VirtIOHeader};
use virtio_drivers::transport::{DeviceType, Transport};
use virtio_drivers::{BufferDirection, Hal, PAGE_SIZE, PhysAddr};

const SLOTS: usize = 0x1000_1000;
const SLOT: usize = 0x1000;
/// Queues of three devices, four of at most two pages each.
const PAGES: usize = 12;

#[repr(C, align(4096))]
struct Arena([u8; PAGES * PAGE_SIZE]);

static mut ARENA: Arena = Arena([0; PAGES * PAGE_SIZE]);
static USED: AtomicUsize = AtomicUsize::new(0);

/// Memory and addresses as the devices see them: the same as we do.
pub(crate) struct Memory;

// SAFETY: pages are handed out once, from zeroed memory of the right alignment, and never taken back; addresses are physical.
unsafe impl Hal for Memory {
    fn dma_alloc(pages: usize, _: BufferDirection) -> (PhysAddr, NonNull<u8>) {
        // Only before the tasks, one device after the other.
        let first = USED.load(Ordering::Relaxed);
        assert!(first + pages <= PAGES, "the arena of the devices is too small");
        USED.store(first + pages, Ordering::Relaxed);
        let address = &raw mut ARENA as usize + first * PAGE_SIZE;
        (address as PhysAddr, NonNull::without_provenance(address.try_into().expect("an arena is not at 0")))
    }
    unsafe fn dma_dealloc(_: PhysAddr, _: NonNull<u8>, _: usize) -> i32 {
        0
    }
    unsafe fn mmio_phys_to_virt(address: PhysAddr, _: usize) -> NonNull<u8> {
        NonNull::without_provenance((address as usize).try_into().expect("no device is at 0"))
    }
    unsafe fn share(buffer: NonNull<[u8]>, _: BufferDirection) -> PhysAddr {
        buffer.as_ptr().cast::<u8>() as usize as PhysAddr
    }
    unsafe fn unshare(_: PhysAddr, _: NonNull<[u8]>, _: BufferDirection) {}
}

/// The first device of this kind, and its interrupt.
pub(crate) fn find(kind: DeviceType) -> Option<(MmioTransport<'static>, u32)> {
    (0..8).find_map(|slot| {
        let address = SLOTS + slot * SLOT;
        let header = NonNull::<VirtIOHeader>::without_provenance(address.try_into().ok()?);
        // SAFETY: the machine has eight of these there; an empty one says so.
        let transport = unsafe { MmioTransport::new(header, SLOT) }.ok()?;
        (transport.device_type() == kind).then_some((transport, slot as u32 + 1))
    })
}
