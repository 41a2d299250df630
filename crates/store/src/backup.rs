//! Backup: the file copied while it is in use, and put back.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use crate::error::StoreError;
use crate::lock::Lock;
use crate::migrations::{self, APPLICATION_ID};
use crate::owner;
use crate::reader::open_read_only;

/// Copies the store at `from`, which may be in use, to the new file `to`, and checks the copy. It holds
/// everything that was acknowledged when it began.
///
/// # Errors
/// [`StoreError::Refused`] if `to` exists; [`StoreError::Full`]; [`StoreError::Corrupt`]. Nothing is left at `to` then.
pub fn back_up(from: &Path, to: &Path) -> Result<(), StoreError> {
    if to.exists() {
        return Err(StoreError::Refused(format!("{} exists already; a backup never overwrites", to.display())));
    }
    put(from, to)
}

/// Keeps the store `path` as an older version left it, beside it, for the way back from what comes next. What an upgrade before
/// left there is older and goes. `reserve` bytes of the disk stay free.
///
/// # Errors
/// [`StoreError::Full`] without room for it; nothing was written then.
pub(crate) fn keep(path: &Path, version: i64, reserve: u64) -> Result<(), StoreError> {
    let size = ["", "-wal"].iter().filter_map(|end| fs::metadata(format!("{}{end}", path.display())).ok());
    let needed = size.map(|file| file.len()).sum::<u64>().saturating_add(reserve);
    match room_beside(path) {
        Some(free) if free < needed => Err(StoreError::Full(format!(
            "before {} is brought up to date, a copy of it is kept: {} MB have to be free for that, and {} MB are. Nothing was changed",
            path.display(),
            (needed >> 20) + 1,
            free >> 20
        ))),
        _ => put(path, &beside(path, &format!("version-{version}"))),
    }
}

/// Bytes that are free on the disk of this file, for who is not root. `None`: the file system does not say it.
pub(crate) fn room_beside(path: &Path) -> Option<u64> {
    let system = rustix::fs::statvfs(folder_of(path)).ok()?;
    Some(system.f_bavail.saturating_mul(system.f_frsize))
}

pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A whole copy of `from` takes the place of `to`, or nothing happens.
fn put(from: &Path, to: &Path) -> Result<(), StoreError> {
    let partial = beside(to, "partial");
    let _ = fs::remove_file(&partial);
    let result = copy(from, &partial).and_then(|()| publish(&partial, to));
    if result.is_err() {
        let _ = fs::remove_file(&partial);
    }
    result
}

fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    let source = open_read_only(from)?;
    check_ours(&source, from)?;
    let mut target = Connection::open(to)?;
    {
        let backup = Backup::new(&source, &mut target)?;
        // All in one step: one consistent moment, and a writer, which goes on, cannot make it start again.
        while backup.step(-1)? != StepResult::Done {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }
    // One file, without a log beside it.
    target.pragma_update(None, "journal_mode", "DELETE")?;
    check_whole(&target)?;
    target.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// Puts the backup `from` in the place of the store `to`, which nobody may use meanwhile. Until the very last
/// step, which is atomic, the old store stays as it is.
///
/// # Errors
/// [`StoreError::NotOurs`], [`StoreError::Newer`] or [`StoreError::Corrupt`] for a file that is no good backup;
/// [`StoreError::Busy`] while the old store is in use.
pub fn restore(from: &Path, to: &Path) -> Result<(), StoreError> {
    if !from.is_file() {
        return Err(StoreError::Unknown(format!("backup {}", from.display())));
    }
    let partial = beside(to, "restoring");
    let _ = fs::remove_file(&partial);
    let result = copy(from, &partial).and_then(|()| {
        let _writer = Lock::take(to)?;
        drop(lock_out(to)?);
        owner::like(&partial, if to.exists() { to } else { folder_of(to) });
        publish(&partial, to)
    });
    if result.is_err() {
        let _ = fs::remove_file(&partial);
    }
    result
}

/// Takes the old store's log away, which would be applied to the new file. Fails while someone has it open.
fn lock_out(path: &Path) -> Result<Option<Connection>, StoreError> {
    if !path.exists() {
        return Ok(None);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    match check_ours(&connection, path) {
        Err(error @ StoreError::NotOurs(_)) => return Err(error),
        Err(StoreError::Busy) => return Err(StoreError::Busy),
        _ => {}
    }
    let rolled = connection.pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get::<_, String>(0));
    match rolled.map_err(StoreError::from) {
        Ok(mode) if mode == "delete" => Ok(Some(connection)),
        Ok(_) | Err(StoreError::Busy) => Err(StoreError::Busy),
        Err(_) => {
            // The old store is damaged, which may be why it is replaced: its log goes with it.
            drop(connection);
            for end in ["wal", "shm"] {
                let _ = fs::remove_file(PathBuf::from(format!("{}-{end}", path.display())));
            }
            Ok(None)
        }
    }
}

fn check_ours(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let id: Result<i64, StoreError> =
        connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(StoreError::from);
    match id {
        Ok(APPLICATION_ID) => {}
        Err(error @ (StoreError::Busy | StoreError::Full(_))) => return Err(error),
        _ => return Err(StoreError::NotOurs(path.to_owned())),
    }
    let found = migrations::version(connection)?;
    if found > migrations::CURRENT {
        return Err(StoreError::Newer { found, known: migrations::CURRENT });
    }
    Ok(())
}

fn check_whole(connection: &Connection) -> Result<(), StoreError> {
    let verdict: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" { Ok(()) } else { Err(StoreError::Corrupt(verdict)) }
}

/// The finished file gets its name, for certain.
fn publish(partial: &Path, to: &Path) -> Result<(), StoreError> {
    let failed = |what: &str| StoreError::io(format!("{what} {}", to.display()));
    fs::File::open(partial).and_then(|file| file.sync_all()).map_err(failed("could not finish"))?;
    fs::rename(partial, to).map_err(failed("could not write"))?;
    fs::File::open(folder_of(to)).and_then(|folder| folder.sync_all()).map_err(failed("could not finish"))
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(end);
    PathBuf::from(name)
}
