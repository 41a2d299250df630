//! Console: the log, on the sending side of the one UART that there is. The meter is on its receiving side.

use core::fmt::{Arguments, Write};

use crate::clock;
use crate::meter::UART;
use crate::mmio::{r8, w8};

struct Port;

impl Write for Port {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        for byte in text.bytes() {
            while r8(UART + 5) & 0x20 == 0 {}
            w8(UART, byte);
        }
        Ok(())
    }
}

/// Writes at once, waiting for the port.
pub(crate) fn say(what: Arguments<'_>) {
    let _ = Port.write_fmt(what);
}

struct Log;

impl log::Log for Log {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &log::Record<'_>) {
        say(format_args!("[{:>9}] {} {}\n", clock::now_us() / 1000, record.level(), record.args()));
        smarty_app::udp_log::put(record);
    }
    fn flush(&self) {}
}

/// Sends the log here.
pub(crate) fn begin() {
    static LOG: Log = Log;
    // SAFETY: called once, before interrupts and tasks.
    unsafe {
        let _ = log::set_logger_racy(&LOG);
        log::set_max_level_racy(log::LevelFilter::Info);
    }
}
