//! Tank: the shape of a vessel, and how much is in it at which height.

use serde::Deserialize;
use smarty_p1::{Quantity, Values};

/// A length in centimetres, as the file has it; held in millimetres.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Length(pub i64);

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let centimetres = f64::deserialize(deserializer)?;
        let millimetres = (centimetres * 10.0).round();
        if !(0.0..=1_000_000.0).contains(&millimetres) {
            return Err(serde::de::Error::custom("a length is in cm, not below 0 and not beyond a kilometre"));
        }
        Ok(Self(millimetres as i64))
    }
}

/// A vessel with a sensor over it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Tank {
    /// What it looks like.
    pub shape: Shape,
    /// Cylinders: inside.
    pub diameter: Option<Length>,
    /// Box and lying cylinder: inside.
    pub length: Option<Length>,
    /// Box: inside.
    pub width: Option<Length>,
    /// All but the lying cylinder and the table: from the bottom to where it is full.
    pub height: Option<Length>,
    /// Table: pairs of a height in cm and the litres up to there.
    #[serde(default)]
    pub table: Vec<(Length, f64)>,
    /// How far the sensor is above where the tank is full.
    #[serde(default = "nothing")]
    pub offset: Length,
}

/// What a vessel looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Upright: `diameter`, `height`.
    Cylinder,
    /// On its side: `diameter`, `length`.
    LyingCylinder,
    /// `length`, `width`, `height`.
    Box,
    /// Anything: `table`.
    Table,
}

impl Shape {
    /// The word in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cylinder => "cylinder",
            Self::LyingCylinder => "lying-cylinder",
            Self::Box => "box",
            Self::Table => "table",
        }
    }
}

/// A vessel that can be: millimetres and millilitres.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Geometry {
    body: Body,
    /// From the bottom to where it is full.
    height: i64,
    /// From where it is full to the sensor.
    offset: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Body {
    Cylinder {
        diameter: i64,
    },
    Lying {
        diameter: i64,
        length: i64,
    },
    Box {
        length: i64,
        width: i64,
    },
    /// Heights that rise, from 0; millilitres that never fall.
    Table(Vec<(i64, i64)>),
}

/// A bottom is not known more exactly than this, mm.
const TOLERANCE: i64 = 50;

const fn nothing() -> Length {
    Length(0)
}

impl Tank {
    /// The vessel.
    ///
    /// # Errors
    /// A sentence that stands behind the sensor's name.
    pub fn geometry(&self) -> Result<Geometry, String> {
        let shape = self.shape.name();
        let needed = |name: &str, length: Option<Length>| match length {
            Some(Length(0)) => Err(format!("`{name}` of the tank is 0")),
            Some(Length(length)) => Ok(length),
            None => Err(format!("a tank of shape = \"{shape}\" needs `{name}`, in cm")),
        };
        for (name, given, fits) in [
            ("diameter", self.diameter.is_some(), matches!(self.shape, Shape::Cylinder | Shape::LyingCylinder)),
            ("length", self.length.is_some(), matches!(self.shape, Shape::Box | Shape::LyingCylinder)),
            ("width", self.width.is_some(), self.shape == Shape::Box),
            ("height", self.height.is_some(), matches!(self.shape, Shape::Box | Shape::Cylinder)),
            ("table", !self.table.is_empty(), self.shape == Shape::Table),
        ] {
            if given && !fits {
                return Err(format!("`{name}` means nothing for a tank of shape = \"{shape}\""));
            }
        }
        let (body, height) = match self.shape {
            Shape::Cylinder => {
                (Body::Cylinder { diameter: needed("diameter", self.diameter)? }, needed("height", self.height)?)
            }
            Shape::LyingCylinder => {
                let diameter = needed("diameter", self.diameter)?;
                (Body::Lying { diameter, length: needed("length", self.length)? }, diameter)
            }
            Shape::Box => {
                let (length, width) = (needed("length", self.length)?, needed("width", self.width)?);
                (Body::Box { length, width }, needed("height", self.height)?)
            }
            Shape::Table => {
                let table = self.points()?;
                let height = table.last().map_or(0, |(height, _)| *height);
                (Body::Table(table), height)
            }
        };
        Ok(Geometry { body, height, offset: self.offset.0 })
    }

