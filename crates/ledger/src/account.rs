//! Account: the state of one metering point's books.
//!
//! It goes by the meter's time and looks forward only. What it makes of whatever can happen:
//!
//! | what happens | in the books |
//! |---|---|
//! | silence, also over a border | From the last measured border to the next all energy is one gap. It has no demand. |
//! | the meter is swapped | The difference of two meters is never taken. A gap up to the last reading of the old one, and one from the first of the new one to its first border. What flowed in between was counted by neither. |
//! | a register goes down | The same, for this register: it has started anew. A meter's registers do so in a repair. |
//! | a telegram comes again | Nothing. It is counted as late. |
//! | a telegram comes late | Nothing: the telegrams around it have its energy. It is counted. |
//! | the clock is set forward | As after silence: one gap, with the energy of less time than it spans. |
//! | the clock is set back | Telegrams are late until the clock has caught up. What flowed meanwhile is a gap up to the first border after that, so that no quarter-hour has the energy of more than its time. By up to the margin it does not matter. |
//! | a telegram is ahead of its time | It is booked, and what follows is late until that time has come: then all of it is one gap. An account has no clock of its own. Who feeds it must know how far ahead is too far: the intake says 30 days, the store 31. |
//! | the state is an older copy | It goes on from there. What was fed since then is a gap, or is fed again and gives the same entries. |
//! | a day of 23 or 25 hours | Nothing: borders are UTC. Of the hour that comes twice each has its own four quarter-hours. |

use crate::QUARTER;
use crate::entry::{Energies, Entry, Gap, QuarterHour, Reason, Running};
use crate::run::{Closing, Closings, Period, Point, Run};
use crate::sample::{Register, Sample};
use crate::tally::Tally;

/// What became of a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the books.
    Booked,
    /// Its time is not after the last one's: nothing is booked.
    Late,
}

/// Years 1970 to 9999: nothing that is added to a time in it can overflow.
pub(crate) const TIMES: core::ops::Range<i64> = 0..253_402_300_800;

/// The books of one metering point. Constant size, constant work per reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// How old, in seconds, the last reading before a border may be for the border to count as measured.
    pub(crate) margin: i64,
    pub(crate) last: Option<i64>,
    pub(crate) segment: i64,
    pub(crate) tally: Option<Tally>,
    pub(crate) runs: [Option<Run>; Register::COUNT],
    /// Closed energy of all runs.
    pub(crate) booked: [i64; Register::COUNT],
    /// Bit by register: its next value begins a new run.
    pub(crate) renew: u8,
    pub(crate) late: u64,
    pub(crate) resets: u64,
}

/// What a quarter-hour is complete by.
const ACTIVE: [Register; 2] = [Register::Import, Register::Export];

impl Account {
    /// An empty account. 30 s is the margin for meters that speak every ten.
    pub const fn new(margin_s: u16) -> Self {
        Self {
            margin: margin_s as i64,
            last: None,
            segment: 0,
            tally: None,
            runs: [None; Register::COUNT],
            booked: [0; Register::COUNT],
            renew: 0,
            late: 0,
            resets: 0,
        }
    }

    /// Books a reading. At most ten entries come out: two quarter-hours, and two gaps a register.
    pub fn feed(&mut self, sample: &Sample, mut emit: impl FnMut(Entry)) -> Outcome {
        if self.is_late(sample.time) {
            self.late += 1;
            self.doubt(sample);
            return Outcome::Late;
        }
        let swapped = self.last.is_some() && self.segment != sample.segment;
        let had = ACTIVE.map(|register| self.runs[register as usize].is_some());
        let mut closings: [Closings; Register::COUNT] = [[None; 2]; Register::COUNT];
        for register in Register::ALL {
            closings[register as usize] = self.advance(register, sample, swapped);
        }
        emit_gaps(&closings, &mut emit);
        self.emit_quarters(sample.time, had, &closings, &mut emit);

        let (start, _) = quarter_around(sample.time);
        let tally = self.tally.get_or_insert(Tally::new(start));
        if tally.start != start {
            *tally = Tally::new(start);
        }
        tally.add(sample);
        self.last = Some(sample.time);
        self.segment = sample.segment;
        Outcome::Booked
    }

