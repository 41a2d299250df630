//! Course: one register over the day, from exact midnight on; which readings make a line, and with what numbers.
//!
//! Where the script's arithmetic was wrong it is right here: midnight is midnight, not the last minute before it, and
//! power is energy over the time that really passed.

use std::sync::Arc;

use smarty_store::Calendar;

/// A reading of the register.
#[derive(Clone, Debug)]
pub(super) struct Point {
    /// UTC seconds.
    pub(super) time: i64,
    /// Wh.
    pub(super) wh: i64,
    /// Which meter.
    pub(super) equipment: Arc<str>,
}

/// What a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// UTC seconds.
    pub(super) time: i64,
    /// Since local midnight, Wh.
    pub(super) energy_wh: i64,
    /// Since the line before, mW, rounded to even as Python does. `None`: there is none before.
    pub(super) power_mw: Option<i64>,
}

/// The last reading counts for midnight if it is at most this much older: as in the accounts.
pub(super) const MARGIN: i64 = crate::accounts::MARGIN_S as i64;
/// Meters show a register up to this much later than the energy flowed.
const LAG: i64 = 60;

/// The register of one metering point, whatever meters it has.
pub(super) struct Course {
    calendar: Calendar,
    every: i64,
    /// What the connection can carry: a register that rises faster has another reason.
    max_kva: i64,
    last: Option<Point>,
    /// All that flowed since the first reading, and that reading's register: goes on when a meter is swapped.
    total: i64,
    day: Option<Day>,
    /// Time and total of the last line.
    line: Option<(i64, i64)>,
}

#[derive(Clone, Copy)]
struct Day {
    start: i64,
    end: i64,
    /// The total at midnight.
    from: i64,
}

impl Course {
    pub(super) fn new(calendar: Calendar, every: i64, max_kva: u32) -> Self {
        let max_kva = i64::from(max_kva);
        Self { calendar, every: every.max(1), max_kva, last: None, total: 0, day: None, line: None }
    }

    /// Takes a reading; a line, if it is the first in its turn.
    pub(super) fn take(&mut self, point: Point) -> Option<Due> {
        if self.last.as_ref().is_some_and(|last| point.time <= last.time) {
            return None;
        }
        let before = self.total;
        self.total += match &self.last {
            None => point.wh,
            Some(last) => self.rise(last, &point),
        };
        let day = match self.day {
            Some(day) if point.time < day.end => day,
            _ => {
                let (start, end) = self.calendar.day(point.time);
                let measured = self.last.as_ref().is_some_and(|last| last.time >= start - MARGIN);
                // Without a reading at midnight the day counts from its first.
                let from = if measured && point.time > start { before } else { self.total };
                *self.day.insert(Day { start, end, from })
            }
        };
        let time = point.time;
        self.last = Some(point);
        let turn = day.start + (time - day.start) / self.every * self.every;
        if self.line.is_some_and(|(last, _)| last >= turn) {
            return None;
        }
        let power_mw = self.line.map(|(since, total)| mean_mw(self.total - total, time - since));
        self.line = Some((time, self.total));
        Some(Due { time, energy_wh: self.total - day.from, power_mw })
    }

    /// What flowed between two readings: nothing is known where the meter changed or the register is another one.
    fn rise(&self, last: &Point, point: &Point) -> i64 {
        let rise = point.wh - last.wh;
        let most = self.max_kva * 1000 * (point.time - last.time + LAG) / 3600;
        if last.equipment == point.equipment && (0..=most).contains(&rise) { rise } else { 0 }
    }

    /// The time of the newest reading.
    pub(super) fn last_time(&self) -> Option<i64> {
        self.last.as_ref().map(|last| last.time)
    }

    /// The last line in the file is of this reading.
    pub(super) fn was_written(&mut self, point: Point) {
        let time = point.time;
        self.take(point);
        self.line = Some((time, self.total));
    }
}

