//! Time from a sealed frame to a `Reading`: tag, CRC, units and ranges checked. One line a figure, `name value`.
//!
//! Each figure is the median of many short batches, so that a busy machine moves it little. With a folder as
//! argument the frames are written there, for peers in other languages to read the same.

use std::hint::black_box;
use std::time::Instant;

use smarty_meter::{MeterConfig, Profile, VirtualMeter};
use smarty_p1::{Authentication, Deframer, Frame, Key, LONGEST_FRAME, Progress, Reading, SealedFrame, Telegram};

const KEY: [u8; 16] = [0x5A; 16];

fn main() {
    let short = VirtualMeter::new(config(Profile::Luxembourg2018)).next_telegram();
    let mut meter = VirtualMeter::new(config(Profile::LuxembourgGas));
    let length = meter.next_telegram().frame.len();
    meter.set_message(&"M".repeat((1450 - length) / 2));
    let long = meter.next_telegram();
    // A core that has slept is slow for a moment: that is not what is asked.
    let warm = Instant::now();
    while warm.elapsed().as_millis() < 300 {
        black_box(sealed(&short.frame));
    }
    let folder = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    for (name, telegram) in [("short", &short), ("long", &long)] {
        if let Some(folder) = &folder {
            std::fs::write(format!("{folder}/{name}.frame"), &telegram.frame)
                .expect("the folder is given by the bench script");
            std::fs::write(format!("{folder}/{name}.text"), &telegram.text)
                .expect("the folder is given by the bench script");
        }
        println!("{name}_bytes {}", telegram.frame.len());
        println!("{name}_sealed_ns {}", sealed(&telegram.frame));
        println!("{name}_stream_ns {}", stream(&telegram.frame));
        println!("{name}_plain_ns {}", plain(&telegram.text));
        println!("{name}_dsmr5_ns {}", dsmr5(&telegram.text));
    }
}

fn config(profile: Profile) -> MeterConfig {
    MeterConfig { key: Some(KEY), start: 1_790_000_000, ..MeterConfig::new(profile) }
}

/// Median over batches, in nanoseconds for one.
fn median(mut work: impl FnMut()) -> u128 {
    const BATCH: u32 = 200;
    let mut batches: Vec<u128> = (0..301)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..BATCH {
                work();
            }
            start.elapsed().as_nanos() / u128::from(BATCH)
        })
        .collect();
    batches.sort_unstable();
    batches[batches.len() / 2]
}

fn open(frame: &mut [u8], key: &Key) -> i64 {
    let mut sealed = SealedFrame::parse(frame).expect("the meter makes whole frames");
    sealed.open(key, &Authentication::Standard).expect("it is the meter's key");
    let telegram = Telegram::parse(sealed.into_text()).expect("the meter makes right checksums");
    black_box(Reading::of(&telegram)).values.power_net().unwrap_or_default()
}

fn sealed(frame: &[u8]) -> u128 {
    let key = Key::new(KEY);
    let mut buffer = frame.to_vec();
    median(|| {
        buffer.copy_from_slice(frame);
        black_box(open(&mut buffer, &key));
    })
}

/// The same with the search for the frame in a stream of pieces as a serial port gives them.
fn stream(frame: &[u8]) -> u128 {
    let key = Key::new(KEY);
    let mut deframer = Box::new(Deframer::<LONGEST_FRAME>::new());
    median(|| {
        for piece in frame.chunks(512) {
            if deframer.feed(piece).1 == Progress::Frame {
                if let Frame::Sealed(mut sealed) = deframer.frame() {
                    sealed.open(&key, &Authentication::Standard).expect("it is the meter's key");
                    let telegram = Telegram::parse(sealed.into_text()).expect("the meter makes right checksums");
                    black_box(Reading::of(&telegram));
                }
                deframer.accept();
            }
        }
    })
}

fn plain(text: &[u8]) -> u128 {
    median(|| {
        let telegram = Telegram::parse(black_box(text)).expect("the meter makes right checksums");
        black_box(Reading::of(&telegram));
    })
}

/// The peer crate on the same text, without decryption: it has none.
fn dsmr5(text: &[u8]) -> u128 {
    let mut buffer = [0; 2048];
    buffer[..text.len()].copy_from_slice(text);
    median(|| {
        let readout = dsmr5::Readout { buffer };
        let telegram = readout.to_telegram().expect("the peer reads the header and checksum");
        black_box(telegram.objects().flatten().count());
    })
}
