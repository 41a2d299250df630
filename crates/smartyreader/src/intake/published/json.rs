//! JSON: one flat object as names and values, each value as it was written.
//!
//! Numbers stay text, so none goes through a float. Boards write `nan` where they divide by zero; that is no JSON,
//! and the rest of the object is good, so it is read here as any other bare word.

use std::borrow::Cow;

/// A value as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::intake) enum Value<'a> {
    /// What stood between quotes.
    Text(Cow<'a, str>),
    /// A number, `true`, `null`, `nan`.
    Bare(&'a str),
    /// An object or a list: skipped.
    Nested,
}

impl Value<'_> {
    /// What it says, if it is not nested.
    pub(in crate::intake) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Bare(text) => Some(text),
            Self::Nested => None,
        }
    }
}

/// More fields than this has no format.
pub(super) const MOST_FIELDS: usize = 256;
const LONGEST_BARE: usize = 64;

/// The members of a flat object, in their order. The error stands behind "it".
pub(super) fn members(text: &str) -> Result<Vec<(Cow<'_, str>, Value<'_>)>, String> {
    let mut scan = Scan { text, at: 0 };
    let mut members = Vec::new();
    scan.space();
    scan.expect(b'{')?;
    scan.space();
    if scan.peek() == Some(b'}') {
        scan.at += 1;
    } else {
        loop {
            scan.space();
            let name = scan.string()?;
            scan.space();
            scan.expect(b':')?;
            scan.space();
            let value = scan.value()?;
            if members.len() == MOST_FIELDS {
                return Err(format!("has more than {MOST_FIELDS} fields"));
            }
            members.push((name, value));
            scan.space();
            if scan.peek() == Some(b'}') {
                scan.at += 1;
                break;
            }
            scan.expect(b',')?;
        }
    }
    scan.space();
    if scan.peek().is_some() { Err(scan.wrong()) } else { Ok(members) }
}

