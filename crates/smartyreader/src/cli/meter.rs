//! `meter`: a virtual meter on a pseudo-terminal, a TCP port, a file or standard output.

use std::fs::File;
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use smarty_meter::{Chunk, Line, MbusDevice, MbusKind, MeterConfig, Profile, Scene, Script, VirtualMeter};

use crate::config::Meter as MeterSettings;
use crate::exit::{Code, Failure};
use crate::observe::now;
use crate::print::Output;
use crate::pty::Pty;

#[derive(Debug, Args)]
pub(super) struct Meter {
    /// Where to: `pty`, `tcp://ADDRESS:PORT` (listens there), `-`, or a file.
    #[arg(long, value_name = "WHERE", default_value = "pty")]
    to: String,
    /// Make the pseudo-terminal reachable under this path.
    #[arg(long, value_name = "PATH")]
    link: Option<PathBuf>,
    /// Which meter.
    #[arg(long, default_value = "luxembourg-solar")]
    profile: String,
    /// What hangs on the M-Bus, from channel 1 on: gas, water, warm-water, heat, cooling, electricity. Any number of times.
    #[arg(long, value_name = "KIND")]
    device: Vec<String>,
    /// A scene with trouble in it; `list` names them all.
    #[arg(long)]
    scene: Option<String>,
    /// Send the bytes of this capture instead, once.
    #[arg(long, value_name = "FILE", conflicts_with = "scene")]
    capture: Option<PathBuf>,
    /// Seal with the key in this file; without one the telegrams are plain.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// The household's seed: the same seed is the same household.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// The first telegram's time, UTC seconds; now where not given.
    #[arg(long, value_name = "SECONDS")]
    start: Option<i64>,
    /// The first frame counter.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    counter: u32,
    /// How many times faster than real.
    #[arg(long, value_name = "FACTOR", default_value_t = 1)]
    speed: u32,
    /// Seconds between telegrams, by the meter's clock.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    period: u32,
    /// Stop after so many telegrams.
    #[arg(long, value_name = "NUMBER")]
    count: Option<u64>,
    /// Seconds to wait before the first telegram, for whoever opens the other end.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    delay: u64,
    /// Write what each telegram truly says to this file, one JSON line each, before it is sent.
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
}

impl Meter {
    pub(super) fn run(self) -> Result<(), Failure> {
        if self.scene.as_deref() == Some("list") {
            for scene in Scene::all() {
                println!("{:<20}{}", scene.name(), scene.sentence());
            }
            return Ok(());
        }
        let mut wire = Wire::open(&self.to, self.link.as_deref())?;
        thread::sleep(Duration::from_secs(self.delay));
        if let Some(capture) = &self.capture {
            let bytes = std::fs::read(capture).map_err(|error| {
                Failure::new(Code::NoInput, format!("{} cannot be read: {error}", capture.display()))
            })?;
            wire.wait_for_a_reader();
            wire.send_at_line_speed(&bytes)?;
            return wire.linger();
        }
        let mut truth = match &self.truth {
            None => None,
            Some(path) => Some(File::options().create(true).append(true).open(path).map_err(|error| {
                Failure::new(Code::CannotCreate, format!("{} cannot be written: {error}", path.display()))
            })?),
        };
        let line = self.line()?;
        wire.wait_for_a_reader();
        let mut due = Instant::now();
        let mut last: Option<i64> = None;
        for chunk in line.take(self.count.map_or(usize::MAX, |count| count as usize)) {
            let between = last.map_or(0, |last| (chunk.at - last).max(0));
            last = Some(chunk.at);
            due += Duration::from_secs(between as u64) / self.speed.max(1);
            // Faster than the machine can go is as fast as it can.
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if let Some(file) = &mut truth {
                write_truth(file, &chunk)?;
            }
            if self.speed <= 1 {
                wire.send_at_line_speed(&chunk.bytes)?;
            } else {
                wire.send(&chunk.bytes)?;
            }
        }
        wire.linger()
    }

    fn line(&self) -> Result<Box<dyn Iterator<Item = Chunk>>, Failure> {
        let profile = Profile::find(&self.profile).ok_or_else(|| {
            let names: Vec<&str> = Profile::ALL.iter().map(|profile| profile.name()).collect();
            Failure::new(Code::Usage, format!("there is no profile {}; there are {}", self.profile, names.join(", ")))
        })?;
        let settings = MeterSettings { key_file: self.key_file.clone(), ..MeterSettings::default() };
        let key = settings.keys().map_err(|problem| Failure::new(Code::Config, problem.to_string()))?;
        if profile.has_gas() && !self.device.is_empty() {
            let sentence = format!("the profile {} has a gas meter of its own on the M-Bus", profile.name());
            return Err(Failure::new(Code::Usage, sentence));
        }
        let config = MeterConfig {
            mbus: self.devices()?,
            start_frame_counter: self.counter,
            seed: self.seed,
            key: key.map(|key| *key.encryption.as_bytes()),
            start: self.start.unwrap_or_else(now),
            period_s: self.period,
            ..MeterConfig::new(profile)
        };
        let Some(scene) = &self.scene else {
            return Ok(Box::new(Line::new(VirtualMeter::new(config), Script::default())));
        };
        let scene = Scene::find(scene).ok_or_else(|| {
            Failure::new(Code::Usage, format!("there is no scene {scene}; `--scene list` names them"))
        })?;
        Ok(Box::new(scene.line(config)))
    }
}

