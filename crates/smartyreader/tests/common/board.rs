//! The firmware in QEMU's virtual machine: its UART is the meter's line, its network reaches this machine as 10.0.2.2, its
//! flash is a file.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use smarty_meter::{MbusDevice, MbusKind, MeterConfig, Profile, VirtualMeter};

use super::broker::{Broker, Heard, Listener};
use super::{Folder, KEY, record};

/// Where the test's machine is, for the board.
pub const HOST: &str = "10.0.2.2";

/// 128 sectors: settings, accounts and a journal of 38 days.
const FLASH: u64 = 512 * 1024;

/// The image; `None`, said loudly, where it or QEMU is missing. `FIRMWARE_REQUIRED` makes that a failure.
pub fn image() -> Option<PathBuf> {
    let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/firmware/board-virt");
    let image = std::env::var_os("SMARTY_BOARD_VIRT").map_or(made, PathBuf::from);
    let qemu = Command::new("qemu-system-riscv32").arg("--version").stdout(Stdio::null()).status();
    let missing = if !image.exists() {
        format!("no {}: `scripts/firmware virt` makes it", image.display())
    } else if !qemu.is_ok_and(|status| status.success()) {
        "no qemu-system-riscv32: `scripts/need firmware` installs it".into()
    } else {
        return Some(image);
    };
    assert!(std::env::var_os("FIRMWARE_REQUIRED").is_none(), "{missing}");
    eprintln!("SKIPPED: {missing}");
    None
}

/// Ten minutes before Monday noon.
pub const START: i64 = 1_795_431_000;

/// A meter of Luxembourg with the test's key, gas and water behind it, from this moment on.
pub fn meter(start: i64, period_s: u32) -> VirtualMeter {
    let gas = MbusDevice { valve: Some(1), register: 9_510_905, ..MbusDevice::new(MbusKind::Gas, "G0039001") };
    VirtualMeter::new(MeterConfig {
        key: Some([0x5A; 16]),
        start,
        period_s,
        mbus: [Some(gas), Some(MbusDevice::new(MbusKind::Water, "WATER-7")), None, None],
        ..MeterConfig::new(Profile::LuxembourgSolar)
    })
}

/// The board's settings for this broker.
pub fn settings(broker: &Broker, more: &str) -> String {
    format!("meter-key = {KEY}\nbroker = {HOST}\nbroker-port = {}\ntime-server =\n{more}", broker.port)
}

/// What was heard on one topic.
pub fn of<'h>(heard: &'h [Heard], topic: &str) -> Vec<&'h Heard> {
    heard.iter().filter(|heard| heard.topic == topic).collect()
}

/// Where entries are published.
pub const ENTRIES: [&str; 2] = ["smartyreader/home/quarter-hour", "smartyreader/home/gap"];

/// The quarter-hours, as they came.
pub fn quarters(listener: &Listener) -> Vec<String> {
    listener.on(ENTRIES[0]).iter().map(Heard::text).collect()
}

/// A board that runs.
pub struct Board {
    image: PathBuf,
    folder: PathBuf,
    name: String,
    /// More of QEMU's arguments.
    pub more: Vec<String>,
    /// UDP port of this machine that leads to the board's 5353, for questions about its name.
    pub names: Option<u16>,
    running: Option<Running>,
    console: Arc<Mutex<String>>,
}

struct Running {
    qemu: Child,
    line: UnixStream,
}

impl Board {
    /// A new board with these settings, lines `name = value`. `None`: it cannot be tried here.
    pub fn start(folder: &Folder, name: &str, settings: &str) -> Option<Self> {
        let mut board = Self::new(folder, name, settings)?;
        board.go();
        Some(board)
    }

    /// The same, not switched on yet.
    pub fn new(folder: &Folder, name: &str, settings: &str) -> Option<Self> {
        let image = image()?;
        let board = Self {
            image,
            folder: folder.path().to_path_buf(),
            name: name.into(),
            more: Vec::new(),
            names: None,
            running: None,
            console: Arc::default(),
        };
        std::fs::File::create(board.file("flash")).unwrap().set_len(FLASH).unwrap();
        board.give("settings", settings.as_bytes());
        Some(board)
    }

    fn file(&self, what: &str) -> PathBuf {
        self.folder.join(format!("{}.{what}", self.name))
    }

    /// Puts a file where the board finds it at its next start: `settings`, `certificate`, or `bench`, where telegrams are to be
    /// measured instead of published.
    pub fn give(&self, what: &str, bytes: &[u8]) {
        let mut file = (bytes.len() as u32).to_le_bytes().to_vec();
        file.extend(bytes);
        std::fs::write(self.file(what), file).unwrap();
    }

    /// Nothing is given any more: the board has to know.
    pub fn take_back(&self, what: &str) {
        let _ = std::fs::remove_file(self.file(what));
    }

    /// Power on.
    pub fn go(&mut self) {
        let socket = self.file("uart");
        let _ = std::fs::remove_file(&socket);
        let mut command = Command::new("qemu-system-riscv32");
        command.args("-M virt -m 16M -display none -bios none -monitor none -no-user-config".split(' '));
        command.arg("-kernel").arg(&self.image);
        command.arg("-serial").arg(format!("unix:{},server=on,wait=on", socket.display()));
        command.args(["-global", "virtio-mmio.force-legacy=false"]);
        let names = self.names.map_or_else(String::new, |port| format!(",hostfwd=udp:127.0.0.1:{port}-:5353"));
        command.arg("-netdev").arg(format!("user,id=n0{names}")).args(["-device", "virtio-net-device,netdev=n0"]);
        command.arg("-drive").arg(format!("if=none,id=d0,format=raw,file={}", self.file("flash").display()));
        command.args(["-device", "virtio-blk-device,drive=d0", "-device", "virtio-rng-device"]);
        for (what, place) in [("settings", "0x80e00000"), ("certificate", "0x80e10000"), ("bench", "0x80e20000")] {
            let file = self.file(what);
            if file.exists() {
                command.arg("-device").arg(format!("loader,addr={place},force-raw=on,file={}", file.display()));
            }
        }
        command.args(&self.more);
        let qemu = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let until = Instant::now() + Duration::from_secs(20);
        let line = loop {
            match UnixStream::connect(&socket) {
                Ok(line) => break line,
                Err(error) => assert!(Instant::now() < until, "QEMU does not start: {error}"),
            }
            thread::sleep(Duration::from_millis(10));
        };
        record(line.try_clone().unwrap(), &self.console);
        self.running = Some(Running { qemu, line });
    }

    /// Power off, at once.
    pub fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            let _ = running.qemu.kill();
            let _ = running.qemu.wait();
        }
    }

    /// The meter sends this. The machine takes it as fast as it can.
    pub fn hear(&mut self, bytes: &[u8]) {
        let running = self.running.as_mut().unwrap();
        if let Err(error) = running.line.write_all(bytes) {
            panic!("{error}: {}", self.log());
        }
    }

    /// Everything that it has logged since its first start.
    pub fn log(&self) -> String {
        self.console.lock().unwrap().clone()
    }

    /// Waits until it has logged this so many times.
    pub fn wait(&self, what: &str, times: usize) {
        let until = Instant::now() + Duration::from_mins(2);
        while self.log().matches(what).count() < times {
            assert!(Instant::now() < until, "not logged {times} times: {what}\n{}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// The last thing that it has logged that begins with this.
    pub fn last(&self, begin: &str) -> Option<String> {
        self.log().lines().rev().find_map(|line| Some(line.split_once(begin)?.1.trim().to_string()))
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            eprintln!("{}: {}", self.name, self.log());
        }
    }
}
