//! Frame: what every picture has: a title, a key, an axis of values, and the place where the curve or the bars go.

use super::Size;
use super::colour::{INK, Ink, LINE, MUTED, SURFACE};
use super::font::{Font, Weight};
use super::scale::Scale;
use super::scene::{Anchor, Point, Rect, Scene, Text};

/// Height of the type, points.
pub(super) const TYPE: f32 = 14.0;
/// Between the picture's edge and everything.
const EDGE: f32 = 14.0;
/// From one line of the key to the next.
const KEY_LINE: f32 = 22.0;
/// Between two entries of the key.
const KEY_GAP: f32 = 20.0;
/// A sign of the key and the room after it.
const SIGN: f32 = 20.0;

/// One entry of the key.
pub(super) struct Key {
    /// What stands before the words.
    pub(super) sign: Sign,
    /// The words.
    pub(super) words: String,
}

/// What stands before the words of an entry of the key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Sign {
    /// A box of a colour.
    Box(Ink),
    /// A box of slanting lines.
    Hatched,
    /// The mark of a highest quarter-hour.
    Peak,
    /// Nothing.
    None,
}

/// A picture that is being drawn.
pub(super) struct Frame {
    /// The picture.
    pub(super) scene: Scene,
    /// Where values and times are.
    pub(super) plot: Rect,
    /// The values.
    pub(super) scale: Scale,
    font: Font,
}

/// What a frame is made of.
pub(super) struct Outline<'a> {
    /// Usually the date.
    pub(super) title: &'a str,
    /// Whose values they are.
    pub(super) subtitle: &'a str,
    /// What the picture shows.
    pub(super) words: String,
    /// The key.
    pub(super) key: &'a [Key],
    /// The values.
    pub(super) scale: Scale,
    /// Off: nothing is known, so there are no figures at the axis.
    pub(super) figures: bool,
    /// Whether values below zero are written with a minus; else they are amounts of another kind.
    pub(super) signed: bool,
    /// Their units, small and big.
    pub(super) units: (&'static str, &'static str),
    /// Room below for this many lines of labels.
    pub(super) labels: f32,
    /// Room at the right for figures.
    pub(super) right: f32,
}

impl Frame {
    /// Draws title, key and axis.
    pub(super) fn new(size: Size, outline: &Outline<'_>) -> Self {
        let (width, height) = size.points();
        let scene = Scene { width, height, scale: size.scale, words: outline.words.clone(), shapes: Vec::new() };
        let whole = Rect { left: 0.0, top: 0.0, right: width, bottom: height };
        let mut frame = Self { scene, plot: whole, scale: outline.scale, font: Font::new(Weight::Regular) };
        frame.scene.area("surface", vec![whole.outline()], SURFACE);
        let figures = if outline.figures { frame.figures(outline) } else { Vec::new() };
        let widest = figures.iter().map(|(_, figure)| frame.font.width(figure, TYPE)).fold(0.0, f32::max);
        frame.plot.left = EDGE + widest + 8.0;
        frame.plot.right = width - EDGE - outline.right.max(frame.font.width("24:00", TYPE) / 2.0 - 4.0);
        frame.plot.top = frame.head(outline) + 18.0;
        frame.plot.bottom = (height - EDGE - 6.0 - outline.labels * (TYPE + 3.0)).max(frame.plot.top + 20.0);
        for (tick, figure) in figures {
            let y = frame.y(tick);
            let (left, right) = (frame.plot.left, frame.plot.right);
            if tick != 0 {
                frame.scene.line("grid", vec![vec![(left, y), (right, y)]], LINE, 1.0);
            }
            frame.label("value", (left - 8.0, y + TYPE * 0.35), Anchor::End, MUTED, figure);
        }
        frame
    }

    /// The figures of the axis; the topmost carries the unit.
    fn figures(&self, outline: &Outline<'_>) -> Vec<(i64, String)> {
        let ticks = self.scale.ticks();
        let last = ticks.len().saturating_sub(1);
        let unit = self.scale.unit(outline.units.0, outline.units.1);
        let figure = |(index, tick): (usize, i64)| {
            let figure = self.scale.figure(if outline.signed { tick } else { tick.abs() });
            (tick, if index == last { format!("{figure}\u{a0}{unit}") } else { figure })
        };
        ticks.into_iter().enumerate().map(figure).collect()
    }

