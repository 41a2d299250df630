//! `check`: the configuration in sentences.

use clap::Args;

use super::ConfigFile;
use crate::config::Grade;
use crate::exit::{Code, Failure};

#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    config: ConfigFile,
}

impl Check {
    pub(super) fn run(self) -> Result<(), Failure> {
        let findings = self.config.load()?.check();
        for finding in &findings {
            let mark = match finding.grade {
                Grade::Plan => "  ",
                Grade::Warning => "! ",
                Grade::Error => "x ",
            };
            println!("{mark}{}", finding.sentence);
        }
        let errors = findings.iter().filter(|finding| finding.grade == Grade::Error).count();
        if errors == 0 {
            println!("The configuration is good.");
            return Ok(());
        }
        let things = if errors == 1 { "one thing has".into() } else { format!("{errors} things have") };
        Err(Failure::new(
            Code::Config,
            format!("{} cannot be used yet: {things} to be put right.", self.config.path.display()),
        ))
    }
}
