//! Price: one line of a tariff, with its source and how certain it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Deserialize;

use super::decimal::{Euro, Percent, Watts};
use super::some_day;
use super::window::TimeWindow;

/// What a price is for. The same words are used in files, in the API and on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Component {
    /// The supplier's energy.
    Energy,
    /// The supplier's fixed price.
    SupplierFixed,
    /// The network's fixed price, by reference power.
    NetworkFixed,
    /// The network's price for every kWh.
    NetworkVolumetric,
    /// The network's price for every kWh beyond the reference power.
    Exceedance,
    /// The meter's rent, by main fuse.
    Metering,
    /// The tax on electricity.
    ElectricityTax,
    /// The contribution to the compensation mechanism; it can be negative.
    Compensation,
    /// Anything else.
    Other,
    /// What is taken off; a positive price here makes the bill smaller.
    Discount,
    /// What is paid for energy into the grid; a positive price here makes the bill smaller.
    FeedIn,
}

impl Component {
    /// All, in the order of a bill.
    pub const ALL: [Self; 11] = [
        Self::Energy,
        Self::SupplierFixed,
        Self::NetworkFixed,
        Self::NetworkVolumetric,
        Self::Exceedance,
        Self::Metering,
        Self::ElectricityTax,
        Self::Compensation,
        Self::Other,
        Self::Discount,
        Self::FeedIn,
    ];

    /// The word in the file and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Energy => "energy",
            Self::SupplierFixed => "supplier-fixed",
            Self::NetworkFixed => "network-fixed",
            Self::NetworkVolumetric => "network-volumetric",
            Self::Exceedance => "exceedance",
            Self::Metering => "metering",
            Self::ElectricityTax => "electricity-tax",
            Self::Compensation => "compensation",
            Self::Other => "other",
            Self::Discount => "discount",
            Self::FeedIn => "feed-in",
        }
    }

    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Energy => "energy",
            Self::SupplierFixed => "supplier, fixed",
            Self::NetworkFixed => "network, fixed",
            Self::NetworkVolumetric => "network, every kWh",
            Self::Exceedance => "beyond the reference power",
            Self::Metering => "metering",
            Self::ElectricityTax => "electricity tax",
            Self::Compensation => "compensation mechanism",
            Self::Other => "other",
            Self::Discount => "discount",
            Self::FeedIn => "feed-in",
        }
    }

    /// Whether there may be several of it at once, told apart by their names.
    const fn may_be_many(self) -> bool {
        matches!(self, Self::Other | Self::Discount | Self::Energy | Self::FeedIn)
    }

    const fn usual_unit(self) -> Per {
        match self {
            Self::SupplierFixed | Self::NetworkFixed | Self::Metering | Self::Discount => Per::Month,
            Self::Exceedance => Per::KwhBeyondReference,
            Self::FeedIn => Per::KwhExported,
            Self::Energy | Self::NetworkVolumetric | Self::ElectricityTax | Self::Compensation | Self::Other => {
                Per::Kwh
            }
        }
    }
}

/// What a price is a price of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Per {
    /// A kWh from the grid.
    Kwh,
    /// A kWh into the grid.
    KwhExported,
    /// A kWh from the grid beyond the reference power, by quarter-hours.
    KwhBeyondReference,
    /// A calendar month.
    Month,
    /// Twelve months.
    Year,
}

/// How much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Amount {
    /// One price.
    Flat(Euro),
    /// By reference power.
    ByClass(Vec<(Watts, Euro)>),
    /// By main fuse: up to so many A a phase.
    ByFuse(Vec<(u16, Euro)>),
    /// By the time of the week, and at all other times.
    Week(Vec<TimeWindow>, Option<Euro>),
    /// By the hour, from a file.
    Hourly(PathBuf),
}

