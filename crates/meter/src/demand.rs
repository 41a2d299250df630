//! Quarter-hour demand and its month peaks, as a Belgian meter keeps them.

use crate::calendar::Zone;
use crate::prng::pick;
use crate::readout::MonthPeak;
use crate::values::DemandValues;

/// The seconds of a quarter-hour.
const QUARTER_S: i64 = 900;
/// A meter shows the peaks of at most so many finished months.
const MONTHS: i64 = 13;
const PAST: u64 = 0x60;

/// The running quarter, the running month, and the months before.
#[derive(Clone, Debug)]
pub(crate) struct Demand {
    zone: Zone,
    /// The running quarter, counted from 1970; borders of all zones in use are borders in UTC.
    quarter: i64,
    /// Watt-seconds since the quarter began.
    quarter_ws: u64,
    peak_w: u32,
    peak_at: i64,
    months: Vec<MonthPeak>,
}

impl Demand {
    /// A meter with a year of invented month peaks behind it.
    pub(crate) fn new(seed: u64, zone: Zone, clock: i64) -> Self {
        let local = zone.local(clock);
        let months = (1 - MONTHS..0).map(|back| {
            let first = |back: i64| {
                let month = local.year * 12 + local.month - 1 + back;
                zone.midnight(month.div_euclid(12), month.rem_euclid(12) + 1, 1)
            };
            // On some evening of that month, at the end of a quarter.
            let at =
                first(back) + pick(seed, PAST, back, 0, 27) * 86_400 + pick(seed, PAST + 1, back, 68, 82) * QUARTER_S;
            let demand_w = pick(seed, PAST + 2, back, 2600, 7400) as u32;
            MonthPeak { month_ended_at: first(back + 1), at, demand_w }
        });
        Self {
            zone,
            quarter: clock.div_euclid(QUARTER_S),
            quarter_ws: 0,
            peak_w: 0,
            peak_at: zone.midnight(local.year, local.month, 1),
            months: months.collect(),
        }
    }

    /// Counts power from one telegram to the next, both by the meter's clock.
    pub(crate) fn add(&mut self, import_w: u32, seconds: u64, from: i64, to: i64) {
        self.turn(from);
        self.quarter_ws += u64::from(import_w) * seconds;
        self.turn(to);
    }

    /// Ends the running quarter, and the month with it, if the clock has left it.
    fn turn(&mut self, clock: i64) {
        let quarter = clock.div_euclid(QUARTER_S);
        if quarter == self.quarter {
            return;
        }
        let demand_w = self.average_w();
        self.quarter_ws = 0;
        if demand_w > self.peak_w {
            self.peak_w = demand_w;
            self.peak_at = (self.quarter + 1) * QUARTER_S;
        }
        let (before, after) = (self.zone.local(self.quarter * QUARTER_S), self.zone.local(clock));
        self.quarter = quarter;
        if (before.year, before.month) != (after.year, after.month) {
            let month_ended_at = self.zone.midnight(after.year, after.month, 1);
            self.months.push(MonthPeak { month_ended_at, at: self.peak_at, demand_w: self.peak_w });
            if self.months.len() > MONTHS as usize {
                self.months.remove(0);
            }
            self.peak_w = 0;
            self.peak_at = month_ended_at;
        }
    }

    /// Energy of the quarter so far over the whole quarter: it climbs, and ends at the demand.
    fn average_w(&self) -> u32 {
        (self.quarter_ws / QUARTER_S.unsigned_abs()) as u32
    }

    pub(crate) fn show(&self) -> DemandValues {
        DemandValues { average_w: self.average_w(), month_peak_w: self.peak_w, month_peak_at: self.peak_at }
    }

    pub(crate) fn months(&self) -> &[MonthPeak] {
        &self.months
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::utc;

    #[test]
    fn a_pause_does_not_carry_demand_into_another_quarter() {
        let begin = utc(2026, 1, 5, 12, 0, 0);
        let mut demand = Demand::new(1, Zone::CENTRAL_EUROPE, begin);
        demand.add(9000, 600, begin, begin + 600);
        demand.add(900, 60, begin + 7200, begin + 7260);
        assert_eq!(demand.show().average_w, 60);
        assert_eq!((demand.show().month_peak_w, demand.show().month_peak_at), (6000, begin + 900));
    }

    #[test]
    fn a_month_ends_with_its_highest_quarter() {
        let zone = Zone::CENTRAL_EUROPE;
        let begin = utc(2026, 1, 31, 21, 0, 0);
        let mut demand = Demand::new(1, zone, begin);
        for minute in 0..180 {
            let power = if (30..45).contains(&minute) { 4000 } else { 1000 };
            demand.add(power, 60, begin + minute * 60, begin + minute * 60 + 60);
        }
        assert_eq!(demand.show().month_peak_w, 1000, "23:00 UTC is midnight: February's first hour");
        let january = demand.months().last().expect("January has ended");
        assert_eq!(january.demand_w, 4000);
        assert_eq!(january.at, begin + 45 * 60);
        assert_eq!(january.month_ended_at, utc(2026, 1, 31, 23, 0, 0));
    }
}
