//! SVG: a scene as text.

use std::fmt::Write as _;

use super::colour::Ink;
use super::font::{FAMILY, Font, Weight};
use super::scene::{Anchor, Form, Point, Scene, Shape, Text};

/// The whole file.
pub(super) fn draw(scene: &Scene) -> String {
    let (width, height) = (scene.width, scene.height);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {} {}\" role=\"img\" \
         font-family=\"{FAMILY}\">\n<title>{}</title>\n",
        number(width * scene.scale),
        number(height * scene.scale),
        number(width),
        number(height),
        escaped(&scene.words)
    );
    let fonts = [Font::new(Weight::Regular), Font::new(Weight::Bold)];
    for shape in &scene.shapes {
        put(&mut svg, shape, &fonts);
    }
    svg.push_str("</svg>\n");
    svg
}

fn put(svg: &mut String, shape: &Shape, fonts: &[Font; 2]) {
    let class = shape.class;
    let (name, body) = match &shape.form {
        Form::Area(outlines, ink) => {
            let _ = write!(svg, "<path class=\"{class}\" d=\"{}\"{}", path(outlines, true), paint("fill", *ink));
            ("path", None)
        }
        Form::Line(paths, ink, width) => {
            let _ = write!(
                svg,
                "<path class=\"{class}\" d=\"{}\" fill=\"none\"{} stroke-width=\"{}\" stroke-linejoin=\"round\"",
                path(paths, false),
                paint("stroke", *ink),
                number(*width)
            );
            ("path", None)
        }
        Form::Text(text) => {
            open_text(svg, class, text, &fonts[usize::from(text.weight == Weight::Bold)]);
            ("text", Some(escaped(&text.words)))
        }
    };
    match (&shape.title, body) {
        (None, None) => svg.push_str("/>\n"),
        (title, body) => {
            svg.push('>');
            if let Some(title) = title {
                let _ = write!(svg, "<title>{}</title>", escaped(title));
            }
            let _ = writeln!(svg, "{}</{name}>", body.unwrap_or_default());
        }
    }
}

fn open_text(svg: &mut String, class: &str, text: &Text, font: &Font) {
    let (x, y) = (number(text.at.0), number(text.at.1));
    let _ = write!(svg, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\" font-size=\"{}\"", number(text.size));
    svg.push_str(&paint("fill", text.ink));
    match text.anchor {
        Anchor::Start => {}
        Anchor::Middle => svg.push_str(" text-anchor=\"middle\""),
        Anchor::End => svg.push_str(" text-anchor=\"end\""),
    }
    if text.weight == Weight::Bold {
        svg.push_str(" font-weight=\"700\"");
    }
    // Where another font has to do, words keep the room that was measured for them.
    let length = number(font.width(&text.words, text.size));
    let _ = write!(svg, " textLength=\"{length}\" lengthAdjust=\"spacingAndGlyphs\"");
    if text.turned {
        let _ = write!(svg, " transform=\"rotate(-90 {x} {y})\"");
    }
}

fn path(paths: &[Vec<Point>], closed: bool) -> String {
    let mut data = String::new();
    for points in paths {
        for (index, (x, y)) in points.iter().enumerate() {
            data.push(if index == 0 { 'M' } else { 'L' });
            let _ = write!(data, "{} {}", number(*x), number(*y));
        }
        if closed {
            data.push('Z');
        }
    }
    data
}

fn paint(what: &str, ink: Ink) -> String {
    let colour = ink.hex();
    if ink.alpha < 1.0 {
        format!(" {what}=\"{colour}\" {what}-opacity=\"{}\"", number(ink.alpha))
    } else {
        format!(" {what}=\"{colour}\"")
    }
}

/// Two decimals at most, and none that say nothing.
fn number(value: f32) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.to_string() }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(
            [number(1.0), number(0.5), number(-0.001), number(12.345), number(100.0)],
            ["1", "0.5", "0", "12.35", "100"]
        );
    }

    #[test]
    fn what_people_call_their_meter_cannot_leave_its_place() {
        assert_eq!(escaped("<\"A & B\">"), "&lt;&quot;A &amp; B&quot;&gt;");
    }
}
