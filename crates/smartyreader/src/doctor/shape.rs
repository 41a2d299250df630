//! Shape: where frames begin on the wire, and whether each is whole, cut short or in pieces. Goes by the beginnings alone:
//! the same name comes again before the frame that bore it was at its end.

/// `DB 08` and the system title.
const SEALED_HEAD: usize = 10;
/// The length stands within so many bytes.
const LENGTH_END: usize = 15;
/// No frame is longer.
const LONGEST: usize = smarty_p1::LONGEST_FRAME;
/// So many lengths are compared.
const COMPARED: usize = 8;
/// A shorter piece is no telegram that broke off.
const SHORTEST: usize = 24;

/// A frame that has begun.
#[derive(Debug)]
enum Begun {
    /// With everything that its head holds, and how long it says that it is.
    Sealed([u8; SEALED_HEAD], Option<usize>),
    /// With `/`, the maker's letters and what follows.
    Plain([u8; 5]),
}

/// Follows the frames.
#[derive(Debug, Default)]
pub(super) struct Shape {
    begun: Option<Begun>,
    /// Bytes of the frame that has begun.
    length: usize,
    /// After so many bytes of it came a pause.
    paused: Option<usize>,
    /// The last sixteen bytes, the newest lowest.
    last: u128,
    /// Where the last frames broke off.
    cuts: Vec<usize>,
    /// Frames that broke off.
    pub(super) cut: u32,
    /// Frames with a pause inside.
    pub(super) split: u32,
}

