//! Archive: asks the store, away from the thread that reads the meters. One connection for all who ask.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use smarty_store::{Reader, StoreError};

/// A connection that only reads, opened at the first question.
#[derive(Clone)]
pub struct Archive(Arc<Shelf>);

struct Shelf {
    path: PathBuf,
    reader: Mutex<Option<Reader>>,
}

impl Archive {
    /// Of the store's file.
    pub fn new(path: PathBuf) -> Self {
        Self(Arc::new(Shelf { path, reader: Mutex::new(None) }))
    }

    /// Asks. `None`: the question could not be finished.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Option<Result<T, StoreError>> {
        let shelf = Arc::clone(&self.0);
        let answer = tokio::task::spawn_blocking(move || {
            let mut reader = shelf.reader.lock().unwrap_or_else(PoisonError::into_inner);
            if reader.is_none() {
                *reader = Some(Reader::open(&shelf.path)?);
            }
            // Opened just now where it was not.
            reader.as_ref().map_or(Err(StoreError::Busy), question)
        });
        answer.await.ok()
    }
}
