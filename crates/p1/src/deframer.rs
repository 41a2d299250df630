//! Deframer: finds frames in a stream of bytes, by length and never by time.
//!
//! It guesses a start, waits for the end that the guess implies, and lets the caller judge. A guess that
//! turns out wrong costs nothing: [`Deframer::reject`] goes on searching one byte behind the wrong start,
//! inside what is already held. So a damaged frame never takes the good one behind it along.

use memchr::{memchr, memchr_iter};

use crate::ciphering::{self, Length, SealedFrame};
use crate::foreign::{self, Candidate, Foreign};

/// A buffer that holds every frame that the specifications allow: five messages of 2048 characters and the rest.
pub const LONGEST_FRAME: usize = 16 * 1024;

/// What [`Deframer::feed`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Progress {
    /// More bytes are needed.
    Pending,
    /// A frame is complete: look at it with [`Deframer::frame`], then say [`Deframer::accept`] or [`Deframer::reject`].
    Frame,
    /// This many bytes belong to no frame.
    Noise(usize),
    /// A possible start announced a length that no frame has. It is taken for noise.
    BadLength,
    /// A possible frame became longer than the buffer. Its start is given up, its inside searched.
    Overflow,
}

/// A complete frame, not yet proven.
#[derive(Debug)]
pub enum Frame<'a> {
    /// Encrypted and authenticated.
    Sealed(SealedFrame<'a>),
    /// Text from `/` to the CRC.
    Plain(&'a [u8]),
    /// Another protocol, named and not read.
    Foreign(Foreign),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sealed,
    Plain,
    Foreign(Foreign),
}

/// A frame finder with a buffer of `N` bytes. [`LONGEST_FRAME`] is enough for all; a longer frame is noise.
#[derive(Debug)]
pub struct Deframer<const N: usize> {
    buffer: [u8; N],
    /// The candidate begins here; what is before has been dealt with.
    start: usize,
    /// Here the bytes end.
    end: usize,
    /// Up to here (from `start`) the end of a plain telegram has been searched for.
    searched: usize,
    /// The frame that the caller has to judge.
    found: Option<(Kind, usize)>,
}

/// What a look at the candidate says.
enum Look {
    Wait,
    Found(Kind, usize),
    NoStart,
    BadLength,
    TooLong,
}

impl<const N: usize> Default for Deframer<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Deframer<N> {
    /// An empty one.
    pub const fn new() -> Self {
        Self { buffer: [0; N], start: 0, end: 0, searched: 0, found: None }
    }

    /// Takes bytes and searches on. Answers how many of `input` it took and what it came to; call again
    /// with the rest, and with an empty slice, until it is [`Progress::Pending`] with nothing left.
    ///
    /// A frame that was neither accepted nor rejected counts as accepted.
    pub fn feed(&mut self, input: &[u8]) -> (usize, Progress) {
        if self.found.is_some() {
            self.accept();
        }
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        } else if self.start > 0 && input.len() > N - self.end {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let taken = input.len().min(N - self.end);
        self.buffer[self.end..self.end + taken].copy_from_slice(&input[..taken]);
        self.end += taken;
        (taken, self.search())
    }

    /// The frame found. Call it only after [`Progress::Frame`]; an empty plain text otherwise.
    pub fn frame(&mut self) -> Frame<'_> {
        let Some((kind, length)) = self.found else { return Frame::Plain(&[]) };
        let bytes = &mut self.buffer[self.start..self.start + length];
        match kind {
            Kind::Plain => Frame::Plain(bytes),
            Kind::Foreign(protocol) => Frame::Foreign(protocol),
            Kind::Sealed => match SealedFrame::parse(bytes) {
                Some(frame) => Frame::Sealed(frame),
                // Not reached: the same lengths were checked when the frame was found.
                None => Frame::Plain(&[]),
            },
        }
    }

    /// The bytes of the frame found, as they arrived as long as it has not been opened.
    pub fn frame_bytes(&self) -> &[u8] {
        let length = self.found.map_or(0, |(_, length)| length);
        &self.buffer[self.start..self.start + length]
    }

    /// The frame is proven: go on behind it.
    pub fn accept(&mut self) {
        if let Some((_, length)) = self.found.take() {
            self.start += length;
            self.searched = 0;
        }
    }

    /// The frame failed its tag or CRC: search its inside, from one byte behind its start.
    pub fn reject(&mut self) {
        if self.found.take().is_some() {
            self.start += 1;
            self.searched = 0;
        }
    }

    /// The wire has been silent for long enough that what is begun will not be finished (500 ms at a
    /// period of a second or more): give the candidate up and search what is behind its start.
    /// Answers whether there was one; call [`Deframer::feed`] with an empty slice then.
    pub fn abandon(&mut self) -> bool {
        self.found = None;
        let begun = self.start < self.end;
        if begun {
            self.start += 1;
            self.searched = 0;
        }
        begun
    }

    /// How many bytes wait for the rest of their frame.
    pub fn pending(&self) -> usize {
        self.end - self.start
    }

    fn search(&mut self) -> Progress {
        let from = self.start;
        while self.start < self.end {
            match self.look() {
                Look::NoStart => {
                    let rest = &self.buffer[self.start + 1..self.end];
                    self.start += 1 + next_start(rest).unwrap_or(rest.len());
                    self.searched = 0;
                }
                // First say what was skipped, then what was found behind it.
                _ if self.noise(from) > 0 => return Progress::Noise(self.noise(from)),
                Look::Found(kind, length) => {
                    self.found = Some((kind, length));
                    return Progress::Frame;
                }
                Look::Wait if self.pending() < N => return Progress::Pending,
                Look::Wait | Look::TooLong => {
                    self.start += 1;
                    self.searched = 0;
                    return Progress::Overflow;
                }
                Look::BadLength => {
                    self.start += 1;
                    self.searched = 0;
                    return Progress::BadLength;
                }
            }
        }
        match self.noise(from) {
            0 => Progress::Pending,
            noise => Progress::Noise(noise),
        }
    }

    /// How many bytes between `from` and the candidate are noise: line ends behind a telegram are not.
    fn noise(&self, from: usize) -> usize {
        self.buffer[from..self.start].iter().filter(|byte| !matches!(byte, b'\r' | b'\n')).count()
    }

    fn look(&mut self) -> Look {
        let candidate = &self.buffer[self.start..self.end];
        match candidate[0] {
            b'/' => self.look_plain(),
            0xDB => match ciphering::length(candidate) {
                Length::Unknown => Look::Wait,
                Length::Impossible => Look::NoStart,
                Length::Known { content, .. } if content < ciphering::OVERHEAD => Look::BadLength,
                Length::Known { header, content } if header + content > N => Look::TooLong,
                Length::Known { header, content } if candidate.len() < header + content => Look::Wait,
                Length::Known { header, content } => Look::Found(Kind::Sealed, header + content),
            },
            0x7E => look_foreign(foreign::hdlc(candidate)),
            0x68 => look_foreign(foreign::mbus(candidate)),
            _ => Look::NoStart,
        }
    }

    fn look_plain(&mut self) -> Look {
        let candidate = &self.buffer[self.start..self.end];
        // The FLAG id of the manufacturer: three letters.
        if !candidate.iter().skip(1).take(3).all(u8::is_ascii_alphabetic) {
            return Look::NoStart;
        }
        for found in memchr_iter(b'!', &candidate[self.searched..]) {
            let at = self.searched + found;
            if at == 0 || candidate[at - 1] != b'\n' {
                continue;
            }
            let crc = &candidate[at + 1..];
            let digits = crc.iter().take(4).take_while(|byte| byte.is_ascii_hexdigit()).count();
            return if digits == 4 || digits < crc.len() {
                Look::Found(Kind::Plain, at + 1 + digits)
            } else {
                self.searched = at;
                Look::Wait
            };
        }
        if self.searched < 64 {
            match foreign::hybrid(candidate) {
                Candidate::Complete(length, protocol) => {
                    return Look::Found(Kind::Foreign(protocol), length);
                }
                // Its binary block would be searched over and over for an end: leave `searched` where it is.
                Candidate::Unknown => return Look::Wait,
                Candidate::No => {}
            }
        }
        self.searched = candidate.len();
        Look::Wait
    }
}

