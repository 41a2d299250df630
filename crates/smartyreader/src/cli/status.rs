//! `status`: how the running daemon is.

use clap::Args;

use super::ConfigFile;
use crate::exit::{Code, Failure};
use crate::observe::{self, Health, duration, times};

#[derive(Debug, Args)]
pub(super) struct Status {
    #[command(flatten)]
    config: ConfigFile,
    /// As JSON, for scripts.
    #[arg(long)]
    json: bool,
}

impl Status {
    pub(super) fn run(self) -> Result<(), Failure> {
        let socket = observe::socket_path(&self.config.load()?.store.path);
        let health = observe::ask(&socket).map_err(|error| {
            let why = match error.kind() {
                std::io::ErrorKind::PermissionDenied => {
                    return Failure::new(
                        Code::NoPermission,
                        format!("this user may not ask the daemon at {}; try with sudo", socket.display()),
                    );
                }
                std::io::ErrorKind::NotFound | std::io::ErrorKind::ConnectionRefused => "it does not run".to_string(),
                _ => error.to_string(),
            };
            Failure::new(Code::Unavailable, format!("no answer from the daemon at {}: {why}", socket.display()))
        })?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&health).map_err(std::io::Error::other)?);
        } else {
            print(&health);
        }
        if health.status == "failing" {
            return Err(Failure::new(Code::Unavailable, "not everything works, see above"));
        }
        Ok(())
    }
}

fn print(health: &Health) {
    println!("{}", health.sentence);
    for problem in &health.problems {
        println!(
            "\n{} [{}], for {}, seen {}\n  {}\n  {}",
            problem.subject,
            problem.code,
            duration(health.now - problem.since),
            times(problem.count),
            problem.sentence,
            problem.advice
        );
    }
    println!();
    for meter in &health.meters {
        let age = meter.age_s.map_or("no telegram yet".into(), |age| format!("last telegram {} ago", duration(age)));
        let proof = match meter.proof.as_deref() {
            Some("tag") => ", origin proven",
            Some("crc") => ", sealed, origin not proven",
            Some("plain") => ", not sealed",
            Some("published") => ", as another program published it",
            _ => "",
        };
        println!("meter {:<12} {age}, {} good telegrams{proof}", meter.name, meter.telegrams);
    }
    for source in &health.sources {
        println!("source {:<11} {} {}: {}", source.name, source.kind, source.target, source.state);
        for (name, number) in &source.counters {
            println!("  {name:<28}{number:>12}");
        }
    }
    for sink in &health.sinks {
        let state = format!("{} for {}", sink.state, duration(health.now - sink.since));
        println!("{:<6} {:<11} {}: {state}, {} on their way", sink.kind, sink.name, sink.target, sink.queued);
        for (name, number) in &sink.counters {
            println!("  {name:<28}{number:>12}");
        }
    }
    let store = &health.store;
    println!(
        "store  {} ({:.1} MB): {}, {} stored since the start, {} waiting, {} dropped",
        store.path.display(),
        store.bytes as f64 / 1e6,
        store.state,
        store.stored,
        store.pending,
        store.dropped
    );
}
