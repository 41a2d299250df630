//! Folder: where reports are kept, each with a note of who has got it.
//!
//! A report is `2026-11-22.html`, `.txt`, and `2026-11-22-home.png` and `.svg` for each meter. The note is
//! `2026-11-22.sent`. Every file is written beside its place, made durable and moved there, so that none is ever half.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::document::Document;
use super::html::{Pictures, html};
use super::note::Note;
use super::period::{Kind, Period};
use super::plot::{Format, Size};
use super::text::text;

const NOTE: &str = "sent";

/// A folder of reports.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

/// A report in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Of when.
    pub period: Period,
    /// The files that people look at, by name.
    pub files: Vec<String>,
}

impl Folder {
    /// This one. It need not be there.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a report. The picture in the page is the one of the mail; the SVG is for large screens.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn keep(&self, document: &Document) -> io::Result<()> {
        // Load curves are private.
        DirBuilder::new().recursive(true).mode(0o750).create(&self.0)?;
        let memory = || io::Error::from(io::ErrorKind::OutOfMemory);
        let pictures = document.pictures().ok_or_else(memory)?;
        for (section, png) in document.sections.iter().zip(pictures) {
            let name = document.picture_name(section);
            self.write(&format!("{name}.png"), &png)?;
            let svg = section.picture.file(Size::default(), Format::Svg).ok_or_else(memory)?;
            self.write(&format!("{name}.svg"), &svg)?;
        }
        let period = document.period;
        self.write(&format!("{period}.txt"), text(document).as_bytes())?;
        // The page comes last: where it is, everything is.
        self.write(&format!("{period}.html"), html(document, Pictures::Files).as_bytes())
    }

    /// Writes the note of a report. It is on the disk when this returns.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn write_note(&self, period: Period, note: &Note) -> io::Result<()> {
        self.write(&format!("{period}.{NOTE}"), &serde_json::to_vec_pretty(note)?)
    }

    /// All notes. What cannot be read is said once, in the log, and counts as not there.
    pub fn notes(&self) -> BTreeMap<Period, Note> {
        let mut notes = BTreeMap::new();
        for name in self.names() {
            let Some(period) = name.strip_suffix(NOTE).and_then(|name| Period::parse(name.strip_suffix('.')?)) else {
                continue;
            };
            match fs::read(self.0.join(&name)).map(|bytes| serde_json::from_slice(&bytes)) {
                Ok(Ok(note)) => {
                    notes.insert(period, note);
                }
                Ok(Err(why)) => tracing::warn!("the note {name} of a report is damaged: {why}"),
                Err(why) => tracing::warn!("the note {name} of a report cannot be read: {why}"),
            }
        }
        notes
    }

    /// The reports, the newest first.
    pub fn list(&self) -> Vec<Kept> {
        let names = self.names();
        let mut found: Vec<Kept> = names
            .iter()
            .filter_map(|name| Period::parse(name.strip_suffix(".html")?))
            .map(|period| Kept { period, files: names.iter().filter(|name| belongs(name, period)).cloned().collect() })
            .collect();
        found.sort_by_key(|kept| std::cmp::Reverse((kept.period.next_first(), kept.period.kind())));
        found
    }

    /// A file that people look at. `None`: there is none of this name.
    pub fn read(&self, name: &str) -> Option<Vec<u8>> {
        // Only what is listed: no path leads out of the folder.
        let listed = !name.contains(['/', '\\']) && kind_of(name).is_some();
        listed.then(|| fs::read(self.0.join(name)).ok()).flatten()
    }

    /// Takes away the oldest of a kind until so many are left; never one that ends after `not_after`.
    pub fn prune(&self, kind: Kind, keep: usize, not_after: jiff::civil::Date) {
        let old = self.list().into_iter().filter(|kept| kept.period.kind() == kind).skip(keep);
        for kept in old.filter(|kept| kept.period.next_first() <= not_after) {
            let note = format!("{}.{NOTE}", kept.period);
            // The page goes last, so that what an interruption leaves is still listed.
            let page = format!("{}.html", kept.period);
            let files = kept.files.iter().filter(|name| **name != page).chain([&note, &page]);
            for name in files {
                let _ = fs::remove_file(self.0.join(name));
            }
        }
    }

    fn names(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(&self.0) else { return Vec::new() };
        let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let beside = self.0.join(format!(".{name}.new"));
        let mut file = File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, self.0.join(name))?;
        File::open(&self.0)?.sync_all()
    }
}

/// Whether a file is one of a report's.
fn belongs(name: &str, period: Period) -> bool {
    kind_of(name).is_some_and(|(stem, ending)| match ending {
        "html" | "txt" => stem == period.to_string(),
        // `2026-11-22-home`: the rest is a meter's name. A longer period's name may begin like a shorter one's.
        _ => meter_of(stem).is_some_and(|(of, _)| of == period),
    })
}

/// Period and meter out of a picture's name.
fn meter_of(stem: &str) -> Option<(Period, &str)> {
    // The longest that is a period: `2026-11-22` and not `2026-11`.
    let longest = [10, 8, 7, 4].into_iter().find_map(|length| Some((Period::parse(stem.get(..length)?)?, length)));
    let (period, length) = longest?;
    let meter = stem.get(length..)?.strip_prefix('-').filter(|meter| !meter.is_empty())?;
    Some((period, meter))
}

/// Stem and ending of a file that people look at.
fn kind_of(name: &str) -> Option<(&str, &str)> {
    let (stem, ending) = name.rsplit_once('.')?;
    let ours = match ending {
        "html" | "txt" => Period::parse(stem).is_some(),
        "png" | "svg" => meter_of(stem).is_some(),
        _ => false,
    };
    ours.then_some((stem, ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_reports_are_read() {
        for ours in ["2026-11-22.html", "2026-W47.txt", "2026-11-22-home.png", "2026-11-home.svg", "2026-11-2-a.png"] {
            assert!(kind_of(ours).is_some(), "{ours}");
        }
        for foreign in [
            "",
            ".",
            "..",
            "../key",
            "2026-11-22.sent",
            "home.png",
            "2026-11-22-.png",
            "2026-11-22.png",
            "2026-11-22.html.new",
            ".html",
        ] {
            assert!(kind_of(foreign).is_none(), "{foreign}");
        }
        let day = Period::parse("2026-11-22").unwrap();
        let month = Period::parse("2026-11").unwrap();
        assert!(belongs("2026-11-22-home.png", day) && !belongs("2026-11-22-home.png", month));
        assert!(belongs("2026-11-home.png", month) && belongs("2026-11-22.txt", day));
    }
}
