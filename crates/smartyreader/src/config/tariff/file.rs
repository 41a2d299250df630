//! Tariff file: dated prices with their sources, the program's own and those of the user.

use std::path::Path;

use jiff::civil::Date;
use serde::Deserialize;

use super::decimal::Percent;
use super::price::{Component, Price};
use super::{Day, days, some_day};
use crate::config::load::{ConfigError, read};

/// What the program brings along: name and text.
const OWN: [(&str, &str); 2] = [
    ("luxembourg-2025.toml", include_str!("../../../../../tariffs/luxembourg-2025.toml")),
    ("luxembourg-2026.toml", include_str!("../../../../../tariffs/luxembourg-2026.toml")),
];

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TariffFile {
    /// Which file, for people.
    pub place: String,
    /// What contracts call it; several files of one name follow each other in time.
    pub name: String,
    /// For people.
    pub title: String,
    /// The first day.
    pub from: Date,
    /// The first day that it does not hold any more.
    pub to: Date,
    /// Value added tax where a price says nothing else.
    pub vat: Vat,
    /// Days that are `holiday` in windows of the week.
    pub holidays: Vec<Date>,
    /// The prices.
    pub price: Vec<Price>,
    /// What a bill would need and nobody knows.
    pub unknown: Vec<Unknown>,
}

/// Value added tax.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Vat {
    /// How much.
    pub rate: Percent,
    /// Who says so.
    pub source: String,
    /// Whether the source is the one that counts.
    #[serde(default = "yes")]
    pub certain: bool,
    /// Why it is not certain.
    pub reason: Option<String>,
}

/// A component whose price is not known.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Unknown {
    /// Which.
    pub component: Component,
    /// What is known about it.
    pub reason: String,
    /// The first day. Left out: as the file.
    #[serde(default, deserialize_with = "some_day")]
    pub from: Option<Date>,
    /// The first day on which it is known again.
    #[serde(default, deserialize_with = "some_day")]
    pub to: Option<Date>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Raw {
    name: String,
    title: String,
    from: Day,
    to: Day,
    vat: Vat,
    #[serde(default, deserialize_with = "days")]
    holidays: Vec<Date>,
    #[serde(default)]
    price: Vec<Price>,
    #[serde(default)]
    unknown: Vec<Unknown>,
}

fn yes() -> bool {
    true
}

impl TariffFile {
    /// Reads one; `place` is what errors call it.
    pub(super) fn parse(text: &str, place: &str) -> Result<Self, ConfigError> {
        let raw: Raw = read(text, place)?;
        let file = Self {
            place: place.to_string(),
            name: raw.name,
            title: raw.title,
            from: raw.from.0,
            to: raw.to.0,
            vat: raw.vat,
            holidays: raw.holidays,
            price: raw.price,
            unknown: raw.unknown,
        };
        match file.fault() {
            Some(sentence) => Err(ConfigError::Wrong { place: place.to_string(), sentence }),
            None => Ok(file),
        }
    }

    fn fault(&self) -> Option<String> {
        if self.from >= self.to {
            return Some("`to` is the first day that the tariff does not hold, and comes after `from`".into());
        }
        if let Some(price) = self.price.iter().find(|price| price.source.is_none()) {
            return Some(format!("the price of {} needs `source`: who says so", price.title()));
        }
        if !self.vat.certain && self.vat.reason.is_none() {
            return Some("[vat] is not certain: say why in `reason`".into());
        }
        for (index, price) in self.price.iter().enumerate() {
            let same = self.price[..index].iter().filter(|other| other.is_of_the_same(price));
            let (from, to) = self.days_of(price);
            for other in same {
                let (first, last) = self.days_of(other);
                if from < last && first < to {
                    return Some(format!("two prices of {} hold on {}", price.title(), from.max(first)));
                }
            }
        }
        None
    }

    /// The days of a price, within those of the file: the first, and the first that is not.
    pub fn days_of(&self, price: &Price) -> (Date, Date) {
        within((self.from, self.to), price.from, price.to)
    }
}

/// Days within others.
pub(super) fn within((from, to): (Date, Date), first: Option<Date>, last: Option<Date>) -> (Date, Date) {
    (first.map_or(from, |first| first.max(from)), last.map_or(to, |last| last.min(to)))
}

