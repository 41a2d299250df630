//! Script: lines as the Python script of weigu.lu wrote them, one register of one meter.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use smarty_p1::{Quantity, Telegram};
use smarty_store::{Calendar, Reader, StoreError};

use super::Stored;
use super::course::{Course, Due, MARGIN, Point};
use super::shelf::{Line, Shelf};
use crate::config::Direction;
use crate::day_line::{self, DayLine};
use crate::intake::Arrival;

/// How the register is written where the meter does not send it in kWh: six digits and three decimals.
const USUAL: &str = "000000.000";

/// Writes the lines of one meter's register.
pub(super) struct Script {
    quantity: Quantity,
    meter: Arc<str>,
    zone: TimeZone,
    calendar: Calendar,
    every: i64,
    course: Course,
}

impl Script {
    pub(super) fn new(
        meter: Arc<str>,
        direction: Direction,
        zone: TimeZone,
        calendar: Calendar,
        every: i64,
        max_kva: u32,
    ) -> Self {
        let quantity = match direction {
            Direction::Import => Quantity::EnergyImport,
            Direction::Export => Quantity::EnergyExport,
        };
        let course = Course::new(calendar.clone(), every, max_kva);
        Self { quantity, meter, zone, calendar, every, course }
    }

    /// Goes through the day so far, as it is stored, up to the first telegram of now. Answers the lines that the
    /// day's file has not got: after a crash, or where this sink is new.
    ///
    /// # Errors
    /// Those of the store; the day begins with the first telegram then.
    pub(super) fn resume(&mut self, store: &Path, shelf: &Shelf, first: &Arrival) -> Result<Vec<Line>, StoreError> {
        let time = first.reading.time;
        let (midnight, _) = self.calendar.day(time);
        let written = shelf.last_lines(self.calendar.date(time)).into_iter().find_map(|line| self.moment(&line, time));
        let sent = self.sent(first).unwrap_or_else(|| USUAL.into());
        let reader = Reader::open(store)?;
        let (mut lines, mut written) = (Vec::new(), written);
        let last = written.map(|(last, _)| last);
        // From the turn before midnight on, for the power of the day's first line.
        for reading in reader.readings(&self.meter, midnight - self.every.max(MARGIN), time)? {
            let reading = reading?;
            let Some(wh) = reading.values.total(self.quantity) else { continue };
            let equipment = reading.segment;
            // The last line may be of a telegram that was not stored any more.
            if let Some((time, wh)) = written.take_if(|(last, _)| *last < reading.time) {
                self.course.was_written(Point { time, wh, equipment: Arc::clone(&equipment) });
            }
            let Some(due) = self.course.take(Point { time: reading.time, wh, equipment }) else { continue };
            if due.time >= midnight && last.is_none_or(|last| due.time > last) {
                lines.push(self.line(due, &day_line::like(&sent, wh)));
            }
        }
        if let Some((time, wh)) = written {
            self.course.was_written(Point { time, wh, equipment: Arc::clone(&first.reading.segment) });
        }
        Ok(lines)
    }

    /// Goes through what was missed between the last reading and the next one, once it is stored.
    ///
    /// # Errors
    /// Those of the store; the course goes on with the next reading then.
    pub(super) fn make_up(&mut self, store: &Stored, next: &Arrival) -> Result<Vec<Line>, StoreError> {
        let (Some(last), time) = (self.course.last_time(), next.reading.time) else { return Ok(Vec::new()) };
        let sent = self.sent(next).unwrap_or_else(|| USUAL.into());
        let reader = Reader::open(&store.path)?;
        // Readings are stored in the order in which they came: with the next one they are all there.
        let begun = Instant::now();
        while reader.last_time(&self.meter)? < Some(time) && begun.elapsed() < store.patience {
            std::thread::sleep(Duration::from_millis(50));
        }
        let mut lines = Vec::new();
        for reading in reader.readings(&self.meter, last + 1, time)? {
            let reading = reading?;
            let Some(wh) = reading.values.total(self.quantity) else { continue };
            if let Some(due) = self.course.take(Point { time: reading.time, wh, equipment: reading.segment }) {
                lines.push(self.line(due, &day_line::like(&sent, wh)));
            }
        }
        Ok(lines)
    }

    /// When a line of the file was written, and its register.
    fn moment(&self, line: &str, before: i64) -> Option<(i64, i64)> {
        let line = DayLine::parse(line)?;
        let ambiguous = self.zone.to_ambiguous_timestamp(line.local);
        let times = [ambiguous.later(), ambiguous.earlier()];
        let time = times.into_iter().flatten().map(Timestamp::as_second).find(|&time| time < before)?;
        Some((time, line.wh))
    }

    pub(super) fn take(&mut self, arrival: &Arrival) -> Option<Line> {
        let reading = &arrival.reading;
        let wh = reading.values.total(self.quantity)?;
        let due = self.course.take(Point { time: reading.time, wh, equipment: Arc::clone(&reading.segment) })?;
        let sent = self.sent(arrival).unwrap_or_else(|| day_line::like(USUAL, wh));
        Some(self.line(due, &sent))
    }

    fn line(&self, due: Due, sent: &str) -> Line {
        let local = self.zone.to_datetime(Timestamp::from_second(due.time).unwrap_or_default());
        Line { day: local.date(), text: DayLine::write(local, sent, due.energy_wh, due.power_mw) }
    }

    /// The register as the meter sent it.
    fn sent(&self, arrival: &Arrival) -> Option<String> {
        let telegram = Telegram::parse(&arrival.telegram).ok()?;
        let object = telegram.objects().flatten().find(|object| Some(object.obis) == self.quantity.obis())?;
        let text = std::str::from_utf8(object.groups().last()?).ok()?;
        text.strip_suffix("*kWh").map(str::to_string)
    }
}
