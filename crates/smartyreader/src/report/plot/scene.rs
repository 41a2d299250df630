//! Scene: one description of a picture, from which both the PNG and the SVG are made.
//!
//! Lengths are points: at scale 1 a point is a pixel. y grows downwards.

use super::colour::Ink;
use super::font::Weight;

/// A place in the picture.
pub(super) type Point = (f32, f32);

/// What is drawn, the hindmost first.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// Points.
    pub(super) width: f32,
    /// Points.
    pub(super) height: f32,
    /// Pixels for each point.
    pub(super) scale: f32,
    /// What the picture shows, in a sentence, for those who cannot see it.
    pub(super) words: String,
    /// The shapes.
    pub(super) shapes: Vec<Shape>,
}

/// One thing in the picture.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// What it is; a class in the SVG.
    pub(super) class: &'static str,
    /// What it says when pointed at, in the SVG.
    pub(super) title: Option<String>,
    /// Its form.
    pub(super) form: Form,
}

/// A form and how it is drawn.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// Closed outlines, filled.
    Area(Vec<Vec<Point>>, Ink),
    /// Open lines: the paths, colour, width.
    Line(Vec<Vec<Point>>, Ink, f32),
    /// Words.
    Text(Text),
}

/// Words at a place.
#[derive(Clone, Debug)]
pub(super) struct Text {
    /// Where the anchor is, on the base line.
    pub(super) at: Point,
    /// Which part of the words stands there.
    pub(super) anchor: Anchor,
    /// Height of the type.
    pub(super) size: f32,
    /// How strong.
    pub(super) weight: Weight,
    /// In which colour.
    pub(super) ink: Ink,
    /// Whether they are read from below upwards.
    pub(super) turned: bool,
    /// What they say.
    pub(super) words: String,
}

/// Which part of a text stands at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    /// Its beginning.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

/// A box with its sides upright.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rect {
    /// Left side.
    pub(super) left: f32,
    /// Upper side.
    pub(super) top: f32,
    /// Right side.
    pub(super) right: f32,
    /// Lower side.
    pub(super) bottom: f32,
}

impl Rect {
    /// From left to right.
    pub(super) fn width(&self) -> f32 {
        self.right - self.left
    }

    /// From top to bottom.
    pub(super) fn height(&self) -> f32 {
        self.bottom - self.top
    }

    /// Its middle.
    pub(super) fn middle(&self) -> Point {
        (self.left.midpoint(self.right), self.top.midpoint(self.bottom))
    }

    /// Its corners.
    pub(super) fn outline(&self) -> Vec<Point> {
        vec![(self.left, self.top), (self.right, self.top), (self.right, self.bottom), (self.left, self.bottom)]
    }

    /// Slanting lines that fill it, as far as it goes: `pitch` apart.
    pub(super) fn hatching(&self, pitch: f32) -> Vec<Vec<Point>> {
        let mut lines = Vec::new();
        // A line is x + y = sum. All hatchings share the same lines, so that neighbours fit together.
        let mut sum = ((self.left + self.top) / pitch).ceil() * pitch;
        while sum < self.right + self.bottom {
            let (x1, x2) = ((sum - self.bottom).max(self.left), (sum - self.top).min(self.right));
            if x2 - x1 > 0.3 {
                lines.push(vec![(x1, sum - x1), (x2, sum - x2)]);
            }
            sum += pitch;
        }
        lines
    }
}

impl Scene {
    /// Draws an area.
    pub(super) fn area(&mut self, class: &'static str, outlines: Vec<Vec<Point>>, ink: Ink) -> &mut Shape {
        self.put(class, Form::Area(outlines, ink))
    }

    /// Draws lines.
    pub(super) fn line(&mut self, class: &'static str, paths: Vec<Vec<Point>>, ink: Ink, width: f32) -> &mut Shape {
        self.put(class, Form::Line(paths, ink, width))
    }

    /// Writes.
    pub(super) fn text(&mut self, class: &'static str, text: Text) -> &mut Shape {
        self.put(class, Form::Text(text))
    }

    fn put(&mut self, class: &'static str, form: Form) -> &mut Shape {
        let index = self.shapes.len();
        self.shapes.push(Shape { class, title: None, form });
        &mut self.shapes[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hatching_stays_inside() {
        let rect = Rect { left: 10.0, top: 20.0, right: 43.0, bottom: 31.0 };
        let lines = rect.hatching(6.0);
        assert!(lines.len() >= 6);
        for (x, y) in lines.into_iter().flatten() {
            assert!((10.0..=43.0).contains(&x) && (19.99..=31.01).contains(&y), "{x} {y}");
        }
    }
}
