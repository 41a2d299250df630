//! The wire: what of a meter's telegrams arrives, and what should be made of it.

use std::collections::{BTreeMap, VecDeque};

use crate::config::{MeterConfig, key_of};
use crate::fault::{Fault, Script};
use crate::meter::VirtualMeter;
use crate::prng::Prng;
use crate::profile::Profile;
use crate::seal::{GENERAL_GLO_CIPHERING, SECURITY_CONTROL, Sealer, TAG_LEN};
use crate::telegram::Telegram;
use crate::uart::{Receiver, Wire, heard};
use crate::{damage, dlms};

/// How many frames can be replayed.
const REMEMBERED: usize = 64;
/// The seed of keys that nobody has.
const NOBODY: u64 = 0x6E6F_626F_6479;

/// Bytes that arrive together, with the truth about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// When the first of them arrives, by the world's clock, in UTC.
    pub at: i64,
    /// The index of the telegram that this chunk carries or comes before.
    pub index: u64,
    /// What arrives.
    pub bytes: Vec<u8>,
    /// What a right reader must yield for them; `None` for nothing.
    ///
    /// A profile without checksum is the exception: nobody can tell a flipped digit there, so a hurt
    /// telegram of [`Profile::Netherlands22`] may well be yielded.
    pub truth: Option<Telegram>,
    /// What went wrong.
    pub faults: Vec<Fault>,
}

/// A meter at the end of a wire on which a script plays: an iterator of [`Chunk`]s, endless unless
/// told [`until`](Self::until) when.
///
/// ```
/// use smarty_meter::{Fault, Line, MeterConfig, Profile, Script, VirtualMeter};
///
/// let meter = VirtualMeter::new(MeterConfig::new(Profile::LuxembourgFull));
/// let script = Script::new().with(1, Fault::FlipBits { count: 3 }).with(3, Fault::Silence { telegrams: 2 });
/// let chunks: Vec<_> = Line::new(meter, script).until(6).collect();
/// let read: Vec<_> = chunks.iter().map(|chunk| (chunk.index, chunk.truth.is_some())).collect();
/// assert_eq!(read, [(0, true), (1, false), (2, true), (5, true)]);
/// ```
#[derive(Clone, Debug)]
pub struct Line {
    meter: VirtualMeter,
    script: BTreeMap<u64, Vec<Fault>>,
    prng: Prng,
    index: u64,
    until: u64,
    waiting: VecDeque<Chunk>,
    sent: VecDeque<Vec<u8>>,
    state: State,
}

/// Faults that last, and how many telegrams they still have to.
#[derive(Clone, Copy, Debug, Default)]
struct State {
    silent: u64,
    wrong_key: u64,
    other_authentication_key: u64,
    plain: u64,
    inverted: u64,
    parity: u64,
    slow: u64,
    fast: u64,
    other_suite: u64,
    wrong_checksum: u64,
}

impl Line {
    /// Connects the meter.
    #[must_use]
    pub fn new(meter: VirtualMeter, script: Script) -> Self {
        let mut by_index: BTreeMap<u64, Vec<Fault>> = BTreeMap::new();
        for (index, fault) in script.at {
            by_index.entry(index).or_default().push(fault);
        }
        Self {
            meter,
            script: by_index,
            prng: Prng::new(script.seed),
            index: 0,
            until: u64::MAX,
            waiting: VecDeque::new(),
            sent: VecDeque::new(),
            state: State::default(),
        }
    }

    /// Ends the line after so many telegrams, those that nobody hears included.
    #[must_use]
    pub const fn until(mut self, telegrams: u64) -> Self {
        self.until = telegrams;
        self
    }

    /// The meter at the other end.
    #[must_use]
    pub const fn meter(&self) -> &VirtualMeter {
        &self.meter
    }

