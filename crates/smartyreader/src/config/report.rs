//! Report: when a report is made, of what, and who gets it.

use std::path::PathBuf;

use jiff::civil::Time;
use serde::Deserialize;

use super::check::{Findings, list};
use super::mail::mailbox;
use super::{Config, MailSecurity, Span};
use crate::report::Kind;

/// Reports of what is over.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Report {
    /// The time of day, by the clock on the wall.
    pub at: TimeOfDay,
    /// Every day, of the day before.
    pub daily: bool,
    /// On Mondays, of the week before.
    pub weekly: bool,
    /// On the first, of the month before.
    pub monthly: bool,
    /// Who gets them by mail. Empty: they are only kept.
    pub to: Vec<String>,
    /// Which meters they are about. Left out: all.
    pub meters: Option<Vec<String>>,
    /// Where they are kept. Left out: `reports` beside the database.
    pub folder: Option<PathBuf>,
    /// So many of each kind are kept.
    pub keep: u32,
    /// A mail that could not be sent for so long is not sent any more.
    pub give_up: Span,
}

impl Default for Report {
    fn default() -> Self {
        Self {
            at: TimeOfDay(Time::constant(1, 0, 0, 0)),
            daily: true,
            weekly: false,
            monthly: false,
            to: Vec::new(),
            meters: None,
            folder: None,
            keep: 400,
            give_up: Span::seconds(3 * 86_400),
        }
    }
}

/// Hours and minutes: `01:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeOfDay(pub Time);

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = text.split_once(':').and_then(|(hour, minute)| {
            let number = |digits: &str| digits.parse::<i8>().ok().filter(|_| digits.len() == 2);
            Time::new(number(hour)?, number(minute)?, 0, 0).ok()
        });
        time.map(Self)
            .ok_or_else(|| serde::de::Error::custom(format!("a time of day is like \"01:00\", not \"{text}\"")))
    }
}

impl Report {
    /// What reports are made of.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> {
        [(self.daily, Kind::Day), (self.weekly, Kind::Week), (self.monthly, Kind::Month)]
            .into_iter()
            .filter_map(|(wanted, kind)| wanted.then_some(kind))
    }

    /// The meters that they are about, in the order of their names.
    pub fn meters_of<'a>(&'a self, config: &'a Config) -> impl Iterator<Item = &'a str> {
        let names = config.counting();
        names.filter(|name| self.meters.as_ref().is_none_or(|chosen| chosen.iter().any(|one| one == name)))
    }
}

impl Config {
    /// Where reports are kept.
    pub fn report_folder(&self) -> PathBuf {
        let beside = || self.store.path.with_file_name("reports");
        self.report.as_ref().and_then(|report| report.folder.clone()).unwrap_or_else(beside)
    }
}

/// Everything that there is to say about reports.
pub(super) fn check(config: &Config, findings: &mut Findings) {
    let Some(report) = &config.report else { return };
    let when: Vec<&str> = report
        .kinds()
        .map(|kind| match kind {
            Kind::Week => "of each week on Monday",
            Kind::Month => "of each month on the first",
            _ => "of each day on the next",
        })
        .collect();
    if when.is_empty() {
        findings.error("report: nothing is to be reported; set `daily`, `weekly` or `monthly` to true".into());
        return;
    }
    let meters: Vec<&str> = report.meters_of(config).collect();
    let at = report.at.0.strftime("%H:%M");
    let folder = config.report_folder();
    findings.plan(format!(
        "a report {}, at {at}, of {}, is kept in {}.",
        when.join(" and "),
        list(&meters),
        folder.display()
    ));
    if report.at.0 < Time::constant(0, 5, 0, 0) {
        findings.error("report: `at` is 00:05 or later: the day's last quarter-hour has to be over and stored".into());
    }
    if report.keep == 0 {
        findings.error("report: `keep` is 1 or more".into());
    }
    if report.give_up.0.as_secs() < 3600 {
        findings.error("report: `give-up` is an hour or more".into());
    }
    for meter in report.meters.iter().flatten().filter(|meter| !config.meter.contains_key(*meter)) {
        findings.error(format!("report: there is no meter {meter}"));
    }
    for meter in report
        .meters
        .iter()
        .flatten()
        .filter(|meter| config.meter.get(*meter).is_some_and(|meter| !meter.role.counts()))
    {
        findings.error(format!("report: {meter} is a sensor, of which there are no reports"));
    }
    for address in &report.to {
        if let Err(why) = mailbox(address) {
            findings.error(format!("report: `to`: {why}"));
        }
    }
    if report.to.is_empty() {
        return;
    }
    match &config.mail {
        None => findings.error("report: `to` needs a section [mail] with the mail server".into()),
        Some(mail) => {
            let how = match mail.security {
                MailSecurity::StartTls => "with STARTTLS",
                MailSecurity::Tls => "with TLS",
                MailSecurity::None => "without encryption",
            };
            findings.plan(format!("reports are mailed to {} through {} {how}.", report.to.join(", "), mail.server));
        }
    }
}
