//! Settings: the thresholds of every rule.

use super::event::Code;
use crate::quarter::PRESENT_MINUTES;

/// What is judged, and when. A rule that is `None` is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertSettings {
    /// A quarter-hour is about to exceed the reference power.
    pub quarter: Option<QuarterRule>,
    /// A phase's voltage is out of bounds.
    pub voltage: Option<VoltageRule>,
    /// A phase's current is over its limit.
    pub current: Option<CurrentRule>,
    /// Breaker, relay or limiter changed.
    pub state: Option<StateRule>,
    /// No telegram for some time.
    pub silence: Option<SilenceRule>,
    /// What is open is said again after so many seconds. `None`: never. A quarter-hour is said once in any case.
    pub again_s: Option<i64>,
}

impl AlertSettings {
    /// Every rule off.
    pub const OFF: Self =
        Self { quarter: None, voltage: None, current: None, state: None, silence: None, again_s: None };
}

/// When a quarter-hour is about to exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuarterRule {
    /// What is allowed, W. `None`: what the contract says at the time.
    pub reference_w: Option<u32>,
    /// So many thousandths beyond it are let pass, as long as they are a projection only.
    pub margin_permille: u16,
    /// Over when the projection falls below so many thousandths of what is allowed.
    pub release_permille: u16,
    /// Not before so many seconds of the quarter-hour have passed.
    pub from_s: i64,
    /// The present power is the mean of so many minutes: 1 to 60.
    pub window_minutes: u8,
}

impl QuarterRule {
    /// By the contract; 2 % beyond, from the fifth minute, by the mean of three; over below 95 %.
    pub const DEFAULT: Self = Self {
        reference_w: None,
        margin_permille: 20,
        release_permille: 950,
        from_s: 300,
        window_minutes: PRESENT_MINUTES,
    };
}

/// How long something must last to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// So many readings one after the other before it begins; 0 counts as 1.
    pub readings: u16,
    /// So many seconds of calm before it is over.
    pub calm_s: i64,
}

/// Which voltages are right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoltageRule {
    /// Below it, mV, it is too low.
    pub low_mv: i64,
    /// Above it, mV, it is too high.
    pub high_mv: i64,
    /// It is right again when it is inside by so much, mV.
    pub margin_mv: i64,
    /// For how long.
    pub patience: Patience,
}

impl VoltageRule {
    /// 230 V ± 10 % (EN 50160): 207 to 253 V.
    pub const DEFAULT: Self =
        Self { low_mv: 207_000, high_mv: 253_000, margin_mv: 1000, patience: Patience { readings: 3, calm_s: 60 } };
}

/// What a phase may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrentRule {
    /// mA. `None`: what the meter says of its fuse or of the threshold of its current; nothing where it says nothing.
    pub limit_ma: Option<i64>,
    /// It is right again when it is below by so much, mA.
    pub margin_ma: i64,
    /// For how long.
    pub patience: Patience,
}

impl CurrentRule {
    /// By the meter's own word.
    pub const DEFAULT: Self = Self { limit_ma: None, margin_ma: 1000, patience: Patience { readings: 3, calm_s: 60 } };
}

/// Which states are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateRule {
    /// The breaker.
    pub breaker: bool,
    /// The relays, which in some houses switch a boiler twice a day.
    pub relays: bool,
    /// Active threshold, current threshold and fuse.
    pub limiter: bool,
    /// For how long the new state, and the old one again.
    pub patience: Patience,
    /// A state that stays for so many seconds is the usual one from then on.
    pub settled_s: i64,
}

impl StateRule {
    /// Breaker and limiter; after a day the new state is the usual one.
    pub const DEFAULT: Self = Self {
        breaker: true,
        relays: false,
        limiter: true,
        patience: Patience { readings: 2, calm_s: 60 },
        settled_s: 86_400,
    };

    /// Whether this is watched.
    pub(super) const fn watches(&self, code: Code) -> bool {
        match code {
            Code::BreakerChanged => self.breaker,
            Code::Relay1Changed | Code::Relay2Changed => self.relays,
            _ => self.limiter,
        }
    }
}

/// When a meter counts as silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SilenceRule {
    /// No reading for so many seconds.
    pub after_s: i64,
    /// It is over after so many readings without such a pause between them.
    pub readings: u16,
}

impl SilenceRule {
    /// Ten minutes; three readings.
    pub const DEFAULT: Self = Self { after_s: 600, readings: 3 };
}
