//! Web: an image from a web server. Plain HTTP: the signature proves the image.

use core::cell::RefCell;
use core::fmt::Write as _;

use embassy_net::Stack;
use embassy_net::tcp::TcpSocket;
use embassy_time::{Duration, with_timeout};
use embedded_io_async::{Read, Write};
use embedded_storage::nor_flash::NorFlash;
use heapless::{String, Vec};

use super::fetch::{Why, why};
use super::install::Install;
use super::notice::URL;
use super::updater::Updater;
use crate::net;

/// A server that says nothing for so long is gone.
const STEP: Duration = Duration::from_secs(20);
/// Bytes on their way in: the flash takes longer than the network.
const INCOMING: usize = 1024;
/// A request has an address and some words.
const REQUEST: usize = URL + 96;

/// Where it is: host, port, path.
pub(super) type Address<'a> = (&'a str, u16, &'a str);

/// Gets an image and puts it on trial.
///
/// # Errors
/// Why not, in a sentence.
pub(super) async fn download<F: NorFlash>(
    stack: Stack<'static>,
    address: Address<'_>,
    install: Install,
    update: &RefCell<Option<Updater<F>>>,
) -> Result<(), Why> {
    let (host, port, _) = address;
    let (mut incoming, mut outgoing) = ([0; INCOMING], [0; REQUEST]);
    let mut socket = TcpSocket::new(stack, &mut incoming, &mut outgoing);
    socket.set_timeout(Some(STEP));
    let Ok(Some(at)) = with_timeout(STEP, net::resolve(stack, host)).await else {
        return Err(why(format_args!("Nobody knows {host}.")));
    };
    match with_timeout(STEP, socket.connect((at, port))).await {
        Ok(Ok(())) => receive(socket, address, install, update).await,
        _ => Err(why(format_args!("{host} does not answer."))),
    }
}

/// Asks for the image and installs it.
async fn receive<IO: Read + Write, F: NorFlash>(
    mut io: IO,
    (host, _, path): Address<'_>,
    mut install: Install,
    update: &RefCell<Option<Updater<F>>>,
) -> Result<(), Why> {
    let gone = |_| why(format_args!("{host} does not send the image."));
    let mut request = String::<REQUEST>::new();
    // Version 1.0: the image comes in one piece, and the connection ends with it. It fits: see the address's length.
    let _ = write!(request, "GET {path} HTTP/1.0\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    io.write_all(request.as_bytes()).await.map_err(gone)?;
    io.flush().await.map_err(gone)?;
    let (mut head, mut bytes) = (Head::default(), [0; 512]);
    loop {
        let length = io.read(&mut bytes).await.map_err(gone)?;
        let mut update = update.borrow_mut();
        let Some(updater) = update.as_mut() else { return Err(why(format_args!("This board takes no update."))) };
        if length == 0 {
            return install.finish(updater).map(drop).map_err(|error| why(format_args!("{error}")));
        }
        let image = head.take(&bytes[..length]);
        let image = image.map_err(|()| why(format_args!("{host} does not have the image.")))?;
        install.take(updater, image).map_err(|error| why(format_args!("{error}")))?;
    }
}

/// The head of an answer, which comes before the image in pieces of any size.
#[derive(Debug, Default)]
struct Head {
    /// `HTTP/1.1 200`
    status: Vec<u8, 12>,
    /// How many bytes of the empty line have been seen.
    end: usize,
}

impl Head {
    /// What of these bytes is behind the head.
    ///
    /// # Errors
    /// The server does not have it.
    fn take<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], ()> {
        const END: &[u8] = b"\r\n\r\n";
        let mut at = 0;
        while self.end < END.len() {
            let Some(&byte) = bytes.get(at) else { return Ok(&[]) };
            at += 1;
            // Beyond the status there is nothing to know.
            let _ = self.status.push(byte);
            self.end = match self.end {
                end if byte == END[end] => end + 1,
                _ => usize::from(byte == b'\r'),
            };
            if self.status.is_full() && !(self.status.starts_with(b"HTTP/1.") && self.status.ends_with(b" 200")) {
                return Err(());
            }
        }
        Ok(&bytes[at..])
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.
    extern crate std;

    use super::*;
    use crate::update::example;
    use core::convert::Infallible;
    use embassy_futures::block_on;
    use embedded_io_async::ErrorType;
    use proptest::prelude::*;

    /// A web server that sends this, and what it was asked.
    struct Server<'a> {
        answer: &'a [u8],
        asked: &'a RefCell<std::string::String>,
    }

    impl ErrorType for Server<'_> {
        type Error = Infallible;
    }

    impl Read for Server<'_> {
        async fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Infallible> {
            // In pieces as a network has them.
            let length = self.answer.len().min(bytes.len()).min(377);
            let (now, later) = self.answer.split_at(length);
            bytes[..length].copy_from_slice(now);
            self.answer = later;
            Ok(length)
        }
    }

    impl Write for Server<'_> {
        async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
            self.asked.borrow_mut().push_str(core::str::from_utf8(bytes).unwrap());
            Ok(bytes.len())
        }

        async fn flush(&mut self) -> Result<(), Infallible> {
            Ok(())
        }
    }

    #[test]
    fn an_image_is_fetched_and_starts_on_trial() {
        let file = example::file();
        let address = ("nas.local", 8080, "/a.img");
        let fetch = |answer: &[u8]| {
            let (update, asked) = (example::board(example::flash()), RefCell::default());
            let server = Server { answer, asked: &asked };
            let got = block_on(receive(server, address, example::install(), &update));
            assert_eq!(asked.take(), "GET /a.img HTTP/1.0\r\nHost: nas.local\r\nConnection: close\r\n\r\n");
            assert_eq!(got.is_ok(), example::is_on_trial(&update));
            got.map_err(|why| std::string::String::from(why.as_str()))
        };
        let answer = [b"HTTP/1.0 200 OK\r\nContent-Type: x\r\n\r\n", &file[..]].concat();
        assert_eq!(fetch(&answer), Ok(()));
        let sorry = fetch(b"HTTP/1.0 404 Not Found\r\n\r\n<html>").unwrap_err();
        assert_eq!(sorry, "nas.local does not have the image.");
        for wrong in [&answer[..5000], b"HTTP/1.0 200 OK\r\n\r\n", b""] {
            let sorry = fetch(wrong).unwrap_err();
            assert!(sorry.contains("ended too early"), "{sorry}");
        }
        let mut damaged = answer.clone();
        damaged[4000] ^= 1;
        assert!(fetch(&damaged).unwrap_err().contains("reads back differently"));
    }

    proptest! {
        #[test]
        fn the_image_is_what_is_behind_the_head(image in proptest::collection::vec(any::<u8>(), 0..200), pieces in 1..60_usize) {
            let answer = [b"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 7\r\n\r\n", &image[..]].concat();
            let mut head = Head::default();
            let taken: std::vec::Vec<u8> =
                answer.chunks(pieces).flat_map(|piece| head.take(piece).unwrap()).copied().collect();
            prop_assert_eq!(taken, image);
        }
    }

    #[test]
    fn what_is_not_there_is_not_taken() {
        for answer in [&b"HTTP/1.1 404 Not Found\r\n\r\nno"[..], b"HTTP/1.0 301 Moved\r\n\r\n", b"SSH-2.0-OpenSSH_9"] {
            assert_eq!(Head::default().take(answer), Err(()));
        }
    }
}
