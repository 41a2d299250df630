//! The slow reference: what the accounts must say, by definition and by all readings at hand.

#![allow(dead_code, clippy::unwrap_used)] // Each test needs only a part.

pub(crate) mod gas;

use smarty_ledger::{Exceedance, QUARTER, Settings};

pub(crate) const MARGIN: i64 = 30;
/// Midnight somewhere.
pub(crate) const ORIGIN: i64 = 1_711_839_600;

/// Where days and months begin: first seconds, UTC.
#[derive(Clone, Debug)]
pub(crate) struct Calendar {
    pub(crate) days: Vec<i64>,
    pub(crate) months: Vec<i64>,
}

impl Calendar {
    /// Local days of 23, 24 and 25 hours, and months of some days.
    pub(crate) fn new(hours: &[i64], days_a_month: usize) -> Self {
        let mut days = vec![ORIGIN];
        for hours in hours.iter().cycle().take(3000) {
            days.push(days[days.len() - 1] + hours * 3600);
        }
        let months = days.iter().copied().step_by(days_a_month).collect();
        Self { days, months }
    }

    /// The start of what a time lies in.
    pub(crate) fn of(starts: &[i64], time: i64) -> i64 {
        starts[starts.partition_point(|&start| start <= time) - 1]
    }
}

/// Everything that a reading said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) time: i64,
    /// Its time is not after that of all readings before it.
    pub(crate) late: bool,
    pub(crate) segment: i64,
    /// Import, export, and the reactive ones.
    pub(crate) registers: [Option<i64>; 4],
    /// Someone said just before that the next value of these begins anew.
    pub(crate) renewed: [bool; 4],
}

/// A register from one beginning to the next.
pub(crate) struct Run {
    points: Vec<Point>,
    /// When it was seen to be over.
    ended: Option<i64>,
}

#[derive(Clone, Copy)]
struct Point {
    time: i64,
    value: i64,
    /// Between the point before and this the clock was set back by more than the margin: a telegram with a higher
    /// register than the one before came with an earlier time.
    torn: bool,
}

impl Run {
    fn first(&self) -> Point {
        self.points[0]
    }

    fn last(&self) -> Point {
        self.points[self.points.len() - 1]
    }
}

/// The readings that show that the clock was set back: late, and yet with a higher register than the last one.
fn set_back(told: &[Told], register: usize) -> Vec<usize> {
    let is_sign = |&index: &usize| {
        let (before, late) = (&told[..index], told[index]);
        let Some(value) = late.registers[register].filter(|_| late.late) else { return false };
        let runs = runs(before, register, &[]);
        let Some(run) = runs.last().filter(|run| run.ended.is_none()) else { return false };
        let earlier = late.time >= run.first().time && late.time < run.last().time - MARGIN;
        value > run.last().value && earlier && last(before).segment == late.segment
    };
    (0..told.len()).filter(is_sign).collect()
}

/// A register's runs; `set_back`: the readings that show that the clock was set back.
fn runs(told: &[Told], register: usize, set_back: &[usize]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let (mut segment, mut renewed, mut torn) = (None, false, false);
    for (index, reading) in told.iter().enumerate() {
        if reading.late {
            torn |= set_back.contains(&index);
            continue;
        }
        let time = reading.time;
        let value = reading.registers[register];
        let swapped = segment.is_some_and(|segment| segment != reading.segment);
        segment = Some(reading.segment);
        renewed |= reading.renewed[register];
        if let Some(run) = runs.last_mut().filter(|run| run.ended.is_none())
            && (swapped || value.is_some_and(|value| value < run.last().value || renewed))
        {
            run.ended = Some(time);
        }
        let Some(value) = value else { continue };
        match runs.last_mut().filter(|run| run.ended.is_none()) {
            Some(run) => run.points.push(Point { time, value, torn }),
            None => runs.push(Run { points: vec![Point { time, value, torn: false }], ended: None }),
        }
        (renewed, torn) = (false, false);
    }
    runs
}

/// A span whose energy is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Interval {
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) energy: i64,
    /// A quarter-hour between two measured borders, and no gap.
    pub(crate) quarter: bool,
}

/// What is known of a register at the last reading: intervals between measured borders and ends of runs, and the
/// beginning and energy of what is running.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) intervals: Vec<Interval>,
    pub(crate) running: Option<(i64, i64)>,
}

fn known(runs: &[Run], now: i64) -> Known {
    let mut known = Known::default();
    for run in runs {
        let mut anchors = vec![run.first()];
        for (index, &point) in run.points.iter().enumerate() {
            if point.torn {
                anchors.push(point);
            }
            let border = (point.time + QUARTER - 1).div_euclid(QUARTER) * QUARTER;
            let seen_last = run.points.get(index + 1).is_none_or(|next| next.time > border);
            let passed = border <= run.ended.unwrap_or(now);
            let fresh = border > anchors[anchors.len() - 1].time;
            if fresh && seen_last && passed && border - point.time <= MARGIN {
                anchors.push(Point { time: border, torn: false, ..point });
            }
        }
        for pair in anchors.windows(2) {
            let (start, end) = (pair[0].time, pair[1].time);
            let quarter = start % QUARTER == 0 && end - start == QUARTER && !pair[1].torn;
            known.intervals.push(Interval { start, end, energy: pair[1].value - pair[0].value, quarter });
        }
        let (anchor, last) = (anchors[anchors.len() - 1], run.last());
        let (start, energy) = (anchor.time, last.value - anchor.value);
        if run.ended.is_none() {
            known.running = Some((start, energy));
        } else if last.time > start {
            known.intervals.push(Interval { start, end: last.time, energy, quarter: false });
        }
    }
    known
}