/// Wh over seconds in mW. Half a mW goes to the even neighbour.
fn mean_mw(wh: i64, seconds: i64) -> i64 {
    let (dividend, divisor) = (i128::from(wh) * 3_600_000, i128::from(seconds.max(1)));
    let (whole, rest) = (dividend.div_euclid(divisor), dividend.rem_euclid(divisor));
    let up = match (2 * rest).cmp(&divisor) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => whole % 2 != 0,
        std::cmp::Ordering::Greater => true,
    };
    i64::try_from(whole + i128::from(up)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Midnight of 23 November 2026 in Luxembourg.
    const MIDNIGHT: i64 = 1_795_388_400;

    fn course() -> Course {
        Course::new(Calendar::luxembourg(), 60, 100)
    }

    fn point(time: i64, wh: i64) -> Point {
        Point { time, wh, equipment: "SAG1".into() }
    }

    fn lines(course: &mut Course, points: impl IntoIterator<Item = Point>) -> Vec<(i64, i64, Option<i64>)> {
        let due = points.into_iter().filter_map(|point| course.take(point));
        due.map(|due| (due.time - MIDNIGHT, due.energy_wh, due.power_mw)).collect()
    }

    #[test]
    fn the_first_reading_of_each_minute_is_a_line() {
        let points = (0..20).map(|step| point(MIDNIGHT - 63 + step * 10, 1000 + step));
        assert_eq!(
            lines(&mut course(), points),
            [
                (-63, 0, None),
                (-53, 1, Some(360_000)),
                // 1006 Wh at second -3 is the register at midnight.
                (7, 1, Some(360_000)),
                (67, 7, Some(360_000)),
                (127, 13, Some(360_000)),
            ]
        );
    }

    #[test]
    fn midnight_is_what_was_measured_there() {
        let exact = [point(MIDNIGHT - 10, 500), point(MIDNIGHT, 507), point(MIDNIGHT + 60, 508)];
        assert_eq!(lines(&mut course(), exact)[1..], [(0, 0, Some(2_520_000)), (60, 1, Some(60_000))]);
        let old = [point(MIDNIGHT - 31, 500), point(MIDNIGHT + 5, 507), point(MIDNIGHT + 65, 509)];
        assert_eq!(lines(&mut course(), old)[1..], [(5, 0, Some(700_000)), (65, 2, Some(120_000))]);
    }

    #[test]
    fn a_swapped_meter_and_an_impossible_value_lose_only_their_step() {
        let mut swapped = point(MIDNIGHT + 120, 3);
        swapped.equipment = "SAG2".into();
        let mut after = point(MIDNIGHT + 180, 9);
        after.equipment = "SAG2".into();
        let points = [point(MIDNIGHT, 500), point(MIDNIGHT + 60, 505), swapped, after];
        assert_eq!(
            lines(&mut course(), points),
            [(0, 0, None), (60, 5, Some(300_000)), (120, 5, Some(0)), (180, 11, Some(360_000))]
        );
        let points = [point(MIDNIGHT, 500), point(MIDNIGHT + 60, 900_000_000), point(MIDNIGHT + 120, 506)];
        assert_eq!(lines(&mut course(), points)[2], (120, 0, Some(0)));
    }

    #[test]
    fn a_late_reading_changes_nothing() {
        let points =
            [point(MIDNIGHT, 500), point(MIDNIGHT + 60, 505), point(MIDNIGHT + 30, 1), point(MIDNIGHT + 120, 506)];
        assert_eq!(lines(&mut course(), points)[2], (120, 6, Some(60_000)));
    }

    #[test]
    fn days_of_23_and_25_hours_have_all_their_minutes() {
        for (date, minutes) in [("2026-03-29", 23 * 60), ("2026-10-25", 25 * 60), ("2026-11-23", 24 * 60)] {
            let calendar = Calendar::luxembourg();
            let (start, end) = calendar.day(calendar.midnight(date.parse().unwrap()));
            let points = (start - 20..end).step_by(10).map(|time| point(time, (time - start) / 10 + 50));
            let mut course = course();
            let due: Vec<Due> = points.filter_map(|point| course.take(point)).filter(|due| due.time >= start).collect();
            assert_eq!(due.len(), minutes);
            assert!(due.iter().all(|due| due.energy_wh == (due.time - start) / 10));
        }
    }

    #[test]
    fn half_a_milliwatt_goes_to_the_even() {
        assert_eq!(mean_mw(1, 256), 14_062, "14062.5");
        assert_eq!(mean_mw(3, 256), 42_188, "42187.5");
        assert_eq!(mean_mw(7, 60), 420_000);
        assert_eq!(mean_mw(1, 7), 514_286);
    }
}
