//! A real mail server on a free port, and what it was handed.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::{Folder, broker, free_port, python};

pub const USER: &str = "meter@example.org";
pub const PASSWORD: &str = "correct horse battery staple";

/// How the server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    StartTls,
    Tls,
    None,
}

impl Security {
    const fn name(self) -> &'static str {
        match self {
            Self::StartTls => "starttls",
            Self::Tls => "tls",
            Self::None => "none",
        }
    }
}

/// A server that can be stopped and started again on its port.
pub struct MailServer {
    child: Option<Child>,
    python: PathBuf,
    pub port: u16,
    pub security: Security,
    folder: PathBuf,
    lines: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    /// Reserves a port and makes certificates; does not start. `None`: there is no Python for it.
    pub fn prepare(folder: &Folder, security: Security) -> Option<Self> {
        let python = python()?;
        let probe = Command::new(&python).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status().unwrap();
        if !probe.success() {
            assert!(std::env::var_os("CI").is_none(), "no aiosmtpd: `scripts/need test` installs it");
            eprintln!("SKIPPED: no aiosmtpd in {}; `scripts/need test` installs it", python.display());
            return None;
        }
        broker::certificates(folder, false);
        folder.write("mail.password", &format!("{PASSWORD}\n"));
        std::fs::create_dir_all(folder.file("mails")).unwrap();
        let (folder, lines) = (folder.path().to_path_buf(), Arc::default());
        Some(Self { child: None, python, port: free_port(), security, folder, lines })
    }

    /// Starts one that asks for the login and takes everything.
    pub fn start(folder: &Folder, security: Security) -> Option<Self> {
        let mut server = Self::prepare(folder, security)?;
        server.go(&[]);
        Some(server)
    }

    /// Starts it where it was, with more arguments.
    pub fn go(&mut self, more: &[&str]) {
        self.stop();
        let file = |name: &str| self.folder.join(name);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/mail_server.py");
        let mut command = Command::new(&self.python);
        command.arg(script).args(["--port", &self.port.to_string(), "--security", self.security.name()]);
        command.arg("--folder").arg(file("mails"));
        command.arg("--certificate").arg(file("server.pem")).arg("--key").arg(file("server-key.pem"));
        if self.security != Security::None {
            command.args(["--user", USER, "--password", PASSWORD]);
        }
        let mut child = command.args(more).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let (stdout, sink) = (BufReader::new(child.stdout.take().unwrap()), Arc::clone(&self.lines));
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                sink.lock().unwrap().push(line);
            }
        });
        self.child = Some(child);
        self.wait("it is ready", |lines| lines.last().is_some_and(|line| line == "ready"));
    }

    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Everything that it has said.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// The addresses that have got a mail, in order.
    pub fn got(&self) -> Vec<String> {
        let of = |line: &String| line.strip_prefix("mail ").map(|rest| rest.split(' ').nth(1).unwrap().to_string());
        self.lines().iter().filter_map(of).collect()
    }

    /// The source of a mail, from 1 on.
    pub fn source(&self, number: usize) -> String {
        let bytes = std::fs::read(self.folder.join(format!("mails/{number:04}.eml"))).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// Waits until something holds of what it has said.
    pub fn wait(&self, what: &str, holds: impl Fn(&[String]) -> bool) {
        let until = Instant::now() + Duration::from_mins(2);
        while !holds(&self.lines.lock().unwrap()) {
            assert!(Instant::now() < until, "not reached: {what}: {:?}", self.lines());
            thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn wait_for_mails(&self, count: usize) {
        self.wait(&format!("{count} mails"), |lines| {
            lines.iter().filter(|line| line.starts_with("mail ")).count() >= count
        });
    }

    /// The settings with which it lets one in.
    pub fn settings(&self) -> String {
        let (security, port) = (self.security.name(), self.port);
        let login = match self.security {
            Security::None => "from = \"meter@example.org\"\n".to_string(),
            _ => format!("user = \"{USER}\"\npassword-file = \"mail.password\"\nca-file = \"ca.pem\"\n"),
        };
        format!("\n[mail]\nserver = \"localhost:{port}\"\nsecurity = \"{security}\"\ntimeout = \"5s\"\n{login}")
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.stop();
    }
}
