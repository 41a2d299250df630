//! Watchdog: says when a meter has been silent for too long, and tells systemd that we are alive.

use std::time::Duration;

use sd_notify::NotifyState;

use super::{Observer, Trouble};

/// A meter sends every ten seconds; after this long something is wrong.
const STALE: i64 = 60;

/// Looks after the meters for ever.
pub async fn watch_over(observer: Observer) {
    let mut tick = tokio::time::interval(Duration::from_secs(5));
    loop {
        tick.tick().await;
        for (meter, seconds) in observer.ages() {
            let subject = format!("meter {meter}");
            if seconds >= STALE {
                observer.raise(&subject, &Trouble::Stale { seconds: seconds / STALE * STALE });
            } else {
                observer.clear(&subject, &["stale"]);
            }
        }
        let health = observer.health();
        // That this line is reached is the proof of life: every task here runs on the same thread.
        let _ = sd_notify::notify(&[NotifyState::Watchdog, NotifyState::Status(&health.sentence)]);
    }
}