fn look_foreign(candidate: Candidate) -> Look {
    match candidate {
        Candidate::Unknown => Look::Wait,
        Candidate::No => Look::NoStart,
        Candidate::Complete(length, protocol) => Look::Found(Kind::Foreign(protocol), length),
    }
}

/// The next byte that a frame can begin with.
fn next_start(bytes: &[u8]) -> Option<usize> {
    let nearest = memchr::memchr3(b'/', 0xDB, 0x7E, bytes);
    match memchr(0x68, &bytes[..nearest.unwrap_or(bytes.len())]) {
        None => nearest,
        mbus => mbus,
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    const PLAIN: &[u8] = b"/KAM5\r\n\r\n1-0:1.8.0(1*kWh)\r\n!ABCD\r\n";

    /// Feeds in chunks of `size`, accepts every frame, and tells the story.
    fn story(bytes: &[u8], size: usize) -> (Vec<Vec<u8>>, usize) {
        let mut deframer = Deframer::<256>::new();
        let (mut frames, mut noise) = (Vec::new(), 0);
        for chunk in bytes.chunks(size) {
            let mut rest = chunk;
            loop {
                let (used, progress) = deframer.feed(rest);
                rest = &rest[used..];
                match progress {
                    Progress::Pending if rest.is_empty() => break,
                    Progress::Frame => {
                        if let Frame::Plain(text) = deframer.frame() {
                            frames.push(text.to_vec());
                        }
                        deframer.accept();
                    }
                    Progress::Noise(count) => noise += count,
                    _ => {}
                }
            }
        }
        (frames, noise)
    }

    #[test]
    fn any_split_gives_the_same_frames_and_noise() {
        let bytes = [b"xx", PLAIN, PLAIN, b"\xDB\x07?", PLAIN].concat();
        for size in 1..bytes.len() {
            let (frames, noise) = story(&bytes, size);
            assert_eq!(frames.len(), 3, "chunks of {size}");
            assert!(frames.iter().all(|frame| frame == &PLAIN[..PLAIN.len() - 2]));
            assert_eq!(noise, 5, "chunks of {size}");
        }
    }

    #[test]
    fn only_an_exclamation_mark_at_the_start_of_a_line_ends_it() {
        let bytes = b"/KAM5\r\n\r\n0-0:96.13.0(Hallo!)\r\n1-0:1.8.0(1*kWh)\r\n!\r\n";
        let (frames, _) = story(bytes, 7);
        assert_eq!(frames.len(), 1);
        assert_eq!(String::from_utf8_lossy(&frames[0]).lines().count(), 5);
    }

    #[test]
    fn rejecting_searches_the_inside() {
        let mut deframer = Deframer::<256>::new();
        let cut = &PLAIN[..15];
        let bytes = [cut, PLAIN].concat();
        let (_, progress) = deframer.feed(&bytes);
        assert_eq!(progress, Progress::Frame);
        assert!(matches!(deframer.frame(), Frame::Plain(text) if text.len() > PLAIN.len()));
        deframer.reject();
        // Fifteen bytes were cut off: the wrong start has been judged, four more are line ends.
        assert_eq!(deframer.feed(&[]).1, Progress::Noise(10));
        assert_eq!(deframer.feed(&[]).1, Progress::Frame);
        assert!(matches!(deframer.frame(), Frame::Plain(text) if *text == PLAIN[..PLAIN.len() - 2]));
    }

    #[test]
    fn silence_abandons_a_false_start_and_finds_the_telegram_behind_it() {
        let mut deframer = Deframer::<1024>::new();
        // Announces 512 bytes that never come.
        let false_start = [0xDB, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0x82, 2, 0, 0x30];
        assert_eq!(deframer.feed(&[&false_start, PLAIN].concat()).1, Progress::Pending);
        assert!(deframer.abandon());
        assert_eq!(deframer.feed(&[]).1, Progress::Noise(13));
        assert_eq!(deframer.feed(&[]).1, Progress::Frame);
    }

    #[test]
    fn what_is_longer_than_the_buffer_is_noise() {
        let mut deframer = Deframer::<256>::new();
        let announced = [0xDB, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0x82, 2, 0, 0x30];
        assert_eq!(deframer.feed(&announced).1, Progress::Overflow);
        let _ = deframer.feed(&[]);
        assert_eq!(deframer.feed(&[&b"/KAM5"[..], &[b'x'; 251]].concat()).1, Progress::Overflow);
        assert_eq!(deframer.feed(&[]).1, Progress::Noise(255));
        assert_eq!(deframer.feed(PLAIN).1, Progress::Frame);
    }

    #[test]
    fn a_length_too_short_for_its_own_tag() {
        let mut deframer = Deframer::<256>::new();
        assert_eq!(deframer.feed(&[0xDB, 8, 1, 2, 3, 4, 5, 6, 7, 8, 16, 0x30]).1, Progress::BadLength);
    }
}