    /// The index of the next telegram, those that nobody hears included.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// Plays one telegram; puts what arrives into `waiting`.
    fn step(&mut self) {
        let index = self.index;
        self.index += 1;
        let faults = self.script.remove(&index).unwrap_or_default();
        for fault in &faults {
            self.prepare(fault);
        }
        if spend(&mut self.state.silent) {
            self.meter.next_values();
            return;
        }
        let (telegram, genuine) = self.send();
        let mut extra = Vec::new();
        for fault in &faults {
            if let Some(bytes) = self.beside(fault, &telegram) {
                extra.push(self.chunk_before(&telegram, index, bytes, fault));
            }
        }
        let mut bytes = telegram.frame.clone();
        // Hurt first and surrounded after, or the damage might fall on mere noise.
        let mut hurt = false;
        for fault in &faults {
            hurt |= self.hurt(fault, &mut bytes);
        }
        for fault in &faults {
            self.surround(fault, &telegram.frame, &mut bytes);
        }
        let garbled = self.garble(&mut bytes);
        if faults.contains(&Fault::Twice) {
            bytes.extend_from_within(..);
        }
        let split = faults.contains(&Fault::Split);
        let arrives = genuine && !hurt && !garbled && !split && !bytes.is_empty();
        if arrives {
            // Only what was read once can be replayed: a lost frame that comes later is news.
            self.remember(&telegram.frame);
        }
        self.waiting.extend(extra);
        let mut at = telegram.sent_at();
        if split {
            let second = bytes.split_off(bytes.len() / 2);
            self.waiting.push_back(Chunk { at, index, bytes, truth: None, faults: faults.clone() });
            bytes = second;
            at += 8;
        }
        self.waiting.push_back(Chunk { at, index, bytes, truth: arrives.then_some(telegram), faults });
    }

    /// What happens before the telegram is made: to the meter, or for some time.
    fn prepare(&mut self, fault: &Fault) {
        let state = &mut self.state;
        let meter = &mut self.meter;
        match fault {
            Fault::Silence { telegrams } => state.silent = *telegrams,
            Fault::WrongKey { telegrams } => state.wrong_key = *telegrams,
            Fault::OtherAuthenticationKey { telegrams } => {
                state.other_authentication_key = *telegrams;
            }
            Fault::Plain { telegrams } => state.plain = *telegrams,
            Fault::Inverted { telegrams } => state.inverted = *telegrams,
            Fault::Parity { telegrams } => state.parity = *telegrams,
            Fault::SlowLine { telegrams } => state.slow = *telegrams,
            Fault::FastLine { telegrams } => state.fast = *telegrams,
            Fault::OtherSuite { telegrams } => state.other_suite = *telegrams,
            Fault::WrongChecksum { telegrams } => state.wrong_checksum = *telegrams,
            Fault::CounterJump { to } => meter.set_frame_counter(*to),
            Fault::MoveClock { by_s } => meter.move_clock(*by_s),
            Fault::LoseClock { telegrams } => meter.lose_clock(*telegrams),
            Fault::Swap { seed } => meter.swap(*seed),
            Fault::ResetRegisters => meter.set_registers(&crate::StartRegisters::default()),
            Fault::Message { text } => meter.set_message(text),
            Fault::PowerFailure { seconds } => meter.fail_power(*seconds),
            _ => {}
        }
    }

    /// The next telegram, and whether it is sealed as its reader expects.
    fn send(&mut self) -> (Telegram, bool) {
        let config = self.meter.config();
        let title = self.meter.device().system_title;
        let state = &mut self.state;
        let form = config.length_form;
        let wrong_checksum = spend(&mut state.wrong_checksum);
        let Some(key) = config.key else {
            let mut telegram = self.meter.next_telegram();
            if wrong_checksum {
                damage::spoil_checksum(&mut telegram.text);
                telegram.frame.clone_from(&telegram.text);
            }
            return (telegram, !wrong_checksum);
        };
        if wrong_checksum {
            let sealer = Sealer::new(key, config.authentication_key, title, form);
            let mut telegram = self.meter.next_telegram();
            damage::spoil_checksum(&mut telegram.text);
            telegram.frame = sealer.seal(telegram.frame_counter.unwrap_or_default(), &telegram.text);
            return (telegram, false);
        }
        if spend(&mut state.other_suite) {
            let mut telegram = self.meter.next_telegram();
            let control = telegram.frame.len().checked_sub(telegram.text.len() + TAG_LEN + 5);
            if let Some(byte) = control.and_then(|at| telegram.frame.get_mut(at)) {
                *byte = 0x20;
            }
            return (telegram, false);
        }
        let other = if spend(&mut state.plain) {
            None
        } else if spend(&mut state.wrong_key) {
            Some(Sealer::new(key_of(NOBODY), config.authentication_key, title, form))
        } else if spend(&mut state.other_authentication_key) {
            Some(Sealer::new(key, key_of(NOBODY), title, form))
        } else {
            return (self.meter.next_telegram(), true);
        };
        (self.meter.next_telegram_sealed_by(other), false)
    }

    /// What arrives on its own before the telegram.
    fn beside(&mut self, fault: &Fault, telegram: &Telegram) -> Option<Vec<u8>> {
        match fault {
            Fault::NoiseBetween { bytes } => Some(self.prng.bytes(*bytes)),
            Fault::ForeignMeter { seed } => Some(self.foreign(*seed, telegram)),
            Fault::Replay { back } => {
                let place = self.sent.len().checked_sub((*back).max(1))?;
                self.sent.get(place).cloned()
            }
            Fault::Hdlc => Some(dlms::hdlc(&telegram.values)),
            Fault::Mbus => Some(dlms::mbus(&mut self.prng)),
            _ => None,
        }
    }

