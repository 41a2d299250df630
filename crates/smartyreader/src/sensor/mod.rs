//! Sensor: readings of what is no meter. A port or a bus is read, and the values go the way of all readings.

mod bus;
mod mb7060;

use std::sync::Arc;

use smarty_p1::Values;
use smarty_store::{Clock, MeterReading, Proof};
use tokio::task::JoinSet;

use crate::config::{Config, Sensor, SensorKind};
use crate::hub::Hub;
use crate::intake::{Arrival, checksum};
use crate::observe::{Observer, SensorTrouble, Trouble, count};
use crate::source;
use mb7060::Mb7060;

/// Starts a task for each sensor that is read here. Those that others publish are read by their sources.
pub fn start(config: &Config, hub: &Hub, observer: &Observer, tasks: &mut JoinSet<()>) {
    for (name, settings) in &config.sensor {
        let Some(kind) = settings.kind else { continue };
        observer.source(name, |source| {
            source.kind = kind.name().into();
            source.target = settings.target();
            source.meters = vec![name.clone()];
        });
        let voice = Voice::new(name, kind, settings, observer.clone());
        match kind {
            SensorKind::Mb7060 => {
                let (name, port, hub, observer) = (name.clone(), settings.port(), hub.clone(), observer.clone());
                let taker = Mb7060::new(voice, settings);
                tasks.spawn(async move {
                    source::listen(&name, &format!("sensor {name}"), port, taker, hub, observer).await;
                });
            }
            SensorKind::Bme280 | SensorKind::Ds3231 => {
                tasks.spawn(bus::run(voice, kind, settings.clone(), hub.clone()));
            }
        }
    }
}

/// Speaks for one sensor: makes its readings and says what is wrong with it.
struct Voice {
    name: Arc<str>,
    equipment: Arc<str>,
    subject: String,
    target: String,
    every: i64,
    /// When the last reading was made.
    last: Option<i64>,
    observer: Observer,
}

impl Voice {
    fn new(name: &str, kind: SensorKind, settings: &Sensor, observer: Observer) -> Self {
        observer.meter(name, |_| {});
        Self {
            name: name.into(),
            equipment: kind.equipment().into(),
            subject: format!("sensor {name}"),
            target: settings.target(),
            every: settings.every().0.as_secs() as i64,
            last: None,
            observer,
        }
    }

    /// Whether the next turn has begun. Turns begin at whole minutes where they are a minute long. A clock that was
    /// set back begins a turn, too.
    fn is_due(&self, now: i64) -> bool {
        self.last.is_none_or(|last| now.div_euclid(self.every) != last.div_euclid(self.every))
    }

    /// A reading of now.
    fn arrival(&mut self, values: &Values, now: i64) -> Arrival {
        self.last = Some(now);
        self.observer.source(&self.name, |source| {
            source.last_telegram = Some(now);
            count(&mut source.counters, "readings", 1);
        });
        self.observer.meter(&self.name, |health| {
            health.last_time = Some(now);
            health.received = Some(now);
            health.pace = Some(self.every);
            health.telegrams += 1;
            health.proof = Some(Proof::Measured.name().into());
        });
        self.observer.clear(&format!("meter {}", self.name), &["stale"]);
        let reading = MeterReading {
            meter: Arc::clone(&self.name),
            segment: Arc::clone(&self.equipment),
            time: now,
            clock: Clock::Host,
            received: now,
            ident: u64::from(checksum(values, None)),
            proof: Proof::Measured,
            values: *values,
            texts: Vec::new(),
        };
        Arrival { reading, telegram: Box::default(), seal: None, replayed: false }
    }

    fn count(&self, what: &str, more: u64) {
        self.observer.source(&self.name, |source| count(&mut source.counters, what, more));
    }

    fn raise(&self, trouble: SensorTrouble) {
        self.observer.raise(&self.subject, &Trouble::Sensor(trouble));
    }

    fn clear(&self, codes: &[&str]) {
        self.observer.clear(&self.subject, codes);
    }
}
