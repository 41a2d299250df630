//! Web: where the page and the API listen, and who may see them.

use std::net::SocketAddr;

use serde::Deserialize;

/// The page and the API.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Web {
    /// Off: no page, no API.
    pub enabled: bool,
    /// Where it listens.
    #[serde(deserialize_with = "super::place::listen")]
    pub listen: SocketAddr,
    /// `password` (the default where a hash is given) or `none`.
    pub auth: Option<Auth>,
    /// Made by `smartyreader password`.
    pub password_hash: Option<String>,
    /// For scripts, made by `smartyreader password --token`.
    pub token_hashes: Vec<String>,
    /// Whether another page may show this one in a frame.
    pub frame: Frame,
}

impl Default for Web {
    fn default() -> Self {
        Self {
            enabled: true,
            listen: SocketAddr::from(([127, 0, 0, 1], 8090)),
            auth: None,
            password_hash: None,
            token_hashes: Vec::new(),
            frame: Frame::None,
        }
    }
}

impl Web {
    /// Whether a password is asked for.
    pub fn asks_for_password(&self) -> bool {
        self.auth != Some(Auth::None) && self.password_hash.is_some()
    }
}

/// Who may see the page.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// Who knows the password.
    Password,
    /// Everybody who reaches it.
    None,
}

/// Which pages may show this one inside of themselves.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Frame {
    /// No page.
    #[default]
    None,
    /// Pages of the same host and port, as where Home Assistant hands this page on.
    SameOrigin,
}
