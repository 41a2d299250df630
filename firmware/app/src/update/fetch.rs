//! Fetch: the task that gets an image which a notice tells of.

use core::cell::RefCell;
use core::fmt::Write as _;

use embassy_futures::select::{Either, select};
use embassy_net::Stack;
use embassy_time::{Duration, Timer};
use embedded_storage::nor_flash::NorFlash;
use heapless::String;

use super::chunks::Chunks;
use super::install::Install;
use super::notice::{Notice, Place};
use super::updater::Updater;
use super::web::download;
use super::{Asked, Refusal, key};
use crate::board::Reason;
use crate::state::{Heard, State};

/// After an image that could not be had: doubled from the first to the second. A day in the end: each try may erase the slot,
/// and the flash bears that 100,000 times.
const AGAIN: (Duration, Duration) = (Duration::from_secs(600), Duration::from_secs(86_400));

/// A sentence.
pub(crate) type Why = String<160>;

pub(super) fn why(sentence: core::fmt::Arguments<'_>) -> Why {
    let mut why = Why::new();
    // A sentence that does not fit is cut off.
    let _ = why.write_fmt(sentence);
    why
}

/// Gets what the broker's notice tells of, and starts it on trial.
pub(crate) async fn fetch_noticed<F: NorFlash>(
    stack: Stack<'static>,
    update: &RefCell<Option<Updater<F>>>,
    chunks: &Chunks<'_, F>,
    state: &'static State,
    reset: fn(Reason) -> !,
) -> ! {
    let mut notice = state.notice.wait().await;
    let mut pause = AGAIN.0;
    loop {
        let next = match unless_newer(state, &notice, fetch(stack, &notice, update, chunks, state)).await {
            Either::Second(newer) => Some(newer),
            Either::First(Ok(true)) => {
                log::info!("an image was fetched; it starts on trial");
                Timer::after_secs(1).await;
                reset(Reason::Update)
            }
            // Nothing to do until there is another notice.
            Either::First(Ok(false)) => Some(newer(state, &notice).await),
            Either::First(Err(why)) => {
                log::warn!("{why} It is tried again in {} minutes.", pause.as_secs() / 60);
                state.put_update_trouble(why);
                let waited = unless_newer(state, &notice, Timer::after(pause)).await;
                pause = (pause * 2).min(AGAIN.1);
                match waited {
                    Either::First(()) => None,
                    Either::Second(newer) => Some(newer),
                }
            }
        };
        if let Some(next) = next {
            (notice, pause) = (next, AGAIN.0);
        }
    }
}

/// Does this until there is another notice. What is done when the notice comes counts as done: an image that is whole is
/// chosen, and only the new start that is then due brings it.
// No `async fn`: it would keep `work` twice, 4 KB of it.
fn unless_newer<R>(
    state: &State,
    known: &Heard,
    work: impl Future<Output = R>,
) -> impl Future<Output = Either<R, Heard>> {
    select(work, newer(state, known))
}

/// Waits for another notice, or for somebody who says the same again. That the broker still has it, which it says with each
/// connection, is nothing new.
async fn newer(state: &State, known: &Heard) -> Heard {
    loop {
        let heard = state.notice.wait().await;
        if !heard.retained || heard.text != known.text {
            return heard;
        }
    }
}

/// Whether there is a new image now.
async fn fetch<F: NorFlash>(
    stack: Stack<'static>,
    notice: &Heard,
    update: &RefCell<Option<Updater<F>>>,
    chunks: &Chunks<'_, F>,
    state: &'static State,
) -> Result<bool, Why> {
    state.put_update_trouble(Why::new());
    let notice = match Notice::parse(&notice.text) {
        Ok(Some(notice)) => notice,
        Ok(None) => return Ok(false),
        Err(error) => {
            log::warn!("{error}");
            state.put_update_trouble(why(format_args!("{error}")));
            return Ok(false);
        }
    };
    let Some(trusted) = state.with_settings(key) else {
        state.put_update_trouble(why(format_args!("{}", Refusal::NoKey)));
        return Ok(false);
    };
    let wanted = update.borrow().as_ref().map(|updater| updater.wants(notice.version, Asked::ByNotice));
    match wanted {
        None => return Ok(false),
        Some(Err(Refusal::OnTrial)) => return Err(why(format_args!("The running version is on trial."))),
        Some(Err(refusal)) => {
            log::info!("{refusal}");
            // A notice stays where it is when it has been followed.
            if !matches!(refusal, Refusal::NotNewer(_)) {
                state.put_update_trouble(why(format_args!("{refusal}")));
            }
            return Ok(false);
        }
        Some(Ok(())) => {}
    }
    let install = Install::new(trusted, Asked::ByNotice, Some(notice.version));
    match notice.place {
        Place::Web { host, port, path } => {
            log::info!("version {} is fetched from {host}", notice.version);
            download(stack, (host, port, path), install, update).await?;
        }
        Place::Broker(count) => {
            log::info!("version {} is fetched from the broker, {count} chunks", notice.version);
            chunks.pull(notice.version, count, install, || state.link().connected).await?;
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.
    extern crate std;

    use super::*;
    use crate::update::example::{self, VERSION};
    use crate::update::{CHUNK, Pieces};
    use embassy_futures::block_on;

    fn heard(text: &[u8]) -> Heard {
        Heard { text: text.try_into().unwrap(), retained: false }
    }

    #[test]
    fn an_image_that_is_whole_is_started_whatever_is_heard_meanwhile() {
        let state = State::new();
        let update = example::board(example::flash());
        let chunks = Chunks::new(&update);
        let file = example::file();
        // Behind the last chunk, before anybody looks: the notice again, or that it is taken away.
        let serve = async {
            for chunk in file.chunks(CHUNK) {
                chunks.take(chunks.wanted().unwrap(), chunk);
            }
            state.notice.signal(heard(b""));
            core::future::pending::<()>().await;
        };
        let known = heard(b"{}");
        let fetched = unless_newer(&state, &known, chunks.pull(VERSION, 5, example::install(), || true));
        let Either::First(fetched) = block_on(select(fetched, serve)) else { panic!("nobody serves for ever") };
        assert!(matches!(fetched, Either::First(Ok(()))));
        assert!(example::is_on_trial(&update));
        assert!(state.notice.signaled(), "heard afterwards");
    }

    #[test]
    fn another_notice_ends_what_is_not_done() {
        let state = State::new();
        state.notice.signal(heard(b"{}"));
        let known = heard(b"{}");
        let waited = block_on(unless_newer(&state, &known, core::future::pending::<()>()));
        assert!(matches!(waited, Either::Second(again) if again == known));
    }
}
