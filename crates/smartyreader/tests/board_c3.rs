//! The ESP32-C3's own flash image, with a W5500, in the emulator against a real broker.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::io::Write as _;
use std::net::TcpListener;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use common::broker::{Broker, Heard, PSK, PSK_IDENTITY, Security};
use common::c3::{C3, tools};
use common::{Daemon, Folder, KEY, finish};
use smarty_meter::{MeterConfig, Profile, VirtualMeter};

/// Half a minute before Monday noon.
const START: i64 = 1_795_431_570;

fn meter(period_s: u32) -> VirtualMeter {
    VirtualMeter::new(MeterConfig {
        key: Some([0x5A; 16]),
        start: START,
        period_s,
        ..MeterConfig::new(Profile::LuxembourgSolar)
    })
}

/// One chip at a time: it has to keep up with its own clock, and a machine may have two cores.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
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

fn board(folder: &Folder, broker: &Broker, more: &[&str]) -> Option<C3> {
    let lines = settings(broker, more);
    C3::new(folder, &lines.iter().map(String::as_str).collect::<Vec<_>>())
}

/// How many live messages have come.
fn live(heard: &[Heard]) -> usize {
    heard.iter().filter(|heard| heard.topic == "smartyreader/home/live").count()
}

#[test]
fn its_messages_are_the_daemons() {
    let _turn = turn();
    let folder = Folder::new("c3-same");
    let brokers = ["board", "daemon"].map(|name| {
        let own = Folder::new(&format!("c3-same-{name}"));
        (Broker::start(&own, Security::Plain), own)
    });
    let Some(mut board) = board(&folder, &brokers[0].0, &[]) else { return };
    let heard = brokers.each_ref().map(|(broker, _)| broker.listen("#"));
    let cable = TcpListener::bind("127.0.0.1:0").unwrap();
    let key = folder.write("meter.key", KEY);
    let text = format!(
        "[source.cable]\nkind = \"tcp\"\naddress = \"{}\"\n[meter.home]\nkey-file = \"{}\"\n[mqtt.house]\n{}",
        cable.local_addr().unwrap(),
        key.display(),
        brokers[1].0.settings()
    );
    let _daemon = Daemon::start(&folder, &text);
    let (mut line, _) = cable.accept().unwrap();
    board.go();
    board.wait("connected", 1);
    heard[1].first("smartyreader/availability");
    // A minute, with the border of a quarter-hour in it.
    let mut meter = meter(10);
    for count in 1..=6 {
        let telegram = meter.next_telegram();
        board.hear(&telegram.frame);
        line.write_all(&telegram.frame).unwrap();
        for listener in &heard {
            listener.wait("the live message", |heard| live(heard) == count);
        }
    }
    for topic in ["live", "registers", "gap"] {
        let topic = format!("smartyreader/home/{topic}");
        let [mine, theirs] = heard.each_ref().map(|listener| {
            listener.first(&topic);
            listener.on(&topic).iter().map(|heard| (heard.text(), heard.qos)).collect::<Vec<_>>()
        });
        assert_eq!(mine, theirs, "{topic}");
    }
    assert!(!board.log().contains("lost"), "{}", board.log());
}

/// What comes of four telegrams: live messages, and bytes that were nothing.
fn four_telegrams(name: &str, setting: &str, emulator: &[&str]) -> Option<(usize, u64)> {
    let folder = Folder::new(name);
    let broker = Broker::start(&folder, Security::Plain);
    let mut board = board(&folder, &broker, &[setting, "status-every=1"])?;
    board.more = emulator.iter().map(ToString::to_string).collect();
    let heard = broker.listen("#");
    board.go();
    board.wait("connected", 1);
    let mut meter = meter(10);
    for _ in 0..4 {
        board.hear(&meter.next_telegram().frame);
        thread::sleep(Duration::from_millis(300));
    }
    thread::sleep(Duration::from_secs(4));
    let status = heard.on("smartyreader/home/status").last().unwrap().json();
    Some((live(&heard.all()), status["counters"]["telegrams"].as_u64().unwrap()))
}

#[test]
fn an_inverted_line_is_read_with_the_inverter_and_only_then() {
    let _turn = turn();
    let Some(new_board) = four_telegrams("c3-inverted", "inverted=on", &[]) else { return };
    assert_eq!(new_board, (4, 4));
    // The same with the chip's inverter off: nothing can be read. This is what would happen if the setting did nothing.
    assert_eq!(four_telegrams("c3-mutant", "inverted=off", &[]).unwrap(), (0, 0));
    // Boards before 2.0 have a transistor on the way, and ask for data by a low level at D3; only the first is tried here,
    // because D3 is the chip select of the W5500.
    assert_eq!(four_telegrams("c3-upright", "inverted=off", &["--upright"]).unwrap(), (4, 4));
    assert_eq!(four_telegrams("c3-twice", "inverted=on", &["--upright"]).unwrap(), (0, 0));
}

