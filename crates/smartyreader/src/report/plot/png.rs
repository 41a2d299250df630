//! PNG: a scene as pixels.

use std::io::Write as _;

use tiny_skia::{Color, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Transform};

use super::colour::{Ink, SURFACE};
use super::font::{Font, OutlineBuilder, Weight};
use super::scene::{Anchor, Form, Point, Scene, Shape, Text};

/// So many lines of pixels are drawn at a time. A whole picture takes megabytes, which the daemon would not give back to
/// the system for a long time.
const BAND: u32 = 48;

/// A shape, ready to be drawn into every band that it touches.
struct Stroke {
    path: Path,
    paint: Paint<'static>,
    /// Of a line; areas have none.
    width: Option<f32>,
    place: Transform,
}

/// The whole file. `None` where it has no pixels.
pub(super) fn draw(scene: &Scene) -> Option<Vec<u8>> {
    let (width, height) = ((scene.width * scene.scale).round() as u32, (scene.height * scene.scale).round() as u32);
    let strokes = strokes(scene);
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    // So that a printer or word processor knows how large it is meant: 96 pixels an inch at scale 1.
    let per_metre = (96.0 * scene.scale / 0.0254).round() as u32;
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: per_metre, yppu: per_metre, unit: png::Unit::Meter }));
    let mut writer = encoder.write_header().ok()?;
    let mut lines = writer.stream_writer().ok()?;
    let mut band = Pixmap::new(width, BAND.min(height))?;
    for top in (0..height).step_by(BAND as usize) {
        band.fill(colour(SURFACE));
        let down = Transform::from_translate(0.0, -(top as f32));
        for stroke in &strokes {
            stroke.draw(&mut band, down);
        }
        // Without the alpha, which is one everywhere: a quarter less.
        let rows = (BAND.min(height - top) * width) as usize;
        for line in band.pixels()[..rows].chunks(width as usize) {
            let colours: Vec<u8> = line.iter().flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()]).collect();
            lines.write_all(&colours).ok()?;
        }
    }
    lines.finish().ok()?;
    writer.finish().ok()?;
    Some(file)
}

fn strokes(scene: &Scene) -> Vec<Stroke> {
    let (regular, bold) = (Font::new(Weight::Regular), Font::new(Weight::Bold));
    let scale = Transform::from_scale(scene.scale, scene.scale);
    let stroke = |shape: &Shape| match &shape.form {
        Form::Area(outlines, ink) => {
            Some(Stroke { path: path(outlines, true)?, paint: paint(*ink), width: None, place: scale })
        }
        Form::Line(paths, ink, width) => {
            Some(Stroke { path: path(paths, false)?, paint: paint(*ink), width: Some(*width), place: scale })
        }
        Form::Text(text) => {
            let font = if text.weight == Weight::Bold { &bold } else { &regular };
            let place = scale.pre_concat(place(font, text));
            Some(Stroke { path: letters(font, text)?, paint: paint(text.ink), width: None, place })
        }
    };
    scene.shapes.iter().filter_map(stroke).collect()
}

impl Stroke {
    fn draw(&self, band: &mut Pixmap, down: Transform) {
        let place = self.place.post_concat(down);
        let reach = self.width.unwrap_or(0.0) * 2.0 + 2.0;
        let bounds = self.path.bounds().transform(place);
        if bounds.is_some_and(|bounds| bounds.bottom() < -reach * 8.0 || bounds.top() > BAND as f32 + reach * 8.0) {
            return;
        }
        match self.width {
            None => band.fill_path(&self.path, &self.paint, FillRule::Winding, place, None),
            Some(width) => {
                let stroke = tiny_skia::Stroke {
                    width,
                    line_cap: LineCap::Butt,
                    line_join: LineJoin::Round,
                    ..tiny_skia::Stroke::default()
                };
                band.stroke_path(&self.path, &self.paint, &stroke, place, None);
            }
        }
    }
}

fn path(paths: &[Vec<Point>], closed: bool) -> Option<Path> {
    let mut builder = PathBuilder::new();
    for points in paths {
        for (index, &(x, y)) in points.iter().enumerate() {
            if index == 0 {
                builder.move_to(x, y);
            } else {
                builder.line_to(x, y);
            }
        }
        if closed {
            builder.close();
        }
    }
    builder.finish()
}

/// The letters in units of the font, y upwards.
fn letters(font: &Font, text: &Text) -> Option<Path> {
    let mut pen = Pen { builder: PathBuilder::new(), left: 0.0 };
    font.letters(&text.words, |at, outline| {
        pen.left = at * font.unit();
        outline(&mut pen);
    });
    pen.builder.finish()
}

/// From units of the font to the place in the picture.
fn place(font: &Font, text: &Text) -> Transform {
    let length = font.width(&text.words, text.size);
    let before = match text.anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => length / 2.0,
        Anchor::End => length,
    };
    let size = text.size / font.unit();
    let turn = if text.turned { Transform::from_rotate(-90.0) } else { Transform::identity() };
    Transform::from_translate(text.at.0, text.at.1).pre_concat(turn).pre_translate(-before, 0.0).pre_scale(size, -size)
}

struct Pen {
    builder: PathBuilder,
    left: f32,
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.builder.move_to(self.left + x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.builder.line_to(self.left + x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.builder.quad_to(self.left + x1, y1, self.left + x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.builder.cubic_to(self.left + x1, y1, self.left + x2, y2, self.left + x, y);
    }

    fn close(&mut self) {
        self.builder.close();
    }
}

fn paint(ink: Ink) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color(colour(ink));
    paint
}

fn colour(ink: Ink) -> Color {
    let [red, green, blue] = ink.rgb;
    Color::from_rgba8(red, green, blue, (ink.alpha.clamp(0.0, 1.0) * 255.0).round() as u8)
}
