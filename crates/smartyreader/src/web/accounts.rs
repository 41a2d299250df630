//! Accounts: quarter-hours, hours, days, months and years, with the gaps that fall in them.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use smarty_store::{GapEntry, Reader, Span, StoreError};

use super::params::{Wanted, local};
use super::request::{Path, Query};
use super::{App, Sorry};
use crate::observe::now;

const DAY: i64 = 86_400;

type Ask = fn(&Reader, &str, i64, i64) -> Result<Vec<Span>, StoreError>;

pub(super) async fn quarter_hours(
    app: State<App>,
    meter: Path<String>,
    wanted: Query<Wanted>,
) -> Result<Json<Answer>, Sorry> {
    spans(app, meter, wanted, 100 * DAY + 3600, Reader::quarter_hours).await
}

pub(super) async fn hours(app: State<App>, meter: Path<String>, wanted: Query<Wanted>) -> Result<Json<Answer>, Sorry> {
    spans(app, meter, wanted, 400 * DAY, Reader::hours).await
}

pub(super) async fn days(app: State<App>, meter: Path<String>, wanted: Query<Wanted>) -> Result<Json<Answer>, Sorry> {
    spans(app, meter, wanted, 3660 * DAY, Reader::days).await
}

pub(super) async fn months(app: State<App>, meter: Path<String>, wanted: Query<Wanted>) -> Result<Json<Answer>, Sorry> {
    spans(app, meter, wanted, i64::MAX, Reader::months).await
}

pub(super) async fn years(app: State<App>, meter: Path<String>, wanted: Query<Wanted>) -> Result<Json<Answer>, Sorry> {
    spans(app, meter, wanted, i64::MAX, |reader, meter, from, to| {
        Ok(reader.years(meter)?.into_iter().filter(|year| year.end > from && year.start < to).collect())
    })
    .await
}

async fn spans(
    State(app): State<App>,
    Path(meter): Path<String>,
    Query(wanted): Query<Wanted>,
    longest: i64,
    ask: Ask,
) -> Result<Json<Answer>, Sorry> {
    let meter = app.counting_meter(&meter)?;
    let zone = app.config.time_zone();
    let (from, to) = wanted.span(&zone, longest)?;
    let name = meter.clone();
    let (entries, gaps) =
        app.query(move |reader| Ok((ask(reader, &name, from, to)?, reader.gaps(&name, from, to)?))).await?;
    let now = now();
    Ok(Json(Answer {
        entries: entries.iter().map(|entry| row(&entry.as_of(now), local(entry.start, &zone))).collect(),
        gaps: gaps.iter().map(gap).collect(),
        meter,
        from,
        to,
    }))
}

/// The body of every answer here. Structs, not trees of values: a month has three thousand entries.
#[derive(Serialize)]
pub(super) struct Answer {
    meter: String,
    from: i64,
    to: i64,
    entries: Vec<Row>,
    gaps: Vec<Gap>,
}

/// One span under the names of the API.
#[derive(Serialize)]
pub(crate) struct Row {
    start: i64,
    end: i64,
    local: String,
    energy_import_wh: Option<i64>,
    energy_export_wh: Option<i64>,
    reactive_energy_import_varh: Option<i64>,
    reactive_energy_export_varh: Option<i64>,
    /// Of quarter-hours.
    #[serde(flatten)]
    demand: Option<Demand>,
    /// Of everything longer.
    #[serde(flatten)]
    peak: Option<Peak>,
    power_net_min_w: Option<i64>,
    power_net_mean_w: Option<i64>,
    power_net_max_w: Option<i64>,
    voltage_min_mv: Option<i64>,
    voltage_max_mv: Option<i64>,
    telegrams: u64,
    complete: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    running: bool,
}

#[derive(Serialize)]
struct Demand {
    demand_import_w: Option<i64>,
    demand_export_w: Option<i64>,
}

#[derive(Serialize)]
struct Peak {
    peak_import_w: Option<i64>,
    peak_time: Option<i64>,
}

#[derive(Serialize)]
struct Gap {
    start: i64,
    end: i64,
    energy_import_wh: Option<i64>,
    energy_export_wh: Option<i64>,
    reason: String,
}

/// A span as it is now: see [`Span::as_of`].
pub(crate) fn row(span: &Span, local: String) -> Row {
    let quarter = span.end - span.start == 900;
    // Mean power of a whole quarter-hour; of a running one it is not known yet.
    let whole = span.complete && !span.running;
    Row {
        start: span.start,
        end: span.end,
        local,
        energy_import_wh: span.energies.import,
        energy_export_wh: span.energies.export,
        reactive_energy_import_varh: span.energies.reactive_import,
        reactive_energy_export_varh: span.energies.reactive_export,
        demand: quarter.then(|| Demand {
            demand_import_w: span.demand_import_w().filter(|_| whole),
            demand_export_w: span.demand_export_w().filter(|_| whole),
        }),
        peak: (!quarter).then(|| Peak {
            peak_import_w: span.peak.map(|peak| peak.power_w),
            peak_time: span.peak.map(|peak| peak.time),
        }),
        power_net_min_w: span.power_net.map(|power| power.min),
        power_net_mean_w: span.power_net.map(|power| power.mean()),
        power_net_max_w: span.power_net.map(|power| power.max),
        voltage_min_mv: span.voltage.map(|voltage| voltage.min),
        voltage_max_mv: span.voltage.map(|voltage| voltage.max),
        telegrams: span.telegrams,
        complete: span.complete,
        running: span.running,
    }
}

fn gap(gap: &GapEntry) -> Gap {
    Gap {
        start: gap.start,
        end: gap.end,
        energy_import_wh: gap.energies.import,
        energy_export_wh: gap.energies.export,
        reason: gap.reason.clone(),
    }
}
