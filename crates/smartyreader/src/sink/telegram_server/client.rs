//! Client: one program that reads telegrams over TCP.

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{self, Receiver, Sender, error::TrySendError};
use tokio::sync::oneshot;

use super::{Record, Text};

/// A client has nothing to say; this much between two telegrams is not meant for us.
const MOST_HEARD: usize = 64 * 1024;

/// The server's end.
pub(super) struct Client {
    /// Holds the telegram after the one that is being sent.
    mailbox: Sender<Text>,
    /// Dropped with this: the connection is closed, whatever is half sent.
    _stay: oneshot::Sender<()>,
}

impl Client {
    /// A client, and what must run for it.
    pub(super) fn new(stream: TcpStream, record: Record) -> (Self, impl Future<Output = ()> + use<>) {
        let (mailbox, telegrams) = mpsc::channel(1);
        let (stay, leave) = oneshot::channel();
        let attending = async move {
            tokio::select! {
                () = attend(stream, telegrams, &record) => {}
                _ = leave => {}
            }
        };
        (Self { mailbox, _stay: stay }, attending)
    }

    /// Gives it a telegram. False: it is gone, or has not taken the one before the last.
    pub(super) fn give(&self, text: &Text) -> bool {
        match self.mailbox.try_send(Arc::clone(text)) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Closed(_)) => false,
        }
    }

    pub(super) fn is_gone(&self) -> bool {
        self.mailbox.is_closed()
    }
}

/// Sends what is in the mailbox, and reads what comes to forget it.
async fn attend(mut stream: TcpStream, mut mailbox: Receiver<Text>, record: &Record) {
    let (mut from, mut to) = stream.split();
    let (mut sending, mut sent): (Option<Text>, usize) = (None, 0);
    // Who has said everything that there was to say may still listen.
    let (mut talks, mut heard) = (true, 0);
    let mut buffer = [0; 512];
    loop {
        let rest = sending.as_ref().map_or(&[][..], |text| &text[sent..]);
        tokio::select! {
            written = to.write(rest), if sending.is_some() => {
                let Ok(1..) = written else { return };
                sent += written.unwrap_or(0);
                if sending.as_ref().is_some_and(|text| text.len() == sent) {
                    (sending, sent, heard) = (None, 0, 0);
                    record.count("served", 1);
                }
            }
            next = mailbox.recv(), if sending.is_none() => match next {
                Some(text) => sending = Some(text),
                None => return,
            },
            read = from.read(&mut buffer), if talks => match read {
                Ok(0) => talks = false,
                Ok(read) => {
                    heard += read;
                    if heard > MOST_HEARD {
                        record.count("dropped_talking", 1);
                        return;
                    }
                }
                Err(_) => return,
            },
        }
    }
}
