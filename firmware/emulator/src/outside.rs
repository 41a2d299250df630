//! Outside: the host's sockets to which meter, console and network of the chip are connected.

use std::io;
use std::net::UdpSocket;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use crate::chip::Chip;

/// What is connected.
#[derive(Default)]
pub struct Outside {
    meter: Option<Receiver<Vec<u8>>>,
    console: Option<Receiver<Vec<u8>>>,
    network: Option<UdpSocket>,
}

/// Bytes that come over a UNIX socket, from one client after the other.
fn listen(path: &Path) -> io::Result<Receiver<Vec<u8>>> {
    let _ = std::fs::remove_file(path);
    let listener = UnixListener::bind(path)?;
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            hear(client, &sender);
        }
    });
    Ok(receiver)
}

fn hear(mut client: impl io::Read, sender: &Sender<Vec<u8>>) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = client.read(&mut buffer) {
        if sender.send(buffer[..length].to_vec()).is_err() {
            return;
        }
    }
}

impl Outside {
    /// The P1 port listens at this UNIX socket.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub fn connect_meter(&mut self, path: &Path) -> io::Result<()> {
        self.meter = Some(listen(path)?);
        Ok(())
    }

    /// The console listens at this UNIX socket; what it says is on standard output.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub fn connect_console(&mut self, path: &Path) -> io::Result<()> {
        self.console = Some(listen(path)?);
        Ok(())
    }

    /// The network's frames go as datagrams from `here` to `there`, as `-netdev dgram` of QEMU has them.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub fn connect_network(&mut self, here: &str, there: &str) -> io::Result<()> {
        let socket = UdpSocket::bind(here)?;
        socket.connect(there)?;
        socket.set_nonblocking(true)?;
        self.network = Some(socket);
        Ok(())
    }

    /// Carries what has come in and out of the chip.
    pub fn exchange(&self, chip: &mut Chip) {
        let waiting = |from: &Option<Receiver<Vec<u8>>>| from.iter().flat_map(Receiver::try_iter).collect::<Vec<_>>();
        for bytes in waiting(&self.meter) {
            chip.meter_sends(&bytes);
        }
        for bytes in waiting(&self.console) {
            chip.console.send(&bytes);
        }
        if let Some(network) = &self.network {
            let mut frame = [0; 2048];
            while let Ok(length) = network.recv(&mut frame) {
                if length >= 14 {
                    chip.network.deliver(&frame[..length]);
                }
            }
        }
        self.send(chip);
    }

    /// Carries out what the chip has sent.
    pub fn send(&self, chip: &mut Chip) {
        for mut frame in chip.network.take_sent() {
            // The shortest frame on a wire.
            frame.resize(frame.len().max(60), 0);
            if let Some(network) = &self.network {
                // A frame that does not arrive is one that was lost: that happens on networks.
                let _ = network.send(&frame);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

    use super::*;

    #[test]
    fn all_bytes_of_all_clients_arrive_in_order() {
        let (sender, receiver) = channel();
        hear(&b"first "[..], &sender);
        hear(&vec![7; 10_000][..], &sender);
        let all: Vec<u8> = receiver.try_iter().flatten().collect();
        assert_eq!(all.len(), 10_006);
        assert!(all.starts_with(b"first "));
    }
}
