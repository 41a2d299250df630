//! Pull: chunks of an image from the broker, one at a time.

use minimq::Io;

use super::session::{Broken, Path, Session};
use crate::update::{Pieces, Wanted};

/// What is asked of the broker.
pub(super) struct Pull<'a> {
    pieces: &'a dyn Pieces,
    /// Topic of the notice.
    base: Path,
    /// What was asked for on this connection, and its topic.
    asked: Option<(Wanted, Path)>,
}

impl<'a> Pull<'a> {
    /// `base`: topic of the notice; the chunks are behind it.
    pub(super) fn new(pieces: &'a dyn Pieces, base: Path) -> Self {
        Self { pieces, base, asked: None }
    }

    /// Topic of the notice.
    pub(super) fn base(&self) -> &Path {
        &self.base
    }

    /// A new connection knows nothing of what was asked on the one before.
    pub(super) fn again(&mut self) {
        self.asked = None;
    }

    /// Asks for what is wanted now, if that was not done yet. Where there is no room it is done the next time.
    pub(super) async fn turn<IO: Io>(&mut self, session: &mut Session<'_, '_, '_, IO>) -> Result<(), Broken> {
        let wanted = self.pieces.wanted();
        if wanted == self.asked.as_ref().map(|(asked, _)| *asked) {
            return Ok(());
        }
        let mut path = Path::new();
        if let Some(wanted) = &wanted {
            // One that does not fit is not there: the wait for it ends by itself.
            let _ = core::fmt::write(&mut path, format_args!("{}/{wanted}", self.base));
        }
        // The same once more: the broker sends again what it keeps.
        if let Some((_, old)) = self.asked.as_ref().filter(|(_, old)| *old != path) {
            if !session.unsubscribe(old).await? {
                return Ok(());
            }
            self.asked = None;
        }
        if let Some(wanted) = wanted
            && session.subscribe(&path).await?
        {
            self.asked = Some((wanted, path));
        }
        Ok(())
    }

    /// A message has come; whether it was one of these.
    pub(super) fn message(&self, topic: &str, payload: &[u8]) -> bool {
        match &self.asked {
            Some((asked, path)) if path.as_str() == topic => {
                self.pieces.take(*asked, payload);
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.
    extern crate std;

    use super::super::news::News;
    use super::*;
    use crate::state::State;
    use crate::update::example::{self, VERSION};
    use crate::update::{CHUNK, Chunks};
    use core::cell::RefCell;
    use core::future::poll_fn;
    use core::task::Poll;
    use embassy_futures::block_on;
    use embassy_futures::select::{Either, select};
    use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
    use minimq::{Buffers, ConfigBuilder};
    use proptest::prelude::*;
    use std::boxed::Box;
    use std::collections::{BTreeMap, BTreeSet, VecDeque};
    use std::string::{String, ToString};
    use std::vec::Vec;

    /// What an MQTT 5 broker does with retained messages, in memory.
    #[derive(Default)]
    struct Broker {
        kept: BTreeMap<String, Vec<u8>>,
        subscribed: BTreeSet<String>,
        /// Each message is sent so often.
        times: usize,
        heard: Vec<u8>,
        says: VecDeque<u8>,
    }

    impl Broker {
        fn hear(&mut self, bytes: &[u8]) {
            self.heard.extend(bytes);
            while let Some((kind, length)) = self.whole() {
                let packet: Vec<u8> = self.heard.drain(..length).collect();
                match kind {
                    1 => {
                        self.subscribed.clear();
                        self.says.extend([0x20, 3, 0, 0, 0]);
                    }
                    8 | 10 => self.subscription(kind == 8, &packet),
                    12 => self.says.extend([0xD0, 0]),
                    kind => panic!("a packet of kind {kind}"),
                }
            }
        }

        /// Kind and length of the first packet, if it is whole. None of ours is longer than two digits of its length say.
        fn whole(&self) -> Option<(u8, usize)> {
            let (low, high) = (*self.heard.get(1)?, self.heard.get(2).copied());
            let length =
                if low < 128 { 2 + usize::from(low) } else { 3 + usize::from(low & 127) + usize::from(high?) * 128 };
            (self.heard.len() >= length).then_some((self.heard[0] >> 4, length))
        }

        fn subscription(&mut self, begins: bool, packet: &[u8]) {
            let at = if packet[1] < 128 { 2 } else { 3 };
            assert_eq!(packet[at + 2], 0, "no properties");
            let length = usize::from(packet[at + 3]) << 8 | usize::from(packet[at + 4]);
            let topic = core::str::from_utf8(&packet[at + 5..at + 5 + length]).unwrap().to_string();
            self.says.extend([if begins { 0x90 } else { 0xB0 }, 4, packet[at], packet[at + 1], 0, 0]);
            if !begins {
                assert!(self.subscribed.remove(&topic), "{topic} was not subscribed to");
                return;
            }
            if let Some(kept) = self.kept.get(&topic) {
                for _ in 0..self.times {
                    let length = 2 + topic.len() + 1 + kept.len();
                    self.says.extend([0x31, (length % 128 + 128) as u8, (length / 128) as u8]);
                    self.says.extend([0, topic.len() as u8].iter().chain(topic.as_bytes()).chain(&[0]).chain(kept));
                }
            }
            self.subscribed.insert(topic);
            assert_eq!(self.subscribed.len(), 1, "one at a time: {:?}", self.subscribed);
        }
    }

    /// A line to it that breaks after so many bytes.
    struct Line<'a> {
        broker: &'a RefCell<Broker>,
        left: usize,
    }

    impl ErrorType for Line<'_> {
        type Error = ErrorKind;
    }

    impl Line<'_> {
        fn pass(&mut self, bytes: usize) -> Result<usize, ErrorKind> {
            let passed = bytes.min(self.left);
            self.left -= passed;
            if passed == 0 { Err(ErrorKind::ConnectionReset) } else { Ok(passed) }
        }
    }

