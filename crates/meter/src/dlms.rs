//! Frames that are not telegrams: the binary lists of other countries' meters.
//!
//! Synthetic, but whole: lengths and checksums are right, so that a reader which takes them for noise
//! does so because they are not P1, not because they are broken.

use crate::prng::Prng;
use crate::values::Values;

/// A DLMS list in an HDLC frame, unencrypted, as in Norway and Slovenia.
pub(crate) fn hdlc(values: &Values) -> Vec<u8> {
    let mut list = vec![0xE6, 0xE7, 0x00, 0x0F, 0, 0, 0, 0, 0, 0x02];
    let registers = &values.registers;
    let objects: [([u8; 6], u64); 4] = [
        ([1, 1, 1, 7, 0, 255], values.power_import_w.into()),
        ([1, 1, 2, 7, 0, 255], values.power_export_w.into()),
        ([1, 1, 1, 8, 0, 255], registers.energy_import_wh),
        ([1, 1, 2, 8, 0, 255], registers.energy_export_wh),
    ];
    list.push(2 * objects.len() as u8);
    for (code, value) in objects {
        list.extend([0x09, 6]);
        list.extend(code);
        list.push(0x06);
        list.extend((value as u32).to_be_bytes());
    }
    // Address, source, control, header check, list, frame check: the length counts them all.
    let length = 2 + 1 + 1 + 1 + 2 + list.len() + 2;
    let mut frame = vec![0xA0 | (length >> 8) as u8, length as u8, 0x2B, 0x21, 0x13];
    frame.extend(x25(&frame).to_le_bytes());
    frame.extend(list);
    frame.extend(x25(&frame).to_le_bytes());
    frame.insert(0, 0x7E);
    frame.push(0x7E);
    frame
}

/// A sealed DLMS list in two M-Bus frames, as Austrian operators other than the T210's send it.
pub(crate) fn mbus(prng: &mut Prng) -> Vec<u8> {
    let mut apdu = vec![0xDB, 8];
    apdu.extend(*b"KFMgP\0\0\x09");
    // Security 20: encrypted, not authenticated, no tag.
    apdu.extend([0x81, 0xF8, 0x20, 0, 0, 0, 0x23]);
    apdu.extend(prng.bytes(0xF8 - 5));
    let (first, second) = apdu.split_at(245);
    [mbus_frame(0x00, first), mbus_frame(0x11, second)].concat()
}

fn mbus_frame(part: u8, data: &[u8]) -> Vec<u8> {
    let mut body = vec![0x53, 0xFF, part, 0x01, 0x67];
    body.extend(data);
    let length = body.len() as u8;
    let sum = body.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    let mut frame = vec![0x68, length, length, 0x68];
    frame.extend(body);
    frame.extend([sum, 0x16]);
    frame
}

/// CRC-16/X.25, which guards the header and the whole of an HDLC frame.
fn x25(bytes: &[u8]) -> u16 {
    let mut crc = 0xFFFF;
    for &byte in bytes {
        crc ^= u16::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0x8408 } else { crc >> 1 };
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MeterConfig, Profile, VirtualMeter};

    #[test]
    fn checksums_as_the_standards_have_them() {
        assert_eq!(x25(b"123456789"), 0x906E);
        // The header of a real Norwegian frame ends with 23 9A.
        assert_eq!(x25(&[0xA0, 0xE2, 0x2B, 0x21, 0x13]).to_le_bytes(), [0x23, 0x9A]);
    }

    #[test]
    fn hdlc_says_its_own_length() {
        let values = VirtualMeter::new(MeterConfig::new(Profile::LuxembourgFull)).next_values();
        let frame = hdlc(&values);
        let length = usize::from(frame[1] & 7) << 8 | usize::from(frame[2]);
        assert_eq!(frame.len(), length + 2);
        let end = frame.len() - 3;
        assert_eq!(x25(&frame[1..end]).to_le_bytes(), frame[end..end + 2]);
    }

    #[test]
    fn mbus_frames_follow_each_other() {
        let frames = mbus(&mut Prng::new(1));
        let first = usize::from(frames[1]) + 6;
        assert_eq!((frames[first - 1], frames[first], frames.last()), (0x16, 0x68, Some(&0x16)));
    }
}
