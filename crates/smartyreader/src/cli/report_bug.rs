//! `report-bug`: one text file that helps whoever looks for the cause, and names nobody.
//!
//! Nothing is taken out of what there is; what is known to be harmless is put in. Names of meters and the like are called
//! `meter-1`; sentences, which may hold addresses and identifiers, stay out, their codes stand for them.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, fchown};
use std::path::{Path, PathBuf};

use clap::Args;
use smarty_store::{Clock, Reader, StoreError};
use tokio::task::JoinSet;

use super::ConfigFile;
use super::listen::listen;
use crate::config::{self, Config, Pseudonyms, SourceKind};
use crate::exit::{Code, Failure};
use crate::intake::Intake;
use crate::observe::{self, Counters, Health, Observer, now};

#[derive(Debug, Args)]
pub(super) struct ReportBug {
    #[command(flatten)]
    config: ConfigFile,
    /// The file to write.
    #[arg(long, value_name = "FILE", default_value = "smartyreader-report.txt")]
    output: PathBuf,
    /// How long to listen on each port while the daemon does not run.
    #[arg(long, value_name = "SECONDS", default_value_t = 15)]
    listen: u64,
}

impl ReportBug {
    pub(super) fn run(self) -> Result<(), Failure> {
        // Before anything is listened to: who cannot have the report waits for nothing.
        let mut file = self.create()?;
        let mut report = Report(String::new());
        report.program();
        match std::fs::read_to_string(&self.config.path) {
            Err(error) => {
                report.title("Configuration");
                report.line(format_args!("cannot be read: {}", error.kind()));
            }
            Ok(text) => self.house(&text, &mut report)?,
        }
        file.write_all(report.0.as_bytes()).map_err(|error| self.failed(&error))?;
        println!(
            "{} is written. No keys, passwords, addresses, names or identifiers are in it; it does say what was measured last. \
             Read it, then attach it to your report at {}/issues",
            self.output.display(),
            env!("CARGO_PKG_REPOSITORY")
        );
        Ok(())
    }

    /// The file, which is the one's who reads it and sends it on, also when root makes it for him.
    fn create(&self) -> Result<File, Failure> {
        let file = File::options().write(true).create_new(true).mode(0o600).open(&self.output);
        let file = file.map_err(|error| self.failed(&error))?;
        let id = |name| std::env::var(name).ok()?.parse().ok();
        if let (Some(user), Some(group)) = (id("SUDO_UID"), id("SUDO_GID")) {
            // Who is not root has made it as himself.
            let _ = fchown(&file, Some(user), Some(group));
        }
        Ok(file)
    }

    fn failed(&self, error: &io::Error) -> Failure {
        let file = self.output.display();
        let sentence = match error.kind() {
            io::ErrorKind::AlreadyExists => format!("{file} is there already; name another one with --output"),
            _ => format!("{file} cannot be written: {error}"),
        };
        Failure::new(Code::CannotCreate, sentence)
    }

    /// What follows from a configuration.
    fn house(&self, text: &str, report: &mut Report) -> Result<(), Failure> {
        report.title("Configuration");
        let Ok((outline, names)) = config::outline(text) else {
            report.line(format_args!("it is no TOML; `smartyreader check` says where it is wrong"));
            return Ok(());
        };
        report.0 += &outline;
        let Ok(config) = config::load(&self.config.path) else {
            report.line(format_args!("it is refused; `smartyreader check` says why"));
            return Ok(());
        };
        report.line(format_args!("errors: {}", config.errors().len()));
        report.title("Daemon");
        match observe::ask(&observe::socket_path(&config.store.path)) {
            Ok(health) => report.health(&health, &names),
            Err(error) => {
                report.line(format_args!("no answer: {}", error.kind()));
                self.ports(&config, &names, report)?;
            }
        }
        report.title("Database");
        if let Err(error) = report.database(&config.store.path, &names) {
            report.line(format_args!("{}", harmless(&error)));
        }
        Ok(())
    }

    /// The daemon does not run: the doctor looks at the ports, all at once.
    fn ports(&self, config: &Config, names: &Pseudonyms, report: &mut Report) -> Result<(), Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut heard = runtime.block_on(async {
            let mut listeners = JoinSet::new();
            for (name, source) in &config.source {
                if !matches!(source.kind, SourceKind::Serial | SourceKind::Tcp) {
                    continue;
                }
                let observer = Observer::new();
                let mut intake = Intake::new(config, name, HashMap::new(), observer.clone());
                intake.look_at_all();
                let (name, source, seconds) = (name.clone(), source.clone(), self.listen);
                listeners.spawn(async move {
                    let findings = listen(&source, &mut intake, seconds, |_| false).await;
                    (name, findings, observer)
                });
            }
            listeners.join_all().await
        });
        heard.sort_by(|(one, ..), (other, ..)| one.cmp(other));
        for (name, findings, observer) in &heard {
            let name = names.of("source", name).unwrap_or("source");
            report.line(format_args!("{name}: {} bytes, {} good telegrams", findings.bytes.len(), findings.good));
            for cause in &findings.causes {
                report.line(format_args!("  the doctor: {}", cause.code()));
            }
            for (counter, number) in observer.health().sources.iter().flat_map(|source| &source.counters) {
                report.line(format_args!("  {counter} {number}"));
            }
        }
        Ok(())
    }
}

