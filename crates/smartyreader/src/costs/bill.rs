//! Bill: what a span costs, line by line.
//!
//! Rules, so that bills of parts add up to the bill of the whole:
//! - A quarter-hour belongs to the span in which it begins, a gap to the span in which it lies whole.
//! - A fixed price is spread evenly over the days of each month; a day belongs to the span in which it begins.
//! - Nothing is rounded before it is shown.

use smarty_ledger::QUARTER;
use smarty_ledger::cost::{Charged, Clock, Money, Price, Rate, Span, Tally, charge, charge_gap, slots};
use smarty_store::Usage;

use super::contract::Contract;
use super::items::{Charge, Days, EnergyPrice, Item, both};
use super::note::Note;
use super::share::Share;
use super::zone::next;
use crate::config::tariff::Component;

/// What a span costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// First second, UTC, as asked for.
    pub from: i64,
    /// The second after the last, as asked for.
    pub to: i64,
    /// As far as it is counted: the end, or now.
    pub until: i64,
    /// The days of the contract in it.
    pub days: Days,
    /// The lines, in the order of a bill.
    pub lines: Vec<Line>,
    /// The tax by its rates.
    pub taxes: Vec<Taxed>,
    /// Titles of the tariff files.
    pub tariffs: Vec<String>,
    /// The reference power on the last day, W.
    pub reference_w: Option<u32>,
    /// From the grid, those gaps included that lie in it whole. `None`: nothing is known.
    pub import_wh: Option<i64>,
    /// Into the grid, likewise.
    pub export_wh: Option<i64>,
    /// Quarter-hours whose import is known.
    pub known_quarters: i64,
    /// Quarter-hours that it has, as far as it is counted.
    pub quarters: i64,
    /// What else there is to say.
    pub notes: Vec<Note>,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What for.
    pub component: Component,
    /// Which of several of one component.
    pub name: Option<String>,
    /// The times of the week that it is about.
    pub window: Option<String>,
    /// The days that it is about.
    pub days: Days,
    /// How much of it.
    pub quantity: Quantity,
    /// For a kWh, a month or a year; below 0 where it is taken off. By the hour: the mean.
    pub price: Option<Price>,
    /// The price is the mean of many.
    pub is_mean: bool,
    /// The tax is in the price already.
    pub includes_vat: bool,
    /// The reference power that it is for, W.
    pub reference_w: Option<u32>,
    /// Without tax.
    pub net: Money,
    /// The tax on it.
    pub vat: Money,
    /// Hundredths of a percent.
    pub vat_basis_points: u16,
    /// Of it in gaps, Wh.
    pub gap_wh: i64,
    /// The true amount may be more.
    pub at_least: bool,
    /// Who says the price.
    pub source: String,
    /// Whether the source is the one that counts.
    pub certain: bool,
    /// Why it is not, or what else there is to know.
    pub reason: Option<String>,
}

/// How much of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Quarters of a Wh.
    Energy(i64),
    /// Millionths of a month.
    Months(i64),
    /// Millionths of a year.
    Years(i64),
}

/// The amounts under one rate of tax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taxed {
    /// Hundredths of a percent.
    pub basis_points: u16,
    /// Without it.
    pub net: Money,
    /// The tax.
    pub vat: Money,
    /// Who says the rate.
    pub source: String,
    /// Whether the source is the one that counts.
    pub certain: bool,
}

impl Bill {
    /// Works out a span by what the meter metered in it.
    pub fn of(contract: &Contract, usage: &Usage, (from, to): (i64, i64), now: i64) -> Self {
        let zone = contract.zone();
        let latest = usage.last.map_or(now, |last| now.max(last + 1));
        let until = to.min(latest).max(from);
        // Without a first day the contract begins with the meter's first day.
        let first_day = contract.tariff.from.or(usage.first.map(|first| zone.date(first)));
        let begins = first_day.map_or(i64::MAX, |day| zone.midnight(day)).max(from);
        let ends = contract.tariff.to.map_or(until, |day| zone.midnight(day).min(until)).max(begins);
        // A span that begins within a day has its prices from that day on, and the day's fixed part is before it.
        let days = (zone.date(begins.min(until)), zone.date_from(ends.min(until)));
        let mut bill = Self {
            from,
            to,
            until,
            days: if begins < ends { days } else { (days.0, days.0) },
            lines: Vec::new(),
            taxes: Vec::new(),
            tariffs: contract.titles(days),
            reference_w: None,
            import_wh: None,
            export_wh: None,
            known_quarters: 0,
            quarters: 0,
            notes: Vec::new(),
        };
        if begins >= ends {
            return bill;
        }
        bill.reference_w = contract.reference_w(zone.date(ends - 1));
        let (items, notes) = contract.items(days);
        bill.notes = notes;
        let metered = Share::of(usage, (begins, ends), latest);
        bill.import_wh = metered.import();
        bill.export_wh = metered.export();
        (bill.quarters, bill.known_quarters) = metered.quarters(begins, ends);
        let first = usage.first.map_or(days.1, |first| zone.date(first).min(days.1));
        if first > days.0 {
            bill.notes.push(Note::NoReadings { from: days.0, to: first });
        }
        // Within a quarter-hour the next telegram may be on its way.
        if let Some(last) = usage.last.filter(|last| ends - last > QUARTER) {
            bill.notes.push(Note::Silent { since: zone.clock(last) });
        }
        let (import_wh, export_wh) = metered.crossing;
        if (import_wh, export_wh) != (0, 0) {
            bill.notes.push(Note::GapAcrossBorder { import_wh, export_wh });
        }
        let offsets = zone.offsets(begins - 86_400, ends);
        let clock = Clock { offsets: &offsets, holidays: &contract.holidays };
        for group in items.chunk_by(|one, two| one.price.is_of_the_same(two.price)) {
            bill.fixed(contract, group, (begins, ends));
            bill.energy(contract, group, &metered, &clock, (begins, ends));
        }
        bill.sum_up(&items);
        if to > latest && contract.tariff.to.is_none_or(|day| zone.midnight(day) > latest) {
            bill.notes.push(Note::Running);
        }
        let mut told: Vec<Note> = Vec::new();
        for note in std::mem::take(&mut bill.notes) {
            if !told.contains(&note) {
                told.push(note);
            }
        }
        bill.notes = told;
        bill
    }

