//! Shelf: the files of the days. Lines are added whole; the day before goes to the archive.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use crate::config::{DayFile, DayFormat};
use crate::day_line::DayLine;

/// A line that is to be written, with its line end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Whose day's file.
    pub(super) day: Date,
    /// What.
    pub(super) text: String,
}

/// What could not be done, with which file.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) path: PathBuf,
    pub(super) why: String,
}

impl Fault {
    fn of(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |error| {
            let why = match error.kind() {
                io::ErrorKind::StorageFull => "the disk is full".into(),
                io::ErrorKind::PermissionDenied => "this user may not".into(),
                io::ErrorKind::NotFound => "the folder does not exist".into(),
                io::ErrorKind::IsADirectory => "a folder has that name".into(),
                _ => error.to_string(),
            };
            Self { path, why }
        }
    }
}

/// What became of the lines.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) written: u64,
    pub(super) archived: u64,
    /// Why the rest could not be written.
    pub(super) fault: Option<Fault>,
    /// Why a file could not be archived.
    pub(super) archive_fault: Option<Fault>,
}

/// The files of one day-file section.
pub(super) struct Shelf {
    folder: PathBuf,
    archive: Option<PathBuf>,
    names: Names,
    /// The day whose files are in use.
    day: Option<Date>,
    /// The first line that waits is in the dated file already.
    half_done: bool,
    archive_due: bool,
}

/// What the files are called.
enum Names {
    Python { current: String, dated: String },
    Card,
}

impl Names {
    fn dated(&self, day: Date) -> String {
        match self {
            Self::Python { dated, .. } => format!("{dated}{}", day.strftime("%Y_%m_%d.min")),
            Self::Card => day.strftime("%d_%m_%y.txt").to_string(),
        }
    }

    /// The day of a dated file.
    fn day_of(&self, name: &str) -> Option<Date> {
        let day = match self {
            Self::Python { dated, .. } => Date::strptime("%Y_%m_%d.min", name.strip_prefix(dated)?),
            Self::Card => Date::strptime("%d_%m_%y.txt", name),
        };
        // Only what we would have called so.
        day.ok().filter(|day| self.dated(*day) == name)
    }
}

impl Shelf {
    pub(super) fn new(settings: &DayFile) -> Self {
        let names = match settings.format {
            DayFormat::Python => {
                Names::Python { current: settings.current().to_string(), dated: settings.dated().to_string() }
            }
            DayFormat::SmartyReader5 => Names::Card,
        };
        let (folder, archive) = (settings.folder.clone(), settings.archive.clone());
        Self { folder, archive, names, day: None, half_done: false, archive_due: false }
    }

    /// The last lines of a day's file, the last one first.
    pub(super) fn last_lines(&self, day: Date) -> Vec<String> {
        let path = self.folder.join(self.names.dated(day));
        let text = fs::read(path).unwrap_or_default();
        String::from_utf8_lossy(&text).lines().rev().take(10).map(str::to_string).collect()
    }

    /// Writes from the oldest on; what cannot be written stays in `lines`.
    pub(super) fn write(&mut self, lines: &mut VecDeque<Line>) -> Outcome {
        let mut outcome = Outcome::default();
        while let Some(line) = lines.front() {
            if let Err(fault) = self.write_one(line) {
                outcome.fault = Some(fault);
                break;
            }
            self.half_done = false;
            lines.pop_front();
            outcome.written += 1;
        }
        if self.archive_due {
            match self.archive_old() {
                Ok(moved) => {
                    outcome.archived = moved;
                    self.archive_due = false;
                }
                Err(fault) => outcome.archive_fault = Some(fault),
            }
        }
        outcome
    }

    fn write_one(&mut self, line: &Line) -> Result<(), Fault> {
        if self.day != Some(line.day) {
            fs::create_dir_all(&self.folder).map_err(Fault::of(&self.folder))?;
            self.turn_to(line.day)?;
            self.day = Some(line.day);
            self.archive_due = true;
        }
        if !self.half_done {
            let dated = self.folder.join(self.names.dated(line.day));
            append(&dated, &line.text).map_err(Fault::of(&dated))?;
            self.half_done = true;
        }
        if let Some(current) = self.current() {
            append(&current, &line.text).map_err(Fault::of(&current))?;
        }
        Ok(())
    }

    fn current(&self) -> Option<PathBuf> {
        match &self.names {
            Names::Python { current, .. } => Some(self.folder.join(current)),
            Names::Card => None,
        }
    }

    /// The current file begins anew with a day; in the middle of one it gets what a crash has kept from it.
    fn turn_to(&self, day: Date) -> Result<(), Fault> {
        let Some(current) = self.current() else { return Ok(()) };
        let there = match fs::read(&current) {
            Ok(there) => there,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(Fault::of(&current)(error)),
        };
        let text = String::from_utf8_lossy(&there);
        match text.lines().rev().find_map(DayLine::date_of) {
            Some(date) if date == day => {
                let dated = fs::read(self.folder.join(self.names.dated(day))).unwrap_or_default();
                if let Some(missing) = dated.strip_prefix(&there[..]).filter(|missing| !missing.is_empty()) {
                    append(&current, &String::from_utf8_lossy(missing)).map_err(Fault::of(&current))?;
                }
                Ok(())
            }
            // The clock was set back: nothing is taken away.
            Some(date) if date > day => Ok(()),
            // Not even a part of a line.
            None if text.contains(|character: char| !"0123456789.: \r\n".contains(character)) => {
                let why = "it is there and no day file; it is left as it is".into();
                Err(Fault { path: current, why })
            }
            _ => File::create(&current).map(drop).map_err(Fault::of(&current)),
        }
    }

    /// Moves the files of days before the current one.
    fn archive_old(&self) -> Result<u64, Fault> {
        let (Some(archive), Some(today)) = (&self.archive, self.day) else { return Ok(0) };
        let mut moved = 0;
        for entry in fs::read_dir(&self.folder).map_err(Fault::of(&self.folder))?.flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            if self.names.day_of(&name).is_none_or(|day| day >= today) {
                continue;
            }
            let from = entry.path();
            fs::create_dir_all(archive).and_then(|()| move_file(&from, archive, &name)).map_err(Fault::of(&from))?;
            moved += 1;
        }
        Ok(moved)
    }
}

/// Adds text to a file. A line that a crash has cut off gets its end first.
fn append(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::options().create(true).read(true).append(true).open(path)?;
    let length = file.metadata()?.len();
    let mut last = [b'\n'];
    if length > 0 {
        file.read_exact_at(&mut last, length - 1)?;
    }
    let whole = if last == [b'\n'] { text.to_string() } else { format!("\n{text}") };
    let result = file.write_all(whole.as_bytes());
    if result.is_err() {
        // Half of it may be there, and would be there twice.
        let _ = file.set_len(length);
    }
    result
}

/// Moves a file into a folder, also on another disk, over nothing that is there.
fn move_file(from: &Path, folder: &Path, name: &str) -> io::Result<()> {
    let mut to = folder.join(name);
    for number in 2.. {
        if !to.exists() {
            break;
        }
        to = folder.join(format!("{name}.{number}"));
    }
    match fs::rename(from, &to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let beside = folder.join(format!(".{name}.new"));
            fs::copy(from, &beside)?;
            File::open(&beside)?.sync_all()?;
            fs::rename(&beside, &to)?;
            fs::remove_file(from)
        }
        result => result,
    }
}
