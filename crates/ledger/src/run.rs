//! Run: one register, from a first reading for as long as it only counts up.

use crate::entry::Reason;

/// A register's value at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) time: i64,
    pub(crate) value: i64,
}

/// What has been closed lately: the energy since then is the running part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Anchor {
    pub(crate) at: Point,
    /// `None`: a measured border. Otherwise the run began here, or its time was torn, for this reason.
    pub(crate) began: Option<Reason>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// Time of its first reading.
    pub(crate) began: i64,
    pub(crate) anchor: Anchor,
    pub(crate) last: Point,
    /// The meter's clock was set back after the last reading.
    pub(crate) torn: bool,
}

/// A span between two neighbouring borders: a quarter-hour, or a day. First second, and the second after the last.
pub(crate) type Period = (i64, i64);

/// Something that became known about one register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closing {
    /// A whole period.
    Period {
        start: i64,
        end: i64,
        energy: i64,
    },
    Gap {
        start: i64,
        end: i64,
        energy: i64,
        reason: Reason,
    },
}

/// At most two borders, or one border and the end of a run, lie between two readings.
pub(crate) type Closings = [Option<Closing>; 2];

impl Run {
    /// `on_border`: this first reading lies exactly on one.
    pub(crate) const fn begin(at: Point, on_border: bool, reason: Reason) -> Self {
        let anchor = Anchor { at, began: if on_border { None } else { Some(reason) } };
        Self { began: at.time, anchor, last: at, torn: false }
    }

    /// What is not closed yet.
    pub(crate) const fn running(&self) -> i64 {
        self.last.value - self.anchor.at.value
    }

    /// The border at the end of the last reading's `period`, if by `now` it is known to be measured by it: no later
    /// reading lies before it, and the last one is at most `margin` old there. A reading exactly on the border is better.
    pub(crate) fn border_behind(
        &mut self,
        period: Period,
        now: i64,
        value_at_now: bool,
        margin: i64,
    ) -> Option<Closing> {
        let (_, border) = period;
        let passed = border < now || (border == now && !value_at_now);
        if !passed || border - self.last.time > margin || self.anchor.at.time >= border {
            return None;
        }
        Some(self.close(period))
    }

    /// A reading came late, but its value is above the last one: it was made after that, and the clock was set back.
    /// By up to `margin` does not matter, and what was made before this run says nothing.
    pub(crate) fn was_set_back(&self, late: Point, margin: i64) -> bool {
        late.value > self.last.value && (self.began..self.last.time - margin).contains(&late.time)
    }

    /// The run goes on with a value that is not below the last. `ending`: the period that ends with it, if it lies
    /// exactly on a border.
    pub(crate) fn go_on(&mut self, to: Point, ending: Option<Period>) -> Option<Closing> {
        if self.torn {
            // More time has passed than the stamps say: the energy is known, a demand is not.
            let (start, energy) = (self.anchor.at.time, to.value - self.anchor.at.value);
            let reason = Reason::ClockSetBack;
            *self = Self { began: self.began, ..Self::begin(to, ending.is_some(), reason) };
            return Some(Closing::Gap { start, end: to.time, energy, reason });
        }
        self.last = to;
        let ending = ending.filter(|_| to.time > self.anchor.at.time)?;
        Some(self.close(ending))
    }

    /// The run ends with its last reading. What is left since the anchor has no border behind it.
    pub(crate) const fn end(&self, reason: Reason) -> Option<Closing> {
        let (start, end) = (self.anchor.at.time, self.last.time);
        if start >= end {
            return None;
        }
        Some(Closing::Gap { start, end, energy: self.running(), reason })
    }

    /// A measured border at the end of a period, with the last value.
    const fn close(&mut self, (begin, border): Period) -> Closing {
        let start = self.anchor.at.time;
        let energy = self.running();
        let closing = match self.anchor.began {
            None if start == begin => Closing::Period { start, end: border, energy },
            None => Closing::Gap { start, end: border, energy, reason: Reason::NoTelegrams },
            Some(reason) => Closing::Gap { start, end: border, energy, reason },
        };
        self.anchor = Anchor { at: Point { time: border, value: self.last.value }, began: None };
        closing
    }
}
