//! Items: which price holds on which days, once contract, tariff files, reference powers and taxes are laid over each other.

use jiff::civil::Date;
use smarty_ledger::cost::{Basis, Price, Pricing, Span, Window};

use super::contract::Contract;
use super::note::Note;
use crate::config::tariff::{self, Amount, Component, Euro, Per, TariffFile};

/// Days: the first, and the first that is not among them.
pub(super) type Days = (Date, Date);

/// One price on some days.
#[derive(Clone, Debug)]
pub(super) struct Item<'a> {
    pub(super) price: &'a tariff::Price,
    pub(super) days: Days,
    pub(super) charge: Charge<'a>,
    /// The class whose price it is.
    pub(super) reference_w: Option<u32>,
    pub(super) vat: Tax<'a>,
    pub(super) source: &'a str,
    /// Why it is not certain here, besides what the file says.
    pub(super) doubt: Option<String>,
}

/// How it is charged.
#[derive(Clone, Debug)]
pub(super) enum Charge<'a> {
    /// By the days of a month.
    Fixed(Price, Span),
    /// By energy.
    Energy(Basis, EnergyPrice<'a>),
}

/// The price of a kWh.
#[derive(Clone, Debug)]
pub(super) enum EnergyPrice<'a> {
    Flat(Price),
    Week { labels: Vec<&'a str>, windows: Vec<(Window, Price)>, otherwise: Option<Price> },
    Hourly(&'a [(i64, Price)]),
}

impl EnergyPrice<'_> {
    pub(super) fn pricing(&self) -> Pricing<'_> {
        match self {
            Self::Flat(price) => Pricing::Flat(*price),
            Self::Week { windows, otherwise, .. } => Pricing::Week { windows, otherwise: *otherwise },
            Self::Hourly(hours) => Pricing::Hourly(hours),
        }
    }
}

/// Value added tax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tax<'a> {
    pub(super) basis_points: u16,
    pub(super) source: &'a str,
    pub(super) certain: bool,
}

impl Tax<'_> {
    /// An amount of a price without the tax, which may be in it already, to the nearest nano-euro.
    pub(super) fn net(&self, price: &tariff::Price, euro: Euro) -> Euro {
        if !price.includes_vat {
            return euro;
        }
        let (whole, part) = (i128::from(euro.0) * 10_000, 10_000 + i128::from(self.basis_points));
        let nano = (whole + whole.signum() * (part / 2)) / part;
        // No further from zero than it was.
        Euro(i64::try_from(nano).unwrap_or(euro.0))
    }
}

/// Who says what the user's own prices are.
const CONFIGURATION: &str = "your configuration";

impl Contract {
    /// Every price that holds on some of these days, in the order of a bill, and what is missing.
    pub(super) fn items(&self, days: Days) -> (Vec<Item<'_>>, Vec<Note>) {
        let mut notes = Vec::new();
        let mut items = Vec::new();
        for (price, days, source) in self.prices(days) {
            for (days, vat) in self.taxes(price, days) {
                self.resolve(price, days, source, vat, &mut items, &mut notes);
            }
        }
        // Those of one component and name follow each other in time.
        items.sort_by(|one, two| {
            let key = |item: &Item<'_>| (item.price.component, item.price.name.clone(), item.days);
            key(one).cmp(&key(two))
        });
        self.missing(days, &mut notes);
        (items, notes)
    }

    /// The user's own prices, and those of the files where the user has none of the same.
    fn prices(&self, days: Days) -> Vec<(&tariff::Price, Days, &str)> {
        let own = self.own(days);
        let mut found: Vec<(&tariff::Price, Days, &str)> =
            own.iter().map(|&(price, days)| (price, days, price.source.as_deref().unwrap_or(CONFIGURATION))).collect();
        for file in &self.files {
            for price in &file.price {
                let taken: Vec<Days> =
                    own.iter().filter(|(other, _)| other.is_of_the_same(price)).map(|&(_, days)| days).collect();
                let source = price.source.as_deref().unwrap_or(&file.place);
                for days in without(both(file.days_of(price), days), &taken) {
                    found.push((price, days, source));
                }
            }
        }
        found
    }

    /// The price of a component on some days, if there is one for all of them: the user's own, or that of a file.
    pub(super) fn price_on(&self, component: Component, days: Days) -> Option<(&tariff::Price, Tax<'_>)> {
        let found =
            self.prices(days).into_iter().find(|(price, held, _)| price.component == component && *held == days);
        found.and_then(|(price, ..)| self.taxes(price, days).first().map(|&(_, tax)| (price, tax)))
    }

    fn own(&self, days: Days) -> Vec<(&tariff::Price, Days)> {
        let within =
            |price: &tariff::Price| both((price.from.unwrap_or(Date::MIN), price.to.unwrap_or(Date::MAX)), days);
        self.tariff.price.iter().map(|price| (price, within(price))).filter(|(_, (from, to))| from < to).collect()
    }

