//! Gas: how much a day has used, by the gas register that telegrams repeat.

use crate::run::Point;

/// Gas meters report once an hour, so that a telegram's register is up to an hour old anyway. A reading at most
/// that long before midnight is as near as gas comes.
const NEAR: i64 = 3600;

/// The gas of the running day.
///
/// The day starts with the register of the last reading at or before midnight, if that is at most an hour old;
/// otherwise nothing is known of the day. A register that goes down has started anew: what it counts from there
/// on is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gas {
    /// The last reading that had the register, dm³.
    pub(crate) last: Option<Point>,
    /// Since midnight, dm³.
    pub(crate) day: Option<i64>,
}

impl Gas {
    pub(crate) const NEW: Self = Self { last: None, day: None };

    /// Another day begins.
    pub(crate) fn turn(&mut self, midnight: i64) {
        self.day = self.last.filter(|last| is_near(last.time, midnight)).map(|_| 0);
    }

    /// The register, in the day that began at `midnight`.
    pub(crate) fn take(&mut self, now: Point, midnight: i64) {
        if now.value < 0 {
            return;
        }
        if now.time <= midnight {
            self.day = is_near(now.time, midnight).then_some(0);
        } else if let (Some(day), Some(last)) = (self.day, self.last) {
            self.day = Some(day.saturating_add(now.value.saturating_sub(last.value).max(0)));
        }
        self.last = Some(now);
    }
}

fn is_near(time: i64, midnight: i64) -> bool {
    midnight.checked_sub(time).is_some_and(|age| (0..=NEAR).contains(&age))
}
