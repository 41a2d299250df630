//! Chance that can be repeated.
//!
//! Two shapes of the same `SplitMix64` mixer: [`Prng`], a stream for things that happen one after the
//! other (faults on a wire), and [`hash`] with [`noise`], which need no past. The second is what lets
//! a household be asked about any second of any year without living through the time before it.

/// The golden-ratio step of `SplitMix64`.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// The `SplitMix64` finaliser: every input bit changes about half of the output bits.
const fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// A number that depends on nothing but its three arguments.
///
/// `stream` keeps the uses of one seed apart, `index` is usually a day or a step of time.
pub(crate) const fn hash(seed: u64, stream: u64, index: i64) -> u64 {
    let place = mix(seed ^ stream.wrapping_mul(STEP));
    mix(place.wrapping_add(index.cast_unsigned().wrapping_mul(STEP)))
}

/// A number from `0` up to but not including `bound`, drawn from the bits of `random`.
const fn scale(random: u64, bound: u64) -> u64 {
    // The upper half of a 128-bit product: no division, and no favour for small numbers.
    ((random as u128 * bound as u128) >> 64) as u64
}

/// A whole number from `low` to `high`, both included, for this seed, stream and index.
pub(crate) const fn pick(seed: u64, stream: u64, index: i64, low: i64, high: i64) -> i64 {
    let span = high.wrapping_sub(low).cast_unsigned().saturating_add(1);
    low.wrapping_add(scale(hash(seed, stream, index), span).cast_signed())
}

/// Smooth noise from `0` to `1024`: fixed points every `step_s` seconds, straight lines between them.
pub(crate) const fn noise(seed: u64, stream: u64, utc: i64, step_s: i64) -> i64 {
    let point = utc.div_euclid(step_s);
    let within = utc.rem_euclid(step_s);
    let before = (hash(seed, stream, point) >> 54).cast_signed();
    let after = (hash(seed, stream, point + 1) >> 54).cast_signed();
    before + (after - before) * within / step_s
}

/// A repeatable stream of numbers (`SplitMix64`).
#[derive(Clone, Debug)]
pub struct Prng {
    state: u64,
}

impl Prng {
    /// A stream that is the same wherever and whenever it is started with the same seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        mix(self.state)
    }

    /// A place in something of the length `bound`; `0` when there is no place.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX);
        usize::try_from(scale(self.next_u64(), bound)).unwrap_or(0)
    }

    /// The next byte.
    pub const fn byte(&mut self) -> u8 {
        self.next_u64().to_be_bytes()[0]
    }

    /// This many bytes.
    #[must_use]
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.byte()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_splitmix64_as_published() {
        // First outputs for seed 1234567 in the reference implementation.
        let mut prng = Prng::new(1_234_567);
        assert_eq!(prng.next_u64(), 6_457_827_717_110_365_317);
        assert_eq!(prng.next_u64(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn picks_stay_in_their_range_and_reach_both_ends() {
        let picks: Vec<i64> = (0..1000).map(|index| pick(7, 1, index, -3, 3)).collect();
        assert_eq!(picks.iter().min(), Some(&-3));
        assert_eq!(picks.iter().max(), Some(&3));
    }

    #[test]
    fn noise_runs_in_small_steps_and_below_zero_time_too() {
        for utc in -5000..5000 {
            let step = noise(1, 2, utc + 1, 100) - noise(1, 2, utc, 100);
            assert!(step.abs() <= 11, "a jump of {step} at {utc}");
        }
    }
}
