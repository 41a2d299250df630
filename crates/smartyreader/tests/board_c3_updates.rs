//! Updates of the ESP32-C3's own flash image, in the emulator: by the page, by a notice with an address, in chunks over a
//! real broker; good ones, bad ones, and the power that fails.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use common::broker::{Broker, Security};
use common::c3::{C3, board, meter, tools, turn};
use common::{Folder, finish};
use smarty_meter::{MeterConfig, Profile, VirtualMeter};

/// The version that the image for updates says it is.
const NEW: &str = "9.0.0";

const PAGE_PASSWORD: &str = "open the page";

/// A board that takes updates, and an image that it takes.
struct Updated {
    board: C3,
    meter: VirtualMeter,
    broker: Broker,
    image: Vec<u8>,
    /// The same, as a file.
    signed: PathBuf,
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
        sign.arg("sign").arg(&key).args(["esp32c3-eth", NEW]).arg(&tools.update).arg(&signed);
        let (code, _, error) = finish(&mut sign);
        assert_eq!(code, 0, "{error}");
        let image = std::fs::read(&signed).unwrap();
        let broker = Broker::start(&folder, Security::Plain);
        let more = [format!("update-key={}", public.trim()), format!("page-password={PAGE_PASSWORD}")];
        let board = board(&folder, &broker, &["status-every=5", &more[0], &more[1]])?;
        Some(Self { board, meter: meter(10), broker, image, signed, _folder: folder })
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

    /// `sign-firmware publish`: the image in chunks at the broker, and the notice.
    fn publish(&self, what: &str) {
        let mut command = Command::new(&self.board.tools.sign);
        command.arg(what).arg(&self.signed).args(["smartyreader", "-h", "localhost", "-p"]);
        let (code, said, error) = finish(command.arg(self.broker.port.to_string()));
        assert_eq!(code, 0, "{said}{error}");
    }

    /// Waits until the board says this of itself.
    fn says(&self, member: &str, value: &str) {
        let heard = self.broker.listen("smartyreader/home/board");
        let is = |said: &serde_json::Value| said[member].as_str().is_some_and(|said| said.contains(value));
        heard.wait(value, |heard| heard.iter().any(|heard| is(&heard.json())));
    }

    /// Sends what nobody here can read, until it has started so often.
    fn reads_nothing_until(&mut self, starts: usize) {
        let config = MeterConfig { key: Some([7; 16]), ..MeterConfig::new(Profile::LuxembourgSolar) };
        let mut strange = VirtualMeter::new(config);
        while self.starts() < starts {
            self.board.hear(&strange.next_telegram().frame);
            thread::sleep(Duration::from_secs(2));
            assert!(!self.board.log().contains("it stays"), "{}", self.board.log());
        }
    }

