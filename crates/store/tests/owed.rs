//! What a receiver is owed: every entry once, in order, from where it left off.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use common::{Folder, MIDNIGHT, readings};
use smarty_store::{Entry, Reader, Store};

#[test]
fn a_receiver_goes_on_where_it_left_off() {
    let folder = Folder::new();
    let mut store = Store::open(folder.options()).unwrap();
    // Two hours, an hour's silence, one hour more.
    store.append_batch(&readings(MIDNIGHT, MIDNIGHT + 7200)).unwrap();
    let before = store.entries();
    store.append_batch(&readings(MIDNIGHT + 10_800, MIDNIGHT + 14_410)).unwrap();
    assert!(store.entries() > before);
    let reader = Reader::open(folder.path()).unwrap();
    let all = reader.owed("home", 0, usize::MAX >> 1).unwrap();
    let gaps = all.iter().filter(|entry| matches!(entry, Entry::Gap(_))).count();
    assert_eq!((all.len() - gaps, gaps), (12, 1), "four quarter-hours of silence are one gap");
    assert!(all.windows(2).all(|pair| pair[0].end() <= pair[1].end()));
    assert_eq!(reader.count_owed("home", 0, i64::MAX >> 1).unwrap(), all.len() as u64);

    // In portions, with a restart in between: the same entries.
    let (mut position, mut got) = (0, Vec::new());
    loop {
        let portion = reader.owed("home", position, 3).unwrap();
        let Some(last) = portion.last() else { break };
        position = last.end();
        got.extend(portion);
        store.set_position("broker", "home", position);
        store.flush().unwrap();
        drop(store);
        store = Store::open(folder.options()).unwrap();
        assert_eq!(store.positions("broker").unwrap(), [("home".to_string(), position)]);
        assert!(store.positions("other").unwrap().is_empty());
    }
    assert_eq!(got, all);
}
