//! Watchdog: says when a meter has been silent for too long, and tells systemd that we are alive.

use std::time::Duration;

use jiff::tz::TimeZone;
use sd_notify::NotifyState;

use super::{Observer, Trouble};

/// A meter sends every ten seconds; after this long something is wrong.
const STALE: i64 = 60;
/// A board may be told to publish seldom, but not this seldom.
const SLOWEST: i64 = 3600;

/// How old a meter's last reading may be.
fn patience(pace: Option<i64>) -> i64 {
    pace.map_or(STALE, |pace| (3 * pace).clamp(STALE, SLOWEST))
}

/// Why a group has said nothing for so long. `None`: it is no group.
fn incomplete(observer: &Observer, group: &str, seconds: i64, zone: &TimeZone) -> Option<Trouble> {
    let members = observer.silent_members(group, |age, pace| age >= patience(pace))?;
    let since = |time: i64| {
        let time = jiff::Timestamp::from_second(time).unwrap_or_default().to_zoned(zone.clone());
        time.strftime("%Y-%m-%d %H:%M").to_string()
    };
    let silent: Vec<String> =
        members.iter().map(|(member, heard)| format!("{member} has been silent since {}", since(*heard))).collect();
    Some(Trouble::GroupIncomplete { silent: silent.join(", "), seconds: seconds / STALE * STALE })
}

/// Looks after the meters for ever.
pub async fn watch_over(observer: Observer, zone: TimeZone) {
    let mut tick = tokio::time::interval(Duration::from_secs(5));
    loop {
        tick.tick().await;
        for (meter, seconds, pace) in observer.ages() {
            let subject = format!("meter {meter}");
            if seconds >= patience(pace) {
                let why = incomplete(&observer, &meter, seconds, &zone);
                observer.raise(&subject, &why.unwrap_or(Trouble::Stale { seconds: seconds / STALE * STALE }));
            } else {
                observer.clear(&subject, &["stale", "group-incomplete"]);
            }
        }
        let health = observer.health();
        // That this line is reached is the proof of life: every task here runs on the same thread.
        let _ = sd_notify::notify(&[NotifyState::Watchdog, NotifyState::Status(&health.sentence)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_published_once_a_minute_is_not_called_old_every_minute() {
        assert_eq!(patience(None), 60);
        assert_eq!(patience(Some(10)), 60);
        assert_eq!(patience(Some(60)), 180);
        assert_eq!(patience(Some(100_000)), 3600);
        assert_eq!(patience(Some(-5)), 60);
    }
}
