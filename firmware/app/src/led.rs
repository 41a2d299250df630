//! Led: how the board is, for who stands before it. It flashes as often as there is something to do:
//!
//! | flashes | meaning |
//! |---|---|
//! | 1 | all is well |
//! | 2 | the broker does not answer |
//! | 3 | there is no network |
//! | 4 | telegrams come, and none can be read: the key is wrong or missing |
//! | 5 | nothing comes from the meter |
//! | on and off by the half second | the board's own network is open, for the setup |
//! | flickers | let go of the button, and everything is forgotten |

use crate::access::Place;
use crate::button::Pressed;

/// What the LED shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// So many flashes, then a pause.
    Flashes(u8),
    /// The board's own network is open.
    Setup,
    /// Everything would be forgotten.
    Flicker,
}

/// What is known of the board.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known {
    /// What letting go of the button would do.
    pub button: Option<Pressed>,
    /// Where the board is. A board with a cable says [`Place::Home`] when it has an address.
    pub place: Place,
    /// A telegram was read within the last minute.
    pub reads: bool,
    /// Bytes came within the last minute.
    pub hears: bool,
    /// The broker answers, or none is set.
    pub publishes: bool,
}

impl Shows {
    /// The worst of it: what has to be put right first.
    pub fn of(known: &Known) -> Self {
        match known {
            Known { button: Some(Pressed::Forget), .. } => Self::Flicker,
            Known { button: Some(Pressed::Setup), .. } | Known { place: Place::OwnNetwork(_), .. } => Self::Setup,
            Known { reads: false, hears: false, .. } => Self::Flashes(5),
            Known { reads: false, .. } => Self::Flashes(4),
            Known { place: Place::Nowhere, .. } => Self::Flashes(3),
            Known { publishes: false, .. } => Self::Flashes(2),
            _ => Self::Flashes(1),
        }
    }

    /// Whether the LED is lit at this moment.
    pub const fn is_lit(self, now_ms: u64) -> bool {
        match self {
            Self::Flicker => now_ms % 100 < 50,
            Self::Setup => now_ms % 1000 < 500,
            Self::Flashes(count) => {
                // A flash of 60 ms each 360 ms, and 2 s of nothing behind the last: one can count them.
                let at = now_ms % (count as u64 * FLASH_MS + PAUSE_MS);
                at < count as u64 * FLASH_MS && at % FLASH_MS < LIT_MS
            }
        }
    }
}

const FLASH_MS: u64 = 360;
const LIT_MS: u64 = 60;
const PAUSE_MS: u64 = 2_000;

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::Ipv4Addr;

    const WELL: Known = Known {
        button: None,
        place: Place::Home(Ipv4Addr::new(10, 0, 0, 7)),
        reads: true,
        hears: true,
        publishes: true,
    };

    #[test]
    fn the_worst_is_shown() {
        let nowhere = Known { place: Place::Nowhere, publishes: false, ..WELL };
        let own = Known { place: Place::OwnNetwork(Ipv4Addr::LOCALHOST), reads: false, hears: false, ..WELL };
        for (known, shows) in [
            (WELL, Shows::Flashes(1)),
            (Known { publishes: false, ..WELL }, Shows::Flashes(2)),
            (nowhere, Shows::Flashes(3)),
            (Known { reads: false, ..nowhere }, Shows::Flashes(4)),
            (Known::default(), Shows::Flashes(5)),
            (own, Shows::Setup),
            (Known { button: Some(Pressed::Shortly), ..WELL }, Shows::Flashes(1)),
            (Known { button: Some(Pressed::Setup), ..nowhere }, Shows::Setup),
            (Known { button: Some(Pressed::Forget), ..own }, Shows::Flicker),
        ] {
            assert_eq!(Shows::of(&known), shows, "{known:?}");
        }
    }

    #[test]
    fn the_flashes_can_be_counted() {
        for count in 1..=5 {
            let lit = |now| Shows::Flashes(count).is_lit(now);
            let period = u64::from(count) * FLASH_MS + PAUSE_MS;
            // Over one period from the middle of a pause.
            let start = period - PAUSE_MS / 2;
            let flashes = (start..start + period).filter(|now| lit(*now) && !lit(now - 1)).count();
            assert_eq!(flashes, usize::from(count));
            assert!((start..start + PAUSE_MS / 2).all(|now| !lit(now)));
        }
    }
}
