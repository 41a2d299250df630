//! Sentence: what is said of a cause, and what to do about it. Never holds a key.

use std::borrow::Cow;

use smarty_p1::Foreign;

use super::Cause;
use crate::words::{duration, title_text};

/// What turns an inverted signal over again.
const INVERTER: &str = "The P1 port sends upside down. Use a P1 cable, which inverts; or let the adapter do it (FTDI: \
    FT_PROG, Hardware Specific, Invert RS232 Signals, Invert RXD; a board's serial port: its `inverted` setting); or put a \
    transistor between: 2N7002, its gate at pin 5 of the meter with 1 kΩ to 5 V, its drain at the adapter's RX with 10 kΩ to \
    the adapter's supply. If there is such a stage already, one inverts too much: take one away.";

impl Cause {
    /// What is wrong.
    pub fn sentence(&self) -> String {
        match self {
            Self::DeviceMissing { target } => format!("{target} does not exist."),
            Self::DeviceBusy { target, by, ours: false } => {
                format!("{target} is open in another program, {by}. Two that read one port get half of the bytes each.")
            }
            Self::DeviceBusy { target, by, ours: true } => format!("{target} is being read by {by}."),
            Self::NoPermission { target, user, group } => {
                format!("{target} cannot be opened: it belongs to the group {group}, and the user {user} is not in it.")
            }
            Self::Unreachable { target, why, .. } => format!("{target} cannot be opened: {why}."),
            Self::Lost { target, why } => format!("{target} went away: {why}."),
            Self::Silent { target, seconds } => {
                format!("{target} is open, but no byte has come for {seconds} seconds.")
            }
            Self::Inverted { target } => {
                format!(
                    "The signal reaches {target} upside down: its bytes are those of telegrams with every bit turned over."
                )
            }
            Self::SevenBits { target } => format!(
                "{target} reads eight bits, but the meter sends seven bits and even parity (7E1), as meters before 2014 do."
            ),
            Self::WrongSpeed { target, baud } if *baud > 9600 => format!(
                "The meter sends more slowly than {target} reads: at {baud} bits a second its bits look like rows of zeros."
            ),
            Self::WrongSpeed { target, baud } => {
                format!("The meter sends faster than {target} reads: {baud} bits a second are too few.")
            }
            Self::Garbage { target, text: true } => {
                format!("Readable bytes come from {target}, but no telegram begins in them.")
            }
            Self::Garbage { target, text: false } => {
                format!("Bytes come from {target}, but no telegram begins in them, and they look like noise.")
            }
            Self::Foreign(Foreign::Hdlc) => "The port speaks DLMS in HDLC frames, not P1.".into(),
            Self::Foreign(Foreign::Mbus) => "The port speaks DLMS over wired M-Bus, not P1.".into(),
            Self::Foreign(Foreign::HybridHeader) => {
                "The port sends a P1 header with a ciphered block of another kind inside.".into()
            }
            Self::CutShort { bytes, .. } => {
                format!("Telegrams break off, always after {bytes} bytes: something on the way has too small a buffer.")
            }
            Self::Split { frames } => {
                format!("{frames} telegrams came in pieces, with long pauses inside.")
            }
            Self::SealedWithoutKey { title } => {
                format!("Sealed frames arrive from system title {}, and no key is configured.", title_text(*title))
            }
            Self::KeyUnusable { sentence } | Self::PublicKey { sentence } => sentence.clone(),
            Self::WrongKey { title, frames: 1 } => format!(
                "A frame arrived whole and could not be opened: the key is not the one of this meter. It comes from system \
                 title {}.",
                title_text(*title)
            ),
            Self::WrongKey { title, frames } => format!(
                "{frames} frames in a row arrived whole and could not be opened: the key is not the one of this meter. \
                 The frames come from system title {}.",
                title_text(*title)
            ),
            Self::KeyOfAnotherMeter { title, whose } => {
                format!("The frames come from system title {}, but {whose}.", title_text(*title))
            }
            Self::AuthenticationKeyDiffers { title } => format!(
                "The key opens the frames of {}, and the checksum inside is right, but their tag does not fit: this meter \
                 has another authentication key.",
                title_text(*title)
            ),
            Self::SecurityControl { control } => {
                format!("Frames with security control {control:02x} arrive; P1 meters send 30.")
            }
            Self::PlainRefused => {
                "Plain telegrams arrive, and a key is configured, so they are refused: anybody could have made them."
                    .into()
            }
            Self::OtherMeter { title, frames } => format!(
                "{frames} frames of another meter arrive among ours, from system title {}; no key opens them.",
                title_text(*title)
            ),
            Self::UnknownMeter { equipment } => {
                format!("Telegrams of meter {equipment} arrive, and no meter with this identifier is configured.")
            }
            Self::WithoutChecksum => "Telegrams without a checksum arrive and are refused.".into(),
            Self::ChecksumInside { frames } => format!(
                "{frames} frames were opened and their tag is right, but the checksum of the text inside is wrong: the meter \
                 itself made it so."
            ),
            Self::Damaged { frames: 1 } => "A telegram arrived damaged: its checksum is wrong.".into(),
            Self::Damaged { frames } => {
                format!("{frames} telegrams in a row arrived damaged: their checksum is wrong.")
            }
            Self::LineNoise { damaged, of } => {
                let percent = (u64::from(*damaged) * 100).div_ceil(u64::from((*of).max(1)));
                format!("{damaged} of {of} telegrams arrived damaged ({percent} %); the others are good.")
            }
            Self::Replayed => "Frames arrive that are older than what was already read; they are refused.".into(),
            Self::Doubled { frames, of } => format!("{frames} of {of} telegrams came a second time."),
            Self::CounterBack { from, to } => {
                format!("The frame counter fell from {from} to {to}, while the meter's time went on.")
            }
            Self::RegisterBack { from_wh, to_wh } => {
                format!("The meter's register of imported energy fell from {from_wh} Wh to {to_wh} Wh.")
            }
            Self::Seldom { seconds } => {
                format!("Good telegrams come {} apart; a meter sends at least every 10 seconds.", duration(*seconds))
            }
            Self::ClockOff { seconds } => format!(
                "The meter's clock is {} {} this machine's.",
                duration(seconds.abs()),
                if *seconds > 0 { "ahead of" } else { "behind" }
            ),
        }
    }