    /// A frame of the neighbour's meter, sealed with the neighbour's key.
    fn foreign(&self, seed: u64, telegram: &Telegram) -> Vec<u8> {
        let profile = match self.meter.config().profile {
            Profile::Austria => Profile::Austria,
            _ => Profile::LuxembourgFull,
        };
        let order = MeterConfig::new(profile);
        let counter = order.start_frame_counter.wrapping_add(self.index as u32);
        VirtualMeter::new(MeterConfig {
            seed,
            key: Some(key_of(seed)),
            start: telegram.sent_at(),
            start_frame_counter: counter,
            ..order
        })
        .next_telegram()
        .frame
    }

    /// Damages the telegram's bytes; says whether it did.
    fn hurt(&mut self, fault: &Fault, bytes: &mut Vec<u8>) -> bool {
        let prng = &mut self.prng;
        match fault {
            Fault::FlipBits { count } => damage::flip_bits(bytes, *count, prng),
            Fault::FlipBit { at } => damage::flip_bit(bytes, *at),
            Fault::Truncate { keep } => damage::truncate(bytes, *keep, prng),
            Fault::DropBytes { count } => damage::drop_bytes(bytes, *count, prng),
            Fault::DuplicateBytes { count } => damage::duplicate_bytes(bytes, *count, prng),
            Fault::NoiseInside { bytes: count } => damage::noise_inside(bytes, *count, prng),
            _ => return false,
        }
        true
    }

    /// Adds to the telegram's bytes without touching them.
    fn surround(&mut self, fault: &Fault, frame: &[u8], bytes: &mut Vec<u8>) {
        let before = match fault {
            Fault::NoiseBefore { bytes: count } => self.prng.bytes(*count),
            Fault::FalseStart => false_start(frame, &self.meter),
            Fault::NoiseAfter { bytes: count } => {
                bytes.extend(self.prng.bytes(*count));
                return;
            }
            _ => return,
        };
        bytes.splice(0..0, before);
    }

    /// Reads the bytes with a wrongly set port, if it is; says whether it was.
    fn garble(&mut self, bytes: &mut Vec<u8>) -> bool {
        let state = &mut self.state;
        let (wire, baud) = if spend(&mut state.inverted) {
            (Wire { inverted: true, ..Wire::P1 }, 115_200)
        } else if spend(&mut state.parity) {
            (Wire { seven_even: true, ..Wire::P1 }, 115_200)
        } else if spend(&mut state.slow) {
            (Wire::DSMR_2, 115_200)
        } else if spend(&mut state.fast) {
            (Wire::P1, 9600)
        } else {
            return false;
        };
        *bytes = heard(bytes, wire, baud, Receiver::Waits);
        true
    }

    fn chunk_before(&self, telegram: &Telegram, index: u64, bytes: Vec<u8>, fault: &Fault) -> Chunk {
        let at = telegram.sent_at() - i64::from(self.meter.config().period_s / 2);
        Chunk { at, index, bytes, truth: None, faults: vec![fault.clone()] }
    }

    fn remember(&mut self, frame: &[u8]) {
        if self.sent.len() == REMEMBERED {
            self.sent.pop_front();
        }
        self.sent.push_back(frame.to_vec());
    }
}

/// Takes one from what is left, if anything is.
const fn spend(left: &mut u64) -> bool {
    let any = *left > 0;
    *left = left.saturating_sub(1);
    any
}

/// The beginning of a frame of the same kind that never goes on.
fn false_start(frame: &[u8], meter: &VirtualMeter) -> Vec<u8> {
    if frame.first() == Some(&b'/') {
        return frame[..frame.len() / 3].to_vec();
    }
    let mut start = vec![GENERAL_GLO_CIPHERING, 8];
    start.extend(meter.device().system_title);
    start.extend([0x82, 0x04, 0xC2, SECURITY_CONTROL, 0, 0, 1, 0]);
    start
}

impl Iterator for Line {
    type Item = Chunk;

    /// A meter that has spent its frame counter gives chunks without bytes.
    fn next(&mut self) -> Option<Chunk> {
        loop {
            if let Some(chunk) = self.waiting.pop_front() {
                return Some(chunk);
            }
            if self.index >= self.until {
                return None;
            }
            self.step();
        }
    }
}
