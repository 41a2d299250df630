//! Quarter: the warning before a quarter-hour exceeds the reference power, while something can still be switched off.

use smarty_p1::Quantity;

use super::event::{Code, Event, Facts, QuarterFacts, State};
use super::settings::QuarterRule;
use super::{Observation, QuarterSoFar};
use crate::QUARTER;
use crate::quarter::Course;
use crate::window::Window;

/// A register of whole watt-hours is so much off at most, W·s.
const ROUNDING: i128 = 3600;

/// Watches the running quarter-hour.
#[derive(Clone, Debug)]
pub(super) struct QuarterWatch {
    minutes: u8,
    power: Window,
    /// The quarter-hour that was spoken of last, by its start: once is enough.
    said: Option<i64>,
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    since: i64,
    end: i64,
    /// As last known.
    facts: QuarterFacts,
}

impl QuarterWatch {
    pub(super) const fn new(minutes: u8) -> Self {
        Self { minutes, power: Window::new(minutes), said: None, open: None }
    }

    /// The clock was put back: nothing is known of the last minutes.
    pub(super) const fn forget_power(&mut self) {
        self.power = Window::new(self.minutes);
    }

    pub(super) fn feed(&mut self, rule: &QuarterRule, seen: &Observation<'_>, emit: &mut impl FnMut(Event)) {
        self.power.add(seen.time, seen.values.get(Quantity::PowerImport));
        let quarter = seen.quarter;
        if self.open.is_some_and(|open| open.facts.start != quarter.start) {
            self.end(emit);
        }
        let Some(reference_w) = rule.reference_w.or(quarter.reference_w) else { return };
        let Some((facts, projected)) = self.facts(reference_w, seen.time, &quarter) else { return };
        let allowed = i128::from(reference_w) * i128::from(QUARTER);
        if let Some(open) = &mut self.open {
            open.facts = facts;
            if projected * 1000 < allowed * i128::from(rule.release_permille) {
                let since = open.since;
                self.open = None;
                emit(event(State::Over, seen.time, since, facts));
            }
            return;
        }
        if self.said == Some(quarter.start) || seen.time.saturating_sub(quarter.start) < rule.from_s {
            return;
        }
        let margin = allowed * i128::from(rule.margin_permille) / 1000;
        // What is imported already is no projection: there is no margin for it.
        let certain = i128::from(facts.energy_wh) * 3600 >= allowed + ROUNDING;
        if certain || projected > allowed + margin + ROUNDING {
            self.said = Some(quarter.start);
            self.open = Some(Open { since: seen.time, end: quarter.end, facts });
            emit(event(State::Begin, seen.time, seen.time, facts));
        }
    }

    /// Without readings the quarter-hour ends all the same.
    pub(super) fn age(&mut self, now: i64, emit: &mut impl FnMut(Event)) {
        if self.open.is_some_and(|open| now >= open.end) {
            self.end(emit);
        }
    }

    fn end(&mut self, emit: &mut impl FnMut(Event)) {
        let Some(Open { since, end, facts }) = self.open.take() else { return };
        emit(event(State::Over, end, since, QuarterFacts { left_s: 0, ..facts }));
    }

    /// The figures, and the projected energy in W·s.
    fn facts(&self, reference_w: u32, time: i64, quarter: &QuarterSoFar) -> Option<(QuarterFacts, i128)> {
        let course = Course::at(time, quarter.end, quarter.energy_import_wh?);
        let present_cw = course.present_cw(self.power.spread())?;
        let facts = QuarterFacts {
            start: quarter.start,
            reference_w,
            energy_wh: course.energy_wh(),
            projected_w: course.projected_w(present_cw),
            power_w: present_cw.saturating_add(50).div_euclid(100),
            allowed_w: course.allowed_w(reference_w),
            left_s: course.left_s(),
        };
        Some((facts, course.projected_ws(present_cw)))
    }
}

const fn event(state: State, time: i64, since: i64, facts: QuarterFacts) -> Event {
    Event { code: Code::QuarterExceeds, phase: None, state, time, since, facts: Facts::Quarter(facts) }
}
