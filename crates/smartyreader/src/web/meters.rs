//! Meters: which there are, and what each said last.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;
use serde_json::{Map, Value, json};
use smarty_ledger::Outlook;
use smarty_p1::{Quantity, Values};
use smarty_store::Proof;

use super::params::local;
use super::request::Path;
use super::{App, Sorry, devices};
use crate::accounts::RunningQuarter;
use crate::config::Role;
use crate::hex;
use crate::hub::Live;
use crate::observe::now;

/// The derived quantity that every meter with a power has.
pub(super) const POWER_NET: &str = "power_net_w";

/// A device that was not read for so long is not shown among the newest values, s.
const DEVICE_GONE: i64 = 31 * 86_400;

pub(super) async fn list(State(app): State<App>) -> Result<Json<Value>, Sorry> {
    let stored = app
        .query(|reader| {
            let meters = reader.meters()?;
            meters.into_iter().map(|meter| Ok((reader.quantities(&meter.name)?, meter))).collect::<Result<Vec<_>, _>>()
        })
        .await?;
    let meters: Vec<Value> = app
        .config
        .meter
        .iter()
        .map(|(name, settings)| {
            let known = stored.iter().find(|(_, entry)| entry.name == *name);
            let entry = known.map(|(_, entry)| entry);
            let sent: Vec<Quantity> = known.iter().flat_map(|(sent, _)| sent).map(|entry| entry.quantity).collect();
            let segments: Vec<Value> = entry
                .iter()
                .flat_map(|entry| &entry.segments)
                .map(|segment| json!({"equipment": segment.equipment, "first_time": segment.first_time}))
                .collect();
            let mut quantities: Vec<Value> = sent
                .iter()
                .map(|quantity| {
                    json!({
                        "name": quantity.name(), "obis": quantity.obis().map(|obis| obis.to_string()),
                        "unit": quantity.unit().symbol(), "kind": quantity.kind().name(),
                    })
                })
                .collect();
            if sent.contains(&Quantity::PowerImport) {
                quantities
                    .push(json!({"name": POWER_NET, "obis": null, "unit": "W", "kind": "instant", "derived": true}));
            }
            let mut body = json!({
                "name": name,
                "title": settings.title.as_ref().unwrap_or(name),
                "role": settings.role.name(),
                "tariff": app.config.tariff_of(name).is_some(),
                "zone": app.config.zone,
                "first_time": entry.and_then(|entry| entry.first_time),
                "last_time": entry.and_then(|entry| entry.last_time),
                "proof": app.hub.latest(name).map(|live| live.arrival.reading.proof.name())
                    .or_else(|| entry.and_then(|entry| entry.proof).map(Proof::name)),
                "segments": segments,
                "quantities": quantities,
            });
            if settings.role == Role::Production {
                body["counts"] = settings.counted().name().into();
            }
            if let Some(group) = app.config.group.get(name) {
                body["members"] = json!({"add": group.add, "subtract": group.subtract});
            }
            body
        })
        .collect();
    Ok(Json(json!({"now": now(), "reports": app.config.report.is_some(), "meters": meters})))
}

/// The body of `/last` and of the live event.
#[derive(Serialize)]
pub(super) struct Last {
    meter: String,
    time: i64,
    local: String,
    age_s: i64,
    received: i64,
    proof: &'static str,
    equipment: String,
    system_title: Option<String>,
    frame_counter: Option<u32>,
    values: Map<String, Value>,
    texts: Map<String, Value>,
    quarter: Option<Quarter>,
    devices: Vec<devices::Body>,
}

/// The quarter-hour that is running, under the names of the API.
#[derive(Serialize)]
struct Quarter {
    start: i64,
    end: i64,
    energy_import_wh: Option<i64>,
    energy_export_wh: Option<i64>,
    complete: bool,
    demand_import_projected_w: Option<i64>,
    reference_power_w: Option<u32>,
    power_allowed_w: Option<i64>,
    exceedance_wh: Option<i64>,
}

impl From<RunningQuarter> for Quarter {
    fn from(quarter: RunningQuarter) -> Self {
        let Outlook { projected_import_w, reference_w, allowed_w, exceedance_wh } = quarter.outlook;
        Self {
            start: quarter.start,
            end: quarter.end,
            energy_import_wh: quarter.energy_import_wh,
            energy_export_wh: quarter.energy_export_wh,
            complete: quarter.complete,
            demand_import_projected_w: projected_import_w,
            reference_power_w: reference_w,
            power_allowed_w: allowed_w,
            exceedance_wh,
        }
    }
}

