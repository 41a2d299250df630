//! The scenes.

use crate::calendar::utc;
use crate::config::MeterConfig;
use crate::fault::{Fault, Script};
use crate::profile::Profile;

use super::{NEIGHBOUR_SEED, SWAPPED_SEED, Scene};

/// Ten-second telegrams in a day and in an hour.
const DAY: u64 = 8640;
const HOUR: u64 = 360;

/// Nothing changed in the order.
const fn as_ordered(_: &mut MeterConfig) {}

/// The change to the profile that shows something, unless the house has it already.
fn with_gas(config: &mut MeterConfig) {
    if config.profile.spec().gas.is_none() {
        config.profile = Profile::LuxembourgGas;
        config.appliances = config.profile.appliances();
    }
}

fn with_panels(config: &mut MeterConfig) {
    if config.appliances.solar_wp == 0 {
        config.appliances.solar_wp = 8400;
    }
}

/// All scenes: good days first, then the wire, the seal, the counter, and the life of a meter.
pub(super) static SCENES: [Scene; 39] = [
    Scene {
        name: "normal-day",
        sentence: "A Wednesday in March, from midnight to midnight, on a good wire.",
        telegrams: DAY,
        arrange: |config| config.start = utc(2026, 3, 10, 23, 0, 0),
        script: Script::new,
    },
    Scene {
        name: "solar-day",
        sentence: "A Saturday in June with panels on the roof: import at night, export by day.",
        telegrams: DAY,
        arrange: |config| {
            with_panels(config);
            config.start = utc(2026, 6, 19, 22, 0, 0);
        },
        script: Script::new,
    },
    Scene {
        name: "winter-day",
        sentence: "A Monday in January with the heat pump at work and the car to be charged.",
        telegrams: DAY,
        arrange: |config| {
            config.appliances.heat_pump = true;
            config.appliances.electric_car = true;
            config.start = utc(2026, 1, 18, 23, 0, 0);
        },
        script: Script::new,
    },
    Scene {
        name: "gas-day",
        sentence: "A day in February with a gas meter that hands its index over when it likes.",
        telegrams: DAY,
        arrange: |config| {
            with_gas(config);
            config.start = utc(2026, 2, 9, 23, 0, 0);
        },
        script: Script::new,
    },
    Scene {
        name: "month-end",
        sentence: "The last evening of a month and the first morning of the next, with month peaks in Belgium.",
        telegrams: DAY,
        arrange: |config| config.start = utc(2026, 1, 31, 11, 0, 0),
        script: Script::new,
    },
    Scene {
        name: "dst-spring",
        sentence: "The Sunday of 23 hours: 01:59:50 W is followed by 03:00:00 S.",
        telegrams: 23 * HOUR,
        arrange: |config| config.start = utc(2026, 3, 28, 23, 0, 0),
        script: Script::new,
    },
    Scene {
        name: "dst-autumn",
        sentence: "The Sunday of 25 hours: the hour from two to three comes with S and again with W.",
        telegrams: 25 * HOUR,
        arrange: |config| config.start = utc(2026, 10, 24, 22, 0, 0),
        script: Script::new,
    },
    Scene {
        name: "noise",
        sentence: "Noise before, between, behind and inside the telegrams of an hour.",
        telegrams: HOUR,
        arrange: as_ordered,
        script: || {
            Script::new()
                .every(3, 8, HOUR, &Fault::NoiseBefore { bytes: 90 })
                .every(5, 8, HOUR, &Fault::NoiseBetween { bytes: 200 })
                .every(7, 8, HOUR, &Fault::NoiseAfter { bytes: 40 })
                .every(9, 8, HOUR, &Fault::NoiseInside { bytes: 12 })
        },
    },
    Scene {
        name: "bit-flips",
        sentence: "Every sixth telegram loses a bit or a few.",
        telegrams: HOUR,
        arrange: as_ordered,
        script: || {
            Script::new().every(6, 12, HOUR, &Fault::FlipBits { count: 1 }).every(
                12,
                12,
                HOUR,
                &Fault::FlipBits { count: 4 },
            )
        },
    },
    Scene {
        name: "broken-frames",
        sentence: "Telegrams break off, miss bytes, have bytes twice, or begin and never go on.",
        telegrams: HOUR,
        arrange: as_ordered,
        script: || {
            Script::new()
                .every(4, 12, HOUR, &Fault::Truncate { keep: None })
                .every(7, 12, HOUR, &Fault::DropBytes { count: 2 })
                .every(10, 12, HOUR, &Fault::DuplicateBytes { count: 2 })
                .every(13, 12, HOUR, &Fault::FalseStart)
        },
    },
    Scene {
        name: "storm",
        sentence: "A wire on which every fourth telegram meets something that a wire can do.",
        telegrams: 6 * HOUR,
        arrange: as_ordered,
        script: || Script::storm(0x5709, 6 * HOUR, 4),
    },
    Scene {
        name: "wrong-key",
        sentence: "After two minutes the meter seals with a key that the reader does not have.",
        telegrams: HOUR,
        arrange: as_ordered,
        script: || Script::new().with(12, Fault::WrongKey { telegrams: HOUR }),
    },
    Scene {
        name: "authentication-key",
        sentence: "The right key with another authentication key: the text is readable, its origin not proven.",
        telegrams: HOUR,
        arrange: as_ordered,
        script: || Script::new().with(12, Fault::OtherAuthenticationKey { telegrams: HOUR }),
    },
    Scene {
        name: "plain-between",
        sentence: "A meter with a key sends three plain telegrams among its sealed ones.",
        telegrams: HOUR,
        arrange: as_ordered,
        script: || Script::new().with(30, Fault::Plain { telegrams: 3 }),
    },
    Scene {
        name: "foreign",
        sentence: "The neighbour's meter is heard on the same wire.",
        telegrams: HOUR,
        arrange: as_ordered,
        script: || Script::new().every(5, 2, HOUR, &Fault::ForeignMeter { seed: NEIGHBOUR_SEED }),
    },
    Scene {
        name: "replay",
        sentence: "Somebody plays recorded telegrams again.",
        telegrams: HOUR,
        arrange: as_ordered,
        script: || {
            Script::new().every(10, 10, HOUR, &Fault::Replay { back: 1 }).every(
                65,
                30,
                HOUR,
                &Fault::Replay { back: 60 },
            )
        },
    },
    Scene {
        name: "counter-jump",
        sentence: "The frame counter leaps forward by a million.",
        telegrams: HOUR,
        arrange: as_ordered,
        script: || Script::new().with(30, Fault::CounterJump { to: 1_000_000 }),
    },
    Scene {
        name: "counter-zero",
        sentence: "The frame counter starts again from 0 while the time goes on.",
        telegrams: HOUR,
        arrange: as_ordered,
        script: || Script::new().with(30, Fault::CounterJump { to: 0 }),
    },
    Scene {
        name: "counter-end",
        sentence: "The frame counter is spent, and the meter falls silent as the standard orders.",
        telegrams: 60,
        arrange: |config| config.start_frame_counter = u32::MAX - 29,
        script: Script::new,
    },
    Scene {
        name: "silence",
        sentence: "The cable is out for two minutes, and later for half an hour.",
        telegrams: 2 * HOUR,
        arrange: as_ordered,
        script: || {
            Script::new().with(30, Fault::Silence { telegrams: 12 }).with(300, Fault::Silence { telegrams: 180 })
        },
    },
    Scene {
        name: "power-failure",
        sentence: "The mains fail for a minute, and later for twenty.",
        telegrams: HOUR,
        arrange: as_ordered,
        script: || {
            Script::new().with(60, Fault::PowerFailure { seconds: 60 }).with(200, Fault::PowerFailure { seconds: 1200 })
        },
    },
    Scene {
        name: "clock-forwards",
        sentence: "The meter's clock is set forwards by ninety seconds.",
        telegrams: HOUR,
        arrange: as_ordered,
        script: || Script::new().with(60, Fault::MoveClock { by_s: 90 }),
    },
    Scene {
        name: "clock-backwards",
        sentence: "The meter's clock is set backwards by five minutes: stamps come twice.",
        telegrams: HOUR,
        arrange: as_ordered,
        script: || Script::new().with(60, Fault::MoveClock { by_s: -300 }),
    },
    Scene {
        name: "clock-lost",
        sentence: "For ten minutes the meter does not know the time and says 63-25-25.",
        telegrams: HOUR,
        arrange: as_ordered,
        script: || Script::new().with(60, Fault::LoseClock { telegrams: 60 }),
    },
    Scene {
        name: "swap",
        sentence: "The meter is replaced by another with its own name, key and registers.",
        telegrams: HOUR,
        arrange: as_ordered,
        script: || {
            Script::new().with(120, Fault::PowerFailure { seconds: 600 }).with(120, Fault::Swap { seed: SWAPPED_SEED })
        },
    },
    Scene {
        name: "register-reset",
        sentence: "All registers start again from zero.",
        telegrams: HOUR,
        arrange: as_ordered,
        script: || Script::new().with(120, Fault::ResetRegisters),
    },
    Scene {
        name: "message",
        sentence: "The operator shows a message, then a very long one, then none.",
        telegrams: HOUR,
        arrange: as_ordered,
        script: || {
            let short = "Works on the network on Tuesday from 9:00 to 11:00.".to_owned();
            Script::new()
                .with(30, Fault::Message { text: short.clone() })
                .with(60, Fault::Message { text: short.repeat(20) + "Over." })
                .with(90, Fault::Message { text: String::new() })
        },
    },
    Scene {
        name: "inverted",
        sentence: "The signal reaches the port upside down.",
        telegrams: HOUR,
        arrange: as_ordered,
        script: || Script::new().with(12, Fault::Inverted { telegrams: HOUR }),
    },
    Scene {
        name: "seven-bits",
        sentence: "The meter sends seven bits and even parity, the port reads eight bits.",
        telegrams: HOUR,
        arrange: as_ordered,
        script: || Script::new().with(12, Fault::Parity { telegrams: HOUR }),
    },
    Scene {
        name: "slow-line",
        sentence: "A meter of 9600 baud on a port of 115200.",
        telegrams: HOUR,
        arrange: as_ordered,
        script: || Script::new().with(0, Fault::SlowLine { telegrams: HOUR }),
    },
    Scene {
        name: "other-protocols",
        sentence: "HDLC and M-Bus frames of other countries among the telegrams.",
        telegrams: HOUR,
        arrange: as_ordered,
        script: || Script::new().every(5, 6, HOUR, &Fault::Hdlc).every(8, 6, HOUR, &Fault::Mbus),
    },
    Scene {
        name: "fast-line",
        sentence: "A meter of 115200 baud on a port of 9600.",
        telegrams: HOUR,
        arrange: as_ordered,
        script: || Script::new().with(0, Fault::FastLine { telegrams: HOUR }),
    },
    Scene {
        name: "other-suite",
        sentence: "After two minutes the meter seals with a security suite that P1 does not have.",
        telegrams: HOUR,
        arrange: as_ordered,
        script: || Script::new().with(12, Fault::OtherSuite { telegrams: HOUR }),
    },
    Scene {
        name: "wrong-checksum",
        sentence: "After two minutes the meter itself makes wrong checksums, and seals them.",
        telegrams: HOUR,
        arrange: as_ordered,
        script: || Script::new().with(12, Fault::WrongChecksum { telegrams: HOUR }),
    },
    Scene {
        name: "cut-off",
        sentence: "A buffer of 512 bytes on the way: every telegram breaks off there.",
        telegrams: HOUR,
        arrange: as_ordered,
        script: || Script::new().every(0, 1, HOUR, &Fault::Truncate { keep: Some(512) }),
    },
    Scene {
        name: "twice",
        sentence: "A dongle that sends every telegram twice.",
        telegrams: HOUR,
        arrange: as_ordered,
        script: || Script::new().every(0, 1, HOUR, &Fault::Twice),
    },
    Scene {
        name: "split",
        sentence: "A dongle that sends every telegram in two pieces, eight seconds apart.",
        telegrams: HOUR,
        arrange: as_ordered,
        script: || Script::new().every(0, 1, HOUR, &Fault::Split),
    },
    Scene {
        name: "seldom",
        sentence: "A meter that sends once a minute.",
        telegrams: 60,
        arrange: |config| config.period_s = 60,
        script: Script::new,
    },
    Scene {
        name: "clock-off",
        sentence: "A meter whose clock is ten minutes ahead.",
        telegrams: HOUR,
        arrange: as_ordered,
        script: || Script::new().with(0, Fault::MoveClock { by_s: 600 }),
    },
];
