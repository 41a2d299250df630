//! The store in random worlds of the virtual meter: quarter-hours, hours, days, months and years add up with the
//! registers, exact to the Wh, and are what the definition says.
//!
//! `PROPTEST_CASES=10000 cargo test --release -p smarty-store --test worlds` is the long run; `TMPDIR=/dev/shm` spares
//! the disk.

#![allow(clippy::unwrap_used, missing_docs)] // A test ends where something is not as it must be.

mod common;
#[path = "../../ledger/tests/reference/mod.rs"]
mod reference;
#[path = "../../ledger/tests/world/mod.rs"]
mod world;

use std::collections::BTreeSet;
use std::path::PathBuf;

use common::{Folder, settle};
use proptest::prelude::*;
use smarty_ledger::cost::{Basis, Charged, Clock as Wall, Price, Pricing, Rate, Tally, charge, charge_gap};
use smarty_ledger::{QUARTER, Register};
use smarty_p1::{Quantity, Values};
use smarty_store::{
    Appended, BatchCount, Clock, Entry, Flush, MeterReading, Options, Peak, Proof, Reader, Running, Span, Store,
    StoreError, back_up, restore,
};

use reference::{Interval, Reference, Told, last};
use world::{Event, Telegram, World, cases, day_start, month_start, next_day, world, year_start};

const EVER: (i64, i64) = (0, i64::MAX / 2);
/// As the intake believes a meter's clock.
const TOO_FAR: i64 = 30 * 86_400;

/// A store, and what it was told.
struct House {
    folder: Folder,
    options: Options,
    store: Option<Store>,
    /// Not stored yet.
    arrived: Vec<MeterReading>,
    known: Known,
    copy: Option<(PathBuf, Known)>,
    copies: usize,
}

/// What the store must know.
#[derive(Clone, Default)]
struct Known {
    /// What is stored: equipment, time and number.
    stored: BTreeSet<(String, i64, u64)>,
    /// What is booked.
    told: Vec<Told>,
    /// Somebody accepted a value: the next one of the register begins anew.
    renewed: [bool; 4],
}

impl House {
    fn new() -> Self {
        let folder = Folder::new();
        let mut options = folder.options();
        options.flush = Flush::Every(3600);
        let store = Some(Store::open(options.clone()).unwrap());
        Self { folder, options, store, arrived: Vec::new(), known: Known::default(), copy: None, copies: 0 }
    }

    fn happen(&mut self, event: &Event) -> Result<(), TestCaseError> {
        match event {
            Event::Telegram(telegram) => {
                self.arrived.push(reading(telegram));
                // Now and then, and never in step with anything else.
                if telegram.number % 11 < 2 {
                    self.keep()?;
                }
                return Ok(());
            }
            Event::Restart => {
                self.keep()?;
                if let Some(told) = self.known.told.last().filter(|told| told.time % 2 == 0) {
                    settle(self.store.as_mut().unwrap(), told.time);
                }
                self.store = None;
            }
            Event::Backup => {
                self.keep()?;
                self.copies += 1;
                let copy = self.folder.folder.path().join(format!("copy{}.db", self.copies));
                back_up(&self.folder.path(), &copy).unwrap();
                self.copy = Some((copy, self.known.clone()));
            }
            Event::Restore => {
                self.keep()?;
                if let Some((copy, known)) = &self.copy {
                    self.store = None;
                    restore(copy, &self.folder.path()).unwrap();
                    self.known = known.clone();
                }
            }
        }
        if self.store.is_none() {
            self.store = Some(Store::open(self.options.clone()).unwrap());
        }
        Ok(())
    }

