//! Every row comes back as it was.

#![allow(clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::prelude::*;
use smarty_p1::{Quantity, Values};

use super::{Block, Decoder, Effort, Encoder, Rows};

fn number() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => -300i64..300,
        2 => any::<i32>().prop_map(i64::from),
        1 => any::<i64>(),
        1 => Just(i64::MIN),
        1 => Just(i64::MAX),
        1 => Just(0),
        2 => (0i64..9).prop_map(|tens| tens * 1000),
    ]
}

fn row() -> impl Strategy<Value = (i64, u64, i64, u8, Vec<(usize, i64)>)> {
    (0i64..3600, any::<u64>(), number(), 0u8..8, vec((0..Quantity::COUNT, number()), 0..12))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn round_trip(rows in vec(row(), 0..80), thorough: bool) {
        let mut table = Rows::default();
        for (time, ident, received, flags, numbers) in &rows {
            let mut values = Values::EMPTY;
            for &(index, number) in numbers {
                values.set(Quantity::ALL[index], number);
            }
            table.push(*time, *ident, *received, *flags, &values);
        }
        table.sort();
        let effort = if thorough { Effort::Thorough } else { Effort::Quick };
        let bytes = Encoder::new().encode(&table, effort);
        let mut decoder = Decoder::new();
        let block = Block::open(&bytes).unwrap();
        prop_assert_eq!(&decoder.rows(&block).unwrap(), &table);
        for column in &table.columns {
            prop_assert_eq!(&decoder.column(&block, column.code).unwrap(), &Some(column.clone()));
        }
        let keys: Vec<_> = table.time.iter().copied().zip(table.ident.iter().copied()).collect();
        prop_assert_eq!(decoder.keys(&block).unwrap(), keys);
    }

    #[test]
    fn one_column_of_anything(values in vec(number(), 1..400)) {
        let mut table = Rows::default();
        for (row, value) in values.iter().enumerate() {
            let mut cells = Values::EMPTY;
            cells.set(Quantity::PowerImport, *value);
            table.push(row as i64 * 10, row as u64, row as i64 * 10 + 1, 0, &cells);
        }
        let bytes = Encoder::new().encode(&table, Effort::Quick);
        let block = Block::open(&bytes).unwrap();
        prop_assert_eq!(Decoder::new().rows(&block).unwrap(), table);
    }

    #[test]
    fn damage_is_noticed(at in 0usize..10_000, bit in 0u8..8) {
        let mut table = Rows::default();
        for row in 0..50 {
            let mut cells = Values::EMPTY;
            cells.set(Quantity::PowerImport, row * row % 17);
            table.push(row * 10, row as u64, row * 10 + 1, 0, &cells);
        }
        let mut bytes = Encoder::new().encode(&table, Effort::Quick);
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        prop_assert!(Block::open(&bytes).is_none());
    }
}

#[test]
fn rows_of_two_tables_join_and_keep_the_first_of_each_key() {
    let mut values = Values::EMPTY;
    values.set(Quantity::PowerImport, 1);
    let mut one = Rows::default();
    one.push(20, 2, 21, 0, &values);
    let mut two = Rows::default();
    values.set(Quantity::PowerExport, 5);
    two.push(10, 1, 11, 0, &values);
    two.push(20, 2, 99, 0, &values);
    one.append(&two);
    one.sort();
    assert_eq!(one.time, [10, 20]);
    assert_eq!(one.received, [11, 21]);
    assert_eq!(one.table()[1].get(Quantity::PowerExport), None);
    assert_eq!(one.table()[0].get(Quantity::PowerExport), Some(5));
}
