//! Whose: which meter a reading is of. By the topic it came on, by the identifier in it, or because there is only one.

use super::published::draft::Equipment;
use super::{Intake, MeterIntake};
use crate::topic;

/// After this long without a reading from its base topic an only meter listens to another.
const BOUND: i64 = 900;

/// Whether an identifier in a payload is this meter's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    /// It is.
    Yes,
    /// Nothing is configured or nothing was said.
    Unsaid,
    /// It is another's.
    No,
}

impl MeterIntake {
    fn named(&self, said: Option<&Equipment>) -> Named {
        let is_it = |known: &String| match said {
            Some(Equipment::Whole(name)) => known == name,
            Some(Equipment::End(end)) => known.ends_with(end.as_str()),
            None => false,
        };
        match said {
            Some(Equipment::Whole(name) | Equipment::End(name)) if name.is_empty() => Named::Unsaid,
            None => Named::Unsaid,
            Some(_) if self.equipment.is_empty() => Named::Unsaid,
            Some(_) if self.equipment.iter().any(is_it) => Named::Yes,
            Some(_) => Named::No,
        }
    }

    /// Whether it listens to what comes on this topic, if it comes on one.
    pub(super) fn hears(&self, topic: Option<&str>) -> bool {
        match (&self.topic, topic) {
            (Some(filter), Some(topic)) => topic::covers(filter, topic),
            _ => true,
        }
    }

    /// Under which identifier a reading of this meter is kept.
    pub(super) fn segment(&self, said: Option<&Equipment>) -> String {
        let before = self.last_segment.as_deref();
        match said {
            Some(Equipment::Whole(name)) if !name.is_empty() => name.clone(),
            Some(Equipment::End(end)) if !end.is_empty() => {
                let whole = self.equipment.iter().map(String::as_str).chain(before).find(|known| known.ends_with(end));
                whole.unwrap_or(end).to_string()
            }
            _ => match &self.equipment[..] {
                [only] => only.clone(),
                // A round in which the identifier was lost is still of the same equipment.
                _ => before.unwrap_or(&self.name).to_string(),
            },
        }
    }
}

impl Intake {
    /// The meter that a plain telegram is of.
    pub(super) fn whose_telegram(&mut self, equipment: &str, now: i64) -> Option<usize> {
        if let Some(topic) = self.collector.topic.clone() {
            return self.whose(&topic, &topic, Some(&Equipment::Whole(equipment.into())), now);
        }
        let named = self.meters.iter().position(|meter| meter.equipment.iter().any(|known| known == equipment));
        named.or(self.only().filter(|&index| self.meters[index].equipment.is_empty()))
    }

    /// The only meter that hears telegrams and readings, not numbers.
    fn only(&self) -> Option<usize> {
        let mut hearing = (0..self.meters.len()).filter(|&index| self.meters[index].numbers.is_empty());
        hearing.next().filter(|_| hearing.next().is_none())
    }

    /// The meter of a reading that came on a topic.
    ///
    /// A meter with a topic hears nothing else. Among those that may hear it, one whose identifier is in the reading goes
    /// first, then the one whose topic says most. An only meter without either takes the first base topic that it hears.
    pub(super) fn whose(&mut self, topic: &str, base: &str, said: Option<&Equipment>, now: i64) -> Option<usize> {
        let mut best: Option<((Named, usize), usize)> = None;
        let mut twins = false;
        for (index, meter) in self.meters.iter().enumerate().filter(|(_, meter)| meter.numbers.is_empty()) {
            let exact = match &meter.topic {
                Some(filter) if topic::covers(filter, topic) => topic::exactness(filter) + 1,
                Some(_) => continue,
                None => 0,
            };
            let named = meter.named(said);
            if named == Named::No || (named == Named::Unsaid && exact == 0) {
                continue;
            }
            let rank = |(named, exact): (Named, usize)| (named == Named::Yes, exact);
            let mine = (named, exact);
            match best {
                Some((other, _)) if rank(mine) < rank(other) => {}
                Some((other, _)) if rank(mine) == rank(other) => twins = true,
                _ => {
                    best = Some((mine, index));
                    twins = false;
                }
            }
        }
        if let Some((_, index)) = best {
            // Two meters that it could be of are none.
            return (!twins).then_some(index);
        }
        let index = self.only()?;
        let only = &self.meters[index];
        (only.topic.is_none() && only.named(said) != Named::No && self.bind(base, now)).then_some(index)
    }

    /// Whether a reading on this topic could be anybody's.
    pub(super) fn may_hear(&self, topic: &str) -> bool {
        self.meters.iter().filter(|meter| meter.numbers.is_empty()).any(|meter| {
            match (&meter.topic, &self.collector.bound) {
                (Some(filter), _) => topic::covers(filter, topic),
                (None, Some((base, _))) => topic::covers(base, topic),
                (None, None) => true,
            }
        })
    }

    /// Two boards on one subscription must not become one meter.
    fn bind(&mut self, base: &str, now: i64) -> bool {
        let bound = &mut self.collector.bound;
        match bound {
            Some((mine, last)) if **mine != *base && (0..BOUND).contains(&(now - *last)) => false,
            Some((mine, last)) if **mine == *base => {
                *last = now;
                true
            }
            _ => {
                *bound = Some((base.into(), now));
                true
            }
        }
    }
}
