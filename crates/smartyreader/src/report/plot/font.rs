//! Font: Noto Sans, embedded, so that a picture is the same on every machine. Only what is needed of it: Latin and Greek
//! letters, figures and signs.

use ttf_parser::Face;

pub(super) use ttf_parser::OutlineBuilder;

/// How strong the letters are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// Running text.
    Regular,
    /// Titles.
    Bold,
}

/// The names that the SVG asks for: what is embedded here first, then what the page uses.
pub(super) const FAMILY: &str =
    "Noto Sans, system-ui, -apple-system, Segoe UI, Roboto, Helvetica Neue, Liberation Sans, sans-serif";

const REGULAR: &[u8] = include_bytes!("font/NotoSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("font/NotoSans-Bold.ttf");

/// A font, ready to measure and draw.
pub(super) struct Font {
    face: Option<Face<'static>>,
}

impl Font {
    /// The embedded font.
    pub(super) fn new(weight: Weight) -> Self {
        let data = match weight {
            Weight::Regular => REGULAR,
            Weight::Bold => BOLD,
        };
        // The tests hold that it parses; a picture without words would still be one.
        Self { face: Face::parse(data, 0).ok() }
    }

    /// How long the words are at a size.
    pub(super) fn width(&self, words: &str, size: f32) -> f32 {
        words.chars().map(|letter| self.advance(letter)).sum::<f32>() * size
    }

    /// Hands out the outline of each letter with its distance from the beginning, all for size 1. Outlines are in
    /// units of [`Font::unit`] and y grows upwards.
    pub(super) fn letters(&self, words: &str, mut draw: impl FnMut(f32, &dyn Fn(&mut dyn OutlineBuilder))) {
        let Some(face) = &self.face else { return };
        let mut at = 0.0;
        for letter in words.chars() {
            if let Some(glyph) = self.glyph(letter) {
                draw(at, &|outline| {
                    face.outline_glyph(glyph, outline);
                });
            }
            at += self.advance(letter);
        }
    }

    /// Units of an outline in size 1.
    pub(super) fn unit(&self) -> f32 {
        self.face.as_ref().map_or(1000.0, |face| f32::from(face.units_per_em()))
    }

    /// What is not in the font becomes a question mark.
    fn glyph(&self, letter: char) -> Option<ttf_parser::GlyphId> {
        let face = self.face.as_ref()?;
        // Noto Sans has its minus in another font; its en dash is as long as a figure.
        let letter = if letter == '−' { '–' } else { letter };
        face.glyph_index(letter).or_else(|| face.glyph_index('?'))
    }

    fn advance(&self, letter: char) -> f32 {
        let advance = self.glyph(letter).and_then(|glyph| self.face.as_ref()?.glyph_hor_advance(glyph));
        f32::from(advance.unwrap_or_default()) / self.unit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_written_is_in_the_font() {
        for weight in [Weight::Regular, Weight::Bold] {
            let font = Font::new(weight);
            let unknown = font.glyph('中');
            assert!(unknown.is_some() && unknown == font.glyph('?'));
            for letter in "ABCxyz 0123456789 − · – \u{202f}\u{a0} éèëäöüßçñøåœ ŠžŁ €%".chars() {
                assert!(font.glyph(letter).is_some_and(|glyph| Some(glyph) != unknown), "{letter:?} is missing");
            }
        }
    }

    #[test]
    fn figures_are_all_as_wide_as_each_other() {
        let font = Font::new(Weight::Regular);
        for figure in '0'..='9' {
            assert!((font.width(&figure.to_string(), 10.0) - font.width("0", 10.0)).abs() < 0.001, "{figure}");
        }
        assert!(font.width("MMM", 12.0) > font.width("iii", 12.0));
    }
}
