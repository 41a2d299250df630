//! Replay: how far the frames under each key have come, so that no old one is taken again.

use std::collections::HashMap;

use smarty_store::Mark;

/// What the sealed frame said of itself.
#[derive(Clone, Copy, Debug)]
pub struct Seal {
    /// Who sent it.
    pub system_title: [u8; 8],
    /// Its number.
    pub frame_counter: u32,
    /// Which key opened it, as its check value.
    pub key: [u8; 4],
}

/// Under which key and from whom.
pub type MarkKey = ([u8; 4], [u8; 8]);

/// Refuses what is neither newer by counter nor by time. A counter that starts again with newer time is a
/// new key or a new meter; the mark keeps the highest of both, so that no old frame comes through behind it.
pub(super) fn is_newer(marks: &mut HashMap<MarkKey, Mark>, seal: Seal, time: i64) -> bool {
    let counter = u64::from(seal.frame_counter);
    let Some(mark) = marks.get_mut(&(seal.key, seal.system_title)) else {
        marks.insert((seal.key, seal.system_title), Mark { counter, time });
        return true;
    };
    let newer = counter > mark.counter || time > mark.time;
    *mark = Mark { counter: counter.max(mark.counter), time: time.max(mark.time) };
    newer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_frame_is_refused_also_after_the_counter_started_again() {
        let mut marks = HashMap::new();
        let mut take =
            |frame_counter, time| is_newer(&mut marks, Seal { system_title: [1; 8], frame_counter, key: [2; 4] }, time);
        assert!(take(100, 1000));
        assert!(!take(100, 1000), "the same again");
        assert!(!take(99, 990), "an older one");
        assert!(take(101, 500), "the clock was set back");
        assert!(take(0, 2000), "the key was renewed");
        assert!(take(1, 2010));
        assert!(!take(100, 1000), "recorded before the key was renewed");
    }
}
