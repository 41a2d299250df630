//! Trouble: everything that can be wrong, each with its code, its sentence and what to do. What is wrong with a source
//! is said in [`Cause`].
//!
//! The codes are an API: scripts and tests go by them. The sentences are for people and never hold a key.

use std::borrow::Cow;

use super::sensor::SensorTrouble;
use crate::doctor::Cause;
use crate::mail;
use crate::mqtt::{Refusal, Why};
use crate::words::duration;

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
    /// What is wrong with a source or with what comes from it.
    Line(Cause),
    /// The broker is there and nothing is published.
    NothingPublished { topics: String, seconds: u64 },
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
    /// No good telegram of a meter, or nothing of a sensor, for a while.
    Stale { seconds: i64 },
    /// No sum for a while: these members are silent since then, or none is.
    GroupIncomplete { silent: String, seconds: i64 },
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
    /// The folder that a sink's pseudo-terminal is to have its link in is not there.
    NoPlaceToServe { target: String, folder: String },
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
            Self::Line(cause) => cause.code(),
            Self::NothingPublished { .. } => "silent",
            Self::UnknownTopic { .. } => "unknown-topic",
            Self::PublishedRefused { .. } => "published-refused",
            Self::MalformedMessage { .. } => "malformed-message",
            Self::ForeignMessage { .. } => "foreign-message",
            Self::Stale { .. } => "stale",
            Self::GroupIncomplete { .. } => "group-incomplete",
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
            Self::CannotServe { .. } | Self::NoPlaceToServe { .. } => "cannot-serve",
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
            Self::Line(cause) => cause.severity(),
            Self::NothingPublished { .. }
            | Self::PublishedRefused { .. }
            | Self::Stale { .. }
            | Self::GroupIncomplete { .. }
            | Self::StoreFull { .. }
            | Self::StoreFailing { .. }
            | Self::BadAnswer { .. } => Severity::Failing,
            Self::Sensor(trouble) if trouble.is_failing() => Severity::Failing,
            Self::UnknownTopic { .. }
            | Self::MalformedMessage { .. }
            | Self::ForeignMessage { .. }
            | Self::Quarantined { .. }
            | Self::StoreBehind
            | Self::Broker(_)
            | Self::OwedTooLong { .. }
            | Self::CannotServe { .. }
            | Self::NoPlaceToServe { .. }
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
            Self::Line(cause) => cause.sentence(),
            Self::NothingPublished { topics, seconds } => {
                format!("The broker is there, but nothing was published on {topics} for {seconds} seconds.")
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
            Self::Stale { seconds } => format!("No good reading for {}.", duration(*seconds)),
            Self::GroupIncomplete { silent, seconds } if silent.is_empty() => {
                format!("No sum for {}: the members' readings are too far apart in time.", duration(*seconds))
            }
            Self::GroupIncomplete { silent, .. } => format!("There is no sum: {silent}."),
            Self::Quarantined { quantity, reason } => format!("A value of {quantity} was put aside: it {reason}."),
            Self::StoreFull { why } => format!("Nothing can be stored: {why}."),
            Self::StoreFailing { why } => format!("Storing fails: {why}."),
            Self::StoreBehind => "Telegrams arrive faster than they can be stored; some were not kept.".into(),
            Self::Broker(Refusal { target, why }) => format!("The broker {target} cannot be reached: {why}."),
            Self::OwedTooLong { entries } => format!(
                "The broker was away for so long that {entries} quarter-hours were not sent to it. They are in the store."
            ),
            Self::CannotServe { target, why } => format!("Telegrams cannot be given out on {target}: {why}."),
            Self::NoPlaceToServe { target, folder } => {
                format!("Telegrams cannot be given out on {target}: the folder {folder} does not exist.")
            }
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
    pub fn advice(&self) -> Cow<'static, str> {
        let advice = match self {
            Self::Line(cause) => return cause.advice(),
            Self::NothingPublished { .. } => {
                "Is the board on and connected to the same broker, and is the topic right? `mosquitto_sub -v -t '#'` shows what is published."
            }
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
            Self::Stale { .. } => "See what the source says.",
            Self::GroupIncomplete { .. } => {
                "See what is wrong with that member. What all count meanwhile is known in sum when it is back."
            }
            Self::Quarantined { .. } => "Compare with the meter's display and accept or dismiss it on the health page.",
            Self::StoreFull { .. } => {
                "Make room on the disk or raise the limit; storing goes on by itself. What was stored is safe. A copy from an upgrade, \
                 *.version-N beside the database, may go when you are content with what came after it."
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
            Self::NoPlaceToServe { .. } => {
                "Make the folder, or let `pty` name a path in one that is there. It is tried again all the time."
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
        };
        Cow::Borrowed(advice)
    }
}

impl From<Cause> for Trouble {
    fn from(cause: Cause) -> Self {
        Self::Line(cause)
    }
}
