//! COSEM object: one line of a telegram, an OBIS code and its bracketed groups.

use memchr::memchr;

use crate::fixed::Fixed;
use crate::obis::Obis;

/// An object as it stands in the telegram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CosemObject<'a> {
    /// The code, without group F.
    pub obis: Obis,
    /// The line from the code on, two lines where DSMR 2 and 3 break the gas value off.
    pub line: &'a [u8],
    /// Where the groups begin in `line`, the first `(`.
    groups_at: usize,
}

/// A line that is no object. The rest of the telegram is still good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedLine<'a>(pub &'a [u8]);

impl<'a> CosemObject<'a> {
    /// Reads a line without its line end: a code, then one or more groups.
    ///
    /// # Errors
    /// The line itself, when it has no code or no closed group.
    #[inline]
    pub fn parse(line: &'a [u8]) -> Result<Self, MalformedLine<'a>> {
        match Obis::parse_prefix(line) {
            Some((obis, groups_at)) if line.get(groups_at) == Some(&b'(') && line.last() == Some(&b')') => {
                Ok(Self { obis, line, groups_at })
            }
            _ => Err(MalformedLine(line)),
        }
    }

    /// What stands between the brackets, group after group.
    #[inline]
    pub fn groups(&self) -> impl Iterator<Item = &'a [u8]> + Clone + use<'a> {
        Groups(&self.line[self.groups_at..])
    }

    /// The group with this number, counted from 0.
    #[inline]
    pub fn group(&self, index: usize) -> Option<&'a [u8]> {
        self.groups().nth(index)
    }

    /// The first group as a number.
    #[inline]
    pub fn number(&self) -> Option<Fixed<'a>> {
        // A line has its bracket here.
        Fixed::parse_group(self.line.get(self.groups_at + 1..)?)
    }
}

#[derive(Clone)]
struct Groups<'a>(&'a [u8]);

impl<'a> Iterator for Groups<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        // Mostly the next byte; a line end stands between where DSMR 2 breaks the line.
        let open = match self.0 {
            [b'(', ..] => 0,
            rest => rest.iter().position(|&byte| byte == b'(')?,
        };
        let inner = &self.0[open + 1..];
        let close = inner.iter().position(|&byte| byte == b')')?;
        self.0 = &inner[close + 1..];
        Some(&inner[..close])
    }
}

/// Iterator over the objects of a telegram's body.
#[derive(Clone, Debug)]
pub struct Objects<'a> {
    rest: &'a [u8],
}

impl<'a> Objects<'a> {
    pub(crate) fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }
}

impl<'a> Iterator for Objects<'a> {
    type Item = Result<CosemObject<'a>, MalformedLine<'a>>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        while let [b'\r' | b'\n', rest @ ..] = self.rest {
            self.rest = rest;
        }
        if self.rest.is_empty() {
            return None;
        }
        let mut end = memchr(b'\n', self.rest).unwrap_or(self.rest.len());
        // DSMR 2 and 3 write the gas value in a line of its own, which begins with its bracket.
        while self.rest.get(end + 1) == Some(&b'(') {
            end = memchr(b'\n', &self.rest[end + 1..]).map_or(self.rest.len(), |next| end + 1 + next);
        }
        let mut line = &self.rest[..end];
        self.rest = &self.rest[end..];
        while let [head @ .., b'\r' | b' '] = line {
            line = head;
        }
        Some(CosemObject::parse(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(line: &str) -> std::vec::Vec<&str> {
        CosemObject::parse(line.as_bytes())
            .unwrap()
            .groups()
            .map(|group| core::str::from_utf8(group).unwrap())
            .collect()
    }

    extern crate std;

    #[test]
    fn any_number_of_groups() {
        assert_eq!(groups("1-0:1.8.0(000006.695*kWh)"), ["000006.695*kWh"]);
        assert_eq!(groups("0-0:96.13.0()"), [""]);
        assert_eq!(groups("1-1:31.4.0(100*A)(-063*A)"), ["100*A", "-063*A"]);
        assert_eq!(groups("1-0:99.97.0(1)(0-0:96.7.19)(000101000024W)(2147483647*s)").len(), 4);
        assert_eq!(groups("0-0:96.13.0(test-/-test)"), ["test-/-test"]);
    }

    #[test]
    fn the_gas_value_of_dsmr_2_is_on_a_line_of_its_own() {
        let body = b"0-1:24.3.0(250423090000)(00)(60)(1)(0-1:24.2.1)(m3)\r\n(13032.850)\r\n0-1:24.4.0(1)\r\n";
        let objects: std::vec::Vec<_> = Objects::new(body).collect::<Result<_, _>>().unwrap();
        assert_eq!(objects.len(), 2);
        assert_eq!(objects[0].group(6), Some(&b"13032.850"[..]));
        assert_eq!(objects[1].obis, Obis::new(0, 1, 24, 4, 0));
    }

    #[test]
    fn malformed_lines_cost_only_themselves() {
        let body = b"1-0:1.8.0(1*kWh)\r\n1,0:2.7.0(2)\r\n1-0:2.8.0(3*kWh\r\n1-0:2.7.0(4)\r\n";
        let verdicts: std::vec::Vec<bool> = Objects::new(body).map(|object| object.is_ok()).collect();
        assert_eq!(verdicts, [true, false, false, true]);
    }
}
