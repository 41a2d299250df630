//! Target: a web address in its parts.

use std::fmt;
use std::str::FromStr;

use axum::http::Uri;

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
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.secure { "https" } else { "http" }, self.authority())
    }
}

impl FromStr for Target {
    type Err = String;

    /// The error repeats nothing of the address: it may hold a secret.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "`url` is no web address; write it like \"https://example.org/hook\"".to_string();
        let url: Uri = text.parse().map_err(|_| wrong())?;
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
        Ok(Self { secure, host, port, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_it_is_without_its_secret() {
        let at: Target = "https://ha.example.org/api/webhook/secret?x=1".parse().unwrap();
        assert_eq!((at.to_string().as_str(), at.port), ("https://ha.example.org", 443));
        assert_eq!(at.path, "/api/webhook/secret?x=1");
        let at: Target = "http://[::1]:8123".parse().unwrap();
        assert_eq!((at.host.as_str(), at.authority().as_str(), at.path.as_str()), ("::1", "[::1]:8123", "/"));
        for wrong in ["ftp://secret.org/", "http://", "/secret", "http://host:0/secret", "http://host:99999/secret"] {
            let why = wrong.parse::<Target>().unwrap_err();
            assert!(why.contains("no web address") && !why.contains("secret"), "{wrong}: {why}");
        }
    }
}
