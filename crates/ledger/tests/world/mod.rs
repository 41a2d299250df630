//! World: the life of a virtual meter as its reader hears of it, with everything that happens in between.
//!
//! The meter is the one of `smarty-meter`: a household with its load and its sun, registers that follow its law, a
//! clock that can be set. What befalls the telegrams on their way, and the reader, is added here.

#![allow(dead_code)] // Two crates test with these worlds, and each needs only a part.

use proptest::collection::vec;
use proptest::prelude::*;
use smarty_meter::calendar::{Local, Zone, civil, days, summer_time};
use smarty_meter::{Appliances, MeterConfig, Profile, StartRegisters, VirtualMeter};
use smarty_p1::{Quantity, Values};

pub(crate) const ZONE: Zone = Zone::CENTRAL_EUROPE;
const DAY: i64 = 86_400;

/// As many cases as the variable `PROPTEST_CASES` says, for a longer run; without it `cases`.
pub(crate) fn cases(cases: u32) -> ProptestConfig {
    // The default reads the variable, `with_cases` does not.
    let told = ProptestConfig::default();
    ProptestConfig { cases: if std::env::var_os("PROPTEST_CASES").is_some() { told.cases } else { cases }, ..told }
}

/// A world before it has begun.
#[derive(Clone, Debug)]
pub(crate) struct World {
    seed: u64,
    profile: Profile,
    solar_wp: u32,
    car: bool,
    /// The meter has export registers.
    exports: bool,
    /// First telegram, UTC.
    pub(crate) start: i64,
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
struct Step {
    happens: Happening,
    /// Then come so many telegrams at this pace.
    pace: Pace,
    telegrams: u16,
}

#[derive(Clone, Copy, Debug)]
enum Pace {
    /// So many seconds after the one before, up to weeks.
    Seconds(i64),
    /// So many seconds beside the meter's next quarter-hour, day or month.
    Quarter(i64),
    Midnight(i64),
    Month(i64),
}

#[derive(Clone, Copy, Debug)]
enum Happening {
    Nothing,
    /// Another meter is mounted.
    Swap,
    /// All registers start again from 0.
    Reset,
    /// The meter's clock is set, forwards when positive.
    SetClock(i64),
    /// One telegram is so much ahead of the meter's clock.
    Ahead(i64),
    /// The meter does not know the time for so many telegrams.
    LoseClock(u64),
    PowerFailure(u32),
    /// So many telegrams lack a register, and some lack all of them.
    Missing(usize, u16),
    MissingAll(u16),
    /// The telegram so many before comes once more.
    Again(usize),
    /// The next telegram arrives behind so many others.
    Late(u16),
    Restart,
    Backup,
    Restore,
}

/// What reaches the reader.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A telegram. It may be there already, come late, or be ahead of its time.
    Telegram(Box<Telegram>),
    /// The reader stops, and starts from what it has saved.
    Restart,
    /// Somebody makes a copy of what is saved.
    Backup,
    /// Somebody puts the copy in the place of what is saved, if there is one.
    Restore,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Telegram {
    /// Differs between any two of a world; the frame counter, so to speak.
    pub(crate) number: u64,
    /// The meter's time, or that of arrival where the meter does not know it.
    pub(crate) time: i64,
    pub(crate) clock_known: bool,
    /// When it was sent, by the world's clock.
    pub(crate) sent_at: i64,
    /// Which meter hangs on the wall.
    pub(crate) segment: i64,
    pub(crate) values: Values,
    /// When the gas meter handed its register over, by the meter's clock then, and the register, litres.
    pub(crate) gas: Option<(i64, i64)>,
}

impl World {
    /// Lives through it.
    pub(crate) fn play(&self) -> Vec<Event> {
        let config = MeterConfig {
            seed: self.seed,
            appliances: Appliances {
                solar_wp: self.solar_wp,
                electric_car: self.car,
                ..MeterConfig::new(self.profile).appliances
            },
            start: self.start,
            // The pace is that of the steps.
            period_s: 1,
            ..MeterConfig::new(self.profile)
        };
        let mut life = Life { world: self, meter: VirtualMeter::new(config), sent: Vec::new(), clock: self.start };
        let mut segment = 1;
        let (mut missing, mut missing_for) = ([false; 4], 0);
        let mut held: Vec<(u16, Telegram)> = Vec::new();
        let mut events = Vec::new();
        for step in &self.steps {
            let (mut ahead, mut hold) = (0, None);
            match step.happens {
                Happening::Nothing => {}
                Happening::Swap => {
                    segment += 1;
                    life.meter.swap(self.seed + segment as u64);
                }
                Happening::Reset => life.meter.set_registers(&StartRegisters::default()),
                Happening::SetClock(by) => life.meter.move_clock(by),
                Happening::Ahead(by) => ahead = by,
                Happening::LoseClock(telegrams) => life.meter.lose_clock(telegrams),
                Happening::PowerFailure(seconds) => life.meter.fail_power(seconds),
                Happening::Missing(register, telegrams) => {
                    missing = [0, 1, 2, 3].map(|index| index == register);
                    missing_for = telegrams;
                }
                Happening::MissingAll(telegrams) => (missing, missing_for) = ([true; 4], telegrams),
                Happening::Again(back) => {
                    let place = life.sent.len().checked_sub(back);
                    events.extend(place.and_then(|place| life.sent.get(place)).map(arrives));
                }
                Happening::Late(behind) => hold = Some(behind),
                Happening::Restart => events.push(Event::Restart),
                Happening::Backup => events.push(Event::Backup),
                Happening::Restore => events.push(Event::Restore),
            }
            for _ in 0..step.telegrams {
                let lacks = if missing_for > 0 { missing } else { [false; 4] };
                missing_for = missing_for.saturating_sub(1);
                let telegram = life.send(step.pace, ahead, segment, lacks);
                ahead = 0;
                match hold.take() {
                    Some(behind) => held.push((behind, telegram)),
                    None => events.push(arrives(&telegram)),
                }
                for (behind, _) in &mut held {
                    *behind = behind.saturating_sub(1);
                }
                let due = held.extract_if(.., |(behind, _)| *behind == 0);
                events.extend(due.map(|(_, telegram)| arrives(&telegram)));
            }
        }
        events
    }
}

fn arrives(telegram: &Telegram) -> Event {
    Event::Telegram(Box::new(*telegram))
}

struct Life<'a> {
    world: &'a World,
    meter: VirtualMeter,
    sent: Vec<Telegram>,
    /// What the meter's clock said at its last telegram.
    clock: i64,
}

