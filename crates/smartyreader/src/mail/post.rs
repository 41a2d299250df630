//! Post: hands mails to the server, one recipient at a time, so that one wrong address keeps nobody else from getting theirs.

use std::future::Future;
use std::time::Duration;

use lettre::Message;
use lettre::address::Envelope;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters, TlsVersion};
use lettre::transport::smtp::extension::ClientId;

use super::refusal::{Refusal, Stage, Why};
use crate::config::{Mail, MailSecurity};
use crate::mqtt::host_name;

/// A mail and who gets it.
pub struct Letter {
    /// As in the configuration.
    pub to: String,
    /// The mail.
    pub message: Message,
}

/// A server that mails are handed to.
pub struct Post<'a> {
    settings: &'a Mail,
}

impl<'a> Post<'a> {
    /// This one.
    pub fn new(settings: &'a Mail) -> Self {
        Self { settings }
    }

    /// Host and port, for people.
    pub fn target(&self) -> String {
        match self.settings.address() {
            Ok((host, port)) => format!("{host}:{port}"),
            Err(_) => self.settings.server.clone(),
        }
    }

    /// Sends each letter, and calls back with what became of it before the next one. After a failure that is not about
    /// one letter alone the rest is not tried: it would fail the same way.
    ///
    /// # Errors
    /// The failure that ended it.
    pub async fn send(
        &self,
        letters: &[Letter],
        mut done: impl FnMut(&Letter, Result<(), Refusal>),
    ) -> Result<(), Refusal> {
        let refusal = |why| Refusal { target: self.target(), why };
        let mut connection = None;
        for letter in letters {
            let mut line = match connection.take() {
                Some(line) => line,
                None => self.connect().await.map_err(refusal)?,
            };
            let result = self.hand_over(&mut line, &letter.message).await;
            if !line.has_broken() {
                connection = Some(line);
            }
            match result {
                Ok(()) => done(letter, Ok(())),
                Err(Failed { why, of_letter: true }) => done(letter, Err(refusal(why))),
                Err(Failed { why, of_letter: false }) => return Err(refusal(why)),
            }
        }
        if let Some(mut line) = connection {
            // Taken is taken, whether it says goodbye or not.
            let _ = tokio::time::timeout(Duration::from_secs(2), line.quit()).await;
        }
        Ok(())
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Why> {
        let settings = self.settings;
        let address = settings.address().map_err(Why::Ours)?;
        let hello = ClientId::Domain(host_name());
        let secure = settings.security != MailSecurity::None;
        let tls = if secure { Some(self.tls(address.0)?) } else { None };
        let at_once = tls.clone().filter(|_| settings.security == MailSecurity::Tls);
        let patience = settings.timeout.0;
        let connecting = AsyncSmtpConnection::connect_tokio1(address, Some(patience), &hello, at_once, None);
        let mut line = self.patiently(Stage::Connecting, connecting).await?;
        if let (MailSecurity::StartTls, Some(tls)) = (settings.security, tls) {
            if !line.can_starttls() {
                return Err(Why::Tls("it offers no STARTTLS".into()));
            }
            self.patiently(Stage::Connecting, line.starttls(tls, &hello)).await?;
        }
        if let Some(user) = &settings.user {
            let password =
                settings.password().fetch().map_err(|problem| Why::Ours(format!("the password: {problem}")))?;
            let (_, password) = password.ok_or_else(|| Why::Ours("`user` needs a password: `password-file`".into()))?;
            let credentials = Credentials::new(user.clone(), password.trim_end_matches(['\r', '\n']).to_string());
            let login = line.auth(&[Mechanism::Plain, Mechanism::Login], &credentials);
            self.patiently(Stage::Login, login).await?;
        }
        Ok(line)
    }

    /// The files are read anew each time: a certificate may have been renewed.
    fn tls(&self, host: &str) -> Result<TlsParameters, Why> {
        let mut builder = TlsParameters::builder(host.to_string()).set_min_tls_version(TlsVersion::Tlsv12);
        if let Some(file) = &self.settings.ca_file {
            let unusable = |why: String| Why::Ours(format!("{} cannot be used: {why}", file.display()));
            let pem = std::fs::read(file).map_err(|error| unusable(error.to_string()))?;
            let certificate =
                Certificate::from_pem(&pem).map_err(|_| unusable("it is no certificate in PEM".into()))?;
            builder = builder.add_root_certificate(certificate);
        }
        builder.build().map_err(|error| Why::Ours(error.to_string()))
    }

    async fn hand_over(&self, line: &mut AsyncSmtpConnection, message: &Message) -> Result<(), Failed> {
        let envelope: &Envelope = message.envelope();
        match tokio::time::timeout(self.settings.timeout.0, line.send(envelope, &message.formatted())).await {
            Ok(Ok(_)) => Ok(()),
            // The server has said something: but for a goodbye (421) and a missing login it is about this one.
            Ok(Err(error)) => {
                let why = Why::of(Stage::Sending, &error);
                let goodbye = error.status().is_none_or(|code| code.to_string() == "421");
                Err(Failed { of_letter: !goodbye && !matches!(why, Why::Login(_)), why })
            }
            Err(_) => Err(Failed { why: Why::Away("no answer".into()), of_letter: false }),
        }
    }

    async fn patiently<T>(&self, stage: Stage, work: impl Future<Output = Result<T, Error>>) -> Result<T, Why> {
        match tokio::time::timeout(self.settings.timeout.0, work).await {
            Ok(result) => result.map_err(|error| Why::of(stage, &error)),
            Err(_) => Err(Why::Away("no answer".into())),
        }
    }
}

/// Why a letter was not taken.
struct Failed {
    why: Why,
    /// It is about this letter alone.
    of_letter: bool,
}