    /// The tax on a price, in pieces of the days on which it is the same.
    fn taxes<'a>(&'a self, price: &'a tariff::Price, days: Days) -> Vec<(Days, Tax<'a>)> {
        let own = |basis_points| Tax { basis_points, source: CONFIGURATION, certain: true };
        if let Some(vat) = price.vat {
            return vec![(days, own(vat.0))];
        }
        // A household that is paid for its export adds no tax to it; one that does says so.
        if price.component == Component::FeedIn {
            return vec![(days, own(0))];
        }
        let of_file = |file: &'a TariffFile| Tax {
            basis_points: file.vat.rate.0,
            source: &file.vat.source,
            certain: file.vat.certain,
        };
        let mut pieces: Vec<(Days, Tax<'a>)> = self
            .files
            .iter()
            .map(|file| (both((file.from, file.to), days), of_file(file)))
            .filter(|((from, to), _)| from < to)
            .collect();
        let covered: Vec<Days> = pieces.iter().map(|&(days, _)| days).collect();
        let otherwise = own(self.tariff.vat.map_or(0, |vat| vat.0));
        pieces.extend(without(days, &covered).into_iter().map(|days| (days, otherwise)));
        pieces.sort_by_key(|&(days, _)| days);
        let mut merged: Vec<(Days, Tax<'a>)> = Vec::new();
        for (days, tax) in pieces {
            match merged.last_mut() {
                Some((before, same)) if same.basis_points == tax.basis_points && before.1 == days.0 => {
                    before.1 = days.1;
                }
                _ => merged.push((days, tax)),
            }
        }
        merged
    }

    /// Makes items of a price: one for each reference power where it depends on it.
    fn resolve<'a>(
        &'a self,
        price: &'a tariff::Price,
        days: Days,
        source: &'a str,
        vat: Tax<'a>,
        items: &mut Vec<Item<'a>>,
        notes: &mut Vec<Note>,
    ) {
        let mut add = |days, reference_w, charge, doubt| {
            items.push(Item { price, days, charge, reference_w, vat, source, doubt });
        };
        let missing = |sentence: String| Note::Missing { sentence, may_be_less: false };
        let (from, to) = days;
        match &price.amount {
            Amount::ByClass(classes) => {
                for (days, power) in self.powers(days) {
                    let Some(power) = power else {
                        notes.push(missing(format!(
                            "Not counted from {} up to {}: {}, for `reference-power` is not set.",
                            days.0,
                            days.1,
                            price.words()
                        )));
                        continue;
                    };
                    let found = classes.iter().find(|(class, _)| class.0 == power);
                    if let Some((_, euro)) = found {
                        add(days, Some(power), fixed(price, *euro), None);
                    } else {
                        notes.push(missing(format!(
                            "Not counted from {} up to {}: {}, for the tariff has no class of {} kW.",
                            days.0,
                            days.1,
                            price.words(),
                            tariff::Watts(power)
                        )));
                    }
                }
            }
            Amount::ByFuse(fuses) => {
                let wanted = self.tariff.main_fuse;
                match fuses.iter().find(|(most, _)| wanted.unwrap_or(0) <= *most) {
                    Some((most, euro)) => {
                        let doubt = wanted
                            .is_none()
                            .then(|| format!("`main-fuse` is not set: taken for a main fuse of up to {most} A."));
                        add(days, None, fixed(price, *euro), doubt);
                    }
                    None => notes.push(missing(format!(
                        "Not counted from {from} up to {to}: {}, for the tariff ends at {} A.",
                        price.words(),
                        fuses.last().map_or(0, |(most, _)| *most)
                    ))),
                }
            }
            Amount::Flat(euro) if price.component == Component::Exceedance => {
                for (days, power) in self.powers(days) {
                    match power {
                        Some(reference_w) => {
                            let charge =
                                Charge::Energy(Basis::Excess { reference_w }, EnergyPrice::Flat(nano(price, *euro)));
                            add(days, Some(reference_w), charge, None);
                        }
                        None => notes.push(missing(format!(
                            "Not counted from {} up to {}: {}, for `reference-power` is not set.",
                            days.0,
                            days.1,
                            price.words()
                        ))),
                    }
                }
            }
            Amount::Flat(euro) => {
                let charge = match basis(price.per) {
                    None => fixed(price, *euro),
                    Some(basis) => Charge::Energy(basis, EnergyPrice::Flat(nano(price, *euro))),
                };
                add(days, None, charge, None);
            }
            Amount::Week(windows, otherwise) => {
                let week = EnergyPrice::Week {
                    labels: windows.iter().map(|window| window.label.as_str()).collect(),
                    windows: windows.iter().map(|window| (window.window, nano(price, window.price))).collect(),
                    otherwise: otherwise.map(|euro| nano(price, euro)),
                };
                add(days, None, Charge::Energy(basis(price.per).unwrap_or(Basis::Import), week), None);
            }
            Amount::Hourly(path) => match self.hours.get(path) {
                Some(Ok(hours)) => {
                    let charge = Charge::Energy(basis(price.per).unwrap_or(Basis::Import), EnergyPrice::Hourly(hours));
                    add(days, None, charge, None);
                }
                Some(Err(sentence)) => notes.push(Note::HourlyFile { sentence: sentence.clone() }),
                None => {}
            },
        }
    }

    /// The reference power in pieces of the days.
    fn powers(&self, days: Days) -> Vec<(Days, Option<u32>)> {
        let mut borders: Vec<Date> = vec![days.0, days.1];
        borders.extend(self.tariff.reference_power.0.iter().filter_map(|(from, _)| *from));
        borders.retain(|day| (days.0..=days.1).contains(day));
        borders.sort_unstable();
        borders.dedup();
        borders.windows(2).map(|pair| ((pair[0], pair[1]), self.tariff.reference_w(pair[0]))).collect()
    }

    /// What nobody has a price for.
    fn missing(&self, days: Days, notes: &mut Vec<Note>) {
        let own = self.own(days);
        let mut tell = |(from, to): Days, what: &str, may_be_less: bool| {
            let sentence = format!("Not counted from {from} up to {to}: {what}");
            notes.push(Note::Missing { sentence, may_be_less });
        };
        for file in &self.files {
            for unknown in &file.unknown {
                let taken: Vec<Days> = own
                    .iter()
                    .filter(|(price, _)| price.component == unknown.component)
                    .map(|&(_, days)| days)
                    .collect();
                let span =
                    both((unknown.from.unwrap_or(file.from), unknown.to.unwrap_or(file.to)), (file.from, file.to));
                for piece in without(both(span, days), &taken) {
                    tell(piece, &format!("{}. {}", unknown.component.words(), unknown.reason), true);
                }
            }
        }
        if let Some(name) = &self.tariff.network {
            let covered: Vec<Days> = self.files.iter().map(|file| (file.from, file.to)).collect();
            for piece in without(days, &covered) {
                tell(
                    piece,
                    &format!(
                        "network, taxes and levies, for no tariff file \"{name}\" holds on these days. A newer version of this program may have one; you can write your own, too."
                    ),
                    false,
                );
            }
        }
        let energy: Vec<Days> = self
            .prices(days)
            .into_iter()
            .filter(|(price, ..)| price.component == Component::Energy)
            .map(|(_, days, _)| days)
            .collect();
        for piece in without(days, &energy) {
            tell(piece, "the supplier's energy, for there is no [[tariff.price]] with component = \"energy\".", false);
        }
    }
}

