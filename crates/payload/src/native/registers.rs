//! Registers: what counts up, and states. Kept by the broker.

use core::fmt::{self, Display, Formatter};

use smarty_p1::{Kind, Quantity};

use super::live::time;
use crate::json::Object;
use crate::mbus::externals;
use crate::moment::Moment;
use crate::time::Rfc3339;

/// Everything sent that is not momentary, under [`Quantity::name`]; the totals of a meter that sends tariffs only; and the
/// meters behind the meter under what they measure: `gas_dm3`, `water_dm3`, `heat_mj` with `gas_time` and `gas_time_unix`.
pub struct Registers<'a>(pub &'a Moment<'a>);

impl Display for Registers<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let moment = self.0;
        let mut object = Object::begin(f)?;
        time(&mut object, moment)?;
        object.known_text("equipment", Some(moment.equipment).filter(|text| !text.is_empty()))?;
        for total in TOTALS {
            if moment.values.get(total).is_none() {
                object.known(total.name(), moment.values.total(total))?;
            }
        }
        for (quantity, value) in moment.values.iter().filter(|(quantity, _)| quantity.kind() != Kind::Instant) {
            object.raw(quantity.name(), value)?;
        }
        for external in externals(moment.mbus) {
            object.known(external.register_key(), moment.values.get(external.register()))?;
            if let Some(utc) = moment.values.get(external.time()) {
                object.text(external.time_key(), Rfc3339 { utc, offset: moment.clock.offset })?;
                object.raw(format_args!("{}_unix", external.time_key()), utc)?;
            }
        }
        object.end()
    }
}

/// Registers that are the sum of their tariffs where they are not sent themselves.
pub(crate) const TOTALS: [Quantity; 4] =
    [Quantity::EnergyImport, Quantity::EnergyExport, Quantity::ReactiveEnergyImport, Quantity::ReactiveEnergyExport];
