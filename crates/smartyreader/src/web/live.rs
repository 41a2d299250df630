//! Live: server-sent events, one for each telegram, each alert and each change of health.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;

use super::meters::last_body;
use super::request::Query;
use super::{App, Sorry, alerts as notices};
use crate::observe::{Observer, count};

/// So many listen at once. They stay; the other places of the door are for questions.
pub(super) const MOST_LISTENERS: usize = 48;

#[derive(Deserialize)]
pub(super) struct Which {
    meter: Option<String>,
}

pub(super) async fn live(
    State(app): State<App>,
    Query(which): Query<Which>,
) -> Result<Sse<impl futures_core::Stream<Item = Result<Event, Infallible>>>, Sorry> {
    if let Some(meter) = &which.meter {
        app.meter(meter)?;
    }
    let place = Arc::clone(&app.listening).try_acquire_owned().map_err(|_| {
        let sentence = format!("{MOST_LISTENERS} programs and pages listen already; close one, or come again later.");
        Sorry::new(StatusCode::SERVICE_UNAVAILABLE, sentence)
    })?;
    let mut readings = app.hub.subscribe();
    let mut alerts = app.hub.alerts();
    let mut changes = app.observer.subscribe();
    changes.mark_changed();
    let stream = async_stream::stream! {
        let _place = place;
        loop {
            let event = tokio::select! {
                changed = changes.changed() => {
                    if changed.is_err() { break }
                    Event::default().event("health").json_data(app.observer.health())
                }
                alert = alerts.recv() => match alert {
                    Ok(notice) if which.meter.as_deref().is_none_or(|meter| *notice.meter == *meter) => {
                        Event::default().event("alert").json_data(notices::body(&notice))
                    }
                    Ok(_) => continue,
                    Err(RecvError::Lagged(missed)) => {
                        lost(&app.observer, "alerts_missed", missed);
                        continue;
                    }
                    Err(RecvError::Closed) => break,
                },
                reading = readings.recv() => match reading {
                    Ok(live) if which.meter.as_deref().is_none_or(|meter| *live.arrival.reading.meter == *meter) => {
                        Event::default().event("reading").json_data(last_body(&app, &live))
                    }
                    // Another meter's.
                    Ok(_) => continue,
                    // This listener was too slow and skips.
                    Err(RecvError::Lagged(missed)) => {
                        lost(&app.observer, "live_missed", missed);
                        continue;
                    }
                    Err(RecvError::Closed) => break,
                }
            };
            if let Ok(event) = event {
                yield Ok(event);
            }
        }
    };
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

/// Counts what listeners were too slow for. Who only listens well is not among the receivers.
fn lost(observer: &Observer, what: &str, missed: u64) {
    observer.sink("page", "live", |sink| {
        sink.target = "/api/v1/live".into();
        sink.state = "was behind".into();
        count(&mut sink.counters, what, missed);
    });
}
