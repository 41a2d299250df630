//! Given: what the test that starts this machine puts in. QEMU loads files to places behind our memory
//! (`-device loader,file=…,addr=…,force-raw=on`); each begins with its length in four bytes, the lowest first.

use crate::mmio::{r8, r32};

/// Settings as lines `name = value`.
pub(crate) const SETTINGS: usize = 0x80E0_0000;
/// A certificate authority's certificate, DER.
pub(crate) const CERTIFICATE: usize = 0x80E1_0000;

/// Anything: telegrams are to be measured, not published.
pub(crate) const BENCH: usize = 0x80E2_0000;

/// What lies there. `None`: nothing, or more than fits.
pub(crate) fn file(place: usize, buffer: &mut [u8]) -> Option<&[u8]> {
    let length = r32(place) as usize;
    let buffer = buffer.get_mut(..length).filter(|buffer| !buffer.is_empty())?;
    for (at, byte) in buffer.iter_mut().enumerate() {
        *byte = r8(place + 4 + at);
    }
    Some(buffer)
}
