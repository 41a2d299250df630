//! Ciphering: opening a sealed frame in place (DLMS general-glo-ciphering, security suite 0).
//!
//! Opening is verifying. The tag is compared in constant time *before* a byte is changed, so a frame
//! that is refused is still what arrived, and the deframer can search its inside.

use core::fmt;

use aes_gcm::aead::consts::U12;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::aes::Aes128;
use aes_gcm::{AesGcm, Nonce, Tag};
use zeroize::Zeroize;

use crate::telegram::Telegram;

type Gcm = AesGcm<Aes128, U12, U12>;

const TAG: usize = 12;
/// Security control, frame counter and tag: what the length counts besides the text.
pub(crate) const OVERHEAD: usize = 1 + 4 + TAG;
/// Authenticated and encrypted, suite 0, unicast key.
const AUTHENTICATED_AND_ENCRYPTED: u8 = 0x30;

/// An AES-128 key. Wiped when dropped, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 16]);

/// Luxembourg's authentication key, the same for all meters and public (P1 specification §3.2.5).
pub const STANDARD_AUTHENTICATION_KEY: Key =
    Key([0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF]);

/// Why a text is no key. Says nothing of the text itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidKey {
    /// This many hex digits instead of 32.
    Length(usize),
    /// Something else than hex digits and separators.
    NotHex,
}

impl fmt::Display for InvalidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(digits) => write!(f, "a key has 32 hex digits, this has {digits}"),
            Self::NotHex => f.write_str("a key has only the digits 0–9 and the letters A–F"),
        }
    }
}

impl core::error::Error for InvalidKey {}

impl Key {
    /// A key from its bytes.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// A key from 32 hex digits; blanks, `:`, `-` and `,` between them, and `0x` before a pair, are left out.
    ///
    /// # Errors
    /// [`InvalidKey`], which does not repeat what was given.
    pub fn from_hex(text: &str) -> Result<Self, InvalidKey> {
        let mut key = Self([0; 16]);
        let mut digits = 0;
        let mut characters = text.trim().chars().peekable();
        while let Some(character) = characters.next() {
            if character == '0' && matches!(characters.peek(), Some('x' | 'X')) {
                characters.next();
                continue;
            }
            if character.is_whitespace() || matches!(character, ':' | '-' | ',') {
                continue;
            }
            let Some(digit) = character.to_digit(16) else { return Err(InvalidKey::NotHex) };
            if digits < 32 {
                key.0[digits / 2] |= (digit as u8) << (4 * (1 - digits % 2));
            }
            digits += 1;
        }
        if digits == 32 { Ok(key) } else { Err(InvalidKey::Length(digits)) }
    }

    /// Whether this is the public authentication key, which people give as their meter's key.
    pub fn is_standard_authentication_key(&self) -> bool {
        *self == STANDARD_AUTHENTICATION_KEY
    }

    /// The key check value: the first bytes of a block of zeros under this key. Tells keys apart and
    /// says nothing of them (ISO 11568).
    pub fn check_value(&self) -> [u8; 4] {
        use aes_gcm::aes::cipher::BlockCipherEncrypt;
        let mut block = [0; 16].into();
        Aes128::new((&self.0).into()).encrypt_block(&mut block);
        [block[0], block[1], block[2], block[3]]
    }

    /// The bytes, for sealing. Wipe what you copy.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(hidden)")
    }
}

/// With which authentication key the tag is checked.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Authentication {
    /// The public one of Luxembourg.
    #[default]
    Standard,
    /// One given by the network operator, as in Austria.
    Given(Key),
    /// Not at all: the text is believed when it is a telegram with the right CRC. No proof of origin.
    Unchecked,
}

/// What vouches for an opened text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The tag: made by who has both keys, and not changed since.
    Tag,
    /// Only the CRC inside: opened with the right key, origin not proven.
    Crc,
}

/// Why a frame was not opened. It is unchanged then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// Not 0x30: another security suite, or not P1 at all.
    SecurityControl(u8),
    /// Damage on the way, a wrong key, or another meter's frame.
    TagMismatch,
    /// The tag does not fit, yet the key opens a telegram with the right CRC: the meter has another
    /// authentication key.
    AuthenticationKeyDiffers,
    /// Without a tag check: what came out is no telegram with the right CRC.
    NotATelegram,
}

