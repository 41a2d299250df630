//! Refusal: why a broker is not there, in words.

use std::error::Error;
use std::{fmt, io};

use openssl::x509::X509VerifyResult;

use crate::words;

/// A broker that cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Host and port.
    pub target: String,
    /// Why.
    pub why: Why,
}

/// Why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Nobody there, or the line broke.
    Network(String),
    /// The broker's certificate is not believed, or it does not believe ours.
    Tls(String),
    /// The pre-shared key or its identity is wrong.
    Psk,
    /// User or password, or we may not.
    Login,
    /// Another refusal of the broker's.
    Broker(String),
    /// A file of ours cannot be used.
    Ours(String),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(why) | Self::Tls(why) | Self::Broker(why) | Self::Ours(why) => f.write_str(why),
            Self::Psk => f.write_str("the pre-shared key or its identity is not the broker's"),
            Self::Login => f.write_str("the broker refuses this user and password"),
        }
    }
}

impl Error for Why {}

impl Why {
    /// Out of what the client says, which wraps what [`super::stream`] or the system said.
    pub(super) fn of(error: &(dyn Error + 'static)) -> Self {
        let mut inner = Some(error);
        while let Some(error) = inner {
            if let Some(why) = error.downcast_ref::<Self>() {
                return why.clone();
            }
            if let Some(tls) = error.downcast_ref::<openssl::ssl::Error>() {
                return Self::of_alert(tls);
            }
            if let Some(io) = error.downcast_ref::<io::Error>() {
                // What it wraps says more than its kind.
                if io.get_ref().is_none() {
                    return Self::Network(words::of_io(io));
                }
                inner = io.get_ref().map(|inner| inner as &(dyn Error + 'static));
            } else {
                inner = error.source();
            }
        }
        Self::Network(error.to_string())
    }

    /// What the other end, or our own side, has against a TLS connection.
    fn of_alert(error: &openssl::ssl::Error) -> Self {
        let reason = error.ssl_error().and_then(|stack| stack.errors().first()?.reason()).unwrap_or("no reason given");
        if reason.contains("certificate required") || reason.contains("alert handshake failure") {
            return Self::Tls("it wants a certificate of ours, or one that it knows: set `certificate-file`".into());
        }
        if reason.contains("wrong version number") {
            return Self::Tls("it does not speak TLS on this port".into());
        }
        Self::Tls(format!("TLS cannot be agreed upon: {reason}"))
    }

    /// A handshake that failed.
    pub(super) fn of_handshake(verified: X509VerifyResult, error: &openssl::ssl::Error, psk: bool) -> Self {
        let closed = error.io_error().is_some() || error.ssl_error().is_none();
        if psk {
            // Whatever else fails in such a handshake, key and identity are all that can be wrong.
            return Self::Psk;
        }
        if verified != X509VerifyResult::OK {
            return Self::Tls(format!("its certificate is not believed: {}", verified.error_string()));
        }
        if closed {
            return Self::Tls(
                "it closed the connection while TLS was being agreed upon; does this port speak TLS?".into(),
            );
        }
        Self::of_alert(error)
    }
}
