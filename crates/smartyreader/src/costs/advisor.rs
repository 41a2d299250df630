//! Advisor: what each reference power would cost in a year, on the household's own quarter-hours.
//!
//! Only what depends on the class is compared: the network's fixed price and the energy beyond the reference power, with
//! the prices of today and their tax; where those are not known yet, as in a January, with the newest that are. Everything
//! else of a bill is the same in each class.

use jiff::civil::Date;
use smarty_ledger::QUARTER;
use smarty_ledger::cost::{Advised, Class, Money, Price, advise, break_even};
use smarty_store::Usage;

use super::contract::Contract;
use super::zone::next;
use crate::config::tariff::{Amount, Component, Euro, Per, Watts};

/// What each reference power would cost in a year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// First second of the quarter-hours that it is by, UTC.
    pub from: i64,
    /// The second after the last.
    pub to: i64,
    /// The day whose prices it is by: today, or the last whose prices are known.
    pub prices_of: Date,
    /// Quarter-hours with a known demand.
    pub known_quarters: u32,
    /// Quarter-hours of a year.
    pub year_quarters: u32,
    /// The highest of them, W.
    pub highest_w: Option<i64>,
    /// A kWh beyond the reference power, without tax.
    pub beyond: Price,
    /// The tax on the fixed price, in hundredths of a percent.
    pub vat_basis_points: u16,
    /// The tax on what goes beyond, in hundredths of a percent.
    pub exceedance_vat_basis_points: u16,
    /// The reference power of the contract, W.
    pub current_w: Option<u32>,
    /// The classes, the lowest first.
    pub steps: Vec<Step>,
    /// Every price is certain.
    pub certain: bool,
    /// Why it cannot be said, or what else there is to know.
    pub notes: Vec<String>,
}

/// One class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The class.
    pub class: Class,
    /// What it would cost, without tax.
    pub advised: Advised,
    /// From how much energy beyond this class a month the next higher one is cheaper, quarters of a Wh.
    pub break_even: Option<i64>,
}

impl Advice {
    /// Works it out by what the meter metered.
    pub fn of(contract: &Contract, usage: &Usage, (from, to): (i64, i64), now: i64) -> Self {
        let zone = contract.zone();
        let today = zone.date(now);
        let year = zone.year_before(to);
        let mut advice = Self {
            from,
            to,
            prices_of: today,
            known_quarters: 0,
            year_quarters: u32::try_from((year.1 - year.0) / QUARTER).unwrap_or(35_040),
            highest_w: usage.quarters.iter().filter_map(|quarter| quarter.import).max().map(|wh| wh.saturating_mul(4)),
            beyond: Price::default(),
            vat_basis_points: 0,
            exceedance_vat_basis_points: 0,
            current_w: contract.reference_w(today),
            steps: Vec::new(),
            certain: true,
            notes: Vec::new(),
        };
        let known = Prices::of(contract, today).or_else(|lack| {
            let newest = contract.last_days().into_iter().rev().filter(|day| lack.is_unknown && *day < today);
            let mut newest = newest.filter_map(|day| Prices::of(contract, day).ok());
            newest.next().ok_or(lack)
        });
        let Prices { day, classes, beyond, vat_basis_points, exceedance_vat_basis_points, certain } = match known {
            Ok(prices) => prices,
            Err(lack) => {
                advice.notes.push(lack.sentence);
                return advice;
            }
        };
        if day != today {
            advice.notes.push(format!(
                "The prices of {today} are not known: those of {day} are the newest that are, and taken for them."
            ));
        }
        advice.prices_of = day;
        advice.beyond = beyond;
        advice.vat_basis_points = vat_basis_points;
        advice.exceedance_vat_basis_points = exceedance_vat_basis_points;
        advice.certain = certain && day == today;
        let mut advised = vec![Advised::default(); classes.len()];
        advice.known_quarters = advise(&classes, beyond, &usage.quarters, advice.year_quarters, &mut advised);
        let above = classes.iter().skip(1).map(Some).chain([None]);
        let steps = (classes.iter().zip(advised).zip(above))
            .map(|((&class, advised), above)| Step {
                class,
                advised,
                break_even: above.and_then(|&above| advice.break_even(class, above)),
            })
            .collect();
        advice.steps = steps;
        if advice.known_quarters == 0 {
            advice
                .notes
                .push("There is no quarter-hour with a known demand yet: only the fixed prices are compared.".into());
        } else if advice.is_scaled() {
            advice.notes.push(format!(
                "The demand of {} of the {} quarter-hours of a year is known. What went beyond was multiplied to a year; \
                 seasons that are missing may be different.",
                advice.known_quarters, advice.year_quarters
            ));
        }
        advice.notes.push(
            "The network operator assigns the reference power from the consumption of the year before. Whether and when a \
             customer may choose another is not written in any source that was found; ask the operator."
                .into(),
        );
        advice
    }

