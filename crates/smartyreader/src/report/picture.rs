//! Picture: what the store knows of a period, ready to be drawn.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use smarty_store::{Energies, Reader, Resolution, Series, SeriesQuantity, Span, StoreError};

use super::period::{Kind, Period};
use super::plot::{Bar, Bars, Day, Format, Quarter, Scene, Size, State, Step, render};
use super::words;
use crate::config::DeviceTitles;

/// A meter as people and the store know it.
#[derive(Clone, Debug)]
pub struct Named {
    /// In the configuration, paths and rows.
    pub name: String,
    /// For people.
    pub title: String,
    /// What people call the meters behind it.
    pub devices: DeviceTitles,
}

/// A picture that can be drawn at any size.
#[derive(Clone, Debug)]
pub enum Picture {
    /// Power over a day.
    Day(Day),
    /// Energy of the parts of something longer.
    Bars(Bars),
}

impl Picture {
    /// Asks the store. `now`: what is later has not happened yet.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] meter, and those of the database.
    pub fn of(reader: &Reader, meter: &Named, period: Period, zone: &TimeZone, now: i64) -> Result<Self, StoreError> {
        match period.kind() {
            Kind::Day => Ok(Self::Day(day(reader, meter, period, zone, now)?)),
            _ => Ok(Self::Bars(bars(reader, meter, period, zone, now)?)),
        }
    }

    /// What it shows, in a sentence, for those who cannot see it.
    pub fn words(&self) -> String {
        match self {
            Self::Day(day) => day.words(),
            Self::Bars(bars) => bars.words(),
        }
    }

    /// Draws it.
    pub fn draw(&self, size: Size) -> Scene {
        match self {
            Self::Day(day) => day.draw(size),
            Self::Bars(bars) => bars.draw(size),
        }
    }

    /// Draws it into a file's bytes. `None` where there is no memory for it.
    pub fn file(&self, size: Size, format: Format) -> Option<Vec<u8>> {
        render(&self.draw(size), format)
    }
}

fn day(reader: &Reader, meter: &Named, period: Period, zone: &TimeZone, now: i64) -> Result<Day, StoreError> {
    let (start, end) = period.span(zone);
    let (step, curve) = curve(reader, &meter.name, start, end)?;
    let quarters = reader.quarter_hours(&meter.name, start, end)?;
    let quarters = quarters.iter().map(|quarter| quarter.as_of(now));
    let quarters = quarters.filter(|quarter| quarter.complete && !quarter.running).map(|quarter| Quarter {
        start: quarter.start,
        import: quarter.demand_import_w().unwrap_or(0),
        export: quarter.demand_export_w().unwrap_or(0),
    });
    let whole = whole(reader, &meter.name, period, zone, now)?;
    Ok(Day {
        title: period.title(),
        meter: meter.title.clone(),
        zone: zone.clone(),
        start,
        end,
        until: now.clamp(start, end),
        step,
        curve,
        quarters: quarters.collect(),
        peak: whole.and_then(|whole| whole.peak).map(|peak| (peak.power_w, peak.time)),
        import: whole.and_then(|whole| whole.energies.import),
        export: whole.and_then(|whole| whole.energies.export),
    })
}

/// The curve of net power, in steps that each have a telegram where the meter is heard at all.
fn curve(reader: &Reader, meter: &str, start: i64, end: i64) -> Result<(i64, Vec<Step>), StoreError> {
    let ask =
        |step: u32| reader.series(meter, &[SeriesQuantity::PowerNet], start, end, Resolution::Step(step)).map(steps);
    let curve = ask(60)?;
    // A board may publish every five minutes: that is no gap after each.
    let mut distances: Vec<i64> = curve.windows(2).map(|pair| pair[1].time - pair[0].time).collect();
    distances.sort_unstable();
    match distances.get(distances.len() / 2) {
        Some(61..=300) => Ok((300, ask(300)?)),
        Some(301..) => Ok((900, ask(900)?)),
        _ => Ok((60, curve)),
    }
}

fn steps(series: Series) -> Vec<Step> {
    let Some(column) = series.columns.into_iter().next() else { return Vec::new() };
    let known = series.time.into_iter().zip(column.min).zip(column.mean).zip(column.max);
    known.filter_map(|(((time, min), mean), max)| Some(Step { time, min: min?, mean: mean?, max: max? })).collect()
}

