//! Trouble: everything that can be wrong, each with its code, its sentence and what to do.
//!
//! The codes are an API: scripts and tests go by them. The sentences are for people and never hold a key.

use std::fmt::Write as _;

use smarty_p1::Foreign;

use super::sensor::SensorTrouble;
use crate::mail;
use crate::mqtt::{Refusal, Why};

/// How much it hurts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Readings still arrive, or nothing is lost yet.
    Attention,
    /// A meter is not being read, or not being kept.
    Failing,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // What the fields are is in the sentences below.
pub enum Trouble {
    /// A port or host cannot be opened.
    Unreachable { target: String, why: String, advice: &'static str },
    /// It was open and went away.
    Lost { target: String, why: String },
    /// It is open and no byte comes.
    Silent { target: String, seconds: u64 },
    /// The broker is there and nothing is published.
    NothingPublished { topics: String, seconds: u64 },
    /// Bytes come, but no telegram begins in them.
    Garbage { target: String },
    /// Sealed frames arrive whole and none can be opened.
    WrongKey { title: [u8; 8], frames: u32 },
    /// The key opens, the tag does not fit.
    AuthenticationKeyDiffers { title: [u8; 8] },
    /// Sealed frames, and the meter has no key.
    SealedWithoutKey { title: [u8; 8] },
    /// The configured key is none, or not there.
    KeyUnusable { sentence: String },
    /// The configured key is the public authentication key.
    PublicKey { sentence: String },
    /// Plain telegrams where sealed ones are expected.
    PlainRefused,
    /// Telegrams without a checksum where one is expected.
    WithoutChecksum,
    /// Checksums wrong, several in a row.
    Damaged { frames: u32 },
    /// Another security suite.
    SecurityControl { control: u8 },
    /// Another protocol.
    Foreign(Foreign),
    /// A meter that no section of the configuration speaks of.
    UnknownMeter { equipment: String },
    /// Readings on a topic that is no meter's.
    UnknownTopic { topic: String },
    /// Published values where sealed frames are expected.
    PublishedRefused { topic: String },
    /// A message of a known form that is broken.
    MalformedMessage { topic: String, why: String },
    /// A host answers, and not as expected; the words stand behind "it".
    BadAnswer { target: String, why: String },
    /// Messages come, and nothing has been understood yet.
    ForeignMessage { topic: String, what: &'static str },
    /// Old frames come again.
    Replayed,
    /// No good telegram of a meter, or nothing of a sensor, for a while.
    Stale { seconds: i64 },
    /// No sum for a while: these members are silent since then, or none is.
    GroupIncomplete { silent: String, seconds: i64 },
    /// The meter's clock and this machine's differ.
    ClockOff { seconds: i64 },
    /// A value that the checksum let through and that cannot be.
    Quarantined { quantity: &'static str, reason: String },
    /// The disk or the size limit is full.
    StoreFull { why: String },
    /// Storing fails for another reason.
    StoreFailing { why: String },
    /// Telegrams arrive faster than they can be stored.
    StoreBehind,
    /// A broker that cannot be had.
    Broker(Refusal),
    /// A broker was away for so long that what it was owed is too old.
    OwedTooLong { entries: u64 },
    /// A sink cannot listen, or make its pseudo-terminal.
    CannotServe { target: String, why: String },
    /// A sink's file cannot be written.
    FileFailing { path: String, why: String },
    /// A day's file cannot go to the archive.
    ArchiveFailing { path: String, why: String },
    /// Who is to get alerts does not take them.
    AlertUndelivered { target: String, why: String },
    /// So long could a file not be written that lines were given up.
    LinesLost { path: String },
    /// A report that cannot be mailed.
    Mail(mail::Refusal),
    /// A report that could not be mailed for so long that it is not tried any more.
    ReportGivenUp { report: String },
    /// A report that cannot be made or kept.
    ReportFailing { why: String },
    /// With a sensor.
    Sensor(SensorTrouble),
}

impl Trouble {
    /// The stable word for it.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::Lost { .. } => "lost",
            Self::Silent { .. } | Self::NothingPublished { .. } => "silent",
            Self::Garbage { .. } => "garbage",
            Self::WrongKey { .. } => "wrong-key",
            Self::AuthenticationKeyDiffers { .. } => "authentication-key-differs",
            Self::SealedWithoutKey { .. } => "sealed-without-key",
            Self::KeyUnusable { .. } => "key-unusable",
            Self::PublicKey { .. } => "public-key-as-key",
            Self::PlainRefused => "plain-refused",
            Self::WithoutChecksum => "without-checksum",
            Self::Damaged { .. } => "damaged",
            Self::SecurityControl { .. } => "security-control",
            Self::Foreign(_) => "foreign-protocol",
            Self::UnknownMeter { .. } => "unknown-meter",
            Self::UnknownTopic { .. } => "unknown-topic",
            Self::PublishedRefused { .. } => "published-refused",
            Self::MalformedMessage { .. } => "malformed-message",
            Self::ForeignMessage { .. } => "foreign-message",
            Self::Replayed => "replayed",
            Self::Stale { .. } => "stale",
            Self::GroupIncomplete { .. } => "group-incomplete",
            Self::ClockOff { .. } => "clock-off",
            Self::Quarantined { .. } => "quarantined",
            Self::StoreFull { .. } => "store-full",
            Self::StoreFailing { .. } => "store-failing",
            Self::StoreBehind => "store-behind",
            Self::Broker(Refusal { why, .. }) => match why {
                Why::Network(_) => "broker-away",
                Why::Tls(_) => "broker-tls",
                Why::Psk => "broker-psk",
                Why::Login => "broker-login",
                Why::Broker(_) => "broker-refuses",
                Why::Ours(_) => "broker-setting",
            },
            Self::OwedTooLong { .. } => "owed-too-long",
            Self::CannotServe { .. } => "cannot-serve",
            Self::FileFailing { .. } => "file-failing",
            Self::ArchiveFailing { .. } => "archive-failing",
            Self::AlertUndelivered { .. } => "alert-undelivered",
            Self::LinesLost { .. } => "lines-lost",
            Self::Mail(refusal) => match refusal.why {
                mail::Why::Away(_) => "mail-away",
                mail::Why::Tls(_) => "mail-tls",
                mail::Why::Login(_) => "mail-login",
                mail::Why::Refused(_) => "mail-refused",
                mail::Why::Ours(_) => "mail-setting",
            },
            Self::ReportGivenUp { .. } => "report-given-up",
            Self::ReportFailing { .. } => "report-failing",
            Self::BadAnswer { .. } => "bad-answer",
            Self::Sensor(trouble) => trouble.code(),
        }
    }

    /// How much it hurts.
    pub const fn severity(&self) -> Severity {
        match self {
            Self::AuthenticationKeyDiffers { .. }
            | Self::Unreachable { .. }
            | Self::Lost { .. }
            | Self::Silent { .. }
            | Self::NothingPublished { .. }
            | Self::Garbage { .. }
            | Self::WrongKey { .. }
            | Self::SealedWithoutKey { .. }
            | Self::KeyUnusable { .. }
            | Self::PublicKey { .. }
            | Self::PlainRefused
            | Self::PublishedRefused { .. }
            | Self::WithoutChecksum
            | Self::SecurityControl { .. }
            | Self::Foreign(_)
            | Self::Stale { .. }
            | Self::GroupIncomplete { .. }
            | Self::StoreFull { .. }
            | Self::StoreFailing { .. }
            | Self::BadAnswer { .. } => Severity::Failing,
            Self::Sensor(trouble) if trouble.is_failing() => Severity::Failing,
            Self::Damaged { .. }
            | Self::UnknownMeter { .. }
            | Self::UnknownTopic { .. }
            | Self::MalformedMessage { .. }
            | Self::ForeignMessage { .. }
            | Self::Replayed
            | Self::ClockOff { .. }
            | Self::Quarantined { .. }
            | Self::StoreBehind
            | Self::Broker(_)
            | Self::OwedTooLong { .. }
            | Self::CannotServe { .. }
            | Self::FileFailing { .. }
            | Self::ArchiveFailing { .. }
            | Self::AlertUndelivered { .. }
            | Self::LinesLost { .. }
            | Self::Mail(_)
            | Self::ReportGivenUp { .. }
            | Self::ReportFailing { .. }
            | Self::Sensor(_) => Severity::Attention,
        }
    }

    /// What is wrong.
    pub fn sentence(&self) -> String {
        match self {
            Self::Unreachable { target, why, .. } => format!("{target} cannot be opened: {why}."),
            Self::Lost { target, why } => format!("{target} went away: {why}."),
            Self::Silent { target, seconds } => {
                format!("{target} is open, but no byte has come for {seconds} seconds.")
            }
            Self::NothingPublished { topics, seconds } => {
                format!("The broker is there, but nothing was published on {topics} for {seconds} seconds.")
            }
            Self::Garbage { target } => format!("Bytes come from {target}, but no telegram begins in them."),
            Self::WrongKey { title, frames } => format!(
                "{frames} frames in a row arrived whole and could not be opened: the key is not the one of this meter. \
                 The frames come from system title {}.",
                title_text(*title)
            ),
            Self::AuthenticationKeyDiffers { title } => format!(
                "The key opens the frames of {}, but their tag does not fit: this meter has another authentication key.",
                title_text(*title)
            ),
            Self::SealedWithoutKey { title } => {
                format!("Sealed frames arrive from system title {}, and no key is configured.", title_text(*title))
            }
            Self::KeyUnusable { sentence } | Self::PublicKey { sentence } => sentence.clone(),
            Self::PlainRefused => {
                "Plain telegrams arrive, and a key is configured, so they are refused: anybody could have made them."
                    .into()
            }
            Self::WithoutChecksum => "Telegrams without a checksum arrive and are refused.".into(),
            Self::Damaged { frames } => {
                format!("{frames} telegrams in a row arrived damaged: their checksum is wrong.")
            }
            Self::SecurityControl { control } => {
                format!("Frames with security control {control:02x} arrive; P1 meters send 30.")
            }
            Self::Foreign(Foreign::Hdlc) => "The port speaks DLMS in HDLC frames, not P1.".into(),
            Self::Foreign(Foreign::Mbus) => "The port speaks DLMS over wired M-Bus, not P1.".into(),
            Self::Foreign(Foreign::HybridHeader) => {
                "The port sends a P1 header with a ciphered block of another kind inside.".into()
            }
            Self::UnknownMeter { equipment } => {
                format!("Telegrams of meter {equipment} arrive, and no meter with this identifier is configured.")
            }
            Self::UnknownTopic { topic } => {
                format!("Readings arrive on topic {topic}, and it cannot be told which meter they are of.")
            }
            Self::PublishedRefused { topic } => format!(
                "Values that another program published arrive on topic {topic}, and a key is configured, so they are \
                 refused: anybody could have made them."
            ),
            Self::MalformedMessage { topic, why } => format!("A message on topic {topic} {why}."),
            Self::ForeignMessage { topic, what } => {
                format!(
                    "Messages arrive, for example {what} on topic {topic}, but no reading has been found in any yet."
                )
            }
            Self::Replayed => "Frames arrive that are older than what was already read; they are refused.".into(),
            Self::Stale { seconds } => format!("No good reading for {}.", duration(*seconds)),
            Self::GroupIncomplete { silent, seconds } if silent.is_empty() => {
                format!("No sum for {}: the members' readings are too far apart in time.", duration(*seconds))
            }
            Self::GroupIncomplete { silent, .. } => format!("There is no sum: {silent}."),
            Self::ClockOff { seconds } => format!(
                "The meter's clock is {} {} this machine's.",
                duration(seconds.abs()),
                if *seconds > 0 { "ahead of" } else { "behind" }
            ),
            Self::Quarantined { quantity, reason } => format!("A value of {quantity} was put aside: it {reason}."),
            Self::StoreFull { why } => format!("Nothing can be stored: {why}."),
            Self::StoreFailing { why } => format!("Storing fails: {why}."),
            Self::StoreBehind => "Telegrams arrive faster than they can be stored; some were not kept.".into(),
            Self::Broker(Refusal { target, why }) => format!("The broker {target} cannot be reached: {why}."),
            Self::OwedTooLong { entries } => format!(
                "The broker was away for so long that {entries} quarter-hours were not sent to it. They are in the store."
            ),
            Self::CannotServe { target, why } => format!("Telegrams cannot be given out on {target}: {why}."),
            Self::FileFailing { path, why } => format!("{path} cannot be written: {why}."),
            Self::ArchiveFailing { path, why } => format!("{path} cannot be moved to the archive: {why}."),
            Self::AlertUndelivered { target, why } => format!("Alerts cannot be handed to {target}: {why}."),
            Self::LinesLost { path } => {
                format!("{path} could not be written for so long that its oldest lines were given up.")
            }
            Self::Mail(refusal) => {
                format!(
                    "Reports cannot be mailed through {}: {}.",
                    refusal.target,
                    refusal.why.to_string().trim_end_matches('.')
                )
            }
            Self::ReportGivenUp { report } => {
                format!(
                    "The report of {report} could not be mailed for too long and was given up. It is kept under /reports/."
                )
            }
            Self::ReportFailing { why } => format!("A report could not be made: {why}."),
            Self::BadAnswer { target, why } => format!("{target} is there, but {why}."),
            Self::Sensor(trouble) => trouble.sentence(),
        }
    }

    /// What to do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Unreachable { advice, .. } => advice,
            Self::Lost { .. } => "Is the cable still plugged in? It is opened again as soon as it is back.",
            Self::Silent { .. } => {
                "Check the cable at the meter; then the meter's 5 V and data request line; then ask the network operator whether the port is released. The port is opened anew every minute."
            }
            Self::NothingPublished { .. } => {
                "Is the board on and connected to the same broker, and is the topic right? `mosquitto_sub -v -t '#'` shows what is published."
            }
            Self::Garbage { .. } => {
                "Most often the speed or format is wrong (115200 8N1; meters before 2014: preset = \"dsmr-2\"), or the signal is not inverted: use a P1 cable, which inverts it."
            }
            Self::WrongKey { .. } => {
                "Compare the key with the network operator's letter, and the meter's serial number with the one that the key was given for."
            }
            Self::AuthenticationKeyDiffers { .. } => {
                "Set `authentication-key` to the one your operator gave you, or to \"none\" to read without proof of origin."
            }
            Self::SealedWithoutKey { .. } => {
                "Ask your network operator for the P1 key, put it into a file and name it with `key-file`; `smartyreader setup` does it with you."
            }
            Self::KeyUnusable { .. } | Self::PublicKey { .. } => "Put the right key there and start again.",
            Self::PlainRefused => {
                "Take the key out of the configuration if this meter sends plain telegrams, or set accept-plain = true."
            }
            Self::WithoutChecksum => {
                "For meters of DSMR 2 and 3 set preset = \"dsmr-2\" or accept-without-crc = true on the source."
            }
            Self::Damaged { .. } => {
                "A long or bad cable, a weak pull-up resistor, or a program that reads the same port."
            }
            Self::SecurityControl { .. } => {
                "This meter uses a security suite that P1 does not know; it cannot be read here."
            }
            Self::Foreign(_) => "This meter or port cannot be read here.",
            Self::UnknownMeter { .. } => "Add a section [meter.NAME] with `equipment` set to this identifier.",
            Self::UnknownTopic { .. } => {
                "Set `topic` in the meter's section [meter.NAME], and `equipment` where several meters share a topic."
            }
            Self::PublishedRefused { .. } => {
                "Take the key out of the configuration if a board opens the telegrams, or set accept-plain = true."
            }
            Self::MalformedMessage { .. } => {
                "What is wrong is left out and counted, and the rest is taken. See what publishes on this topic."
            }
            Self::ForeignMessage { .. } => {
                "Does the board publish below another topic? The forms that are understood are in docs/collector.md."
            }
            Self::Replayed => "Does something replay recorded frames, or does a dongle send each twice?",
            Self::Stale { .. } => "See what the source says.",
            Self::GroupIncomplete { .. } => {
                "See what is wrong with that member. What all count meanwhile is known in sum when it is back."
            }
            Self::ClockOff { .. } => {
                "Is this machine's clock right? The meter's time is used as it is; its operator sets it."
            }
            Self::Quarantined { .. } => "Compare with the meter's display and accept or dismiss it on the health page.",
            Self::StoreFull { .. } => {
                "Make room on the disk or raise the limit; storing goes on by itself. What was stored is safe."
            }
            Self::StoreFailing { .. } => "What was stored is safe; storing is tried again all the time.",
            Self::Broker(Refusal { why, .. }) => match why {
                Why::Network(_) => {
                    "Is the broker on, and is `broker` right? Readings are kept; what it is owed is sent when it is back."
                }
                Why::Tls(_) => {
                    "Does `ca-file` hold the authority that signed the broker's certificate, is the name in `broker` the one in the certificate, and is it still valid?"
                }
                Why::Psk => "Compare `psk-identity` and the key with the broker's psk_file.",
                Why::Login => "Compare `user` and the password with the broker's.",
                Why::Broker(_) => "See the broker's own log.",
                Why::Ours(_) => "Put this file right; it is read anew with every attempt.",
            },
            Self::OwedTooLong { .. } => {
                "Set `owed-at-most` on the broker if it is to be more; the API has all of them."
            }
            Self::Mail(refusal) => match refusal.why {
                mail::Why::Away(_) => {
                    "Is `server` in [mail] right, and the network there? The report is kept and sent when the server is back."
                }
                mail::Why::Tls(_) => {
                    "Does `security` fit the port (starttls: 587, tls: 465), is `server` the name in its certificate, and does `ca-file` hold the authority that signed it?"
                }
                mail::Why::Login(_) => {
                    "Compare `user` and the password with the mail account's; many want a password made for this program alone. `smartyreader report --send-test` tries at once."
                }
                mail::Why::Refused(_) => {
                    "Are the address and `from` right, and may this account send from it? `smartyreader report --send-test` tries at once."
                }
                mail::Why::Ours(_) => "Put this right in [mail]; files are read anew with every attempt.",
            },
            Self::ReportGivenUp { .. } => {
                "`smartyreader report --send-test` says what the mail server has against it; `give-up` in [report] says how long it is tried."
            }
            Self::ReportFailing { .. } => {
                "Is there room, and may this program write there? `folder` in [report] chooses another place."
            }
            Self::StoreBehind => "A slow disk? Set store.flush to a time such as \"60s\".",
            Self::CannotServe { .. } => {
                "Is another program there? `listen` chooses another address, `pty` another path. It is tried again all the time."
            }
            Self::FileFailing { .. } => {
                "Is the disk full, or may this user not write there? Lines wait and are written as soon as it works."
            }
            Self::ArchiveFailing { .. } => {
                "May this user write to the archive folder? The file stays where it is; moving is tried again."
            }
            Self::AlertUndelivered { .. } => {
                "Compare the settings in [alert] with the receiver's. What waits is tried again for a while; the page has the last alerts."
            }
            Self::BadAnswer { .. } => {
                "Open `url` in a browser and compare `pointer` in the meter's [[…number]] with what is there. What can be read is taken."
            }
            Self::Sensor(trouble) => trouble.advice(),
            Self::LinesLost { .. } => "The readings themselves are in the store; `smartyreader export` writes them.",
        }
    }
}

/// `SAGgp01BD54 (5341476770 01bd54, serial …114004)`: as much as people can compare with the meter's plate.
pub fn title_text(title: [u8; 8]) -> String {
    let mut text: String =
        title.iter().take(5).filter(|byte| byte.is_ascii_graphic()).map(|&byte| byte as char).collect();
    for byte in &title[5..] {
        let _ = write!(text, "{byte:02X}");
    }
    let serial = u32::from_be_bytes([0, title[5], title[6], title[7]]);
    let _ = write!(text, " (serial number ends in {serial})");
    text
}

/// `once`, `3 times`.
pub fn times(count: u64) -> String {
    if count == 1 { "once".into() } else { format!("{count} times") }
}

/// Seconds in the largest unit that says enough.
pub fn duration(seconds: i64) -> String {
    match seconds {
        1 => "1 second".into(),
        0..120 => format!("{seconds} seconds"),
        120..7200 => format!("{} minutes", seconds / 60),
        7200..172_800 => format!("{} hours", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_can_be_compared_with_the_plate() {
        let text = title_text(*b"SAGgp\x01\xBD\x54");
        assert_eq!(text, "SAGgp01BD54 (serial number ends in 114004)");
    }
}
