//! Merger: from the members' readings, as they arrive, to rounds: one reading of each member, for one moment.
//!
//! It knows times only; what is summed is the caller's. No clock, no IO, and never more than [`LONGEST`] readings a member.
//!
//! A member's times rise; members interleave as they like, and each moment is asked once the slowest of them has passed
//! it. A round is made at each border of a quarter-hour that was measured by all, and otherwise when every member has
//! said something new. The time of a round is that of its oldest reading, so that the accounts judge a sum by its
//! weakest part: with the accounts' own margin a border of the sum is measured exactly where it is measured of each
//! member, and the energy between two such borders is the sum of theirs to the watt-hour. Because of that no reading from
//! behind a border may stand in a round whose time is before it.

use std::collections::VecDeque;

use smarty_ledger::QUARTER;

/// So many readings of a member wait for the others at most. Beyond it those go first that stand at no border.
pub const LONGEST: usize = 256;
/// Years 1970 to 9999, as in the accounts.
const TIMES: std::ops::Range<i64> = 0..253_402_300_800;

/// One reading of each member.
#[derive(Debug)]
pub struct Round<'a, T> {
    /// Of the oldest reading, UTC seconds; of a round at a border that border. Rises from round to round.
    pub time: i64,
    /// The moment: each reading is its member's last at or before it. At most the margin behind `time`.
    pub at: i64,
    /// By member.
    pub parts: &'a [&'a T],
}

impl<T> Round<'_, T> {
    /// Whether it was made for the border of a quarter-hour.
    pub const fn is_border(&self) -> bool {
        self.time == self.at && self.at.rem_euclid(QUARTER) == 0
    }
}

#[derive(Clone, Debug)]
struct Held<T> {
    time: i64,
    /// When the member's next reading came, kept or not: from then on this one says nothing.
    until: i64,
    what: T,
}

/// The readings of all members that may still be needed.
#[derive(Clone, Debug)]
pub struct Merger<T> {
    members: Vec<VecDeque<Held<T>>>,
    margin: i64,
    /// The moment of the last round.
    done: i64,
}

impl<T> Merger<T> {
    /// For so many members. `margin`: how old, in seconds, a reading may be at the moment of its round. `done`: the moment
    /// of the last round before; nothing at or before it is made again.
    pub fn new(members: usize, margin: i64, done: Option<i64>) -> Self {
        let members = (0..members).map(|_| VecDeque::new()).collect();
        Self { members, margin, done: done.unwrap_or(i64::MIN) }
    }

    /// The newest reading of a member.
    pub fn newest(&self, member: usize) -> Option<&T> {
        self.members.get(member)?.back().map(|held| &held.what)
    }

