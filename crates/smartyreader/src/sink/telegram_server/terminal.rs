//! Terminal: the pseudo-terminal on which programs read telegrams that know serial ports only.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::termios::QueueSelector;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::pipe;
use tokio::sync::mpsc::Receiver;

use super::{Record, Text};
use crate::pty::Pty;

/// A pseudo-terminal and the link that leads to it.
pub(super) struct Terminal {
    to: pipe::Sender,
    from: pipe::Receiver,
    user: File,
    _link: Link,
}

/// Taken away when the terminal goes, if it still leads there.
struct Link {
    path: PathBuf,
    target: PathBuf,
}

impl Drop for Link {
    fn drop(&mut self) {
        if std::fs::read_link(&self.path).is_ok_and(|target| target == self.target) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Makes one.
///
/// # Errors
/// What the system says.
pub(super) fn open(link: &Path) -> io::Result<Terminal> {
    let pty = Pty::open()?;
    // This user and its group may read it; a group that cannot be set leaves it to this user.
    let group = rustix::fs::fchown(&pty.user, None, Some(rustix::process::getegid()));
    rustix::fs::fchmod(&pty.user, if group.is_ok() { Mode::from(0o660) } else { Mode::from(0o600) })?;
    pty.link(link)?;
    let link = Link { path: link.to_path_buf(), target: pty.path };
    let flags = rustix::fs::fcntl_getfl(&pty.controller)?;
    rustix::fs::fcntl_setfl(&pty.controller, flags | OFlags::NONBLOCK)?;
    // tokio has no type for terminals; its pipes read, write and wait like any file that does not block.
    let from = pipe::Receiver::from_file_unchecked(pty.controller.try_clone()?)?;
    let to = pipe::Sender::from_file_unchecked(pty.controller)?;
    Ok(Terminal { to, from, user: pty.user, _link: link })
}

impl Terminal {
    /// Writes each telegram, and reads what comes to forget it. What nobody has read when the next telegram comes is
    /// taken back: whoever opens the terminal later begins with a new one.
    pub(super) async fn serve(mut self, mut telegrams: Receiver<Text>, record: Record) {
        let (mut sending, mut sent): (Option<Text>, usize) = (None, 0);
        let mut buffer = [0; 512];
        loop {
            let rest = sending.as_ref().map_or(&[][..], |text| &text[sent..]);
            tokio::select! {
                next = telegrams.recv() => {
                    let Some(text) = next else { return };
                    if sending.is_some() || rustix::io::ioctl_fionread(&self.user).is_ok_and(|unread| unread > 0) {
                        let _ = rustix::termios::tcflush(&self.user, QueueSelector::IFlush);
                        record.count("pty_unread", 1);
                    }
                    (sending, sent) = (Some(text), 0);
                }
                written = self.to.write(rest), if sending.is_some() => {
                    let Ok(written) = written else { return };
                    sent += written;
                    if sending.as_ref().is_some_and(|text| text.len() == sent) {
                        sending = None;
                        record.count("pty_telegrams", 1);
                    }
                }
                read = self.from.read(&mut buffer) => {
                    let Ok(1..) = read else { return };
                }
            }
        }
    }
}
