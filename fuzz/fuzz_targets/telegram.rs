//! Any text with a right checksum: read without a fault, every value within its kind.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smarty_p1::{Reading, Telegram, crc16};

fuzz_target!(|bytes: &[u8]| {
    let _ = Telegram::parse(bytes).map(|telegram| Reading::of(&telegram));
    let mut text = b"/KAM5\r\n\r\n".to_vec();
    text.extend_from_slice(bytes);
    text.extend_from_slice(b"\r\n!");
    let crc = crc16(&text);
    text.extend_from_slice(format!("{crc:04X}").as_bytes());
    if let Ok(telegram) = Telegram::parse(&text) {
        let reading = Reading::of(&telegram);
        for (quantity, value) in reading.values.iter() {
            assert_eq!(reading.get(quantity), Some(value));
        }
        if let Some(log) = reading.failure_log {
            log.entries().count();
        }
        if let Some(peaks) = reading.month_peaks {
            peaks.entries().count();
        }
    }
});
