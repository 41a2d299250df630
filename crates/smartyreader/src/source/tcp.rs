//! TCP: a network dongle or ser2net, which repeats the bytes of a port.

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Refusal, Stream};
use crate::config::Source;

const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn open(settings: &Source) -> Result<Stream, Refusal> {
    let address = settings.address.as_deref().unwrap_or_default();
    let connected = match timeout(PATIENCE, TcpStream::connect(address)).await {
        Ok(connected) => connected,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    };
    match connected {
        Ok(stream) => Ok(Box::pin(stream)),
        Err(error) => Err(Refusal {
            advice: "Is the device on, in the same network, and is the port number right? It is tried again all the time.",
            error,
        }),
    }
}
