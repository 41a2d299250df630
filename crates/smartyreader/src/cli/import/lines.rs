//! Lines: what day files say, each with its moment. What is no line is remembered by its place.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::day_line::DayLine;
use crate::exit::{Code, Failure};

/// Where a line stands: which file, and its number in it, from 1 on.
pub(super) type Place = (u32, u32);

/// What a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// UTC seconds.
    pub(super) time: i64,
    /// The registers of two tariffs, Wh. Where there is only one, or only their sum, it is the first.
    pub(super) wh: [i64; 2],
    pub(super) place: Place,
}

/// Everything that was found.
#[derive(Debug, Default)]
pub(super) struct Pile {
    pub(super) files: Vec<PathBuf>,
    /// In the order of the files.
    pub(super) lines: Vec<Line>,
    /// No lines at all.
    pub(super) bad: Vec<Place>,
    /// Lines of an hour that the clocks left out.
    pub(super) nowhen: Vec<Place>,
    /// What each is called, where it is not a line: a row.
    pub(super) rows: bool,
    /// The registers are by tariff.
    pub(super) split: bool,
}

/// So many places are named; the others are only counted.
const NAMED: usize = 5;

impl Pile {
    /// Reads files and folders.
    ///
    /// # Errors
    /// When one of them cannot be read, or there is no file.
    pub(super) fn read(paths: &[PathBuf], zone: &TimeZone) -> Result<Self, Failure> {
        let mut pile = Self::default();
        for path in paths {
            pile.find(path, true)?;
        }
        if pile.files.is_empty() {
            let sentence =
                "there is no file there that ends with .min; name the files themselves if theirs end otherwise";
            return Err(Failure::new(Code::NoInput, sentence));
        }
        for file in 0..pile.files.len() {
            let path = &pile.files[file];
            let text = std::fs::read(path).map_err(unreadable(path))?;
            pile.take(file as u32, &String::from_utf8_lossy(&text), zone);
        }
        Ok(pile)
    }

    fn find(&mut self, path: &Path, named: bool) -> Result<(), Failure> {
        if std::fs::metadata(path).map_err(unreadable(path))?.is_dir() {
            let entries = std::fs::read_dir(path).map_err(unreadable(path))?;
            let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
            // The names of day files are in the order of their days.
            entries.sort();
            for entry in entries {
                self.find(&entry, false)?;
            }
        } else if named || path.extension().is_some_and(|extension| extension == "min") {
            self.files.push(path.to_path_buf());
        }
        Ok(())
    }

    fn take(&mut self, file: u32, text: &str, zone: &TimeZone) {
        let mut last = None;
        for (number, line) in text.lines().enumerate() {
            let place = (file, number as u32 + 1);
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let Some(line) = DayLine::parse(line) else {
                self.bad.push(place);
                continue;
            };
            match moment(line.local, zone, last) {
                Some(time) => {
                    last = Some(time);
                    self.lines.push(Line { time, wh: [line.wh, 0], place });
                }
                None => self.nowhen.push(place),
            }
        }
    }

    /// What one of them is called.
    pub(super) const fn word(&self) -> &'static str {
        if self.rows { "row" } else { "line" }
    }

    /// How many lines there are, good or not.
    pub(super) fn count(&self) -> usize {
        self.lines.len() + self.bad.len() + self.nowhen.len()
    }

    /// Names the first few places: `smartmeter_2026_11_23.min line 17, 18`.
    pub(super) fn name(&self, places: &[Place]) -> String {
        let mut by_file: BTreeMap<u32, Vec<String>> = BTreeMap::new();
        for (file, number) in places.iter().take(NAMED) {
            by_file.entry(*file).or_default().push(number.to_string());
        }
        let mut text = String::new();
        for (file, numbers) in by_file {
            let between = if text.is_empty() { "" } else { "; " };
            let name = self.files[file as usize].file_name().unwrap_or_default().to_string_lossy();
            let _ = write!(text, "{between}{name} {} {}", self.word(), numbers.join(", "));
        }
        if places.len() > NAMED { text + ", …" } else { text }
    }
}

pub(super) fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> Failure {
    let path = path.display().to_string();
    move |error| Failure::new(Code::NoInput, format!("{path} cannot be read: {error}"))
}

/// A local time in UTC. In the hour that comes twice the order decides: `last` is the line before in the same file.
pub(super) fn moment(local: DateTime, zone: &TimeZone, last: Option<i64>) -> Option<i64> {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    let second = |timestamp: Result<Timestamp, jiff::Error>| timestamp.ok().map(Timestamp::as_second);
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => second(ambiguous.earlier()),
        AmbiguousOffset::Gap { .. } => None,
        AmbiguousOffset::Fold { .. } => {
            let (earlier, later) = (second(ambiguous.earlier())?, second(ambiguous.later())?);
            // A line before that is far ahead is a wrong one, and says nothing of this.
            let again = last.is_some_and(|last| (earlier..later + 3600).contains(&last));
            Some(if again { later } else { earlier })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pile(text: &str) -> Pile {
        let mut pile = Pile { files: vec!["/x/day.min".into(), "/x/other.min".into()], ..Pile::default() };
        pile.take(0, text, &TimeZone::get("Europe/Luxembourg").unwrap());
        pile
    }

    #[test]
    fn the_repeated_hour_is_told_apart_by_order() {
        let hours = [(1, 0), (1, 59), (2, 0), (2, 30), (2, 59), (2, 0), (2, 30), (2, 59), (3, 0)];
        let text = hours.map(|(hour, minute)| format!("25.10.26 {hour:02}:{minute:02}:07 1.0 0 0\n")).concat();
        let times: Vec<i64> = pile(&text).lines.iter().map(|line| (line.time - 1_792_882_807) / 60).collect();
        assert_eq!(times, [0, 59, 60, 90, 119, 120, 150, 179, 180]);
    }

    #[test]
    fn what_is_no_line_is_named() {
        let pile = pile(
            "# day file\n\n23.11.26 10:00:00 1.0 0 0\r\nrubbish\n29.03.26 02:30:00 1.0 0 0\n23.11.26 10:01:00 1.0\n",
        );
        assert_eq!((pile.lines.len(), pile.count()), (1, 4));
        assert_eq!((&pile.bad[..], &pile.nowhen[..]), (&[(0, 4), (0, 6)][..], &[(0, 5)][..]));
        assert_eq!(pile.name(&pile.bad), "day.min line 4, 6");
        let many: Vec<Place> = (1..9).map(|number| (number / 4, number)).collect();
        assert_eq!(pile.name(&many), "day.min line 1, 2, 3; other.min line 4, 5, …");
    }
}
