//! Plot: pictures of a day, week, month or year, as PNG and as SVG from one description.
//!
//! | noun | what it is | module |
//! |---|---|---|
//! | [`Day`] | power over the hours of a day | `day` |
//! | [`Bars`] | energy of the parts of a week, month or year | `bars` |
//! | `Frame` | title, key and axis, which both have | `frame` |
//! | [`Scene`] | shapes and words at their places | `scene` |

mod bars;
mod colour;
mod day;
mod font;
mod frame;
mod hours;
mod png;
mod scale;
mod scene;
mod svg;

use std::str::FromStr;

pub use bars::{Bar, Bars, State};
pub use day::{Day, Quarter, Step};
pub use scene::Scene;

/// What a picture is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Pixels.
    Png,
    /// Shapes and words, sharp at every size.
    Svg,
}

impl Format {
    /// By the ending of a file's name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "png" => Some(Self::Png),
            "svg" => Some(Self::Svg),
            _ => None,
        }
    }
}

/// How large a picture is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Pixels for each point: words and lines are so many times larger.
    pub scale: f32,
}

/// For a screen.
impl Default for Size {
    fn default() -> Self {
        Self { width: 1200, height: 600, scale: 1.0 }
    }
}

impl Size {
    /// For a mail that is read on a phone: as many pixels, and words that can still be read when it is a hand wide.
    pub const MAIL: Self = Self { width: 1200, height: 800, scale: 2.1 };

    /// Width and height in points.
    pub fn points(&self) -> (f32, f32) {
        (self.width as f32 / self.scale, self.height as f32 / self.scale)
    }

    /// The same with another scale.
    ///
    /// # Errors
    /// A sentence, when nothing could be read at this scale.
    pub fn scaled(self, scale: f32) -> Result<Self, String> {
        let size = Self { scale, ..self };
        let (width, height) = size.points();
        if (0.25..=8.0).contains(&scale) && width >= 299.0 && height >= 199.0 {
            Ok(size)
        } else {
            Err(format!(
                "a picture of {}x{} at scale {scale} has no room for its words; the scale is 0.25 to 8, and width and \
                 height divided by it at least 300 and 200",
                self.width, self.height
            ))
        }
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("\"{text}\" is no size; write it like \"1200x600\", from 300x200 to 4000x4000");
        let (width, height) = text.split_once('x').ok_or_else(wrong)?;
        let number = |digits: &str| digits.parse::<u32>().map_err(|_| wrong());
        let size = Self { width: number(width)?, height: number(height)?, scale: 1.0 };
        let fits = (300..=4000).contains(&size.width) && (200..=4000).contains(&size.height);
        if fits { Ok(size) } else { Err(wrong()) }
    }
}

/// Makes the file. `None` where there is no memory for it.
pub fn render(scene: &Scene, format: Format) -> Option<Vec<u8>> {
    match format {
        Format::Png => png::draw(scene),
        Format::Svg => Some(svg::draw(scene).into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!("1200x600".parse(), Ok(Size::default()));
        for wrong in ["", "1200", "1200x", "x600", "0x0", "299x600", "1200x199", "9999x600", "-1x600", "1200x600x1"] {
            assert!(wrong.parse::<Size>().is_err(), "{wrong}");
        }
        assert!(Size::default().scaled(2.0).is_ok());
        for wrong in [0.0, 5.0, -1.0, f32::NAN, f32::INFINITY] {
            assert!(Size::default().scaled(wrong).is_err(), "{wrong}");
        }
    }
}
