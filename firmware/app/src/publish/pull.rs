//! Pull: chunks of an image from the broker, one at a time.

use minimq::{Io, Op};

use super::session::{Broken, Path, Session};
use crate::update::{Pieces, Wanted};

/// What is asked of the broker.
pub(super) struct Pull<'a> {
    pieces: &'a dyn Pieces,
    /// Topic of the notice.
    base: Path,
    /// What was asked for on this connection, its topic, and the subscription.
    asked: Option<(Wanted, Path, Op)>,
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
        if wanted == self.asked.as_ref().map(|(asked, ..)| *asked) {
            return Ok(());
        }
        let mut path = Path::new();
        if let Some(wanted) = &wanted {
            // One that does not fit is not there: the wait for it ends by itself.
            let _ = core::fmt::write(&mut path, format_args!("{}/{wanted}", self.base));
        }
        // The same once more: the broker sends again what it keeps.
        if let Some((_, old, _)) = self.asked.as_ref().filter(|(_, old, _)| *old != path) {
            if !session.unsubscribe(old).await? {
                return Ok(());
            }
            self.asked = None;
        }
        if let Some(wanted) = wanted
            && let Some(subscription) = session.subscribe(&path).await?
        {
            self.asked = Some((wanted, path, subscription));
        }
        Ok(())
    }

    /// A message has come; whether it was one of these.
    pub(super) fn message(&self, topic: &str, payload: &[u8]) -> bool {
        match &self.asked {
            Some((asked, path, _)) if path.as_str() == topic => {
                self.pieces.take(*asked, payload);
                true
            }
            _ => false,
        }
    }

    /// A subscription was refused: if it is the one for a chunk, there will be none.
    pub(super) fn refused(&mut self, subscription: Op) {
        if let Some((asked, path, _)) = self.asked.take_if(|(.., of)| *of == subscription) {
            self.pieces.refuse(asked, &path);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.
    extern crate std;

    use super::super::news::News;
    use super::super::session::{Message, Sent};
    use super::*;
    use crate::state::State;
    use crate::update::example::{self, VERSION};
    use crate::update::{CHUNK, Chunks, Why};
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
        /// What nobody may read.
        refuses: &'static str,
        /// How often it was asked for.
        refused: usize,
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
                    // Messages are refused, too.
                    3 => {
                        let at = 4 + usize::from(packet[3]);
                        self.says.extend([0x40, 3, packet[at], packet[at + 1], 0x87]);
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
            let refuses = begins && topic == self.refuses;
            let code = if refuses { 0x87 } else { 0 };
            self.says.extend([if begins { 0x90 } else { 0xB0 }, 4, packet[at], packet[at + 1], 0, code]);
            if refuses {
                self.refused += 1;
                return;
            }
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
        let (pulled, lines, _) = pull_from(Broker { times, ..Broker::default() }, breaks);
        assert_eq!(pulled, Ok(()));
        lines
    }

    /// The same from this broker: what came of it, how many lines it took, how often it refused something.
    fn pull_from(broker: Broker, breaks: &[usize]) -> (Result<(), Why>, usize, usize) {
        let file = example::file();
        let kept = file.chunks(CHUNK).enumerate();
        let kept = kept.map(|(number, chunk)| (std::format!("house/update/{VERSION}/{number}"), chunk.to_vec()));
        let broker = RefCell::new(Broker { kept: kept.collect(), ..broker });
        let update = example::board(example::flash());
        let chunks = Chunks::new(&update);
        let state: &'static State = Box::leak(Box::new(State::new()));
        let base = Path::try_from("house/update").unwrap();
        let pull = Pull::new(&chunks, base);
        let mut news = News { birth: Path::new(), born: false, pull, subscribed: [None; 2], state };
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
        let pulled = match block_on(select(chunks.pull(VERSION, 5, example::install(), || true), talk)) {
            Either::First(pulled) => pulled,
            Either::Second(never) => never,
        };
        assert_eq!(pulled.is_ok(), example::is_on_trial(&update));
        (pulled, lines, broker.into_inner().refused)
    }

    #[test]
    fn a_line_that_holds_is_enough() {
        assert_eq!((pull(1, &[]), pull(3, &[])), (1, 1));
    }

    #[test]
    fn a_chunk_that_nobody_may_read_is_asked_for_once_and_said() {
        let broker = Broker { times: 1, refuses: "house/update/0.2.0/3", ..Broker::default() };
        let (pulled, lines, refused) = pull_from(broker, &[]);
        assert_eq!(pulled.unwrap_err(), "The broker does not let us read house/update/0.2.0/3; allow it there.");
        assert_eq!((lines, refused), (1, 1), "the connection lives on");
    }

    #[test]
    fn a_refused_subscription_breaks_nothing_and_a_refused_message_does() {
        let broker = RefCell::new(Broker { refuses: "house/update", ..Broker::default() });
        let update = example::board(example::flash());
        let chunks = Chunks::new(&update);
        let state: &'static State = Box::leak(Box::new(State::new()));
        let pull = Pull::new(&chunks, Path::try_from("house/update").unwrap());
        let mut news = News { birth: Path::new(), born: false, pull, subscribed: [None; 2], state };
        let (mut received, mut sent) = ([0; 1024], [0; 1024]);
        let config = ConfigBuilder::new(Buffers::new(&mut received, &mut sent)).client_id("board").unwrap();
        let mut session = minimq::Session::new(config);
        let message = Message { topic: "house/live", body: &1, certain: true, retained: false };
        block_on(async {
            let mut connection = session.connect(Line { broker: &broker, left: usize::MAX }).await.unwrap();
            let mut session = Session::new(&mut connection, state);
            news.subscribed[0] = session.subscribe("house/update").await.unwrap();
            assert_eq!(session.turn(&mut news).await, Ok(()));
            assert_eq!(broker.borrow().refused, 1);
            assert!(broker.borrow().says.is_empty());
            // Both answers are there, and the message is the one that is refused.
            assert!(session.subscribe("house/birth").await.unwrap().is_some());
            assert!(matches!(session.try_send(&message).await, Ok(Sent::Done(Some(_)))));
            assert_eq!(session.turn(&mut news).await, Ok(()));
            assert!(matches!(session.turn(&mut news).await, Err(Broken(why)) if why.contains("refuses")));
        });
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_line_may_break_anywhere(times in 1..3_usize, breaks in proptest::collection::vec(1..6000_usize, 0..12)) {
            pull(times, &breaks);
        }
    }
}
