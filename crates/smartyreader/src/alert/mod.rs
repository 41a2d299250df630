//! Alert: feeds the rules with every reading and hands on what they say. Alerts are about the house; what is wrong with
//! the reading of its meters is a trouble, and the observer's.

mod delivery;
mod notice;
mod record;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use smarty_ledger::alert::{Event, Observation, QuarterSoFar, Rules};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

use crate::archive::Archive;
use crate::config::Config;
use crate::hub::{Hub, Live};
use crate::observe::{Observer, count, now};

pub use delivery::{Pace, Place, Post, Refused, deliver};
pub use notice::Notice;
pub use record::{RECENT, Record};

/// How often it is looked whether a meter is silent.
const TICK: Duration = Duration::from_secs(1);

/// One meter.
struct Watch {
    rules: Rules,
    /// When it was last heard, or the start. A clock that is never put forward: a machine without a battery begins in 1970
    /// and jumps when it has the network.
    heard: Instant,
    /// The last reading that was judged.
    last: Option<Arc<Live>>,
}

impl Watch {
    fn new(rules: Rules) -> Self {
        Self { rules, heard: Instant::now(), last: None }
    }

    /// Judges a reading. An old file is history: nothing of it is now.
    fn take(&mut self, live: &Arc<Live>, emit: impl FnMut(Event)) {
        if live.arrival.replayed {
            return;
        }
        self.heard = Instant::now();
        self.rules.feed(&observation(live), emit);
        self.last = Some(Arc::clone(live));
    }

    /// After readings were missed: judges the newest there is, unless it is the last that was judged.
    fn catch_up(&mut self, newest: Option<Arc<Live>>, emit: impl FnMut(Event)) {
        let is_known = |live: &Arc<Live>| self.last.as_ref().is_some_and(|last| Arc::ptr_eq(last, live));
        if let Some(live) = newest.filter(|live| !is_known(live)) {
            self.take(&live, emit);
        }
    }
}

/// Watches all meters for ever.
pub async fn run(config: Arc<Config>, hub: Hub, archive: Archive, observer: Observer) {
    let mut readings = hub.subscribe();
    let mut watches = BTreeMap::new();
    for meter in config.meter.keys() {
        let Some(settings) = config.alert_settings(meter) else { continue };
        let mut rules = Rules::new(settings);
        // The breaker may have changed while nobody looked.
        let name = meter.clone();
        if let Some(Ok(Some(last))) = archive.ask(move |reader| reader.last(&name)).await {
            rules.remember(&last.values);
        }
        watches.insert(Arc::<str>::from(meter.as_str()), Watch::new(rules));
    }
    if watches.is_empty() {
        return;
    }
    let mut tick = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            reading = readings.recv() => match reading {
                Ok(live) => {
                    let meter = &live.arrival.reading.meter;
                    if let Some(watch) = watches.get_mut(meter) {
                        watch.take(&live, |event| hub.announce(Notice::new(meter, event)));
                    }
                }
                // What is still to be had is older than the newest of each meter: it would turn the clock back.
                Err(RecvError::Lagged(missed)) => {
                    let missed = missed + readings.len() as u64;
                    readings = hub.subscribe();
                    observer.sink("alert", "rules", |sink| {
                        sink.state = "was behind".into();
                        count(&mut sink.counters, "missed", missed);
                    });
                    for (meter, watch) in &mut watches {
                        watch.catch_up(hub.latest(meter), |event| hub.announce(Notice::new(meter, event)));
                    }
                }
                Err(RecvError::Closed) => return,
            },
            _ = tick.tick() => {
                let paces = observer.ages();
                for (meter, watch) in &mut watches {
                    let age = i64::try_from(watch.heard.elapsed().as_secs()).unwrap_or(i64::MAX);
                    let pace = paces.iter().find(|(name, ..)| **name == **meter).and_then(|(.., pace)| *pace);
                    watch.rules.age(now(), age, pace, |event| hub.announce(Notice::new(meter, event)));
                }
            }
        }
    }
}

fn observation(live: &Live) -> Observation<'_> {
    let reading = &live.arrival.reading;
    let quarter = live.quarter;
    let quarter = QuarterSoFar {
        start: quarter.start,
        end: quarter.end,
        energy_import_wh: quarter.energy_import_wh,
        reference_w: quarter.outlook.reference_w,
    };
    Observation { time: reading.time, now: reading.received, values: &reading.values, quarter }
}

#[cfg(test)]
mod tests {
    use smarty_ledger::Calculated;
    use smarty_ledger::alert::{Code, State};
    use smarty_p1::{Quantity, Values};
    use smarty_store::{Clock, MeterReading, Proof};

    use super::*;
    use crate::accounts::RunningQuarter;
    use crate::intake::Arrival;

    fn live(time: i64, breaker: i64) -> Arc<Live> {
        let mut values = Values::EMPTY;
        values.set(Quantity::BreakerState, breaker);
        let reading = MeterReading {
            meter: "home".into(),
            segment: "home".into(),
            time,
            clock: Clock::Meter,
            received: time,
            ident: 0,
            proof: Proof::Plain,
            values,
            texts: Vec::new(),
        };
        let arrival = Arrival { reading, telegram: Box::default(), seal: None, replayed: false };
        let quarter = RunningQuarter {
            start: 0,
            end: 900,
            energy_import_wh: None,
            energy_export_wh: None,
            complete: false,
            outlook: smarty_ledger::Outlook::default(),
        };
        let calculated = Calculated::default();
        Arc::new(Live { arrival: Arc::new(arrival), quarter, calculated, household: None, devices: Vec::new() })
    }

    #[test]
    fn who_missed_readings_judges_the_newest_and_calls_nobody_silent() {
        let config = crate::config::parse("[meter.home]\n", "test.toml").unwrap();
        let mut watch = Watch::new(Rules::new(config.alert_settings("home").unwrap()));
        let mut said = Vec::new();
        watch.take(&live(0, 1), |event| said.push(event));
        let before = watch.heard;
        // A quarter-hour of it was missed, and what is newest is heard all the same.
        for time in [900, 910] {
            watch.catch_up(Some(live(time, 0)), |event| said.push(event));
        }
        assert!(watch.heard > before);
        let codes: Vec<(Code, State)> = said.iter().map(|event| (event.code, event.state)).collect();
        assert_eq!(codes, [(Code::BreakerChanged, State::Begin)]);
        // What was judged before is no sign of life, nor is nothing at all.
        let (before, newest) = (watch.heard, watch.last.clone());
        watch.catch_up(newest, |_| panic!("nothing is new"));
        watch.catch_up(None, |_| panic!("nothing is there"));
        assert_eq!(watch.heard, before);
    }
}
