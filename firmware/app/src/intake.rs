//! Intake: from the meter's bytes to telegrams that are proven and new. What is refused is counted under its own name, by the
//! daemon's rules.

use smarty_p1::{
    Authentication, Deframer, Frame, Key, LONGEST_FRAME, OpenError, Progress, Proof, Reading, Telegram, TelegramError,
    Timestamp,
};

use crate::settings::{Name, Settings};
use crate::zone::Zone;

/// A meter's clock that is further ahead of ours has no date at all, s.
const TOO_FAR: i64 = 30 * 86_400;

/// What vouches for a telegram.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Vouched {
    /// The tag.
    Tag,
    /// Sealed, opened without proof of origin.
    Crc,
    /// Not sealed.
    #[default]
    Plain,
}

impl Vouched {
    /// The word that messages use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tag => "tag",
            Self::Crc => "crc",
            Self::Plain => "plain",
        }
    }
}

/// How often what happened, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Good telegrams.
    pub telegrams: u32,
    /// Frames, good and bad.
    pub frames: u32,
    /// Bytes.
    pub bytes: u32,
    /// Bytes that belong to no frame.
    pub noise: u32,
    /// Frames that no key opens: a wrong key, or damage.
    pub tag_mismatch: u32,
    /// The key is right and the authentication key is another.
    pub authentication_key_differs: u32,
    /// Sealed in a way that is not known here.
    pub security_control: u32,
    /// Telegrams with a wrong checksum.
    pub crc_mismatch: u32,
    /// What looked like a telegram and is none.
    pub not_a_telegram: u32,
    /// Plain telegrams of a meter that has a key.
    pub plain_refused: u32,
    /// Sealed telegrams that came a second time.
    pub duplicate: u32,
    /// Sealed telegrams that are older than what was there.
    pub replay: u32,
    /// Another protocol.
    pub foreign: u32,
    /// Frames that were longer than any.
    pub overflow: u32,
    /// Frames that were begun and not finished.
    pub abandoned: u32,
    /// Telegrams whose time nobody knows.
    pub without_time: u32,
}

impl Counters {
    /// Nothing has happened yet.
    pub const NONE: Self = Self {
        telegrams: 0,
        frames: 0,
        bytes: 0,
        noise: 0,
        tag_mismatch: 0,
        authentication_key_differs: 0,
        security_control: 0,
        crc_mismatch: 0,
        not_a_telegram: 0,
        plain_refused: 0,
        duplicate: 0,
        replay: 0,
        foreign: 0,
        overflow: 0,
        abandoned: 0,
        without_time: 0,
    };

    /// All of them with their names, those at 0 too.
    pub fn named(&self) -> [(&'static str, u64); 16] {
        [
            ("telegrams", self.telegrams),
            ("frames", self.frames),
            ("bytes", self.bytes),
            ("noise", self.noise),
            ("tag_mismatch", self.tag_mismatch),
            ("authentication_key_differs", self.authentication_key_differs),
            ("security_control", self.security_control),
            ("crc_mismatch", self.crc_mismatch),
            ("not_a_telegram", self.not_a_telegram),
            ("plain_refused", self.plain_refused),
            ("duplicate", self.duplicate),
            ("replay", self.replay),
            ("foreign", self.foreign),
            ("overflow", self.overflow),
            ("abandoned", self.abandoned),
            ("without_time", self.without_time),
        ]
        .map(|(name, count)| (name, u64::from(count)))
    }
}

/// How far the sealed frames of one meter under one key have come, so that no old one is taken again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// Who, and under which key (its check value).
    pub whose: [u8; 12],
    /// The highest counter.
    pub counter: u32,
    /// The newest time.
    pub time: i64,
}

/// So many meters and keys are told apart; the one that was silent longest makes room.
pub const MARKS: usize = 4;

/// A telegram that is proven and new.
#[derive(Debug)]
pub struct Arrival<'a> {
    /// The text.
    pub telegram: Telegram<'a>,
    /// Its numbers and texts.
    pub reading: Reading<'a>,
    /// UTC seconds.
    pub time: i64,
    /// Who sealed it.
    pub title: Option<[u8; 8]>,
    /// What vouches for it.
    pub vouched: Vouched,
    /// How far sealed frames have come with it, to be remembered.
    pub marks: &'a [Mark; MARKS],
}