    /// What a late reading says about the meter's clock.
    fn doubt(&mut self, late: &Sample) {
        if late.segment != self.segment || !TIMES.contains(&late.time) {
            return;
        }
        let set_back = self.runs.iter().zip(late.totals).any(|(run, value)| {
            run.zip(value).is_some_and(|(run, value)| run.was_set_back(Point { time: late.time, value }, self.margin))
        });
        for run in self.runs.iter_mut().flatten() {
            run.torn |= set_back;
        }
    }

    /// A reading of this time would not be booked.
    pub(crate) fn is_late(&self, time: i64) -> bool {
        self.last.is_some_and(|last| time <= last) || !TIMES.contains(&time)
    }

    /// One register, one reading.
    fn advance(&mut self, register: Register, sample: &Sample, swapped: bool) -> Closings {
        let index = register as usize;
        let bit = 1 << index;
        let value = sample.totals[index].filter(|&value| value >= 0);
        let to = value.map(|value| Point { time: sample.time, value });
        let on_border = quarter_around(sample.time).0 == sample.time;
        let Some(run) = &mut self.runs[index] else {
            // A register that appears after a swap belongs to the swap; otherwise this is a start.
            let renewed = self.renew & bit != 0;
            self.runs[index] = to.map(|to| {
                self.renew &= !bit;
                Run::begin(to, on_border, if renewed { Reason::Swap } else { Reason::Start })
            });
            return [None; 2];
        };
        let fresh = self.renew & bit != 0 || to.is_some_and(|to| to.value < run.last.value);
        let same_run = value.is_some() && !swapped && !fresh;
        let first = run.border_behind(quarter_around(run.last.time), sample.time, same_run, self.margin);
        let second = match to {
            _ if swapped => {
                let end = run.end(Reason::Swap);
                self.runs[index] = to.map(|to| Run::begin(to, on_border, Reason::Swap));
                // Not in this first telegram of the new meter: the next one that has it begins the run.
                self.renew = if to.is_some() { self.renew & !bit } else { self.renew | bit };
                end
            }
            Some(to) if fresh => {
                let end = run.end(Reason::Reset);
                self.resets += 1;
                self.renew &= !bit;
                *run = Run::begin(to, on_border, Reason::Reset);
                end
            }
            Some(to) => run.go_on(to, on_border.then(|| quarter_around(to.time - 1))),
            None => None,
        };
        for closing in [first, second].into_iter().flatten() {
            let (Closing::Period { energy, .. } | Closing::Gap { energy, .. }) = closing;
            self.booked[index] = self.booked[index].saturating_add(energy);
        }
        [first, second]
    }

    /// The quarter-hour that was running, if it is over, and the one that ended with this reading without
    /// any other in it.
    fn emit_quarters(
        &self,
        now: i64,
        had: [bool; 2],
        closings: &[Closings; Register::COUNT],
        emit: &mut impl FnMut(Entry),
    ) {
        let of = |start: i64| {
            let mut energies = Energies::UNKNOWN;
            for register in Register::ALL {
                for closing in closings[register as usize].into_iter().flatten() {
                    if let Closing::Period { start: s, energy, .. } = closing
                        && s == start
                    {
                        energies.set(register, Some(energy));
                    }
                }
            }
            energies
        };
        let running = self.tally.filter(|tally| now >= tally.start + QUARTER);
        if let Some(tally) = running {
            emit(Entry::Quarter(quarter(of(tally.start), had, &tally)));
        }
        let silent = now - QUARTER;
        if now.rem_euclid(QUARTER) == 0 && running.is_none_or(|tally| tally.start != silent) {
            let energies = of(silent);
            if energies != Energies::UNKNOWN {
                emit(Entry::Quarter(quarter(energies, had, &Tally::new(silent))));
            }
        }
    }

