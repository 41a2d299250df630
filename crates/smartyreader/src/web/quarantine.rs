//! Quarantine: values that were put aside, and what the user says of them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use smarty_store::StoreError;

use super::request::Path;
use super::{App, Sorry};

pub(super) async fn list(State(app): State<App>, Path(meter): Path<String>) -> Result<Json<Value>, Sorry> {
    let meter = app.meter(&meter)?;
    let entries = app.query(move |reader| reader.quarantine(&meter)).await?;
    let entries: Vec<Value> = entries
        .into_iter()
        .map(|entry| {
            json!({
                "id": entry.id, "quantity": entry.quantity.name(), "device": entry.device, "time": entry.time, "value": entry.value,
                "previous": entry.previous, "reason": entry.reason, "count": entry.count,
            })
        })
        .collect();
    Ok(Json(json!({"entries": entries})))
}

pub(super) async fn accept(
    State(app): State<App>,
    Path((meter, id)): Path<(String, i64)>,
) -> Result<StatusCode, Sorry> {
    known(&app, &meter, id).await?;
    let done = answer(&app, &meter, app.keeper.accept(id).await)?;
    // A meter behind the meter may go on from another register: live too.
    let name = meter.clone();
    let states = app
        .query(move |reader| match reader.last_time(&name)? {
            Some(time) => reader.device_states(&name, time),
            None => Ok(Vec::new()),
        })
        .await?;
    app.hub.renew_devices(&meter, states);
    Ok(done)
}

pub(super) async fn dismiss(
    State(app): State<App>,
    Path((meter, id)): Path<(String, i64)>,
) -> Result<StatusCode, Sorry> {
    known(&app, &meter, id).await?;
    answer(&app, &meter, app.keeper.dismiss(id).await)
}

/// The entry is there, and is this meter's.
async fn known(app: &App, meter: &str, id: i64) -> Result<(), Sorry> {
    let name = app.meter(meter)?;
    let entries = app.query(move |reader| reader.quarantine(&name)).await?;
    if entries.iter().any(|entry| entry.id == id) {
        return Ok(());
    }
    Err(Sorry::new(StatusCode::NOT_FOUND, format!("Meter {meter} has no value number {id} in quarantine.")))
}

fn answer(app: &App, meter: &str, result: Result<(), StoreError>) -> Result<StatusCode, Sorry> {
    match result {
        Ok(()) => {
            // What is decided is no news any more, nor what was put aside meanwhile; the next value says so again.
            app.observer.clear(&format!("meter {meter}"), &["quarantined"]);
            Ok(StatusCode::NO_CONTENT)
        }
        Err(StoreError::Unknown(what)) => Err(Sorry::new(StatusCode::NOT_FOUND, format!("There is no {what}."))),
        Err(error) => Err(Sorry::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())),
    }
}
