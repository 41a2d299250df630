//! Herald: alerts on their way to a broker. Each is said once and must arrive: while the broker is away they wait, in order.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::broadcast::{self, error::RecvError};

use crate::alert::Notice;
use crate::mqtt::{Client, Message, Receipt};

/// So many may wait; the oldest is given up for the newest.
const WAITING: usize = 50;

/// Alerts for one broker.
pub(super) struct Herald {
    /// `None`: nobody says any more.
    notices: Option<broadcast::Receiver<Arc<Notice>>>,
    waiting: VecDeque<Message>,
    /// The first that waits is on its way.
    on_the_way: Option<Receipt>,
}

/// What happens.
pub(super) enum News {
    /// An alert.
    Notice(Arc<Notice>),
    /// So many came too fast.
    Missed(u64),
    /// The broker has the first.
    Arrived,
    /// It has not; it is sent again.
    Lost(String),
}

impl Herald {
    pub(super) fn new(notices: broadcast::Receiver<Arc<Notice>>) -> Self {
        Self { notices: Some(notices), waiting: VecDeque::new(), on_the_way: None }
    }

    /// The next thing that happens. May be dropped in the middle: nothing is lost.
    pub(super) async fn next(&mut self) -> News {
        let Self { notices, waiting, on_the_way } = self;
        let notice = async {
            match notices {
                Some(notices) => notices.recv().await,
                None => std::future::pending().await,
            }
        };
        let answer = async {
            match on_the_way {
                Some(receipt) => receipt.as_mut().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            notice = notice => match notice {
                Ok(notice) => News::Notice(notice),
                Err(RecvError::Lagged(missed)) => News::Missed(missed),
                Err(RecvError::Closed) => {
                    self.notices = None;
                    News::Missed(0)
                }
            },
            result = answer => {
                self.on_the_way = None;
                match result {
                    Ok(()) => {
                        waiting.pop_front();
                        News::Arrived
                    }
                    Err(why) => News::Lost(why),
                }
            }
        }
    }

    /// One more; answers how many were given up for it.
    pub(super) fn push(&mut self, message: Message) -> u64 {
        self.waiting.push_back(message);
        // What is on its way stays the first.
        let oldest = usize::from(self.on_the_way.is_some());
        u64::from(self.waiting.len() > WAITING && self.waiting.remove(oldest).is_some())
    }

    /// Sends the first that waits, unless it is on its way; answers whether it did.
    pub(super) fn send(&mut self, client: &Client) -> bool {
        let Some(first) = self.waiting.front().filter(|_| self.on_the_way.is_none()) else { return false };
        self.on_the_way = client.publish(first.clone());
        self.on_the_way.is_some()
    }

    /// Whether something is on its way.
    pub(super) const fn is_waiting(&self) -> bool {
        self.on_the_way.is_some()
    }
}
