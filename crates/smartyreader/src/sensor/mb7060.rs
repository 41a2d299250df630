//! MB7060: the distance to the water by ultrasound, over serial.
//!
//! By the data sheet of the XL-MaxSonar-WR the sensor sends ten times a second `R`, three digits and a carriage return,
//! 9600 8N1: centimetres, from 20 up to 765. Nearer things are said to be at 20; 765 is what it says where
//! nothing sends its sound back. After power-up it says some lines about itself.

use std::collections::VecDeque;

use smarty_p1::{Quantity, Values};

use super::Voice;
use crate::config::{Geometry, Sensor};
use crate::intake::Arrival;
use crate::observe::{SensorTrouble, Trouble, count};
use crate::source::Taker;

/// What it says at the least.
const NEAREST: u16 = 20;
/// What it says where there is nothing.
const NOTHING: u16 = 765;
/// So many bytes without a measurement are no lines about itself any more.
const MUCH_NOISE: usize = 300;
/// What says the least for so long has something before it, s.
const TOO_NEAR: i64 = 600;
/// Ultrasound trembles. What does not for so long is stuck, s.
const TOO_STILL: i64 = 14 * 86_400;

/// Finds measurements among bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Frames {
    /// The number so far.
    cm: u16,
    /// How many bytes of a frame are there: 0 to 4.
    held: u8,
    /// Bytes since the last measurement that belong to none.
    noise: usize,
}

impl Frames {
    /// Takes a byte; the measurement that it completes, cm.
    pub(super) fn push(&mut self, byte: u8) -> Option<u16> {
        match (self.held, byte) {
            // Whatever was begun before was cut off.
            (_, b'R') => {
                self.noise += usize::from(self.held);
                (self.cm, self.held) = (0, 1);
            }
            (1..=3, b'0'..=b'9') => {
                self.cm = self.cm * 10 + u16::from(byte - b'0');
                self.held += 1;
            }
            (4, b'\r') => {
                (self.held, self.noise) = (0, 0);
                return Some(self.cm);
            }
            _ => {
                self.noise += usize::from(self.held) + 1;
                self.held = 0;
            }
        }
        None
    }
}

/// Makes readings of an MB7060's bytes.
pub(super) struct Mb7060 {
    voice: Voice,
    tank: Option<Geometry>,
    frames: Frames,
    /// The last measurements, as many as a median is made of.
    window: VecDeque<u16>,
    most: usize,
    /// What every measurement since then has said.
    same: Option<(u16, i64)>,
}

impl Mb7060 {
    pub(super) fn new(voice: Voice, settings: &Sensor) -> Self {
        Self {
            voice,
            // The check of the configuration has said what is wrong with it.
            tank: settings.tank.as_ref().and_then(|tank| tank.geometry().ok()),
            frames: Frames::default(),
            window: VecDeque::new(),
            most: settings.median().max(1),
            same: None,
        }
    }

    fn measured(&mut self, cm: u16, now: i64, arrivals: &mut Vec<Arrival>) {
        self.voice.clear(&["garbage", "silent"]);
        if cm < NEAREST {
            return self.voice.count("impossible", 1);
        }
        self.voice.count("measurements", 1);
        // A machine without a clock of its own begins in 1970 and jumps.
        let jumped = self.voice.last.is_some_and(|last| !(0..=2 * self.voice.every + TOO_NEAR).contains(&(now - last)));
        if jumped || self.same.is_none_or(|(said, _)| said != cm) {
            self.same = Some((cm, now));
        }
        if self.window.len() == self.most {
            self.window.pop_front();
        }
        self.window.push_back(cm);
        if self.window.len() < self.most || !self.voice.is_due(now) {
            return;
        }
        let median = median(&self.window);
        if median >= NOTHING {
            self.voice.count("out_of_range", 1);
            return self.voice.raise(SensorTrouble::OutOfRange { cm: NOTHING });
        }
        self.voice.clear(&["sensor-out-of-range"]);
        self.judge(median, now);
        let values = self.values(median);
        arrivals.push(self.voice.arrival(&values, now));
    }

    /// What may be wrong with a value that is good as such.
    fn judge(&self, cm: u16, now: i64) {
        let still = self.same.map_or(0, |(_, since)| now - since);
        if cm == NEAREST && still >= TOO_NEAR {
            self.voice.raise(SensorTrouble::Near { cm, seconds: still / TOO_NEAR * TOO_NEAR });
        } else if still >= TOO_STILL {
            self.voice.raise(SensorTrouble::Stuck { cm, seconds: still / TOO_STILL * TOO_STILL });
        } else {
            self.voice.clear(&["sensor-near", "sensor-stuck"]);
        }
        match &self.tank {
            Some(tank) if tank.is_below_bottom(i64::from(cm) * 10) => {
                self.voice.raise(SensorTrouble::BelowBottom { cm, depth_mm: tank.depth() });
            }
            _ => self.voice.clear(&["sensor-below-bottom"]),
        }
    }

