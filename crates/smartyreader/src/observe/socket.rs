//! Socket: the daemon's answer to `smartyreader status`. It only ever writes, whoever connects.

use std::io;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixListener;

use super::{Health, Observer};

/// The socket lies beside the database.
pub fn path(database: &Path) -> PathBuf {
    database.with_extension("sock")
}

/// Answers everybody who may open the socket: the owner and the group.
///
/// # Errors
/// When the socket cannot be made.
pub fn serve(observer: Observer, path: &Path) -> io::Result<impl Future<Output = ()> + use<>> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))?;
    Ok(async move {
        loop {
            let Ok((mut stream, _)) = listener.accept().await else {
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            };
            let text = serde_json::to_vec(&observer.health()).unwrap_or_default();
            // Who does not read within a second is not waited for.
            let _ = tokio::time::timeout(Duration::from_secs(1), stream.write_all(&text)).await;
        }
    })
}

/// Asks the running daemon.
///
/// # Errors
/// When there is none, or it does not answer.
pub fn ask(path: &Path) -> io::Result<Health> {
    let mut stream = std::os::unix::net::UnixStream::connect(path)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text)?;
    serde_json::from_slice(&text).map_err(io::Error::other)
}
