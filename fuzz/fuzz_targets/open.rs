//! Any bytes as a sealed frame: refused without a change, whatever the authentication.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smarty_p1::{Authentication, Key, SealedFrame};

fuzz_target!(|bytes: &[u8]| {
    let key = Key::new([7; 16]);
    for authentication in [Authentication::Standard, Authentication::Given(Key::new([9; 16])), Authentication::Unchecked] {
        let mut frame = bytes.to_vec();
        let Some(mut sealed) = SealedFrame::parse(&mut frame) else { return };
        if sealed.open(&key, &authentication).is_err() {
            assert_eq!(frame, bytes, "a refused frame was changed");
        }
    }
});
