//! Window: mean, lowest and highest of a power over the last minutes, in fixed memory.

use crate::calculated::WindowSpread;

/// A window is kept in so many parts of equal length.
const PARTS: usize = 60;

/// Beyond this, W, a power counts as this. A part's sum of at most 60 of them fits an `i32`, and no P1 meter
/// measures 35 MW.
const LIMIT: i64 = i32::MAX as i64 / PARTS as i64;

/// What the readings in one part said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    sum: i32,
    min: i32,
    max: i32,
    count: u8,
}

impl Part {
    const EMPTY: Self = Self { sum: 0, min: 0, max: 0, count: 0 };
}

/// A rolling window over one power, by the readings' own time.
///
/// A window of `m` minutes consists of 60 parts of `m` seconds, which begin at multiples of `m` seconds of UTC.
/// It reaches from the newest reading's part back over the 59 parts before: never more than `m` minutes, and
/// less than `m` seconds short of it. With the 15 minutes of the original: the last 14:45 to 15:00 minutes.
///
/// A time that is not after the last one is ignored, as the account ignores it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Seconds a part, which is the minutes of the window.
    width: i64,
    last: Option<i64>,
    /// By the number of the part since 1970, modulo how many there are.
    parts: [Part; PARTS],
}

impl Window {
    /// An empty window. Less than one minute counts as one, more than 60 as 60.
    pub const fn new(minutes: u8) -> Self {
        let width = match minutes {
            0 => 1,
            61.. => 60,
            minutes => minutes as i64,
        };
        Self { width, last: None, parts: [Part::EMPTY; PARTS] }
    }

    /// A reading, in UTC seconds and W. Without a power it still moves the window on.
    pub fn add(&mut self, time: i64, power: Option<i64>) {
        let part = time.div_euclid(self.width);
        if let Some(last) = self.last {
            if time <= last {
                return;
            }
            let newest = last.div_euclid(self.width);
            let steps = part.saturating_sub(newest).min(PARTS as i64);
            for step in 1..=steps {
                self.parts[slot(newest + step)] = Part::EMPTY;
            }
        }
        self.last = Some(time);
        let Some(power) = power else { return };
        let power = power.clamp(-LIMIT, LIMIT) as i32;
        // Each second comes at most once and a part has at most 60 of them: neither count nor sum overflows.
        let part = &mut self.parts[slot(part)];
        part.min = if part.count == 0 { power } else { part.min.min(power) };
        part.max = if part.count == 0 { power } else { part.max.max(power) };
        part.sum += power;
        part.count += 1;
    }

    /// What the readings in the window said. The mean is rounded half up. `None`: none of them had the power.
    pub fn spread(&self) -> Option<WindowSpread> {
        let mut filled = self.parts.iter().filter(|part| part.count > 0);
        let first = filled.next()?;
        let (mut sum, mut count) = (i64::from(first.sum), i64::from(first.count));
        let (mut min, mut max) = (first.min, first.max);
        for part in filled {
            sum += i64::from(part.sum);
            count += i64::from(part.count);
            min = min.min(part.min);
            max = max.max(part.max);
        }
        let mean_cw = (sum * 100 + count / 2).div_euclid(count);
        Some(WindowSpread { mean_cw, min_w: i64::from(min), max_w: i64::from(max) })
    }
}

/// The place of a part.
const fn slot(part: i64) -> usize {
    part.rem_euclid(PARTS as i64) as usize
}