    /// Stores what has arrived, in one of two ways, and notes what was believed of it.
    fn keep(&mut self) -> Result<(), TestCaseError> {
        let arrived = std::mem::take(&mut self.arrived);
        let Some(first) = arrived.first() else { return Ok(()) };
        let store = self.store.as_mut().unwrap();
        let fresh: Vec<bool> = arrived.iter().map(|reading| self.known.stored.insert(key(reading))).collect();
        let news = fresh.iter().filter(|&&fresh| fresh).count() as u64;
        let mut doubted = 0;
        if first.ident % 2 == 0 {
            let count = store.append_batch(&arrived).unwrap();
            doubted = count.quarantined;
            let duplicates = arrived.len() as u64 - news;
            prop_assert_eq!(count, BatchCount { new: news, duplicates, quarantined: doubted, refused: 0 });
        } else {
            for reading in &arrived {
                prop_assert_eq!(store.append(reading).unwrap(), Appended::Pending);
            }
            for (outcome, fresh) in store.flush().unwrap().iter().zip(&fresh) {
                prop_assert_eq!(*outcome == Appended::Duplicate, !fresh);
                doubted += u64::from(matches!(outcome, Appended::Quarantined(_)));
            }
        }
        for (reading, _) in arrived.iter().zip(fresh).filter(|(_, fresh)| *fresh) {
            let values = if doubted == 0 { reading.values } else { self.believed(reading) };
            self.known.book(reading, &values);
        }
        if doubted > 0 { self.decide() } else { Ok(()) }
    }

    /// What the store kept of a reading.
    fn believed(&self, reading: &MeterReading) -> Values {
        let reader = Reader::open(self.folder.path()).unwrap();
        let mut found = reader.readings("home", reading.time, reading.time + 1).unwrap().map(Result::unwrap);
        found.find(|found| found.ident == reading.ident && found.segment == reading.segment).unwrap().values
    }

    /// Somebody looks at the values that were not believed: most are true, since registers do start anew.
    fn decide(&mut self) -> Result<(), TestCaseError> {
        let store = self.store.as_mut().unwrap();
        for doubtful in store.quarantine_list("home").unwrap() {
            if doubtful.time % 4 > 0 {
                match store.accept(doubtful.id) {
                    Ok(()) => {
                        let register = Register::ALL.into_iter().position(|register| {
                            [register.quantity()].iter().chain(tariffs(register)).any(|q| *q == doubtful.quantity)
                        });
                        self.known.renewed[register.unwrap()] = true;
                        continue;
                    }
                    Err(StoreError::Refused(_)) => {}
                    Err(error) => prop_assert!(false, "{}", error),
                }
            }
            store.dismiss(doubtful.id).unwrap();
        }
        Ok(())
    }
}

impl Known {
    fn book(&mut self, reading: &MeterReading, values: &Values) {
        let late = self.told.iter().any(|told| reading.time <= told.time);
        let total = |register: Register| {
            // Where a meter sends tariffs only, their sum counts if all of them are there.
            let sent = |quantity: &&Quantity| reading.values.get(**quantity).is_some();
            let mut tariffs = tariffs(register).iter().filter(sent);
            tariffs.all(|tariff| values.get(*tariff).is_some()).then(|| values.total(register.quantity())).flatten()
        };
        self.told.push(Told {
            time: reading.time,
            late,
            segment: reading.segment[3..].parse().unwrap(),
            registers: Register::ALL.map(total),
            renewed: if late { [false; 4] } else { std::mem::take(&mut self.renewed) },
        });
    }
}

const fn tariffs(register: Register) -> &'static [Quantity] {
    match register {
        Register::Import => &[Quantity::EnergyImportT1, Quantity::EnergyImportT2],
        Register::Export => &[Quantity::EnergyExportT1, Quantity::EnergyExportT2],
        Register::ReactiveImport | Register::ReactiveExport => &[],
    }
}

fn key(reading: &MeterReading) -> (String, i64, u64) {
    (reading.segment.to_string(), reading.time, reading.ident)
}

/// As the intake makes it.
fn reading(telegram: &Telegram) -> MeterReading {
    let believed = telegram.clock_known && telegram.time - telegram.sent_at <= TOO_FAR;
    MeterReading {
        meter: "home".into(),
        segment: format!("SAG{}", telegram.segment).into(),
        time: if believed { telegram.time } else { telegram.sent_at },
        clock: if believed { Clock::Meter } else { Clock::Host },
        received: telegram.sent_at,
        ident: telegram.number,
        proof: Proof::Tag,
        values: telegram.values,
        texts: Vec::new(),
    }
}

/// Everything that the store says, beside the reference.
struct Books {
    reader: Reader,
    reference: Reference,
    told: Vec<Told>,
    running: Running,
}

