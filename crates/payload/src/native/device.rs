//! Device: a meter behind the meter, at its own time. Kept by the broker.

use core::fmt::{self, Display, Formatter};

use smarty_p1::{MbusChannel, MbusUnit};

use crate::json::Object;
use crate::name::Name;
use crate::time::{Clock, Rfc3339};

/// A gas, water, heat, cooling or electricity meter on the M-Bus. Amounts are named as in the HTTP API: `volume_dm3`,
/// `energy_mj` or `energy_wh`, and `volume_day_dm3`, `volume_month_dm3` since midnight and the first of the month.
#[derive(Clone, Copy, Debug)]
pub struct Device<'a> {
    /// What names it.
    pub id: &'a str,
    /// For people.
    pub title: &'a str,
    /// What it measures, and in what.
    pub measure: MbusChannel,
    /// Where it hangs, 1 to 4.
    pub channel: u8,
    /// When its register was read.
    pub clock: Clock,
    /// The register, thousandths of the unit.
    pub value: i64,
    /// Used since midnight.
    pub day: Option<i64>,
    /// Used since the first of the month.
    pub month: Option<i64>,
    /// Its valve: 0 closed, 1 open, 2 ready to be opened.
    pub valve: Option<i64>,
}

impl Display for Device<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let unit = self.measure.unit;
        let mut object = Object::begin(f)?;
        object.text("time", Rfc3339 { utc: self.clock.utc, offset: self.clock.offset })?;
        object.raw("time_unix", self.clock.utc)?;
        object.text("id", self.id)?;
        object.text("title", self.title)?;
        object.text("medium", self.measure.medium.name())?;
        object.raw("channel", self.channel)?;
        object.raw(format_args!("{}_{}", unit.stem(), unit.suffix()), self.value)?;
        object.known(day_key(unit), self.day)?;
        object.known(month_key(unit), self.month)?;
        object.known("valve", self.valve)?;
        object.end()
    }
}

/// `volume_day_dm3`.
pub(crate) fn day_key(unit: MbusUnit) -> Name {
    Name::of(format_args!("{}_day_{}", unit.stem(), unit.suffix()))
}

/// `volume_month_dm3`.
pub(crate) fn month_key(unit: MbusUnit) -> Name {
    Name::of(format_args!("{}_month_{}", unit.stem(), unit.suffix()))
}
