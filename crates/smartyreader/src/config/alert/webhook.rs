//! Webhook: where alerts are posted to.

use std::path::PathBuf;
use std::time::Duration;

use axum::http::Uri;
use serde::Deserialize;

use crate::config::Span;
use crate::config::secret::Secret;

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

/// A web address in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// With TLS.
    pub secure: bool,
    /// Name or address, without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Path and query. It may hold a secret and is never shown.
    pub path: String,
}

impl Target {
    /// Host and port as they stand in a header.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let usual = if self.secure { 443 } else { 80 };
        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }
}

/// Without the path.
impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", if self.secure { "https" } else { "http" }, self.authority())
    }
}

impl Webhook {
    /// Where it is.
    ///
    /// # Errors
    /// A sentence, which repeats nothing of the address: it may hold a secret.
    pub fn target(&self) -> Result<Target, String> {
        let wrong = || "`url` is no web address; write it like \"https://example.org/hook\"".to_string();
        let url: Uri = self.url.parse().map_err(|_| wrong())?;
        let secure = match url.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong()),
        };
        let authority = url.authority().ok_or_else(wrong)?;
        if authority.as_str().contains('@') {
            return Err("no user and password stand in `url`; use `token-file`".into());
        }
        let host = authority.host().trim_matches(['[', ']']).to_string();
        // A port that is none is not seen by the parser.
        let written = authority.as_str().rsplit_once(':').map(|(_, port)| port).filter(|port| !port.ends_with(']'));
        let usual = if secure { 443 } else { 80 };
        let port = written.map_or(Some(usual), |port| port.parse().ok().filter(|port| *port > 0)).ok_or_else(wrong)?;
        if host.is_empty() {
            return Err(wrong());
        }
        let path = url.path_and_query().map_or("/", |path| path.as_str()).to_string();
        Ok(Target { secure, host, port, path })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_webhook_is_without_its_secret() {
        let target = |url: &str| {
            let text = format!("url = \"{url}\"");
            toml::from_str::<Webhook>(&text).unwrap().target()
        };
        let at = target("https://ha.example.org/api/webhook/secret?x=1").unwrap();
        assert_eq!((at.to_string().as_str(), at.port), ("https://ha.example.org", 443));
        assert_eq!(at.path, "/api/webhook/secret?x=1");
        let at = target("http://[::1]:8123").unwrap();
        assert_eq!((at.host.as_str(), at.authority().as_str(), at.path.as_str()), ("::1", "[::1]:8123", "/"));
        for wrong in ["ftp://secret.org/", "http://", "/secret", "http://host:0/secret", "http://host:99999/secret"] {
            let why = target(wrong).unwrap_err();
            assert!(why.contains("no web address") && !why.contains("secret"), "{wrong}: {why}");
        }
    }
}
