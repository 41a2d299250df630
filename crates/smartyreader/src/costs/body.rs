//! Body: bills and advice as the API and the command line write them. Integers, with the unit in the name.

use std::collections::BTreeMap;

use serde::Serialize;
use smarty_ledger::cost::Money;

use super::advisor::{Advice, Step};
use super::bill::{Bill, Line, Quantity};
use super::note::Note;

/// The tariff files are Luxembourg's, and so are all names here.
const CURRENCY: &str = "EUR";

/// A whole bill.
#[derive(Debug, Serialize)]
pub struct BillBody {
    meter: String,
    from: i64,
    to: i64,
    until: i64,
    running: bool,
    currency: &'static str,
    tariffs: Vec<String>,
    reference_power_w: Option<u32>,
    energy_import_wh: Option<i64>,
    energy_export_wh: Option<i64>,
    quarter_hours: i64,
    quarter_hours_known: i64,
    net_micro_eur: i64,
    vat_micro_eur: i64,
    total_micro_eur: i64,
    total_cent: i64,
    certain: bool,
    lower_bound: bool,
    lines: Vec<LineBody>,
    vat: Vec<TaxBody>,
    notes: Vec<NoteBody>,
}

#[derive(Debug, Serialize)]
struct LineBody {
    component: &'static str,
    name: Option<String>,
    window: Option<String>,
    from: String,
    to: String,
    quantity_milli: i64,
    unit: &'static str,
    price_nano_eur: Option<i64>,
    mean_price: bool,
    price_includes_vat: bool,
    reference_power_w: Option<u32>,
    net_micro_eur: i64,
    vat_basis_points: u16,
    vat_micro_eur: i64,
    gap_wh: i64,
    lower_bound: bool,
    source: String,
    certain: bool,
    reason: Option<String>,
}

#[derive(Debug, Serialize)]
struct TaxBody {
    basis_points: u16,
    net_micro_eur: i64,
    vat_micro_eur: i64,
    source: String,
    certain: bool,
}

#[derive(Debug, Serialize)]
struct NoteBody {
    code: &'static str,
    sentence: String,
}

/// A day, month or year of a list.
#[derive(Debug, Serialize)]
pub struct Entry {
    start: i64,
    end: i64,
    local: String,
    running: bool,
    energy_import_wh: Option<i64>,
    energy_export_wh: Option<i64>,
    exceedance_wh: Option<i64>,
    quarter_hours: i64,
    quarter_hours_known: i64,
    total_micro_eur: i64,
    components: BTreeMap<&'static str, i64>,
    certain: bool,
    lower_bound: bool,
}

/// What each reference power would cost.
#[derive(Debug, Serialize)]
pub struct AdviceBody {
    meter: String,
    from: i64,
    to: i64,
    currency: &'static str,
    prices_of: String,
    quarter_hours_of_a_year: u32,
    quarter_hours_known: u32,
    scaled: bool,
    peak_import_w: Option<i64>,
    exceedance_price_nano_eur: i64,
    vat_basis_points: u16,
    exceedance_vat_basis_points: u16,
    reference_power_w: Option<u32>,
    cheapest_reference_power_w: Option<u32>,
    saving_micro_eur: Option<i64>,
    certain: bool,
    classes: Vec<ClassBody>,
    notes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ClassBody {
    reference_power_w: u32,
    fixed_month_nano_eur: i64,
    fixed_micro_eur: i64,
    exceedance_wh: i64,
    exceedance_micro_eur: i64,
    total_micro_eur: i64,
    break_even_month_wh: Option<i64>,
}

impl BillBody {
    /// Of a meter.
    pub fn new(meter: &str, bill: &Bill) -> Self {
        Self {
            meter: meter.to_string(),
            from: bill.from,
            to: bill.to,
            until: bill.until,
            running: bill.is_running(),
            currency: CURRENCY,
            tariffs: bill.tariffs.clone(),
            reference_power_w: bill.reference_w,
            energy_import_wh: bill.import_wh,
            energy_export_wh: bill.export_wh,
            quarter_hours: bill.quarters,
            quarter_hours_known: bill.known_quarters,
            net_micro_eur: bill.net().micro_euro(),
            vat_micro_eur: bill.vat().micro_euro(),
            total_micro_eur: bill.total().micro_euro(),
            total_cent: bill.total().cents(),
            certain: bill.is_certain(),
            lower_bound: bill.is_lower_bound(),
            lines: bill.lines.iter().map(line).collect(),
            vat: bill
                .taxes
                .iter()
                .map(|tax| TaxBody {
                    basis_points: tax.basis_points,
                    net_micro_eur: tax.net.micro_euro(),
                    vat_micro_eur: tax.vat.micro_euro(),
                    source: tax.source.clone(),
                    certain: tax.certain,
                })
                .collect(),
            notes: bill.notes.iter().map(note).collect(),
        }
    }
}

fn note(note: &Note) -> NoteBody {
    NoteBody { code: note.code(), sentence: note.sentence() }
}

fn line(line: &Line) -> LineBody {
    LineBody {
        component: line.component.name(),
        name: line.name.clone(),
        window: line.window.clone(),
        from: line.days.0.to_string(),
        to: line.days.1.to_string(),
        quantity_milli: line.quantity.milli(),
        unit: line.quantity.unit(),
        price_nano_eur: line.price.map(smarty_ledger::cost::Price::as_nano_euro),
        mean_price: line.is_mean,
        price_includes_vat: line.includes_vat,
        reference_power_w: line.reference_w,
        net_micro_eur: line.net.micro_euro(),
        vat_basis_points: line.vat_basis_points,
        vat_micro_eur: line.vat.micro_euro(),
        gap_wh: line.gap_wh,
        lower_bound: line.at_least,
        source: line.source.clone(),
        certain: line.certain,
        reason: line.reason.clone(),
    }
}

impl Quantity {
    /// Thousandths of the unit: Wh, or thousandths of a month. Half up.
    pub const fn milli(self) -> i64 {
        match self {
            Self::Energy(quarter_wh) => (quarter_wh.saturating_add(2)).div_euclid(4),
            Self::Months(millionths) | Self::Years(millionths) => (millionths.saturating_add(500)).div_euclid(1000),
        }
    }

