//! Hex: bytes as people and files write them.

use std::fmt::Write as _;

/// Small letters, for files and tokens.
pub(crate) fn lower(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Capitals, as meters and operators write them.
pub(crate) fn upper(bytes: &[u8]) -> String {
    lower(bytes).to_ascii_uppercase()
}

/// The bytes behind digits in either case; `None` when it is no hex or of another length.
pub(crate) fn array<const N: usize>(text: &str) -> Option<[u8; N]> {
    bytes(text.as_bytes())?.try_into().ok()
}

/// The bytes behind digits; white space between them is left out. `None` when there is anything else.
pub(crate) fn bytes(text: &[u8]) -> Option<Vec<u8>> {
    let digits = text.iter().filter(|byte| !byte.is_ascii_whitespace());
    let digits: Vec<u8> =
        digits.map(|&byte| (byte as char).to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    if digits.is_empty() || !digits.len().is_multiple_of(2) {
        return None;
    }
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        assert_eq!(lower(&[0, 0xAB, 0x7F]), "00ab7f");
        assert_eq!(upper(&[0xAB]), "AB");
        assert_eq!(bytes(b"00 aB\n7f"), Some(vec![0, 0xAB, 0x7F]));
        assert_eq!(array::<2>("00ab"), Some([0, 0xAB]));
        for wrong in ["", "0", "0g", "/Lux5"] {
            assert_eq!(bytes(wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(array::<2>("00"), None);
    }
}
