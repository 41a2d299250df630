//! The accounts in random worlds of the virtual meter: exact to the Wh, whatever happens to meter, telegrams and reader.
//!
//! `PROPTEST_CASES=100000 cargo test --release -p smarty-ledger --test worlds` is the long run.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod reference;
mod world;

use proptest::prelude::*;
use smarty_ledger::cost::{
    Advised, Basis, Charged, Class, Clock, Metered, Price, Pricing, Rate, Span, Stretch, Tally, advise, charge,
    charge_gap,
};
use smarty_ledger::{
    Account, Calculated, Calculator, Entry, Gap, Moment, QUARTER, QuarterHour, Reference as Power, Register, Settings,
    Terms,
};

use reference::gas::Gas;
use reference::{Calendar, Interval, MARGIN, Reference, Told, expected, last};
use world::{Event, Telegram, VOLTAGES, World, cases, day_start, month_start, next_day, world};

/// A reader: an account and a calculator, and everything that went in and came out.
#[derive(Clone)]
struct Reader {
    settings: Settings,
    account: Account,
    calculator: Calculator,
    gas: Gas,
    heard: Vec<Telegram>,
    told: Vec<Told>,
    entries: Vec<Entry>,
    /// Energies of the entries, by register.
    booked: [i64; 4],
    calendar: Calendar,
}

impl Calendar {
    /// Knows the real days up to a time; the first of all is in this month.
    fn reach(&mut self, month: i64, time: i64) {
        let mut next = self.days.last().map_or(month, |&day| next_day(day));
        while next <= time {
            self.days.push(next);
            if month_start(next) == next {
                self.months.push(next);
            }
            next = next_day(next);
        }
    }
}

/// What is on the disk.
struct Saved {
    account: [u8; Account::BYTES],
    calculator: [u8; Calculator::BYTES],
    heard: usize,
    entries: usize,
}

impl Reader {
    fn new(settings: Settings) -> Self {
        Self {
            settings,
            account: Account::new(MARGIN as u16),
            calculator: Calculator::new(settings),
            gas: Gas::new(local_day),
            heard: Vec::new(),
            told: Vec::new(),
            entries: Vec::new(),
            booked: [0; 4],
            calendar: Calendar { days: Vec::new(), months: Vec::new() },
        }
    }

    fn hear(&mut self, telegram: &Telegram) -> Result<(), TestCaseError> {
        let time = telegram.time;
        let late = self.account.last_time().is_some_and(|last| time <= last);
        let moment = Moment {
            time,
            segment: telegram.segment,
            day_start: day_start(time),
            month_start: month_start(time),
            values: &telegram.values,
            gas_dm3: telegram.gas.map(|(_, register)| register),
            day_gas_dm3: if late { None } else { self.gas.hear(time, telegram.gas) },
            terms: Terms::NONE,
        };
        let again = self.booked().any(|booked| booked.number == telegram.number);
        self.heard.push(*telegram);
        self.told.push(Told {
            time,
            late,
            segment: telegram.segment,
            registers: Register::ALL.map(|register| telegram.values.total(register.quantity())),
            renewed: [false; 4],
        });
        if late {
            return self.hear_late(&moment, again);
        }
        self.calendar.reach(month_start(time), time);
        let before = self.entries.len();
        let entries = &mut self.entries;
        let found = self.calculator.feed(&mut self.account, &moment, |entry| entries.push(entry));
        prop_assert!(found.is_some(), "booked");
        for entry in &self.entries[before..] {
            for register in Register::ALL {
                let energy = energies(entry).get(register).unwrap_or(0);
                prop_assert!(energy >= 0, "{entry:?}");
                self.booked[register as usize] += energy;
            }
        }
        // The reference is slow: in a long row of telegrams it looks at some.
        if self.told.len() < 30 || self.told.len().is_multiple_of(16) || self.entries.len() > before {
            self.check(&found.unwrap())?;
        }
        Ok(())
    }

    /// A late telegram, or one after the meter's clock was set back, books nothing. One that is booked already
    /// changes nothing at all but the count.
    fn hear_late(&mut self, moment: &Moment<'_>, again: bool) -> Result<(), TestCaseError> {
        let (account, calculator) = (self.account.clone(), self.calculator.clone());
        let found = self.calculator.feed(&mut self.account, moment, |_| panic!("late telegrams book nothing"));
        prop_assert_eq!(found, None);
        prop_assert_eq!(&self.calculator, &calculator);
        prop_assert_eq!(self.account.late(), account.late() + 1);
        prop_assert_eq!(self.account.running(), account.running());
        prop_assert!(!again || but_late(&self.account) == but_late(&account), "a duplicate changes nothing");
        Ok(())
    }

