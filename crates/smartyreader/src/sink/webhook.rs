//! Webhook: posts alerts as JSON to a web address.

use jiff::tz::TimeZone;
use tokio::task::JoinSet;

use crate::alert::{Notice, Pace, Place, Post, Refused, deliver};
use crate::config::{Config, Target, Webhook};
use crate::http;
use crate::hub::Hub;
use crate::observe::{Observer, Trouble};

/// A web address that takes alerts.
struct Address {
    settings: Webhook,
    target: Target,
    zone: TimeZone,
}

/// Starts it where there is one.
pub(super) fn start(config: &Config, hub: &Hub, observer: &Observer, sinks: &mut JoinSet<()>) {
    let Some(settings) = config.alert.webhook.clone().filter(|_| config.alert.enabled) else { return };
    let target = match settings.target() {
        Ok(target) => target,
        Err(why) => {
            let trouble = Trouble::AlertUndelivered { target: "the webhook".into(), why };
            observer.raise("webhook alert", &trouble);
            return;
        }
    };
    let place = Place { kind: "webhook", name: "alert".into(), target: target.to_string() };
    let pace = Pace::new(settings.give_up_after.0);
    let address = Address { settings, target, zone: config.time_zone() };
    sinks.spawn(deliver(place, address, hub.alerts(), observer.clone(), pace));
}

impl Post for Address {
    async fn send(&self, notice: &Notice) -> Result<(), Refused> {
        let later = |why: String| Refused { why, again: true };
        // Read anew each time: it may have been renewed.
        let token = self.settings.token().fetch().map_err(|problem| later(format!("the token: {problem}")))?;
        let token = token.as_ref().map(|(_, token)| token.trim());
        let body = notice.message(&self.zone);
        let ca = self.settings.ca_file.as_deref();
        let posting = http::post(&self.target, ca, token, body.as_bytes());
        let status = match tokio::time::timeout(self.settings.timeout.0, posting).await {
            Err(_) => return Err(later(format!("no answer within {}", self.settings.timeout))),
            Ok(Err(error)) => return Err(later(error.to_string())),
            Ok(Ok(status)) => status,
        };
        match status {
            200..300 => Ok(()),
            // Too early, too often, or its own trouble: later it may be well.
            408 | 425 | 429 | 500.. => Err(later(format!("it answered with status {status}"))),
            _ => Err(Refused { why: format!("it refuses with status {status}"), again: false }),
        }
    }
}
