//! Change: a breaker, relay or threshold that is not as it was.

use smarty_p1::Quantity;

use super::event::{Code, Event, Facts, State};
use super::latch::{Latch, Sight};
use super::settings::StateRule;

/// One state.
#[derive(Clone, Debug)]
pub(super) struct Change {
    latch: Latch,
    /// What is usual.
    usual: Option<i64>,
    /// What it is now, and since when.
    now: Option<(i64, i64)>,
}

impl Change {
    pub(super) const EMPTY: Self = Self { latch: Latch::EMPTY, usual: None, now: None };

    /// What is watched, and how it is called.
    pub(super) const WATCHED: [(Quantity, Code); 6] = [
        (Quantity::BreakerState, Code::BreakerChanged),
        (Quantity::Relay1State, Code::Relay1Changed),
        (Quantity::Relay2State, Code::Relay2Changed),
        (Quantity::ActiveThreshold, Code::LimiterChanged),
        (Quantity::CurrentThresholdImport, Code::CurrentThresholdChanged),
        (Quantity::FuseThreshold, Code::FuseThresholdChanged),
    ];

    pub(super) fn remember(&mut self, value: Option<i64>) {
        self.usual = self.usual.or(value);
    }

    pub(super) fn feed(
        &mut self,
        code: Code,
        rule: &StateRule,
        again_s: Option<i64>,
        time: i64,
        value: i64,
        emit: &mut impl FnMut(Event),
    ) {
        let usual = *self.usual.get_or_insert(value);
        let since = match self.now {
            Some((known, since)) if known == value => since.min(time),
            _ => time,
        };
        self.now = Some((value, since));
        let sight = if value == usual { Sight::Right } else { Sight::Wrong };
        let mut said = self.latch.see(time, sight, &rule.patience, again_s);
        // It stays so: that is what is usual now. What has just begun is said first.
        let begins = matches!(said, Some((State::Begin, _)));
        let stays = value != usual && time.saturating_sub(since) >= rule.settled_s.max(1);
        if stays && !begins && self.latch.since().is_some() {
            self.usual = Some(value);
            said = self.latch.end();
        }
        let Some((state, since)) = said else { return };
        let Some(quantity) = Self::WATCHED.iter().find(|(_, known)| *known == code).map(|(quantity, _)| *quantity)
        else {
            return;
        };
        let facts = Facts::Change { quantity, before: usual, value };
        emit(Event { code, phase: None, state, time, since, facts });
    }
}
