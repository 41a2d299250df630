//! Days, months and exceedance in random worlds, against a slow reference that has all readings at hand.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod reference;

use proptest::collection::vec;
use proptest::prelude::*;
use smarty_ledger::{Account, Calculated, Calculator, Entry, Moment, QUARTER, Reference, Settings, Terms};
use smarty_p1::{Quantity, Values};

use reference::{Calendar, MARGIN, ORIGIN, Told, expected, last};

fn check(found: &Calculated, told: &[Told], calendar: &Calendar, settings: &Settings) -> Result<(), TestCaseError> {
    let expected = expected(told, calendar, settings);
    let last = last(told);
    prop_assert_eq!([found.day_import_wh, found.day_export_wh], expected.day, "{:?}", last);
    prop_assert_eq!(found.exceedance, expected.exceedance, "{:?}", last);
    prop_assert_eq!(found.day_complete, expected.day_complete, "day {:?}", last);
    prop_assert_eq!(found.month_complete, expected.month_complete, "month {:?}", last);
    prop_assert_eq!([found.energy_import_wh, found.energy_export_wh], [last.registers[0], last.registers[1]]);
    Ok(())
}

/// Of a saved calculator.
const VERSION: u8 = 2;

/// What happens next at the meter.
#[derive(Clone, Debug)]
struct Step {
    pace: Pace,
    /// So many readings at this pace.
    readings: u32,
    rises: [Option<i64>; 2],
    event: Event,
}