/// What stands at a place in any JSON. `path`: the names and numbers of RFC 6901, unescaped, from the outside in. `None`:
/// nothing stands there. The error stands behind "it". What stands beside the path is passed over, and not proven.
pub(in crate::intake) fn at<'a>(text: &'a str, path: &[String]) -> Result<Option<Value<'a>>, String> {
    let mut scan = Scan { text, at: 0 };
    for wanted in path {
        scan.space();
        let found = match scan.peek() {
            Some(b'{') => scan.enter(b'}', |scan, _| {
                let name = scan.string()?;
                scan.space();
                scan.expect(b':')?;
                Ok(name == wanted.as_str())
            })?,
            Some(b'[') => {
                // By RFC 6901 a place has no zeros before it.
                let place = wanted.parse::<usize>().ok().filter(|place| place.to_string() == *wanted);
                scan.enter(b']', |_, index| Ok(Some(index) == place))?
            }
            _ => {
                scan.value()?;
                false
            }
        };
        if !found {
            return Ok(None);
        }
    }
    scan.space();
    scan.value().map(Some)
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn wrong(&self) -> String {
        match self.peek() {
            None => "ends in the middle of its JSON".into(),
            Some(_) => format!("is no JSON at byte {}", self.at + 1),
        }
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), String> {
        if self.peek() != Some(byte) {
            return Err(self.wrong());
        }
        self.at += 1;
        Ok(())
    }

    fn string(&mut self) -> Result<Cow<'a, str>, String> {
        let start = self.at;
        let escaped = self.quoted()?;
        let quoted = &self.text[start..self.at];
        if !escaped {
            return Ok(Cow::Borrowed(&quoted[1..quoted.len() - 1]));
        }
        match serde_json::from_str(quoted) {
            Ok(text) => Ok(Cow::Owned(text)),
            Err(_) => Err(format!("has a text that cannot be read at byte {}", start + 1)),
        }
    }

    /// Goes behind the closing quote; whether there was a backslash.
    fn quoted(&mut self) -> Result<bool, String> {
        self.expect(b'"')?;
        let mut escaped = false;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.at += 2;
                }
                Some(_) => self.at += 1,
                None => return Err("ends in the middle of its JSON".into()),
            }
        }
        self.at += 1;
        Ok(escaped)
    }

    fn value(&mut self) -> Result<Value<'a>, String> {
        match self.peek() {
            Some(b'"') => self.string().map(Value::Text),
            Some(b'{' | b'[') => self.nested(),
            _ => {
                let start = self.at;
                while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte)) {
                    self.at += 1;
                }
                if self.at == start || self.at - start > LONGEST_BARE {
                    self.at = start;
                    return Err(self.wrong());
                }
                Ok(Value::Bare(&self.text[start..self.at]))
            }
        }
    }

    /// Goes into an object or a list, up to the value for which `is_it` says yes; false at its end.
    fn enter(
        &mut self,
        end: u8,
        mut is_it: impl FnMut(&mut Self, usize) -> Result<bool, String>,
    ) -> Result<bool, String> {
        self.at += 1;
        self.space();
        if self.peek() == Some(end) {
            return Ok(false);
        }
        for index in 0.. {
            self.space();
            if is_it(self, index)? {
                return Ok(true);
            }
            self.space();
            self.value()?;
            self.space();
            if self.peek() == Some(end) {
                return Ok(false);
            }
            self.expect(b',')?;
        }
        Ok(false)
    }

    fn nested(&mut self) -> Result<Value<'a>, String> {
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                Some(b'{' | b'[') => depth += 1,
                Some(b'}' | b']') => depth -= 1,
                Some(b'"') => {
                    self.quoted()?;
                    continue;
                }
                Some(_) => {}
                None => return Err(self.wrong()),
            }
            self.at += 1;
            if depth == 0 {
                return Ok(Value::Nested);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(text: &str) -> Value<'_> {
        let mut members = members(text).unwrap();
        assert_eq!(members.len(), 1, "{text}");
        members.remove(0).1
    }

    #[test]
    fn values_stay_as_they_were_written() {
        assert_eq!(one(r#"{"a":6.70}"#), Value::Bare("6.70"));
        assert_eq!(one(r#" { "a" : nan } "#), Value::Bare("nan"));
        assert_eq!(one(r#"{"a":"000006.695*kWh"}"#), Value::Text("000006.695*kWh".into()));
        assert_eq!(one(r#"{"a":"m\u00b3 \"x\" \\"}"#), Value::Text("m\u{b3} \"x\" \\".into()));
        assert_eq!(one(r#"{"a":{"b":["}",1]}}"#), Value::Nested);
        assert_eq!(members("{}").unwrap(), []);
        let members = members(r#"{"power_consumption [kW]":0.51,"bme280_humidity_%":41.5}"#).unwrap();
        assert_eq!(members[0], ("power_consumption [kW]".into(), Value::Bare("0.51")));
        assert_eq!(members[1], ("bme280_humidity_%".into(), Value::Bare("41.5")));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for cut in ["{", r#"{"a"#, r#"{"a":"#, r#"{"a":1"#, r#"{"a":"b\"#, r#"{"a":[1"#, r#"{"a":1,"#] {
            assert_eq!(members(cut).unwrap_err(), "ends in the middle of its JSON", "{cut}");
        }
        for wrong in [r#"{"a":1}x"#, r#"{"a" 1}"#, r"{a:1}", r#"{"a":1,}"#, r#"{"a":}"#, "[1]", r#"{"a":1;"b":2}"#] {
            assert!(members(wrong).unwrap_err().starts_with("is no JSON at byte "), "{wrong}");
        }
        assert!(members(r#"{"a":"\x"}"#).unwrap_err().contains("text that cannot be read"));
        let many: Vec<String> = (0..300).map(|field| format!("\"f{field}\":1")).collect();
        assert!(members(&format!("{{{}}}", many.join(","))).unwrap_err().contains("more than 256 fields"));
    }

    #[test]
    fn a_pointer_leads_to_a_value() {
        let json = r#"{"Body":{"Data":{"PAC":{"Value":412.5},"a/b~":[{"x":1},[2,"3"],nan]}},"e":{}, "n":null}"#;
        let value = |path: &[&str]| {
            let path: Vec<String> = path.iter().map(ToString::to_string).collect();
            at(json, &path).unwrap().map(|value| value.text().unwrap_or("nested").to_string())
        };
        assert_eq!(value(&["Body", "Data", "PAC", "Value"]).unwrap(), "412.5");
        assert_eq!(value(&["Body", "Data", "a/b~", "1", "1"]).unwrap(), "3");
        assert_eq!(value(&["Body", "Data", "a/b~", "2"]).unwrap(), "nan");
        assert_eq!(value(&["Body", "Data"]).unwrap(), "nested");
        assert_eq!(value(&["n"]).unwrap(), "null");
        for nothing in
            [&["x"][..], &["Body", "Data", "a/b~", "3"], &["Body", "Data", "a/b~", "01"], &["e", "x"], &["n", "x"]]
        {
            assert_eq!(value(nothing), None, "{nothing:?}");
        }
        for wrong in ["", "{", "{\"a\":1;", "{\"a\" 1}", "[1 2]"] {
            assert!(at(wrong, &["b".into()]).is_err(), "{wrong}");
        }
    }

    proptest! {
        /// What serde_json finds is found here.
        #[test]
        fn pointers_lead_where_serde_json_says(
            numbers in prop::collection::vec(any::<i64>(), 1..5), name in ".{1,6}", which in 0usize..6, pretty: bool,
        ) {
            let json = serde_json::json!({"before": [{"x": "}]"}], &name: {"deep": numbers}});
            let text = if pretty { serde_json::to_string_pretty(&json) } else { serde_json::to_string(&json) }.unwrap();
            let path = [name.clone(), "deep".into(), which.to_string()];
            let expected = json[&name]["deep"].get(which).map(ToString::to_string);
            let found = at(&text, &path).unwrap();
            prop_assert_eq!(found.as_ref().and_then(Value::text).map(str::to_string), expected);
        }

        /// What serde_json writes is read as it was meant.
        #[test]
        fn every_object_comes_back(object in prop::collection::btree_map(".{0,8}", prop_oneof![
            any::<i64>().prop_map(serde_json::Value::from),
            ".{0,12}".prop_map(serde_json::Value::from),
            Just(serde_json::json!({"x": [1, "}]"]})),
        ], 0..20), spread: bool) {
            let written = if spread { serde_json::to_string_pretty(&object) } else { serde_json::to_string(&object) }.unwrap();
            let members = members(&written).unwrap();
            prop_assert_eq!(members.len(), object.len());
            for (name, value) in members {
                match &object[name.as_ref()] {
                    serde_json::Value::Number(number) => prop_assert_eq!(value, Value::Bare(&number.to_string())),
                    serde_json::Value::String(text) => prop_assert_eq!(value, Value::Text(text.as_str().into())),
                    _ => prop_assert_eq!(value, Value::Nested),
                }
            }
        }

        #[test]
        fn nothing_is_a_panic(text in "[{}\\[\\]\",:\\\\a1. ]{0,60}|.*") {
            let _ = members(&text);
            let _ = at(&text, &["a".into(), "1".into()]);
        }
    }
}