impl Life<'_> {
    /// The next telegram at a pace.
    fn send(&mut self, pace: Pace, ahead: i64, segment: i64, missing: [bool; 4]) -> Telegram {
        if let Some(last) = self.sent.last() {
            let clock = self.clock;
            let next = match pace {
                Pace::Seconds(seconds) => clock + seconds,
                Pace::Quarter(beside) => (clock.div_euclid(900) + 1) * 900 + beside,
                Pace::Midnight(beside) => next_day(day_start(clock)) + beside,
                Pace::Month(beside) => month_start(month_start(clock) + 40 * DAY) + beside,
            };
            let wait = if next > clock { next - clock } else { next - clock + 900 };
            self.meter.silent_until(last.sent_at + wait);
        }
        self.meter.move_clock(ahead);
        let told = self.meter.next_values();
        self.meter.move_clock(-ahead);
        let mut values = Values::EMPTY;
        let registers = told.registers;
        let totals = [
            Some(registers.energy_import_wh),
            Some(registers.energy_export_wh).filter(|_| self.world.exports),
            registers.reactive_energy_import_varh,
            registers.reactive_energy_export_varh,
        ];
        for (index, total) in totals.into_iter().enumerate() {
            let Some(total) = total.filter(|_| !missing[index]) else { continue };
            match registers.tariffs.filter(|_| self.world.profile == Profile::Netherlands5) {
                Some([one, two]) if index == 0 => {
                    values.set(Quantity::EnergyImportT1, one.energy_import_wh as i64);
                    values.set(Quantity::EnergyImportT2, two.energy_import_wh as i64);
                }
                Some([one, two]) if index == 1 => {
                    values.set(Quantity::EnergyExportT1, one.energy_export_wh as i64);
                    values.set(Quantity::EnergyExportT2, two.energy_export_wh as i64);
                }
                _ => values.set(TOTALS[index], total as i64),
            }
        }
        values.set(Quantity::PowerImport, told.power_import_w.into());
        values.set(Quantity::PowerExport, told.power_export_w.into());
        for (quantity, phase) in VOLTAGES.into_iter().zip(told.phases) {
            if let Some(voltage) = phase.voltage_mv {
                values.set(quantity, voltage.into());
            }
        }
        self.clock = told.time.map_or(self.clock.max(told.sent_at), |time| time - ahead);
        let telegram = Telegram {
            number: self.sent.len() as u64 + 1,
            time: told.time.unwrap_or(told.sent_at),
            clock_known: told.time.is_some(),
            sent_at: told.sent_at,
            segment,
            values,
            gas: told.gas.map(|gas| (gas.captured_at, gas.volume_dm3 as i64)),
        };
        self.sent.push(telegram);
        telegram
    }
}

const TOTALS: [Quantity; 4] =
    [Quantity::EnergyImport, Quantity::EnergyExport, Quantity::ReactiveEnergyImport, Quantity::ReactiveEnergyExport];
pub(crate) const VOLTAGES: [Quantity; 3] = [Quantity::VoltageL1, Quantity::VoltageL2, Quantity::VoltageL3];

/// First second of the local day around a moment.
pub(crate) fn day_start(time: i64) -> i64 {
    let Local { year, month, day, .. } = ZONE.local(time);
    ZONE.midnight(year, month, day)
}

