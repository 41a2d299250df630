//! Text: a report for a terminal, or a mail program that shows nothing else.

use std::fmt::Write as _;

use super::document::{Document, Section};
use super::figures::{Line, Tone};

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
    let label = |line: &Line| format!("{}{}", if line.tone == Tone::Part { "  " } else { "" }, line.label);
    let longest = |of: &dyn Fn(&Line) -> usize| section.lines.iter().map(of).max().unwrap_or(0);
    let labels = longest(&|line| label(line).chars().count());
    let values = longest(&|line| line.value.chars().count());
    for line in &section.lines {
        let row = format!("  {:<labels$}  {:>values$}  {}", label(line), line.value, line.note);
        let _ = writeln!(text, "{}", row.trim_end());
    }
    if !section.lines.is_empty() {
        text.push('\n');
    }
    for sentence in &section.quality {
        let _ = writeln!(text, "  {sentence}");
    }
}
