//! The command line: one file a verb.

mod backup;
mod check;
mod costs;
mod decode;
mod demo;
mod doctor;
mod export;
mod import;
mod listen;
mod meter;
mod password;
mod plot;
mod ports;
mod report;
mod report_bug;
mod run;
mod setup;
mod status;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::{self, Config};
use crate::exit::Failure;

/// Reads smart electricity meters, above all Luxembourg's encrypted Smarty: proves, keeps and shows every telegram.
#[derive(Debug, Parser)]
#[command(name = "smartyreader", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run the daemon: read, keep and show.
    Run(run::Run),
    /// Lead from the cable to a configuration, in three questions.
    Setup(setup::Setup),
    /// Say in sentences what a configuration will do, and what is wrong with it.
    Check(check::Check),
    /// Ask the running daemon how everything is.
    Status(status::Status),
    /// Look at a port for half a minute and say what is wrong with it, and what to do.
    Doctor(doctor::Doctor),
    /// Show what is in a capture or a frame, with its security facts.
    Decode(decode::Decode),
    /// Write readings or totals as CSV or JSON lines.
    Export(export::Export),
    /// Bring readings that other programs wrote into the database, while the daemon does not run.
    Import(import::Import),
    /// Draw a day, week, month or year as PNG or SVG.
    Plot(plot::Plot),
    /// Show, write or mail the report of a day, week or month.
    Report(report::Report),
    /// Say what a day, month or year costs, line by line, and which reference power would be cheapest.
    Costs(costs::Costs),
    /// Write a file to attach to a bug report, without anything secret and without identifiers.
    ReportBug(report_bug::ReportBug),
    /// Copy the database while the daemon runs.
    Backup(backup::Backup),
    /// Put a copy of the database back, while the daemon does not run.
    Restore(backup::Restore),
    /// Make the hash of a password, or a token for scripts.
    Password(password::Password),
    /// Be a meter: send the telegrams of a virtual household.
    Meter(meter::Meter),
    /// Show everything with a virtual meter and a year of history.
    Demo(demo::Demo),
}

impl Cli {
    /// Does what the command line says.
    ///
    /// # Errors
    /// [`Failure`]: a sentence and an exit code.
    pub fn run(self) -> Result<(), Failure> {
        match self.verb {
            Verb::Run(verb) => verb.run(),
            Verb::Setup(verb) => verb.run(),
            Verb::Check(verb) => verb.run(),
            Verb::Status(verb) => verb.run(),
            Verb::Doctor(verb) => verb.run(),
            Verb::Decode(verb) => verb.run(),
            Verb::Export(verb) => verb.run(),
            Verb::Import(verb) => verb.run(),
            Verb::Plot(verb) => verb.run(),
            Verb::Report(verb) => verb.run(),
            Verb::Costs(verb) => verb.run(),
            Verb::ReportBug(verb) => verb.run(),
            Verb::Backup(verb) => verb.run(),
            Verb::Restore(verb) => verb.run(),
            Verb::Password(verb) => verb.run(),
            Verb::Meter(verb) => verb.run(),
            Verb::Demo(verb) => verb.run(),
        }
    }
}

/// Where the configuration is: the same option for every verb that needs one.
#[derive(Debug, Args)]
struct ConfigFile {
    /// The configuration.
    #[arg(long = "config", short = 'c', value_name = "FILE", default_value = "/etc/smartyreader/smartyreader.toml")]
    path: PathBuf,
}

impl ConfigFile {
    fn load(&self) -> Result<Config, Failure> {
        Ok(config::load(&self.path)?)
    }
}
