//! Evidence: what was seen on a line, in a bounded space, and the causes that follow from it.

use smarty_p1::Foreign;

use super::Cause;
use super::event::{Event, When};
use super::look::{Appearance, Look};
use super::pace::{Follows, Good, Pace};
use super::shape::Shape;
use super::tally::{Counts, Tally};

/// So many failures in a row are no chance any more.
const NOT_BY_CHANCE: u32 = 3;
/// So many bytes without a frame are no cut-off telegram any more.
const MUCH_NOISE: usize = 300;
/// Where there are good telegrams, damaged ones leave noise behind, too. This is more than a damaged one.
const NO_DAMAGE: usize = 2500;
/// Of so many telegrams one that is damaged is the weather.
const WEATHER: u32 = 100;
/// The clocks of meter and machine may differ by this much, seconds.
pub(crate) const DRIFT: i64 = 60;

/// What is known of the line beforehand.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What people recognise it by.
    pub target: String,
    /// Bits a second; 115200 where there is no such setting.
    pub baud: u32,
    /// Bytes come when the meter sends them, not all at once from a file.
    pub timed: bool,
    /// What is wrong with the configured key, if anything is.
    pub key: Option<Cause>,
}

/// What has been going wrong without a good telegram in between.
#[derive(Debug, Default)]
struct Run {
    noise: usize,
    foreign: Option<Foreign>,
    without_key: Option<[u8; 8]>,
    unusable_key: bool,
    security_control: Option<(u8, u32)>,
    authentication: Option<[u8; 8]>,
    unopened: Option<([u8; 8], u32)>,
    whose: Option<String>,
    checksum_inside: u32,
    damaged: u32,
    without_checksum: bool,
    plain_refused: bool,
}

/// What was seen on a line.
#[derive(Debug)]
pub struct Evidence {
    settings: Settings,
    /// Nothing is forgotten: a span is looked at, not a life.
    whole: bool,
    look: Look,
    shape: Shape,
    run: Run,
    tally: Tally,
    pace: Pace,
    foreign: Option<Foreign>,
    /// Frames of our own meter that stayed shut or broke off since the last good one.
    hurt: u32,
    /// The title that the last good frame bore.
    opened: Option<[u8; 8]>,
    /// A meter that is not configured.
    unknown: Option<String>,
    /// The title that is not ours and comes most often, and how much more often than others.
    strange: Option<([u8; 8], u32)>,
    last_byte: Option<i64>,
}