/// One line of a tariff.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Raw")]
pub struct Price {
    /// What for.
    pub component: Component,
    /// Which of several of one component.
    pub name: Option<String>,
    /// Of what.
    pub per: Per,
    /// How much.
    pub amount: Amount,
    /// The first day. Left out: as its file or contract.
    pub from: Option<Date>,
    /// The first day that it does not hold any more.
    pub to: Option<Date>,
    /// Value added tax of its own.
    pub vat: Option<Percent>,
    /// The tax is in the price already.
    pub includes_vat: bool,
    /// Who says so.
    pub source: Option<String>,
    /// Whether the source is the one that counts.
    pub certain: bool,
    /// Why it is not certain, or what else there is to know.
    pub reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Raw {
    component: Component,
    name: Option<String>,
    per: Option<Per>,
    price: Option<Euro>,
    by_class: Option<BTreeMap<String, Euro>>,
    by_fuse: Option<BTreeMap<String, Euro>>,
    windows: Option<Vec<TimeWindow>>,
    hourly: Option<PathBuf>,
    #[serde(default, deserialize_with = "some_day")]
    from: Option<Date>,
    #[serde(default, deserialize_with = "some_day")]
    to: Option<Date>,
    vat: Option<Percent>,
    #[serde(default)]
    includes_vat: bool,
    source: Option<String>,
    #[serde(default = "yes")]
    certain: bool,
    reason: Option<String>,
}

fn yes() -> bool {
    true
}

impl TryFrom<Raw> for Price {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        let component = raw.component;
        let what = component.name();
        let per = raw.per.unwrap_or(component.usual_unit());
        let by_time = raw.windows.is_some() || raw.hourly.is_some();
        let amount = match (raw.price, raw.by_class, raw.by_fuse, raw.windows, raw.hourly) {
            (Some(price), None, None, None, None) => Amount::Flat(price),
            (None, Some(classes), None, None, None) => {
                let read = |text: &str| text.parse::<Watts>().map_err(|error| format!("`by-class`: {error}"));
                Amount::ByClass(table(classes, read)?)
            }
            (None, None, Some(fuses), None, None) => {
                let read = |text: &str| {
                    text.parse().map_err(|_| format!("`by-fuse`: \"{text}\" is no whole number of amperes"))
                };
                Amount::ByFuse(table(fuses, read)?)
            }
            (otherwise, None, None, Some(windows), None) => Amount::Week(windows, otherwise),
            (None, None, None, None, Some(file)) => Amount::Hourly(file),
            _ => {
                return Err(format!(
                    "a price of {what} is one of `price`, `by-class`, `by-fuse`, `hourly`, or `windows` with a `price` for all other times"
                ));
            }
        };
        let energy = matches!(per, Per::Kwh | Per::KwhExported);
        if by_time && !energy {
            return Err(format!("a price of {what} by the time is for a kWh: `per` is \"kwh\" or \"kwh-exported\""));
        }
        if matches!(amount, Amount::ByClass(_) | Amount::ByFuse(_)) && !matches!(per, Per::Month | Per::Year) {
            return Err(format!("a price of {what} by class or by fuse is fixed: `per` is \"month\" or \"year\""));
        }
        if (component == Component::Exceedance) != (per == Per::KwhBeyondReference) {
            return Err("the component exceedance, and no other, is `per` \"kwh-beyond-reference\"".into());
        }
        if (component == Component::FeedIn) != (per == Per::KwhExported) {
            return Err("the component feed-in, and no other, is `per` \"kwh-exported\"".into());
        }
        if raw.name.is_some() && !component.may_be_many() {
            return Err(format!(
                "there is one price of {what} at a time: `name` is for energy, feed-in, discount and other"
            ));
        }
        if raw.from.zip(raw.to).is_some_and(|(from, to)| from >= to) {
            return Err(format!(
                "this price of {what} ends before it begins: `to` is the first day that it does not hold"
            ));
        }
        if !raw.certain && raw.reason.is_none() {
            return Err(format!("this price of {what} is not certain: say why in `reason`"));
        }
        Ok(Self {
            component,
            name: raw.name,
            per,
            amount,
            from: raw.from,
            to: raw.to,
            vat: raw.vat,
            includes_vat: raw.includes_vat,
            source: raw.source,
            certain: raw.certain,
            reason: raw.reason,
        })
    }
}

/// A table by a number that stands as text in the file, in the order of the numbers.
fn table<K: Ord>(
    texts: BTreeMap<String, Euro>,
    read: impl Fn(&str) -> Result<K, String>,
) -> Result<Vec<(K, Euro)>, String> {
    let mut table =
        texts.into_iter().map(|(key, price)| Ok((read(&key)?, price))).collect::<Result<Vec<_>, String>>()?;
    table.sort_by(|(one, _), (two, _)| one.cmp(two));
    Ok(table)
}

impl Price {
    pub(super) fn relate(&mut self, folder: &Path) {
        if let Amount::Hourly(file) = &mut self.amount {
            *file = folder.join(&*file);
        }
    }

    /// Two prices of the same cannot hold at the same time.
    pub fn is_of_the_same(&self, other: &Self) -> bool {
        self.component == other.component && self.name == other.name
    }

    /// What it is called on a bill: its component, and its name where it has one.
    pub fn words(&self) -> String {
        match &self.name {
            Some(name) => format!("{} ({name})", self.component.words()),
            None => self.component.words().into(),
        }
    }

    /// What it is called where the configuration is spoken of: its component, and its name where it has one.
    pub fn title(&self) -> String {
        match &self.name {
            Some(name) => format!("{} ({name})", self.component.name()),
            None => self.component.name().into(),
        }
    }
}