/// A sealed frame in a buffer: `DB 08 title length 30 counter ciphertext tag`.
#[derive(Debug)]
pub struct SealedFrame<'a> {
    system_title: [u8; 8],
    security_control: u8,
    frame_counter: u32,
    text: &'a mut [u8],
    tag: [u8; TAG],
}

impl<'a> SealedFrame<'a> {
    /// Splits a complete frame. `None` when it is not one, or its length does not fit.
    pub fn parse(frame: &'a mut [u8]) -> Option<Self> {
        let (header, content) = match length(frame) {
            Length::Known { header, content } if content >= OVERHEAD => (header, content),
            _ => return None,
        };
        if frame.len() != header + content {
            return None;
        }
        let system_title = frame[2..10].try_into().ok()?;
        let (head, text) = frame[header..].split_at_mut(5);
        let (text, tag) = text.split_at_mut(content - OVERHEAD);
        Some(Self {
            system_title,
            security_control: head[0],
            frame_counter: u32::from_be_bytes(head[1..].try_into().ok()?),
            text,
            tag: (&*tag).try_into().ok()?,
        })
    }

    /// Who sent it. In Luxembourg the last three bytes are the serial number.
    pub fn system_title(&self) -> [u8; 8] {
        self.system_title
    }

    /// 0x30 for all that can be opened here.
    pub fn security_control(&self) -> u8 {
        self.security_control
    }

    /// Rises by one with each frame, starts again when the key is changed.
    pub fn frame_counter(&self) -> u32 {
        self.frame_counter
    }

    /// Opens in place. After an error the frame is as it was, and another key can be tried.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(&mut self, key: &Key, authentication: &Authentication) -> Result<Proof, OpenError> {
        if self.security_control != AUTHENTICATED_AND_ENCRYPTED {
            return Err(OpenError::SecurityControl(self.security_control));
        }
        let cipher = Gcm::new((&key.0).into());
        let nonce = self.nonce();
        let authentication_key = match authentication {
            Authentication::Standard => &STANDARD_AUTHENTICATION_KEY,
            Authentication::Given(key) => key,
            Authentication::Unchecked => {
                return if self.try_unchecked(&cipher, &nonce) { Ok(Proof::Crc) } else { Err(OpenError::NotATelegram) };
            }
        };
        let mut aad = [AUTHENTICATED_AND_ENCRYPTED; 17];
        aad[1..].copy_from_slice(&authentication_key.0);
        let tag = Tag::<U12>::from(self.tag);
        let opened = cipher.decrypt_inout_detached(&nonce, &aad, InOutBuf::from(&mut *self.text), &tag);
        aad.zeroize();
        match opened {
            Ok(()) => Ok(Proof::Tag),
            Err(_) if self.opens_to_a_slash(&cipher, &nonce) && self.try_unchecked(&cipher, &nonce) => {
                apply_key_stream(&cipher, &nonce, self.text);
                Err(OpenError::AuthenticationKeyDiffers)
            }
            Err(_) => Err(OpenError::TagMismatch),
        }
    }

    /// The text: what [`SealedFrame::open`] left, or still the ciphertext before it.
    pub fn into_text(self) -> &'a [u8] {
        self.text
    }

    fn nonce(&self) -> Nonce<U12> {
        let mut nonce = [0; 12];
        nonce[..8].copy_from_slice(&self.system_title);
        nonce[8..].copy_from_slice(&self.frame_counter.to_be_bytes());
        nonce.into()
    }

    /// A look at the first block, so that noise costs no second pass over the frame.
    fn opens_to_a_slash(&self, cipher: &Gcm, nonce: &Nonce<U12>) -> bool {
        let mut first = [0];
        let Some(byte) = self.text.first() else { return false };
        first[0] = *byte;
        apply_key_stream(cipher, nonce, &mut first);
        first[0] == b'/'
    }

    /// Opens without the tag; keeps the text only if it is a telegram with a right CRC.
    fn try_unchecked(&mut self, cipher: &Gcm, nonce: &Nonce<U12>) -> bool {
        apply_key_stream(cipher, nonce, self.text);
        let good = Telegram::parse(self.text).is_ok_and(|telegram| telegram.crc().is_some());
        if !good {
            apply_key_stream(cipher, nonce, self.text);
        }
        good
    }
}

/// Counter mode is its own inverse; the tag that comes with it is not wanted here.
fn apply_key_stream(cipher: &Gcm, nonce: &Nonce<U12>, text: &mut [u8]) {
    // The error is for texts of more than 64 GB.
    let _ = cipher.encrypt_inout_detached(nonce, &[], InOutBuf::from(text));
}

