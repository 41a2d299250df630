//! TCP: a network dongle or ser2net, which repeats the bytes of a port.

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Stream;
use crate::config::Source;
use crate::doctor::Cause;
use crate::words;

const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn open(settings: &Source) -> Result<Stream, Cause> {
    let address = settings.address.as_deref().unwrap_or_default();
    let connected = match timeout(PATIENCE, TcpStream::connect(address)).await {
        Ok(connected) => connected,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    };
    match connected {
        Ok(stream) => Ok(Box::pin(stream)),
        Err(error) => Err(Cause::Unreachable {
            target: address.to_string(),
            why: words::of_io(&error),
            advice: "Is the device on, in the same network, and is the port number right? It is tried again all the time.",
        }),
    }
}