    fn values(&self, cm: u16) -> Values {
        let mut values = Values::EMPTY;
        values.set(Quantity::Distance, i64::from(cm) * 10);
        if let Some(tank) = &self.tank {
            tank.fill(&mut values);
        }
        values
    }
}

fn median(window: &VecDeque<u16>) -> u16 {
    let mut sorted: Vec<u16> = window.iter().copied().collect();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

impl Taker for Mb7060 {
    fn feed(&mut self, bytes: &[u8], now: i64, arrivals: &mut Vec<Arrival>) {
        self.voice.observer.source(&self.voice.name, |source| {
            source.last_byte = Some(now);
            count(&mut source.counters, "bytes", bytes.len() as u64);
        });
        for &byte in bytes {
            if let Some(cm) = self.frames.push(byte) {
                self.measured(cm, now, arrivals);
            }
        }
        if self.frames.noise >= MUCH_NOISE {
            self.voice.raise(SensorTrouble::Garbage { target: self.voice.target.clone() });
        }
    }

    /// What was measured before says nothing of what comes after.
    fn silence(&mut self, _: i64, _: &mut Vec<Arrival>) {
        self.frames = Frames::default();
        self.window.clear();
        self.same = None;
    }

    fn is_waiting(&self) -> bool {
        false
    }

    fn silent(&self, target: String, seconds: u64) -> Trouble {
        Trouble::Sensor(SensorTrouble::Silent { target, seconds })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::parse;
    use crate::observe::Observer;

    const POWER_UP: &[u8] =
        b"XL-MaxSonar-WR1 PN:MB7060\rCopyright 2005-2015\rMaxBotix Inc.\rRoHS 1.8b090 0106\rTempI\r";

    fn cms(bytes: &[u8]) -> Vec<u16> {
        let mut frames = Frames::default();
        bytes.iter().filter_map(|&byte| frames.push(byte)).collect()
    }

    #[test]
    fn measurements_among_everything_else() {
        assert_eq!(cms(b"R123\rR020\rR765\r"), [123, 20, 765]);
        assert_eq!(cms(POWER_UP), [0; 0], "what it says of itself is no measurement");
        assert_eq!(cms(b"23\rR12R124\r"), [124], "cut off");
        for wrong in [&b"R1234\r"[..], b"R12\r", b"R12x\r", b"r123\r", b"R123\n", b"R 123\r", b"R-12\r"] {
            assert_eq!(cms(wrong), [0; 0], "{wrong:?}");
        }
    }

    /// A sensor with a reading every ten seconds and a median of 5.
    fn sensor(more: &str) -> (Mb7060, Observer) {
        let text =
            format!("[sensor.tank]\nkind = \"mb7060\"\ndevice = \"/dev/x\"\nevery = \"10s\"\nmedian = 5\n{more}");
        let config = parse(&text, "test.toml").unwrap();
        let (settings, observer) = (&config.sensor["tank"], Observer::new());
        let voice = Voice::new("tank", crate::config::SensorKind::Mb7060, settings, observer.clone());
        (Mb7060::new(voice, settings), observer)
    }

    fn feed(sensor: &mut Mb7060, cm: u16, times: usize, now: i64) -> Vec<Arrival> {
        let mut arrivals = Vec::new();
        for _ in 0..times {
            sensor.feed(format!("R{cm:03}\r").as_bytes(), now, &mut arrivals);
        }
        arrivals
    }

    fn codes(observer: &Observer) -> Vec<String> {
        observer.health().problems.into_iter().map(|problem| problem.code).collect()
    }

    #[test]
    fn a_reading_is_the_median_and_comes_once_a_turn() {
        let tank = "[sensor.tank.tank]\nshape = \"box\"\nlength = 100\nwidth = 100\nheight = 150\noffset = 20\n";
        let (mut sensor, observer) = sensor(tank);
        assert!(feed(&mut sensor, 120, 2, 1000).is_empty());
        assert!(feed(&mut sensor, 300, 2, 1000).is_empty(), "a drop fell through the beam");
        let arrivals = feed(&mut sensor, 121, 1, 1000);
        let reading = &arrivals[0].reading;
        assert_eq!(
            (&*reading.meter, &*reading.segment, reading.time, reading.proof.name()),
            ("tank", "MB7060", 1000, "measured")
        );
        let values = [Quantity::Distance, Quantity::Level, Quantity::Volume].map(|of| reading.values.get(of).unwrap());
        assert_eq!(values, [1210, 490, 490_000]);
        assert!(feed(&mut sensor, 121, 90, 1009).is_empty(), "the same turn");
        assert_eq!(feed(&mut sensor, 122, 20, 1010).len(), 1);
        let health = observer.health();
        assert_eq!((health.meters[0].telegrams, health.meters[0].proof.as_deref()), (2, Some("measured")));
        assert!(health.problems.is_empty());
    }

    #[test]
    fn what_is_wrong_is_said_and_over() {
        let tank = "[sensor.tank.tank]\nshape = \"box\"\nlength = 100\nwidth = 100\nheight = 150\noffset = 20\n";
        let (mut sensor, observer) = sensor(tank);
        assert!(feed(&mut sensor, 765, 50, 1000).is_empty(), "nothing within reach is no distance");
        assert_eq!(codes(&observer), ["sensor-out-of-range"]);
        assert_eq!(feed(&mut sensor, 200, 5, 1001).len(), 1);
        assert_eq!(codes(&observer), ["sensor-below-bottom"]);
        let far = feed(&mut sensor, 200, 1, 1020);
        assert_eq!(far[0].reading.values.get(Quantity::Level), None, "below the bottom is no level");
        feed(&mut sensor, 100, 5, 1030);
        feed(&mut sensor, 100, 1, 1040);
        assert_eq!(codes(&observer), [""; 0]);
        // A spider sits on it.
        (0..70).for_each(|turn| drop(feed(&mut sensor, 20, 5, 1050 + 10 * turn)));
        assert_eq!(codes(&observer), ["sensor-near"]);
        (0..3).for_each(|turn| drop(feed(&mut sensor, 30, 5, 2000 + 10 * turn)));
        assert_eq!(codes(&observer), [""; 0]);
        // Nothing but noise.
        sensor.feed(&[b'x'; 400], 2100, &mut Vec::new());
        assert_eq!(codes(&observer), ["garbage"]);
        feed(&mut sensor, 30, 1, 2101);
        assert_eq!(codes(&observer), [""; 0]);
        assert_eq!(feed(&mut sensor, 1, 5, 2200).len(), 0, "it says 20 at the least");
        // Water that stands still for a fortnight is looked at.
        for turn in 0..15 * 8640 {
            feed(&mut sensor, 88, 5, 3000 + 10 * turn);
        }
        assert_eq!(codes(&observer), ["sensor-stuck"]);
    }

    #[test]
    fn a_port_that_was_away_begins_anew() {
        let (mut sensor, _) = sensor("");
        feed(&mut sensor, 100, 4, 1000);
        sensor.silence(1060, &mut Vec::new());
        assert!(feed(&mut sensor, 50, 4, 1100).is_empty(), "what was measured before does not count");
        let arrivals = feed(&mut sensor, 50, 1, 1100);
        assert_eq!(arrivals[0].reading.values.get(Quantity::Distance), Some(500));
        assert_eq!(arrivals[0].reading.values.get(Quantity::Volume), None, "without a tank there are no litres");
    }

    proptest! {
        /// However the bytes are cut and whatever noise without an R stands between them, every measurement is found.
        #[test]
        fn noise_costs_nothing(
            measured in prop::collection::vec((0u16..1000, prop::collection::vec(any::<u8>(), 0..9)), 0..40),
        ) {
            let mut bytes = Vec::new();
            for (cm, noise) in &measured {
                bytes.extend(noise.iter().filter(|byte| **byte != b'R'));
                bytes.extend(format!("R{cm:03}\r").bytes());
            }
            prop_assert_eq!(cms(&bytes), measured.iter().map(|(cm, _)| *cm).collect::<Vec<_>>());
        }

        #[test]
        fn any_bytes_make_only_possible_readings(bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'R'), Just(b'1'), Just(b'\r')], 0..400)) {
            let (mut sensor, _) = sensor("");
            let mut arrivals = Vec::new();
            sensor.feed(&bytes, 1000, &mut arrivals);
            for arrival in arrivals {
                let distance = arrival.reading.values.get(Quantity::Distance).unwrap();
                prop_assert!((200..7650).contains(&distance), "{}", distance);
            }
        }
    }
}
