//! Day: power over the hours of a local day, import above zero and export below it.

use jiff::tz::TimeZone;

use super::Size;
use super::colour::{EXPORT, IMPORT, Ink, LINE, MUTED};
use super::frame::{Frame, Key, Outline, Sign, TYPE};
use super::hours::{Change, Hour, hours};
use super::scale::Scale;
use super::scene::{Anchor, Point, Rect, Scene};
use crate::report::words;

/// What a picture of a day shows.
#[derive(Clone, Debug)]
pub struct Day {
    /// The date, for people.
    pub title: String,
    /// What people call the meter.
    pub meter: String,
    /// Where its clocks are.
    pub zone: TimeZone,
    /// First second, UTC.
    pub start: i64,
    /// The second after the last: 23, 24 or 25 hours later.
    pub end: i64,
    /// What is later has not happened yet.
    pub until: i64,
    /// Seconds of a step of the curve.
    pub step: i64,
    /// The curve of net power, in order, without the steps in which nothing was heard.
    pub curve: Vec<Step>,
    /// The quarter-hours that are known, in order.
    pub quarters: Vec<Quarter>,
    /// The highest quarter-hour: W, start.
    pub peak: Option<(i64, i64)>,
    /// Wh.
    pub import: Option<i64>,
    /// Wh.
    pub export: Option<i64>,
}

/// A step of the curve: net power in W, import positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its first second, UTC.
    pub time: i64,
    /// The lowest.
    pub min: i64,
    /// The mean.
    pub mean: i64,
    /// The highest.
    pub max: i64,
}

/// A quarter-hour's mean powers, W.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quarter {
    /// Its first second, UTC.
    pub start: i64,
    /// From the grid.
    pub import: i64,
    /// Into the grid.
    pub export: i64,
}

const QUARTER: i64 = 900;

impl Day {
    /// When nothing was heard: from, to.
    pub fn breaks(&self) -> Vec<(i64, i64)> {
        let mut breaks = Vec::new();
        let mut heard = self.start;
        let end = self.until.min(self.end);
        for time in self.curve.iter().map(|step| step.time).chain([end]) {
            // At the end a step may be running.
            let patience = if time == end { self.step } else { 0 };
            if time > heard + patience {
                breaks.push((heard, time));
            }
            heard = heard.max(time + self.step);
        }
        breaks
    }

    /// The curve without its breaks.
    fn runs(&self) -> impl Iterator<Item = &[Step]> {
        self.curve.chunk_by(|one, two| two.time - one.time <= self.step)
    }

    /// In a sentence.
    pub(in crate::report) fn words(&self) -> String {
        let known =
            |what: &str, wh: Option<i64>| wh.map_or(String::new(), |wh| format!(", {what} {}", words::energy(wh)));
        let breaks = self.breaks().len();
        let heard = if breaks > 0 { format!(", {}", words::plural(breaks, "gap", "gaps")) } else { String::new() };
        format!("{}, {}{}{}{heard}", self.meter, self.title, known("import", self.import), known("export", self.export))
    }

    fn is_empty(&self) -> bool {
        self.curve.is_empty() && self.quarters.is_empty()
    }

    fn key(&self, breaks: &[(i64, i64)]) -> Vec<Key> {
        if self.is_empty() && self.import.is_none() && self.export.is_none() {
            return Vec::new();
        }
        let total = |what: &str, wh: Option<i64>| match wh {
            Some(wh) => format!("{what} {}", words::energy(wh)),
            None => what.to_string(),
        };
        let mut key = vec![
            Key { sign: Sign::Box(IMPORT), words: total("Import", self.import) },
            Key { sign: Sign::Box(EXPORT), words: total("Export", self.export) },
        ];
        if let Some((power, start)) = self.peak {
            let clock = words::clock(start, &self.zone);
            let words = format!("Highest quarter-hour {} at {clock}", words::power(power));
            key.push(Key { sign: Sign::Peak, words });
        }
        if !breaks.is_empty() {
            key.push(Key { sign: Sign::Hatched, words: "No telegrams".into() });
        }
        if self.until < self.end {
            let words = format!("Until {}", words::clock(self.until, &self.zone));
            key.push(Key { sign: Sign::None, words });
        }
        let hours = (self.end - self.start) / 3600;
        if hours != 24 {
            let way = if hours < 24 { "forward" } else { "back" };
            key.push(Key { sign: Sign::None, words: format!("Clocks go {way}: this day has {hours} hours.") });
        }
        key
    }