    /// Nothing of the contract lies in it.
    pub fn is_empty(&self) -> bool {
        self.days.0 >= self.days.1 && self.quarters == 0
    }

    /// Without tax.
    pub fn net(&self) -> Money {
        self.lines.iter().map(|line| line.net).sum()
    }

    /// The tax.
    pub fn vat(&self) -> Money {
        self.lines.iter().map(|line| line.vat).sum()
    }

    /// What is to be paid. Less than nothing: what is paid out.
    pub fn total(&self) -> Money {
        self.net() + self.vat()
    }

    /// Every price is certain, and none is missing.
    pub fn is_certain(&self) -> bool {
        self.lines.iter().all(|line| line.certain)
            && self.taxes.iter().all(|tax| tax.certain)
            && !self.notes.iter().any(Note::makes_it_incomplete)
    }

    /// The true amount may be more.
    pub fn is_lower_bound(&self) -> bool {
        self.lines.iter().any(|line| line.at_least) || self.notes.iter().any(Note::makes_it_a_lower_bound)
    }

    /// It is not over.
    pub fn is_running(&self) -> bool {
        self.notes.contains(&Note::Running)
    }

    /// Energy beyond the reference power, quarters of a Wh, and whether it may be more.
    pub fn exceedance(&self) -> Option<(i64, bool)> {
        let mut lines = self.lines.iter().filter(|line| line.component == Component::Exceedance);
        let first = lines.next()?;
        let energy = |line: &Line| match line.quantity {
            Quantity::Energy(quarter_wh) => quarter_wh,
            Quantity::Months(_) | Quantity::Years(_) => 0,
        };
        Some(lines.fold((energy(first), first.at_least), |(sum, at_least), line| {
            (sum.saturating_add(energy(line)), at_least || line.at_least)
        }))
    }

