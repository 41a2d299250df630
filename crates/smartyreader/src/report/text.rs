//! Text: a report for a terminal, or a mail program that shows nothing else.

use std::fmt::Write as _;

use super::document::{Document, Section};

/// The whole report.
pub fn text(document: &Document) -> String {
    let title = document.period.title();
    let mut text = format!("{title}\n{}\n", "-".repeat(title.chars().count()));
    for section in &document.sections {
        put(&mut text, section);
    }
    text.push_str("\nMade by SmartyReader from the meter’s own registers.\n");
    // Lines are columns: spaces that do not break would only confuse.
    text.replace(['\u{a0}', '\u{202f}'], " ")
}

fn put(text: &mut String, section: &Section) {
    let _ = writeln!(text, "\n{}\n", section.meter.title);
    let width = |pick: fn(&super::figures::Line) -> &String| {
        section.lines.iter().map(|line| pick(line).chars().count()).max().unwrap_or(0)
    };
    let (labels, values) = (width(|line| &line.label), width(|line| &line.value));
    for line in &section.lines {
        let row = format!("  {:<labels$}  {:>values$}  {}", line.label, line.value, line.note);
        let _ = writeln!(text, "{}", row.trim_end());
    }
    if !section.lines.is_empty() {
        text.push('\n');
    }
    for sentence in &section.quality {
        let _ = writeln!(text, "  {sentence}");
    }
}