impl Meter {
    /// What hangs on the M-Bus.
    fn devices(&self) -> Result<[Option<MbusDevice>; 4], Failure> {
        let usage = |sentence: String| Failure::new(Code::Usage, sentence);
        if self.device.len() > 4 {
            return Err(usage("an M-Bus has four channels".into()));
        }
        let mut devices = [const { None }; 4];
        for (place, name) in self.device.iter().enumerate() {
            let kind = MbusKind::find(name).ok_or_else(|| {
                let names: Vec<&str> = MbusKind::ALL.iter().map(|kind| kind.name()).collect();
                usage(format!("there is no device {name}; there are {}", names.join(", ")))
            })?;
            let identifier = format!("DEV{}{:08}", place + 1, self.seed % 100_000_000);
            let valve = (kind == MbusKind::Gas).then_some(1);
            devices[place] = Some(MbusDevice { register: 1_234_567, valve, ..MbusDevice::new(kind, &identifier) });
        }
        Ok(devices)
    }
}

/// What a right reader must find: nothing where the telegram was spoilt.
fn write_truth(file: &mut File, chunk: &Chunk) -> io::Result<()> {
    let Some(telegram) = &chunk.truth else { return Ok(()) };
    let registers = &telegram.values.registers;
    let line = serde_json::json!({
        "time": telegram.time(),
        "frame_counter": telegram.frame_counter,
        "energy_import_wh": registers.energy_import_wh,
        "energy_export_wh": registers.energy_export_wh,
        "power_import_w": telegram.values.power_import_w,
        "power_export_w": telegram.values.power_export_w,
    });
    file.write_all(format!("{line}\n").as_bytes())
}

enum Wire {
    Pty(Pty),
    Tcp(Arc<Clients>),
    File(Box<dyn Write>),
}

#[derive(Default)]
struct Clients {
    connected: Mutex<Vec<TcpStream>>,
    came: Condvar,
}

/// 115200 8N1: eleven and a half bytes a millisecond.
const BYTES_A_MILLISECOND: f64 = 11.52;

impl Wire {
    fn open(to: &str, link: Option<&std::path::Path>) -> Result<Self, Failure> {
        if to == "pty" {
            return Self::pty(link);
        }
        if to == "-" {
            return Ok(Self::File(Box::new(Output)));
        }
        if let Some(address) = to.strip_prefix("tcp://") {
            return Self::tcp(address);
        }
        let file = File::create(to)
            .map_err(|error| Failure::new(Code::CannotCreate, format!("{to} cannot be written: {error}")))?;
        Ok(Self::File(Box::new(io::BufWriter::new(file))))
    }

    fn pty(link: Option<&std::path::Path>) -> Result<Self, Failure> {
        let pty = Pty::open()?;
        let shown = match link {
            None => &pty.path,
            Some(link) => {
                pty.link(link).map_err(|error| {
                    Failure::new(Code::CannotCreate, format!("the link {} cannot be made: {error}", link.display()))
                })?;
                link
            }
        };
        println!("{}", shown.display());
        Ok(Self::Pty(pty))
    }

    fn tcp(address: &str) -> Result<Self, Failure> {
        let listener = TcpListener::bind(address)
            .map_err(|error| Failure::new(Code::Unavailable, format!("cannot listen on {address}: {error}")))?;
        println!("{}", listener.local_addr()?);
        let clients = Arc::new(Clients::default());
        let accepting = Arc::clone(&clients);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let _ = client.set_nodelay(true);
                let _ = client.set_write_timeout(Some(Duration::from_secs(5)));
                accepting.connected.lock().unwrap_or_else(PoisonError::into_inner).push(client);
                accepting.came.notify_all();
            }
        });
        Ok(Self::Tcp(clients))
    }

    /// Over TCP the first telegram waits for the first reader; after that they go on like a meter's.
    fn wait_for_a_reader(&self) {
        if let Self::Tcp(clients) = self {
            let connected = clients.connected.lock().unwrap_or_else(PoisonError::into_inner);
            drop(clients.came.wait_while(connected, |connected| connected.is_empty()));
        }
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Pty(pty) => pty.controller.write_all(bytes),
            Self::File(file) => file.write_all(bytes),
            Self::Tcp(clients) => {
                let mut connected = clients.connected.lock().unwrap_or_else(PoisonError::into_inner);
                // Who went away is forgotten; the meter goes on.
                connected.retain_mut(|client| client.write_all(bytes).is_ok());
                Ok(())
            }
        }
    }

    fn send_at_line_speed(&mut self, bytes: &[u8]) -> io::Result<()> {
        if matches!(self, Self::File(_)) {
            return self.send(bytes);
        }
        for piece in bytes.chunks(64) {
            self.send(piece)?;
            thread::sleep(Duration::from_micros((piece.len() as f64 / BYTES_A_MILLISECOND * 1000.0) as u64));
        }
        Ok(())
    }

    /// A pseudo-terminal that is closed takes its unread bytes along.
    fn linger(mut self) -> Result<(), Failure> {
        if let Self::File(file) = &mut self {
            file.flush()?;
            return Ok(());
        }
        thread::sleep(Duration::from_secs(2));
        Ok(())
    }
}
