//! What holds for every bill.

use proptest::collection::vec;
use proptest::prelude::*;
use smarty_ledger::cost::{Money, Stretch};
use smarty_store::Usage;
use smartyreader::config::tariff::Component;
use smartyreader::costs::{Bill, Unit, Zone};

use super::{LATER, QUARTER, contract, lines, luxembourg, made, span};

/// Prices of every kind, with a change of nearly everything in the months below.
const COLOURFUL: &str = r#"
[tariff]
network = "luxembourg"
reference-power = [{ kw = 3 }, { from = 2025-10-15, kw = 7 }, { from = 2026-03-10, kw = 12 }]
main-fuse = 63
holidays = [2025-12-25, 2025-12-26]
[[tariff.price]]
component = "energy"
price = 0.1329
to = 2025-12-20
windows = [{ days = "mon-fri", from = "22:00", to = "06:00", price = 0.0911 }, { days = ["sat-sun", "holiday"], price = 0.1 }]
[[tariff.price]]
component = "energy"
price = 0.122937
from = 2025-12-20
[[tariff.price]]
component = "supplier-fixed"
per = "year"
price = 20
from = 2025-11-11
[[tariff.price]]
component = "feed-in"
price = 0.0799
[[tariff.price]]
component = "discount"
price = 1
to = 2026-02-03
"#;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Days add up to their month and months to the year, exactly: energy, fixed prices, taxes, everything. What
    /// a month has and its days have not are the gaps across midnights.
    #[test]
    fn days_add_up_to_months_and_months_to_the_year(
        seed in any::<u64>(), gaps in vec((0i64..270 * 96, 1i64..300), 0..8),
    ) {
        let whole = span("2025-09-01", "2026-05-01");
        let mut usage = made(whole, |start| {
            let noise = (start as u64).wrapping_mul(seed | 1) >> 40;
            (Some((noise % 2500) as i64), Some((noise / 2500 % 400) as i64))
        });
        for (at, length) in gaps {
            let (start, end) = (whole.0 + at * QUARTER, (whole.0 + (at + length) * QUARTER).min(whole.1));
            let free = usage.gaps.iter().all(|gap| gap.end <= start || gap.start >= end);
            if free && start < end {
                for quarter in usage.quarters.iter_mut().filter(|quarter| (start..end).contains(&quarter.start)) {
                    (quarter.import, quarter.export) = (None, None);
                }
                usage.gaps.push(Stretch { start, end, import: Some(length * 313), export: Some(length * 7) });
            }
        }
        usage.gaps.sort_by_key(|gap| gap.start);
        let contract = contract(COLOURFUL);
        let zone = Zone::new(luxembourg());
        let total = |spans: &[(i64, i64)], usage: &Usage| -> Money {
            spans.iter().map(|&span| Bill::of(&contract, usage, span, LATER).total()).sum()
        };
        let days = zone.parts(whole.0, whole.1, Unit::Day);
        let months = zone.parts(whole.0, whole.1, Unit::Month);
        let inside = |gap: &Stretch, spans: &[(i64, i64)]| {
            spans.iter().any(|&(from, to)| from <= gap.start && gap.end <= to)
        };
        // With the gaps that each kind of part has whole, all kinds cost the same.
        let in_days = Usage { gaps: usage.gaps.iter().copied().filter(|gap| inside(gap, &days)).collect(), ..usage.clone() };
        prop_assert_eq!(total(&days, &usage), total(&[whole], &in_days), "days");
        prop_assert_eq!(total(&days, &usage), total(&months, &in_days), "days in months");
        let in_months =
            Usage { gaps: usage.gaps.iter().copied().filter(|gap| inside(gap, &months)).collect(), ..usage.clone() };
        prop_assert_eq!(total(&months, &usage), total(&[whole], &in_months), "months");
        // And the energy is all there.
        let bill = Bill::of(&contract, &usage, whole, LATER);
        let known: i64 = usage.quarters.iter().filter_map(|quarter| quarter.import).sum();
        let in_gaps: i64 = usage.gaps.iter().filter_map(|gap| gap.import).sum();
        prop_assert_eq!(bill.import_wh, Some(known + in_gaps));
        let of_energy: i64 = lines(&bill, Component::Energy).iter().map(|line| line.quantity.milli()).sum();
        prop_assert_eq!(of_energy, known + in_gaps, "every Wh has a price of energy");
    }
}
