//! The ESP32-C3 board in the emulator: the flash image that a real one gets, a meter's line, and a network on which this machine
//! is 10.0.2.2. QEMU is only the router there.

use std::fs::File;
use std::io::Write as _;
use std::net::UdpSocket;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use smarty_meter::{MeterConfig, Profile, VirtualMeter};

use super::broker::Broker;
use super::{Folder, KEY, finish, free_port, record};

/// Half a minute before Monday noon.
const START: i64 = 1_795_431_570;

pub fn meter(period_s: u32) -> VirtualMeter {
    VirtualMeter::new(MeterConfig {
        key: Some([0x5A; 16]),
        start: START,
        period_s,
        ..MeterConfig::new(Profile::LuxembourgSolar)
    })
}

/// One chip at a time, whichever test program it is in: it has to keep up with its own clock, and a machine may have two
/// cores. It ends with what is answered.
pub fn turn() -> File {
    let turn = File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join("c3.turn")).unwrap();
    turn.lock().unwrap();
    turn
}

/// What every board here is told, and more.
fn settings(broker: &Broker, more: &[&str]) -> Vec<String> {
    let mut lines = vec![
        format!("meter-key={KEY}"),
        "broker=10.0.2.2".into(),
        format!("broker-port={}", broker.port),
        "time-server=".into(),
    ];
    lines.extend(more.iter().map(ToString::to_string));
    lines
}

pub fn board(folder: &Folder, broker: &Broker, more: &[&str]) -> Option<C3> {
    let lines = settings(broker, more);
    C3::new(folder, &lines.iter().map(String::as_str).collect::<Vec<_>>())
}

/// What is needed: image, image for an update (the same as version 9.0.0), emulator, what puts settings into an image, what signs one.
pub struct Tools {
    pub factory: PathBuf,
    pub update: PathBuf,
    emulator: PathBuf,
    put_settings: PathBuf,
    pub sign: PathBuf,
}

/// All of it; `None`, said loudly, where something is missing. `FIRMWARE_REQUIRED` makes that a failure.
pub fn tools() -> Option<Tools> {
    let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/firmware");
    let at = |variable: &str, name: &str| std::env::var_os(variable).map_or(made.join(name), PathBuf::from);
    let tools = Tools {
        factory: at("SMARTY_BOARD_C3", "board-c3-factory.bin"),
        update: at("SMARTY_BOARD_C3_UPDATE", "board-c3-next.bin"),
        emulator: at("SMARTY_EMULATOR", "emulator"),
        put_settings: at("SMARTY_PUT_SETTINGS", "put-settings"),
        sign: at("SMARTY_SIGN_FIRMWARE", "sign-firmware"),
    };
    let files = [&tools.factory, &tools.update, &tools.emulator, &tools.put_settings, &tools.sign];
    let qemu = Command::new("qemu-system-riscv32").arg("--version").stdout(Stdio::null()).status();
    let missing = if let Some(file) = files.into_iter().find(|file| !file.exists()) {
        format!("no {}: `scripts/firmware c3 next tools emulator` makes it", file.display())
    } else if !qemu.is_ok_and(|status| status.success()) {
        "no qemu-system-riscv32: `scripts/need firmware` installs it".into()
    } else {
        return Some(tools);
    };
    assert!(std::env::var_os("FIRMWARE_REQUIRED").is_none(), "{missing}");
    eprintln!("SKIPPED: {missing}");
    None
}

/// A board.
pub struct C3 {
    pub tools: Tools,
    folder: PathBuf,
    /// More of the emulator's arguments.
    pub more: Vec<String>,
    /// Where the board's port 80 is on this machine.
    pub page: u16,
    network: Child,
    /// The emulator's and the router's side of the cable.
    cable: (u16, u16),
    running: Option<(Child, UnixStream)>,
    log: Arc<Mutex<String>>,
}

