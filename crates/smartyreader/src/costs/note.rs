//! Note: what else there is to say about a bill, in words.

use jiff::civil::{Date, DateTime};

/// Something that a bill does not have, or does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A price that nobody has told.
    Missing {
        /// Which, and what is known about it.
        sentence: String,
        /// Whether it could make the bill smaller.
        may_be_less: bool,
    },
    /// The file of hourly prices cannot be used.
    HourlyFile {
        /// Which and why.
        sentence: String,
    },
    /// There are no readings of these days, only fixed prices.
    NoReadings {
        /// The first of them.
        from: Date,
        /// The day with the first reading.
        to: Date,
    },
    /// The meter is silent since before its end.
    Silent {
        /// The last telegram, local.
        since: DateTime,
    },
    /// Quarter-hours without a demand.
    DemandUnknown {
        /// The first day of a reference power.
        from: Date,
        /// The first day that is not its.
        to: Date,
        /// How many.
        quarters: i64,
        /// Of how many.
        of: i64,
    },
    /// Gaps that are not whole in the bill.
    GapAcrossBorder {
        /// Their import.
        import_wh: i64,
        /// Their export.
        export_wh: i64,
    },
    /// Gaps across several prices, at the one that costs least.
    GapAcrossPrices {
        /// What is priced.
        what: String,
        /// How much.
        wh: i64,
    },
    /// Energy without a price.
    Unpriced {
        /// What is not priced.
        what: String,
        /// How much.
        wh: i64,
    },
    /// It is not over.
    Running,
}

impl Note {
    /// A word for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "price-missing",
            Self::HourlyFile { .. } => "hourly-file",
            Self::NoReadings { .. } => "no-readings",
            Self::Silent { .. } => "silent",
            Self::DemandUnknown { .. } => "demand-unknown",
            Self::GapAcrossBorder { .. } => "gap-across-border",
            Self::GapAcrossPrices { .. } => "gap-across-prices",
            Self::Unpriced { .. } => "unpriced",
            Self::Running => "running",
        }
    }

    /// The true amount may be more.
    pub const fn makes_it_a_lower_bound(&self) -> bool {
        !matches!(self, Self::Running | Self::Missing { may_be_less: true, .. })
    }

    /// Something of the bill is not known at all.
    pub const fn makes_it_incomplete(&self) -> bool {
        matches!(self, Self::Missing { .. } | Self::HourlyFile { .. } | Self::Unpriced { .. })
    }

    /// For people.
    pub fn sentence(&self) -> String {
        match self {
            Self::Missing { sentence, .. } | Self::HourlyFile { sentence } => sentence.clone(),
            Self::NoReadings { from, to } => {
                format!("There are no readings from {from} up to {to}: of these days only fixed prices are counted.")
            }
            Self::Silent { since } => format!(
                "No telegram since {}: the energy since then is not in this bill.",
                since.strftime("%Y-%m-%d %H:%M")
            ),
            Self::DemandUnknown { from, to, quarters, of } => format!(
                "From {from} up to {to} the demand of {quarters} of {of} quarter-hours is not known: what went beyond the reference power may be more."
            ),
            Self::GapAcrossBorder { import_wh, export_wh } => {
                let export =
                    if *export_wh == 0 { String::new() } else { format!(" and {} kWh export", kwh(*export_wh)) };
                format!(
                    "A gap reaches beyond this bill: {} kWh{export} of it are not counted, for nobody knows on which side they fell.",
                    kwh(*import_wh)
                )
            }
            Self::GapAcrossPrices { what, wh } => format!(
                "{} kWh fell into gaps across several prices of {what}: they count at the one that costs least.",
                kwh(*wh)
            ),
            Self::Unpriced { what, wh } => {
                format!("{} kWh have no price of {what} and are not counted there.", kwh(*wh))
            }
            Self::Running => "This is not over yet: it is counted so far.".into(),
        }
    }
}

/// Wh as kWh with three decimals.
pub(super) fn kwh(wh: i64) -> String {
    let sign = if wh < 0 { "-" } else { "" };
    format!("{sign}{}.{:03}", wh.unsigned_abs() / 1000, wh.unsigned_abs() % 1000)
}
