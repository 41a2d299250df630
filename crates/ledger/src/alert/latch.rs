//! Latch: begin and over with hysteresis, never the same twice.

use super::event::State;
use super::settings::Patience;

/// How something looks in one reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// Wrong.
    Wrong,
    /// Not wrong, but not right for certain: too near the limit.
    Near,
    /// Right.
    Right,
}

/// Whether an alert is open.
#[derive(Clone, Debug)]
pub(super) struct Latch {
    /// Wrong readings one after the other, while it is not open.
    wrong: u16,
    /// Since when it is open.
    since: Option<i64>,
    /// When it was last said.
    said: i64,
    /// Since when everything is right, while it is open.
    calm: Option<i64>,
}

impl Latch {
    pub(super) const EMPTY: Self = Self { wrong: 0, since: None, said: 0, calm: None };

    pub(super) const fn since(&self) -> Option<i64> {
        self.since
    }

    /// Takes what a reading looks like; answers what is to be said, and since when it was open.
    pub(super) fn see(
        &mut self,
        time: i64,
        sight: Sight,
        patience: &Patience,
        again_s: Option<i64>,
    ) -> Option<(State, i64)> {
        let Some(since) = self.since else {
            self.wrong = if sight == Sight::Wrong { self.wrong.saturating_add(1) } else { 0 };
            if self.wrong < patience.readings.max(1) {
                return None;
            }
            *self = Self { wrong: 0, since: Some(time), said: time, calm: None };
            return Some((State::Begin, time));
        };
        // A clock that was put back: what is measured in time begins anew.
        self.said = self.said.min(time);
        if sight == Sight::Right {
            let calm = self.calm.map_or(time, |calm| calm.min(time));
            self.calm = Some(calm);
            if time.saturating_sub(calm) >= patience.calm_s {
                return self.end();
            }
        } else {
            self.calm = None;
        }
        if again_s.is_some_and(|again| time.saturating_sub(self.said) >= again.max(1)) {
            self.said = time;
            return Some((State::Still, since));
        }
        None
    }

    /// It is over for another reason.
    pub(super) fn end(&mut self) -> Option<(State, i64)> {
        let since = self.since?;
        *self = Self::EMPTY;
        Some((State::Over, since))
    }
}
