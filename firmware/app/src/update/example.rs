//! Example: a signed image, and a board that takes it. For tests.

extern crate std;

use core::cell::RefCell;
use std::vec::Vec;

use ed25519_dalek::{Signer, SigningKey};
use embedded_storage::nor_flash::NorFlash;
use sha2::{Digest, Sha256};

use super::{Asked, Install, Layout, Slot, Updater, Version, signed_part};
use crate::common::Flash;

/// The version of the image; the board runs the one before.
pub(crate) const VERSION: Version = Version([0, 2, 0]);
const SLOT: u32 = 4 * 4096;

fn signer() -> SigningKey {
    SigningKey::from_bytes(&[3; 32])
}

/// A file as `scripts/sign-firmware` makes it, of 9,132 bytes.
pub(crate) fn file() -> Vec<u8> {
    let image: Vec<u8> = (0..9000).map(|at| (at * 7) as u8).collect();
    // The name fits.
    let part = signed_part("virt", VERSION, 9000, &Sha256::digest(&image).into()).unwrap_or([0; 68]);
    [&part[..], &signer().sign(&part).to_bytes(), &image].concat()
}

/// What takes that file.
pub(crate) fn install() -> Install {
    Install::new(*signer().verifying_key().as_bytes(), Asked::ByNotice, Some(VERSION))
}

/// An empty chip of the right size.
pub(crate) fn flash() -> Flash {
    Flash::new((0x6000 + 2 * SLOT as usize) / 4096)
}

/// A board that runs from the first slot of this chip. `None`: the chip has no power.
pub(crate) fn board<F: NorFlash>(flash: F) -> RefCell<Option<Updater<F>>> {
    let slot = |from: u32| from..from + SLOT;
    let layout = Layout { choice: 0..0x2000, trial: 0x2000..0x6000, slots: [slot(0x6000), slot(0x6000 + SLOT)] };
    RefCell::new(Updater::load(flash, layout, Slot::A, "virt", Version([0, 1, 0])).ok())
}

/// Whether the image is whole and chosen.
pub(crate) fn is_on_trial<F: NorFlash>(board: &RefCell<Option<Updater<F>>>) -> bool {
    board.borrow().as_ref().is_some_and(Updater::on_trial)
}
