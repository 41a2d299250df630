//! Tally: what became of the last frames, counted in two halves of which the older is forgotten.

/// So many frames make a half.
const HALF: u32 = 64;

/// Counts of frames.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) good: u32,
    pub(super) damaged: u32,
    /// Came a second time.
    pub(super) again: u32,
    pub(super) replayed: u32,
    pub(super) plain_refused: u32,
    /// Whole, of another protocol.
    pub(super) foreign: u32,
    /// Sealed, of another meter, and shut.
    pub(super) strange: u32,
    /// Good, of a meter that is not configured.
    pub(super) unknown: u32,
    /// The frame counter fell, and the last time from where to where.
    pub(super) counter_back: u32,
    pub(super) counters: (u32, u32),
    /// A register fell, and the last time from where to where, Wh.
    pub(super) register_back: u32,
    pub(super) registers: (i64, i64),
}

impl Counts {
    /// Frames that arrived, good or not.
    pub(super) fn frames(&self) -> u32 {
        self.good + self.damaged + self.unknown
    }

    fn with(self, older: &Self) -> Self {
        let latest = |mine: u32, pair, other| if mine > 0 { pair } else { other };
        Self {
            good: self.good + older.good,
            damaged: self.damaged + older.damaged,
            again: self.again + older.again,
            replayed: self.replayed + older.replayed,
            plain_refused: self.plain_refused + older.plain_refused,
            foreign: self.foreign + older.foreign,
            strange: self.strange + older.strange,
            unknown: self.unknown + older.unknown,
            counter_back: self.counter_back + older.counter_back,
            counters: latest(self.counter_back, self.counters, older.counters),
            register_back: self.register_back + older.register_back,
            registers: if self.register_back > 0 { self.registers } else { older.registers },
        }
    }
}

/// The counts of everything, or of the last frames.
#[derive(Debug)]
pub(super) struct Tally {
    now: Counts,
    before: Counts,
    forgets: bool,
}

impl Tally {
    /// One that forgets what is long over, or one that does not.
    pub(super) fn new(forgets: bool) -> Self {
        Self { now: Counts::default(), before: Counts::default(), forgets }
    }

    /// Counts.
    pub(super) fn count(&mut self, count: impl FnOnce(&mut Counts)) {
        if self.forgets && self.now.frames() >= HALF {
            self.before = std::mem::take(&mut self.now);
        }
        count(&mut self.now);
    }

    /// Both halves.
    pub(super) fn sum(&self) -> Counts {
        self.now.with(&self.before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_over_is_forgotten_unless_all_is_wanted() {
        let mut recent = Tally::new(true);
        let mut all = Tally::new(false);
        for tally in [&mut recent, &mut all] {
            tally.count(|counts| counts.damaged += 1);
            for _ in 0..63 {
                tally.count(|counts| counts.good += 1);
            }
            assert_eq!((tally.sum().damaged, tally.sum().frames()), (1, 64));
            for _ in 0..128 {
                tally.count(|counts| counts.good += 1);
            }
        }
        assert_eq!((recent.sum().damaged, recent.sum().good), (0, 128));
        assert_eq!((all.sum().damaged, all.sum().good), (1, 191));
    }
}
