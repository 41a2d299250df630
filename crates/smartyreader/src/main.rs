//! The command `smartyreader`. Everything it does stands in the library.

use std::process::ExitCode;

use clap::Parser as _;
use smartyreader::cli::Cli;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("smartyreader: {failure}");
            ExitCode::from(failure.code as u8)
        }
    }
}
