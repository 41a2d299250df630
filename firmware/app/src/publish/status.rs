//! Status: whether the meter is there, how it is read, and how the board is.

use core::fmt::{self, Display, Formatter};
use core::sync::atomic::Ordering;

use embassy_time::Instant;
use embedded_storage::nor_flash::NorFlash;
use minimq::Io;
use smarty_payload::json::Text;
use smarty_payload::native::{OFFLINE, ONLINE, Status, Topic};

use super::session::{Broken, Session};
use super::{Publisher, send};
use crate::facts::{Facts, uptime_s};
use crate::intake::Counters;
use crate::settings::Name;
use crate::state::State;

/// A meter sends every ten seconds; after this long something is wrong, s.
pub(crate) const STALE: u64 = 60;

/// What was said, and when.
#[derive(Default)]
pub(super) struct Pace {
    available: Option<bool>,
    said: Option<(Instant, &'static str, u32)>,
    /// When the last telegram was seen, and its number.
    seen: Option<(Instant, u32)>,
}

impl<F: NorFlash> Publisher<'_, F> {
    /// Availability and status, where they changed or are due.
    pub(super) async fn publish_status<IO: Io>(&mut self, session: &mut Session<'_, '_, '_, IO>) -> Result<(), Broken> {
        let (now, number) = (Instant::now(), self.latest.number);
        let seen = match self.status.seen {
            Some((at, seen)) if seen == number => at,
            _ => {
                self.status.seen = Some((now, number));
                now
            }
        };
        let age_s = now.duration_since(seen).as_secs();
        let meter = self.settings.text(Name::Meter);
        let fresh = age_s < STALE;
        // Before the first telegram nobody knows; a restart is no reason to call the meter away.
        if (number > 0 || !fresh) && self.status.available != Some(fresh) {
            self.status.available = Some(fresh);
            self.say(session, Topic::Availability(meter), if fresh { &ONLINE } else { &OFFLINE }).await?;
        }
        let counters = self.state.counters();
        let sentence = sentence(&counters, fresh, self.settings);
        let every = u64::from(self.settings.number(Name::StatusEvery));
        let due = self.status.said.is_none_or(|(at, said, first)| {
            // The first good telegram is news.
            now.duration_since(at).as_secs() >= every || said != sentence || (first == 0 && number > 0)
        });
        if !due {
            return Ok(());
        }
        self.status.said = Some((now, sentence, number));
        // What is passed on unopened has no time and no proof that we know of.
        let opened = number > 0 && !self.settings.is_on(Name::Relay);
        let body = Status {
            last: opened.then(|| self.zone.clock(self.latest.time)),
            proof: opened.then(|| self.latest.vouched.name()),
            age_s: (number > 0).then_some(age_s as i64),
            sentence,
            counters: &counters.named(),
        };
        self.say(session, Topic::Status(meter), &body).await?;
        let base = self.settings.text(Name::Topic);
        let board = Board { facts: self.facts, state: self.state, version: self.version };
        send(session, &mut self.news, self.state, format_args!("{base}/{meter}/board"), &board, (false, false)).await
    }
}

/// What is wrong, in one sentence; empty where nothing is.
pub(crate) fn sentence(counters: &Counters, fresh: bool, settings: &crate::settings::Settings) -> &'static str {
    let sealed = counters.tag_mismatch > 0;
    match () {
        () if counters.telegrams > 0 && fresh => "",
        () if counters.telegrams > 0 => {
            "The meter has been silent for a minute. Is the cable in, and does the meter still have power?"
        }
        () if counters.authentication_key_differs > 0 => {
            "The key is right, but the meter has another authentication key. Ask the network operator for it."
        }
        () if sealed && settings.given(Name::MeterKey).is_none() => {
            "The meter sends sealed telegrams, and no key is given. Ask the network operator for the key of this meter."
        }
        () if sealed => {
            "Telegrams arrive and this key does not open them. Is it the key of this meter, without a mistake?"
        }
        () if counters.plain_refused > 0 => {
            "The meter sends plain telegrams though a key is given. If that is right, set accept-plain to on."
        }
        () if counters.without_time > 0 => "The meter's clock is not set, and no time server answers.",
        () if counters.bytes == 0 => {
            "Nothing has come from the meter yet. Is the cable in, and is the port switched on?"
        }
        () if counters.frames == 0 && counters.noise > 4096 => {
            "Only noise arrives. Set inverted the other way round; look whether the speed is right."
        }
        () => "",
    }
}

/// How the board is: `{"uptime_s":…}`.
struct Board<'a> {
    facts: &'a Facts,
    state: &'a State,
    version: &'a str,
}

impl Display for Board<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { facts, state, version } = self;
        let link = state.link();
        let word = |word: &core::sync::atomic::AtomicU32| word.load(Ordering::Relaxed);
        write!(f, r#"{{"uptime_s":{},"firmware":"{version}","#, uptime_s())?;
        write!(f, r#""reset_reason":{},"#, word(&facts.reset_reason))?;
        // Not known is not there.
        for (name, count) in [("heap_free_b", &facts.heap_free), ("stack_free_b", &facts.stack_free)] {
            if word(count) > 0 {
                write!(f, r#""{name}":{},"#, word(count))?;
            }
        }
        state.with_update_trouble(|trouble| match trouble {
            "" => Ok(()),
            trouble => write!(f, r#""update":{},"#, Text(trouble)),
        })?;
        let rssi = facts.rssi_dbm.load(Ordering::Relaxed);
        if rssi != 0 {
            write!(f, r#""rssi_dbm":{rssi},"#)?;
        }
        write!(f, r#""meter_overrun_b":{},"connections":{},"#, word(&facts.meter_overrun), link.connections)?;
        write!(f, r#""sent":{},"too_long":{},"#, link.sent, link.too_long)?;
        write!(f, r#""live_skipped":{},"owed":{},"flash_errors":{}}}"#, link.live_skipped, link.owed, link.flash_errors)
    }
}
