//! Hurting a frame so that it is truly hurt.
//!
//! Not every change is damage: a byte doubled at the very end leaves the frame whole, a cut line end
//! hurts nobody, and one random change in 65 536 slips through a CRC. A test that expects a loss would
//! then be wrong, so places are drawn again until the frame can no longer be read.

use crate::crc::crc16;
use crate::prng::Prng;

/// Tries before the frame is simply cut in half, which always hurts.
const TRIES: usize = 32;

/// Flips `count` different bits.
pub(crate) fn flip_bits(frame: &mut Vec<u8>, count: usize, prng: &mut Prng) {
    hurt(frame, prng, |bytes, protected, prng| {
        let mut places: Vec<usize> = Vec::with_capacity(count);
        while places.len() < count.clamp(1, protected * 8) {
            let place = prng.below(protected * 8);
            if !places.contains(&place) {
                places.push(place);
                bytes[place / 8] ^= 1 << (place % 8);
            }
        }
    });
}

/// Flips the bit of this place.
pub(crate) fn flip_bit(frame: &mut [u8], at: usize) {
    let place = at % (protected(frame) * 8).max(1);
    if let Some(byte) = frame.get_mut(place / 8) {
        *byte ^= 1 << (place % 8);
    }
}

/// Cuts the frame off.
pub(crate) fn truncate(frame: &mut Vec<u8>, keep: Option<usize>, prng: &mut Prng) {
    let most = protected(frame).saturating_sub(1);
    let keep = keep.unwrap_or_else(|| 1 + prng.below(most)).min(most);
    frame.truncate(keep);
}

/// Loses `count` single bytes.
pub(crate) fn drop_bytes(frame: &mut Vec<u8>, count: usize, prng: &mut Prng) {
    hurt(frame, prng, |bytes, protected, prng| {
        for gone in 0..count.clamp(1, protected) {
            bytes.remove(prng.below(protected - gone));
        }
    });
}

/// Sends `count` single bytes twice.
pub(crate) fn duplicate_bytes(frame: &mut Vec<u8>, count: usize, prng: &mut Prng) {
    hurt(frame, prng, |bytes, protected, prng| {
        for _ in 0..count.max(1) {
            let place = prng.below(protected);
            bytes.insert(place, bytes[place]);
        }
    });
}

/// Puts noise into the frame.
pub(crate) fn noise_inside(frame: &mut Vec<u8>, count: usize, prng: &mut Prng) {
    hurt(frame, prng, |bytes, protected, prng| {
        let place = 1 + prng.below(protected - 1);
        let noise = prng.bytes(count.max(1));
        bytes.splice(place..place, noise);
    });
}

/// Changes the last digit of the checksum behind a text, if it has one.
pub(crate) fn spoil_checksum(text: &mut [u8]) {
    if let Some(digit) = text.iter_mut().rev().find(|byte| byte.is_ascii_hexdigit()) {
        *digit = if *digit == b'0' { b'1' } else { b'0' };
    }
}

/// Does the damage on a copy until it is one.
fn hurt(frame: &mut Vec<u8>, prng: &mut Prng, damage: impl Fn(&mut Vec<u8>, usize, &mut Prng)) {
    let protected = protected(frame);
    if protected < 2 {
        return;
    }
    for _ in 0..TRIES {
        let mut damaged = frame.clone();
        damage(&mut damaged, protected, prng);
        if !contains(&damaged, &frame[..protected]) && !passes_crc(&damaged) {
            *frame = damaged;
            return;
        }
    }
    frame.truncate(protected / 2);
}

/// How much of the frame's front is protected: all of a sealed one, a text up to its `!`.
fn protected(frame: &[u8]) -> usize {
    if frame.first() == Some(&b'/') {
        frame.iter().rposition(|&byte| byte == b'!').map_or(frame.len(), |end| end + 1)
    } else {
        frame.len()
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Whether a text still has the checksum that it ends with.
fn passes_crc(bytes: &[u8]) -> bool {
    let Some(begin) = bytes.iter().position(|&byte| byte == b'/') else {
        return false;
    };
    let Some(end) = bytes.iter().rposition(|&byte| byte == b'!') else {
        return false;
    };
    let written = bytes.get(end + 1..end + 5).and_then(|digits| core::str::from_utf8(digits).ok());
    let written = written.and_then(|digits| u16::from_str_radix(digits, 16).ok());
    begin < end && written == Some(crc16(&bytes[begin..=end]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MeterConfig, Profile, VirtualMeter};

    #[test]
    fn what_is_hurt_cannot_be_read() {
        let mut prng = Prng::new(3);
        let text = VirtualMeter::new(MeterConfig::new(Profile::LuxembourgFull)).next_telegram().text;
        assert!(passes_crc(&text));
        for round in 0..300 {
            for act in [flip_bits, drop_bytes, duplicate_bytes, noise_inside] {
                let mut frame = text.clone();
                act(&mut frame, 1 + round % 5, &mut prng);
                assert!(!passes_crc(&frame) && !contains(&frame, &text[..protected(&text)]));
            }
            let mut frame = text.clone();
            truncate(&mut frame, None, &mut prng);
            assert!(!frame.is_empty() && !frame.contains(&b'!'));
        }
    }

    #[test]
    fn the_bit_of_a_place_wraps_round() {
        let mut frame = vec![0xDB, 0, 0];
        flip_bit(&mut frame, 24 + 9);
        assert_eq!(frame, [0xDB, 2, 0]);
    }
}
