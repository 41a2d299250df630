//! Records: the socket as the TLS layer sees it, whose reader and writer go on side by side.

use core::cell::RefCell;

use embedded_io_async::{Error as _, ErrorKind, ErrorType, Read, Write};

/// See the module. Only one reads and only one writes at a time.
pub(crate) struct Records<R, W> {
    reading: RefCell<R>,
    writing: RefCell<W>,
}

impl<R: Read, W: Write> Records<R, W> {
    pub(crate) const fn new(reader: R, writer: W) -> Self {
        Self { reading: RefCell::new(reader), writing: RefCell::new(writer) }
    }
}

impl<R: Read, W: Write> ErrorType for &Records<R, W> {
    type Error = ErrorKind;
}

#[allow(clippy::await_holding_refcell_ref)] // Nobody else reads.
impl<R: Read, W: Write> Read for &Records<R, W> {
    async fn read(&mut self, bytes: &mut [u8]) -> Result<usize, ErrorKind> {
        self.reading.borrow_mut().read(bytes).await.map_err(|error| error.kind())
    }
}

#[allow(clippy::await_holding_refcell_ref)] // Nobody else writes.
impl<R: Read, W: Write> Write for &Records<R, W> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        self.writing.borrow_mut().write(bytes).await.map_err(|error| error.kind())
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        self.writing.borrow_mut().flush().await.map_err(|error| error.kind())
    }
}