    /// How many readings are held.
    pub fn len(&self) -> usize {
        self.members.iter().map(VecDeque::len).sum()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes a reading of a member, and makes the rounds that it completes. False: its time is not after that of the
    /// member's last, and nothing has changed.
    pub fn take(&mut self, member: usize, time: i64, what: T, emit: impl FnMut(&Round<'_, T>)) -> bool {
        let Some(queue) = self.members.get_mut(member).filter(|_| TIMES.contains(&time)) else { return false };
        if let Some(newest) = queue.back_mut() {
            if time <= newest.time {
                return false;
            }
            newest.until = time;
        }
        queue.push_back(Held { time, until: i64::MAX, what });
        if queue.len() > LONGEST {
            // The newest always stays.
            let free = queue.iter().take(LONGEST).position(|held| !stands_at_border(held, self.margin));
            queue.remove(free.unwrap_or(0));
        }
        // Behind this moment somebody may still say something.
        let Some(watermark) = self.watermark() else { return true };
        self.look(watermark, emit);
        for queue in &mut self.members {
            while queue.front().is_some_and(|held| held.until <= watermark) {
                queue.pop_front();
            }
        }
        true
    }

    /// The members' readings at a moment, and the time of the oldest. `None` while one is not there.
    pub fn at(&self, moment: i64) -> Option<(Vec<&T>, i64)> {
        let mut oldest = i64::MAX;
        let parts = self.members.iter().map(|queue| {
            let held = queue.iter().find(|held| held.time <= moment && moment < held.until)?;
            oldest = oldest.min(held.time);
            Some(&held.what)
        });
        let parts = parts.collect::<Option<Vec<&T>>>()?;
        (moment.saturating_sub(oldest) <= self.margin).then_some((parts, oldest))
    }

    fn watermark(&self) -> Option<i64> {
        let newest = self.members.iter().map(|queue| queue.back().map(|held| held.time));
        newest.min().flatten()
    }

    fn look(&mut self, watermark: i64, mut emit: impl FnMut(&Round<'_, T>)) {
        // A border that all have measured was measured by the first.
        let near = self.members.first().into_iter().flatten().filter(|held| stands_at_border(held, self.margin));
        let borders: Vec<i64> = near.map(|held| border_from(held.time)).collect();
        for border in borders {
            if border <= self.done || border > watermark {
                continue;
            }
            if let Some((parts, _)) = self.at(border) {
                emit(&Round { time: border, at: border, parts: &parts });
                self.done = border;
            }
        }
        let after = self.done.max(watermark.div_euclid(QUARTER) * QUARTER);
        if let Some((parts, oldest)) = self.at(watermark)
            && oldest > after
        {
            emit(&Round { time: oldest, at: watermark, parts: &parts });
            self.done = watermark;
        }
    }
}

/// The first border at or after a time.
const fn border_from(time: i64) -> i64 {
    (time + QUARTER - 1).div_euclid(QUARTER) * QUARTER
}

/// Whether this is the reading by which the border behind it is measured.
const fn stands_at_border<T>(held: &Held<T>, margin: i64) -> bool {
    let border = border_from(held.time);
    border < held.until && border - held.time <= margin
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Feeds `(member, time)` and answers the rounds as `(time, at, times of the parts)`.
    fn rounds(members: usize, readings: &[(usize, i64)]) -> Vec<(i64, i64, Vec<i64>)> {
        let mut merger = Merger::new(members, 30, None);
        let mut rounds = Vec::new();
        for &(member, time) in readings {
            merger.take(member, time, time, |round| {
                rounds.push((round.time, round.at, round.parts.iter().map(|part| **part).collect()));
            });
        }
        rounds
    }

    #[test]
    fn a_round_is_when_every_member_has_said_something_new() {
        let readings = [(0, 1000), (1, 1005), (0, 1010), (1, 1015), (0, 1020), (1, 1025), (0, 1030)];
        let found = rounds(2, &readings);
        assert_eq!(
            found,
            [(1000, 1005, vec![1000, 1005]), (1010, 1015, vec![1010, 1015]), (1020, 1025, vec![1020, 1025])]
        );
    }

    #[test]
    fn a_border_gets_the_last_readings_before_it() {
        let readings = [(0, 885), (1, 890), (0, 895), (0, 905), (1, 903)];
        assert_eq!(rounds(2, &readings), [(885, 890, vec![885, 890]), (900, 900, vec![895, 890])]);
    }

    #[test]
    fn a_border_that_one_has_not_measured_is_no_round_and_nothing_from_behind_it_looks_like_one() {
        // The second was silent from 860 on; the first alone was there at 895.
        let readings = [(0, 858), (1, 860), (0, 868), (0, 895), (0, 906), (1, 905), (0, 915), (1, 916)];
        assert_eq!(rounds(2, &readings), [(858, 860, vec![858, 860]), (905, 915, vec![915, 905])]);
    }

    #[test]
    fn what_comes_late_or_twice_changes_nothing() {
        let mut merger = Merger::new(1, 30, None);
        let mut times = Vec::new();
        for time in [100, 100, 90, 110, 100, i64::MAX, -5, 120] {
            merger.take(0, time, (), |round| times.push(round.time));
        }
        assert_eq!(times, [100, 110, 120]);
    }

    #[test]
    fn memory_stays_bounded_and_borders_stay() {
        let mut merger = Merger::new(2, 30, None);
        merger.take(1, 0, 0, |_| {});
        for time in (0..100 * QUARTER).step_by(10) {
            merger.take(0, time, time, |_| {});
            assert!(merger.len() <= LONGEST + 1);
        }
        let mut borders = 0;
        for time in (10..100 * QUARTER).step_by(10) {
            merger.take(1, time, time, |round| borders += i64::from(round.is_border()));
        }
        assert_eq!(borders, 99, "each was still known when the late one came");
    }
}