    fn points(&self) -> Result<Vec<(i64, i64)>, String> {
        let points: Vec<(i64, i64)> =
            self.table.iter().map(|(height, litres)| (height.0, (litres * 1000.0).round() as i64)).collect();
        if points.len() < 2 || points[0].0 != 0 {
            return Err("the tank's `table` begins at height 0 and has two or more pairs [cm, litres]".into());
        }
        if points.iter().any(|(_, millilitres)| !(0..=1_000_000_000).contains(millilitres)) {
            return Err("the tank's `table` has litres below 0 or beyond a thousand m³".into());
        }
        match points.windows(2).find(|pair| pair[1].0 <= pair[0].0 || pair[1].1 < pair[0].1) {
            Some(pair) => Err(format!(
                "the tank's `table` does not rise from {} cm to {} cm; each pair is higher than the one before and holds no less",
                pair[0].0 as f64 / 10.0,
                pair[1].0 as f64 / 10.0
            )),
            None => Ok(points),
        }
    }
}

impl Geometry {
    /// How high it stands, mm, when the sensor measures `distance` mm. Below the bottom is empty; above full is said.
    pub fn level(&self, distance: i64) -> i64 {
        (self.height + self.offset - distance).max(0)
    }

    /// How much is in it, ml, when it stands so high, mm. Above full it is full.
    pub fn volume(&self, level: i64) -> i64 {
        let level = level.clamp(0, self.height);
        match &self.body {
            Body::Box { length, width } => rounded(i128::from(*length) * i128::from(*width) * i128::from(level), 1000),
            Body::Cylinder { diameter } => {
                // Pi to 15 places: exact to the millilitre for everything that has room on earth.
                let square = i128::from(*diameter) * i128::from(*diameter) * i128::from(level);
                rounded(square * 3_141_592_653_589_793, 4 * 1000 * 1_000_000_000_000_000)
            }
            Body::Lying { diameter, length } => lying(*diameter, *length, level),
            Body::Table(points) => {
                let above = points.iter().position(|(height, _)| *height >= level).unwrap_or(points.len() - 1);
                let (low, high) = (points[above.saturating_sub(1)], points[above]);
                let (step, part) = (i128::from(high.0 - low.0), i128::from(level - low.0));
                if step == 0 { high.1 } else { low.1 + rounded(i128::from(high.1 - low.1) * part, step) }
            }
        }
    }

    /// Adds level and volume to a distance. One below the bottom is no level.
    pub fn fill(&self, values: &mut Values) {
        let Some(distance) = values.get(Quantity::Distance) else { return };
        if self.is_below_bottom(distance) {
            return;
        }
        let level = self.level(distance);
        values.set(Quantity::Level, level);
        values.set(Quantity::Volume, self.volume(level));
    }

    /// Whether a distance lies below the bottom, by more than a bottom is known exactly.
    pub const fn is_below_bottom(&self, distance: i64) -> bool {
        distance > self.depth() + TOLERANCE
    }

    /// From the sensor to the bottom, mm.
    pub const fn depth(&self) -> i64 {
        self.height + self.offset
    }

    /// From the bottom to where it is full, mm.
    pub const fn height(&self) -> i64 {
        self.height
    }

    /// From the sensor to where it is full, mm.
    pub const fn offset(&self) -> i64 {
        self.offset
    }
}

/// The part of a circle below a line, times the length.
fn lying(diameter: i64, length: i64, level: i64) -> i64 {
    let (radius, level) = (diameter as f64 / 2.0, level as f64);
    let rest = radius - level;
    let area = radius * radius * (rest / radius).clamp(-1.0, 1.0).acos()
        - rest * (level * (2.0 * radius - level)).max(0.0).sqrt();
    (area * length as f64 / 1000.0).round() as i64
}

