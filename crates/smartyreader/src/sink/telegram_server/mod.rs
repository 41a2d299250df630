//! Telegram server: the proven plain telegrams of one meter, unchanged, to whoever connects.
//!
//! Programs that know the open telegrams of other countries read an encrypted meter through it. The last good telegram
//! is sent on connecting, if it is not older than a minute: what is older would pass for news. Nobody waits for a
//! client: one whose socket has not taken a telegram when the second one after it comes is dropped.
//!
//! Of a meter whose figures another program publishes there are no telegrams, and nothing to give out.
//!
//! A meter that is heard on a file or on standard input is served as it is replayed, its last telegram at any time. Once
//! a meter has sent a telegram of now, replayed ones are left out.

mod client;
mod terminal;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::config::TelegramServer;
use crate::hub::Live;
use crate::intake::Arrival;
use crate::observe::{Observer, Trouble, count};
use client::Client;

/// A telegram as it goes out.
type Text = Arc<[u8]>;

const KIND: &str = "telegram-server";
/// What cannot be opened is tried again this often.
const RETRY: Duration = Duration::from_secs(5);
/// A telegram of now is news for this long.
const NEWS: Duration = Duration::from_mins(1);
/// Each client takes memory, and there are only so many open files.
const MOST_CLIENTS: usize = 256;
/// What the system keeps for a client that does not read: a few telegrams, not minutes of them.
const SEND_BUFFER: u32 = 16 * 1024;

/// Serves the telegrams of one meter until nobody publishes any more.
pub(super) async fn run(
    name: String,
    settings: TelegramServer,
    meter: Arc<str>,
    mut readings: Receiver<Arc<Live>>,
    observer: Observer,
) {
    let mut server = Server::new(name, &settings, observer);
    let address = settings.address();
    let (mut listener, mut retry) = (None, interval(RETRY));
    retry.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            arrived = readings.recv() => match arrived {
                Ok(live) if live.arrival.reading.meter == meter => {
                    server.hand_out(&live.arrival);
                    // Several telegrams may come at once; everybody gets the chance to take one before the next.
                    tokio::task::yield_now().await;
                }
                Ok(_) => {}
                Err(RecvError::Lagged(missed)) => server.record.count("missed", missed),
                Err(RecvError::Closed) => return,
            },
            accepted = accept(listener.as_ref()) => match accepted {
                Ok(stream) => {
                    server.welcome(stream);
                    tokio::task::yield_now().await;
                }
                // Too many open files, most often: it passes.
                Err(_) => sleep(Duration::from_millis(100)).await,
            },
            _ = retry.tick(), if (listener.is_none() && address.is_some()) || server.wants_terminal(&settings) => {
                if listener.is_none() && let Some(address) = address {
                    listener = server.listen(address);
                }
                server.open_terminal(&settings);
            }
            Some(_) = server.tasks.join_next(), if !server.tasks.is_empty() => server.forget_the_gone(),
        }
    }
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<TcpStream> {
    match listener {
        Some(listener) => Ok(listener.accept().await?.0),
        None => std::future::pending().await,
    }
}

/// What one server counts.
#[derive(Clone)]
struct Record {
    name: Arc<str>,
    observer: Observer,
}

impl Record {
    fn count(&self, what: &str, more: u64) {
        self.observer.sink(KIND, &self.name, |sink| count(&mut sink.counters, what, more));
    }

    fn say(&self, state: &str) {
        self.observer.sink(KIND, &self.name, |sink| sink.state = state.into());
    }

    fn set(&self, what: &str, number: u64) {
        self.observer.sink(KIND, &self.name, |sink| {
            sink.counters.insert(what.into(), number);
        });
    }
}

struct Last {
    text: Text,
    at: Instant,
    replayed: bool,
}

struct Server {
    record: Record,
    subject: String,
    last: Option<Last>,
    clients: Vec<Client>,
    terminal: Option<mpsc::Sender<Text>>,
    tasks: JoinSet<()>,
}

