//! Published: what a message of another program says, decided by its payload.
//!
//! | payload | is |
//! |---|---|
//! | begins with `DB`, or is hex of that | a sealed frame of a board that only forwards |
//! | begins with `/` and has lines | a plain telegram |
//! | JSON with names that are known here | a reading, a field of one, or a part of one |
//! | anything on a topic that ends in a known name | a field of a reading |
//! | `name = value unit` | a field of a reading |
//! | `1`, `online`, `{"dt":"connected"}` … | an announcement |
//!
//! Everything else is foreign. Nothing here keeps anything: that is [`assembly`]'s.

pub(super) mod assembly;
pub(super) mod decimal;
pub(super) mod draft;
pub(super) mod json;
mod names;
mod stamp;

use std::borrow::Cow;

use crate::{hex, topic};
use draft::{Content, Draft, Fault, content, shown};
use json::Value;
use names::{Field, Meaning};

/// What a message is.
#[derive(Debug)]
pub(super) enum Message<'a> {
    /// Bytes as they come from a meter: frames.
    Bytes(Cow<'a, [u8]>),
    /// A whole reading.
    Reading { base: &'a str, story: Story },
    /// One part of a reading of ours, `live` or `registers`.
    Part { base: &'a str, name: &'static str, story: Story },
    /// One field of a reading.
    Field { base: &'a str, name: &'static str, content: Result<Content, Fault> },
    /// Somebody came or went.
    Announcement,
    /// Known, and nothing that is kept: a tank's level, an emptied topic.
    Aside,
    /// Nothing that is known here; what it looks like.
    Foreign(&'static str),
    /// Of a known form, and broken; the words stand behind "it".
    Malformed(String),
}

/// What a JSON object told.
#[derive(Debug, Default)]
pub(super) struct Story {
    pub(super) draft: Draft,
    /// Known fields that could not be read.
    pub(super) faults: Vec<Fault>,
    /// Fields that are not known here.
    pub(super) unknown: u64,
}

/// The parts that our own readings are published in.
pub(super) const PARTS: [&str; 2] = ["live", "registers"];
/// Shorter hex is no frame.
const SHORTEST_HEX: usize = 40;

/// Decides what a message is.
pub(super) fn understand<'a>(topic: &'a str, payload: &'a [u8]) -> Message<'a> {
    let is_plain = |bytes: &[u8]| bytes.starts_with(b"/") && bytes.contains(&b'\n');
    if payload.starts_with(&[0xDB]) || is_plain(payload) {
        return Message::Bytes(Cow::Borrowed(payload));
    }
    let lossy = String::from_utf8_lossy(payload);
    // Boards written in C send the zero at the end of a text, too.
    let text = lossy.trim_matches(|character: char| character.is_whitespace() || character == '\0');
    if text.starts_with('{') {
        return object(topic, text);
    }
    let (base, level) = topic::last_level(topic);
    if let Some((name, value)) = assignment(text)
        && let Some(field) = names::dsmr(name)
    {
        // The topic of this form ends in the name; where it does not, it is the base itself.
        let base = if names::dsmr(level).is_some_and(|of_topic| of_topic.name == field.name) { base } else { topic };
        return Message::Field { base, name: field.name, content: content(name, field, Some(value)) };
    }
    if let Some(field) = names::of_topic(level) {
        return Message::Field { base, name: field.name, content: content(level, field, Some(text)) };
    }
    if text.is_empty() {
        return Message::Aside;
    }
    if text.len() >= SHORTEST_HEX
        && let Some(bytes) = hex::bytes(text.as_bytes())
        && (bytes.starts_with(&[0xDB]) || is_plain(&bytes))
    {
        return Message::Bytes(Cow::Owned(bytes));
    }
    if is_announcement(text) {
        return Message::Announcement;
    }
    Message::Foreign(match lossy {
        Cow::Owned(_) => "bytes that begin no frame",
        Cow::Borrowed(_) if text.starts_with('[') => "a JSON list",
        Cow::Borrowed(_) => "a text of another form",
    })
}

/// `act_pwr_imported_p_plus = 0.510 kW`.
fn assignment(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once('=')?;
    Some((name.trim_end(), value.trim()))
}

fn object<'a>(topic: &'a str, text: &str) -> Message<'a> {
    let members = match json::members(text) {
        Ok(members) => members,
        Err(why) => return Message::Malformed(why),
    };
    let said = |wanted: &str| members.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
    let dt = said("dt");
    if dt.and_then(Value::text).is_some_and(|text| text.starts_with(['c', 'e', 'C', 'E'])) {
        return Message::Announcement;
    }
    // Our own quarter-hours, gaps, costs, alerts and states: their energy is of a span, and no register.
    if ["start", "start_unix", "since_unix", "year_start_unix", "last_time_unix"]
        .into_iter()
        .any(|name| said(name).is_some())
    {
        return Message::Aside;
    }
    let mut story = Story::default();
    let (mut fields, mut known, mut numbers, mut own) = (0, 0, 0, 0);
    let mut alone = None;
    for (name, value) in &members {
        if names_a_unit(name, &members) {
            continue;
        }
        let Some(field) = member(name, &members, dt.is_some()) else {
            story.unknown += 1;
            continue;
        };
        known += 1;
        numbers += usize::from(matches!(field.meaning, Meaning::Measured(_) | Meaning::Calculated(_)));
        own += usize::from(is_own(field));
        let content = content(name, field, value.text());
        // A field of its own topic: {"act_pwr_imported_p_plus_value":0.51,…_unit":"kW"}.
        if name.ends_with("_value") {
            fields += 1;
            alone = Some((field.name, content.clone()));
        }
        match content {
            Ok(content) => story.draft.put(content),
            Err(fault) => story.faults.push(fault),
        }
    }
    if own > 0 {
        // What this program calculates is calculated here, too, and what it will one day add is no fault.
        story.unknown = 0;
    }
    let (base, level) = topic::last_level(topic);
    if let (1, 1, Some((name, content))) = (fields, known, alone) {
        let base = if names::dsmr(level).is_some_and(|field| field.name == name) { base } else { topic };
        return Message::Field { base, name, content };
    }
    if numbers > 0 {
        return match PARTS.into_iter().find(|part| *part == level && own > 0) {
            Some(name) if !story.draft.is_whole() => Message::Part { base, name, story },
            Some(_) => Message::Reading { base, story },
            None => Message::Reading { base: topic, story },
        };
    }
    if members.iter().any(|(_, value)| value.text().is_some_and(is_news)) {
        return Message::Announcement;
    }
    // The tank of SmartyReader⁵, and what programs say to Home Assistant about readings.
    if ["rainwater", "state_topic", "stat_t", "unique_id", "uniq_id"].into_iter().any(|name| said(name).is_some()) {
        return Message::Aside;
    }
    Message::Foreign("JSON without a field that is known here")
}

