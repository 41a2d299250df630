//! Contract: a `[tariff]` with everything that it names, read for one question.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use smarty_ledger::cost::Price;

use super::hourly;
use super::zone::{Zone, number};
use crate::config::tariff::{Amount, TariffFile};
use crate::config::{ConfigError, Tariff};

/// Prices by the hour: its first second and its price, or why there are none.
pub(super) type Hours = Result<Vec<(i64, Price)>, String>;

/// A meter's contract. Files are read when it is made, so that what has changed in them counts from the next question on.
#[derive(Debug)]
pub struct Contract {
    pub(super) tariff: Tariff,
    pub(super) files: Vec<TariffFile>,
    pub(super) hours: BTreeMap<PathBuf, Hours>,
    /// As the ledger's clock counts days.
    pub(super) holidays: Vec<i64>,
    zone: Zone,
}

impl Contract {
    /// Reads the tariff files and the hourly prices that a section names.
    ///
    /// # Errors
    /// [`ConfigError`], with file and line. A file of hourly prices that cannot be used is no error: the bill says it.
    pub fn read(tariff: &Tariff, zone: TimeZone) -> Result<Self, ConfigError> {
        let mut contract = Self::without_files(tariff, zone);
        contract.files = tariff.files()?;
        for price in contract.files.iter().flat_map(|file| &file.price).chain(&tariff.price) {
            if let Amount::Hourly(path) = &price.amount {
                contract.hours.entry(path.clone()).or_insert_with(|| read_hours(path));
            }
        }
        let days = tariff.holidays.iter().chain(contract.files.iter().flat_map(|file| &file.holidays));
        contract.holidays = days.map(|&date| number(date)).collect();
        contract.holidays.sort_unstable();
        contract.holidays.dedup();
        Ok(contract)
    }

    /// What stands in the configuration itself, for when the files cannot be used.
    pub fn without_files(tariff: &Tariff, zone: TimeZone) -> Self {
        let (files, hours, holidays) = (Vec::new(), BTreeMap::new(), Vec::new());
        Self { tariff: tariff.clone(), files, hours, holidays, zone: Zone::new(zone) }
    }

    /// Where its days begin.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The reference power on a day, W.
    pub fn reference_w(&self, day: Date) -> Option<u32> {
        self.tariff.reference_w(day)
    }

    /// The last day of each price that has one, in order.
    pub(super) fn last_days(&self) -> Vec<Date> {
        let own = self.tariff.price.iter().filter_map(|price| price.to);
        let of_files = self.files.iter().flat_map(|file| file.price.iter().map(|price| file.days_of(price).1));
        let mut days: Vec<Date> = own.chain(of_files).filter_map(|end| end.yesterday().ok()).collect();
        days.sort_unstable();
        days.dedup();
        days
    }

    /// The titles of the tariff files that hold on some of these days.
    pub fn titles(&self, (from, to): (Date, Date)) -> Vec<String> {
        let touched = self.files.iter().filter(|file| file.from < to && from < file.to);
        touched.map(|file| file.title.clone()).collect()
    }
}

fn read_hours(path: &Path) -> Hours {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("The hourly prices in {} cannot be read: {error}.", path.display()))?;
    hourly::parse(&text).map_err(|error| format!("The hourly prices in {} cannot be used: {error}.", path.display()))
}