    /// What is not closed yet. Before the first reading: nothing, at time 0.
    pub fn running(&self) -> Running {
        let mut energies = Energies::UNKNOWN;
        let start = self.tally.map_or(0, |tally| tally.start);
        let mut since = [start; Register::COUNT];
        let mut complete = ACTIVE.iter().any(|&register| self.runs[register as usize].is_some());
        for register in Register::ALL {
            if let Some(run) = &self.runs[register as usize] {
                energies.set(register, Some(run.running()));
                since[register as usize] = run.anchor.at.time;
                if ACTIVE.contains(&register) {
                    complete &= run.anchor.at.time == start && run.anchor.began.is_none();
                }
            }
        }
        Running {
            start,
            last: self.last.unwrap_or(0),
            energies,
            since,
            complete,
            power_net: self.tally.and_then(|tally| tally.power_net),
            voltage: self.tally.and_then(|tally| tally.voltage),
            telegrams: self.tally.map_or(0, |tally| tally.telegrams),
        }
    }

    /// Everything this register has counted over all its runs, closed and running.
    pub fn total(&self, register: Register) -> i64 {
        let running = self.runs[register as usize].as_ref().map_or(0, Run::running);
        self.booked[register as usize].saturating_add(running)
    }

    /// Where this register stood when it was booked last.
    pub fn value(&self, register: Register) -> Option<i64> {
        self.runs[register as usize].as_ref().map(|run| run.last.value)
    }

    /// The next value of this register begins a new run, whatever it is: someone said that it is true.
    pub const fn renew(&mut self, register: Register) {
        if self.runs[register as usize].is_some() {
            self.renew |= 1 << register as usize;
        }
    }

    /// Time of the last booked reading.
    pub const fn last_time(&self) -> Option<i64> {
        self.last
    }

    /// Readings that came too late to be booked.
    pub const fn late(&self) -> u64 {
        self.late
    }

    /// Registers that started anew inside one segment.
    pub const fn resets(&self) -> u64 {
        self.resets
    }
}

/// A quarter-hour that is over. A register that the meter did not have in it does not make it incomplete: a solar system
/// only exports.
fn quarter(energies: Energies, had: [bool; 2], tally: &Tally) -> QuarterHour {
    let known = ACTIVE.map(|register| energies.get(register).is_some());
    QuarterHour {
        start: tally.start,
        energies,
        complete: known != [false; 2] && known.iter().zip(had).all(|(known, had)| *known || !had),
        power_net: tally.power_net,
        voltage: tally.voltage,
        telegrams: tally.telegrams,
    }
}

/// The quarter-hour that a moment lies in.
const fn quarter_around(time: i64) -> Period {
    let start = time.div_euclid(QUARTER) * QUARTER;
    (start, start + QUARTER)
}

/// Registers with the same gap share one entry.
fn emit_gaps(closings: &[Closings; Register::COUNT], emit: &mut impl FnMut(Entry)) {
    let gap_of = |register: Register, slot: usize| match closings[register as usize].get(slot) {
        Some(&Some(Closing::Gap { start, end, energy, reason })) => Some(((start, end, reason), energy)),
        _ => None,
    };
    for slot in 0..2 {
        for register in Register::ALL {
            let Some((span, _)) = gap_of(register, slot) else { continue };
            let same = |other: Register| gap_of(other, slot).filter(|(other, _)| *other == span);
            if Register::ALL[..register as usize].iter().any(|&earlier| same(earlier).is_some()) {
                continue;
            }
            let mut energies = Energies::UNKNOWN;
            for other in Register::ALL {
                energies.set(other, same(other).map(|(_, energy)| energy));
            }
            let (start, end, reason) = span;
            emit(Entry::Gap(Gap { start, end, energies, reason }));
        }
    }
}
