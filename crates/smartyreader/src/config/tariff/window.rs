//! Time window: days and times of the week as people write them.

use serde::Deserialize;
use smarty_ledger::cost::{Days, Window};

use super::decimal::Euro;

const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A price for some times of the week.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Raw")]
pub struct TimeWindow {
    /// What it is called on a bill.
    pub label: String,
    /// When.
    pub window: Window,
    /// Euro for a kWh.
    pub price: Euro,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Raw {
    name: Option<String>,
    #[serde(default)]
    days: Option<OneOrMany>,
    #[serde(default = "midnight")]
    from: String,
    #[serde(default = "end_of_day")]
    to: String,
    price: Euro,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

fn midnight() -> String {
    "00:00".into()
}

fn end_of_day() -> String {
    "24:00".into()
}

impl TryFrom<Raw> for TimeWindow {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        let texts = match raw.days {
            None => Vec::new(),
            Some(OneOrMany::One(text)) => vec![text],
            Some(OneOrMany::Many(texts)) => texts,
        };
        let mut days = if texts.is_empty() { Days::ALL } else { Days::NONE };
        for text in &texts {
            days = days.and(self::days(text)?);
        }
        let window = Window { days, from: minute(&raw.from)?, to: minute(&raw.to)? };
        let when = format!("{} to {}", raw.from, raw.to);
        let when = if texts.is_empty() { when } else { format!("{} {when}", texts.join(", ")) };
        Ok(Self { label: raw.name.unwrap_or(when), window, price: raw.price })
    }
}

/// `mon`, `mon-fri`, `holiday`, `every-day`.
fn days(text: &str) -> Result<Days, String> {
    let wrong =
        || format!("\"{text}\" are no days; write \"mon\", \"mon-fri\", \"sat-sun\", \"holiday\" or \"every-day\"");
    let place = |name: &str| NAMES.iter().position(|known| *known == name).ok_or_else(wrong);
    match text {
        "holiday" => return Ok(Days::HOLIDAY),
        "every-day" => return Ok(Days::ALL),
        _ => {}
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (place(first)?, place(last)?);
    // "sat-mon" goes on over Sunday.
    let count = (last + 7 - first) % 7 + 1;
    Ok((first..first + count).map(|day| Days::weekday((day % 7) as u8)).fold(Days::NONE, Days::and))
}

/// Minutes since midnight, whole quarter-hours, for nothing finer is measured.
fn minute(text: &str) -> Result<u16, String> {
    let wrong =
        || format!("\"{text}\" is no time of a quarter-hour; write it like \"22:00\" or \"06:15\", at most \"24:00\"");
    let (hours, minutes) = text.split_once(':').filter(|(_, minutes)| minutes.len() == 2).ok_or_else(wrong)?;
    let (hours, minutes): (u16, u16) = (hours.parse().map_err(|_| wrong())?, minutes.parse().map_err(|_| wrong())?);
    let whole = hours.saturating_mul(60).saturating_add(minutes);
    if minutes >= 60 || minutes % 15 != 0 || whole > 1440 { Err(wrong()) } else { Ok(whole) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(text: &str) -> Result<TimeWindow, String> {
        toml::from_str(text).map_err(|error| error.message().to_string())
    }

    #[test]
    fn windows_of_the_week() {
        let night = window("days = \"mon-fri\"\nfrom = \"22:00\"\nto = \"06:00\"\nprice = 0.11\n").unwrap();
        assert_eq!((night.window.from, night.window.to, night.price), (1320, 360, Euro(110_000_000)));
        assert_eq!(night.label, "mon-fri 22:00 to 06:00");
        assert!(night.window.days.contain(Days::weekday(4)) && !night.window.days.contain(Days::weekday(5)));
        let weekend = window("name = \"weekend\"\ndays = [\"sat-sun\", \"holiday\"]\nprice = 1\n").unwrap();
        assert_eq!((weekend.label.as_str(), weekend.window.to), ("weekend", 1440));
        assert!(weekend.window.days.contain(Days::HOLIDAY) && !weekend.window.days.contain(Days::weekday(0)));
        let long = window("days = \"sat-mon\"\nprice = 1\n").unwrap().window.days;
        assert_eq!([5, 6, 0, 1].map(|day| long.contain(Days::weekday(day))), [true, true, true, false]);
        assert_eq!(window("price = 1\n").unwrap().window, Window::ALWAYS);
    }

    #[test]
    fn what_is_no_window_is_told() {
        for (text, words) in [
            ("days = \"workdays\"\nprice = 1\n", "\"workdays\" are no days"),
            ("from = \"22:10\"\nprice = 1\n", "\"22:10\" is no time of a quarter-hour"),
            ("to = \"24:15\"\nprice = 1\n", "\"24:15\""),
            ("from = \"6\"\nprice = 1\n", "\"6\""),
            ("price = \"much\"\n", "no price in euro"),
        ] {
            let sentence = window(text).unwrap_err();
            assert!(sentence.contains(words), "{sentence}");
        }
    }
}
