//! Self-consumption: what a house makes, uses of it itself, and uses in all.

/// One span's energies in Wh, or one moment's powers in W. With what flows from the grid (import) and into it (export):
/// produced = self-consumed + export, and used = self-consumed + import, always exactly.
///
/// ```
/// use smarty_ledger::SelfConsumption;
///
/// let noon = SelfConsumption::of(100, 600, 1000);
/// assert_eq!((noon.self_consumed, noon.used), (400, 500));
/// assert_eq!((noon.self_consumption_bp(), noon.autarky_bp()), (Some(4000), Some(8000)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SelfConsumption {
    /// What the solar system or another generator made.
    pub produced: i64,
    /// What of it did not flow into the grid. Meters do not show their registers at the same second, so that it may be a
    /// few Wh below 0 for a quarter-hour; the next has them back.
    pub self_consumed: i64,
    /// What the house used, wherever it came from.
    pub used: i64,
}

/// All of it, in basis points.
const WHOLE: i128 = 10_000;

impl SelfConsumption {
    /// By the meter at the grid and what was made.
    pub const fn of(import: i64, export: i64, produced: i64) -> Self {
        let self_consumed = produced.saturating_sub(export);
        Self { produced, self_consumed, used: import.saturating_add(self_consumed) }
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            produced: self.produced.saturating_add(other.produced),
            self_consumed: self.self_consumed.saturating_add(other.self_consumed),
            used: self.used.saturating_add(other.used),
        }
    }

    /// How much of what was made was used at home, in hundredths of a percent, rounded, from 0 to 10 000. `None` where
    /// nothing was made.
    pub fn self_consumption_bp(&self) -> Option<i64> {
        share(self.self_consumed, self.produced)
    }

    /// How much of what was used was made at home, likewise. `None` where nothing was used.
    pub fn autarky_bp(&self) -> Option<i64> {
        share(self.self_consumed, self.used)
    }
}

fn share(part: i64, whole: i64) -> Option<i64> {
    let (part, whole) = (i128::from(part), i128::from(whole));
    if whole <= 0 {
        return None;
    }
    let share = (part * WHOLE + whole / 2).div_euclid(whole);
    i64::try_from(share.clamp(0, WHOLE)).ok()
}
