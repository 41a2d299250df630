//! Line: bytes of the serial line → commands of people and packets of Improv, which may come in any order.

use super::improv::{self, HEADER};

/// The longest packet of Improv: head, 255 bytes, sum. The longest command is shorter.
const LONGEST: usize = HEADER.len() + 2 + 255 + 1;

/// See the module.
#[derive(Debug)]
pub struct Line {
    bytes: [u8; LONGEST],
    length: usize,
    /// More came than fits: everything up to the line's end is thrown away.
    too_long: bool,
    /// What was handed out is to be forgotten with the next byte.
    over: bool,
}

/// Something whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    /// A line that somebody typed, without its end and not empty.
    Command(&'a str),
    /// A line that is longer than any command, or not UTF-8.
    Unreadable,
    /// A packet with the right sum.
    Packet(improv::Packet<'a>),
    /// A packet with a wrong sum.
    Damaged,
}

impl Line {
    /// Nothing heard.
    pub const fn new() -> Self {
        Self { bytes: [0; LONGEST], length: 0, too_long: false, over: false }
    }

    /// Takes a byte; answers where it completes something.
    pub fn push(&mut self, byte: u8) -> Option<Heard<'_>> {
        if self.over {
            (self.length, self.too_long, self.over) = (0, false, false);
        }
        let in_packet = self.bytes[..self.length].starts_with(HEADER);
        if !in_packet {
            match byte {
                b'\r' | b'\n' => return self.end(),
                0x08 | 0x7f => {
                    self.length = self.length.saturating_sub(1);
                    return None;
                }
                _ => {}
            }
        }
        if self.length == LONGEST {
            // Keep listening for a packet: its head may begin anywhere in the noise.
            self.too_long = true;
            self.bytes.copy_within(LONGEST - HEADER.len().., 0);
            self.length = HEADER.len();
        }
        self.bytes[self.length] = byte;
        self.length += 1;
        if !in_packet && self.bytes[..self.length].ends_with(HEADER) {
            self.bytes[..HEADER.len()].copy_from_slice(HEADER);
            self.length = HEADER.len();
            self.too_long = false;
        }
        let whole = improv::whole(&self.bytes[..self.length])?;
        self.over = true;
        Some(whole)
    }

    /// Nothing came for a while: half a packet is none.
    pub fn silence(&mut self) {
        if self.bytes[..self.length].starts_with(HEADER) {
            self.length = 0;
        }
    }

    fn end(&mut self) -> Option<Heard<'_>> {
        self.over = true;
        if self.too_long {
            return Some(Heard::Unreadable);
        }
        let text = core::str::from_utf8(&self.bytes[..self.length]).map(str::trim);
        match text {
            Ok("") => None,
            Ok(text) => Some(Heard::Command(text)),
            Err(_) => Some(Heard::Unreadable),
        }
    }
}

impl Default for Line {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    fn hear(bytes: &[u8]) -> Vec<String> {
        let mut line = Line::new();
        bytes.iter().filter_map(|byte| line.push(*byte).map(|heard| format!("{heard:?}"))).collect()
    }

    const STATE: &[u8] = b"IMPROV\x01\x03\x02\x02\x00\xe5";

    #[test]
    fn commands_and_packets_in_any_order() {
        let bytes =
            [b"show\r\n\r\n  set meter  xy\x7f\x08h \n", STATE, b"\nhelp\n", b"\xff\xfenoise", STATE, b"show\n"]
                .concat();
        let heard = hear(&bytes);
        assert_eq!(heard[..2], [r#"Command("show")"#, r#"Command("set meter  h")"#]);
        assert_eq!(heard[3..], [r#"Command("help")"#, heard[2].as_str(), r#"Command("show")"#]);
        assert!(heard[2].starts_with("Packet("), "{}", heard[2]);
    }

    #[test]
    fn what_is_wrong_ends_with_itself() {
        let long = [&[b'x'; 1000][..], b"\nshow\n"].concat();
        assert_eq!(hear(&long), ["Unreadable", r#"Command("show")"#]);
        assert_eq!(hear(b"\xc3\nshow\n"), ["Unreadable", r#"Command("show")"#]);
        let mut damaged = STATE.to_vec();
        damaged[9] ^= 1;
        damaged.extend(b"show\n");
        assert_eq!(hear(&damaged), ["Damaged", r#"Command("show")"#]);
    }

    #[test]
    fn half_a_packet_does_not_swallow_the_next_command() {
        let mut line = Line::new();
        assert!(b"IMPROV\x01\x03\xff12".iter().all(|byte| line.push(*byte).is_none()));
        line.silence();
        assert!(b"sho".iter().all(|byte| line.push(*byte).is_none()));
        line.silence();
        assert_eq!(line.push(b'w'), None);
        assert_eq!(line.push(b'\n'), Some(Heard::Command("show")));
    }

    proptest! {
        #[test]
        fn after_any_noise_and_a_line_end_a_packet_is_heard(noise in proptest::collection::vec(any::<u8>(), 0..600)) {
            let mut line = Line::new();
            for byte in noise.iter().chain(b"\n") {
                let _ = line.push(*byte);
            }
            line.silence();
            let _ = line.push(b'\n');
            let heard = STATE.iter().filter_map(|byte| line.push(*byte).map(|heard| format!("{heard:?}"))).last();
            prop_assert!(heard.is_some_and(|heard| heard.starts_with("Packet(")));
        }
    }
}