    /// Draws it.
    pub fn draw(&self, size: Size) -> Scene {
        let breaks = self.breaks();
        let low = self.curve.iter().map(|step| step.min).chain(self.quarters.iter().map(|quarter| -quarter.export));
        let high = self.curve.iter().map(|step| step.max).chain(self.quarters.iter().map(|quarter| quarter.import));
        let (low, high) = (low.min().unwrap_or(0), high.max().unwrap_or(1000));
        let marks = if size.points().1 < 450.0 { 6 } else { 8 };
        let hours = hours(self.start, self.end, &self.zone);
        let changes = hours.iter().any(|hour| hour.change != Change::None);
        let outline = Outline {
            title: &self.title,
            subtitle: &self.meter,
            words: self.words(),
            key: &self.key(&breaks),
            scale: Scale::around(low, high, marks),
            figures: !self.is_empty(),
            signed: true,
            units: ("W", "kW"),
            labels: if changes { 2.0 } else { 1.0 },
            right: 0.0,
        };
        let mut frame = Frame::new(size, &outline);
        self.hours(&mut frame, &hours);
        for &(from, to) in &breaks {
            self.gap(&mut frame, from, to);
        }
        self.bars(&mut frame);
        self.band(&mut frame);
        frame.zero();
        self.line(&mut frame);
        if let Some((power, start)) = self.peak {
            let at = (self.x(&frame, start + QUARTER / 2), frame.y(power));
            frame.diamond("peak", at);
        }
        for &(from, to) in &breaks {
            let rect = self.place(&frame, from, to);
            let whole = from == self.start && to == self.end;
            let words = if whole { "Nothing was measured on this day" } else { "no telegrams" };
            frame.words_over("gap-words", rect, words);
        }
        frame.scene
    }

    fn x(&self, frame: &Frame, time: i64) -> f32 {
        let share = (time - self.start) as f32 / (self.end - self.start).max(1) as f32;
        frame.plot.left + share * frame.plot.width()
    }

    /// The whole height between two times, never too narrow to be seen.
    fn place(&self, frame: &Frame, from: i64, to: i64) -> Rect {
        let (left, right) = (self.x(frame, from), self.x(frame, to));
        Rect { left, top: frame.plot.top, right: right.max(left + 2.0), bottom: frame.plot.bottom }
    }

    fn gap(&self, frame: &mut Frame, from: i64, to: i64) {
        let rect = self.place(frame, from, to);
        let clock = |time| if time == self.end { "24:00".into() } else { words::clock(time, &self.zone) };
        let title = format!("{} to {}: no telegrams", clock(from), clock(to));
        frame.hatch("gap", rect, Some(title));
    }

    /// A mark for each hour, and as many labels as there is room for.
    fn hours(&self, frame: &mut Frame, hours: &[Hour]) {
        let (top, bottom) = (frame.plot.top, frame.plot.bottom);
        let label = frame.length("00:00");
        let hour = frame.plot.width() * 3600.0 / (self.end - self.start).max(1) as f32;
        let every =
            [1_i8, 2, 3, 4, 6, 12].into_iter().find(|every| f32::from(*every) * hour >= label * 1.12).unwrap_or(24);
        // The ends and what is unusual come first.
        let mut order: Vec<&Hour> = hours.iter().collect();
        order.sort_by_key(|hour| (hour.time != self.start && hour.time != self.end, hour.change == Change::None));
        let mut taken: Vec<(f32, f32)> = Vec::new();
        let (mut ticks, mut grid) = (Vec::new(), Vec::new());
        for hour in order {
            let x = self.x(frame, hour.time);
            ticks.push(vec![(x, bottom), (x, bottom + 4.0)]);
            let wanted = hour.change != Change::None || hour.wall % every == 0;
            let reach = (x - label / 2.0 - 4.0, x + label / 2.0 + 4.0);
            if !wanted || taken.iter().any(|other| reach.0 < other.1 && other.0 < reach.1) {
                continue;
            }
            taken.push(reach);
            grid.push(vec![(x, top), (x, bottom)]);
            let base = bottom + TYPE + 7.0;
            frame.label("hour", (x, base), Anchor::Middle, MUTED, hour.label());
            if let Some(remark) = hour.remark() {
                frame.label("hour-remark", (x, base + TYPE + 2.0), Anchor::Middle, MUTED, remark.into());
            }
        }
        frame.scene.line("grid", grid, LINE, 1.0);
        frame.scene.line("ticks", ticks, MUTED, 1.0);
    }

