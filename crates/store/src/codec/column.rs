//! Column: a list of integers as few bytes.
//!
//! | byte | meaning |
//! |---|---|
//! | bits 0–2 | [`Method`] |
//! | bit 3 | residuals are differences to the value before (zigzag), not to the lowest value |
//! | bit 4 | residuals are divided by their greatest common divisor, which comes first |
//!
//! Arithmetic wraps: every `i64` comes back as it was.

use super::bits::{put_packed, put_varint, take_packed, take_slice, take_varint, unzigzag, width, zigzag};
use super::pack::{Packer, Unpacker};

const CONSTANT: u8 = 0;
const LINEAR: u8 = 1;
const BITS: u8 = 2;
const VARINT: u8 = 3;
const VARINT_ZSTD: u8 = 4;
const PLANES: u8 = 5;
const METHOD: u8 = 7;
const DELTA: u8 = 1 << 3;
const SCALED: u8 = 1 << 4;

/// How hard to look for the shortest form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// One form, chosen by an estimate.
    Quick,
    /// The shortest of all forms.
    Thorough,
}

/// Appends the shortest form of `values` and returns its encoding byte.
pub(crate) fn encode(values: &[i64], effort: Effort, packer: &mut Packer, out: &mut Vec<u8>) -> u8 {
    let Some((&first, rest)) = values.split_first() else { return CONSTANT };
    if rest.iter().all(|&value| value == first) {
        put_varint(out, zigzag(first));
        return CONSTANT;
    }
    let step = values[1].wrapping_sub(first);
    if values.windows(2).all(|pair| pair[1].wrapping_sub(pair[0]) == step) {
        put_varint(out, zigzag(first));
        put_varint(out, zigzag(step));
        return LINEAR;
    }
    let delta = Residuals::deltas(values);
    let level = Residuals::above_lowest(values);
    match effort {
        Effort::Quick => {
            let best = if delta.estimate() <= level.estimate() { delta } else { level };
            best.encode(effort, packer, out)
        }
        Effort::Thorough => {
            let mut other = Vec::new();
            let start = out.len();
            let one = delta.encode(effort, packer, out);
            let two = level.encode(effort, packer, &mut other);
            if other.len() < out.len() - start {
                out.truncate(start);
                out.extend_from_slice(&other);
                two
            } else {
                one
            }
        }
    }
}

/// What is left of the values once the foreseeable is taken off.
struct Residuals {
    flags: u8,
    base: i64,
    divisor: u64,
    left: Vec<u64>,
}

impl Residuals {
    fn deltas(values: &[i64]) -> Self {
        let deltas = || values.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]));
        let divisor = common_divisor(deltas().map(i64::unsigned_abs));
        // A divisor of 2^63 does not fit the signed division; it is not worth a form of its own.
        let signed = i64::try_from(divisor).unwrap_or(1);
        Self {
            flags: DELTA,
            base: values[0],
            divisor: signed as u64,
            left: deltas().map(|delta| zigzag(delta / signed)).collect(),
        }
    }

    fn above_lowest(values: &[i64]) -> Self {
        let lowest = values.iter().copied().min().unwrap_or(0);
        let above = || values.iter().map(|value| value.wrapping_sub(lowest) as u64);
        let divisor = common_divisor(above());
        Self { flags: 0, base: lowest, divisor, left: above().map(|above| above / divisor).collect() }
    }

    /// About how many bits an entropy coder needs: for each residual the length of its own length and its bits.
    fn estimate(&self) -> u64 {
        self.left.iter().map(|&residual| 2 * u64::from(64 - residual.saturating_add(1).leading_zeros())).sum()
    }

    fn encode(&self, effort: Effort, packer: &mut Packer, out: &mut Vec<u8>) -> u8 {
        let mut flags = self.flags;
        if self.divisor > 1 {
            flags |= SCALED;
            put_varint(out, self.divisor);
        }
        put_varint(out, zigzag(self.base));
        let start = out.len();
        let bits = width(&self.left);

        let mut method = BITS;
        out.push(bits as u8);
        put_packed(out, &self.left, bits);
        let mut replace = |out: &mut Vec<u8>, candidate: u8, bytes: &[u8]| {
            if bytes.len() < out.len() - start {
                method = candidate;
                out.truncate(start);
                out.extend_from_slice(bytes);
            }
        };
        if bits <= 8 {
            // One byte each: one plane, without the planes' directory.
            let bytes: Vec<u8> = self.left.iter().map(|&residual| residual as u8).collect();
            if bits <= 7
                && let Some(packed) = packer.pack(&bytes)
            {
                replace(out, VARINT_ZSTD, packed);
            }
            if bits == 8 {
                replace(out, PLANES, &planes(&self.left, bits, packer));
            }
        } else {
            replace(out, PLANES, &planes(&self.left, bits, packer));
        }
        if bits > 7 && (effort == Effort::Thorough || self.left.len() < 1000) {
            let mut varints = Vec::with_capacity(self.left.len() * 2);
            for &residual in &self.left {
                put_varint(&mut varints, residual);
            }
            replace(out, VARINT, &varints);
            if let Some(packed) = packer.pack(&varints) {
                replace(out, VARINT_ZSTD, packed);
            }
        }
        method | flags
    }
}