type Members<'a> = [(Cow<'a, str>, Value<'a>)];

/// The field of a member: by its name, or by its name without `_value`, with the unit that stands beside it.
fn member<'a>(name: &'a str, members: &'a Members<'_>, five: bool) -> Option<Field<'a>> {
    let Some(stem) = name.strip_suffix("_value") else { return names::of_member(name, five) };
    let mut field = names::dsmr(stem)?;
    let unit = format!("{stem}_unit");
    if let Some((_, Value::Text(unit))) = members.iter().find(|(other, _)| *other == unit) {
        field.written = decimal::Written::In(unit);
    }
    Some(field)
}

/// `…_unit` beside `…_value`.
fn names_a_unit(name: &str, members: &Members<'_>) -> bool {
    name.strip_suffix("_unit").is_some_and(|stem| {
        names::dsmr(stem).is_some() && members.iter().any(|(other, _)| other.strip_suffix("_value") == Some(stem))
    })
}

/// By one of our own names.
fn is_own(field: Field<'_>) -> bool {
    matches!(field.meaning, Meaning::Measured(quantity) if quantity.name() == field.name)
}

/// Will and birth, and what boards say when they connect.
fn is_announcement(text: &str) -> bool {
    is_news(text) || ["0", "1", "true", "false"].iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// The words for it.
fn is_news(text: &str) -> bool {
    let words = ["online", "offline", "connected", "disconnected", "error"];
    words.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// As much of a topic or payload as a sentence can hold.
pub(super) fn excerpt(text: &str) -> String {
    shown(text)
}
