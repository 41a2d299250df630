//! Lock: there is one writer for each file. What it knows in memory would be wrong beside a second one.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use crate::backup::folder_of;
use crate::error::StoreError;
use crate::owner;

/// Held as long as it lives; the system lets go of it even when the process is killed.
pub(crate) struct Lock {
    file: File,
}

impl Drop for Lock {
    /// A process that is just being started by this one has the file, too, until it runs: closing it here is not enough.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

impl Lock {
    /// Takes the lock of a store. It is a file beside it, which stays: `SQLite`'s own locks on the store itself
    /// would be lost by opening that a second time.
    pub(crate) fn take(store: &Path) -> Result<Self, StoreError> {
        let mut path = store.as_os_str().to_owned();
        path.push(".lock");
        let failed = || format!("could not lock {}", store.display());
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(StoreError::io(failed()))?;
        owner::like(path.as_ref(), if store.exists() { store } else { folder_of(store) });
        match file.try_lock() {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Busy),
            Err(TryLockError::Error(error)) => Err(StoreError::io(failed())(error)),
        }
    }
}