impl Shape {
    /// Takes bytes as they come.
    pub(super) fn hear(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.last = self.last << 8 | u128::from(byte);
            self.length += 1;
            self.step();
        }
    }

    /// Half a second without a byte.
    pub(super) fn pause(&mut self) {
        if self.is_whole(0) {
            self.ended();
        } else if self.begun.is_some() {
            self.paused = Some(self.length);
        }
    }

    /// Nothing more will come.
    pub(super) fn end(&mut self) {
        if let Some(length) = self.paused.filter(|_| self.begun.is_some()) {
            self.broke_off(length);
        }
    }

    /// Forgets what it has counted, not where it is.
    pub(super) fn clear(&mut self) {
        self.cuts.clear();
        self.cut = 0;
        self.split = 0;
    }

    /// After how many bytes frames break off, when it is always the same, and how many did.
    pub(super) fn always_cut_at(&self, enough: usize) -> Option<usize> {
        let (least, most) = (self.cuts.iter().min()?, self.cuts.iter().max()?);
        (self.cuts.len() >= enough && most - least <= 2).then_some(*most)
    }

    fn step(&mut self) {
        self.learn_length();
        if let Some(head) = self.head() {
            self.begin(head);
        } else if self.is_whole(if self.paused.is_some() { SEALED_HEAD } else { 0 }) {
            self.ended();
        } else if self.length > LONGEST + SEALED_HEAD {
            // What began it was chance.
            self.forget();
        }
    }

    /// Whether the frame is at its end. After a pause so many more bytes are awaited: where some were lost, the next frame
    /// fills the place, and shows its head then.
    fn is_whole(&self, awaited: usize) -> bool {
        match self.begun {
            None | Some(Begun::Sealed(_, None)) => false,
            Some(Begun::Sealed(_, Some(whole))) => self.length >= whole + awaited,
            Some(Begun::Plain(_)) => self.last as u16 == u16::from_be_bytes(*b"\n!"),
        }
    }

    fn ended(&mut self) {
        self.split += u32::from(self.paused.is_some());
        self.forget();
    }

    fn head(&self) -> Option<Begun> {
        if (self.last >> 64) as u16 == 0xDB08 {
            let [_, _, _, _, _, _, head @ ..] = self.last.to_be_bytes();
            return Some(Begun::Sealed(head, None));
        }
        if (self.last >> 32) as u8 != b'/' {
            return None;
        }
        let head: [u8; 5] = self.last.to_be_bytes()[11..].try_into().ok()?;
        head[1..4].iter().all(u8::is_ascii_alphabetic).then_some(Begun::Plain(head))
    }

    fn begin(&mut self, head: Begun) {
        let at = match head {
            Begun::Sealed(..) => SEALED_HEAD,
            Begun::Plain(_) => 5,
        };
        match (&self.begun, &head) {
            (None, _) => {}
            (Some(Begun::Sealed(one, whole)), Begun::Sealed(other, _)) if one == other => {
                let length = self.length - at.min(self.length);
                // A byte or two less are damage, not a buffer.
                if whole.is_none_or(|whole| length * 50 < whole * 49) {
                    self.broke_off(length);
                } else if whole.is_some_and(|whole| length >= whole) {
                    self.ended();
                }
            }
            (Some(Begun::Plain(one)), Begun::Plain(other)) if one == other => {
                self.broke_off(self.length - at.min(self.length));
            }
            // Chance, inside a frame or before it: what has begun goes on, unless it has paused and this comes after.
            _ if self.paused.is_none_or(|paused| paused + at != self.length) => return,
            _ => {}
        }
        self.begun = Some(head);
        self.length = at;
        self.paused = None;
    }

    fn broke_off(&mut self, length: usize) {
        self.forget();
        if length < SHORTEST {
            return;
        }
        self.cut += 1;
        if self.cuts.len() == COMPARED {
            self.cuts.remove(0);
        }
        self.cuts.push(length);
    }

    fn forget(&mut self) {
        self.begun = None;
        self.paused = None;
        self.length = 0;
    }

    /// The BER length behind the head, once it is there.
    fn learn_length(&mut self) {
        let Some(Begun::Sealed(_, whole @ None)) = &mut self.begun else { return };
        if self.length != LENGTH_END {
            return;
        }
        let [.., first, one, two, three, four] = self.last.to_be_bytes();
        let count = match first {
            0x81..=0x84 => usize::from(first - 0x80),
            0 => 2,
            _ => 0,
        };
        let content = if count == 0 {
            usize::from(first)
        } else {
            [one, two, three, four].into_iter().take(count).fold(0, |length, byte| length << 8 | usize::from(byte))
        };
        let length = SEALED_HEAD + 1 + count + content;
        if length > LONGEST {
            self.forget();
        } else {
            *whole = Some(length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smarty_meter::{MeterConfig, Profile, VirtualMeter};

    fn frames(key: Option<[u8; 16]>) -> Vec<Vec<u8>> {
        let meter = VirtualMeter::new(MeterConfig { key, ..MeterConfig::new(Profile::LuxembourgFull) });
        meter.take(6).map(|telegram| telegram.frame).collect()
    }

    #[test]
    fn whole_frames_are_neither_cut_nor_in_pieces() {
        for key in [None, Some([7; 16])] {
            for size in [1, 64, 5000] {
                let mut shape = Shape::default();
                frames(key).concat().chunks(size).for_each(|chunk| shape.hear(chunk));
                for frame in frames(key) {
                    shape.hear(&frame);
                    shape.pause();
                }
                shape.end();
                assert_eq!((shape.cut, shape.split), (0, 0), "{size}");
            }
        }
    }

    #[test]
    fn cut_frames_have_a_length_with_and_without_pauses() {
        for key in [None, Some([7; 16])] {
            for (pauses, keep) in [(false, 512), (true, 512), (true, 64)] {
                let mut shape = Shape::default();
                for frame in frames(key) {
                    shape.hear(&frame[..keep]);
                    if pauses {
                        shape.pause();
                    }
                }
                shape.end();
                assert_eq!(shape.always_cut_at(3), Some(keep));
                assert_eq!(shape.cut, if pauses { 6 } else { 5 });
            }
            let mut shape = Shape::default();
            for (frame, keep) in frames(key).iter().zip([200, 512, 300, 350, 600, 100]) {
                shape.hear(&frame[..keep]);
                shape.pause();
            }
            assert_eq!(shape.always_cut_at(3), None, "not always the same");
        }
    }

    #[test]
    fn a_frame_in_pieces_is_whole_in_the_end() {
        for key in [None, Some([7; 16])] {
            let mut shape = Shape::default();
            for frame in frames(key) {
                shape.hear(&frame[..frame.len() / 2]);
                shape.pause();
                shape.hear(&frame[frame.len() / 2..]);
                shape.pause();
            }
            shape.end();
            assert_eq!((shape.cut, shape.split), (0, 6));
        }
    }
}
