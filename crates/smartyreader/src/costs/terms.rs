//! Terms: what a contract says on one day, for the live figures.

use jiff::tz::TimeZone;
use smarty_ledger::Terms;

use super::contract::Contract;
use super::zone::next;
use crate::config::Tariff;
use crate::config::tariff::{Amount, Component};

impl Contract {
    /// The contract as the live figures need it: files that cannot be used cost them the price, never the reference
    /// power, and are said.
    pub fn for_live(meter: &str, tariff: &Tariff, zone: TimeZone) -> Self {
        Self::read(tariff, zone.clone()).unwrap_or_else(|error| {
            tracing::warn!("meter {meter}: the prices of its tariff are not known: {error}");
            Self::without_files(tariff, zone)
        })
    }

    /// What it says at a moment. Nothing before its first day and after its last.
    pub fn terms(&self, time: i64) -> Terms {
        let day = self.zone().date(time);
        let tariff = &self.tariff;
        if tariff.from.is_some_and(|from| day < from) || tariff.to.is_some_and(|to| to <= day) {
            return Terms::NONE;
        }
        let price = self.price_on(Component::Exceedance, (day, next(day)));
        let price_micro_euro = price.and_then(|(price, tax)| match price.amount {
            // Nano-euro, rounded half up.
            Amount::Flat(euro) => Some(tax.net(price, euro).0.saturating_add(500).div_euclid(1000)),
            _ => None,
        });
        Terms { reference_w: self.reference_w(day), price_micro_euro }
    }
}