    /// Fewer quarter-hours are known than a year has, and stand for all.
    pub fn is_scaled(&self) -> bool {
        self.known_quarters != 0 && self.known_quarters != self.year_quarters
    }

    /// The class that costs least; of equals the lowest.
    pub fn cheapest(&self) -> Option<&Step> {
        self.steps.iter().min_by_key(|step| self.total(step))
    }

    /// The fixed price of a class for a year, with tax.
    pub fn fixed(&self, step: &Step) -> Money {
        step.advised.fixed + step.advised.fixed.vat(self.vat_basis_points)
    }

    /// What goes beyond a class in a year, with tax.
    pub fn exceedance(&self, step: &Step) -> Money {
        step.advised.exceedance + step.advised.exceedance.vat(self.exceedance_vat_basis_points)
    }

    /// Both together.
    pub fn total(&self, step: &Step) -> Money {
        self.fixed(step) + self.exceedance(step)
    }

    /// By the prices with their taxes. Only their ratio counts, so that they are left in ten-thousandths of a nano-euro.
    fn break_even(&self, lower: Class, higher: Class) -> Option<i64> {
        let taxed = |price: Price, basis_points: u16| {
            Price::nano_euro(price.as_nano_euro().saturating_mul(10_000 + i64::from(basis_points)))
        };
        let class = |class: Class| Class { month: taxed(class.month, self.vat_basis_points), ..class };
        break_even(class(lower), class(higher), taxed(self.beyond, self.exceedance_vat_basis_points))
    }
}

/// What the classes and the energy beyond them cost on a day.
struct Prices {
    day: Date,
    classes: Vec<Class>,
    beyond: Price,
    vat_basis_points: u16,
    exceedance_vat_basis_points: u16,
    certain: bool,
}

/// Why no class can be compared.
struct Lack {
    sentence: String,
    /// Because nobody has told a price, not because it is the same for all.
    is_unknown: bool,
}

impl Prices {
    fn of(contract: &Contract, day: Date) -> Result<Self, Lack> {
        let lack = |is_unknown: bool, what: &str| Lack {
            sentence: format!("On {day} {what}: no class can be compared."),
            is_unknown,
        };
        let days = (day, next(day));
        let (fixed, tax) = contract
            .price_on(Component::NetworkFixed, days)
            .ok_or_else(|| lack(true, "there is no fixed price of the network"))?;
        let Amount::ByClass(table) = &fixed.amount else {
            return Err(lack(false, "the fixed price of the network is the same for each class"));
        };
        let (exceedance, exceedance_tax, beyond) = contract
            .price_on(Component::Exceedance, days)
            .and_then(|(price, tax)| match price.amount {
                Amount::Flat(euro) => Some((price, tax, tax.net(price, euro))),
                _ => None,
            })
            .ok_or_else(|| lack(true, "there is no price of energy beyond the reference power"))?;
        // A year is twelve months; what is less than a nano-euro of a month does not decide anything.
        let monthly = |euro: Euro| if fixed.per == Per::Year { euro.0 / 12 } else { euro.0 };
        let class = |&(power, euro): &(Watts, Euro)| Class {
            reference_w: power.0,
            month: Price::nano_euro(monthly(tax.net(fixed, euro))),
        };
        Ok(Self {
            day,
            classes: table.iter().map(class).collect(),
            beyond: Price::nano_euro(beyond.0),
            vat_basis_points: tax.basis_points,
            exceedance_vat_basis_points: exceedance_tax.basis_points,
            certain: fixed.certain && exceedance.certain && tax.certain && exceedance_tax.certain,
        })
    }
}
