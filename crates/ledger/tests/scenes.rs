//! What happens to meters, telegrams and readers, one by one and by name, with a virtual meter from its first telegram
//! to the books. What the account makes of each stands at the head of `account.rs`.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod world;

use std::collections::BTreeMap;

use smarty_ledger::{
    Account, Calculated, Calculator, Entry, Moment, Outcome, QUARTER, QuarterHour, Reason, Reference, Register, Sample,
    Settings, Terms,
};
use smarty_meter::calendar::{DAY_S, summer_time};
use smarty_meter::{MeterConfig, Profile, StartRegisters, VirtualMeter};
use smarty_p1::{Quantity, Values};

use world::{ZONE, day_start, month_start};

const HOUR: i64 = 3600;
/// Every house is above 40 W in some quarter-hour.
const LOW: Reference = Reference { power_w: 40, price_micro_euro: None };
const SETTINGS: Settings = Settings { references: [Some(LOW), None, None], ..Settings::DEFAULT };

/// A meter that sends every ten seconds, and a reader that hears it.
struct House {
    meter: VirtualMeter,
    segment: i64,
    account: Account,
    calculator: Calculator,
    entries: Vec<Entry>,
    /// The import register by the time of the telegrams that were booked.
    register: BTreeMap<i64, i64>,
    /// After the newest telegram that was booked.
    now: Calculated,
}

impl House {
    /// Its first telegram is of this moment.
    fn at(start: i64) -> Self {
        let config = MeterConfig { start, seed: 4, ..MeterConfig::new(Profile::LuxembourgSolar) };
        Self {
            meter: VirtualMeter::new(config),
            segment: 1,
            account: Account::new(30),
            calculator: Calculator::new(SETTINGS),
            entries: Vec::new(),
            register: BTreeMap::new(),
            now: Calculated::default(),
        }
    }

    /// Eight o'clock on a Tuesday in May: the sun is down, and everything is import.
    fn in_the_evening() -> Self {
        Self::at(ZONE.midnight(2026, 5, 12) + 20 * HOUR)
    }

    /// The next telegram, and its time.
    fn send(&mut self) -> (i64, Values) {
        let told = self.meter.next_values();
        let mut values = Values::EMPTY;
        values.set(Quantity::EnergyImport, told.registers.energy_import_wh as i64);
        values.set(Quantity::EnergyExport, told.registers.energy_export_wh as i64);
        values.set(Quantity::PowerImport, told.power_import_w.into());
        values.set(Quantity::PowerExport, told.power_export_w.into());
        (told.time.unwrap(), values)
    }

    /// Hears a telegram; whether it was booked.
    fn hear(&mut self, (time, values): (i64, Values)) -> bool {
        let (day_start, month_start) = (day_start(time), month_start(time));
        let moment = Moment {
            time,
            segment: self.segment,
            day_start,
            month_start,
            values: &values,
            gas_dm3: None,
            day_gas_dm3: None,
            terms: Terms::NONE,
        };
        let entries = &mut self.entries;
        let Some(now) = self.calculator.feed(&mut self.account, &moment, |entry| entries.push(entry)) else {
            return false;
        };
        self.now = now;
        self.register.insert(time, values.get(Quantity::EnergyImport).unwrap());
        true
    }

    /// Hears telegrams for so many seconds; how many were booked.
    fn run(&mut self, seconds: i64) -> usize {
        let mut booked = 0;
        for _ in 0..seconds / 10 {
            let telegram = self.send();
            booked += usize::from(self.hear(telegram));
        }
        booked
    }

    /// Hears nothing for so many seconds.
    fn silent(&mut self, seconds: i64) {
        self.meter.silent_until(self.meter.next_at() + seconds);
    }

    fn last(&self) -> i64 {
        self.account.last_time().unwrap()
    }

    /// What the register rose from one telegram to another.
    fn rise(&self, from: i64, to: i64) -> i64 {
        self.register[&to] - self.register[&from]
    }

    fn quarter(&self, start: i64) -> QuarterHour {
        let mut found = self.entries.iter().filter_map(|entry| match entry {
            Entry::Quarter(quarter) if quarter.start == start => Some(*quarter),
            _ => None,
        });
        let quarter = found.next().unwrap();
        assert_eq!(found.next(), None, "each quarter-hour is there once");
        quarter
    }

