//! Lora: what goes out by an RFM95, and when. A packet as the first `SmartyReader`'s sketch sends it, or a record of each quarter-hour
//! in 24 bytes by LoRaWAN.
//!
//! | noun | what it is | module |
//! |---|---|---|
//! | [`record`] | a quarter-hour in 24 bytes | `record` |
//! | [`Packet`] | the sketch's packet | `packet` |
//! | [`Duty`] | how long we may be on air | `duty` |
//! | [`DataRate`], [`Channel`] | the European plan | `eu868` |
//! | [`Identity`] | who the board is for a network, and how it joins | `identity` |
//! | [`Session`] | what a join gave: keys, counters, terms | `session` |
//! | [`Terms`] | what network and board have agreed, and how the network changes it | `terms`, `orders` |
//! | [`Memory`] | what of it survives a power cut | `memory` |
//! | [`Link`] | what is next: to join, to send, to wait | `link` |
//! | [`Node`] | the loop that does it | `node` |
//! | [`Air`] | the radio, as the loop sees it | `air` |
//! | [`Chosen`] | what the settings say of it; the task | `task` |
//!
//! Nothing of this has been on air. The loop is tested with a radio in memory and a network server that `lorawan`'s own parser is.

#[cfg(feature = "lora")]
mod air;
#[cfg(feature = "lora")]
mod duty;
#[cfg(feature = "lora")]
mod eu868;
#[cfg(feature = "lora")]
mod identity;
#[cfg(feature = "lora")]
mod link;
#[cfg(feature = "lora")]
mod memory;
#[cfg(feature = "lora")]
mod node;
#[cfg(feature = "lora")]
mod orders;
mod packet;
mod record;
#[cfg(feature = "lora")]
mod session;
#[cfg(feature = "lora")]
mod task;
#[cfg(feature = "lora")]
mod terms;

pub use packet::{EVERY_S, GATEWAY, NODE, Packet};
pub use record::{PORT, RECORD, record};

#[cfg(feature = "lora")]
pub use {
    air::{Air, Sending, Window},
    duty::Duty,
    eu868::{Channel, DataRate},
    identity::Identity,
    link::{Link, Step},
    memory::{LEAST_MEMORY, Memory},
    node::Node,
    session::{Frame, Session},
    task::{Chosen, remember, run},
    terms::Terms,
};

#[cfg(all(test, feature = "lora"))]
mod tests;

/// Registers as a telegram has them, Wh.
#[cfg(test)]
fn values(import: i64, export: i64) -> smarty_p1::Values {
    let mut values = smarty_p1::Values::EMPTY;
    values.set(smarty_p1::Quantity::EnergyImport, import);
    values.set(smarty_p1::Quantity::EnergyExport, export);
    values
}
