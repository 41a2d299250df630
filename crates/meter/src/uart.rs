//! The serial line bit by bit, for the garbage that a wrong setting makes of a good telegram.
//!
//! What a reader sees of an inverted or a slow line is not random: it has a look, by which software
//! can tell its user what is wrong. So it is not invented here, but comes from sending the levels of
//! one setting and sampling them with another.

/// Samples in a second: four in a bit of 115 200 baud, the fastest of all meters.
const SAMPLES: usize = 4 * 115_200;
/// Bits of silence before and after a telegram.
const IDLE: usize = 24;

/// How a sender is set, and what becomes of its signal on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wire {
    /// Bits a second; a divisor of 460 800.
    pub baud: u32,
    /// Seven bits and even parity instead of eight bits without.
    pub seven_even: bool,
    /// The levels are upside down, also at rest.
    pub inverted: bool,
    /// Bits of rest between two bytes, beside the stop bit.
    pub pause: usize,
}

impl Wire {
    /// As P1 is meant: 115 200 baud 8N1, the right way up, byte upon byte.
    pub const P1: Self = Self { baud: 115_200, seven_even: false, inverted: false, pause: 0 };
    /// As meters before 2014 send: 9600 baud 7E1.
    pub const DSMR_2: Self = Self { baud: 9600, seven_even: true, ..Self::P1 };
}

/// What a receiver does with a byte that has no stop bit. In raw mode the byte is handed over either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// Looks for the next start only after the line has been at rest.
    Waits,
    /// Takes the missing stop bit for the next start bit, as the 16550 and its kin do.
    Restarts,
}

/// The bytes as a port of `baud` 8N1 reads them from this wire.
///
/// ```
/// use smarty_meter::uart::{Receiver, Wire, heard};
///
/// let text = b"/Lux5";
/// assert_eq!(heard(text, Wire::P1, 115_200, Receiver::Waits), text);
/// let upside_down = Wire { inverted: true, ..Wire::P1 };
/// assert_ne!(heard(text, upside_down, 115_200, Receiver::Waits), text);
/// ```
#[must_use]
pub fn heard(bytes: &[u8], wire: Wire, baud: u32, receiver: Receiver) -> Vec<u8> {
    let bit = samples_in_a_bit(baud);
    let mut levels = send(bytes, wire, IDLE * bit.max(samples_in_a_bit(wire.baud)));
    if wire.inverted {
        for level in &mut levels {
            *level = !*level;
        }
    }
    read(&levels, bit, receiver)
}

fn samples_in_a_bit(baud: u32) -> usize {
    SAMPLES / (baud.max(1) as usize).min(SAMPLES)
}

/// The levels on the line, `true` for mark, which is also the level at rest.
fn send(bytes: &[u8], wire: Wire, idle: usize) -> Vec<bool> {
    let bit = samples_in_a_bit(wire.baud);
    let mut levels = Vec::with_capacity(bytes.len() * (10 + wire.pause) * bit + 2 * idle);
    levels.resize(idle, true);
    for &byte in bytes {
        let data = if wire.seven_even { (byte & 0x7F) | (((byte & 0x7F).count_ones() as u8 & 1) << 7) } else { byte };
        let mut hold = |level: bool, bits: usize| levels.resize(levels.len() + bits * bit, level);
        hold(false, 1);
        // Low bit first. The parity bit is where the eighth data bit would be: that is the confusion.
        for place in 0..8 {
            hold(data >> place & 1 == 1, 1);
        }
        hold(true, 1 + wire.pause);
    }
    levels.resize(levels.len() + idle, true);
    levels
}

/// What a receiver set to 8N1 makes of the levels.
fn read(levels: &[bool], bit: usize, receiver: Receiver) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut at = 1;
    while at < levels.len() {
        let falls = levels[at - 1] && !levels[at];
        let middle_of = |at: usize, place: usize| levels.get(at + place * bit + bit / 2).copied();
        if !falls || middle_of(at, 0) != Some(false) {
            at += 1;
            continue;
        }
        loop {
            let byte = (0..8).fold(0, |byte, place| byte | u8::from(middle_of(at, place + 1).unwrap_or(true)) << place);
            bytes.push(byte);
            let stopped = middle_of(at, 9).unwrap_or(true);
            // A byte of nothing is a break, and no receiver looks for a start in one.
            if stopped || byte == 0 || receiver == Receiver::Waits {
                break;
            }
            at += 9 * bit;
        }
        at += 9 * bit + bit / 2;
        while at < levels.len() && !levels[at] {
            at += 1;
        }
        at += 1;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"/ISk5\\2MT382-1003\r\n\r\n1-0:1.8.1(16722.627*kWh)\r\n";

    #[test]
    fn the_right_setting_reads_what_was_sent() {
        let all: Vec<u8> = (0..=255).collect();
        for receiver in [Receiver::Waits, Receiver::Restarts] {
            for (baud, pause) in [(115_200, 0), (115_200, 3), (9600, 0), (2400, 1)] {
                assert_eq!(heard(&all, Wire { baud, pause, ..Wire::P1 }, baud, receiver), all);
            }
        }
    }

    #[test]
    fn parity_sits_in_the_eighth_bit() {
        let heard = heard(TEXT, Wire { seven_even: true, ..Wire::P1 }, 115_200, Receiver::Waits);
        assert_eq!(heard.len(), TEXT.len());
        for (heard, &sent) in heard.iter().zip(TEXT) {
            assert_eq!(heard & 0x7F, sent);
            assert_eq!(heard.count_ones() % 2, 0);
        }
    }

    #[test]
    fn a_slow_line_is_heard_as_runs_of_equal_bits() {
        let heard = heard(TEXT, Wire::DSMR_2, 115_200, Receiver::Waits);
        assert!(heard.len() > TEXT.len());
        // A bit of the sender is longer than a byte of the reader: nothing but 00 and long runs.
        let others = heard.iter().filter(|&&byte| byte != 0).count();
        assert!(others * 2 < heard.len(), "{others} of {}", heard.len());
    }

    #[test]
    fn an_inverted_line_is_not_the_complement() {
        let inverted = Wire { inverted: true, ..Wire::P1 };
        let heard = heard(TEXT, inverted, 115_200, Receiver::Waits);
        assert!(!heard.is_empty());
        assert_ne!(heard, TEXT.iter().map(|byte| !byte).collect::<Vec<u8>>());
    }

    #[test]
    fn an_inverted_text_falls_into_step() {
        // The reader's start bit becomes the sender's stop bit, and every byte is the text's, turned over and shifted.
        let long = TEXT.repeat(8);
        let heard = heard(&long, Wire { inverted: true, ..Wire::P1 }, 115_200, Receiver::Waits);
        let back: Vec<u8> = heard.iter().map(|byte| !(byte >> 1) & 0x7F).collect();
        assert!(back.windows(TEXT.len()).any(|window| window == TEXT));
    }

    #[test]
    fn a_fast_line_is_heard_as_few_bytes() {
        let heard = heard(TEXT, Wire::P1, 9600, Receiver::Waits);
        assert!(!heard.is_empty() && heard.len() <= TEXT.len() / 8, "{} of {}", heard.len(), TEXT.len());
    }
}
