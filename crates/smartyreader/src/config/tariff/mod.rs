//! Tariff: what a household's contract says, and the dated files of prices that it refers to.

mod check;
mod decimal;
mod file;
mod price;
mod window;

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Deserialize;

pub(super) use check::check;
pub use decimal::{Euro, Percent, Watts};
pub use file::{TariffFile, Unknown, Vat};
pub use price::{Amount, Component, Per, Price};
pub use window::TimeWindow;

/// `[tariff]` for all meters, `[meter.NAME.tariff]` for one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Tariff {
    /// The name of dated tariff files: network, taxes, levies. Left out: only the prices here.
    pub network: Option<String>,
    /// Tariff files of one's own. Those of the same name and first day take the place of the program's.
    pub folder: Option<PathBuf>,
    /// The first day of the contract. Left out: the first day of the meter's data.
    #[serde(deserialize_with = "some_day")]
    pub from: Option<Date>,
    /// The first day that is not in the contract any more.
    #[serde(deserialize_with = "some_day")]
    pub to: Option<Date>,
    /// The reference power that the network operator has assigned, kW.
    pub reference_power: ReferencePower,
    /// The main fuse, A a phase: what the price of metering depends on.
    pub main_fuse: Option<u16>,
    /// Value added tax where a price and the tariff files say nothing.
    pub vat: Option<Percent>,
    /// Days that are `holiday` in windows of the week.
    #[serde(deserialize_with = "days")]
    pub holidays: Vec<Date>,
    /// Prices of one's own. A component that the tariff files have too is taken from here.
    pub price: Vec<Price>,
}

impl Tariff {
    /// Makes paths relative to a folder.
    pub(super) fn relate(&mut self, folder: &Path) {
        if let Some(own) = &mut self.folder {
            *own = folder.join(&*own);
        }
        for price in &mut self.price {
            price.relate(folder);
        }
    }

    /// The tariff files of this contract by their first days, read anew each time.
    ///
    /// # Errors
    /// [`ConfigError`](super::ConfigError): a file of one's own that cannot be used, or no file of this name.
    pub fn files(&self) -> Result<Vec<TariffFile>, super::ConfigError> {
        file::named(self.network.as_deref(), self.folder.as_deref())
    }

    /// The reference power on a day, W.
    pub fn reference_w(&self, day: Date) -> Option<u32> {
        self.reference_power
            .0
            .iter()
            .rev()
            .find(|(from, _)| from.is_none_or(|from| from <= day))
            .map(|(_, power)| power.0)
    }
}

/// Reference powers with their first days, in order. The first may have held for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReferencePower(pub Vec<(Option<Date>, Watts)>);

impl<'de> Deserialize<'de> for ReferencePower {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReferencePowers)
    }
}

/// One step of a reference power.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    #[serde(deserialize_with = "some_day", default)]
    from: Option<Date>,
    kw: Watts,
}

struct ReferencePowers;

impl<'de> serde::de::Visitor<'de> for ReferencePowers {
    type Value = ReferencePower;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a power in kW such as 3, or a list such as [{ kw = 3 }, { from = 2026-05-01, kw = 7 }]")
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<ReferencePower, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<ReferencePower, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<ReferencePower, E> {
        Ok(ReferencePower(vec![(None, text.parse().map_err(E::custom)?)]))
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<ReferencePower, A::Error> {
        let mut steps: Vec<(Option<Date>, Watts)> = Vec::new();
        while let Some(Step { from, kw }) = list.next_element()? {
            if steps.last().is_some_and(|(before, _)| from.is_none() || *before >= from) {
                return Err(serde::de::Error::custom(
                    "the steps of `reference-power` stand in the order of their days, and only the first may be without `from`",
                ));
            }
            steps.push((from, kw));
        }
        Ok(ReferencePower(steps))
    }
}

/// A date as TOML writes it, 2026-01-31, with or without quotes.
pub(super) struct Day(pub(super) Date);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Plain(toml::value::Datetime),
            Quoted(String),
        }
        let text = match Either::deserialize(deserializer) {
            Ok(Either::Plain(date)) => date.to_string(),
            Ok(Either::Quoted(text)) => text,
            Err(_) => String::new(),
        };
        let date = text.parse().ok().filter(|_| text.len() == 10);
        date.map(Self).ok_or_else(|| serde::de::Error::custom("a day is written like 2026-01-31"))
    }
}

fn some_day<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    Day::deserialize(deserializer).map(|day| Some(day.0))
}

fn days<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Date>, D::Error> {
    let mut days: Vec<Date> = Vec::<Day>::deserialize(deserializer)?.into_iter().map(|day| day.0).collect();
    days.sort_unstable();
    Ok(days)
}
