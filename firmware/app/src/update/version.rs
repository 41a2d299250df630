//! Version: three numbers, ordered.

use core::fmt::{self, Display, Formatter};

/// `MAJOR.MINOR.PATCH`. What is not released has no version of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub [u16; 3]);

impl Version {
    /// Reads `1.2.3`, and nothing else. Usable for constants: `Version::parse(env!("CARGO_PKG_VERSION"))`.
    pub const fn parse(text: &str) -> Option<Self> {
        let text = text.as_bytes();
        let (mut numbers, mut at, mut index) = ([0_u16; 3], 0, 0);
        while index < 3 {
            let from = at;
            let mut number = 0_u32;
            while at < text.len() && text[at].is_ascii_digit() {
                number = number * 10 + (text[at] - b'0') as u32;
                if number > u16::MAX as u32 {
                    return None;
                }
                at += 1;
            }
            let ends = if index < 2 { at < text.len() && text[at] == b'.' } else { at == text.len() };
            if at == from || !ends {
                return None;
            }
            numbers[index] = number as u16;
            at += 1;
            index += 1;
        }
        Some(Self(numbers))
    }

    /// As six bytes, the smallest byte of each number first.
    pub(super) fn to_bytes(self) -> [u8; 6] {
        core::array::from_fn(|at| self.0[at / 2].to_le_bytes()[at % 2])
    }

    /// See [`Self::to_bytes`].
    pub(super) fn from_bytes(bytes: [u8; 6]) -> Self {
        Self([0, 2, 4].map(|at| u16::from_le_bytes([bytes[at], bytes[at + 1]])))
    }
}

impl Display for Version {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::string::ToString;

    proptest! {
        #[test]
        fn what_is_written_is_read(numbers: [u16; 3]) {
            let version = Version(numbers);
            prop_assert_eq!(Version::parse(&version.to_string()), Some(version));
            prop_assert_eq!(Version::from_bytes(version.to_bytes()), version);
        }
    }

    #[test]
    fn ten_is_above_nine() {
        assert!(Version::parse("0.10.0").unwrap() > Version::parse("0.9.9").unwrap());
    }

    #[test]
    fn anything_else_is_no_version() {
        for text in ["", "1", "1.2", "1.2.", "1.2.3.4", "1.2.3-rc1", "v1.2.3", "1..3", "1.2.65536", " 1.2.3", "1.2.3 "]
        {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }
}
