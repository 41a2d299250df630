//! Webhook: where alerts are posted to.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::config::secret::Secret;
use crate::config::{Span, Target};

/// `[alert.webhook]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Webhook {
    /// `http://` or `https://`.
    pub url: String,
    /// A file with a token, sent as `Authorization: Bearer`.
    pub token_file: Option<PathBuf>,
    /// An environment variable with the token.
    pub token_env: Option<String>,
    /// A systemd credential with the token.
    pub token_credential: Option<String>,
    /// The authority that signed the server's certificate. Left out: those of the system.
    pub ca_file: Option<PathBuf>,
    /// So long may an attempt take.
    #[serde(default = "ten_seconds")]
    pub timeout: Span,
    /// What could not be delivered for so long is given up.
    #[serde(default = "an_hour")]
    pub give_up_after: Span,
}

impl Webhook {
    /// Where it is.
    ///
    /// # Errors
    /// A sentence, which repeats nothing of the address: it may hold a secret.
    pub fn target(&self) -> Result<Target, String> {
        self.url.parse()
    }

    /// Where the token lies.
    pub fn token(&self) -> Secret<'_> {
        Secret {
            file: self.token_file.as_ref(),
            env: self.token_env.as_ref(),
            credential: self.token_credential.as_ref(),
        }
    }
}

const fn ten_seconds() -> Span {
    Span(Duration::from_secs(10))
}

const fn an_hour() -> Span {
    Span(Duration::from_hours(1))
}
