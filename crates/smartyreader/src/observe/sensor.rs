//! Sensor: what can be wrong with what is no meter.

use crate::words::duration;

/// One thing that is wrong with a sensor.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // What the fields are is in the sentences below.
pub enum SensorTrouble {
    /// The port is open and no byte comes.
    Silent { target: String, seconds: u64 },
    /// Bytes come, and no measurement is among them.
    Garbage { target: String },
    /// It sees nothing as far as it can see.
    OutOfRange { cm: u16 },
    /// It says the shortest distance that it knows, for a while.
    Near { cm: u16, seconds: i64 },
    /// It has said exactly the same for very long.
    Stuck { cm: u16, seconds: i64 },
    /// Farther than the bottom of the tank.
    BelowBottom { cm: u16, depth_mm: i64 },
    /// Another chip than the configured answers.
    OtherChip { target: String, what: String },
    /// A clock's battery was empty.
    ClockStopped,
    /// A clock's time and this machine's differ.
    ClockDiffers { seconds: i64 },
}

impl SensorTrouble {
    /// The stable word for it.
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::Silent { .. } => "silent",
            Self::Garbage { .. } => "garbage",
            Self::OutOfRange { .. } => "sensor-out-of-range",
            Self::Near { .. } => "sensor-near",
            Self::Stuck { .. } => "sensor-stuck",
            Self::BelowBottom { .. } => "sensor-below-bottom",
            Self::OtherChip { .. } => "sensor-other-chip",
            Self::ClockStopped => "sensor-clock-stopped",
            Self::ClockDiffers { .. } => "sensor-clock-differs",
        }
    }

    /// Whether nothing is measured meanwhile.
    pub(super) const fn is_failing(&self) -> bool {
        matches!(self, Self::Silent { .. } | Self::Garbage { .. } | Self::OutOfRange { .. } | Self::OtherChip { .. })
    }

    /// What is wrong.
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::Silent { target, seconds } => {
                format!("{target} is open, but the sensor has sent no byte for {seconds} seconds.")
            }
            Self::Garbage { target } => format!("Bytes come from {target}, but no measurement is among them."),
            Self::OutOfRange { cm } => format!("The sensor sees nothing within {cm} cm."),
            Self::Near { cm, seconds } => {
                format!("The sensor has said {cm} cm, the least that it can measure, for {}.", duration(*seconds))
            }
            Self::Stuck { cm, seconds } => {
                format!("The sensor has said exactly {cm} cm, without the smallest change, for {}.", duration(*seconds))
            }
            Self::BelowBottom { cm, depth_mm } => format!(
                "The sensor measures {cm} cm, and the bottom of its tank is {} cm below it.",
                *depth_mm as f64 / 10.0
            ),
            Self::OtherChip { target, what } => format!("Another chip answers on {target}: {what}."),
            Self::ClockStopped => "The clock had stopped: its time is not to be trusted.".into(),
            Self::ClockDiffers { seconds } => format!(
                "The clock is {} {} this machine's.",
                duration(seconds.abs()),
                if *seconds > 0 { "ahead of" } else { "behind" }
            ),
        }
    }

    /// What to do about it.
    pub(super) const fn advice(&self) -> &'static str {
        match self {
            Self::Silent { .. } => {
                "Has the sensor its 5 V, and is its pin 5 on the adapter's RX? Its pin 4 must not be held low. The port is opened anew every minute."
            }
            Self::Garbage { .. } => {
                "The MB7060 sends 9600 8N1 with the levels of RS-232: an adapter for TTL reads it upside down and needs an inverter."
            }
            Self::OutOfRange { .. } => {
                "Does it hang straight above the water, with nothing beside its beam, and is it not covered with drops?"
            }
            Self::Near { .. } => {
                "Something hangs before it or sits on it; or the water is nearer than it can measure: mount it 20 cm above where the tank is full."
            }
            Self::Stuck { .. } => {
                "If the water has really stood still, all is well; else take the sensor's power away once."
            }
            Self::BelowBottom { .. } => {
                "Compare `height` (or `diameter`, `table`) and `offset` in its [sensor.NAME.tank] with the tank."
            }
            Self::OtherChip { .. } => "Compare `kind` and `address` in its section with the board.",
            Self::ClockStopped => "Is its battery empty? Set it once (`hwclock` or another program), then it goes on.",
            Self::ClockDiffers { .. } => {
                "Its time is expected in UTC. Is this machine's clock right, and who sets the other?"
            }
        }
    }
}
