//! Health: how everything is, as the daemon says it.

use core::fmt::{self, Display, Formatter};
use core::sync::atomic::Ordering;

use smarty_payload::json::{List, Object, Text};

use super::answers::Now;
use crate::facts::Facts;
use crate::intake::Counters;
use crate::latest::Latest;
use crate::state::Link;

/// `/health`.
pub(super) struct Health<'a> {
    pub(super) now: Now,
    pub(super) name: &'a str,
    pub(super) broker: &'a str,
    pub(super) latest: Option<&'a Latest>,
    pub(super) counters: Counters,
    pub(super) link: Link,
    /// What is wrong with the meter; empty where nothing is.
    pub(super) sentence: &'static str,
    pub(super) version: &'a str,
    pub(super) facts: &'a Facts,
    /// Entries in the journal.
    pub(super) stored: u32,
}

impl Health<'_> {
    fn broker_is_away(&self) -> bool {
        !self.broker.is_empty() && !self.link.connected
    }

    fn problems(&self) -> impl Iterator<Item = Problem> + Clone {
        let since = self.latest.map_or(self.now.at(0), |latest| self.now.at(latest.uptime_s));
        let meter = (!self.sentence.is_empty()).then_some(Problem {
            code: "meter",
            severity: "failing",
            since,
            sentence: self.sentence,
            advice: "The serial line and the page's settings have what can be changed; docs/firmware.md has the pins.",
        });
        let broker = self.broker_is_away().then_some(Problem {
            code: "broker",
            severity: "attention",
            since: self.now.at(0),
            sentence: "The broker does not answer. Quarter-hours are kept for 35 days and sent when it is back.",
            advice: "Look whether broker, broker-port, user and password are right, and whether the broker runs.",
        });
        meter.into_iter().chain(broker)
    }
}

impl Display for Health<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let worst = self.problems().next();
        let mut object = Object::begin(f)?;
        object.text("status", worst.as_ref().map_or("ok", |worst| worst.severity))?;
        object.text("sentence", worst.map_or("All is well.", |worst| worst.sentence))?;
        object.text("version", self.version)?;
        object.raw("started", self.now.at(0))?;
        object.raw("now", self.now.utc())?;
        object.raw("problems", List(self.problems()))?;
        object.raw("sources", format_args!("[{}]", Source(self)))?;
        object.raw("meters", format_args!("[{}]", MeterHealth(self)))?;
        object.raw("sinks", List((!self.broker.is_empty()).then_some(Sink(self)).into_iter()))?;
        object.raw("store", Journal(self))?;
        object.end()
    }
}

#[derive(Clone)]
struct Problem {
    code: &'static str,
    severity: &'static str,
    since: i64,
    sentence: &'static str,
    advice: &'static str,
}

impl Display for Problem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut object = Object::begin(f)?;
        object.text("code", self.code)?;
        object.text("severity", self.severity)?;
        object.text("subject", self.code)?;
        object.raw("since", self.since)?;
        object.raw("count", 1)?;
        object.text("sentence", self.sentence)?;
        object.text("advice", self.advice)?;
        object.end()
    }
}

/// The meter's port, with what the board says of itself among its counters.
struct Source<'a>(&'a Health<'a>);

impl Display for Source<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Health { now, name, latest, .. } = self.0;
        let time = latest.map(|latest| now.at(latest.uptime_s));
        let mut object = Object::begin(f)?;
        object.text("name", "p1")?;
        object.text("kind", "board")?;
        object.text("target", "uart")?;
        object.text("state", if latest.is_some() { "reading" } else { "waiting" })?;
        object.or_null("last_byte", time)?;
        object.or_null("last_telegram", time)?;
        object.raw("meters", List([Text(*name)].into_iter()))?;
        object.raw("counters", Counts(self.0))?;
        object.end()
    }
}

struct Counts<'a>(&'a Health<'a>);

impl Display for Counts<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let facts = self.0.facts;
        let mut object = Object::begin(f)?;
        for (name, count) in self.0.counters.named() {
            object.raw(name, count)?;
        }
        object.raw("meter_overrun_b", facts.meter_overrun.load(Ordering::Relaxed))?;
        object.raw("uptime_s", self.0.now.uptime_s)?;
        object.raw("reset_reason", facts.reset_reason.load(Ordering::Relaxed))?;
        object.raw("rssi_dbm", facts.rssi_dbm.load(Ordering::Relaxed))?;
        object.raw("heap_free_b", facts.heap_free.load(Ordering::Relaxed))?;
        object.raw("stack_free_b", facts.stack_free.load(Ordering::Relaxed))?;
        object.end()
    }
}

struct MeterHealth<'a>(&'a Health<'a>);

impl Display for MeterHealth<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Health { now, name, latest, counters, .. } = self.0;
        let mut object = Object::begin(f)?;
        object.text("name", name)?;
        object.or_null("last_time", latest.map(|latest| latest.time))?;
        object.or_null("received", latest.map(|latest| now.at(latest.uptime_s)))?;
        object.or_null("age_s", latest.map(|latest| now.age_s(latest)))?;
        object.or_null("proof", latest.map(|latest| Text(latest.vouched.name())))?;
        object.raw("telegrams", counters.telegrams)?;
        object.or_null("clock_drift_s", None::<i64>)?;
        object.raw("counters", "{}")?;
        object.end()
    }
}

#[derive(Clone)]
struct Sink<'a>(&'a Health<'a>);

impl Display for Sink<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Health { now, broker, link, .. } = self.0;
        let mut object = Object::begin(f)?;
        object.text("name", "mqtt")?;
        object.text("kind", "mqtt")?;
        object.text("target", broker)?;
        object.text("state", if link.connected { "connected" } else { "away" })?;
        object.raw("since", now.at(0))?;
        object.raw("queued", link.owed)?;
        object.raw(
            "counters",
            format_args!(
                r#"{{"connections":{},"sent":{},"too_long":{},"live_skipped":{}}}"#,
                link.connections, link.sent, link.too_long, link.live_skipped
            ),
        )?;
        object.end()
    }
}

struct Journal<'a>(&'a Health<'a>);

impl Display for Journal<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut object = Object::begin(f)?;
        object.text("path", "journal")?;
        object.raw("bytes", u64::from(self.0.stored) * 128)?;
        object.raw("readings", self.0.stored)?;
        object.raw("pending", 0)?;
        object.raw("stored", self.0.stored)?;
        object.raw("dropped", self.0.link.flash_errors)?;
        object.text("state", if self.0.link.flash_errors == 0 { "ok" } else { "refused" })?;
        object.end()
    }
}
