//! Writing the lines of a telegram.

use crate::calendar::Local;
use crate::crc::crc16;

/// The stamp of a meter that has lost its clock, or of a channel without a device.
pub(crate) const NO_DATE: &[u8; 12] = b"632525252525";

/// A telegram in the making.
#[derive(Debug)]
pub(crate) struct Text {
    bytes: Vec<u8>,
}

impl Text {
    /// Begins with the identification line and the empty line after it.
    pub(crate) fn begin(identification: &str) -> Self {
        let mut text = Self { bytes: Vec::with_capacity(1280) };
        text.raw(identification.as_bytes());
        text.raw(b"\r\n\r\n");
        text
    }

    /// Ends with `!` alone, as DSMR 2 does.
    pub(crate) fn end_without_crc(mut self) -> Vec<u8> {
        self.raw(b"!\r\n");
        self.bytes
    }

    /// Ends with `!` and the checksum.
    pub(crate) fn end(mut self) -> Vec<u8> {
        self.bytes.push(b'!');
        let crc = crc16(&self.bytes);
        for shift in [12, 8, 4, 0] {
            self.bytes.push(hex_digit((crc >> shift) as u8 & 0x0F));
        }
        self.raw(b"\r\n");
        self.bytes
    }

    /// Bytes as they are.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// `code(value)`.
    pub(crate) fn words(&mut self, code: &str, value: &[u8]) {
        self.raw(code.as_bytes());
        self.bytes.push(b'(');
        self.raw(value);
        self.raw(b")\r\n");
    }

    /// `code(00123)`, in so many digits.
    pub(crate) fn count(&mut self, code: &str, value: u64, digits: usize) {
        self.fixed(code, value, (digits, 0), "");
    }

    /// `code(000001.234*kWh)`: a value in the last of its `decimals`, `digits` in all.
    pub(crate) fn fixed(&mut self, code: &str, value: u64, form: (usize, usize), unit: &str) {
        self.raw(code.as_bytes());
        self.group(value, form, unit);
        self.raw(b"\r\n");
    }

    /// `code` and a stamp in brackets.
    pub(crate) fn stamp(&mut self, code: &str, stamp: Stamp) {
        self.raw(code.as_bytes());
        self.stamp_group(stamp);
        self.raw(b"\r\n");
    }

    /// `code` and text in brackets, two hexadecimal digits to a byte.
    pub(crate) fn hex(&mut self, code: &str, value: &[u8]) {
        self.raw(code.as_bytes());
        self.bytes.push(b'(');
        for &byte in value {
            self.bytes.push(hex_digit(byte >> 4));
            self.bytes.push(hex_digit(byte & 0x0F));
        }
        self.raw(b")\r\n");
    }

    /// One bracket group with a number in it.
    pub(crate) fn group(&mut self, value: u64, (digits, decimals): (usize, usize), unit: &str) {
        // Digits are filled in from the right; what exceeds the width is lost, as on a real display.
        let mut field = [b'0'; 24];
        let mut rest = value;
        let mut place = field.len();
        let point = (decimals > 0).then_some(field.len() - decimals - 1);
        for _ in 0..digits {
            place -= 1;
            if Some(place) == point {
                field[place] = b'.';
                place -= 1;
            }
            field[place] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        self.bytes.push(b'(');
        self.raw(&field[place..]);
        if !unit.is_empty() {
            self.bytes.push(b'*');
            self.raw(unit.as_bytes());
        }
        self.bytes.push(b')');
    }

    /// One bracket group with a stamp in it.
    pub(crate) fn stamp_group(&mut self, stamp: Stamp) {
        self.bytes.push(b'(');
        stamp.write(&mut self.bytes, true);
        self.bytes.push(b')');
    }

    /// One bracket group with a stamp without season letter, as DSMR 2 has it.
    pub(crate) fn bare_stamp_group(&mut self, stamp: Stamp) {
        self.bytes.push(b'(');
        stamp.write(&mut self.bytes, false);
        self.bytes.push(b')');
    }
}

/// A time stamp to be printed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stamp {
    /// A date and time.
    Known(Local),
    /// `632525252525S`, the date that is none.
    Unknown,
}

impl Stamp {
    fn write(self, bytes: &mut Vec<u8>, with_season: bool) {
        let season = match self {
            Self::Known(local) => {
                let (hour, minute, second) = local.clock();
                for part in [local.year % 100, local.month, local.day, hour, minute, second] {
                    bytes.push(b'0' + (part / 10) as u8);
                    bytes.push(b'0' + (part % 10) as u8);
                }
                local.season.letter()
            }
            Self::Unknown => {
                bytes.extend_from_slice(NO_DATE);
                b'S'
            }
        };
        if with_season {
            bytes.push(season);
        }
    }
}

/// The capital hexadecimal digit of a number below 16.
pub(crate) const fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'A' - 10 + nibble }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{Zone, utc};

    fn line(write: impl Fn(&mut Text)) -> String {
        let mut text = Text { bytes: Vec::new() };
        write(&mut text);
        String::from_utf8_lossy(&text.bytes).trim_end().to_owned()
    }

    #[test]
    fn numbers_are_padded_and_pointed() {
        assert_eq!(line(|t| t.fixed("1-0:1.8.0", 273_764, (9, 3), "kWh")), "1-0:1.8.0(000273.764*kWh)");
        assert_eq!(line(|t| t.fixed("1-0:1.7.0", 1068, (9, 0), "W")), "1-0:1.7.0(000001068*W)");
        assert_eq!(line(|t| t.fixed("1-0:32.7.0", 2310, (4, 1), "V")), "1-0:32.7.0(231.0*V)");
        assert_eq!(line(|t| t.fixed("1-0:3.7.0", 7, (5, 3), "")), "1-0:3.7.0(00.007)");
        assert_eq!(line(|t| t.count("0-0:96.7.21", 1067, 5)), "0-0:96.7.21(01067)");
        assert_eq!(line(|t| t.fixed("1-0:1.8.0", 1_234_567_890, (9, 3), "kWh")), "1-0:1.8.0(234567.890*kWh)");
    }

    #[test]
    fn stamps_have_their_season() {
        let local = Zone::CENTRAL_EUROPE.local(utc(2026, 4, 3, 15, 54, 31));
        assert_eq!(line(|t| t.stamp("0-0:1.0.0", Stamp::Known(local))), "0-0:1.0.0(260403175431S)");
        assert_eq!(line(|t| t.stamp("0-0:1.0.0", Stamp::Unknown)), "0-0:1.0.0(632525252525S)");
        assert_eq!(line(|t| t.bare_stamp_group(Stamp::Known(local))), "(260403175431)");
    }

    #[test]
    fn names_are_hexadecimal() {
        assert_eq!(line(|t| t.hex("0-0:42.0.0", b"SAG1")), "0-0:42.0.0(53414731)");
    }
}
