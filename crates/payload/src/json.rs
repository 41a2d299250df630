//! JSON: objects written field by field, texts escaped, nothing held in memory.

use core::fmt::{self, Display, Formatter, Write};

/// A JSON text: in quotes, escaped as RFC 8259 wants it.
#[derive(Clone, Copy, Debug)]
pub struct Text<T>(pub T);

impl<T: Display> Display for Text<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        write!(Escape(f), "{}", self.0)?;
        f.write_str("\"")
    }
}

struct Escape<'a, 'f>(&'a mut Formatter<'f>);

impl Write for Escape<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut plain = 0;
        for (at, byte) in text.bytes().enumerate() {
            if byte >= 0x20 && byte != b'"' && byte != b'\\' {
                continue;
            }
            self.0.write_str(&text[plain..at])?;
            plain = at + 1;
            match byte {
                b'"' => self.0.write_str("\\\"")?,
                b'\\' => self.0.write_str("\\\\")?,
                b'\n' => self.0.write_str("\\n")?,
                b'\r' => self.0.write_str("\\r")?,
                b'\t' => self.0.write_str("\\t")?,
                _ => write!(self.0, "\\u{byte:04x}")?,
            }
        }
        self.0.write_str(&text[plain..])
    }
}

/// Bytes of a telegram as characters, each byte one (Latin-1): one real meter has more than ASCII in its first line.
#[derive(Clone, Copy)]
pub(crate) struct Latin<'a>(pub(crate) &'a [u8]);

impl Display for Latin<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Ok(text) = core::str::from_utf8(self.0)
            && text.is_ascii()
        {
            return f.write_str(text);
        }
        self.0.iter().try_for_each(|&byte| f.write_char(char::from(byte)))
    }
}

/// What stands between the fields of an object.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    comma: &'static str,
    colon: &'static str,
}

/// `{"a":1,"b":2}`.
pub(crate) const DENSE: Style = Style { comma: ",", colon: ":" };
/// `{"a": 1, "b": 2}`, as Python writes.
pub(crate) const SPACED: Style = Style { comma: ", ", colon: ": " };

/// An object under way. It is to be ended with [`Object::end`].
pub struct Object<'a, 'f> {
    out: &'a mut Formatter<'f>,
    style: Style,
    first: bool,
}

impl<'a, 'f> Object<'a, 'f> {
    /// Opens it.
    ///
    /// # Errors
    /// Those of `out`, as everywhere here.
    pub fn begin(out: &'a mut Formatter<'f>) -> Result<Self, fmt::Error> {
        Self::begin_as(out, DENSE)
    }

    pub(crate) fn begin_as(out: &'a mut Formatter<'f>, style: Style) -> Result<Self, fmt::Error> {
        out.write_str("{")?;
        Ok(Self { out, style, first: true })
    }

    fn key(&mut self, key: impl Display) -> fmt::Result {
        if !self.first {
            self.out.write_str(self.style.comma)?;
        }
        self.first = false;
        write!(self.out, "{}{}", Text(key), self.style.colon)
    }

    /// A field whose value is JSON already: a number, `true`, an object.
    ///
    /// # Errors
    /// Those of the output.
    pub fn raw(&mut self, key: impl Display, value: impl Display) -> fmt::Result {
        self.key(key)?;
        write!(self.out, "{value}")
    }

    /// A text.
    ///
    /// # Errors
    /// Those of the output.
    pub fn text(&mut self, key: impl Display, value: impl Display) -> fmt::Result {
        self.raw(key, Text(value))
    }

    /// A number, where it is known.
    ///
    /// # Errors
    /// Those of the output.
    pub fn known(&mut self, key: impl Display, value: Option<impl Display>) -> fmt::Result {
        value.map_or(Ok(()), |value| self.raw(key, value))
    }

    /// A text, where it is known.
    pub(crate) fn known_text(&mut self, key: impl Display, value: Option<impl Display>) -> fmt::Result {
        value.map_or(Ok(()), |value| self.text(key, value))
    }

    /// A number, or `null`.
    ///
    /// # Errors
    /// Those of the output.
    pub fn or_null(&mut self, key: impl Display, value: Option<impl Display>) -> fmt::Result {
        match value {
            Some(value) => self.raw(key, value),
            None => self.raw(key, "null"),
        }
    }

    /// Closes it.
    ///
    /// # Errors
    /// Those of the output.
    pub fn end(self) -> fmt::Result {
        self.out.write_str("}")
    }
}

/// An array of what is JSON already.
#[derive(Clone, Debug)]
pub struct List<I>(pub I);

impl<I: Iterator<Item: Display> + Clone> Display for List<I> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (index, item) in self.0.clone().enumerate() {
            write!(f, "{}{item}", if index == 0 { "" } else { "," })?;
        }
        f.write_str("]")
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::string::{String, ToString};

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_comes_back_as_it_was(text in any::<String>()) {
            let json = Text(&text).to_string();
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }

        #[test]
        fn bytes_of_any_kind_are_a_text(bytes in any::<std::vec::Vec<u8>>()) {
            let json = Text(Latin(&bytes)).to_string();
            let text: String = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(text.chars().map(|char| char as u32 as u8).collect::<std::vec::Vec<_>>(), bytes);
        }
    }
}