#[test]
fn pin_and_speed_are_those_of_the_settings() {
    let _turn = turn();
    let wired = ["--meter-pin", "3", "--baud", "9600", "--request", "21=1"];
    let Some((_, telegrams)) = four_telegrams("c3-other", "request-pin=21", &wired[..0]) else { return };
    assert_eq!(telegrams, 4);
    let folder = Folder::new("c3-wired");
    let broker = Broker::start(&folder, Security::Plain);
    let more = ["meter-pin=3", "baud=9600", "request-pin=21"];
    let mut board = board(&folder, &broker, &more).unwrap();
    board.more = wired.iter().map(ToString::to_string).collect();
    let heard = broker.listen("#");
    board.go();
    board.wait("connected", 1);
    board.hear(&meter(10).next_telegram().frame);
    heard.first("smartyreader/home/live");
}

#[test]
fn no_byte_is_lost_while_it_shakes_hands() {
    let _turn = turn();
    let folder = Folder::new("c3-flood");
    let mut broker = Broker::start(&folder, Security::Psk);
    let psk = [format!("psk-identity={PSK_IDENTITY}"), format!("psk-key={PSK}")];
    let Some(mut board) = board(&folder, &broker, &["tls=psk", "status-every=1", &psk[0], &psk[1]]) else { return };
    board.go();
    board.wait("connected", 1);
    // A telegram a second, by a meter that never waits, for twenty of them; the broker goes and comes back meanwhile.
    let mut meter = meter(1);
    for second in 1..=20 {
        board.hear(&meter.next_telegram().frame);
        if second % 4 == 2 {
            broker.stop();
        }
        if second % 4 == 3 {
            broker.go();
        }
        thread::sleep(Duration::from_secs(1));
    }
    let handshakes = board.log().matches("connected").count();
    assert!(handshakes >= 4, "{handshakes} handshakes: {}", board.log());
    let heard = broker.listen("#");
    heard.wait("all telegrams in the status", |heard| {
        heard.iter().any(|heard| {
            heard.topic == "smartyreader/home/status" && heard.json()["counters"]["telegrams"].as_u64() == Some(20)
        })
    });
    assert!(!board.log().contains("of the meter lost"), "{}", board.log());
    eprintln!("20 telegrams of 20, {handshakes} handshakes");
}

const PAGE_PASSWORD: &str = "open the page";

/// A board that takes updates, and an image that it takes.
struct Updated {
    board: C3,
    meter: VirtualMeter,
    broker: Broker,
    image: Vec<u8>,
    _folder: Folder,
}

impl Updated {
    fn new(name: &str) -> Option<Self> {
        let tools = tools()?;
        let folder = Folder::new(name);
        let key = folder.file("update.key");
        let (code, public, error) = finish(Command::new(&tools.sign).arg("new-key").arg(&key));
        assert_eq!(code, 0, "{error}");
        let signed = folder.file("signed.bin");
        let mut sign = Command::new(&tools.sign);
        sign.arg("sign").arg(&key).args(["esp32c3-eth", "0.1.1"]).arg(&tools.update).arg(&signed);
        let (code, _, error) = finish(&mut sign);
        assert_eq!(code, 0, "{error}");
        let image = std::fs::read(signed).unwrap();
        let broker = Broker::start(&folder, Security::Plain);
        let more = [format!("update-key={}", public.trim()), format!("page-password={PAGE_PASSWORD}")];
        let board = board(&folder, &broker, &[&more[0], &more[1]])?;
        Some(Self { board, meter: meter(10), broker, image, _folder: folder })
    }

    fn upload(&self, image: &[u8]) -> Result<(u16, String), ureq::Error> {
        self.board.post("/api/v1/update", PAGE_PASSWORD, image)
    }

    /// The same until somebody answers: the board has two connections, and one that was just left is closed for some seconds.
    fn upload_patiently(&self, image: &[u8]) -> (u16, String) {
        for _ in 0..5 {
            match self.upload(image) {
                Ok(answer) => return answer,
                Err(error) => eprintln!("again: {error}"),
            }
            thread::sleep(Duration::from_secs(2));
        }
        panic!("the page does not answer");
    }

    /// Waits until it has started so often and is at its broker.
    fn runs(&self, starts: usize) {
        self.board.wait("boots slot", starts);
        self.board.wait("connected", starts);
    }

    /// Sends a telegram; it is published.
    fn reads(&mut self) {
        let heard = self.broker.listen("smartyreader/home/live");
        let telegram = self.meter.next_telegram();
        self.board.hear(&telegram.frame);
        let time = format!("\"time_unix\":{}", telegram.time().unwrap());
        heard.wait("the telegram", |heard| heard.iter().any(|heard| heard.text().contains(&time)));
    }

    /// Which slot was started the last time.
    fn slot(&self) -> Option<char> {
        self.board.log().rsplit_once("boots slot ")?.1.chars().next()
    }
}

