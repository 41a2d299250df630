//! Plan: which lines are taken, and why the others are left. A line never takes the place of a telegram.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use smarty_store::{Proof, Reader, StoreError, StoredReading};

use super::lines::{Line, Pile, Place};
use super::registers::Registers;
use crate::exit::{Code, Failure};

/// Why a line is left, the most telling first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    NotALine,
    NoRegister,
    NoSuchTime,
    InTheFuture,
    Repeated,
    OutOfCourse,
    OtherThanStored,
    Forgotten,
    HasTelegram,
    There,
}

impl Reason {
    /// The end of a sentence about several lines.
    pub(super) const fn sentence(self) -> &'static str {
        match self {
            Self::NotALine => "they are no lines of a day file",
            Self::NoRegister => "no register or no time is in them",
            Self::NoSuchTime => "their time does not exist: the clocks left that hour out",
            Self::InTheFuture => "their time is still to come",
            Self::Repeated => "another line is of the same second",
            Self::OutOfCourse => {
                "their register does not lie between those before and after; lines of a meter that was swapped are imported with --equipment"
            }
            Self::OtherThanStored => {
                "their register does not fit the telegrams before and after; are they of this meter?"
            }
            Self::Forgotten => {
                "the telegrams of that time were deleted because of their age, and only their accounts are left"
            }
            Self::HasTelegram => "the database has telegrams of the same minutes",
            Self::There => "the database has them already",
        }
    }
}

/// A line that is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) time: i64,
    pub(super) wh: [i64; 2],
    pub(super) equipment: Arc<str>,
}

/// What will be done.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// In the order of time.
    pub(super) taken: Vec<Taken>,
    pub(super) left: BTreeMap<Reason, Vec<Place>>,
}

/// A line may be a little ahead of this machine's clock.
const AHEAD: i64 = 86_400;
/// How far before the first line the register is looked for.
const BEFORE: i64 = 40 * 86_400;
/// Lines and telegrams of one minute say the same.
const MINUTE: i64 = 60;

impl Plan {
    /// Compares the lines with each other and with what is stored.
    ///
    /// # Errors
    /// When the store cannot be read, or it is not known which equipment the lines are of.
    pub(super) fn new(
        pile: &Pile,
        store: &Path,
        meter: &str,
        registers: &Registers,
        equipment: Option<&str>,
        now: i64,
    ) -> Result<Self, Failure> {
        let mut plan = Self::default();
        plan.leave_all(if pile.rows { Reason::NoRegister } else { Reason::NotALine }, &pile.bad);
        plan.leave_all(Reason::NoSuchTime, &pile.nowhen);
        let reader = if store.exists() { Some(Reader::open(store)?) } else { None };
        let owners = Owners::new(reader.as_ref(), meter, equipment)?;
        let mut lines: Vec<Line> = pile.lines.iter().map(|line| registers.line(*line)).collect();
        // The first of the same second stays, in the order of the files.
        lines.sort_by_key(|line| line.time);
        lines.dedup_by(|later, earlier| {
            let same = later.time == earlier.time;
            if same {
                plan.leave(Reason::Repeated, later.place);
            }
            same
        });
        lines.retain(|line| line.time <= now + AHEAD || plan.leave(Reason::InTheFuture, line.place));
        let lines = owners.in_course(&lines, &mut plan);
        plan.compare(&lines, reader.as_ref(), meter, registers, &owners)?;
        for places in plan.left.values_mut() {
            places.sort_unstable();
        }
        Ok(plan)
    }

    fn leave_all(&mut self, reason: Reason, places: &[Place]) {
        if !places.is_empty() {
            self.left.entry(reason).or_default().extend(places);
        }
    }

    /// Always false, for use in conditions.
    fn leave(&mut self, reason: Reason, place: Place) -> bool {
        self.left.entry(reason).or_default().push(place);
        false
    }

    /// Takes what the store has nothing better for.
    fn compare(
        &mut self,
        lines: &[Line],
        reader: Option<&Reader>,
        meter: &str,
        registers: &Registers,
        owners: &Owners,
    ) -> Result<(), StoreError> {
        let Some(first) = lines.first() else { return Ok(()) };
        let mut begins = i64::MIN;
        let mut stored = None;
        if let Some(reader) = reader {
            begins = reader.history_begins(meter)?.unwrap_or(i64::MIN);
            stored = match reader.readings(meter, first.time - BEFORE, i64::MAX) {
                Ok(readings) => Some(readings),
                Err(StoreError::Unknown(_)) => None,
                Err(error) => return Err(error),
            };
        }
        let readings = stored.into_iter().flatten().filter_map(|reading| match reading {
            Ok(reading) => Register::of(&reading, registers).map(Ok),
            Err(error) => Some(Err(error)),
        });
        let mut readings = readings.peekable();
        let mut known = Known::default();
        for line in lines {
            let minute = line.time.div_euclid(MINUTE);
            while let Some(register) =
                readings.next_if(|next| next.as_ref().map_or(true, |next| next.time < (minute + 1) * MINUTE))
            {
                known.take(register?);
            }
            let owner = owners.at(line.time);
            let next = readings.peek().and_then(|next| next.as_ref().ok()).filter(|next| next.equipment == *owner);
            let fits = known.last.get(owner).is_none_or(|&wh| none_falls(wh, line.wh))
                && next.is_none_or(|next| none_falls(line.wh, next.wh));
            if line.time < begins {
                self.leave(Reason::Forgotten, line.place);
            } else if known.minute == Some(minute) {
                self.leave(if known.telegram { Reason::HasTelegram } else { Reason::There }, line.place);
            } else if !fits {
                self.leave(Reason::OtherThanStored, line.place);
            } else {
                self.taken.push(Taken { time: line.time, wh: line.wh, equipment: Arc::clone(owner) });
            }
        }
        Ok(())
    }
}

