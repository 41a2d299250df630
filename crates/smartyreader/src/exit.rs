//! Exit codes, as in sysexits and for each cause that the doctor knows, and the one error type that ends the process with a sentence.

use std::fmt;

use smarty_store::StoreError;

/// Why a command failed: by the numbers of sysexits.h from 64 on; below, what `smartyreader doctor` found.
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
    /// This user may not read a file or ask the daemon.
    NoPermission = 77,
    /// The configuration is wrong.
    Config = 78,
    /// Whoever read the output has closed it: what a shell says of a program that this ended (128 and the signal's number).
    Unheard = 141,
    /// The device does not exist.
    DeviceMissing = 10,
    /// Another program has the device open.
    DeviceBusy = 11,
    /// This user may not open the device.
    DeviceForbidden = 12,
    /// The port or host cannot be opened for another reason.
    Unreachable = 13,
    /// It was open and went away.
    Lost = 14,
    /// It is open and no byte comes.
    Silent = 15,
    /// The signal is upside down.
    Inverted = 20,
    /// 7E1 read as 8N1.
    SevenBits = 21,
    /// Another number of bits a second.
    WrongSpeed = 22,
    /// Bytes of no known look: noise.
    Garbage = 23,
    /// HDLC, M-Bus or another protocol instead of P1.
    ForeignProtocol = 24,
    /// Every telegram breaks off at the same length.
    CutShort = 25,
    /// Telegrams come in pieces with pauses between them.
    Split = 26,
    /// Sealed, and no key is configured.
    SealedWithoutKey = 30,
    /// The configured key is none, or cannot be read.
    KeyUnusable = 31,
    /// The configured key is the public authentication key.
    PublicKey = 32,
    /// The key does not open the frames.
    WrongKey = 33,
    /// The key is another meter's.
    KeyOfAnotherMeter = 34,
    /// The key opens the frames, the authentication key does not fit.
    AuthenticationKeyDiffers = 35,
    /// Another security suite.
    SecurityControl = 36,
    /// Plain, where a key is configured.
    PlainRefused = 37,
    /// Another meter's frames among ours.
    OtherMeter = 38,
    /// A meter that is not configured.
    UnknownMeter = 39,
    /// Telegrams without a checksum.
    WithoutChecksum = 40,
    /// The tag is right, the checksum inside is wrong.
    ChecksumInside = 41,
    /// Every checksum is wrong.
    Damaged = 42,
    /// Some telegrams arrive damaged.
    LineNoise = 43,
    /// Old frames come again.
    Replayed = 44,
    /// Telegrams come twice.
    Doubled = 45,
    /// The frame counter fell.
    CounterBack = 46,
    /// A register fell.
    RegisterBack = 47,
    /// Telegrams come less often than a meter sends.
    Seldom = 48,
    /// The meter's clock is off.
    ClockOff = 49,
}

impl Code {
    /// The codes that every command has, and what they say: the manual's words.
    pub const GENERAL: [(Self, &'static str); 10] = [
        (Self::Usage, "the command was used wrongly"),
        (Self::Data, "a file or key has something else in it than was expected"),
        (Self::NoInput, "a file does not exist or cannot be read"),
        (Self::Unavailable, "something needed is not there: the daemon, a port, a telegram"),
        (Self::Software, "a fault of this program"),
        (Self::CannotCreate, "a file cannot be made, or is there already"),
        (Self::Io, "reading or writing failed"),
        (Self::NoPermission, "this user may not: the sentence says what"),
        (Self::Config, "the configuration is wrong"),
        (Self::Unheard, "whoever read the output has closed it"),
    ];

    /// What the doctor can find: the stable word for each cause, and its exit code.
    pub const CAUSES: [(&'static str, Self); 33] = [
        ("device-missing", Self::DeviceMissing),
        ("device-busy", Self::DeviceBusy),
        ("no-permission", Self::DeviceForbidden),
        ("unreachable", Self::Unreachable),
        ("lost", Self::Lost),
        ("silent", Self::Silent),
        ("inverted", Self::Inverted),
        ("seven-bits", Self::SevenBits),
        ("wrong-speed", Self::WrongSpeed),
        ("garbage", Self::Garbage),
        ("foreign-protocol", Self::ForeignProtocol),
        ("cut-short", Self::CutShort),
        ("split", Self::Split),
        ("sealed-without-key", Self::SealedWithoutKey),
        ("key-unusable", Self::KeyUnusable),
        ("public-key-as-key", Self::PublicKey),
        ("wrong-key", Self::WrongKey),
        ("key-of-another-meter", Self::KeyOfAnotherMeter),
        ("authentication-key-differs", Self::AuthenticationKeyDiffers),
        ("security-control", Self::SecurityControl),
        ("plain-refused", Self::PlainRefused),
        ("other-meter", Self::OtherMeter),
        ("unknown-meter", Self::UnknownMeter),
        ("without-checksum", Self::WithoutChecksum),
        ("checksum-inside", Self::ChecksumInside),
        ("damaged", Self::Damaged),
        ("line-noise", Self::LineNoise),
        ("replayed", Self::Replayed),
        ("doubled", Self::Doubled),
        ("counter-back", Self::CounterBack),
        ("register-back", Self::RegisterBack),
        ("seldom", Self::Seldom),
        ("clock-off", Self::ClockOff),
    ];

    /// The exit code of a cause, by its stable word.
    pub fn of_cause(word: &str) -> Option<Self> {
        Self::CAUSES.iter().find(|(cause, _)| *cause == word).map(|(_, code)| *code)
    }
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
