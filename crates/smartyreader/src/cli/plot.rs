//! `plot`: a picture of a day, week, month or year, while the daemon runs or not.

use std::path::{Path, PathBuf};

use clap::Args;
use smarty_store::Reader;

use super::ConfigFile;
use crate::config::Config;
use crate::exit::{Code, Failure};
use crate::observe::now;
use crate::report::plot::{Format, Size};
use crate::report::{Kind, Named, Period, Picture};

#[derive(Debug, Args)]
pub(super) struct Plot {
    #[command(flatten)]
    config: ConfigFile,
    #[command(flatten)]
    which: Which,
    /// Which meter; can be left out when there is one.
    #[arg(long)]
    meter: Option<String>,
    /// The picture to make: NAME.png or NAME.svg.
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// Pixels.
    #[arg(long, default_value = "1200x600", value_name = "WIDTHxHEIGHT")]
    size: Size,
    /// Pixels for each point: 2 makes words and lines twice as large.
    #[arg(long, default_value_t = 1.0)]
    scale: f32,
}

/// The period: the same options for every verb that is about one.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// A day such as 2026-11-22; yesterday where nothing is given.
    #[arg(long, value_name = "DATE")]
    day: Option<String>,
    /// A week such as 2026-W47, or a day in it.
    #[arg(long, value_name = "WEEK", conflicts_with = "day")]
    week: Option<String>,
    /// A month such as 2026-11.
    #[arg(long, value_name = "MONTH", conflicts_with_all = ["day", "week"])]
    month: Option<String>,
    /// A year such as 2026.
    #[arg(long, value_name = "YEAR", conflicts_with_all = ["day", "week", "month"])]
    year: Option<String>,
}

impl Which {
    pub(super) fn period(&self, config: &Config) -> Result<Period, Failure> {
        let given = [
            (Kind::Day, &self.day, "a day such as 2026-11-22"),
            (Kind::Week, &self.week, "a week such as 2026-W47, or a day in it"),
            (Kind::Month, &self.month, "a month such as 2026-11"),
            (Kind::Year, &self.year, "a year such as 2026"),
        ];
        let Some((kind, text, what)) = given.iter().find_map(|(kind, text, what)| Some((*kind, text.as_ref()?, what)))
        else {
            return Ok(Period::last_over(Kind::Day, now(), &config.time_zone()));
        };
        let period = Period::parse(text).map(|period| match (kind, period.kind()) {
            // Any of its days names a week, month or year.
            (_, Kind::Day) => Period::around(kind, period.first()),
            _ => period,
        });
        period
            .filter(|period| period.kind() == kind)
            .ok_or_else(|| Failure::new(Code::Usage, format!("--{} is {what}, not \"{text}\"", kind.name())))
    }
}

impl Plot {
    pub(super) fn run(self) -> Result<(), Failure> {
        let config = self.config.load()?;
        let format = format_of(&self.output)?;
        let size = self.size.scaled(self.scale).map_err(|why| Failure::new(Code::Usage, why))?;
        let meter = meter(&config, self.meter.as_deref())?;
        let period = self.which.period(&config)?;
        let reader = Reader::open(&config.store.path)?;
        let picture = Picture::of(&reader, &meter, period, &config.time_zone(), now())?;
        let file = picture
            .file(size, format)
            .ok_or_else(|| Failure::new(Code::Software, "there is not enough memory for a picture of this size"))?;
        std::fs::write(&self.output, file).map_err(|error| {
            Failure::new(Code::CannotCreate, format!("{} cannot be written: {error}", self.output.display()))
        })
    }
}

fn format_of(output: &Path) -> Result<Format, Failure> {
    let ending = output.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    Format::from_name(ending).ok_or_else(|| {
        Failure::new(Code::Usage, format!("--output ends with .png or .svg, unlike {}", output.display()))
    })
}

fn meter(config: &Config, name: Option<&str>) -> Result<Named, Failure> {
    let names: Vec<&str> = config.counting().collect();
    let name = match (name, names.as_slice()) {
        (Some(name), names) if names.contains(&name) => name,
        (None, [only]) => only,
        (Some(name), _) => {
            return Err(Failure::new(Code::Usage, format!("there is no meter {name}; there is {}", names.join(", "))));
        }
        (None, _) => {
            return Err(Failure::new(Code::Usage, format!("--meter is needed: one of {}", names.join(", "))));
        }
    };
    Ok(config.named(name))
}
