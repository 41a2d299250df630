//! Problems: what is wrong now. Each is logged when it comes and when it is over, and counted between.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::trouble::{Severity, Trouble};
use crate::words::{duration, times};

/// A problem as the API and the page show it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Problem {
    /// The stable word for it.
    pub code: String,
    /// How much it hurts.
    pub severity: Severity,
    /// `source cable`, `meter home`, `store`.
    pub subject: String,
    /// UTC seconds.
    pub since: i64,
    /// How often it was seen.
    pub count: u64,
    /// What is wrong.
    pub sentence: String,
    /// What to do.
    pub advice: String,
}

/// The same problem coming and going is logged at most this often.
const QUIET: i64 = 3600;

#[derive(Default)]
pub(super) struct Problems {
    open: BTreeMap<(String, &'static str), Problem>,
    /// When a problem was last written to the log.
    logged: BTreeMap<(String, &'static str), i64>,
}

impl Problems {
    /// True when the problem is new or reads differently.
    pub(super) fn raise(&mut self, subject: &str, trouble: &Trouble, now: i64) -> bool {
        let id = (subject.to_string(), trouble.code());
        if let Some(open) = self.open.get_mut(&id) {
            open.count += 1;
            let sentence = trouble.sentence();
            let news = open.sentence != sentence;
            open.sentence = sentence;
            return news;
        }
        let problem = Problem {
            code: trouble.code().into(),
            severity: trouble.severity(),
            subject: subject.into(),
            since: now,
            count: 1,
            sentence: trouble.sentence(),
            advice: trouble.advice().into(),
        };
        if self.logged.get(&id).is_none_or(|last| now - last >= QUIET) {
            self.logged.insert(id.clone(), now);
            tracing::warn!(code = problem.code, "{subject}: {} {}", problem.sentence, problem.advice);
        }
        self.open.insert(id, problem);
        true
    }

    /// True when there was something to clear.
    pub(super) fn clear(&mut self, subject: &str, codes: &[&str], now: i64) -> bool {
        let before = self.open.len();
        self.open.retain(|(about, code), problem| {
            let over = about == subject && codes.contains(code);
            if over && self.logged.get(&(about.clone(), *code)) == Some(&problem.since) {
                tracing::warn!(
                    code,
                    "{subject}: over after {}, seen {}: {}",
                    duration(now - problem.since),
                    times(problem.count),
                    problem.sentence
                );
            }
            !over
        });
        self.open.len() < before
    }

    /// Worst first, then oldest.
    pub(super) fn list(&self) -> Vec<Problem> {
        let mut list: Vec<Problem> = self.open.values().cloned().collect();
        list.sort_by_key(|problem| (std::cmp::Reverse(problem.severity), problem.since));
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Cause;

    #[test]
    fn a_problem_is_counted_and_ends() {
        let mut problems = Problems::default();
        let silent = |seconds| Trouble::from(Cause::Silent { target: "/dev/x".into(), seconds });
        assert!(problems.raise("source a", &silent(60), 1000));
        assert!(!problems.raise("source a", &silent(60), 1001));
        assert!(problems.raise("source a", &silent(120), 1002), "it reads differently");
        assert!(problems.raise("source b", &Cause::PlainRefused.into(), 1003));
        assert_eq!(problems.list().len(), 2);
        assert_eq!(problems.list()[0].count, 3);
        assert!(problems.clear("source a", &["silent", "garbage"], 1004));
        assert!(!problems.clear("source a", &["silent"], 1005));
        assert_eq!(problems.list().len(), 1);
    }
}
