//! Words: what the system says of a port or a connection, as people say it.

use std::io;

/// An error in words that people know.
pub(crate) fn of_io(error: &io::Error) -> String {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::NotFound => "it does not exist".into(),
        Kind::PermissionDenied => "this user may not open it".into(),
        Kind::ConnectionRefused => "nothing listens there".into(),
        Kind::TimedOut => "no answer".into(),
        Kind::UnexpectedEof | Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => {
            "the connection was closed at the other end".into()
        }
        Kind::HostUnreachable | Kind::NetworkUnreachable => "there is no way to that host".into(),
        _ => error.to_string(),
    }
}
