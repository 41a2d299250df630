//! Costs: bills, lists of them, and the advisor. Worked out anew for each question.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use smarty_store::{Reader, StoreError};

use super::params::{Wanted, local};
use super::request::{Path, Query};
use super::{App, Sorry};
use crate::costs::{self, AdviceBody, BillBody, Contract, Entry, Unit};
use crate::observe::now;

const DAY: i64 = 86_400;
const TEN_YEARS: i64 = 3660 * DAY;

/// The body of a list.
#[derive(Serialize)]
pub(super) struct Answer {
    meter: String,
    from: i64,
    to: i64,
    currency: &'static str,
    entries: Vec<Entry>,
}

pub(super) async fn costs(
    State(app): State<App>,
    Path(meter): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<BillBody>, Sorry> {
    let span = wanted.span(&app.config.time_zone(), TEN_YEARS)?;
    let bill = ask(&app, &meter, move |reader, contract, meter| {
        Ok(BillBody::new(meter, &costs::bill(reader, contract, meter, span, now())?))
    });
    bill.await.map(Json)
}

pub(super) async fn days(app: State<App>, meter: Path<String>, wanted: Query<Wanted>) -> Result<Json<Answer>, Sorry> {
    list(app, meter, wanted, Unit::Day, 400 * DAY).await
}

pub(super) async fn months(app: State<App>, meter: Path<String>, wanted: Query<Wanted>) -> Result<Json<Answer>, Sorry> {
    list(app, meter, wanted, Unit::Month, TEN_YEARS).await
}

pub(super) async fn years(app: State<App>, meter: Path<String>, wanted: Query<Wanted>) -> Result<Json<Answer>, Sorry> {
    list(app, meter, wanted, Unit::Year, TEN_YEARS).await
}

async fn list(
    State(app): State<App>,
    Path(meter): Path<String>,
    Query(wanted): Query<Wanted>,
    unit: Unit,
    longest: i64,
) -> Result<Json<Answer>, Sorry> {
    let (from, to) = wanted.span(&app.config.time_zone(), longest)?;
    let zone = app.config.time_zone();
    let answer = ask(&app, &meter, move |reader, contract, meter| {
        let parts = contract.zone().parts(from, to, unit);
        let bills = costs::bills(reader, contract, meter, &parts, now())?;
        let entries = bills.iter().map(|bill| Entry::new(bill, local(bill.from, &zone))).collect();
        Ok(Answer { meter: meter.to_string(), from, to, currency: "EUR", entries })
    });
    answer.await.map(Json)
}

pub(super) async fn advisor(
    State(app): State<App>,
    Path(meter): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<AdviceBody>, Sorry> {
    // Without a span: the last year.
    let span = (!wanted.is_empty()).then(|| wanted.span(&app.config.time_zone(), TEN_YEARS)).transpose()?;
    let advice = ask(&app, &meter, move |reader, contract, meter| {
        Ok(AdviceBody::new(meter, &costs::advice(reader, contract, meter, span, now())?))
    });
    advice.await.map(Json)
}

/// Asks the store with the meter's contract, which is read where files may be waited for.
async fn ask<T: Send + 'static>(
    app: &App,
    meter: &str,
    question: impl FnOnce(&Reader, &Contract, &str) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Sorry> {
    let meter = app.counting_meter(meter)?;
    let zone = app.config.time_zone();
    let Some(tariff) = app.config.tariff_of(&meter).cloned() else {
        return Err(Sorry::new(
            StatusCode::NOT_FOUND,
            format!(
                "Meter {meter} has no tariff; a section [tariff] or [meter.{meter}.tariff] says what its energy costs."
            ),
        ));
    };
    let answer = app.query(move |reader| match Contract::read(&tariff, zone) {
        Ok(contract) => question(reader, &contract, &meter).map(Ok),
        Err(error) => Ok(Err(error.to_string())),
    });
    answer
        .await?
        .map_err(|sentence| Sorry::new(StatusCode::SERVICE_UNAVAILABLE, format!("There are no costs: {sentence}.")))
}
