//! Draft: the configuration that `setup` writes, as text with words for people.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// What is known when all questions are answered.
pub(super) struct Draft {
    pub(super) zone: &'static str,
    pub(super) device: PathBuf,
    pub(super) preset: String,
    /// The meter sends a checksum.
    pub(super) crc: bool,
    pub(super) name: String,
    pub(super) title: String,
    pub(super) key: Option<Key>,
    pub(super) store: PathBuf,
    pub(super) listen: SocketAddr,
    pub(super) password_hash: Option<String>,
    pub(super) broker: Option<Broker>,
}

/// Where the key lies, relative to the configuration.
pub(super) struct Key {
    pub(super) file: PathBuf,
    /// It opens, and does not prove.
    pub(super) unchecked: bool,
}

/// Where readings are published.
pub(super) struct Broker {
    pub(super) address: String,
    pub(super) user: Option<String>,
    /// The file with the password, relative to the configuration.
    pub(super) password_file: Option<PathBuf>,
}

impl Draft {
    /// The file.
    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "# SmartyReader. `smartyreader check --config THIS` says in sentences what this does.\n\
             zone = {}\n\n\
             # Where the telegrams come from.\n\
             [source.cable]\nkind = \"serial\"\ndevice = {}\n",
            quoted(self.zone),
            path(&self.device)
        );
        if self.preset != "dsmr-5" {
            let _ = writeln!(text, "preset = {}", quoted(&self.preset));
        }
        if !self.crc {
            text += "# This meter sends no checksum, so damage cannot be told from data.\naccept-without-crc = true\n";
        }
        let _ = write!(
            text,
            "\n# The meter. Its name stands in paths and topics.\n[meter.{}]\nsource = \"cable\"\ntitle = {}\n",
            self.name,
            quoted(&self.title)
        );
        if let Some(key) = &self.key {
            let _ = writeln!(text, "key-file = {}", path(&key.file));
            if key.unchecked {
                text += "# The meter's authentication key is not the usual one. Put yours here; \"none\" reads without proof of origin.\n\
                         authentication-key = \"none\"\n";
            }
        }
        let _ = write!(
            text,
            "\n# Every telegram is kept here, about 20 MB a year.\n[store]\npath = {}\n\
             # flush = \"60s\"          # spare an SD card\n\
             # retention = \"3650d\"    # default: for ever\n\n",
            path(&self.store)
        );
        text += match &self.password_hash {
            None => {
                "# The page, for this machine alone. For others: listen = \"0.0.0.0:8090\" and a password-hash made by `smartyreader password`.\n"
            }
            Some(_) => "# The page, for everybody in the network who knows the password.\n",
        };
        let _ = writeln!(text, "[web]\nlisten = \"{}\"", self.listen);
        if let Some(hash) = &self.password_hash {
            let _ = writeln!(text, "password-hash = {}", quoted(hash));
        }
        if let Some(broker) = &self.broker {
            let _ = write!(
                text,
                "\n# Readings go there, and Home Assistant finds them by itself.\n[mqtt.house]\nbroker = {}\n",
                quoted(&broker.address)
            );
            if let Some(user) = &broker.user {
                let _ = writeln!(text, "user = {}", quoted(user));
            }
            if let Some(file) = &broker.password_file {
                let _ = writeln!(text, "password-file = {}", path(file));
            }
        }
        text
    }
}

fn path(path: &Path) -> String {
    quoted(&path.display().to_string())
}

/// A JSON string is a basic string of TOML.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // A test ends where something is not as it must be.
mod tests {
    use super::*;

    fn draft() -> Draft {
        Draft {
            zone: "Europe/Luxembourg",
            device: "/dev/ttyUSB0".into(),
            preset: "dsmr-5".into(),
            crc: true,
            name: "home".into(),
            title: "Home".into(),
            key: None,
            store: "/tmp/x.db".into(),
            listen: ([127, 0, 0, 1], 8090).into(),
            password_hash: None,
            broker: None,
        }
    }

    #[test]
    fn what_setup_writes_is_a_good_configuration() {
        let hash = crate::web::auth::hash("long enough").unwrap();
        let broker = |user: Option<&str>| Broker {
            address: "mqtt://broker.lan".into(),
            user: user.map(str::to_string),
            password_file: None,
        };
        let drafts = [
            draft(),
            Draft { crc: false, preset: "dsmr-2".into(), ..draft() },
            Draft { title: "Bei der \"Gréng\" Dier \\ \t".into(), device: "/dev/p1-\"x\"".into(), ..draft() },
            Draft { password_hash: Some(hash), listen: ([0, 0, 0, 0], 80).into(), ..draft() },
            Draft { broker: Some(broker(None)), ..draft() },
            Draft { broker: Some(broker(Some("smarty"))), ..draft() },
        ];
        for draft in drafts {
            let text = draft.text();
            let config = crate::config::parse(&text, "setup").unwrap();
            assert!(config.errors().is_empty(), "{text}\n{:?}", config.errors());
            assert_eq!(config.meter["home"].title.as_deref(), Some(draft.title.as_str()));
            assert_eq!(config.source["cable"].device.as_ref(), Some(&draft.device));
            assert_eq!(config.web.asks_for_password(), draft.password_hash.is_some());
        }
    }
}
