//! Look: what bytes that are no telegram look like. A wrong setting of the line leaves traces that noise does not have.
//!
//! *Upside down.* The rest between telegrams is low then, and the reader's start bit is the first fall. In a text, whose eighth
//! bit is always 0, the fall from the turned eighth bit to the turned stop bit comes in every byte, and once the reader has
//! begun there it stays: each byte is the text's, turned over and shifted by one, `!byte << 1 | 1`. With pauses between the bytes
//! it is shifted further, or begins anew at the lowest bit that is set. A sealed frame is random, but begins after a rest
//! with `DB 08` and the maker's letters, and what is read of these is always the same.

/// Under this many bytes nothing is said of parity and speed.
const ENOUGH: u32 = 48;
/// So many bytes without a pause are no telegram that was read too slowly: 12 000 bytes at a twelfth of the speed.
const LONGEST_BURST: u32 = 1100;
/// A pause this long begins a burst, seconds.
const PAUSE: i64 = 2;
/// The longest trace, less one: what of a chunk must be looked at again with the next.
const TAIL: usize = 7;

/// Any byte.
const ANY: u16 = 0x100;
/// `-0:`, `-1:` and the like, in every line of a text, as they are read upside down: byte upon byte, one bit between, far
/// apart; by a receiver that takes the missing stop bit for a start bit: far apart, one bit between, and, with the digit
/// before, byte upon byte.
const TEXT_UPSIDE_DOWN: [&[u16]; 6] = [
    &[0xA5, ANY, 0x8B],
    &[0x4A, ANY, 0x16],
    &[0x69, ANY, 0x31],
    &[0x69, 0x00, ANY, 0x00, 0x31],
    &[0xA5, ANY, 0x16],
    &[0x67, 0x69, 0xB6],
];
/// A text has one of them in about 25 bytes, noise in 65 536.
const TEXTS: (u32, u32) = (3, 400);
/// `DB 08 53 41`, the beginning of every frame of a Sagemcom meter, in the same ways; one bit between in both receivers' ways.
const FRAME_UPSIDE_DOWN: [&[u16]; 5] = [
    &[0x12, 0x2F, 0xD5, 0xC5],
    &[0x12, 0x4F, 0xA5, 0x89],
    &[0x12, 0xEF, 0xB2, 0xE9],
    &[0x12, 0x0F, 0x56, 0x5F],
    &[0x12, 0x00, 0x0F, 0x00, 0x56, 0x00, 0x5F],
];
/// `DB 08` at the begin of a burst, in the same ways: of any maker's frame.
const HEADS_UPSIDE_DOWN: [[u8; 2]; 5] = [[0x12, 0x2F], [0x12, 0x4F], [0x12, 0xEF], [0x12, 0x0F], [0x12, 0x00]];
const HEAD: usize = 2;

/// What bytes look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Appearance {
    /// With every bit turned over.
    Inverted,
    /// Seven bits, and even parity in the eighth.
    SevenBits,
    /// Rows of zeros: bits longer than a byte.
    Slow,
    /// Short bursts on a port that is slower than most meters send.
    Fast,
    /// Readable, though no telegram begins in it.
    Text,
    /// None of these.
    Noise,
}

/// Bytes, counted.
#[derive(Debug)]
pub(super) struct Look {
    histogram: [u32; 256],
    total: u32,
    texts: u32,
    frames: u32,
    bursts: u32,
    heads: u32,
    /// The first bytes of the running burst, as far as they have come.
    head: Vec<u8>,
    tail: Vec<u8>,
    last: Option<i64>,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            histogram: [0; 256],
            total: 0,
            texts: 0,
            frames: 0,
            bursts: 0,
            heads: 0,
            head: Vec::new(),
            tail: Vec::new(),
            last: None,
        }
    }
}

impl Look {
    /// Takes bytes that came at `now`, seconds; all of a capture without times have the same.
    pub(super) fn hear(&mut self, bytes: &[u8], now: i64) {
        if self.last.is_none_or(|last| now - last >= PAUSE) {
            self.bursts += 1;
            self.head.clear();
        }
        self.last = Some(now);
        for &byte in bytes {
            let count = &mut self.histogram[usize::from(byte)];
            *count = count.saturating_add(1);
        }
        self.total = self.total.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        let missing = HEAD - self.head.len();
        if missing > 0 {
            self.head.extend(bytes.iter().take(missing));
            self.heads += u32::from(HEADS_UPSIDE_DOWN.iter().any(|head| self.head == head));
        }
        let before = self.tail.len();
        self.tail.extend_from_slice(bytes);
        // A trace that ends in the tail was counted with the chunk before.
        let traces = |traces: &[&[u16]]| -> u32 {
            let places = |trace: &[u16]| self.tail.windows(trace.len()).filter(|bytes| is(bytes, trace)).count() as u32;
            let old = |trace: &[u16]| {
                let ended = self.tail[..before].windows(trace.len());
                ended.filter(|bytes| is(bytes, trace)).count() as u32
            };
            traces.iter().map(|trace| places(trace) - old(trace)).sum()
        };
        let (texts, frames) = (traces(&TEXT_UPSIDE_DOWN), traces(&FRAME_UPSIDE_DOWN));
        self.texts = self.texts.saturating_add(texts);
        self.frames = self.frames.saturating_add(frames);
        let surplus = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..surplus);
        self.tail.shrink_to(64);
    }

    /// Forgets everything but the time.
    pub(super) fn clear(&mut self) {
        if self.total > 0 {
            *self = Self { last: self.last, ..Self::default() };
        }
    }

    /// What they look like to a port of `baud`. Without times a burst cannot be told from noise that never ends: then the
    /// wrong setting is the more probable.
    pub(super) fn appearance(&self, baud: u32, timed: bool) -> Appearance {
        let every_head = self.bursts >= 2 && self.heads == self.bursts;
        if self.frames >= 1 || every_head || self.texts >= TEXTS.0 && self.texts >= self.total / TEXTS.1 {
            return Appearance::Inverted;
        }
        // Zeros and FF have even parity, and are common on a line that is at rest or broken.
        let (mut telling, mut even, mut high) = (0, 0, 0);
        for (byte, &count) in (0_u8..=255).zip(&self.histogram) {
            if byte != 0 && byte != 0xFF {
                telling += count;
                even += if byte.count_ones() % 2 == 0 { count } else { 0 };
                high += if byte >= 0x80 { count } else { 0 };
            }
        }
        if telling >= ENOUGH && share(even, telling) >= 98 && (5..=95).contains(&share(high, telling)) {
            return Appearance::SevenBits;
        }
        if baud > 9600 && self.total >= ENOUGH && share(self.histogram[0], self.total) >= 85 {
            return Appearance::Slow;
        }
        if self.total >= ENOUGH && share(self.readable(), self.total) >= 97 {
            return Appearance::Text;
        }
        if baud < 115_200 && (!timed || self.total / self.bursts.max(1) <= LONGEST_BURST) {
            return Appearance::Fast;
        }
        Appearance::Noise
    }
}

