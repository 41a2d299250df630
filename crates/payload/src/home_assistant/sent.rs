//! Sent: which quantities a meter has ever sent.

use smarty_p1::{Quantity, Values};

/// A set of quantities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent(u128);

const _: () = assert!(Quantity::COUNT <= 128, "the set is a u128");

impl Sent {
    /// What one telegram had.
    pub fn of(values: &Values) -> Self {
        values.iter().map(|(quantity, _)| quantity).collect()
    }

    /// Adds a quantity; true when it is new.
    pub const fn insert(&mut self, quantity: Quantity) -> bool {
        let new = !self.contains(quantity);
        self.0 |= 1 << quantity.code();
        new
    }

    /// Whether it is in the set.
    pub const fn contains(&self, quantity: Quantity) -> bool {
        self.0 >> quantity.code() & 1 == 1
    }

    /// In the order of the codes.
    pub fn iter(&self) -> impl Iterator<Item = Quantity> + use<> {
        let set = *self;
        Quantity::ALL.iter().copied().filter(move |&quantity| set.contains(quantity))
    }

    /// Whether the register or one of its tariffs is sent.
    pub(crate) fn has_total(&self, total: Quantity) -> bool {
        let mut values = Values::EMPTY;
        self.iter().for_each(|quantity| values.set(quantity, 0));
        values.total(total).is_some()
    }
}

impl FromIterator<Quantity> for Sent {
    fn from_iter<I: IntoIterator<Item = Quantity>>(quantities: I) -> Self {
        let mut set = Self::default();
        set.extend(quantities);
        set
    }
}

impl Extend<Quantity> for Sent {
    fn extend<I: IntoIterator<Item = Quantity>>(&mut self, quantities: I) {
        for quantity in quantities {
            self.insert(quantity);
        }
    }
}