    /// The quarter-hours of a span that are complete, with the import of all.
    fn complete(&self, from: i64, to: i64) -> (usize, i64) {
        let quarters = self.entries.iter().filter_map(|entry| match entry {
            Entry::Quarter(quarter) if (from..to).contains(&quarter.start) && quarter.complete => Some(*quarter),
            _ => None,
        });
        quarters.fold((0, 0), |(count, sum), quarter| (count + 1, sum + quarter.energies.import.unwrap()))
    }

    /// Start, end, import and reason.
    fn gaps(&self) -> Vec<(i64, i64, i64, Reason)> {
        let gaps = self.entries.iter().filter_map(|entry| match entry {
            Entry::Gap(gap) => Some((gap.start, gap.end, gap.energies.import?, gap.reason)),
            Entry::Quarter(_) => None,
        });
        gaps.collect()
    }

    /// Quarter-hours, gaps and the running part are what the registers have counted.
    fn assert_counted(&self, expected: i64) {
        let import = |entry: &Entry| match entry {
            Entry::Quarter(quarter) => quarter.energies.import,
            Entry::Gap(gap) => gap.energies.import,
        };
        let booked: i64 = self.entries.iter().filter_map(import).sum();
        assert_eq!(booked + self.account.running().energies.import.unwrap(), expected);
        assert_eq!(self.account.total(Register::Import), expected);
    }
}

/// Between the last telegram of the old meter and the first of the new one nobody counted. The quarter-hour has no
/// demand, and the difference of the two meters is nowhere.
#[test]
fn meter_swap() {
    let mut house = House::in_the_evening();
    let eight = house.meter.next_at();
    house.run(HOUR + 120);
    let old = house.last();
    let before = house.rise(eight, old);
    house.meter.swap(77);
    house.segment = 2;
    house.silent(300);
    house.run(HOUR);
    let (new, nine, quarter) = (old + 310, eight + HOUR, eight + HOUR + QUARTER);
    let gaps =
        [(nine, old, house.rise(nine, old), Reason::Swap), (new, quarter, house.rise(new, quarter), Reason::Swap)];
    assert_eq!(house.gaps(), gaps);
    assert_eq!((house.quarter(nine).energies.import, house.quarter(nine).complete), (None, false));
    assert!(house.quarter(quarter).complete);
    house.assert_counted(before + house.rise(new, house.last()));
}

/// The register starts again from 0: what it counts from there on is added, and nothing is ever negative.
#[test]
fn register_reset() {
    let mut house = House::in_the_evening();
    let eight = house.meter.next_at();
    house.run(HOUR + 120);
    let old = house.last();
    house.meter.set_registers(&StartRegisters::default());
    house.run(HOUR);
    let (new, nine, quarter) = (old + 10, eight + HOUR, eight + HOUR + QUARTER);
    let gaps =
        [(nine, old, house.rise(nine, old), Reason::Reset), (new, quarter, house.rise(new, quarter), Reason::Reset)];
    assert_eq!(house.gaps(), gaps);
    assert_eq!(house.account.resets(), 2, "import and export");
    assert!(!house.quarter(nine).complete && house.quarter(quarter).complete);
    house.assert_counted(house.rise(eight, old) + house.rise(new, house.last()));
}

/// The hour that the clock leaves out is a gap with the energy of ten seconds. No quarter-hour says that it is 0.
#[test]
fn clock_set_forward() {
    let mut house = House::in_the_evening();
    let eight = house.meter.next_at();
    house.run(HOUR + 120);
    let before = house.last();
    house.meter.move_clock(HOUR);
    house.run(HOUR);
    let (nine, next) = (eight + HOUR, eight + 2 * HOUR + QUARTER);
    assert_eq!(house.gaps(), [(nine, next, house.rise(nine, next), Reason::NoTelegrams)]);
    assert_eq!(house.rise(nine, before) + house.rise(before, next), house.rise(nine, next));
    assert!(house.quarter(next).complete && !house.now.day_complete);
    house.assert_counted(house.rise(eight, house.last()));
}

