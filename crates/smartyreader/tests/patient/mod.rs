//! A line with something wrong, and the intake that hears it.

#![allow(clippy::unwrap_used, dead_code, missing_docs, unreachable_pub)] // Each test file uses its part.

use std::collections::HashMap;

use smarty_meter::{Chunk, MeterConfig, Profile, Scene};
use smartyreader::config;
use smartyreader::doctor::Cause;
use smartyreader::intake::Intake;
use smartyreader::observe::Observer;

pub const KEY: [u8; 16] = [0x5A; 16];
pub const KEY_TEXT: &str = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";

/// What is configured.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Below the source.
    pub source: String,
    /// The meter's section, and others.
    pub meters: String,
    /// The bytes come from a file, without times.
    pub file: bool,
}

impl Settings {
    /// The right ones for a meter with this key, in a variable of the environment.
    pub fn sealed() -> Self {
        Self { meters: "[meter.home]\nkey-file = \"KEY\"\n".into(), ..Self::default() }
    }

    pub fn plain() -> Self {
        Self { meters: "[meter.home]\n".into(), ..Self::default() }
    }

    pub fn in_a_file(self) -> Self {
        Self { file: true, ..self }
    }

    /// A line that is looked at as `smartyreader doctor` does.
    pub fn patient(&self) -> Patient {
        let mut patient = self.in_the_daemon();
        patient.intake.look_at_all();
        patient
    }

    /// A line as the daemon has it.
    pub fn in_the_daemon(&self) -> Patient {
        let kind = if self.file {
            "kind = \"file\"\npath = \"x\"\n"
        } else if self.source.is_empty() {
            "kind = \"tcp\"\naddress = \"dongle:23\"\n"
        } else {
            "kind = \"serial\"\ndevice = \"/dev/ttyUSB0\"\n"
        };
        let other = "[source.other]\nkind = \"tcp\"\naddress = \"other:23\"\n";
        let other = if self.meters.contains("\"other\"") { other } else { "" };
        let text = format!("[source.line]\n{kind}{}\n{other}{}", self.source, self.meters);
        let mut config = config::parse(&text, "test.toml").unwrap();
        for meter in config.meter.values_mut() {
            if let Some(file) = &mut meter.key_file {
                *file = key_file(file.to_str().unwrap());
            }
        }
        let observer = Observer::new();
        let intake = Intake::new(&config, "line", HashMap::new(), observer.clone());
        Patient { intake, observer, timed: !self.file, now: 0, good: 0 }
    }
}

/// A file with a key: `KEY`, the right one of all virtual meters here; or 32 digits.
fn key_file(what: &str) -> std::path::PathBuf {
    let text = if what == "KEY" { KEY_TEXT } else { what };
    let path = std::env::temp_dir().join(format!("smartyreader-patient-{}-{}.key", std::process::id(), &text[..4]));
    // Whole at once: another test may be reading it.
    let beside = path.with_extension(format!("{:?}", std::thread::current().id()));
    std::fs::write(&beside, text).unwrap();
    std::fs::rename(&beside, &path).unwrap();
    path
}

pub struct Patient {
    pub intake: Intake,
    pub observer: Observer,
    pub timed: bool,
    pub now: i64,
    pub good: usize,
}

impl Patient {
    pub fn hear(&mut self, at: i64, bytes: &[u8]) {
        let mut arrivals = Vec::new();
        self.now = at;
        self.intake.feed(bytes, at, &mut arrivals);
        if self.timed && self.intake.is_waiting() {
            self.intake.silence(at, &mut arrivals);
        }
        self.good += arrivals.len();
    }

    pub fn end(&mut self) -> Vec<Cause> {
        if !self.timed {
            let mut arrivals = Vec::new();
            self.intake.silence(self.now, &mut arrivals);
            self.good += arrivals.len();
        }
        self.intake.end();
        self.intake.causes(self.now)
    }

    /// What the daemon says of it now.
    pub fn problems(&self) -> Vec<String> {
        self.observer.health().problems.into_iter().map(|problem| problem.code).collect()
    }

    pub fn hear_all(mut self, chunks: impl IntoIterator<Item = Chunk>) -> Vec<Cause> {
        for chunk in chunks {
            self.hear(chunk.at, &chunk.bytes);
        }
        self.end()
    }
}

/// The codes, first cause first.
pub fn codes(causes: &[Cause]) -> Vec<&'static str> {
    causes.iter().map(Cause::code).collect()
}

pub fn sealed(profile: Profile) -> MeterConfig {
    MeterConfig { key: Some(KEY), ..MeterConfig::new(profile) }
}

pub fn scene(name: &str, config: MeterConfig) -> impl Iterator<Item = Chunk> {
    Scene::find(name).unwrap().line(config)
}
