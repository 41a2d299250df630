//! Duty: how long we may be on air. The bands that are used allow 1 % of any hour (ETSI EN 300 220-2), 36 s.

/// What can be saved up, µs: more than the longest frame of ours, 2.8 s.
const MOST_US: u64 = 5_000_000;
/// One part in so many is earned: 30 s an hour. With what was saved up it is 35 s in any hour.
const SHARE: u64 = 120;

/// An account of the time on air: what was not used is saved up, to a limit, and nobody sends who has not saved up enough. It begins
/// empty, because nobody knows how much was sent before a restart.
#[derive(Clone, Debug)]
pub struct Duty {
    saved_us: u64,
    /// When it was last worked out, ms.
    at_ms: u64,
    /// The network may ask for less: one part in so many.
    share: u64,
}

impl Duty {
    /// Empty, at this time in ms.
    pub const fn new(now_ms: u64) -> Self {
        Self { saved_us: 0, at_ms: now_ms, share: SHARE }
    }

    /// The network allows one part in two to the power of this, 0 to 15. The law's share holds besides.
    pub fn limit(&mut self, now_ms: u64, exponent: u8) {
        self.settle(now_ms);
        self.share = SHARE.max(1 << exponent.min(15));
    }

    /// When so much may be sent, ms; now or later. What is longer than can be saved up is never asked for: see [`MOST_US`].
    pub fn free_at_ms(&self, now_ms: u64, airtime_us: u32) -> u64 {
        let missing = u64::from(airtime_us).min(MOST_US).saturating_sub(self.saved_us);
        now_ms.max(self.at_ms + (missing * self.share).div_ceil(1000))
    }

    /// So much is sent now. It is spent even if it was not there: then nothing goes for longer.
    pub fn spend(&mut self, now_ms: u64, airtime_us: u32) {
        self.settle(now_ms);
        // What was overdrawn is earned first.
        let overdrawn = u64::from(airtime_us).saturating_sub(self.saved_us);
        self.saved_us = self.saved_us.saturating_sub(u64::from(airtime_us));
        self.at_ms += (overdrawn * self.share).div_ceil(1000);
    }

    fn settle(&mut self, now_ms: u64) {
        self.saved_us = self.saved_at(now_ms);
        self.at_ms = self.at_ms.max(now_ms);
    }

    fn saved_at(&self, now_ms: u64) -> u64 {
        let earned = now_ms.saturating_sub(self.at_ms).saturating_mul(1000) / self.share;
        self.saved_us.saturating_add(earned).min(MOST_US)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    const HOUR_MS: u64 = 3_600_000;

    proptest! {
        /// The law itself, by frames of all lengths, at any times, with restarts between them, for every hour that begins or ends with one.
        #[test]
        fn no_hour_has_more_than_a_hundredth(wishes in proptest::collection::vec((0_u64..600_000, 20_000_u32..2_800_000, 0_u8..20), 1..200)) {
            let mut now = 0;
            let mut duty = Duty::new(now);
            let mut sent: Vec<(u64, u64)> = Vec::new();
            for (pause, airtime, event) in wishes {
                now += pause;
                match event {
                    0 => duty = Duty::new(now),
                    1 => duty.limit(now, 7),
                    _ => {}
                }
                now = duty.free_at_ms(now, airtime);
                duty.spend(now, airtime);
                let end = now + u64::from(airtime).div_ceil(1000);
                sent.push((now, end));
                now = end;
            }
            for &(start, end) in &sent {
                for (from, to) in [(start, start + HOUR_MS), (end.saturating_sub(HOUR_MS), end)] {
                    let on_air: u64 = sent.iter().map(|&(start, end)| end.min(to).saturating_sub(start.max(from))).sum();
                    prop_assert!(on_air <= HOUR_MS / 100, "{on_air} ms in the hour from {from}");
                }
            }
        }

        /// Who asks when it may send is let at exactly that time, and not before.
        #[test]
        fn what_was_promised_is_kept(spent: u32, wait in 0_u64..10_000_000, airtime in 1_u32..5_000_000) {
            let mut duty = Duty::new(0);
            duty.spend(0, spent % 5_000_000);
            let free = duty.free_at_ms(wait, airtime);
            prop_assert_eq!(duty.free_at_ms(free, airtime), free);
            prop_assert!(free == wait || duty.free_at_ms(free - 1, airtime) > free - 1);
        }
    }

    #[test]
    fn a_network_that_allows_less_gets_less() {
        let mut duty = Duty::new(0);
        let free = duty.free_at_ms(0, 1_000_000);
        duty.limit(0, 10);
        assert_eq!((free, duty.free_at_ms(0, 1_000_000)), (120_000, 1_024_000));
        duty.limit(0, 0);
        assert_eq!(duty.free_at_ms(0, 1_000_000), 120_000, "and never more than the law");
    }
}
