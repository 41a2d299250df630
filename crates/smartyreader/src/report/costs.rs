//! Costs: what a period costs by the contract, a line in all and one for each part of the bill.

use smarty_store::{Reader, StoreError};

use super::figures::{Line, Tone};
use super::words;
use crate::costs::{self, Bill, Contract};

/// The lines, and sentences about what is not in them. Nothing of the contract lies in the period: none.
pub(super) fn lines(
    reader: &Reader,
    meter: &str,
    span: (i64, i64),
    contract: &Contract,
    now: i64,
) -> Result<(Vec<Line>, Vec<String>), StoreError> {
    let bill = costs::bill(reader, contract, meter, span, now)?;
    if bill.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let missing = bill.notes.iter().filter(|note| note.makes_it_incomplete());
    let sentences: Vec<String> = missing.map(costs::Note::sentence).collect();
    let parts = bill.lines.chunk_by(|one, two| one.component == two.component).zip(bill.components());
    let mut lines = vec![total(&bill)];
    lines.extend(parts.map(|(of_one, (_, micro_eur))| {
        let certain = of_one.iter().all(|line| line.certain);
        let note = note(of_one.iter().any(|line| line.at_least), certain, false);
        Line::new(Tone::Part, of_one[0].component.words(), words::euro(micro_eur), note)
    }));
    Ok((lines, sentences))
}

fn total(bill: &Bill) -> Line {
    let note = note(bill.is_lower_bound(), bill.is_certain(), bill.is_running());
    Line::new(Tone::Plain, "Costs, with tax", words::euro(bill.total().micro_euro()), note)
}

fn note(at_least: bool, certain: bool, running: bool) -> String {
    let words = [(running, "so far"), (at_least, "at least"), (!certain, "uncertain")];
    words.into_iter().filter_map(|(holds, word)| holds.then_some(word)).collect::<Vec<_>>().join(", ")
}
