//! Costs: what each meter's energy costs so far, worked out when a quarter-hour has closed, and by the same rules as
//! whenever somebody asks the API.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use jiff::tz::TimeZone;
use smarty_payload::native::{CostSpan, Costs as CostsBody};
use smarty_store::{Reader, StoreError};
use tokio::time::Instant;

use super::moment::clock;
use crate::archive::Archive;
use crate::config::{Config, Mqtt, Tariff};
use crate::costs::{self, Bill, Contract, Unit};
use crate::mqtt::Message;
use crate::observe::now;

/// Bills of a year are not worked out more often than this, however fast quarter-hours close: history may be replayed.
const PAUSE: Duration = Duration::from_secs(5);

type Asked = Pin<Box<dyn Future<Output = Vec<Message>> + Send>>;

/// What one broker gets of all its meters.
pub(super) struct Costs {
    settings: Mqtt,
    contracts: Vec<(String, Tariff)>,
    archive: Archive,
    zone: TimeZone,
    /// A quarter-hour has closed since it was asked last.
    due: bool,
    /// Not before this.
    rested: Instant,
    asked: Option<Asked>,
}

impl Costs {
    pub(super) fn new(settings: &Mqtt, config: &Config, archive: &Archive) -> Self {
        let wanted = settings.publish_native && settings.costs.is_on();
        let contracts = settings
            .meters_of(config)
            .filter_map(|meter| Some((meter.to_string(), config.tariff_of(meter)?.clone())))
            .filter(|_| wanted);
        Self {
            contracts: contracts.collect(),
            settings: settings.clone(),
            archive: archive.clone(),
            zone: config.time_zone(),
            due: false,
            rested: Instant::now(),
            asked: None,
        }
    }

    /// There may be something new in the store, or the broker is new.
    pub(super) fn look(&mut self) {
        self.due = !self.contracts.is_empty();
    }

    /// The next messages. Waits for ever while nothing is due. May be dropped and called again.
    pub(super) async fn next(&mut self) -> Vec<Message> {
        if self.asked.is_none() {
            if !self.due {
                return std::future::pending().await;
            }
            tokio::time::sleep_until(self.rested).await;
            self.due = false;
            self.rested = Instant::now() + PAUSE;
            self.asked = Some(self.ask());
        }
        let messages = match &mut self.asked {
            Some(asked) => asked.await,
            None => Vec::new(),
        };
        self.asked = None;
        messages
    }

    fn ask(&self) -> Asked {
        let (settings, contracts, zone) = (self.settings.clone(), self.contracts.clone(), self.zone.clone());
        let archive = self.archive.clone();
        Box::pin(async move {
            let answer = archive.ask(move |reader| {
                let messages = contracts.iter().map(|(meter, tariff)| message(reader, &settings, meter, tariff, &zone));
                Ok(messages.filter_map(Result::transpose).collect::<Result<Vec<_>, _>>())
            });
            match answer.await {
                Some(Ok(Ok(messages))) => messages,
                // A store that is in trouble says so itself.
                Some(Ok(Err(error)) | Err(error)) => {
                    tracing::debug!("costs: {error}");
                    Vec::new()
                }
                None => Vec::new(),
            }
        })
    }
}

/// The message of a meter. `None`: its contract has not begun, or cannot be read.
fn message(
    reader: &Reader,
    settings: &Mqtt,
    meter: &str,
    tariff: &Tariff,
    zone: &TimeZone,
) -> Result<Option<Message>, StoreError> {
    let contract = match Contract::read(tariff, zone.clone()) {
        Ok(contract) => contract,
        Err(error) => {
            tracing::warn!("meter {meter}: there are no costs: {error}");
            return Ok(None);
        }
    };
    let now = now();
    let today = contract.zone().date(now);
    let mut bills = Vec::new();
    for unit in [Unit::Day, Unit::Month, Unit::Year] {
        bills.push(costs::bill(reader, &contract, meter, contract.zone().around(today, unit), now)?);
    }
    if bills.iter().all(Bill::is_empty) {
        return Ok(None);
    }
    let components: Vec<Vec<(&str, i64)>> = bills.iter().map(Bill::components).collect();
    let span = |index: usize| {
        let (bill, components): (&Bill, &[(&str, i64)]) = (&bills[index], &components[index]);
        (!bill.is_empty()).then(|| CostSpan {
            start: clock(bill.from, zone),
            total_micro_eur: bill.total().micro_euro(),
            components,
            exceedance_wh: bill.exceedance_wh(),
            certain: bill.is_certain(),
            lower_bound: bill.is_lower_bound(),
        })
    };
    let body = CostsBody { until: clock(bills[0].until, zone), spans: [span(0), span(1), span(2)] };
    Ok(Some(super::native::costs(settings, meter, &body)))
}