    /// The law, and the calculated values, after a telegram.
    fn check(&self, found: &Calculated) -> Result<(), TestCaseError> {
        let reference = Reference::of(&self.told);
        let running = self.account.running();
        let last = last(&self.told);
        for register in Register::ALL {
            let index = register as usize;
            let counted = reference.counted(index);
            prop_assert_eq!(self.booked[index] + running.energies.get(register).unwrap_or(0), counted, "the law");
            prop_assert_eq!(self.account.total(register), counted);
            let open = running.energies.get(register).map(|energy| (running.since[index], energy));
            prop_assert_eq!(open, reference.known[index].running);
        }
        prop_assert_eq!((running.start, running.last), (reference.quarter, last.time));
        prop_assert_eq!(running.complete, reference.is_running_complete());
        prop_assert_eq!(running.telegrams as usize, self.told_in(reference.quarter).count());

        let expected = expected(&self.told, &self.calendar, &self.settings);
        prop_assert_eq!([found.day_import_wh, found.day_export_wh], expected.day, "{:?}", last);
        prop_assert_eq!(found.exceedance, expected.exceedance, "{:?}", last);
        prop_assert_eq!(found.day_complete, expected.day_complete, "{:?}", last);
        prop_assert_eq!(found.month_complete, expected.month_complete, "{:?}", last);
        let gas = self.booked().last().and_then(|telegram| telegram.gas);
        prop_assert_eq!(found.gas_dm3, gas.map(|(_, register)| register));
        prop_assert_eq!(found.day_gas_dm3, self.gas.expected(last.time), "{:?}", last);
        let (booked, counted) = self.gas.booked_and_counted();
        prop_assert_eq!(booked, counted, "the law for gas");
        prop_assert_eq!([found.energy_import_wh, found.energy_export_wh], [last.registers[0], last.registers[1]]);
        for (complete, since) in
            [(found.day_complete, day_start(last.time)), (found.month_complete, month_start(last.time))]
        {
            prop_assert!(!complete || self.gaps().all(|gap| gap.end <= since || !is_active(gap)), "a gap in {since}");
        }
        Ok(())
    }

    fn booked(&self) -> impl Iterator<Item = &Telegram> {
        self.heard.iter().zip(&self.told).filter(|(_, told)| !told.late).map(|(telegram, _)| telegram)
    }

    fn told_in(&self, quarter: i64) -> impl Iterator<Item = &Telegram> {
        self.booked().filter(move |telegram| (quarter..quarter + QUARTER).contains(&telegram.time))
    }

    fn gaps(&self) -> impl Iterator<Item = &Gap> {
        self.entries.iter().filter_map(|entry| if let Entry::Gap(gap) = entry { Some(gap) } else { None })
    }

    fn quarters(&self) -> impl Iterator<Item = &QuarterHour> {
        self.entries.iter().filter_map(|entry| if let Entry::Quarter(quarter) = entry { Some(quarter) } else { None })
    }

    fn save(&self) -> Saved {
        Saved {
            account: self.account.to_bytes(),
            calculator: self.calculator.to_bytes(),
            heard: self.heard.len(),
            entries: self.entries.len(),
        }
    }

    /// Starts from what was saved: the entries that came after it are as lost as the telegrams.
    fn load(&mut self, saved: &Saved) {
        self.account = Account::from_bytes(&saved.account, MARGIN as u16).unwrap();
        self.calculator = Calculator::from_bytes(&saved.calculator, self.settings).unwrap();
        self.heard.truncate(saved.heard);
        self.told.truncate(saved.heard);
        self.calendar = Calendar { days: Vec::new(), months: Vec::new() };
        if let Some(first) = self.told.first() {
            self.calendar.reach(month_start(first.time), first.time);
        }
        self.entries.truncate(saved.entries);
        // Gas is not saved: its books follow from the captures on the disk.
        self.gas = self.booked().fold(Gas::new(local_day), |mut gas, telegram| {
            gas.hear(telegram.time, telegram.gas);
            gas
        });
        self.booked =
            Register::ALL.map(|register| self.entries.iter().filter_map(|entry| energies(entry).get(register)).sum());
    }

