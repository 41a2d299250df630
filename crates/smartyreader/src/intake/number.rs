//! Number: what the configuration points to in messages and documents of other programs.
//!
//! The numbers of a meter make one reading: it is complete when all are there, when one comes again with another value, or
//! some seconds after the last ([`assembly`](super::published::assembly)). A document that was asked for is whole.

use smarty_p1::Quantity;

use super::collector::Origin;
use super::published::assembly::Complete;
use super::published::decimal::{self, Decimal, NoValue, Written, possible};
use super::published::draft::{Content, Fault, is_absent, shown};
use super::published::{excerpt, json};
use super::{Arrival, Intake};
use crate::config::{self, Config, Goal};
use crate::observe::{Trouble, count};
use crate::topic;

/// One number, ready to be found.
pub(super) struct Number {
    topic: Option<String>,
    /// As it was written, for sentences.
    pointer: Option<String>,
    path: Vec<String>,
    goal: Goal,
    unit: Option<String>,
    factor: Decimal,
}

impl Number {
    /// Those that a meter takes from a source.
    pub(super) fn all(config: &Config, source: &str, meter: &str) -> Vec<Self> {
        let numbers = config.meter[meter].number.iter();
        numbers.filter(|number| config.source_of_number(meter, number) == Some(source)).map(Self::new).collect()
    }

    fn new(settings: &config::Number) -> Self {
        let unescaped = |part: &str| part.replace("~1", "/").replace("~0", "~");
        Self {
            topic: settings.topic.clone(),
            path: settings.pointer.iter().flat_map(|pointer| pointer.split('/').skip(1)).map(unescaped).collect(),
            pointer: settings.pointer.clone(),
            goal: settings.quantity,
            unit: settings.unit.clone(),
            factor: settings.factor.as_ref().and_then(|factor| Decimal::read(&factor.0)).unwrap_or(Decimal::ONE),
        }
    }

    fn is_on(&self, topic: Option<&str>) -> bool {
        match (topic, &self.topic) {
            (None, _) => true,
            (Some(topic), Some(filter)) => topic::matches(filter, topic),
            (Some(_), None) => false,
        }
    }

    /// The integer in a payload; `None` where the program says that there is none.
    fn read(&self, text: &str) -> Result<Option<i64>, Fault> {
        let (place, found) = match &self.pointer {
            None if text.starts_with(['{', '[']) => {
                return Err(fault("it is JSON, and `pointer` does not say where in it the number is"));
            }
            None => ("the payload".to_string(), Some(json::Value::Bare(text))),
            Some(pointer) => {
                let found = json::at(text, &self.path).map_err(|why| fault(&format!("it {why}")))?;
                (format!("`{}`", shown(pointer)), found)
            }
        };
        let Some(found) = found else { return Err(fault(&format!("there is nothing at {place}"))) };
        let Some(text) = found.text().map(str::trim) else {
            return Err(fault(&format!("{place} is a list or an object, and no number")));
        };
        if is_absent(text) {
            return Ok(None);
        }
        let quantity = self.goal.quantity();
        let written = self.unit.as_deref().map_or(Written::Own, Written::In);
        let value = decimal::signed(text, written, quantity.unit(), self.factor);
        let value = value.and_then(|value| {
            let magnitude = if self.goal == Goal::PowerNet { value.saturating_abs() } else { value };
            if possible(quantity.unit(), magnitude) { Ok(value) } else { Err(NoValue::OutOfRange) }
        });
        value.map(Some).map_err(|why| {
            let what = match why {
                NoValue::NotANumber => "no number".to_string(),
                NoValue::OtherUnit => format!("not in a unit of {}", self.goal.name()),
                NoValue::OutOfRange => format!("no {} that can be", self.goal.name()),
            };
            Fault {
                out_of_range: why == NoValue::OutOfRange,
                sentence: format!("{place} is \"{}\", which is {what}", shown(text)),
            }
        })
    }

