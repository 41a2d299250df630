//! Status: how a meter is being read.

use core::fmt::{self, Display, Formatter};

use crate::json::Object;
use crate::time::{Clock, Rfc3339};

/// Proof, age, counters, and a sentence for people.
#[derive(Clone, Copy, Debug)]
pub struct Status<'a> {
    /// Of the last reading.
    pub last: Option<Clock>,
    /// What vouches for it: `tag`, `crc` or `plain`.
    pub proof: Option<&'a str>,
    /// Seconds since it arrived, when this was written.
    pub age_s: Option<i64>,
    /// What is right or wrong, in one sentence.
    pub sentence: &'a str,
    /// Events since the start, by name.
    pub counters: &'a [(&'a str, u64)],
}

impl Display for Status<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut object = Object::begin(f)?;
        if let Some(clock) = self.last {
            object.text("last_time", Rfc3339 { utc: clock.utc, offset: clock.offset })?;
            object.raw("last_time_unix", clock.utc)?;
        }
        object.known_text("proof", self.proof)?;
        object.known("age_s", self.age_s)?;
        object.text("sentence", self.sentence)?;
        object.raw("counters", Counters(self.counters))?;
        object.end()
    }
}

struct Counters<'a>(&'a [(&'a str, u64)]);

impl Display for Counters<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut object = Object::begin(f)?;
        self.0.iter().try_for_each(|(name, count)| object.raw(name, count))?;
        object.end()
    }
}