    /// Nothing is lost on the way through the bytes, nor by summing up the entries again.
    fn restart(&mut self) -> Result<(), TestCaseError> {
        let (account, saved) = (self.account.clone(), self.save());
        self.load(&saved);
        prop_assert_eq!(&self.account, &account);
        prop_assert_eq!(self.calculator.to_bytes(), saved.calculator);
        let Some(last) = self.account.last_time() else { return Ok(()) };
        let mut seeded = Calculator::new(self.settings);
        seeded.seed(day_start(last), month_start(last), self.entries.iter().copied());
        prop_assert_eq!(seeded.to_bytes(), saved.calculator);
        Ok(())
    }

    /// A copy of some time ago goes on as if nothing had been heard since. If all that is told to it again, it is
    /// what it was.
    fn restore(&mut self, saved: &Saved) -> Result<(), TestCaseError> {
        let lost = self.heard[saved.heard..].to_vec();
        let before = self.clone();
        self.load(saved);
        let mut again = self.clone();
        for telegram in &lost {
            again.hear(telegram)?;
        }
        prop_assert_eq!(&again.entries, &before.entries);
        prop_assert_eq!(but_late(&again.account), but_late(&before.account));
        prop_assert_eq!(again.calculator.to_bytes(), before.calculator.to_bytes());
        Ok(())
    }

    /// The entries are those of the definition: none is missing, none too much.
    fn check_entries(&self) -> Result<(), TestCaseError> {
        let reference = Reference::of(&self.told);
        for register in Register::ALL {
            let interval = |entry: &Entry| {
                let (start, quarter) = match entry {
                    Entry::Quarter(quarter) => (quarter.start, true),
                    Entry::Gap(gap) => (gap.start, false),
                };
                Some(Interval { start, end: entry.end(), energy: energies(entry).get(register)?, quarter })
            };
            let mut found: Vec<Interval> = self.entries.iter().filter_map(interval).collect();
            let mut expected = reference.known[register as usize].intervals.clone();
            found.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(found, expected, "{:?}", register);
        }
        let mut starts: Vec<i64> = self.quarters().map(|quarter| quarter.start).collect();
        starts.sort_unstable();
        prop_assert!(starts.windows(2).all(|pair| pair[0] < pair[1]), "each quarter-hour once");
        for quarter in self.quarters() {
            prop_assert_eq!(quarter.complete, reference.is_complete(quarter.start), "{:?}", quarter);
            let end = quarter.start + QUARTER;
            let mut gaps = self.gaps().filter(|gap| gap.start < end && gap.end > quarter.start && is_active(gap));
            prop_assert!(!quarter.complete || gaps.next().is_none(), "{quarter:?} has a gap");
            let values = || self.told_in(quarter.start).map(|telegram| telegram.values);
            prop_assert_eq!(quarter.telegrams as usize, values().count());
            let powers: Vec<i64> = values().filter_map(|values| values.power_net()).collect();
            let spread = quarter.power_net.map(|power| (power.min, power.max, power.sum, power.count as usize));
            let (min, max) = (powers.iter().min(), powers.iter().max());
            let told = min.zip(max).map(|(min, max)| (*min, *max, powers.iter().sum(), powers.len()));
            prop_assert_eq!(spread, told);
            let voltages = || values().flat_map(|values| VOLTAGES.map(|phase| values.get(phase))).flatten();
            let extent = quarter.voltage.map(|voltage| (voltage.min, voltage.max));
            prop_assert_eq!(extent, voltages().min().zip(voltages().max()));
        }
        for told in self.told.iter().filter(|told| !told.late) {
            let quarter = told.time.div_euclid(QUARTER) * QUARTER;
            prop_assert!(
                quarter == reference.quarter || starts.binary_search(&quarter).is_ok(),
                "it has a quarter-hour"
            );
        }
        self.check_costs(&reference)
    }

