//! News: what is heard from the broker. That Home Assistant has started, the notice of an update, and the update.

use minimq::Op;

use super::pull::Pull;
use super::session::{Inbox, Path};
use crate::state::{Heard, State};

/// See the module.
pub(super) struct News<'a> {
    /// Where Home Assistant says that it has started.
    pub(super) birth: Path,
    /// Whether it has.
    pub(super) born: bool,
    /// The update in chunks, and where its notice is.
    pub(super) pull: Pull<'a>,
    /// The subscriptions of this connection: the notice, and that Home Assistant has started.
    pub(super) subscribed: [Option<Op>; 2],
    pub(super) state: &'static State,
}

impl Inbox for News<'_> {
    fn message(&mut self, topic: &str, payload: &[u8], retained: bool) {
        // Kept by the broker, it says nothing about now.
        self.born |= topic == self.birth.as_str() && payload == b"online" && !retained;
        if !self.pull.message(topic, payload) && topic == self.pull.base().as_str() {
            match payload.try_into() {
                Ok(text) => self.state.notice.signal(Heard { text, retained }),
                Err(_) => log::warn!("the notice of an update is too long"),
            }
        }
    }

    fn refused(&mut self, subscription: Op) {
        let topics = [self.pull.base(), &self.birth];
        let refused = self.subscribed.iter().position(|subscribed| *subscribed == Some(subscription));
        match refused.and_then(|at| topics.get(at)) {
            // Without it there is everything else.
            Some(topic) => log::warn!("the broker does not let us read {topic}; allow it there"),
            None => self.pull.refused(subscription),
        }
    }
}