impl Look {
    fn readable(&self) -> u32 {
        let printable = (b' '..=b'~').chain([b'\r', b'\n']);
        printable.map(|byte| self.histogram[usize::from(byte)]).sum()
    }
}

fn is(bytes: &[u8], trace: &[u16]) -> bool {
    bytes.iter().zip(trace).all(|(byte, known)| *known == ANY || u16::from(*byte) == *known)
}

fn share(part: u32, whole: u32) -> u32 {
    (u64::from(part) * 100 / u64::from(whole.max(1))) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use smarty_meter::Prng;
    use smarty_meter::uart::{Receiver, Wire, heard};

    fn look(bytes: &[u8], baud: u32) -> Appearance {
        let mut look = Look::default();
        for chunk in bytes.chunks(5) {
            look.hear(chunk, 0);
        }
        look.appearance(baud, true)
    }

    #[test]
    fn the_traces_are_those_of_a_line_upside_down() {
        let upside_down = |pause| Wire { inverted: true, pause, ..Wire::P1 };
        let contains = |bytes: &[u8], trace: &[u16]| bytes.windows(trace.len()).any(|bytes| is(bytes, trace));
        let text =
            b"1-0:1.8.0(000123.456*kWh)\r\n1-0:2.8.0(000000.000*kWh)\r\n1-0:3.8.0(000001.000*kvarh)\r\n".repeat(3);
        let frame = b"\xDB\x08SAGgp\x01\xBD\x54\x82\x02\x7A\x30";
        for (pause, receiver, of_text, of_frame) in [
            (0, Receiver::Waits, 0, 0),
            (0, Receiver::Restarts, 5, 0),
            (1, Receiver::Waits, 1, 1),
            (1, Receiver::Restarts, 4, 2),
            (15, Receiver::Waits, 2, 3),
            (15, Receiver::Restarts, 3, 4),
        ] {
            let case = format!("{pause} {receiver:?}");
            let bytes = heard(&text, upside_down(pause), 115_200, receiver);
            assert!(contains(&bytes, TEXT_UPSIDE_DOWN[of_text]), "{case}: {bytes:02X?}");
            assert_eq!(look(&bytes, 115_200), Appearance::Inverted, "{case}");
            let bytes = heard(frame, upside_down(pause), 115_200, receiver);
            assert!(contains(&bytes, FRAME_UPSIDE_DOWN[of_frame]), "{case}: {bytes:02X?}");
            assert_eq!(look(&bytes, 115_200), Appearance::Inverted, "{case}");
        }
    }

    #[test]
    fn frames_of_any_maker_upside_down_are_known_by_their_heads() {
        for (pause, receiver) in
            [(0, Receiver::Waits), (1, Receiver::Waits), (1, Receiver::Restarts), (15, Receiver::Waits)]
        {
            let mut look = Look::default();
            let mut prng = Prng::new(4);
            for burst in 0..3 {
                let frame = [b"\xDB\x08KFM".to_vec(), prng.bytes(300)].concat();
                let bytes = heard(&frame, Wire { inverted: true, pause, ..Wire::P1 }, 115_200, receiver);
                look.hear(&bytes[..1], 10 * burst);
                look.hear(&bytes[1..], 10 * burst);
            }
            assert_eq!(look.appearance(115_200, true), Appearance::Inverted, "{pause} {receiver:?}");
        }
    }

    #[test]
    fn noise_is_nothing_else() {
        for seed in 0..50 {
            for length in [1, 60, 300, 3000, 30_000] {
                let bytes = Prng::new(seed).bytes(length);
                assert_eq!(look(&bytes, 115_200), Appearance::Noise, "{seed} {length}");
            }
            assert_eq!(look(&Prng::new(seed).bytes(20_000), 9600), Appearance::Noise, "{seed}");
        }
        // A telegram that lost its begin has no wrong setting.
        assert_eq!(look(&b"1-0:1.8.0(000123.456*kWh)\r\n".repeat(20), 115_200), Appearance::Text);
    }

    #[test]
    fn a_trace_counts_once_however_it_is_cut() {
        let bytes = [1, 2, 3, 0xA5, 0x9F, 0x8B, 4, 5];
        for size in 1..bytes.len() {
            let mut look = Look::default();
            for chunk in bytes.chunks(size) {
                look.hear(chunk, 0);
            }
            assert_eq!(look.texts, 1, "{size}");
        }
    }
}
