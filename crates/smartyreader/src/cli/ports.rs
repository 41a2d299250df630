//! Ports: which serial ports there are, by the names that stay the same.

use std::path::{Path, PathBuf};

/// Every port that could be a P1 cable, stable names first.
pub(super) fn list() -> Vec<PathBuf> {
    let mut ports: Vec<PathBuf> = Vec::new();
    let mut known: Vec<PathBuf> = Vec::new();
    let by_id = std::fs::read_dir("/dev/serial/by-id").into_iter().flatten().flatten().map(|entry| entry.path());
    let others = serial2_tokio::SerialPort::available_ports().unwrap_or_default();
    for port in by_id.chain(others) {
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
