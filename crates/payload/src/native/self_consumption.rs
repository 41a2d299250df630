//! Self-consumption: what is made in the house, and used at home, today, this month and this year.

use core::fmt::{self, Display, Formatter};

use smarty_ledger::SelfConsumption as Energies;

use crate::json::Object;
use crate::name::Name;
use crate::time::{Clock, Rfc3339};

/// The spans, as they stand in the names.
pub(crate) const SPANS: [&str; 3] = ["day", "month", "year"];

/// The sums so far. Flat, all integers; a span of which nothing is known is not there.
#[derive(Clone, Copy, Debug)]
pub struct SelfConsumption {
    /// When.
    pub clock: Clock,
    /// Of the day, the month and the year that are running: what is known, and whether that is all of it.
    pub spans: [Option<(Energies, bool)>; 3],
}

/// `energy_produced_day_wh` and the like: the energies of a span.
pub(crate) fn energy_keys(span: &str) -> [Name; 3] {
    ["produced", "self_consumed", "used"].map(|what| Name::of(format_args!("energy_{what}_{span}_wh")))
}

/// `self_consumption_day_bp` and `autarky_day_bp`.
pub(crate) fn share_keys(span: &str) -> [Name; 2] {
    ["self_consumption", "autarky"].map(|what| Name::of(format_args!("{what}_{span}_bp")))
}

impl Display for SelfConsumption {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut object = Object::begin(f)?;
        object.text("time", Rfc3339 { utc: self.clock.utc, offset: self.clock.offset })?;
        object.raw("time_unix", self.clock.utc)?;
        for (span, known) in SPANS.into_iter().zip(&self.spans) {
            let Some((energies, complete)) = known else { continue };
            let amounts = [energies.produced, energies.self_consumed, energies.used];
            for (key, amount) in energy_keys(span).into_iter().zip(amounts) {
                object.raw(key, amount)?;
            }
            for (key, share) in
                share_keys(span).into_iter().zip([energies.self_consumption_bp(), energies.autarky_bp()])
            {
                object.known(key, share)?;
            }
            object.raw(format_args!("{span}_complete"), complete)?;
        }
        object.end()
    }
}
