//! Body: what is written behind the head of an answer. Lists are written row by row, so that none has to be in memory.

use core::cell::RefCell;
use core::fmt::Write as _;

use embedded_storage::nor_flash::NorFlash;
use heapless::String;
use picoserve::io::Write;
use picoserve::response::custom::CustomBody;
use smarty_ledger::Entry;

use super::Made;
use super::answers::{GapRow, NetworkRow, Row, Setting};
use crate::access::{Access, NETWORKS};
use crate::settings::{Name, Settings};
use crate::state::State;
use crate::store::Store;
use crate::zone::Zone;

/// See the module.
pub(super) enum Body<'a, F> {
    Static(&'static str),
    /// What was made before.
    Made,
    Settings(&'static State),
    Networks(&'static Access),
    QuarterHours(Span<'a, F>),
}

/// A span of the journal.
pub(super) struct Span<'a, F> {
    pub(super) store: &'a RefCell<Store<F>>,
    pub(super) meter: String<64>,
    pub(super) zone: Zone,
    pub(super) from: i64,
    pub(super) to: i64,
}

impl<F> Body<'_, F> {
    /// Bytes, where that is known before.
    pub(super) fn length(&self, made: &Made) -> Option<usize> {
        match self {
            Self::Static(text) => Some(text.len()),
            Self::Made => Some(made.len()),
            Self::Settings(_) | Self::Networks(_) | Self::QuarterHours(_) => None,
        }
    }
}

/// A body, and where it is made.
pub(super) struct Writing<'w, 'a, F> {
    pub(super) body: Body<'a, F>,
    pub(super) made: &'w mut Made,
}

impl<F: NorFlash> CustomBody for Writing<'_, '_, F> {
    async fn write_response_body<W: Write>(self, mut writer: W) -> Result<(), W::Error> {
        let Self { body, made } = self;
        match body {
            Body::Static(text) => writer.write_all(text.as_bytes()).await,
            Body::Made => writer.write_all(made).await,
            Body::Settings(state) => {
                let mut list = List::new(&mut writer, made);
                for name in Name::ALL {
                    let row = |made: &mut Made, next: &str, settings: &Settings| {
                        write!(made, "{next}{}", Setting(*name, settings))
                    };
                    list.row(|made, next| state.with_settings(|settings| row(made, next, settings))).await?;
                }
                list.end().await
            }
            Body::Networks(access) => {
                let mut list = List::new(&mut writer, made);
                // They may change in between: by number, until there is none.
                for index in 0..NETWORKS {
                    let network = access.with_networks(|networks| networks.get(index).cloned());
                    let Some(network) = network else { break };
                    list.row(|made, next| write!(made, "{next}{}", NetworkRow(&network))).await?;
                }
                list.end().await
            }
            Body::QuarterHours(span) => span.write(writer, made).await,
        }
    }
}

impl<F: NorFlash> Span<'_, F> {
    async fn write<W: Write>(self, mut writer: W, made: &mut Made) -> Result<(), W::Error> {
        let Self { from, to, .. } = self;
        made.clear();
        let meter = smarty_payload::json::Text(&self.meter);
        // It fits: the name has 32 bytes.
        let _ = write!(made, r#"{{"meter":{meter},"from":{from},"to":{to},"entries":"#);
        writer.write_all(made).await?;
        let mut list = List::new(&mut writer, made);
        for number in self.numbers() {
            if let Some(Entry::Quarter(quarter)) = self.entry(number)
                && (from..to).contains(&quarter.start)
            {
                list.row(|made, next| write!(made, "{next}{}", Row(&quarter, self.zone))).await?;
            }
        }
        list.end().await?;
        writer.write_all(br#","gaps":"#).await?;
        let mut list = List::new(&mut writer, made);
        for number in self.numbers() {
            if let Some(Entry::Gap(gap)) = self.entry(number)
                && gap.end > from
                && gap.start < to
            {
                list.row(|made, next| write!(made, "{next}{}", GapRow(&gap))).await?;
            }
        }
        list.end().await?;
        writer.write_all(b"}").await
    }

    fn numbers(&self) -> core::ops::Range<u32> {
        let store = self.store.borrow();
        store.oldest()..store.next()
    }

    /// An entry; one that cannot be read is left out.
    fn entry(&self, number: u32) -> Option<Entry> {
        self.store.borrow_mut().entry(number).ok().flatten()
    }
}

/// An array that is written as it grows.
struct List<'a, W> {
    writer: &'a mut W,
    made: &'a mut Made,
    next: &'static str,
}

impl<'a, W: Write> List<'a, W> {
    fn new(writer: &'a mut W, made: &'a mut Made) -> Self {
        Self { writer, made, next: "[" }
    }

    /// Makes the next row; `row` is told what stands before it. One that does not fit, which none of ours is, is left out
    /// whole.
    async fn row(&mut self, row: impl FnOnce(&mut Made, &str) -> core::fmt::Result) -> Result<(), W::Error> {
        self.made.clear();
        if row(self.made, self.next).is_err() {
            return Ok(());
        }
        self.next = ",";
        self.writer.write_all(self.made).await
    }

    async fn end(self) -> Result<(), W::Error> {
        self.writer.write_all(if self.next == "[" { b"[]" } else { b"]" }).await
    }
}
