//! Silence: no telegram for some time.

use super::event::{Code, Event, Facts, State};
use super::settings::SilenceRule;

/// The slowest pace that is waited for, s.
const SLOWEST: i64 = 3600;

/// Whether a meter is silent.
#[derive(Clone, Debug)]
pub(super) struct Silence {
    since: Option<i64>,
    said: i64,
    /// The longest pause.
    longest: i64,
    /// Readings since then, without such a pause between them.
    heard: u16,
}

impl Silence {
    pub(super) const EMPTY: Self = Self { since: None, said: 0, longest: 0, heard: 0 };

    /// A reading came.
    pub(super) fn heard(&mut self, rule: &SilenceRule, now: i64, emit: &mut impl FnMut(Event)) {
        let Some(since) = self.since else { return };
        self.heard = self.heard.saturating_add(1);
        if self.heard >= rule.readings.max(1) {
            let age_s = self.longest;
            *self = Self::EMPTY;
            emit(event(State::Over, now, since, age_s));
        }
    }

    pub(super) fn age(
        &mut self,
        rule: &SilenceRule,
        again_s: Option<i64>,
        now: i64,
        age_s: i64,
        pace: Option<i64>,
        emit: &mut impl FnMut(Event),
    ) {
        let patience = pace.map_or(rule.after_s, |pace| rule.after_s.max(pace.clamp(0, SLOWEST) * 3));
        if age_s < patience {
            return;
        }
        self.heard = 0;
        self.longest = self.longest.max(age_s);
        let Some(since) = self.since else {
            let since = now.saturating_sub(age_s);
            self.since = Some(since);
            self.said = now;
            emit(event(State::Begin, now, since, age_s));
            return;
        };
        self.said = self.said.min(now);
        if again_s.is_some_and(|again| now.saturating_sub(self.said) >= again.max(1)) {
            self.said = now;
            emit(event(State::Still, now, since, age_s));
        }
    }
}

const fn event(state: State, time: i64, since: i64, age_s: i64) -> Event {
    Event { code: Code::NoTelegrams, phase: None, state, time, since, facts: Facts::Silence { age_s } }
}
