//! What is made, used and fed in adds up, for whatever numbers.

use proptest::prelude::*;
use smarty_ledger::SelfConsumption;

const LIMIT: i64 = 1 << 40;

proptest! {
    #[test]
    fn what_is_made_and_used_adds_up(spans in prop::collection::vec((0..LIMIT, 0..LIMIT, 0..LIMIT), 1..50)) {
        let mut sum = SelfConsumption::default();
        for &(import, export, produced) in &spans {
            let one = SelfConsumption::of(import, export, produced);
            prop_assert_eq!(one.produced, one.self_consumed + export);
            prop_assert_eq!(one.used, one.self_consumed + import);
            sum = sum.plus(one);
        }
        let total = |of: fn(&(i64, i64, i64)) -> i64| spans.iter().map(of).sum::<i64>();
        let (import, export, produced) = (total(|span| span.0), total(|span| span.1), total(|span| span.2));
        prop_assert_eq!(sum, SelfConsumption::of(import, export, produced), "a day is its quarter-hours");
    }

    #[test]
    fn shares_lie_between_nothing_and_all(import in any::<i64>(), export in any::<i64>(), produced in any::<i64>()) {
        let one = SelfConsumption::of(import, export, produced);
        for (share, whole) in [(one.self_consumption_bp(), one.produced), (one.autarky_bp(), one.used)] {
            prop_assert_eq!(share.is_some(), whole > 0);
            let Some(share) = share else { continue };
            prop_assert!((0..=10_000).contains(&share));
            if one.self_consumed <= 0 {
                prop_assert_eq!(share, 0);
            } else if one.self_consumed >= whole {
                prop_assert_eq!(share, 10_000);
            } else {
                let error = i128::from(share) * i128::from(whole) - i128::from(one.self_consumed) * 10_000;
                prop_assert!(error.abs() * 2 <= i128::from(whole), "rounded to the nearest");
            }
        }
    }
}