/// The files of a name, in the order of their days; those of the folder take the place of the program's with the
/// same first day.
pub(super) fn named(name: Option<&str>, folder: Option<&Path>) -> Result<Vec<TariffFile>, ConfigError> {
    let Some(name) = name else { return Ok(Vec::new()) };
    let mut all = folder.map_or(Ok(Vec::new()), of_folder)?;
    for (place, text) in OWN {
        let own = TariffFile::parse(text, place)?;
        if !all.iter().any(|file| file.name == own.name && file.from == own.from) {
            all.push(own);
        }
    }
    let mut names: Vec<String> = all.iter().map(|file| file.name.clone()).collect();
    all.retain(|file| file.name == name);
    all.sort_by_key(|file| file.from);
    if all.is_empty() {
        names.sort();
        names.dedup();
        let sentence = format!("there is no tariff \"{name}\"; there is {}", names.join(", "));
        return Err(ConfigError::Wrong { place: "[tariff]".into(), sentence });
    }
    if let Some(pair) = all.windows(2).find(|pair| pair[0].to > pair[1].from) {
        return Err(ConfigError::Wrong {
            place: pair[1].place.clone(),
            sentence: format!("{} holds on {} too; end it with `to`", pair[0].place, pair[1].from),
        });
    }
    Ok(all)
}

