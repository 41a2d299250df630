//! UDP log: each line of the log as a datagram to a host that listens, for example with `nc -kulw 0 6666`.
//!
//! The same lines that go to standard error, at the same level. They hold no keys and no telegrams. Nothing waits for
//! them: a line that cannot be sent at once is not sent.

use std::io::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// A host's name is looked up again this often once it is known, and before.
const KNOWN: Duration = Duration::from_mins(10);
const UNKNOWN: Duration = Duration::from_secs(10);
/// What fits into one packet of any network: a longer line is cut.
const LONGEST: usize = 1400;

/// Sends lines.
#[derive(Clone, Debug)]
pub struct UdpLog {
    /// `None`: not known yet.
    host: Arc<Mutex<Option<SocketAddr>>>,
    /// One for each kind of address.
    sockets: Arc<[Option<UdpSocket>; 2]>,
}

impl UdpLog {
    /// Sends to `HOST:PORT`. A name is looked up beside everything else, however long that takes.
    pub fn open(target: &str) -> Self {
        let host = Arc::new(Mutex::new(target.parse().ok()));
        let known: Option<SocketAddr> = *host.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_none() {
            let (host, target) = (Arc::clone(&host), target.to_string());
            let lookup = thread::Builder::new().name("udp-log".into()).stack_size(128 * 1024);
            // A system that cannot start a thread has lines on standard error still.
            let _ = lookup.spawn(move || look_up(&host, &target));
        }
        let sockets = [socket(Ipv4Addr::UNSPECIFIED.into()), socket(Ipv6Addr::UNSPECIFIED.into())];
        Self { host, sockets: Arc::new(sockets) }
    }

    fn send(&self, line: &[u8]) {
        let Some(host) = *self.host.lock().unwrap_or_else(PoisonError::into_inner) else { return };
        let Some(socket) = &self.sockets[usize::from(host.is_ipv6())] else { return };
        if line.len() <= LONGEST {
            let _ = socket.send_to(line, host);
            return;
        }
        // Cut where a character begins.
        let end = (0..LONGEST).rev().find(|&at| line[at] & 0xC0 != 0x80).unwrap_or(0);
        let mut cut = line[..end].to_vec();
        cut.push(b'\n');
        let _ = socket.send_to(&cut, host);
    }
}

fn socket(from: std::net::IpAddr) -> Option<UdpSocket> {
    let socket = UdpSocket::bind((from, 0)).ok()?;
    socket.set_nonblocking(true).ok()?;
    // The address of a whole network is as good as that of a host.
    let _ = socket.set_broadcast(true);
    Some(socket)
}

fn look_up(host: &Mutex<Option<SocketAddr>>, target: &str) {
    loop {
        let found = target.to_socket_addrs().ok().and_then(|mut found| found.next());
        if found.is_some() {
            *host.lock().unwrap_or_else(PoisonError::into_inner) = found;
        }
        thread::sleep(if found.is_some() { KNOWN } else { UNKNOWN });
    }
}

/// One line, written as a whole.
impl Write for &UdpLog {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.send(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for UdpLog {
    type Writer = &'a UdpLog;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_datagram_and_a_long_one_is_cut_between_characters() {
        let listener = UdpSocket::bind("127.0.0.1:0").unwrap();
        listener.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut buffer = [0; 4000];
        for target in [listener.local_addr().unwrap(), listener.local_addr().unwrap()] {
            let log = UdpLog::open(&target.to_string());
            (&log).write_all(b"one line\n").unwrap();
            let length = listener.recv(&mut buffer).unwrap();
            assert_eq!(&buffer[..length], b"one line\n");
            let long = format!("{}\n", "ä".repeat(1000));
            (&log).write_all(long.as_bytes()).unwrap();
            let length = listener.recv(&mut buffer).unwrap();
            let text = std::str::from_utf8(&buffer[..length]).unwrap();
            assert_eq!(text, format!("{}\n", "ä".repeat(699)));
        }
    }

    #[test]
    fn a_name_is_looked_up() {
        let listener = UdpSocket::bind("127.0.0.1:0").unwrap();
        listener.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let log = UdpLog::open(&format!("localhost:{}", listener.local_addr().unwrap().port()));
        let mut buffer = [0; 100];
        let arrived = (0..200).any(|_| {
            let _ = (&log).write_all(b"x\n");
            listener.recv(&mut buffer).is_ok()
        });
        assert!(arrived || log.host.lock().unwrap().is_some_and(|host| host.is_ipv6()));
    }
}
