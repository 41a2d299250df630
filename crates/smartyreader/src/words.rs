//! Words: what the system says of a port or a connection, and numbers, as people say them.

use std::fmt::Write as _;
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

/// `SAGgp01BD54 (serial number ends in 114004)`: as much as people can compare with the meter's plate.
pub fn title_text(title: [u8; 8]) -> String {
    let mut text: String =
        title.iter().take(5).filter(|byte| byte.is_ascii_graphic()).map(|&byte| byte as char).collect();
    for byte in &title[5..] {
        let _ = write!(text, "{byte:02X}");
    }
    let serial = u32::from_be_bytes([0, title[5], title[6], title[7]]);
    let _ = write!(text, " (serial number ends in {serial})");
    text
}

/// `once`, `3 times`.
pub fn times(count: u64) -> String {
    if count == 1 { "once".into() } else { format!("{count} times") }
}

/// Seconds in the largest unit that says enough.
pub fn duration(seconds: i64) -> String {
    match seconds {
        1 => "1 second".into(),
        0..120 => format!("{seconds} seconds"),
        120..7200 => format!("{} minutes", seconds / 60),
        7200..172_800 => format!("{} hours", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_can_be_compared_with_the_plate() {
        let text = title_text(*b"SAGgp\x01\xBD\x54");
        assert_eq!(text, "SAGgp01BD54 (serial number ends in 114004)");
    }
}