#[test]
fn a_good_update_stays_and_a_bad_one_is_not_taken() {
    let _turn = turn();
    let Some(mut it) = Updated::new("c3-update") else { return };
    it.board.go();
    it.runs(1);
    it.reads();
    // A signature, and then a byte of the image, that are not as they were signed.
    for at in [100, 200_000] {
        let mut wrong = it.image.clone();
        wrong[at] ^= 1;
        let (status, answer) = it.upload_patiently(&wrong);
        assert!((400..500).contains(&status), "{status} {answer}");
    }
    thread::sleep(Duration::from_secs(2));
    let (status, _) = it.board.post("/api/v1/update", "guessed", &it.image[..100]).unwrap();
    assert_eq!(status, 401);
    it.reads();
    assert_eq!(it.board.log().matches("boots slot").count(), 1, "{}", it.board.log());

    let (status, answer) = it.upload_patiently(&it.image);
    assert_eq!(status, 200, "{answer}");
    it.runs(2);
    it.board.wait("is on trial", 1);
    it.reads();
    it.board.wait("it stays", 1);
    assert_eq!(it.slot(), Some('1'));
    it.board.kill();
    it.board.go();
    it.runs(3);
    it.reads();
    assert_eq!(it.slot(), Some('1'));
    assert!(!it.board.log().contains("of the meter lost"), "{}", it.board.log());
}

#[test]
fn an_update_that_reads_nothing_goes_back_by_itself() {
    let _turn = turn();
    let Some(mut it) = Updated::new("c3-back") else { return };
    // Five minutes of the board are fifteen seconds here.
    it.board.more = vec!["--speed".into(), "20".into()];
    it.board.go();
    it.runs(1);
    it.reads();
    assert_eq!(it.upload_patiently(&it.image).0, 200);
    it.board.wait("is on trial", 1);
    // What the new image gets it cannot read: another meter's telegrams.
    let mut strange =
        VirtualMeter::new(MeterConfig { key: Some([7; 16]), ..MeterConfig::new(Profile::LuxembourgSolar) });
    while it.board.log().matches("boots slot").count() < 3 {
        it.board.hear(&strange.next_telegram().frame);
        thread::sleep(Duration::from_secs(2));
        assert!(!it.board.log().contains("it stays"), "{}", it.board.log());
    }
    it.runs(3);
    it.reads();
    assert_eq!(it.slot(), Some('0'));
}

// In the slot, and in what names the slot.
#[test]
fn the_power_may_fail_in_the_middle_of_an_update() {
    let _turn = turn();
    power_fails(&["200@0x190000..0x310000", "2@0xd000..0xf000"]);
}

// And at the first step of each, and in what remembers the trial.
#[test]
#[ignore = "some minutes: `make soak`"]
fn the_power_may_fail_at_any_moment_of_an_update() {
    let _turn = turn();
    power_fails(&["2@0x190000..0x310000", "1@0xd000..0xf000", "1@0x310000..0x314000", "2@0x310000..0x314000"]);
}

fn power_fails(cuts: &[&str]) {
    for cut in cuts {
        let Some(mut it) = Updated::new("c3-cut") else { return };
        // The first start notes which slot runs; from the second on the operations are those of the update.
        it.board.go();
        it.runs(1);
        it.board.kill();
        it.board.more = vec!["--cut-power".into(), (*cut).into()];
        it.board.go();
        it.runs(2);
        it.reads();
        // The connection breaks off, or the last of it came before the power went.
        let _ = it.upload(&it.image);
        it.board.wait("PowerLost at", 1);
        it.runs(3);
        it.reads();
        // Whichever runs now reads, stays, and takes the update again.
        it.board.kill();
        it.board.more.clear();
        it.board.go();
        it.runs(4);
        it.reads();
        let before = it.slot();
        let (status, answer) = it.upload_patiently(&it.image);
        assert_eq!(status, 200, "{cut}: {answer}");
        it.runs(5);
        it.reads();
        it.board.wait("it stays", 1);
        assert_ne!(it.slot(), before, "{cut}");
        eprintln!("power cut {cut}: slot {before:?} ran on");
    }
}

#[test]
fn a_certificate_is_checked_and_the_stack_lasts() {
    let _turn = turn();
    let folder = Folder::new("c3-certificate");
    let broker = Broker::start(&folder, Security::Tls);
    let der = folder.file("ca.der");
    let mut openssl = Command::new("openssl");
    openssl.args(["x509", "-outform", "der", "-in"]).arg(folder.file("ca.pem")).arg("-out").arg(&der);
    assert_eq!(finish(&mut openssl).0, 0);
    let authority = format!("certificate-file={}", der.display());
    let more = ["tls=certificate", "tls-name=localhost", "status-every=1", &authority];
    let Some(mut board) = board(&folder, &broker, &more) else { return };
    let heard = broker.listen("#");
    board.go();
    board.wait("connected", 1);
    let mut meter = meter(10);
    for _ in 0..3 {
        board.hear(&meter.next_telegram().frame);
        thread::sleep(Duration::from_millis(1500));
    }
    heard.first("smartyreader/home/live");
    let free = heard.on("smartyreader/home/board").last().unwrap().json()["stack_free_b"].as_u64().unwrap();
    eprintln!("{free} bytes of the stack never used");
    assert!(free > 16_000);
}
