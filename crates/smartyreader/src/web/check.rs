//! Check: does everything add up? The registers as the meter's display shows them, against days and gaps.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use smarty_p1::{Quantity, Unit};
use smarty_store::{Balance, StoredReading};

use super::params::local;
use super::request::Path;
use super::{App, Sorry};

/// The body.
#[derive(Serialize)]
pub(super) struct Answer {
    meter: String,
    time: i64,
    local: String,
    registers: Vec<Register>,
    segments: Vec<Segment>,
    sentence: String,
}

#[derive(Serialize)]
struct Register {
    name: &'static str,
    obis: Option<String>,
    value_wh: i64,
    tariffs: Vec<Tariff>,
    first_time: i64,
    difference_wh: i64,
    days_wh: i64,
    gaps_wh: i64,
    off_wh: i64,
}

#[derive(Serialize)]
struct Tariff {
    name: &'static str,
    obis: Option<String>,
    value_wh: i64,
}

#[derive(Serialize)]
struct Segment {
    equipment: String,
    first_time: i64,
}

pub(super) async fn check(State(app): State<App>, Path(meter): Path<String>) -> Result<Json<Answer>, Sorry> {
    let meter = app.meter(&meter)?;
    let name = meter.clone();
    let (entry, balance) = app
        .query(move |reader| {
            let entry = reader.meters()?.into_iter().find(|entry| entry.name == name);
            Ok((entry, reader.balance(&name)?))
        })
        .await?;
    let Some((last, balances)) = balance else {
        return Err(Sorry::new(
            StatusCode::NOT_FOUND,
            format!("No telegram of meter {meter} has been read yet; the health page says why."),
        ));
    };
    let segments = entry.into_iter().flat_map(|entry| entry.segments);
    Ok(Json(Answer {
        meter,
        time: last.time,
        local: local(last.time, &app.config.time_zone()),
        registers: balances.iter().map(|balance| register(balance, &last)).collect(),
        segments: segments
            .map(|segment| Segment { equipment: segment.equipment, first_time: segment.first_time })
            .collect(),
        sentence: sentence(&balances),
    }))
}

fn register(balance: &Balance, last: &StoredReading) -> Register {
    let quantity = balance.register.quantity();
    let tariff = |&tariff: &Quantity| {
        Some(Tariff { name: tariff.name(), obis: obis(tariff), value_wh: last.values.get(tariff)? })
    };
    Register {
        name: quantity.name(),
        obis: obis(quantity),
        value_wh: balance.value,
        tariffs: quantity.tariffs().iter().filter_map(tariff).collect(),
        first_time: balance.first_time,
        difference_wh: balance.difference,
        days_wh: balance.days,
        gaps_wh: balance.gaps,
        off_wh: balance.off(),
    }
}

fn obis(quantity: Quantity) -> Option<String> {
    quantity.obis().map(|obis| obis.to_string())
}

fn sentence(balances: &[Balance]) -> String {
    let off: Vec<String> = balances
        .iter()
        .filter(|balance| balance.off() != 0)
        .map(|balance| {
            let quantity = balance.register.quantity();
            let unit = if quantity.unit() == Unit::VarHour { "varh" } else { "Wh" };
            format!(
                "{} rose by {} {unit}, and its days and gaps are {} {unit}.",
                quantity.name(),
                balance.difference,
                balance.days + balance.gaps
            )
        })
        .collect();
    match (balances.is_empty(), off.is_empty()) {
        (true, _) => "This meter sends no energy register.".into(),
        (false, true) => "All registers and days agree to the watt-hour.".into(),
        (false, false) => off.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_add_up_is_said() {
        let register = smarty_ledger::Register::Import;
        let right = Balance { register, value: 5_000, first_time: 0, difference: 100, days: 70, gaps: 30 };
        assert_eq!(sentence(&[right, right]), "All registers and days agree to the watt-hour.");
        let wrong = Balance { register: smarty_ledger::Register::ReactiveImport, days: 65, ..right };
        assert_eq!(
            sentence(&[right, wrong]),
            "reactive_energy_import_varh rose by 100 varh, and its days and gaps are 95 varh."
        );
        assert_eq!(sentence(&[]), "This meter sends no energy register.");
    }
}
