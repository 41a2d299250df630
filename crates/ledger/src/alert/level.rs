//! Level: a voltage or current of one phase beyond its limit.

use super::event::{Code, Event, Facts};
use super::latch::{Latch, Sight};
use super::settings::Patience;

/// What one value should not pass.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) code: Code,
    pub(super) phase: u8,
    pub(super) limit: i64,
    pub(super) margin: i64,
}

impl Bounds {
    /// How far beyond the limit; negative inside.
    const fn beyond(&self, value: i64) -> i64 {
        match self.code {
            Code::VoltageLow => self.limit.saturating_sub(value),
            _ => value.saturating_sub(self.limit),
        }
    }
}

/// One value of one phase.
#[derive(Clone, Debug)]
pub(super) struct Level {
    latch: Latch,
    /// The farthest value of the wrong readings, or the last one.
    worst: Option<i64>,
    alive: bool,
}

impl Level {
    pub(super) const EMPTY: Self = Self { latch: Latch::EMPTY, worst: None, alive: false };

    /// Whether the phase has ever been there.
    pub(super) const fn is_alive(&mut self, now: bool) -> bool {
        self.alive |= now;
        self.alive
    }

    pub(super) fn feed(
        &mut self,
        bounds: &Bounds,
        patience: &Patience,
        again_s: Option<i64>,
        time: i64,
        value: i64,
        emit: &mut impl FnMut(Event),
    ) {
        let beyond = bounds.beyond(value);
        let sight = match beyond {
            1.. => Sight::Wrong,
            _ if beyond <= -bounds.margin.max(0) => Sight::Right,
            _ => Sight::Near,
        };
        // The first wrong reading counts too, though it is said with a later one.
        let fresh = self.latch.since().is_none() && sight != Sight::Wrong;
        let worst = self.worst.filter(|&worst| !fresh && bounds.beyond(worst) >= beyond).unwrap_or(value);
        self.worst = Some(worst);
        let Some((state, since)) = self.latch.see(time, sight, patience, again_s) else { return };
        let facts = Facts::Level { value, limit: bounds.limit, worst };
        emit(Event { code: bounds.code, phase: Some(bounds.phase), state, time, since, facts });
    }
}
