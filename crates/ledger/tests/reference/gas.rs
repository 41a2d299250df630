//! Gas: the books of the device behind a meter, and what they must say, by definition and by all captures at hand.

use smarty_ledger::{Capture, Device, DeviceEntry, DeviceSum, Outcome};

/// The books of a gas meter, and all that they have taken.
#[derive(Clone)]
pub(crate) struct Gas {
    /// First second of the local day around a moment, and of the next.
    local_day: fn(i64) -> (i64, i64),
    device: Device,
    today: DeviceSum,
    entries: Vec<DeviceEntry>,
    captures: Vec<Capture>,
}

impl Gas {
    pub(crate) fn new(local_day: fn(i64) -> (i64, i64)) -> Self {
        Self {
            local_day,
            device: Device::new(),
            today: DeviceSum::default(),
            entries: Vec::new(),
            captures: Vec::new(),
        }
    }

    /// A telegram of a time has this register, captured at its own time: telegrams repeat it. Answers what was used
    /// since midnight. What was captured by a clock that is in the next day already waits until that has begun.
    pub(crate) fn hear(&mut self, time: i64, gas: Option<(i64, i64)>) -> Option<i64> {
        let (day, next) = (self.local_day)(time);
        self.today.turn(day);
        if let Some((time, value)) = gas.filter(|&(captured, _)| captured < next) {
            let capture = Capture { time, value, restart: false };
            let before = self.entries.len();
            let outcome = self.device.feed(&capture, self.local_day, |entry| self.entries.push(entry));
            self.entries[before..].iter().for_each(|entry| self.today.enter(entry));
            self.captures.extend((outcome == Outcome::Booked).then_some(capture));
        }
        self.today.now(&self.device)
    }

    /// What the day of a time has used: all rises of the register since it was known at midnight, or else since it
    /// began anew after that.
    pub(crate) fn expected(&self, time: i64) -> Option<i64> {
        let (captures, day) = (&self.captures, (self.local_day)(time).0);
        let fresh = |index: &usize| *index == 0 || captures[*index].value < captures[index - 1].value;
        let anew = || (0..captures.len()).filter(|&index| captures[index].time >= day).find(fresh);
        Some(risen(&captures[self.known_at(day).or_else(anew)?..]))
    }

    /// The capture that says where the register stood at a midnight: not older than captures lie apart, by the shortest
    /// of three intervals, and a bit.
    fn known_at(&self, midnight: i64) -> Option<usize> {
        let index = self.captures.partition_point(|capture| capture.time <= midnight).checked_sub(1)?;
        let time = |index: usize| self.captures[index].time;
        let interval = |back: usize| if index < back { 0 } else { time(index - back + 1) - time(index - back) };
        let shortest = [1, 2, 3].map(interval).into_iter().min().unwrap();
        let near = midnight - time(index) <= (shortest + 300).clamp(3900, 90_300);
        (time(index) == midnight || near && (self.local_day)(time(index)).1 == midnight).then_some(index)
    }

    /// The law: days, gaps and what runs, and what they must be in all.
    pub(crate) fn booked_and_counted(&self) -> (i64, i64) {
        let closed: i64 = self.entries.iter().map(DeviceEntry::amount).sum();
        (closed + self.device.running().map_or(0, |running| running.amount), risen(&self.captures))
    }
}

/// A register that falls has begun anew.
fn risen(captures: &[Capture]) -> i64 {
    captures.windows(2).map(|pair| (pair[1].value - pair[0].value).max(0)).sum()
}
