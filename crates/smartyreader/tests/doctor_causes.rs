//! The doctor's causes: each provoked by the virtual meter and named right as the first; none for what is healthy.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod patient;

use patient::{Settings, codes, scene, sealed};
use smarty_meter::{MeterConfig, Profile};

/// Every scene of the virtual meter, sealed and plain: what the doctor says first, when it hears the line and when it sees a
/// capture of it. An empty word: healthy.
const SCENES: [(&str, [&str; 4]); 39] = [
    // scene, sealed line, sealed capture, plain line, plain capture
    ("normal-day", [""; 4]),
    ("solar-day", [""; 4]),
    ("winter-day", [""; 4]),
    ("gas-day", [""; 4]),
    ("month-end", [""; 4]),
    ("dst-spring", [""; 4]),
    ("dst-autumn", [""; 4]),
    ("noise", ["line-noise"; 4]),
    ("bit-flips", ["line-noise"; 4]),
    ("broken-frames", ["line-noise"; 4]),
    ("storm", ["line-noise"; 4]),
    ("wrong-key", ["wrong-key", "wrong-key", "", ""]),
    ("authentication-key", ["authentication-key-differs", "authentication-key-differs", "", ""]),
    ("plain-between", ["plain-refused", "plain-refused", "", ""]),
    ("foreign", ["other-meter"; 4]),
    ("replay", ["replayed"; 4]),
    ("counter-jump", [""; 4]),
    ("counter-zero", ["counter-back", "counter-back", "", ""]),
    ("counter-end", [""; 4]),
    ("silence", [""; 4]),
    ("power-failure", [""; 4]),
    ("clock-forwards", ["clock-off", "", "clock-off", ""]),
    ("clock-backwards", ["clock-off", "", "clock-off", ""]),
    ("clock-lost", [""; 4]),
    ("swap", ["key-of-another-meter", "key-of-another-meter", "", ""]),
    ("register-reset", ["register-back"; 4]),
    ("message", [""; 4]),
    ("inverted", ["inverted"; 4]),
    ("seven-bits", ["seven-bits"; 4]),
    ("slow-line", ["wrong-speed"; 4]),
    ("other-protocols", ["foreign-protocol"; 4]),
    ("fast-line", ["wrong-speed"; 4]),
    ("other-suite", ["security-control", "security-control", "", ""]),
    ("wrong-checksum", ["checksum-inside", "checksum-inside", "damaged", "damaged"]),
    ("cut-off", ["cut-short"; 4]),
    ("twice", ["doubled"; 4]),
    ("split", ["split", "", "split", ""]),
    ("seldom", ["seldom"; 4]),
    ("clock-off", ["clock-off", "", "clock-off", ""]),
];

#[test]
fn every_scene_has_its_cause() {
    let names: Vec<&str> = SCENES.iter().map(|(name, _)| *name).collect();
    let all: Vec<&str> = smarty_meter::Scene::all().iter().map(smarty_meter::Scene::name).collect();
    assert_eq!(names, all, "every scene is in the table");
    let mut wrong = Vec::new();
    for (name, expected) in SCENES {
        let source = if name == "fast-line" { "baud = 9600\n" } else { "" };
        let lines = [
            (Settings::sealed(), sealed(Profile::LuxembourgFull)),
            (Settings::sealed().from_file(), sealed(Profile::LuxembourgFull)),
            (Settings::plain(), MeterConfig::new(Profile::LuxembourgFull)),
            (Settings::plain().from_file(), MeterConfig::new(Profile::LuxembourgFull)),
        ];
        for ((settings, meter), expected) in lines.into_iter().zip(expected) {
            let settings = Settings { source: source.into(), ..settings };
            let causes = settings.patient().hear_all(scene(name, meter).take(400));
            let found = codes(&causes);
            if found.first().copied().unwrap_or_default() != expected {
                wrong.push(format!("{name} {settings:?}: {found:?} instead of {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
