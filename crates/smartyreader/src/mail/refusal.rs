//! Refusal: why a mail could not be sent, in words.

use std::error::Error;
use std::{fmt, io};

use lettre::transport::smtp;

use crate::words;

/// A mail that could not be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The server: host and port.
    pub target: String,
    /// Why.
    pub why: Why,
}

/// Why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Nobody there, the line broke, or the server asks to come again later.
    Away(String),
    /// The server's certificate is not believed, or it speaks no TLS.
    Tls(String),
    /// User or password.
    Login(String),
    /// The server does not take this mail.
    Refused(String),
    /// A file or setting of ours cannot be used.
    Ours(String),
}

/// What was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Connecting, and TLS.
    Connecting,
    /// Saying who we are.
    Login,
    /// Handing over the mail.
    Sending,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away(why) | Self::Tls(why) | Self::Login(why) | Self::Refused(why) | Self::Ours(why) => {
                f.write_str(why)
            }
        }
    }
}

impl Why {
    /// The same of one address.
    pub(crate) fn of_address(self, address: &str) -> Self {
        let with = |why: String| format!("{address}: {why}");
        match self {
            Self::Away(why) => Self::Away(with(why)),
            Self::Tls(why) => Self::Tls(with(why)),
            Self::Login(why) => Self::Login(with(why)),
            Self::Refused(why) => Self::Refused(with(why)),
            Self::Ours(why) => Self::Ours(with(why)),
        }
    }

    /// Whether another attempt soon may go better. A refused login is not tried again and again: servers lock users out.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Away(_))
    }

    /// Out of what the library says.
    pub(super) fn of(stage: Stage, error: &smtp::Error) -> Self {
        if let Some(code) = error.status() {
            let says = source(error);
            let number = code.to_string();
            let login = stage == Stage::Login || number == "530" || number == "535";
            return match (login, error.is_permanent()) {
                (true, true) => Self::Login(format!("the server refuses user and password: {number} {says}")),
                (false, true) => Self::Refused(format!("the server does not take it: {number} {says}")),
                (_, false) => Self::Away(format!("the server asks to come again later: {number} {says}")),
            };
        }
        if stage == Stage::Login && error.is_client() {
            return Self::Login(
                "the server offers no login that is known here (PLAIN or LOGIN) on this connection".into(),
            );
        }
        Self::of_chain(error)
    }

    fn of_chain(error: &smtp::Error) -> Self {
        let mut inner: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(error) = inner {
            if let Some(stack) = error.downcast_ref::<openssl::error::ErrorStack>() {
                return Self::of_tls(stack, &whole(inner));
            }
            if let Some(io) = error.downcast_ref::<io::Error>()
                && io.get_ref().is_none()
            {
                return Self::Away(words::of_io(io));
            }
            inner = match error.downcast_ref::<io::Error>() {
                Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
                None => error.source(),
            };
        }
        let text = error.to_string();
        if text.contains("certificate verify failed") {
            return Self::not_believed(&text);
        }
        if error.is_tls() || text.contains("SSL") || text.contains("TLS") {
            return Self::Tls(text);
        }
        if error.is_response() {
            return Self::Away(format!("what answers there is no mail server: {}", source(error)));
        }
        Self::Away(text)
    }

    fn of_tls(stack: &openssl::error::ErrorStack, text: &str) -> Self {
        let reason = stack.errors().first().and_then(openssl::error::Error::reason).unwrap_or("no reason given");
        if reason.contains("certificate verify failed") {
            return Self::not_believed(text);
        }
        if reason.contains("wrong version number") || reason.contains("packet length too long") {
            return Self::Tls("it does not speak TLS on this port".into());
        }
        Self::Tls(format!("TLS cannot be agreed upon: {reason}"))
    }

    /// OpenSSL's own word for it stands in brackets at the end, where it is known.
    fn not_believed(text: &str) -> Self {
        let reason = text.rsplit_once('(').and_then(|(_, rest)| rest.split(')').next()).filter(|word| !word.is_empty());
        Self::Tls(format!("its certificate is not believed: {}", reason.unwrap_or("it cannot be proven")))
    }
}

/// What the server said, in one line.
fn source(error: &smtp::Error) -> String {
    let text = error.source().map(ToString::to_string).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn whole(error: Option<&(dyn Error + 'static)>) -> String {
    error.map(ToString::to_string).unwrap_or_default()
}
