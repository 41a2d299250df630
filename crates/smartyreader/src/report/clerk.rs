//! Clerk: makes each report at its time, keeps it and sends it until everybody has got it.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Date;
use smarty_store::StoreError;
use tokio::time::Instant;

use super::document::{Document, Subject};
use super::due::due;
use super::folder::Folder;
use super::letter::{Occasion, letters};
use super::note::{Fate, Note};
use super::period::{Kind, Period};
use crate::archive::Archive;
use crate::config::{Config, Mail, Report};
use crate::mail::{Letter, Post, Refusal, Why};
use crate::observe::{Observer, Trouble, count, now};

/// The clock is looked at this often: it may be set at any time.
const LOOK: Duration = Duration::from_secs(5);
const FIRST_WAIT: Duration = Duration::from_secs(10);
const LONGEST_WAIT: Duration = Duration::from_hours(1);
/// A login or address that was refused will be refused again until somebody changes something.
const REFUSED_WAIT: Duration = Duration::from_hours(6);
/// The answer of a task that has ended early.
const UNFINISHED: &str = "it could not be finished";
/// Of what the observer is told.
const SUBJECT: &str = "report";

/// What the clerk needs of the house.
pub struct Clerk {
    settings: Report,
    mail: Option<Mail>,
    subject: Subject,
    folder: Folder,
    archive: Archive,
    observer: Observer,
    notes: BTreeMap<Period, Note>,
    /// Not before this, and how long it was waited for.
    wait: Option<(Instant, Duration)>,
}

impl Clerk {
    /// With the settings of `[report]`. `None`: there are none.
    pub fn new(config: &Config, archive: Archive, observer: Observer) -> Option<Self> {
        let settings = config.report.clone()?;
        Some(Self {
            mail: config.mail.clone().filter(|_| !settings.to.is_empty()),
            subject: Subject::new(config),
            folder: Folder::new(config.report_folder()),
            settings,
            archive,
            observer,
            notes: BTreeMap::new(),
            wait: None,
        })
    }

