//! Draft: what the fields of one reading say, as they come in.

use smarty_p1::{Quantity, Values};

use super::decimal::{self, NoValue};
use super::names::{Field, Meaning};
use super::stamp::{self, Stamp};

/// The meter's identifier, as far as it was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::intake) enum Equipment {
    /// All of it.
    Whole(String),
    /// Its last characters: `SmartyReader⁵` sends three.
    End(String),
}

/// What one field says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::intake) enum Content {
    Measured(Quantity, i64),
    Calculated(Quantity, i64),
    Time(Stamp),
    Equipment(Equipment),
    Text(&'static str, String),
    /// Nothing that a reading is made of, or nothing at all: `NA`, `nan`.
    Nothing,
}

/// A known field whose value cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::intake) struct Fault {
    /// No meter can show it; otherwise it is not even a value.
    pub(in crate::intake) out_of_range: bool,
    /// `power_consumption [kW]` is "x", which is no number.
    pub(in crate::intake) sentence: String,
}

/// A reading of which not everything need have come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::intake) struct Draft {
    measured: Option<Box<Values>>,
    calculated: Option<Box<Values>>,
    stamp: Option<Stamp>,
    equipment: Option<Equipment>,
    texts: Vec<(&'static str, String)>,
}

/// A reading as it was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::intake) struct Said {
    pub(in crate::intake) values: Values,
    pub(in crate::intake) stamp: Option<Stamp>,
    pub(in crate::intake) equipment: Option<Equipment>,
    pub(in crate::intake) texts: Vec<(String, String)>,
}

/// Identifiers are up to this long; what is longer is cut.
const LONGEST_NAME: usize = 64;
/// The specification's longest message has 1024 characters, which are 2048 hex digits.
const LONGEST_TEXT: usize = 2048;

/// Reads the value of a known field.
pub(super) fn content(name: &str, field: Field<'_>, text: Option<&str>) -> Result<Content, Fault> {
    let fault = |out_of_range, why: &str| {
        let said = text.map_or("a list or an object".into(), |text| format!("\"{}\"", shown(text)));
        Err(Fault { out_of_range, sentence: format!("`{}` is {said}, which is {why}", shown(name)) })
    };
    if field.meaning == Meaning::Aside {
        return Ok(Content::Nothing);
    }
    let Some(value) = text.map(str::trim) else { return fault(false, "no value") };
    if !matches!(field.meaning, Meaning::Text(_)) && is_absent(value) {
        return Ok(Content::Nothing);
    }
    let quantity = match field.meaning {
        Meaning::Measured(quantity) | Meaning::Calculated(quantity) => quantity,
        Meaning::Time => {
            return stamp::read(value).map_or_else(|| fault(false, "no time"), |stamp| Ok(Content::Time(stamp)));
        }
        Meaning::Equipment => return Ok(Content::Equipment(Equipment::Whole(name_of(value)))),
        Meaning::EquipmentEnd => return Ok(Content::Equipment(Equipment::End(name_of(value)))),
        Meaning::Text(code) => {
            let value = if code == "identification" { value.trim_start_matches('/') } else { value };
            return Ok(Content::Text(code, cut(value, LONGEST_TEXT).to_string()));
        }
        Meaning::Aside => return Ok(Content::Nothing),
    };
    if quantity.unit() == smarty_p1::Unit::UtcSecond
        && let Some(Stamp::Utc(time)) = stamp::read(value)
    {
        return Ok(Content::Measured(quantity, time));
    }
    match decimal::value(value, field.written, quantity) {
        // A board writes 0 for a channel on which there is no device.
        Ok(0) if matches!(field.name, "gas_index" | "gas_consumption_calc_m3") => Ok(Content::Nothing),
        Ok(number) if matches!(field.meaning, Meaning::Calculated(_)) => Ok(Content::Calculated(quantity, number)),
        Ok(number) => Ok(Content::Measured(quantity, number)),
        Err(NoValue::NotANumber) => fault(false, "no number"),
        Err(NoValue::OtherUnit) => fault(false, &format!("not in a unit of {}", quantity.name())),
        Err(NoValue::OutOfRange) => fault(true, "more or less than any meter shows"),
    }
}