    /// Title and key; how far down they reach.
    fn head(&mut self, outline: &Outline<'_>) -> f32 {
        let bold = Font::new(Weight::Bold);
        let left = EDGE;
        let room = self.scene.width - 2.0 * EDGE;
        // A long title gets smaller before it gets lost.
        let size = (TYPE * 1.4).min(TYPE * 1.4 * room / bold.width(outline.title, TYPE * 1.4));
        let base = EDGE + TYPE * 1.15;
        let title = Text {
            at: (left, base),
            anchor: Anchor::Start,
            size,
            weight: Weight::Bold,
            ink: INK,
            turned: false,
            words: outline.title.to_string(),
        };
        self.scene.text("title", title);
        let taken = bold.width(outline.title, size);
        let free = room - taken - KEY_GAP;
        if self.font.width(outline.subtitle, TYPE) <= free {
            let at = (self.scene.width - EDGE, base);
            self.label("subtitle", at, Anchor::End, MUTED, outline.subtitle.to_string());
        }
        let (mut x, mut y) = (left, base + KEY_LINE + 2.0);
        for key in outline.key {
            let sign = if key.sign == Sign::None { 0.0 } else { SIGN };
            let length = sign + self.font.width(&key.words, TYPE);
            if x > left && x + length > left + room {
                (x, y) = (left, y + KEY_LINE);
            }
            self.sign(key.sign, (x, y));
            self.label("key", (x + sign, y), Anchor::Start, INK, key.words.clone());
            x += length + KEY_GAP;
        }
        if outline.key.is_empty() { base } else { y }
    }

    fn sign(&mut self, sign: Sign, (x, y): Point) {
        let square = Rect { left: x, top: y - TYPE * 0.78, right: x + 12.0, bottom: y - TYPE * 0.78 + 12.0 };
        let middle = square.middle().1;
        match sign {
            Sign::Box(ink) => {
                self.scene.area("sign", vec![square.outline()], ink);
            }
            Sign::Hatched => self.hatch("sign", square, None),
            Sign::Peak => self.diamond("sign", (x + 6.0, middle)),
            Sign::None => {}
        }
    }

    /// The height of a value.
    pub(super) fn y(&self, value: i64) -> f32 {
        let Scale { min, max, .. } = self.scale;
        let share = (value - min) as f32 / (max - min).max(1) as f32;
        self.plot.bottom - share * self.plot.height()
    }

    /// The line of nothing, in front of what was drawn before.
    pub(super) fn zero(&mut self) {
        let y = self.y(0);
        let path = vec![(self.plot.left, y), (self.plot.right, y)];
        self.scene.line("zero", vec![path], MUTED, 1.2);
    }

    /// Words in running type.
    pub(super) fn label(&mut self, class: &'static str, at: Point, anchor: Anchor, ink: Ink, words: String) {
        let text = Text { at, anchor, size: TYPE, weight: Weight::Regular, ink, turned: false, words };
        self.scene.text(class, text);
    }

    /// How long words are in running type.
    pub(super) fn length(&self, words: &str) -> f32 {
        self.font.width(words, TYPE)
    }

    /// Fills a place with slanting lines: nothing is known here.
    pub(super) fn hatch(&mut self, class: &'static str, rect: Rect, title: Option<String>) {
        self.scene.area(class, vec![rect.outline()], MUTED.faded(0.07)).title = title;
        let lines = rect.hatching(8.0);
        if !lines.is_empty() {
            self.scene.line("hatching", lines, MUTED.faded(0.35), 1.4);
        }
    }

    /// The mark of a highest quarter-hour.
    pub(super) fn diamond(&mut self, class: &'static str, (x, y): Point) {
        let outline = |r: f32| vec![vec![(x, y - r), (x + r, y), (x, y + r), (x - r, y)]];
        self.scene.area("halo", outline(6.5), SURFACE);
        self.scene.area(class, outline(4.6), INK);
    }

    /// Words over the middle of a place, on a ground that keeps them readable; turned where they fit only so, left out
    /// where they do not fit at all.
    pub(super) fn words_over(&mut self, class: &'static str, rect: Rect, words: &str) {
        let length = self.length(words);
        let turned = length + 12.0 > rect.width();
        let (across, along) = if turned { (rect.width(), rect.height()) } else { (rect.height(), rect.width()) };
        if across < TYPE + 8.0 || along < length + 12.0 {
            return;
        }
        let (x, y) = rect.middle();
        let (wide, high) = if turned { (TYPE * 0.7, length / 2.0 + 6.0) } else { (length / 2.0 + 6.0, TYPE * 0.7) };
        let ground = Rect { left: x - wide, top: y - high, right: x + wide, bottom: y + high };
        self.scene.area("ground", vec![ground.outline()], SURFACE.faded(0.85));
        let drop = TYPE * 0.35;
        let at = if turned { (x + drop, y) } else { (x, y + drop) };
        let text = Text {
            at,
            anchor: Anchor::Middle,
            size: TYPE,
            weight: Weight::Regular,
            ink: MUTED,
            turned,
            words: words.to_string(),
        };
        self.scene.text(class, text);
    }
}
