//! `run`: the daemon.

use clap::Args;

use super::ConfigFile;
use crate::daemon;
use crate::exit::{Code, Failure};

#[derive(Debug, Args)]
pub(super) struct Run {
    #[command(flatten)]
    config: ConfigFile,
}

impl Run {
    pub(super) fn run(self) -> Result<(), Failure> {
        let config = self.config.load()?;
        daemon::start_log(&config.log);
        // A missing or wrong key is said on the page and does not keep the other meters from being read.
        let obstacles = config.obstacles();
        if !obstacles.is_empty() {
            return Err(Failure::new(Code::Config, obstacles.join("\n")));
        }
        daemon::run(&config)
    }
}