    /// What a value is in a reading.
    fn contents(&self, value: i64) -> Vec<(&'static str, Content)> {
        let content = |quantity: Quantity, value| (quantity.name(), Content::Measured(quantity, value));
        match self.goal {
            Goal::Of(quantity) => vec![content(quantity, value)],
            Goal::PowerNet => vec![
                content(Quantity::PowerImport, value.max(0)),
                content(Quantity::PowerExport, value.saturating_neg().max(0)),
            ],
        }
    }
}

fn fault(sentence: &str) -> Fault {
    Fault { out_of_range: false, sentence: sentence.into() }
}

impl Intake {
    /// Takes the numbers that are waited for on a topic; false when none is.
    pub(super) fn numbers(&mut self, topic: &str, payload: &[u8], now: i64, arrivals: &mut Vec<Arrival>) -> bool {
        let Some(faults) = self.find(Some(topic), payload, now, arrivals) else { return false };
        self.judge_faults(topic, &faults, now);
        self.mended(topic, faults.is_empty(), now);
        true
    }

    /// Takes a document that was asked for: all numbers of this source are in it. What is wrong is said of the source.
    pub fn document(&mut self, payload: &[u8], now: i64, arrivals: &mut Vec<Arrival>) {
        self.observer.source(&self.source, |source| {
            source.last_byte = Some(now);
            count(&mut source.counters, "bytes", payload.len() as u64);
            count(&mut source.counters, "documents", 1);
        });
        let faults = self.find(None, payload, now, arrivals).unwrap_or_default();
        for fault in &faults {
            self.count(if fault.out_of_range { "out_of_range" } else { "malformed_fields" });
        }
        match faults.into_iter().next() {
            None => self.observer.clear(&self.subject, &["bad-answer"]),
            Some(Fault { sentence: why, .. }) => {
                let target = self.evidence.target().to_string();
                self.observer.raise(&self.subject, &Trouble::BadAnswer { target, why });
            }
        }
    }

    /// What is wrong with the numbers of a payload; `None` where none is waited for. Those that are right are taken.
    fn find(
        &mut self,
        topic: Option<&str>,
        payload: &[u8],
        now: i64,
        arrivals: &mut Vec<Arrival>,
    ) -> Option<Vec<Fault>> {
        let lossy = String::from_utf8_lossy(payload);
        let text = lossy.trim_matches(|character: char| character.is_whitespace() || character == '\0');
        let mut faults = None;
        let mut done = Vec::new();
        for meter in &self.meters {
            let (name, shown) = (&*meter.name, topic.unwrap_or_default());
            let mut heard = false;
            for number in meter.numbers.iter().filter(|number| number.is_on(topic)) {
                let faults = faults.get_or_insert_with(Vec::new);
                heard = true;
                match number.read(text) {
                    Ok(value) => {
                        for (field, content) in value.iter().flat_map(|value| number.contents(*value)) {
                            self.collector.numbers.field((name, shown), field, content, now, &mut done);
                        }
                    }
                    Err(fault) => faults.push(fault),
                }
            }
            if heard {
                let most = meter.numbers.iter().map(|number| number.goal.count()).sum();
                self.collector.numbers.close(name, most, topic.is_none(), &mut done);
            }
        }
        self.complete_numbers(done, now, arrivals);
        faults
    }

    pub(super) fn complete_numbers(&mut self, done: Vec<Complete>, now: i64, arrivals: &mut Vec<Arrival>) {
        for complete in done {
            let Complete { topic, base, draft, first, last, torn, .. } = complete;
            let Some(index) = self.meters.iter().position(|meter| *meter.name == *base) else { continue };
            if torn {
                self.count("torn_readings");
                continue;
            }
            let Some(mut said) = draft.finish() else { continue };
            if let Some(tank) = &self.meters[index].tank {
                tank.fill(&mut said.values);
            }
            let topic = excerpt(&topic);
            let origin = Origin { topic: &topic, base: &base, first, last, alone: false };
            self.publish_of(index, &origin, said, now, arrivals);
        }
    }
}
