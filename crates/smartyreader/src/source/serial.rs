//! Serial: a port of this machine, mostly a USB cable.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use serial2_tokio::{CharSize, FlowControl, Parity, SerialPort, Settings, StopBits};
use tokio::io::{AsyncRead, ReadBuf};

use super::Stream;
use crate::config::{Format, Source};
use crate::doctor::Cause;
use crate::doctor::port::why_not;

pub(super) fn open(settings: &Source) -> Result<Stream, Cause> {
    let device = settings.device.as_deref().unwrap_or(Path::new(""));
    let (baud, format) = (settings.effective_baud(), settings.effective_format());
    let refused = |error: io::Error| why_not(device, &error);
    match port(device, baud, format) {
        Ok(port) => Ok(Box::pin(port)),
        // Some adapters know eight bits only. Seven bits and parity are eight bits too: the parity is cut off here.
        Err(error) if format == Format::SevenEven && error.kind() == io::ErrorKind::Other => {
            let port = port(device, baud, Format::EightNone).map_err(refused)?;
            Ok(Box::pin(SevenBits(port)))
        }
        Err(error) => Err(refused(error)),
    }
}

/// A port whose eighth bit is parity.
struct SevenBits(SerialPort);

impl AsyncRead for SevenBits {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.0).poll_read(context, buffer))?;
        buffer.filled_mut()[before..].iter_mut().for_each(|byte| *byte &= 0x7F);
        Poll::Ready(Ok(()))
    }
}

/// Opens a port raw, without flow control.
///
/// # Errors
/// What the system says.
pub fn port(device: &Path, baud: u32, format: Format) -> io::Result<SerialPort> {
    SerialPort::open(device, |mut line: Settings| {
        line.set_raw();
        line.set_baud_rate(baud)?;
        let (size, parity) = match format {
            Format::EightNone => (CharSize::Bits8, Parity::None),
            Format::SevenEven => (CharSize::Bits7, Parity::Even),
        };
        line.set_char_size(size);
        line.set_parity(parity);
        line.set_stop_bits(StopBits::One);
        line.set_flow_control(FlowControl::None);
        Ok(line)
    })
}
