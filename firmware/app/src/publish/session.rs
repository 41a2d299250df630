//! Session: one live connection to the broker, and messages that are written straight into its buffer.

use core::fmt::{Display, Write};

use embassy_time::{Duration, TimeoutError, with_timeout};
use minimq::{Connection, Error, Io, Op, PeerError, PubError, Publication, QoS, ResourceError, TopicFilter};

use crate::state::State;

/// A broker that has not answered for so long is away.
const PATIENCE: Duration = Duration::from_secs(20);

/// So many subscriptions may wait for the broker's answer: minimq keeps no more.
const WAITING: usize = 8;

/// A topic. Names and identifiers are shorter than this; what is not is not sent.
pub(crate) type Path = heapless::String<192>;

/// The connection broke, for this reason as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken(pub(crate) &'static str);

/// A message as it is made.
pub(crate) struct Message<'a> {
    pub(crate) topic: &'a str,
    pub(crate) body: &'a dyn Display,
    pub(crate) certain: bool,
    pub(crate) retained: bool,
}

/// Something that the broker sent us.
pub(crate) trait Inbox {
    /// Takes a message.
    fn message(&mut self, topic: &str, payload: &[u8], retained: bool);
    /// Hears that the broker does not do this for us; it is what [`Session::subscribe`] answered.
    fn refused(&mut self, subscription: Op);
}

/// One live connection.
pub(crate) struct Session<'c, 'a, 'b, IO> {
    connection: &'c mut Connection<'a, 'b, IO>,
    state: &'static State,
    /// The subscriptions that wait for the broker's answer.
    waiting: heapless::Vec<Op, WAITING>,
}

impl<'c, 'a, 'b, IO: Io> Session<'c, 'a, 'b, IO> {
    pub(crate) fn new(connection: &'c mut Connection<'a, 'b, IO>, state: &'static State) -> Self {
        Self { connection, state, waiting: heapless::Vec::new() }
    }

    /// Waits for something to happen on the line.
    pub(crate) async fn turn(&mut self, inbox: &mut impl Inbox) -> Result<(), Broken> {
        self.forget_answered();
        let error = match self.connection.poll().await {
            Ok(Some(message)) => {
                inbox.message(message.topic(), message.payload(), message.retained());
                return Ok(());
            }
            Ok(None) => return Ok(()),
            Err(error) => error,
        };
        let subscription = self.refused_subscription(&error).ok_or_else(|| broken(&error))?;
        inbox.refused(subscription);
        Ok(())
    }

    /// The subscription that the broker refuses with this, and the connection lives on. A message that is refused is none: it
    /// must not count as sent.
    ///
    /// minimq says that something was refused, not what. With each turn it takes one answer: the subscription that waited
    /// before and waits no more is it.
    fn refused_subscription(&self, error: &Error<IO::Error>) -> Option<Op> {
        if !matches!(error, Error::Peer(PeerError::Rejected(_))) {
            return None;
        }
        self.waiting.iter().find(|op| !self.connection.is_pending(op)).copied()
    }

    fn forget_answered(&mut self) {
        self.waiting.retain(|op| self.connection.is_pending(op));
    }

    fn wait_for(&mut self, subscription: Option<Op>) {
        self.forget_answered();
        // There is room: see its length.
        let _ = subscription.map(|op| self.waiting.push(op));
    }

    /// Subscribes; `None`: there is no room for that now. The broker sends what it keeps there, or refuses.
    pub(crate) async fn subscribe(&mut self, topic: &str) -> Result<Option<Op>, Broken> {
        let filters = [TopicFilter::new(topic)];
        let asked = admitted(with_timeout(PATIENCE, self.connection.subscribe(&filters, &[])).await)?;
        self.wait_for(asked);
        Ok(asked)
    }

    /// Takes that back; `false`: there is no room for that now.
    pub(crate) async fn unsubscribe(&mut self, topic: &str) -> Result<bool, Broken> {
        let asked = admitted(with_timeout(PATIENCE, self.connection.unsubscribe(&[topic], &[])).await)?;
        self.wait_for(asked);
        Ok(asked.is_some())
    }

    /// Sends a message as soon as there is room for it. The answer is what to ask [`Session::is_there`] about.
    pub(crate) async fn send(&mut self, message: &Message<'_>, inbox: &mut impl Inbox) -> Result<Option<Op>, Broken> {
        let sending = async {
            loop {
                match self.try_send(message).await? {
                    Sent::Done(op) => return Ok(op),
                    Sent::TooLong => {
                        self.state.change_link(|link| link.too_long += 1);
                        return Ok(None);
                    }
                    // Answers of the broker make room.
                    Sent::NoRoom => self.turn(inbox).await?,
                }
            }
        };
        with_timeout(PATIENCE, sending).await.unwrap_or(Err(Broken("the broker does not answer")))
    }

