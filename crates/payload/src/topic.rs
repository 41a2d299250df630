//! Topic: where messages are published.

use core::fmt::{self, Display, Formatter, Write};

/// A topic below a base topic: `lamsmarty/act_pwr_imported_p_plus_kW`.
#[derive(Clone, Copy, Debug)]
pub struct Below<'a, T>(pub &'a str, pub T);

impl<T: Display> Display for Below<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0, self.1)
    }
}

/// A text as one level of a discovery topic: letters, digits, `_` and `-`, anything else becomes `_`.
#[derive(Clone, Copy)]
pub(crate) struct Identifier<'a>(pub(crate) &'a str);

impl Display for Identifier<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|char| match char {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' => f.write_char(char),
            _ => f.write_char('_'),
        })
    }
}

/// A text as an entity id of Home Assistant has it: small letters, digits and `_`.
#[derive(Clone, Copy)]
pub(crate) struct EntityId<'a>(pub(crate) &'a str);

impl Display for EntityId<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|char| match char.to_ascii_lowercase() {
            lower @ ('a'..='z' | '0'..='9') => f.write_char(lower),
            _ => f.write_char('_'),
        })
    }
}
