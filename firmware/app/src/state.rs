//! State: what the tasks of one board share.

use core::cell::RefCell;
use core::sync::atomic::Ordering;

use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::signal::Signal;
use embassy_time::Timer;

use crate::facts::{Facts, uptime_s};
use crate::settings::Settings;

/// See the module. One in a program, as a `static`.
pub struct State {
    settings: Mutex<CriticalSectionRawMutex, RefCell<Settings>>,
    /// The settings have changed and are to be written.
    pub changed: Signal<CriticalSectionRawMutex, ()>,
}

impl State {
    /// With settings as delivered.
    pub const fn new() -> Self {
        Self { settings: Mutex::new(RefCell::new(Settings::new())), changed: Signal::new() }
    }

    /// Looks at the settings. Do not wait inside.
    pub fn with_settings<R>(&self, look: impl FnOnce(&Settings) -> R) -> R {
        self.settings.lock(|settings| look(&settings.borrow()))
    }

    /// Takes these settings and has them written.
    pub fn change_settings(&self, settings: Settings) {
        self.settings.lock(|known| *known.borrow_mut() = settings);
        self.changed.signal(());
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}

pub(crate) async fn idle(facts: &Facts, _state: &State) -> ! {
    loop {
        facts.alive_meter.store(uptime_s(), Ordering::Relaxed);
        facts.alive_net.store(uptime_s(), Ordering::Relaxed);
        Timer::after_secs(1).await;
    }
}
