//! Quality: how much of each day was measured, in numbers and in the words of the reports.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::params::{Wanted, local};
use super::request::{Path, Query};
use super::{App, Sorry};
use crate::observe::now;
use crate::report::Quality;

const LONGEST: i64 = 400 * 86_400;

/// The body.
#[derive(Serialize)]
pub(super) struct Answer {
    meter: String,
    from: i64,
    to: i64,
    entries: Vec<Entry>,
}

/// One day.
#[derive(Serialize)]
struct Entry {
    start: i64,
    end: i64,
    local: String,
    running: bool,
    telegrams: u64,
    quarter_hours: usize,
    quarter_hours_measured: usize,
    gaps: usize,
    complete: bool,
    sentences: Vec<String>,
}

pub(super) async fn quality(
    State(app): State<App>,
    Path(meter): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Answer>, Sorry> {
    let meter = app.meter(&meter)?;
    let zone = app.config.time_zone();
    let (from, to) = wanted.span(&zone, LONGEST)?;
    let (name, of) = (meter.clone(), zone.clone());
    let days = app.query(move |reader| Quality::of_days(reader, &name, (from, to), &of, now())).await?;
    let entries = days.into_iter().map(|day| Entry {
        start: day.start,
        end: day.end,
        local: local(day.start, &zone),
        running: day.running,
        telegrams: day.telegrams,
        quarter_hours: day.quarters,
        quarter_hours_measured: day.measured,
        gaps: day.gaps,
        complete: day.is_complete(),
        sentences: day.sentences,
    });
    Ok(Json(Answer { entries: entries.collect(), meter, from, to }))
}
