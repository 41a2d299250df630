//! Exit codes, as in sysexits, and the one error type that ends the process with a sentence.

use std::fmt;

use smarty_store::StoreError;

/// Why a command failed, by the numbers of sysexits.h.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    /// The command was used wrongly.
    Usage = 64,
    /// The input data is wrong.
    Data = 65,
    /// An input file does not exist or cannot be read.
    NoInput = 66,
    /// Something needed is not there: a daemon, a port.
    Unavailable = 69,
    /// A fault of this program.
    Software = 70,
    /// The output file cannot be made.
    CannotCreate = 73,
    /// Reading or writing failed.
    Io = 74,
    /// Not allowed.
    NoPermission = 77,
    /// The configuration is wrong.
    Config = 78,
}

/// What ends a command: a code for scripts and a sentence for people.
#[derive(Debug)]
pub struct Failure {
    /// For scripts.
    pub code: Code,
    /// For people: what, where and what to do.
    pub sentence: String,
}

impl Failure {
    /// A failure from its parts.
    pub fn new(code: Code, sentence: impl Into<String>) -> Self {
        Self { code, sentence: sentence.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for Failure {}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(Code::Io, error.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::Io { .. } | StoreError::Full(_) | StoreError::Busy => Code::Io,
            StoreError::Unknown(_) | StoreError::Refused(_) => Code::Usage,
            _ => Code::Data,
        };
        Self::new(code, error.to_string())
    }
}
