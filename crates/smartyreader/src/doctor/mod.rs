//! Doctor: what is wrong with a port, told from the bytes.
//!
//! The [`Evidence`] is counted in a bounded space, by the intake of the daemon and of `smartyreader doctor` alike. What
//! follows from it is a list of [`Cause`]s, most probable first. Nothing in it reads, writes or looks at a clock, except
//! [`port`], which asks the system why a device cannot be opened.

mod cause;
mod event;
mod evidence;
mod look;
mod mask;
mod pace;
pub mod port;
mod sentence;
mod shape;
mod tally;

pub use cause::Cause;
pub use event::{Event, When};
pub(crate) use evidence::DRIFT;
pub use evidence::{Evidence, Settings};
pub use mask::{Masked, mask};
pub use pace::Good;