fn free_udp_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl C3 {
    /// A board that is flashed and has these settings, `name=value`; not switched on yet.
    pub fn new(folder: &Folder, settings: &[&str]) -> Option<Self> {
        let tools = tools()?;
        let (page, cable) = (free_port(), (free_udp_port(), free_udp_port()));
        let router = format!(
            "-M none -display none -monitor none -serial none -netdev user,id=u,hostfwd=tcp:127.0.0.1:{page}-:80 \
             -netdev dgram,id=d,local.type=inet,local.host=127.0.0.1,local.port={},\
             remote.type=inet,remote.host=127.0.0.1,remote.port={} \
             -netdev hubport,id=h0,hubid=0,netdev=u -netdev hubport,id=h1,hubid=0,netdev=d",
            cable.1, cable.0
        );
        let mut command = Command::new("qemu-system-riscv32");
        command.args(router.split_whitespace());
        let network = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let folder = folder.path().to_path_buf();
        let board = Self { tools, folder, more: Vec::new(), page, network, cable, running: None, log: Arc::default() };
        std::fs::copy(&board.tools.factory, board.flash()).unwrap();
        board.put(settings);
        Some(board)
    }

    /// The same, running.
    pub fn start(folder: &Folder, settings: &[&str]) -> Option<Self> {
        let mut board = Self::new(folder, settings)?;
        board.go();
        Some(board)
    }

    pub fn flash(&self) -> PathBuf {
        self.folder.join("c3.flash")
    }

    /// Puts settings into the flash of a board that is off.
    pub fn put(&self, settings: &[&str]) {
        let (code, _, error) = finish(Command::new(&self.tools.put_settings).arg(self.flash()).args(settings));
        assert_eq!(code, 0, "{error}");
    }

    /// Power on.
    pub fn go(&mut self) {
        let socket = self.folder.join("c3.meter");
        let _ = std::fs::remove_file(&socket);
        let mut command = Command::new(&self.tools.emulator);
        command.arg(self.flash()).arg("--meter").arg(&socket);
        command.arg("--network").arg(format!("127.0.0.1:{},127.0.0.1:{}", self.cable.0, self.cable.1));
        command.args(&self.more);
        let mut emulator = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        record(emulator.stdout.take().unwrap(), &self.log);
        record(emulator.stderr.take().unwrap(), &self.log);
        let until = Instant::now() + Duration::from_secs(20);
        let line = loop {
            match UnixStream::connect(&socket) {
                Ok(line) => break line,
                Err(error) => assert!(Instant::now() < until, "the emulator does not start: {error}\n{}", self.log()),
            }
            thread::sleep(Duration::from_millis(10));
        };
        self.running = Some((emulator, line));
    }

    /// Power off, at once.
    pub fn kill(&mut self) {
        if let Some((mut emulator, _)) = self.running.take() {
            let _ = emulator.kill();
            let _ = emulator.wait();
        }
    }

    /// The meter sends this, at its own speed.
    pub fn hear(&mut self, bytes: &[u8]) {
        let (_, line) = self.running.as_mut().unwrap();
        if let Err(error) = line.write_all(bytes) {
            panic!("{error}: {}", self.log());
        }
    }

    /// Sends `body` to a path of the board's page; the status and what it answers.
    pub fn post(&self, path: &str, password: &str, body: &[u8]) -> Result<(u16, String), ureq::Error> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_mins(2)))
            .build()
            .into();
        let url = format!("http://127.0.0.1:{}{path}", self.page);
        let pass = openssl::base64::encode_block(format!("board:{password}").as_bytes());
        let mut answer = agent.post(url).header("Authorization", format!("Basic {pass}")).send(body)?;
        Ok((answer.status().as_u16(), answer.body_mut().read_to_string()?))
    }

    /// What board and emulator have said since the first start.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until they have said this so many times.
    pub fn wait(&self, what: &str, times: usize) {
        let until = Instant::now() + Duration::from_mins(2);
        while self.log().matches(what).count() < times {
            assert!(Instant::now() < until, "not said {times} times: {what}\n{}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for C3 {
    fn drop(&mut self) {
        self.kill();
        let _ = self.network.kill();
        let _ = self.network.wait();
        if thread::panicking() {
            eprintln!("{}", self.log());
        }
    }
}
