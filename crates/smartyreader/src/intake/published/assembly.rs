//! Assembly: readings that are published in pieces, each on a topic of its own, put together again.
//!
//! **Fields** (v1.5 and v1.7 *publish all*): all topics below one base topic. A reading is complete when a field that it
//! holds comes again with another value, or [`FIELD_SILENCE`] after its last field. A field that comes again as it was
//! changes nothing: the boards publish one of them twice. The first reading of a base topic is let go when no
//! time came with it, since it began in the middle.
//!
//! **Parts** (our own `live` and `registers`): complete when both have come with the same time, when one with another
//! time comes, or [`PART_SILENCE`] after the last.

use super::draft::{Content, Draft};

/// Boards publish their fields within a second or two, once or more a minute.
pub(in crate::intake) const FIELD_SILENCE: i64 = 5;
/// The parts of one of our own readings follow on each other at once.
pub(in crate::intake) const PART_SILENCE: i64 = 1;
/// What comes unchanged again and again is a reading after this long, too.
const LONGEST: i64 = 60;
/// More base topics than this are not put together at the same time: the one that has waited longest is completed.
pub(in crate::intake) const MOST_BASES: usize = 64;

/// A reading that came in pieces.
#[derive(Clone, Debug)]
pub(in crate::intake) struct Complete {
    /// The topic of its last piece.
    pub(in crate::intake) topic: Box<str>,
    /// What all pieces have in front of their names.
    pub(in crate::intake) base: Box<str>,
    pub(in crate::intake) draft: Draft,
    /// When its first piece came.
    pub(in crate::intake) first: i64,
    /// When its last piece came.
    pub(in crate::intake) last: i64,
    /// It is the first of its base topic, has no time, and may have begun in the middle.
    pub(in crate::intake) torn: bool,
    /// It is one part without the others.
    pub(in crate::intake) alone: bool,
}

/// What is being put together.
#[derive(Debug, Default)]
pub(in crate::intake) struct Assemblies {
    open: Vec<Assembly>,
}

#[derive(Debug)]
struct Assembly {
    base: Box<str>,
    topic: Box<str>,
    pieces: Pieces,
    first: i64,
    last: i64,
    /// A reading of this base topic was completed before.
    seasoned: bool,
}

