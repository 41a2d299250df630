//! The sun above Luxembourg and the clouds before it, in integers.

use crate::calendar::{self, DAY_S};
use crate::prng::noise;

/// One, in the fixed-point numbers of this file.
pub(super) const ONE: i64 = 1_000_000;
/// Sine of the earth's axial tilt, 23.44 degrees.
const SIN_TILT: i64 = 397_788;
/// Sine and cosine of the latitude, 49.6 degrees.
const LATITUDE: (i64, i64) = (761_538, 648_120);
/// The same for panels that lean 30 degrees to the south: they see the sun from 19.6 degrees.
const PANELS: (i64, i64) = (335_452, 942_057);
/// Local noon comes before 12:00 UTC by the longitude, 6.1 degrees east. (The equation of time, up to
/// a quarter of an hour either way, is left out.)
const NOON_S: i64 = 12 * 3600 - 1464;

const CLOUD_COVER: u64 = 0x10;
const CLOUD_EDGES: u64 = 0x11;
const CLOUD_SHIVER: u64 = 0x12;

/// Where the sun stands on one day: sine and cosine of its declination.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sun {
    sin_declination: i64,
    cos_declination: i64,
}

impl Sun {
    /// The sun of this day, counted from 1 January 1970.
    pub(super) fn of_day(day_number: i64) -> Self {
        let (year, _, _) = calendar::civil(day_number);
        let day_of_year = day_number - calendar::days(year, 1, 1);
        // The sun is lowest ten days before the new year.
        let since_solstice = (day_of_year + 11) * 3_600_000 / 36_524;
        let sin_declination = -SIN_TILT * cos(since_solstice) / ONE;
        let cos_declination = (ONE * ONE - sin_declination * sin_declination).isqrt();
        Self { sin_declination, cos_declination }
    }

    /// What unshaded panels give at this moment, in millionths of their peak power.
    pub(super) fn clear_sky(&self, utc: i64) -> i64 {
        let since_noon = utc.rem_euclid(DAY_S) - NOON_S;
        let hour_angle = since_noon * 36_000 / DAY_S;
        let sine_of_height = self.seen_from(LATITUDE, hour_angle);
        if sine_of_height <= 0 {
            return 0;
        }
        let on_panels = self.seen_from(PANELS, hour_angle).max(sine_of_height / 8);
        // A low sun shines through more air.
        on_panels * (ONE / 2 + sine_of_height / 2) / ONE * 95 / 100
    }

    fn seen_from(&self, (sine, cosine): (i64, i64), hour_angle: i64) -> i64 {
        sine * self.sin_declination / ONE + cosine * self.cos_declination / ONE * cos(hour_angle) / ONE
    }
}

/// What the clouds of this seed let through at this moment, in 1024ths.
pub(super) fn clearness(seed: u64, utc: i64) -> i64 {
    // Weather comes in spells of most of a day: 0 is a closed sky, 1024 a blue one.
    let spell = noise(seed, CLOUD_COVER, utc, 16 * 3600);
    let open = (spell * 2 - 512).clamp(0, 1024);
    let shiver = noise(seed, CLOUD_SHIVER, utc, 24) / 32;
    // Between the two extremes single clouds pass within minutes.
    let edge = noise(seed, CLOUD_EDGES, utc, 210);
    let through = if edge < 1024 - open { 200 + open / 4 } else { 1000 - (1024 - open) / 8 };
    (through - shiver).clamp(60, 1024)
}

/// Cosine of an angle in hundredths of a degree.
pub(super) fn cos(angle: i64) -> i64 {
    sin(angle + 9000)
}

/// Sine of an angle in hundredths of a degree, by Bhaskara's rule of the seventh century: wrong by at
/// most 0.0016, the same on every machine, and without a table.
fn sin(angle: i64) -> i64 {
    let angle = angle.rem_euclid(36_000);
    let (sign, angle) = if angle > 18_000 { (-1, angle - 18_000) } else { (1, angle) };
    let product = angle * (18_000 - angle);
    sign * 4 * product * ONE / (405_000_000 - product)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sine_is_near_the_true_one() {
        for (angle, sine) in [(0, 0), (3000, 500_000), (9000, ONE), (15_000, 500_000), (27_000, -ONE)] {
            assert!((sin(angle) - sine).abs() < 1700, "sine of {angle}");
        }
    }

    #[test]
    fn summer_days_are_long_and_winter_days_short() {
        let daylight = |day_number: i64| {
            let sun = Sun::of_day(day_number);
            (0..1440).filter(|minute| sun.clear_sky(day_number * DAY_S + minute * 60) > 0).count()
        };
        let june = daylight(calendar::days(2026, 6, 21));
        let december = daylight(calendar::days(2026, 12, 21));
        // Sixteen hours and a quarter, eight hours, each within a quarter of an hour.
        assert!((960..=990).contains(&june), "{june} minutes in June");
        assert!((465..=495).contains(&december), "{december} minutes in December");
    }

    #[test]
    fn panels_do_not_exceed_their_peak() {
        for day in 0..365 {
            let sun = Sun::of_day(20_454 + day);
            for minute in (0..1440).step_by(10) {
                let output = sun.clear_sky((20_454 + day) * DAY_S + minute * 60);
                assert!((0..=ONE).contains(&output));
            }
        }
    }
}
