//! Telegram: the opened text, from `/` to its CRC.

use memchr::{memchr, memchr_iter};

use crate::crc::crc16;
use crate::object::Objects;

/// A telegram whose CRC, where it has one, is right.
#[derive(Clone, Copy, Debug)]
pub struct Telegram<'a> {
    text: &'a [u8],
    identification: &'a [u8],
    body: &'a [u8],
    crc: Option<u16>,
}

/// Why a text is no telegram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TelegramError {
    /// It does not begin with `/`, has no line end, or no `!` at the start of a line.
    NotATelegram,
    /// The checksum it carries is not the checksum of what arrived.
    CrcMismatch {
        /// As the telegram says.
        written: u16,
        /// As it is.
        computed: u16,
    },
}

impl<'a> Telegram<'a> {
    /// Finds the end, proves the CRC, splits off the header line.
    ///
    /// A telegram without a CRC (DSMR 2 and 3) is returned with [`Telegram::crc`] `None`: whether that
    /// is good enough is for the caller to say.
    ///
    /// # Errors
    /// [`TelegramError`], nothing of the text may be used then.
    #[inline]
    pub fn parse(text: &'a [u8]) -> Result<Self, TelegramError> {
        if text.first() != Some(&b'/') {
            return Err(TelegramError::NotATelegram);
        }
        let header = memchr(b'\n', text).ok_or(TelegramError::NotATelegram)?;
        let end = end_of_body(text).ok_or(TelegramError::NotATelegram)?;
        if end < header {
            return Err(TelegramError::NotATelegram);
        }
        let crc = written_crc(&text[end + 1..]);
        if let Some(written) = crc {
            let computed = crc16(&text[..=end]);
            if written != computed {
                return Err(TelegramError::CrcMismatch { written, computed });
            }
        }
        let mut identification = &text[1..header];
        if let [head @ .., b'\r'] = identification {
            identification = head;
        }
        Ok(Self { text, identification, body: &text[header + 1..end], crc })
    }

    /// The whole text, as it was proven.
    pub fn text(&self) -> &'a [u8] {
        self.text
    }

    /// The first line without its `/`: `Lux5\253663629_D`. Not always ASCII.
    pub fn identification(&self) -> &'a [u8] {
        self.identification
    }

    /// The proven checksum, or `None` for a telegram without one.
    pub fn crc(&self) -> Option<u16> {
        self.crc
    }

    /// The lines between header and `!`.
    #[inline]
    pub fn objects(&self) -> Objects<'a> {
        Objects::new(self.body)
    }
}

/// Where the `!` stands that ends a telegram: only at the start of a line.
pub(crate) fn end_of_body(text: &[u8]) -> Option<usize> {
    memchr_iter(b'!', text).find(|&at| at > 0 && text[at - 1] == b'\n')
}

/// The hex digits behind the `!`. One heat meter leaves a leading zero out.
fn written_crc(behind: &[u8]) -> Option<u16> {
    let mut crc = None;
    for &byte in behind.iter().take(4) {
        let Some(digit) = (byte as char).to_digit(16) else { break };
        crc = Some(crc.unwrap_or(0) << 4 | digit as u16);
    }
    crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_right_wrong_short_and_absent() {
        let good = b"/KAM5\r\n\r\n1-0:1.8.0(1*kWh)\r\n!";
        let crc = crc16(good);
        let mut text = [0; 64];
        let length = good.len();
        text[..length].copy_from_slice(good);
        for (index, shift) in [12, 8, 4, 0].into_iter().enumerate() {
            text[length + index] =
                char::from_digit(u32::from(crc >> shift & 15), 16).unwrap().to_ascii_uppercase() as u8;
        }
        assert_eq!(Telegram::parse(&text[..length + 4]).unwrap().crc(), Some(crc));
        text[10] ^= 1;
        assert!(matches!(Telegram::parse(&text[..length + 4]), Err(TelegramError::CrcMismatch { .. })));
        assert_eq!(Telegram::parse(b"/KAM5\r\n\r\n1-0:1.8.0(1*kWh)\r\n!\r\n").unwrap().crc(), None);
    }

    #[test]
    fn no_telegrams() {
        for text in [&b""[..], b"/", b"/KAM5", b"/KAM5\r\n", b"x", b"/KAM5\r\n1-0:1.8.0(1!)\r\n", b"/A!\n"] {
            assert_eq!(Telegram::parse(text).unwrap_err(), TelegramError::NotATelegram, "{text:?}");
        }
    }
}