/// What was found in the bytes.
#[derive(Clone, Copy, Debug)]
pub enum Found<'a> {
    /// A good telegram.
    Arrival(&'a Arrival<'a>),
    /// A sealed frame as it arrived, where frames are passed on unopened.
    Sealed(&'a [u8]),
}

/// What the settings say about the meter.
struct Rules {
    key: Option<Key>,
    authentication: Authentication,
    accept_plain: bool,
    relay: bool,
    zone: Zone,
}

/// One meter's intake.
pub struct Intake {
    deframer: Deframer<LONGEST_FRAME>,
    judge: Judge,
}

/// All but the buffer: a frame in the buffer is judged while it lies there.
struct Judge {
    rules: Rules,
    marks: [Mark; MARKS],
    last: Option<i64>,
    counters: Counters,
}

impl Intake {
    /// By these settings, going on from these marks.
    #[inline(never)]
    pub fn new(settings: &Settings, marks: [Mark; MARKS]) -> Self {
        let key = settings.key(Name::MeterKey);
        let authentication = match (settings.text(Name::Authentication), settings.key(Name::AuthenticationKey)) {
            ("unchecked", _) => Authentication::Unchecked,
            ("given", Some(key)) => Authentication::Given(key),
            _ => Authentication::Standard,
        };
        let rules = Rules {
            accept_plain: settings.is_on(Name::AcceptPlain) || key.is_none(),
            key,
            authentication,
            relay: settings.is_on(Name::Relay),
            zone: settings.zone(),
        };
        let judge = Judge { rules, marks, last: None, counters: Counters::default() };
        Self { deframer: Deframer::new(), judge }
    }

    /// How often what happened.
    pub fn counters(&self) -> &Counters {
        &self.judge.counters
    }

    /// Whether a frame is begun and not finished.
    pub fn is_waiting(&self) -> bool {
        self.deframer.pending() > 0
    }

