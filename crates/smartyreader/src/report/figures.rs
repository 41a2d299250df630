//! Figures: what a report says of one meter in numbers, each a line with its comparison.

use jiff::tz::TimeZone;
use smarty_store::{Reader, Span, StoreError};

use super::period::{Kind, Period};
use super::picture::whole;
use super::words;

/// One line of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What.
    pub label: String,
    /// How much.
    pub value: String,
    /// Compared with what, or when. May be empty.
    pub note: String,
    /// Which way it goes.
    pub tone: Tone,
}

/// The colour of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// None.
    Plain,
    /// From the grid.
    Import,
    /// Into the grid.
    Export,
    /// None: a part of the line above, and smaller.
    Part,
}

impl Line {
    pub(super) fn new(tone: Tone, label: &str, value: String, note: String) -> Self {
        Self { label: label.into(), value, note, tone }
    }
}

/// The lines of a meter. Nothing known: none.
pub(super) fn lines(
    reader: &Reader,
    meter: &str,
    period: Period,
    zone: &TimeZone,
    now: i64,
) -> Result<Vec<Line>, StoreError> {
    let Some(of) = whole(reader, meter, period, zone, now)? else { return Ok(Vec::new()) };
    let whole = of.complete && !of.running;
    let before = if whole { before(reader, meter, period, zone, now)? } else { None };
    let note = |energy: i64, was: fn(&Before) -> Option<i64>| match &before {
        Some(before) => before.compared(energy, was(before)).unwrap_or_default(),
        None => not_whole(&of),
    };
    let mut lines = Vec::new();
    if let Some(import) = of.energies.import {
        let note = note(import, |before| before.import);
        lines.push(Line::new(Tone::Import, "Import", words::energy(import), note));
    }
    if let Some(export) = of.energies.export {
        let note = note(export, |before| before.export);
        lines.push(Line::new(Tone::Export, "Export", words::energy(export), note));
    }
    if let (Some(import), Some(export)) = (of.energies.import, of.energies.export) {
        let net = import - export;
        let (tone, way) = if net < 0 { (Tone::Export, "into the grid") } else { (Tone::Import, "from the grid") };
        lines.push(Line::new(tone, "Net", words::energy(net.abs()), way.into()));
    }
    if let Some(peak) = of.peak {
        let when = when(period, peak.time, zone);
        lines.push(Line::new(Tone::Plain, "Highest quarter-hour", words::power(peak.power_w), when));
    }
    Ok(lines)
}

/// Why a period is compared with nothing: of another length it would say nothing.
fn not_whole(of: &Span) -> String {
    let words = [(of.running, "so far"), (!of.complete, "measured in part")];
    words.into_iter().filter_map(|(holds, word)| holds.then_some(word)).collect::<Vec<_>>().join(", ")
}

/// A moment in a period: a day needs no date.
pub(super) fn when(period: Period, time: i64, zone: &TimeZone) -> String {
    match period.kind() {
        Kind::Day => format!("at {}", words::clock(time, zone)),
        _ => words::local(time, zone, "%a %-d %b, %H:%M"),
    }
}

/// What a period is compared with: the mean of earlier ones of its kind that were measured whole.
struct Before {
    words: String,
    /// Of how many it is the mean.
    count: usize,
    import: Option<i64>,
    export: Option<i64>,
}

fn before(
    reader: &Reader,
    meter: &str,
    period: Period,
    zone: &TimeZone,
    now: i64,
) -> Result<Option<Before>, StoreError> {
    let steps: &[i64] = match period.kind() {
        Kind::Day => &[7, 14, 21, 28],
        Kind::Week => &[1, 2, 3, 4],
        // The same month a year ago says more than the month before; where there is none it has to do.
        Kind::Month => &[12, 1],
        Kind::Year => &[1],
    };
    let mut found = Vec::new();
    for step in steps {
        let other = period.before(*step);
        if let Some(span) = whole(reader, meter, other, zone, now)?.filter(|span| span.complete && !span.running) {
            found.push((other, span));
            if period.kind() == Kind::Month {
                break;
            }
        }
    }
    let Some((first, _)) = found.first() else { return Ok(None) };
    let weekday = period.first().strftime("%A");
    let words = match (period.kind(), found.len()) {
        (Kind::Day, 1) => format!("on {}", first.first().strftime("%A, %-d %B")),
        (Kind::Day, count) => format!("on the last {count} {weekday}s"),
        (Kind::Week, 1) => format!("in week {}", first.first().iso_week_date().week()),
        (Kind::Week, count) => format!("in the {count} weeks before"),
        _ => format!("in {}", first.title()),
    };
    let mean = |pick: fn(&Span) -> Option<i64>| {
        let known: Vec<i64> = found.iter().filter_map(|(_, span)| pick(span)).collect();
        let count = known.len() as i64;
        (count > 0).then(|| (known.iter().sum::<i64>() + count / 2).div_euclid(count))
    };
    let count = found.len();
    let (import, export) = (mean(|span| span.energies.import), mean(|span| span.energies.export));
    Ok(Some(Before { words, count, import, export }))
}

impl Before {
    /// `12 % more than on the last 4 Sundays (mean 28.1 kWh)`.
    fn compared(&self, now: i64, before: Option<i64>) -> Option<String> {
        let before = before?;
        let mean = if self.count > 1 { "mean " } else { "" };
        let (words, was) = (&self.words, format!("{mean}{}", words::about(before)));
        let percent = if before == 0 { 0 } else { ((now - before).abs() * 200 + before).div_euclid(2 * before) };
        Some(match (now - before).signum() {
            _ if before == 0 && now == 0 => format!("as {words}"),
            _ if before == 0 => format!("nothing {words}"),
            // Many times as much is no percentage.
            1 if percent >= 200 => format!("{words}: {was}"),
            1 if percent >= 1 => format!("{percent} % more than {words} ({was})"),
            -1 if percent >= 1 => format!("{percent} % less than {words} ({was})"),
            _ => format!("as much as {words}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons() {
        let before = Before { words: "on the last 4 Sundays".into(), count: 4, import: None, export: None };
        let compared = |now, was| before.compared(now, Some(was)).unwrap();
        assert_eq!(compared(31_542, 28_100), "12 % more than on the last 4 Sundays (mean 28.1\u{a0}kWh)");
        assert_eq!(compared(500, 1000), "50 % less than on the last 4 Sundays (mean 1.0\u{a0}kWh)");
        assert_eq!(compared(1001, 1000), "as much as on the last 4 Sundays");
        assert_eq!(compared(0, 0), "as on the last 4 Sundays");
        assert_eq!(compared(10, 0), "nothing on the last 4 Sundays");
        assert_eq!(compared(9000, 29), "on the last 4 Sundays: mean 29\u{a0}Wh");
        assert_eq!(before.compared(1, None), None);
    }
}
