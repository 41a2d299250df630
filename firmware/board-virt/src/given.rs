//! Given: what the test that starts this machine puts in: settings as lines `name = value`, and a certificate. QEMU hands them over as
//! files of its firmware configuration (`-fw_cfg name=opt/settings,file=…`).

use crate::mmio::{r8, w16};

const DATA: usize = 0x1010_0000;
const SELECTOR: usize = DATA + 8;
const DIRECTORY: u16 = 0x19;

fn select(item: u16) {
    // Big-endian, as the device wants it.
    w16(SELECTOR, item.to_be());
}

fn take<const N: usize>() -> [u8; N] {
    core::array::from_fn(|_| r8(DATA))
}

/// The file of this name, as much of it as fits.
pub(crate) fn file<'b>(name: &str, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    select(DIRECTORY);
    let files = u32::from_be_bytes(take());
    let mut found = None;
    for _ in 0..files {
        let (size, item, _reserved) = (u32::from_be_bytes(take()), u16::from_be_bytes(take()), take::<2>());
        let called = take::<56>();
        if called.starts_with(name.as_bytes()) && called[name.len()] == 0 {
            found = Some((size, item));
        }
    }
    let (size, item) = found?;
    select(item);
    let length = buffer.len().min(size as usize);
    buffer[..length].fill_with(|| r8(DATA));
    Some(&buffer[..length])
}
