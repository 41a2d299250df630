//! How long a telegram takes: `cargo run --release --example speed -p smarty-meter`.

use std::hint::black_box;
use std::time::Instant;

use smarty_meter::{MeterConfig, Profile, VirtualMeter};

const TELEGRAMS: u32 = 200_000;

fn main() {
    for profile in Profile::ALL {
        let plain = MeterConfig::new(profile);
        let sealed = MeterConfig { key: Some([0x5A; 16]), ..plain.clone() };
        let bytes = VirtualMeter::new(plain.clone()).next_telegram().text.len();
        println!(
            "{:16} {bytes:5} bytes   values {:5.0} ns   text {:5.0} ns   sealed {:5.0} ns",
            profile.name(),
            measure(plain.clone(), |meter| _ = black_box(meter.next_values())),
            measure(plain, |meter| _ = black_box(meter.next_telegram())),
            measure(sealed, |meter| _ = black_box(meter.next_telegram())),
        );
    }
}

/// Nanoseconds for one.
fn measure(config: MeterConfig, mut act: impl FnMut(&mut VirtualMeter)) -> f64 {
    let mut meter = VirtualMeter::new(config);
    let begin = Instant::now();
    for _ in 0..TELEGRAMS {
        act(&mut meter);
    }
    begin.elapsed().as_secs_f64() * 1e9 / f64::from(TELEGRAMS)
}
