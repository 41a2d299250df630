//! `StoreError`: what went wrong, in a sentence for people.

use std::path::PathBuf;

use rusqlite::ErrorCode;

/// Why the store could not do what was asked. Nothing that it acknowledged before is lost by any of these.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// No room: on the disk, or below the size that the settings allow.
    #[error("the store is full: {0}. What is stored stays; new telegrams are kept again as soon as there is room")]
    Full(String),
    /// Another process holds the file.
    #[error("another process has the store open for writing; stop it, or ask it")]
    Busy,
    /// The file, or something in it, is damaged.
    #[error("the store is damaged ({0}); restore it from a backup")]
    Corrupt(String),
    /// The file comes from a later version.
    #[error(
        "this file was written by a newer version of this program (format {found}; this version knows up to {known}); \
         install the newer version; the file is unchanged. As it was before the upgrade it may lie beside, as FILE.version-{known}: \
         `smartyreader restore` puts that back, without what came later"
    )]
    Newer {
        /// As the file says.
        found: i64,
        /// The highest that this version knows.
        known: i64,
    },
    /// The file is something else.
    #[error("{0} is not a file of this program; it was left as it is")]
    NotOurs(PathBuf),
    /// No such meter, or no such entry.
    #[error("there is no {0}")]
    Unknown(String),
    /// It can be asked, but not be done.
    #[error("{0}")]
    Refused(String),
    /// The answer would be larger than anyone can look at.
    #[error("the span is too long for this resolution: it would be {steps} steps, at most {most} are possible")]
    TooLong {
        /// Steps asked for.
        steps: i64,
        /// Steps possible.
        most: i64,
    },
    /// The file system refused.
    #[error("{what}: {error}")]
    Io {
        /// What was tried, on which file.
        what: String,
        /// Why not.
        error: std::io::Error,
    },
    /// Anything else that the database says.
    #[error("the store's database said: {0}")]
    Database(rusqlite::Error),
}

impl StoreError {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |error| Self::Io { what, error }
    }
}

/// `SQLite` could not make its shared-memory file larger: the disk is full.
const IO_SHARED_MEMORY_SIZE: i32 = 0x0a | 0x13 << 8;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let rusqlite::Error::SqliteFailure(code, message) = &error else { return Self::Database(error) };
        let text = || message.clone().unwrap_or_else(|| code.to_string());
        match code.code {
            ErrorCode::DiskFull => Self::Full("there is no room left for it on the disk".to_owned()),
            _ if code.extended_code == IO_SHARED_MEMORY_SIZE => {
                Self::Full("there is no room left for it on the disk".to_owned())
            }
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
            ErrorCode::DatabaseCorrupt => Self::Corrupt(text()),
            ErrorCode::NotADatabase => Self::Corrupt("it is no database".to_owned()),
            _ => Self::Database(error),
        }
    }
}
