//! Values: an optional integer for each quantity, in a plain block of memory.

use crate::quantity::Quantity;

/// The numbers of one telegram. What was not sent is absent, never 0.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Values {
    numbers: [i64; Quantity::COUNT],
    present: u128,
}

const _: () = assert!(Quantity::COUNT <= 128, "the set of present quantities is a u128");

impl Values {
    /// No number at all.
    pub const EMPTY: Self = Self { numbers: [0; Quantity::COUNT], present: 0 };

    /// The value in the quantity's own unit, if there is one.
    #[inline]
    pub const fn get(&self, quantity: Quantity) -> Option<i64> {
        if self.present >> quantity.code() & 1 == 1 { Some(self.numbers[quantity.index()]) } else { None }
    }

    /// Sets or replaces a value.
    #[inline]
    pub const fn set(&mut self, quantity: Quantity, value: i64) {
        self.numbers[quantity.index()] = value;
        self.present |= 1 << quantity.code();
    }

    /// Takes a value away.
    pub const fn remove(&mut self, quantity: Quantity) {
        self.numbers[quantity.index()] = 0;
        self.present &= !(1 << quantity.code());
    }

    /// Every value that is there, in the order of the codes.
    pub fn iter(&self) -> impl Iterator<Item = (Quantity, i64)> + use<> {
        let values = *self;
        Quantity::ALL.iter().filter_map(move |&quantity| Some((quantity, values.get(quantity)?)))
    }

    /// Power from the grid minus power into it, in W: negative while exporting.
    pub fn power_net(&self) -> Option<i64> {
        Some(self.get(Quantity::PowerImport)? - self.get(Quantity::PowerExport).unwrap_or(0))
    }

    /// A register as people mean it: the total, or the sum of its tariffs where the meter sends no total.
    pub fn total(&self, quantity: Quantity) -> Option<i64> {
        self.get(quantity).or_else(|| {
            quantity.tariffs().iter().filter_map(|&tariff| self.get(tariff)).reduce(|sum, value| sum + value)
        })
    }
}

impl core::fmt::Debug for Values {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_map().entries(self.iter().map(|(quantity, value)| (quantity.name(), value))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_is_not_zero() {
        let mut values = Values::EMPTY;
        assert_eq!(values.get(Quantity::PowerImport), None);
        values.set(Quantity::PowerImport, 0);
        assert_eq!(values.get(Quantity::PowerImport), Some(0));
        assert_eq!(values.power_net(), Some(0));
        values.remove(Quantity::PowerImport);
        assert_eq!(values, Values::EMPTY);
    }

    #[test]
    fn a_total_is_the_sum_of_the_tariffs_only_where_it_is_not_sent() {
        let mut values = Values::EMPTY;
        assert_eq!(values.total(Quantity::EnergyImport), None);
        values.set(Quantity::EnergyImportT1, 5);
        values.set(Quantity::EnergyImportT2, 7);
        assert_eq!(values.total(Quantity::EnergyImport), Some(12));
        values.set(Quantity::EnergyImport, 13);
        assert_eq!(values.total(Quantity::EnergyImport), Some(13));
    }
}
