//! The slow reference: what the calculated values must be, by all readings at hand.

use std::collections::BTreeSet;

use smarty_ledger::{Exceedance, QUARTER, Settings};

pub(crate) const MARGIN: i64 = 30;
/// Midnight somewhere.
pub(crate) const ORIGIN: i64 = 1_711_839_600;

/// Local days of 23, 24 and 25 hours, and months of some days.
#[derive(Debug)]
pub(crate) struct Calendar {
    /// First seconds, UTC.
    pub(crate) days: Vec<i64>,
    pub(crate) months: Vec<i64>,
}

impl Calendar {
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
    pub(crate) segment: i64,
    /// Import, export.
    pub(crate) registers: [Option<i64>; 2],
}

/// A register from one beginning to the next.
struct Run {
    points: Vec<(i64, i64)>,
    /// When it was seen to be over.
    ended: Option<i64>,
}

fn runs(told: &[Told], register: usize) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut segment = None;
    for reading in told {
        let swapped = segment.is_some_and(|segment| segment != reading.segment);
        segment = Some(reading.segment);
        let value = reading.registers[register];
        if let Some(run) = runs.last_mut().filter(|run| run.ended.is_none()) {
            let (_, last) = run.points[run.points.len() - 1];
            if swapped || value.is_some_and(|value| value < last) {
                run.ended = Some(reading.time);
            }
        }
        let Some(value) = value else { continue };
        match runs.last_mut().filter(|run| run.ended.is_none()) {
            Some(run) => run.points.push((reading.time, value)),
            None => runs.push(Run { points: vec![(reading.time, value)], ended: None }),
        }
    }
    runs
}

/// What is known of a register at the last reading: intervals between measured borders and ends of runs, and the
/// beginning and energy of what is running.
#[derive(Default)]
struct Known {
    /// Start, end, energy, whether it is a quarter-hour.
    intervals: Vec<(i64, i64, i64, bool)>,
    running: Option<(i64, i64)>,
}

fn known(runs: &[Run], now: i64) -> Known {
    let mut known = Known::default();
    for run in runs {
        let (first, last) = (run.points[0], run.points[run.points.len() - 1]);
        let mut anchors = vec![first];
        for (index, &(time, value)) in run.points.iter().enumerate() {
            let border = (time + QUARTER - 1).div_euclid(QUARTER) * QUARTER;
            let seen_last = run.points.get(index + 1).is_none_or(|next| next.0 > border);
            let passed = border <= run.ended.unwrap_or(now);
            if border > first.0 && seen_last && passed && border - time <= MARGIN {
                anchors.push((border, value));
            }
        }
        for pair in anchors.windows(2) {
            let ((start, from), (end, to)) = (pair[0], pair[1]);
            let quarter = start % QUARTER == 0 && end - start == QUARTER;
            known.intervals.push((start, end, to - from, quarter));
        }
        let (anchor, from) = anchors[anchors.len() - 1];
        if run.ended.is_none() {
            known.running = Some((anchor, last.1 - from));
        } else if last.0 > anchor {
            known.intervals.push((anchor, last.0, last.1 - from, false));
        }
    }
    known
}

/// What the calculated values must be, but for the powers.
pub(crate) struct Expected {
    pub(crate) day: [Option<i64>; 2],
    pub(crate) exceedance: [Option<Exceedance>; 3],
    pub(crate) day_complete: bool,
    pub(crate) month_complete: bool,
}

pub(crate) fn expected(told: &[Told], calendar: &Calendar, settings: &Settings) -> Expected {
    let now = told[told.len() - 1].time;
    let (day, month) = (Calendar::of(&calendar.days, now), Calendar::of(&calendar.months, now));
    let quarter = now.div_euclid(QUARTER) * QUARTER;
    let runs = [runs(told, 0), runs(told, 1)];
    let known = [known(&runs[0], now), known(&runs[1], now)];

    let energy = |known: &Known| {
        let closed = known.intervals.iter().filter(|(start, ..)| *start >= day).map(|(_, _, energy, _)| *energy);
        let running = known.running.filter(|(start, _)| *start >= day).map(|(_, energy)| energy);
        closed.chain(running).reduce(|sum, energy| sum + energy)
    };

    let quarters = |register: usize| -> Vec<(i64, i64)> {
        let whole = known[register].intervals.iter().filter(|(.., quarter)| *quarter);
        whole.map(|&(start, _, energy, _)| (start, energy)).collect()
    };
    let running = known[0].running.filter(|(start, _)| *start == quarter).map(|(_, energy)| energy);
    let exceedance = settings.references.map(|reference| {
        let reference = reference?;
        let beyond = |energy: i64| (4 * energy - i64::from(reference.power_w)).max(0);
        let so_far = running.map_or(0, beyond);
        let since = |period: i64| -> i64 {
            let closed = quarters(0).into_iter().filter(|(start, _)| *start >= period);
            closed.map(|(_, energy)| beyond(energy)).sum::<i64>() + so_far
        };
        Some(Exceedance {
            reference_w: reference.power_w,
            price_micro_euro: reference.price_micro_euro,
            quarter_wh: (so_far + 2) / 4,
            day_wh: (since(day) + 2) / 4,
            month_wh: (since(month) + 2) / 4,
        })
    });

    let [imports, exports] =
        [0, 1].map(|register| quarters(register).into_iter().map(|(start, _)| start).collect::<BTreeSet<i64>>());
    let complete = |start: &i64| {
        // A meter that has an export register when the quarter-hour closes must have it measured.
        let closing = told.iter().find(|reading| reading.time >= start + QUARTER).unwrap().time;
        let exporting =
            runs[1].iter().any(|run| run.points[0].0 <= closing && run.ended.is_none_or(|ended| ended > closing));
        imports.contains(start) && (!exporting || exports.contains(start))
    };
    let running = known[0].running.is_some_and(|(start, _)| start == quarter)
        && known[1].running.is_none_or(|(start, _)| start == quarter);
    let all_since = |period: i64| running && (period..quarter).step_by(QUARTER as usize).all(|start| complete(&start));

    Expected {
        day: [energy(&known[0]), energy(&known[1])],
        exceedance,
        day_complete: all_since(day),
        month_complete: all_since(month),
    }
}