/// A discount makes the bill smaller. What is paid for export too, but the ledger wants to see it as it is paid.
fn nano(price: &tariff::Price, euro: tariff::Euro) -> Price {
    Price::nano_euro(if price.component == Component::Discount { -euro.0 } else { euro.0 })
}

fn fixed(price: &tariff::Price, euro: tariff::Euro) -> Charge<'static> {
    Charge::Fixed(nano(price, euro), if price.per == Per::Year { Span::Year } else { Span::Month })
}

fn basis(per: Per) -> Option<Basis> {
    match per {
        Per::Kwh | Per::KwhBeyondReference => Some(Basis::Import),
        Per::KwhExported => Some(Basis::Export),
        Per::Month | Per::Year => None,
    }
}

/// The days that are in both; empty ones begin where they end.
pub(super) fn both(one: Days, two: Days) -> Days {
    let from = one.0.max(two.0);
    (from, one.1.min(two.1).max(from))
}

/// Days without others, in order.
fn without((from, to): Days, others: &[Days]) -> Vec<Days> {
    let mut others = others.to_vec();
    others.sort_unstable();
    let mut rest = Vec::new();
    let mut at = from;
    for (first, last) in others {
        if first > at && at < to {
            rest.push((at, first.min(to)));
        }
        at = at.max(last);
    }
    if at < to {
        rest.push((at, to));
    }
    rest
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn days_without_others() {
        let day = |day: i8| Date::new(2026, 1, day).unwrap();
        let span = |from, to| (day(from), day(to));
        assert_eq!(without(span(1, 10), &[]), [span(1, 10)]);
        assert_eq!(without(span(1, 10), &[span(3, 5), span(4, 6), span(9, 20)]), [span(1, 3), span(6, 9)]);
        assert_eq!(without(span(5, 10), &[span(1, 5)]), [span(5, 10)]);
        assert_eq!(without(span(5, 10), &[span(12, 15)]), [span(5, 10)]);
        assert_eq!(without(span(5, 10), &[span(1, 20)]), []);
        assert_eq!(without(span(5, 5), &[]), []);
        assert_eq!(both(span(1, 3), span(5, 9)), span(5, 5));
    }
}
