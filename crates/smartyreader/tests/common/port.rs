//! A serial port for tests: a pseudo-terminal under a name that stays, into which something is said again and again.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::pty::OpenptFlags;
use rustix::termios::OptionalActions;

/// An ultrasonic sensor on a port. Dropped, its cable is pulled.
pub struct Sonar {
    says: Arc<Mutex<Vec<u8>>>,
    gone: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Sonar {
    /// Plugs it in under this name; it says `R123` and the like fifty times a second.
    pub fn plug(link: &Path, cm: u16) -> Self {
        let mut controller =
            File::from(rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap());
        rustix::pty::grantpt(&controller).unwrap();
        rustix::pty::unlockpt(&controller).unwrap();
        let path = rustix::pty::ptsname(&controller, Vec::new()).unwrap().to_string_lossy().into_owned();
        let flags = (OFlags::NOCTTY | OFlags::CLOEXEC).bits().cast_signed();
        let user = File::options().read(true).write(true).custom_flags(flags).open(&path).unwrap();
        let mut settings = rustix::termios::tcgetattr(&user).unwrap();
        settings.make_raw();
        rustix::termios::tcsetattr(&user, OptionalActions::Now, &settings).unwrap();
        // What nobody reads does not wait.
        rustix::fs::fcntl_setfl(&controller, OFlags::NONBLOCK).unwrap();
        let _ = std::fs::remove_file(link);
        std::os::unix::fs::symlink(&path, link).unwrap();
        let (says, gone) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (words, end) = (Arc::clone(&says), Arc::clone(&gone));
        let thread = thread::spawn(move || {
            // The other end stays open, so that the line is up while nobody reads.
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
