//! The serial line bit by bit, for the garbage that a wrong setting makes of a good telegram.
//!
//! What a reader sees of an inverted or a slow line is not random: it has a look, by which software
//! can tell its user what is wrong. So it is not invented here, but comes from sending the levels of
//! one setting and sampling them with another.

/// Samples in one bit of the reader, 115 200 baud 8N1.
const READER: usize = 4;
/// 115 200 baud is twelve times 9600.
const SLOWER: usize = 12;
/// Bits of silence before and after a telegram.
const IDLE: usize = 24;

/// How the sender is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    /// Eight bits, no parity.
    Eight,
    /// Seven bits and even parity.
    SevenEven,
}

/// The bytes as read from a line whose levels are upside down.
pub(crate) fn inverted(bytes: &[u8]) -> Vec<u8> {
    let mut levels = send(bytes, Framing::Eight, READER);
    for level in &mut levels {
        *level = !*level;
    }
    read(&levels)
}

/// The bytes as read from a line of the right speed that sends seven bits and even parity.
pub(crate) fn parity(bytes: &[u8]) -> Vec<u8> {
    read(&send(bytes, Framing::SevenEven, READER))
}

/// The bytes as read from a line of 9600 baud 7E1.
pub(crate) fn slow(bytes: &[u8]) -> Vec<u8> {
    read(&send(bytes, Framing::SevenEven, READER * SLOWER))
}

/// The levels on the line, `true` for mark, which is also the level at rest.
fn send(bytes: &[u8], framing: Framing, samples_per_bit: usize) -> Vec<bool> {
    let mut levels = Vec::with_capacity((bytes.len() * 10 + 2 * IDLE) * samples_per_bit);
    let mut hold = |level: bool, bits: usize| levels.resize(levels.len() + bits * samples_per_bit, level);
    hold(true, IDLE);
    for &byte in bytes {
        hold(false, 1);
        let data = match framing {
            Framing::Eight => byte,
            Framing::SevenEven => (byte & 0x7F) | (((byte & 0x7F).count_ones() as u8 & 1) << 7),
        };
        // Low bit first. The parity bit is where the eighth data bit would be: that is the confusion.
        for bit in 0..8 {
            hold(data >> bit & 1 == 1, 1);
        }
        hold(true, 1);
    }
    hold(true, IDLE);
    levels
}

/// What a receiver set to 8N1 makes of the levels.
fn read(levels: &[bool]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut at = 1;
    while at < levels.len() {
        let falls = levels[at - 1] && !levels[at];
        if !falls {
            at += 1;
            continue;
        }
        let middle_of = |bit: usize| levels.get(at + bit * READER + READER / 2).copied();
        if middle_of(0) != Some(false) {
            at += 1;
            continue;
        }
        let mut byte = 0;
        for bit in 0..8 {
            byte |= u8::from(middle_of(bit + 1).unwrap_or(true)) << bit;
        }
        // A missing stop bit is a framing error; a port in raw mode hands the byte over all the same,
        // and looks for the next start only after the line has been at rest.
        bytes.push(byte);
        at += 9 * READER + READER / 2;
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
        assert_eq!(read(&send(&all, Framing::Eight, READER)), all);
    }

    #[test]
    fn parity_sits_in_the_eighth_bit() {
        let heard = parity(TEXT);
        assert_eq!(heard.len(), TEXT.len());
        for (heard, &sent) in heard.iter().zip(TEXT) {
            assert_eq!(heard & 0x7F, sent);
            assert_eq!(heard.count_ones() % 2, 0);
        }
    }

    #[test]
    fn a_slow_line_is_heard_as_runs_of_equal_bits() {
        let heard = slow(TEXT);
        assert!(heard.len() > TEXT.len());
        // A bit of the sender is longer than a byte of the reader: nothing but 00 and long runs.
        let others = heard.iter().filter(|&&byte| byte != 0).count();
        assert!(others * 2 < heard.len(), "{others} of {}", heard.len());
    }

    #[test]
    fn an_inverted_line_is_not_the_complement() {
        let heard = inverted(TEXT);
        assert!(!heard.is_empty());
        assert_ne!(heard, TEXT.iter().map(|byte| !byte).collect::<Vec<u8>>());
        assert_eq!(heard, inverted(TEXT));
    }
}
