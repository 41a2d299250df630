//! Port: why a device cannot be had, asked of the system: is it there, who has it open, whose is it?

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::process::{getpid, getuid};

use super::Cause;
use crate::words;

/// Why a device could not be opened.
pub fn why_not(device: &Path, error: &io::Error) -> Cause {
    let target = device.display().to_string();
    match error.kind() {
        io::ErrorKind::NotFound => Cause::DeviceMissing { target },
        io::ErrorKind::PermissionDenied => {
            let group = fs::metadata(device).map(|device| device.gid()).unwrap_or_default();
            Cause::NoPermission {
                target,
                user: name("/etc/passwd", getuid().as_raw()),
                group: name("/etc/group", group),
            }
        }
        io::ErrorKind::ResourceBusy => who_has(device).unwrap_or_else(|| Cause::DeviceBusy {
            target,
            by: "which belongs to another user".into(),
            ours: false,
        }),
        _ => Cause::Unreachable { target, why: words::of_io(error), advice: "It is tried again all the time." },
    }
}

/// Whether another program has the device open, as far as this user may see. A terminal's own end does not count.
pub fn who_has(device: &Path) -> Option<Cause> {
    let node = fs::canonicalize(device).ok()?;
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let pid = pids.filter(|pid| *pid != getpid().as_raw_nonzero().get()).find(|pid| has_open(*pid, &node))?;
    let command = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let command = command.trim();
    Some(Cause::DeviceBusy {
        target: device.display().to_string(),
        by: format!("{command} (process {pid})"),
        ours: command == "smartyreader",
    })
}

fn has_open(pid: i32, node: &Path) -> bool {
    let Ok(open) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    let mut found = false;
    for file in open.flatten().filter_map(|entry| fs::read_link(entry.path()).ok()) {
        // Who makes a pseudo-terminal keeps its other end open and reads nothing there.
        if file.ends_with("ptmx") {
            return false;
        }
        found |= file == node;
    }
    found
}

/// The name behind a number in a file of `name:…:number:…` lines; the number where there is none.
fn name(file: &str, number: u32) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let found = text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(number)).then(|| name.to_string())
    });
    found.unwrap_or_else(|| number.to_string())
}