impl Draft {
    /// Takes what a field says. What is there already stays, but a time in UTC is better than a local one.
    pub(super) fn put(&mut self, content: Content) {
        match content {
            Content::Measured(quantity, value) => put(&mut self.measured, quantity, value),
            Content::Calculated(quantity, value) => put(&mut self.calculated, quantity, value),
            Content::Time(stamp) => {
                if self.stamp.is_none() || matches!((self.stamp, stamp), (Some(Stamp::Local(_)), Stamp::Utc(_))) {
                    self.stamp = Some(stamp);
                }
            }
            Content::Equipment(equipment) => {
                self.equipment.get_or_insert(equipment);
            }
            Content::Text(code, text) => {
                if self.texts.iter().all(|(known, _)| *known != code) {
                    self.texts.push((code, text));
                }
            }
            Content::Nothing => {}
        }
    }

    /// Takes everything of another part of the same reading.
    pub(super) fn join(&mut self, other: Self) {
        for (quantity, value) in other.measured.iter().flat_map(|values| values.iter()) {
            self.put(Content::Measured(quantity, value));
        }
        for (quantity, value) in other.calculated.iter().flat_map(|values| values.iter()) {
            self.put(Content::Calculated(quantity, value));
        }
        other.stamp.into_iter().for_each(|stamp| self.put(Content::Time(stamp)));
        other.equipment.into_iter().for_each(|equipment| self.put(Content::Equipment(equipment)));
        other.texts.into_iter().for_each(|(code, text)| self.put(Content::Text(code, text)));
    }

    /// Whether a time was among the fields.
    pub(super) fn has_time(&self) -> bool {
        self.stamp.is_some()
    }

    /// The time among the fields.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        self.stamp
    }

    /// Whether there is a momentary value, and a register: nothing more will come.
    pub(super) fn is_whole(&self) -> bool {
        use smarty_p1::Kind;
        let has = |kind| self.measured.as_ref().is_some_and(|values| values.iter().any(|(q, _)| q.kind() == kind));
        has(Kind::Instant) && has(Kind::Register)
    }

    /// The reading; `None` when there is no number in it.
    ///
    /// A calculated value fills what was not measured. Where all of them are 0 the board has started and calculated
    /// nothing yet.
    pub(in crate::intake) fn finish(self) -> Option<Said> {
        let mut values = self.measured.map_or(Values::EMPTY, |values| *values);
        if let Some(calculated) = self.calculated
            && calculated.iter().any(|(_, value)| value != 0)
        {
            for (quantity, value) in calculated.iter() {
                if values.get(quantity).is_none() {
                    values.set(quantity, value);
                }
            }
        }
        if values == Values::EMPTY {
            return None;
        }
        let mut texts: Vec<(String, String)> =
            self.texts.into_iter().map(|(code, text)| (code.to_string(), text)).collect();
        texts.sort();
        Some(Said { values, stamp: self.stamp, equipment: self.equipment, texts })
    }
}

fn put(values: &mut Option<Box<Values>>, quantity: Quantity, value: i64) {
    let values = values.get_or_insert_with(|| Box::new(Values::EMPTY));
    if values.get(quantity).is_none() {
        values.set(quantity, value);
    }
}

/// What programs write where they have no value.
pub(in crate::intake) fn is_absent(text: &str) -> bool {
    let word = text.strip_prefix('-').unwrap_or(text);
    ["", "na", "nan", "inf", "infinity", "ovf", "null", "none", "(null)"]
        .iter()
        .any(|absent| word.eq_ignore_ascii_case(absent))
}

/// An identifier: what can be printed of it.
fn name_of(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(LONGEST_NAME).collect()
}

fn cut(text: &str, longest: usize) -> &str {
    &text[..text.floor_char_boundary(longest)]
}

/// As much of a text as a sentence can hold.
pub(in crate::intake) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown: String =
        text.chars().take(LONGEST).map(|character| if character.is_control() { '\u{b7}' } else { character }).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('\u{2026}');
    }
    shown
}
