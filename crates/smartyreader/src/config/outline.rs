//! Outline: what a configuration sets, without what it says: for somebody else to look at. Only what is on a list is shown.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use toml::{Table, Value};

use super::load::{ConfigError, read};

/// The tables whose sections people name themselves.
const NAMED: [&str; 7] = ["source", "meter", "group", "sensor", "mqtt", "telegram-server", "day-file"];

/// The settings whose texts are words of ours.
const WORDS: [&str; 23] = [
    "kind",
    "preset",
    "format",
    "speed",
    "silence",
    "flush",
    "retention",
    "reserve",
    "max-size",
    "zone",
    "role",
    "counts",
    "level",
    "every",
    "version",
    "discovery",
    "keep-alive",
    "owed-at-most",
    "auth",
    "value",
    "shape",
    "security",
    "quantity",
];

/// Names that people gave, and what they are called here: `meter-1`.
#[derive(Debug, Default)]
pub struct Pseudonyms(BTreeMap<(String, String), String>);

impl Pseudonyms {
    /// What a section is called. `None`: there is none.
    pub fn of(&self, kind: &str, name: &str) -> Option<&str> {
        self.0.get(&(kind.to_string(), name.to_string())).map(String::as_str)
    }

    /// What a setting names: a source, a broker, or what has readings, whatever else has the same name.
    fn named_by(&self, setting: &str, name: &str) -> Option<&str> {
        let kinds: &[&str] = match setting {
            "source" => &["source"],
            "broker" => &["mqtt"],
            _ => &["meter", "group", "sensor"],
        };
        let any = || self.0.iter().find(|((_, known), _)| known == name).map(|(_, pseudonym)| pseudonym.as_str());
        kinds.iter().find_map(|kind| self.of(kind, name)).or_else(any)
    }
}

/// The outline of a text, and the names in it.
///
/// # Errors
/// [`ConfigError::Wrong`], which may repeat what is in the text.
pub fn outline(text: &str) -> Result<(String, Pseudonyms), ConfigError> {
    let table: Table = read(text, "")?;
    let mut names = Pseudonyms::default();
    for kind in NAMED {
        let sections = table.get(kind).and_then(Value::as_table).into_iter().flat_map(Table::keys);
        for (index, name) in sections.enumerate() {
            names.0.insert((kind.into(), name.clone()), format!("{kind}-{}", index + 1));
        }
    }
    let mut lines = String::new();
    tell(&table, "", &names, &mut lines);
    Ok((lines, names))
}

fn tell(table: &Table, path: &str, names: &Pseudonyms, lines: &mut String) {
    let within = path.rsplit('.').next().unwrap_or_default();
    for (index, (key, value)) in table.iter().enumerate() {
        let key = if NAMED.contains(&within) {
            names.of(within, key).map_or_else(|| format!("{within}-{}", index + 1), str::to_string)
        } else if is_setting(key) && within != "devices" {
            key.clone()
        } else {
            format!("{}", index + 1)
        };
        let path = if path.is_empty() { key } else { format!("{path}.{key}") };
        match value {
            Value::Table(table) => tell(table, &path, names, lines),
            Value::Array(values) if values.iter().any(Value::is_table) => {
                for (index, table) in values.iter().filter_map(Value::as_table).enumerate() {
                    tell(table, &format!("{path}.{}", index + 1), names, lines);
                }
            }
            value => {
                let _ = writeln!(lines, "{path} = {}", shown(&path, value, names));
            }
        }
    }
}

/// A name of ours: small letters and single digits.
fn is_setting(key: &str) -> bool {
    key.len() <= 32
        && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !has_number(key)
}

/// Three digits in a row may be a part of an identifier.
fn has_number(text: &str) -> bool {
    text.as_bytes().windows(3).any(|bytes| bytes.iter().all(u8::is_ascii_digit))
}

fn shown(path: &str, value: &Value, names: &Pseudonyms) -> String {
    let key = path.rsplit('.').next().unwrap_or_default();
    match value {
        Value::String(text) => {
            if let Some(name) = names.named_by(key, text) {
                name.into()
            } else if WORDS.contains(&key) && text.len() <= 24 && is_word(text)
                || key == "authentication-key" && ["standard", "none"].contains(&text.as_str())
                || path.contains(".format.") && key == "name" && text.len() <= 24 && is_word(text)
            {
                format!("\"{text}\"")
            } else {
                "(a text)".into()
            }
        }
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(|value| shown(path, value, names)).collect();
            format!("[{}]", values.join(", "))
        }
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(on) => on.to_string(),
        Value::Datetime(_) => "(a date)".into(),
        Value::Table(_) => "(a table)".into(),
    }
}

/// A word of ours, or a number with its unit, `115200` among them.
fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-./_".contains(&byte))
        && (!has_number(text) || text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic()).len() <= 6)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // A test ends where something is not as it must be.
mod tests {
    use super::*;

    #[test]
    fn settings_stand_and_texts_do_not() {
        let text = r#"
            [source.basement]
            kind = "serial"
            device = "/dev/serial/by-id/usb-FTDI_A1B2C3"
            preset = "dsmr-5"
            [meter.miller]
            source = "basement"
            title = "The Millers"
            equipment = ["SAG1030700089067"]
            authentication-key = "00112233445566778899AABBCCDDEEFF"
            max-power = 40
            [meter.miller.devices]
            G0012345 = "Stove"
            [alert.meter.miller]
            voltage = true
            [store]
            flush = "60s"
            [[mqtt.house.format]]
            name = "smartyreader-1.5"
            topic = "miller/p1"
        "#;
        let (lines, names) = outline(text).unwrap();
        let mut lines: Vec<&str> = lines.lines().collect();
        lines.sort_unstable();
        assert_eq!(
            lines,
            [
                "alert.meter.meter-1.voltage = true",
                "meter.meter-1.authentication-key = (a text)",
                "meter.meter-1.devices.1 = (a text)",
                "meter.meter-1.equipment = [(a text)]",
                "meter.meter-1.max-power = 40",
                "meter.meter-1.source = source-1",
                "meter.meter-1.title = (a text)",
                "mqtt.mqtt-1.format.1.name = \"smartyreader-1.5\"",
                "mqtt.mqtt-1.format.1.topic = (a text)",
                "source.source-1.device = (a text)",
                "source.source-1.kind = \"serial\"",
                "source.source-1.preset = \"dsmr-5\"",
                "store.flush = \"60s\"",
            ]
        );
        assert_eq!(names.of("meter", "miller"), Some("meter-1"));
        assert_eq!(names.of("source", "miller"), None);
    }
}
