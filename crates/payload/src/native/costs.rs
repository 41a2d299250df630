//! Costs: what energy costs today, this month and this year, as far as it is counted.

use core::fmt::{self, Display, Formatter};

use crate::json::Object;
use crate::name::Name;
use crate::time::{Clock, Rfc3339};

/// The spans, in the order of the message.
pub const COST_SPANS: [&str; 3] = ["day", "month", "year"];

/// A running day, month or year. All amounts with tax, in millionths of a euro; what is paid out is below 0.
#[derive(Clone, Copy, Debug)]
pub struct CostSpan<'a> {
    /// Its first second.
    pub start: Clock,
    /// The whole.
    pub total_micro_eur: i64,
    /// The same by component, named as in the HTTP API.
    pub components: &'a [(&'a str, i64)],
    /// Energy beyond the reference power.
    pub exceedance_wh: Option<i64>,
    /// Every price is certain, and none is missing.
    pub certain: bool,
    /// The true amount may be more.
    pub lower_bound: bool,
}

/// What is known of the spans, in the order of [`COST_SPANS`]. `None`: nothing of the contract lies in it.
#[derive(Clone, Copy, Debug)]
pub struct Costs<'a> {
    /// As far as it is counted.
    pub until: Clock,
    /// Day, month and year.
    pub spans: [Option<CostSpan<'a>>; 3],
}

/// `cost_day_micro_eur`.
pub(crate) fn cost_key(span: &str) -> Name {
    Name::of(format_args!("cost_{span}_micro_eur"))
}

/// `exceedance_month_wh`.
pub(crate) fn exceedance_key(span: &str) -> Name {
    Name::of(format_args!("exceedance_{span}_wh"))
}

/// `month_start`.
pub(crate) fn start_key(span: &str) -> Name {
    Name::of(format_args!("{span}_start"))
}

impl Display for Costs<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut object = Object::begin(f)?;
        let time = |name: &dyn Display, clock: Clock, object: &mut Object<'_, '_>| {
            object.text(name, Rfc3339 { utc: clock.utc, offset: clock.offset })?;
            object.raw(format_args!("{name}_unix"), clock.utc)
        };
        time(&"time", self.until, &mut object)?;
        for (name, span) in COST_SPANS.into_iter().zip(&self.spans) {
            let Some(span) = span else { continue };
            time(&start_key(name), span.start, &mut object)?;
            object.raw(cost_key(name), span.total_micro_eur)?;
            for (component, amount) in span.components {
                object.raw(format_args!("cost_{name}_{}_micro_eur", Underscored(component)), amount)?;
            }
            object.known(exceedance_key(name), span.exceedance_wh)?;
            object.raw(format_args!("{name}_certain"), span.certain)?;
            object.raw(format_args!("{name}_lower_bound"), span.lower_bound)?;
        }
        object.end()
    }
}

/// `network-fixed` as a part of a name.
struct Underscored<'a>(&'a str);

impl Display for Underscored<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, word) in self.0.split('-').enumerate() {
            f.write_str(if index > 0 { "_" } else { "" })?;
            f.write_str(word)?;
        }
        Ok(())
    }
}
