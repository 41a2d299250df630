//! MQTT: a connection to a broker that is made again for ever, for the sink that publishes and the source that reads.

mod client;
mod refusal;
mod stream;

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::config::{Address, Mqtt, Qos};
use client::{Incoming, Loop};

pub use client::{Client, Receipt};
pub use refusal::{Refusal, Why};

/// So many messages may be on their way at once; the broker's answers are awaited.
pub const WINDOW: usize = 20;

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// What lasted this long was no failure to connect.
const SETTLED: Duration = Duration::from_secs(10);

/// A message as it is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Topic.
    pub topic: String,
    /// Body.
    pub payload: Vec<u8>,
    /// How surely.
    pub qos: Qos,
    /// Whether the broker keeps it for whoever comes later.
    pub retain: bool,
}

/// What happens on a connection.
#[derive(Debug)]
pub enum Event {
    /// The broker has taken us.
    Up,
    /// It is not there, or not any more; it is tried again.
    Down(Refusal),
    /// A message came in.
    Message {
        /// Topic.
        topic: String,
        /// Body.
        payload: Vec<u8>,
        /// It was kept by the broker, not sent just now.
        retained: bool,
    },
}

/// Who we are at the broker.
pub struct Identity {
    /// Unique there.
    pub client_id: String,
    /// What the broker says when we are gone.
    pub will: Option<Message>,
    /// The broker remembers what we listen to, and keeps it while we are away.
    pub persistent: bool,
}

/// A connection. Dropped, it ends.
pub struct Link {
    /// Sends.
    pub client: Client,
    events: mpsc::Receiver<Event>,
    task: JoinHandle<()>,
}

impl Link {
    /// Begins to connect.
    ///
    /// # Errors
    /// A sentence, where a file or secret of the settings cannot be used.
    pub fn open(settings: &Mqtt, identity: Identity) -> Result<Self, String> {
        let address = settings.address()?;
        let (client, events) = client::build(settings, &address, identity)?;
        let (sender, receiver) = mpsc::channel(64);
        Ok(Self { client, events: receiver, task: tokio::spawn(turn(events, address, sender)) })
    }

    /// The next thing that happens.
    pub async fn next(&mut self) -> Event {
        match self.events.recv().await {
            Some(event) => event,
            // The task ends only with this connection.
            None => std::future::pending().await,
        }
    }

    /// Says goodbye, after what is on its way has been taken, and waits for it a moment.
    pub async fn close(mut self, patience: Duration) {
        if self.client.disconnect(patience) {
            let _ = tokio::time::timeout(patience, &mut self.task).await;
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Turns the client's loop. It is never dropped in the middle of a step, which may lose a message.
async fn turn(mut events: Loop, address: Address, sender: mpsc::Sender<Event>) {
    let mut wait = FIRST_WAIT;
    let mut up = None::<Instant>;
    loop {
        let event = match events.step().await {
            Ok(Incoming::Nothing) => continue,
            Ok(Incoming::Up) => {
                up = Some(Instant::now());
                Event::Up
            }
            Ok(Incoming::Message { topic, payload, retained }) => Event::Message { topic, payload, retained },
            Err(client::End::Closed) => return,
            Err(client::End::Refused(why)) => {
                if up.take().is_some_and(|since| since.elapsed() > SETTLED) {
                    wait = FIRST_WAIT;
                }
                if sender.send(Event::Down(Refusal { target: address.to_string(), why })).await.is_err() {
                    return;
                }
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
                continue;
            }
        };
        if sender.send(event).await.is_err() {
            return;
        }
    }
}

/// This machine's name, for client ids.
pub fn host_name() -> String {
    let name = rustix::system::uname();
    let text: String = name.nodename().to_string_lossy().chars().filter(char::is_ascii_alphanumeric).take(16).collect();
    if text.is_empty() { "host".into() } else { text }
}
