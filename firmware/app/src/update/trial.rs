//! Trial: the task that watches an image on trial.

use core::cell::RefCell;

use embassy_time::Timer;
use embedded_storage::nor_flash::NorFlash;

use super::updater::{Start, Updater, Verdict, judge};
use crate::board::Reason;
use crate::facts::uptime_s;
use crate::settings::Name;
use crate::state::State;

/// Confirms an image that does what it is for, or goes back. What hangs the executor hangs this, too; then the watchdog starts
/// the board anew, and [`Updater::start`] counts.
pub(crate) async fn watch_trial<F: NorFlash>(
    update: &RefCell<Option<Updater<F>>>,
    state: &'static State,
    reset: fn(Reason) -> !,
) -> ! {
    loop {
        Timer::after_secs(1).await;
        let mut update = update.borrow_mut();
        let Some(updater) = update.as_mut().filter(|updater| updater.trial_runs()) else { continue };
        let broker = state.with_settings(|settings| settings.text(Name::Broker).is_empty());
        let verdict = judge(uptime_s(), state.counters().telegrams > 0, broker || state.link().connections > 0);
        match verdict {
            Verdict::Wait => {}
            Verdict::Confirm => match updater.confirm() {
                Ok(()) => log::info!("version {} reads and publishes: it stays", updater.version()),
                Err(error) => log::error!("{error}"),
            },
            Verdict::GoBack => {
                log::error!("version {} has not read a telegram and reached the broker: back", updater.version());
                match updater.go_back() {
                    Ok(Start::GoBack) => reset(Reason::Rollback),
                    Ok(_) => log::error!("the version before it does not start; this one stays"),
                    Err(error) => log::error!("{error}"),
                }
            }
        }
    }
}
