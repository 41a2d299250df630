//! Front: the task of LED and button.

use embassy_time::{Instant, Timer};
use embedded_hal::digital::{InputPin, OutputPin};

use crate::access::Access;
use crate::button::{Button, Pressed};
use crate::facts::uptime_s;
use crate::led::{Known, Shows};
use crate::settings::Name;
use crate::state::State;

/// Faster than anybody presses or sees, ms.
const STEP_MS: u64 = 20;
/// A meter that was silent for so long has gone, s.
const SILENT_S: u32 = 60;

/// Looks at the button and lights the LED, for ever. `lit` is the level at which it is lit, `pressed` the one of a pressed
/// button.
pub async fn attend<Led: OutputPin, Key: InputPin>(
    (mut led, lit): (Led, bool),
    (mut key, pressed): (Key, bool),
    state: &'static State,
    access: &'static Access,
) -> ! {
    let mut button = Button::new();
    let (mut bytes, mut heard_s) = (0, None);
    loop {
        let now_ms = Instant::now().as_millis();
        // A pin that cannot be read is not pressed.
        let is_down = key.is_high().is_ok_and(|is_high| is_high == pressed);
        match button.look(is_down, now_ms) {
            Some(Pressed::Forget) => state.forget.signal(()),
            Some(Pressed::Setup) => access.setup.signal(()),
            Some(Pressed::Shortly) | None => {}
        }
        let counters = state.counters();
        if counters.bytes != bytes {
            (bytes, heard_s) = (counters.bytes, Some(uptime_s()));
        }
        let recent = |at_s: Option<u32>| at_s.is_some_and(|at_s| uptime_s().saturating_sub(at_s) < SILENT_S);
        let known = Known {
            button: if is_down { button.would_be(now_ms) } else { None },
            place: access.place(),
            reads: recent(state.with_latest(|latest| latest.map(|latest| latest.uptime_s))),
            hears: recent(heard_s),
            publishes: state.link().connected || state.with_settings(|settings| settings.text(Name::Broker).is_empty()),
        };
        let level = if Shows::of(&known).is_lit(now_ms) { lit } else { !lit };
        // An LED that cannot be lit is no reason to stop.
        let _ = led.set_state(level.into());
        Timer::after_millis(STEP_MS).await;
    }
}
