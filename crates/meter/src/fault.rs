//! What can go wrong between a meter and its reader, and when it shall.

use crate::prng::Prng;

/// One thing that goes wrong.
///
/// After each: what a right reader makes of it. Places that are not given are drawn from the script's
/// seed, always inside what tag or checksum protects, so that damage is damage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    // -- The wire hurts this telegram. --
    /// So many bits flip. The telegram is lost.
    FlipBits {
        /// How many.
        count: usize,
    },
    /// This bit flips, counted from the start of the frame. The telegram is lost.
    FlipBit {
        /// Its place; beyond the end it wraps round.
        at: usize,
    },
    /// The frame breaks off. The telegram is lost, the next one must not be.
    Truncate {
        /// Bytes that still come through; drawn when `None`.
        keep: Option<usize>,
    },
    /// Single bytes go missing. The telegram is lost, the next one must not be.
    DropBytes {
        /// How many.
        count: usize,
    },
    /// Single bytes come twice. The telegram is lost, the next one must not be.
    DuplicateBytes {
        /// How many.
        count: usize,
    },
    /// Noise in the middle of the frame. The telegram is lost, the next one must not be.
    NoiseInside {
        /// How many bytes.
        bytes: usize,
    },

    // -- The wire adds something; the telegram is whole. --
    /// Noise runs straight into the telegram. Nothing is lost.
    NoiseBefore {
        /// How many bytes.
        bytes: usize,
    },
    /// Noise follows the telegram. Nothing is lost.
    NoiseAfter {
        /// How many bytes.
        bytes: usize,
    },
    /// Noise half a period before the telegram, in a chunk of its own. Nothing is lost.
    NoiseBetween {
        /// How many bytes.
        bytes: usize,
    },
    /// A plausible beginning of a frame that never goes on, straight before the telegram: a sealed
    /// header that announces a kilobyte, or the first lines of a text. Nothing is lost by a reader
    /// that searches inside what it gave up.
    FalseStart,
    /// A frame of somebody else's meter, under its own title and key. It is not for this reader.
    ForeignMeter {
        /// Names the other meter.
        seed: u64,
    },
    /// An old frame comes again before the telegram. It must be refused.
    Replay {
        /// How old, in telegrams; up to 64.
        back: usize,
    },
    /// An HDLC frame with DLMS objects, as meters of other countries send. It is no telegram.
    Hdlc,
    /// Two M-Bus frames around a sealed DLMS list. It is no telegram, though a `DB` is in it.
    Mbus,

    /// The frame comes twice, as some network dongles send it. Nothing is lost, and nothing is to be counted twice.
    Twice,
    /// The frame comes in two pieces, eight seconds apart, as through a bad network. The telegram is lost.
    Split,

    // -- The wire is set wrong, for a number of telegrams. They are lost. --
    /// The signal is not inverted where it should be, or twice.
    Inverted {
        /// How many telegrams.
        telegrams: u64,
    },
    /// Seven bits and even parity, read as eight bits without.
    Parity {
        /// How many telegrams.
        telegrams: u64,
    },
    /// 9600 baud 7E1, read as 115 200 baud 8N1.
    SlowLine {
        /// How many telegrams.
        telegrams: u64,
    },
    /// 115 200 baud 8N1, read as 9600 baud 8N1.
    FastLine {
        /// How many telegrams.
        telegrams: u64,
    },
    /// Nothing arrives: the cable is cut, the meter counts on.
    Silence {
        /// How many telegrams.
        telegrams: u64,
    },

    // -- The meter seals otherwise, for a number of telegrams. They are refused. --
    /// Another encryption key.
    WrongKey {
        /// How many telegrams.
        telegrams: u64,
    },
    /// The right encryption key, another authentication key.
    OtherAuthenticationKey {
        /// How many telegrams.
        telegrams: u64,
    },
    /// Another security control byte: 20, encrypted and not authenticated.
    OtherSuite {
        /// How many telegrams.
        telegrams: u64,
    },
    /// The checksum in the text is wrong before the text is sealed: the meter's own mistake.
    WrongChecksum {
        /// How many telegrams.
        telegrams: u64,
    },
    /// Plain text from a meter that has a key.
    Plain {
        /// How many telegrams.
        telegrams: u64,
    },

    // -- The meter lives. Its telegrams count. --
    /// The frame counter goes on from here. The time is newer, so the telegram counts.
    CounterJump {
        /// The counter of this telegram.
        to: u32,
    },
    /// The meter's clock is set. The counter is newer, so the telegram counts.
    MoveClock {
        /// Forwards when positive.
        by_s: i64,
    },
    /// `632525252525S` for a time stamp.
    LoseClock {
        /// How many telegrams.
        telegrams: u64,
    },
    /// Another meter is mounted: new names, other registers, and [`key_of`](crate::key_of) the seed.
    Swap {
        /// Names the new meter.
        seed: u64,
    },
    /// The registers start again from zero.
    ResetRegisters,
    /// A text message in every telegram from here on, up to 1024 characters; empty ends it.
    Message {
        /// The text.
        text: String,
    },
    /// The mains fail for so long.
    PowerFailure {
        /// How long.
        seconds: u32,
    },
}