    /// What a price is for.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Energy(_) => "kWh",
            Self::Months(_) => "month",
            Self::Years(_) => "year",
        }
    }
}

impl Bill {
    /// Energy beyond the reference power, Wh.
    pub fn exceedance_wh(&self) -> Option<i64> {
        self.exceedance().map(|(quarter_wh, _)| Quantity::Energy(quarter_wh).milli())
    }

    /// What each component costs with tax, millionths of a euro, in the order of a bill.
    pub fn components(&self) -> Vec<(&'static str, i64)> {
        let amount = |lines: &[Line]| lines.iter().map(|line| line.net + line.vat).sum::<Money>().micro_euro();
        let of_one = self.lines.chunk_by(|one, two| one.component == two.component);
        of_one.map(|lines| (lines[0].component.name(), amount(lines))).collect()
    }
}

impl Entry {
    /// Of a list; `local` is its start as people write it.
    pub fn new(bill: &Bill, local: String) -> Self {
        Self {
            start: bill.from,
            end: bill.to,
            local,
            running: bill.is_running(),
            energy_import_wh: bill.import_wh,
            energy_export_wh: bill.export_wh,
            exceedance_wh: bill.exceedance_wh(),
            quarter_hours: bill.quarters,
            quarter_hours_known: bill.known_quarters,
            total_micro_eur: bill.total().micro_euro(),
            components: bill.components().into_iter().collect(),
            certain: bill.is_certain(),
            lower_bound: bill.is_lower_bound(),
        }
    }
}

impl AdviceBody {
    /// Of a meter.
    pub fn new(meter: &str, advice: &Advice) -> Self {
        let cheapest = advice.cheapest();
        let current = advice.steps.iter().find(|step| Some(step.class.reference_w) == advice.current_w);
        let saving = cheapest
            .zip(current)
            .map(|(cheapest, current)| (advice.total(current) - advice.total(cheapest)).micro_euro());
        let class = |step: &Step| ClassBody {
            reference_power_w: step.class.reference_w,
            fixed_month_nano_eur: step.class.month.as_nano_euro(),
            fixed_micro_eur: advice.fixed(step).micro_euro(),
            exceedance_wh: Quantity::Energy(step.advised.quarter_wh).milli(),
            exceedance_micro_eur: advice.exceedance(step).micro_euro(),
            total_micro_eur: advice.total(step).micro_euro(),
            break_even_month_wh: step.break_even.map(|quarter_wh| Quantity::Energy(quarter_wh).milli()),
        };
        Self {
            meter: meter.to_string(),
            from: advice.from,
            to: advice.to,
            currency: CURRENCY,
            prices_of: advice.prices_of.to_string(),
            quarter_hours_of_a_year: advice.year_quarters,
            quarter_hours_known: advice.known_quarters,
            scaled: advice.is_scaled(),
            peak_import_w: advice.highest_w,
            exceedance_price_nano_eur: advice.beyond.as_nano_euro(),
            vat_basis_points: advice.vat_basis_points,
            exceedance_vat_basis_points: advice.exceedance_vat_basis_points,
            reference_power_w: advice.current_w,
            cheapest_reference_power_w: cheapest.map(|step| step.class.reference_w),
            saving_micro_eur: saving,
            certain: advice.certain,
            classes: advice.steps.iter().map(class).collect(),
            notes: advice.notes.clone(),
        }
    }
}