#[derive(Clone, Copy, Debug)]
enum Pace {
    Seconds(i64),
    /// So many seconds beside the border of the next quarter-hour.
    Border(i64),
    /// Likewise of the next day.
    Midnight(i64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Event {
    Nothing,
    Swap,
    /// A register starts anew.
    Reset(usize),
    /// The board restarts from its bytes.
    Restart,
    /// The program restarts and has the entries in a database.
    Seed,
    Late(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let pace = prop_oneof![
        4 => Just(Pace::Seconds(10)),
        3 => (1i64..2000).prop_map(Pace::Seconds),
        1 => (3000i64..200_000).prop_map(Pace::Seconds),
        6 => (-30i64..30).prop_map(Pace::Border),
        2 => Just(Pace::Border(0)),
        1 => (-40i64..4000).prop_map(Pace::Midnight),
    ];
    let readings = prop_oneof![6 => Just(1u32), 3 => 1u32..12, 1 => 90u32..200];
    let rise = |most: i64| prop_oneof![1 => Just(None), 9 => (0..most).prop_map(Some)];
    let event = prop_oneof![
        30 => Just(Event::Nothing),
        1 => Just(Event::Swap),
        1 => (0usize..2).prop_map(Event::Reset),
        4 => Just(Event::Restart),
        4 => Just(Event::Seed),
        2 => (0i64..5000).prop_map(Event::Late),
    ];
    (pace, readings, [rise(1500), rise(300)], event).prop_map(|(pace, readings, rises, event)| Step {
        pace,
        readings,
        rises,
        event,
    })
}

fn next(time: i64, pace: Pace, calendar: &Calendar) -> i64 {
    let next = match pace {
        Pace::Seconds(seconds) => time + seconds,
        Pace::Border(beside) => (time.div_euclid(QUARTER) + 1) * QUARTER + beside,
        Pace::Midnight(beside) => calendar.days[calendar.days.partition_point(|&day| day <= time)] + beside,
    };
    if next > time { next } else { next + QUARTER }
}

fn values(told: &Told) -> Values {
    let mut values = Values::EMPTY;
    for (quantity, register) in [Quantity::EnergyImport, Quantity::EnergyExport].into_iter().zip(told.registers) {
        if let Some(value) = register {
            values.set(quantity, value);
        }
    }
    values
}

fn power() -> impl Strategy<Value = Option<Reference>> {
    let some = (1u32..8000, any::<bool>());
    proptest::option::weighted(0.8, some).prop_map(|reference| {
        let (power_w, priced) = reference?;
        Some(Reference { power_w, price_micro_euro: priced.then_some(113_900) })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn days_and_months_are_what_all_readings_say(
        hours in vec(prop_oneof![1 => Just(23i64), 2 => Just(24i64), 1 => Just(25i64)], 1..5),
        days_a_month in 1usize..4,
        begin in prop_oneof![Just(0i64), 0i64..100_000],
        references in [power(), power(), power()],
        exporting: bool,
        steps in vec(step(), 1..30),
    ) {
        let calendar = Calendar::new(&hours, days_a_month);
        let settings = Settings { references, ..Settings::DEFAULT };
        let mut account = Account::new(MARGIN as u16);
        let mut calculator = Calculator::new(settings);
        // The same, by the other door.
        let mut second = calculator.clone();
        let mut told: Vec<Told> = Vec::new();
        let mut entries: Vec<Entry> = Vec::new();
        let mut time = ORIGIN + begin;
        let (mut segment, mut registers) = (1, [5000i64, 100]);
        for step in steps {
            match step.event {
                Event::Nothing => {}
                Event::Swap => {
                    segment += 1;
                    registers = [3, 40_000];
                }
                Event::Reset(register) => registers[register] = 0,
                Event::Restart => {
                    account = Account::from_bytes(&account.to_bytes(), MARGIN as u16).unwrap();
                    calculator = Calculator::from_bytes(&calculator.to_bytes(), settings).unwrap();
                    second = calculator.clone();
                }
                Event::Seed => if let Some(last) = account.last_time() {
                    let (day, month) = (Calendar::of(&calendar.days, last), Calendar::of(&calendar.months, last));
                    let mut seeded = Calculator::new(settings);
                    seeded.seed(day, month, entries.iter().rev().copied());
                    prop_assert_eq!(seeded.to_bytes(), calculator.to_bytes());
                    calculator = seeded;
                    second = calculator.clone();
                }
                Event::Late(back) => if let Some(last) = account.last_time() {
                    let late = Told {
                        time: last - back,
                        late: true,
                        segment,
                        registers: [Some(9_999_999), Some(9_999_999), None, None],
                        renewed: [false; 4],
                    };
                    let before = calculator.clone();
                    let moment = Moment {
                        time: late.time,
                        segment,
                        day_start: 0,
                        month_start: 0,
                        values: &values(&late),
                        gas_dm3: None,
                        day_gas_dm3: None,
                        terms: Terms::NONE,
                    };
                    prop_assert_eq!(calculator.feed(&mut account, &moment, |_| {}), None);
                    prop_assert_eq!(&calculator, &before);
                    told.push(late);
                }
            }
            for reading in 0..step.readings {
                if !told.is_empty() {
                    time = next(time, step.pace, &calendar);
                }
                for (register, rise) in registers.iter_mut().zip(step.rises) {
                    *register += rise.unwrap_or(0);
                }
                let present = |register: usize| step.rises[register].map(|_| registers[register]);
                let reading_told = Told {
                    time,
                    late: false,
                    segment,
                    registers: [present(0), present(1).filter(|_| exporting), None, None],
                    renewed: [false; 4],
                };
                told.push(reading_told);
                let moment = Moment {
                    time,
                    segment,
                    day_start: Calendar::of(&calendar.days, time),
                    month_start: Calendar::of(&calendar.months, time),
                    values: &values(&reading_told),
                    gas_dm3: None,
                    day_gas_dm3: None,
                    terms: Terms::NONE,
                };
                let before = entries.len();
                let found = calculator.feed(&mut account, &moment, |entry| entries.push(entry)).unwrap();
                let same = second.take(&moment, entries[before..].iter().copied(), &account.running());
                prop_assert_eq!(&found, &same);
                // The reference is slow; in a long row of readings it looks at some.
                if reading < 4 || reading % 16 == 0 || reading + 1 == step.readings {
                    check(&found, &told, &calendar, &settings)?;
                }
            }
        }
        prop_assert_eq!(&calculator, &second);
    }

    #[test]
    fn damaged_states_are_refused_or_harmless(
        mut bytes in vec(any::<u8>(), Calculator::BYTES),
        version: bool,
        powers in any::<[Option<u32>; 3]>(),
        readings in vec((any::<i64>(), any::<i64>(), any::<i64>()), 0..10),
    ) {
        if version {
            bytes[0] = VERSION;
        }
        let references = powers.map(|power| Some(Reference { power_w: power?, price_micro_euro: None }));
        let found = Calculator::from_bytes(&bytes, Settings { references, window_minutes: bytes[1] });
        prop_assert_eq!(found.is_ok(), bytes[0] == VERSION);
        let Ok(mut calculator) = found else { return Ok(()) };
        for (number, midnight, gas) in readings {
            let mut account = Account::new(MARGIN as u16);
            let mut values = Values::EMPTY;
            for quantity in [Quantity::EnergyImport, Quantity::PowerImportL1, Quantity::PowerExportL1] {
                values.set(quantity, number);
            }
            values.set(Quantity::PowerImport, number >> 1);
            let time = number.rem_euclid(3_000_000_000);
            let moment = Moment {
                time,
                segment: 1,
                day_start: midnight,
                month_start: midnight,
                values: &values,
                gas_dm3: Some(gas),
                day_gas_dm3: Some(gas),
                terms: Terms::NONE,
            };
            let calculated = calculator.feed(&mut account, &moment, |_| {}).unwrap();
            prop_assert_eq!([calculated.gas_dm3, calculated.day_gas_dm3], [Some(gas); 2]);
        }
    }
}
