//! Parameters: what stands behind the `?`, read strictly, refused in sentences.

use jiff::civil::Date;
use jiff::tz::TimeZone;

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

/// A span that is not backwards and not longer than `longest` seconds.
pub(super) fn span(from: &str, to: &str, zone: &TimeZone, longest: i64) -> Result<(i64, i64), Sorry> {
    let (from, to) = (moment("from", from, zone)?, moment("to", to, zone)?);
    if from >= to {
        return Err(Sorry::bad("`from` must be before `to`."));
    }
    if to - from > longest {
        return Err(Sorry::new(
            axum::http::StatusCode::UNPROCESSABLE_ENTITY,
            format!("This span is longer than {} days; ask for less, or for a coarser resolution.", longest / 86_400),
        ));
    }
    Ok((from, to))
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