    /// Works for ever.
    pub async fn work(mut self) {
        self.notes = self.folder.notes();
        self.forget_strangers();
        if let Some(mail) = &self.mail {
            let target = Post::new(mail).target();
            self.observer.sink("mail", SUBJECT, |health| {
                health.target = target;
                health.state = "waiting".into();
            });
        }
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            self.make_what_is_due().await;
            self.give_up();
            self.send_what_is_owed().await;
        }
    }

    /// Who is in the configuration no more gets nothing more.
    fn forget_strangers(&mut self) {
        let wanted = &self.settings.to;
        for (period, note) in &mut self.notes {
            let mut strangers =
                note.to.iter_mut().filter(|(to, fate)| **fate == Fate::Owed && !wanted.contains(to)).peekable();
            if strangers.peek().is_none() {
                continue;
            }
            strangers.for_each(|(_, fate)| *fate = Fate::GivenUp("not in `to` any more".into()));
            if let Err(why) = self.folder.write_note(*period, note) {
                self.observer.raise(SUBJECT, &Trouble::ReportFailing { why: why.to_string() });
            }
        }
    }

    fn patience(&self) -> i64 {
        i64::try_from(self.settings.give_up.0.as_secs()).unwrap_or(i64::MAX)
    }

    async fn make_what_is_due(&mut self) {
        let kinds: Vec<Kind> = self.settings.kinds().collect();
        for kind in kinds {
            let at = self.settings.at.0;
            let due = due(kind, at, &self.subject.zone, now(), self.patience(), &self.notes);
            for period in due {
                match self.make(period).await {
                    Ok(Some(note)) => {
                        self.observer.clear(SUBJECT, &["report-failing"]);
                        self.notes.insert(period, note);
                        self.prune(kind);
                    }
                    Ok(None) => {}
                    Err(why) => self.observer.raise(SUBJECT, &Trouble::ReportFailing { why }),
                }
            }
        }
    }

    /// Makes and keeps a report. `None`: there is nothing to report on.
    async fn make(&self, period: Period) -> Result<Option<Note>, String> {
        let subject = self.subject.clone();
        let made = self.archive.ask(move |reader| {
            let alive = subject.is_alive(reader, period)?;
            alive.then(|| Document::of(reader, &subject, period, now())).transpose()
        });
        let Some(document) = asked(made.await)? else { return Ok(None) };
        let (folder, note) = (self.folder.clone(), Note::new(now(), &self.settings.to));
        // Drawn and written away from the thread that reads the meters, and from the connection that others ask.
        let kept = tokio::task::spawn_blocking(move || {
            // The note comes last: a report without one is made again.
            let kept = folder.keep(&document).and_then(|()| folder.write_note(period, &note));
            kept.map(|()| note).map_err(|why| format!("{} cannot be written: {why}", folder.path().display()))
        });
        kept.await.unwrap_or_else(|_| Err(UNFINISHED.into())).map(Some)
    }

    fn prune(&self, kind: Kind) {
        // What may still be asked for by the clock stays, however few are kept.
        let days = self.patience() / 86_400 + 2 * 31;
        let today = jiff::Timestamp::from_second(now()).unwrap_or_default().to_zoned(self.subject.zone.clone()).date();
        let not_after: Date = today.saturating_sub(jiff::Span::new().days(days.min(3660)));
        self.folder.prune(kind, self.settings.keep as usize, not_after);
    }

    /// What could not be sent for too long is said and not sent any more.
    fn give_up(&mut self) {
        let (now, patience) = (now(), self.patience());
        let nobody = self.mail.is_none();
        let late = self.notes.iter_mut().filter(|(_, note)| note.owed().next().is_some());
        let mut given_up = None;
        for (period, note) in late.filter(|(_, note)| now - note.made > patience || nobody) {
            for fate in note.to.values_mut().filter(|fate| **fate == Fate::Owed) {
                *fate = Fate::GivenUp(format!("not sent for {}", super::words::duration(now - note.made)));
            }
            if let Err(why) = self.folder.write_note(*period, note) {
                self.observer.raise(SUBJECT, &Trouble::ReportFailing { why: why.to_string() });
            }
            given_up = Some(*period);
        }
        if let Some(period) = given_up.filter(|_| !nobody) {
            self.observer.sink("mail", SUBJECT, |health| count(&mut health.counters, "given_up", 1));
            self.observer.raise(SUBJECT, &Trouble::ReportGivenUp { report: period.title() });
        }
    }

    async fn send_what_is_owed(&mut self) {
        let Some(mail) = self.mail.clone() else { return };
        let owed: Vec<Period> =
            self.notes.iter().filter(|(_, note)| note.owed().next().is_some()).map(|(period, _)| *period).collect();
        let mails: usize = self.notes.values().map(|note| note.owed().count()).sum();
        self.observer.sink("mail", SUBJECT, |health| health.queued = mails as u64);
        if owed.is_empty() || self.wait.is_some_and(|(until, _)| Instant::now() < until) {
            return;
        }
        let mut worst = None;
        for period in owed {
            match self.send(&mail, period).await {
                Ok(None) => {}
                // About one address: the others and the next report may go.
                Ok(Some(refusal)) => worst = Some(refusal),
                Err(refusal) => {
                    worst = Some(refusal);
                    break;
                }
            }
        }
        let owed: usize = self.notes.values().map(|note| note.owed().count()).sum();
        self.observer.sink("mail", SUBJECT, |health| health.queued = owed as u64);
        self.settle(worst);
    }

    /// Says how it went, and when it is tried again.
    fn settle(&mut self, refusal: Option<Refusal>) {
        const CODES: [&str; 5] = ["mail-away", "mail-tls", "mail-login", "mail-refused", "mail-setting"];
        let Some(refusal) = refusal else {
            self.wait = None;
            self.observer.clear(SUBJECT, &CODES);
            self.observer.sink("mail", SUBJECT, |health| health.state = "waiting".into());
            return;
        };
        let before = self.wait.map(|(_, length)| length);
        let length = if refusal.why.is_passing() {
            before.map_or(FIRST_WAIT, |before| (before * 2).min(LONGEST_WAIT))
        } else {
            REFUSED_WAIT
        };
        self.wait = Some((Instant::now() + length, length));
        let trouble = Trouble::Mail(refusal);
        let others: Vec<&str> = CODES.into_iter().filter(|code| *code != trouble.code()).collect();
        self.observer.clear(SUBJECT, &others);
        self.observer.raise(SUBJECT, &trouble);
        self.observer.sink("mail", SUBJECT, |health| {
            health.state = "away".into();
            count(&mut health.counters, "failed", 1);
        });
    }

    /// Sends a report to those who have not got it. The answer is what was said of single addresses.
    async fn send(&mut self, mail: &Mail, period: Period) -> Result<Option<Refusal>, Refusal> {
        let ours = |why| Refusal { target: mail.server.clone(), why: Why::Ours(why) };
        let Some(note) = self.notes.get(&period) else { return Ok(None) };
        let to: Vec<String> = note.owed().map(str::to_string).collect();
        let (subject, settings) = (self.subject.clone(), mail.clone());
        let made = self.archive.ask(move |reader| Document::of(reader, &subject, period, now()));
        let document = asked(made.await).map_err(ours)?;
        let drawn = move || letters(&document, &settings, &to, Occasion::Due, now());
        let letters =
            tokio::task::spawn_blocking(drawn).await.unwrap_or_else(|_| Err(UNFINISHED.into())).map_err(ours)?;
        self.observer.sink("mail", SUBJECT, |health| health.state = "sending".into());
        let (notes, folder, observer) = (&mut self.notes, &self.folder, &self.observer);
        let mut refused = None;
        let done = |letter: &Letter, result: Result<(), Refusal>| match result {
            Ok(()) => {
                observer.sink("mail", SUBJECT, |health| count(&mut health.counters, "sent", 1));
                observer.clear(SUBJECT, &["report-given-up"]);
                let Some(note) = notes.get_mut(&period) else { return };
                note.to.insert(letter.to.clone(), Fate::Sent(now()));
                // Before the next one: a restart in between sends this one no second time.
                if let Err(why) = folder.write_note(period, note) {
                    observer.raise(SUBJECT, &Trouble::ReportFailing { why: why.to_string() });
                }
            }
            Err(Refusal { target, why }) => refused = Some(Refusal { target, why: why.of_address(&letter.to) }),
        };
        Post::new(mail).send(&letters, done).await?;
        Ok(refused)
    }
}

fn asked<T>(answer: Option<Result<T, StoreError>>) -> Result<T, String> {
    match answer {
        Some(Ok(answer)) => Ok(answer),
        Some(Err(error)) => Err(error.to_string()),
        None => Err(UNFINISHED.into()),
    }
}
