//! Pace: how the good telegrams of each meter follow each other. How far apart, and whether counter, time and register go on.

use std::cmp::Ordering;

/// A telegram that was proven, or arrived without proof where that is accepted.
#[derive(Clone, Copy, Debug)]
pub struct Good<'a> {
    /// What names the meter.
    pub equipment: &'a str,
    /// Who sealed it, if it was sealed.
    pub title: Option<[u8; 8]>,
    /// The frame counter, if it was sealed.
    pub counter: Option<u32>,
    /// The meter's time, UTC seconds, where the meter knows it.
    pub time: Option<i64>,
    /// The register of imported energy, Wh.
    pub register_wh: Option<i64>,
}

/// So many meters are followed; more share no port.
const METERS: usize = 8;
/// So many distances are compared.
const COMPARED: usize = 8;
/// All standards want a telegram every ten seconds or more often; with a half more, one was left out.
const SELDOM: i64 = 15;

/// What a good telegram is to the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Follows {
    /// Newer.
    On,
    /// The same.
    Again,
    /// Older by counter and time.
    Replayed,
    /// Newer by time, with a lower counter.
    CounterBack(u32, u32),
    /// With a lower register, Wh.
    RegisterBack(i64, i64),
}

#[derive(Debug)]
struct Meter {
    equipment: Box<str>,
    counter: Option<u32>,
    time: Option<i64>,
    register_wh: Option<i64>,
    /// When the last came, in the seconds of whoever counts.
    at: Option<i64>,
    /// Seconds between the last telegrams with nothing bad in between.
    apart: Vec<i64>,
    /// Something bad came since the last.
    disturbed: bool,
}

/// The meters' telegrams.
#[derive(Debug, Default)]
pub(super) struct Pace {
    meters: Vec<Meter>,
    /// The meter's clock minus this machine's, seconds.
    pub(super) drift: Option<i64>,
}

impl Pace {
    /// Takes a good telegram. `arrived`: when, by this machine, where that says anything.
    pub(super) fn good(&mut self, good: &Good<'_>, arrived: Option<i64>) -> Follows {
        self.drift = good.time.zip(arrived).map(|(time, arrived)| time - arrived);
        let at = arrived.or(good.time);
        let Some(place) = self.meters.iter().position(|meter| *meter.equipment == *good.equipment) else {
            if self.meters.len() == METERS {
                self.meters.remove(0);
            }
            let Good { equipment, counter, time, register_wh, .. } = *good;
            let (equipment, apart) = (equipment.into(), Vec::new());
            self.meters.push(Meter { equipment, counter, time, register_wh, at, apart, disturbed: false });
            return Follows::On;
        };
        let meter = &mut self.meters[place];
        let follows = meter.follows(good);
        if matches!(follows, Follows::Again | Follows::Replayed) {
            return follows;
        }
        if let Some(apart) = meter.at.zip(at).map(|(before, at)| at - before).filter(|apart| *apart > 0)
            && !meter.disturbed
        {
            if meter.apart.len() == COMPARED {
                meter.apart.remove(0);
            }
            meter.apart.push(apart);
        }
        meter.disturbed = false;
        meter.at = at;
        meter.counter = good.counter;
        meter.time = good.time.or(meter.time);
        meter.register_wh = good.register_wh.or(meter.register_wh);
        follows
    }

    /// Something bad came: the next distance says nothing.
    pub(super) fn disturb(&mut self) {
        for meter in &mut self.meters {
            meter.disturbed = true;
        }
    }

    /// How far apart a meter's telegrams are, where that is too far. `now`: nothing more will come, and it is this late.
    pub(super) fn seldom(&self, enough: usize, now: Option<i64>) -> Option<i64> {
        let of = |meter: &Meter| {
            let mut apart = meter.apart.clone();
            let waiting = now.zip(meter.at).map(|(now, at)| now - at).filter(|_| !meter.disturbed);
            if apart.len() < enough {
                // Long enough ago is too seldom, too.
                return waiting.filter(|waiting| *waiting > SELDOM);
            }
            apart.sort_unstable();
            Some(apart[apart.len() / 2]).filter(|median| *median > SELDOM)
        };
        self.meters.iter().filter_map(of).max()
    }
}

impl Meter {
    fn follows(&self, good: &Good<'_>) -> Follows {
        let newer = self.time.zip(good.time).map(|(before, time)| time.cmp(&before));
        if let Some((before, counter)) = self.counter.zip(good.counter) {
            match newer {
                Some(Ordering::Equal) if before == counter => return Follows::Again,
                Some(Ordering::Greater) if counter <= before => {
                    return Follows::CounterBack(before, counter);
                }
                Some(_) if counter <= before => return Follows::Replayed,
                _ => {}
            }
        } else if newer == Some(Ordering::Equal) && self.register_wh == good.register_wh {
            return Follows::Again;
        }
        match self.register_wh.zip(good.register_wh) {
            Some((before, register)) if register < before => match newer {
                Some(Ordering::Less) => Follows::Replayed,
                _ => Follows::RegisterBack(before, register),
            },
            _ => Follows::On,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(counter: u32, time: i64, register_wh: i64) -> Good<'static> {
        Good {
            equipment: "SAG1030700114004",
            title: None,
            counter: Some(counter),
            time: Some(time),
            register_wh: Some(register_wh),
        }
    }

    #[test]
    fn what_a_telegram_is_to_the_one_before() {
        let mut pace = Pace::default();
        let mut take = |counter, time, register| pace.good(&good(counter, time, register), None);
        assert_eq!(take(10, 1000, 500), Follows::On);
        assert_eq!(take(10, 1000, 500), Follows::Again);
        assert_eq!(take(11, 1010, 500), Follows::On);
        assert_eq!(take(10, 1000, 500), Follows::Replayed);
        assert_eq!(take(12, 700, 501), Follows::On, "the clock was set back");
        assert_eq!(take(0, 710, 501), Follows::CounterBack(12, 0));
        assert_eq!(take(1, 720, 400), Follows::RegisterBack(501, 400));
        assert_eq!(take(2, 730, 401), Follows::On);
    }

    #[test]
    fn too_seldom_is_the_middle_of_the_distances() {
        let mut pace = Pace::default();
        let mut time = 0;
        for (counter, apart) in [10, 10, 10, 600, 10, 10].into_iter().enumerate() {
            time += apart;
            pace.good(&good(counter as u32, time, 0), Some(time));
        }
        assert_eq!(pace.seldom(2, None), None, "one gap is no pace");
        for counter in 10..20 {
            time += 30;
            pace.good(&good(counter, time, 0), Some(time));
        }
        assert_eq!(pace.seldom(2, None), Some(30));
        for counter in 30..40 {
            time += 30;
            pace.disturb();
            pace.good(&good(counter, time, 0), Some(time));
        }
        let mut fresh = Pace::default();
        fresh.good(&good(1, 0, 0), Some(0));
        assert_eq!((fresh.seldom(2, Some(12)), fresh.seldom(2, Some(28))), (None, Some(28)));
    }
}
