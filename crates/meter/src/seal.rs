//! Sealing: a telegram's text inside the envelope that Luxembourg and Austria put around it.
//!
//! | bytes | what |
//! |---|---|
//! | `DB` | general-glo-ciphering |
//! | `08` and 8 bytes | system title |
//! | 1 to 5 | length of all that follows, [`LengthForm`] |
//! | `30` | security control: authenticated and encrypted, suite 0 |
//! | 4 | frame counter, big endian |
//! | as the text | ciphertext, AES-128 in GCM |
//! | 12 | tag, truncated to 96 bits |
//!
//! The IV is system title and counter; authenticated along with the text is `30` and the
//! authentication key.

use core::fmt;

use aes_gcm::aead::consts::U12;
use aes_gcm::{AeadInOut, AesGcm, KeyInit, Nonce, aes::Aes128};

/// The authentication key that the Luxembourg specification prints for every meter.
pub const STANDARD_AUTHENTICATION_KEY: [u8; 16] =
    [0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF];

/// The tag that opens a sealed frame.
pub(crate) const GENERAL_GLO_CIPHERING: u8 = 0xDB;
/// Authenticated and encrypted, suite 0, unicast key.
pub(crate) const SECURITY_CONTROL: u8 = 0x30;
/// Bytes of the truncated tag.
pub(crate) const TAG_LEN: usize = 12;

type Cipher = AesGcm<Aes128, U12, U12>;

/// How the length of a frame is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LengthForm {
    /// One byte below 128, `81 LL` below 256, `82 HH LL` below 65 536, as the standard orders.
    Shortest,
    /// `81 LL`; a longer frame falls back to the shortest form that can hold it.
    One,
    /// `82 HH LL`, also where fewer bytes would do: what every known P1 port sends.
    #[default]
    Two,
    /// `83` and three bytes, with leading zeros.
    Three,
    /// `84` and four bytes, with leading zeros.
    Four,
}

impl LengthForm {
    /// Appends `length` in this form.
    fn write(self, length: usize, frame: &mut Vec<u8>) {
        // A telegram is a few kilobytes; four bytes of length hold more than any memory it is made in.
        let bytes = (length as u32).to_be_bytes();
        let needed = match length {
            0..0x80 => 0,
            0x80..0x100 => 1,
            0x100..0x1_0000 => 2,
            0x1_0000..0x100_0000 => 3,
            _ => 4,
        };
        let wanted = match self {
            Self::Shortest => 0,
            Self::One => 1,
            Self::Two => 2,
            Self::Three => 3,
            Self::Four => 4,
        };
        let count: u8 = needed.max(wanted);
        if count == 0 {
            frame.push(bytes[3]);
        } else {
            frame.push(0x80 | count);
            frame.extend_from_slice(&bytes[4 - usize::from(count)..]);
        }
    }
}

/// A key made ready for one frame after the other.
#[derive(Clone)]
pub struct Sealer {
    cipher: Cipher,
    authentication_key: [u8; 16],
    system_title: [u8; 8],
    length_form: LengthForm,
}

impl Sealer {
    /// Makes ready to seal for the meter of this system title.
    #[must_use]
    pub fn new(key: [u8; 16], authentication_key: [u8; 16], system_title: [u8; 8], length_form: LengthForm) -> Self {
        Self { cipher: Cipher::new(&key.into()), authentication_key, system_title, length_form }
    }

    /// The sealed frame of this text.
    ///
    /// # Panics
    ///
    /// With a text of 64 GiB or more, which GCM cannot seal.
    #[must_use]
    pub fn seal(&self, frame_counter: u32, text: &[u8]) -> Vec<u8> {
        let mut frame = Vec::with_capacity(text.len() + 32);
        frame.push(GENERAL_GLO_CIPHERING);
        frame.push(8);
        frame.extend_from_slice(&self.system_title);
        self.length_form.write(1 + 4 + text.len() + TAG_LEN, &mut frame);
        frame.push(SECURITY_CONTROL);
        frame.extend_from_slice(&frame_counter.to_be_bytes());
        let begin = frame.len();
        frame.extend_from_slice(text);

        let mut nonce = [0; 12];
        nonce[..8].copy_from_slice(&self.system_title);
        nonce[8..].copy_from_slice(&frame_counter.to_be_bytes());
        let mut authenticated = [SECURITY_CONTROL; 17];
        authenticated[1..].copy_from_slice(&self.authentication_key);
        let tag = self
            .cipher
            .encrypt_inout_detached(&Nonce::<U12>::from(nonce), &authenticated, frame[begin..].as_mut().into())
            .expect("only a text of 64 GiB is too long for GCM");
        frame.extend_from_slice(&tag);
        frame
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys are never printed, not even invented ones: the habit is worth more than the exception.
        f.debug_struct("Sealer").field("length_form", &self.length_form).finish_non_exhaustive()
    }
}

/// Seals one text with the authentication key and the length form of Luxembourg.
///
/// ```
/// let frame = smarty_meter::seal([7; 16], *b"SAGgp123", 1, b"/Lux5\\253663629_D\r\n");
/// assert_eq!(frame[..10], *b"\xDB\x08SAGgp123");
/// ```
///
/// # Panics
///
/// With a text of 64 GiB or more, which GCM cannot seal.
#[must_use]
pub fn seal(key: [u8; 16], system_title: [u8; 8], frame_counter: u32, text: &[u8]) -> Vec<u8> {
    Sealer::new(key, STANDARD_AUTHENTICATION_KEY, system_title, LengthForm::default()).seal(frame_counter, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(form: LengthForm, text_len: usize) -> Vec<u8> {
        let sealer = Sealer::new([1; 16], STANDARD_AUTHENTICATION_KEY, *b"SAGgp123", form);
        let frame = sealer.seal(1, &vec![b'x'; text_len]);
        let end = frame.len() - text_len - TAG_LEN - 5;
        frame[10..end].to_vec()
    }

    #[test]
    fn lengths_count_everything_after_them() {
        assert_eq!(length(LengthForm::Two, 617), [0x82, 0x02, 0x7A]);
        assert_eq!(length(LengthForm::Shortest, 100), [117]);
        assert_eq!(length(LengthForm::Shortest, 111), [0x81, 0x80]);
        assert_eq!(length(LengthForm::Shortest, 617), [0x82, 0x02, 0x7A]);
        assert_eq!(length(LengthForm::One, 100), [0x81, 117]);
        assert_eq!(length(LengthForm::One, 617), [0x82, 0x02, 0x7A]);
        assert_eq!(length(LengthForm::Two, 100), [0x82, 0, 117], "not minimal, and sent so");
        assert_eq!(length(LengthForm::Three, 617), [0x83, 0, 0x02, 0x7A]);
        assert_eq!(length(LengthForm::Four, 617), [0x84, 0, 0, 0x02, 0x7A]);
    }

    #[test]
    fn debug_shows_no_key() {
        let sealer = Sealer::new([0xAB; 16], [0xCD; 16], *b"SAGgp123", LengthForm::Two);
        let shown = format!("{sealer:?}");
        assert!(!shown.contains("171") && !shown.contains("205") && !shown.to_lowercase().contains("ab,"));
    }
}
