//! Button: what pressing it means.

/// Shorter is bouncing, ms.
const BOUNCE_MS: u64 = 30;
/// Held so long, the board opens its own network for a setup, ms.
const SETUP_MS: u64 = 3_000;
/// Held so long, it forgets everything, ms.
const FORGET_MS: u64 = 10_000;

/// What somebody wants who has let go of the button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressed {
    /// A press of less than three seconds: nothing, so that nobody does harm by touching it.
    Shortly,
    /// Three to ten seconds: open the network for the setup.
    Setup,
    /// Ten seconds and more: be as delivered.
    Forget,
}

/// See the module. Tell it the level whenever it is looked at, at least every 100 ms.
#[derive(Clone, Copy, Debug, Default)]
pub struct Button {
    /// Since when it is down.
    since_ms: Option<u64>,
}

impl Button {
    /// Not pressed.
    pub const fn new() -> Self {
        Self { since_ms: None }
    }

    /// Takes the level. `now_ms` is any clock that only goes forward.
    pub fn look(&mut self, is_down: bool, now_ms: u64) -> Option<Pressed> {
        let Some(since) = self.since_ms else {
            self.since_ms = is_down.then_some(now_ms);
            return None;
        };
        if is_down {
            return None;
        }
        self.since_ms = None;
        match now_ms.saturating_sub(since) {
            FORGET_MS.. => Some(Pressed::Forget),
            SETUP_MS..FORGET_MS => Some(Pressed::Setup),
            BOUNCE_MS..SETUP_MS => Some(Pressed::Shortly),
            0..BOUNCE_MS => None,
        }
    }

    /// What letting go now would mean: for the LED, so that people know.
    pub fn would_be(mut self, now_ms: u64) -> Option<Pressed> {
        self.look(false, now_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(ms: u64) -> Option<Pressed> {
        let mut button = Button::new();
        let start = 1_000;
        for now in (start..start + ms).step_by(10) {
            assert_eq!(button.look(true, now), None);
        }
        let told = button.would_be(start + ms);
        let pressed = button.look(false, start + ms);
        assert_eq!(told, pressed);
        assert_eq!(button.look(false, start + ms + 1), None);
        pressed
    }

    #[test]
    fn how_long_it_is_held_says_what_is_wanted() {
        for (ms, expected) in [
            (10, None),
            (30, Some(Pressed::Shortly)),
            (2_999, Some(Pressed::Shortly)),
            (3_000, Some(Pressed::Setup)),
            (9_999, Some(Pressed::Setup)),
            (10_000, Some(Pressed::Forget)),
            (60_000, Some(Pressed::Forget)),
        ] {
            assert_eq!(press(ms), expected, "{ms} ms");
        }
    }

    #[test]
    fn nobody_touches_it() {
        let mut button = Button::new();
        assert!((0..100).all(|now| button.look(false, now).is_none() && button.would_be(now).is_none()));
    }
}
