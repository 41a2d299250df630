//! Any bytes in any pieces: the deframer ends, takes every byte, and a good telegram behind them is found.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smarty_p1::{Deframer, Frame, Progress, Telegram};

const GOOD: &[u8] = b"/KAM5\r\n\r\n1-0:1.8.0(1*kWh)\r\n!";

fuzz_target!(|input: (u8, &[u8])| {
    let (size, bytes) = input;
    let mut stream = bytes.to_vec();
    stream.extend_from_slice(GOOD);
    stream.extend_from_slice(format!("{:04X}\r\n", smarty_p1::crc16(GOOD)).as_bytes());
    let mut deframer = Deframer::<1024>::new();
    let mut found = false;
    let mut pieces: Vec<&[u8]> = stream.chunks(usize::from(size).max(1)).collect();
    loop {
        for piece in &pieces {
            let mut rest = *piece;
            loop {
                let (used, progress) = deframer.feed(rest);
                rest = &rest[used..];
                match progress {
                    Progress::Pending if rest.is_empty() => break,
                    Progress::Frame => {
                        let good = match deframer.frame() {
                            Frame::Plain(text) => Telegram::parse(text).is_ok_and(|telegram| {
                                // One prefix in 65536 has the checksum 0 and leaves that of the good one as it
                                // is: then the whole is a telegram as far as a checksum can tell.
                                found |= telegram.text().windows(GOOD.len()).any(|window| window == GOOD);
                                telegram.crc().is_some()
                            }),
                            _ => false,
                        };
                        if good { deframer.accept() } else { deframer.reject() }
                    }
                    _ => {}
                }
            }
        }
        if !deframer.abandon() {
            break;
        }
        pieces = vec![&[]];
    }
    assert!(found, "noise cost a good telegram");
});