#[derive(Debug)]
enum Pieces {
    Fields(Vec<(&'static str, Content)>),
    Parts(Vec<(&'static str, Draft)>),
}

impl Pieces {
    fn is_empty(&self) -> bool {
        match self {
            Self::Fields(fields) => fields.is_empty(),
            Self::Parts(parts) => parts.is_empty(),
        }
    }

    const fn silence(&self) -> i64 {
        match self {
            Self::Fields(_) => FIELD_SILENCE,
            Self::Parts(_) => PART_SILENCE,
        }
    }
}

impl Assembly {
    /// Takes out what is held, if anything is.
    fn complete(&mut self, done: &mut Vec<Complete>) {
        if self.pieces.is_empty() {
            return;
        }
        let mut draft = Draft::default();
        let (mut torn, mut alone) = (false, false);
        match &mut self.pieces {
            Pieces::Fields(fields) => {
                fields.drain(..).for_each(|(_, content)| draft.put(content));
                torn = !self.seasoned && !draft.has_time();
            }
            Pieces::Parts(parts) => {
                alone = parts.len() == 1;
                parts.drain(..).for_each(|(_, part)| draft.join(part));
            }
        }
        self.seasoned = true;
        let (topic, base) = (self.topic.clone(), self.base.clone());
        done.push(Complete { topic, base, draft, first: self.first, last: self.last, torn, alone });
    }

    fn is_over(&self, now: i64) -> bool {
        let silent = now - self.last >= self.pieces.silence() || now - self.first >= LONGEST;
        // A host's clock that was set back would make it wait for long.
        !self.pieces.is_empty() && (silent || now < self.last)
    }

    fn touch(&mut self, topic: &str, now: i64) {
        if self.pieces.is_empty() {
            self.first = now;
        }
        self.last = now;
        if *self.topic != *topic {
            self.topic = topic.into();
        }
    }
}

impl Assemblies {
    /// Takes a field of the reading that is published below `base`.
    pub(in crate::intake) fn field(
        &mut self,
        (base, topic): (&str, &str),
        name: &'static str,
        content: Content,
        now: i64,
        done: &mut Vec<Complete>,
    ) {
        if content == Content::Nothing {
            // It makes no reading, but shows that the one that is being published is not over.
            for assembly in self.open.iter_mut().filter(|open| *open.base == *base && !open.pieces.is_empty()) {
                assembly.last = now;
            }
            return;
        }
        let assembly = self.assembly(base, topic, Pieces::Fields(Vec::new()), now, done);
        if let Pieces::Fields(fields) = &assembly.pieces
            && fields.iter().any(|(held, before)| *held == name && *before != content)
        {
            assembly.complete(done);
        }
        assembly.touch(topic, now);
        if let Pieces::Fields(fields) = &mut assembly.pieces
            && fields.iter().all(|(held, _)| *held != name)
        {
            fields.push((name, content));
        }
    }

    /// Takes one of the `most` parts of the reading that is published below `base`.
    pub(in crate::intake) fn part(
        &mut self,
        (base, topic): (&str, &str),
        name: &'static str,
        draft: Draft,
        most: usize,
        now: i64,
        done: &mut Vec<Complete>,
    ) {
        let assembly = self.assembly(base, topic, Pieces::Parts(Vec::new()), now, done);
        if let Pieces::Parts(parts) = &assembly.pieces
            && parts.iter().any(|(held, before)| before.stamp() != draft.stamp() || (*held == name && *before != draft))
        {
            assembly.complete(done);
        }
        assembly.touch(topic, now);
        if let Pieces::Parts(parts) = &mut assembly.pieces {
            if parts.iter().all(|(held, _)| *held != name) {
                parts.push((name, draft));
            }
            if parts.len() == most {
                assembly.complete(done);
            }
        }
    }

    /// Completes a reading of `most` fields if all are there, or if nothing more will come.
    pub(in crate::intake) fn close(&mut self, base: &str, most: usize, is_over: bool, done: &mut Vec<Complete>) {
        for assembly in self.open.iter_mut().filter(|assembly| *assembly.base == *base) {
            let Pieces::Fields(fields) = &assembly.pieces else { continue };
            if is_over || fields.len() >= most {
                // All of it is here, so it did not begin in the middle.
                assembly.seasoned = true;
                assembly.complete(done);
            }
        }
    }

    /// Completes what has been silent for long enough.
    pub(in crate::intake) fn expire(&mut self, now: i64, done: &mut Vec<Complete>) {
        for assembly in self.open.iter_mut().filter(|assembly| assembly.is_over(now)) {
            assembly.complete(done);
        }
    }

    /// When [`Assemblies::expire`] will have something to do.
    pub(in crate::intake) fn next(&self) -> Option<i64> {
        let waiting = self.open.iter().filter(|assembly| !assembly.pieces.is_empty());
        waiting.map(|assembly| (assembly.last + assembly.pieces.silence()).min(assembly.first + LONGEST)).min()
    }

    fn assembly(
        &mut self,
        base: &str,
        topic: &str,
        pieces: Pieces,
        now: i64,
        done: &mut Vec<Complete>,
    ) -> &mut Assembly {
        let same = |assembly: &Assembly| {
            *assembly.base == *base && std::mem::discriminant(&assembly.pieces) == std::mem::discriminant(&pieces)
        };
        let at = self.open.iter().position(same).unwrap_or_else(|| {
            if self.open.len() >= MOST_BASES
                && let Some((oldest, _)) = self.open.iter().enumerate().min_by_key(|(_, assembly)| assembly.last)
            {
                self.open.swap_remove(oldest).complete(done);
            }
            let (base, topic) = (base.into(), topic.into());
            self.open.push(Assembly { base, topic, pieces, first: now, last: now, seasoned: false });
            self.open.len() - 1
        });
        &mut self.open[at]
    }
}

#[cfg(test)]
mod tests {
    use smarty_p1::Quantity;

    use super::super::stamp::Stamp;
    use super::*;

    fn field(assemblies: &mut Assemblies, base: &str, name: &'static str, value: i64, now: i64) -> Vec<Complete> {
        let mut done = Vec::new();
        let content = match name {
            "timestamp" => Content::Time(Stamp::Utc(value)),
            "aside" => Content::Nothing,
            _ => Content::Measured(Quantity::CurrentL1, value),
        };
        assemblies.field((base, &format!("{base}/{name}")), name, content, now, &mut done);
        done
    }

    #[test]
    fn another_value_ends_a_reading_and_the_same_does_not() {
        let mut assemblies = Assemblies::default();
        assert!(field(&mut assemblies, "a", "timestamp", 100, 0).is_empty());
        assert!(field(&mut assemblies, "a", "curr_l1", 2000, 0).is_empty());
        assert!(field(&mut assemblies, "a", "curr_l1", 2000, 1).is_empty(), "boards send one of them twice");
        assert!(field(&mut assemblies, "a", "timestamp", 100, 1).is_empty());
        let done = field(&mut assemblies, "a", "timestamp", 110, 2);
        assert_eq!(done.len(), 1);
        assert_eq!((&*done[0].base, &*done[0].topic, done[0].first, done[0].last), ("a", "a/timestamp", 0, 1));
        assert!(done[0].draft.has_time() && !done[0].torn);
    }

    #[test]
    fn silence_ends_a_reading_and_so_does_a_clock_that_was_set_back() {
        for (now, over) in [(FIELD_SILENCE - 1, false), (FIELD_SILENCE, true), (-1, true)] {
            let mut assemblies = Assemblies::default();
            field(&mut assemblies, "a", "curr_l1", 1, 0);
            assert_eq!(assemblies.next(), Some(FIELD_SILENCE));
            let mut done = Vec::new();
            assemblies.expire(now, &mut done);
            assert_eq!(done.len(), usize::from(over), "{now}");
            assert!(done.iter().all(|complete| complete.torn), "the first has no time");
        }
        // What makes no reading begins none, and keeps one open.
        let mut assemblies = Assemblies::default();
        field(&mut assemblies, "a", "aside", 0, 0);
        assert_eq!((assemblies.next(), assemblies.open.len()), (None, 0));
        field(&mut assemblies, "a", "curr_l1", 1, 0);
        field(&mut assemblies, "a", "aside", 0, 4);
        assert_eq!(assemblies.next(), Some(4 + FIELD_SILENCE));
    }

    #[test]
    fn only_so_many_topics_are_kept() {
        let mut assemblies = Assemblies::default();
        let mut completed = 0;
        for base in 0..10_000 {
            completed += field(&mut assemblies, &format!("b{base}"), "curr_l1", 1, base).len();
            assert!(assemblies.open.len() <= MOST_BASES);
        }
        assert_eq!(completed, 10_000 - MOST_BASES, "nothing is thrown away");
    }
}
