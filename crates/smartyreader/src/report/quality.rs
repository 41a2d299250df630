//! Quality: how much of a period was measured, in words.

use jiff::tz::TimeZone;
use smarty_store::{Clock, GapEntry, Reader, StoreError};

use super::period::{Kind, Period};
use super::words;

/// More gaps than these are only counted.
const MOST: usize = 5;
/// A clock that is off by this is said to be right, s.
const RIGHT: i64 = 10;
/// Telegrams that arrive later than this were not read from a meter just then: they say nothing of its clock.
const RECORDED: i64 = 86_400;

/// Sentences on one meter.
pub(super) fn sentences(
    reader: &Reader,
    meter: &str,
    period: Period,
    zone: &TimeZone,
) -> Result<Vec<String>, StoreError> {
    let (start, end) = period.span(zone);
    let quarters = reader.quarter_hours(meter, start, end)?;
    let telegrams: u64 = quarters.iter().map(|quarter| quarter.telegrams).sum();
    if telegrams == 0 {
        return Ok(vec![nothing(reader, meter, period, zone)?]);
    }
    let all = ((end - start) / 900) as usize;
    let measured = quarters.iter().filter(|quarter| quarter.complete && !quarter.running).count();
    let mut sentences = vec![if measured == all {
        format!("All {all} quarter-hours were measured.")
    } else {
        format!("{measured} of {all} quarter-hours were measured.")
    }];
    let gaps = reader.gaps(meter, start, end)?;
    sentences.extend(gaps.iter().take(MOST).map(|gap| gap_words(gap, (start, end), period, zone)));
    if gaps.len() > MOST {
        sentences.push(format!("And {}.", words::plural(gaps.len() - MOST, "gap more", "gaps more")));
    }
    if period.kind() == Kind::Day {
        sentences.extend(clock(reader, meter, start, end)?);
        let hours = (end - start) / 3600;
        if hours != 24 {
            let way = if hours < 24 { "forward" } else { "back" };
            sentences.push(format!("The clocks went {way}: this day had {hours} hours."));
        }
    }
    Ok(sentences)
}

fn nothing(reader: &Reader, meter: &str, period: Period, zone: &TimeZone) -> Result<String, StoreError> {
    let entry = reader.meters()?.into_iter().find(|entry| entry.name == meter);
    let last = entry.and_then(|entry| entry.last_time).filter(|last| *last < period.span(zone).0);
    let before = last.map_or(String::new(), |last| {
        format!(" The last telegram before was that of {}.", words::local(last, zone, "%A, %-d %B %Y, %H:%M"))
    });
    Ok(format!("Nothing was measured.{before}"))
}

fn gap_words(gap: &GapEntry, (start, end): (i64, i64), period: Period, zone: &TimeZone) -> String {
    let inside = gap.start >= start && gap.end <= end;
    let form = if inside && period.kind() == Kind::Day { "%H:%M" } else { "%a %-d %b, %H:%M" };
    let (from, to) = (words::local(gap.start, zone, form), words::local(gap.end, zone, form));
    let to = if inside && gap.end == end && period.kind() == Kind::Day { "24:00".into() } else { to };
    let length = words::duration(gap.end - gap.start);
    let why = match gap.reason.as_str() {
        "start" => "the first telegram came in between",
        "meter swap" => "the meter was changed",
        "register reset" => "the meter’s register began anew",
        "clock set back" => "the meter’s clock was set back",
        reason => reason,
    };
    let known = match (gap.energies.import, gap.energies.export) {
        (None, None) => "neither energy nor shape is known".to_string(),
        (import, export) => {
            let part = |wh: Option<i64>, what: &str| wh.map(|wh| format!("{} {what}", words::energy(wh)));
            let parts: Vec<String> = [part(import, "import"), part(export, "export")].into_iter().flatten().collect();
            // What crosses the border belongs to nobody knows which side of it, and is in no total.
            let whose = if inside { "" } else { ", which is not in the figures above" };
            format!("its energy is known ({}{whose}), its shape is not", parts.join(", "))
        }
    };
    format!("Gap from {from} to {to} ({length}): {why}; {known}.")
}

/// What the telegrams say of the meter's clock.
fn clock(reader: &Reader, meter: &str, start: i64, end: i64) -> Result<Option<String>, StoreError> {
    let (mut without, mut all) = (0_u64, 0_u64);
    let mut behind = Vec::new();
    for reading in reader.readings(meter, start, end)? {
        let reading = reading?;
        all += 1;
        match reading.clock {
            Clock::Meter => behind.push(reading.received - reading.time),
            Clock::Host => without += 1,
        }
    }
    if without > 0 {
        let many = if without == all {
            "The meter had no valid time".into()
        } else {
            format!("{without} of {all} telegrams had no valid time")
        };
        return Ok(Some(format!("{many}: the time of this machine was taken.")));
    }
    behind.sort_unstable();
    // The middle one: a few that waited on their way say nothing.
    let Some(&seconds) = behind.get(behind.len() / 2) else { return Ok(None) };
    Ok(match seconds.abs() {
        0..=RIGHT => Some("The meter’s clock was right.".into()),
        off if off < RECORDED => {
            let way = if seconds > 0 { "behind" } else { "ahead of" };
            Some(format!("The meter’s clock was {} {way} this machine’s.", words::duration(off)))
        }
        _ => None,
    })
}
