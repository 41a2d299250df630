//! Json: reads an object with plain members, without allocation and without copying.

/// A member of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// As it is written; names with escapes are not told apart from others.
    pub name: &'a str,
    /// Its value.
    pub value: Value<'a>,
}

/// A value that is neither object nor array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A text as it stands between its quotes, escapes and all.
    Text(&'a str),
    /// A number, `true`, `false` or `null`, as it is written.
    Word(&'a str),
}

impl<'a> Value<'a> {
    /// A text without escapes.
    pub fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => (!text.contains('\\')).then_some(text),
            Self::Word(_) => None,
        }
    }

    /// A whole number.
    pub fn number(self) -> Option<i64> {
        match self {
            Self::Word(word) => word.parse().ok(),
            Self::Text(_) => None,
        }
    }
}

/// Not an object, not whole, not UTF-8, or with members that are objects or arrays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotPlain;

/// The members in their order. After an error there is nothing more.
pub fn members(text: &[u8]) -> impl Iterator<Item = Result<Member<'_>, NotPlain>> {
    let mut cursor = Cursor { rest: core::str::from_utf8(text).unwrap_or_default() };
    let mut first = true;
    let mut over = false;
    core::iter::from_fn(move || {
        if over {
            return None;
        }
        let next = cursor.member(first);
        first = false;
        over = !matches!(next, Ok(Some(_)));
        next.transpose()
    })
}

struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    /// `None`: the object has ended, and nothing stands behind it.
    fn member(&mut self, first: bool) -> Result<Option<Member<'a>>, NotPlain> {
        if first && !self.takes('{') {
            return Err(NotPlain);
        }
        if self.takes('}') {
            return if self.rest.trim_start().is_empty() { Ok(None) } else { Err(NotPlain) };
        }
        if !first && !self.takes(',') {
            return Err(NotPlain);
        }
        let name = self.string()?;
        if !self.takes(':') {
            return Err(NotPlain);
        }
        Ok(Some(Member { name, value: self.value()? }))
    }

    fn value(&mut self) -> Result<Value<'a>, NotPlain> {
        self.rest = self.rest.trim_start();
        if self.rest.starts_with('"') {
            return self.string().map(Value::Text);
        }
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        let number = word.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        if number || matches!(word, "true" | "false" | "null") { Ok(Value::Word(word)) } else { Err(NotPlain) }
    }

    fn string(&mut self) -> Result<&'a str, NotPlain> {
        if !self.takes('"') {
            return Err(NotPlain);
        }
        let mut escaped = false;
        for (at, c) in self.rest.char_indices() {
            match c {
                '"' if !escaped => {
                    let (text, rest) = (&self.rest[..at], &self.rest[at + 1..]);
                    self.rest = rest;
                    return Ok(text);
                }
                '\\' => escaped = !escaped,
                c if c.is_control() => return Err(NotPlain),
                _ => escaped = false,
            }
        }
        Err(NotPlain)
    }

    fn takes(&mut self, wanted: char) -> bool {
        match self.rest.trim_start().strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    fn read(text: &str) -> Result<Vec<(&str, Value<'_>)>, NotPlain> {
        members(text.as_bytes()).map(|member| member.map(|Member { name, value }| (name, value))).collect()
    }

    #[test]
    fn plain_members() {
        assert_eq!(
            read(" {\"a\": \"x\\\"y\", \"b\":-3,\"c\" : true }\n"),
            Ok(std::vec![("a", Value::Text("x\\\"y")), ("b", Value::Word("-3")), ("c", Value::Word("true"))])
        );
        assert_eq!(read("{}"), Ok(Vec::new()));
        assert_eq!(Value::Text("x\\ny").text(), None);
        assert_eq!(Value::Word("1.5").number(), None);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "[]",
            "{\"a\":1",
            "{\"a\":1}x",
            "{\"a\":{}}",
            "{\"a\":[1]}",
            "{\"a\":1,}",
            "{,}",
            "{\"a\" 1}",
            "{\"a\":on}",
        ] {
            assert_eq!(read(text), Err(NotPlain), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_comes_stops_it(text in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert!(members(&text).take(200).count() < 200);
        }
    }
}
