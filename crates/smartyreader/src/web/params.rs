//! Parameters: what stands behind the `?`, read strictly, refused in sentences.

use axum::http::StatusCode;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::Sorry;

/// A moment: RFC 3339, or a date, which is midnight in the meters' zone.
pub(crate) fn moment(name: &str, text: &str, zone: &TimeZone) -> Result<i64, Sorry> {
    if let Ok(date) = text.parse::<Date>()
        && text.len() == 10
    {
        return date
            .to_zoned(zone.clone())
            .map(|midnight| midnight.timestamp().as_second())
            .map_err(|_| Sorry::bad(format!("`{name}`: the date {text} is out of range.")));
    }
    text.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_second).map_err(|_| {
        Sorry::bad(format!(
            "`{name}` is a date such as 2026-11-23 or a time such as 2026-11-23T10:00:00Z, not \"{text}\"."
        ))
    })
}

/// What must be there.
pub(super) fn needed<T>(name: &str, value: Option<T>) -> Result<T, Sorry> {
    value.ok_or_else(|| Sorry::bad(format!("The parameter `{name}` is missing.")))
}

/// Between two moments: what most questions are about.
#[derive(Deserialize)]
pub(super) struct Wanted {
    from: Option<String>,
    to: Option<String>,
}

impl Wanted {
    /// Whether neither is given.
    pub(super) const fn is_empty(&self) -> bool {
        self.from.is_none() && self.to.is_none()
    }

    /// A span that is not backwards and not longer than `longest` seconds.
    pub(super) fn span(&self, zone: &TimeZone, longest: i64) -> Result<(i64, i64), Sorry> {
        let time = |name, text: &Option<String>| moment(name, needed(name, text.as_deref())?, zone);
        let (from, to) = (time("from", &self.from)?, time("to", &self.to)?);
        if from >= to {
            return Err(Sorry::bad("`from` must be before `to`."));
        }
        if to - from > longest {
            let days = longest / 86_400;
            let sentence = format!("This span is longer than {days} days; ask for less, or for a coarser resolution.");
            return Err(Sorry::new(StatusCode::UNPROCESSABLE_ENTITY, sentence));
        }
        Ok((from, to))
    }
}

/// UTC seconds as RFC 3339 with the zone's offset.
pub(crate) fn local(time: i64, zone: &TimeZone) -> String {
    let zoned = jiff::Timestamp::from_second(time).unwrap_or_default().to_zoned(zone.clone());
    zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_midnights_of_the_zone() {
        let zone = TimeZone::get("Europe/Luxembourg").unwrap();
        let time = |text| moment("from", text, &zone).unwrap();
        assert_eq!(local(time("2026-11-23"), &zone), "2026-11-23T00:00:00+01:00");
        assert_eq!(time("2026-07-01T00:00:00+02:00"), time("2026-07-01"));
        // The day of the change has 25 hours.
        assert_eq!(time("2026-10-26") - time("2026-10-25"), 25 * 3600);
        for wrong in ["", "yesterday", "2026-13-01", "2026-11-23T10:00:00", "1795392000"] {
            assert!(moment("from", wrong, &zone).is_err(), "{wrong}");
        }
    }
}
