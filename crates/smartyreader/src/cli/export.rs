//! `export`: readings or totals, as CSV or JSON lines, from the database.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};
use smarty_p1::Quantity;
use smarty_store::{Reader, Span};

use super::ConfigFile;
use crate::exit::{Code, Failure};
use crate::observe::now;
use crate::print::Output;
use crate::web::{local, moment, row};

#[derive(Debug, Args)]
pub(super) struct Export {
    #[command(flatten)]
    config: ConfigFile,
    /// Which meter.
    #[arg(long)]
    meter: String,
    /// From this date or time on; from the beginning where not given.
    #[arg(long)]
    from: Option<String>,
    /// Up to this date or time, which is not in it any more; up to now where not given.
    #[arg(long)]
    to: Option<String>,
    /// How fine.
    #[arg(long, value_enum, default_value_t = Resolution::QuarterHours)]
    resolution: Resolution,
    /// As what.
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
    /// Where to; standard output where not given.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Resolution {
    /// Each telegram.
    Raw,
    QuarterHours,
    Hours,
    Days,
    Months,
    Years,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// One line of names, then one line each.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

impl Export {
    pub(super) fn run(self) -> Result<(), Failure> {
        let config = self.config.load()?;
        let zone = config.time_zone();
        let time = |name, text: &Option<String>, default| match text {
            None => Ok(default),
            Some(text) => moment(name, text, &zone).map_err(|sorry| Failure::new(Code::Usage, sorry.sentence())),
        };
        // Not the edges of i64: a year is added to them.
        let (from, to) = (time("from", &self.from, 0)?, time("to", &self.to, 1 << 36)?);
        let reader = Reader::open(&config.store.path)?;
        let mut sheet = self.sheet()?;
        if self.resolution == Resolution::Raw {
            let names: Vec<Quantity> =
                reader.quantities(&self.meter)?.into_iter().map(|known| known.quantity).collect();
            for reading in reader.readings(&self.meter, from, to)? {
                let reading = reading?;
                let mut line = Map::new();
                line.insert("time".into(), json!(reading.time));
                line.insert("local".into(), json!(local(reading.time, &zone)));
                line.insert("equipment".into(), json!(&*reading.segment));
                line.insert("proof".into(), json!(reading.proof.name()));
                for quantity in &names {
                    line.insert(quantity.name().into(), json!(reading.values.get(*quantity)));
                }
                sheet.line(line)?;
            }
        } else {
            let now = now();
            for span in self.spans(&reader, from, to)? {
                if let Ok(Value::Object(mut line)) =
                    serde_json::to_value(row(&span.as_of(now), local(span.start, &zone)))
                {
                    // In JSON it may be left out, in a table each row has every column.
                    if let Format::Csv = self.format {
                        line.entry("running").or_insert(json!(false));
                    }
                    sheet.line(line)?;
                }
            }
        }
        sheet.out.flush().map_err(Failure::from)
    }

    fn spans(&self, reader: &Reader, from: i64, to: i64) -> Result<Vec<Span>, Failure> {
        let meter = self.meter.as_str();
        let spans = match self.resolution {
            Resolution::Raw | Resolution::QuarterHours => reader.quarter_hours(meter, from, to),
            Resolution::Hours => reader.hours(meter, from, to),
            Resolution::Days => reader.days(meter, from, to),
            Resolution::Months => reader.months(meter, from, to),
            Resolution::Years => reader
                .years(meter)
                .map(|years| years.into_iter().filter(|year| year.end > from && year.start < to).collect()),
        };
        spans.map_err(Failure::from)
    }

    fn sheet(&self) -> Result<Sheet, Failure> {
        let out: Box<dyn Write> = match &self.output {
            None => Box::new(Output),
            Some(path) => Box::new(std::fs::File::create(path).map_err(|error| {
                Failure::new(Code::CannotCreate, format!("{} cannot be written: {error}", path.display()))
            })?),
        };
        Ok(Sheet { format: self.format, names: Vec::new(), out: BufWriter::new(out) })
    }
}

struct Sheet {
    format: Format,
    /// The columns of a CSV, from its first line.
    names: Vec<String>,
    out: BufWriter<Box<dyn Write>>,
}

impl Sheet {
    fn line(&mut self, line: Map<String, Value>) -> io::Result<()> {
        if let Format::Jsonl = self.format {
            return writeln!(self.out, "{}", Value::Object(line));
        }
        if self.names.is_empty() {
            self.names = line.keys().cloned().collect();
            writeln!(self.out, "{}", self.names.join(","))?;
        }
        let cells: Vec<String> = self
            .names
            .iter()
            .map(|name| match line.get(name) {
                None | Some(Value::Null) => String::new(),
                Some(Value::String(text)) => cell(text),
                Some(value) => value.to_string(),
            })
            .collect();
        writeln!(self.out, "{}", cells.join(","))
    }
}

/// Quoted where it must be (RFC 4180).
fn cell(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_string() }
}
