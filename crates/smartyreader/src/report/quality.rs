//! Quality: how much of a period was measured, in words.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use smarty_ledger::QUARTER;
use smarty_store::{Clock, GapEntry, MeterEntry, Reader, Span, StoreError};

use super::heard::Heard;
use super::period::{Kind, Period};
use super::words;

/// More gaps than these are only counted.
const MOST: usize = 5;
/// A clock that is off by this is said to be right, s.
const RIGHT: i64 = 10;
/// Telegrams that arrive later than this were not read from a meter just then: they say nothing of its clock.
const RECORDED: i64 = 86_400;
/// Of longer lists the telegrams are not looked at one by one.
const CLOCK_DAYS: i64 = 32;
/// Where the clocks go back.
const LONGEST_DAY: i64 = 90_000;

/// How much of a period was measured of one meter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quality {
    /// Its first second, UTC.
    pub start: i64,
    /// The second after its last.
    pub end: i64,
    /// It has the newest telegram and is not over: what follows is about the quarter-hours so far.
    pub running: bool,
    /// Telegrams.
    pub telegrams: u64,
    /// Quarter-hours that it has.
    pub quarters: usize,
    /// Of them with both borders measured.
    pub measured: usize,
    /// Gaps that touch it.
    pub gaps: usize,
    /// The same in words.
    pub sentences: Vec<String>,
}

/// What the store has of a span, for all its periods.
struct Evidence<'a> {
    reader: &'a Reader,
    meter: &'a str,
    zone: &'a TimeZone,
    quarters: Vec<Span>,
    gaps: Vec<GapEntry>,
    /// This machine's time, UTC seconds.
    now: i64,
    /// Whether the telegrams are looked at one by one for the meter's clock.
    with_clock: bool,
}

impl Quality {
    /// Of one period, as it is at `now`, this machine's time.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] meter, and those of the database.
    pub fn of(reader: &Reader, meter: &str, period: Period, zone: &TimeZone, now: i64) -> Result<Self, StoreError> {
        let span = period.span(zone);
        Evidence::of(reader, meter, zone, span, now, period.kind() == Kind::Day)?.judge(period)
    }

    /// Of each local day that begins in a span, from the meter's first day to that of `now`.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] meter, and those of the database.
    pub fn of_days(
        reader: &Reader,
        meter: &str,
        (from, to): (i64, i64),
        zone: &TimeZone,
        now: i64,
    ) -> Result<Vec<Self>, StoreError> {
        let Some(first) = entry(reader, meter)?.and_then(|entry| entry.first_time) else { return Ok(Vec::new()) };
        let day_of = |time: i64| {
            let date = Timestamp::from_second(time).unwrap_or_default().to_zoned(zone.clone()).date();
            Period::around(Kind::Day, date)
        };
        let mut day = day_of(from.max(day_of(first).span(zone).0));
        let evidence =
            Evidence::of(reader, meter, zone, (day.span(zone).0, to), now, to - from <= CLOCK_DAYS * 86_400)?;
        let mut days = Vec::new();
        while day.span(zone).0 < to.min(now + 1) {
            if day.span(zone).0 >= from {
                days.push(evidence.judge(day)?);
            }
            day = day.after();
        }
        Ok(days)
    }

    /// Every quarter-hour was measured.
    pub const fn is_complete(&self) -> bool {
        self.measured == self.quarters && self.telegrams > 0
    }
}

impl<'a> Evidence<'a> {
    fn of(
        reader: &'a Reader,
        meter: &'a str,
        zone: &'a TimeZone,
        (from, to): (i64, i64),
        now: i64,
        with_clock: bool,
    ) -> Result<Self, StoreError> {
        // The last day may end behind the span.
        let quarters = reader.quarter_hours(meter, from, to.saturating_add(LONGEST_DAY))?;
        let gaps = reader.gaps(meter, from, to.saturating_add(LONGEST_DAY))?;
        Ok(Self { reader, meter, zone, quarters, gaps, now, with_clock })
    }

    fn judge(&self, period: Period) -> Result<Quality, StoreError> {
        let (start, end) = period.span(self.zone);
        let at = |time: i64| self.quarters.partition_point(|quarter| quarter.start < time);
        let quarters = &self.quarters[at(start)..at(end)];
        let Heard { running, silent, over } = Heard::of(quarters, end, self.now);
        let gaps: Vec<&GapEntry> = self.gaps.iter().filter(|gap| gap.start < end && gap.end > start).collect();
        let known = quarters.iter().filter(|quarter| quarter.start < over).map(|quarter| quarter.as_of(self.now));
        let measured = known.filter(|quarter| quarter.complete && !quarter.running);
        let mut quality = Quality {
            start,
            end,
            running,
            telegrams: quarters.iter().map(|quarter| quarter.telegrams).sum(),
            quarters: ((over - start) / QUARTER) as usize,
            measured: measured.count(),
            gaps: gaps.len(),
            sentences: Vec::new(),
        };
        quality.sentences = self.sentences(period, &quality, &gaps, silent)?;
        Ok(quality)
    }

    /// `silent`: where the newest telegram is in it and another should have come since, when it came.
    fn sentences(
        &self,
        period: Period,
        of: &Quality,
        gaps: &[&GapEntry],
        silent: Option<i64>,
    ) -> Result<Vec<String>, StoreError> {
        if of.telegrams == 0 {
            return Ok(vec![nothing(self.reader, self.meter, of.start, self.zone)?]);
        }
        let (all, measured) = (of.quarters, of.measured);
        let so_far = if of.running { " so far" } else { "" };
        let mut sentences = vec![match all {
            0 => "No quarter-hour is over yet.".into(),
            1 if measured == 1 => format!("The only quarter-hour{so_far} was measured."),
            _ if measured == all => format!("All {all} quarter-hours{so_far} were measured."),
            _ => {
                format!("{measured} of {} were measured.", words::plural(all, "quarter-hour", "quarter-hours") + so_far)
            }
        }];
        sentences.extend(gaps.iter().take(MOST).map(|gap| gap_words(gap, (of.start, of.end), period, self.zone)));
        if gaps.len() > MOST {
            sentences.push(format!("And {}.", words::plural(gaps.len() - MOST, "gap more", "gaps more")));
        }
        if let Some(since) = silent {
            let form = if period.kind() == Kind::Day { "%H:%M" } else { "%a %-d %b, %H:%M" };
            sentences.push(format!("No telegram since {}.", words::local(since, self.zone, form)));
        }
        if self.with_clock {
            sentences.extend(clock(self.reader, self.meter, of.start, of.end)?);
        }
        let hours = (of.end - of.start) / 3600;
        if period.kind() == Kind::Day && hours != 24 {
            let way = if hours < 24 { "forward" } else { "back" };
            let tense = if of.running { "has" } else { "had" };
            sentences.push(format!("The clocks went {way}: this day {tense} {hours} hours."));
        }
        Ok(sentences)
    }
}

fn entry(reader: &Reader, meter: &str) -> Result<Option<MeterEntry>, StoreError> {
    Ok(reader.meters()?.into_iter().find(|entry| entry.name == meter))
}

fn nothing(reader: &Reader, meter: &str, start: i64, zone: &TimeZone) -> Result<String, StoreError> {
    let last = entry(reader, meter)?.and_then(|entry| entry.last_time).filter(|last| *last < start);
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
