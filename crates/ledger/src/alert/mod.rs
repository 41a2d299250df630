//! Alert: what a household wants to be told at once, judged reading by reading, each with hysteresis.
//!
//! | noun | what it is | module |
//! |---|---|---|
//! | [`Rules`] | the rules of one metering point and what is open | here |
//! | [`Event`] | an alert begins, is still there, or is over, with its figures | `event` |
//! | [`AlertSettings`] | every threshold | `settings` |
//! | `Latch` | begin and over, never twice the same | `latch` |
//! | `QuarterWatch`, `Level`, `Change`, `Silence` | the rules | `quarter`, `level`, `change`, `silence` |
//!
//! The law: of one [`Code`] and phase, begin and over alternate, and nothing else comes between but [`State::Still`],
//! where that is asked for.

mod change;
mod event;
mod latch;
mod level;
mod quarter;
mod settings;
mod silence;

use smarty_p1::{Quantity, Values};

use change::Change;
pub use event::{Code, Event, Facts, QuarterFacts, State};
use level::Level;
use quarter::QuarterWatch;
pub use settings::{AlertSettings, CurrentRule, Patience, QuarterRule, SilenceRule, StateRule, VoltageRule};
use silence::Silence;

const VOLTAGES: [Quantity; 3] = [Quantity::VoltageL1, Quantity::VoltageL2, Quantity::VoltageL3];
const CURRENTS: [Quantity; 3] = [Quantity::CurrentL1, Quantity::CurrentL2, Quantity::CurrentL3];

/// The quarter-hour that is running, as far as the rules care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuarterSoFar {
    /// Its first second, UTC.
    pub start: i64,
    /// The second after its last.
    pub end: i64,
    /// Import so far, Wh; where the beginning was not measured, since the first reading after it.
    pub energy_import_wh: Option<i64>,
    /// The reference power by the meter's contract, W.
    pub reference_w: Option<u32>,
}

/// What one reading says to the rules.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'a> {
    /// The meter's time, UTC seconds.
    pub time: i64,
    /// When it came, by the clock of [`Rules::age`]: the meter's may differ from that by hours.
    pub now: i64,
    /// The numbers that it sent.
    pub values: &'a Values,
    /// The quarter-hour that it falls into.
    pub quarter: QuarterSoFar,
}

/// The rules of one metering point. Constant size, constant work per reading.
#[derive(Clone, Debug)]
pub struct Rules {
    settings: AlertSettings,
    last: Option<i64>,
    quarter: QuarterWatch,
    low: [Level; 3],
    high: [Level; 3],
    current: [Level; 3],
    changes: [Change; Change::WATCHED.len()],
    silence: Silence,
}

impl Rules {
    /// Nothing seen, nothing open.
    pub fn new(settings: AlertSettings) -> Self {
        Self {
            settings,
            last: None,
            quarter: QuarterWatch::new(settings.quarter.map_or(1, |rule| rule.window_minutes)),
            low: [Level::EMPTY; 3],
            high: [Level::EMPTY; 3],
            current: [Level::EMPTY; 3],
            changes: [Change::EMPTY; Change::WATCHED.len()],
            silence: Silence::EMPTY,
        }
    }

    /// The states of an earlier reading, from before a restart: a change since then is a change.
    pub fn remember(&mut self, values: &Values) {
        for (change, (quantity, _)) in self.changes.iter_mut().zip(Change::WATCHED) {
            change.remember(values.get(quantity));
        }
    }

    /// Judges a reading. The same time twice is the same reading; a clock that was put back begins anew
    /// what is measured in time, and nothing that is open is said again.
    pub fn feed(&mut self, seen: &Observation<'_>, mut emit: impl FnMut(Event)) {
        if self.last == Some(seen.time) {
            return;
        }
        if self.last.is_some_and(|last| seen.time < last) {
            self.quarter.forget_power();
        }
        self.last = Some(seen.time);
        let again = self.settings.again_s;
        if let Some(rule) = &self.settings.quarter {
            self.quarter.feed(rule, seen, &mut emit);
        }
        if let Some(rule) = &self.settings.voltage {
            for (index, quantity) in VOLTAGES.into_iter().enumerate() {
                let Some(value) = seen.values.get(quantity) else { continue };
                let phase = index as u8 + 1;
                for (level, code, limit) in [
                    (&mut self.low[index], Code::VoltageLow, rule.low_mv),
                    (&mut self.high[index], Code::VoltageHigh, rule.high_mv),
                ] {
                    // A phase that was never there is not judged: meters of one phase send 0 V for the others.
                    if level.is_alive(value > rule.low_mv / 2) {
                        let bounds = level::Bounds { code, phase, limit, margin: rule.margin_mv };
                        level.feed(&bounds, &rule.patience, again, seen.time, value, &mut emit);
                    }
                }
            }
        }
        // Belgium's meters send their fuse (1-0:31.4.0); Luxembourg's the threshold of the current (1-1:31.4.0), 40 A
        // beside a limiter of 27.6 kVA: three times 230 V and the fuse.
        let told = [Quantity::FuseThreshold, Quantity::CurrentThresholdImport]
            .into_iter()
            .find_map(|quantity| seen.values.get(quantity).filter(|limit| *limit > 0));
        if let Some(rule) = &self.settings.current
            && let Some(limit) = rule.limit_ma.or(told).filter(|limit| *limit > 0)
        {
            for (index, quantity) in CURRENTS.into_iter().enumerate() {
                let Some(value) = seen.values.get(quantity) else { continue };
                let code = Code::CurrentHigh;
                let bounds = level::Bounds { code, phase: index as u8 + 1, limit, margin: rule.margin_ma };
                self.current[index].feed(&bounds, &rule.patience, again, seen.time, value.saturating_abs(), &mut emit);
            }
        }
        if let Some(rule) = &self.settings.state {
            for (change, (quantity, code)) in self.changes.iter_mut().zip(Change::WATCHED) {
                let Some(value) = seen.values.get(quantity).filter(|_| rule.watches(code)) else { continue };
                change.feed(code, rule, again, seen.time, value, &mut emit);
            }
        }
        if let Some(rule) = &self.settings.silence {
            self.silence.heard(rule, seen.now, &mut emit);
        }
    }

    /// Judges how long ago the last reading came, or the start where there was none, by a clock of the caller that is
    /// never put forward or back. To be called every few seconds. `now`: the caller's time of day, which silences are
    /// told by. `pace`: the usual seconds between two readings of a source that is slow by itself; it is waited for
    /// three of them.
    pub fn age(&mut self, now: i64, age_s: i64, pace: Option<i64>, mut emit: impl FnMut(Event)) {
        if let Some(last) = self.last {
            self.quarter.age(last.saturating_add(age_s), &mut emit);
        }
        if let Some(rule) = &self.settings.silence {
            self.silence.age(rule, self.settings.again_s, now, age_s, pace, &mut emit);
        }
    }
}
