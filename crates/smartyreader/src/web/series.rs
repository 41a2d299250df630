//! Series: values over time, in steps that fit the span.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use smarty_store::{Resolution, SeriesQuantity};

use super::params;
use super::request::{Path, Query};
use super::{App, Sorry};

/// More than this cannot be told apart in a picture.
const MOST_QUANTITIES: usize = 12;
pub(super) const MOST_STEPS: i64 = 60_000;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

#[derive(Deserialize)]
pub(super) struct Wanted {
    quantity: Option<String>,
    #[serde(flatten)]
    span: params::Wanted,
    #[serde(default = "auto")]
    resolution: String,
}

fn auto() -> String {
    "auto".into()
}

pub(super) async fn series(
    State(app): State<App>,
    Path(meter): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Answer>, Sorry> {
    let meter = app.meter(&meter)?;
    let names: Vec<String> =
        params::needed("quantity", wanted.quantity)?.split(',').map(|name| name.trim().to_string()).collect();
    let quantities = names.iter().map(|name| quantity(name)).collect::<Result<Vec<_>, _>>()?;
    if quantities.len() > MOST_QUANTITIES {
        return Err(Sorry::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            format!("At most {MOST_QUANTITIES} quantities at once, not {}.", quantities.len()),
        ));
    }
    let (from, to) = wanted.span.span(&app.config.time_zone(), i64::MAX)?;
    let resolution = resolution(&wanted.resolution, to - from)?;
    let name = meter.clone();
    let series = app.query(move |reader| reader.series(&name, &quantities, from, to, resolution)).await?;
    if series.time.len() as i64 > MOST_STEPS {
        return Err(too_many(series.time.len() as i64));
    }
    let columns = names.into_iter().zip(series.columns).map(|(name, column)| {
        let stepped = resolution != Resolution::Raw;
        let curve = Curve { min: stepped.then_some(column.min), mean: column.mean, max: stepped.then_some(column.max) };
        (name, curve)
    });
    let resolution_s = match resolution {
        Resolution::Raw => 0,
        Resolution::Step(seconds) => seconds,
    };
    Ok(Json(Answer { meter, from, to, resolution_s, time: series.time, series: columns.collect() }))
}

/// The body of the answer. Structs, not trees of values: a curve has thousands of points.
#[derive(Serialize)]
pub(super) struct Answer {
    meter: String,
    from: i64,
    to: i64,
    resolution_s: u32,
    time: Vec<i64>,
    series: BTreeMap<String, Curve>,
}

#[derive(Serialize)]
struct Curve {
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<Vec<Option<i64>>>,
    mean: Vec<Option<i64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<Vec<Option<i64>>>,
}

fn quantity(name: &str) -> Result<SeriesQuantity, Sorry> {
    SeriesQuantity::from_name(name).ok_or_else(|| {
        Sorry::bad(format!("There is no quantity \"{name}\"; /api/v1/meters lists what each meter sends."))
    })
}

fn resolution(text: &str, span: i64) -> Result<Resolution, Sorry> {
    let step = match text {
        "auto" if span <= 6 * HOUR => 0,
        "auto" if span <= 3 * DAY => 60,
        "auto" if span <= 62 * DAY => 900,
        "auto" | "1h" => HOUR,
        "raw" => 0,
        "1m" => 60,
        "5m" => 300,
        "15m" => 900,
        _ => return Err(Sorry::bad(format!("`resolution` is auto, raw, 1m, 5m, 15m or 1h, not \"{text}\"."))),
    };
    // A meter sends every ten seconds, some every second: a bound before anything is read.
    let steps = span / if step == 0 { 1 } else { step };
    if step != 0 && steps > MOST_STEPS || step == 0 && steps > 10 * MOST_STEPS {
        return Err(too_many(steps));
    }
    Ok(if step == 0 { Resolution::Raw } else { Resolution::Step(step as u32) })
}

fn too_many(steps: i64) -> Sorry {
    Sorry::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        format!(
            "That would be {steps} steps, at most {MOST_STEPS} are possible; ask for less, or for a coarser resolution."
        ),
    )
}
