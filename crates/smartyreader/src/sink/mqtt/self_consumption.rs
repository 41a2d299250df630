//! Self-consumption: the sums of the running day, month and year, once in each quarter-hour.

use jiff::tz::TimeZone;
use smarty_ledger::QUARTER;
use smarty_payload::native::{SelfConsumption, Topic};
use smarty_store::Calendar;

use super::moment::clock;
use super::native::message;
use crate::archive::Archive;
use crate::config::{Config, Mqtt};
use crate::household::{Household, Step};
use crate::hub::Live;
use crate::mqtt::Message;

/// So long after a border, in seconds, all meters have told where they stood there.
const SETTLED: i64 = 60;

/// What is published of one meter, if anything is made behind it.
pub(super) struct Shares {
    household: Option<Household>,
    calendar: Calendar,
    /// The quarter-hour in which it was published.
    published: Option<i64>,
}

impl Shares {
    pub(super) fn new(meter: &str, config: &Config, settings: &Mqtt) -> Self {
        Self {
            household: Household::of(config, meter).filter(|_| settings.self_consumption.is_on()),
            // The zone is known to exist since the file was loaded.
            calendar: Calendar::new(&config.zone).unwrap_or_else(|_| Calendar::luxembourg()),
            published: None,
        }
    }

    /// A new connection: it is due.
    pub(super) fn begin(&mut self) {
        self.published = None;
    }

    /// The sums, where they are due at the meter's newest reading.
    pub(super) async fn due(
        &mut self,
        live: Option<&Live>,
        archive: &Archive,
        settings: &Mqtt,
        zone: &TimeZone,
    ) -> Option<Message> {
        let household = self.household.clone()?;
        let time = live?.arrival.reading.time;
        // As long as the last border is not settled it is about the one before.
        let quarter = (time - SETTLED).div_euclid(QUARTER);
        if self.published == Some(quarter) {
            return None;
        }
        self.published = Some(quarter);
        let [day, month, year] = [self.calendar.day(time).0, self.calendar.month(time).0, self.calendar.year(time).0];
        let meter = household.grid.clone();
        let known = archive.ask(move |reader| {
            let mut spans = [None; 3];
            for (place, (step, start)) in
                spans.iter_mut().zip([(Step::Day, day), (Step::Month, month), (Step::Year, year)])
            {
                let shares = household.shares(reader, step, (start, start + 1), time)?;
                *place = shares.first().and_then(|share| Some((share.energies?, share.complete)));
            }
            Ok(spans)
        });
        let spans = known.await?.ok()?;
        let body = SelfConsumption { clock: clock(time, zone), spans };
        Some(message(settings, &settings.self_consumption, Topic::SelfConsumption(&meter), &body))
    }
}