    /// Sends a message if there is room for it now.
    pub(crate) async fn try_send(&mut self, message: &Message<'_>) -> Result<Sent, Broken> {
        let qos = if message.certain { QoS::AtLeastOnce } else { QoS::AtMostOnce };
        let mut publication = Publication::new(message.topic, Body(message.body)).qos(qos);
        if message.retained {
            publication = publication.retain();
        }
        let quiescent = self.connection.session().is_publish_quiescent();
        match self.connection.publish(publication).await {
            Ok(op) => {
                self.state.change_link(|link| link.sent = link.sent.wrapping_add(1));
                Ok(Sent::Done(op))
            }
            // With nothing else in the buffer there will never be more room.
            Err(
                PubError::Payload(TooLong)
                | PubError::Session(Error::Resource(ResourceError::BufferTooSmall | ResourceError::PacketTooLarge)),
            ) if quiescent => Ok(Sent::TooLong),
            Err(PubError::Payload(TooLong) | PubError::Session(Error::NotReady | Error::Resource(_))) => {
                Ok(Sent::NoRoom)
            }
            Err(PubError::Session(error)) => Err(broken(&error)),
        }
    }

    /// Passes bytes on as they are. Nobody waits for the next ones if these cannot go now.
    pub(crate) async fn relay(&mut self, topic: &str, bytes: &[u8]) -> Result<(), Broken> {
        match self.connection.publish(Publication::bytes(topic, bytes)).await {
            Ok(_) => self.state.change_link(|link| link.sent = link.sent.wrapping_add(1)),
            Err(PubError::Session(error)) if !matches!(error, Error::NotReady | Error::Resource(_)) => {
                return Err(broken(&error));
            }
            Err(_) => self.state.change_link(|link| link.live_skipped = link.live_skipped.wrapping_add(1)),
        }
        Ok(())
    }

    /// What became of a message that was sent for certain.
    pub(crate) fn state_of(&self, op: Op) -> Delivery {
        if self.connection.is_complete(&op) {
            Delivery::There
        } else if self.connection.is_pending(&op) {
            Delivery::OnItsWay
        } else {
            Delivery::Lost
        }
    }
}

/// What became of a message that was to be sent.
pub(crate) enum Sent {
    /// On its way.
    Done(Option<Op>),
    /// Not now.
    NoRoom,
    /// Never.
    TooLong,
}

/// What became of a message that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// The broker has it.
    There,
    /// It may have it.
    OnItsWay,
    /// It was forgotten with the session.
    Lost,
}

/// A body that is written straight into the connection's buffer.
struct Body<'a>(&'a dyn Display);

/// The buffer is too small for it.
pub(crate) struct TooLong;

impl minimq::ToPayload for Body<'_> {
    type Error = TooLong;

    fn serialize(self, buffer: &mut [u8]) -> Result<usize, TooLong> {
        let mut cursor = Cursor { buffer, length: 0 };
        write!(cursor, "{}", self.0).map_err(|_| TooLong)?;
        Ok(cursor.length)
    }
}

struct Cursor<'a> {
    buffer: &'a mut [u8],
    length: usize,
}

impl Write for Cursor<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let end = self.length + text.len();
        self.buffer.get_mut(self.length..end).ok_or(core::fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

/// The request that is on its way, if there was room.
fn admitted<E>(asked: Result<Result<Op, Error<E>>, TimeoutError>) -> Result<Option<Op>, Broken> {
    match asked {
        Ok(Ok(op)) => Ok(Some(op)),
        Ok(Err(Error::NotReady | Error::Resource(_))) => Ok(None),
        Ok(Err(error)) => Err(broken(&error)),
        Err(_) => Err(Broken("the broker does not answer")),
    }
}

fn broken<E>(error: &Error<E>) -> Broken {
    Broken(match error {
        Error::Peer(_) => "the broker refuses; are user, password and rights there right?",
        Error::Transport(_) | Error::WriteZero => "the connection broke",
        Error::Disconnected => "the broker is gone",
        _ => "the broker does not understand us",
    })
}

/// The same for the first words.
pub(crate) fn refused<E>(error: &Error<E>) -> Broken {
    broken(error)
}
