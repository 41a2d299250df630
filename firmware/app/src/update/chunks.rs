//! Chunks: an image that lies at the broker in pieces, each retained under its number.
//!
//! The pieces of the file that `scripts/sign-firmware` makes are on `<topic>/update/<version>/<number>`, from 0. They are asked
//! for one by one, by subscribing to one topic after the other: so the broker sends no more than can be written, any broker
//! can do it, and nobody has to answer. What has come is written at once; there is memory for the one that comes.

use core::cell::RefCell;
use core::fmt::{self, Display, Formatter};

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::signal::Signal;
use embassy_time::{Duration, with_timeout};
use embedded_storage::nor_flash::NorFlash;

use super::fetch::{Why, why};
use super::install::Install;
use super::updater::Updater;
use super::version::Version;

/// The longest chunk that `scripts/sign-firmware` makes, bytes. A shorter one is taken, too.
pub const CHUNK: usize = 2048;

/// A broker that has a chunk sends it at once.
const PATIENCE: Duration = Duration::from_secs(10);
/// So often is a chunk asked for.
const TRIES: u8 = 3;

/// A chunk that is to be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    version: Version,
    number: u16,
    /// How often it was asked for before.
    tries: u8,
}

/// `0.2.0/17`, the end of its topic.
impl Display for Wanted {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.version, self.number)
    }
}

/// What the publisher, who has the connection, sees of it.
pub(crate) trait Pieces {
    /// What is to be asked for. `None`: nothing.
    fn wanted(&self) -> Option<Wanted>;
    /// Takes what has come.
    fn take(&self, which: Wanted, bytes: &[u8]);
    /// The broker does not let us read its topic.
    fn refuse(&self, which: Wanted, topic: &str);
}

/// See the module.
pub(crate) struct Chunks<'a, F> {
    update: &'a RefCell<Option<Updater<F>>>,
    job: RefCell<Option<Job>>,
    /// Whether the last chunk was the last of all.
    moved: Signal<NoopRawMutex, Result<bool, Why>>,
}

/// An image on its way.
struct Job {
    wanted: Wanted,
    count: u16,
    install: Install,
}

/// Ends the job, however the wait for it ends.
struct End<'a>(&'a RefCell<Option<Job>>);

impl Drop for End<'_> {
    fn drop(&mut self) {
        *self.0.borrow_mut() = None;
    }
}

impl<'a, F: NorFlash> Chunks<'a, F> {
    /// Nothing is wanted yet.
    pub(crate) fn new(update: &'a RefCell<Option<Updater<F>>>) -> Self {
        Self { update, job: RefCell::new(None), moved: Signal::new() }
    }

    /// Gets an image and puts it on trial. While `connected` says that the broker is away it is waited for, and then it goes on.
    ///
    /// # Errors
    /// Why not, in a sentence.
    pub(crate) async fn pull(
        &self,
        version: Version,
        count: u16,
        install: Install,
        connected: impl Fn() -> bool,
    ) -> Result<(), Why> {
        self.pull_within(PATIENCE, (version, count), install, connected).await
    }

    async fn pull_within(
        &self,
        patience: Duration,
        (version, count): (Version, u16),
        install: Install,
        connected: impl Fn() -> bool,
    ) -> Result<(), Why> {
        self.moved.reset();
        *self.job.borrow_mut() = Some(Job { wanted: Wanted { version, number: 0, tries: 0 }, count, install });
        let _end = End(&self.job);
        loop {
            match with_timeout(patience, self.moved.wait()).await {
                Ok(Ok(true)) => return Ok(()),
                Ok(Ok(false)) => {}
                Ok(Err(why)) => return Err(why),
                Err(_) if !connected() => {}
                Err(_) => {
                    let mut job = self.job.borrow_mut();
                    let Some(Job { wanted, .. }) = job.as_mut() else { continue };
                    wanted.tries += 1;
                    if wanted.tries == TRIES {
                        return Err(why(format_args!(
                            "The broker has no chunk {} of {count} of version {version}; publish it again.",
                            wanted.number
                        )));
                    }
                }
            }
        }
    }
}

