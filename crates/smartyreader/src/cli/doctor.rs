//! `doctor`: what is wrong with a port or in a capture, told from the bytes. Each cause has an exit code of its own.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value, json};

use super::ConfigFile;
use super::listen::{Findings, PORT, around, listen, preset_of, serial};
use crate::config::{Config, Meter, Source, SourceKind};
use crate::doctor::{Cause, mask};
use crate::exit::{Code, Failure};
use crate::hex;
use crate::intake::Intake;
use crate::observe::{self, Counters, Health, Observer, now};

#[derive(Debug, Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    config: ConfigFile,
    /// Which source of the configuration; can be left out when there is one.
    #[arg(long, value_name = "NAME", group = "patient")]
    source: Option<String>,
    /// A serial port instead.
    #[arg(long, value_name = "DEVICE", group = "patient")]
    device: Option<PathBuf>,
    /// A network dongle or ser2net instead.
    #[arg(long, value_name = "HOST:PORT", group = "patient")]
    tcp: Option<String>,
    /// A file of captured bytes, or of hex digits, instead; `-` for standard input.
    #[arg(long, value_name = "FILE", group = "patient")]
    capture: Option<PathBuf>,
    /// How the port is set: 115200 8N1, or 9600 7E1 for meters before 2014.
    #[arg(long, default_value = "dsmr-5", value_parser = ["dsmr-5", "dsmr-2"])]
    preset: String,
    /// A file with the encryption key, where no configuration names it.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// `standard` or `none`, where no configuration says it.
    #[arg(long, default_value = "standard", value_parser = ["standard", "none"])]
    authentication_key: String,
    /// How long to listen at most.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// As JSON, for scripts.
    #[arg(long)]
    json: bool,
    /// Keep the bytes that were heard in this file.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Without what names the meter: to send it to somebody.
    #[arg(long, requires = "save")]
    mask: bool,
}

impl Doctor {
    pub(super) fn run(self) -> Result<(), Failure> {
        let (config, name) = self.patient()?;
        let source = &config.source[&name];
        if source.kind == SourceKind::Mqtt {
            return Err(Failure::new(
                Code::Usage,
                format!("source {name} is a broker and no port; `smartyreader status` says what is wrong with it"),
            ));
        }
        if self.is_configured()
            && let Ok(health) = observe::ask(&observe::socket_path(&config.store.path))
        {
            return self.told_by_the_daemon(&config, &name, &health);
        }
        let observer = Observer::new();
        let mut intake = Intake::new(&config, &name, HashMap::new(), observer.clone());
        intake.look_at_all();
        let mut findings = match source.kind {
            SourceKind::File | SourceKind::Stdin => read(source, &mut intake)?,
            _ => {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                if !self.json {
                    eprintln!("Listening to {} for up to {} seconds …", source.target(), self.seconds);
                }
                runtime.block_on(listen(source, &mut intake, self.seconds, |_| false))
            }
        };
        if findings.causes.is_empty() && findings.good == 0 {
            findings.causes.push(Cause::Garbage { target: source.target(), text: false });
        }
        if let Some(file) = &self.save {
            self.save(file, &findings.bytes, &config, &name)?;
        }
        let causes: Vec<Value> = findings.causes.iter().map(told).collect();
        let how = match source.kind {
            SourceKind::File | SourceKind::Stdin => "a capture was looked at",
            _ => "the port was listened to",
        };
        self.tell(&source.target(), how, &causes, findings.good as u64, &observer.source_counters(&name))
    }

    /// Neither port nor file is named: it is one of the configuration's.
    fn is_configured(&self) -> bool {
        self.device.is_none() && self.tcp.is_none() && self.capture.is_none()
    }

    /// The configuration that is looked at, and the source in it.
    fn patient(&self) -> Result<(Config, String), Failure> {
        if self.is_configured() {
            let mut config = self.config.load()?;
            let names: Vec<&String> = config.source.keys().collect();
            let name = match (&self.source, &names[..]) {
                (Some(name), _) if config.source.contains_key(name) => name.clone(),
                (None, [only]) => (*only).clone(),
                _ => {
                    let names = names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
                    return Err(Failure::new(Code::Usage, format!("--source is one of: {names}")));
                }
            };
            // A key that is given is tried instead of the configured one.
            if self.key_file.is_some() {
                let meters: Vec<String> = config.meters_on(&name).map(|(meter, _)| meter.to_string()).collect();
                for meter in meters {
                    if let Some(meter) = config.meter.get_mut(&meter) {
                        meter.key_file.clone_from(&self.key_file);
                        (meter.key_env, meter.key_credential) = (None, None);
                    }
                }
            }
            return Ok((config, name));
        }
        let kind = match (&self.tcp, self.capture.as_deref()) {
            (Some(_), _) => SourceKind::Tcp,
            (_, Some(file)) if file == Path::new("-") => SourceKind::Stdin,
            _ => SourceKind::File,
        };
        let source = match &self.device {
            Some(device) => serial(device.clone(), &self.preset),
            None => Source {
                preset: preset_of(&self.preset),
                address: self.tcp.clone(),
                path: self.capture.clone(),
                ..Source::of_kind(kind)
            },
        };
        let meter = Meter {
            key_file: self.key_file.clone(),
            authentication_key: Some(self.authentication_key.clone()),
            ..Meter::default()
        };
        Ok((around(source, meter)?, PORT.into()))
    }

