//! Listen: what a port says, heard with the daemon's own intake, and what the doctor makes of it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt as _;
use tokio::time::timeout;

use crate::config::{self, Config, Meter, Preset, Source, SourceKind};
use crate::doctor::Cause;
use crate::doctor::port::who_has;
use crate::exit::Failure;
use crate::intake::{Arrival, Intake};
use crate::observe::now;
use crate::source::{frame_silence, open};
use crate::words;

/// So many bytes are kept to be saved.
const KEPT: usize = 16 << 20;
/// After so many good telegrams with nothing wrong no more are needed.
const CONVINCED: usize = 4;

/// The name of the source in the configuration that [`around`] makes.
pub(super) const PORT: &str = "port";

/// What came of a look.
#[derive(Default)]
pub(super) struct Findings {
    /// The most probable first.
    pub(super) causes: Vec<Cause>,
    pub(super) bytes: Vec<u8>,
    /// Good telegrams.
    pub(super) good: usize,
}

/// A configuration around one source, which is called [`PORT`], and its meter.
///
/// # Errors
/// None that is known: an empty configuration is a good one.
pub(super) fn around(source: Source, meter: Meter) -> Result<Config, Failure> {
    let mut config = config::parse("", "")?;
    config.source.insert(PORT.into(), source);
    config.meter.insert("meter".into(), meter);
    Ok(config)
}

/// A serial port as a source.
pub(super) fn serial(device: PathBuf, preset: &str) -> Source {
    Source { device: Some(device), preset: preset_of(preset), ..Source::of_kind(SourceKind::Serial) }
}

/// The preset by its word; the command line knows no other words.
pub(super) fn preset_of(word: &str) -> Preset {
    if word == "dsmr-2" { Preset::Dsmr2 } else { Preset::Dsmr5 }
}

/// Listens until the time is over, until all is well beyond doubt, or until `enough` says so of the bytes that came.
pub(super) async fn listen(
    source: &Source,
    intake: &mut Intake,
    seconds: u64,
    mut enough: impl FnMut(&[u8]) -> bool,
) -> Findings {
    let mut findings = Findings::default();
    // Two that read get half each: who is in there is not disturbed.
    if let Some(busy) = source.device.as_deref().and_then(who_has) {
        findings.causes.push(busy);
        return findings;
    }
    let mut stream = match open(source).await {
        Ok(stream) => stream,
        Err(cause) => {
            findings.causes.push(cause);
            return findings;
        }
    };
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut arrivals: Vec<Arrival> = Vec::new();
    let mut buffer = [0; 4096];
    let mut lost = None;
    while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        let mut done = false;
        match timeout(left.min(frame_silence(source.kind)), stream.read(&mut buffer)).await {
            Ok(Ok(0)) => lost = Some("it was closed at the other end".to_string()),
            Ok(Err(error)) => lost = Some(words::of_io(&error)),
            Ok(Ok(bytes)) => {
                let room = KEPT.saturating_sub(findings.bytes.len());
                findings.bytes.extend_from_slice(&buffer[..bytes.min(room)]);
                intake.feed(&buffer[..bytes], now(), &mut arrivals);
                done = enough(&buffer[..bytes]);
            }
            Err(_) => intake.silence(now(), &mut arrivals),
        }
        // What comes twice has the same time.
        let times: BTreeSet<i64> = arrivals.iter().map(|arrival| arrival.reading.time).collect();
        if done || lost.is_some() || times.len() >= CONVINCED && intake.causes(now()).is_empty() {
            break;
        }
    }
    intake.end();
    findings.good = arrivals.len();
    let target = source.target();
    let causes = intake.causes(now());
    if let Some(why) = lost
        && causes.is_empty()
        && findings.good == 0
    {
        findings.causes.push(Cause::Lost { target, why });
    } else if findings.bytes.is_empty() {
        findings.causes.push(Cause::Silent { target, seconds });
    }
    findings.causes.extend(causes);
    findings
}
