//! What the board decides: it reads the meter, keeps the accounts, publishes and remembers.
//!
//! No board, no radio, no allocation. A board gives pins, drivers and a network ([`Board`]) and spawns [`run`]; nothing
//! else is decided there. What is decided here in plain modules is tested on the host; the tasks around them are thin.
//!
//! | noun | what it is | module |
//! |---|---|---|
//! | [`Board`] | what a board gives to the app | `board` |
//! | [`Facts`] | what a board and its app tell each other, without locks | `facts` |
//! | [`Settings`] | what people chose; keys can be given and never read again | `settings` |
//! | [`State`] | what the tasks of one board share | `state` |
//! | [`update`] | a new image, and back again by itself | `update` |
//! | [`serial`] | commands and Improv over the serial line | `serial` |
//! | [`access`] | how the board gets into a Wi-Fi | `access` |
//! | [`portal`] | the board's own network in the first setup | `portal` |
//! | `page` | the local page, its API, and the first setup | `page` |
//! | [`button`], [`led`], [`front`] | what is pressed, what is shown, and the task of both | `button`, `led`, `front` |
//! | [`climate`] | temperature, humidity and pressure | `climate` |
//! | [`card`] | a file a day on a microSD card | `card` |
//! | [`rtc`] | a clock with a battery | `rtc` |
//! | [`lora`] | what goes out by an RFM95 | `lora` |
//! | [`json`] | objects with plain members, read | `json` |

#![no_std]
#![forbid(unsafe_code)]

pub mod access;
mod apart;
mod board;
pub mod books;
pub mod button;
pub mod card;
pub mod climate;
#[cfg(test)]
#[path = "../tests/common/mod.rs"]
mod common;
pub mod devices;
mod facts;
pub mod front;
pub mod intake;
pub mod json;
pub mod latest;
pub mod led;
pub mod lora;
pub mod mdns;
pub mod net;
mod page;
pub mod portal;
mod publish;
mod reader;
pub mod record;
pub mod ring;
pub mod rtc;
pub mod serial;
pub mod settings;
pub mod sntp;
pub mod state;
pub mod store;
#[cfg(feature = "tls")]
mod tls;
pub mod udp_log;
pub mod update;
pub mod utc;
pub mod zone;

pub use board::{About, Board, Reason, run};
pub use facts::Facts;
pub use settings::Settings;
pub use state::State;