    /// The daemon has the port, and looks at it all the time.
    fn told_by_the_daemon(&self, config: &Config, name: &str, health: &Health) -> Result<(), Failure> {
        if self.save.is_some() {
            return Err(Failure::new(
                Code::Unavailable,
                "the daemon reads this source; stop it to save what the port sends",
            ));
        }
        let meters: Vec<String> = config.meters_on(name).map(|(meter, _)| format!("meter {meter}")).collect();
        let of_this = |subject: &String| *subject == format!("source {name}") || meters.contains(subject);
        let problems = health.problems.iter().filter(|problem| of_this(&problem.subject));
        let causes: Vec<Value> = problems
            .filter_map(|problem| {
                let exit = Code::of_cause(&problem.code)? as u8;
                let (code, sentence, advice) = (&problem.code, &problem.sentence, &problem.advice);
                Some(json!({ "code": code, "exit": exit, "sentence": sentence, "advice": advice, "figures": {} }))
            })
            .collect();
        let source = health.sources.iter().find(|source| source.name == name);
        let counters = source.map(|source| source.counters.clone()).unwrap_or_default();
        let good = counters.get("telegrams").copied().unwrap_or(0);
        let target = config.source[name].target();
        self.tell(
            &target,
            "the daemon reads it and was asked; `smartyreader status` says more",
            &causes,
            good,
            &counters,
        )
    }

    /// Keeps what was heard.
    fn save(&self, file: &Path, bytes: &[u8], config: &Config, name: &str) -> Result<(), Failure> {
        let mut bytes = bytes;
        let masked;
        if self.mask {
            let keys: Vec<_> = config
                .meters_on(name)
                .filter_map(|(_, meter)| meter.keys().ok()?)
                .map(|keys| (keys.encryption, keys.authentication))
                .collect();
            masked = mask(bytes, &keys);
            bytes = &masked.bytes;
            if masked.opened > 0 {
                eprintln!("{} sealed frames were opened and saved as masked plain telegrams.", masked.opened);
            }
            if masked.shut > 0 {
                eprintln!(
                    "{} sealed frames stay sealed; the serial number in their system title is masked, so that no key opens \
                     them any more. With the key they could be saved as masked plain telegrams.",
                    masked.shut
                );
            }
            if masked.unread > 0 {
                eprintln!(
                    "{} bytes are no text and were saved as they are: whoever finds out what garbled them can read what \
                     they say, identifiers too.",
                    masked.unread
                );
            }
        }
        // It says when somebody is at home.
        let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
        made.and_then(|mut file| file.write_all(bytes))
            .map_err(|error| Failure::new(Code::CannotCreate, format!("{} cannot be written: {error}", file.display())))
    }

    fn tell(&self, target: &str, how: &str, causes: &[Value], good: u64, counters: &Counters) -> Result<(), Failure> {
        if self.json {
            let report = json!({
                "target": target,
                "how": how,
                "healthy": causes.is_empty(),
                "good_telegrams": good,
                "causes": causes,
                "counters": counters,
            });
            println!("{}", serde_json::to_string_pretty(&report).map_err(std::io::Error::other)?);
        } else {
            println!("{target}: {how}; {good} good telegrams.");
            for cause in causes {
                let text = |name: &str| cause[name].as_str().unwrap_or_default();
                println!("\n[{}] {}\n  {}", text("code"), text("sentence"), text("advice"));
            }
            if causes.is_empty() {
                println!("Nothing is wrong with it.");
            }
        }
        let Some(first) = causes.first() else { return Ok(()) };
        let word = first["code"].as_str().unwrap_or_default();
        Err(Failure::new(Code::of_cause(word).unwrap_or(Code::Unavailable), format!("the cause is {word}, see above")))
    }
}

/// A cause as JSON.
fn told(cause: &Cause) -> Value {
    let figures: Map<String, Value> = cause.figures();
    json!({
        "code": cause.code(),
        "exit": cause.exit() as u8,
        "sentence": cause.sentence(),
        "advice": cause.advice(),
        "figures": figures,
    })
}

/// Reads a capture to its end.
fn read(source: &Source, intake: &mut Intake) -> Result<Findings, Failure> {
    let mut bytes = Vec::new();
    let read = match &source.path {
        Some(path) if source.kind == SourceKind::File => std::fs::read(path).map(|read| bytes = read),
        _ => std::io::stdin().read_to_end(&mut bytes).map(drop),
    };
    read.map_err(|error| Failure::new(Code::NoInput, format!("{} cannot be read: {error}", source.target())))?;
    if bytes.is_empty() {
        return Err(Failure::new(Code::Data, format!("{} is empty", source.target())));
    }
    let bytes = hex::bytes(&bytes).unwrap_or(bytes);
    let (mut arrivals, mut good) = (Vec::new(), 0);
    for chunk in bytes.chunks(4096) {
        intake.feed(chunk, now(), &mut arrivals);
        good += arrivals.drain(..).count();
    }
    intake.silence(now(), &mut arrivals);
    intake.end();
    good += arrivals.len();
    Ok(Findings { causes: intake.causes(now()), bytes, good })
}
