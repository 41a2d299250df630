//! Form: `name=value&…` as browsers send it, taken byte by byte: it never has to be in memory as a whole.

use heapless::Vec;

/// Longer names and values are too long for any setting.
const NAME: usize = 32;
const VALUE: usize = 255;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Form {
    name: Vec<u8, NAME>,
    value: Vec<u8, VALUE>,
    in_value: bool,
    escape: Escape,
    wrong: bool,
    over: bool,
}

/// How much of `%41` has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Escape {
    #[default]
    No,
    Begun,
    First(u8),
}

/// What is wrong with a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotAForm;

impl Form {
    /// Takes a byte; `None` is the end. Answers with a name and its value where it completes them.
    ///
    /// # Errors
    /// The pair is too long, not UTF-8 or wrongly escaped.
    pub(super) fn push(&mut self, byte: Option<u8>) -> Result<Option<(&str, &str)>, NotAForm> {
        if self.over {
            *self = Self::default();
        }
        match (byte, self.escape) {
            (None | Some(b'&'), _) => return self.end(),
            (Some(b'%'), Escape::No) => self.escape = Escape::Begun,
            (Some(b'+'), Escape::No) => self.put(b' '),
            (Some(b'='), Escape::No) if !self.in_value => self.in_value = true,
            (Some(byte), Escape::No) => self.put(byte),
            (Some(byte), escape) => match (hex(byte), escape) {
                (Some(digit), Escape::First(first)) => {
                    self.escape = Escape::No;
                    self.put(first << 4 | digit);
                }
                (Some(digit), _) => self.escape = Escape::First(digit),
                (None, _) => self.wrong = true,
            },
        }
        Ok(None)
    }

    fn put(&mut self, byte: u8) {
        let kept = if self.in_value { self.value.push(byte) } else { self.name.push(byte) };
        self.wrong |= kept.is_err();
    }

    fn end(&mut self) -> Result<Option<(&str, &str)>, NotAForm> {
        self.over = true;
        if self.wrong || self.escape != Escape::No {
            return Err(NotAForm);
        }
        if self.name.is_empty() && !self.in_value {
            return Ok(None);
        }
        match (core::str::from_utf8(&self.name), core::str::from_utf8(&self.value)) {
            (Ok(name), Ok(value)) => Ok(Some((name, value))),
            _ => Err(NotAForm),
        }
    }
}

/// The value of a name in a short form, a query. `None`: it is not there, or too long.
pub(super) fn value<const N: usize>(form: &str, wanted: &str) -> Option<heapless::String<N>> {
    let mut parser = Form::default();
    for byte in form.bytes().map(Some).chain([None]) {
        if let Ok(Some((name, value))) = parser.push(byte)
            && name == wanted
        {
            return value.try_into().ok();
        }
    }
    None
}

/// Whether a part of a path, with its escapes, is this text.
pub(super) fn is_part(encoded: &str, text: &str) -> bool {
    let mut bytes = encoded.bytes();
    let decoded = core::iter::from_fn(|| match bytes.next()? {
        b'%' => Some(hex(bytes.next()?)? << 4 | hex(bytes.next()?)?),
        byte => Some(byte),
    });
    decoded.eq(text.bytes())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::format;
    use std::string::{String, ToString};

    fn all(form: &str) -> Result<std::vec::Vec<(String, String)>, NotAForm> {
        let (mut parser, mut pairs) = (Form::default(), std::vec::Vec::new());
        for byte in form.bytes().map(Some).chain([None]) {
            if let Some((name, value)) = parser.push(byte)? {
                pairs.push((name.to_string(), value.to_string()));
            }
        }
        Ok(pairs)
    }

    fn escaped(text: &str) -> String {
        text.bytes()
            .map(|byte| match byte {
                b' ' => "+".to_string(),
                byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
                byte => format!("%{byte:02X}"),
            })
            .collect()
    }

    proptest! {
        #[test]
        fn what_a_browser_sends_is_read(pairs in proptest::collection::vec((".{1,8}", ".{0,60}"), 0..5)) {
            let form: std::vec::Vec<String> = pairs.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
            prop_assert_eq!(all(&form.join("&")), Ok(pairs));
        }

        #[test]
        fn nothing_that_comes_stops_it(form in ".{0,400}") {
            let _ = all(&form);
        }

        #[test]
        fn a_part_of_a_path_is_its_text(text in ".{0,20}", other in ".{0,20}") {
            prop_assert!(is_part(&escaped(&text).replace('+', "%20"), &text));
            prop_assert_eq!(is_part(&escaped(&text).replace('+', "%20"), &other), text == other);
        }
    }

    #[test]
    fn what_is_wrong() {
        for form in ["a=%", "a=%4", "a=%zz", "a=%ff", &format!("a={}", "x".repeat(256)), &"x".repeat(33)] {
            assert_eq!(all(form), Err(NotAForm), "{form}");
        }
        assert_eq!(all("&&"), Ok(std::vec![]));
        assert_eq!(all("a&b=c=d"), Ok(std::vec![("a".into(), String::new()), ("b".into(), "c=d".into())]));
        assert_eq!(value::<10>("from=2026-11-23&to=x", "to").as_deref(), Some("x"));
        assert_eq!(value::<3>("from=2026", "from"), None);
    }
}