/// For an hour the clock says again what it said. That hour's energy and what was open are gaps, so that no
/// quarter-hour has two hours' demand; the exceedance is a lower bound.
#[test]
fn clock_set_backwards() {
    let mut house = House::in_the_evening();
    let eight = house.meter.next_at();
    house.run(HOUR + 125);
    let before = house.last();
    house.meter.move_clock(-HOUR);
    let beyond = house.now.exceedance[0].unwrap().day_wh;
    assert_eq!(house.run(HOUR - 10), 0, "all of them are late");
    assert_eq!(house.account.late(), 359);
    assert_eq!(house.run(10), 0, "the stamp of the last one");
    house.run(60);
    let caught_up = before + 10;
    let (nine, quarter) = (eight + HOUR, eight + HOUR + QUARTER);
    assert_eq!(house.gaps(), [(nine, caught_up, house.rise(nine, caught_up), Reason::ClockSetBack)]);
    assert_eq!(house.now.exceedance[0].unwrap().quarter_wh, 0);
    assert!(house.now.exceedance[0].unwrap().day_wh <= beyond);
    house.run(HOUR);
    let rest = (caught_up, quarter, house.rise(caught_up, quarter), Reason::ClockSetBack);
    assert_eq!(house.gaps()[1..], [rest]);
    assert_eq!((house.quarter(nine).energies.import, house.quarter(nine).complete), (None, false));
    assert!(house.quarter(quarter).complete);
    house.assert_counted(house.rise(eight, house.last()));
}

/// A meter that is put right by up to the margin, as operators do, costs no quarter-hour.
#[test]
fn clock_put_right_by_seconds() {
    let mut house = House::in_the_evening();
    let eight = house.meter.next_at();
    for by in [-25, 12, -3, 30, -30, 1] {
        house.run(HOUR / 2);
        house.meter.move_clock(by);
    }
    house.run(HOUR);
    assert_eq!(house.gaps(), []);
    assert_eq!(house.complete(eight, house.last()).0, 15, "all that are over");
    house.assert_counted(house.rise(eight, house.last()));
}

/// Each telegram comes three times: the books are those of one.
#[test]
fn duplicate_telegrams() {
    let (mut once, mut thrice) = (House::in_the_evening(), House::in_the_evening());
    once.run(2 * HOUR);
    for _ in 0..2 * HOUR / 10 {
        let telegram = thrice.send();
        assert_eq!([thrice.hear(telegram), thrice.hear(telegram), thrice.hear(telegram)], [true, false, false]);
    }
    assert_eq!((&thrice.entries, &thrice.now), (&once.entries, &once.now));
    assert_eq!(thrice.account.running(), once.account.running());
    assert_eq!((once.account.late(), thrice.account.late()), (0, 2 * 720));
}

/// Ten minutes of telegrams come after the one that is newer than they: the books stay as without them.
#[test]
fn late_telegrams() {
    let (mut house, mut without) = (House::in_the_evening(), House::in_the_evening());
    let eight = house.meter.next_at();
    for one in [&mut house, &mut without] {
        one.run(HOUR);
    }
    let [late, _] = [&mut house, &mut without].map(|one| (0..60).map(|_| one.send()).collect::<Vec<_>>());
    house.run(HOUR);
    without.run(HOUR);
    for telegram in late {
        assert!(!house.hear(telegram));
    }
    assert_eq!((&house.entries, &house.now), (&without.entries, &without.now));
    assert_eq!(house.account.late(), 60);
    house.run(QUARTER);
    assert!(house.gaps().is_empty(), "the borders were measured by others");
    house.assert_counted(house.rise(eight, house.last()));
}

/// One telegram is a day ahead. The account has no clock and believes it; what follows is late until that day has
/// come, and then is one gap without demand. Nothing counts twice, and nothing is lost. How far ahead is too far, says
/// who feeds the account; without that it would wait for years.
#[test]
fn a_telegram_from_the_future() {
    let mut house = House::in_the_evening();
    let eight = house.meter.next_at();
    house.run(HOUR + 120);
    let before = house.last();
    house.meter.move_clock(DAY_S);
    let (ahead, values) = house.send();
    house.meter.move_clock(-DAY_S);
    assert!(house.hear((ahead, values)));
    assert_eq!(ahead, before + 10 + DAY_S);
    assert_eq!(house.run(DAY_S), 0, "the account stands still");
    assert_eq!(house.account.last_time(), Some(ahead));
    assert_eq!(house.now.exceedance[0].unwrap().quarter_wh, 0);
    house.run(HOUR);
    let (nine, after) = (eight + HOUR, ahead + 10);
    let quarter = eight + HOUR + DAY_S + QUARTER;
    let gaps = [
        (nine, after, house.rise(nine, after), Reason::ClockSetBack),
        (after, quarter, house.rise(after, quarter), Reason::ClockSetBack),
    ];
    assert_eq!(house.gaps(), gaps);
    assert!(house.rise(nine, after) > 1000, "a day");
    assert!(house.quarter(quarter).complete && !house.now.day_complete);
    house.assert_counted(house.rise(eight, house.last()));
    // Beyond the year 9999 is no time.
    assert_eq!(house.account.feed(&Sample::at(253_402_300_800), |_| {}), Outcome::Late);
}

