//! A serial port for tests: a pseudo-terminal under a name that stays, whose cable can be pulled.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::pty::OpenptFlags;
use rustix::termios::OptionalActions;

/// Both ends of a new port under this name. The second keeps the line up while nobody reads.
fn open(link: &Path) -> (File, File) {
    let controller =
        File::from(rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap());
    rustix::pty::grantpt(&controller).unwrap();
    rustix::pty::unlockpt(&controller).unwrap();
    let path = rustix::pty::ptsname(&controller, Vec::new()).unwrap().to_string_lossy().into_owned();
    let flags = (OFlags::NOCTTY | OFlags::CLOEXEC).bits().cast_signed();
    let user = File::options().read(true).write(true).custom_flags(flags).open(&path).unwrap();
    let mut settings = rustix::termios::tcgetattr(&user).unwrap();
    settings.make_raw();
    rustix::termios::tcsetattr(&user, OptionalActions::Now, &settings).unwrap();
    // A cable that nobody reads must come out all the same.
    rustix::fs::fcntl_setfl(&controller, OFlags::NONBLOCK).unwrap();
    let _ = std::fs::remove_file(link);
    std::os::unix::fs::symlink(&path, link).unwrap();
    (controller, user)
}

/// A cable from a meter on TCP to a port. While it is pulled what the meter says is lost.
pub struct Cable {
    plugged: Arc<Mutex<Option<(File, File)>>>,
}

impl Cable {
    /// Leads from this address to the port of this name.
    pub fn plug(address: &str, link: &Path) -> Self {
        let mut meter = TcpStream::connect(address).unwrap();
        let plugged = Arc::new(Mutex::new(Some(open(link))));
        let end = Arc::clone(&plugged);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = meter.read(&mut buffer) {
                let mut rest = &buffer[..read];
                while !rest.is_empty() {
                    let Some((controller, _)) = &mut *end.lock().unwrap() else { break };
                    match controller.write(rest) {
                        Ok(written) => rest = &rest[written..],
                        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                        Err(_) => break,
                    }
                    if !rest.is_empty() {
                        thread::sleep(Duration::from_millis(1));
                    }
                }
            }
        });
        Self { plugged }
    }

    /// Pulls it.
    pub fn pull(&self) {
        *self.plugged.lock().unwrap() = None;
    }

    /// Puts it back.
    pub fn put_back(&self, link: &Path) {
        *self.plugged.lock().unwrap() = Some(open(link));
    }
}

/// An ultrasonic sensor on a port. Dropped, its cable is pulled.
pub struct Sonar {
    says: Arc<Mutex<Vec<u8>>>,
    gone: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Sonar {
    /// Plugs it in under this name; it says `R123` and the like fifty times a second.
    pub fn plug(link: &Path, cm: u16) -> Self {
        let (mut controller, user) = open(link);
        let (says, gone) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (words, end) = (Arc::clone(&says), Arc::clone(&gone));
        let thread = thread::spawn(move || {
            let _user = user;
            while !end.load(Ordering::Relaxed) {
                let _ = controller.write_all(&words.lock().unwrap());
                thread::sleep(Duration::from_millis(20));
            }
        });
        let sonar = Self { says, gone, thread: Some(thread) };
        sonar.set(cm);
        sonar
    }

    /// From now on it measures this.
    pub fn set(&self, cm: u16) {
        self.say(format!("R{cm:03}\r").as_bytes());
    }

    /// From now on it says this.
    pub fn say(&self, bytes: &[u8]) {
        *self.says.lock().unwrap() = bytes.to_vec();
    }
}

impl Drop for Sonar {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::Relaxed);
        let _ = self.thread.take().unwrap().join();
    }
}