    /// The lines of prices by time.
    fn fixed(&mut self, contract: &Contract, items: &[Item<'_>], (begins, ends): (i64, i64)) {
        let begun = contract.zone().days(begins, ends);
        for item in items {
            let Charge::Fixed(price, span) = item.charge else { continue };
            let days = both(item.days, begun);
            if days.0 >= days.1 {
                continue;
            }
            let (mut amount, mut share) = (Money::ZERO, Money::ZERO);
            for (count, days_in_month) in months(days) {
                amount += Money::of_days(count, days_in_month, price, span);
                // The same share of a thing that costs a euro says how many of it there are.
                share += Money::of_days(count, days_in_month, Price::nano_euro(1_000_000_000), span);
            }
            let quantity = match span {
                Span::Month => Quantity::Months(share.micro_euro()),
                Span::Year => Quantity::Years(share.micro_euro()),
            };
            self.lines.push(line(item, days, quantity, Some(price), amount));
        }
    }

    /// The lines of prices by energy.
    fn energy(
        &mut self,
        contract: &Contract,
        items: &[Item<'_>],
        metered: &Share<'_>,
        clock: &Clock<'_>,
        (begins, ends): (i64, i64),
    ) {
        let zone = contract.zone();
        let mut charged: Vec<(&Item<'_>, &EnergyPrice<'_>)> = Vec::new();
        let mut rates: Vec<Rate<'_>> = Vec::new();
        for item in items {
            let Charge::Energy(basis, price) = &item.charge else { continue };
            let (from, to) = (zone.midnight(item.days.0).max(begins), zone.midnight(item.days.1).min(ends));
            if from < to {
                charged.push((item, price));
                rates.push(Rate { from, to, basis: *basis, pricing: price.pricing() });
            }
        }
        if rates.is_empty() {
            return;
        }
        let what = items[0].price.words();
        let mut tallies = vec![Tally::default(); slots(&rates)];
        let mut unpriced = charge(&rates, metered.quarters, clock, &mut tallies);
        let (mut across, mut nowhere) = (0, 0);
        for gap in &metered.gaps {
            let wh = if items[0].price.component == Component::FeedIn { gap.export } else { gap.import };
            match charge_gap(&rates, gap, clock, &mut tallies) {
                Charged::Nothing | Charged::Exactly => {}
                Charged::AtLeast => across += wh.unwrap_or(0),
                Charged::Unpriced => nowhere += wh.unwrap_or(0),
            }
        }
        unpriced = unpriced.saturating_add(4 * nowhere);
        if across != 0 {
            self.notes.push(Note::GapAcrossPrices { what: what.clone(), wh: across });
        }
        if unpriced != 0 {
            self.notes.push(Note::Unpriced { what, wh: unpriced / 4 });
        }
        let mut tallies = tallies.into_iter();
        for ((item, price), rate) in charged.into_iter().zip(&rates) {
            let days = (zone.date(rate.from), zone.date_from(rate.to));
            for slot in 0..rate.slots() {
                let Some(tally) = tallies.next() else { return };
                self.lines.push(energy_line(item, price, days, slot, &tally));
            }
            let (all, known) = metered.quarters(rate.from, rate.to);
            if let Some(line) = self.lines.last_mut()
                && line.component == Component::Exceedance
                && known < all
            {
                line.at_least = true;
                self.notes.push(Note::DemandUnknown { from: days.0, to: days.1, quarters: all - known, of: all });
            }
        }
    }

    /// The tax by its rates.
    fn sum_up(&mut self, items: &[Item<'_>]) {
        for line in &self.lines {
            let known = self.taxes.iter_mut().find(|tax| tax.basis_points == line.vat_basis_points);
            if let Some(tax) = known {
                tax.net += line.net;
                tax.vat += line.vat;
                continue;
            }
            let basis_points = line.vat_basis_points;
            let of_item = items.iter().map(|item| item.vat).find(|vat| vat.basis_points == basis_points);
            let (source, certain) = of_item.map_or((String::new(), true), |vat| (vat.source.to_string(), vat.certain));
            self.taxes.push(Taxed { basis_points, net: line.net, vat: line.vat, source, certain });
        }
    }
}

/// The parts of days by months: how many, and how many days the month has.
fn months((from, to): Days) -> Vec<(u32, u32)> {
    let mut parts = Vec::new();
    let mut day = from;
    while day < to {
        let end = next(day.last_of_month()).min(to);
        let count = (end - day).get_days();
        parts.push((count.unsigned_abs(), u32::from(day.days_in_month().unsigned_abs())));
        day = end;
    }
    parts
}

fn energy_line(item: &Item<'_>, price: &EnergyPrice<'_>, days: Days, slot: usize, tally: &Tally) -> Line {
    let paid_out = item.price.component == Component::FeedIn;
    let (window, price, is_mean) = match price {
        EnergyPrice::Flat(price) => (None, Some(*price), false),
        EnergyPrice::Week { labels, windows, otherwise } => match windows.get(slot) {
            Some((_, price)) => (labels.get(slot).map(|label| (*label).to_string()), Some(*price), false),
            None => (Some("all other times".to_string()), *otherwise, false),
        },
        EnergyPrice::Hourly(_) => (None, tally.amount.price_of(tally.quarter_wh), true),
    };
    let price = price.map(|price| if paid_out { Price::nano_euro(-price.as_nano_euro()) } else { price });
    let amount = if paid_out { -tally.amount } else { tally.amount };
    Line {
        window,
        is_mean,
        gap_wh: tally.gap_quarter_wh / 4,
        at_least: tally.at_least_quarter_wh != 0,
        ..line(item, days, Quantity::Energy(tally.quarter_wh), price, amount)
    }
}

fn line(item: &Item<'_>, days: Days, quantity: Quantity, price: Option<Price>, amount: Money) -> Line {
    let rate = item.vat.basis_points;
    let (net, vat) = if item.price.includes_vat {
        (amount - amount.vat_within(rate), amount.vat_within(rate))
    } else {
        (amount, amount.vat(rate))
    };
    let reasons = [item.doubt.as_deref(), item.price.reason.as_deref()];
    let reason: Vec<&str> = reasons.into_iter().flatten().collect();
    Line {
        component: item.price.component,
        name: item.price.name.clone(),
        window: None,
        days,
        quantity,
        price,
        is_mean: false,
        includes_vat: item.price.includes_vat,
        reference_w: item.reference_w,
        net,
        vat,
        vat_basis_points: rate,
        gap_wh: 0,
        at_least: false,
        source: item.source.to_string(),
        certain: item.price.certain && item.doubt.is_none(),
        reason: (!reason.is_empty()).then(|| reason.join(" ")),
    }
}