/// The state of an hour ago is put back: that hour is a gap. If its telegrams are told again, the books are the same.
#[test]
fn restored_backup() {
    let mut house = House::in_the_evening();
    let eight = house.meter.next_at();
    house.run(HOUR + 120);
    let (account, calculator) = (house.account.to_bytes(), house.calculator.to_bytes());
    let (saved, known) = (house.last(), house.entries.len());
    let since: Vec<_> = (0..360).map(|_| house.send()).collect();
    for telegram in &since {
        house.hear(*telegram);
    }
    let (entries, state) = (house.entries.clone(), house.account.to_bytes());

    house.account = Account::from_bytes(&account, 30).unwrap();
    house.calculator = Calculator::from_bytes(&calculator, SETTINGS).unwrap();
    house.entries.truncate(known);
    let mut again = House { entries: house.entries.clone(), account: house.account.clone(), ..House::in_the_evening() };
    for telegram in &since {
        again.hear(*telegram);
    }
    assert_eq!((again.entries, again.account.to_bytes()), (entries, state));

    house.run(HOUR);
    let (nine, next) = (eight + HOUR, eight + 2 * HOUR + QUARTER);
    assert_eq!(house.last(), saved + 2 * HOUR);
    assert_eq!(house.gaps(), [(nine, next, house.rise(nine, next), Reason::NoTelegrams)]);
    house.assert_counted(house.rise(eight, house.last()));
}

/// From midnight to midnight, and an hour before and behind: what the day has, and how many quarter-hours.
fn day(year: i64, month: i64, date: i64) -> (House, usize) {
    let midnight = ZONE.midnight(year, month, date);
    let next = day_start(midnight + 30 * HOUR);
    let mut house = House::at(midnight - HOUR);
    house.run(HOUR + 10);
    let at_midnight = house.now.exceedance[0].unwrap();
    assert_eq!((house.now.day_import_wh, at_midnight.day_wh), (Some(0), 0), "a new day");
    house.run(next - midnight - 10);
    let (quarters, import) = house.complete(midnight, next);
    // The last telegram of the day: the running quarter-hour is in it.
    assert_eq!(house.now.day_import_wh, Some(house.rise(midnight, house.last())));
    assert!(house.now.day_complete);
    let today = house.now.exceedance[0].unwrap();
    assert!(today.day_wh > 0);
    if month_start(midnight) == midnight {
        assert_eq!(today.day_wh, today.month_wh, "the month began with the day");
        assert!(house.now.month_complete);
    } else {
        assert_eq!(today.month_wh, today.day_wh + at_midnight.month_wh);
    }
    house.run(10);
    assert_eq!(house.complete(midnight, next).1, house.rise(midnight, next));
    assert_eq!(import + house.quarter(next - QUARTER).energies.import.unwrap(), house.rise(midnight, next));
    assert!(house.gaps().is_empty());
    (house, quarters + 1)
}

/// At two o'clock it is three: 92 quarter-hours, all of them complete.
#[test]
fn a_day_of_23_hours() {
    let (_, quarters) = day(2026, 3, 29);
    assert_eq!(quarters, 92);
}

/// From two to three comes twice, first in summer time. Each has four quarter-hours, and none is taken for another.
#[test]
fn a_day_of_25_hours_with_the_hour_that_comes_twice() {
    let (house, quarters) = day(2026, 10, 25);
    assert_eq!(quarters, 100);
    let (_, winter) = summer_time(2026);
    for start in [winter - HOUR, winter] {
        assert_eq!(ZONE.local(start).clock(), (2, 0, 0));
        assert_eq!(house.complete(start, start + HOUR), (4, house.rise(start, start + HOUR)));
    }
}

/// The first of a month: the month's exceedance begins at 0.
#[test]
fn month_end() {
    let (house, quarters) = day(2026, 5, 1);
    assert_eq!((quarters, house.now.month_complete), (96, true));
}

/// New Year's Day is the first of a month like any other.
#[test]
fn year_end() {
    let (house, quarters) = day(2027, 1, 1);
    assert_eq!((quarters, house.now.month_complete), (96, true));
}

/// 29 February is a day of February; the day after it is the first of March.
#[test]
fn leap_day() {
    let (house, quarters) = day(2028, 2, 29);
    assert_eq!((quarters, house.now.month_complete), (96, true), "March has begun");
    assert_eq!(house.now.exceedance[0].unwrap().month_wh, 0);
    assert_eq!(day(2027, 2, 28).1, 96);
}