    impl Read for Line<'_> {
        async fn read(&mut self, bytes: &mut [u8]) -> Result<usize, ErrorKind> {
            poll_fn(|context| {
                let says = &mut self.broker.borrow_mut().says;
                if says.is_empty() {
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Ready(Ok(says.len()))
            })
            .await
            .and_then(|there: usize| self.pass(there.min(bytes.len())))
            .inspect(|&length| {
                for (byte, said) in bytes.iter_mut().zip(self.broker.borrow_mut().says.drain(..length)) {
                    *byte = said;
                }
            })
        }
    }

    impl Write for Line<'_> {
        async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
            let length = self.pass(bytes.len())?;
            self.broker.borrow_mut().hear(&bytes[..length]);
            Ok(length)
        }

        async fn flush(&mut self) -> Result<(), ErrorKind> {
            Ok(())
        }
    }

    /// Pulls the image over lines that break after so many bytes each, and then one that holds.
    fn pull(times: usize, breaks: &[usize]) -> usize {
        let file = example::file();
        let kept = file.chunks(CHUNK).enumerate();
        let kept = kept.map(|(number, chunk)| (std::format!("house/update/{VERSION}/{number}"), chunk.to_vec()));
        let broker = RefCell::new(Broker { kept: kept.collect(), times, ..Broker::default() });
        let update = example::board(example::flash());
        let chunks = Chunks::new(&update);
        let state: &'static State = Box::leak(Box::new(State::new()));
        let base = Path::try_from("house/update").unwrap();
        let mut news = News { birth: Path::new(), born: false, pull: Pull::new(&chunks, base), state };
        let (mut received, mut sent) = ([0; super::super::RECEIVED], [0; 1024]);
        let config = ConfigBuilder::new(Buffers::new(&mut received, &mut sent)).client_id("board").unwrap();
        let mut session = minimq::Session::new(config);
        let mut lines = 0;
        let talk = async {
            loop {
                let left = breaks.get(lines).copied().unwrap_or(usize::MAX);
                lines += 1;
                (broker.borrow_mut().heard, broker.borrow_mut().says) = (Vec::new(), VecDeque::new());
                let Ok(mut connection) = session.connect(Line { broker: &broker, left }).await else { continue };
                let mut session = Session::new(&mut connection, state);
                news.pull.again();
                while news.pull.turn(&mut session).await.is_ok() && session.turn(&mut news).await.is_ok() {}
            }
        };
        let pulled = block_on(select(chunks.pull(VERSION, 5, example::install(), || true), talk));
        assert!(matches!(pulled, Either::First(Ok(()))));
        assert!(example::is_on_trial(&update));
        lines
    }

    #[test]
    fn a_line_that_holds_is_enough() {
        assert_eq!((pull(1, &[]), pull(3, &[])), (1, 1));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_line_may_break_anywhere(times in 1..3_usize, breaks in proptest::collection::vec(1..6000_usize, 0..12)) {
            pull(times, &breaks);
        }
    }
}
