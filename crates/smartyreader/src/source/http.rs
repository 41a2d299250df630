//! HTTP: a document that is asked for again and again, for programs that publish numbers and no telegrams.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::config::{Source, Target};
use crate::doctor::Cause;
use crate::http;
use crate::hub::Hub;
use crate::intake::Intake;
use crate::observe::{Observer, Trouble, count, now};
use crate::words;

/// A document has to be there within this long.
const PATIENCE: Duration = Duration::from_secs(10);
/// No inverter says more than this.
const LONGEST: usize = 1 << 20;

const ADVICE: &str = "Is the device on and in the same network, and is `url` right? An inverter may sleep at night. It is asked again all the time.";

/// Asks for ever.
pub(super) async fn run(name: String, settings: Source, mut intake: Intake, hub: Hub, observer: Observer) {
    let subject = format!("source {name}");
    // The check of the configuration has said what is wrong with it.
    let Some(Ok(at)) = settings.url.as_ref().map(|url| url.parse::<Target>()) else { return };
    let target = settings.target();
    let mut tick = interval(settings.every().0);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut arrivals = Vec::new();
    observer.source(&name, |source| source.state = "connecting".into());
    loop {
        tick.tick().await;
        match ask(&settings, &at).await {
            Ok((200..300, body)) => {
                observer.source(&name, |source| source.state = "reading".into());
                observer.clear(&subject, &["unreachable"]);
                intake.document(&body, now(), &mut arrivals);
            }
            Ok((status, _)) => {
                observer.source(&name, |source| count(&mut source.counters, "refused", 1));
                observer.clear(&subject, &["unreachable"]);
                let why = format!("it answers with status {status}");
                observer.raise(&subject, &Trouble::BadAnswer { target: target.clone(), why });
            }
            Err(why) => {
                observer.source(&name, |source| {
                    source.state = "connecting".into();
                    count(&mut source.counters, "unanswered", 1);
                });
                observer.clear(&subject, &["bad-answer"]);
                observer.raise(&subject, &Cause::Unreachable { target: target.clone(), why, advice: ADVICE }.into());
            }
        }
        for arrival in arrivals.drain(..) {
            hub.publish(arrival).await;
        }
    }
}

async fn ask(settings: &Source, at: &Target) -> Result<(u16, Vec<u8>), String> {
    // Read anew each time: it may have been renewed.
    let token = settings.token().fetch().map_err(|problem| format!("the token: {problem}"))?;
    let token = token.as_ref().map(|(_, token)| token.trim());
    match timeout(PATIENCE, http::get(at, settings.ca_file.as_deref(), token, LONGEST)).await {
        Err(_) => Err(format!("no answer within {} seconds", PATIENCE.as_secs())),
        Ok(answer) => answer.map_err(|error| words::of_io(&error)),
    }
}