impl Books {
    fn booked(&self) -> impl Iterator<Item = &Told> {
        self.told.iter().filter(|told| !told.late)
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let (reader, reference) = (&self.reader, &self.reference);
        let (_, balances) = reader.balance("home").unwrap().unwrap();
        for balance in balances {
            prop_assert_eq!(balance.off(), 0, "{:?}", balance);
        }
        let quarters = reader.quarter_hours("home", EVER.0, EVER.1).unwrap();
        let gaps = reader.gaps("home", EVER.0, EVER.1).unwrap();
        for register in Register::ALL {
            let index = register as usize;
            let interval =
                |start, end, energy: Option<i64>, quarter| Some(Interval { start, end, energy: energy?, quarter });
            let closed = quarters.iter().filter(|span| !span.running);
            let mut found: Vec<Interval> = closed
                .filter_map(|span| interval(span.start, span.end, span.energies.get(register), true))
                .chain(gaps.iter().filter_map(|gap| interval(gap.start, gap.end, gap.energies.get(register), false)))
                .collect();
            let mut expected = reference.known[index].intervals.clone();
            found.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(&found, &expected);
            let open = self.running.energies.get(register).map(|energy| (self.running.since[index], energy));
            prop_assert_eq!(open, reference.known[index].running);
            let booked: i64 = found.iter().map(|interval| interval.energy).sum();
            prop_assert_eq!(booked + open.map_or(0, |(_, energy)| energy), reference.counted(index), "the law");
            prop_assert!(found.iter().all(|interval| interval.energy >= 0 && interval.start < interval.end));
        }
        for quarter in quarters.iter().filter(|quarter| !quarter.running) {
            prop_assert_eq!(quarter.complete, reference.is_complete(quarter.start));
            prop_assert_eq!(quarter.demand_import_w(), quarter.energies.import.map(|energy| energy * 4));
        }

        let starts = |begin: fn(i64) -> i64| -> BTreeSet<i64> {
            let entries = reference.known.iter().flat_map(|known| &known.intervals).map(|interval| interval.start);
            self.booked().map(|told| told.time).chain(entries).map(begin).collect()
        };
        let days = reader.days("home", EVER.0, EVER.1).unwrap();
        let months = reader.months("home", EVER.0, EVER.1).unwrap();
        let years = reader.years("home").unwrap();
        self.check_spans(&days, &starts(day_start), next_day)?;
        self.check_spans(&months, &starts(month_start), |start| month_start(start + 40 * 86_400))?;
        self.check_spans(&years, &starts(year_start), |start| year_start(start + 400 * 86_400))?;
        let hours = reader.hours("home", EVER.0, EVER.1).unwrap();
        let listed = hours.iter().map(|hour| hour.start).collect();
        self.check_spans(&hours, &listed, |start| start + 3600)?;

        // A look at a part shows the same as a look at all.
        let (first, last) = (self.told[0].time, self.running.last);
        for (from, to) in [(first, last), (first + 1234, last - 777), (day_start(last), last + 1), (last - 5000, last)]
        {
            let part = |all: &[Span]| -> Vec<Span> {
                all.iter().filter(|span| (from..to).contains(&span.start)).copied().collect()
            };
            prop_assert_eq!(reader.quarter_hours("home", from, to).unwrap(), part(&quarters));
            prop_assert_eq!(reader.hours("home", from, to).unwrap(), part(&hours));
            prop_assert_eq!(reader.days("home", from, to).unwrap(), part(&days));
            prop_assert_eq!(reader.months("home", from, to).unwrap(), part(&months));
            let touching = gaps.iter().filter(|gap| gap.start < to && gap.end > from).cloned().collect::<Vec<_>>();
            prop_assert_eq!(reader.gaps("home", from, to).unwrap(), touching);
            self.check_costs(from, to)?;
        }
        self.check_costs(EVER.0, EVER.1)?;
        let owed = reader.owed("home", 0, usize::MAX >> 1).unwrap();
        prop_assert_eq!(owed.len(), quarters.len() - 1 + gaps.len());
        prop_assert!(owed.iter().map(Entry::end).is_sorted());
        Ok(())
    }