fn bars(reader: &Reader, meter: &Named, period: Period, zone: &TimeZone, now: i64) -> Result<Bars, StoreError> {
    let (start, end) = period.span(zone);
    let entries = match period.kind() {
        Kind::Year => reader.months(&meter.name, start, end)?,
        _ => reader.days(&meter.name, start, end)?,
    };
    let entries: HashMap<i64, Span> = entries.into_iter().map(|entry| (entry.start, entry.as_of(now))).collect();
    let first = reader.meters()?.into_iter().find(|entry| entry.name == meter.name).and_then(|entry| entry.first_time);
    let until = now.min(end);
    let bar = |part: Period| {
        let (from, to) = part.span(zone);
        let entry = entries.get(&from);
        let energies = entry.map_or(Energies::UNKNOWN, |entry| entry.energies);
        let known = energies.import.is_some() || energies.export.is_some();
        let state = match entry {
            _ if from >= until || first.is_none_or(|first| to <= first) => State::Outside,
            Some(entry) if known && entry.complete => State::Complete,
            Some(_) if known => State::Partial,
            _ => State::Missing,
        };
        Bar {
            label: label(period.kind(), part),
            title: part.title(),
            import: energies.import,
            export: energies.export,
            peak: entry.and_then(|entry| entry.peak).map(|peak| peak.power_w),
            state,
            weekend: part.kind() == Kind::Day && part.first().weekday().to_monday_zero_offset() >= 5,
        }
    };
    let whole = whole(reader, &meter.name, period, zone, now)?;
    let peak = whole.and_then(|whole| whole.peak);
    Ok(Bars {
        title: period.title(),
        meter: meter.title.clone(),
        bars: period.parts().into_iter().map(bar).collect(),
        peak: peak.map(|peak| (peak.power_w, words::local(peak.time, zone, "%a %-d %b, %H:%M"))),
        import: whole.and_then(|whole| whole.energies.import),
        export: whole.and_then(|whole| whole.energies.export),
    })
}

/// Long and short.
fn label(of: Kind, part: Period) -> (String, String) {
    let form = |form: &str| part.first().strftime(form).to_string();
    match of {
        Kind::Week => (form("%a %-d"), form("%a")),
        Kind::Year => (form("%b"), form("%b").chars().take(1).collect()),
        _ => (form("%-d"), form("%-d")),
    }
}

/// The whole period as one span, as it is at `now`. `None`: nothing is known of it.
///
/// # Errors
/// [`StoreError::Unknown`] meter, and those of the database.
pub fn whole(
    reader: &Reader,
    meter: &str,
    period: Period,
    zone: &TimeZone,
    now: i64,
) -> Result<Option<Span>, StoreError> {
    let (start, end) = period.span(zone);
    let of_its_kind = match period.kind() {
        Kind::Day => reader.days(meter, start, end)?,
        Kind::Month => reader.months(meter, start, end)?,
        Kind::Year => reader.years(meter)?,
        Kind::Week => week(reader, meter, period, zone)?.into_iter().collect(),
    };
    Ok(of_its_kind.into_iter().find(|span| span.start == start).map(|span| span.as_of(now)))
}

/// Its days, and the gaps that lie in it and in none of its days.
fn week(reader: &Reader, meter: &str, period: Period, zone: &TimeZone) -> Result<Option<Span>, StoreError> {
    let (start, end) = period.span(zone);
    let days = reader.days(meter, start, end)?;
    let Some(first) = days.first() else { return Ok(None) };
    let mut week = Span { start, end, peak: None, energies: Energies::UNKNOWN, ..*first };
    week.telegrams = 0;
    for day in &days {
        week.energies = week.energies.plus(&day.energies);
        week.telegrams += day.telegrams;
        week.running |= day.running;
        week.until = day.until;
        let higher = day.peak.filter(|peak| week.peak.is_none_or(|known| known.power_w < peak.power_w));
        week.peak = higher.or(week.peak);
    }
    let parts: Vec<(i64, i64)> = period.parts().iter().map(|part| part.span(zone)).collect();
    let each = days.iter().zip(&parts).all(|(day, part)| day.complete && day.start == part.0);
    week.complete = each && (days.len() == parts.len() || week.running);
    for gap in reader.gaps(meter, start, end)? {
        let inside = gap.start >= start && gap.end <= end;
        if inside && !parts.iter().any(|(from, to)| gap.start >= *from && gap.end <= *to) {
            week.energies = week.energies.plus(&gap.energies);
        }
    }
    Ok(Some(week))
}