fn rounded(value: i128, divisor: i128) -> i64 {
    i64::try_from((value + divisor / 2) / divisor).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tank(text: &str) -> Result<Geometry, String> {
        toml::from_str::<Tank>(text).map_err(|error| error.message().to_string())?.geometry()
    }

    #[test]
    fn each_shape_holds_what_it_holds() {
        let barrel = tank("shape = \"cylinder\"\ndiameter = 200\nheight = 150\noffset = 20").unwrap();
        // Pi times 100 cm squared times 150 cm: 4712.389 litres.
        assert_eq!((barrel.depth(), barrel.volume(1500), barrel.volume(9000)), (1700, 4_712_389, 4_712_389));
        assert_eq!((barrel.level(1230), barrel.volume(barrel.level(1230))), (470, 1_476_549));
        assert_eq!((barrel.level(200), barrel.level(1700), barrel.level(7650)), (1500, 0, 0));
        assert_eq!(barrel.level(100), 1600, "above full is said");
        let cistern = tank("shape = \"box\"\nlength = 250.5\nwidth = 100\nheight = 100").unwrap();
        assert_eq!(cistern.volume(500), 1_252_500);
        let oil = tank("shape = \"lying-cylinder\"\ndiameter = 100\nlength = 200").unwrap();
        assert_eq!((oil.volume(0), oil.volume(500), oil.volume(1000)), (0, 785_398, 1_570_796));
        let odd = tank("shape = \"table\"\ntable = [[0, 0], [10, 55], [20, 155.5]]").unwrap();
        assert_eq!([0, 50, 100, 150, 200].map(|level| odd.volume(level)), [0, 27_500, 55_000, 105_250, 155_500]);
    }

    #[test]
    fn what_is_no_tank_is_said() {
        for (text, words) in [
            ("shape = \"cylinder\"\nheight = 100", "needs `diameter`, in cm"),
            ("shape = \"cylinder\"\ndiameter = 0\nheight = 100", "`diameter` of the tank is 0"),
            ("shape = \"box\"\nlength = 1\nwidth = 1\nheight = 1\ndiameter = 1", "`diameter` means nothing"),
            ("shape = \"table\"", "two or more pairs"),
            ("shape = \"table\"\ntable = [[5, 0], [10, 55]]", "begins at height 0"),
            ("shape = \"table\"\ntable = [[0, 0], [10, 55], [10, 60]]", "does not rise from 10 cm to 10 cm"),
            ("shape = \"table\"\ntable = [[0, 10], [10, 5]]", "does not rise from 0 cm to 10 cm"),
            ("shape = \"cylinder\"\ndiameter = -1\nheight = 1", "a length is in cm"),
            ("shape = \"ball\"", "unknown variant"),
        ] {
            let why = tank(text).unwrap_err();
            assert!(why.contains(words), "{text}: {why}");
        }
    }

    proptest! {
        /// More height never holds less, and the full tank holds the most.
        #[test]
        fn volumes_rise(diameter in 1i64..5000, length in 1i64..20_000, a in 0i64..6000, b in 0i64..6000) {
            for body in [Body::Cylinder { diameter }, Body::Lying { diameter, length }, Body::Box { length, width: diameter }] {
                let height = if matches!(body, Body::Lying { .. }) { diameter } else { 5000 };
                let tank = Geometry { body, height, offset: 200 };
                prop_assert!(a.cmp(&b) == tank.volume(a).cmp(&tank.volume(b)) || tank.volume(a) == tank.volume(b));
                prop_assert!(tank.volume(a) <= tank.volume(height) && tank.volume(0) == 0);
                prop_assert_eq!(tank.level(tank.depth() - a.min(tank.depth())), a.min(tank.depth()));
            }
        }
    }
}
