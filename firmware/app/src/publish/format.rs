//! Format: what other programs of the first SmartyReader's time read, in the shape that they know, at its pace.

use core::fmt::Display;

use embedded_storage::nor_flash::NorFlash;
use minimq::Io;
use smarty_payload::{Moment, smartyreader5, v1_5, v1_7};

use super::native::is_due;
use super::session::{Broken, Session};
use super::{Path, Publisher, send};
use crate::settings::Name;

impl<F: NorFlash> Publisher<'_, F> {
    /// What the format said after connecting.
    pub(super) async fn greet_format<IO: Io>(&mut self, session: &mut Session<'_, '_, '_, IO>) -> Result<(), Broken> {
        let topic = self.settings.text(Name::BirthTopic);
        let (body, certain) = match self.settings.text(Name::Format) {
            "smartyreader5" => (smartyreader5::ANNOUNCEMENT, false),
            _ => ("1", true),
        };
        if topic.is_empty() {
            return Ok(());
        }
        send(session, &mut self.news, self.state, format_args!("{topic}"), &body, (certain, false)).await
    }

    /// The messages for a telegram, if it is time for them.
    pub(super) async fn publish_format<IO: Io>(&mut self, session: &mut Session<'_, '_, '_, IO>) -> Result<(), Broken> {
        let format = self.settings.text(Name::Format);
        let every = self.settings.number(Name::FormatEvery);
        if format == "off" || !is_due(every, self.before.map(|before| before.time), self.latest.time) {
            return Ok(());
        }
        let telegram = self.latest.telegram();
        let host = self.state.utc.now().map(|(utc, _)| self.zone.clock(utc));
        let climate = self.state.climate();
        let moment = self.latest.moment(telegram.as_ref(), self.zone, self.before.as_ref(), host, climate);
        self.before = Some(self.latest.standing());
        let base = self.settings.text(Name::FormatTopic);
        // One after the other, each made when it is its turn: there is never more than one in memory.
        for number in 0.. {
            let mut path = Path::new();
            let mut there = false;
            visit(format, &moment, number, &mut |name, _| {
                there = true;
                let separator = if name.is_some() { "/" } else { "" };
                let name: &dyn Display = name.unwrap_or(&"");
                // A topic that is too long is left out below.
                let _ = core::fmt::write(&mut path, format_args!("{base}{separator}{name}"));
            });
            if !there {
                break;
            }
            let body = Numbered { format, moment: &moment, number };
            send(session, &mut self.news, self.state, format_args!("{path}"), &body, (false, false)).await?;
        }
        Ok(())
    }
}

/// The body of the message with this number.
struct Numbered<'a> {
    format: &'a str,
    moment: &'a Moment<'a>,
    number: usize,
}

impl Display for Numbered<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut result = Ok(());
        visit(self.format, self.moment, self.number, &mut |_, body| result = body.fmt(f));
        result
    }
}

type Look<'a> = dyn FnMut(Option<&dyn Display>, &dyn Display) + 'a;

/// Shows the message with this number, counted from 0: its name below the topic, and its body.
fn visit(format: &str, moment: &Moment<'_>, number: usize, look: &mut Look<'_>) {
    let mut index = 0;
    let mut below = |name: &dyn Display, body: &dyn Display| {
        if index == number {
            look(Some(name), body);
        }
        index += 1;
    };
    match format {
        "v1.5-all-json" => return v1_5::all_fields(moment, v1_5::Form::Json, &mut below),
        "v1.5-all-text" => return v1_5::all_fields(moment, v1_5::Form::Text, &mut below),
        "v1.7-all" => return v1_7::all(moment, &everything, &mut below),
        "v1.7-both" if number > 0 => {
            // Number 0 is the cooked one.
            index = 1;
            return v1_7::all(moment, &everything, &mut |name: &dyn Display, body: &dyn Display| {
                if index == number {
                    look(Some(name), body);
                }
                index += 1;
            });
        }
        _ => {}
    }
    if number > 0 {
        return;
    }
    match format {
        "v1.5" => look(None, &v1_5::PowerAndEnergy(moment)),
        "v1.7" | "v1.7-both" => look(None, &v1_7::Cooked { moment, wanted: &everything }),
        "smartyreader5" => look(None, &smartyreader5::Message(moment)),
        _ => {}
    }
}

/// Every name, as the daemon does unless told otherwise.
fn everything(_: &str) -> bool {
    true
}