    /// The means of the quarter-hours: what the accounts count.
    fn bars(&self, frame: &mut Frame) {
        for (class, ink, pick) in [
            ("import-quarters", IMPORT, (|quarter| quarter.import) as fn(&Quarter) -> i64),
            ("export-quarters", EXPORT, |quarter| -quarter.export),
        ] {
            let mut outlines = Vec::new();
            // Neighbours are one area: no seams between them.
            for run in self.quarters.chunk_by(|one, two| two.start == one.start + QUARTER) {
                let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
                if run.iter().all(|quarter| pick(quarter) == 0) {
                    continue;
                }
                let mut outline = vec![(self.x(frame, first.start), frame.y(0))];
                for quarter in run {
                    let y = frame.y(pick(quarter));
                    outline.push((self.x(frame, quarter.start), y));
                    outline.push((self.x(frame, quarter.start + QUARTER), y));
                }
                outline.push((self.x(frame, last.start + QUARTER), frame.y(0)));
                outlines.push(outline);
            }
            if !outlines.is_empty() {
                frame.scene.area(class, outlines, ink.faded(0.18));
            }
        }
    }

    /// From the lowest to the highest of each step.
    fn band(&self, frame: &mut Frame) {
        for (class, ink, above) in [("import-band", IMPORT, true), ("export-band", EXPORT, false)] {
            let clip = |value: i64| if above { value.max(0) } else { value.min(0) };
            let mut outlines = Vec::new();
            for run in self.runs() {
                for part in
                    run.chunk_by(|one, two| (clip(one.min) != clip(one.max)) == (clip(two.min) != clip(two.max)))
                {
                    let wide = part.first().is_some_and(|step| clip(step.min) != clip(step.max));
                    if !wide {
                        continue;
                    }
                    let edge = |step: &Step, value: i64| {
                        let y = frame.y(clip(value));
                        [(self.x(frame, step.time), y), (self.x(frame, step.time + self.step), y)]
                    };
                    let upper = part.iter().flat_map(|step| edge(step, step.max));
                    let lower: Vec<Point> = part.iter().flat_map(|step| edge(step, step.min)).collect();
                    outlines.push(upper.chain(lower.into_iter().rev()).collect());
                }
            }
            if !outlines.is_empty() {
                frame.scene.area(class, outlines, ink.faded(0.35));
            }
        }
    }

    /// The mean of each step, in the colour of its direction.
    fn line(&self, frame: &mut Frame) {
        let (mut import, mut export): (Vec<Vec<Point>>, Vec<Vec<Point>>) = (Vec::new(), Vec::new());
        let zero = frame.y(0);
        for run in self.runs() {
            let points: Vec<(Point, bool)> = run
                .iter()
                .map(|step| ((self.x(frame, step.time + self.step / 2), frame.y(step.mean)), step.mean >= 0))
                .collect();
            let mut path: Vec<Point> = Vec::new();
            let mut is_import = points.first().is_some_and(|(_, is_import)| *is_import);
            let mut before: Option<Point> = None;
            for (point, now_import) in points {
                if now_import != is_import {
                    let crossing = before.map_or(point, |before| crossing(before, point, zero));
                    path.push(crossing);
                    if is_import { &mut import } else { &mut export }.push(std::mem::take(&mut path));
                    path.push(crossing);
                    is_import = now_import;
                }
                path.push(point);
                before = Some(point);
            }
            if let [(x, y)] = path[..] {
                // A single step between two breaks is a short line.
                path = vec![(x - 1.0, y), (x + 1.0, y)];
            }
            if is_import { &mut import } else { &mut export }.push(path);
        }
        let mut put = |class, paths: Vec<Vec<Point>>, ink: Ink| {
            if !paths.is_empty() {
                frame.scene.line(class, paths, ink, 1.4);
            }
        };
        put("import-line", import, IMPORT);
        put("export-line", export, EXPORT);
    }
}

/// Where a line goes through the height of zero.
fn crossing(from: Point, to: Point, zero: f32) -> Point {
    let rise = to.1 - from.1;
    let share = if rise.abs() < f32::EPSILON { 0.0 } else { ((zero - from.1) / rise).clamp(0.0, 1.0) };
    (from.0 + (to.0 - from.0) * share, zero)
}
