//! Document: a report as words and pictures, before it is a text, a page or a mail.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use smarty_ledger::Settings;
use smarty_store::{Reader, StoreError};

use super::figures::{self, Line};
use super::period::Period;
use super::picture::{Named, Picture};
use super::plot::{Format, Size};
use super::quality::Quality;
use super::{beyond, costs, devices};
use crate::config::{Config, Tariff};
use crate::costs::Contract;

/// A report of one period, of one or more meters.
#[derive(Clone, Debug)]
pub struct Document {
    /// Of when.
    pub period: Period,
    /// One for each meter.
    pub sections: Vec<Section>,
}

/// What a report says of one meter.
#[derive(Clone, Debug)]
pub struct Section {
    /// Which.
    pub meter: Named,
    /// In numbers.
    pub lines: Vec<Line>,
    /// How good the numbers are.
    pub quality: Vec<String>,
    /// In a picture.
    pub picture: Picture,
}

impl Section {
    fn of(reader: &Reader, subject: &Subject, meter: &Named, period: Period, now: i64) -> Result<Self, StoreError> {
        let (zone, name) = (&subject.zone, meter.name.as_str());
        let span = period.span(zone);
        let mut lines = figures::lines(reader, name, period, zone, now)?;
        let mut quality = Quality::of(reader, name, period, zone, now)?.sentences;
        let tariff = subject.tariffs.get(name);
        let contract = tariff.map(|tariff| Contract::read(tariff, zone.clone()));
        // The reference power is known whatever is wrong with the files.
        let bare = tariff.map(|tariff| Contract::without_files(tariff, zone.clone()));
        if !lines.is_empty() {
            let known = contract.as_ref().and_then(|contract| contract.as_ref().ok()).or(bare.as_ref());
            lines.extend(beyond::lines(reader, name, span, &subject.settings, known, now)?);
        }
        match contract {
            Some(Ok(contract)) if !lines.is_empty() => {
                let (costs, missing) = costs::lines(reader, name, span, &contract, now)?;
                lines.extend(costs);
                quality.extend(missing);
            }
            Some(Err(error)) => quality.push(format!("There are no costs: {error}.")),
            _ => {}
        }
        lines.extend(devices::lines(reader, meter, period, zone, now)?);
        Ok(Self { lines, quality, picture: Picture::of(reader, meter, period, zone, now)?, meter: meter.clone() })
    }
}

/// What a report is about, out of the configuration.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Which meters.
    pub meters: Vec<Named>,
    /// Where their days begin.
    pub zone: TimeZone,
    /// Reference powers and their prices, for meters without a contract that has one.
    pub settings: Settings,
    /// Contracts, by the name of the meter.
    pub tariffs: BTreeMap<String, Tariff>,
}

impl Subject {
    /// The meters of `[report]`, or all.
    pub fn new(config: &Config) -> Self {
        let names: Vec<&str> = match &config.report {
            Some(report) => report.meters_of(config).collect(),
            None => config.counting().collect(),
        };
        let tariff = |name: &&str| Some(((*name).to_string(), config.tariff_of(name)?.clone()));
        Self {
            tariffs: names.iter().filter_map(tariff).collect(),
            meters: names.into_iter().map(|name| config.named(name)).collect(),
            zone: config.time_zone(),
            settings: config.calculated.settings(),
        }
    }

    /// Whether there is anything to report: a meter that was heard before the period's end, and not so long ago that
    /// it, or this machine's clock, cannot be meant any more.
    ///
    /// # Errors
    /// Those of the database.
    pub fn is_alive(&self, reader: &Reader, period: Period) -> Result<bool, StoreError> {
        const LONG_GONE: i64 = 31 * 86_400;
        let (start, end) = period.span(&self.zone);
        let entries = reader.meters()?;
        Ok(entries.iter().any(|entry| {
            self.meters.iter().any(|meter| meter.name == entry.name)
                && entry.first_time.is_some_and(|first| first < end)
                && entry.last_time.is_some_and(|last| last >= start - LONG_GONE)
        }))
    }
}

impl Document {
    /// Asks the store.
    ///
    /// # Errors
    /// Those of the database.
    pub fn of(reader: &Reader, subject: &Subject, period: Period, now: i64) -> Result<Self, StoreError> {
        let section = |meter: &Named| Section::of(reader, subject, meter, period, now);
        let sections = subject.meters.iter().map(section).collect::<Result<_, StoreError>>()?;
        Ok(Self { period, sections })
    }

    /// The line over the mail.
    pub fn subject(&self) -> String {
        let title = self.period.title();
        match self.sections.as_slice() {
            [only] => {
                let figures: Vec<String> = only
                    .lines
                    .iter()
                    .take(2)
                    .filter(|line| matches!(line.label.as_str(), "Import" | "Export"))
                    .map(|line| format!("{} {}", line.value, line.label.to_lowercase()))
                    .collect();
                let what = if figures.is_empty() { "nothing was measured".into() } else { figures.join(", ") };
                format!("{}, {title}: {what}", only.meter.title)
            }
            _ => format!("SmartyReader, {title}"),
        }
    }

    /// The name of a section's picture, without its ending.
    pub fn picture_name(&self, section: &Section) -> String {
        format!("{}-{}", self.period, section.meter.name)
    }

    /// The PNG for mail and folder of each section, in their order. `None` where there is no memory for it.
    pub fn pictures(&self) -> Option<Vec<Vec<u8>>> {
        self.sections.iter().map(|section| section.picture.file(Size::MAIL, Format::Png)).collect()
    }
}
