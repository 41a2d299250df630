//! Fetch: the task that gets an image which a notice tells of. Plain HTTP: the signature proves the image.

use core::cell::RefCell;
use core::fmt::Write as _;

use embassy_futures::select::{Either, select};
use embassy_net::Stack;
use embassy_net::tcp::TcpSocket;
use embassy_time::{Duration, Timer, with_timeout};
use embedded_io_async::{Read, Write};
use embedded_storage::nor_flash::NorFlash;
use heapless::{String, Vec};

use super::install::Install;
use super::notice::{Notice, URL};
use super::updater::Updater;
use super::{Asked, key};
use crate::board::Reason;
use crate::net;
use crate::state::{NOTICE, State};

/// A server that says nothing for so long is gone.
const STEP: Duration = Duration::from_secs(20);
/// After an image that could not be had.
const AGAIN: Duration = Duration::from_secs(600);
/// Bytes on their way in: the flash takes longer than the network.
const INCOMING: usize = 1024;
/// A request has an address and some words.
const REQUEST: usize = URL + 96;

/// Gets what the broker's notice tells of, and starts it on trial.
pub(crate) async fn fetch_noticed<F: NorFlash>(
    stack: Stack<'static>,
    update: &RefCell<Option<Updater<F>>>,
    state: &'static State,
    reset: fn(Reason) -> !,
) -> ! {
    let mut notice = state.notice.wait().await;
    loop {
        match fetch(stack, &notice, update, state).await {
            Ok(true) => {
                log::info!("an image was fetched; it starts on trial");
                Timer::after_secs(1).await;
                reset(Reason::Update)
            }
            // Nothing to do until there is another notice.
            Ok(false) => notice = state.notice.wait().await,
            Err(why) => {
                log::warn!("{why} It is tried again in ten minutes.");
                if let Either::First(newer) = select(state.notice.wait(), Timer::after(AGAIN)).await {
                    notice = newer;
                }
            }
        }
    }
}

/// A sentence.
type Why = String<160>;

fn why(sentence: core::fmt::Arguments<'_>) -> Why {
    let mut why = Why::new();
    // A sentence that does not fit is cut off.
    let _ = why.write_fmt(sentence);
    why
}

/// Whether there is a new image now.
async fn fetch<F: NorFlash>(
    stack: Stack<'static>,
    notice: &Vec<u8, NOTICE>,
    update: &RefCell<Option<Updater<F>>>,
    state: &'static State,
) -> Result<bool, Why> {
    let notice = match Notice::parse(notice) {
        Ok(Some(notice)) => notice,
        Ok(None) => return Ok(false),
        Err(error) => {
            log::warn!("{error}");
            return Ok(false);
        }
    };
    let Some(trusted) = state.with_settings(key) else { return Ok(false) };
    let wanted = update.borrow().as_ref().map(|updater| updater.wants(notice.version, Asked::ByNotice));
    match wanted {
        None => return Ok(false),
        Some(Err(super::Refusal::OnTrial)) => return Err(why(format_args!("The running version is on trial."))),
        Some(Err(refusal)) => {
            log::info!("{refusal}");
            return Ok(false);
        }
        Some(Ok(())) => {}
    }
    let (mut incoming, mut outgoing) = ([0; INCOMING], [0; REQUEST]);
    let mut socket = TcpSocket::new(stack, &mut incoming, &mut outgoing);
    socket.set_timeout(Some(STEP));
    let Ok(Some(address)) = with_timeout(STEP, net::resolve(stack, notice.host)).await else {
        return Err(why(format_args!("Nobody knows {}.", notice.host)));
    };
    match with_timeout(STEP, socket.connect((address, notice.port))).await {
        Ok(Ok(())) => receive(socket, &notice, trusted, update).await.map(|()| true),
        _ => Err(why(format_args!("{} does not answer.", notice.host))),
    }
}

/// Asks for the image and installs it.
async fn receive<IO: Read + Write, F: NorFlash>(
    mut io: IO,
    notice: &Notice<'_>,
    trusted: [u8; 32],
    update: &RefCell<Option<Updater<F>>>,
) -> Result<(), Why> {
    let gone = |_| why(format_args!("{} does not send the image.", notice.host));
    let mut request = String::<REQUEST>::new();
    // Version 1.0: the image comes in one piece, and the connection ends with it. It fits: see the address's length.
    let _ = write!(request, "GET {} HTTP/1.0\r\nHost: {}\r\nConnection: close\r\n\r\n", notice.path, notice.host);
    io.write_all(request.as_bytes()).await.map_err(gone)?;
    io.flush().await.map_err(gone)?;
    let mut install = Install::new(trusted, Asked::ByNotice, Some(notice.version));
    let (mut head, mut bytes) = (Head::default(), [0; 512]);
    loop {
        let length = io.read(&mut bytes).await.map_err(gone)?;
        let mut update = update.borrow_mut();
        let Some(updater) = update.as_mut() else { return Err(why(format_args!("This board takes no update."))) };
        if length == 0 {
            return install.finish(updater).map(drop).map_err(|error| why(format_args!("{error}")));
        }
        let image = head.take(&bytes[..length]);
        let image = image.map_err(|()| why(format_args!("{} does not have the image.", notice.host)))?;
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
    use crate::common::Flash;
    use crate::update::{Layout, Slot, Version, signed_part};
    use core::convert::Infallible;
    use ed25519_dalek::{Signer, SigningKey};
    use embassy_futures::block_on;
    use embedded_io_async::ErrorType;
    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

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
        const SLOT: u32 = 4 * 4096;
        let signer = SigningKey::from_bytes(&[3; 32]);
        let version = Version([0, 2, 0]);
        let image: std::vec::Vec<u8> = (0..9000).map(|at| (at * 7) as u8).collect();
        let part = signed_part("virt", version, 9000, &Sha256::digest(&image).into()).unwrap();
        let file = [&part[..], &signer.sign(&part).to_bytes(), &image].concat();
        let notice = Notice::parse(br#"{"version":"0.2.0","url":"http://nas.local:8080/a.img"}"#).unwrap().unwrap();
        let fetch = |answer: &[u8]| {
            let slot = |from: u32| from..from + SLOT;
            let layout =
                Layout { choice: 0..0x2000, trial: 0x2000..0x6000, slots: [slot(0x6000), slot(0x6000 + SLOT)] };
            let flash = Flash::new((0x6000 + 2 * SLOT as usize) / 4096);
            let updater = Updater::load(flash, layout, Slot::A, "virt", Version([0, 1, 0])).unwrap();
            let (update, asked) = (RefCell::new(Some(updater)), RefCell::default());
            let server = Server { answer, asked: &asked };
            let got = block_on(receive(server, &notice, *signer.verifying_key().as_bytes(), &update));
            assert_eq!(asked.take(), "GET /a.img HTTP/1.0\r\nHost: nas.local\r\nConnection: close\r\n\r\n");
            let on_trial = update.borrow().as_ref().unwrap().on_trial();
            assert_eq!(got.is_ok(), on_trial);
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
