//! Document: a report as words and pictures, before it is a text, a page or a mail.

use jiff::tz::TimeZone;
use smarty_ledger::Settings;
use smarty_store::{Reader, StoreError};

use super::devices;
use super::figures::{self, Line};
use super::period::Period;
use super::picture::{Named, Picture};
use super::plot::{Format, Size};
use super::quality;
use crate::config::Config;

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

/// What a report is about, out of the configuration.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Which meters.
    pub meters: Vec<Named>,
    /// Where their days begin.
    pub zone: TimeZone,
    /// Reference powers and their prices.
    pub settings: Settings,
}

impl Subject {
    /// The meters of `[report]`, or all.
    pub fn new(config: &Config) -> Self {
        let names: Vec<&str> = match &config.report {
            Some(report) => report.meters_of(config).collect(),
            None => config.meter.keys().map(String::as_str).collect(),
        };
        Self {
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
        let zone = &subject.zone;
        let section = |meter: &Named| {
            Ok(Section {
                lines: {
                    let mut lines = figures::lines(reader, &meter.name, period, zone, &subject.settings)?;
                    lines.extend(devices::lines(reader, meter, period, zone)?);
                    lines
                },
                quality: quality::sentences(reader, &meter.name, period, zone)?,
                picture: Picture::of(reader, meter, period, zone, now)?,
                meter: meter.clone(),
            })
        };
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
