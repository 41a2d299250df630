//! A house for tests: real processes, a folder that goes away, the front door.

#![allow(clippy::unwrap_used, dead_code, unreachable_pub)] // Each test file uses its part.

pub mod board;
pub mod broker;
pub mod c3;
pub mod days;
pub mod house;
pub mod mail;
pub mod port;

use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

pub const KEY: &str = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";

/// A folder of its own, removed at the end.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!(
            "smartyreader-{name}-{}-{:?}",
            std::process::id(),
            thread::current().id()
        ));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.file(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn smartyreader() -> Command {
    Command::new(env!("CARGO_BIN_EXE_smartyreader"))
}

/// Runs a command to its end: exit code, standard output, standard error.
pub fn finish(command: &mut Command) -> (i32, String, String) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    (
        output.status.code().unwrap_or(-1),
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

/// A process that is killed when the test ends.
pub struct Process {
    pub child: Child,
    pub log: Arc<Mutex<String>>,
}

/// Reads what a process says into the log, as long as it says something. In lines: others write there, too, and nobody reads
/// half of one.
pub fn record(from: impl Read + Send + 'static, log: &Arc<Mutex<String>>) {
    let log = Arc::clone(log);
    thread::spawn(move || {
        let (mut from, mut line) = (BufReader::new(from), Vec::new());
        while let Ok(1..) = from.read_until(b'\n', &mut line) {
            log.lock().unwrap().push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
    });
}

impl Process {
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        record(child.stderr.take().unwrap(), &log);
        Self { child, log }
    }

    /// The first line of standard output.
    pub fn first_line(&mut self) -> String {
        let mut line = String::new();
        BufReader::new(self.child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        line.trim().to_string()
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM; how long it took to end.
    pub fn terminate(&mut self) -> Duration {
        let pid = rustix::process::Pid::from_child(&self.child);
        let begin = Instant::now();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap();
        begin.elapsed()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A Python with other people's programs in it; `None`, said loudly, where there is none. CI must have it.
pub fn python() -> Option<PathBuf> {
    let venv = std::env::var_os("PYTHON_VENV").map(PathBuf::from);
    let venv = venv.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/venv"));
    let python = venv.join("bin/python");
    if python.exists() {
        return Some(python);
    }
    assert!(std::env::var_os("CI").is_none(), "no {}: `scripts/need test` makes it", python.display());
    eprintln!("SKIPPED: no {}; `scripts/need test` makes it", python.display());
    None
}

/// A virtual meter on a TCP port: the process and its address.
pub fn meter(arguments: &[&str]) -> (Process, String) {
    let mut process = Process::start(smartyreader().args(["meter", "--to", "tcp://127.0.0.1:0"]).args(arguments));
    let address = process.first_line();
    (process, address)
}

/// A running daemon.
pub struct Daemon {
    pub process: Process,
    pub config: PathBuf,
    pub address: String,
}

/// A port for a server that is about to start. Below those that the system gives away, which others may get first; each test
/// program counts from elsewhere.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = std::process::id().wrapping_mul(97).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = 10_000 + (number % 20_000) as u16;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

impl Daemon {
    /// Starts with sources and meters as given; store and page are added.
    pub fn start(folder: &Folder, text: &str) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let text = format!("{text}\n[web]\nlisten = \"{address}\"\n");
        let text = if text.contains("[store]") { text } else { format!("{text}\n[store]\npath = \"test.db\"\n") };
        let config = folder.write("test.toml", &text);
        Self::start_with(config, address)
    }

    pub fn start_with(config: PathBuf, address: String) -> Self {
        let process = Process::start(smartyreader().args(["run", "--config"]).arg(&config));
        let daemon = Self { process, config, address };
        daemon.wait("the page answers", |daemon| daemon.try_get("/api/v1/health").is_some());
        daemon
    }

    pub fn try_get(&self, path: &str) -> Option<(u16, String)> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(20)))
            .build()
            .into();
        let mut response = agent.get(format!("http://{}{path}", self.address)).call().ok()?;
        let body = response.body_mut().read_to_string().ok()?;
        Some((response.status().as_u16(), body))
    }

    pub fn get(&self, path: &str) -> (u16, Value) {
        let (status, body) =
            self.try_get(path).unwrap_or_else(|| panic!("no answer to {path}: {}", self.process.log()));
        (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
    }

    pub fn json(&self, path: &str) -> Value {
        let (status, value) = self.get(path);
        assert_eq!(status, 200, "{path}: {value}");
        value
    }

    pub fn health(&self) -> Value {
        self.json("/api/v1/health")
    }

    pub fn problems(&self) -> Vec<String> {
        let health = self.health();
        health["problems"]
            .as_array()
            .unwrap()
            .iter()
            .map(|problem| problem["code"].as_str().unwrap().to_string())
            .collect()
    }

    /// Waits until something holds; the test fails with the log when it does not within two minutes: much for a quiet machine, not for one that builds meanwhile.
    pub fn wait(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let until = Instant::now() + Duration::from_mins(2);
        while !holds(self) {
            assert!(
                Instant::now() < until,
                "not reached: {what}\n{}\n{:?}",
                self.process.log(),
                self.try_get("/api/v1/health")
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until something is in the log, which comes a moment after the network knows it; answers the whole log.
    pub fn logs(&self, words: &str) -> String {
        self.wait(words, |daemon| daemon.process.log().contains(words));
        self.process.log()
    }

    pub fn status(&self) -> (i32, String, String) {
        finish(smartyreader().args(["status", "--config"]).arg(&self.config))
    }
}

/// The lines of `smartyreader export` of the meter `home`.
pub fn export(config: &Path, resolution: &str) -> Vec<Value> {
    let (code, out, err) = finish(
        smartyreader()
            .args(["export", "--meter", "home", "--format", "jsonl", "--resolution", resolution, "--config"])
            .arg(config),
    );
    assert_eq!(code, 0, "{err}");
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
