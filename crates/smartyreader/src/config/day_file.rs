//! Day file: readings as lines of text, a file a day, as programs of old wrote them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use smarty_p1::Quantity;

use super::check::Findings;
use super::{Config, Goal, SensorKind, Span};

/// Lines of one meter, or of several in a row, in files.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DayFile {
    /// Whose lines they are like.
    #[serde(default)]
    pub format: DayFormat,
    /// `python`: which meter. Can be left out when there is only one.
    pub meter: Option<String>,
    /// `smartyreader-5`: which meters, in this order. Left out: all, by name; no sensors.
    pub meters: Option<Vec<String>>,
    /// `smartyreader-5`: the sensor whose distance ends each line.
    pub tank: Option<String>,
    /// Where the files are written.
    pub folder: PathBuf,
    /// Where those of earlier days go. Left out: they stay.
    pub archive: Option<PathBuf>,
    /// A line so often.
    #[serde(default = "a_minute")]
    pub every: Span,
    /// `python`: the file that always holds the current day.
    pub current: Option<String>,
    /// `python`: what the name of a day's file begins with, before `2026_11_23.min`.
    pub dated: Option<String>,
    /// `python`: which register.
    pub value: Option<Direction>,
}

/// Whose lines they are like.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum DayFormat {
    /// The Python script of weigu.lu: one register, the day's energy and the power.
    #[default]
    Python,
    /// The memory card of the `SmartyReader⁵`: all registers of several meters.
    #[serde(rename = "smartyreader-5")]
    SmartyReader5,
}

/// From the grid or into it.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// From the grid: 1.8.0.
    #[default]
    Import,
    /// Into the grid: 2.8.0.
    Export,
}

impl Direction {
    /// The word in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Export => "export",
        }
    }
}

impl DayFile {
    /// The file of the current day.
    pub fn current(&self) -> &str {
        self.current.as_deref().unwrap_or("smartmeter.min")
    }

    /// What a dated file's name begins with.
    pub fn dated(&self) -> &str {
        self.dated.as_deref().unwrap_or("smartmeter_")
    }

    /// Relative paths are relative to the configuration.
    pub(super) fn relate(&mut self, folder: &Path) {
        self.folder = folder.join(&self.folder);
        self.archive = self.archive.as_ref().map(|archive| folder.join(archive));
    }

    fn check_settings(&self, sink: &str, findings: &mut Findings) {
        let python = self.format == DayFormat::Python;
        for (setting, given, fits) in [
            ("meter", self.meter.is_some(), python),
            ("current", self.current.is_some(), python),
            ("dated", self.dated.is_some(), python),
            ("value", self.value.is_some(), python),
            ("meters", self.meters.is_some(), !python),
            ("tank", self.tank.is_some(), !python),
        ] {
            if given && !fits {
                findings.warning(format!("{sink}: `{setting}` means nothing for this format"));
            }
        }
        for (setting, name) in [("current", self.current()), ("dated", self.dated())] {
            if name.is_empty() || name.contains('/') {
                findings.error(format!("{sink}: `{setting}` is the name of a file in `folder`, without a path"));
            }
        }
        if python && self.current().starts_with(self.dated()) {
            findings.error(format!("{sink}: `current` looks like a dated file; give it a name of its own"));
        }
        if self.archive.as_ref() == Some(&self.folder) {
            findings.error(format!("{sink}: `archive` is another folder than `folder`"));
        }
        if self.every.0.as_secs() > 3600 {
            findings.error(format!("{sink}: `every` is an hour or less"));
        }
    }

    /// Names of files that two day files must not share.
    fn names(&self) -> Vec<PathBuf> {
        match self.format {
            DayFormat::Python => vec![self.folder.join(self.current()), self.folder.join(self.dated())],
            DayFormat::SmartyReader5 => vec![self.folder.join("*.txt")],
        }
    }
}

fn a_minute() -> Span {
    Span(Duration::from_mins(1))
}

impl Config {
    /// The meters of a card: those that it names, or all.
    pub fn meters_of(&self, card: &DayFile) -> Vec<String> {
        card.meters.clone().unwrap_or_else(|| self.heard().map(str::to_string).collect())
    }

    pub(super) fn check_day_files(&self, findings: &mut Findings) {
        for (name, file) in &self.day_file {
            let sink = format!("day-file {name}");
            let folder = file.folder.display();
            let what = match file.format {
                DayFormat::Python => {
                    let Some(meter) = self.check_meter_of(&sink, file.meter.as_deref(), findings) else { continue };
                    format!(
                        "the {} of meter {meter} to {} and {}YYYY_MM_DD.min in {folder}",
                        file.value.unwrap_or_default().name(),
                        file.current(),
                        file.dated()
                    )
                }
                DayFormat::SmartyReader5 => {
                    let meters = self.meters_of(file);
                    for meter in &meters {
                        match self.meter.get(meter).map(|meter| meter.role.counts()) {
                            Some(true) => {}
                            Some(false) => findings.error(format!("{sink}: {meter} is a sensor; name it in `tank`")),
                            None => {
                                findings.error(format!("{sink} is about meter {meter}, which is not configured"));
                            }
                        }
                    }
                    for meter in meters.iter().filter(|meter| self.group.contains_key(*meter)) {
                        findings.error(format!("{sink} is about {meter}, which is no meter of its own but a group"));
                    }
                    let measures = |tank: &String| {
                        let sensor = self.sensor.get(tank)?;
                        let distance = Goal::Of(Quantity::Distance);
                        let has = sensor.number.iter().any(|number| number.quantity == distance);
                        (has || sensor.kind == Some(SensorKind::Mb7060)).then_some(())
                    };
                    if let Some(tank) = file.tank.as_ref().filter(|tank| measures(tank).is_none()) {
                        findings
                            .error(format!("{sink}: `tank` is a sensor that measures a distance, and {tank} is none"));
                    }
                    let tank = file.tank.as_ref().map_or(String::new(), |tank| format!(" and the distance of {tank}"));
                    if meters.is_empty() && !self.meter.is_empty() {
                        findings.error(format!("{sink} needs a meter in `meters`"));
                    }
                    format!("the registers of {}{tank} to DD_MM_YY.txt in {folder}", meters.join(", "))
                }
            };
            let archive = file.archive.as_ref().map_or(String::new(), |archive| {
                format!("; after midnight the file of the day before moves to {}", archive.display())
            });
            findings.plan(format!("{sink} writes a line every {} with {what}{archive}.", file.every));
            file.check_settings(&sink, findings);
            for (other, rival) in self.day_file.range(name.clone()..).skip(1) {
                if file.names().iter().any(|one| rival.names().contains(one)) {
                    findings.error(format!("day-file {name} and {other} write to the same files in {folder}"));
                }
            }
        }
    }
}
