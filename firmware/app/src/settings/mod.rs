//! Settings: what people chose, as numbered texts in one small block. The block is what is stored, too: a number that
//! this version does not know stays where it is, so a version back and forth loses nothing.
//!
//! Secrets can be given, never read again: whoever shows settings gets [`Shown`], which says only that there is one.

mod name;
mod value;

pub use name::{Kind, Name};
pub use value::Refused;

use core::fmt::{self, Display, Formatter};

use smarty_p1::Key;

/// Bytes of the whole block: the longest of everything at once does not fit, any household's does.
pub const LONGEST: usize = 1280;
/// The first byte of the block. Another one is another layout, and counts as no settings.
const LAYOUT: u8 = 1;

/// See the module.
#[derive(Clone)]
pub struct Settings {
    block: [u8; LONGEST],
    length: usize,
}

/// A setting as people may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown<'a> {
    /// The value, the default where nothing was given.
    Value(&'a str),
    /// A secret that is there.
    Given,
    /// A secret that is not there.
    Missing,
}

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Value(value) => value,
            Self::Given => "(given)",
            Self::Missing => "",
        })
    }
}

impl Settings {
    /// As delivered.
    pub const fn new() -> Self {
        let mut block = [0; LONGEST];
        block[0] = LAYOUT;
        Self { block, length: 1 }
    }

    /// The stored form. It holds the secrets.
    pub fn as_bytes(&self) -> &[u8] {
        &self.block[..self.length]
    }

    /// From the stored form. `None`: another layout, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut settings = Self::new();
        settings.block.get_mut(..bytes.len())?.copy_from_slice(bytes);
        settings.length = bytes.len();
        let whole = bytes.first() == Some(&LAYOUT) && settings.places().all(|place| place.is_some());
        whole.then_some(settings)
    }

    /// The value or its default, secrets included: for who needs it to work, not to show.
    pub fn text(&self, name: Name) -> &str {
        self.given(name).unwrap_or(name.default())
    }

    /// The value without the default.
    pub fn given(&self, name: Name) -> Option<&str> {
        let (at, length) = self.place(name)?;
        core::str::from_utf8(&self.block[at + 2..at + length]).ok()
    }

    /// A number in the unit that its name says. Only numbers were let in; 0 for a text.
    pub fn number(&self, name: Name) -> u32 {
        self.text(name).parse().unwrap_or(0)
    }

    /// Whether it is switched on.
    pub fn is_on(&self, name: Name) -> bool {
        self.text(name) == "on"
    }

    /// A key of 16 bytes.
    pub fn key(&self, name: Name) -> Option<Key> {
        Key::from_hex(self.given(name)?).ok()
    }

    /// As people may see it.
    pub fn shown(&self, name: Name) -> Shown<'_> {
        match (name.is_secret(), self.given(name)) {
            (false, _) => Shown::Value(self.text(name)),
            (true, Some(_)) => Shown::Given,
            (true, None) => Shown::Missing,
        }
    }

    /// Takes a value; blanks around it are left out, an empty one goes back to the default.
    ///
    /// # Errors
    /// [`Refused`], a sentence for people; nothing has changed then.
    pub fn set(&mut self, name: Name, value: &str) -> Result<(), Refused> {
        let value = value.trim();
        value::check(name, value)?;
        let old = self.place(name);
        let freed = old.map_or(0, |(_, length)| length);
        let needed = if value.is_empty() { 0 } else { value.len() + 2 };
        if self.length - freed + needed > LONGEST {
            return Err(Refused::Full);
        }
        if let Some((at, length)) = old {
            self.block.copy_within(at + length..self.length, at);
            self.block[self.length - length..self.length].fill(0);
            self.length -= length;
        }
        if needed > 0 {
            let place = &mut self.block[self.length..self.length + needed];
            place[0] = name.number();
            place[1] = value.len() as u8;
            place[2..].copy_from_slice(value.as_bytes());
            self.length += needed;
        }
        Ok(())
    }

    /// As [`Settings::set`], by the name that people write.
    ///
    /// # Errors
    /// [`Refused`], also for a name that there is not.
    pub fn set_by_name(&mut self, name: &str, value: &str) -> Result<(), Refused> {
        self.set(Name::of(name.trim()).ok_or(Refused::NoSuchName)?, value)
    }

    fn place(&self, name: Name) -> Option<(usize, usize)> {
        self.places().flatten().find(|&(at, _)| self.block[at] == name.number())
    }

    /// Where each value lies, with its two bytes before it; `None` at the end of a damaged block.
    fn places(&self) -> impl Iterator<Item = Option<(usize, usize)>> + '_ {
        let mut at = 1;
        core::iter::from_fn(move || {
            if at >= self.length {
                return None;
            }
            let length = usize::from(*self.block.get(at + 1)?) + 2;
            let place = (at + length <= self.length).then_some((at, length));
            at = place.map_or(self.length, |_| at + length);
            Some(place)
        })
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

/// Secrets are not printed by accident.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(Name::ALL.iter().map(|&name| (name.name(), self.shown(name)))).finish()
    }
}

impl Settings {
    /// The board's own address and the length of its network's prefix. `None`: the router gives one.
    pub fn network(&self) -> Option<(core::net::Ipv4Addr, u8)> {
        value::network(self.given(Name::Address)?)
    }

    /// The time zone.
    pub fn zone(&self) -> crate::zone::Zone {
        crate::zone::Zone::of_minutes(self.number(Name::ZoneMinutes))
    }
}