/// The bytes of equal weight side by side, the lowest first; each plane compressed where that helps.
fn planes(residuals: &[u64], bits: u32, packer: &mut Packer) -> Vec<u8> {
    let count = bits.div_ceil(8);
    let mut out = vec![count as u8];
    for plane in 0..count {
        let bytes: Vec<u8> = residuals.iter().map(|residual| (residual >> (8 * plane)) as u8).collect();
        if let Some(packed) = packer.pack(&bytes) {
            put_varint(&mut out, packed.len() as u64);
            out.extend_from_slice(packed);
        } else {
            // No packed plane is empty.
            put_varint(&mut out, 0);
            out.extend_from_slice(&bytes);
        }
    }
    out
}

/// The values that [`encode`] was given. `None`: damaged.
pub(crate) fn decode(encoding: u8, mut bytes: &[u8], count: usize, unpacker: &mut Unpacker) -> Option<Vec<i64>> {
    if count == 0 {
        return Some(Vec::new());
    }
    let rest = &mut bytes;
    let divisor = if encoding & SCALED == 0 { 1 } else { take_varint(rest)? };
    let base = unzigzag(take_varint(rest)?);
    let method = encoding & METHOD;
    if method == CONSTANT {
        return Some(vec![base; count]);
    }
    if method == LINEAR {
        let step = unzigzag(take_varint(rest)?);
        return Some((0..count as i64).map(|index| base.wrapping_add(step.wrapping_mul(index))).collect());
    }
    let delta = encoding & DELTA != 0;
    let residuals = count - usize::from(delta);
    let mut sum = Rebuilder { delta, base, divisor, values: Vec::with_capacity(count) };
    if delta {
        sum.values.push(base);
    }
    match method {
        BITS => {
            let (&bits, packed) = rest.split_first()?;
            take_packed(packed, residuals, u32::from(bits))?.into_iter().for_each(|value| sum.push(value));
        }
        VARINT => varints(rest, residuals, &mut sum)?,
        VARINT_ZSTD => varints(unpacker.unpack(rest, residuals * 10)?, residuals, &mut sum)?,
        PLANES => from_planes(rest, residuals, unpacker, &mut sum)?,
        _ => return None,
    }
    Some(sum.values)
}

struct Rebuilder {
    delta: bool,
    base: i64,
    divisor: u64,
    values: Vec<i64>,
}

impl Rebuilder {
    #[inline]
    fn push(&mut self, residual: u64) {
        if self.delta {
            self.base = self.base.wrapping_add(unzigzag(residual).wrapping_mul(self.divisor as i64));
            self.values.push(self.base);
        } else {
            self.values.push(self.base.wrapping_add(residual.wrapping_mul(self.divisor) as i64));
        }
    }
}

fn varints(mut bytes: &[u8], count: usize, sum: &mut Rebuilder) -> Option<()> {
    if bytes.len() == count {
        // One byte each, the common case: no varint has a continuation.
        if bytes.iter().any(|&byte| byte >= 0x80) {
            return None;
        }
        for &byte in bytes {
            sum.push(u64::from(byte));
        }
        return Some(());
    }
    for _ in 0..count {
        sum.push(take_varint(&mut bytes)?);
    }
    bytes.is_empty().then_some(())
}

fn from_planes(bytes: &mut &[u8], count: usize, unpacker: &mut Unpacker, sum: &mut Rebuilder) -> Option<()> {
    let (&planes, rest) = bytes.split_first()?;
    *bytes = rest;
    if planes > 8 {
        return None;
    }
    let mut residuals = vec![0u64; count];
    for plane in 0..planes {
        let length = take_varint(bytes)? as usize;
        let part = match length {
            0 => take_slice(bytes, count)?,
            length => unpacker.unpack(take_slice(bytes, length)?, count)?,
        };
        if part.len() != count {
            return None;
        }
        for (residual, &byte) in residuals.iter_mut().zip(part) {
            *residual |= u64::from(byte) << (8 * plane);
        }
    }
    for residual in residuals {
        sum.push(residual);
    }
    Some(())
}

/// At least 1.
fn common_divisor(values: impl Iterator<Item = u64>) -> u64 {
    let mut divisor = 0u64;
    for value in values {
        let (mut one, mut two) = (divisor, value);
        while two != 0 {
            (one, two) = (two, one % two);
        }
        divisor = one;
        if divisor == 1 {
            break;
        }
    }
    divisor.max(1)
}
