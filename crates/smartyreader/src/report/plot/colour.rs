//! Colour: the page's own light colours, so that a picture looks like the page. Import is blue and export amber, told
//! apart by the colour-blind and, by their brightness, in print.

/// A colour and how opaque it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ink {
    /// Red, green, blue.
    pub(super) rgb: [u8; 3],
    /// 0 to 1.
    pub(super) alpha: f32,
}

impl Ink {
    const fn of(rgb: [u8; 3]) -> Self {
        Self { rgb, alpha: 1.0 }
    }

    /// The same, thinner.
    pub(super) const fn faded(self, alpha: f32) -> Self {
        Self { alpha, ..self }
    }

    /// `#1c6fb8`.
    pub(super) fn hex(self) -> String {
        let [red, green, blue] = self.rgb;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }
}

/// Behind everything.
pub(super) const SURFACE: Ink = Ink::of([0xff, 0xff, 0xff]);
/// Words and marks.
pub(super) const INK: Ink = Ink::of([0x14, 0x20, 0x2c]);
/// What stands behind the words.
pub(super) const MUTED: Ink = Ink::of([0x56, 0x64, 0x72]);
/// The grid.
pub(super) const LINE: Ink = Ink::of([0xe2, 0xe7, 0xec]);
/// From the grid into the house.
pub(super) const IMPORT: Ink = Ink::of([0x1c, 0x6f, 0xb8]);
/// From the house into the grid.
pub(super) const EXPORT: Ink = Ink::of([0xb8, 0x62, 0x00]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_colours_are_those_of_the_page() {
        let style = include_str!("../../../../../web/src/style.css");
        for (name, ink) in [
            ("surface", SURFACE),
            ("ink", INK),
            ("muted", MUTED),
            ("line", LINE),
            ("import", IMPORT),
            ("export", EXPORT),
        ] {
            let line = format!("--{name}: light-dark({}", ink.hex());
            assert!(style.contains(&line), "{line}");
        }
    }
}
