//! Bits: variable-length and fixed-width integers, zigzag.

/// Small magnitudes of either sign become small unsigned numbers.
pub(crate) const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// The inverse of [`zigzag`].
pub(crate) const fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// Seven bits a byte, the lowest first.
pub(crate) fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Reads one varint off the front. `None` where the bytes end or say more than 64 bits.
pub(crate) fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// Takes `length` bytes off the front.
pub(crate) fn take_slice<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (part, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(part)
}

/// How many bits the largest of the values needs.
pub(crate) fn width(values: &[u64]) -> u32 {
    64 - values.iter().fold(0, |all, value| all | value).leading_zeros()
}

/// Values of `width` bits each, the lowest bits first.
pub(crate) fn put_packed(bytes: &mut Vec<u8>, values: &[u64], width: u32) {
    let mut held: u128 = 0;
    let mut count = 0;
    for &value in values {
        held |= u128::from(value) << count;
        count += width;
        while count >= 8 {
            bytes.push(held as u8);
            held >>= 8;
            count -= 8;
        }
    }
    if count > 0 {
        bytes.push(held as u8);
    }
}

/// Reads `count` values of `width` bits.
pub(crate) fn take_packed(bytes: &[u8], count: usize, width: u32) -> Option<Vec<u64>> {
    if width == 0 || width > 64 || (count as u64 * u64::from(width)).div_ceil(8) != bytes.len() as u64 {
        return None;
    }
    let mask = (1u128 << width) - 1;
    let mut values = Vec::with_capacity(count);
    let mut rest = bytes.iter();
    let mut held: u128 = 0;
    let mut bits = 0;
    for _ in 0..count {
        while bits < width {
            held |= u128::from(*rest.next()?) << bits;
            bits += 8;
        }
        values.push((held & mask) as u64);
        held >>= width;
        bits -= width;
    }
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zigzag_and_varint_hold_the_extremes() {
        for value in [0, 1, -1, 63, -64, i64::MAX, i64::MIN] {
            assert_eq!(unzigzag(zigzag(value)), value);
            let mut bytes = Vec::new();
            put_varint(&mut bytes, zigzag(value));
            assert_eq!(take_varint(&mut &bytes[..]), Some(zigzag(value)));
        }
        assert_eq!(take_varint(&mut &[0x80u8; 12][..]), None);
        assert_eq!(take_varint(&mut &[][..]), None);
    }

    #[test]
    fn packed_at_every_width() {
        for bits in 1..=64 {
            let most = u64::MAX >> (64 - bits);
            let values = [most, 0, most / 3, 1, most];
            let mut bytes = Vec::new();
            put_packed(&mut bytes, &values, bits);
            assert_eq!(take_packed(&bytes, 5, bits).as_deref(), Some(&values[..]), "{bits}");
        }
    }
}
