//! OBIS code: the name of an object, `A-B:C.D.E` (IEC 62056-61). P1 telegrams leave group F out.

use core::fmt;

/// A reduced OBIS code. Medium, channel, quantity, processing, rate.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Obis(u64);

impl Obis {
    /// `A-B:C.D.E`.
    #[allow(clippy::many_single_char_names)] // The standard's names.
    pub const fn new(a: u8, b: u8, c: u8, d: u8, e: u8) -> Self {
        Self((a as u64) << 32 | (b as u64) << 24 | (c as u64) << 16 | (d as u64) << 8 | e as u64)
    }

    /// Medium: 0 abstract, 1 electricity, 7 gas …
    pub const fn a(self) -> u8 {
        (self.0 >> 32) as u8
    }

    /// Channel: for objects `0-n` the M-Bus channel (but not for relays, `0-n:96.3.10`).
    pub const fn b(self) -> u8 {
        (self.0 >> 24) as u8
    }

    /// What is measured.
    pub const fn c(self) -> u8 {
        (self.0 >> 16) as u8
    }

    /// How it is processed: 7 instantaneous, 8 time integral, 4 average, 6 maximum.
    pub const fn d(self) -> u8 {
        (self.0 >> 8) as u8
    }

    /// Rate or tariff; 0 is the total.
    pub const fn e(self) -> u8 {
        self.0 as u8
    }

    pub(crate) const fn packed(self) -> u64 {
        self.0
    }

    /// Reads a code from the beginning of a line and says how many bytes it took.
    ///
    /// A group F (`*255` or `.255`, as some meters write) is taken and left out. `None` when there is no code.
    #[inline]
    #[allow(clippy::many_single_char_names)] // The standard's names.
    pub fn parse_prefix(line: &[u8]) -> Option<(Self, usize)> {
        // Written out group by group: this is the innermost loop of the decoder, and a loop over groups costs
        // half of it in wrongly predicted branches.
        let (a, rest) = group(line)?;
        let (b, rest) = group(rest.strip_prefix(b"-")?)?;
        let (c, rest) = group(rest.strip_prefix(b":")?)?;
        let (d, rest) = group(rest.strip_prefix(b".")?)?;
        let (e, mut rest) = group(rest.strip_prefix(b".")?)?;
        if let [b'*' | b'.', f @ ..] = rest {
            rest = group(f)?.1;
        }
        Some((Self::new(a, b, c, d, e), line.len() - rest.len()))
    }

    /// A whole text that is one code.
    pub fn parse(text: &[u8]) -> Option<Self> {
        match Self::parse_prefix(text)? {
            (obis, used) if used == text.len() => Some(obis),
            _ => None,
        }
    }
}

/// One to three digits, at most 255, and what stands behind them.
#[inline]
fn group(text: &[u8]) -> Option<(u8, &[u8])> {
    let digit = |at: usize| text.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit <= 9);
    let first = digit(0)?;
    let Some(second) = digit(1) else { return Some((first, &text[1..])) };
    let Some(third) = digit(2) else { return Some((first * 10 + second, &text[2..])) };
    let value = u16::from(first) * 100 + u16::from(second * 10 + third);
    Some((u8::try_from(value).ok()?, &text[3..]))
}

impl fmt::Display for Obis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}:{}.{}.{}", self.a(), self.b(), self.c(), self.d(), self.e())
    }
}

impl fmt::Debug for Obis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_with_and_without_group_f() {
        assert_eq!(Obis::parse(b"1-0:1.8.0"), Some(Obis::new(1, 0, 1, 8, 0)));
        assert_eq!(Obis::parse(b"1-0:1.8.0*255"), Some(Obis::new(1, 0, 1, 8, 0)));
        assert_eq!(Obis::parse(b"1-0:31.7.0.255"), Some(Obis::new(1, 0, 31, 7, 0)));
        assert_eq!(Obis::parse_prefix(b"0-0:96.13.0()"), Some((Obis::new(0, 0, 96, 13, 0), 11)));
    }

    #[test]
    fn what_is_not_a_code() {
        for text in [&b""[..], b"1", b"1-0", b"1,0:2.7.0", b"1-0:72:32.0", b"1-0:999.7.0", b"1-0:1.8.", b"1-0:1.8.0*"] {
            assert_eq!(Obis::parse(text), None, "{text:?}");
        }
    }
}