/// No register goes down from the one to the other.
fn none_falls(before: [i64; 2], behind: [i64; 2]) -> bool {
    before[0] <= behind[0] && before[1] <= behind[1]
}

/// What a stored reading says of the registers.
struct Register {
    time: i64,
    wh: [i64; 2],
    equipment: Arc<str>,
    imported: bool,
}

impl Register {
    fn of(reading: &StoredReading, registers: &Registers) -> Option<Self> {
        let wh = registers.of(&reading.values)?;
        let imported = reading.proof == Proof::Imported;
        Some(Self { time: reading.time, wh, equipment: Arc::clone(&reading.segment), imported })
    }
}

/// What the store has up to the end of a minute.
#[derive(Default)]
struct Known {
    /// The last registers of each equipment.
    last: HashMap<Arc<str>, [i64; 2]>,
    /// The last minute that has a reading, and whether a telegram is among them.
    minute: Option<i64>,
    telegram: bool,
}

impl Known {
    fn take(&mut self, register: Register) {
        let minute = register.time.div_euclid(MINUTE);
        if self.minute.replace(minute) != Some(minute) {
            self.telegram = false;
        }
        self.telegram |= !register.imported;
        self.last.insert(register.equipment, register.wh);
    }
}

/// Which equipment the lines of a time are of: never empty, by the first time.
struct Owners(Vec<(i64, Arc<str>)>);

impl Owners {
    fn new(reader: Option<&Reader>, meter: &str, equipment: Option<&str>) -> Result<Self, Failure> {
        let entry = match reader {
            Some(reader) => reader.meters()?.into_iter().find(|entry| entry.name == meter),
            None => None,
        };
        let mut owners: Vec<(i64, Arc<str>)> = match (equipment, &entry) {
            (Some(equipment), _) => vec![(i64::MIN, equipment.into())],
            (None, Some(entry)) => {
                entry.segments.iter().map(|known| (known.first_time, known.equipment.as_str().into())).collect()
            }
            (None, None) => Vec::new(),
        };
        owners.sort_by_key(|(first, _)| *first);
        if owners.is_empty() {
            return Err(Failure::new(
                Code::Usage,
                format!(
                    "which equipment meter {meter} is is not known yet: let the daemon read one telegram of it first, or say it with --equipment, as it stands on the meter (SAG…)"
                ),
            ));
        }
        Ok(Self(owners))
    }

    fn at(&self, time: i64) -> &Arc<str> {
        let behind = self.0.partition_point(|(first, _)| *first <= time);
        &self.0[behind.saturating_sub(1)].1
    }

    /// Of each equipment the most lines in which the first register never goes down, and of these in which the second does not; the
    /// others are left.
    fn in_course(&self, lines: &[Line], plan: &mut Plan) -> Vec<Line> {
        let mut kept = Vec::new();
        for group in lines.chunk_by(|one, two| self.at(one.time) == self.at(two.time)) {
            let mut group = group.to_vec();
            for register in [0, 1] {
                let mut rising = rising(&group, register).into_iter();
                group.retain(|line| rising.next().unwrap_or(true) || plan.leave(Reason::OutOfCourse, line.place));
            }
            kept.extend(group);
        }
        kept
    }
}

/// Marks a longest part of the lines in which a register never goes down (patience sorting).
fn rising(lines: &[Line], register: usize) -> Vec<bool> {
    // The last line of the best part of each length, and the line before each.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        let length = ends.partition_point(|&end| lines[end].wh[register] <= line.wh[register]);
        before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        if length == ends.len() {
            ends.push(index);
        } else {
            ends[length] = index;
        }
    }
    let mut keep = vec![false; lines.len()];
    let mut next = ends.last().copied();
    while let Some(index) = next {
        keep[index] = true;
        next = before[index];
    }
    keep
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(registers: &[i64]) -> Vec<Line> {
        let line =
            |(index, &wh): (usize, &i64)| Line { time: index as i64 * 60, wh: [0, wh], place: (0, index as u32 + 1) };
        registers.iter().enumerate().map(line).collect()
    }

    #[test]
    fn one_wrong_register_costs_one_line() {
        for (registers, left) in [
            (&[5, 6, 9000, 7, 8][..], &[2][..]),
            (&[5, 6, 0, 7, 8], &[2]),
            (&[9000, 5, 6, 7], &[0]),
            (&[5, 5, 5], &[]),
            (&[5, 6, 7, 8, 1, 2], &[4, 5]),
        ] {
            let keep = rising(&lines(registers), 1);
            let dropped: Vec<usize> = (0..keep.len()).filter(|&index| !keep[index]).collect();
            assert_eq!(dropped, left, "{registers:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_kept_never_goes_down_and_is_the_most(registers in prop::collection::vec(0i64..12, 0..11)) {
            let all = lines(&registers);
            let keep = rising(&all, 1);
            let kept: Vec<i64> = all.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(line, _)| line.wh[1]).collect();
            prop_assert!(kept.is_sorted());
            // Every choice there is.
            let best = (0u32..1 << registers.len())
                .filter(|choice| {
                    let chosen: Vec<i64> =
                        registers.iter().enumerate().filter(|(index, _)| choice >> index & 1 == 1).map(|(_, &wh)| wh).collect();
                    chosen.is_sorted()
                })
                .map(u32::count_ones)
                .max();
            prop_assert_eq!(Some(kept.len() as u32), best);
        }
    }
}