    /// What is charged is what was metered, and beyond a power it is what the reference says. A gap has no demand.
    fn check_costs(&self, reference: &Reference) -> Result<(), TestCaseError> {
        let metered = |start, energies: &smarty_ledger::Energies| Metered {
            start,
            import: energies.import,
            export: energies.export,
        };
        let mut quarters: Vec<Metered> =
            self.quarters().map(|quarter| metered(quarter.start, &quarter.energies)).collect();
        let running = self.account.running();
        let fresh = running.since_within(running.start..running.start + 1);
        quarters.push(metered(running.start, &fresh));
        quarters.sort_by_key(|quarter| quarter.start);
        let last = last(&self.told).time;
        let spans =
            [(i64::MIN, i64::MAX), (month_start(last), i64::MAX), (day_start(day_start(last) - 1), day_start(last))];
        for ((from, to), class) in spans.into_iter().zip(self.settings.references) {
            let reference_w = class.map_or(0, |class| class.power_w);
            let pricing = Pricing::Flat(Price::nano_euro(113_900_000));
            let excess = [Rate { from, to, basis: Basis::Excess { reference_w }, pricing }];
            let mut beyond = [Tally::default()];
            prop_assert_eq!(charge(&excess, &quarters, &Clock::UTC, &mut beyond), 0);
            prop_assert_eq!(beyond[0].quarter_wh, reference.beyond(reference_w, from, to));
            let import = [Rate { basis: Basis::Import, ..excess[0] }];
            let mut all = [Tally::default()];
            charge(&import, &quarters, &Clock::UTC, &mut all);
            let within = self.gaps().filter(|gap| from <= gap.start && gap.end <= to);
            for gap in within.map(|gap| Stretch {
                start: gap.start,
                end: gap.end,
                import: gap.energies.import,
                export: gap.energies.export,
            }) {
                let before = beyond;
                prop_assert_eq!(charge_gap(&excess, &gap, &Clock::UTC, &mut beyond), Charged::Nothing);
                prop_assert_eq!(beyond, before, "a gap has no demand");
                charge_gap(&import, &gap, &Clock::UTC, &mut all);
            }
            let open =
                running.energies.import.filter(|_| fresh.import.is_none() && running.since[0] >= from && last < to);
            let known = reference.energy(0, from, to).unwrap_or(0);
            prop_assert_eq!(all[0].quarter_wh + 4 * open.unwrap_or(0), 4 * known);
            let classes = [Class { reference_w, month: Price::nano_euro(0) }];
            let mut advised = [Advised::default()];
            let part: Vec<Metered> =
                quarters.iter().copied().filter(|quarter| (from..to).contains(&quarter.start)).collect();
            advise(&classes, Price::nano_euro(1), &part, 35_040, &mut advised);
            prop_assert_eq!(advised[0].known_quarter_wh, beyond[0].quarter_wh);
            prop_assert_eq!(
                advised[0].fixed,
                smarty_ledger::cost::Money::of_days(30, 30, Price::nano_euro(0), Span::Month)
            );
        }
        Ok(())
    }
}

fn local_day(time: i64) -> (i64, i64) {
    let start = day_start(time);
    (start, next_day(start))
}

fn energies(entry: &Entry) -> &smarty_ledger::Energies {
    match entry {
        Entry::Quarter(quarter) => &quarter.energies,
        Entry::Gap(gap) => &gap.energies,
    }
}

/// The gap is one of active energy: what completeness is about.
fn is_active(gap: &Gap) -> bool {
    gap.energies.import.is_some() || gap.energies.export.is_some()
}

/// The state without its count of late telegrams, which stands behind flags, last time and segment.
fn but_late(account: &Account) -> Vec<u8> {
    let mut bytes = account.to_bytes().to_vec();
    bytes.drain(19..27);
    bytes
}

fn live(world: &World, settings: Settings) -> Result<(), TestCaseError> {
    let mut reader = Reader::new(settings);
    let mut copy = None;
    for event in world.play() {
        match event {
            Event::Telegram(telegram) => reader.hear(&telegram)?,
            Event::Restart => reader.restart()?,
            Event::Backup => copy = Some(reader.save()),
            Event::Restore => {
                if let Some(saved) = &copy {
                    reader.restore(saved)?;
                }
            }
        }
    }
    if reader.told.is_empty() { Ok(()) } else { reader.check_entries() }
}

fn power() -> impl Strategy<Value = Option<Power>> {
    // As many low as high ones: a house is seldom above its own.
    let some = (0u32..14, any::<u32>()).prop_map(|(magnitude, place)| Power {
        power_w: (1 << magnitude) + place % (1 << magnitude),
        price_micro_euro: Some(113_900),
    });
    proptest::option::weighted(0.9, some)
}

proptest! {
    #![proptest_config(cases(10_000))]

    #[test]
    fn the_law_holds_in_every_world(world in world(), references in [power(), power(), power()]) {
        live(&world, Settings { references, ..Settings::DEFAULT })?;
    }
}