impl Server {
    fn new(name: String, settings: &TelegramServer, observer: Observer) -> Self {
        let pty = settings.pty.as_ref().map(|pty| pty.display().to_string());
        let places: Vec<String> =
            settings.address().map(|address| address.to_string()).into_iter().chain(pty).collect();
        let subject = format!("{KIND} {name}");
        let record = Record { name: name.into(), observer };
        record.observer.sink(KIND, &record.name, |sink| {
            sink.target = places.join(", ");
            for counter in ["clients", "connected", "served", "dropped_slow"] {
                sink.counters.insert(counter.into(), 0);
            }
        });
        Self { record, subject, last: None, clients: Vec::new(), terminal: None, tasks: JoinSet::new() }
    }

    fn listen(&self, address: SocketAddr) -> Option<TcpListener> {
        match listener(address) {
            Ok(listener) => {
                self.serves();
                Some(listener)
            }
            Err(error) => {
                self.cannot_serve(address.to_string(), &error);
                None
            }
        }
    }

    fn serves(&self) {
        self.record.observer.clear(&self.subject, &["cannot-serve"]);
        self.record.say("listening");
    }

    fn cannot_serve(&self, target: String, error: &io::Error) {
        let why = match error.kind() {
            io::ErrorKind::AddrInUse => "another program listens there".into(),
            io::ErrorKind::AddrNotAvailable => "this machine has no such address".into(),
            io::ErrorKind::PermissionDenied => "this user may not".into(),
            _ => error.to_string(),
        };
        self.fails(&Trouble::CannotServe { target, why });
    }

    fn fails(&self, trouble: &Trouble) {
        self.record.say("failing");
        self.record.observer.raise(&self.subject, trouble);
    }

    fn wants_terminal(&self, settings: &TelegramServer) -> bool {
        settings.pty.is_some() && self.terminal.is_none()
    }

    fn open_terminal(&mut self, settings: &TelegramServer) {
        let Some(link) = settings.pty.as_ref().filter(|_| self.terminal.is_none()) else { return };
        match terminal::open(link) {
            Ok(terminal) => {
                let (mailbox, telegrams) = mpsc::channel(1);
                self.tasks.spawn(terminal.serve(telegrams, self.record.clone()));
                self.terminal = Some(mailbox);
                self.serves();
            }
            Err(error) => {
                let target = link.display().to_string();
                match link.parent().filter(|folder| error.kind() == io::ErrorKind::NotFound && !folder.exists()) {
                    Some(folder) => {
                        self.fails(&Trouble::NoPlaceToServe { target, folder: folder.display().to_string() });
                    }
                    None => self.cannot_serve(target, &error),
                }
            }
        }
    }

    fn welcome(&mut self, stream: TcpStream) {
        self.forget_the_gone();
        if self.clients.len() >= MOST_CLIENTS {
            self.record.count("clients_refused", 1);
            return;
        }
        let _ = stream.set_nodelay(true);
        let (client, attending) = Client::new(stream, self.record.clone());
        self.tasks.spawn(attending);
        if let Some(last) = self.last.as_ref().filter(|last| last.replayed || last.at.elapsed() < NEWS) {
            client.give(&last.text);
        }
        self.clients.push(client);
        self.record.count("connected", 1);
        self.record.set("clients", self.clients.len() as u64);
    }

    fn forget_the_gone(&mut self) {
        self.terminal.take_if(|terminal| terminal.is_closed());
        self.clients.retain(|client| !client.is_gone());
        self.record.set("clients", self.clients.len() as u64);
    }

    fn hand_out(&mut self, arrival: &Arrival) {
        // Figures that another program published come without a telegram.
        if arrival.telegram.is_empty() || arrival.replayed && self.last.as_ref().is_some_and(|last| !last.replayed) {
            return;
        }
        let text = as_sent(&arrival.telegram);
        self.clients.retain(|client| {
            let takes = client.give(&text);
            if !takes && !client.is_gone() {
                self.record.count("dropped_slow", 1);
            }
            takes
        });
        self.record.set("clients", self.clients.len() as u64);
        if let Some(terminal) = &self.terminal {
            let _ = terminal.try_send(Arc::clone(&text));
        }
        self.last = Some(Last { text, at: Instant::now(), replayed: arrival.replayed });
    }
}

/// The line end behind the checksum belongs to the telegram as the meter sends it; where it was not kept, it is added.
fn as_sent(telegram: &[u8]) -> Text {
    if telegram.ends_with(b"\n") { telegram.into() } else { [telegram, b"\r\n"].concat().into() }
}

fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    // Clients have what the listener has.
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(64)
}
