//! Calculated values under the names of the first SmartyReader, in the order of its table.

use smarty_ledger::{CLASSES, Calculated, Exceedance, Rolling};

use crate::decimal::Decimal;
use crate::moment::Moment;
use crate::name::Name;

#[derive(Clone, Copy)]
enum Direction {
    Import,
    Export,
}

#[derive(Clone, Copy)]
enum Part {
    Now,
    Mean,
    Max,
    Min,
}

#[derive(Clone, Copy)]
enum Span {
    Quarter,
    Day,
    Month,
}

#[derive(Clone, Copy)]
enum Source {
    Energy(Direction),
    Day(Direction),
    FromEnergy(Direction),
    /// By phase; 0 is the total.
    Power(Direction, usize, Part),
    Excess(usize, Part),
    Gas,
    GasDay,
    /// By place of the reference power.
    EnergyBeyond(usize, Span),
    MoneyBeyond(usize, Span),
}

use Direction::{Export, Import};
use Part::{Max, Mean, Min, Now};
use Source::{Day as DayEnergy, Energy, EnergyBeyond, Excess, FromEnergy, Gas, GasDay, MoneyBeyond, Power};
use Span::{Day, Month, Quarter};

/// One calculated value.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    /// The name, or what stands in it before the number of the class.
    head: &'static str,
    /// What stands behind the number of the class.
    tail: &'static str,
    source: Source,
}

const fn plain(head: &'static str, source: Source) -> Entry {
    Entry { head, tail: "", source }
}
const fn beyond(head: &'static str, tail: &'static str, source: Source) -> Entry {
    Entry { head, tail, source }
}

const _: () = assert!(CLASSES == 3, "the table below has three places for reference powers");

/// The place of an entry, counted from 1, is the end of its unique id in Home Assistant.
pub(crate) const ENTRIES: [Entry; 62] = [
    plain("energy_consumption_calc_kWh", Energy(Import)),
    plain("energy_production_calc_kWh", Energy(Export)),
    plain("energy_consumption_calc_cumul_day_Wh", DayEnergy(Import)),
    plain("energy_production_calc_cumul_day_Wh", DayEnergy(Export)),
    plain("power_consumption_calc_from_energy_W", FromEnergy(Import)),
    plain("power_production_calc_from_energy_W", FromEnergy(Export)),
    plain("power_consumption_calc_W", Power(Import, 0, Now)),
    plain("power_consumption_calc_mean_W", Power(Import, 0, Mean)),
    plain("power_consumption_calc_max_W", Power(Import, 0, Max)),
    plain("power_consumption_calc_min_W", Power(Import, 0, Min)),
    plain("power_consumption_l1_calc_W", Power(Import, 1, Now)),
    plain("power_consumption_l1_calc_mean_W", Power(Import, 1, Mean)),
    plain("power_consumption_l1_calc_max_W", Power(Import, 1, Max)),
    plain("power_consumption_l1_calc_min_W", Power(Import, 1, Min)),
    plain("power_consumption_l2_calc_W", Power(Import, 2, Now)),
    plain("power_consumption_l2_calc_mean_W", Power(Import, 2, Mean)),
    plain("power_consumption_l2_calc_max_W", Power(Import, 2, Max)),
    plain("power_consumption_l2_calc_min_W", Power(Import, 2, Min)),
    plain("power_consumption_l3_calc_W", Power(Import, 3, Now)),
    plain("power_consumption_l3_calc_mean_W", Power(Import, 3, Mean)),
    plain("power_consumption_l3_calc_max_W", Power(Import, 3, Max)),
    plain("power_consumption_l3_calc_min_W", Power(Import, 3, Min)),
    plain("power_production_calc_W", Power(Export, 0, Now)),
    plain("power_production_calc_mean_W", Power(Export, 0, Mean)),
    plain("power_production_calc_max_W", Power(Export, 0, Max)),
    plain("power_production_calc_min_W", Power(Export, 0, Min)),
    plain("power_production_l1_calc_W", Power(Export, 1, Now)),
    plain("power_production_l1_calc_mean_W", Power(Export, 1, Mean)),
    plain("power_production_l1_calc_max_W", Power(Export, 1, Max)),
    plain("power_production_l1_calc_min_W", Power(Export, 1, Min)),
    plain("power_production_l2_calc_W", Power(Export, 2, Now)),
    plain("power_production_l2_calc_mean_W", Power(Export, 2, Mean)),
    plain("power_production_l2_calc_max_W", Power(Export, 2, Max)),
    plain("power_production_l2_calc_min_W", Power(Export, 2, Min)),
    plain("power_production_l3_calc_W", Power(Export, 3, Now)),
    plain("power_production_l3_calc_mean_W", Power(Export, 3, Mean)),
    plain("power_production_l3_calc_max_W", Power(Export, 3, Max)),
    plain("power_production_l3_calc_min_W", Power(Export, 3, Min)),
    plain("power_excess_solar_calc_W", Excess(0, Now)),
    plain("power_excess_solar_calc_mean_W", Excess(0, Mean)),
    plain("power_excess_solar_calc_max_W", Excess(0, Max)),
    plain("power_excess_solar_calc_min_W", Excess(0, Min)),
    plain("power_excess_solar_l1_calc_W", Excess(1, Now)),
    plain("power_excess_solar_l2_calc_W", Excess(2, Now)),
    plain("power_excess_solar_l3_calc_W", Excess(3, Now)),
    plain("gas_consumption_calc_m3", Gas),
    plain("gas_consumption_calc_cumul_day_m3", GasDay),
    beyond("energy_exceed_class_", "kW_15min_Wh", EnergyBeyond(0, Quarter)),
    beyond("energy_exceed_class_", "kW_15min_Wh", EnergyBeyond(1, Quarter)),
    beyond("energy_exceed_class_", "kW_15min_Wh", EnergyBeyond(2, Quarter)),
    beyond("energy_exceed_class_", "kW_day_kWh", EnergyBeyond(0, Day)),
    beyond("energy_exceed_class_", "kW_day_kWh", EnergyBeyond(1, Day)),
    beyond("energy_exceed_class_", "kW_day_kWh", EnergyBeyond(2, Day)),
    beyond("money_exceed_class_", "kW_day_euro", MoneyBeyond(0, Day)),
    beyond("money_exceed_class_", "kW_day_euro", MoneyBeyond(1, Day)),
    beyond("money_exceed_class_", "kW_day_euro", MoneyBeyond(2, Day)),
    beyond("energy_exceed_class_", "kW_month_kWh", EnergyBeyond(0, Month)),
    beyond("energy_exceed_class_", "kW_month_kWh", EnergyBeyond(1, Month)),
    beyond("energy_exceed_class_", "kW_month_kWh", EnergyBeyond(2, Month)),
    beyond("money_exceed_class_", "kW_month_euro", MoneyBeyond(0, Month)),
    beyond("money_exceed_class_", "kW_month_euro", MoneyBeyond(1, Month)),
    beyond("money_exceed_class_", "kW_month_euro", MoneyBeyond(2, Month)),
];

