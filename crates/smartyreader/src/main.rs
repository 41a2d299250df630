//! The command `smartyreader`. Everything it does stands in the library.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use smartyreader::cli::Cli;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // The code says it, too, where nobody takes the sentence.
            let _ = writeln!(std::io::stderr(), "smartyreader: {failure}");
            ExitCode::from(failure.code as u8)
        }
    }
}
