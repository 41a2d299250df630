//! Fetch: the task that gets an image which a notice tells of. Plain HTTP: the signature proves the image.

use core::cell::RefCell;
use core::fmt::Write as _;

use embassy_futures::select::{Either, select};
use embassy_net::Stack;
use embassy_net::tcp::TcpSocket;
use embassy_time::{Duration, Timer, with_timeout};
use embedded_io_async::Write as _;
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
    let Some(key) = state.with_settings(key) else { return Ok(false) };
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
    let gone = |_| why(format_args!("{} does not send the image.", notice.host));
    with_timeout(STEP, socket.connect((address, notice.port)))
        .await
        .map_err(|_| why(format_args!("{} does not answer.", notice.host)))?
        .map_err(|_| why(format_args!("{} does not answer.", notice.host)))?;
    let mut request = String::<REQUEST>::new();
    // Version 1.0: the image comes in one piece, and the connection ends with it.
    let _ = write!(request, "GET {} HTTP/1.0\r\nHost: {}\r\nConnection: close\r\n\r\n", notice.path, notice.host);
    socket.write_all(request.as_bytes()).await.map_err(gone)?;
    let mut install = Install::new(key, Asked::ByNotice, Some(notice.version));
    let (mut head, mut bytes) = (Head::default(), [0; 512]);
    loop {
        let length = socket.read(&mut bytes).await.map_err(gone)?;
        let mut update = update.borrow_mut();
        let Some(updater) = update.as_mut() else { return Ok(false) };
        if length == 0 {
            return match install.finish(updater) {
                Ok(_) => Ok(true),
                Err(error) => Err(why(format_args!("{error}"))),
            };
        }
        let image =
            head.take(&bytes[..length]).map_err(|()| why(format_args!("{} does not have the image.", notice.host)))?;
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
    use proptest::prelude::*;

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
