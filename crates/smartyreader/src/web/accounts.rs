//! Accounts: quarter-hours, hours, days, months and years, with the gaps that fall in them.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};
use smarty_store::{GapEntry, Reader, Span, StoreError};

use super::params::{local, span};
use super::series::needed;
use super::{App, Sorry};

const DAY: i64 = 86_400;

#[derive(Deserialize)]
pub(super) struct Wanted {
    from: Option<String>,
    to: Option<String>,
}

type Ask = fn(&Reader, &str, i64, i64) -> Result<Vec<Span>, StoreError>;

pub(super) async fn quarter_hours(
    app: State<App>,
    meter: Path<String>,
    wanted: Query<Wanted>,
) -> Result<Json<Value>, Sorry> {
    spans(app, meter, wanted, 100 * DAY + 3600, Reader::quarter_hours).await
}

pub(super) async fn hours(app: State<App>, meter: Path<String>, wanted: Query<Wanted>) -> Result<Json<Value>, Sorry> {
    spans(app, meter, wanted, 400 * DAY, Reader::hours).await
}

pub(super) async fn days(app: State<App>, meter: Path<String>, wanted: Query<Wanted>) -> Result<Json<Value>, Sorry> {
    spans(app, meter, wanted, 3660 * DAY, Reader::days).await
}

pub(super) async fn months(app: State<App>, meter: Path<String>, wanted: Query<Wanted>) -> Result<Json<Value>, Sorry> {
    spans(app, meter, wanted, i64::MAX, Reader::months).await
}

pub(super) async fn years(app: State<App>, meter: Path<String>, wanted: Query<Wanted>) -> Result<Json<Value>, Sorry> {
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
) -> Result<Json<Value>, Sorry> {
    let meter = app.meter(&meter)?;
    let zone = app.config.time_zone();
    let (from, to) = span(&needed("from", wanted.from)?, &needed("to", wanted.to)?, &zone, longest)?;
    let name = meter.clone();
    let (entries, gaps) =
        app.query(move |reader| Ok((ask(reader, &name, from, to)?, reader.gaps(&name, from, to)?))).await?;
    let entries: Vec<Value> = entries.iter().map(|entry| row(entry, &local(entry.start, &zone))).collect();
    let gaps: Vec<Value> = gaps.iter().map(gap).collect();
    Ok(Json(json!({"meter": meter, "from": from, "to": to, "entries": entries, "gaps": gaps})))
}

/// One span under the names of the API.
pub(crate) fn row(span: &Span, local: &str) -> Value {
    let mut row = json!({
        "start": span.start,
        "end": span.end,
        "local": local,
        "energy_import_wh": span.energies.import,
        "energy_export_wh": span.energies.export,
        "reactive_energy_import_varh": span.energies.reactive_import,
        "reactive_energy_export_varh": span.energies.reactive_export,
        "power_net_min_w": span.power_net.map(|power| power.min),
        "power_net_mean_w": span.power_net.map(|power| power.mean()),
        "power_net_max_w": span.power_net.map(|power| power.max),
        "voltage_min_mv": span.voltage.map(|voltage| voltage.min),
        "voltage_max_mv": span.voltage.map(|voltage| voltage.max),
        "telegrams": span.telegrams,
        "complete": span.complete,
    });
    if span.running {
        row["running"] = json!(true);
    }
    if span.end - span.start == 900 {
        // Mean power of a whole quarter-hour; of a running one it is not known yet.
        let whole = span.complete && !span.running;
        row["demand_import_w"] = json!(span.demand_import_w().filter(|_| whole));
        row["demand_export_w"] = json!(span.demand_export_w().filter(|_| whole));
    } else {
        row["peak_import_w"] = json!(span.peak.map(|peak| peak.power_w));
        row["peak_time"] = json!(span.peak.map(|peak| peak.time));
    }
    row
}

fn gap(gap: &GapEntry) -> Value {
    json!({
        "start": gap.start, "end": gap.end, "energy_import_wh": gap.energies.import,
        "energy_export_wh": gap.energies.export, "reason": gap.reason,
    })
}
