//! Scale: an axis of values with marks at round numbers.

use crate::report::words::milli;

/// So much at least is between the ends of an axis, W or Wh: noise must not look like a mountain.
const LEAST: i64 = 100;

/// An axis from its lowest to its highest value, W or Wh, with a mark at each step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scale {
    /// The lowest.
    pub(super) min: i64,
    /// The highest.
    pub(super) max: i64,
    /// Between two marks.
    pub(super) step: i64,
}

/// The smallest of 1, 2, 5 × 10ⁿ that is at least this.
pub(super) fn nice_step(least: i64) -> i64 {
    let mut power = 1_i64;
    while power.saturating_mul(10) < least {
        power = power.saturating_mul(10);
    }
    [1, 2, 5, 10].into_iter().map(|factor| power.saturating_mul(factor)).find(|step| *step >= least).unwrap_or(power)
}

/// Whole steps, rounded up.
const fn steps_up(value: i64, step: i64) -> i64 {
    (value + step - 1).div_euclid(step)
}

impl Scale {
    /// Around these values, zero and some air included, with about so many marks. It ends where the values do and not
    /// at the next mark, so that no room is lost.
    pub(super) fn around(low: i64, high: i64, marks: i64) -> Self {
        let (min, max) = (low.min(0), high.max(0));
        let max = max.max(min + LEAST);
        let step = nice_step(steps_up(max - min, marks));
        let air = (max - min) / 16;
        Self { min: if min == 0 { 0 } else { min - air }, max: max + air, step }
    }

    /// Where the marks are, the lowest first.
    pub(super) fn ticks(&self) -> Vec<i64> {
        let (first, last) = (steps_up(self.min, self.step), self.max.div_euclid(self.step));
        (first..=last).map(|step| step * self.step).collect()
    }

    /// Whether the figures are in thousands: kW or kWh.
    pub(super) fn in_thousands(&self) -> bool {
        self.max.max(-self.min) >= 1000
    }

    /// What stands at a mark, all with the same decimals.
    pub(super) fn figure(&self, value: i64) -> String {
        if !self.in_thousands() {
            return milli(value * 1000, 0);
        }
        let decimals = match self.step {
            step if step % 1000 == 0 => 0,
            step if step % 100 == 0 => 1,
            step if step % 10 == 0 => 2,
            _ => 3,
        };
        milli(value, decimals)
    }

    /// The unit of the figures.
    pub(super) fn unit(&self, small: &'static str, big: &'static str) -> &'static str {
        if self.in_thousands() { big } else { small }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_marks_around_everything() {
        let scale = Scale::around(-4100, 15_600, 5);
        assert_eq!(scale.ticks(), [-5000, 0, 5000, 10_000, 15_000]);
        assert_eq!((scale.figure(-5000), scale.figure(15_000)), ("−5".to_string(), "15".to_string()));
        let nothing = Scale::around(0, 0, 5);
        assert_eq!((nothing.min, nothing.ticks()), (0, vec![0, 20, 40, 60, 80, 100]));
        assert_eq!(nothing.figure(100), "100");
        assert_eq!(Scale::around(0, 2300, 5).figure(1500), "1.5");
    }

    proptest::proptest! {
        #[test]
        fn all_that_is_drawn_is_inside(low in -100_000_i64..100_000, high in -100_000_i64..100_000, marks in 3_i64..8) {
            let scale = Scale::around(low, high, marks);
            proptest::prop_assert!(scale.min <= low.min(0) && scale.max >= high.max(0));
            let ticks = scale.ticks();
            proptest::prop_assert!(ticks.contains(&0) && ticks.len() as i64 <= 2 * marks + 2, "{ticks:?}");
        }
    }
}
