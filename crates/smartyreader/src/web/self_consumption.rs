//! Self-consumption: what is made in a house, used at home, and used in all.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use super::params::{Wanted, local};
use super::request::{Path, Query};
use super::{App, Sorry};
use crate::household::{Household, Share, Step};
use crate::observe::now;

const DAY: i64 = 86_400;

pub(super) async fn self_consumption(
    State(app): State<App>,
    Path((meter, step)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Answer>, Sorry> {
    let meter = app.meter(&meter)?;
    let (step, longest) = match step.as_str() {
        "quarter-hours" => (Step::Quarter, 100 * DAY + 3600),
        "hours" => (Step::Hour, 400 * DAY),
        "days" => (Step::Day, 3660 * DAY),
        "months" => (Step::Month, i64::MAX),
        "years" => (Step::Year, i64::MAX),
        _ => {
            let sentence = format!("There are quarter-hours, hours, days, months and years, not \"{step}\".");
            return Err(Sorry::new(StatusCode::NOT_FOUND, sentence));
        }
    };
    let household = Household::of(&app.config, &meter).ok_or_else(|| {
        Sorry::new(
            StatusCode::NOT_FOUND,
            format!("Nothing is made behind meter {meter}; a meter with role = \"production\" is what counts it."),
        )
    })?;
    let zone = app.config.time_zone();
    let (from, to) = wanted.span(&zone, longest)?;
    let production = household.makers.iter().map(|(maker, _)| maker.clone()).collect();
    let shares = app.query(move |reader| household.shares(reader, step, (from, to), now())).await?;
    let entries = shares.iter().map(|share| row(share, local(share.start, &zone))).collect();
    Ok(Json(Answer { meter, production, from, to, entries }))
}

#[derive(Serialize)]
pub(super) struct Answer {
    meter: String,
    production: Vec<String>,
    from: i64,
    to: i64,
    entries: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    start: i64,
    end: i64,
    local: String,
    energy_produced_wh: Option<i64>,
    energy_self_consumed_wh: Option<i64>,
    energy_used_wh: Option<i64>,
    self_consumption_bp: Option<i64>,
    autarky_bp: Option<i64>,
    complete: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    running: bool,
}

fn row(share: &Share, local: String) -> Row {
    let energies = share.energies.as_ref();
    Row {
        start: share.start,
        end: share.end,
        local,
        energy_produced_wh: energies.map(|energies| energies.produced),
        energy_self_consumed_wh: energies.map(|energies| energies.self_consumed),
        energy_used_wh: energies.map(|energies| energies.used),
        self_consumption_bp: energies.and_then(smarty_ledger::SelfConsumption::self_consumption_bp),
        autarky_bp: energies.and_then(smarty_ledger::SelfConsumption::autarky_bp),
        complete: share.complete,
        running: share.running,
    }
}
