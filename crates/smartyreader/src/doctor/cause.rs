//! Cause: one thing that can be wrong with a source or with what comes from it. Each has a stable word, which is an API, and
//! an exit code of its own; what is said of it stands in [`sentence`](super::sentence).

use serde_json::{Map, Value, json};
use smarty_p1::Foreign;

use crate::exit::Code;
use crate::hex;
use crate::observe::Severity;

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // What the fields are is in the sentences.
pub enum Cause {
    /// The device does not exist.
    DeviceMissing { target: String },
    /// Another program has the device open.
    DeviceBusy { target: String, by: String, ours: bool },
    /// This user may not open the device.
    NoPermission { target: String, user: String, group: String },
    /// A port or host cannot be opened for another reason.
    Unreachable { target: String, why: String, advice: &'static str },
    /// It was open and went away.
    Lost { target: String, why: String },
    /// It is open and no byte comes.
    Silent { target: String, seconds: u64 },
    /// The levels are upside down.
    Inverted { target: String },
    /// Seven bits and even parity, read as eight bits.
    SevenBits { target: String },
    /// Another number of bits a second than `baud`.
    WrongSpeed { target: String, baud: u32 },
    /// Bytes come and no telegram begins in them: readable ones, or such of no known look.
    Garbage { target: String, text: bool },
    /// Another protocol.
    Foreign(Foreign),
    /// Every telegram breaks off after so many bytes.
    CutShort { bytes: usize, frames: u32 },
    /// Telegrams come in pieces with pauses between them.
    Split { frames: u32 },
    /// Sealed frames, and no key is configured.
    SealedWithoutKey { title: [u8; 8] },
    /// The configured key is none, or not there.
    KeyUnusable { sentence: String },
    /// The configured key is the public authentication key.
    PublicKey { sentence: String },
    /// Sealed frames arrive whole and none can be opened.
    WrongKey { title: [u8; 8], frames: u32 },
    /// The same, and it is known whose key it is, or which key would open them.
    KeyOfAnotherMeter { title: [u8; 8], whose: String },
    /// The key opens, the tag does not fit.
    AuthenticationKeyDiffers { title: [u8; 8] },
    /// Another security suite.
    SecurityControl { control: u8 },
    /// Plain telegrams where sealed ones are expected.
    PlainRefused,
    /// Frames of another meter among ours.
    OtherMeter { title: [u8; 8], frames: u32 },
    /// A meter that no section of the configuration speaks of.
    UnknownMeter { equipment: String },
    /// Telegrams without a checksum where one is expected.
    WithoutChecksum,
    /// The tag is right, the checksum inside is wrong.
    ChecksumInside { frames: u32 },
    /// Checksums wrong, several in a row.
    Damaged { frames: u32 },
    /// Checksums wrong now and then.
    LineNoise { damaged: u32, of: u32 },
    /// Old frames come again.
    Replayed,
    /// Telegrams come twice.
    Doubled { frames: u32, of: u32 },
    /// The frame counter fell while the time went on.
    CounterBack { from: u32, to: u32 },
    /// The register of imported energy fell.
    RegisterBack { from_wh: i64, to_wh: i64 },
    /// Telegrams come so many seconds apart.
    Seldom { seconds: i64 },
    /// The meter's clock and this machine's differ.
    ClockOff { seconds: i64 },
}

impl Cause {
    /// The stable word for it.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::DeviceMissing { .. } => "device-missing",
            Self::DeviceBusy { .. } => "device-busy",
            Self::NoPermission { .. } => "no-permission",
            Self::Unreachable { .. } => "unreachable",
            Self::Lost { .. } => "lost",
            Self::Silent { .. } => "silent",
            Self::Inverted { .. } => "inverted",
            Self::SevenBits { .. } => "seven-bits",
            Self::WrongSpeed { .. } => "wrong-speed",
            Self::Garbage { .. } => "garbage",
            Self::Foreign(_) => "foreign-protocol",
            Self::CutShort { .. } => "cut-short",
            Self::Split { .. } => "split",
            Self::SealedWithoutKey { .. } => "sealed-without-key",
            Self::KeyUnusable { .. } => "key-unusable",
            Self::PublicKey { .. } => "public-key-as-key",
            Self::WrongKey { .. } => "wrong-key",
            Self::KeyOfAnotherMeter { .. } => "key-of-another-meter",
            Self::AuthenticationKeyDiffers { .. } => "authentication-key-differs",
            Self::SecurityControl { .. } => "security-control",
            Self::PlainRefused => "plain-refused",
            Self::OtherMeter { .. } => "other-meter",
            Self::UnknownMeter { .. } => "unknown-meter",
            Self::WithoutChecksum => "without-checksum",
            Self::ChecksumInside { .. } => "checksum-inside",
            Self::Damaged { .. } => "damaged",
            Self::LineNoise { .. } => "line-noise",
            Self::Replayed => "replayed",
            Self::Doubled { .. } => "doubled",
            Self::CounterBack { .. } => "counter-back",
            Self::RegisterBack { .. } => "register-back",
            Self::Seldom { .. } => "seldom",
            Self::ClockOff { .. } => "clock-off",
        }
    }

    /// The exit code of `smartyreader doctor`.
    pub fn exit(&self) -> Code {
        // Each is in the table; a test holds them together.
        Code::of_cause(self.code()).unwrap_or(Code::Unavailable)
    }

    /// How much it hurts.
    pub const fn severity(&self) -> Severity {
        match self {
            Self::Damaged { .. }
            | Self::LineNoise { .. }
            | Self::OtherMeter { .. }
            | Self::UnknownMeter { .. }
            | Self::Replayed
            | Self::Doubled { .. }
            | Self::CounterBack { .. }
            | Self::RegisterBack { .. }
            | Self::Seldom { .. }
            | Self::ClockOff { .. } => Severity::Attention,
            _ => Severity::Failing,
        }
    }

    /// What it was told from, for programs.
    pub fn figures(&self) -> Map<String, Value> {
        let figures = match self {
            Self::DeviceMissing { target } | Self::Inverted { target } | Self::SevenBits { target } => {
                json!({ "target": target })
            }
            Self::Garbage { target, text } => json!({ "target": target, "readable": text }),
            Self::DeviceBusy { target, by, ours } => json!({ "target": target, "by": by, "ours": ours }),
            Self::NoPermission { target, user, group } => json!({ "target": target, "user": user, "group": group }),
            Self::Unreachable { target, why, .. } | Self::Lost { target, why } => {
                json!({ "target": target, "why": why })
            }
            Self::Silent { target, seconds } => json!({ "target": target, "seconds": seconds }),
            Self::WrongSpeed { target, baud } => json!({ "target": target, "baud": baud }),
            Self::Foreign(protocol) => json!({ "protocol": format!("{protocol:?}").to_lowercase() }),
            Self::CutShort { bytes, frames } => json!({ "bytes": bytes, "frames": frames }),
            Self::Split { frames } | Self::ChecksumInside { frames } | Self::Damaged { frames } => {
                json!({ "frames": frames })
            }
            Self::SealedWithoutKey { title } | Self::AuthenticationKeyDiffers { title } => {
                json!({ "system_title": hex::upper(title) })
            }
            Self::WrongKey { title, frames } | Self::OtherMeter { title, frames } => {
                json!({ "system_title": hex::upper(title), "frames": frames })
            }
            Self::KeyOfAnotherMeter { title, whose } => json!({ "system_title": hex::upper(title), "whose": whose }),
            Self::SecurityControl { control } => json!({ "security_control": format!("{control:02X}") }),
            Self::UnknownMeter { equipment } => json!({ "equipment": equipment }),
            Self::LineNoise { damaged, of } => json!({ "damaged": damaged, "of": of }),
            Self::Doubled { frames, of } => json!({ "frames": frames, "of": of }),
            Self::CounterBack { from, to } => json!({ "from": from, "to": to }),
            Self::RegisterBack { from_wh, to_wh } => json!({ "from_wh": from_wh, "to_wh": to_wh }),
            Self::Seldom { seconds } | Self::ClockOff { seconds } => json!({ "seconds": seconds }),
            Self::KeyUnusable { .. }
            | Self::PublicKey { .. }
            | Self::PlainRefused
            | Self::WithoutChecksum
            | Self::Replayed => Value::Null,
        };
        if let Value::Object(figures) = figures { figures } else { Map::new() }
    }
}
