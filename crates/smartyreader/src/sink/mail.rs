//! Mail: tells people alerts, each in their own time: one whose mail server is slow keeps nobody else waiting.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::tz::TimeZone;
use lettre::Message;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use sha2::{Digest as _, Sha256};
use smarty_ledger::alert::State;
use smarty_payload::native::Headline;
use tokio::task::JoinSet;

use crate::alert::{self, Notice, Pace, Place, Refused, deliver};
use crate::config::{Config, Mail, mailbox};
use crate::hex;
use crate::hub::Hub;
use crate::mail::{Letter, Post, Refusal, auto_submitted};
use crate::observe::Observer;

/// Somebody who gets alerts by mail.
struct Reader {
    to: String,
    mail: Mail,
    config: Arc<Config>,
    zone: TimeZone,
}

/// Starts it for everybody who wants them.
pub(super) fn start(config: &Config, hub: &Hub, observer: &Observer, sinks: &mut JoinSet<()>) {
    let (Some(settings), Some(mail)) = (&config.alert.mail, &config.mail) else { return };
    if !config.alert.enabled {
        return;
    }
    let shared = Arc::new(config.clone());
    for to in &settings.to {
        let place = Place {
            kind: "mail",
            name: format!("alert to {to}"),
            target: format!("{to} through {}", Post::new(mail).target()),
        };
        let pace = Pace::new(settings.give_up_after.0);
        let reader =
            Reader { to: to.clone(), mail: mail.clone(), config: Arc::clone(&shared), zone: config.time_zone() };
        sinks.spawn(deliver(place, reader, hub.alerts(), observer.clone(), pace));
    }
}

impl alert::Post for Reader {
    async fn send(&self, notice: &Notice) -> Result<(), Refused> {
        let letter = self.letter(notice).map_err(|why| Refused { why, again: false })?;
        let mut refused = None;
        let ended = Post::new(&self.mail).send(&[letter], |_, result| refused = result.err()).await;
        match ended.err().or(refused) {
            None => Ok(()),
            // A refused login is not tried again and again: servers lock users out.
            Some(Refusal { why, .. }) => Err(Refused { again: why.is_passing(), why: why.to_string() }),
        }
    }
}

impl Reader {
    fn letter(&self, notice: &Notice) -> Result<Letter, String> {
        let from = self.mail.sender()?;
        let to = mailbox(&self.to)?;
        let title = self.config.named(&notice.meter).title;
        let event = &notice.event;
        let time = |utc: i64| {
            let time = jiff::Timestamp::from_second(utc).unwrap_or_default().to_zoned(self.zone.clone());
            time.strftime("%A, %-d %B %Y, %H:%M").to_string()
        };
        let since =
            if event.state == State::Begin { String::new() } else { format!("\nIt began: {}", time(event.since)) };
        let text = format!("{}\n\nMeter: {title}\nTime: {}{since}\n", notice.sentence, time(event.time));
        let begins = event.state == State::Begin;
        let id = self.id(notice, if begins { event.since } else { event.time }, event.state, &from);
        // What belongs together stands together: what follows answers what began.
        let first = (!begins).then(|| self.id(notice, event.since, State::Begin, &from));
        let date = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(event.time).unwrap_or(0));
        let mut message = Message::builder().message_id(Some(id)).from(from).to(to);
        if let Some(first) = first {
            message = message.in_reply_to(first.clone()).references(first);
        }
        message
            .subject(format!("{title}: {}", Headline(event)))
            .date(date)
            .raw_header(auto_submitted())
            .header(ContentType::TEXT_PLAIN)
            .body(text)
            .map(|message| Letter { to: self.to.clone(), message })
            .map_err(|error| format!("the mail cannot be made: {error}"))
    }

    fn id(&self, notice: &Notice, time: i64, state: State, from: &Mailbox) -> String {
        let event = &notice.event;
        let what = format!(
            "{}\n{}\n{:?}\n{time}\n{}\n{}",
            notice.meter,
            event.code.name(),
            event.phase,
            state.name(),
            self.to
        );
        format!("<alert.{}@{}>", hex::lower(&Sha256::digest(what.as_bytes())[..12]), from.email.domain())
    }
}