    fn starts(&self) -> usize {
        self.board.log().matches("boots slot").count()
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
    assert_eq!(it.starts(), 1, "{}", it.board.log());

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
    it.reads_nothing_until(3);
    it.runs(3);
    it.reads();
    assert_eq!(it.slot(), Some('0'));
}

#[test]
fn an_image_is_signed_as_what_it_is_and_no_password_is_among_the_arguments() {
    let Some(tools) = tools() else { return };
    let folder = Folder::new("c3-sign");
    let (key, signed) = (folder.file("update.key"), folder.file("signed.bin"));
    assert_eq!(finish(Command::new(&tools.sign).arg("new-key").arg(&key)).0, 0);
    let mut sign = Command::new(&tools.sign);
    sign.arg("sign").arg(&key).args(["esp32c3-eth", "9.0.1"]).arg(&tools.update).arg(&signed);
    let (code, _, error) = finish(&mut sign);
    assert!(code != 0 && error.contains("it says of itself that it is version 9.0.0"), "{error}");
    // Built as something that is no version: a board with it would take no update again.
    let mut image = std::fs::read(&tools.update).unwrap();
    assert_eq!(&image[48..54], b"9.0.0\0");
    image[48..58].copy_from_slice(b"9.0.0-rc1\0");
    std::fs::write(folder.file("rc.bin"), &image).unwrap();
    let mut sign = Command::new(&tools.sign);
    sign.arg("sign").arg(&key).args(["esp32c3-eth", NEW]).arg(folder.file("rc.bin")).arg(&signed);
    let (code, _, error) = finish(&mut sign);
    assert!(code != 0 && error.contains("its own version cannot be read"), "{error}");
    assert!(!signed.exists());
    for secret in ["-Psecret", "--pw", "--psk"] {
        let publish = ["publish", "signed.bin", "smartyreader", "-h", "localhost", secret];
        let (code, _, error) = finish(Command::new(&tools.sign).args(publish));
        assert!(code != 0 && error.contains("seen by everybody"), "{error}");
    }
}

#[test]
fn a_notice_of_another_version_stays_when_one_is_taken_away() {
    let Some(tools) = tools() else { return };
    let folder = Folder::new("c3-clear");
    let (key, signed, short) = (folder.file("update.key"), folder.file("signed.bin"), folder.file("short.bin"));
    assert_eq!(finish(Command::new(&tools.sign).arg("new-key").arg(&key)).0, 0);
    // Three chunks are enough.
    std::fs::write(&short, &std::fs::read(&tools.update).unwrap()[..5000]).unwrap();
    let mut sign = Command::new(&tools.sign);
    sign.arg("sign").arg(&key).args(["esp32c3-eth", NEW]).arg(&short).arg(&signed);
    assert_eq!(finish(&mut sign).0, 0);
    let broker = Broker::start(&folder, Security::Plain);
    let sign = |what: &str, port: u16| {
        let mut command = Command::new(&tools.sign);
        command.arg(what).arg(&signed).args(["smartyreader", "-h", "localhost", "-p"]).arg(port.to_string());
        finish(&mut command)
    };
    let kept = || {
        broker.publish("end", b"1", true);
        let listener = broker.listen_with("smartyreader/update/#", &["-t", "end"]);
        listener.first("end");
        listener.topics()
    };
    let newer = r#"{"version":"9.1.0","chunks":3}"#;
    for (notice, said, left) in [
        (None, "version 9.0.0: the notice and the chunks are taken away", &["end"][..]),
        (Some(""), "there was no notice; the chunks are", &["end"]),
        (Some(newer), "the notice is not of this version and stays; the chunks are", &["end", "smartyreader/update"]),
    ] {
        let (code, _, error) = sign("publish", broker.port);
        assert_eq!(code, 0, "{error}");
        assert_eq!(kept().len(), 5);
        if let Some(notice) = notice {
            broker.publish("smartyreader/update", notice.as_bytes(), true);
        }
        let (code, output, error) = sign("clear", broker.port);
        assert!(code == 0 && output.contains(said), "{output}{error}");
        assert_eq!(kept(), left);
    }
    // Nobody there: nothing is taken away in silence.
    let (code, _, error) = sign("clear", common::free_port());
    assert!(code != 0 && error.contains("nothing was taken away"), "{error}");
}

#[test]
fn what_the_broker_refuses_to_show_is_said_and_everything_else_goes_on() {
    let _turn = turn();
    let Some(mut it) = Updated::new("c3-refused") else { return };
    it.broker.refuse("smartyreader/update");
    it.publish("publish");
    it.board.go();
    it.runs(1);
    it.board.wait("the broker does not let us read smartyreader/update;", 1);
    it.reads();
    thread::sleep(Duration::from_secs(5));
    it.reads();
    assert_eq!(it.board.log().matches(": connected").count(), 1, "{}", it.board.log());
    // The notice now, and a chunk not.
    it.broker.refuse("smartyreader/update/9.0.0/3");
    it.board.wait("is fetched from the broker", 1);
    it.says("update", "The broker does not let us read smartyreader/update/9.0.0/3; allow it there.");
    it.reads();
    thread::sleep(Duration::from_secs(5));
    it.reads();
    assert_eq!(it.board.log().matches(": connected").count(), 2, "{}", it.board.log());
    assert_eq!((it.starts(), it.slot()), (1, Some('0')));
}

/// A web server with one file; how often it was asked for it.
fn serve(file: Vec<u8>) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, asked) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&asked);
    // It ends with the test's process.
    thread::spawn(move || {
        for mut line in listener.incoming().map_while(Result::ok) {
            let mut request = [0; 512];
            let length = line.read(&mut request).unwrap_or(0);
            assert!(request[..length].starts_with(b"GET /new.img HTTP/1.0\r\nHost: 10.0.2.2\r\n"));
            count.fetch_add(1, Ordering::Relaxed);
            // Who leaves in the middle is not served further.
            let _ = line.write_all(b"HTTP/1.0 200 OK\r\n\r\n").and_then(|()| line.write_all(&file));
        }
    });
    (port, asked)
}

#[test]
fn an_image_comes_from_where_the_notice_says_and_once_taken_back_not_again() {
    let _turn = turn();
    let Some(mut it) = Updated::new("c3-notice") else { return };
    it.board.more = vec!["--speed".into(), "20".into()];
    let (port, asked) = serve(it.image.clone());
    let notice = format!(r#"{{"version":"{NEW}","url":"http://10.0.2.2:{port}/new.img"}}"#);
    it.broker.publish("smartyreader/update", notice.as_bytes(), true);
    it.board.go();
    it.runs(2);
    it.board.wait("is on trial", 1);
    it.says("firmware", NEW);
    it.reads_nothing_until(3);
    it.runs(3);
    it.reads();
    it.says("update", "Version 9.0.0 was tried here and taken back");
    // As often as it starts: the notice is still there.
    it.board.kill();
    it.board.go();
    it.runs(4);
    it.board.wait("Version 9.0.0 was tried here and taken back", 2);
    it.reads();
    assert_eq!((it.slot(), asked.load(Ordering::Relaxed)), (Some('0'), 1));
}

#[test]
fn an_image_comes_in_chunks_over_the_broker_when_none_is_missing() {
    let _turn = turn();
    let Some(mut it) = Updated::new("c3-chunks") else { return };
    it.board.more = vec!["--speed".into(), "20".into()];
    it.publish("publish");
    it.broker.publish("smartyreader/update/9.0.0/40", &[], true);
    it.board.go();
    it.runs(1);
    it.reads();
    it.says("update", "The broker has no chunk 40 of");
    it.reads();
    assert_eq!((it.starts(), it.slot()), (1, Some('0')));
    let said = it.broker.listen("smartyreader/home/board").first("smartyreader/home/board").json();
    let free = said["stack_free_b"].as_u64().unwrap();
    eprintln!("{free} bytes of the stack never used");
    assert!(free > 72_000);
    // Said again it is tried again; and the broker is away for a while in the middle of it.
    it.publish("publish");
    it.board.wait("is fetched from the broker", 2);
    thread::sleep(Duration::from_secs(1));
    it.broker.stop();
    it.broker.go();
    it.board.wait("boots slot", 2);
    it.board.wait("is on trial", 1);
    it.reads();
    it.board.wait("it stays", 1);
    it.says("firmware", NEW);
    assert_eq!(it.slot(), Some('1'));
    assert!(!it.board.log().contains("of the meter lost"), "{}", it.board.log());
    it.publish("clear");
    let left = it.broker.listen("smartyreader/update/#");
    it.reads();
    assert_eq!(left.topics(), Vec::<String>::new());
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
