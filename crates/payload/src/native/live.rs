//! Live: what is now.

use core::fmt::{self, Display, Formatter};

use smarty_ledger::Rolling;
use smarty_p1::{Kind, Quantity};

use crate::json::Object;
use crate::moment::Moment;
use crate::name::Name;
use crate::time::Rfc3339;

/// Names of what no telegram carries but follows from them. Home Assistant's entities read them by the same constants.
pub(crate) mod names {
    pub(crate) const POWER_NET: &str = "power_net_w";
    pub(crate) const POWER_PRODUCED: &str = "power_produced_w";
    pub(crate) const POWER_SELF_CONSUMED: &str = "power_self_consumed_w";
    pub(crate) const POWER_USED: &str = "power_used_w";
    pub(crate) const DAY_IMPORT: &str = "energy_import_day_wh";
    pub(crate) const DAY_EXPORT: &str = "energy_export_day_wh";
    pub(crate) const DAY_GAS: &str = "gas_day_dm3";
    pub(crate) const EXCESS: &str = "power_excess_w";
    pub(crate) const QUARTER_IMPORT: &str = "quarter_energy_import_wh";
    pub(crate) const QUARTER_EXPORT: &str = "quarter_energy_export_wh";
    pub(crate) const QUARTER_DEMAND: &str = "quarter_demand_import_w";
    pub(crate) const QUARTER_PROJECTED: &str = "quarter_demand_import_projected_w";
    pub(crate) const QUARTER_REFERENCE: &str = "quarter_reference_power_w";
    pub(crate) const QUARTER_ALLOWED: &str = "quarter_power_allowed_w";
    pub(crate) const QUARTER_EXCEEDANCE: &str = "quarter_exceedance_wh";
}

/// All momentary values that were sent, under [`Quantity::name`], the net power, and what follows from the readings:
/// powers of the house, spreads over the sample window, energies of the day, the running quarter-hour, exceedance. Flat, all integers.
pub struct Live<'a>(pub &'a Moment<'a>);

impl Display for Live<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let moment = self.0;
        let calculated = moment.calculated;
        let mut object = Object::begin(f)?;
        time(&mut object, moment)?;
        for (quantity, value) in moment.values.iter().filter(|(quantity, _)| quantity.kind() == Kind::Instant) {
            object.raw(quantity.name(), value)?;
        }
        object.known(names::POWER_NET, power_net(moment))?;
        if let Some(powers) = moment.household {
            object.raw(names::POWER_PRODUCED, powers.produced)?;
            object.raw(names::POWER_SELF_CONSUMED, powers.self_consumed)?;
            object.raw(names::POWER_USED, powers.used)?;
        }
        window(&mut object, "power_import", &calculated.power_import[0])?;
        window(&mut object, "power_export", &calculated.power_export[0])?;
        object.known(names::EXCESS, calculated.excess_solar[0].now_w)?;
        window(&mut object, "power_excess", &calculated.excess_solar[0])?;
        let day = [calculated.day_import_wh, calculated.day_export_wh, calculated.day_gas_dm3];
        object.known(names::DAY_IMPORT, day[0])?;
        object.known(names::DAY_EXPORT, day[1])?;
        object.known(names::DAY_GAS, day[2])?;
        if day.iter().any(Option::is_some) {
            object.raw("day_complete", calculated.day_complete)?;
        }
        quarter(&mut object, moment)?;
        exceedance(&mut object, moment)?;
        object.end()
    }
}

/// `time` and `time_unix`.
pub(super) fn time(object: &mut Object<'_, '_>, moment: &Moment<'_>) -> fmt::Result {
    let clock = moment.clock;
    object.text("time", Rfc3339 { utc: clock.utc, offset: clock.offset })?;
    object.raw("time_unix", clock.utc)
}

fn power_net(moment: &Moment<'_>) -> Option<i64> {
    let export = moment.values.get(Quantity::PowerExport).unwrap_or(0);
    moment.values.get(Quantity::PowerImport)?.checked_sub(export)
}

/// `power_import_mean_w` and the like, the mean rounded to whole watts.
fn window(object: &mut Object<'_, '_>, stem: &str, rolling: &Rolling) -> fmt::Result {
    let Some(window) = rolling.window else { return Ok(()) };
    object.raw(format_args!("{stem}_mean_w"), window.mean_cw.saturating_add(50).div_euclid(100))?;
    object.raw(format_args!("{stem}_min_w"), window.min_w)?;
    object.raw(format_args!("{stem}_max_w"), window.max_w)
}

fn quarter(object: &mut Object<'_, '_>, moment: &Moment<'_>) -> fmt::Result {
    let Some(quarter) = moment.quarter else { return Ok(()) };
    // Zones change their offset at the border of a quarter-hour, so it had this one from the start.
    object.text("quarter_start", Rfc3339 { utc: quarter.start, offset: moment.clock.offset })?;
    object.raw("quarter_start_unix", quarter.start)?;
    object.known(names::QUARTER_IMPORT, quarter.energy_import_wh)?;
    object.known(names::QUARTER_EXPORT, quarter.energy_export_wh)?;
    object.known(names::QUARTER_DEMAND, quarter.demand_import_w())?;
    let outlook = quarter.outlook;
    object.known(names::QUARTER_PROJECTED, outlook.projected_import_w)?;
    object.known(names::QUARTER_REFERENCE, outlook.reference_w)?;
    object.known(names::QUARTER_ALLOWED, outlook.allowed_w)?;
    object.known(names::QUARTER_EXCEEDANCE, outlook.exceedance_wh)?;
    object.raw("quarter_complete", quarter.complete)
}

/// `exceedance_3000w_month_wh`.
pub(crate) fn exceedance_key(reference_w: u32, span: &str) -> Name {
    Name::of(format_args!("exceedance_{reference_w}w_{span}_wh"))
}

/// `exceedance_3000w_day_wh` and, where the price is known, `exceedance_3000w_day_micro_euro`.
fn exceedance(object: &mut Object<'_, '_>, moment: &Moment<'_>) -> fmt::Result {
    let calculated = moment.calculated;
    for exceedance in calculated.exceedance.iter().flatten() {
        let reference_w = exceedance.reference_w;
        for (span, wh) in
            [("quarter", exceedance.quarter_wh), ("day", exceedance.day_wh), ("month", exceedance.month_wh)]
        {
            object.raw(exceedance_key(reference_w, span), wh)?;
            let money = exceedance.money_micro_euro(wh).filter(|_| span != "quarter");
            object.known(format_args!("exceedance_{reference_w}w_{span}_micro_euro"), money)?;
        }
    }
    if calculated.exceedance.iter().any(Option::is_some) {
        object.raw("month_complete", calculated.month_complete)?;
    }
    Ok(())
}
