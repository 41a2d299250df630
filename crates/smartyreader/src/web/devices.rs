//! Devices: the meters behind a meter, with what they used in days, months and years, and their captures.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::{Map, Value, json};
use smarty_p1::MbusUnit;
use smarty_store::{DeviceEntry, DeviceInfo, DevicePart, DeviceSpan, DeviceState};

use super::params::{Wanted, local};
use super::request::{Path, Query};
use super::series::MOST_STEPS;
use super::{App, Sorry};
use crate::devices::DeviceNow;
use crate::observe::now;

const DAY: i64 = 86_400;

/// A device as `/last`, the live event and the list show it. Amounts are named by what the device counts.
#[derive(Serialize)]
pub(super) struct Body {
    id: String,
    title: String,
    medium: &'static str,
    device_type: Option<i64>,
    channel: u8,
    quantity: String,
    unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_time: Option<i64>,
    time: i64,
    local: String,
    #[serde(flatten)]
    amounts: Map<String, Value>,
    valve: Option<i64>,
}

/// `volume_dm3`.
fn quantity(unit: MbusUnit) -> String {
    format!("{}_{}", unit.stem(), unit.suffix())
}

const fn symbol(unit: MbusUnit) -> &'static str {
    match unit {
        MbusUnit::CubicMetre => "dm³",
        MbusUnit::Gigajoule => "MJ",
        MbusUnit::KilowattHour => "Wh",
    }
}

pub(super) fn body(app: &App, meter: &str, device: &DeviceNow) -> Body {
    let DeviceNow { id, measure, device_type, .. } = device;
    let unit = measure.unit;
    let titles = app.config.meter.get(meter).map(|meter| &meter.devices);
    let mut amounts = Map::new();
    amounts.insert(quantity(unit), json!(device.value));
    for (span, amount) in [("day", device.day), ("month", device.month)] {
        amounts.insert(format!("{}_{span}_{}", unit.stem(), unit.suffix()), json!(amount));
    }
    Body {
        id: id.to_string(),
        title: titles.map_or(id.as_ref(), |titles| titles.of(id, measure.medium, *device_type)).to_string(),
        medium: measure.medium.name(),
        device_type: *device_type,
        channel: device.channel,
        quantity: quantity(unit),
        unit: symbol(unit),
        first_time: None,
        time: device.time,
        local: local(device.time, &app.config.time_zone()),
        amounts,
        valve: device.valve,
    }
}

/// The stored devices of a meter, with the day and the month around a moment.
pub(super) fn bodies(app: &App, meter: &str, states: Vec<DeviceState>) -> Vec<Body> {
    let body = |state: DeviceState| {
        let first_time = Some(state.info.first_time);
        Body { first_time, ..body(app, meter, &state.into()) }
    };
    states.into_iter().map(body).collect()
}

pub(super) async fn list(State(app): State<App>, Path(meter): Path<String>) -> Result<Json<Value>, Sorry> {
    let meter = app.meter(&meter)?;
    let name = meter.clone();
    let states = app
        .query(move |reader| match reader.last_time(&name)? {
            Some(time) => reader.device_states(&name, time),
            None => Ok(Vec::new()),
        })
        .await?;
    Ok(Json(json!({"meter": meter, "devices": bodies(&app, &meter, states)})))
}

pub(super) async fn days(app: State<App>, path: Path<(String, String)>, wanted: Query<Wanted>) -> Answered {
    spans(app, path, wanted, DevicePart::Day, 3660 * DAY).await
}

pub(super) async fn months(app: State<App>, path: Path<(String, String)>, wanted: Query<Wanted>) -> Answered {
    spans(app, path, wanted, DevicePart::Month, i64::MAX).await
}

pub(super) async fn years(app: State<App>, path: Path<(String, String)>, wanted: Query<Wanted>) -> Answered {
    spans(app, path, wanted, DevicePart::Year, i64::MAX).await
}

type Answered = Result<Json<Value>, Sorry>;

async fn spans(
    State(app): State<App>,
    Path((meter, device)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
    part: DevicePart,
    longest: i64,
) -> Answered {
    let asked = Asked::new(&app, &meter, device, &wanted, longest).await?;
    let Asked { name, info, from, to, .. } = asked.clone();
    let answer = app.query(move |reader| reader.device_spans(&name, &info.identifier, part, from, to)).await?;
    let zone = app.config.time_zone();
    let (quantity, now) = (asked.quantity(), now());
    let entries: Vec<Value> = answer.spans.iter().map(|span| row(&span.as_of(now), &quantity, &zone)).collect();
    let gaps: Vec<Value> = answer.gaps.iter().filter_map(|entry| gap(entry, &quantity)).collect();
    Ok(asked.answer([("entries".into(), json!(entries)), ("gaps".into(), json!(gaps))]))
}

pub(super) async fn series(
    State(app): State<App>,
    Path((meter, device)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
) -> Answered {
    let asked = Asked::new(&app, &meter, device, &wanted, i64::MAX).await?;
    let Asked { name, info, from, to, .. } = asked.clone();
    let captures =
        app.query(move |reader| reader.device_series(&name, &info.identifier, (from, to), MOST_STEPS)).await?;
    let (time, values): (Vec<i64>, Vec<i64>) = captures.into_iter().unzip();
    Ok(asked.answer([("time".into(), json!(time)), (asked.quantity(), json!(values))]))
}

/// A question about a device that there is.
#[derive(Clone)]
struct Asked {
    name: String,
    info: DeviceInfo,
    from: i64,
    to: i64,
}

impl Asked {
    async fn new(app: &App, meter: &str, device: String, wanted: &Wanted, longest: i64) -> Result<Self, Sorry> {
        let name = app.meter(meter)?;
        let zone = app.config.time_zone();
        let (from, to) = wanted.span(&zone, longest)?;
        let of = name.clone();
        let known = app.query(move |reader| reader.devices(&of)).await?;
        let names: Vec<&str> = known.iter().map(|info| info.identifier.as_str()).collect();
        let there = if names.is_empty() { "none".to_string() } else { names.join(", ") };
        let found = known.iter().find(|info| info.identifier == device).cloned();
        let sentence = || format!("There is no device \"{device}\" behind meter {name}; there is {there}.");
        let info = found.ok_or_else(|| Sorry::new(StatusCode::NOT_FOUND, sentence()))?;
        Ok(Self { name, info, from, to })
    }

    fn quantity(&self) -> String {
        quantity(self.info.measure.unit)
    }

    fn answer(&self, rest: [(String, Value); 2]) -> Json<Value> {
        let mut body = Map::new();
        body.insert("meter".into(), json!(self.name));
        body.insert("device".into(), json!(self.info.identifier));
        body.insert("medium".into(), json!(self.info.measure.medium.name()));
        body.insert("quantity".into(), json!(self.quantity()));
        body.insert("from".into(), json!(self.from));
        body.insert("to".into(), json!(self.to));
        body.extend(rest);
        Json(Value::Object(body))
    }
}

fn row(span: &DeviceSpan, quantity: &str, zone: &TimeZone) -> Value {
    let mut row = json!({
        "start": span.start, "end": span.end, "local": local(span.start, zone), "complete": span.complete,
    });
    row[quantity] = json!(span.amount);
    if span.running {
        row["running"] = json!(true);
    }
    row
}

fn gap(entry: &DeviceEntry, quantity: &str) -> Option<Value> {
    let DeviceEntry::Gap { start, end, amount, reason } = *entry else { return None };
    let mut gap = json!({"start": start, "end": end, "reason": reason.name()});
    gap[quantity] = json!(amount);
    Some(gap)
}
