//! Gate: who may see the page. One password, by HTTP's basic authentication; the user's name does not matter.

use data_encoding::BASE64;
use sha2::{Digest, Sha256};

/// So many wrong passwords in a minute, then nobody gets in for the rest of it.
const TRIES: u8 = 5;
/// A password has at most 64 bytes; a name as much before it.
const LONGEST: usize = 132;

/// Counts the wrong ones.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Gate {
    since_s: u32,
    wrong: u8,
}

/// Whether somebody may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Yes.
    In,
    /// Not without the password.
    Ask,
    /// Not before the minute is over.
    TooMany,
}

impl Gate {
    /// Judges a request. `authorization` is its header, `now_s` any clock that only goes forward.
    pub(super) fn judge(&mut self, authorization: Option<&str>, password: &str, now_s: u32) -> Verdict {
        if now_s.saturating_sub(self.since_s) >= 60 {
            *self = Self { since_s: now_s, wrong: 0 };
        }
        let Some(given) = authorization else { return Verdict::Ask };
        if self.wrong >= TRIES {
            return Verdict::TooMany;
        }
        if is_right(given, password) {
            return Verdict::In;
        }
        self.wrong += 1;
        Verdict::Ask
    }
}

fn is_right(authorization: &str, password: &str) -> bool {
    let Some((scheme, encoded)) = authorization.split_once(' ') else { return false };
    let encoded = encoded.trim().as_bytes();
    let mut bytes = [0; LONGEST];
    let fits = BASE64.decode_len(encoded.len()).is_ok_and(|length| length <= LONGEST);
    if !scheme.eq_ignore_ascii_case("basic") || !fits {
        return false;
    }
    let Ok(length) = BASE64.decode_mut(encoded, &mut bytes[..BASE64.decode_len(encoded.len()).unwrap_or(0)]) else {
        return false;
    };
    let Some(colon) = bytes[..length].iter().position(|byte| *byte == b':') else { return false };
    // The digests are compared, so that the time taken says nothing of the password.
    !password.is_empty() && Sha256::digest(&bytes[colon + 1..length]) == Sha256::digest(password.as_bytes())
}

/// Whether another site sent this through a visitor's browser: it names an origin that is not this host.
pub(super) fn is_foreign(origin: Option<&str>, host: Option<&str>) -> bool {
    origin.is_some_and(|origin| origin.split_once("://").map(|(_, from)| from) != host)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::format;
    use std::string::String;

    fn header(name: &str, password: &str) -> String {
        format!("Basic {}", BASE64.encode(format!("{name}:{password}").as_bytes()))
    }

    proptest! {
        #[test]
        fn only_the_password_lets_in(name in "[a-z]{0,20}", password in ".{1,16}", other in ".{0,16}") {
            let mut gate = Gate::default();
            prop_assert_eq!(gate.judge(Some(&header(&name, &password)), &password, 1), Verdict::In);
            let verdict = gate.judge(Some(&header(&name, &other)), &password, 1);
            prop_assert_eq!(verdict == Verdict::In, other == password);
        }

        #[test]
        fn no_header_stops_it(header in ".{0,300}") {
            prop_assert_eq!(Gate::default().judge(Some(&header), "secret", 1), Verdict::Ask);
        }
    }

    #[test]
    fn guessing_is_slow() {
        let mut gate = Gate::default();
        let (wrong, right) = (header("", "guess"), header("me", "secret"));
        for _ in 0..5 {
            assert_eq!(gate.judge(Some(&wrong), "secret", 100), Verdict::Ask);
        }
        assert_eq!(gate.judge(Some(&right), "secret", 159), Verdict::TooMany);
        // A browser that only asks costs nobody a try.
        assert_eq!(gate.judge(None, "secret", 159), Verdict::Ask);
        assert_eq!(gate.judge(Some(&right), "secret", 160), Verdict::In);
    }

    #[test]
    fn who_knows_the_password_gives_nobody_more_tries() {
        let mut gate = Gate::default();
        let (wrong, right) = (header("", "guess"), header("me", "secret"));
        let tried = (100..160).filter(|now| {
            // A page that is open asks every second.
            gate.judge(Some(&right), "secret", *now);
            gate.judge(Some(&wrong), "secret", *now) == Verdict::Ask
        });
        assert_eq!(tried.count(), usize::from(TRIES));
        assert_eq!(gate.judge(Some(&right), "secret", 160), Verdict::In);
    }

    #[test]
    fn without_a_password_nobody_comes_in() {
        assert_eq!(Gate::default().judge(Some(&header("", "")), "", 0), Verdict::Ask);
    }

    #[test]
    fn origins() {
        assert!(!is_foreign(None, Some("board.local")));
        assert!(!is_foreign(Some("http://board.local"), Some("board.local")));
        assert!(is_foreign(Some("http://evil.example"), Some("board.local")));
        assert!(is_foreign(Some("null"), Some("board.local")));
        assert!(is_foreign(Some("http://board.local"), None));
    }
}
