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
        let next = match select(newer(state, &notice), fetch(stack, &notice, update, chunks, state)).await {
            Either::First(newer) => Some(newer),
            Either::Second(Ok(true)) => {
                log::info!("an image was fetched; it starts on trial");
                Timer::after_secs(1).await;
                reset(Reason::Update)
            }
            // Nothing to do until there is another notice.
            Either::Second(Ok(false)) => Some(newer(state, &notice).await),
            Either::Second(Err(why)) => {
                log::warn!("{why} It is tried again in {} minutes.", pause.as_secs() / 60);
                state.put_update_trouble(why);
                let waited = select(newer(state, &notice), Timer::after(pause)).await;
                pause = (pause * 2).min(AGAIN.1);
                match waited {
                    Either::First(newer) => Some(newer),
                    Either::Second(()) => None,
                }
            }
        };
        if let Some(next) = next {
            (notice, pause) = (next, AGAIN.0);
        }
    }
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
