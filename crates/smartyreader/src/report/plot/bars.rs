//! Bars: the energy of the days of a week or month, or of the months of a year: import above zero, export below it, with
//! the highest quarter-hour of each.

use super::Size;
use super::colour::{EXPORT, IMPORT, Ink, MUTED, SURFACE};
use super::font::Weight;
use super::frame::{Frame, Key, Outline, Sign, TYPE};
use super::scale::{Scale, nice_step};
use super::scene::{Anchor, Rect, Scene, Text};
use crate::report::words;

/// What a picture of a week, month or year shows.
#[derive(Clone, Debug)]
pub struct Bars {
    /// Which one, for people.
    pub title: String,
    /// What people call the meter.
    pub meter: String,
    /// The bars, in order.
    pub bars: Vec<Bar>,
    /// The highest quarter-hour of all, and when it was, for people.
    pub peak: Option<(i64, String)>,
    /// Wh.
    pub import: Option<i64>,
    /// Wh.
    pub export: Option<i64>,
}

/// One bar.
#[derive(Clone, Debug)]
pub struct Bar {
    /// Below it; the second for where there is little room.
    pub label: (String, String),
    /// What it is when pointed at.
    pub title: String,
    /// Wh.
    pub import: Option<i64>,
    /// Wh.
    pub export: Option<i64>,
    /// The highest quarter-hour, W.
    pub peak: Option<i64>,
    /// How much of it is known.
    pub state: State,
    /// A day on which most do not work: its label is bold.
    pub weekend: bool,
}

/// How much of a bar is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// All.
    Complete,
    /// A part: it has gaps.
    Partial,
    /// Nothing.
    Missing,
    /// It is still to come, or before the first telegram.
    Outside,
}

impl Bars {
    pub(in crate::report) fn words(&self) -> String {
        let known =
            |what: &str, wh: Option<i64>| wh.map_or(String::new(), |wh| format!(", {what} {}", words::energy(wh)));
        format!("{}, {}{}{}", self.meter, self.title, known("import", self.import), known("export", self.export))
    }

    fn key(&self) -> Vec<Key> {
        let total = |what: &str, wh: Option<i64>| match wh {
            Some(wh) => format!("{what} {}", words::energy(wh)),
            None => what.to_string(),
        };
        let mut key = vec![
            Key { sign: Sign::Box(IMPORT), words: total("Import", self.import) },
            Key { sign: Sign::Box(EXPORT), words: total("Export", self.export) },
        ];
        if let Some((power, when)) = &self.peak {
            let words = format!("Highest quarter-hour {}, {when}", words::power(*power));
            key.push(Key { sign: Sign::Peak, words });
        }
        if self.import.is_none() && self.export.is_none() {
            return Vec::new();
        }
        if self.bars.iter().any(|bar| matches!(bar.state, State::Partial | State::Missing)) {
            key.push(Key { sign: Sign::Hatched, words: "With gaps, or not measured".into() });
        }
        key
    }

    /// Draws it.
    pub fn draw(&self, size: Size) -> Scene {
        let high = self.bars.iter().filter_map(|bar| bar.import).max().unwrap_or(1000);
        let low = -self.bars.iter().filter_map(|bar| bar.export).max().unwrap_or(0);
        let marks = if size.points().1 < 450.0 { 6 } else { 8 };
        let scale = Scale::around(low, high, marks);
        let peaks = self.peaks(scale);
        let outline = Outline {
            title: &self.title,
            subtitle: &self.meter,
            words: self.words(),
            key: &self.key(),
            scale,
            figures: self.import.is_some() || self.export.is_some(),
            signed: false,
            units: ("Wh", "kWh"),
            labels: 1.0,
            right: if peaks.is_some() { 52.0 } else { 0.0 },
        };
        let mut frame = Frame::new(size, &outline);
        for index in 0..self.bars.len() {
            self.bar(&mut frame, index);
        }
        frame.zero();
        if let Some(peaks) = peaks {
            self.marks(&mut frame, peaks);
        }
        frame.scene
    }

