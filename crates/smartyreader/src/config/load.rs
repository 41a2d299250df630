//! Loading: from text to a `Config`, or a sentence that says what, where and what to do.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::Config;
use crate::exit::{Code, Failure};

/// Why a configuration cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// There is no such file.
    #[error("there is no configuration {0}; `smartyreader setup` writes one")]
    Missing(PathBuf),
    /// The file, or its folder, is not for this user.
    #[error("this user may not read the configuration {0}; try with sudo")]
    Forbidden(PathBuf),
    /// The file cannot be read.
    #[error("the configuration {path} cannot be read: {error}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file of answers cannot be read.
    #[error("the answers in {path} cannot be read: {error}")]
    Answers {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// It is not TOML, or has a key or value that is not known.
    #[error("{place}: {sentence}")]
    Wrong {
        /// File and line.
        place: String,
        /// What is wrong and what is meant.
        sentence: String,
    },
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let code = match error {
            ConfigError::Missing(_) | ConfigError::Unreadable { .. } | ConfigError::Answers { .. } => Code::NoInput,
            ConfigError::Forbidden(_) => Code::NoPermission,
            ConfigError::Wrong { .. } => Code::Config,
        };
        Self::new(code, error.to_string())
    }
}

/// Reads and parses a file. Relative paths in it are relative to the file.
///
/// # Errors
/// [`ConfigError`], a sentence for people.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => ConfigError::Missing(path.to_path_buf()),
        ErrorKind::PermissionDenied => ConfigError::Forbidden(path.to_path_buf()),
        _ => ConfigError::Unreadable { path: path.to_path_buf(), error },
    })?;
    let mut config = parse(&text, &path.display().to_string())?;
    let folder = path.parent().unwrap_or(Path::new("."));
    for meter in config.meter.values_mut() {
        if let Some(file) = &mut meter.key_file {
            *file = folder.join(&*file);
        }
    }
    for source in config.source.values_mut() {
        for file in [&mut source.path, &mut source.token_file, &mut source.ca_file].into_iter().flatten() {
            *file = folder.join(&*file);
        }
    }
    for server in config.telegram_server.values_mut() {
        server.pty = server.pty.as_ref().map(|pty| folder.join(pty));
    }
    for file in config.day_file.values_mut() {
        file.relate(folder);
    }
    for broker in config.mqtt.values_mut() {
        broker.relate(folder);
    }
    if let Some(mail) = &mut config.mail {
        mail.relate(folder);
    }
    if let Some(place) = config.report.as_mut().and_then(|report| report.folder.as_mut()) {
        *place = folder.join(&*place);
    }
    for tariff in config.meter.values_mut().filter_map(|meter| meter.tariff.as_mut()).chain(&mut config.tariff) {
        tariff.relate(folder);
    }
    config.alert.relate(folder);
    config.store.path = folder.join(&config.store.path);
    Ok(config)
}

/// Parses a text; `name` is what errors call it.
///
/// # Errors
/// [`ConfigError::Wrong`] with file and line.
pub fn parse(text: &str, name: &str) -> Result<Config, ConfigError> {
    let mut config: Config = read(text, name)?;
    if jiff::tz::TimeZone::get(&config.zone).is_err() {
        return Err(ConfigError::Wrong {
            place: name.to_string(),
            sentence: format!("there is no time zone \"{}\"; write it like \"Europe/Luxembourg\"", config.zone),
        });
    }
    config.seat_sensors().map_err(|sentence| ConfigError::Wrong { place: name.to_string(), sentence })?;
    config.subscribe_numbers();
    config.found_groups(name)?;
    Ok(config)
}

/// Reads a TOML text; what is wrong with it is told with file and line.
pub(super) fn read<T: serde::de::DeserializeOwned>(text: &str, name: &str) -> Result<T, ConfigError> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        ConfigError::Wrong {
            place: line.map_or_else(|| name.to_string(), |line| format!("{name}, line {line}")),
            sentence: explain(error.message()),
        }
    })
}

/// Adds the nearest known name to what the parser says of an unknown one.
fn explain(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = quoted.next().unwrap_or_default();
    let known: Vec<&str> = quoted.collect();
    if message.starts_with("unknown field") {
        if unknown == "key" {
            return "a key does not stand in the configuration itself, where others may read it: put it into a \
                    file and name it with `key-file`"
                .into();
        }
        if unknown == "password" {
            return "a password does not stand in the configuration itself, where others may read it: put it into a \
                    file and name it with `password-file`"
                .into();
        }
        let nearest = nearest(unknown, &known);
        let hint = nearest.map_or_else(
            || format!("known here are {}", known.join(", ")),
            |nearest| format!("did you mean `{nearest}`?"),
        );
        return format!("`{unknown}` is not known here; {hint}");
    }
    if message.starts_with("unknown variant") {
        let hint = nearest(unknown, &known).map_or(String::new(), |nearest| format!("; did you mean \"{nearest}\"?"));
        return format!("\"{unknown}\" is not possible here, only {}{hint}", known.join(", "));
    }
    message.trim().replace('\n', "; ")
}

/// The known name that is nearest to one that is not known.
pub(super) fn nearest<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|&name| (strsim::damerau_levenshtein(unknown, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 3)
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(text: &str) -> String {
        parse(text, "test.toml").unwrap_err().to_string()
    }

    #[test]
    fn a_mistyped_key_names_the_nearest() {
        assert_eq!(
            sentence("[source.cable]\nkind = \"serial\"\ndevcie = \"/dev/x\"\n"),
            "test.toml, line 3: `devcie` is not known here; did you mean `device`?"
        );
        assert_eq!(
            sentence("[store]\nretenton = \"3d\"\n"),
            "test.toml, line 2: `retenton` is not known here; did you mean `retention`?"
        );
        assert!(sentence("[shop]\n").contains("known here are"), "{}", sentence("[shop]\n"));
    }

    #[test]
    fn a_mistyped_value_names_the_possible() {
        assert_eq!(
            sentence("[source.cable]\nkind = \"serail\"\n"),
            "test.toml, line 2: \"serail\" is not possible here, only serial, tcp, file, stdin, mqtt, http; did you mean \"serial\"?"
        );
        assert!(sentence("[store]\nflush = \"60\"\n").contains("a time such as \"60s\""));
        assert!(sentence("zone = \"Europe/Luxemburg\"\n").contains("no time zone"));
    }

    #[test]
    fn a_key_in_the_file_is_refused_without_repeating_it() {
        let sentence = sentence("[meter.home]\nkey = \"D491470F47126332B07D1923B3504188\"\n");
        assert!(sentence.contains("key-file"), "{sentence}");
        assert!(!sentence.contains("D49147"), "{sentence}");
    }

    #[test]
    fn an_empty_file_is_a_configuration() {
        let config = parse("", "test.toml").unwrap();
        assert_eq!(config.zone, "Europe/Luxembourg");
        assert_eq!(config.web.listen.port(), 8090);
    }
}