/// Which fault befalls which telegram.
///
/// ```
/// use smarty_meter::{Fault, Script};
///
/// let script = Script::new().with(3, Fault::Silence { telegrams: 6 }).with(20, Fault::FlipBits { count: 1 });
/// assert_eq!(script.at.len(), 2);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// Telegram index (the first is 0) and fault, in any order; one telegram may have several.
    pub at: Vec<(u64, Fault)>,
    /// Where places and noise are drawn from.
    pub seed: u64,
}

impl Script {
    /// A wire on which nothing goes wrong.
    #[must_use]
    pub const fn new() -> Self {
        Self { at: Vec::new(), seed: 0 }
    }

    /// And then this.
    #[must_use]
    pub fn with(mut self, index: u64, fault: Fault) -> Self {
        self.at.push((index, fault));
        self
    }

    /// The same fault at every `step`-th telegram from `first` to `last`.
    #[must_use]
    pub fn every(mut self, first: u64, step: u64, last: u64, fault: &Fault) -> Self {
        let mut index = first;
        while index <= last {
            self.at.push((index, fault.clone()));
            index += step.max(1);
        }
        self
    }

    /// A bad wire: of the first `telegrams` about one in `one_in` meets a fault that the wire alone
    /// can do. The first two come through, so that a reader has something to begin with.
    #[must_use]
    pub fn storm(seed: u64, telegrams: u64, one_in: u64) -> Self {
        let mut prng = Prng::new(seed);
        let mut script = Self { at: Vec::new(), seed };
        for index in 2..telegrams {
            if prng.next_u64().is_multiple_of(one_in.max(1)) {
                script.at.push((index, wire_fault(&mut prng)));
            }
        }
        script
    }
}

/// Any fault that needs neither a hand nor another meter.
fn wire_fault(prng: &mut Prng) -> Fault {
    let few = 1 + prng.below(6);
    let bytes = 1 + prng.below(300);
    match prng.below(13) {
        0 => Fault::FlipBits { count: few },
        1 => Fault::FlipBit { at: prng.below(8 * 16) },
        2 => Fault::Truncate { keep: None },
        3 => Fault::DropBytes { count: few },
        4 => Fault::DuplicateBytes { count: few },
        5 => Fault::NoiseInside { bytes },
        6 => Fault::NoiseBefore { bytes },
        7 => Fault::NoiseAfter { bytes },
        8 => Fault::NoiseBetween { bytes },
        9 => Fault::FalseStart,
        10 => Fault::Replay { back: few },
        11 => Fault::Inverted { telegrams: 1 },
        _ => Fault::Silence { telegrams: few as u64 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_is_as_heavy_as_ordered_and_can_be_repeated() {
        let storm = Script::storm(5, 10_000, 10);
        assert!((800..1200).contains(&storm.at.len()), "{} faults", storm.at.len());
        assert_eq!(storm, Script::storm(5, 10_000, 10));
        assert_ne!(storm, Script::storm(6, 10_000, 10));
    }
}
