//! Calculated: what is worked out of the readings for the formats that carry it.

use serde::Deserialize;
use smarty_ledger::{CLASSES, Reference, Settings};

use super::Span;

/// Windows and power classes.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Calculated {
    /// Mean, smallest and largest powers are of the last so long: a minute to an hour.
    pub window: Span,
    /// Reference powers in kW, three at most.
    pub classes: Vec<f64>,
    /// What a kWh beyond the reference power costs, euro.
    pub price: Option<f64>,
}

impl Default for Calculated {
    fn default() -> Self {
        // The classes of the original's configuration; prices change every year.
        Self { window: Span::seconds(900), classes: vec![3.0, 7.0, 12.0], price: None }
    }
}

impl Calculated {
    /// For the ledger.
    pub fn settings(&self) -> Settings {
        let mut references = [None; CLASSES];
        // Decimal figures as people write them, rounded to the watt and the millionth of a euro.
        let price_micro_euro = self.price.map(|price| (price * 1e6).round() as i64);
        for (place, class) in references.iter_mut().zip(&self.classes) {
            *place = Some(Reference { power_w: (class * 1000.0).round() as u32, price_micro_euro });
        }
        let window_minutes = u8::try_from(self.window.0.as_secs() / 60).unwrap_or(60);
        Settings { window_minutes, references }
    }

    /// What is wrong with it, if anything.
    pub fn error(&self) -> Option<String> {
        let seconds = self.window.0.as_secs();
        if !(60..=3600).contains(&seconds) || !seconds.is_multiple_of(60) {
            return Some("`window` in [calculated] is whole minutes, from \"1m\" to \"60m\"".into());
        }
        if self.classes.len() > CLASSES || self.classes.iter().any(|class| !(0.1..=1000.0).contains(class)) {
            return Some(format!(
                "`classes` in [calculated] are reference powers in kW, from 0.1 to 1000, {CLASSES} at most"
            ));
        }
        if self.price.is_some_and(|price| !(0.0..=100.0).contains(&price)) {
            return Some("`price` in [calculated] is euro for a kWh, such as 0.0765".into());
        }
        None
    }
}