/// Whether it counts something: a sensor does not.
fn counts(app: &App, meter: &str) -> bool {
    app.config.meter.get(meter).is_some_and(|meter| meter.role.counts())
}

pub(super) fn last_body(app: &App, live: &Live) -> Last {
    let reading = &live.arrival.reading;
    let seal = live.arrival.seal;
    let mut values = numbers(&reading.values);
    if let Some(powers) = &live.household {
        values.insert("power_produced_w".into(), json!(powers.produced));
        values.insert("power_self_consumed_w".into(), json!(powers.self_consumed));
        values.insert("power_used_w".into(), json!(powers.used));
    }
    Last {
        meter: reading.meter.to_string(),
        time: reading.time,
        local: local(reading.time, &app.config.time_zone()),
        age_s: now() - reading.received,
        received: reading.received,
        proof: reading.proof.name(),
        equipment: reading.segment.to_string(),
        system_title: seal.map(|seal| hex::upper(&seal.system_title)),
        frame_counter: seal.map(|seal| seal.frame_counter),
        values,
        texts: reading.texts.iter().map(|(name, text)| (name.clone(), json!(text))).collect(),
        quarter: counts(app, &reading.meter).then(|| live.quarter.into()),
        devices: live.devices.iter().map(|device| devices::body(app, &reading.meter, device)).collect(),
    }
}

fn numbers(values: &Values) -> Map<String, Value> {
    let mut numbers: Map<String, Value> =
        values.iter().map(|(quantity, value)| (quantity.name().to_string(), json!(value))).collect();
    if let Some(power) = values.power_net() {
        numbers.insert(POWER_NET.into(), json!(power));
    }
    numbers
}

pub(super) async fn last(State(app): State<App>, Path(meter): Path<String>) -> Result<Json<Last>, Sorry> {
    let meter = app.meter(&meter)?;
    if let Some(live) = app.hub.latest(&meter) {
        return Ok(Json(last_body(&app, &live)));
    }
    // Nothing since the start: what was stored before.
    let name = meter.clone();
    let (stored, texts, states) = app
        .query(move |reader| {
            let stored = reader.last(&name)?;
            let time = stored.as_ref().map_or(0, |stored| stored.time);
            Ok((stored, reader.texts(&name)?, reader.device_states(&name, time)?))
        })
        .await?;
    let Some(stored) = stored else {
        return Err(Sorry::new(
            StatusCode::NOT_FOUND,
            format!("No telegram of meter {meter} has been read yet; the health page says why."),
        ));
    };
    // Those that a telegram still had: not every device that ever was.
    let states = states.into_iter().filter(|state| stored.time - state.info.last_time < DEVICE_GONE).collect();
    let sealed = matches!(stored.proof, Proof::Tag | Proof::Crc) && !app.config.group.contains_key(&meter);
    Ok(Json(Last {
        devices: devices::bodies(&app, &meter, states),
        meter,
        time: stored.time,
        local: local(stored.time, &app.config.time_zone()),
        age_s: now() - stored.received,
        received: stored.received,
        proof: stored.proof.name(),
        equipment: stored.segment.to_string(),
        system_title: None,
        // Of what is not sealed the number is something else.
        frame_counter: u32::try_from(stored.ident).ok().filter(|_| sealed),
        values: numbers(&stored.values),
        texts: texts.into_iter().map(|entry| (entry.code, json!(entry.value))).collect(),
        quarter: None,
    }))
}

pub(super) async fn telegram(State(app): State<App>, Path(meter): Path<String>) -> Result<impl IntoResponse, Sorry> {
    let meter = app.meter(&meter)?;
    let live = app.hub.latest(&meter).ok_or_else(|| {
        Sorry::new(StatusCode::NOT_FOUND, format!("No telegram of meter {meter} has arrived since the start."))
    })?;
    if app.config.group.contains_key(&meter) {
        let sentence = format!("Meter {meter} is a group: what it says is worked out, and there is no telegram.");
        return Err(Sorry::new(StatusCode::NOT_FOUND, sentence));
    }
    if live.arrival.reading.proof == Proof::Measured {
        return Err(Sorry::new(StatusCode::NOT_FOUND, format!("{meter} is a sensor and sends no telegrams.")));
    }
    if live.arrival.telegram.is_empty() {
        return Err(Sorry::new(
            StatusCode::NOT_FOUND,
            format!("The values of meter {meter} come as another program published them, without a telegram."),
        ));
    }
    // Not always ASCII: one real meter has another byte in its first line.
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=latin1")], live.arrival.telegram.to_vec()))
}
