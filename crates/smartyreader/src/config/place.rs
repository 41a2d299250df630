//! Place: host and port, of somebody who is called or of ourselves.

use std::net::SocketAddr;

use serde::{Deserialize as _, Deserializer, de::Error as _};

/// Says what is wrong with `HOST:PORT`, if anything: a name that nobody has is not seen here.
///
/// # Errors
/// A sentence. `like` is an example.
pub(super) fn check(setting: &str, text: &str, like: &str) -> Result<(), String> {
    match text.rsplit_once(':') {
        Some((host, port)) if is_host(host) && port.parse::<u16>().is_ok_and(|port| port > 0) => Ok(()),
        _ => Err(format!("`{setting}` is a host and a port, not \"{text}\"; write it like \"{like}\"")),
    }
}

/// Whether it can be a name or an address at all.
pub(super) fn is_host(text: &str) -> bool {
    !text.is_empty() && !text.contains(|character: char| character.is_whitespace() || "/@".contains(character))
}

/// Reads where we listen, which is one of this machine's own addresses and no name.
pub(super) fn listen<'de, D: Deserializer<'de>, T: From<SocketAddr>>(deserializer: D) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse::<SocketAddr>().map(T::from).map_err(|_| {
        D::Error::custom(format!(
            "\"{text}\" is no number of an address and a port to listen on; write it like \"127.0.0.1:8090\", \
             or \"0.0.0.0:8090\" for the whole network"
        ))
    })
}
