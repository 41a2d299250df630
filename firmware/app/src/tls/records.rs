//! Records: the socket as the TLS layer sees it: two ends that go on side by side, and no record that it cannot bear.
//!
//! embedded-tls panics at a sealed record with nothing in it, and behind the handshake at messages of one that are not
//! sealed. Whoever is on the way can say the latter, and the first before he is asked for his certificate.

use core::cell::{Cell, RefCell};

use embedded_io_async::{Error as _, ErrorKind, ErrorType, Read, Write};

/// The kind of a sealed record, RFC 8446 section 5.2.
const SEALED: u8 = 23;
/// Bytes of the seal.
const SEAL: u16 = 16;

/// See the module. Only one reads and only one writes at a time.
pub(crate) struct Records<R, W> {
    reading: RefCell<Reading<R>>,
    writing: RefCell<W>,
    established: Cell<bool>,
}

/// Where in a record the reader is.
struct Reading<R> {
    reader: R,
    /// Kind, version and length.
    header: [u8; 5],
    known: usize,
    /// Bytes that are left of the record whose header is known.
    left: u16,
}

impl<R: Read, W: Write> Records<R, W> {
    pub(crate) const fn new(reader: R, writer: W) -> Self {
        let reading = Reading { reader, header: [0; 5], known: 0, left: 0 };
        Self { reading: RefCell::new(reading), writing: RefCell::new(writer), established: Cell::new(false) }
    }

    /// The handshake is over: from here on everything is sealed.
    pub(crate) fn established(&self) {
        self.established.set(true);
    }
}

impl<R: Read, W: Write> ErrorType for &Records<R, W> {
    type Error = ErrorKind;
}

#[allow(clippy::await_holding_refcell_ref)] // Nobody else reads.
impl<R: Read, W: Write> Read for &Records<R, W> {
    async fn read(&mut self, bytes: &mut [u8]) -> Result<usize, ErrorKind> {
        let Reading { reader, header, known, left } = &mut *self.reading.borrow_mut();
        if *left > 0 {
            let longest = bytes.len().min(usize::from(*left));
            let length = reader.read(&mut bytes[..longest]).await.map_err(|error| error.kind())?;
            // Not more than the longest, which is not more than what is left.
            *left -= length as u16;
            return Ok(length);
        }
        let longest = bytes.len().min(header.len() - *known);
        let length = reader.read(&mut bytes[..longest]).await.map_err(|error| error.kind())?;
        header[*known..*known + length].copy_from_slice(&bytes[..length]);
        *known += length;
        if *known == header.len() {
            let [kind, _, _, high, low] = *header;
            (*known, *left) = (0, u16::from_be_bytes([high, low]));
            let empty = kind == SEALED && *left <= SEAL;
            if empty || (self.established.get() && kind != SEALED) {
                return Err(ErrorKind::InvalidData);
            }
        }
        Ok(length)
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