    /// What to do about it.
    pub fn advice(&self) -> Cow<'static, str> {
        let advice = match self {
            Self::DeviceMissing { .. } => {
                "Is the cable plugged in? `smartyreader setup` lists the ports; names under /dev/serial/by-id stay the same."
            }
            Self::DeviceBusy { ours: true, .. } => "`smartyreader status` says what it has found.",
            Self::DeviceBusy { .. } => {
                "Stop it, or let one of the two pass the telegrams on: [telegram-server.NAME] does that."
            }
            Self::NoPermission { user, group, .. } => {
                return Cow::Owned(format!("sudo usermod -aG {group} {user}, then log in again."));
            }
            Self::Unreachable { advice, .. } => advice,
            Self::Lost { .. } => "Is the cable still plugged in? It is opened again as soon as it is back.",
            Self::Silent { .. } => {
                "In this order: is the request line (pin 2) at 5 V? Without it the meter does not send. Are there 5 V between \
                 pins 1 and 6? Is the cable in the meter's P1 port, not in another, and does another cable help? Last, ask the \
                 network operator whether the port is released. The daemon opens the port anew every minute."
            }
            Self::Inverted { .. } => INVERTER,
            Self::SevenBits { .. } => {
                "Set format = \"7E1\" on the source; with 9600 bits a second, preset = \"dsmr-2\"."
            }
            Self::WrongSpeed { baud: 9601.., .. } => {
                "Meters before 2014 send 9600 7E1: set preset = \"dsmr-2\" on the source."
            }
            Self::WrongSpeed { .. } => {
                "Take `baud` and preset = \"dsmr-2\" away: all meters since 2014 send 115200 8N1. If that does not help, look \
                 again: the signal may be inverted as well."
            }
            Self::Garbage { text: true, .. } => {
                "Listen for longer: a meter sends every ten seconds. If it stays so, something on the way leaves out the beginnings."
            }
            Self::Garbage { .. } => {
                "Is the cable's ground (pin 3) connected, and the pull-up between pin 5 and 5 V there (1 kΩ)? Keep the cable \
                 short and away from mains. If the port has another speed or format than the meter, set `baud` and `format`."
            }
            Self::Foreign(_) => "This meter or port cannot be read here.",
            Self::CutShort { .. } => {
                "A dongle, ser2net or a board with a fixed buffer: make it larger, or update it. Luxembourg's telegrams have \
                 up to 1300 bytes since 2020, with a message several thousand."
            }
            Self::Split { .. } => {
                "Let the dongle or ser2net send at once what it has, without waiting for full packets, and see to its Wi-Fi."
            }
            Self::SealedWithoutKey { .. } => {
                "Ask your network operator for the P1 key, put it into a file and name it with `key-file`; `smartyreader setup` does it with you."
            }
            Self::KeyUnusable { .. } | Self::PublicKey { .. } => "Put the right key there and start again.",
            Self::WrongKey { .. } => {
                "Compare the key with the network operator's letter, and the meter's serial number with the one that the key was given for."
            }
            Self::KeyOfAnotherMeter { .. } => {
                "Are two meters' keys or cables exchanged, or was the meter replaced? A new meter has a new key: ask the network operator for it."
            }
            Self::AuthenticationKeyDiffers { .. } => {
                "Set `authentication-key` to the one your operator gave you, or to \"none\" to read without proof of origin."
            }
            Self::SecurityControl { .. } => {
                "This meter uses a security suite that P1 does not know; it cannot be read here."
            }
            Self::PlainRefused => {
                "Take the key out of the configuration if this meter sends plain telegrams, or set accept-plain = true."
            }
            Self::OtherMeter { .. } => {
                "Is a second meter on this line? With a section and a key of its own it is read, too."
            }
            Self::UnknownMeter { .. } => "Add a section [meter.NAME] with `equipment` set to this identifier.",
            Self::WithoutChecksum => {
                "For meters of DSMR 2 and 3 set preset = \"dsmr-2\" or accept-without-crc = true on the source."
            }
            Self::ChecksumInside { .. } => {
                "Nothing on the way did this. Tell the network operator, with a saved capture."
            }
            Self::Damaged { .. } | Self::LineNoise { .. } => {
                "A long or bad cable, a weak pull-up resistor (1 kΩ between pin 5 and 5 V), or a program that reads the same port."
            }
            Self::Replayed => "Does something replay recorded frames, or does a dongle send each twice?",
            Self::Doubled { .. } => {
                "Look for a second connection or a repeat setting in the dongle. Each telegram counts once here, so nothing is wrong in the store."
            }
            Self::CounterBack { .. } => {
                "Normal once, when the operator renews the key or the meter is replaced. Again and again it means that two senders use one name."
            }
            Self::RegisterBack { .. } => {
                "Compare with the meter's display. After a change of the meter this is right; the health page asks."
            }
            Self::Seldom { .. } => {
                "Something on the way leaves telegrams out: a dongle that passes on only some, or a request line (pin 2) that is switched."
            }
            Self::ClockOff { .. } => {
                "Is this machine's clock right? The meter's time is used as it is; its operator sets it."
            }
        };
        Cow::Borrowed(advice)
    }
}
