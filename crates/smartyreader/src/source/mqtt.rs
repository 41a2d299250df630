//! MQTT: what boards publish, read like any other source. The session is kept by the broker, so that what comes
//! with quality of service 1 while we are away is not missed.

use std::time::Duration;

use tokio::time::{Instant, interval};

use crate::config::{Mqtt, Qos, Source, Span};
use crate::doctor::Cause;
use crate::hub::Hub;
use crate::intake::Intake;
use crate::mqtt::{Event, Identity, Link, Refusal, Why};
use crate::observe::{Observer, Trouble, count, now};

/// Boards publish once a minute.
const SILENCE: Duration = Duration::from_mins(5);
/// How often a reading that came in many messages is looked at: is it whole?
const TICK: Duration = Duration::from_secs(1);

const BROKER: &[&str] = &["unreachable", "lost"];

/// Listens for ever.
pub(super) async fn run(
    name: String,
    settings: Source,
    broker: Option<Mqtt>,
    mut intake: Intake,
    hub: Hub,
    observer: Observer,
) {
    let subject = format!("source {name}");
    let target = settings.target();
    // The check of the configuration has said what is missing.
    let Some(broker) = broker else { return };
    let identity = Identity {
        client_id: format!("{}-{name}", broker.client_id("in")),
        will: None,
        persistent: broker.persistent_session != Some(false),
    };
    let mut link = match Link::open(&broker, identity) {
        Ok(link) => link,
        Err(why) => {
            observer.raise(&subject, &unreachable(&Refusal { target, why: Why::Ours(why) }));
            return;
        }
    };
    observer.source(&name, |source| source.state = "connecting".into());
    let silence = settings.silence.unwrap_or(Span(SILENCE)).0;
    let mut last_message = Instant::now();
    let mut up = false;
    let mut tick = interval(TICK);
    let mut arrivals = Vec::new();
    loop {
        tokio::select! {
            event = link.next() => match event {
                Event::Up => {
                    up = true;
                    last_message = Instant::now();
                    for filter in &settings.topics {
                        link.client.subscribe(filter, Qos::AtLeastOnce);
                    }
                    observer.source(&name, |source| {
                        source.state = "reading".into();
                        count(&mut source.counters, "opened", 1);
                    });
                    observer.clear(&subject, BROKER);
                }
                Event::Down(refusal) => {
                    let was_up = std::mem::take(&mut up);
                    observer.source(&name, |source| {
                        source.state = "connecting".into();
                        count(&mut source.counters, if was_up { "lost" } else { "refused" }, 1);
                    });
                    observer.clear(&subject, &["silent"]);
                    observer.raise(&subject, &unreachable(&refusal));
                }
                // What the broker kept may be hours old, and what it says of now is wrong.
                Event::Message { retained: true, .. } => {
                    observer.source(&name, |source| count(&mut source.counters, "retained_skipped", 1));
                }
                Event::Message { topic, payload, .. } => {
                    last_message = Instant::now();
                    observer.clear(&subject, &["silent"]);
                    intake.message(&topic, &payload, now(), &mut arrivals);
                }
            },
            _ = tick.tick() => {
                intake.tick(now(), &mut arrivals);
                if up && last_message.elapsed() >= silence {
                    observer.source(&name, |source| source.state = "silent".into());
                    let seconds = silence.as_secs();
                    observer.raise(&subject, &Trouble::NothingPublished { topics: settings.topics.join(", "), seconds });
                    last_message = Instant::now();
                }
            }
        }
        for arrival in arrivals.drain(..) {
            hub.publish(arrival).await;
        }
    }
}

fn unreachable(refusal: &Refusal) -> Trouble {
    let cause = Cause::Unreachable {
        target: format!("The broker {}", refusal.target),
        why: refusal.why.to_string(),
        advice: "Is the broker on, and are address, user and keys in its [mqtt] section right? It is tried again all the time.",
    };
    cause.into()
}
