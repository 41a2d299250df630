//! Card: lines as the `SmartyReader⁵` wrote them to its memory card, all registers of several meters in a row.
//!
//! For each meter `id TAB dt TAB c1 TAB p1 TAB c2 TAB p2`: the last three characters of its identifier, its time stamp,
//! and 1.8.0, 2.8.0, 3.8.0 and 4.8.0, all as the meter sent them. Meters are separated by TAB. A meter that has sent
//! nothing yet has empty fields; one that has gone silent keeps its last ones, and the time stamp says so. Behind the meters
//! stands the tank's distance in cm, three digits; it has no time stamp, so it is left empty once the sensor has been
//! silent for some minutes. The card ends each line with LF and CR LF; so does this.

use std::sync::Arc;

use jiff::tz::TimeZone;
use smarty_p1::{Obis, Quantity, Telegram, Timestamp};
use smarty_store::Calendar;

use super::shelf::{Line, Shelf};
use crate::clock::{self, Moment};
use crate::intake::Arrival;

const CLOCK: Obis = Obis::new(0, 0, 1, 0, 0);
const REGISTERS: [(Quantity, &str); 4] = [
    (Quantity::EnergyImport, "kWh"),
    (Quantity::EnergyExport, "kWh"),
    (Quantity::ReactiveEnergyImport, "kvarh"),
    (Quantity::ReactiveEnergyExport, "kvarh"),
];
const SEPARATORS: usize = 5;

/// Writes the lines of several meters.
pub(super) struct Card {
    meters: Vec<(Arc<str>, Option<String>)>,
    tank: Option<Tank>,
    zone: TimeZone,
    calendar: Calendar,
    every: i64,
    /// The newest time of any meter.
    newest: i64,
    /// The turn of the last line.
    turn: Option<i64>,
}

/// The sensor whose distance ends the line.
struct Tank {
    name: Arc<str>,
    /// The last distance, cm, and when it came.
    last: Option<(i64, i64)>,
}

/// A distance is that of now for so long after it came, s.
const FRESH: i64 = 600;

impl Card {
    pub(super) fn new(meters: Vec<String>, tank: Option<&str>, zone: TimeZone, calendar: Calendar, every: i64) -> Self {
        let meters = meters.into_iter().map(|meter| (meter.into(), None)).collect();
        let tank = tank.map(|name| Tank { name: name.into(), last: None });
        Self { meters, tank, zone, calendar, every: every.max(1), newest: 0, turn: None }
    }

    pub(super) fn has(&self, meter: &str) -> bool {
        self.meters.iter().any(|(name, _)| &**name == meter)
            || self.tank.as_ref().is_some_and(|tank| &*tank.name == meter)
    }

    /// Looks what was written last, so that no turn has two lines.
    pub(super) fn resume(&mut self, shelf: &Shelf, first: &Arrival) {
        let time = first.reading.time;
        let lines = shelf.last_lines(self.calendar.date(time));
        let Some(last) = lines.iter().find(|line| !line.is_empty()) else { return };
        let stamps = last.split('\t').filter_map(|field| Timestamp::parse(field.as_bytes()));
        let times = stamps.filter_map(|stamp| match clock::resolve(Some(stamp), &self.zone, None, time) {
            Moment::Meter(time) => Some(time),
            Moment::Host(_) => None,
        });
        self.turn = times.max().map(|time| time.div_euclid(self.every));
    }

    pub(super) fn take(&mut self, arrival: &Arrival) -> Option<Line> {
        let reading = &arrival.reading;
        if let Some(tank) = self.tank.as_mut().filter(|tank| tank.name == reading.meter) {
            let cm = reading.values.get(Quantity::Distance).map(|mm| (mm + 5) / 10);
            tank.last = cm.map(|cm| (cm, reading.received));
            return None;
        }
        let (_, row) = self.meters.iter_mut().find(|(name, _)| *name == reading.meter)?;
        *row = Some(fields(arrival, &self.zone));
        self.newest = self.newest.max(reading.time);
        let turn = self.newest.div_euclid(self.every);
        if self.turn.is_some_and(|last| turn <= last) {
            return None;
        }
        self.turn = Some(turn);
        let empty = "\t".repeat(SEPARATORS);
        let rows: Vec<&str> = self.meters.iter().map(|(_, row)| row.as_deref().unwrap_or(&empty)).collect();
        let tank = self.tank.as_ref().map(|tank| {
            let fresh = tank.last.filter(|(_, at)| (reading.received - at).abs() <= FRESH);
            fresh.map_or("\t".into(), |(cm, _)| format!("\t{cm:03}"))
        });
        let text = format!("{}{}\n\r\n", rows.join("\t"), tank.unwrap_or_default());
        Some(Line { day: self.calendar.date(self.newest), text })
    }
}

