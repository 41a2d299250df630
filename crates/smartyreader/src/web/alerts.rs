//! Alerts: those that are open, and the last ones said.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::request::Query;
use super::{App, Sorry};
use crate::alert::Notice;

#[derive(Deserialize)]
pub(super) struct Which {
    meter: Option<String>,
}

pub(super) async fn alerts(State(app): State<App>, Query(which): Query<Which>) -> Result<Json<Value>, Sorry> {
    if let Some(meter) = &which.meter {
        app.meter(meter)?;
    }
    let record = app.hub.record();
    let wanted = |notice: &&Arc<Notice>| which.meter.as_deref().is_none_or(|meter| *notice.meter == *meter);
    let open: Vec<Value> = record.open.iter().filter(wanted).map(|notice| body(notice)).collect();
    let recent: Vec<Value> = record.recent.iter().filter(wanted).map(|notice| body(notice)).collect();
    Ok(Json(json!({"open": open, "recent": recent})))
}

/// One alert under the names of the API.
pub(super) fn body(notice: &Notice) -> Value {
    let event = &notice.event;
    let figures: Map<String, Value> = event.figures().map(|(name, value)| (name.to_string(), value.into())).collect();
    json!({
        "meter": &*notice.meter, "code": event.code.name(), "phase": event.phase, "state": event.state.name(),
        "time": event.time, "since": event.since, "sentence": notice.sentence, "figures": figures,
    })
}