fn of_folder(folder: &Path) -> Result<Vec<TariffFile>, ConfigError> {
    let unreadable = |error| ConfigError::Wrong {
        place: folder.display().to_string(),
        sentence: format!("the folder of tariff files cannot be read: {error}"),
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        let place = path.display().to_string();
        let text = std::fs::read_to_string(&path).map_err(|error| ConfigError::Wrong {
            place: place.clone(),
            sentence: format!("this tariff file cannot be read: {error}"),
        })?;
        let mut file = TariffFile::parse(&text, &place)?;
        for price in &mut file.price {
            price.relate(folder);
        }
        files.push(file);
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::super::price::{Amount, Per};
    use super::super::{Euro, Watts};
    use super::*;

    const HEAD: &str =
        "name = \"x\"\ntitle = \"X\"\nfrom = 2026-01-01\nto = 2027-01-01\n[vat]\nrate = 8\nsource = \"s\"\n";

    fn sentence(rest: &str) -> String {
        TariffFile::parse(&format!("{HEAD}{rest}"), "x.toml").unwrap_err().to_string()
    }

    #[test]
    fn the_programs_own_files_are_good_and_follow_each_other() {
        let files = named(Some("luxembourg"), None).unwrap();
        assert_eq!(files.len(), OWN.len());
        assert!(files.windows(2).all(|pair| pair[0].to == pair[1].from), "no day between them");
        for file in &files {
            for price in &file.price {
                assert!(
                    price.certain || price.reason.as_ref().is_some_and(|reason| reason.len() > 20),
                    "{}",
                    price.title()
                );
            }
        }
    }

    #[test]
    fn the_figures_of_luxembourg() {
        let files = named(Some("luxembourg"), None).unwrap();
        let price = |year: usize, component| {
            let found = files[year].price.iter().find(|price| price.component == component);
            found.unwrap_or_else(|| panic!("{component:?}"))
        };
        let flat = |year, component| match price(year, component).amount {
            Amount::Flat(euro) => euro,
            ref other => panic!("{other:?}"),
        };
        assert_eq!(flat(0, Component::Exceedance), Euro(113_900_000));
        assert_eq!(flat(1, Component::Exceedance), Euro(76_500_000));
        // The kWh beyond is one and a half times the other, in both years.
        assert_eq!(flat(0, Component::NetworkVolumetric), Euro(75_900_000));
        assert_eq!(flat(1, Component::NetworkVolumetric).0 * 3, flat(1, Component::Exceedance).0 * 2);
        let classes = |year| match &price(year, Component::NetworkFixed).amount {
            Amount::ByClass(classes) => classes.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(classes(0)[0], (Watts(3000), Euro(11_110_000_000)));
        assert_eq!(classes(0)[7], (Watts(100_000), Euro(208_800_000_000)));
        assert_eq!(classes(1)[0], (Watts(3000), Euro(7_420_000_000)));
        // A base and so much a kW, to the cent: no figure is mistyped.
        for (year, base, kilowatt) in [(0, 4_996, 2038), (1, 3_355, 1355)] {
            for (power, euro) in classes(year) {
                let line = base * 1_000_000 + kilowatt * 1000 * i64::from(power.0);
                assert!((line - euro.0).abs() <= 12_000_000, "{year}: {power} kW is {euro}, not about {}", Euro(line));
            }
        }
        assert_eq!(price(0, Component::NetworkFixed).per, Per::Month);
    }

    #[test]
    fn faults_are_told_with_file_and_line() {
        assert_eq!(
            sentence("[[price]]\ncomponent = \"enrgy\"\nprice = 1\n"),
            "x.toml, line 9: \"enrgy\" is not possible here, only energy, supplier-fixed, network-fixed, network-volumetric, \
             exceedance, metering, electricity-tax, compensation, other, discount, feed-in; did you mean \"energy\"?"
        );
        for (rest, words) in [
            (
                "[[price]]\ncomponent = \"energy\"\nprise = 1\n",
                "line 10: `prise` is not known here; did you mean `price`?",
            ),
            (
                "[[price]]\ncomponent = \"energy\"\nprice = 0.12345678901\n",
                "line 10: \"0.12345678901\" is no price in euro",
            ),
            ("[[price]]\ncomponent = \"energy\"\n", "line 8: a price of energy is one of"),
            (
                "[[price]]\ncomponent = \"energy\"\nprice = 1\nper = \"kwh-beyond-reference\"\n",
                "line 8: the component exceedance",
            ),
            ("[[price]]\ncomponent = \"metering\"\nby-fuse = { forty = 1 }\n", "line 8: `by-fuse`: \"forty\""),
            (
                "[[price]]\ncomponent = \"network-fixed\"\nby-class = { -3 = 1 }\n",
                "line 8: `by-class`: \"-3\" is no power",
            ),
            (
                "[[price]]\ncomponent = \"metering\"\nwindows = []\n",
                "line 8: a price of metering by the time is for a kWh",
            ),
            (
                "[[price]]\ncomponent = \"energy\"\nprice = 1\nfrom = 2026-02-01\nto = 2026-02-01\n",
                "line 8: this price of energy ends",
            ),
            (
                "[[price]]\ncomponent = \"energy\"\nprice = 1\nfrom = \"soon\"\n",
                "line 11: a day is written like 2026-01-31",
            ),
            (
                "[[price]]\ncomponent = \"energy\"\nprice = 1\ncertain = false\n",
                "line 8: this price of energy is not certain",
            ),
            ("[[price]]\ncomponent = \"energy\"\nprice = 1\n", "x.toml: the price of energy needs `source`"),
            (
                "[[price]]\ncomponent = \"energy\"\nprice = 1\nsource = \"s\"\n[[price]]\ncomponent = \"energy\"\nprice = 2\nsource = \"s\"\nfrom = 2026-07-01\n",
                "x.toml: two prices of energy hold on 2026-07-01",
            ),
        ] {
            let sentence = sentence(rest);
            assert!(sentence.contains(words), "{words}\n{sentence}");
        }
    }

    #[test]
    fn a_file_of_ones_own_takes_the_place_of_the_programs() {
        let folder = std::env::temp_dir().join(format!("smartyreader-tariffs-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let own = HEAD.replace("\"x\"", "\"luxembourg\"");
        std::fs::write(folder.join("mine.toml"), &own).unwrap();
        let files = named(Some("luxembourg"), Some(&folder)).unwrap();
        assert_eq!(files.iter().map(|file| file.price.is_empty()).collect::<Vec<_>>(), [false, true]);
        std::fs::write(folder.join("mine.toml"), own.replace("2026-01-01", "2025-07-01")).unwrap();
        let sentence = named(Some("luxembourg"), Some(&folder)).unwrap_err().to_string();
        assert!(sentence.contains("luxembourg-2025.toml holds on 2025-07-01 too"), "{sentence}");
        let sentence = named(Some("belgium"), Some(&folder)).unwrap_err().to_string();
        assert!(sentence.contains("there is no tariff \"belgium\"; there is luxembourg"), "{sentence}");
        std::fs::remove_dir_all(&folder).unwrap();
        let sentence = named(Some("luxembourg"), Some(&folder)).unwrap_err().to_string();
        assert!(sentence.contains("cannot be read"), "{sentence}");
        assert!(named(None, None).unwrap().is_empty());
    }
}
