//! `backup` and `restore`: the database is one file.

use std::path::PathBuf;

use clap::Args;

use super::ConfigFile;
use crate::exit::{Code, Failure};
use crate::observe;

#[derive(Debug, Args)]
pub(super) struct Backup {
    #[command(flatten)]
    config: ConfigFile,
    /// The copy to make.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

impl Backup {
    pub(super) fn run(self) -> Result<(), Failure> {
        let database = self.config.load()?.store.path;
        smarty_store::back_up(&database, &self.to)?;
        println!("{} is a whole copy, checked. Keys are not in it.", self.to.display());
        Ok(())
    }
}

#[derive(Debug, Args)]
pub(super) struct Restore {
    #[command(flatten)]
    config: ConfigFile,
    /// The copy to put back.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
}

impl Restore {
    pub(super) fn run(self) -> Result<(), Failure> {
        let database = self.config.load()?.store.path;
        if observe::ask(&observe::socket_path(&database)).is_ok() {
            return Err(Failure::new(Code::Unavailable, "the daemon runs; stop it first, then restore"));
        }
        smarty_store::restore(&self.from, &database)?;
        println!("{} is back in place.", database.display());
        Ok(())
    }
}
