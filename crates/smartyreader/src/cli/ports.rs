//! Ports: which serial ports there are, by the names that stay the same.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// Every port that could be a P1 cable, stable names first.
pub(super) fn list() -> Vec<PathBuf> {
    let mut ports: Vec<PathBuf> = Vec::new();
    let mut known: Vec<PathBuf> = Vec::new();
    let within = |folder| std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    // The package's udev rule tells two cables without a serial number apart; by-id does not.
    let ours = within("/dev").filter(|port| port.file_name().is_some_and(|name| name.as_bytes().starts_with(b"p1-")));
    let others = serial2_tokio::SerialPort::available_ports().unwrap_or_default();
    for port in ours.chain(within("/dev/serial/by-id")).chain(others) {
        let device = std::fs::canonicalize(&port).unwrap_or_else(|_| port.clone());
        if is_likely(&device) && !known.contains(&device) {
            known.push(device);
            ports.push(port);
        }
    }
    ports.sort();
    ports
}

/// Old PCs list dozens of `ttyS` ports that are not there.
fn is_likely(device: &Path) -> bool {
    let name = device.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    ["ttyUSB", "ttyACM", "ttyAMA", "serial"].iter().any(|prefix| name.starts_with(prefix))
}
