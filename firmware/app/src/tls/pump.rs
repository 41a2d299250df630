//! Pump: carries bytes between a session and its connection, whose own work is never broken off.
//!
//! The session stops reading and writing wherever it is when a telegram comes. embedded-tls cannot bear that: of a record
//! that is half read it forgets the beginning, and one that is half sent it takes for not sent. So the connection is worked
//! by [`Pump::work`] alone, which goes on beside the session, and the session has two pipes that lose nothing.

use core::cell::Cell;
use core::future::pending;

use embassy_futures::select::{Either, select};
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::pipe::Pipe;
use embassy_sync::signal::Signal;
use embedded_io_async::{ErrorType, Read, Write};
use embedded_tls::TlsError;

use super::Tls;

/// Bytes on their way to the session or from it. Records are as long as their buffers, whatever this is.
const PIECE: usize = 256;

/// See the module. `&Pump` is what the session reads and writes.
pub(crate) struct Pump {
    received: Pipe<NoopRawMutex, PIECE>,
    sent: Pipe<NoopRawMutex, PIECE>,
    /// Something was sent that did not go out.
    waiting: Cell<bool>,
    /// What was sent is to go out now, and it has.
    flush: Signal<NoopRawMutex, ()>,
    flushed: Signal<NoopRawMutex, ()>,
    /// Why the connection is over.
    end: Signal<NoopRawMutex, TlsError>,
}

impl Pump {
    pub(crate) const fn new() -> Self {
        Self {
            received: Pipe::new(),
            sent: Pipe::new(),
            waiting: Cell::new(false),
            flush: Signal::new(),
            flushed: Signal::new(),
            end: Signal::new(),
        }
    }

    /// Works the connection, for as long as the session wants; the session hears of its end.
    pub(crate) async fn work<S: Read + Write + Clone>(&self, connection: &mut Tls<'_, S>) -> ! {
        let (mut reader, mut writer) = connection.split();
        let receiving = async {
            loop {
                match reader.read_buffered().await {
                    Ok(mut bytes) => self.received.write_all(bytes.pop_all()).await,
                    Err(error) => break error,
                }
            }
        };
        let sending = async {
            let mut piece = [0; PIECE];
            loop {
                // What was sent before the flush comes first.
                let result = match select(self.sent.read(&mut piece), self.flush.wait()).await {
                    Either::First(length) => writer.write_all(&piece[..length]).await,
                    Either::Second(()) => writer.flush().await.map(|()| {
                        self.waiting.set(!self.sent.is_empty());
                        self.flushed.signal(());
                    }),
                };
                if let Err(error) = result {
                    break error;
                }
            }
        };
        let (Either::First(error) | Either::Second(error)) = select(receiving, sending).await;
        self.end.signal(error);
        pending().await
    }

    /// What this comes to, unless the connection is over.
    async fn unless_over<T>(&self, work: impl Future<Output = T>) -> Result<T, TlsError> {
        match select(work, self.end.wait()).await {
            Either::First(result) => Ok(result),
            Either::Second(error) => {
                // For who asks again.
                self.end.signal(error);
                Err(error)
            }
        }
    }
}

impl ErrorType for &Pump {
    type Error = TlsError;
}

impl Read for &Pump {
    async fn read(&mut self, bytes: &mut [u8]) -> Result<usize, TlsError> {
        self.unless_over(self.received.read(bytes)).await
    }
}

impl Write for &Pump {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, TlsError> {
        self.waiting.set(true);
        self.unless_over(self.sent.write(bytes)).await
    }

    async fn flush(&mut self) -> Result<(), TlsError> {
        while self.waiting.get() {
            self.flush.signal(());
            self.unless_over(self.flushed.wait()).await?;
        }
        Ok(())
    }
}
