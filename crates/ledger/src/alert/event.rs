//! Event: an alert begins, is still there, or is over, with its figures.

use smarty_p1::Quantity;

/// What it is about. The names are an API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// The running quarter-hour is about to exceed the reference power.
    QuarterExceeds,
    /// A phase's voltage is too low.
    VoltageLow,
    /// A phase's voltage is too high.
    VoltageHigh,
    /// A phase's current is over its limit.
    CurrentHigh,
    /// The breaker.
    BreakerChanged,
    /// The first relay.
    Relay1Changed,
    /// The second relay.
    Relay2Changed,
    /// The active threshold.
    LimiterChanged,
    /// The threshold of the current.
    CurrentThresholdChanged,
    /// The fuse's threshold.
    FuseThresholdChanged,
    /// No telegram for some time.
    NoTelegrams,
}

impl Code {
    /// Each of them.
    pub const ALL: [Self; 11] = [
        Self::QuarterExceeds,
        Self::VoltageLow,
        Self::VoltageHigh,
        Self::CurrentHigh,
        Self::BreakerChanged,
        Self::Relay1Changed,
        Self::Relay2Changed,
        Self::LimiterChanged,
        Self::CurrentThresholdChanged,
        Self::FuseThresholdChanged,
        Self::NoTelegrams,
    ];

    /// The word that the API and messages use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::QuarterExceeds => "quarter-exceeds",
            Self::VoltageLow => "voltage-low",
            Self::VoltageHigh => "voltage-high",
            Self::CurrentHigh => "current-high",
            Self::BreakerChanged => "breaker-changed",
            Self::Relay1Changed => "relay1-changed",
            Self::Relay2Changed => "relay2-changed",
            Self::LimiterChanged => "limiter-changed",
            Self::CurrentThresholdChanged => "current-threshold-changed",
            Self::FuseThresholdChanged => "fuse-threshold-changed",
            Self::NoTelegrams => "no-telegrams",
        }
    }
}

/// Where an alert is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is new.
    Begin,
    /// It has been there for long: only where the settings ask for it.
    Still,
    /// It is over.
    Over,
}

impl State {
    /// The word that the API and messages use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::Still => "still",
            Self::Over => "over",
        }
    }
}

/// The figures of a quarter-hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuarterFacts {
    /// Its first second, UTC.
    pub start: i64,
    /// What is allowed as a mean, W.
    pub reference_w: u32,
    /// Import so far, Wh.
    pub energy_wh: i64,
    /// Its demand if the present power went on to its end, W.
    pub projected_w: i64,
    /// The present mean power, W.
    pub power_w: i64,
    /// The mean power that is still allowed for the rest of it, W: never negative.
    pub allowed_w: i64,
    /// Seconds to its end.
    pub left_s: i64,
}

/// The figures of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Facts {
    /// Of a quarter-hour.
    Quarter(QuarterFacts),
    /// Of a voltage, mV, or a current, mA.
    Level {
        /// Now.
        value: i64,
        /// What it should not pass.
        limit: i64,
        /// The farthest since it began.
        worst: i64,
    },
    /// Of a state or threshold, in the unit of its quantity.
    Change {
        /// Which.
        quantity: Quantity,
        /// The usual.
        before: i64,
        /// Now.
        value: i64,
    },
    /// Of a silence.
    Silence {
        /// How long it is, or was, s.
        age_s: i64,
    },
}

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// What it is about.
    pub code: Code,
    /// 1 to 3, where it is about a phase.
    pub phase: Option<u8>,
    /// New, still there or over.
    pub state: State,
    /// When, UTC seconds.
    pub time: i64,
    /// When it began.
    pub since: i64,
    /// Figures.
    pub facts: Facts,
}

impl Event {
    /// The figures under the names of the API, units included.
    pub fn figures(&self) -> impl Iterator<Item = (&'static str, i64)> + use<> {
        let known = match self.facts {
            Facts::Quarter(facts) => [
                Some(("quarter_start_unix", facts.start)),
                Some(("reference_w", i64::from(facts.reference_w))),
                Some(("energy_import_wh", facts.energy_wh)),
                Some(("projected_w", facts.projected_w)),
                Some(("power_import_w", facts.power_w)),
                Some(("power_allowed_w", facts.allowed_w)),
                Some(("left_s", facts.left_s)),
            ],
            Facts::Level { value, limit, worst } => {
                let names = match self.code {
                    Code::CurrentHigh => ["current_ma", "limit_ma", "current_max_ma"],
                    Code::VoltageHigh => ["voltage_mv", "limit_mv", "voltage_max_mv"],
                    _ => ["voltage_mv", "limit_mv", "voltage_min_mv"],
                };
                let [one, two, three] = names;
                [Some((one, value)), Some((two, limit)), Some((three, worst)), None, None, None, None]
            }
            Facts::Change { quantity, before, value } => {
                [Some((quantity.name(), value)), Some(("before", before)), None, None, None, None, None]
            }
            Facts::Silence { age_s } => [Some(("age_s", age_s)), None, None, None, None, None, None],
        };
        known.into_iter().flatten()
    }
}
