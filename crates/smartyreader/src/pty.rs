//! Pty: a pseudo-terminal, for programs that read serial ports only.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::pty::OpenptFlags;
use rustix::termios::OptionalActions;

/// A pseudo-terminal.
pub(crate) struct Pty {
    /// Our end.
    pub(crate) controller: File,
    /// The other end, kept open so that the line stays up while nobody else has it open.
    pub(crate) user: File,
    /// Where others open it.
    pub(crate) path: PathBuf,
}

impl Pty {
    /// A new one, raw, so that nothing is changed on its way.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn open() -> io::Result<Self> {
        let controller = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        rustix::pty::grantpt(&controller)?;
        rustix::pty::unlockpt(&controller)?;
        let name = rustix::pty::ptsname(&controller, Vec::new())?;
        let path = PathBuf::from(name.to_string_lossy().into_owned());
        // A service would otherwise get it as its controlling terminal.
        let flags = OFlags::NOCTTY.bits().cast_signed();
        let user = File::options().read(true).write(true).custom_flags(flags).open(&path)?;
        let mut settings = rustix::termios::tcgetattr(&user)?;
        settings.make_raw();
        rustix::termios::tcsetattr(&user, OptionalActions::Now, &settings)?;
        Ok(Self { controller: File::from(controller), user, path })
    }

    /// Makes it reachable under a path of its own. An older link is replaced, anything else is not.
    ///
    /// # Errors
    /// What the system says; `AlreadyExists` where something else has that path.
    pub(crate) fn link(&self, link: &Path) -> io::Result<()> {
        if std::fs::symlink_metadata(link).is_ok_and(|there| !there.file_type().is_symlink()) {
            let why = "something that is no link is there already";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
        }
        // At no moment is there no link.
        let mut beside = link.as_os_str().to_owned();
        beside.push(".new");
        let _ = std::fs::remove_file(&beside);
        std::os::unix::fs::symlink(&self.path, &beside)?;
        std::fs::rename(&beside, link)
    }
}
