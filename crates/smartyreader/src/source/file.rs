//! File: captured bytes, replayed at once or as fast as the telegrams' own time says.

use std::path::Path;
use std::time::Duration;

use tokio::fs::File;

use super::Stream;
use crate::config::{Source, Speed};
use crate::doctor::Cause;
use crate::words;

pub(super) async fn open(settings: &Source) -> Result<Stream, Cause> {
    let path = settings.path.as_deref().unwrap_or(Path::new(""));
    match File::open(path).await {
        Ok(file) => Ok(Box::pin(file)),
        Err(error) => Err(Cause::Unreachable {
            target: settings.target(),
            why: words::of_io(&error),
            advice: "Is the path right? Paths are relative to the configuration.",
        }),
    }
}

/// Waits between telegrams as long as there was between them, divided by the speed.
pub(super) struct Pace {
    speed: Speed,
    last: Option<i64>,
}

impl Pace {
    pub(super) fn new(speed: Speed) -> Self {
        Self { speed, last: None }
    }

    /// Waits until it is the turn of a telegram with this time.
    pub(super) async fn wait(&mut self, time: i64) {
        let Speed::Times(factor) = self.speed else { return };
        let between = self.last.replace(time).map_or(0, |last| (time - last).max(0));
        // A gap of days in a capture is no reason to wait for days.
        let between = between.min(600);
        tokio::time::sleep(Duration::from_millis(between as u64 * 1000 / u64::from(factor.max(1)))).await;
    }
}
