//! Event: what became of the bytes, as the intake says it to the [`Evidence`](super::Evidence).

use smarty_p1::Foreign;

use super::Good;

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A telegram that counts.
    Good(Good<'a>),
    /// One that was read before; as it is known across restarts.
    Again,
    /// One that is older than what was read before.
    Replayed,
    /// A whole frame of another protocol.
    Foreign(Foreign),
    /// A sealed frame without a key to open it; false: there would be one, but it is unusable.
    WithoutKey([u8; 8], bool),
    /// A sealed frame with this security control byte.
    SecurityControl(u8),
    /// A key opens it, with another authentication key.
    AuthenticationKeyDiffers([u8; 8]),
    /// No key opens it. And what else is known of whose key there is.
    Unopened([u8; 8], Option<String>),
    /// Opened and proven, with a wrong checksum inside.
    ChecksumInside,
    /// A text with a wrong checksum.
    WrongChecksum,
    /// A text without a checksum, where one is wanted.
    WithoutChecksum,
    /// A good text, where sealed frames are wanted.
    PlainRefused,
    /// A good telegram of a meter that is not configured.
    UnknownMeter(&'a str),
    /// A frame that was begun and not gone on with.
    Abandoned,
    /// Bytes that belong to no frame.
    Noise(usize),
}

/// When causes are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// While the line goes on: only what is no chance, and what nobody else says.
    Meanwhile,
    /// After the last byte, at this time in seconds: the most probable has to do.
    AtTheEnd(i64),
}
