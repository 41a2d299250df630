//! PNG: a scene as pixels.

use std::io::Write as _;

use tiny_skia::{Color, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Stroke, Transform};

use super::colour::{Ink, SURFACE};
use super::font::{Font, OutlineBuilder, Weight};
use super::scene::{Anchor, Form, Point, Scene, Text};

/// The whole file. `None` where there is no memory for so many pixels.
pub(super) fn draw(scene: &Scene) -> Option<Vec<u8>> {
    let (width, height) = ((scene.width * scene.scale).round() as u32, (scene.height * scene.scale).round() as u32);
    let mut pixels = Pixmap::new(width, height)?;
    pixels.fill(colour(SURFACE));
    let scale = Transform::from_scale(scene.scale, scene.scale);
    let (regular, bold) = (Font::new(Weight::Regular), Font::new(Weight::Bold));
    for shape in &scene.shapes {
        match &shape.form {
            Form::Area(outlines, ink) => {
                if let Some(path) = path(outlines, true) {
                    pixels.fill_path(&path, &paint(*ink), FillRule::Winding, scale, None);
                }
            }
            Form::Line(paths, ink, width) => {
                let stroke =
                    Stroke { width: *width, line_cap: LineCap::Butt, line_join: LineJoin::Round, ..Stroke::default() };
                if let Some(path) = path(paths, false) {
                    pixels.stroke_path(&path, &paint(*ink), &stroke, scale, None);
                }
            }
            Form::Text(text) => {
                let font = if text.weight == Weight::Bold { &bold } else { &regular };
                if let Some(path) = letters(font, text) {
                    pixels.fill_path(
                        &path,
                        &paint(text.ink),
                        FillRule::Winding,
                        scale.pre_concat(place(font, text)),
                        None,
                    );
                }
            }
        }
    }
    encode(&pixels, scene.scale)
}

/// Without the alpha, which is one everywhere: a quarter less.
fn encode(pixels: &Pixmap, scale: f32) -> Option<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, pixels.width(), pixels.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    // So that a printer or word processor knows how large it is meant: 96 pixels an inch at scale 1.
    let per_metre = (96.0 * scale / 0.0254).round() as u32;
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: per_metre, yppu: per_metre, unit: png::Unit::Meter }));
    let mut writer = encoder.write_header().ok()?;
    let mut lines = writer.stream_writer().ok()?;
    // A line at a time: the picture is in memory once.
    for line in pixels.pixels().chunks(pixels.width() as usize) {
        let colours: Vec<u8> = line.iter().flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()]).collect();
        lines.write_all(&colours).ok()?;
    }
    lines.finish().ok()?;
    writer.finish().ok()?;
    Some(file)
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