/// One meter's fields. Figures without a telegram are written as a telegram would.
fn fields(arrival: &Arrival, zone: &TimeZone) -> String {
    let reading = &arrival.reading;
    let begin = reading.segment.char_indices().rev().nth(2).map_or(0, |(at, _)| at);
    let mut fields = vec![reading.segment[begin..].to_string()];
    let Ok(telegram) = Telegram::parse(&arrival.telegram) else {
        let zoned = jiff::Timestamp::from_second(reading.time).unwrap_or_default().to_zoned(zone.clone());
        let season = if zone.to_offset_info(zoned.timestamp()).dst().is_dst() { "S" } else { "W" };
        fields.push(zoned.strftime("%y%m%d%H%M%S").to_string() + season);
        for (quantity, unit) in REGISTERS {
            let register = |wh: i64| format!("{:06}.{:03}*{unit}", wh / 1000, wh % 1000);
            fields.push(reading.values.total(quantity).map(register).unwrap_or_default());
        }
        return fields.join("\t");
    };
    for obis in [CLOCK].into_iter().chain(REGISTERS.iter().filter_map(|(quantity, _)| quantity.obis())) {
        let object = telegram.objects().flatten().find(|object| object.obis == obis);
        let text = object.and_then(|object| object.groups().last());
        fields.push(text.map(|text| String::from_utf8_lossy(text).into_owned()).unwrap_or_default());
    }
    fields.join("\t")
}

#[cfg(test)]
mod tests {
    use super::*;
    use smarty_p1::Values;
    use smarty_store::{Clock, MeterReading, Proof};

    fn arrival(meter: &str, time: i64, values: &Values) -> Arrival {
        let reading = MeterReading {
            meter: meter.into(),
            segment: "SAG1030700012430".into(),
            time,
            clock: Clock::Meter,
            received: time,
            ident: 1,
            proof: Proof::Published,
            values: *values,
            texts: Vec::new(),
        };
        Arrival { reading, telegram: Box::default(), seal: None, replayed: false }
    }

    #[test]
    fn the_tank_ends_the_line_while_it_is_heard() {
        let zone = TimeZone::get("Europe/Luxembourg").unwrap();
        let mut card = Card::new(vec!["home".into()], Some("tank"), zone, Calendar::luxembourg(), 60);
        assert!(card.has("tank") && card.has("home") && !card.has("other"));
        let mut energy = Values::EMPTY;
        energy.set(Quantity::EnergyImport, 6695);
        let mut end = |time: i64, distance: Option<i64>| {
            if let Some(distance) = distance {
                let mut values = Values::EMPTY;
                values.set(Quantity::Distance, distance);
                assert!(card.take(&arrival("tank", time, &values)).is_none(), "a tank makes no line");
            }
            let line = card.take(&arrival("home", time, &energy)).unwrap().text;
            assert_eq!(line.matches('\t').count(), 6, "{line}");
            line.strip_suffix("\n\r\n").unwrap().rsplit('\t').next().unwrap().to_string()
        };
        assert_eq!(end(1_523_356_200, None), "", "not measured yet");
        assert_eq!(end(1_523_356_260, Some(870)), "087");
        assert_eq!(end(1_523_356_320, Some(1230)), "123");
        assert_eq!(end(1_523_356_920, None), "123");
        assert_eq!(end(1_523_356_980, None), "", "silent for more than ten minutes");
    }

    #[test]
    fn figures_without_a_telegram_are_written_as_one_would() {
        let mut values = Values::EMPTY;
        values.set(Quantity::EnergyImport, 6695);
        values.set(Quantity::EnergyExport, 25);
        values.set(Quantity::ReactiveEnergyExport, 80);
        // 10 April 2018, 12:30 in Luxembourg.
        let arrival = arrival("home", 1_523_356_200, &values);
        let zone = TimeZone::get("Europe/Luxembourg").unwrap();
        assert_eq!(fields(&arrival, &zone), "430\t180410123000S\t000006.695*kWh\t000000.025*kWh\t\t000000.080*kvarh");
    }
}