/// The newest reading.
pub(crate) fn last(told: &[Told]) -> &Told {
    told.iter().rfind(|told| !told.late).unwrap()
}

/// What is known of all registers at the last reading.
pub(crate) struct Reference {
    runs: [Vec<Run>; 4],
    pub(crate) known: [Known; 4],
    /// Start of the quarter-hour that is running.
    pub(crate) quarter: i64,
}

impl Reference {
    /// By all readings in the order in which they came; there is at least one.
    pub(crate) fn of(told: &[Told]) -> Self {
        let now = last(told).time;
        let set_back: Vec<usize> = (0..4).flat_map(|register| set_back(told, register)).collect();
        let runs = [0, 1, 2, 3].map(|register| runs(told, register, &set_back));
        let known = [0, 1, 2, 3].map(|register| known(&runs[register], now));
        Self { runs, known, quarter: now.div_euclid(QUARTER) * QUARTER }
    }

    /// What the registers themselves say: the last value minus the first, over all runs.
    pub(crate) fn counted(&self, register: usize) -> i64 {
        self.runs[register].iter().map(|run| run.last().value - run.first().value).sum()
    }

    /// Start and energy of the quarter-hours of a register that were measured at both borders.
    pub(crate) fn quarters(&self, register: usize) -> impl Iterator<Item = (i64, i64)> {
        let whole = self.known[register].intervals.iter().filter(|interval| interval.quarter);
        whole.map(|interval| (interval.start, interval.energy))
    }

    /// Energy of a register in what lies in a span whole; the running part counts if it began there and the span is
    /// not over.
    pub(crate) fn energy(&self, register: usize, start: i64, end: i64) -> Option<i64> {
        let known = &self.known[register];
        let inside = known.intervals.iter().filter(|interval| start <= interval.start && interval.end <= end);
        let now = (start..end).contains(&self.quarter);
        let running = known.running.filter(|(since, _)| now && (start..end).contains(since));
        inside.map(|interval| interval.energy).chain(running.map(|(_, energy)| energy)).reduce(|sum, more| sum + more)
    }

    /// Import and export, as far as the meter had them in this quarter-hour, were measured at both borders, and one at least.
    pub(crate) fn is_complete(&self, start: i64) -> bool {
        let measured = |register: usize| self.quarters(register).any(|(quarter, _)| quarter == start);
        let had = |run: &Run| run.first().time < start + QUARTER && run.ended.is_none_or(|ended| ended > start);
        let complete = |register: usize| measured(register) || !self.runs[register].iter().any(had);
        (measured(0) || measured(1)) && complete(0) && complete(1)
    }

    /// The running quarter-hour counts from its border.
    pub(crate) fn is_running_complete(&self) -> bool {
        let counts = [0, 1].map(|register| self.known[register].running.map(|(start, _)| start == self.quarter));
        counts.contains(&Some(true)) && !counts.contains(&Some(false))
    }

    /// All quarter-hours of a span that are over are complete.
    pub(crate) fn is_complete_between(&self, start: i64, end: i64) -> bool {
        (start..end.min(self.quarter)).step_by(QUARTER as usize).all(|start| self.is_complete(start))
    }

    /// Import beyond a power in the quarter-hours that begin in a span, in quarters of a Wh; also in the running one,
    /// as far as it goes.
    pub(crate) fn beyond(&self, power_w: u32, start: i64, end: i64) -> i64 {
        let running = self.known[0].running.filter(|(since, _)| *since == self.quarter);
        let quarters = self.quarters(0).chain(running).filter(|(quarter, _)| (start..end).contains(quarter));
        quarters.map(|(_, energy)| (4 * energy - i64::from(power_w)).max(0)).sum()
    }
}

/// What the calculated values must be, but for the powers.
pub(crate) struct Expected {
    pub(crate) day: [Option<i64>; 2],
    pub(crate) exceedance: [Option<Exceedance>; 3],
    pub(crate) day_complete: bool,
    pub(crate) month_complete: bool,
}

pub(crate) fn expected(told: &[Told], calendar: &Calendar, settings: &Settings) -> Expected {
    let now = last(told).time;
    let (day, month) = (Calendar::of(&calendar.days, now), Calendar::of(&calendar.months, now));
    let reference = Reference::of(told);
    let exceedance = settings.references.map(|class| {
        let class = class?;
        let wh = |since: i64| (reference.beyond(class.power_w, since, i64::MAX) + 2) / 4;
        Some(Exceedance {
            reference_w: class.power_w,
            price_micro_euro: class.price_micro_euro,
            quarter_wh: wh(reference.quarter),
            day_wh: wh(day),
            month_wh: wh(month),
        })
    });
    let complete = |since| reference.is_running_complete() && reference.is_complete_between(since, i64::MAX);

    Expected {
        day: [0, 1].map(|register| reference.energy(register, day, i64::MAX)),
        exceedance,
        day_complete: complete(day),
        month_complete: complete(month),
    }
}