impl Evidence {
    /// Nothing seen yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            look: Look::default(),
            shape: Shape::default(),
            run: Run::default(),
            tally: Tally::new(true),
            pace: Pace::default(),
            foreign: None,
            hurt: 0,
            opened: None,
            unknown: None,
            strange: None,
            last_byte: None,
            whole: false,
            settings,
        }
    }

    /// What is listened to, for people.
    pub fn target(&self) -> &str {
        &self.settings.target
    }

    /// Nothing is forgotten from here on: a span is looked at, not a life.
    pub fn remember_all(&mut self) {
        self.whole = true;
        self.tally = Tally::new(false);
    }

    /// Whether bytes are worth a look: none was good yet, or something was wrong not long ago.
    pub fn wants_bytes(&self) -> bool {
        let counts = self.tally.sum();
        counts.good == 0 || counts.damaged > 0 || self.run.noise > 0 || self.run.unopened.is_some() || self.hurt > 0
    }

    /// Takes bytes as they came, good or not. Only as long as [`Evidence::wants_bytes`].
    pub fn hear(&mut self, bytes: &[u8], now: i64) {
        if !bytes.is_empty() {
            self.last_byte = Some(now);
            self.look.hear(bytes, if self.settings.timed { now } else { 0 });
            self.shape.hear(bytes);
        }
    }

    /// Half a second without a byte.
    pub fn pause(&mut self) {
        self.shape.pause();
    }

    /// Takes what became of the bytes. `now`: this machine's seconds. True: something is wrong.
    pub fn take(&mut self, event: Event<'_>, now: i64) -> bool {
        let run = &mut self.run;
        match event {
            Event::Good(good) => {
                self.good(&good, now);
                return false;
            }
            Event::Again => self.tally.count(|counts| counts.again += 1),
            Event::Replayed => self.tally.count(|counts| counts.replayed += 1),
            Event::Foreign(protocol) => {
                run.foreign = Some(protocol);
                self.foreign = Some(protocol);
                self.tally.count(|counts| counts.foreign += 1);
            }
            Event::WithoutKey(title, true) => {
                run.without_key = Some(title);
                self.unopened(title);
            }
            Event::WithoutKey(_, false) => run.unusable_key = true,
            Event::SecurityControl(control) => {
                run.security_control = Some((control, 1 + run.security_control.map_or(0, |(_, frames)| frames)));
            }
            Event::AuthenticationKeyDiffers(title) => run.authentication = Some(title),
            Event::Unopened(title, whose) => {
                run.unopened = Some((title, 1 + run.unopened.map_or(0, |(_, frames)| frames)));
                run.whose = whose.or_else(|| run.whose.take());
                run.security_control = None;
                self.unopened(title);
            }
            Event::ChecksumInside => run.checksum_inside += 1,
            Event::WrongChecksum => {
                run.damaged += 1;
                self.tally.count(|counts| counts.damaged += 1);
            }
            Event::WithoutChecksum => run.without_checksum = true,
            Event::PlainRefused => {
                run.plain_refused = true;
                self.tally.count(|counts| counts.plain_refused += 1);
            }
            Event::UnknownMeter(equipment) => {
                self.unknown = Some(equipment.to_string());
                self.tally.count(|counts| counts.unknown += 1);
            }
            // At its end a capture mostly breaks off.
            Event::Abandoned if !self.settings.timed => return false,
            Event::Abandoned => self.hurt += 1,
            Event::Noise(bytes) => run.noise = run.noise.saturating_add(bytes),
        }
        self.pace.disturb();
        true
    }

    /// No key opens it. From our own meter it is damage, from another one it has a name.
    fn unopened(&mut self, title: [u8; 8]) {
        if self.opened == Some(title) {
            self.hurt += 1;
            return;
        }
        self.tally.count(|counts| counts.strange += 1);
        // The majority of a stream in one counter (Boyer and Moore): chance has many names.
        self.strange = match self.strange {
            Some((strange, more)) if strange == title => Some((title, more.saturating_add(1))),
            Some((strange, more)) if more > 1 => Some((strange, more - 1)),
            _ => Some((title, 1)),
        };
    }

    fn good(&mut self, good: &Good<'_>, now: i64) {
        let follows = self.pace.good(good, self.settings.timed.then_some(now));
        self.tally.count(|counts| match follows {
            Follows::Again => counts.again += 1,
            Follows::Replayed => counts.replayed += 1,
            Follows::On => counts.good += 1,
            Follows::CounterBack(from, to) => {
                counts.good += 1;
                counts.counter_back += 1;
                counts.counters = (from, to);
            }
            Follows::RegisterBack(from, to) => {
                counts.good += 1;
                counts.register_back += 1;
                counts.registers = (from, to);
            }
        });
        // Now that one is good again, they were damage.
        let hurt = std::mem::take(&mut self.hurt);
        self.tally.count(|counts| counts.damaged += hurt);
        self.opened = good.title.or(self.opened);
        self.run = Run::default();
        self.look.clear();
        let counts = self.tally.sum();
        if counts.strange == 0 {
            self.strange = None;
        }
        if !self.whole && counts.damaged == 0 {
            self.shape.clear();
        }
    }

    /// What is wrong, most probable first; nothing: healthy.
    pub fn causes(&self, when: When) -> Vec<Cause> {
        let mut causes = Vec::new();
        let counts = self.tally.sum();
        let end = when != When::Meanwhile;
        // Where nothing was ever good, and nothing more will come, once has to be enough.
        let enough = if end && counts.good == 0 { 1 } else { NOT_BY_CHANCE };
        if self.last_byte.is_none() && end {
            return self.settings.key.clone().into_iter().collect();
        }
        let look = self.look_of_noise(end, counts.good);
        if let Some(look @ (Appearance::Inverted | Appearance::SevenBits | Appearance::Slow)) = look {
            // A look of its own explains whatever chance frames were found in it.
            causes.push(self.of_the_look(look));
        } else {
            self.of_the_line(&mut causes, enough, counts.good);
            self.of_the_key(&mut causes, enough, end);
            self.of_the_text(&mut causes, enough, &counts);
            causes.extend(look.filter(|_| causes.is_empty()).map(|look| self.of_the_look(look)));
        }
        if end {
            causes.extend(self.settings.key.clone());
        }
        if counts.good > 0 {
            self.of_good_telegrams(&mut causes, when);
        }
        let mut said = Vec::new();
        causes.retain(|cause| {
            let new = !said.contains(&cause.code());
            said.push(cause.code());
            new
        });
        causes
    }

    /// What the line does to frames.
    fn of_the_line(&self, causes: &mut Vec<Cause>, enough: u32, good: u32) {
        causes.extend(self.run.foreign.map(Cause::Foreign));
        // Twice at the same place is a buffer, where nothing else is known.
        if let Some(bytes) = self.shape.always_cut_at(1 + enough.min(2) as usize)
            && good < self.shape.cut
        {
            causes.push(Cause::CutShort { bytes, frames: self.shape.cut });
        }
        if self.shape.split >= enough.min(2) {
            causes.push(Cause::Split { frames: self.shape.split });
        }
    }

    /// What keeps frames shut.
    fn of_the_key(&self, causes: &mut Vec<Cause>, enough: u32, end: bool) {
        let run = &self.run;
        if end && run.unusable_key {
            causes.extend(self.settings.key.clone());
        }
        causes.extend(run.without_key.map(|title| Cause::SealedWithoutKey { title }));
        // Inside of frames that stayed shut, chance makes some.
        let shut = run.unopened.map_or(0, |(_, frames)| frames);
        if let Some((control, frames)) = run.security_control
            && frames >= enough
            && frames > shut
        {
            causes.push(Cause::SecurityControl { control });
        }
        causes.extend(run.authentication.map(|title| Cause::AuthenticationKeyDiffers { title }));
        let Some((title, frames)) = run.unopened.filter(|(_, frames)| *frames >= enough) else { return };
        causes.push(match &run.whose {
            Some(whose) => Cause::KeyOfAnotherMeter { title, whose: whose.clone() },
            None => Cause::WrongKey { title, frames: if end { frames } else { about(frames) } },
        });
    }

    /// What is wrong with texts.
    fn of_the_text(&self, causes: &mut Vec<Cause>, enough: u32, counts: &Counts) {
        let run = &self.run;
        // Broken off here and there is damage, too.
        let here_and_there = counts.good == 0 && causes.is_empty();
        let damaged = run.damaged + if here_and_there { self.shape.cut } else { 0 };
        if run.checksum_inside >= enough {
            let frames = run.checksum_inside;
            causes.push(Cause::ChecksumInside { frames: if enough == 1 { frames } else { about(frames) } });
        }
        if run.plain_refused {
            causes.push(Cause::PlainRefused);
        }
        if run.without_checksum {
            causes.push(Cause::WithoutChecksum);
        }
        if damaged >= enough {
            causes.push(Cause::Damaged { frames: if enough == 1 { damaged } else { about(damaged) } });
        }
        let unknown = self.unknown.clone().filter(|_| counts.unknown > 0);
        causes.extend(unknown.map(|equipment| Cause::UnknownMeter { equipment }));
    }

    /// What bytes look like that are no frames at all, if there are enough of them.
    fn look_of_noise(&self, end: bool, good: u32) -> Option<Appearance> {
        let Settings { baud, timed, .. } = self.settings;
        let much = if end && good == 0 { 1 } else { MUCH_NOISE };
        let look = (self.run.noise >= much).then(|| self.look.appearance(baud, timed))?;
        let telling = matches!(look, Appearance::Inverted | Appearance::SevenBits | Appearance::Slow);
        (telling || good == 0 || self.run.noise >= NO_DAMAGE).then_some(look)
    }

    fn of_the_look(&self, look: Appearance) -> Cause {
        let target = self.settings.target.clone();
        match look {
            Appearance::Inverted => Cause::Inverted { target },
            Appearance::SevenBits => Cause::SevenBits { target },
            Appearance::Slow | Appearance::Fast => Cause::WrongSpeed { target, baud: self.settings.baud },
            Appearance::Text => Cause::Garbage { target, text: true },
            Appearance::Noise => Cause::Garbage { target, text: false },
        }
    }

    /// What is odd though telegrams are good.
    fn of_good_telegrams(&self, causes: &mut Vec<Cause>, when: When) {
        let counts = self.tally.sum();
        if let Some((title, frames)) = self.strange.filter(|(_, frames)| *frames >= NOT_BY_CHANCE)
            && !causes.iter().any(|cause| matches!(cause, Cause::WrongKey { .. } | Cause::KeyOfAnotherMeter { .. }))
        {
            causes.push(Cause::OtherMeter { title, frames });
        }
        causes.extend(self.foreign.filter(|_| counts.foreign > 0).map(Cause::Foreign));
        if counts.plain_refused > 0 {
            causes.push(Cause::PlainRefused);
        }
        if counts.again >= NOT_BY_CHANCE && counts.again * 3 >= counts.good {
            causes.push(Cause::Doubled { frames: counts.again, of: counts.good });
        }
        let (damaged, of) = (counts.damaged, counts.frames());
        let noise = (damaged >= 2 && damaged * WEATHER >= of) || (damaged >= 1 && damaged * 10 >= of);
        let noise = noise.then_some(Cause::LineNoise { damaged, of });
        let replayed = (counts.replayed > 0).then_some(Cause::Replayed);
        let (more, less) = if damaged > counts.replayed { (noise, replayed) } else { (replayed, noise) };
        causes.extend(more);
        causes.extend(less);
        if counts.counter_back > 0 {
            let (from, to) = counts.counters;
            causes.push(Cause::CounterBack { from, to });
        }
        let now = match when {
            When::Meanwhile => None,
            When::AtTheEnd(now) => self.settings.timed.then_some(now),
        };
        causes.extend(self.pace.seldom(2, now).map(|seconds| Cause::Seldom { seconds }));
        // While the line goes on, the store's gate says this of registers, and the intake this of the clock.
        if when != When::Meanwhile {
            if counts.register_back > 0 {
                let (from_wh, to_wh) = counts.registers;
                causes.push(Cause::RegisterBack { from_wh, to_wh });
            }
            let off = self.pace.drift.filter(|drift| drift.abs() > DRIFT);
            causes.extend(off.map(|drift| Cause::ClockOff { seconds: drift / 10 * 10 }));
        }
    }

    /// Nothing more will come: what is begun is at its end.
    pub fn end(&mut self) {
        self.shape.end();
    }
}

/// Rounded down to 3, 10, 30, 100 …, so that a sentence does not change with every telegram.
fn about(frames: u32) -> u32 {
    let mut round = frames.min(NOT_BY_CHANCE);
    for next in [10, 30, 100, 300, 1000, 10_000, 100_000] {
        if frames >= next {
            round = next;
        }
    }
    round
}