/// First second of the local day after the one that begins then.
pub(crate) fn next_day(start: i64) -> i64 {
    day_start(start + 30 * 3600)
}

/// First second of the local month around a moment.
pub(crate) fn month_start(time: i64) -> i64 {
    let Local { year, month, .. } = ZONE.local(time);
    ZONE.midnight(year, month, 1)
}

/// First second of the local year around a moment.
pub(crate) fn year_start(time: i64) -> i64 {
    ZONE.midnight(ZONE.local(time).year, 1, 1)
}

/// A few hours before or in a day at which something is special, or any other.
fn start() -> impl Strategy<Value = i64> {
    let date = (2019i64..2033, 0u8..7, 0i64..366, 1i64..13).prop_map(|(year, special, any, month)| {
        let midnight = |day: i64| {
            let (year, month, day) = civil(day);
            ZONE.midnight(year, month, day)
        };
        match special {
            0 => day_start(summer_time(year).0),
            1 => day_start(summer_time(year).1),
            // 29 February, or the 28th.
            2 => midnight(days(year, 3, 1) - 1),
            3 => ZONE.midnight(year, month, 1),
            4 => ZONE.midnight(year, 1, 1),
            _ => midnight(days(year, 1, 1) + any),
        }
    });
    let hour = prop_oneof![2 => -7200i64..2 * DAY, 1 => Just(0i64), 1 => -60i64..60];
    (date, hour).prop_map(|(date, hour)| date + hour)
}

/// As many short as long ones: from a second to so many.
fn any_length(most: i64) -> impl Strategy<Value = i64> {
    (0..=most.ilog2(), any::<u32>()).prop_map(move |(magnitude, place)| {
        ((1i64 << magnitude) + (i64::from(place) & ((1i64 << magnitude) - 1))).min(most)
    })
}

// What follows draws numbers and says what they mean: a choice of strategies would cost more than the world.

fn pace() -> impl Strategy<Value = Pace> {
    (0u8..28, any_length(40 * DAY), -31i64..=31).prop_map(|(kind, seconds, beside)| match kind {
        0..6 => Pace::Seconds(10),
        6..10 => Pace::Seconds(1 + seconds % 2000),
        10..12 => Pace::Seconds(seconds),
        12..15 => Pace::Quarter(0),
        15..23 => Pace::Quarter(beside),
        23 => Pace::Midnight(0),
        24 => Pace::Midnight(beside),
        25 => Pace::Midnight(beside * 60),
        26 => Pace::Month(0),
        _ => Pace::Month(beside),
    })
}

fn happening() -> impl Strategy<Value = Happening> {
    let numbers = (any_length(40 * DAY), 1u16..20, 0usize..4);
    (0u8..48, numbers).prop_map(|(kind, (seconds, few, register))| match kind {
        0..24 => Happening::Nothing,
        24..27 => Happening::Restart,
        27..30 => Happening::Again(few.into()),
        30..33 => Happening::Late(few),
        33 | 34 => Happening::Missing(register, few),
        35 => Happening::MissingAll(few),
        36 => Happening::Swap,
        37 | 38 => Happening::Reset,
        39 => Happening::SetClock(seconds),
        40 => Happening::SetClock(-seconds % (2 * DAY)),
        41 => Happening::SetClock(-seconds % 1000),
        42 => Happening::Ahead(seconds),
        43 => Happening::LoseClock(few.into()),
        44 => Happening::PowerFailure((seconds % 7200) as u32),
        45 | 46 => Happening::Backup,
        _ => Happening::Restore,
    })
}

fn step() -> impl Strategy<Value = Step> {
    (happening(), pace(), 0u8..15, 1u16..6).prop_map(|(happens, pace, row, few)| {
        let far = matches!(pace, Pace::Midnight(_) | Pace::Month(_)) || matches!(pace, Pace::Seconds(3000..));
        let telegrams = match row {
            0..8 => 1,
            14 if !far => 20 * few,
            _ => few,
        };
        Step { happens, pace, telegrams: if far { telegrams.min(3) } else { telegrams } }
    })
}

/// Any world.
pub(crate) fn world() -> impl Strategy<Value = World> {
    let profile = prop_oneof![
        2 => Just(Profile::LuxembourgSolar),
        1 => Just(Profile::LuxembourgFull),
        1 => Just(Profile::LuxembourgGas),
        1 => Just(Profile::Netherlands5),
    ];
    let solar = prop_oneof![1 => Just(0u32), 2 => 600u32..30_000];
    (any::<u32>(), profile, solar, any::<bool>(), prop::bool::weighted(0.8), start(), vec(step(), 1..40)).prop_map(
        |(seed, profile, solar_wp, car, exports, start, steps)| World {
            seed: seed.into(),
            profile,
            solar_wp,
            car,
            exports,
            start,
            steps,
        },
    )
}
