//! Telegram server: who gets the proven telegrams as the meter made them.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use super::Config;
use super::check::Findings;

/// One server of plain telegrams.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TelegramServer {
    /// Where it listens. Left out: `127.0.0.1:2018`, or nowhere where there is a pseudo-terminal.
    #[serde(default, deserialize_with = "super::place::listen")]
    pub listen: Option<SocketAddr>,
    /// Whose telegrams. Can be left out when there is only one meter.
    pub meter: Option<String>,
    /// A link to a pseudo-terminal, for programs that read serial ports only.
    pub pty: Option<PathBuf>,
}

impl TelegramServer {
    /// Where it listens, if it does.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listen.or_else(|| self.pty.is_none().then_some(SocketAddr::from(([127, 0, 0, 1], 2018))))
    }
}

impl Config {
    /// The meter that a sink is about: the one it names, or the only one.
    pub fn meter_of<'a>(&'a self, named: Option<&'a str>) -> Option<&'a str> {
        if let Some(name) = named {
            return self.meter.get_key_value(name).map(|(name, _)| name.as_str());
        }
        let mut heard = self.heard();
        heard.next().filter(|_| heard.next().is_none())
    }

    /// The meters that telegrams come from.
    pub fn heard(&self) -> impl Iterator<Item = &str> {
        self.meter.iter().filter(|(_, meter)| meter.role.is_heard()).map(|(name, _)| name.as_str())
    }

    /// The same, or what is wrong about it.
    pub(super) fn check_meter_of(&self, sink: &str, named: Option<&str>, findings: &mut Findings) -> Option<String> {
        let found = self.meter_of(named).map(str::to_string);
        match (&found, named) {
            (None, Some(name)) => findings.error(format!("{sink} is about meter {name}, which is not configured")),
            (Some(name), _) if !self.meter[name].role.is_heard() => {
                let role = self.meter[name].role.name();
                findings.error(format!("{sink} is about {name}, which is a {role} and no meter with telegrams"));
            }
            (None, None) if !self.meter.is_empty() => {
                let names: Vec<&str> = self.heard().collect();
                findings.error(format!("{sink} needs `meter`: one of {}", names.join(", ")));
            }
            _ => {}
        }
        found
    }

    pub(super) fn check_telegram_servers(&self, findings: &mut Findings) {
        for (name, server) in &self.telegram_server {
            let sink = format!("telegram-server {name}");
            let Some(meter) = self.check_meter_of(&sink, server.meter.as_deref(), findings) else { continue };
            let tcp = server.address().map(|address| format!("to everybody who connects to {address}"));
            let pty = server.pty.as_ref().map(|pty| format!("on the pseudo-terminal {}", pty.display()));
            let places: Vec<String> = [tcp, pty].into_iter().flatten().collect();
            findings.plan(format!("{sink} gives the proven telegrams of meter {meter} {}.", places.join(" and ")));
            if let Some(address) = server.address().filter(|address| !address.ip().is_loopback()) {
                findings.warning(format!(
                    "{sink} listens on {address} without a password: whoever reaches it sees when somebody is at home. \
                     127.0.0.1 is for programs on this machine only."
                ));
            }
            for (other, rival) in self.telegram_server.range(name.clone()..).skip(1) {
                if let Some(address) = server.address().filter(|_| rival.address() == server.address()) {
                    findings.error(format!(
                        "telegram-server {name} and {other} both listen on {address}; `listen` chooses"
                    ));
                }
                if let Some(pty) = server.pty.as_ref().filter(|_| rival.pty == server.pty) {
                    findings.error(format!("telegram-server {name} and {other} have the same `pty` {}", pty.display()));
                }
            }
            if self.web.enabled && server.address() == Some(self.web.listen) {
                findings.error(format!("{sink} and the page both listen on {}", self.web.listen));
            }
        }
    }
}