impl<F: NorFlash> Pieces for Chunks<'_, F> {
    fn wanted(&self) -> Option<Wanted> {
        self.job.borrow().as_ref().map(|job| job.wanted)
    }

    fn take(&self, which: Wanted, bytes: &[u8]) {
        let (mut job, mut update) = (self.job.borrow_mut(), self.update.borrow_mut());
        let (Some(Job { wanted, count, install }), Some(updater)) = (job.as_mut(), update.as_mut()) else { return };
        // One that comes twice is taken once. An empty one is just being taken away.
        if (which.version, which.number) != (wanted.version, wanted.number) || bytes.is_empty() {
            return;
        }
        if let Err(error) = install.take(updater, bytes) {
            *job = None;
            return self.moved.signal(Err(why(format_args!("{error}"))));
        }
        let next = wanted.number + 1;
        if next < *count {
            *wanted = Wanted { number: next, tries: 0, ..*wanted };
            return self.moved.signal(Ok(false));
        }
        if let Some(job) = job.take() {
            let finished = job.install.finish(updater);
            self.moved.signal(finished.map(|_| true).map_err(|error| why(format_args!("{error}"))));
        }
    }

    fn refuse(&self, which: Wanted, topic: &str) {
        // To ask again would be refused again.
        if self.job.borrow_mut().take_if(|job| job.wanted == which).is_some() {
            let sentence = format_args!("The broker does not let us read {topic}; allow it there.");
            self.moved.signal(Err(why(sentence)));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.
    extern crate std;

    use super::*;
    use crate::update::example::{self, VERSION};
    use core::cell::Cell;
    use embassy_futures::block_on;
    use embassy_futures::select::{Either, select};
    use embassy_futures::yield_now;
    use std::string::{String, ToString};
    use std::vec::Vec;

    const SOON: Duration = Duration::from_millis(5);

    /// Pulls an image of so many chunks from one who has these; what was asked for, and what came of it.
    fn pull<F: NorFlash>(flash: F, count: u16, has: &[&[u8]]) -> (Vec<(u16, u8)>, Result<(), String>) {
        let update = example::board(flash);
        let chunks = Chunks::new(&update);
        let mut asked: Vec<(u16, u8)> = Vec::new();
        let serve = async {
            loop {
                if let Some(wanted) = chunks.wanted()
                    && asked.last() != Some(&(wanted.number, wanted.tries))
                {
                    asked.push((wanted.number, wanted.tries));
                    if let Some(bytes) = has.get(usize::from(wanted.number)) {
                        chunks.take(wanted, &[]);
                        chunks.take(wanted, bytes);
                        // Twice, and from elsewhere.
                        chunks.take(wanted, bytes);
                        chunks.take(Wanted { version: Version([9, 0, 0]), ..wanted }, b"no");
                    }
                }
                yield_now().await;
            }
        };
        let got = match block_on(select(chunks.pull_within(SOON, (VERSION, count), example::install(), || true), serve))
        {
            Either::First(got) => got.map_err(|why| why.as_str().to_string()),
            Either::Second(never) => never,
        };
        assert!(got.is_err() || example::is_on_trial(&update));
        assert_eq!(chunks.wanted(), None, "nothing is asked for any more");
        (asked, got)
    }

    fn once(numbers: core::ops::Range<u16>) -> Vec<(u16, u8)> {
        numbers.map(|number| (number, 0)).collect()
    }

    #[test]
    fn an_image_comes_in_chunks_of_any_size() {
        let file = example::file();
        for size in [CHUNK, 1000, 100, 9131] {
            let has: Vec<&[u8]> = file.chunks(size).collect();
            let count = has.len() as u16;
            assert_eq!(pull(example::flash(), count, &has), (once(0..count), Ok(())));
        }
    }

    #[test]
    fn a_chunk_that_is_not_there_is_asked_for_thrice_and_named() {
        let file = example::file();
        let has: Vec<&[u8]> = file.chunks(CHUNK).collect();
        let (asked, got) = pull(example::flash(), 5, &has[..3]);
        assert_eq!(asked[3..], [(3, 0), (3, 1), (3, 2)]);
        let sentence = "The broker has no chunk 3 of 5 of version 0.2.0; publish it again.";
        assert_eq!(got.unwrap_err(), sentence);
        assert!(pull(example::flash(), 5, &[]).1.unwrap_err().contains("no chunk 0 of 5"));
    }

    #[test]
    fn what_is_not_whole_or_not_what_was_signed_is_refused() {
        let file = example::file();
        let chunks = |file: &[u8]| file.chunks(CHUNK).map(<[u8]>::to_vec).collect::<Vec<_>>();
        let said = |count: u16, file: &[u8]| {
            let chunks = chunks(file);
            pull(example::flash(), count, &chunks.iter().map(Vec::as_slice).collect::<Vec<_>>()).1.unwrap_err()
        };
        assert!(said(4, &file).contains("ended too early"));
        assert!(said(6, &[&file[..], &[0; 2000]].concat()).contains("More came"));
        let mut damaged = file.clone();
        damaged[5000] ^= 1;
        assert!(said(5, &damaged).contains("reads back differently"));
        damaged[50] ^= 1;
        assert!(said(5, &damaged).contains("not signed"));
    }

    #[test]
    fn while_the_broker_is_away_it_is_waited_for() {
        let update = example::board(example::flash());
        let chunks = Chunks::new(&update);
        let (file, looked) = (example::file(), Cell::new(0));
        let away = || {
            looked.set(looked.get() + 1);
            looked.get() > 10
        };
        let serve = async {
            while looked.get() < 10 {
                yield_now().await;
            }
            while let Some(wanted) = chunks.wanted() {
                assert_eq!(wanted.tries, 0);
                chunks.take(wanted, file.chunks(CHUNK).nth(wanted.number.into()).unwrap());
            }
            core::future::pending::<()>().await;
        };
        let pulled = block_on(select(chunks.pull_within(SOON, (VERSION, 5), example::install(), away), serve));
        assert!(matches!(pulled, Either::First(Ok(()))));
    }

    // What a start makes of it then is in tests/update.rs.
    #[test]
    fn the_power_may_fail_at_any_moment() {
        let file = example::file();
        let has: Vec<&[u8]> = file.chunks(CHUNK).collect();
        let mut cuts = 0;
        loop {
            let mut flash = example::flash();
            flash.cut_after(cuts);
            let chip = flash.shared();
            let (asked, got) = pull(chip.clone(), 5, &has);
            let running = &chip.take().bytes[0x6000..0xA000];
            assert!(running.iter().all(|byte| *byte == 0xFF), "what runs is not touched");
            if got.is_ok() {
                break;
            }
            assert!(asked.iter().all(|(_, tries)| *tries == 0), "a chunk that came is not asked for again");
            cuts += 1;
        }
        assert!(cuts > 30, "{cuts} operations");
    }
}
