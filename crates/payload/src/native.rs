//! Native: SmartyReader's own topics and messages.
//!
//! Names are those of the HTTP API: integers with the unit in the name, `time` as RFC 3339 and `…_unix` as seconds. What is
//! not known is not in the message. The topics stand below [`BASE`]:
//!
//! | topic | message | retained |
//! |---|---|---|
//! | `<meter>/live` | [`Live`]: powers, voltages, currents, and what follows from them | no |
//! | `<meter>/registers` | [`Registers`]: what counts up, and states | yes |
//! | `<meter>/device/<id>` | [`Device`]: a meter behind the meter, at its own time | yes |
//! | `<meter>/quarter-hour` | [`QuarterHour`]: one that is over | no |
//! | `<meter>/gap` | [`Gap`]: energy whose shape is not known | no |
//! | `<meter>/self-consumption` | [`SelfConsumption`]: what is made and used at home, today, this month, this year | yes |
//! | `<meter>/alert` | [`Alert`]: what the household is told at once | no |
//! | `<meter>/costs` | [`Costs`]: what energy costs today, this month and this year | yes |
//! | `<meter>/availability` | [`ONLINE`] or [`OFFLINE`] | yes |
//! | `<meter>/status` | [`Status`]: proof, age, counters | yes |
//! | `availability` | the same for the whole reader: its last will | yes |

mod alert;
mod costs;
mod device;
mod entry;
mod live;
mod registers;
mod self_consumption;
mod status;

use core::fmt::{self, Display, Formatter};

pub use alert::{Alert, Headline, Sentence};
pub use costs::{COST_SPANS, CostSpan, Costs};
pub(crate) use costs::{cost_key, exceedance_key as contract_exceedance_key, start_key};
pub use device::Device;
pub(crate) use device::{day_key, month_key};
pub use entry::{Gap, QuarterHour};
pub use live::Live;
pub(crate) use live::{exceedance_key, names};
pub use registers::Registers;
pub(crate) use registers::TOTALS;
pub use self_consumption::SelfConsumption;
pub(crate) use self_consumption::{SPANS, energy_keys, share_keys};
pub use status::Status;

/// The base topic unless told otherwise.
pub const BASE: &str = "smartyreader";
/// There.
pub const ONLINE: &str = "online";
/// Not there.
pub const OFFLINE: &str = "offline";

/// A topic below the base. Meters are named as in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic<'a> {
    /// `home/live`.
    Live(&'a str),
    /// `home/registers`.
    Registers(&'a str),
    /// `home/device/4730303339303031`.
    Device(&'a str, &'a str),
    /// `home/quarter-hour`.
    QuarterHour(&'a str),
    /// `home/gap`.
    Gap(&'a str),
    /// `home/self-consumption`.
    SelfConsumption(&'a str),
    /// `home/alert`.
    Alert(&'a str),
    /// `home/costs`.
    Costs(&'a str),
    /// `home/availability`.
    Availability(&'a str),
    /// `home/status`.
    Status(&'a str),
    /// `availability`: the reader itself.
    Reader,
}

impl Topic<'_> {
    /// Whether the broker is to keep the last message. A power of yesterday must not look like one of now.
    pub const fn retained(self) -> bool {
        matches!(
            self,
            Self::Registers(_)
                | Self::Device(..)
                | Self::SelfConsumption(_)
                | Self::Costs(_)
                | Self::Availability(_)
                | Self::Status(_)
                | Self::Reader
        )
    }

    /// Quality of service: what is said once (a quarter-hour, a gap, a change of state) must arrive.
    pub const fn qos(self) -> u8 {
        match self {
            Self::Live(_) | Self::Status(_) => 0,
            _ => 1,
        }
    }
}

impl Display for Topic<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Live(meter) => write!(f, "{meter}/live"),
            Self::Registers(meter) => write!(f, "{meter}/registers"),
            Self::Device(meter, device) => write!(f, "{meter}/device/{device}"),
            Self::QuarterHour(meter) => write!(f, "{meter}/quarter-hour"),
            Self::Gap(meter) => write!(f, "{meter}/gap"),
            Self::SelfConsumption(meter) => write!(f, "{meter}/self-consumption"),
            Self::Alert(meter) => write!(f, "{meter}/alert"),
            Self::Costs(meter) => write!(f, "{meter}/costs"),
            Self::Availability(meter) => write!(f, "{meter}/availability"),
            Self::Status(meter) => write!(f, "{meter}/status"),
            Self::Reader => f.write_str("availability"),
        }
    }
}
