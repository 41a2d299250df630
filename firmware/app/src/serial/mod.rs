//! Serial: the line to a computer. People type commands there ([`console`]), and browsers speak [`improv`] to tell the Wi-Fi.
//! Whoever has this line has the board in the hand, so there is no password.

pub mod console;
pub mod improv;
mod line;
mod task;

pub use line::{Heard, Line};
pub use task::attend;
