//! Foreign: frames of other protocols, recognised so that they can be named, not read.
//!
//! A meter that speaks DLMS over HDLC or wired M-Bus instead of P1 looks like noise otherwise.

/// A frame of a protocol that is not P1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Foreign {
    /// DLMS in HDLC frames (`7E A… 7E`), check sequence right.
    Hdlc,
    /// DLMS in wired M-Bus long frames (`68 L L 68 … 16`), checksum right.
    Mbus,
    /// A P1 header with a ciphered block inside that has no system title, as some Polish meters send.
    HybridHeader,
}

/// What the bytes at a possible start are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Candidate {
    /// More bytes, please.
    Unknown,
    /// Nothing of this kind.
    No,
    /// A complete frame of this many bytes.
    Complete(usize, Foreign),
}

/// `7E`, format type A and eleven bits of length, …, check sequence, `7E`.
pub(crate) fn hdlc(bytes: &[u8]) -> Candidate {
    let [0x7E, high, rest @ ..] = bytes else {
        return if bytes == [0x7E] { Candidate::Unknown } else { Candidate::No };
    };
    if high & 0xF0 != 0xA0 {
        return Candidate::No;
    }
    let Some(&low) = rest.first() else { return Candidate::Unknown };
    let length = usize::from(high & 7) << 8 | usize::from(low);
    if length < 7 {
        return Candidate::No;
    }
    let total = length + 2;
    let Some(frame) = bytes.get(..total) else { return Candidate::Unknown };
    let (content, check) = frame[1..=length].split_at(length - 2);
    if frame[total - 1] == 0x7E && fcs16(content).to_le_bytes() == check {
        Candidate::Complete(total, Foreign::Hdlc)
    } else {
        Candidate::No
    }
}

/// `68 L L 68`, L bytes, their sum, `16`. One meter sends 257 bytes with an L that has wrapped to 1.
pub(crate) fn mbus(bytes: &[u8]) -> Candidate {
    let length = match bytes {
        [0x68, first, second, 0x68, ..] if first == second => usize::from(*first),
        [0x68] => return Candidate::Unknown,
        [0x68, first, rest @ ..] if rest.len() < 3 && rest.first().is_none_or(|second| second == first) => {
            return if rest.len() < 2 { Candidate::Unknown } else { Candidate::No };
        }
        _ => return Candidate::No,
    };
    let mut waiting = false;
    for length in [length, length + 256] {
        let Some(frame) = bytes.get(..length + 6) else {
            waiting = true;
            continue;
        };
        let sum = frame[4..4 + length].iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        if length >= 3 && frame[4 + length] == sum && frame[5 + length] == 0x16 {
            return Candidate::Complete(length + 6, Foreign::Mbus);
        }
    }
    if waiting { Candidate::Unknown } else { Candidate::No }
}

/// `/EGM5… CR LF CR LF 00 82 LL LL 30 …`, then `!` and the CRC.
pub(crate) fn hybrid(bytes: &[u8]) -> Candidate {
    let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else { return Candidate::No };
    let [0x00, 0x82, high, low, 0x30, ..] = bytes[end + 4..] else { return Candidate::No };
    // Length, then `!` and four digits.
    let total = end + 8 + (usize::from(high) << 8 | usize::from(low)) + 5;
    match bytes.get(total - 5) {
        Some(b'!') if bytes.len() >= total => Candidate::Complete(total, Foreign::HybridHeader),
        None | Some(b'!') => Candidate::Unknown,
        Some(_) => Candidate::No,
    }
}

/// The frame check sequence of HDLC: CRC-16/X-25.
fn fcs16(bytes: &[u8]) -> u16 {
    const X25: crc::Crc<u16> = crc::Crc::<u16>::new(&crc::CRC_16_IBM_SDLC);
    X25.checksum(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hdlc_frames() {
        // A receiver-ready frame with addresses of one byte.
        let mut frame = [0x7E, 0xA0, 0x07, 0x41, 0x03, 0x93, 0, 0, 0x7E];
        let check = fcs16(&frame[1..6]).to_le_bytes();
        frame[6..8].copy_from_slice(&check);
        assert_eq!(hdlc(&frame), Candidate::Complete(9, Foreign::Hdlc));
        assert_eq!(hdlc(&frame[..5]), Candidate::Unknown);
        frame[3] ^= 1;
        assert_eq!(hdlc(&frame), Candidate::No);
        assert_eq!(hdlc(b"~hello"), Candidate::No);
    }

    #[test]
    fn mbus_frames() {
        let frame = [0x68, 3, 3, 0x68, 8, 1, 0x72, 0x7B, 0x16];
        assert_eq!(mbus(&frame), Candidate::Complete(9, Foreign::Mbus));
        assert_eq!(mbus(&frame[..6]), Candidate::Unknown);
        assert_eq!(mbus(b"hello"), Candidate::No);
        assert_eq!(mbus(b"hh"), Candidate::Unknown);
        assert_eq!(mbus(b"hhhxxx"), Candidate::No);
    }
}