/// What the first bytes of a frame say of its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// More bytes, please.
    Unknown,
    /// Not a sealed frame.
    Impossible,
    /// `header` bytes up to and with the length, then `content` bytes.
    Known { header: usize, content: usize },
}

/// Reads `DB 08 title length`. Lengths are BER: below 128 one byte, else 81 to 84 and that many bytes,
/// minimal or not. One published example has 00 for 82; the tag decides.
pub(crate) fn length(frame: &[u8]) -> Length {
    const TITLE: usize = 8;
    const LENGTH_AT: usize = 2 + TITLE;
    match frame {
        [] | [0xDB] => return Length::Unknown,
        [0xDB, 0x08, ..] => {}
        _ => return Length::Impossible,
    }
    let Some(&first) = frame.get(LENGTH_AT) else { return Length::Unknown };
    let count = match first {
        0x00 => 2,
        0x01..=0x7F => 0,
        0x81..=0x84 => usize::from(first - 0x80),
        _ => return Length::Impossible,
    };
    let header = LENGTH_AT + 1 + count;
    let content = match frame.get(LENGTH_AT + 1..header) {
        None => return Length::Unknown,
        Some([]) => usize::from(first),
        // At most four bytes, and more than a buffer holds is noise anyway.
        Some(bytes) => {
            let value = bytes.iter().fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
            usize::try_from(value).unwrap_or(usize::MAX / 2).min(usize::MAX / 2)
        }
    };
    Length::Known { header, content }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_from_text() {
        let key = Key::from_hex("00112233445566778899AABBCCDDEEFF").unwrap();
        assert!(key.is_standard_authentication_key());
        for same in [
            " 00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff\n",
            "0x00,0x11,0x22,0x33,0x44,0x55,0x66,0x77,0x88,0x99,0xaa,0xbb,0xcc,0xdd,0xee,0xff",
            "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF",
        ] {
            assert_eq!(Key::from_hex(same), Ok(key.clone()), "{same}");
        }
        assert_eq!(Key::from_hex("0011"), Err(InvalidKey::Length(4)));
        assert_eq!(Key::from_hex(""), Err(InvalidKey::Length(0)));
        assert_eq!(Key::from_hex("my secret key"), Err(InvalidKey::NotHex));
    }

    #[test]
    fn a_key_is_never_printed() {
        extern crate std;
        let key = Key::new([0xAB; 16]);
        assert_eq!(std::format!("{key:?} {:?}", Authentication::Given(key.clone())), "Key(hidden) Given(Key(hidden))");
    }

    #[test]
    fn check_value_of_the_zero_key() {
        // AES-128 of zeros under the zero key: 66E94BD4EF8A2C3B…
        assert_eq!(Key::new([0; 16]).check_value(), [0x66, 0xE9, 0x4B, 0xD4]);
    }

    #[test]
    fn every_length_form() {
        let frame = |length: &[u8]| {
            let mut bytes = [0_u8; 20];
            bytes[0] = 0xDB;
            bytes[1] = 8;
            bytes[10..10 + length.len()].copy_from_slice(length);
            super::length(&bytes[..10 + length.len()])
        };
        let known = |header, content| Length::Known { header, content };
        assert_eq!(frame(&[0x5F]), known(11, 0x5F));
        assert_eq!(frame(&[0x81, 0xF8]), known(12, 0xF8));
        assert_eq!(frame(&[0x82, 0x02, 0x7A]), known(13, 634));
        assert_eq!(frame(&[0x82, 0x00, 0xE7]), known(13, 231));
        assert_eq!(frame(&[0x83, 0x00, 0x02, 0x7A]), known(14, 634));
        assert_eq!(frame(&[0x84, 0x00, 0x00, 0x02, 0x7A]), known(15, 634));
        assert_eq!(frame(&[0x00, 0x02, 0x36]), known(13, 566));
        assert_eq!(frame(&[0x82, 0x02]), Length::Unknown);
        assert_eq!(frame(&[]), Length::Unknown);
        assert_eq!(frame(&[0x80]), Length::Impossible);
        assert_eq!(frame(&[0x85]), Length::Impossible);
        assert_eq!(super::length(&[0xDB, 0x09]), Length::Impossible);
    }
}
