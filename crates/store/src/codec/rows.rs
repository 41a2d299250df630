//! Rows: telegrams as columns in memory, what a block is made of and decodes to.

use smarty_p1::{Quantity, Values};

use crate::reading::{Clock, Proof};

/// One column: its code and the value of each row that has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    /// [`Quantity::code`]; one of a later version is carried on unread.
    pub(crate) code: u8,
    /// Which rows have a value; `None`: all of them.
    pub(crate) present: Option<Vec<bool>>,
    /// The values of the rows that have one.
    pub(crate) values: Vec<i64>,
}

impl Column {
    /// A value or none for each row.
    pub(crate) fn spread(&self) -> Box<dyn Iterator<Item = Option<i64>> + '_> {
        match &self.present {
            None => Box::new(self.values.iter().copied().map(Some)),
            Some(present) => {
                let mut values = self.values.iter().copied();
                Box::new(present.iter().map(move |&there| if there { values.next() } else { None }))
            }
        }
    }

    /// Adds the `more` rows of another column behind the `before` rows of this one.
    fn extend(&mut self, before: usize, other: &Self, more: usize) {
        self.values.extend_from_slice(&other.values);
        match &other.present {
            Some(there) => {
                self.present.get_or_insert_with(|| vec![true; before]).extend_from_slice(there);
            }
            None => {
                if let Some(present) = &mut self.present {
                    present.resize(before + more, true);
                }
            }
        }
    }

    fn take(&self, order: &[usize]) -> Self {
        let spread: Vec<Option<i64>> = self.spread().collect();
        let picked: Vec<Option<i64>> = order.iter().map(|&row| spread[row]).collect();
        Self::gathered(self.code, &picked)
    }

    pub(crate) fn gathered(code: u8, cells: &[Option<i64>]) -> Self {
        let present = cells.contains(&None).then(|| cells.iter().map(Option::is_some).collect::<Vec<bool>>());
        Self { code, present, values: cells.iter().copied().flatten().collect() }
    }
}

/// Rows of one segment, in the order of (time, ident) once [`Rows::sort`] is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) time: Vec<i64>,
    pub(crate) ident: Vec<u64>,
    pub(crate) received: Vec<i64>,
    /// [`flags`].
    pub(crate) flags: Vec<u8>,
    /// In the order of the codes, none of them empty.
    pub(crate) columns: Vec<Column>,
}

/// What a row's clock and proof are, in one number.
pub(crate) const fn flags(clock: Clock, proof: Proof) -> u8 {
    clock.code() | proof.code() << 1
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        self.time.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.time.is_empty()
    }

    pub(crate) fn push(&mut self, time: i64, ident: u64, received: i64, flags: u8, values: &Values) {
        let row = self.len();
        self.time.push(time);
        self.ident.push(ident);
        self.received.push(received);
        self.flags.push(flags);
        let mut at = 0;
        for &quantity in Quantity::ALL {
            let known = self.columns.get(at).is_some_and(|column| column.code == quantity.code());
            match values.get(quantity) {
                Some(value) => {
                    if !known {
                        let present = (row > 0).then(|| vec![false; row]);
                        let column = Column { code: quantity.code(), present, values: Vec::new() };
                        self.columns.insert(at, column);
                    }
                    let column = &mut self.columns[at];
                    column.values.push(value);
                    if let Some(present) = &mut column.present {
                        present.push(true);
                    }
                    at += 1;
                }
                None if known => {
                    self.columns[at].present.get_or_insert_with(|| vec![true; row]).push(false);
                    at += 1;
                }
                None => {}
            }
        }
        // Columns of a later version of this program have no value in a row of this one.
        for column in &mut self.columns[at..] {
            column.present.get_or_insert_with(|| vec![true; row]).push(false);
        }
    }

    /// The values of one row. Linear in the columns with missing values: for many rows use [`Rows::table`].
    pub(crate) fn table(&self) -> Vec<Values> {
        let mut table = vec![Values::EMPTY; self.len()];
        for column in &self.columns {
            if let Some(quantity) = Quantity::from_code(column.code) {
                for (values, cell) in table.iter_mut().zip(column.spread()) {
                    if let Some(value) = cell {
                        values.set(quantity, value);
                    }
                }
            }
        }
        table
    }

    /// Adds other rows behind these.
    pub(crate) fn append(&mut self, other: &Self) {
        let (before, more) = (self.len(), other.len());
        self.time.extend_from_slice(&other.time);
        self.ident.extend_from_slice(&other.ident);
        self.received.extend_from_slice(&other.received);
        self.flags.extend_from_slice(&other.flags);
        for column in &other.columns {
            let at = self.columns.partition_point(|known| known.code < column.code);
            if self.columns.get(at).is_none_or(|known| known.code != column.code) {
                let present = (before > 0).then(|| vec![false; before]);
                self.columns.insert(at, Column { code: column.code, present, values: Vec::new() });
            }
            self.columns[at].extend(before, column, more);
        }
        for column in &mut self.columns {
            if other.columns.binary_search_by_key(&column.code, |column| column.code).is_err() {
                column.present.get_or_insert_with(|| vec![true; before]).resize(before + more, false);
            }
        }
    }

    /// Orders by (time, ident) and drops rows whose key is there already.
    pub(crate) fn sort(&mut self) {
        let key = |row: usize| (self.time[row], self.ident[row]);
        if (1..self.len()).all(|row| key(row - 1) < key(row)) {
            return;
        }
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by_key(|&row| key(row));
        order.dedup_by_key(|row| key(*row));
        self.keep(&order);
    }

    /// Only these rows, in this order.
    pub(crate) fn keep(&mut self, order: &[usize]) {
        self.columns = self.columns.iter().map(|column| column.take(order)).collect();
        self.columns.retain(|column| !column.values.is_empty());
        self.time = order.iter().map(|&row| self.time[row]).collect();
        self.ident = order.iter().map(|&row| self.ident[row]).collect();
        self.received = order.iter().map(|&row| self.received[row]).collect();
        self.flags = order.iter().map(|&row| self.flags[row]).collect();
    }
}