/// The text as it grows.
struct Report(String);

impl Report {
    fn title(&mut self, title: &str) {
        let _ = writeln!(self.0, "\n== {title}");
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.0, "{line}");
    }

    fn program(&mut self) {
        self.line(format_args!("What SmartyReader says of itself, for whoever looks for the cause of what is wrong. Meters and the like are numbered; neither their names nor keys are in it."));
        self.line(format_args!(""));
        self.line(format_args!("smartyreader {} on {}", env!("CARGO_PKG_VERSION"), std::env::consts::ARCH));
        let system = rustix::system::uname();
        self.line(format_args!("kernel {}", system.release().to_string_lossy()));
        let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
        if let Some(name) = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")) {
            self.line(format_args!("{}", name.trim_matches('"')));
        }
        self.line(format_args!("at {}", moment(now())));
    }

    fn counters(&mut self, counters: &Counters) {
        for (name, number) in counters {
            self.line(format_args!("  {name} {number}"));
        }
    }

    fn health(&mut self, health: &Health, names: &Pseudonyms) {
        let name = |kind: &str, name: &str| names.of(kind, name).unwrap_or(kind).to_string();
        self.line(format_args!(
            "version {}, {}, up for {} s",
            health.version,
            health.status,
            health.now - health.started
        ));
        for problem in &health.problems {
            let (kind, who) = problem.subject.split_once(' ').unwrap_or((&problem.subject, ""));
            let since = health.now - problem.since;
            let (code, count, severity) = (&problem.code, problem.count, problem.severity);
            let kind = if KINDS.contains(&kind) { kind } else { "other" };
            self.line(format_args!(
                "problem {code} ({}) of {}: {count} times, for {since} s",
                format!("{severity:?}").to_lowercase(),
                name(kind, who)
            ));
        }
        for source in &health.sources {
            let age = source.last_byte.map(|time| format!("last byte {} s ago", health.now - time));
            let age = age.unwrap_or_else(|| "no byte yet".into());
            let (kind, state) = (&source.kind, &source.state);
            self.line(format_args!("{}: {kind}, {state}, {age}", name("source", &source.name)));
            self.counters(&source.counters);
        }
        for meter in &health.meters {
            let (count, proof) = (meter.telegrams, meter.proof.as_deref().unwrap_or("none"));
            let age = meter.age_s.map(|age| format!(", the last {age} s ago"));
            let drift = meter.clock_drift_s.map(|drift| format!(", clock off by {drift} s"));
            let (age, drift) = (age.unwrap_or_default(), drift.unwrap_or_default());
            self.line(format_args!("{}: {count} telegrams, proof {proof}{age}{drift}", name("meter", &meter.name)));
            self.counters(&meter.counters);
        }
        for sink in &health.sinks {
            let (state, queued, since) = (&sink.state, sink.queued, health.now - sink.since);
            self.line(format_args!("{}: {state} for {since} s, {queued} waiting", name(&sink.kind, &sink.name)));
            self.counters(&sink.counters);
        }
        let store = &health.store;
        self.line(format_args!(
            "store: {}, {} bytes, {} stored, {} waiting, {} dropped",
            store.state, store.bytes, store.stored, store.pending, store.dropped
        ));
    }

    /// How much there is, and each meter's last telegram.
    fn database(&mut self, path: &Path, names: &Pseudonyms) -> Result<(), StoreError> {
        let reader = Reader::open(path)?;
        let stats = reader.stats()?;
        self.line(format_args!(
            "{} bytes, {} readings, {} of them of the running hour",
            stats.bytes, stats.readings, stats.live
        ));
        for meter in reader.meters()? {
            let name = names.of("meter", &meter.name).or_else(|| names.of("group", &meter.name));
            let name = name.or_else(|| names.of("sensor", &meter.name)).unwrap_or("a meter that is not configured");
            self.title(&format!("Last telegram of {name}"));
            self.line(format_args!("{} identifiers so far", meter.segments.len()));
            let Some(last) = reader.last(&meter.name)? else {
                self.line(format_args!("none yet"));
                continue;
            };
            let clock = if last.clock == Clock::Host { "this machine's" } else { "the meter's" };
            let proof = last.proof.name();
            self.line(format_args!(
                "of {} by {clock} clock, received {}, proof {proof}",
                moment(last.time),
                moment(last.received)
            ));
            for (quantity, value) in last.values.iter() {
                self.line(format_args!("{} {value}", quantity.name()));
            }
            // Identifiers and messages: which there are, and how long.
            for text in reader.texts(&meter.name)? {
                self.line(format_args!("{}: {} letters", text.code, text.value.chars().count()));
            }
        }
        Ok(())
    }
}

/// What problems are about.
const KINDS: [&str; 9] = ["source", "meter", "sensor", "group", "mqtt", "store", "web", "mail", "report"];

fn moment(time: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(time).unwrap_or_default()
}

/// What kind of error it is: the whole of it may hold a path.
fn harmless(error: &StoreError) -> &'static str {
    match error {
        StoreError::Full(_) => "full",
        StoreError::Busy => "busy",
        StoreError::Corrupt(_) => "damaged",
        StoreError::Newer { .. } => "of a newer version",
        StoreError::NotOurs(_) => "not a file of this program",
        StoreError::Io { .. } => "cannot be read",
        _ => "an error of the database",
    }
}
