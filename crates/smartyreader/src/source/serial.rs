//! Serial: a port of this machine, mostly a USB cable.

use std::io;
use std::path::Path;

use serial2_tokio::{CharSize, FlowControl, Parity, SerialPort, Settings, StopBits};

use super::{Refusal, Stream};
use crate::config::{Format, Source};

pub(super) fn open(settings: &Source) -> Result<Stream, Refusal> {
    let device = settings.device.as_deref().unwrap_or(Path::new(""));
    let port = port(device, settings.effective_baud(), settings.effective_format());
    port.map(|port| Box::pin(port) as Stream).map_err(|error| Refusal { advice: advice(&error), error })
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

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => {
            "Is the cable plugged in? `smartyreader setup` lists the ports; names under /dev/serial/by-id stay the same."
        }
        io::ErrorKind::PermissionDenied => {
            "Add the user to the port's group: sudo usermod -aG dialout USER, then log in again."
        }
        io::ErrorKind::ResourceBusy => "Another program reads this port; stop it, or let it pass the telegrams on.",
        _ => "It is tried again all the time.",
    }
}
