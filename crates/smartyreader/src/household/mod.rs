//! Household: a meter at the grid and what is made behind it, together: what the house uses, and how much of it is its own.

mod spans;

use smarty_ledger::SelfConsumption;
use smarty_p1::{Quantity, Values};
use smarty_store::{MeterReading, Proof};

use crate::accounts::MARGIN_S;
use crate::config::{Config, Direction};

pub use spans::{Share, Step};

/// What another program publishes comes seldom; older than this, in seconds, it says nothing of now.
const PUBLISHED: i64 = 300;

/// A meter at the grid with the meters of what is made behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Household {
    /// The meter at the grid.
    pub grid: String,
    /// The meters of what is made, and which register counts it.
    pub makers: Vec<(String, Direction)>,
}

impl Household {
    /// Of a meter, where something is made behind it.
    pub fn of(config: &Config, grid: &str) -> Option<Self> {
        let makers: Vec<(String, Direction)> =
            config.productions_of(grid).map(|(name, meter)| (name.to_string(), meter.counted())).collect();
        (!makers.is_empty()).then(|| Self { grid: grid.to_string(), makers })
    }

    /// Each one.
    pub fn all(config: &Config) -> impl Iterator<Item = Self> {
        config.meter.keys().filter_map(|meter| Self::of(config, meter))
    }

    /// The powers at a reading of the grid's meter, W. `None` where one of those that make has not said anything lately.
    pub fn powers<'a>(
        &self,
        grid: &MeterReading,
        latest: impl Fn(&str) -> Option<&'a MeterReading>,
    ) -> Option<SelfConsumption> {
        let mut produced = 0i64;
        for (maker, direction) in &self.makers {
            let reading = latest(maker)?;
            let patience = if reading.proof == Proof::Published { PUBLISHED } else { i64::from(MARGIN_S) };
            if grid.time.abs_diff(reading.time) > patience.unsigned_abs() {
                return None;
            }
            produced = produced.saturating_add(power(&reading.values, *direction)?);
        }
        let export = power(&grid.values, Direction::Export).unwrap_or(0);
        Some(SelfConsumption::of(power(&grid.values, Direction::Import)?, export, produced))
    }
}

fn power(values: &Values, direction: Direction) -> Option<i64> {
    values.get(match direction {
        Direction::Import => Quantity::PowerImport,
        Direction::Export => Quantity::PowerExport,
    })
}