    /// Takes bytes; `take` gets what they complete. `now`: UTC as this board knows it.
    pub fn feed(&mut self, bytes: &[u8], now: Option<i64>, take: &mut impl FnMut(Found<'_>)) {
        self.judge.counters.bytes = self.judge.counters.bytes.wrapping_add(bytes.len() as u32);
        let mut rest = bytes;
        loop {
            let (used, progress) = self.deframer.feed(rest);
            rest = &rest[used..];
            let counters = &mut self.judge.counters;
            match progress {
                Progress::Pending if rest.is_empty() => return,
                Progress::Pending => {}
                Progress::Frame => self.frame(now, take),
                Progress::Noise(bytes) => counters.noise = counters.noise.wrapping_add(bytes as u32),
                Progress::BadLength => counters.noise = counters.noise.wrapping_add(1),
                Progress::Overflow => counters.overflow += 1,
            }
        }
    }

    /// Half a second has passed without a byte: what is begun will not be finished.
    pub fn silence(&mut self, now: Option<i64>, take: &mut impl FnMut(Found<'_>)) {
        while self.deframer.abandon() {
            self.judge.counters.abandoned += 1;
            self.feed(&[], now, take);
        }
    }

    fn frame(&mut self, now: Option<i64>, take: &mut impl FnMut(Found<'_>)) {
        self.judge.counters.frames += 1;
        if self.judge.rules.relay && self.deframer.frame_bytes().first() == Some(&0xDB) {
            take(Found::Sealed(self.deframer.frame_bytes()));
            // Whether it is one only its tag proves, and that is for who has the key. Noise that looks like a start is
            // given up in the silence between two telegrams.
            self.judge.counters.telegrams += 1;
            return self.deframer.accept();
        }
        let good = match self.deframer.frame() {
            Frame::Foreign(_) => {
                self.judge.counters.foreign += 1;
                true
            }
            Frame::Plain(text) => self.judge.plain(text, now, take),
            Frame::Sealed(frame) => self.judge.sealed(frame, now, take),
        };
        if good { self.deframer.accept() } else { self.deframer.reject() }
    }
}

impl Judge {
    /// Whether the frame ends where it was thought to.
    fn plain(&mut self, text: &[u8], now: Option<i64>, take: &mut impl FnMut(Found<'_>)) -> bool {
        let telegram = match Telegram::parse(text) {
            Ok(telegram) => telegram,
            Err(error) => {
                self.refuse(error);
                return false;
            }
        };
        if telegram.crc().is_none() {
            self.counters.crc_mismatch += 1;
        } else if self.rules.accept_plain {
            self.arrive(telegram, None, Vouched::Plain, now, take);
        } else {
            self.counters.plain_refused += 1;
        }
        true
    }

    fn sealed(
        &mut self,
        mut frame: smarty_p1::SealedFrame<'_>,
        now: Option<i64>,
        take: &mut impl FnMut(Found<'_>),
    ) -> bool {
        let Some(key) = &self.rules.key else {
            self.counters.tag_mismatch += 1;
            return false;
        };
        let vouched = match frame.open(key, &self.rules.authentication) {
            Ok(Proof::Tag) => Vouched::Tag,
            Ok(Proof::Crc) => Vouched::Crc,
            Err(error) => {
                let counters = &mut self.counters;
                *match error {
                    OpenError::TagMismatch | OpenError::NotATelegram => &mut counters.tag_mismatch,
                    OpenError::AuthenticationKeyDiffers => &mut counters.authentication_key_differs,
                    OpenError::SecurityControl(_) => &mut counters.security_control,
                } += 1;
                return false;
            }
        };
        let (title, counter) = (frame.system_title(), frame.frame_counter());
        let mut whose = [0; 12];
        whose[..8].copy_from_slice(&title);
        whose[8..].copy_from_slice(&key.check_value());
        match Telegram::parse(frame.into_text()) {
            Ok(telegram) => self.arrive(telegram, Some((title, whose, counter)), vouched, now, take),
            Err(error) => self.refuse(error),
        }
        true
    }

    fn refuse(&mut self, error: TelegramError) {
        match error {
            TelegramError::NotATelegram => self.counters.not_a_telegram += 1,
            TelegramError::CrcMismatch { .. } => self.counters.crc_mismatch += 1,
        }
    }

    fn arrive(
        &mut self,
        telegram: Telegram<'_>,
        seal: Option<([u8; 8], [u8; 12], u32)>,
        vouched: Vouched,
        now: Option<i64>,
        take: &mut impl FnMut(Found<'_>),
    ) {
        let reading = Reading::of(&telegram);
        let Some(time) = self.time(reading.time, now) else {
            self.counters.without_time += 1;
            return;
        };
        if let Some((_, whose, counter)) = seal
            && let Some(known) = self.is_old(whose, counter, time)
        {
            *if known.time == time { &mut self.counters.duplicate } else { &mut self.counters.replay } += 1;
            return;
        }
        self.last = Some(time);
        self.counters.telegrams += 1;
        let title = seal.map(|(title, ..)| title);
        take(Found::Arrival(&Arrival { telegram, reading, time, title, vouched, marks: &self.marks }));
    }

    /// The meter's time in UTC; ours where it has none or one that cannot be.
    fn time(&self, stamp: Option<Timestamp>, now: Option<i64>) -> Option<i64> {
        let time = self.rules.zone.resolve(stamp, self.last);
        match now {
            Some(now) => time.filter(|time| time.saturating_sub(now) <= TOO_FAR).or(Some(now)),
            None => time,
        }
    }

    /// What is neither newer by counter nor by time is old; the mark keeps the highest of both, as in the daemon.
    fn is_old(&mut self, whose: [u8; 12], counter: u32, time: i64) -> Option<Mark> {
        let known = self.marks.iter().position(|mark| mark.whose == whose);
        let oldest = || self.marks.iter().enumerate().min_by_key(|(_, mark)| mark.time).map_or(0, |(index, _)| index);
        let mark = &mut self.marks[known.unwrap_or_else(oldest)];
        if known.is_none() {
            *mark = Mark { whose, counter, time };
            return None;
        }
        let old = counter <= mark.counter && time <= mark.time;
        *mark = Mark { whose, counter: counter.max(mark.counter), time: time.max(mark.time) };
        old.then_some(*mark)
    }
}

impl Zone {
    /// UTC of a meter's stamp. The letter is believed; without one the zone's rule decides.
    pub(crate) fn resolve(self, stamp: Option<Timestamp>, last: Option<i64>) -> Option<i64> {
        match stamp? {
            Timestamp::Invalid => None,
            Timestamp::Valid(_, Some(_)) => stamp?.utc(self.standard),
            Timestamp::Valid(civil, None) => Some(self.utc(civil, last)),
        }
    }
}
