//! Days worth showing, by name: for a demonstration, a bug report, a test.

mod list;

use crate::config::MeterConfig;
use crate::fault::Script;
use crate::line::Line;
use crate::meter::VirtualMeter;
use list::SCENES;

/// The seed of the meter that comes into the house in the scene `swap`; its key is
/// [`key_of`](crate::key_of) this.
pub const SWAPPED_SEED: u64 = 0x5357_4150;
/// The seed of the meter next door in the scene `foreign`.
pub const NEIGHBOUR_SEED: u64 = 0x4E45_5854;

/// A time, a house and a script with a name.
///
/// ```
/// use smarty_meter::{MeterConfig, Profile, Scene};
///
/// let scene = Scene::find("silence").expect("one of the scenes");
/// let heard = scene.line(MeterConfig::new(Profile::LuxembourgFull)).count();
/// assert!((heard as u64) < scene.telegrams());
/// ```
#[derive(Debug)]
pub struct Scene {
    name: &'static str,
    sentence: &'static str,
    telegrams: u64,
    /// What must be otherwise in the order: a date, a profile, panels.
    arrange: fn(&mut MeterConfig),
    script: fn() -> Script,
}

impl Scene {
    /// All scenes.
    #[must_use]
    pub const fn all() -> &'static [Self] {
        &SCENES
    }

    /// The scene of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        SCENES.iter().find(|scene| scene.name == name)
    }

    /// The name on a command line.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What happens, in one sentence.
    #[must_use]
    pub const fn sentence(&self) -> &'static str {
        self.sentence
    }

    /// How many telegrams it takes at a period of ten seconds, those that nobody hears included.
    #[must_use]
    pub const fn telegrams(&self) -> u64 {
        self.telegrams
    }

    /// The order changed as the scene needs it. Seed, names and keys stay as they are; a scene that
    /// hangs on a date sets the start.
    #[must_use]
    pub fn config(&self, mut config: MeterConfig) -> MeterConfig {
        (self.arrange)(&mut config);
        config
    }

    /// The faults of the scene.
    #[must_use]
    pub fn script(&self) -> Script {
        (self.script)()
    }

    /// The scene ready to play: it ends after [`telegrams`](Self::telegrams).
    #[must_use]
    pub fn line(&self, config: MeterConfig) -> Line {
        Line::new(VirtualMeter::new(self.config(config)), self.script()).until(self.telegrams)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenes_have_names_of_their_own_and_one_sentence() {
        for (place, scene) in SCENES.iter().enumerate() {
            assert!(SCENES[..place].iter().all(|other| other.name != scene.name), "{}", scene.name);
            assert!(scene.sentence.ends_with('.'), "{}", scene.name);
        }
    }
}
