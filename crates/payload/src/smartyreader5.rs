//! `SmartyReader⁵`: what the board for five meters publishes, and what it writes to its card.

use core::fmt::{self, Display, Formatter};

use smarty_p1::{Civil, Obis, Quantity, Season};

use crate::decimal::Decimal;
use crate::field::{bare, luxembourg};
use crate::json::{Latin, Object, Text};
use crate::moment::Moment;

/// Where it announces itself, beside the meters' topics.
pub const ANNOUNCEMENT_TOPIC: &str = "smartmeters";
/// What it says after connecting.
pub const ANNOUNCEMENT: &str = r#"{"smartmeters_P1":"connected"}"#;
/// The tank sensor's topic.
pub const TANK_TOPIC: &str = "rainwater";

/// The topic of a meter, counted from 1: `smartmeter1_p1`.
#[derive(Clone, Copy, Debug)]
pub struct MeterTopic(pub u8);

impl Display for MeterTopic {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "smartmeter{}_p1", self.0)
    }
}

/// A meter's message: `{"dt":"180410123000S","id":"430","c1":"000006.695*kWh","p1":…,"c2":…,"p2":…}`.
///
/// Values as the telegram has them, with their unit. A register that the meter does not have is left out.
pub struct Message<'a>(pub &'a Moment<'a>);

impl Display for Message<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut object = Object::begin(f)?;
        object.text("dt", Stamp(self.0))?;
        object.text("id", last_three(self.0.equipment))?;
        for (key, register) in REGISTERS {
            object.known(key, Register::of(self.0, register).map(Text))?;
        }
        object.end()
    }
}

/// The tank sensor's message: `{"rainwater":"distance","cm":"123"}`.
#[derive(Clone, Copy, Debug)]
pub struct Tank {
    /// From the sensor to the water.
    pub cm: u16,
}

impl Display for Tank {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut object = Object::begin(f)?;
        object.text("rainwater", "distance")?;
        object.text("cm", format_args!("{:03}", self.cm))?;
        object.end()
    }
}

/// One minute on the card, without the line's end: for each meter `id`, `dt`, `c1`, `p1`, `c2`, `p2`, then the tank, all
/// separated by tabulators. A register that a meter does not have leaves its column empty.
pub struct CardLine<'a> {
    /// In the order of the columns.
    pub meters: &'a [Moment<'a>],
    /// The tank, where there is one.
    pub tank_cm: Option<u16>,
}

/// How the board ends a line of the card file: with an empty line behind it.
pub const LINE_END: &str = "\n\r\n";

impl Display for CardLine<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, moment) in self.meters.iter().enumerate() {
            let tab = if index == 0 { "" } else { "\t" };
            write!(f, "{tab}{}\t{}", last_three(moment.equipment), Stamp(moment))?;
            for (_, register) in REGISTERS {
                f.write_str("\t")?;
                if let Some(register) = Register::of(moment, register) {
                    register.fmt(f)?;
                }
            }
        }
        match self.tank_cm {
            Some(cm) if self.meters.is_empty() => write!(f, "{cm:03}"),
            Some(cm) => write!(f, "\t{cm:03}"),
            None => Ok(()),
        }
    }
}

/// The name of the card file of a day: `10_04_18.txt`.
#[derive(Clone, Copy, Debug)]
pub struct CardFile(pub Civil);

impl Display for CardFile {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}_{:02}_{:02}.txt", self.0.day, self.0.month, self.0.year % 100)
    }
}

const REGISTERS: [(&str, Quantity); 4] = [
    ("c1", Quantity::EnergyImport),
    ("p1", Quantity::EnergyExport),
    ("c2", Quantity::ReactiveEnergyImport),
    ("p2", Quantity::ReactiveEnergyExport),
];

/// The last three characters of the identifier, as the board names its meters.
fn last_three(equipment: &str) -> &str {
    let from = equipment.char_indices().rev().nth(2).map_or(0, |(at, _)| at);
    &equipment[from..]
}

/// The time as the telegram sends it: `180410123000S`.
struct Stamp<'a>(&'a Moment<'a>);

impl Display for Stamp<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(sent) = self.0.group(Obis::new(0, 0, 1, 0, 0), 0) {
            return Latin(sent).fmt(f);
        }
        let Civil { year, month, day, hour, minute, second } = self.0.clock.local;
        write!(f, "{:02}{month:02}{day:02}{hour:02}{minute:02}{second:02}", year % 100)?;
        f.write_str(match self.0.clock.season {
            Some(Season::Summer) => "S",
            Some(Season::Winter) => "W",
            None => "",
        })
    }
}

/// A register with its unit: `000006.695*kWh`.
enum Register<'a> {
    Sent(&'a [u8], &'static str),
    Made(Decimal, &'static str),
}

impl<'a> Register<'a> {
    fn of(moment: &Moment<'a>, quantity: Quantity) -> Option<Self> {
        let value = moment.values.total(quantity)?;
        let unit = if quantity.unit() == smarty_p1::Unit::WattHour { "kWh" } else { "kvarh" };
        let sent = quantity.obis().and_then(|obis| moment.group(obis, 0)).and_then(|group| bare(group, unit));
        Some(match sent {
            Some(digits) => Self::Sent(digits, unit),
            None => Self::Made(luxembourg(quantity, value), unit),
        })
    }
}

impl Display for Register<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent(digits, unit) => write!(f, "{}*{unit}", Latin(digits)),
            Self::Made(number, unit) => write!(f, "{number}*{unit}"),
        }
    }
}