impl Entry {
    /// The name. `None`: there is no reference power at this place.
    pub(crate) fn name(&self, calculated: &Calculated) -> Option<Name> {
        match self.source {
            EnergyBeyond(place, _) | MoneyBeyond(place, _) => {
                let reference_w = (*calculated.exceedance.get(place)?)?.reference_w;
                let class_kw = Decimal::new(reference_w.into(), 3).trimmed();
                Some(Name::of(format_args!("{}{class_kw}{}", self.head, self.tail)))
            }
            _ => Some(Name::of(format_args!("{}", self.head))),
        }
    }

    /// The unit at the end of the name.
    pub(crate) fn unit(&self) -> &'static str {
        let name = if self.tail.is_empty() { self.head } else { self.tail };
        name.rsplit('_').next().unwrap_or_default()
    }

    /// Whether the value counts up, from midnight or for ever.
    pub(crate) const fn counts(&self) -> bool {
        matches!(self.source, Energy(_) | DayEnergy(_) | Gas | GasDay | EnergyBeyond(..))
    }

    /// The value in the unit that the name says, where it is known.
    pub(crate) fn value(&self, moment: &Moment<'_>) -> Option<Decimal> {
        let calculated = moment.calculated;
        let exceedance = |place: usize| -> Option<Exceedance> { *calculated.exceedance.get(place)? };
        Some(match self.source {
            Energy(Import) => Decimal::new(calculated.energy_import_wh?, 3),
            Energy(Export) => Decimal::new(calculated.energy_export_wh?, 3),
            DayEnergy(Import) => Decimal::new(calculated.day_import_wh?, 0),
            DayEnergy(Export) => Decimal::new(calculated.day_export_wh?, 0),
            FromEnergy(Import) => Decimal::new(moment.power_from_energy.import_cw?, 2),
            FromEnergy(Export) => Decimal::new(moment.power_from_energy.export_cw?, 2),
            Power(Import, phase, part) => power(calculated.power_import.get(phase)?, part)?,
            Power(Export, phase, part) => power(calculated.power_export.get(phase)?, part)?,
            Excess(phase, part) => power(calculated.excess_solar.get(phase)?, part)?,
            Gas => Decimal::new(calculated.gas_dm3?, 3),
            GasDay => Decimal::new(calculated.day_gas_dm3?, 3),
            EnergyBeyond(place, Quarter) => Decimal::new(exceedance(place)?.quarter_wh, 0),
            EnergyBeyond(place, Day) => Decimal::new(exceedance(place)?.day_wh, 3),
            EnergyBeyond(place, Month) => Decimal::new(exceedance(place)?.month_wh, 3),
            MoneyBeyond(place, span) => {
                let exceedance = exceedance(place)?;
                let wh = match span {
                    Quarter => exceedance.quarter_wh,
                    Day => exceedance.day_wh,
                    Month => exceedance.month_wh,
                };
                // Whole cents, as the sketch rounds.
                Decimal::new(exceedance.money_micro_euro(wh)?, 6).rounded(2)
            }
        })
    }
}

/// W. The sketch rounds the mean to whole watts.
fn power(rolling: &Rolling, part: Part) -> Option<Decimal> {
    let window = rolling.window;
    Some(match part {
        Now => Decimal::new(rolling.now_w?, 0),
        Mean => Decimal::new(window?.mean_cw, 2).rounded(0),
        Max => Decimal::new(window?.max_w, 0),
        Min => Decimal::new(window?.min_w, 0),
    })
}
