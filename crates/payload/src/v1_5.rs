//! Version 1.5: what the first SmartyReader's sketch of 2021 publishes.
//!
//! Three kinds of message, chosen by its `PUBLISH_ALL`. Numbers here are the exact ones rounded half up, where the
//! sketch had floats; a value that nobody knows is left out, where the sketch wrote 0 or `nan`.

use core::fmt::{self, Display, Formatter};

use smarty_p1::Quantity;

use crate::decimal::Decimal;
use crate::field::{FIELDS, Field, Kind, OF_1_5, Value};
use crate::json::{Object, Text};
use crate::moment::Moment;
use crate::time::Iso;

/// Power and energy as one JSON object, published on the topic itself.
///
/// `{"timestamp":"2021-05-03T12:00:10","equipment_id":"…","energy_consumption [kWh]":6.70, …}`. The power is the one from
/// the energies of two publications. Before there are two, the meter's own power stands in for it: the sketch printed
/// `nan` then, which no JSON parser takes, and programs expect the key.
pub struct PowerAndEnergy<'a>(pub &'a Moment<'a>);

impl Display for PowerAndEnergy<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let moment = self.0;
        let calculated = moment.calculated;
        let kwh = |wh: Option<i64>| wh.map(|wh| Decimal::new(wh, 3).rounded(2));
        let kw = |from_energy_cw: Option<i64>, quantity| {
            from_energy_cw
                .map(|cw| Decimal::new(cw, 5))
                .or_else(|| Some(Decimal::new(moment.values.get(quantity)?, 3)))
                .map(|power| power.rounded(2))
        };
        let import = moment.values.total(Quantity::EnergyImport).or(calculated.energy_import_wh);
        let export = moment.values.total(Quantity::EnergyExport).or(calculated.energy_export_wh);
        let mut object = Object::begin(f)?;
        object.text("timestamp", Iso(moment.clock.local))?;
        object.known_text("equipment_id", Some(moment.equipment).filter(|text| !text.is_empty()))?;
        object.known("energy_consumption [kWh]", kwh(import))?;
        object.known("energy_consumption_cumul_day [kWh]", kwh(calculated.day_import_wh))?;
        object.known("energy_production [kWh]", kwh(export))?;
        object.known("energy_production_cumul_day [kWh]", kwh(calculated.day_export_wh))?;
        let from_energy = moment.power_from_energy;
        object.known("power_consumption [kW]", kw(from_energy.import_cw, Quantity::PowerImport))?;
        object.known("power_production [kW]", kw(from_energy.export_cw, Quantity::PowerExport))?;
        object.end()
    }
}

/// How single fields are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `PUBLISH_ALL 1`: `{"act_pwr_imported_p_plus_value":0.51,"act_pwr_imported_p_plus_unit":"kW"}`.
    Json,
    /// `PUBLISH_ALL 0`: `act_pwr_imported_p_plus = 00.510 kW`. Without a unit the space before it stays.
    Text,
    /// `PUBLISH_ALL 0` in the last revision of the sketch: `00.510`.
    Bare,
}

/// Every field on a topic of its own. The first line is not published, nor messages without words, as in the sketch.
pub fn all_fields(moment: &Moment<'_>, form: Form, visit: &mut impl FnMut(&dyn Display, &dyn Display)) {
    for field in &FIELDS[1..OF_1_5] {
        let value = if form == Form::Json { field.plain(moment) } else { field.sent(moment) };
        let Some(value) = value.filter(|value| !value.is_empty()) else { continue };
        match form {
            Form::Json => visit(&field.name, &JsonField { field, value }),
            Form::Text => visit(&field.name, &format_args!("{} = {value} {}", field.name, field.unit)),
            Form::Bare => visit(&field.name, &value),
        }
    }
}

struct JsonField<'a> {
    field: &'a Field,
    value: Value<'a>,
}

impl Display for JsonField<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Field { name, unit, kind, .. } = self.field;
        let mut object = Object::begin(f)?;
        let key = format_args!("{name}_value");
        if *kind == Kind::Text {
            object.raw(key, Text(self.value))?;
        } else {
            object.raw(key, self.value)?;
        }
        if !unit.is_empty() {
            object.text(format_args!("{name}_unit"), unit)?;
        }
        object.end()
    }
}
