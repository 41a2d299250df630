//! Name: a short text that is put together where it is needed.

use core::fmt::{self, Write};

/// Long enough for every name here (the longest has 44 characters). What would not fit is left out.
const LONGEST: usize = 60;

/// A text of at most 60 bytes, by value.
#[derive(Clone, Copy)]
pub(crate) struct Name {
    bytes: [u8; LONGEST],
    length: u8,
}

impl Name {
    /// Puts a name together. Only whole pieces are taken, so the text stays UTF-8.
    pub(crate) fn of(pieces: fmt::Arguments<'_>) -> Self {
        let mut name = Self { bytes: [0; LONGEST], length: 0 };
        // Too long a name ends early; none here is.
        let _ = name.write_fmt(pieces);
        name
    }

    pub(crate) fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl Write for Name {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let from = usize::from(self.length);
        let room = self.bytes.get_mut(from..from + text.len()).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length += text.len() as u8; // room has at most 60
        Ok(())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
