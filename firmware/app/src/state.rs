//! State: what the tasks of one board share.

use core::cell::{Cell, RefCell};

use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::signal::Signal;
use embassy_sync::watch::Watch;
use heapless::Vec;
use smarty_payload::Climate;

use crate::intake::Counters;
use crate::latest::Latest;
use crate::settings::Settings;
use crate::update::Why;
use crate::utc::Utc;

/// So many tasks may wait for telegrams: the publisher, the page, the card.
pub const LISTENERS: usize = 6;

/// Bytes of a notice of an update; an address of 128 fits.
pub const NOTICE: usize = 256;

type Shared<T> = Mutex<CriticalSectionRawMutex, T>;

/// See the module. One in a program, as a `static`.
pub struct State {
    settings: Shared<RefCell<Settings>>,
    latest: Shared<RefCell<Option<Latest>>>,
    counters: Shared<Cell<Counters>>,
    link: Shared<Cell<Link>>,
    climate: Shared<Cell<Option<Climate>>>,
    /// The settings have changed and are to be written.
    pub changed: Signal<CriticalSectionRawMutex, ()>,
    /// Everything is to be forgotten.
    pub forget: Signal<CriticalSectionRawMutex, ()>,
    /// The number of the last good telegram.
    pub telegrams: Watch<CriticalSectionRawMutex, u32, LISTENERS>,
    /// What time it is.
    pub utc: Utc,
    /// What the broker keeps as the notice of a newer image.
    pub notice: Signal<CriticalSectionRawMutex, Heard>,
    /// The newest quarter-hour that is over, for the radio.
    #[cfg(feature = "lora")]
    pub closed: Signal<CriticalSectionRawMutex, smarty_ledger::QuarterHour>,
    update_trouble: Shared<RefCell<Why>>,
}

/// A notice of an update, as it was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The message.
    pub text: Vec<u8, NOTICE>,
    /// Whether the broker had kept it; else somebody says it now.
    pub retained: bool,
}

/// How the way to the broker is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// The broker knows us.
    pub connected: bool,
    /// Connections since the start.
    pub connections: u32,
    /// Messages since the start.
    pub sent: u32,
    /// Messages that were too long for our buffer.
    pub too_long: u32,
    /// Telegrams that came while the last one was still on its way out: their live values were not published.
    pub live_skipped: u32,
    /// Entries that the broker has not acknowledged.
    pub owed: u32,
    /// The flash refused so often.
    pub flash_errors: u32,
}

impl State {
    /// With settings as delivered.
    pub const fn new() -> Self {
        Self {
            settings: Mutex::new(RefCell::new(Settings::new())),
            latest: Mutex::new(RefCell::new(None)),
            counters: Mutex::new(Cell::new(Counters::NONE)),
            link: Mutex::new(Cell::new(Link::NONE)),
            climate: Mutex::new(Cell::new(None)),
            changed: Signal::new(),
            forget: Signal::new(),
            telegrams: Watch::new(),
            utc: Utc::new(),
            notice: Signal::new(),
            update_trouble: Mutex::new(RefCell::new(Why::new())),
            #[cfg(feature = "lora")]
            closed: Signal::new(),
        }
    }

    /// Looks at the settings. Do not wait inside.
    pub fn with_settings<R>(&self, look: impl FnOnce(&Settings) -> R) -> R {
        self.settings.lock(|settings| look(&settings.borrow()))
    }

    /// Takes these settings and has them written. Most are read at the start: whoever changes them asks for one.
    pub fn change_settings(&self, settings: &Settings) {
        self.put_settings(settings);
        self.changed.signal(());
    }

    /// Takes settings that are written already.
    pub(crate) fn put_settings(&self, settings: &Settings) {
        self.settings.lock(|known| known.borrow_mut().clone_from(settings));
    }

    /// Looks at the last good telegram. `None`: there was none yet. Do not wait inside.
    pub fn with_latest<R>(&self, look: impl FnOnce(Option<&Latest>) -> R) -> R {
        self.latest.lock(|latest| look(latest.borrow().as_ref()))
    }

    /// A telegram has come.
    pub(crate) fn put_latest(&self, latest: &Latest) {
        self.latest.lock(|known| match &mut *known.borrow_mut() {
            Some(known) => known.copy_from(latest),
            none => begin(none).copy_from(latest),
        });
        self.telegrams.sender().send(latest.number);
    }

    /// How often what happened to the meter's bytes.
    pub fn counters(&self) -> Counters {
        self.counters.lock(Cell::get)
    }

    pub(crate) fn put_counters(&self, counters: &Counters) {
        self.counters.lock(|known| known.set(*counters));
    }

    /// How the way to the broker is.
    pub fn link(&self) -> Link {
        self.link.lock(Cell::get)
    }

    pub(crate) fn change_link(&self, change: impl FnOnce(&mut Link)) {
        self.link.lock(|link| {
            let mut known = link.get();
            change(&mut known);
            link.set(known);
        });
    }

    /// Looks at the sentence why the last update was not taken; empty where nothing is wrong.
    pub(crate) fn with_update_trouble<R>(&self, look: impl FnOnce(&str) -> R) -> R {
        self.update_trouble.lock(|trouble| look(&trouble.borrow()))
    }

    pub(crate) fn put_update_trouble(&self, why: Why) {
        self.update_trouble.lock(|trouble| *trouble.borrow_mut() = why);
    }

    /// What the sensor on the board says.
    pub fn climate(&self) -> Option<Climate> {
        self.climate.lock(Cell::get)
    }

    /// The sensor on the board has measured.
    pub fn put_climate(&self, climate: Option<Climate>) {
        self.climate.lock(|known| known.set(climate));
    }
}

/// The first one. On its own: it is made on the stack, and whoever puts a later one needs none of that.
#[inline(never)]
fn begin(latest: &mut Option<Latest>) -> &mut Latest {
    latest.insert(Latest::new())
}

impl Link {
    const NONE: Self =
        Self { connected: false, connections: 0, sent: 0, too_long: 0, live_skipped: 0, owed: 0, flash_errors: 0 };
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}
