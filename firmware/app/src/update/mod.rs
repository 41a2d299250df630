//! Update: a new image into the slot that does not run, and back again by itself when it is no good.
//!
//! The ESP32's usual bootloader has no way back: an image that starts and never reads a telegram would run for ever. So the
//! app counts starts in flash before it does anything else, and goes back when the image on trial
//! - was started [`STARTS`] times without being confirmed (it hung, and the watchdog or somebody started it anew), or
//! - has not read a telegram and reached its broker within [`TRIAL_S`] seconds.
//!
//! The slot that ran before is not touched until the new image is confirmed, so there is always a slot that starts: a power
//! cut at any moment leaves the old image or the new one on trial. What no app can help is an image that dies before its
//! first instruction of ours; the signature says that whoever built it has at least started it.
//!
//! | noun | what it is | module |
//! |---|---|---|
//! | [`Header`] | what is signed: for which board, which version, how long, which digest | `header` |
//! | `choice` | which slot the bootloader starts, in the bootloader's own format | `choice` |
//! | `memory` | the trial and the versions that failed, across restarts and power cuts | `memory` |
//! | [`Updater`] | the decisions: install, start, confirm, back | `updater` |
//! | `trial` | the task that confirms or goes back | `trial` |
//! | [`Install`] | an image on its way into the slot | `install` |
//! | [`Notice`] | what a broker says of a newer image | `notice` |
//! | `fetch` | the task that gets it | `fetch` |
//! | `web`, `chunks` | from a web server, from the broker itself | `web`, `chunks` |

mod choice;
mod chunks;
#[cfg(test)]
pub(crate) mod example;
mod fetch;
mod header;
mod install;
mod memory;
mod notice;
mod refusal;
mod trial;
mod updater;
mod version;
mod web;

use crate::settings::{Name, Settings};

pub use chunks::CHUNK;
pub(crate) use chunks::{Chunks, Pieces, Wanted};
pub(crate) use fetch::{Why, fetch_noticed};
pub use header::{HEADER_LEN, Header, signed_part};
pub use install::Install;
pub use notice::{Notice, NoticeError, Place};
pub use refusal::{Error, Refusal};
pub(crate) use trial::watch_trial;
pub use updater::{Layout, STARTS, Slot, Start, TRIAL_S, Updater, Verdict, judge};
pub use version::Version;

/// The key that images have to be signed with: the setting, or the one that was built in (`SMARTY_UPDATE_KEY`, 64 hex
/// digits). `None`: there is none, and no image is taken.
pub fn key(settings: &Settings) -> Option<[u8; 32]> {
    let hex = settings.given(Name::UpdateKey).or(option_env!("SMARTY_UPDATE_KEY"))?;
    let mut key = [0; 32];
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    for (byte, digits) in key.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(core::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(key)
}

/// Who asked for an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Somebody at the local page: any version that is signed, an older one or one that failed before, too.
    ByHand,
    /// A retained notice at the broker: only a version above the one that runs, and none that failed here.
    ByNotice,
}
