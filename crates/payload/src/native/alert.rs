//! Alert: what the household is told at once, as a message and as a sentence.

use core::fmt::{self, Display, Formatter};

use smarty_ledger::alert::{Code, Event, Facts, State};
use smarty_p1::{Quantity, Unit};

use crate::json::Object;
use crate::time::Rfc3339;

/// An alert that begins, is still there, or is over. Offsets are the zone's, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Alert<'a> {
    /// The meter's name in the configuration.
    pub meter: &'a str,
    /// What is said.
    pub event: &'a Event,
    /// Seconds east of UTC when it is said.
    pub offset: i32,
    /// Seconds east of UTC when it began.
    pub since_offset: i32,
}

impl Display for Alert<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let event = self.event;
        let mut object = Object::begin(f)?;
        object.text("meter", self.meter)?;
        object.text("code", event.code.name())?;
        object.known("phase", event.phase)?;
        object.text("state", event.state.name())?;
        object.text("time", Rfc3339 { utc: event.time, offset: self.offset })?;
        object.raw("time_unix", event.time)?;
        object.text("since", Rfc3339 { utc: event.since, offset: self.since_offset })?;
        object.raw("since_unix", event.since)?;
        object.text("sentence", Sentence(event))?;
        object.raw("figures", Figures(event))?;
        object.end()
    }
}

struct Figures<'a>(&'a Event);

impl Display for Figures<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut object = Object::begin(f)?;
        for (name, value) in self.0.figures() {
            object.raw(name, value)?;
        }
        object.end()
    }
}

/// An alert in a few words, for a subject line: `voltage of L2 too low`, `over: voltage of L2 too low`.
#[derive(Clone, Copy, Debug)]
pub struct Headline<'a>(pub &'a Event);

impl Display for Headline<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let event = self.0;
        f.write_str(match event.state {
            State::Begin => "",
            State::Still => "still: ",
            State::Over => "over: ",
        })?;
        let (what, of) = match event.code {
            Code::QuarterExceeds => ("quarter-hour about to exceed", ""),
            Code::VoltageLow => ("voltage", " too low"),
            Code::VoltageHigh => ("voltage", " too high"),
            Code::CurrentHigh => ("current", " too high"),
            Code::BreakerChanged => ("breaker changed", ""),
            Code::Relay1Changed => ("first relay changed", ""),
            Code::Relay2Changed => ("second relay changed", ""),
            Code::LimiterChanged => ("limiter changed", ""),
            Code::CurrentThresholdChanged => ("threshold of the current changed", ""),
            Code::FuseThresholdChanged => ("threshold of the fuse changed", ""),
            Code::NoTelegrams => ("no telegrams", ""),
        };
        f.write_str(what)?;
        if let Some(phase) = event.phase {
            write!(f, " of L{phase}")?;
        }
        f.write_str(of)
    }
}

/// An alert for people: `The voltage of L2 is 254.1 V, above 253 V.`
#[derive(Clone, Copy, Debug)]
pub struct Sentence<'a>(pub &'a Event);

impl Display for Sentence<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let event = self.0;
        let over = event.state == State::Over;
        let phase = event.phase.unwrap_or_default();
        match event.facts {
            Facts::Quarter(facts) if over && facts.left_s == 0 => write!(
                f,
                "The quarter-hour is over; {} Wh had been imported when it was last seen, and {} W allow {} Wh.",
                facts.energy_wh,
                facts.reference_w,
                facts.reference_w / 4
            ),
            Facts::Quarter(facts) if over => write!(
                f,
                "The quarter-hour will stay below {} W as it looks now: a mean of {} W.",
                facts.reference_w, facts.projected_w
            ),
            Facts::Quarter(facts) => {
                write!(
                    f,
                    "The quarter-hour is heading for a mean of {} W and {} W are allowed; ",
                    facts.projected_w, facts.reference_w
                )?;
                let left = Length(facts.left_s);
                if facts.allowed_w > 0 {
                    write!(f, "at most {} W for the {left} that are left keep within it.", facts.allowed_w)
                } else {
                    write!(f, "it is exceeded already, {left} before its end.")
                }
            }
            Facts::Level { value, limit, worst } => {
                let (what, unit, far) = match event.code {
                    Code::CurrentHigh => ("current", "A", "highest"),
                    Code::VoltageHigh => ("voltage", "V", "highest"),
                    _ => ("voltage", "V", "lowest"),
                };
                let (value, limit, worst) = (Thousandth(value), Thousandth(limit), Thousandth(worst));
                if over {
                    let length = Length(event.time.saturating_sub(event.since));
                    return write!(
                        f,
                        "The {what} of L{phase} is right again, {value} {unit}, after {length}; the {far} was {worst} {unit}."
                    );
                }
                let side = if event.code == Code::VoltageLow { "below" } else { "above" };
                write!(f, "The {what} of L{phase} is {value} {unit}, {side} {limit} {unit}.")
            }
            Facts::Change { quantity, before, value } => {
                let what = match event.code {
                    Code::BreakerChanged => "breaker's state",
                    Code::Relay1Changed => "first relay's state",
                    Code::Relay2Changed => "second relay's state",
                    Code::LimiterChanged => "limiter's threshold",
                    Code::CurrentThresholdChanged => "current's threshold",
                    _ => "fuse's threshold",
                };
                let (before, value) = (Measured(quantity, before), Measured(quantity, value));
                match event.state {
                    State::Begin => write!(f, "The {what} changed from {before} to {value}."),
                    State::Still => write!(f, "The {what} is still {value} instead of {before}."),
                    State::Over => write!(f, "The {what} is {value}, and that is the usual one."),
                }
            }
            Facts::Silence { age_s } if over => {
                write!(f, "Telegrams come again, after {} without one.", Length(age_s))
            }
            Facts::Silence { age_s } => write!(f, "No telegram for {}.", Length(age_s)),
        }
    }
}

/// Thousandths as a decimal number, without zeros that say nothing.
struct Thousandth(i64);

impl Display for Thousandth {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, part) = (self.0.unsigned_abs() / 1000, self.0.unsigned_abs() % 1000);
        match (part % 1000, part % 100, part % 10) {
            (0, _, _) => write!(f, "{sign}{whole}"),
            (_, 0, _) => write!(f, "{sign}{whole}.{}", part / 100),
            (_, _, 0) => write!(f, "{sign}{whole}.{:02}", part / 10),
            _ => write!(f, "{sign}{whole}.{part:03}"),
        }
    }
}

/// A state or threshold in the unit that people know.
struct Measured(Quantity, i64);

impl Display for Measured {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0.unit() {
            Unit::VoltAmpere => write!(f, "{} kVA", Thousandth(self.1)),
            Unit::Milliampere => write!(f, "{} A", Thousandth(self.1)),
            _ => write!(f, "{}", self.1),
        }
    }
}

/// Seconds in the largest unit that says enough.
struct Length(i64);

impl Display for Length {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 second"),
            ..120 => write!(f, "{} seconds", self.0),
            120..7200 => write!(f, "{} minutes", self.0 / 60),
            7200..172_800 => write!(f, "{} hours", self.0 / 3600),
            _ => write!(f, "{} days", self.0 / 86_400),
        }
    }
}
