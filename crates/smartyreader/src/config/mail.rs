//! Mail: the server that reports and alerts are sent through.

use std::path::{Path, PathBuf};

use lettre::message::Mailbox;
use serde::Deserialize;

use super::check::Findings;
use super::secret::Secret;
use super::{Config, Span, place};

/// How mails are sent.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Mail {
    /// `HOST` or `HOST:PORT`.
    pub server: String,
    /// How the connection is protected.
    #[serde(default)]
    pub security: MailSecurity,
    /// Who we are, for a server that asks.
    pub user: Option<String>,
    /// A file with the password.
    pub password_file: Option<PathBuf>,
    /// An environment variable with the password.
    pub password_env: Option<String>,
    /// A systemd credential with the password.
    pub password_credential: Option<String>,
    /// The sender. Left out: the user, where that is an address.
    pub from: Option<String>,
    /// The authority that signed the server's certificate. Left out: those of the system.
    pub ca_file: Option<PathBuf>,
    /// So long may each answer of the server take.
    #[serde(default = "half_a_minute")]
    pub timeout: Span,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailSecurity {
    /// Plain at first, TLS before anything that matters. Port 587.
    #[default]
    #[serde(rename = "starttls")]
    StartTls,
    /// TLS from the first byte. Port 465.
    Tls,
    /// None: for a server on this machine. Port 25.
    None,
}

const fn half_a_minute() -> Span {
    Span::seconds(30)
}

impl Mail {
    /// Host and port.
    ///
    /// # Errors
    /// A sentence.
    pub fn address(&self) -> Result<(&str, u16), String> {
        let usual = match self.security {
            MailSecurity::StartTls => 587,
            MailSecurity::Tls => 465,
            MailSecurity::None => 25,
        };
        let wrong = || format!("\"{}\" is no mail server; write it like \"mail.example.org:587\"", self.server);
        let (host, port) = match self.server.rsplit_once(':') {
            None => (self.server.as_str(), usual),
            Some((host, port)) => (host, port.parse().map_err(|_| wrong())?),
        };
        if place::is_host(host) && port > 0 { Ok((host, port)) } else { Err(wrong()) }
    }

    /// Whom the mails are from.
    ///
    /// # Errors
    /// A sentence.
    pub fn sender(&self) -> Result<Mailbox, String> {
        let from = self.from.as_ref().or(self.user.as_ref()).ok_or("`from` is missing: the address of the sender")?;
        mailbox(from).map_err(|why| format!("`from`: {why}"))
    }

    /// Where the password lies.
    pub fn password(&self) -> Secret<'_> {
        Secret {
            file: self.password_file.as_ref(),
            env: self.password_env.as_ref(),
            credential: self.password_credential.as_ref(),
        }
    }

    /// Paths in the file are relative to the file.
    pub(super) fn relate(&mut self, folder: &Path) {
        for path in [&mut self.password_file, &mut self.ca_file].into_iter().flatten() {
            *path = folder.join(&*path);
        }
    }
}

/// An address, with or without a name: `Anna <anna@example.org>`.
///
/// # Errors
/// A sentence.
pub fn mailbox(text: &str) -> Result<Mailbox, String> {
    text.parse().map_err(|_| format!("\"{text}\" is no mail address; write it like \"anna@example.org\""))
}

/// Everything that there is to say about the mail server.
pub(super) fn check(config: &Config, findings: &mut Findings) {
    let Some(mail) = &config.mail else { return };
    match mail.address() {
        Err(why) => findings.error(format!("mail: {why}")),
        Ok((_, 465)) if mail.security == MailSecurity::StartTls => {
            findings.warning("mail: port 465 usually wants security = \"tls\"".into());
        }
        Ok((_, 587)) if mail.security == MailSecurity::Tls => {
            findings.warning("mail: port 587 usually wants security = \"starttls\"".into());
        }
        Ok(_) => {}
    }
    if let Err(why) = mail.sender() {
        findings.error(format!("mail: {why}"));
    }
    if let Err(problem) = mail.password().fetch() {
        findings.error(format!("mail: the password: {problem}"));
    }
    if mail.user.is_some() != mail.password().is_named() {
        findings.error("mail: `user` and the password (`password-file`) belong together".into());
    }
    if mail.security == MailSecurity::None && mail.user.is_some() {
        findings.warning(
            "mail: user and password go over the network unencrypted; security = \"starttls\" protects them".into(),
        );
    }
    if mail.security == MailSecurity::None && mail.ca_file.is_some() {
        findings.error("mail: `ca-file` needs TLS: security = \"starttls\" or \"tls\"".into());
    }
    let reports = config.report.as_ref().is_some_and(|report| !report.to.is_empty());
    if !reports && config.alert.mail.is_none() {
        findings.warning("mail: nothing is sent; set `to` in [report] or [alert.mail]".into());
    }
}