    /// The place of a bar with the room around it.
    fn column(&self, frame: &Frame, index: usize) -> Rect {
        let width = frame.plot.width() / self.bars.len().max(1) as f32;
        let left = frame.plot.left + width * index as f32;
        Rect { left, right: left + width, ..frame.plot }
    }

    fn bar(&self, frame: &mut Frame, index: usize) {
        let bar = &self.bars[index];
        let column = self.column(frame, index);
        let air = column.width() * 0.15;
        let inner = Rect { left: column.left + air, right: column.right - air, ..column };
        let zero = frame.y(0);
        if bar.state == State::Missing {
            frame.hatch("missing", inner, Some(format!("{}: nothing measured", bar.title)));
        }
        let parts = [("import-bar", IMPORT, bar.import, 1, "import"), ("export-bar", EXPORT, bar.export, -1, "export")];
        for (class, ink, energy, sign, what) in parts {
            let Some(wh) = energy.filter(|wh| *wh != 0) else { continue };
            let y = frame.y(sign * wh);
            let rect = Rect { top: y.min(zero), bottom: y.max(zero), ..inner };
            let title = format!("{}: {} {what}", bar.title, words::energy(wh));
            frame.scene.area(class, vec![rect.outline()], ink).title = Some(title);
            if bar.state == State::Partial {
                Self::stripes(frame, rect, SURFACE.faded(0.6));
            }
        }
        self.label(frame, index, column);
    }

    fn stripes(frame: &mut Frame, rect: Rect, ink: Ink) {
        let lines = rect.hatching(8.0);
        if !lines.is_empty() {
            frame.scene.line("partial", lines, ink, 2.4);
        }
    }

    fn label(&self, frame: &mut Frame, index: usize, column: Rect) {
        let bar = &self.bars[index];
        let room = column.width();
        let longest = |pick: fn(&Bar) -> &str| self.bars.iter().map(|bar| frame.length(pick(bar))).fold(0.0, f32::max);
        let long = longest(|bar| &bar.label.0) * 1.1 < room;
        let short = longest(|bar| &bar.label.1) * 1.1;
        let words = if long { &bar.label.0 } else { &bar.label.1 };
        // Where even the short ones are too long every second or third is left out.
        let every = if long { 1 } else { (short / room).ceil().max(1.0) as usize };
        if !index.is_multiple_of(every) {
            return;
        }
        let text = Text {
            at: (column.middle().0, column.bottom + TYPE + 7.0),
            anchor: Anchor::Middle,
            size: TYPE,
            weight: if bar.weekend { Weight::Bold } else { Weight::Regular },
            ink: MUTED,
            turned: false,
            words: words.clone(),
        };
        frame.scene.text("label", text);
    }

    /// The axis of the peaks: it has its zero and its marks where the other has them.
    fn peaks(&self, scale: Scale) -> Option<Scale> {
        let highest = self.bars.iter().filter_map(|bar| bar.peak).max().filter(|peak| *peak > 0)?;
        let step = nice_step((highest + highest / 16) * scale.step / scale.max + 1);
        Some(Scale { min: 0, max: step * scale.max / scale.step, step })
    }

    fn marks(&self, frame: &mut Frame, peaks: Scale) {
        let (top, zero) = (frame.plot.top, frame.y(0));
        let y = |power: i64| zero - power as f32 / peaks.max as f32 * (zero - top);
        let ticks = peaks.ticks();
        let last = ticks.len().saturating_sub(1);
        for (index, tick) in ticks.into_iter().enumerate().skip(1) {
            let figure = peaks.figure(tick);
            let unit = peaks.unit("W", "kW");
            let words = if index == last { format!("{figure}\u{a0}{unit}") } else { figure };
            let at = (frame.plot.right + 8.0, y(tick) + TYPE * 0.35);
            frame.label("power", at, Anchor::Start, MUTED, words);
        }
        for (index, bar) in self.bars.iter().enumerate() {
            let Some(peak) = bar.peak else { continue };
            let column = self.column(frame, index);
            let at = (column.middle().0, y(peak));
            frame.diamond("peak", at);
        }
    }
}
