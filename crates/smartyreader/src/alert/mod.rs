//! Alert: feeds the rules with every reading and hands on what they say. Alerts are about the house; what is wrong with
//! the reading of its meters is a trouble, and the observer's.

mod delivery;
mod notice;
mod record;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use smarty_ledger::alert::{Observation, QuarterSoFar, Rules};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

use crate::archive::Archive;
use crate::config::Config;
use crate::hub::{Hub, Live};
use crate::observe::{Observer, now};

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
        watches.insert(Arc::<str>::from(meter.as_str()), Watch { rules, heard: Instant::now() });
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
                    // An old file is history: nothing of it is now.
                    if let Some(watch) = watches.get_mut(meter).filter(|_| !live.arrival.replayed) {
                        watch.heard = Instant::now();
                        watch.rules.feed(&observation(&live), |event| hub.announce(Notice::new(meter, event)));
                    }
                }
                Err(RecvError::Lagged(_)) => {}
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
    Observation { time: reading.time, values: &reading.values, quarter }
}
