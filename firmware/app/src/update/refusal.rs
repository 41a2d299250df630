//! Refusal: why an update was not taken, as people read it.

use core::fmt::{self, Debug, Display, Formatter};

use super::version::Version;

/// Why an update was not taken. The image that runs goes on running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// What came does not begin as an image.
    NoImage,
    /// The header is of a format that this version does not know.
    Format,
    /// This build has no key to prove a signature with.
    NoKey,
    /// Not signed with the key of this board.
    Signature,
    /// Signed, for another board.
    Board,
    /// Longer than a slot, or empty.
    Length(u32),
    /// From a notice: not above the version that runs.
    NotNewer(Version),
    /// From a notice: failed here before.
    FailedBefore(Version),
    /// Not the version that the notice promised.
    NotPromised(Version),
    /// The image that runs is on trial itself.
    OnTrial,
    /// Another image has begun to come since.
    Overtaken,
    /// Fewer bytes came than announced.
    Short,
    /// More bytes came than announced.
    Long,
    /// What was written reads back as something else.
    Digest,
    /// The flash does not keep what is written to it.
    Worn,
}

impl Display for Refusal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoImage => f.write_str("This file is no signed image; make one with scripts/sign-firmware."),
            Self::Format => {
                f.write_str("The image is packed in a newer way than this version knows; update step by step.")
            }
            Self::NoKey => f.write_str(
                "This build has no key for updates (SMARTY_UPDATE_KEY when it was built); flash it by cable.",
            ),
            Self::Signature => f.write_str("The image is not signed with this board's key; nothing was written."),
            Self::Board => f.write_str("The image is for another board; nothing was written."),
            Self::Length(length) => write!(f, "The image has {length} bytes and does not fit into a slot."),
            Self::NotNewer(version) => write!(f, "Version {version} is not newer than the one that runs."),
            Self::FailedBefore(version) => {
                write!(f, "Version {version} was tried here and taken back; upload it by hand to try it again.")
            }
            Self::NotPromised(version) => write!(f, "The notice promised another version than {version}."),
            Self::OnTrial => {
                f.write_str("The running version is on trial; try again when it is confirmed, in at most five minutes.")
            }
            Self::Overtaken => f.write_str("Another image has come in between; this one was given up."),
            Self::Short => f.write_str("The image ended too early; send it again."),
            Self::Long => f.write_str("More came than the image has bytes; nothing was changed."),
            Self::Digest => f.write_str("What was written reads back differently; send it again."),
            Self::Worn => f.write_str("The flash does not keep what is written to it; the board should be exchanged."),
        }
    }
}

/// A refusal, or the flash's own error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error<E> {
    /// See [`Refusal`].
    Refused(Refusal),
    /// The driver's error.
    Flash(E),
}

impl<E> From<Refusal> for Error<E> {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl<E: Debug> Display for Error<E> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => Display::fmt(refusal, f),
            Self::Flash(error) => write!(f, "The flash answers {error:?}; start the board anew and try again."),
        }
    }
}