    /// Spans of one kind: those that must be there, from border to border, with what lies in them whole. Together
    /// with what lies across their borders that is all that the registers have counted.
    fn check_spans(&self, spans: &[Span], starts: &BTreeSet<i64>, end: fn(i64) -> i64) -> Result<(), TestCaseError> {
        let reference = &self.reference;
        prop_assert_eq!(&spans.iter().map(|span| span.start).collect::<BTreeSet<_>>(), starts);
        prop_assert!(spans.windows(2).all(|pair| pair[0].end <= pair[1].start));
        for span in spans {
            prop_assert_eq!(span.end, end(span.start));
            let told = |told: &&Told| (span.start..span.end).contains(&told.time);
            prop_assert_eq!(span.telegrams as usize, self.booked().filter(told).count());
            prop_assert_eq!(span.running, (span.start..span.end).contains(&reference.quarter));
            for register in Register::ALL {
                let expected = reference.energy(register as usize, span.start, span.end);
                prop_assert_eq!(span.energies.get(register), expected, "{:?} of {:?}", register, span);
            }
            let now = !span.running || reference.is_running_complete();
            let complete = now && reference.is_complete_between(span.start, span.end);
            prop_assert_eq!(span.complete, complete, "{:?}", span);
            let quarters = reference.quarters(0).filter(|(start, _)| (span.start..span.end).contains(start));
            let peak = quarters.max_by_key(|&(start, energy)| (energy, -start));
            prop_assert_eq!(span.peak, peak.map(|(time, energy)| Peak { power_w: energy * 4, time }));
        }
        for register in Register::ALL {
            let known = &reference.known[register as usize];
            let across = |start: i64, end: i64| !spans.iter().any(|span| span.start <= start && end <= span.end);
            let crossing = known.intervals.iter().filter(|interval| across(interval.start, interval.end));
            let crossing: i64 = crossing.map(|interval| interval.energy).sum();
            let now = spans.iter().find(|span| span.running).unwrap();
            let open = known.running.filter(|(since, _)| !(now.start..now.end).contains(since));
            let sum: i64 = spans.iter().filter_map(|span| span.energies.get(register)).sum();
            let all = sum + crossing + open.map_or(0, |(_, energy)| energy);
            prop_assert_eq!(all, reference.counted(register as usize), "the law, {:?}", register);
        }
        Ok(())
    }

    /// What is charged beyond a power is what the reference says, and no gap adds to it.
    fn check_costs(&self, from: i64, to: i64) -> Result<(), TestCaseError> {
        let usage = self.reader.usage("home", from, to).unwrap();
        prop_assert_eq!(usage.last, Some(self.running.last));
        for reference_w in [0, 40, 300, 3000] {
            let pricing = Pricing::Flat(Price::nano_euro(113_900_000));
            let rates = [Rate { from, to, basis: Basis::Excess { reference_w }, pricing }];
            let mut tallies = [Tally::default()];
            charge(&rates, &usage.quarters, &Wall::UTC, &mut tallies);
            let fresh = self.reference.is_running_complete();
            let expected =
                self.reference.beyond(reference_w, from, if fresh { to } else { to.min(self.reference.quarter) });
            prop_assert_eq!(tallies[0].quarter_wh, expected);
            for gap in &usage.gaps {
                prop_assert_eq!(charge_gap(&rates, gap, &Wall::UTC, &mut tallies), Charged::Nothing);
            }
            prop_assert_eq!(tallies[0].quarter_wh, expected, "a gap has no demand");
        }
        Ok(())
    }
}

fn live(world: &World) -> Result<(), TestCaseError> {
    let mut house = House::new();
    for event in world.play() {
        house.happen(&event)?;
    }
    house.keep()?;
    let Known { told, stored, .. } = house.known;
    if told.is_empty() {
        return Ok(());
    }
    let reader = Reader::open(house.folder.path()).unwrap();
    let found = reader.readings("home", EVER.0, EVER.1).unwrap().map(Result::unwrap);
    let found: Vec<_> = found.map(|found| (found.segment.to_string(), found.time, found.ident)).collect();
    prop_assert_eq!(found.len(), stored.len());
    prop_assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), stored);
    let running = reader.running("home").unwrap().unwrap();
    prop_assert_eq!(running.start, last(&told).time.div_euclid(QUARTER) * QUARTER);
    let reference = Reference::of(&told);
    Books { reader, reference, told, running }.check()
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn everything_adds_up_in_every_world(world in world()) {
        live(&world)?;
    }
}
