//! Header: what stands before an image, and is signed.

use core::fmt::Debug;

use ed25519_dalek::{Signature, VerifyingKey};

use super::refusal::Refusal;
use super::version::Version;

/// Bytes before the image: 68 that are signed, and 64 of the signature.
pub const HEADER_LEN: usize = SIGNED + Signature::BYTE_SIZE;

const SIGNED: usize = 68;
const MAGIC: &[u8; 8] = b"SMRTYIMG";
const FORMAT: u16 = 1;
/// Longest name of a board.
const BOARD: usize = 16;

/// What is known of an image before its first byte: the signature covers this, and the digest in it the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// For which board, ASCII, filled with zeros: `esp32c3-wifi`.
    board: [u8; BOARD],
    /// Its version.
    pub version: Version,
    /// Bytes of the image behind the header.
    pub length: u32,
    /// SHA-256 of the image.
    pub digest: [u8; 32],
}

impl Header {
    /// Reads a header and proves its signature.
    ///
    /// # Errors
    /// It is not a header, of another format, or not signed with this key.
    pub fn open(bytes: &[u8; HEADER_LEN], key: &[u8; 32]) -> Result<Self, Refusal> {
        let (signed, signature) = bytes.split_at(SIGNED);
        let (magic, rest) = signed.split_at(MAGIC.len());
        if magic != MAGIC {
            return Err(Refusal::NoImage);
        }
        if rest[..2] != FORMAT.to_le_bytes() {
            return Err(Refusal::Format);
        }
        let key = VerifyingKey::from_bytes(key).map_err(|_| Refusal::NoKey)?;
        let signature = Signature::from_slice(signature).map_err(|_| Refusal::Signature)?;
        // Strict: a signature has one form only, and no key of small order passes.
        key.verify_strict(signed, &signature).map_err(|_| Refusal::Signature)?;
        Ok(Self {
            version: Version::from_bytes(array(&rest[2..])),
            board: array(&rest[8..]),
            length: u32::from_le_bytes(array(&rest[24..])),
            digest: array(&rest[28..]),
        })
    }

    /// The version that a file says it has, before anything is proven. `None`: it is no signed image, or of another format.
    pub fn claimed(file: &[u8]) -> Option<Version> {
        let signed = file.get(..HEADER_LEN)?.strip_prefix(MAGIC)?.strip_prefix(&FORMAT.to_le_bytes())?;
        Some(Version::from_bytes(array(signed)))
    }

    /// For which board.
    pub fn board(&self) -> &str {
        let end = self.board.iter().position(|byte| *byte == 0).unwrap_or(BOARD);
        core::str::from_utf8(&self.board[..end]).unwrap_or_default()
    }
}

/// What is signed, in front of the signature: `SMRTYIMG`, format `1` (two bytes), version (three times two), board (16),
/// length (four), SHA-256 (32). Numbers have their smallest byte first.
///
/// `None`: the board's name is empty, longer than 16 bytes or not ASCII.
pub fn signed_part(board: &str, version: Version, length: u32, digest: &[u8; 32]) -> Option<[u8; SIGNED]> {
    if board.is_empty() || board.len() > BOARD || !board.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let mut bytes = [0; SIGNED];
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8..10].copy_from_slice(&FORMAT.to_le_bytes());
    bytes[10..16].copy_from_slice(&version.to_bytes());
    bytes[16..16 + board.len()].copy_from_slice(board.as_bytes());
    bytes[32..36].copy_from_slice(&length.to_le_bytes());
    bytes[36..].copy_from_slice(digest);
    Some(bytes)
}

/// The first bytes of a slice that is known to be long enough.
fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[..N]);
    array
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};
    use proptest::prelude::*;

    fn signed(key: &SigningKey) -> [u8; HEADER_LEN] {
        let part = signed_part("esp32c3-wifi", Version([1, 2, 3]), 789_360, &[7; 32]).unwrap();
        let mut bytes = [0; HEADER_LEN];
        bytes[..SIGNED].copy_from_slice(&part);
        bytes[SIGNED..].copy_from_slice(&key.sign(&part).to_bytes());
        bytes
    }

    #[test]
    fn what_was_signed_is_read() {
        let key = SigningKey::from_bytes(&[42; 32]);
        let header = Header::open(&signed(&key), key.verifying_key().as_bytes()).unwrap();
        assert_eq!(header.board(), "esp32c3-wifi");
        assert_eq!(Header::claimed(&signed(&key)), Some(header.version));
        assert_eq!((header.version, header.length, header.digest), (Version([1, 2, 3]), 789_360, [7; 32]));
    }

    #[test]
    fn the_layout_is_fixed() {
        let part = signed_part("c3", Version([1, 2, 0x304]), 0x0102_0304, &[0xaa; 32]).unwrap();
        assert_eq!(&part[..20], b"SMRTYIMG\x01\0\x01\0\x02\0\x04\x03c3\0\0");
        assert_eq!(Header::claimed(&part), None, "there is more in a file");
        assert_eq!(&part[32..37], b"\x04\x03\x02\x01\xaa");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn one_changed_bit_is_refused(at in 0..HEADER_LEN * 8) {
            let key = SigningKey::from_bytes(&[42; 32]);
            let mut bytes = signed(&key);
            bytes[at / 8] ^= 1 << (at % 8);
            prop_assert!(Header::open(&bytes, key.verifying_key().as_bytes()).is_err());
        }
    }

    #[test]
    fn another_key_is_refused() {
        let bytes = signed(&SigningKey::from_bytes(&[42; 32]));
        let other = SigningKey::from_bytes(&[43; 32]);
        assert_eq!(Header::open(&bytes, other.verifying_key().as_bytes()), Err(Refusal::Signature));
        // No point of the curve, and the neutral one: nobody can have signed with it, or everybody.
        let neutral: [u8; 32] = core::array::from_fn(|index| u8::from(index == 0));
        assert!(Header::open(&bytes, &neutral).is_err());
        assert!(Header::open(&bytes, &[0; 32]).is_err());
    }

    #[test]
    fn names_of_boards() {
        for name in ["", "a-name-of-17-char", "c3 wifi", "c3\u{e9}"] {
            assert_eq!(signed_part(name, Version::default(), 0, &[0; 32]), None, "{name}");
        }
    }
}
