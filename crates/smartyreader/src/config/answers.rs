//! Answers: what `smartyreader setup` asks, answered by a file.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::load::{ConfigError, read};

/// The file. What is left out has the answer of a bare Enter. Relative paths are relative to it. Secrets are in files of
/// their own.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Answers {
    /// The port. Left out: the only one on which a meter is heard.
    pub port: Option<PathBuf>,
    /// `dsmr-5` or `dsmr-2`.
    pub preset: Option<super::Preset>,
    /// A file with the meter's key.
    pub key_file: Option<PathBuf>,
    /// The meter's name in paths and topics.
    pub name: Option<String>,
    /// What people call it.
    pub title: Option<String>,
    /// Where readings are kept.
    pub store: Option<PathBuf>,
    /// A file with a password: the page is shown to others in the network, too.
    pub password_file: Option<PathBuf>,
    /// Where the page listens. Left out: port 8090, of all addresses where there is a password.
    #[serde(deserialize_with = "super::place::listen")]
    pub listen: Option<SocketAddr>,
    /// Where readings are published: `mqtt://HOST`.
    pub broker: Option<String>,
    /// Who we are at the broker.
    pub broker_user: Option<String>,
    /// A file with the password at the broker.
    pub broker_password_file: Option<PathBuf>,
}

impl Answers {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ConfigError`], a sentence for people.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|error| ConfigError::Answers { path: path.to_path_buf(), error })?;
        let mut answers: Self = read(&text, &path.display().to_string())?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let secrets = [&mut answers.key_file, &mut answers.password_file, &mut answers.broker_password_file];
        for file in secrets.into_iter().chain([&mut answers.store, &mut answers.port]).flatten() {
            *file = folder.join(&*file);
        }
        Ok(answers)
    }
}
